// What kernels share: validity, ranges, errors.
#include "functions/kernel.h"

namespace llkv {

uint8_t* IntersectValidity(KernelArgs args, uint32_t num_rows, ScratchVector& out) {
  uint8_t* bits = out.UseValidity();
  for (const Vector* arg : args) {
    if (arg->validity == nullptr) continue;
    if (arg->form == VectorForm::kConstant) {
      if (arg->IsConstantNull()) FillBitmap(bits, num_rows, false);
    } else {
      AndBitmaps(bits, arg->validity, num_rows, bits);
    }
  }
  return bits;
}

ValueRange RangeOf(const Vector& vector) {
  const ValueLimits limits = IntegerLimits(vector.type);
  ValueRange range{true, limits.min, limits.max};
  if (vector.range.known) {
    range.min = std::max(range.min, vector.range.min);
    range.max = std::min(range.max, vector.range.max);
  }
  if (vector.form == VectorForm::kNarrow && vector.storage != PhysicalType::kInt128) {
    const ValueLimits stored = VisitInteger64(vector.storage, [](auto zero) {
      using T = decltype(zero);
      return ValueLimits{static_cast<int128_t>(std::numeric_limits<T>::min()),
                         static_cast<int128_t>(std::numeric_limits<T>::max())};
    });
    range.min = std::max(range.min, stored.min + vector.base);
    range.max = std::min(range.max, stored.max + vector.base);
  }
  return range;
}

arrow::Status OutOfRange(LogicalType type) {
  return SqlError(sqlstate::kNumericOutOfRange, "the result is out of range for " + type.ToString());
}

arrow::Status DivisionByZero() { return SqlError(sqlstate::kDivisionByZero, "division by zero"); }

}  // namespace llkv
