// x IN (constants) as one function of x, and the equality that other IN lists are made of.
#pragma once

#include <span>

#include "functions/function_registry.h"

namespace llkv {

/// A function of one argument of `type`: is it one of `values` (of that type, none NULL)? The set is built here, once.
BoundScalar MakeInSet(LogicalType type, std::span<const Value> values);

/// a = b for two arguments of `type`.
BoundScalar MakeEquality(LogicalType type);

}  // namespace llkv
