// INSERT, UPDATE, DELETE, TRUNCATE: plans that write, with the table's constraints as expressions.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/query_binder.h"
#include "sql/binder/statement_binders.h"
#include "sql/binder/typing.h"
#include "sql/binder/unnest.h"
#include "sql/parser/parser.h"

namespace llkv {
namespace {

constexpr uint32_t kNotGiven = UINT32_MAX;

/// What INSERT fills: for each column of the table, which of the source's columns it takes.
struct InsertTarget {
  const TableSchema* table = nullptr;
  std::vector<uint32_t> source_of;
  size_t num_given = 0;
};

arrow::Status CheckCount(const InsertTarget& target, size_t num_values, int64_t position) {
  if (num_values == target.num_given) return arrow::Status::OK();
  return SqlError(sqlstate::kSyntaxError,
                  fmt::format("INSERT into {} column{} has {} value{}", target.num_given,
                              target.num_given == 1 ? "" : "s", num_values, num_values == 1 ? "" : "s"),
                  position);
}

/// Defaults of the columns that the statement leaves out, bound once each.
arrow::Result<std::vector<BoundExprPtr>> MissingDefaults(BindState& state, const InsertTarget& target) {
  std::vector<BoundExprPtr> defaults(target.table->columns.size());
  for (size_t i = 0; i < defaults.size(); ++i) {
    if (target.source_of[i] != kNotGiven) continue;
    ARROW_ASSIGN_OR_RAISE(defaults[i], BindDefaultOf(state, target.table->columns[i]));
  }
  return defaults;
}

std::vector<std::string> ColumnNames(const TableSchema& table) {
  std::vector<std::string> names;
  for (const ColumnSchema& column : table.columns) names.push_back(column.name);
  return names;
}

arrow::Result<std::vector<BoundExprPtr>> BindInsertRow(BindState& state, const InsertTarget& target,
                                                       const std::vector<AstExprPtr>& values,
                                                       const std::vector<BoundExprPtr>& defaults,
                                                       std::vector<PendingSubquery>& pending, const CteFrame* ctes) {
  ExprContext context;
  context.clause = "VALUES";
  context.ctes = ctes;
  context.subqueries = &pending;
  ExprBinder binder(state, context);
  std::vector<BoundExprPtr> row;
  row.reserve(defaults.size());
  for (size_t i = 0; i < defaults.size(); ++i) {
    const ColumnSchema& column = target.table->columns[i];
    if (target.source_of[i] == kNotGiven) {
      row.push_back(defaults[i]->Clone());
      continue;
    }
    const AstExpr& ast = *values[target.source_of[i]];
    if (ast.Is<AstDefault>()) {
      ARROW_ASSIGN_OR_RAISE(row.emplace_back(), BindDefaultOf(state, column));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(BoundExprPtr expr, binder.Bind(ast));
    ARROW_ASSIGN_OR_RAISE(row.emplace_back(), AssignTo(state, std::move(expr), column.type, column.name));
  }
  return row;
}

arrow::Result<LogicalPlanPtr> InsertValues(BindState& state, const InsertTarget& target, const AstValues& values,
                                           const CteFrame* ctes) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<BoundExprPtr> defaults, MissingDefaults(state, target));
  auto node = std::make_unique<LogicalValues>();
  node->rows.reserve(values.rows.size());
  std::vector<std::vector<PendingSubquery>> pending(values.rows.size());
  bool any_pending = false;
  for (size_t i = 0; i < values.rows.size(); ++i) {
    ARROW_RETURN_NOT_OK(CheckCount(target, values.rows[i].size(), values.row_ranges[i].position));
    ARROW_ASSIGN_OR_RAISE(node->rows.emplace_back(),
                          BindInsertRow(state, target, values.rows[i], defaults, pending[i], ctes));
    any_pending = any_pending || !pending[i].empty();
  }
  if (any_pending) return RowsWithSubqueries(state, std::move(node->rows), std::move(pending));
  for (const ColumnSchema& column : target.table->columns) {
    node->output.push_back({state.NewColumn(), column.type, column.name});
  }
  return node;
}

/// A column of the source. Constants and parameters of a select list are taken as they are, so that they can still
/// become what the target needs.
BoundExprPtr SourceColumn(const LogicalPlan& plan, size_t index) {
  if (plan.kind == PlanKind::kProject && index < plan.As<LogicalProject>().exprs.size()) {
    const BoundExpr& expr = *plan.As<LogicalProject>().exprs[index];
    if (expr.IsConstant() || IsUntypedParameter(expr)) return expr.Clone();
  }
  return ColumnOf(plan.output[index]);
}

arrow::Result<LogicalPlanPtr> InsertQuery(BindState& state, const InsertTarget& target, LogicalPlanPtr source,
                                          int64_t position) {
  ARROW_RETURN_NOT_OK(CheckCount(target, source->output.size(), position));
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> exprs, MissingDefaults(state, target));
  for (size_t i = 0; i < exprs.size(); ++i) {
    if (target.source_of[i] == kNotGiven) continue;
    const ColumnSchema& column = target.table->columns[i];
    BoundExprPtr expr = SourceColumn(*source, target.source_of[i]);
    if (expr->position < 0) expr->position = position;
    ARROW_ASSIGN_OR_RAISE(exprs[i], AssignTo(state, std::move(expr), column.type, column.name));
  }
  return MakeProject(state, std::move(source), std::move(exprs), ColumnNames(*target.table));
}

