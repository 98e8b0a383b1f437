// Choosing overloads.
#include "functions/binding.h"

#include "base/error.h"
#include "types/coercion.h"

namespace llkv {

namespace {

constexpr int kTextLiteralCost = 50;
constexpr int kToTextCost = 60;

std::optional<int> OverloadCost(const BindInput& input, const Overload& overload) {
  if (overload.arguments.size() != input.argument_types.size()) return std::nullopt;
  int total = 0;
  for (size_t i = 0; i < overload.arguments.size(); ++i) {
    const Value* constant = i < input.constants.size() ? input.constants[i] : nullptr;
    const std::optional<int> cost =
        ArgumentCost(input.argument_types[i], constant, overload.arguments[i], input.dialect);
    if (!cost) return std::nullopt;
    total += *cost;
  }
  return total;
}

}  // namespace

std::optional<int> ArgumentCost(LogicalType from, const Value* constant, LogicalType to, Dialect dialect) {
  if (const std::optional<int> cost = ImplicitCastCost(from, to)) return cost;
  if (from.id() == TypeId::kVarchar && constant != nullptr) return kTextLiteralCost;
  if (dialect == Dialect::kSqlite && to.id() == TypeId::kVarchar) return kToTextCost;
  if (dialect == Dialect::kSqlite && from.id() == TypeId::kBoolean && to.IsNumeric()) return 5;
  return std::nullopt;
}

BoundScalar MakeScalar(const ScalarFunction& self, const Overload& overload) {
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types = overload.arguments;
  bound.return_type = overload.result;
  bound.kernel = overload.kernel;
  bound.can_fail = overload.can_fail;
  bound.per_dictionary_entry = overload.per_dictionary_entry;
  bound.null_rule = overload.null_rule;
  bound.volatility = overload.volatility;
  return bound;
}

arrow::Result<BoundScalar> BindOverloads(const ScalarFunction& self, const BindInput& input,
                                         std::span<const Overload> overloads) {
  const Overload* best = nullptr;
  int best_cost = 0;
  for (const Overload& overload : overloads) {
    const std::optional<int> cost = OverloadCost(input, overload);
    if (!cost || (best != nullptr && *cost >= best_cost)) continue;
    best = &overload;
    best_cost = *cost;
  }
  if (best == nullptr) return NoOverload(self.name, input.argument_types);
  return MakeScalar(self, *best);
}

arrow::Status NoOverload(std::string_view name, std::span<const LogicalType> types) {
  std::string text = "there is no " + std::string(name) + "(";
  for (size_t i = 0; i < types.size(); ++i) {
    if (i > 0) text += ", ";
    text += types[i].ToString();
  }
  return SqlError(sqlstate::kUndefinedFunction, text + ")", SqlErrorDetail::kNoPosition,
                  "a cast of an argument may help");
}

arrow::Status CheckArgumentCount(std::string_view name, const BindInput& input, size_t least, size_t most) {
  if (input.argument_types.size() >= least && input.argument_types.size() <= most) return arrow::Status::OK();
  return NoOverload(name, input.argument_types);
}

arrow::Result<LogicalType> CommonArgumentType(std::string_view name, const BindInput& input, size_t first) {
  std::optional<LogicalType> common;
  if (input.dialect == Dialect::kSqlite) {
    for (size_t i = first; i < input.argument_types.size(); ++i) {
      common = common ? DynamicType(*common, input.argument_types[i]) : input.argument_types[i];
      if (!common) break;
    }
    if (common) return *common;
  }
  common.reset();
  bool any_literal = false;
  for (size_t i = first; i < input.argument_types.size(); ++i) {
    if (IsTextLiteral(input, i)) {
      any_literal = true;
      continue;
    }
    common = common ? CommonType(*common, input.argument_types[i]) : input.argument_types[i];
    if (!common) {
      return SqlError(sqlstate::kDatatypeMismatch,
                      "the arguments of " + std::string(name) + " have no type in common: " +
                          input.argument_types[first].ToString() + " and " + input.argument_types[i].ToString());
    }
  }
  if (any_literal && (!common || common->id() == TypeId::kNull)) return LogicalType(TypeId::kVarchar);
  return *common;
}

}  // namespace llkv
