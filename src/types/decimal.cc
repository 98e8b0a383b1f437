// Decimal arithmetic's rules.
#include "types/decimal.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace llkv {

namespace {

constexpr std::array<int128_t, kMaxDecimalDigits + 1> MakePowers() {
  std::array<int128_t, kMaxDecimalDigits + 1> powers{};
  powers[0] = 1;
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}

constexpr std::array<int128_t, kMaxDecimalDigits + 1> kPowers = MakePowers();

// Powers of ten up to 10^22 are exact in a double.
constexpr std::array<double, 23> kExactPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

}  // namespace

int128_t PowerOfTen(int exponent) { return kPowers[static_cast<size_t>(exponent)]; }

int CountDigits(int128_t value) {
  uint128_t magnitude =
      value < 0 ? static_cast<uint128_t>(0) - static_cast<uint128_t>(value) : static_cast<uint128_t>(value);
  int digits = 1;
  while (digits <= kMaxDecimalDigits && magnitude >= static_cast<uint128_t>(kPowers[static_cast<size_t>(digits)])) {
    ++digits;
  }
  return digits;
}

bool FitsPrecision(int128_t value, int precision) {
  const int128_t limit = PowerOfTen(precision);
  return value < limit && value > -limit;
}

bool RescaleDecimal(int128_t value, int from, int to, int128_t* result) {
  if (to >= from) return !__builtin_mul_overflow(value, PowerOfTen(to - from), result);
  const int128_t divisor = PowerOfTen(from - to);
  int128_t quotient = value / divisor;
  const int128_t rest = value % divisor;
  const int128_t magnitude = rest < 0 ? -rest : rest;
  if (magnitude >= divisor - magnitude) quotient += value < 0 ? -1 : 1;
  *result = quotient;
  return true;
}

double DecimalToDouble(int128_t unscaled, int scale) {
  constexpr int128_t kExact = int128_t{1} << 53;
  if (unscaled < kExact && unscaled > -kExact && scale <= 22) {
    return static_cast<double>(unscaled) / kExactPowers[static_cast<size_t>(scale)];
  }
  // Whole and fractional part apart keep the result within one unit of the last place.
  const int128_t power = PowerOfTen(scale);
  return static_cast<double>(unscaled / power) + static_cast<double>(unscaled % power) / static_cast<double>(power);
}

bool DoubleToDecimal(double value, int precision, int scale, int128_t* result) {
  if (!std::isfinite(value)) return false;
  const double scaled = value * static_cast<double>(PowerOfTen(scale));
  if (!(std::fabs(scaled) < 1.7e38)) return false;
  *result = static_cast<int128_t>(std::round(scaled));
  return FitsPrecision(*result, precision);
}

LogicalType DecimalAddType(LogicalType a, LogicalType b) {
  const int scale = std::max(a.scale(), b.scale());
  const int whole = std::max(a.precision() - a.scale(), b.precision() - b.scale());
  return LogicalType::Decimal(std::min(whole + scale + 1, kMaxDecimalDigits), scale);
}

arrow::Result<LogicalType> DecimalMultiplyType(LogicalType a, LogicalType b) {
  const int scale = a.scale() + b.scale();
  if (scale > kMaxDecimalDigits) {
    return SqlError(sqlstate::kNumericOutOfRange,
                    "the product of " + a.ToString() + " and " + b.ToString() + " has more than 38 decimal places",
                    SqlErrorDetail::kNoPosition, "cast one of them to DOUBLE or to a smaller scale");
  }
  return LogicalType::Decimal(std::min(a.precision() + b.precision(), kMaxDecimalDigits), scale);
}

LogicalType DecimalModuloType(LogicalType a, LogicalType b) {
  const int scale = std::max(a.scale(), b.scale());
  const int whole = std::max(a.precision() - a.scale(), b.precision() - b.scale());
  return LogicalType::Decimal(std::min(whole + scale, kMaxDecimalDigits), scale);
}

}  // namespace llkv
