// Casts that go by way of text: what BindCast asks.
#pragma once

#include "functions/cast/cast.h"

namespace llkv {

/// Does a pair of types cast by way of text? JSON with scalar types, ENUM to scalar types.
bool IsCastThroughText(LogicalType from, LogicalType to);
/// Such a cast. Errors: those of the casts from and to VARCHAR.
arrow::Result<BoundScalar> BindCastThroughText(const FunctionRegistry& registry, LogicalType from, LogicalType to,
                                               bool safe, Dialect dialect);

}  // namespace llkv
