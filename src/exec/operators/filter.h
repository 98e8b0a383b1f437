// Filter: the rows for which every term is TRUE, as a narrower selection of the same batch.
#pragma once

#include <memory>

#include "exec/operator.h"
#include "expr/bound_expr.h"
#include "expr/program.h"

namespace llkv {

/// `terms` belong to the logical plan and outlive it. `input` is the layout of the batches that come; they go on with
/// the same columns.
std::unique_ptr<Operator> MakeFilter(const std::vector<BoundExprPtr>& terms, const ColumnLayout& input);

}  // namespace llkv
