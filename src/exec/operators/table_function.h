// Table functions (range, …) as sources of pipelines.
#pragma once

#include <memory>

#include "exec/operator.h"
#include "plan/logical_plan.h"

namespace llkv {

/// `node` outlives it. Columns are node.output.
std::unique_ptr<Source> MakeTableFunctionScan(const LogicalTableFunction& node);

}  // namespace llkv
