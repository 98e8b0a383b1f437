// Choosing overloads: what the functions' files declare, and the search.
#pragma once

#include <span>
#include <vector>

#include "functions/function_registry.h"

namespace llkv {

/// One set of argument types of a scalar function.
struct Overload {
  std::vector<LogicalType> arguments;
  LogicalType result;
  ScalarKernel kernel = nullptr;
  bool can_fail = false;
  bool per_dictionary_entry = false;
  NullRule null_rule = NullRule::kPropagate;
  Volatility volatility = Volatility::kImmutable;
};

/// What it costs to give `argument` (a constant or null) of type `from` to a parameter of type `to`: ImplicitCastCost,
/// and text constants go anywhere at a price. Nothing where it cannot be.
std::optional<int> ArgumentCost(LogicalType from, const Value* constant, LogicalType to, Dialect dialect);

/// The overload with the lowest cost; the first of equals. Error 42883.
arrow::Result<BoundScalar> BindOverloads(const ScalarFunction& self, const BindInput& input,
                                         std::span<const Overload> overloads);

/// A BoundScalar of an overload.
BoundScalar MakeScalar(const ScalarFunction& self, const Overload& overload);

/// 42883: "there is no <name>(<types>)".
arrow::Status NoOverload(std::string_view name, std::span<const LogicalType> types);
/// 42883: where the number of arguments is not within [least, most].
arrow::Status CheckArgumentCount(std::string_view name, const BindInput& input, size_t least, size_t most);

/// The common type of the arguments from `first` on, as for CASE: text constants take the others' type. Error 42804.
arrow::Result<LogicalType> CommonArgumentType(std::string_view name, const BindInput& input, size_t first = 0);

/// Is this argument a text constant that can stand for a value of another type?
inline bool IsTextLiteral(const BindInput& input, size_t argument) {
  return argument < input.constants.size() && input.constants[argument] != nullptr &&
         input.argument_types[argument].id() == TypeId::kVarchar;
}

}  // namespace llkv
