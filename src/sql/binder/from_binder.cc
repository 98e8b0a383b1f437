// What stands in FROM: tables, views, common table expressions, table functions, subqueries, files and joins.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "sql/binder/cte_binder.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/file_options.h"
#include "sql/binder/join_binder.h"
#include "sql/binder/query_binder.h"
#include "sql/binder/set_calls.h"
#include "sql/binder/typing.h"
#include "sql/binder/unnest.h"
#include "sql/parser/parser.h"

namespace llkv {
namespace {

/// The plan with its rows' marker as one more column.
LogicalPlanPtr MarkRows(BindState& state, LogicalPlanPtr plan) {
  std::vector<BoundExprPtr> exprs;
  std::vector<std::string> names;
  for (const OutputColumn& column : plan->output) {
    exprs.push_back(BoundExpr::Column(column.id, column.type, column.name));
    names.push_back(column.name);
  }
  exprs.push_back(BoundExpr::Constant(Value::Boolean(true)));
  names.emplace_back("row");
  return MakeProject(state, std::move(plan), std::move(exprs), std::move(names));
}

/// The plan's columns under the alias and column aliases of an item.
arrow::Result<BoundFrom> Named(BindState& state, const AstFromItem& item, std::string name, LogicalPlanPtr plan) {
  if (state.marks_rows) plan = MarkRows(state, std::move(plan));
  std::vector<OutputColumn> columns = plan->output;
  std::optional<OutputColumn> marker;
  if (state.marks_rows) {
    marker = std::move(columns.back());
    columns.pop_back();
  }
  if (item.column_aliases.size() > columns.size()) {
    return SqlError(sqlstate::kInvalidColumnReference,
                    fmt::format("\"{}\" has {} column{}, but {} names are given", item.alias.text, columns.size(),
                                columns.size() == 1 ? "" : "s", item.column_aliases.size()),
                    item.column_aliases[columns.size()].range.position);
  }
  for (size_t i = 0; i < item.column_aliases.size(); ++i) columns[i].name = item.column_aliases[i].text;
  BoundFrom from;
  from.scope.AddTable(item.alias.empty() ? name : item.alias.text, columns);
  if (marker) from.scope.AddMarker(*marker);
  from.plan = std::move(plan);
  return from;
}

arrow::Result<BoundFrom> BindView(BindState& state, const ViewSchema& view, const AstTableRef& ref) {
  const int64_t position = ref.name.range.position;
  if (state.view_stack.size() >= static_cast<size_t>(state.options.max_view_depth)) {
    return SqlError(sqlstate::kStatementTooComplex,
                    fmt::format("views nest deeper than {} levels", state.options.max_view_depth), position);
  }
  state.Use(view.id, true);
  state.view_stack.push_back(view.name);
  const char* no_parameters = std::exchange(state.no_parameters, "a view");
  const auto bind = [&]() -> arrow::Result<LogicalPlanPtr> {
    ParserOptions options;
    if (state.sqlite()) options.dialect = SqlDialect::kSqlite;
    ARROW_ASSIGN_OR_RAISE(const AstStatementPtr statement, ParseStatement(view.sql, options));
    if (!statement->Is<AstQueryStatement>()) return InternalError("a view's text is no query");
    return BindQuery(state, *statement->As<AstQueryStatement>().query, {});
  };
  auto plan = bind();
  state.no_parameters = no_parameters;
  state.view_stack.pop_back();
  if (!plan.ok()) {
    // The position counts in the view's text; the statement's reader sees only the reference.
    const SqlErrorDetail* detail = GetSqlError(plan.status());
    return SqlError(GetSqlState(plan.status()), fmt::format("in view \"{}\": {}", view.name, plan.status().message()),
                    position, detail == nullptr ? std::string() : detail->hint());
  }
  if (!view.column_names.empty()) {
    if (view.column_names.size() != (*plan)->output.size()) {
      return SqlError(sqlstate::kInvalidTableDefinition,
                      fmt::format("view \"{}\" was made with {} columns and now has {}", view.name,
                                  view.column_names.size(), (*plan)->output.size()),
                      position, "create the view anew");
    }
    for (size_t i = 0; i < view.column_names.size(); ++i) (*plan)->output[i].name = view.column_names[i];
  }
  return Named(state, ref, view.name, std::move(plan).ValueUnsafe());
}

arrow::Result<BoundFrom> BindFile(BindState& state, const AstTableRef& ref) {
  FileSchemaRequest request;
  request.path = ref.name.name().text;
  ARROW_ASSIGN_OR_RAISE(request.format, FormatOfPath(request.path, ref.name.range.position));
  ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr plan, MakeFileScan(state, std::move(request), ref.name.range.position));
  return Named(state, ref, ref.name.name().text, std::move(plan));
}

arrow::Result<BoundFrom> BindTable(BindState& state, const AstTableRef& ref, const QueryEnvironment& environment) {
  const bool is_hinted = ref.not_indexed || !ref.indexed_by.empty();
  if (ref.is_file) return BindFile(state, ref);
  if (ref.name.parts.size() == 1) {
    ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr plan, BindCommonTable(state, ref.name.name(), environment.ctes));
    if (plan != nullptr && is_hinted) return Refuse("INDEXED of anything but a table", ref.range.position);
    if (plan != nullptr) return Named(state, ref, ref.name.name().text, std::move(plan));
  }
  ARROW_ASSIGN_OR_RAISE(const AstName* name, PlainName(ref.name));
  if (const TableSchemaPtr table = state.catalog.FindTable(name->text)) {
    state.Use(table->id, false);
    LogicalPlanPtr scan = MakeScan(state, *table, false);
    ARROW_RETURN_NOT_OK(ApplyIndexHint(ref, *table, *scan));
    return Named(state, ref, table->name, std::move(scan));
  }
  if (const ViewSchemaPtr view = state.catalog.FindView(name->text)) {
    if (is_hinted) return Refuse("INDEXED of anything but a table", ref.range.position);
    return BindView(state, *view, ref);
  }
  return SqlError(sqlstate::kUndefinedTable, fmt::format("there is no table \"{}\"", name->text), name->range.position,
                  NearestNameHint(name->text, state.catalog.ListNames()));
}

