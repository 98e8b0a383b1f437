// Rows that are rewritten by UPDATE through their primary key, for tests of the file's size.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>

namespace llkv {

struct SqlRewritingOptions {
  /// A file of the operating system.
  std::string path;
  uint64_t rows = 10'000;
  uint64_t updates = 1'000'000;
  bool punch_holes = true;
  /// The file may have three times its live bytes and so much more.
  uint64_t bound_extra_bytes = uint64_t{128} << 20;
};

/// Updates rows in random order, one a transaction, while buffers over the pager's blobs are held and compared. Fails
/// where the file is larger than its bound at any moment looked at, anonymous memory grows, a held byte changes, or the
/// rows are not what was written at the end. Gives a line for people.
arrow::Result<std::string> RunSqlRewriting(const SqlRewritingOptions& options);

}  // namespace llkv
