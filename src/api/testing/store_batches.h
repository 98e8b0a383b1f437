// Batches for tests of ColumnStore, and their rows as text.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "llkv/column_store.h"

namespace llkv {

/// Fields of one batch: UserField(1) "n" int64, UserField(2) "s" utf8, UserField(3) "x" double; each has one value a
/// row or is left out.
struct TestColumns {
  std::vector<uint64_t> ids;
  std::optional<std::vector<std::optional<int64_t>>> n = std::nullopt;
  std::optional<std::vector<std::optional<std::string>>> s = std::nullopt;
  std::optional<std::vector<std::optional<double>>> x = std::nullopt;
};
inline constexpr LogicalFieldId kN = UserField(1);
inline constexpr LogicalFieldId kS = UserField(2);
inline constexpr LogicalFieldId kX = UserField(3);

std::shared_ptr<arrow::RecordBatch> MakeStoreBatch(const TestColumns& columns);
/// A batch of any columns behind "row_id".
std::shared_ptr<arrow::RecordBatch> MakeStoreBatch(const std::vector<uint64_t>& ids, arrow::FieldVector fields,
                                                   arrow::ArrayVector arrays);

/// Columns separated by '|', rows by '\n', NULL as "NULL".
std::string BatchText(const arrow::RecordBatch& batch);
/// What a scan gives, all batches; "error SQLSTATE" where it fails.
std::string ScanText(const ColumnStore& store, const ScanOptions& options);
std::string SortedText(const ColumnStore& store, LogicalFieldId field, const SortedScanOptions& options = {});

}  // namespace llkv
