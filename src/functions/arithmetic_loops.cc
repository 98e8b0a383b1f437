// Ranges and operand loading for arithmetic.
#include "functions/arithmetic_loops.h"

namespace llkv {

namespace {

template <typename Stored>
struct WidenLoop {
  static LLKV_INLINE void Run(const Stored* data, int64_t base, int64_t* out, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      out[i] = static_cast<int64_t>(static_cast<uint64_t>(base) + static_cast<uint64_t>(data[i]));
    }
  }
};

int128_t LoadConstant(const Vector& vector) {
  if (vector.type.physical() == PhysicalType::kInt128) return *vector.values<int128_t>();
  return VisitInteger64(vector.type.physical(),
                        [&](auto zero) { return static_cast<int128_t>(*vector.values<decltype(zero)>()); });
}

}  // namespace

ValueRange CombineRanges(ArithmeticOp op, const ValueRange& a, const ValueRange& b) {
  ValueRange result{true, 0, 0};
  bool overflow = false;
  switch (op) {
    case ArithmeticOp::kAdd:
      overflow = __builtin_add_overflow(a.min, b.min, &result.min);
      overflow |= __builtin_add_overflow(a.max, b.max, &result.max);
      break;
    case ArithmeticOp::kSubtract:
      overflow = __builtin_sub_overflow(a.min, b.max, &result.min);
      overflow |= __builtin_sub_overflow(a.max, b.min, &result.max);
      break;
    case ArithmeticOp::kMultiply: {
      int128_t corners[4];
      overflow = __builtin_mul_overflow(a.min, b.min, &corners[0]);
      overflow |= __builtin_mul_overflow(a.min, b.max, &corners[1]);
      overflow |= __builtin_mul_overflow(a.max, b.min, &corners[2]);
      overflow |= __builtin_mul_overflow(a.max, b.max, &corners[3]);
      result.min = std::min(std::min(corners[0], corners[1]), std::min(corners[2], corners[3]));
      result.max = std::max(std::max(corners[0], corners[1]), std::max(corners[2], corners[3]));
      break;
    }
  }
  if (overflow) return {};
  return result;
}

Operand<int64_t> LoadInt64(const Vector& vector, uint32_t count, int64_t* buffer) {
  if (!FitsInt64(RangeOf(vector))) return {nullptr, false};
  if (vector.form == VectorForm::kConstant) {
    buffer[0] = static_cast<int64_t>(LoadConstant(vector));
    return {buffer, true};
  }
  const PhysicalType stored = vector.form == VectorForm::kNarrow ? vector.storage : vector.type.physical();
  const int64_t base = vector.form == VectorForm::kNarrow ? vector.base : 0;
  if (stored == PhysicalType::kInt64 && base == 0) return {vector.values<int64_t>(), false};
  if (stored == PhysicalType::kInt128) {
    const auto* wide = vector.values<int128_t>();
    for (uint32_t i = 0; i < count; ++i) buffer[i] = static_cast<int64_t>(wide[i]);
    return {buffer, false};
  }
  VisitInteger64(stored, [&](auto zero) {
    using T = decltype(zero);
    Dispatch<WidenLoop<T>>(vector.values<T>(), base, buffer, count);
  });
  return {buffer, false};
}

Operand<int128_t> LoadInt128(const Vector& vector, uint32_t count, int128_t* buffer) {
  if (vector.form == VectorForm::kConstant) {
    buffer[0] = LoadConstant(vector);
    return {buffer, true};
  }
  const bool narrow = vector.form == VectorForm::kNarrow;
  const PhysicalType stored = narrow ? vector.storage : vector.type.physical();
  if (stored == PhysicalType::kInt128) return {vector.values<int128_t>(), false};
  const int64_t base = narrow ? vector.base : 0;
  VisitInteger64(stored, [&](auto zero) {
    const auto* data = vector.values<decltype(zero)>();
    for (uint32_t i = 0; i < count; ++i) buffer[i] = static_cast<int128_t>(data[i]) + base;
  });
  return {buffer, false};
}

}  // namespace llkv
