// File scan: rows of a CSV or Parquet file, part by part.
#pragma once

#include <memory>

#include "exec/operator.h"
#include "plan/logical_plan.h"

namespace llkv {

/// `node` outlives it. Columns are node.output.
std::unique_ptr<Source> MakeFileScan(const LogicalFileScan& node);

}  // namespace llkv