arrow::Result<LogicalPlanPtr> BindSource(BindState& state, const AstInsert& insert, const InsertTarget& target,
                                         const QueryEnvironment& environment) {
  if (insert.source == nullptr) {
    ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> defaults, MissingDefaults(state, target));
    return MakeProject(state, MakeSingleRow(), std::move(defaults), ColumnNames(*target.table));
  }
  const AstQuery& query = *insert.source;
  const bool plain = query.with.empty() && query.order_by.empty() && !query.order_by_all && query.limit == nullptr &&
                     query.offset == nullptr;
  if (plain && query.body->Is<AstValues>()) {
    return InsertValues(state, target, query.body->As<AstValues>(), environment.ctes);
  }
  ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr source, BindQuery(state, query, environment));
  return InsertQuery(state, target, std::move(source), query.range.position);
}

arrow::Status CheckInsert(const AstInsert& insert) {
  if (insert.or_action != AstConflictAction::kNone && insert.or_action != AstConflictAction::kAbort) {
    return Refuse("INSERT OR … and REPLACE", insert.or_action_position);
  }
  if (insert.by_name) return Refuse("INSERT … BY NAME", insert.range.position);
  if (!insert.on_conflict.empty()) return Refuse("ON CONFLICT", insert.on_conflict[0].range.position);
  if (!insert.returning.empty()) return Refuse("RETURNING", insert.returning[0].range.position);
  return arrow::Status::OK();
}

BoundQuery Change(BindState& state, LogicalPlanPtr root, QueryEffect effect, TableId target) {
  BoundQuery query;
  query.plan = FinishPlan(state, std::move(root));
  query.effect = effect;
  query.target = target;
  query.used = std::move(state.used);
  return query;
}

OutputColumn CountColumn(BindState& state) { return {state.NewColumn(), TypeId::kBigInt, "count"}; }

/// A scan of the table to be changed, with row ids, filtered.
struct TargetScan {
  TableSchemaPtr table;
  LogicalPlanPtr plan;
  Scope scope;
  OutputColumn row_id;
};

arrow::Result<TargetScan> ScanTarget(BindState& state, const AstFromItem& item) {
  if (!item.Is<AstTableRef>()) return Refuse("this target", item.range.position);
  const auto& ref = item.As<AstTableRef>();
  TargetScan target;
  ARROW_ASSIGN_OR_RAISE(target.table, TargetTable(state, ref.name));
  target.plan = MakeScan(state, *target.table, true);
  ARROW_RETURN_NOT_OK(ApplyIndexHint(ref, *target.table, *target.plan));
  std::vector<OutputColumn> columns = target.plan->output;
  target.row_id = columns.back();
  columns.pop_back();
  target.scope.AddTable(ref.alias.empty() ? target.table->name : ref.alias.text, columns);
  return target;
}

/// What a column of SET becomes: a value as written, or one of a subquery's row.
struct Assigned {
  uint32_t ordinal = 0;
  const AstExpr* ast = nullptr;
  BoundExprPtr of_row;
};

