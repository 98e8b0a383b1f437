// Decimal arithmetic's rules: powers of ten, rescaling with rounding, and result types of operators.
#pragma once

#include <arrow/result.h>

#include "base/int128.h"
#include "types/logical_type.h"

namespace llkv {

/// The most digits that a DECIMAL has.
inline constexpr int kMaxDecimalDigits = 38;

/// 10^exponent for 0 <= exponent <= 38.
int128_t PowerOfTen(int exponent);

/// Decimal digits of the magnitude of `value`; 1 for 0.
int CountDigits(int128_t value);

/// Does `value` (unscaled) fit `precision` digits?
bool FitsPrecision(int128_t value, int precision);

/// `value` with `from` digits after the point as one with `to`, rounding half away from zero; false where it does not
/// fit 128 bits.
bool RescaleDecimal(int128_t value, int from, int to, int128_t* result);

/// The unscaled value as a double, correctly divided by 10^scale.
double DecimalToDouble(int128_t unscaled, int scale);

/// `value` rounded half away from zero to `scale` digits after the point; false where it is not finite or does not fit
/// `precision` digits.
bool DoubleToDecimal(double value, int precision, int scale, int128_t* result);

/// Type of a + b and a - b: one digit more before the point than the wider, capped at 38 digits.
LogicalType DecimalAddType(LogicalType a, LogicalType b);

/// Type of a * b: digits and scales add, digits capped at 38. Error 22003 where the scale passes 38.
arrow::Result<LogicalType> DecimalMultiplyType(LogicalType a, LogicalType b);

/// Type of a % b.
LogicalType DecimalModuloType(LogicalType a, LogicalType b);

}  // namespace llkv