arrow::Result<BoundFrom> BindFunctionItem(BindState& state, const AstTableFunction& item,
                                          const QueryEnvironment& environment) {
  ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr plan, BindTableFunction(state, item, environment));
  ARROW_ASSIGN_OR_RAISE(BoundFrom from,
                        Named(state, item, item.call->As<AstFunction>().name.name().text, std::move(plan)));
  // The name of a function that gives one value a row is the value's name too.
  const size_t num_values = from.scope.visible.size() - (item.with_ordinality ? 1 : 0);
  from.scope.tables[0].is_value = num_values == 1 && item.column_aliases.empty();
  return from;
}

arrow::Status CheckAliases(const Scope& left, const Scope& right, const AstFromItem& item) {
  for (const ScopeTable& a : left.tables) {
    for (const ScopeTable& b : right.tables) {
      if (!a.alias.empty() && SameName(a.alias, b.alias)) {
        return SqlError(sqlstate::kDuplicateAlias, fmt::format("table name \"{}\" stands twice in FROM", b.alias),
                        item.range.position, "give one of them another name with AS");
      }
    }
  }
  return arrow::Status::OK();
}

arrow::Result<BoundFrom> BindJoinItem(BindState& state, const AstJoin& join, const QueryEnvironment& environment) {
  ARROW_ASSIGN_OR_RAISE(BoundFrom left, BindFromItem(state, *join.left, environment));
  left.scope.parent = environment.lateral != nullptr ? environment.lateral : environment.outer;
  const QueryEnvironment beside{environment.outer, environment.ctes, &left.scope};
  ARROW_ASSIGN_OR_RAISE(BoundFrom right, BindFromItem(state, *join.right, beside));
  ARROW_RETURN_NOT_OK(CheckAliases(left.scope, right.scope, *join.right));
  return BindJoin(state, join, environment, std::move(left), std::move(right));
}

}  // namespace