/// In the order written. Of several for one column the last counts in SQLite's dialect; in the others that is 42701.
arrow::Result<std::vector<Assigned>> Assignments(const BindState& state, const TableSchema& table,
                                                 const std::vector<AstAssignment>& asts, ExprBinder& binder) {
  std::vector<AstName> names;
  std::vector<Assigned> result;
  for (const AstAssignment& assignment : asts) {
    const size_t width = assignment.columns.size();
    names.insert(names.end(), assignment.columns.begin(), assignment.columns.end());
    if (width == 1) {
      result.push_back({0, assignment.value.get(), nullptr});
      continue;
    }
    if (const auto* subquery = assignment.value->TryAs<AstSubquery>(); subquery != nullptr && !subquery->as_array) {
      ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> row, binder.BindSubqueryRow(*subquery, width));
      for (BoundExprPtr& value : row) result.push_back({0, nullptr, std::move(value)});
      continue;
    }
    const auto* row = assignment.value->TryAs<AstRow>();
    if (row == nullptr || row->values.size() != width) {
      return SqlError(sqlstate::kSyntaxError,
                      fmt::format("{} columns are set to {} value{}", width, row == nullptr ? 1 : row->values.size(),
                                  row == nullptr || row->values.size() == 1 ? "" : "s"),
                      assignment.range.position);
    }
    for (const AstExprPtr& value : row->values) result.push_back({0, value.get(), nullptr});
  }
  std::vector<uint32_t> ordinals;
  if (state.sqlite()) {
    for (const AstName& name : names) {
      ARROW_ASSIGN_OR_RAISE(const std::vector<uint32_t> one, TargetColumns(table, {name}));
      ordinals.push_back(one[0]);
    }
  } else {
    ARROW_ASSIGN_OR_RAISE(ordinals, TargetColumns(table, names));
  }
  for (size_t i = 0; i < result.size(); ++i) result[i].ordinal = ordinals[i];
  return result;
}

arrow::Result<LogicalPlanPtr> UpdatePlan(BindState& state, const AstUpdate& update, const QueryEnvironment& environment,
                                         TableId& id) {
  ARROW_ASSIGN_OR_RAISE(TargetScan target, ScanTarget(state, *update.table));
  id = target.table->id;
  if (update.where != nullptr) {
    ARROW_RETURN_NOT_OK(ApplyWhere(state, *update.where, target.scope, environment.ctes, target.plan));
  }
  std::vector<BoundExprPtr> exprs;
  exprs.push_back(ColumnOf(target.row_id));
  for (const ScopeColumn& column : target.scope.columns) {
    exprs.push_back(BoundExpr::Column(column.id, column.type, column.name));
  }
  std::vector<PendingSubquery> pending;
  ExprContext context;
  context.clause = "SET";
  context.scope = &target.scope;
  context.ctes = environment.ctes;
  context.subqueries = &pending;
  ExprBinder binder(state, context);
  std::vector<bool> changed(target.table->columns.size(), false);
  ARROW_ASSIGN_OR_RAISE(std::vector<Assigned> assignments,
                        Assignments(state, *target.table, update.assignments, binder));
  for (Assigned& assigned : assignments) {
    const ColumnSchema& column = target.table->columns[assigned.ordinal];
    BoundExprPtr& slot = exprs[assigned.ordinal + 1];
    changed[assigned.ordinal] = true;
    if (assigned.ast != nullptr && assigned.ast->Is<AstDefault>()) {
      ARROW_ASSIGN_OR_RAISE(slot, BindDefaultOf(state, column));
      continue;
    }
    BoundExprPtr expr = std::move(assigned.of_row);
    if (expr == nullptr) {
      ARROW_ASSIGN_OR_RAISE(expr, binder.Bind(*assigned.ast));
    }
    ARROW_ASSIGN_OR_RAISE(slot, AssignTo(state, std::move(expr), column.type, column.name));
  }
  std::vector<BoundExprPtr*> slots;
  for (BoundExprPtr& expr : exprs) slots.push_back(&expr);
  ARROW_RETURN_NOT_OK(AttachSubqueries(state, std::move(pending), target.plan, slots));
  std::vector<std::string> names = ColumnNames(*target.table);
  names.insert(names.begin(), target.row_id.name);
  LogicalPlanPtr child = MakeProject(state, std::move(target.plan), std::move(exprs), std::move(names));
  auto node = std::make_unique<LogicalUpdate>();
  node->table = target.table->id;
  node->table_name = target.table->name;
  const std::vector<OutputColumn> row(child->output.begin() + 1, child->output.end());
  ARROW_RETURN_NOT_OK(
      RefuseTriggers(*target.table, TriggerSchema::Event::kUpdate, changed, update.table->range.position));
  ARROW_ASSIGN_OR_RAISE(node->constraints, MakeConstraints(state, *target.table, row, changed));
  node->output.push_back(CountColumn(state));
  node->children.push_back(std::move(child));
  return node;
}

