// Table functions over the columns of what stands before them (LATERAL), and in select lists: as an operator that
// streams their rows beside each input row.
#pragma once

#include <memory>

#include "exec/operator.h"
#include "expr/program.h"
#include "plan/logical_plan.h"

namespace llkv {

/// `node` outlives it; `input` is where the child's columns stand. Output columns are node.output.
std::unique_ptr<Operator> MakeProjectSet(const LogicalProjectSet& node, const ColumnLayout& input);

}  // namespace llkv
