// Casts of ENUMs and nested types: what BindCast asks.
#pragma once

#include "functions/cast/cast.h"

namespace llkv {

/// ENUM from and to VARCHAR.
CastChoice ChooseEnumCast(LogicalType from, LogicalType to);
/// Nested types from and to VARCHAR.
CastChoice ChooseNestedTextCast(LogicalType from, LogicalType to);
/// Among nested types, element by element. Error 42804 where the pair makes no sense.
arrow::Result<BoundScalar> BindNestedCast(const FunctionRegistry& registry, LogicalType from, LogicalType to, bool safe,
                                          Dialect dialect);

}  // namespace llkv
