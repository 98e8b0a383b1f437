// Queries: SELECT, VALUES, set operations, WITH, ORDER BY, LIMIT to plans. Internal to the binder.
#pragma once

#include <arrow/result.h>

#include <functional>
#include <string>
#include <vector>

#include "sql/binder/bind_state.h"
#include "sql/binder/scope.h"
#include "sql/parser/ast.h"

namespace llkv {

/// What a query sees of what stands around it.
struct QueryEnvironment {
  /// The enclosing query's columns, for a subquery; null otherwise.
  const Scope* outer = nullptr;
  const CteFrame* ctes = nullptr;
  /// What LATERAL items of a FROM clause see: the items before them, then `outer`; null: `outer` alone.
  const Scope* lateral = nullptr;
};

/// A query's plan; its output columns have the names that users see.
arrow::Result<LogicalPlanPtr> BindQuery(BindState& state, const AstQuery& query, const QueryEnvironment& environment);

/// One input of a set operation, or what ORDER BY and LIMIT stand behind.
arrow::Result<LogicalPlanPtr> BindQueryBody(BindState& state, const AstQueryBody& body,
                                            const QueryEnvironment& environment);
/// `operation` of inputs that are bound.
arrow::Result<LogicalPlanPtr> CombineInputs(BindState& state, const AstSetOperation& operation,
                                            std::vector<LogicalPlanPtr> inputs);

/// The same for a query whose WITH clause stands elsewhere (INSERT, UPDATE, DELETE): definitions that are in sight of
/// `bind`, completed around the plan that it gives.
arrow::Result<LogicalPlanPtr> BindWithCommonTables(
    BindState& state, const std::vector<AstCommonTable>& with, bool recursive, const QueryEnvironment& environment,
    const std::function<arrow::Result<LogicalPlanPtr>(const QueryEnvironment&)>& bind);

/// What FROM gives: a plan and what can be named of it.
struct BoundFrom {
  LogicalPlanPtr plan;
  Scope scope;
};

/// The items of a FROM clause, joined; without any, one row without columns.
arrow::Result<BoundFrom> BindFrom(BindState& state, const std::vector<AstFromItemPtr>& items,
                                  const QueryEnvironment& environment);
arrow::Result<BoundFrom> BindFromItem(BindState& state, const AstFromItem& item, const QueryEnvironment& environment);

/// INDEXED BY and NOT INDEXED. Errors: 42704 where the table has no such index.
arrow::Status ApplyIndexHint(const AstTableRef& ref, const TableSchema& table, LogicalPlan& scan);

/// A scan of all columns of a table, with the hidden row id last where asked for.
LogicalPlanPtr MakeScan(BindState& state, const TableSchema& table, bool with_row_id);

struct PendingSubquery;
/// Rows of expressions with subqueries in them: each row is a projection over what its own give.
arrow::Result<LogicalPlanPtr> RowsWithSubqueries(BindState& state, std::vector<std::vector<BoundExprPtr>> rows,
                                                 std::vector<std::vector<PendingSubquery>> pending);

/// One row without columns.
LogicalPlanPtr MakeSingleRow();

/// Filters `plan` by a WHERE clause: subqueries in it become joins. The scope's columns must be the plan's.
arrow::Status ApplyWhere(BindState& state, const AstExpr& where, const Scope& scope, const CteFrame* ctes,
                         LogicalPlanPtr& plan);

/// A reference to an output column, for an expression.
BoundExprPtr ColumnOf(const OutputColumn& column, int64_t position = -1);

/// The columns that a join of `type` gives; of a mark join without the mark.
void SetJoinOutput(LogicalJoin& join);

/// A join of `type` by `terms`; a mark join still without its mark.
LogicalPlanPtr MakeJoin(JoinType type, LogicalPlanPtr left, LogicalPlanPtr right, std::vector<BoundExprPtr> terms);

/// The rows of `plan` for which all of `terms` are TRUE.
LogicalPlanPtr MakeFilter(LogicalPlanPtr plan, std::vector<BoundExprPtr> terms);

/// A projection of `exprs` over `plan`, with fresh ids.
LogicalPlanPtr MakeProject(BindState& state, LogicalPlanPtr plan, std::vector<BoundExprPtr> exprs,
                           std::vector<std::string> names);

/// The plan with its columns cast to `types`, where they are not of them already.
arrow::Result<LogicalPlanPtr> CastColumns(BindState& state, LogicalPlanPtr plan, const std::vector<LogicalType>& types);

}  // namespace llkv
