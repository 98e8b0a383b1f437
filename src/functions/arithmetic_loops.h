// Loops of +, - and * over integers: wrapping where ranges prove that nothing overflows, else checked.
#pragma once

#include <type_traits>

#include "functions/kernel.h"

namespace llkv {

enum class ArithmeticOp : uint8_t { kAdd, kSubtract, kMultiply };

/// The range of a op b; not known where it passes 128 bits.
ValueRange CombineRanges(ArithmeticOp op, const ValueRange& a, const ValueRange& b);

/// a op b, wrapping around.
template <ArithmeticOp op, typename T>
LLKV_INLINE T WrappingApply(T a, T b) {
  using Wide = std::conditional_t<(sizeof(T) < 4), uint32_t, std::make_unsigned_t<T>>;
  const Wide x = static_cast<Wide>(a);
  const Wide y = static_cast<Wide>(b);
  if constexpr (op == ArithmeticOp::kAdd) return static_cast<T>(x + y);
  if constexpr (op == ArithmeticOp::kSubtract) return static_cast<T>(x - y);
  return static_cast<T>(x * y);
}

/// a op b; true on overflow.
template <ArithmeticOp op, typename T>
LLKV_INLINE bool OverflowingApply(T a, T b, T* result) {
  if constexpr (op == ArithmeticOp::kAdd) return __builtin_add_overflow(a, b, result);
  if constexpr (op == ArithmeticOp::kSubtract) return __builtin_sub_overflow(a, b, result);
  return __builtin_mul_overflow(a, b, result);
}

/// a op b, wrapping around; *bits gets its sign bit set on overflow, in a way that loops vectorize. Only for + and - of
/// signed integers.
template <ArithmeticOp op, typename T>
LLKV_INLINE T FlaggingApply(T a, T b, T* bits) {
  const T result = WrappingApply<op, T>(a, b);
  // Overflow: both operands of a sum have one sign and the result the other; for a difference b counts reversed.
  if constexpr (op == ArithmeticOp::kAdd) *bits = static_cast<T>(*bits | ((a ^ result) & (b ^ result)));
  if constexpr (op == ArithmeticOp::kSubtract) *bits = static_cast<T>(*bits | ((a ^ b) & (a ^ result)));
  return result;
}

/// Columns or constants of T that a loop reads.
template <typename T>
struct Operand {
  const T* data;
  bool constant;
  LLKV_INLINE T operator[](uint32_t i) const { return data[constant ? 0 : i]; }
};

template <ArithmeticOp op, typename T>
struct WrappingLoop {
  static LLKV_INLINE void Run(Operand<T> a, Operand<T> b, T* out, uint32_t count) {
    if (b.constant) {
      const T y = *b.data;
      for (uint32_t i = 0; i < count; ++i) out[i] = WrappingApply<op, T>(a.data[i], y);
    } else if (a.constant) {
      const T x = *a.data;
      for (uint32_t i = 0; i < count; ++i) out[i] = WrappingApply<op, T>(x, b.data[i]);
    } else {
      for (uint32_t i = 0; i < count; ++i) out[i] = WrappingApply<op, T>(a.data[i], b.data[i]);
    }
  }
};

/// Computes all rows and answers whether any of them, selected or not, overflowed.
template <ArithmeticOp op, typename T>
struct CheckedLoop {
  static LLKV_INLINE bool Run(Operand<T> a, Operand<T> b, T* out, uint32_t count) {
    if constexpr (op != ArithmeticOp::kMultiply && std::is_signed_v<T>) {
      T bits = 0;
      if (b.constant) {
        const T y = *b.data;
        for (uint32_t i = 0; i < count; ++i) out[i] = FlaggingApply<op, T>(a.data[i], y, &bits);
      } else if (a.constant) {
        const T x = *a.data;
        for (uint32_t i = 0; i < count; ++i) out[i] = FlaggingApply<op, T>(x, b.data[i], &bits);
      } else {
        for (uint32_t i = 0; i < count; ++i) out[i] = FlaggingApply<op, T>(a.data[i], b.data[i], &bits);
      }
      return bits < 0;
    }
    bool overflow = false;
    if (b.constant) {
      const T y = *b.data;
      for (uint32_t i = 0; i < count; ++i) overflow |= OverflowingApply<op, T>(a.data[i], y, &out[i]);
    } else if (a.constant) {
      const T x = *a.data;
      for (uint32_t i = 0; i < count; ++i) overflow |= OverflowingApply<op, T>(x, b.data[i], &out[i]);
    } else {
      for (uint32_t i = 0; i < count; ++i) overflow |= OverflowingApply<op, T>(a.data[i], b.data[i], &out[i]);
    }
    return overflow;
  }
};

/// The OR of all magnitudes' bits: its width bounds every value's.
struct MagnitudeLoop {
  static LLKV_INLINE uint64_t Run(const int64_t* data, uint32_t count) {
    uint64_t bits = 0;
    for (uint32_t i = 0; i < count; ++i) bits |= static_cast<uint64_t>(data[i] ^ (data[i] >> 63));
    return bits;
  }
};

/// An integer-like argument of any accepted form (flat, constant, narrow) as int64, in place or in `buffer` (room for
/// kMaxBatchRows); data is null where values may not fit.
Operand<int64_t> LoadInt64(const Vector& vector, uint32_t count, int64_t* buffer);

/// The same as 128 bits; always possible.
Operand<int128_t> LoadInt128(const Vector& vector, uint32_t count, int128_t* buffer);

/// Makes `out` a HUGEINT or wide DECIMAL whose values lie as int64 in out.data().
inline void SetNarrowInt64(ScratchVector& out) {
  out.vector().form = VectorForm::kNarrow;
  out.vector().storage = PhysicalType::kInt64;
  out.vector().base = 0;
}

}  // namespace llkv
