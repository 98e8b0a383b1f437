// Subqueries in expressions: bound here, joined in later (unnest.h).
#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "plan/plan_visitor.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/query_binder.h"
#include "sql/binder/set_calls.h"
#include "sql/binder/typing.h"

namespace llkv {
namespace {

arrow::Status CheckWidth(const LogicalPlan& plan, size_t wanted, int64_t position) {
  if (plan.output.size() == wanted) return arrow::Status::OK();
  return SqlError(
      sqlstate::kSyntaxError,
      fmt::format("the subquery must give {} column{}, not {}", wanted, wanted == 1 ? "" : "s", plan.output.size()),
      position);
}

AstBinaryOp Negated(AstBinaryOp op) {
  switch (op) {
    case AstBinaryOp::kEqual:
      return AstBinaryOp::kNotEqual;
    case AstBinaryOp::kNotEqual:
      return AstBinaryOp::kEqual;
    case AstBinaryOp::kLess:
      return AstBinaryOp::kGreaterEqual;
    case AstBinaryOp::kLessEqual:
      return AstBinaryOp::kGreater;
    case AstBinaryOp::kGreater:
      return AstBinaryOp::kLessEqual;
    default:
      return AstBinaryOp::kLess;
  }
}

/// The keys that a query's rows are sorted by, over the plan's columns, to which those are added that it sorts by but
/// does not give. A sort that only those keys would need goes.
std::vector<SortKey> TakeOrder(BindState& state, LogicalPlanPtr& plan) {
  std::vector<SortKey> keys;
  LogicalPlanPtr* node = &plan;
  LogicalProject* project = nullptr;
  if ((*node)->kind == PlanKind::kProject && !(*node)->children.empty()) {
    project = &(*node)->As<LogicalProject>();
    node = &(*node)->children[0];
  }
  const bool has_limit = (*node)->kind == PlanKind::kLimit;
  if (has_limit) node = &(*node)->children[0];
  if ((*node)->kind != PlanKind::kSort) return keys;
  for (const SortKey& key : (*node)->As<LogicalSort>().keys) {
    SortKey& taken = keys.emplace_back();
    taken.expr = key.expr->Clone();
    taken.descending = key.descending;
    taken.nulls_first = key.nulls_first;
    if (project == nullptr) continue;
    project->output.push_back({state.NewColumn(), key.expr->type, "order"});
    project->exprs.push_back(std::exchange(taken.expr, ColumnOf(project->output.back(), key.expr->position)));
  }
  if (has_limit) return keys;
  LogicalPlanPtr child = std::move((*node)->children[0]);
  *node = std::move(child);
  return keys;
}

}  // namespace

arrow::Result<PendingSubquery> ExprBinder::BindQueryOf(const AstQuery& query, int64_t position) {
  if (context_.subqueries == nullptr) {
    return SqlError(sqlstate::kFeatureNotSupported, fmt::format("subqueries are not allowed in {}", context_.clause),
                    position);
  }
  PendingSubquery pending;
  pending.position = position;
  state_.enclosing.push_back(&context_);
  auto plan = BindQuery(state_, query, {context_.scope, context_.ctes});
  state_.enclosing.pop_back();
  ARROW_ASSIGN_OR_RAISE(pending.plan, std::move(plan));
  pending.correlated = context_.scope != nullptr && !FreeColumns(*pending.plan).empty();
  return pending;
}

BoundExprPtr ExprBinder::AddPending(PendingSubquery pending, PendingSubquery::Kind kind, LogicalType type) {
  pending.kind = kind;
  pending.type = type;
  pending.result = state_.NewColumn();
  const ColumnId result = pending.result;
  const int64_t position = pending.position;
  context_.subqueries->push_back(std::move(pending));
  return BoundExpr::Column(result, type, "subquery", position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindScalarSubquery(const AstSubquery& subquery) {
  if (subquery.as_array) return BindArraySubquery(subquery);
  ARROW_ASSIGN_OR_RAISE(PendingSubquery pending, BindQueryOf(*subquery.query, subquery.position));
  ARROW_RETURN_NOT_OK(CheckWidth(*pending.plan, 1, subquery.position));
  const LogicalType type = pending.plan->output[0].type;
  return AddPending(std::move(pending), PendingSubquery::Kind::kScalar, type);
}

// As one STRUCT, whose fields are the values.
arrow::Result<std::vector<BoundExprPtr>> ExprBinder::BindSubqueryRow(const AstSubquery& subquery, size_t width) {
  const int64_t position = subquery.position;
  ARROW_ASSIGN_OR_RAISE(PendingSubquery pending, BindQueryOf(*subquery.query, position));
  ARROW_RETURN_NOT_OK(CheckWidth(*pending.plan, width, position));
  std::vector<BoundExprPtr> values;
  for (const OutputColumn& column : pending.plan->output) values.push_back(ColumnOf(column, position));
  std::vector<BoundExprPtr> exprs;
  ARROW_ASSIGN_OR_RAISE(exprs.emplace_back(), MakeStruct(std::vector<std::string>(width), std::move(values), position));
  const LogicalType type = exprs[0]->type;
  pending.plan = MakeProject(state_, std::move(pending.plan), std::move(exprs), {"row"});
  const BoundExprPtr row = AddPending(std::move(pending), PendingSubquery::Kind::kScalar, type);
  std::vector<BoundExprPtr> fields;
  for (size_t i = 0; i < width; ++i) {
    std::vector<BoundExprPtr> arguments;
    arguments.push_back(row->Clone());
    arguments.push_back(BoundExpr::Constant(Value::BigInt(static_cast<int64_t>(i) + 1), position));
    ARROW_ASSIGN_OR_RAISE(fields.emplace_back(),
                          MakeFunction(state_, "struct_extract", std::move(arguments), position));
  }
  return fields;
}

// ARRAY(SELECT …): array_agg over the subquery's rows in their order, and no rows are an empty list.
arrow::Result<BoundExprPtr> ExprBinder::BindArraySubquery(const AstSubquery& subquery) {
  const int64_t position = subquery.position;
  ARROW_ASSIGN_OR_RAISE(PendingSubquery pending, BindQueryOf(*subquery.query, position));
  ARROW_RETURN_NOT_OK(CheckWidth(*pending.plan, 1, position));
  const OutputColumn column = pending.plan->output[0];
  std::vector<SortKey> order = TakeOrder(state_, pending.plan);
  AggregateCall call;
  const Value* no_constant = nullptr;
  const BindInput input{{&column.type, size_t{1}}, {&no_constant, size_t{1}}, state_.options.dialect};
  auto bound = state_.functions.BindAggregate("array_agg", input);
  if (!bound.ok()) return WithPosition(bound.status(), position);
  call.function = std::move(bound).ValueUnsafe();
  ARROW_ASSIGN_OR_RAISE(call.arguments.emplace_back(),
                        CastTo(state_, ColumnOf(column, position), call.function.argument_types[0]));
  OrderArguments(std::move(order), &call);
  auto aggregate = std::make_unique<LogicalAggregate>();
  const OutputColumn list{state_.NewColumn(), call.function.return_type, "array"};
  aggregate->output.push_back(list);
  aggregate->aggregates.push_back(std::move(call));
  aggregate->children.push_back(std::move(pending.plan));

  std::vector<BoundExprPtr> children;
  ARROW_ASSIGN_OR_RAISE(children.emplace_back(), MakeIsNull(state_, ColumnOf(list, position), position));
  ARROW_ASSIGN_OR_RAISE(children.emplace_back(), MakeFunction(state_, "list_value", {}, position));
  children.push_back(ColumnOf(list, position));
  std::vector<BoundExprPtr> exprs;
  ARROW_ASSIGN_OR_RAISE(exprs.emplace_back(), MakeCase(state_, std::move(children), position));
  const LogicalType type = exprs[0]->type;
  pending.plan = MakeProject(state_, std::move(aggregate), std::move(exprs), {list.name});
  return AddPending(std::move(pending), PendingSubquery::Kind::kScalar, type);
}

arrow::Result<BoundExprPtr> ExprBinder::BindExists(const AstExists& exists) {
  ARROW_ASSIGN_OR_RAISE(PendingSubquery pending, BindQueryOf(*exists.query, exists.position));
  return AddPending(std::move(pending), PendingSubquery::Kind::kExists, TypeId::kBoolean);
}

arrow::Result<BoundExprPtr> ExprBinder::BindInSubquery(const AstInSubquery& in) {
  std::vector<BoundExprPtr> operands;
  if (const auto* row = in.operand->TryAs<AstRow>()) {
    ARROW_ASSIGN_OR_RAISE(operands, BindAll(row->values));
  } else {
    ARROW_ASSIGN_OR_RAISE(operands.emplace_back(), Bind(*in.operand));
  }
  BoundExprPtr result;
  if (operands.size() > 1 && (in.negated || &in != context_.whole_term)) {
    const BindRows bind_rows = [&] { return BindQueryOf(*in.query, in.position); };
    ARROW_ASSIGN_OR_RAISE(result, MakeAnyByExists(AstBinaryOp::kEqual, operands, bind_rows, in.position));
  } else {
    ARROW_ASSIGN_OR_RAISE(PendingSubquery pending, BindQueryOf(*in.query, in.position));
    ARROW_ASSIGN_OR_RAISE(result, MakeIn(std::move(operands), std::move(pending), in.position));
  }
  if (!in.negated) return result;
  return MakeNot(state_, std::move(result), in.position);
}

arrow::Result<BoundExprPtr> ExprBinder::MakeIn(std::vector<BoundExprPtr> operands, PendingSubquery pending,
                                               int64_t position) {
  ARROW_RETURN_NOT_OK(CheckWidth(*pending.plan, operands.size(), position));
  for (size_t i = 0; i < operands.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(
        pending.terms.emplace_back(),
        MakeComparison(state_, "=", std::move(operands[i]), ColumnOf(pending.plan->output[i], position), position));
  }
  return AddPending(std::move(pending), PendingSubquery::Kind::kIn, TypeId::kBoolean);
}

arrow::Result<BoundExprPtr> ExprBinder::BindQuantified(const AstQuantified& quantified) {
  const int64_t position = quantified.position;
  if (quantified.op < AstBinaryOp::kEqual || quantified.op > AstBinaryOp::kGreaterEqual) {
    return Refuse(fmt::format("{} ANY", OperatorName(quantified.op)), position);
  }
  std::vector<BoundExprPtr> operands;
  if (const auto* row = quantified.operand->TryAs<AstRow>()) {
    ARROW_ASSIGN_OR_RAISE(operands, BindAll(row->values));
  } else {
    ARROW_ASSIGN_OR_RAISE(operands.emplace_back(), Bind(*quantified.operand));
  }
  // x op ALL q is NOT (x negated-op ANY q), in three-valued logic too.
  const AstBinaryOp op = quantified.all ? Negated(quantified.op) : quantified.op;
  const BindRows bind_rows = [&] {
    return quantified.query != nullptr ? BindQueryOf(*quantified.query, position)
                                       : BindElements(*quantified.list, position);
  };
  BoundExprPtr any;
  if (operands.size() > 1) {
    ARROW_ASSIGN_OR_RAISE(any, MakeAnyByExists(op, operands, bind_rows, position));
  } else {
    ARROW_ASSIGN_OR_RAISE(any, MakeAny(op, std::move(operands), bind_rows, position));
  }
  if (quantified.query == nullptr && !quantified.list->Is<AstList>()) {
    // No list is not a list of no elements.
    std::vector<BoundExprPtr> children;
    ARROW_ASSIGN_OR_RAISE(BoundExprPtr list, Bind(*quantified.list));
    ARROW_ASSIGN_OR_RAISE(children.emplace_back(), MakeIsNull(state_, std::move(list), position));
    children.push_back(BoundExpr::Constant(Value::Null(TypeId::kBoolean)));
    children.push_back(std::move(any));
    ARROW_ASSIGN_OR_RAISE(any, MakeCase(state_, std::move(children), position));
  }
  if (!quantified.all) return any;
  return MakeNot(state_, std::move(any), position);
}

arrow::Result<PendingSubquery> ExprBinder::BindElements(const AstExpr& list, int64_t position) {
  if (context_.subqueries == nullptr) {
    return SqlError(sqlstate::kFeatureNotSupported,
                    fmt::format("ANY and ALL over a list are not allowed in {}", context_.clause), position);
  }
  std::vector<BoundExprPtr> arguments;
  ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), Bind(list));
  const TypeId type = arguments[0]->type.id();
  if (type != TypeId::kList && type != TypeId::kArray && type != TypeId::kNull) {
    return SqlError(sqlstate::kWrongObjectType,
                    fmt::format("ANY and ALL take a list or a subquery, not {}", arguments[0]->type.ToString()),
                    list.position);
  }
  const TableFunction* unnest = state_.functions.FindTable("unnest");
  if (unnest == nullptr) return InternalError("no function unnest");
  std::vector<SetCall> calls;
  ARROW_ASSIGN_OR_RAISE(calls.emplace_back(),
                        MakeSetCall(state_, *unnest, std::move(arguments), /*in_select_list=*/false, position));
  const std::vector<OutputColumn> outputs{{state_.NewColumn(), calls[0].function->column_types[0], "element"}};
  PendingSubquery pending;
  pending.position = position;
  pending.plan = MakeProjectSet(std::move(calls), outputs, MakeSingleRow());
  pending.correlated = !FreeColumns(*pending.plan).empty();
  return pending;
}

arrow::Result<BoundExprPtr> ExprBinder::MakeAny(AstBinaryOp op, std::vector<BoundExprPtr> operands,
                                                const BindRows& bind_rows, int64_t position) {
  ARROW_ASSIGN_OR_RAISE(PendingSubquery pending, bind_rows());
  ARROW_RETURN_NOT_OK(CheckWidth(*pending.plan, 1, position));
  if (op == AstBinaryOp::kEqual) return MakeIn(std::move(operands), std::move(pending), position);
  if (!pending.correlated) return MakeAnyByBounds(op, std::move(operands[0]), std::move(pending), position);
  return MakeAnyByExists(op, operands, bind_rows, position, std::move(pending));
}

arrow::Result<BoundExprPtr> ExprBinder::CompareWith(AstBinaryOp op, const std::vector<BoundExprPtr>& operands,
                                                    const LogicalPlan& plan, int64_t position) {
  ARROW_RETURN_NOT_OK(CheckWidth(plan, operands.size(), position));
  std::vector<BoundExprPtr> row;
  std::vector<BoundExprPtr> columns;
  for (size_t i = 0; i < operands.size(); ++i) {
    row.push_back(operands[i]->Clone());
    columns.push_back(ColumnOf(plan.output[i], position));
  }
  return MakeRowComparison(state_, OperatorName(op), std::move(row), std::move(columns), position);
}

// x op ANY q: TRUE where there is a y in q with x op y; else NULL where there is one for which that is NULL.
arrow::Result<BoundExprPtr> ExprBinder::MakeAnyByExists(AstBinaryOp op, const std::vector<BoundExprPtr>& operands,
                                                        const BindRows& bind_rows, int64_t position,
                                                        std::optional<PendingSubquery> bound) {
  for (const BoundExprPtr& operand : operands) {
    if (operand->IsVolatile()) return Refuse("ANY of a value that differs from call to call", position);
  }
  const auto exists = [&](PendingSubquery pending, bool is_unknown) -> arrow::Result<BoundExprPtr> {
    ARROW_ASSIGN_OR_RAISE(BoundExprPtr condition, CompareWith(op, operands, *pending.plan, position));
    if (is_unknown) {
      ARROW_ASSIGN_OR_RAISE(condition, MakeIsNull(state_, std::move(condition), position));
    }
    pending.plan = MakeFilter(std::move(pending.plan), SplitConjuncts(std::move(condition)));
    pending.correlated = !FreeColumns(*pending.plan).empty();
    return AddPending(std::move(pending), PendingSubquery::Kind::kExists, TypeId::kBoolean);
  };
  std::vector<BoundExprPtr> children;
  if (!bound) {
    ARROW_ASSIGN_OR_RAISE(bound, bind_rows());
  }
  ARROW_ASSIGN_OR_RAISE(children.emplace_back(), exists(*std::move(bound), false));
  children.push_back(BoundExpr::Constant(Value::Boolean(true)));
  // Bound once more: a plan is part of one place.
  ARROW_ASSIGN_OR_RAISE(PendingSubquery again, bind_rows());
  ARROW_ASSIGN_OR_RAISE(children.emplace_back(), exists(std::move(again), true));
  children.push_back(BoundExpr::Constant(Value::Null(TypeId::kBoolean)));
  children.push_back(BoundExpr::Constant(Value::Boolean(false)));
  return MakeCase(state_, std::move(children), position);
}

// x < ANY q, for q's values y: FALSE over no rows; TRUE where x < max(y); else NULL where some y is NULL; else
// x < max(y), which is FALSE, or NULL where x is. `<>` differs from ANY where it differs from min or max.
arrow::Result<BoundExprPtr> ExprBinder::MakeAnyByBounds(AstBinaryOp op, BoundExprPtr operand, PendingSubquery pending,
                                                        int64_t position) {
  if (operand->IsVolatile()) return Refuse("ANY of a value that differs from call to call", position);
  const OutputColumn column = pending.plan->output[0];
  auto aggregate = std::make_unique<LogicalAggregate>();
  const auto add = [&](std::string_view name, bool with_argument) -> arrow::Status {
    AggregateCall call;
    const LogicalType type = column.type;
    const Value* no_constant = nullptr;
    const BindInput input{{&type, with_argument ? size_t{1} : size_t{0}},
                          {&no_constant, with_argument ? size_t{1} : size_t{0}},
                          state_.options.dialect};
    auto bound = state_.functions.BindAggregate(name, input);
    if (!bound.ok()) return WithPosition(bound.status(), position);
    call.function = std::move(bound).ValueUnsafe();
    if (with_argument) {
      ARROW_ASSIGN_OR_RAISE(call.arguments.emplace_back(),
                            CastTo(state_, ColumnOf(column, position), call.function.argument_types[0]));
    }
    aggregate->output.push_back({state_.NewColumn(), call.function.return_type, std::string(name)});
    aggregate->aggregates.push_back(std::move(call));
    return arrow::Status::OK();
  };
  ARROW_RETURN_NOT_OK(add("count", false));
  ARROW_RETURN_NOT_OK(add("count", true));
  const bool needs_min = op != AstBinaryOp::kLess && op != AstBinaryOp::kLessEqual;
  const bool needs_max = op != AstBinaryOp::kGreater && op != AstBinaryOp::kGreaterEqual;
  if (needs_min) ARROW_RETURN_NOT_OK(add("min", true));
  if (needs_max) ARROW_RETURN_NOT_OK(add("max", true));
  aggregate->children.push_back(std::move(pending.plan));
  const std::vector<OutputColumn> outputs = aggregate->output;

  // One scalar subquery an aggregate would compute it again for each: its row joins once, and the rest refers to it.
  std::vector<BoundExprPtr> tests;
  for (size_t i = 2; i < outputs.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(tests.emplace_back(), MakeComparison(state_, OperatorName(op), operand->Clone(),
                                                               ColumnOf(outputs[i], position), position));
  }
  BoundExprPtr test = BoundExpr::Conjunction(false, std::move(tests));
  const auto count = [&](size_t i) { return ColumnOf(outputs[i], position); };
  std::vector<BoundExprPtr> children;
  ARROW_ASSIGN_OR_RAISE(children.emplace_back(),
                        MakeComparison(state_, "=", count(0), BoundExpr::Constant(Value::BigInt(0)), position));
  children.push_back(BoundExpr::Constant(Value::Boolean(false)));
  children.push_back(test->Clone());
  children.push_back(BoundExpr::Constant(Value::Boolean(true)));
  ARROW_ASSIGN_OR_RAISE(children.emplace_back(), MakeComparison(state_, "<", count(1), count(0), position));
  children.push_back(BoundExpr::Constant(Value::Null(TypeId::kBoolean)));
  children.push_back(std::move(test));
  pending.plan = std::move(aggregate);
  AddPending(std::move(pending), PendingSubquery::Kind::kScalar, outputs[0].type);
  // The aggregation's columns are read under their own names.
  context_.subqueries->back().result = outputs[0].id;
  return MakeCase(state_, std::move(children), position);
}

}  // namespace llkv
