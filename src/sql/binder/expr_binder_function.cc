// Calls: scalar functions, the special forms among them, and aggregates.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "functions/ordered_aggregate.h"
#include "sql/binder/dynamic_typing.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/select_binder.h"
#include "sql/binder/set_calls.h"
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

bool HasStar(const AstFunction& function) {
  for (const AstExprPtr& argument : function.arguments) {
    if (argument->Is<AstStar>()) return true;
  }
  return false;
}

}  // namespace

arrow::Status CheckPlainCall(const AstFunction& function, bool is_aggregate, bool may_ignore_nulls) {
  if (function.ignore_nulls && !may_ignore_nulls) return Refuse("IGNORE NULLS", function.position);
  for (const AstName& name : function.argument_names) {
    if (!name.empty() && !SameName(function.name.name().key, "make_interval"))
      return Refuse("named arguments", name.range.position);
  }
  if (is_aggregate) return arrow::Status::OK();
  const std::string& name = function.name.name().text;
  if (!function.order_by.empty()) {
    return SqlError(
        sqlstate::kWrongObjectType,
        fmt::format("{}: {} is no aggregate function", function.within_group ? "WITHIN GROUP" : "ORDER BY", name),
        function.position);
  }
  if (function.distinct) {
    return SqlError(sqlstate::kWrongObjectType, fmt::format("DISTINCT: {} is no aggregate function", name),
                    function.position);
  }
  if (function.filter != nullptr) {
    return SqlError(sqlstate::kWrongObjectType, fmt::format("FILTER: {} is no aggregate function", name),
                    function.position);
  }
  return arrow::Status::OK();
}

namespace {

constexpr std::string_view kIntervalParts[] = {"years", "months", "weeks", "days", "hours", "mins", "secs"};

/// make_interval's arguments at their places; those that are not given are 0.
arrow::Result<std::vector<BoundExprPtr>> PlaceIntervalParts(const AstFunction& function,
                                                            std::vector<BoundExprPtr> arguments) {
  std::vector<BoundExprPtr> placed(std::size(kIntervalParts));
  for (size_t i = 0; i < arguments.size(); ++i) {
    const AstName& name = function.argument_names[i];
    size_t place = i;
    if (!name.empty()) {
      place = 0;
      while (place < placed.size() && !SameName(kIntervalParts[place], name.key)) ++place;
    }
    if (place >= placed.size() || placed[place] != nullptr) {
      return SqlError(sqlstate::kUndefinedFunction, fmt::format("make_interval takes no \"{}\" here", name.text),
                      name.empty() ? function.position : name.range.position);
    }
    placed[place] = std::move(arguments[i]);
  }
  for (BoundExprPtr& part : placed) {
    if (part == nullptr) part = BoundExpr::Constant(Value::Integer(TypeId::kInteger, 0), function.position);
  }
  return placed;
}

}  // namespace

arrow::Result<std::vector<BoundExprPtr>> ExprBinder::BindAll(const std::vector<AstExprPtr>& exprs) {
  std::vector<BoundExprPtr> bound;
  bound.reserve(exprs.size());
  for (const AstExprPtr& expr : exprs) {
    ARROW_ASSIGN_OR_RAISE(bound.emplace_back(), Bind(*expr));
  }
  return bound;
}

arrow::Result<BoundExprPtr> ExprBinder::BindFunction(const AstFunction& function) {
  for (size_t i = 0; i + 1 < function.name.parts.size(); ++i) {
    const std::string& schema = function.name.parts[i].key;
    if (!SameName(schema, "main") && !SameName(schema, "pg_catalog")) {
      return Refuse(fmt::format("functions of schema \"{}\"", schema), function.position);
    }
  }
  const std::string_view name = function.name.name().key;
  if (function.over != nullptr) return BindWindow(function, name);
  if (SameName(name, "grouping") || SameName(name, "grouping_id")) return BindGrouping(function);
  const bool is_scalar = state_.functions.FindScalar(name) != nullptr;
  if (state_.functions.FindAggregate(name) != nullptr) {
    // SQLite's min and max of several arguments are scalar.
    if (!is_scalar || function.arguments.size() <= 1) return BindAggregate(function, name);
  }
  if (!is_scalar && state_.functions.FindWindow(name) != nullptr) {
    return SqlError(sqlstate::kWrongObjectType, fmt::format("{} needs OVER (…)", name), function.position);
  }
  return BindScalarCall(function, name);
}

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

