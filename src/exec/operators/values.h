// VALUES: rows of expressions without columns.
#pragma once

#include <memory>

#include "exec/operator.h"
#include "plan/logical_plan.h"

namespace llkv {

/// `node` outlives it. Columns are node.output.
std::unique_ptr<Source> MakeValues(const LogicalValues& node);

}  // namespace llkv
