// Salvage: copies what is readable of a damaged database file into a new database.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace llkv {

/// What was copied.
struct SalvageCounts {
  uint64_t num_tables = 0;
  uint64_t num_views = 0;
  uint64_t num_rows = 0;
  /// How often `on_loss` was called.
  uint64_t num_losses = 0;
};

/// Copies tables, with the rows of intact chunks and of the readable part of the log, and views from the database file
/// `path` into a new database `out` (a URI). Needs neither header slots nor key directory: it looks for entries. A
/// table whose name is lost becomes `lost_table_ID`.
///
/// `on_loss` gets a sentence for each thing that was not copied, or not as it was. Errors: 58P01 where there is no
/// file; XX001 where it has nothing of a database; 55006 while a writer has it open; 42710 where `out` exists; those of
/// writing `out`.
arrow::Result<SalvageCounts> Salvage(std::string_view path, std::string_view out,
                                     const std::function<void(const std::string& loss)>& on_loss);

}  // namespace llkv
