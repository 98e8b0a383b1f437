// Table functions over what differs from row to row: items of FROM that read the items before them, and calls in a
// select list. Internal to the binder.
#pragma once

#include <arrow/result.h>

#include <string>
#include <vector>

#include "sql/binder/expr_binder.h"
#include "sql/binder/query_binder.h"

namespace llkv {

/// The table functions that a select list calls, each once: its expressions hold the columns `outputs` in their place.
struct SetCallState {
  std::vector<SetCall> calls;
  /// One for each call.
  std::vector<OutputColumn> outputs;

  /// Whether `expr` reads what a call gives.
  bool IsReadBy(const BoundExpr& expr) const;
};

/// `function` over bound arguments. Errors: 42883 for types that it does not take, 0A000 where it takes constants alone
/// or, `in_select_list`, stands in FROM alone.
arrow::Result<SetCall> MakeSetCall(BindState& state, const TableFunction& function, std::vector<BoundExprPtr> arguments,
                                   bool in_select_list, int64_t position);

/// `calls` for each row of `plan`, whose columns are passed on; `outputs` has a column a call, and one more where the
/// rows are numbered.
LogicalPlanPtr MakeProjectSet(std::vector<SetCall> calls, std::vector<OutputColumn> outputs, LogicalPlanPtr plan);

/// The calls of a select list over `plan`: those that read others' results above them.
LogicalPlanPtr ApplySetCalls(SetCallState sets, LogicalPlanPtr plan);

/// A table function of FROM with its arguments, which may read the columns of `environment`.
arrow::Result<LogicalPlanPtr> BindTableFunction(BindState& state, const AstTableFunction& item,
                                                const QueryEnvironment& environment);

}  // namespace llkv