arrow::Result<BoundExprPtr> ExprBinder::BindCoalesce(std::vector<BoundExprPtr> arguments, int64_t position) {
  std::vector<BoundExprPtr*> slots;
  bool guarded = false;
  for (BoundExprPtr& argument : arguments) {
    guarded = guarded || (&argument != &arguments.front() && argument->CanFail());
    slots.push_back(&argument);
  }
  ARROW_RETURN_NOT_OK(Unify(state_, slots, "COALESCE"));
  if (arguments.size() == 1) return std::move(arguments[0]);
  if (!guarded && state_.functions.FindScalar("coalesce") != nullptr) {
    return MakeFunction(state_, "coalesce", std::move(arguments), position);
  }
  std::vector<BoundExprPtr> children;
  for (size_t i = 0; i + 1 < arguments.size(); ++i) {
    if (arguments[i]->IsVolatile()) {
      return Refuse("COALESCE of a value that differs from call to call", arguments[i]->position);
    }
    std::vector<BoundExprPtr> test;
    test.push_back(arguments[i]->Clone());
    ARROW_ASSIGN_OR_RAISE(children.emplace_back(), MakeFunction(state_, "is_not_null", std::move(test), position));
    children.push_back(std::move(arguments[i]));
  }
  children.push_back(std::move(arguments.back()));
  return MakeCase(state_, std::move(children), position);
}

ExprContext ExprBinder::WithoutSets(std::string_view clause) const {
  ExprContext inner = context_;
  inner.sets = nullptr;
  if (context_.sets != nullptr) inner.clause = clause;
  return inner;
}

