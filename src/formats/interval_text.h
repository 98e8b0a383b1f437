// INTERVAL columns as text, for formats whose Arrow readers and writers have no intervals.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "types/logical_type.h"

namespace llkv {

/// Text columns whose wanted type is INTERVAL become intervals; all others are shared. Error 22007 begins with `where`
/// and the column.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> ParseIntervals(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                                  const std::vector<LogicalType>& types,
                                                                  const std::string& where);

/// Interval columns become text; all others are shared.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> FormatIntervals(const arrow::RecordBatch& batch);

/// The schema of FormatIntervals' result.
std::shared_ptr<arrow::Schema> WithTextIntervals(const arrow::Schema& schema);

}  // namespace llkv
