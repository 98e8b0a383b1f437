// Casts of UHUGEINT among numbers and BOOLEAN.
#include <cmath>

#include "functions/arithmetic_loops.h"
#include "functions/cast/cast.h"
#include "types/decimal.h"
#include "types/uhugeint.h"

namespace llkv {

namespace {

const CastState& StateOf(const void* state) { return *static_cast<const CastState*>(state); }

constexpr double kTwoTo128 = 0x1p128;

// Integers, decimals and BOOLEAN: what is not negative fits.
arrow::Status FromIntegerLike(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                              const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  alignas(64) int128_t buffer[kMaxBatchRows];
  const Operand<int128_t> values = LoadInt128(*args[0], DenseCount(selection, num_rows), buffer);
  int128_t* result = out.data<int128_t>();
  uint8_t* validity = state.safe ? IntersectValidity(args, num_rows, out) : nullptr;
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint32_t row = selection[i];
    int128_t value = values[row];
    const bool fits = RescaleDecimal(value, state.from.scale(), 0, &value) && value >= 0;
    result[row] = HoldUHugeInt(fits ? static_cast<uint128_t>(value) : 0);
    if (fits || (validity != nullptr && !GetBit(validity, row))) continue;
    if (validity == nullptr) return OutOfRange(state.to);
    ClearBit(validity, row);
  }
  return arrow::Status::OK();
}

template <typename F>
arrow::Status FromFloating(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                           const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  const auto convert = [](F value, int128_t* result) {
    const double whole = std::nearbyint(static_cast<double>(value));
    if (!(whole >= 0 && whole < kTwoTo128)) return false;
    *result = HoldUHugeInt(static_cast<uint128_t>(whole));
    return true;
  };
  return CastLoop<F, int128_t>(state, args, selection, num_rows, out, convert, [&](F) { return OutOfRange(state.to); });
}

template <typename F>
arrow::Status ToFloating(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<int128_t, F>(args, selection, out, [](int128_t held) { return static_cast<F>(UHugeIntOf(held)); });
  return arrow::Status::OK();
}

// 2^128 - 1 rounds to 2^128, which no REAL holds.
arrow::Status ToReal(KernelContext& /*context*/, const void* raw_state, KernelArgs args, const Selection& selection,
                     uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  const auto convert = [](int128_t held, float* result) {
    *result = static_cast<float>(static_cast<double>(UHugeIntOf(held)));
    return !std::isinf(*result);
  };
  return CastLoop<int128_t, float>(state, args, selection, num_rows, out, convert,
                                   [&](int128_t) { return OutOfRange(state.to); });
}

arrow::Status ToBoolean(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                        uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<int128_t, uint8_t>(args, selection, out,
                              [](int128_t held) { return static_cast<uint8_t>(UHugeIntOf(held) != 0); });
  return arrow::Status::OK();
}

template <typename O>
arrow::Status ToIntegers(const CastState& state, KernelArgs args, const Selection& selection, uint32_t num_rows,
                         ScratchVector& out) {
  const auto limit = static_cast<uint128_t>(IntegerLimits(state.to).max);
  const auto convert = [&](int128_t held, O* result) {
    const uint128_t value = UHugeIntOf(held);
    int128_t scaled = 0;
    if (value > static_cast<uint128_t>(kInt128Max)) return false;
    if (!RescaleDecimal(static_cast<int128_t>(value), 0, state.to.scale(), &scaled)) return false;
    *result = static_cast<O>(scaled);
    return static_cast<uint128_t>(scaled) <= limit;
  };
  return CastLoop<int128_t, O>(state, args, selection, num_rows, out, convert,
                               [&](int128_t) { return OutOfRange(state.to); });
}

arrow::Status ToIntegerLike(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                            const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  if (state.to.physical() == PhysicalType::kInt128) {
    return ToIntegers<int128_t>(state, args, selection, num_rows, out);
  }
  return VisitInteger64(state.to.physical(),
                        [&](auto zero) { return ToIntegers<decltype(zero)>(state, args, selection, num_rows, out); });
}

}  // namespace

CastChoice ChooseUHugeIntCast(LogicalType from, LogicalType to) {
  if (to.id() == TypeId::kUHugeInt) {
    if (from.id() == TypeId::kReal) return {FromFloating<float>, true, kFormsFlat, false};
    if (from.id() == TypeId::kDouble) return {FromFloating<double>, true, kFormsFlat, false};
    const bool can_fail = !from.IsUnsigned() && from.id() != TypeId::kBoolean;
    return {FromIntegerLike, can_fail, kFormsNarrow, false};
  }
  switch (to.id()) {
    case TypeId::kBoolean:
      return {ToBoolean, false, kFormsFlat, false};
    case TypeId::kReal:
      return {ToReal, true, kFormsFlat, false};
    case TypeId::kDouble:
      return {ToFloating<double>, false, kFormsFlat, false};
    default:
      return {ToIntegerLike, true, kFormsFlat, false};
  }
}

}  // namespace llkv
