// Operators and measures of BIT that share their names with those of numbers and text.
#pragma once

#include "functions/function_registry.h"

namespace llkv {

/// Whether an argument is a BIT.
bool HasBitArgument(const BindInput& input);

/// & | # of two of the same length, << >> by a number, ~ of one, || of two; length, octet_length, bit_length,
/// bit_count. Error 42883 for anything else.
arrow::Result<BoundScalar> BindBitOperator(const ScalarFunction& self, const BindInput& input);

}  // namespace llkv
