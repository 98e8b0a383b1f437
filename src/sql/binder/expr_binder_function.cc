// Calls: scalar functions and the special forms among them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/set_calls.h"
#include "sql/binder/typing.h"

namespace llkv {
bool HasStar(const AstFunction& function) {
  for (const AstExprPtr& argument : function.arguments) {
    if (argument->Is<AstStar>()) return true;
  }
  return false;
}

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

}  // namespace llkv
