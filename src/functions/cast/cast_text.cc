// Casts from and to VARCHAR.
#include <cstring>

#include "functions/cast/cast.h"
#include "types/bit_string.h"
#include "types/calendar.h"
#include "types/text_format.h"
#include "types/text_parse.h"

namespace llkv {

namespace {

const CastState& StateOf(const void* state) { return *static_cast<const CastState*>(state); }

// parse(text, &value) gives a ParseOutcome.
template <typename O, typename Parse>
arrow::Status ParseLoop(const CastState& state, KernelArgs args, const Selection& selection, uint32_t num_rows,
                        ScratchVector& out, Parse&& parse) {
  ParseOutcome outcome = ParseOutcome::kOk;
  const auto convert = [&](const StringRef& text, O* result) {
    outcome = parse(text.view(), result);
    return outcome == ParseOutcome::kOk;
  };
  const auto error = [&](const StringRef& text) { return ParseError(outcome, text.view(), state.to); };
  return CastLoop<StringRef, O>(state, args, selection, num_rows, out, convert, error);
}

template <typename O>
arrow::Status ParseIntegers(const CastState& state, KernelArgs args, const Selection& selection, uint32_t num_rows,
                            ScratchVector& out) {
  const ValueLimits limits = IntegerLimits(state.to);
  return ParseLoop<O>(state, args, selection, num_rows, out, [&](std::string_view text, O* result) {
    int128_t value = 0;
    const ParseOutcome outcome = state.to.IsDecimal()
                                     ? ParseDecimal(text, state.to.precision(), state.to.scale(), &value)
                                     : ParseInteger(text, &value);
    if (outcome != ParseOutcome::kOk) return outcome;
    if (value < limits.min || value > limits.max) return ParseOutcome::kRange;
    *result = static_cast<O>(value);
    return outcome;
  });
}

arrow::Status FromTextKernel(KernelContext& context, const void* raw_state, KernelArgs args, const Selection& selection,
                             uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  switch (state.to.id()) {
    case TypeId::kBoolean:
      return ParseLoop<uint8_t>(state, args, selection, num_rows, out, [](std::string_view text, uint8_t* result) {
        bool value = false;
        const ParseOutcome outcome = ParseBoolean(text, &value);
        *result = value ? 1 : 0;
        return outcome;
      });
    case TypeId::kReal:
      return ParseLoop<float>(state, args, selection, num_rows, out, ParseReal);
    case TypeId::kDouble:
      return ParseLoop<double>(state, args, selection, num_rows, out, ParseDouble);
    case TypeId::kDate:
      return ParseLoop<int32_t>(state, args, selection, num_rows, out, ParseDate);
    case TypeId::kTime:
      return ParseLoop<int64_t>(state, args, selection, num_rows, out, ParseTime);
    case TypeId::kTimestamp:
      return ParseLoop<int64_t>(state, args, selection, num_rows, out, ParseTimestamp);
    case TypeId::kTimestampTz: {
      const TimeZone& zone = context.time_zone();
      return ParseLoop<int64_t>(state, args, selection, num_rows, out, [&](std::string_view text, int64_t* result) {
        return ParseTimestampTz(text, zone, result);
      });
    }
    case TypeId::kTimestampS:
    case TypeId::kTimestampMs:
    case TypeId::kTimestampNs: {
      const int digits = FractionDigits(state.to.id());
      return ParseLoop<int64_t>(state, args, selection, num_rows, out, [&](std::string_view text, int64_t* result) {
        return ParseTimestampOf(text, digits, result);
      });
    }
    case TypeId::kTimeTz:
      return ParseLoop<int64_t>(state, args, selection, num_rows, out, ParseTimeTz);
    case TypeId::kUHugeInt:
      return ParseLoop<int128_t>(state, args, selection, num_rows, out, ParseUHugeInt);
    case TypeId::kUuid:
      return ParseLoop<int128_t>(state, args, selection, num_rows, out, ParseUuid);
    case TypeId::kJson:
      return ParseLoop<StringRef>(state, args, selection, num_rows, out, [](std::string_view text, StringRef* result) {
        *result = text.empty() ? StringRef() : StringRef(text);
        return ParseJson(text);
      });
    case TypeId::kInterval:
      return ParseLoop<Interval>(state, args, selection, num_rows, out, [](std::string_view text, Interval* result) {
        return ParseInterval(text, "second", result);
      });
    default:
      break;
  }
  if (state.to.physical() == PhysicalType::kInt128) {
    return ParseIntegers<int128_t>(state, args, selection, num_rows, out);
  }
  return VisitInteger64(state.to.physical(), [&](auto zero) {
    return ParseIntegers<decltype(zero)>(state, args, selection, num_rows, out);
  });
}

// Text to bytes: only the hexadecimal form needs room.
arrow::Status TextToBlobKernel(KernelContext& context, const void* raw_state, KernelArgs args,
                               const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  arrow::Status failure;
  const auto convert = [&](const StringRef& text, StringRef* result) {
    *result = text;
    if (text.size < 2 || text.data[0] != '\\' || text.data[1] != 'x') return true;
    std::string bytes;
    if (ParseBlob(text.view(), &bytes) != ParseOutcome::kOk) return false;
    const arrow::Result<StringRef> copy = context.arena->Copy(bytes);
    if (copy.ok()) *result = *copy;
    failure = copy.status();
    return failure.ok();
  };
  const auto error = [&](const StringRef& text) {
    return failure.ok() ? ParseError(ParseOutcome::kSyntax, text.view(), state.to) : failure;
  };
  ARROW_RETURN_NOT_OK((CastLoop<StringRef, StringRef>(state, args, selection, num_rows, out, convert, error)));
  return failure;
}

arrow::Status TextToBitKernel(KernelContext& context, const void* raw_state, KernelArgs args,
                              const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  arrow::Status failure;
  std::string bits;
  const auto convert = [&](const StringRef& text, StringRef* result) {
    *result = StringRef();
    if (!BitStringFromText(text.view(), &bits)) return false;
    failure = context.arena->Copy(bits).Value(result);
    return failure.ok();
  };
  const auto error = [&](const StringRef& text) {
    return failure.ok() ? ParseError(ParseOutcome::kSyntax, text.view(), state.to) : failure;
  };
  ARROW_RETURN_NOT_OK((CastLoop<StringRef, StringRef>(state, args, selection, num_rows, out, convert, error)));
  return failure;
}

// format(value, buffer) writes at most kMaxTextBytes and gives the length.
template <typename A, typename Format>
arrow::Status FormatLoop(KernelContext& context, KernelArgs args, const Selection& selection, ScratchVector& out,
                         Format&& format) {
  const Input<A> input(*args[0]);
  StringRef* result = out.data<StringRef>();
  char buffer[kMaxTextBytes];
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const uint32_t size = format(input[row], buffer);
    ARROW_ASSIGN_OR_RAISE(result[row], context.arena->Copy({buffer, size}));
    return arrow::Status::OK();
  });
}

