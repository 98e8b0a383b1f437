// Casts among BOOLEAN, integers, decimals, REAL and DOUBLE.
#include <cmath>

#include "functions/arithmetic_loops.h"
#include "functions/cast/cast.h"
#include "types/decimal.h"

namespace llkv {

namespace {

bool IsIntegerLike(LogicalType type) { return type.IsInteger() || type.IsDecimal() || type.id() == TypeId::kBoolean; }

const CastState& StateOf(const void* state) { return *static_cast<const CastState*>(state); }

template <typename T>
struct NarrowingLoop {
  static LLKV_INLINE void Run(const int64_t* data, T* out, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) out[i] = static_cast<T>(data[i]);
  }
};

void StoreInt128(int128_t value, PhysicalType type, void* data, uint32_t row) {
  if (type == PhysicalType::kInt128) {
    static_cast<int128_t*>(data)[row] = value;
    return;
  }
  VisitInteger64(type,
                 [&](auto zero) { static_cast<decltype(zero)*>(data)[row] = static_cast<decltype(zero)>(value); });
}

// Where ranges prove that neither value nor result leaves int64 and the result fits its type: a dense loop.
bool TryProvenIntegerCast(const CastState& state, const Vector& input, uint32_t count, ScratchVector& out) {
  const int shift = state.to.scale() - state.from.scale();
  if (shift < 0 || shift > 18) return false;
  const auto factor = static_cast<int64_t>(PowerOfTen(shift));
  const ValueRange range = CombineRanges(ArithmeticOp::kMultiply, RangeOf(input), {true, factor, factor});
  const ValueLimits limits = IntegerLimits(state.to);
  if (!range.known || !FitsInt64(range) || range.min < limits.min || range.max > limits.max) return false;
  alignas(64) int64_t buffer[kMaxBatchRows];
  alignas(64) int64_t product[kMaxBatchRows];
  const Operand<int64_t> values = LoadInt64(input, count, buffer);
  if (values.data == nullptr) return false;
  const uint32_t rows = values.constant ? 1 : count;
  const PhysicalType target = state.to.physical();
  const bool direct = target == PhysicalType::kInt64 || target == PhysicalType::kInt128;
  int64_t* result = direct ? out.data<int64_t>() : product;
  Dispatch<WrappingLoop<ArithmeticOp::kMultiply, int64_t>>(Operand<int64_t>{values.data, false},
                                                           Operand<int64_t>{&factor, true}, result, rows);
  if (target == PhysicalType::kInt128) SetNarrowInt64(out);
  if (!direct) {
    VisitInteger64(target, [&](auto zero) {
      using T = decltype(zero);
      Dispatch<NarrowingLoop<T>>(static_cast<const int64_t*>(product), out.data<T>(), rows);
    });
  }
  out.vector().range = range;
  return true;
}

// Integers, decimals and BOOLEAN among each other: rescale with rounding, check, store.
arrow::Status IntegerLikeKernel(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                                const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  const uint32_t count = DenseCount(selection, num_rows);
  if (TryProvenIntegerCast(state, *args[0], count, out)) {
    if (state.safe) IntersectValidity(args, num_rows, out);
    return arrow::Status::OK();
  }
  alignas(64) int128_t buffer[kMaxBatchRows];
  const Operand<int128_t> values = LoadInt128(*args[0], count, buffer);
  const ValueLimits limits = IntegerLimits(state.to);
  const PhysicalType target = state.to.physical();
  void* result = out.data<uint8_t>();
  uint8_t* validity = state.safe ? IntersectValidity(args, num_rows, out) : nullptr;
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint32_t row = selection[i];
    int128_t value = values[row];
    bool fits = true;
    if (state.truncate && state.from.scale() > 0 && state.to.IsInteger()) {
      value /= PowerOfTen(state.from.scale());
    } else {
      fits = RescaleDecimal(value, state.from.scale(), state.to.scale(), &value);
    }
    if (fits && value >= limits.min && value <= limits.max) {
      StoreInt128(value, target, result, row);
    } else if (validity != nullptr) {
      ClearBit(validity, row);
    } else {
      return OutOfRange(state.to);
    }
  }
  return arrow::Status::OK();
}

arrow::Status ToBooleanKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  alignas(64) int128_t buffer[kMaxBatchRows];
  const Operand<int128_t> values = LoadInt128(*args[0], DenseCount(selection, num_rows), buffer);
  uint8_t* result = out.data<uint8_t>();
  ForEachRow(selection, [&](uint32_t row) { result[row] = values[row] != 0 ? 1 : 0; });
  return arrow::Status::OK();
}

template <typename F>
arrow::Status FloatingToBooleanKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                                      const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<F, uint8_t>(args, selection, out, [](F value) { return static_cast<uint8_t>(value != 0); });
  return arrow::Status::OK();
}

template <typename F>
struct ToFloatingLoop {
  static LLKV_INLINE void Run(const int64_t* data, double divisor, F* out, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) out[i] = static_cast<F>(static_cast<double>(data[i]) / divisor);
  }
};

