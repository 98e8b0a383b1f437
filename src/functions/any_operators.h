// Operators and functions of dynamic values (ANY): dialect sqlite, where a value's own type decides. What binds +, abs
// and the like by type asks here first.
#pragma once

#include "functions/binding.h"

namespace llkv {

enum class AnyOperator : uint8_t { kAdd, kSubtract, kMultiply, kDivide, kModulo };

/// Is an operation on numbers a dynamic one: of the dialect sqlite, with an argument that is ANY, text or a blob?
bool IsAnyOperation(const BindInput& input);

/// + - * / % of two, - of one: an integer where both are and it fits, else a real; NULL for a division by zero.
BoundScalar BindAnyOperator(const ScalarFunction& self, const BindInput& input, AnyOperator op);

/// abs: of text a real. Error 22003 for the least integer.
BoundScalar BindAnyAbs(const ScalarFunction& self);
/// length: characters of text and of numbers as text, bytes of a blob.
BoundScalar BindAnyLength(const ScalarFunction& self);
/// typeof of an argument of any type, as SQLite names it: "null", "integer", "real", "text", "blob".
BoundScalar BindSqliteTypeOf(const ScalarFunction& self, LogicalType type);

/// sum: an integer where all values are (error 22003 where it does not fit 64 bits), else a real.
BoundAggregate BindAnySum(const AggregateFunction& self);

}  // namespace llkv
