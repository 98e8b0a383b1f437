// Walking plans: every node, every expression of a node, and what columns a subtree reads without making them. Here so
// that binder and optimizer do not each enumerate the kinds of nodes. Must not know what nodes mean.
#pragma once

#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "plan/logical_plan.h"

namespace llkv {

/// Calls `f` on every expression that `node` itself holds, in order; not on its children's. Null expressions are left
/// out.
void ForEachExpr(LogicalPlan& node, const std::function<void(BoundExprPtr&)>& f);
void ForEachExpr(const LogicalPlan& node, const std::function<void(const BoundExpr&)>& f);

/// Calls `f` on `plan` and everything below it, parents first, children from the left. Does not recurse.
void VisitPlan(LogicalPlan& plan, const std::function<void(LogicalPlan&)>& f);
void VisitPlan(const LogicalPlan& plan, const std::function<void(const LogicalPlan&)>& f);

/// The columns that the subtree reads and no node in it gives: those of an outer query, where it is a correlated
/// subquery; none in a complete plan.
std::unordered_set<ColumnId> FreeColumns(const LogicalPlan& plan);

/// Whether `expr` reads at least one of `columns`.
bool ReadsAny(const BoundExpr& expr, const std::unordered_set<ColumnId>& columns);
/// Whether `expr` reads only columns of `columns` (none at all counts).
bool ReadsOnly(const BoundExpr& expr, const std::unordered_set<ColumnId>& columns);
/// Whether an expression of the subtree reads one of `columns`.
bool ReadsAnyOf(const LogicalPlan& plan, const std::unordered_set<ColumnId>& columns);

/// Gives every column that the subtree makes a fresh id, in place; free columns keep theirs. Returns old to new.
std::unordered_map<ColumnId, ColumnId> RenameColumns(LogicalPlan& plan, uint64_t& next_column_id);

/// Replaces columns in all expressions of the subtree by what `replacement` gives for them (null: keep).
void ReplaceColumnsInPlan(LogicalPlan& plan, const std::function<BoundExprPtr(const BoundExpr&)>& replacement);

}  // namespace llkv
