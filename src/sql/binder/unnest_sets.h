// Correlation by table functions: a plan whose outer columns are read by functions that give rows (unnest(t.list)), and
// by what filters and computes of these, is computed beside the outer rows themselves. No value of the outer rows is
// compared, so lists need not be hashed. Internal to the binder.
#pragma once

#include "sql/binder/unnest_pullup.h"

namespace llkv {

/// Whether `plan` is filters, projections and table functions, at least one of which reads columns of `free`, over
/// something that reads none of them.
bool IsSetChain(const LogicalPlan& plan, const ColumnSet& free);

/// Whether all that reads columns of `free` in `plan` are such chains, and there is one.
bool ReadsOnlyInSets(const LogicalPlan& plan, const ColumnSet& free);

/// A chain's rows for each row of `outer`, beside the row's columns, which keep their ids.
LogicalPlanPtr GraftSets(LogicalPlanPtr chain, const ColumnSet& free, LogicalPlanPtr outer);

/// Makes the functions at the chain's top give a row of NULLs for an outer row that they give none for; false where the
/// chain is more than that.
bool MakeOuterSets(LogicalPlan& chain, const ColumnSet& free);

/// One row of no columns.
bool IsSingleRow(const LogicalPlan& plan);

}  // namespace llkv
