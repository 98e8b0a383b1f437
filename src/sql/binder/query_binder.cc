// Whole queries: WITH around a body, set operations, VALUES, and ORDER BY and LIMIT over them.
#include "sql/binder/query_binder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/join_binder.h"
#include "sql/binder/order_binder.h"
#include "sql/binder/select_binder.h"
#include "sql/binder/typing.h"
#include "sql/binder/unnest.h"
#include "types/coercion.h"

namespace llkv {
namespace {

/// One row of VALUES with subqueries in it: a projection over what they give.
arrow::Result<LogicalPlanPtr> RowWithSubqueries(BindState& state, std::vector<BoundExprPtr> row,
                                                std::vector<PendingSubquery> pending) {
  LogicalPlanPtr plan = MakeSingleRow();
  std::vector<BoundExprPtr*> slots;
  for (BoundExprPtr& expr : row) slots.push_back(&expr);
  ARROW_RETURN_NOT_OK(AttachSubqueries(state, std::move(pending), plan, slots));
  std::vector<std::string> names(row.size(), "value");
  return MakeProject(state, std::move(plan), std::move(row), std::move(names));
}

LogicalPlanPtr MakeUnionAll(BindState& state, std::vector<LogicalPlanPtr> children) {
  if (children.size() == 1) return std::move(children[0]);
  auto node = std::make_unique<LogicalSetOperation>();
  node->all = true;
  for (const OutputColumn& column : children[0]->output) {
    node->output.push_back({state.NewColumn(), column.type, column.name});
  }
  node->children = std::move(children);
  return node;
}

arrow::Status UnifyRows(BindState& state, std::vector<std::vector<BoundExprPtr>>& rows) {
  for (size_t column = 0; column < rows[0].size(); ++column) {
    std::vector<BoundExprPtr*> slots;
    slots.reserve(rows.size());
    for (auto& row : rows) slots.push_back(&row[column]);
    ARROW_RETURN_NOT_OK(Unify(state, slots, "VALUES"));
  }
  return arrow::Status::OK();
}

arrow::Result<LogicalPlanPtr> BindValues(BindState& state, const AstValues& values,
                                         const QueryEnvironment& environment) {
  std::vector<std::vector<BoundExprPtr>> rows;
  std::vector<std::vector<PendingSubquery>> pending(values.rows.size());
  bool any_pending = false;
  rows.reserve(values.rows.size());
  for (size_t i = 0; i < values.rows.size(); ++i) {
    if (values.rows[i].size() != values.rows[0].size()) {
      return SqlError(sqlstate::kSyntaxError,
                      fmt::format("this row of VALUES has {} values, the first has {}", values.rows[i].size(),
                                  values.rows[0].size()),
                      values.row_ranges[i].position);
    }
    ExprContext context;
    context.clause = "VALUES";
    context.ctes = environment.ctes;
    context.subqueries = &pending[i];
    // The outer query's columns are one level out, behind an empty scope of this one's own.
    Scope own;
    own.parent = environment.outer;
    context.scope = &own;
    ExprBinder binder(state, context);
    std::vector<BoundExprPtr>& row = rows.emplace_back();
    row.reserve(values.rows[i].size());
    for (const AstExprPtr& expr : values.rows[i]) {
      ARROW_ASSIGN_OR_RAISE(row.emplace_back(), binder.Bind(*expr));
    }
    any_pending = any_pending || !pending[i].empty();
  }
  ARROW_RETURN_NOT_OK(UnifyRows(state, rows));
  LogicalPlanPtr plan;
  if (any_pending) {
    ARROW_ASSIGN_OR_RAISE(plan, RowsWithSubqueries(state, std::move(rows), std::move(pending)));
  } else {
    auto node = std::make_unique<LogicalValues>();
    for (const BoundExprPtr& expr : rows[0]) node->output.push_back({state.NewColumn(), expr->type, {}});
    node->rows = std::move(rows);
    plan = std::move(node);
  }
  for (size_t i = 0; i < plan->output.size(); ++i) plan->output[i].name = fmt::format("column{}", i + 1);
  return plan;
}

/// Each is a level of the plan.
constexpr size_t kMaxExceptInputs = 1000;

/// The literal of text that a column of an input is in every row, or null.
BoundExprPtr* LiteralColumn(LogicalPlan& input, size_t column) {
  LogicalPlan* node = &input;
  while (node->kind == PlanKind::kLimit) node = node->children[0].get();
  if (node->kind != PlanKind::kProject) return nullptr;
  BoundExprPtr& expr = node->As<LogicalProject>().exprs[column];
  return expr->is_literal ? &expr : nullptr;
}

/// Gives such a literal the type of the column that it becomes part of.
arrow::Status TypeLiteralColumn(BindState& state, LogicalType type, size_t column, LogicalPlan& input) {
  BoundExprPtr& literal = *LiteralColumn(input, column);
  ARROW_ASSIGN_OR_RAISE(literal, CastTo(state, std::move(literal), type));
  LogicalPlan* node = &input;
  for (; node->kind == PlanKind::kLimit; node = node->children[0].get()) node->output[column].type = type;
  node->output[column].type = type;
  return arrow::Status::OK();
}

/// The common types of the columns of a set operation's inputs.
arrow::Result<std::vector<LogicalType>> CommonTypes(BindState& state, std::vector<LogicalPlanPtr>& inputs,
                                                    const AstSetOperation& operation) {
  std::vector<LogicalType> types;
  const size_t num_columns = inputs[0]->output.size();
  for (size_t input = 1; input < inputs.size(); ++input) {
    if (inputs[input]->output.size() == num_columns) continue;
    return SqlError(sqlstate::kSyntaxError,
                    fmt::format("the queries of a set operation must have equally many columns: {} and {}", num_columns,
                                inputs[input]->output.size()),
                    operation.inputs[input]->range.position);
  }
  for (size_t i = 0; i < num_columns; ++i) {
    std::vector<BoundExprPtr> columns;
    std::vector<const BoundExpr*> views;
    for (size_t input = 0; input < inputs.size(); ++input) {
      const OutputColumn& column = inputs[input]->output[i];
      const BoundExprPtr* literal = state.sqlite() ? nullptr : LiteralColumn(*inputs[input], i);
      columns.push_back(literal != nullptr ? (*literal)->Clone()
                                           : BoundExpr::Column(column.id, column.type, column.name));
      columns.back()->position = operation.inputs[input]->range.position;
      views.push_back(columns.back().get());
    }
    ARROW_ASSIGN_OR_RAISE(types.emplace_back(),
                          UnifiedType(views, fmt::format("column {} of the set operation", i + 1), state.sqlite()));
    for (size_t input = 0; input < inputs.size(); ++input) {
      if (!columns[input]->is_literal || types[i].id() == TypeId::kVarchar) continue;
      ARROW_RETURN_NOT_OK(TypeLiteralColumn(state, types[i], i, *inputs[input]));
    }
  }
  return types;
}

arrow::Result<LogicalPlanPtr> BindSetOperation(BindState& state, const AstSetOperation& operation,
                                               const QueryEnvironment& environment) {
  std::vector<LogicalPlanPtr> inputs;
  inputs.reserve(operation.inputs.size());
  for (const AstQueryBodyPtr& input : operation.inputs) {
    ARROW_ASSIGN_OR_RAISE(inputs.emplace_back(), BindQueryBody(state, *input, environment));
  }
  return CombineInputs(state, operation, std::move(inputs));
}

}  // namespace

arrow::Result<LogicalPlanPtr> CombineInputs(BindState& state, const AstSetOperation& operation,
                                            std::vector<LogicalPlanPtr> inputs) {
  if (operation.by_name) return Refuse("BY NAME", operation.position);
  ARROW_ASSIGN_OR_RAISE(const std::vector<LogicalType> types, CommonTypes(state, inputs, operation));
  for (LogicalPlanPtr& input : inputs) {
    ARROW_ASSIGN_OR_RAISE(input, CastColumns(state, std::move(input), types));
  }
  const auto make = [&](std::vector<LogicalPlanPtr> children) -> LogicalPlanPtr {
    auto node = std::make_unique<LogicalSetOperation>();
    node->op = operation.op == AstSetOperator::kUnion       ? LogicalSetOperation::Op::kUnion
               : operation.op == AstSetOperator::kIntersect ? LogicalSetOperation::Op::kIntersect
                                                            : LogicalSetOperation::Op::kExcept;
    node->all = operation.all;
    for (const OutputColumn& column : children[0]->output) {
      node->output.push_back({state.NewColumn(), column.type, column.name});
    }
    node->children = std::move(children);
    return node;
  };
  const auto make_pair = [&](LogicalPlanPtr left, LogicalPlanPtr right) {
    std::vector<LogicalPlanPtr> pair;
    pair.push_back(std::move(left));
    pair.push_back(std::move(right));
    return make(std::move(pair));
  };
  if (operation.op == AstSetOperator::kExcept) {
    if (inputs.size() > kMaxExceptInputs) {
      return SqlError(sqlstate::kStatementTooComplex,
                      fmt::format("more than {} queries in an EXCEPT", kMaxExceptInputs), operation.position);
    }
    LogicalPlanPtr result = std::move(inputs[0]);
    for (size_t i = 1; i < inputs.size(); ++i) result = make_pair(std::move(result), std::move(inputs[i]));
    return result;
  }
  // The others are associative: neighbours are paired, so that any number of queries makes a shallow tree.
  while (inputs.size() > 1) {
    size_t count = 0;
    for (size_t i = 0; i + 1 < inputs.size(); i += 2) {
      inputs[count++] = make_pair(std::move(inputs[i]), std::move(inputs[i + 1]));
    }
    if (inputs.size() % 2 != 0) inputs[count++] = std::move(inputs.back());
    inputs.resize(count);
  }
  return std::move(inputs[0]);
}

arrow::Result<LogicalPlanPtr> BindQueryBody(BindState& state, const AstQueryBody& body,
                                            const QueryEnvironment& environment) {
  switch (body.kind) {
    case AstQueryBodyKind::kSelect: {
      const AstQuery plain;
      return BindSelect(state, body.As<AstSelect>(), plain, environment);
    }
    case AstQueryBodyKind::kSetOperation:
      return BindSetOperation(state, body.As<AstSetOperation>(), environment);
    case AstQueryBodyKind::kValues:
      return BindValues(state, body.As<AstValues>(), environment);
    case AstQueryBodyKind::kNested:
      return BindQuery(state, *body.As<AstNestedQuery>().query, environment);
  }
  return InternalError("unknown query");
}

namespace {

/// A conjunct of WHERE that must wait for its subqueries' joins, or for such a one before it.
struct LateTerm {
  BoundExprPtr term;
  std::vector<PendingSubquery> pending;
};

/// Where the term is just a pending EXISTS or IN, or NOT of one.
bool IsTest(const LateTerm& late, bool* negated) {
  if (late.pending.empty() || late.pending.back().kind == PendingSubquery::Kind::kScalar) return false;
  const BoundExpr* node = late.term.get();
  *negated = false;
  while (node->kind == ExprKind::kFunction && node->function.name == "not") {
    *negated = !*negated;
    node = node->children[0].get();
  }
  return node->IsColumn() && node->column == late.pending.back().result;
}

arrow::Status ApplyLate(BindState& state, LateTerm late, LogicalPlanPtr& plan) {
  bool negated = false;
  if (IsTest(late, &negated) && (!negated || late.pending.back().terms.size() <= 1)) {
    PendingSubquery test = std::move(late.pending.back());
    late.pending.pop_back();
    std::vector<BoundExprPtr*> slots;
    for (BoundExprPtr& term : test.terms) slots.push_back(&term);
    ARROW_RETURN_NOT_OK(AttachSubqueries(state, std::move(late.pending), plan, slots));
    return AttachAsFilter(state, std::move(test), negated, plan);
  }
  BoundExprPtr* slots[] = {&late.term};
  ARROW_RETURN_NOT_OK(AttachSubqueries(state, std::move(late.pending), plan, slots));
  NarrowOuterJoin(*late.term, *plan);
  plan = MakeFilter(std::move(plan), SplitConjuncts(std::move(late.term)));
  return arrow::Status::OK();
}

void FlattenAnd(const AstExpr& expr, std::vector<const AstExpr*>& terms) {
  const auto* logical = expr.TryAs<AstLogical>();
  if (logical == nullptr || !logical->is_and) {
    terms.push_back(&expr);
    return;
  }
  for (const AstExprPtr& operand : logical->operands) FlattenAnd(*operand, terms);
}

}  // namespace

arrow::Result<LogicalPlanPtr> BindQuery(BindState& state, const AstQuery& query, const QueryEnvironment& environment) {
  if (query.limit_percent) return Refuse("LIMIT … PERCENT", query.limit->position);
  const auto bind = [&](const QueryEnvironment& inner) -> arrow::Result<LogicalPlanPtr> {
    if (query.body->Is<AstSelect>()) return BindSelect(state, query.body->As<AstSelect>(), query, inner);
    ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr plan, BindQueryBody(state, *query.body, inner));
    return BindOrderAndLimit(state, query, inner, std::move(plan));
  };
  if (query.with.empty()) return bind(environment);
  return BindWithCommonTables(state, query.with, query.recursive, environment, bind);
}

