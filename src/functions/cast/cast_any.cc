// Casts to and from ANY, and SQLite's casts of text to numbers.
#include <cmath>

#include "functions/cast/cast.h"
#include "types/any_value.h"
#include "types/decimal.h"
#include "types/text_format.h"
#include "types/text_parse.h"
#include "vector/bitmap.h"

namespace llkv {

namespace {

const CastState& StateOf(const void* state) { return *static_cast<const CastState*>(state); }

/// Nine bytes for each selected row, in the arena at once; write(row, bytes) fills them.
template <typename F>
arrow::Status WriteNumbers(KernelContext& context, const Selection& selection, ScratchVector& out, F&& write) {
  if (selection.count == 0) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(char* bytes, context.arena->Allocate(selection.count * kAnyNumberBytes));
  StringRef* result = out.data<StringRef>();
  ForEachRow(selection, [&](uint32_t row) {
    write(row, bytes);
    result[row] = StringRef(bytes, kAnyNumberBytes);
    bytes += kAnyNumberBytes;
  });
  return arrow::Status::OK();
}

template <typename T>
arrow::Status FromIntegers(KernelContext& context, const CastState& state, KernelArgs args, const Selection& selection,
                           ScratchVector& out) {
  const Input<T> input(*args[0]);
  const double power = static_cast<double>(PowerOfTen(state.from.scale()));
  return WriteNumbers(context, selection, out, [&](uint32_t row, char* bytes) {
    const auto value = static_cast<int128_t>(input[row]);
    if (state.from.scale() == 0 && value >= INT64_MIN && value <= INT64_MAX) {
      WriteAnyInteger(static_cast<int64_t>(value), bytes);
    } else {
      WriteAnyReal(static_cast<double>(value) / power, bytes);
    }
  });
}

template <typename T>
arrow::Status FromReals(KernelContext& context, KernelArgs args, const Selection& selection, ScratchVector& out) {
  const Input<T> input(*args[0]);
  return WriteNumbers(context, selection, out,
                      [&](uint32_t row, char* bytes) { WriteAnyReal(static_cast<double>(input[row]), bytes); });
}

arrow::Status NumberToAny(KernelContext& context, const void* raw_state, KernelArgs args, const Selection& selection,
                          uint32_t /*num_rows*/, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  switch (state.from.physical()) {
    case PhysicalType::kFloat:
      return FromReals<float>(context, args, selection, out);
    case PhysicalType::kDouble:
      return FromReals<double>(context, args, selection, out);
    case PhysicalType::kInt128:
      return FromIntegers<int128_t>(context, state, args, selection, out);
    default:
      return VisitInteger64(state.from.physical(), [&](auto zero) {
        return FromIntegers<decltype(zero)>(context, state, args, selection, out);
      });
  }
}

arrow::Status BytesToAny(KernelContext& context, const void* raw_state, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const AnyTag tag = StateOf(raw_state).from.id() == TypeId::kBlob ? AnyTag::kBlob : AnyTag::kText;
  const Input<StringRef> input(*args[0]);
  StringRef* result = out.data<StringRef>();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const StringRef& text = input[row];
    ARROW_ASSIGN_OR_RAISE(char* bytes, context.arena->Allocate(text.size + 1));
    bytes[0] = static_cast<char>(tag);
    if (text.size > 0) std::memcpy(bytes + 1, text.data, text.size);
    result[row] = StringRef(bytes, text.size + 1);
    return arrow::Status::OK();
  });
}

/// What a number is as a value of `to`; false where that does not hold it.
template <typename O>
bool StoreNumber(const AnyNumber& number, LogicalType to, bool lenient, O* result) {
  if constexpr (std::is_floating_point_v<O>) {
    *result = static_cast<O>(number.AsReal());
    return true;
  } else if (to.IsDecimal()) {
    int128_t unscaled = 0;
    char text[kMaxTextBytes];
    const uint32_t size = number.is_integer ? FormatInteger(number.integer, text) : FormatDouble(number.real, text);
    const bool fits = ParseDecimal({text, size}, to.precision(), to.scale(), &unscaled) == ParseOutcome::kOk;
    *result = static_cast<O>(unscaled);
    return fits;
  } else {
    const ValueLimits limits = IntegerLimits(to);
    const int128_t integer = number.AsInteger();
    const bool is_whole = number.is_integer || static_cast<double>(number.AsInteger()) == number.real;
    *result = static_cast<O>(integer);
    return integer >= limits.min && integer <= limits.max && (lenient || is_whole);
  }
}

arrow::Status NoNumber(std::string_view text, LogicalType to) { return ParseError(ParseOutcome::kSyntax, text, to); }