// Values below 2^53 are exact as doubles, so one division rounds correctly.
template <typename F>
arrow::Status ToFloatingKernel(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                               const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  const uint32_t count = DenseCount(selection, num_rows);
  const ValueRange range = RangeOf(*args[0]);
  constexpr int128_t kExact = int128_t{1} << 53;
  F* result = out.data<F>();
  if (range.min > -kExact && range.max < kExact && state.from.scale() <= 18) {
    alignas(64) int64_t buffer[kMaxBatchRows];
    const Operand<int64_t> values = LoadInt64(*args[0], count, buffer);
    const auto divisor = static_cast<double>(PowerOfTen(state.from.scale()));
    Dispatch<ToFloatingLoop<F>>(values.data, divisor, result, values.constant ? 1 : count);
    return arrow::Status::OK();
  }
  alignas(64) int128_t buffer[kMaxBatchRows];
  const Operand<int128_t> values = LoadInt128(*args[0], count, buffer);
  ForEachRow(selection,
             [&](uint32_t row) { result[row] = static_cast<F>(DecimalToDouble(values[row], state.from.scale())); });
  return arrow::Status::OK();
}

template <typename F>
arrow::Status FromFloatingKernel(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                                 const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  const auto error = [&](F) { return OutOfRange(state.to); };
  if (state.to.IsDecimal()) {
    const auto convert = [&](F value, int128_t* result) {
      return DoubleToDecimal(static_cast<double>(value), state.to.precision(), state.to.scale(), result);
    };
    if (state.to.physical() == PhysicalType::kInt128) {
      return CastLoop<F, int128_t>(state, args, selection, num_rows, out, convert, error);
    }
    const auto narrow = [&](F value, int64_t* result) {
      int128_t wide = 0;
      if (!convert(value, &wide)) return false;
      *result = static_cast<int64_t>(wide);
      return true;
    };
    return CastLoop<F, int64_t>(state, args, selection, num_rows, out, narrow, error);
  }
  const ValueLimits limits = IntegerLimits(state.to);
  // Both bounds are powers of two (or 0), so they are exact.
  const auto low = static_cast<double>(limits.min);
  const double high = state.to.physical() == PhysicalType::kInt128 ? 0x1p127 : static_cast<double>(limits.max + 1);
  const auto to_integer = [&](F value, auto* result) {
    const double whole =
        state.truncate ? std::trunc(static_cast<double>(value)) : std::nearbyint(static_cast<double>(value));
    if (!(whole >= low && whole < high)) return false;
    *result = static_cast<std::remove_reference_t<decltype(*result)>>(whole);
    return true;
  };
  if (state.to.physical() == PhysicalType::kInt128) {
    return CastLoop<F, int128_t>(state, args, selection, num_rows, out, to_integer, error);
  }
  return VisitInteger64(state.to.physical(), [&](auto zero) {
    return CastLoop<F, decltype(zero)>(state, args, selection, num_rows, out, to_integer, error);
  });
}

template <typename A, typename O>
arrow::Status FloatingKernel(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                             const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  const auto convert = [](A value, O* result) {
    *result = static_cast<O>(value);
    return std::isinf(*result) == std::isinf(value);
  };
  return CastLoop<A, O>(state, args, selection, num_rows, out, convert, [&](A) { return OutOfRange(state.to); });
}

// Can a value of `from` leave the limits of `to`?
bool IntegerCastCanFail(LogicalType from, LogicalType to) {
  const ValueLimits source = IntegerLimits(from);
  const ValueLimits target = IntegerLimits(to);
  int128_t low = 0;
  int128_t high = 0;
  if (!RescaleDecimal(source.min, from.scale(), to.scale(), &low)) return true;
  if (!RescaleDecimal(source.max, from.scale(), to.scale(), &high)) return true;
  return low < target.min || high > target.max;
}

}  // namespace

CastChoice ChooseNumericCast(LogicalType from, LogicalType to) {
  const bool to_real = to.id() == TypeId::kReal;
  if (IsIntegerLike(from)) {
    if (to.id() == TypeId::kBoolean) return {ToBooleanKernel, false, kFormsNarrow, false};
    if (to.IsFloating()) {
      return {to_real ? ToFloatingKernel<float> : ToFloatingKernel<double>, false, kFormsNarrow, false};
    }
    return {IntegerLikeKernel, IntegerCastCanFail(from, to), kFormsNarrow, false};
  }
  const bool from_real = from.id() == TypeId::kReal;
  if (to.id() == TypeId::kBoolean) {
    return {from_real ? FloatingToBooleanKernel<float> : FloatingToBooleanKernel<double>, false, kFormsFlat, false};
  }
  if (to.IsFloating()) {
    if (from_real) return {FloatingKernel<float, double>, false, kFormsFlat, false};
    return {FloatingKernel<double, float>, true, kFormsFlat, false};
  }
  return {from_real ? FromFloatingKernel<float> : FromFloatingKernel<double>, true, kFormsFlat, false};
}

}  // namespace llkv
