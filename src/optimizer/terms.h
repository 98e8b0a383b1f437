// Looking at terms: comparisons, equalities between two sides, what a term says of NULL.
#pragma once

#include <optional>
#include <unordered_set>

#include "expr/bound_expr.h"
#include "plan/logical_plan.h"
#include "plan/plan_visitor.h"

namespace llkv {

/// The operator of `a op b`, or nothing where `expr` is no comparison.
std::optional<ComparisonOp> ComparisonOf(const BoundExpr& expr);

/// `b op' a` for `a op b`.
ComparisonOp Flip(ComparisonOp op);

/// `left op right` for two sides of one type; null where there is no such comparison.
BoundExprPtr MakeComparison(ComparisonOp op, BoundExprPtr left, BoundExprPtr right, int64_t position);

/// Whether the term is not TRUE for every row in which all of `columns` are NULL: a filter by it drops such rows. False
/// where that is not certain.
bool RejectsNulls(const BoundExpr& term, const std::unordered_set<ColumnId>& columns);

/// The columns of a plan's output.
std::unordered_set<ColumnId> OutputIds(const LogicalPlan& plan);

}  // namespace llkv
