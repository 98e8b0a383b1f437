// Record batches from files to the Arrow types that the engine wants.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "types/logical_type.h"

namespace llkv {

/// The batch's columns as ToArrowType(types[i]); columns that have that type are shared, others are cast, safely.
/// ENUMs and nested types keep any Arrow type that ArrowBatchReader takes for them.
/// Errors name the column and begin with `where`.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> ConvertColumns(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                                  const std::vector<LogicalType>& types,
                                                                  const std::string& where);

}  // namespace llkv
