// Fetch: columns of rows that are known by their ids, read where few rows are left.
#pragma once

#include <memory>

#include "exec/operator.h"
#include "expr/program.h"
#include "plan/logical_plan.h"

namespace llkv {

/// `node` outlives it; `input` is where the child's columns stand. Output columns are node.output.
std::unique_ptr<Operator> MakeFetch(const LogicalFetch& node, const ColumnLayout& input);

}  // namespace llkv
