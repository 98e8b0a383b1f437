// The binder of each kind of statement. Internal to the binder; binder.cc dispatches.
#pragma once

#include <arrow/result.h>

#include "sql/binder/bind_state.h"
#include "sql/parser/ast.h"

namespace llkv {

// query statements: change_binder.cc, copy_binder.cc, describe_binder.cc
arrow::Result<BoundQuery> BindInsert(BindState& state, const AstInsert& insert);
arrow::Result<BoundQuery> BindUpdate(BindState& state, const AstUpdate& update);
arrow::Result<BoundQuery> BindDelete(BindState& state, const AstDelete& statement);
arrow::Result<BoundQuery> BindTruncate(BindState& state, const AstTruncate& truncate);
arrow::Result<BoundQuery> BindCopy(BindState& state, const AstCopy& copy);
arrow::Result<BoundStatement> BindShow(BindState& state, const AstShow& show);

// definitions: ddl_binder.cc
arrow::Result<BoundCreateTable> BindCreateTable(BindState& state, const AstCreateTable& create);
arrow::Result<BoundCreateView> BindCreateView(BindState& state, const AstCreateView& create);
arrow::Result<BoundCreateIndex> BindCreateIndex(BindState& state, const AstCreateIndex& create);
arrow::Result<BoundCreateTrigger> BindCreateTrigger(BindState& state, const AstCreateTrigger& create);
arrow::Result<BoundReindex> BindReindex(const AstReindex& reindex);

/// The columns of an index or of a UNIQUE constraint (`what`, for errors).
arrow::Result<std::vector<IndexColumn>> BindIndexColumns(const BindState& state, const TableSchema& table,
                                                         const std::vector<AstOrderItem>& items, const char* what);
/// TABLE_COLUMN_…_suffix, with a number where a table, view, type or index has that name already.
std::string FreeIndexName(const BindState& state, const TableSchema& table, const std::vector<IndexColumn>& columns,
                          std::string_view suffix);
arrow::Result<BoundCreateType> BindCreateType(BindState& state, const AstCreateType& create);
arrow::Result<BoundDrop> BindDrop(const AstDrop& drop);

// the rest: utility_binder.cc
arrow::Result<BoundStatement> BindUtility(BindState& state, const AstStatement& statement);

/// A literal, a bare word (VARCHAR, lower case) or a signed number: what SET, PRAGMA and COPY take. Errors: 0A000.
arrow::Result<Value> OptionValue(const BindState& state, const AstExpr& expr);

/// The table that a statement changes. Errors: 42P01, 42809 for a view.
arrow::Result<TableSchemaPtr> TargetTable(BindState& state, const AstQualifiedName& name);

/// Ordinals of the named columns, or all where there are none. Errors: 42703, 42701.
arrow::Result<std::vector<uint32_t>> TargetColumns(const TableSchema& table, const std::vector<AstName>& names);

/// The DEFAULT of a column as a value of its type; NULL where it has none.
arrow::Result<BoundExprPtr> BindDefaultOf(BindState& state, const ColumnSchema& column);
/// The same from a tree, for CREATE TABLE.
arrow::Result<BoundExprPtr> BindDefaultExpr(BindState& state, const AstExpr& expr, LogicalType type,
                                            std::string_view column);

/// What every row written to the table must meet, over `row`, its columns in order. `changed` has an entry for each
/// column: NOT NULL is checked where it is true.
arrow::Result<std::vector<RowConstraint>> MakeConstraints(BindState& state, const TableSchema& table,
                                                          const std::vector<OutputColumn>& row,
                                                          const std::vector<bool>& changed);

/// A CHECK's condition over a table's columns.
arrow::Result<BoundExprPtr> BindCheck(BindState& state, const AstExpr& expr, const std::string& table,
                                      const std::vector<OutputColumn>& row);

/// A plan that inserts what `child` gives: one column for each of the table's.
arrow::Result<LogicalPlanPtr> MakeInsert(BindState& state, const TableSchema& table, LogicalPlanPtr child, bool bulk);

/// 0A000 where the table has a trigger for `event`; of UPDATE's, one for a column that `changed` marks.
arrow::Status RefuseTriggers(const TableSchema& table, TriggerSchema::Event event, const std::vector<bool>& changed,
                             int64_t position);

/// The finished plan with the statement's parameters.
BoundStatementPlan FinishPlan(BindState& state, LogicalPlanPtr root);

}  // namespace llkv
