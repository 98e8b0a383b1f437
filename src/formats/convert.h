// Record batches from files to the Arrow types that the engine wants.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "types/logical_type.h"

namespace llkv {

/// The batch's columns as ToArrowType(types[i]), or as another layout of the same SQL type that ArrowBatchReader takes
/// (narrow decimals, large text, views, dictionaries, text for ENUMs, other layouts of lists): such columns are shared,
/// others are cast, safely. Errors name the column and begin with `where`.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> ConvertColumns(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                                  const std::vector<LogicalType>& types,
                                                                  const std::string& where);

}  // namespace llkv
