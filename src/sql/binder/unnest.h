// Subqueries become joins. Correlated ones by the cheapest form that fits: inlined, predicates pulled up into the join,
// an aggregate grouped by what it is correlated with; else by the general method of Neumann and Kemper ("Unnesting
// Arbitrary Queries", BTW 2015): the distinct values of the outer columns are joined into the subquery's plan
// (unnest_pushdown.h). Internal to the binder.
#pragma once

#include <arrow/result.h>

#include <span>
#include <vector>

#include "sql/binder/expr_binder.h"

namespace llkv {

/// Joins all of `pending` into `plan`, in order, and lets `exprs` (which hold their `result` columns) refer to what the
/// plan then gives. Rows of the plan stay the same rows, one for one. A subquery may read columns of queries further
/// out too: the plan reads them afterwards. Errors: 0A000 for correlations that have no form.
arrow::Status AttachSubqueries(BindState& state, std::vector<PendingSubquery> pending, LogicalPlanPtr& plan,
                               std::span<BoundExprPtr* const> exprs);

/// As one term of a WHERE clause: keeps the rows of `plan` for which EXISTS or IN holds, or, `negated`, NOT EXISTS or
/// NOT IN.
arrow::Status AttachAsFilter(BindState& state, PendingSubquery pending, bool negated, LogicalPlanPtr& plan);

/// Whether `plan` reads columns that `outer` gives.
bool ReadsColumnsOf(const LogicalPlan& plan, const LogicalPlan& outer);

/// Joins `right`, which may read columns of `left`, to it: what LATERAL means. `terms` are the join's condition.
/// Errors: 42P10 where a right or full join would need rows of `right` without any of `left`.
arrow::Status JoinLateral(BindState& state, JoinType type, LogicalPlanPtr right, std::vector<BoundExprPtr> terms,
                          int64_t position, LogicalPlanPtr& left);

/// Makes a left join at the top of `plan` an inner one where `term`, about to filter it, is TRUE for no row without a
/// match.
void NarrowOuterJoin(const BoundExpr& term, LogicalPlan& plan);

}  // namespace llkv