arrow::Result<LogicalPlanPtr> RowsWithSubqueries(BindState& state, std::vector<std::vector<BoundExprPtr>> rows,
                                                 std::vector<std::vector<PendingSubquery>> pending) {
  std::vector<LogicalPlanPtr> children;
  for (size_t i = 0; i < rows.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(children.emplace_back(), RowWithSubqueries(state, std::move(rows[i]), std::move(pending[i])));
  }
  return MakeUnionAll(state, std::move(children));
}

arrow::Status ApplyWhere(BindState& state, const AstExpr& where, const Scope& scope, const CteFrame* ctes,
                         LogicalPlanPtr& plan) {
  std::vector<const AstExpr*> asts;
  FlattenAnd(where, asts);
  std::vector<BoundExprPtr> plain;
  std::vector<LateTerm> late;
  for (const AstExpr* ast : asts) {
    std::vector<PendingSubquery> pending;
    ExprContext context;
    context.clause = "WHERE";
    context.scope = &scope;
    context.ctes = ctes;
    context.subqueries = &pending;
    context.whole_term = ast;
    ARROW_ASSIGN_OR_RAISE(BoundExprPtr term, ExprBinder(state, context).BindCondition(*ast));
    // A term that can fail stays behind the subqueries that stood before it.
    if (pending.empty() && (late.empty() || !term->CanFail())) {
      for (BoundExprPtr& part : SplitConjuncts(std::move(term))) plain.push_back(std::move(part));
    } else {
      late.push_back({std::move(term), std::move(pending)});
    }
  }
  if (!plain.empty()) plan = MakeFilter(std::move(plan), std::move(plain));
  for (LateTerm& term : late) ARROW_RETURN_NOT_OK(ApplyLate(state, std::move(term), plan));
  return arrow::Status::OK();
}