arrow::Result<BoundExprPtr> ExprBinder::BindSetCall(const AstFunction& function, const TableFunction& table_function) {
  ARROW_RETURN_NOT_OK(CheckPlainCall(function, false, false));
  if (context_.sets == nullptr) {
    const std::string_view where = context_.in_aggregate ? "an aggregate's argument" : context_.clause;
    return Refuse(fmt::format("{}, which gives rows, in {}", table_function.name, where), function.position);
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> arguments, BindAll(function.arguments));
  ARROW_ASSIGN_OR_RAISE(SetCall call, MakeSetCall(state_, table_function, std::move(arguments), /*in_select_list=*/true,
                                                  function.position));
  SetCallState& sets = *context_.sets;
  const auto same = [&call](const SetCall& other) {
    return other.function_name == call.function_name &&
           std::equal(call.arguments.begin(), call.arguments.end(), other.arguments.begin(), other.arguments.end(),
                      [](const auto& a, const auto& b) { return a->Equals(*b) && !a->IsVolatile(); });
  };
  const auto found = std::find_if(sets.calls.begin(), sets.calls.end(), same);
  const auto index = static_cast<size_t>(found - sets.calls.begin());
  if (found == sets.calls.end()) {
    sets.outputs.push_back({state_.NewColumn(), call.function->column_types[0], call.function->column_names[0]});
    sets.calls.push_back(std::move(call));
  }
  const OutputColumn& output = sets.outputs[index];
  return BoundExpr::Column(output.id, output.type, output.name, function.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindScalarCall(const AstFunction& function, std::string_view name) {
  if (SameName(name, "struct_pack")) return BindStructPack(function);
  const TableFunction* table_function = state_.functions.FindTable(name);
  if (table_function != nullptr && state_.functions.FindScalar(name) == nullptr) {
    return BindSetCall(function, *table_function);
  }
  const auto is = [&](std::string_view special) { return SameName(name, special); };
  if (context_.sets != nullptr && (is("coalesce") || is("ifnull") || is("iif") || is("if"))) {
    return ExprBinder(state_, WithoutSets(name)).BindScalarCall(function, name);
  }
  ARROW_RETURN_NOT_OK(CheckPlainCall(function, false, false));
  if (HasStar(function)) {
    return SqlError(sqlstate::kSyntaxError, fmt::format("* is no argument of {}", name), function.position);
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> arguments, BindAll(function.arguments));
  if (!function.argument_names.empty()) {
    ARROW_ASSIGN_OR_RAISE(arguments, PlaceIntervalParts(function, std::move(arguments)));
  }
  const auto takes = [&](std::string_view special, size_t least, size_t most) {
    return SameName(name, special) && arguments.size() >= least && arguments.size() <= most;
  };
  if (takes("coalesce", 1, SIZE_MAX) || takes("ifnull", 2, 2)) {
    return BindCoalesce(std::move(arguments), function.position);
  }
  if (takes("nullif", 2, 2)) {
    std::vector<BoundExprPtr> children;
    BoundExprPtr value = arguments[0]->Clone();
    ARROW_ASSIGN_OR_RAISE(children.emplace_back(), MakeComparison(state_, "=", std::move(arguments[0]),
                                                                  std::move(arguments[1]), function.position));
    children.push_back(BoundExpr::Constant(Value::Null(), function.position));
    children.push_back(std::move(value));
    return MakeCase(state_, std::move(children), function.position);
  }
  if (takes("iif", 2, 3) || takes("if", 2, 3)) {
    ARROW_ASSIGN_OR_RAISE(arguments[0], ToCondition(state_, std::move(arguments[0]), "IF"));
    if (arguments.size() == 2) arguments.push_back(BoundExpr::Constant(Value::Null(), function.position));
    return MakeCase(state_, std::move(arguments), function.position);
  }
  if (takes("overlaps", 4, 4)) {
    // (beginning, length) is (beginning, beginning + length).
    for (const size_t end : {size_t{1}, size_t{3}}) {
      if (arguments[end]->type.id() != TypeId::kInterval) continue;
      std::vector<BoundExprPtr> sum;
      sum.push_back(arguments[end - 1]->Clone());
      sum.push_back(std::move(arguments[end]));
      ARROW_ASSIGN_OR_RAISE(arguments[end], MakeFunction(state_, "+", std::move(sum), function.position));
    }
  }
  return MakeFunction(state_, name, std::move(arguments), function.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindAggregate(const AstFunction& function, std::string_view name) {
  if (context_.in_aggregate) {
    return SqlError(sqlstate::kGroupingError, "calls of aggregate functions cannot be nested", function.position);
  }
  if (context_.aggregates == nullptr) {
    return SqlError(sqlstate::kGroupingError, fmt::format("aggregate functions are not allowed in {}", context_.clause),
                    function.position);
  }
  ExprContext inner = context_;
  inner.in_aggregate = true;
  inner.aliases = nullptr;
  inner.aggregates = nullptr;
  inner.windows = nullptr;
  inner.sets = nullptr;
  inner.subqueries = context_.subqueries == nullptr ? nullptr : &context_.aggregates->subqueries;
  ARROW_ASSIGN_OR_RAISE(AggregateCall call, BindAggregateCall(function, name, inner));
  return AddAggregate(std::move(call), function);
}

arrow::Result<AggregateCall> ExprBinder::BindAggregateCall(const AstFunction& function, std::string_view name,
                                                           const ExprContext& inner) {
  ARROW_RETURN_NOT_OK(CheckPlainCall(function, true, false));
  AggregateCall call;
  if (HasStar(function)) {
    if (function.arguments.size() != 1 || !SameName(name, "count") || function.distinct) {
      return SqlError(sqlstate::kSyntaxError, "* is an argument of count alone: count(*)", function.position);
    }
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
  auto bound = state_.functions.BindAggregate(name, BindInput{types, constants, state_.options.dialect});
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

arrow::Result<BoundExprPtr> ExprBinder::AddAggregate(AggregateCall call, const AstFunction& function) {
  std::unordered_set<ColumnId> columns;
  for (const BoundExprPtr& argument : call.arguments) CollectColumns(*argument, columns);
  bool any_local = columns.empty();
  for (ColumnId id : columns) any_local = any_local || context_.scope == nullptr || context_.scope->Has(id);
  for (const PendingSubquery& pending : context_.aggregates->subqueries) {
    any_local = any_local || columns.contains(pending.result);
  }
  if (!any_local) {
    return Refuse("an aggregate of an outer query's columns within a subquery", function.position);
  }
  AggregateState& aggregates = *context_.aggregates;
  size_t index = 0;
  while (index < aggregates.calls.size() && !SameCall(aggregates.calls[index], call)) ++index;
  if (index == aggregates.calls.size()) {
    std::string text = function.distinct ? "DISTINCT " : "";
    for (const BoundExprPtr& argument : call.arguments) {
      if (&argument != &call.arguments.front()) text += ", ";
      text += argument->ToString();
    }
    std::string name = fmt::format("{}({})", call.function.name, call.arguments.empty() ? "*" : text);
    aggregates.outputs.push_back({state_.NewColumn(), call.function.return_type, std::move(name)});
    aggregates.calls.push_back(std::move(call));
  }
  const OutputColumn& output = aggregates.outputs[index];
  return BoundExpr::Column(output.id, output.type, output.name, function.position);
}

}  // namespace llkv
