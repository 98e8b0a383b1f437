// Types of the arguments of numeric operators.
#pragma once

#include <algorithm>

#include "functions/binding.h"
#include "types/decimal.h"

namespace llkv {

/// What both sides of a numeric operator are cast to: one common type, or two decimals.
struct NumericPair {
  LogicalType left;
  LogicalType right;
};

/// Error 42883 where a side is no number. NULL takes the other side's type, text constants too; an integer beside a
/// decimal becomes a decimal, a constant one with no more digits than it has.
arrow::Result<NumericPair> NumericArguments(std::string_view name, const BindInput& input);

/// The decimal with the same digits before the point and `scale` after it.
inline LogicalType WithScale(LogicalType decimal, int scale) {
  return LogicalType::Decimal(std::min(decimal.precision() - decimal.scale() + scale, kMaxDecimalDigits), scale);
}

}  // namespace llkv