arrow::Result<LogicalPlanPtr> MakeDelete(BindState& state, TargetScan target, int64_t position) {
  ARROW_RETURN_NOT_OK(RefuseTriggers(*target.table, TriggerSchema::Event::kDelete, {}, position));
  std::vector<BoundExprPtr> exprs;
  exprs.push_back(ColumnOf(target.row_id));
  auto node = std::make_unique<LogicalDelete>();
  node->table = target.table->id;
  node->table_name = target.table->name;
  node->output.push_back(CountColumn(state));
  node->children.push_back(MakeProject(state, std::move(target.plan), std::move(exprs), {target.row_id.name}));
  return node;
}

}  // namespace

arrow::Result<BoundQuery> BindInsert(BindState& state, const AstInsert& insert) {
  ARROW_RETURN_NOT_OK(CheckInsert(insert));
  ARROW_ASSIGN_OR_RAISE(const TableSchemaPtr table, TargetTable(state, insert.table));
  InsertTarget target;
  target.table = table.get();
  target.source_of.assign(table->columns.size(), kNotGiven);
  if (insert.source != nullptr) {
    ARROW_ASSIGN_OR_RAISE(const std::vector<uint32_t> ordinals, TargetColumns(*table, insert.columns));
    for (uint32_t i = 0; i < ordinals.size(); ++i) target.source_of[ordinals[i]] = i;
    target.num_given = ordinals.size();
  }
  ARROW_ASSIGN_OR_RAISE(
      LogicalPlanPtr plan,
      BindWithCommonTables(state, insert.with, insert.recursive, {}, [&](const QueryEnvironment& environment) {
        return BindSource(state, insert, target, environment);
      }));
  ARROW_RETURN_NOT_OK(RefuseTriggers(*table, TriggerSchema::Event::kInsert, {}, insert.table.range.position));
  ARROW_ASSIGN_OR_RAISE(plan, MakeInsert(state, *table, std::move(plan), false));
  return Change(state, std::move(plan), QueryEffect::kInsert, table->id);
}

arrow::Result<BoundQuery> BindUpdate(BindState& state, const AstUpdate& update) {
  if (update.or_action != AstConflictAction::kNone && update.or_action != AstConflictAction::kAbort) {
    return Refuse("UPDATE OR …", update.or_action_position);
  }
  if (!update.from.empty()) return Refuse("UPDATE … FROM", update.from[0]->range.position);
  if (!update.returning.empty()) return Refuse("RETURNING", update.returning[0].range.position);
  TableId id;
  ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr plan, BindWithCommonTables(state, update.with, update.recursive, {},
                                                                  [&](const QueryEnvironment& environment) {
                                                                    return UpdatePlan(state, update, environment, id);
                                                                  }));
  return Change(state, std::move(plan), QueryEffect::kUpdate, id);
}

arrow::Result<BoundQuery> BindDelete(BindState& state, const AstDelete& statement) {
  if (!statement.using_items.empty()) return Refuse("DELETE … USING", statement.using_items[0]->range.position);
  if (!statement.returning.empty()) return Refuse("RETURNING", statement.returning[0].range.position);
  TableId id;
  const auto bind = [&](const QueryEnvironment& environment) -> arrow::Result<LogicalPlanPtr> {
    ARROW_ASSIGN_OR_RAISE(TargetScan target, ScanTarget(state, *statement.table));
    id = target.table->id;
    if (statement.where != nullptr) {
      ARROW_RETURN_NOT_OK(ApplyWhere(state, *statement.where, target.scope, environment.ctes, target.plan));
    }
    return MakeDelete(state, std::move(target), statement.table->range.position);
  };
  ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr plan,
                        BindWithCommonTables(state, statement.with, statement.recursive, {}, bind));
  return Change(state, std::move(plan), QueryEffect::kDelete, id);
}

arrow::Result<BoundQuery> BindTruncate(BindState& state, const AstTruncate& truncate) {
  TargetScan target;
  ARROW_ASSIGN_OR_RAISE(target.table, TargetTable(state, truncate.table));
  target.plan = MakeScan(state, *target.table, true);
  target.row_id = target.plan->output.back();
  const TableId id = target.table->id;
  ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr plan, MakeDelete(state, std::move(target), truncate.table.range.position));
  return Change(state, std::move(plan), QueryEffect::kDelete, id);
}

}  // namespace llkv