uint32_t FormatBoolean(uint8_t value, char* out) {
  const std::string_view text = value != 0 ? "true" : "false";
  std::memcpy(out, text.data(), text.size());
  return static_cast<uint32_t>(text.size());
}

template <typename T>
arrow::Status FormatIntegers(KernelContext& context, const CastState& state, KernelArgs args,
                             const Selection& selection, ScratchVector& out) {
  const int scale = state.from.scale();
  return FormatLoop<T>(context, args, selection, out,
                       [&](T value, char* text) { return FormatDecimal(static_cast<int128_t>(value), scale, text); });
}

arrow::Status ToTextKernel(KernelContext& context, const void* raw_state, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  switch (state.from.id()) {
    case TypeId::kBoolean:
      return FormatLoop<uint8_t>(context, args, selection, out, FormatBoolean);
    case TypeId::kReal:
      return FormatLoop<float>(context, args, selection, out, FormatReal);
    case TypeId::kDouble:
      return FormatLoop<double>(context, args, selection, out, FormatDouble);
    case TypeId::kDate:
      return FormatLoop<int32_t>(context, args, selection, out, FormatDate);
    case TypeId::kTime:
      return FormatLoop<int64_t>(context, args, selection, out, FormatTime);
    case TypeId::kTimestamp:
      return FormatLoop<int64_t>(context, args, selection, out, FormatTimestamp);
    case TypeId::kTimestampTz: {
      const TimeZone& zone = context.time_zone();
      return FormatLoop<int64_t>(context, args, selection, out,
                                 [&](int64_t value, char* text) { return FormatTimestampTz(value, zone, text); });
    }
    case TypeId::kTimestampS:
    case TypeId::kTimestampMs:
    case TypeId::kTimestampNs: {
      const int digits = FractionDigits(state.from.id());
      return FormatLoop<int64_t>(context, args, selection, out,
                                 [&](int64_t value, char* text) { return FormatTimestampOf(value, digits, text); });
    }
    case TypeId::kTimeTz:
      return FormatLoop<int64_t>(context, args, selection, out, FormatTimeTz);
    case TypeId::kUHugeInt:
      return FormatLoop<int128_t>(context, args, selection, out, FormatUHugeInt);
    case TypeId::kUuid:
      return FormatLoop<int128_t>(context, args, selection, out, FormatUuid);
    case TypeId::kInterval:
      return FormatLoop<Interval>(context, args, selection, out, FormatInterval);
    default:
      break;
  }
  if (state.from.physical() == PhysicalType::kInt128) {
    return FormatIntegers<int128_t>(context, state, args, selection, out);
  }
  return VisitInteger64(state.from.physical(), [&](auto zero) {
    return FormatIntegers<decltype(zero)>(context, state, args, selection, out);
  });
}

arrow::Status BlobToTextKernel(KernelContext& context, const void* /*state*/, KernelArgs args,
                               const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  StringRef* result = out.data<StringRef>();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(result[row], context.arena->Copy(FormatBlob(input[row].view())));
    return arrow::Status::OK();
  });
}

arrow::Status BitToTextKernel(KernelContext& context, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    return context.arena->Copy(BitStringToText(input[row].view())).Value(&out.data<StringRef>()[row]);
  });
}

// JSON is its text.
arrow::Status JsonToTextKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                               const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<StringRef, StringRef>(args, selection, out, [](const StringRef& text) { return text; });
  return arrow::Status::OK();
}

}  // namespace

CastChoice ChooseTextCast(LogicalType from, LogicalType to) {
  switch (from.id()) {
    case TypeId::kVarchar:
      if (to.id() == TypeId::kBlob) return {TextToBlobKernel, true, kFormsFlat, true};
      if (to.id() == TypeId::kBit) return {TextToBitKernel, true, kFormsFlat, true};
      return {FromTextKernel, true, kFormsFlat, true, to.IsZoned()};
    case TypeId::kBlob:
      return {BlobToTextKernel, false, kFormsFlat, true};
    case TypeId::kBit:
      return {BitToTextKernel, false, kFormsFlat, true};
    case TypeId::kJson:
      return {JsonToTextKernel, false, kFormsFlat, true};
    default:
      return {ToTextKernel, false, kFormsFlat, false, from.IsZoned()};
  }
}

}  // namespace llkv
