// What tables ask of the rows written to them: targets, defaults, NOT NULL and CHECK as expressions.
#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/query_binder.h"
#include "sql/binder/statement_binders.h"
#include "sql/binder/typing.h"
#include "sql/parser/parser.h"

namespace llkv {
namespace {

/// Binds stored text: its parameters would be no one's, and its positions are not the statement's.
template <typename F>
auto BindStored(BindState& state, const std::string& sql, const std::string& what, const F& bind)
    -> arrow::Result<BoundExprPtr> {
  ParserOptions options;
  if (state.sqlite()) options.dialect = SqlDialect::kSqlite;
  const char* no_parameters = std::exchange(state.no_parameters, "a table's definition");
  auto ast = ParseExpression(sql, options);
  arrow::Result<BoundExprPtr> bound = ast.ok() ? bind(**ast) : arrow::Result<BoundExprPtr>(ast.status());
  state.no_parameters = no_parameters;
  if (bound.ok()) return bound;
  return SqlError(GetSqlState(bound.status()), fmt::format("in {}: {}", what, bound.status().message()));
}

}  // namespace

arrow::Result<TableSchemaPtr> TargetTable(BindState& state, const AstQualifiedName& name) {
  ARROW_ASSIGN_OR_RAISE(const AstName* plain, PlainName(name));
  if (TableSchemaPtr table = state.catalog.FindTable(plain->text)) {
    state.Use(table->id, false);
    return table;
  }
  if (state.catalog.FindView(plain->text) != nullptr) {
    return SqlError(sqlstate::kWrongObjectType, fmt::format("\"{}\" is a view: it cannot be written to", plain->text),
                    plain->range.position);
  }
  return SqlError(sqlstate::kUndefinedTable, fmt::format("there is no table \"{}\"", plain->text),
                  plain->range.position, NearestNameHint(plain->text, state.catalog.ListNames()));
}

arrow::Result<std::vector<uint32_t>> TargetColumns(const TableSchema& table, const std::vector<AstName>& names) {
  std::vector<uint32_t> ordinals;
  if (names.empty()) {
    for (uint32_t i = 0; i < table.columns.size(); ++i) ordinals.push_back(i);
    return ordinals;
  }
  std::vector<bool> seen(table.columns.size(), false);
  for (const AstName& name : names) {
    uint32_t ordinal = 0;
    while (ordinal < table.columns.size() && !SameName(table.columns[ordinal].name, name.key)) ++ordinal;
    if (ordinal == table.columns.size()) {
      std::vector<std::string> candidates;
      for (const ColumnSchema& column : table.columns) candidates.push_back(column.name);
      return SqlError(sqlstate::kUndefinedColumn,
                      fmt::format("table \"{}\" has no column \"{}\"", table.name, name.text), name.range.position,
                      NearestNameHint(name.text, candidates));
    }
    if (seen[ordinal]) {
      return SqlError(sqlstate::kDuplicateColumn, fmt::format("column \"{}\" is named twice", name.text),
                      name.range.position);
    }
    seen[ordinal] = true;
    ordinals.push_back(ordinal);
  }
  return ordinals;
}

arrow::Result<BoundExprPtr> BindDefaultExpr(BindState& state, const AstExpr& expr, LogicalType type,
                                            std::string_view column) {
  ExprContext context;
  context.clause = "DEFAULT";
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr bound, ExprBinder(state, context).Bind(expr));
  return AssignTo(state, std::move(bound), type, column);
}

arrow::Result<BoundExprPtr> BindDefaultOf(BindState& state, const ColumnSchema& column) {
  if (!column.default_sql.has_value()) return BoundExpr::Constant(Value::Null(column.type));
  return BindStored(state, *column.default_sql, fmt::format("the default of column \"{}\"", column.name),
                    [&](const AstExpr& expr) { return BindDefaultExpr(state, expr, column.type, column.name); });
}

arrow::Result<BoundExprPtr> BindCheck(BindState& state, const AstExpr& expr, const std::string& table,
                                      const std::vector<OutputColumn>& row) {
  Scope scope;
  scope.AddTable(table, row);
  ExprContext context;
  context.clause = "CHECK";
  context.scope = &scope;
  return ExprBinder(state, context).BindCondition(expr);
}

arrow::Result<std::vector<RowConstraint>> MakeConstraints(BindState& state, const TableSchema& table,
                                                          const std::vector<OutputColumn>& row,
                                                          const std::vector<bool>& changed) {
  std::vector<RowConstraint> constraints;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (!table.columns[i].not_null || !changed[i]) continue;
    RowConstraint constraint;
    constraint.expr = BoundExpr::Column(row[i].id, row[i].type, row[i].name);
    constraint.is_not_null = true;
    constraint.sqlstate = sqlstate::kNotNullViolation;
    constraint.message = fmt::format("null value in column \"{}\" of table \"{}\", which is NOT NULL",
                                     table.columns[i].name, table.name);
    constraints.push_back(std::move(constraint));
  }
  for (const CheckConstraint& check : table.checks) {
    RowConstraint constraint;
    ARROW_ASSIGN_OR_RAISE(constraint.expr,
                          BindStored(state, check.sql, fmt::format("check constraint \"{}\"", check.name),
                                     [&](const AstExpr& expr) { return BindCheck(state, expr, table.name, row); }));
    constraint.sqlstate = sqlstate::kCheckViolation;
    constraint.message = fmt::format("a row for table \"{}\" violates check constraint \"{}\"", table.name, check.name);
    constraints.push_back(std::move(constraint));
  }
  return constraints;
}

arrow::Result<LogicalPlanPtr> MakeInsert(BindState& state, const TableSchema& table, LogicalPlanPtr child, bool bulk) {
  auto node = std::make_unique<LogicalInsert>();
  node->table = table.id;
  node->table_name = table.name;
  node->bulk = bulk;
  ARROW_ASSIGN_OR_RAISE(node->constraints,
                        MakeConstraints(state, table, child->output, std::vector<bool>(table.columns.size(), true)));
  node->output.push_back({state.NewColumn(), TypeId::kBigInt, "count"});
  node->children.push_back(std::move(child));
  return node;
}

}  // namespace llkv