/// number(value, &result) answers whether there is one.
template <typename O, typename F>
arrow::Status NumberLoop(const CastState& state, bool lenient, KernelArgs args, const Selection& selection,
                         uint32_t num_rows, ScratchVector& out, F&& number) {
  bool is_number = true;
  const auto convert = [&](const StringRef& value, O* result) {
    AnyNumber parsed;
    is_number = number(value.view(), &parsed);
    return is_number && StoreNumber(parsed, state.to, lenient, result);
  };
  const auto error = [&](const StringRef& value) {
    if (is_number) return OutOfRange(state.to);
    return NoNumber(state.from.IsAny() ? AnyToText(value.view()) : std::string(value.view()), state.to);
  };
  return CastLoop<StringRef, O>(state, args, selection, num_rows, out, convert, error);
}

template <typename F>
arrow::Status ToNumbers(const CastState& state, bool lenient, KernelArgs args, const Selection& selection,
                        uint32_t num_rows, ScratchVector& out, F&& number) {
  switch (state.to.physical()) {
    case PhysicalType::kFloat:
      return NumberLoop<float>(state, lenient, args, selection, num_rows, out, number);
    case PhysicalType::kDouble:
      return NumberLoop<double>(state, lenient, args, selection, num_rows, out, number);
    case PhysicalType::kInt128:
      return NumberLoop<int128_t>(state, lenient, args, selection, num_rows, out, number);
    default:
      return VisitInteger64(state.to.physical(), [&](auto zero) {
        return NumberLoop<decltype(zero)>(state, lenient, args, selection, num_rows, out, number);
      });
  }
}

template <bool lenient>
arrow::Status AnyToNumberKernel(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                                const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  return ToNumbers(StateOf(raw_state), lenient, args, selection, num_rows, out,
                   [](std::string_view value, AnyNumber* result) {
                     if (lenient || IsAnyNumber(value)) {
                       *result = AnyToNumber(value);
                       return true;
                     }
                     const auto number = NumberFromText(AnyBytes(value));
                     if (number) *result = *number;
                     return number.has_value() && AnyTagOf(value) == AnyTag::kText;
                   });
}

arrow::Status TextToNumberKernel(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                                 const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  return ToNumbers(StateOf(raw_state), true, args, selection, num_rows, out,
                   [](std::string_view text, AnyNumber* result) {
                     *result = NumberFromPrefix(text);
                     return true;
                   });
}

arrow::Status AnyToBoolean(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<StringRef, uint8_t>(args, selection, out,
                               [](const StringRef& value) { return static_cast<uint8_t>(AnyIsTrue(value.view())); });
  return arrow::Status::OK();
}

arrow::Status TextToBoolean(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                            const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<StringRef, uint8_t>(args, selection, out, [](const StringRef& text) {
    const AnyNumber number = NumberFromPrefix(text.view());
    return static_cast<uint8_t>(number.is_integer ? number.integer != 0 : number.real != 0);
  });
  return arrow::Status::OK();
}

template <typename T>
arrow::Status RealToText(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<T> input(*args[0]);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    char text[32];
    const uint32_t size = FormatAnyReal(static_cast<double>(input[row]), text);
    return context.arena->Copy({text, size}).Value(&out.data<StringRef>()[row]);
  });
}

/// To VARCHAR and BLOB: text and blobs as they lie there.
arrow::Status AnyToBytes(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  StringRef* result = out.data<StringRef>();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const std::string_view value = input[row].view();
    if (IsAnyNumber(value)) return context.arena->Copy(AnyToText(value)).Value(&result[row]);
    const std::string_view bytes = AnyBytes(value);
    result[row] = bytes.empty() ? StringRef() : StringRef(bytes);
    return arrow::Status::OK();
  });
}

}  // namespace

CastChoice ChooseAnyCast(LogicalType from, LogicalType to, bool lenient) {
  const auto number = [](LogicalType type) { return type.IsNumeric() && type.id() != TypeId::kUHugeInt; };
  if (to.IsAny()) {
    if (number(from) || from.id() == TypeId::kBoolean) return {NumberToAny, false, kFormsFlat, false};
    if (from.IsString()) return {BytesToAny, false, kFormsFlat, true};
    return {};
  }
  if (to.IsString()) return {AnyToBytes, false, kFormsFlat, true};
  if (to.id() == TypeId::kBoolean) return {AnyToBoolean, false, kFormsFlat, true};
  if (!number(to)) return {};
  return {lenient ? AnyToNumberKernel<true> : AnyToNumberKernel<false>, true, kFormsFlat, true};
}

CastChoice ChooseSqliteRealCast(LogicalType from) {
  return {from.id() == TypeId::kReal ? RealToText<float> : RealToText<double>, false, kFormsFlat, false};
}

CastChoice ChooseLenientCast(LogicalType from, LogicalType to) {
  if (to.id() == TypeId::kBoolean) return {TextToBoolean, false, kFormsFlat, true};
  const bool fails = to.id() != TypeId::kBigInt && to.id() != TypeId::kHugeInt && !to.IsFloating();
  static_cast<void>(from);
  return {TextToNumberKernel, fails, kFormsFlat, true};
}

}  // namespace llkv
