// Calls of aggregate functions, and GROUPING. A call belongs to the innermost query that has a column among its
// arguments: there it is computed, and a subquery that it stands in reads the result as a column of that query.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "functions/ordered_aggregate.h"
#include "plan/plan_visitor.h"
#include "sql/binder/dynamic_typing.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/order_binder.h"
#include "sql/binder/typing.h"

namespace llkv {
namespace {

bool SameCall(const AggregateCall& a, const AggregateCall& b) {
  if (a.function.name != b.function.name || a.function.argument_types != b.function.argument_types ||
      a.distinct != b.distinct || a.arguments.size() != b.arguments.size() ||
      (a.filter == nullptr) != (b.filter == nullptr)) {
    return false;
  }
  for (size_t i = 0; i < a.arguments.size(); ++i) {
    if (!a.arguments[i]->Equals(*b.arguments[i])) return false;
  }
  return a.filter == nullptr || a.filter->Equals(*b.filter);
}

/// A column for the call's result: of a call that is there already, or of a new one.
BoundExprPtr AddAggregate(BindState& state, AggregateState& aggregates, AggregateCall call,
                          const AstFunction& function) {
  size_t index = 0;
  while (index < aggregates.calls.size() && !SameCall(aggregates.calls[index], call)) ++index;
  if (index == aggregates.calls.size()) {
    std::string text = function.distinct ? "DISTINCT " : "";
    for (const BoundExprPtr& argument : call.arguments) {
      if (&argument != &call.arguments.front()) text += ", ";
      text += argument->ToString();
    }
    std::string name = fmt::format("{}({})", call.function.name, call.arguments.empty() ? "*" : text);
    aggregates.outputs.push_back({state.NewColumn(), call.function.return_type, std::move(name)});
    aggregates.calls.push_back(std::move(call));
  }
  const OutputColumn& output = aggregates.outputs[index];
  return BoundExpr::Column(output.id, output.type, output.name, function.position);
}

/// What a call reads of the queries that it stands in, through the subqueries among its arguments too.
std::unordered_set<ColumnId> ReadColumns(const AggregateCall& call, const std::vector<PendingSubquery>& pending) {
  std::unordered_set<ColumnId> columns;
  for (const BoundExprPtr& argument : call.arguments) CollectColumns(*argument, columns);
  if (call.filter != nullptr) CollectColumns(*call.filter, columns);
  for (const PendingSubquery& subquery : pending) {
    columns.merge(FreeColumns(*subquery.plan));
    for (const BoundExprPtr& term : subquery.terms) CollectColumns(*term, columns);
  }
  for (const PendingSubquery& subquery : pending) {
    columns.erase(subquery.result);
    for (const OutputColumn& column : subquery.plan->output) columns.erase(column.id);
  }
  return columns;
}

/// Does a subquery read a definition of a WITH clause that is not completed yet?
bool UsesOpenDefinitions(const LogicalPlan& plan) {
  bool uses = false;
  VisitPlan(plan, [&uses](const LogicalPlan& node) {
    uses = uses || (node.kind == PlanKind::kProject && node.children.empty());
  });
  return uses;
}

arrow::Status NestedAggregates(int64_t position) {
  return SqlError(sqlstate::kGroupingError, "calls of aggregate functions cannot be nested", position);
}

}  // namespace

// GROUPING(a, b)
arrow::Result<BoundExprPtr> ExprBinder::BindGrouping(const AstFunction& function) {
  constexpr size_t kMaxArguments = 31;
  ARROW_RETURN_NOT_OK(CheckPlainCall(function, false, false));
  if (context_.aggregates == nullptr) {
    const std::string_view where = context_.in_aggregate ? "an aggregate's argument" : context_.clause;
    return SqlError(sqlstate::kGroupingError, fmt::format("GROUPING is not allowed in {}", where), function.position);
  }
  if (function.arguments.empty() || function.arguments.size() > kMaxArguments || HasStar(function)) {
    return SqlError(sqlstate::kUndefinedFunction, fmt::format("GROUPING takes 1 to {} arguments", kMaxArguments),
                    function.position);
  }
  GroupingCall call;
  ARROW_ASSIGN_OR_RAISE(call.arguments, BindAll(function.arguments));
  for (const GroupingCall& other : context_.aggregates->groupings) {
    const bool is_same = std::equal(call.arguments.begin(), call.arguments.end(), other.arguments.begin(),
                                    other.arguments.end(), [](const auto& a, const auto& b) { return a->Equals(*b); });
    if (is_same) return BoundExpr::Column(other.result.id, other.result.type, other.result.name, function.position);
  }
  call.result = {state_.NewColumn(), TypeId::kBigInt, "grouping"};
  call.position = function.position;
  const OutputColumn result = call.result;
  context_.aggregates->groupings.push_back(std::move(call));
  return BoundExpr::Column(result.id, result.type, result.name, function.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindAggregate(const AstFunction& function, std::string_view name) {
  std::vector<PendingSubquery> pending;
  ExprContext inner = context_;
  inner.in_aggregate = true;
  inner.aliases = nullptr;
  inner.aggregates = nullptr;
  inner.windows = nullptr;
  inner.sets = nullptr;
  inner.subqueries = context_.subqueries == nullptr ? nullptr : &pending;
  ARROW_ASSIGN_OR_RAISE(AggregateCall call, BindAggregateCall(function, name, inner));
  ARROW_ASSIGN_OR_RAISE(const ExprContext* home, AggregateHome(ReadColumns(call, pending), function.position));
  if (home->in_aggregate) return NestedAggregates(function.position);
  if (home->aggregates == nullptr) {
    return SqlError(sqlstate::kGroupingError, fmt::format("aggregate functions are not allowed in {}", home->clause),
                    function.position);
  }
  for (PendingSubquery& subquery : pending) {
    if (home->ctes != context_.ctes && UsesOpenDefinitions(*subquery.plan)) {
      return Refuse("an aggregate of an outer query's columns that reads a common table expression", function.position);
    }
    home->aggregates->subqueries.push_back(std::move(subquery));
  }
  return AddAggregate(state_, *home->aggregates, std::move(call), function);
}

arrow::Result<const ExprContext*> ExprBinder::AggregateHome(const std::unordered_set<ColumnId>& columns,
                                                            int64_t position) const {
  const auto gives_any = [&columns](const ExprContext& context) {
    return context.scope != nullptr &&
           std::any_of(columns.begin(), columns.end(), [&](ColumnId id) { return context.scope->Has(id); });
  };
  const auto aggregates_any = [&columns](const ExprContext& context) {
    return context.aggregates != nullptr &&
           std::any_of(context.aggregates->outputs.begin(), context.aggregates->outputs.end(),
                       [&](const OutputColumn& output) { return columns.contains(output.id); });
  };
  if (columns.empty() || context_.scope == nullptr || gives_any(context_)) return &context_;
  for (auto it = state_.enclosing.rbegin(); it != state_.enclosing.rend(); ++it) {
    if (aggregates_any(**it)) return NestedAggregates(position);
    if (gives_any(**it)) return *it;
  }
  // Columns of items before this one, by LATERAL: their query is still at FROM.
  return SqlError(sqlstate::kGroupingError, "aggregate functions are not allowed in FROM", position);
}

arrow::Status ExprBinder::BindCountedRows(const AstFunction& function, std::string_view name, AggregateCall* call) {
  const AstStar* star = function.arguments[0]->TryAs<AstStar>();
  const bool of_table = star != nullptr && !star->qualifier.empty();
  if (function.arguments.size() != 1 || !SameName(name, "count") || (function.distinct && !of_table)) {
    return SqlError(sqlstate::kSyntaxError, "* is an argument of count alone: count(*)", function.position);
  }
  if (!of_table) return arrow::Status::OK();
  const AstName& alias = star->qualifier.back();
  const ResolvedTable table = ResolveTable(context_.scope, alias);
  if (table.scope == nullptr) {
    return SqlError(sqlstate::kUndefinedTable, fmt::format("there is no table \"{}\" in FROM", alias.text),
                    alias.range.position);
  }
  return (function.distinct ? BindWholeRow(table, star->position) : BindRowMarker(table, star->position))
      .Value(&call->arguments.emplace_back());
}

arrow::Result<AggregateCall> ExprBinder::BindAggregateCall(const AstFunction& function, std::string_view name,
                                                           const ExprContext& inner) {
  ARROW_RETURN_NOT_OK(CheckPlainCall(function, true, false));
  AggregateCall call;
  if (HasStar(function)) {
    ARROW_RETURN_NOT_OK(ExprBinder(state_, inner).BindCountedRows(function, name, &call));
  } else {
    ARROW_ASSIGN_OR_RAISE(call.arguments, ExprBinder(state_, inner).BindAll(function.arguments));
  }
  if (function.filter != nullptr) {
    ExprContext filter = inner;
    filter.clause = "FILTER";
    ARROW_ASSIGN_OR_RAISE(call.filter, ExprBinder(state_, filter).BindCondition(*function.filter));
  }
  std::vector<SortKey> order;
  for (const AstOrderItem& item : function.order_by) {
    ARROW_ASSIGN_OR_RAISE(BoundExprPtr key, ExprBinder(state_, inner).Bind(*item.expr));
    order.push_back(MakeSortKey(state_, item, std::move(key)));
  }
  for (const SortKey& key : order) {
    SettleParameter(state_, *key.expr);
    const bool is_argument = std::any_of(call.arguments.begin(), call.arguments.end(),
                                         [&](const BoundExprPtr& argument) { return argument->Equals(*key.expr); });
    if (function.distinct && !is_argument) {
      return SqlError(sqlstate::kInvalidColumnReference,
                      "in a call with DISTINCT, what ORDER BY reads must stand among the arguments", function.position);
    }
  }
  if (function.within_group) ARROW_RETURN_NOT_OK(OrderedSetArguments(function, name, &call, &order));
  std::vector<LogicalType> types;
  std::vector<const Value*> constants;
  for (const BoundExprPtr& argument : call.arguments) {
    SettleParameter(state_, *argument);
    types.push_back(argument->type);
    constants.push_back(argument->IsConstant() ? &argument->value : nullptr);
  }
  ARROW_RETURN_NOT_OK(CheckDynamicAggregate(name, call.arguments, function.position));
  if (state_.sqlite() && function.distinct && call.arguments.size() > 1) {
    return SqlError(sqlstate::kSyntaxError, "an aggregate with DISTINCT takes one argument", function.position);
  }
  const BindInput input{types, constants, state_.options.dialect};
  auto bound = state_.functions.BindAggregate(name, input);
  if (bound.ok() && HideTypedText(state_, call.arguments, bound->argument_types, constants)) {
    bound = state_.functions.BindAggregate(name, input);
  }
  if (!bound.ok()) return WithPosition(bound.status(), function.position);
  call.function = std::move(bound).ValueUnsafe();
  for (size_t i = 0; i < call.arguments.size() && i < call.function.argument_types.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(call.arguments[i],
                          CastTo(state_, std::move(call.arguments[i]), call.function.argument_types[i]));
  }
  call.distinct = function.distinct && !call.function.distinct_is_noop;
  OrderArguments(std::move(order), &call);
  if (call.filter != nullptr) ARROW_RETURN_NOT_OK(GuardArguments(&call));
  return call;
}

// Of a row that FILTER drops, no argument is computed: none can fail.
arrow::Status ExprBinder::GuardArguments(AggregateCall* call) {
  for (BoundExprPtr& argument : call->arguments) {
    if (!argument->CanFail()) continue;
    const int64_t position = argument->position;
    std::vector<BoundExprPtr> parts;
    parts.push_back(call->filter->Clone());
    parts.push_back(std::move(argument));
    parts.push_back(BoundExpr::Constant(Value::Null(parts.back()->type), position));
    ARROW_ASSIGN_OR_RAISE(argument, MakeCase(state_, std::move(parts), position));
  }
  return arrow::Status::OK();
}

// agg(x) WITHIN GROUP (ORDER BY y): for the functions that are about an order, y is the first argument. Others take it
// as agg(x ORDER BY y) does.
arrow::Status ExprBinder::OrderedSetArguments(const AstFunction& function, std::string_view name, AggregateCall* call,
                                              std::vector<SortKey>* order) {
  const bool is_mode = SameName(name, "mode");
  const bool takes_fraction = SameName(name, "percentile_cont") || SameName(name, "percentile_disc") ||
                              SameName(name, "quantile_cont") || SameName(name, "quantile_disc");
  if (function.distinct && (is_mode || takes_fraction)) {
    return SqlError(sqlstate::kSyntaxError, "DISTINCT and WITHIN GROUP exclude each other", function.position);
  }
  if (!is_mode && !takes_fraction) {
    if (SameName(name, "listagg") || SameName(name, "string_agg")) return arrow::Status::OK();
    return SqlError(sqlstate::kWrongObjectType, fmt::format("{} does not take WITHIN GROUP", name), function.position);
  }
  if (order->size() != 1 || call->arguments.size() != (is_mode ? 0 : 1)) {
    return SqlError(sqlstate::kUndefinedFunction,
                    fmt::format("{} takes {} and one key within the group", name, is_mode ? "nothing" : "a fraction"),
                    function.position);
  }
  call->arguments.insert(call->arguments.begin(), std::move(order->front().expr));
  if (order->front().descending) call->arguments.push_back(BoundExpr::Constant(Value::Boolean(true)));
  order->clear();
  return arrow::Status::OK();
}

// Lets the function sort its rows, where their order makes a difference.
void ExprBinder::OrderArguments(std::vector<SortKey> order, AggregateCall* call) {
  if (order.empty() || !call->function.order_matters) return;
  std::vector<AggregateOrder> keys;
  for (const SortKey& key : order) keys.push_back({key.expr->type, key.descending, key.nulls_first});
  call->function = MakeOrderedAggregate(std::move(call->function), std::move(keys));
  for (SortKey& key : order) call->arguments.push_back(std::move(key.expr));
}

}  // namespace llkv