BoundExprPtr ColumnOf(const OutputColumn& column, int64_t position) {
  return BoundExpr::Column(column.id, column.type, column.name, position);
}

void SetJoinOutput(LogicalJoin& join) {
  join.output = join.children[0]->output;
  if (!GivesPairs(join.type)) return;
  const auto& right = join.children[1]->output;
  join.output.insert(join.output.end(), right.begin(), right.end());
}

LogicalPlanPtr MakeJoin(JoinType type, LogicalPlanPtr left, LogicalPlanPtr right, std::vector<BoundExprPtr> terms) {
  auto join = std::make_unique<LogicalJoin>();
  join->type = type;
  join->terms = std::move(terms);
  join->children.push_back(std::move(left));
  join->children.push_back(std::move(right));
  SetJoinOutput(*join);
  return join;
}

LogicalPlanPtr MakeFilter(LogicalPlanPtr plan, std::vector<BoundExprPtr> terms) {
  auto filter = std::make_unique<LogicalFilter>();
  filter->terms = std::move(terms);
  filter->output = plan->output;
  filter->children.push_back(std::move(plan));
  return filter;
}

LogicalPlanPtr MakeProject(BindState& state, LogicalPlanPtr plan, std::vector<BoundExprPtr> exprs,
                           std::vector<std::string> names) {
  auto project = std::make_unique<LogicalProject>();
  project->output.reserve(exprs.size());
  for (size_t i = 0; i < exprs.size(); ++i) {
    project->output.push_back({state.NewColumn(), exprs[i]->type, std::move(names[i])});
  }
  project->exprs = std::move(exprs);
  project->children.push_back(std::move(plan));
  return project;
}

arrow::Result<LogicalPlanPtr> CastColumns(BindState& state, LogicalPlanPtr plan,
                                          const std::vector<LogicalType>& types) {
  bool same = true;
  for (size_t i = 0; i < types.size(); ++i) same = same && plan->output[i].type == types[i];
  if (same) return plan;
  std::vector<BoundExprPtr> exprs;
  std::vector<std::string> names;
  for (size_t i = 0; i < types.size(); ++i) {
    const OutputColumn& column = plan->output[i];
    BoundExprPtr expr = BoundExpr::Column(column.id, column.type, column.name);
    ARROW_ASSIGN_OR_RAISE(exprs.emplace_back(), CastTo(state, std::move(expr), types[i]));
    names.push_back(column.name);
  }
  return MakeProject(state, std::move(plan), std::move(exprs), std::move(names));
}

}  // namespace llkv
