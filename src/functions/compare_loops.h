// Comparison loops over typed columns: bytes of 0 and 1, for every physical type, operator and CPU level.
#pragma once

#include <cstdint>

#include "functions/kernel.h"
#include "types/calendar.h"
#include "vector/any_ref.h"

namespace llkv {

enum class CompareOp : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

/// The operator with its sides swapped.
inline constexpr CompareOp SwapSides(CompareOp op) {
  switch (op) {
    case CompareOp::kLess:
      return CompareOp::kGreater;
    case CompareOp::kLessEqual:
      return CompareOp::kGreaterEqual;
    case CompareOp::kGreater:
      return CompareOp::kLess;
    case CompareOp::kGreaterEqual:
      return CompareOp::kLessEqual;
    default:
      return op;
  }
}

/// SQL's order of two values of a physical type. NaN equals itself and is greater than every other number.
template <CompareOp op, typename T>
LLKV_INLINE bool CompareScalars(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, StringRef> || std::is_same_v<T, AnyRef>) {
    if constexpr (op == CompareOp::kEqual) return a == b;
    if constexpr (op == CompareOp::kNotEqual) return !(a == b);
    const int order = a.Compare(b);
    if constexpr (op == CompareOp::kLess) return order < 0;
    if constexpr (op == CompareOp::kLessEqual) return order <= 0;
    if constexpr (op == CompareOp::kGreater) return order > 0;
    return order >= 0;
  } else if constexpr (std::is_same_v<T, Interval>) {
    return CompareScalars<op, int128_t>(IntervalLength(a), IntervalLength(b));
  } else if constexpr (std::is_floating_point_v<T>) {
    if constexpr (op == CompareOp::kEqual) return (a == b) | ((a != a) & (b != b));
    if constexpr (op == CompareOp::kNotEqual) return !((a == b) | ((a != a) & (b != b)));
    if constexpr (op == CompareOp::kLess) return (a < b) | ((b != b) & (a == a));
    if constexpr (op == CompareOp::kLessEqual) return (a <= b) | (b != b);
    if constexpr (op == CompareOp::kGreater) return (b < a) | ((a != a) & (b == b));
    return (b <= a) | (a != a);
  } else {
    if constexpr (op == CompareOp::kEqual) return a == b;
    if constexpr (op == CompareOp::kNotEqual) return a != b;
    if constexpr (op == CompareOp::kLess) return a < b;
    if constexpr (op == CompareOp::kLessEqual) return a <= b;
    if constexpr (op == CompareOp::kGreater) return a > b;
    return a >= b;
  }
}

/// out[row] = left op right as 0 or 1 for the selected rows, more where that is faster. `left` and `right` have one
/// type and are flat, constant or narrow.
void CompareVectors(CompareOp op, const Vector& left, const Vector& right, const Selection& selection,
                    uint32_t num_rows, uint8_t* out);

/// The rows of `selection` where left op right holds, as ScalarSelectKernel does it.
uint32_t SelectCompare(CompareOp op, const Vector& left, const Vector& right, const Selection& selection,
                       uint32_t num_rows, uint16_t* rows);

}  // namespace llkv