arrow::Result<BoundFrom> BindFromItem(BindState& state, const AstFromItem& item, const QueryEnvironment& environment) {
  switch (item.kind) {
    case AstFromKind::kTable:
      return BindTable(state, item.As<AstTableRef>(), environment);
    case AstFromKind::kTableFunction:
      return BindFunctionItem(state, item.As<AstTableFunction>(), environment);
    case AstFromKind::kSubquery: {
      const auto& subquery = item.As<AstFromSubquery>();
      QueryEnvironment inner{environment.outer, environment.ctes};
      if (subquery.lateral && environment.lateral != nullptr) inner.outer = environment.lateral;
      ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr plan, BindQuery(state, *subquery.query, inner));
      return Named(state, item, std::string(), std::move(plan));
    }
    case AstFromKind::kJoin:
      return BindJoinItem(state, item.As<AstJoin>(), environment);
  }
  return InternalError("unknown item in FROM");
}

arrow::Result<BoundFrom> BindFrom(BindState& state, const std::vector<AstFromItemPtr>& items,
                                  const QueryEnvironment& environment) {
  BoundFrom from;
  if (items.empty()) {
    from.plan = MakeSingleRow();
  } else {
    ARROW_ASSIGN_OR_RAISE(from, BindFromItem(state, *items[0], environment));
  }
  for (size_t i = 1; i < items.size(); ++i) {
    from.scope.parent = environment.outer;
    const QueryEnvironment beside{environment.outer, environment.ctes, &from.scope};
    ARROW_ASSIGN_OR_RAISE(BoundFrom next, BindFromItem(state, *items[i], beside));
    ARROW_RETURN_NOT_OK(CheckAliases(from.scope, next.scope, *items[i]));
    ARROW_RETURN_NOT_OK(
        JoinLateral(state, JoinType::kInner, std::move(next.plan), {}, items[i]->range.position, from.plan));
    from.scope.Append(std::move(next.scope));
  }
  from.scope.parent = environment.outer;
  return from;
}

arrow::Status ApplyIndexHint(const AstTableRef& ref, const TableSchema& table, LogicalPlan& scan) {
  auto& node = scan.As<LogicalScan>();
  node.may_use_indexes = !ref.not_indexed;
  if (ref.indexed_by.empty()) return arrow::Status::OK();
  const std::string& name = ref.indexed_by.text;
  if (!table.primary_key.empty() && SameName(table.primary_key_name, name)) node.only_index = table.primary_key_index;
  for (const IndexSchema& index : table.indexes) {
    if (SameName(index.name, name)) node.only_index = index.id;
  }
  if (node.only_index.value != 0) return arrow::Status::OK();
  return SqlError(sqlstate::kUndefinedObject, fmt::format("table \"{}\" has no index \"{}\"", table.name, name),
                  ref.indexed_by.range.position);
}

LogicalPlanPtr MakeScan(BindState& state, const TableSchema& table, bool with_row_id) {
  auto scan = std::make_unique<LogicalScan>();
  scan->table = table.id;
  scan->table_name = table.name;
  scan->with_row_id = with_row_id;
  scan->column_ordinals.reserve(table.columns.size());
  scan->output.reserve(table.columns.size() + (with_row_id ? 1 : 0));
  for (uint32_t i = 0; i < table.columns.size(); ++i) {
    scan->column_ordinals.push_back(i);
    scan->output.push_back({state.NewColumn(), table.columns[i].type, table.columns[i].name});
  }
  if (with_row_id) scan->output.push_back({state.NewColumn(), TypeId::kUBigInt, "row id"});
  return scan;
}

LogicalPlanPtr MakeSingleRow() {
  auto values = std::make_unique<LogicalValues>();
  values->rows.emplace_back();
  return values;
}

}  // namespace llkv
