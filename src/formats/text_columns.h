// Columns as SQL's text, for formats whose Arrow readers and writers know the type not at all (INTERVAL, nested
// types) or as other text than SQL has for it (BLOB).
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "types/logical_type.h"

namespace llkv {

/// Whether values of the type go through text here.
constexpr bool IsTextColumn(LogicalType type) {
  return type.id() == TypeId::kInterval || type.id() == TypeId::kBlob || type.IsEnum() || type.IsNested();
}

/// Text columns whose wanted type is one of those take it; all others are shared. Errors (22007, 22P02) begin with
/// `where` and the column.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> ParseTextColumns(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                                    const std::vector<LogicalType>& types,
                                                                    const std::string& where);

/// Columns of those types become text; all others are shared.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> FormatTextColumns(const arrow::RecordBatch& batch);

/// The schema of FormatTextColumns' result.
std::shared_ptr<arrow::Schema> WithTextColumns(const arrow::Schema& schema);

}  // namespace llkv
