// Predicates of a subquery that read outer columns, taken out of its plan into the join that it becomes part of: the
// cheapest way of unnesting, where nothing else depends on them. Internal to the binder.
#pragma once

#include <unordered_set>
#include <vector>

#include "plan/logical_plan.h"

namespace llkv {

using ColumnSet = std::unordered_set<ColumnId>;

/// Whether one of `exprs` reads one of `columns`.
bool AnyReads(const std::vector<BoundExprPtr>& exprs, const ColumnSet& columns);

/// Are all uses of the outer columns `free` in terms that could as well stand above the plan?
bool CanPullUp(const LogicalPlan& plan, const ColumnSet& free);

/// Takes the terms with free columns out of a plan that CanPullUp.
void PullUp(LogicalPlanPtr& plan, const ColumnSet& free, std::vector<BoundExprPtr>& terms);

}  // namespace llkv
