// to_char of timestamps, intervals and numbers.
#include "functions/binding.h"
#include "functions/template_argument.h"
#include "types/calendar.h"

namespace llkv {

namespace {

constexpr TypeId kText = TypeId::kVarchar;

// write(row, &text) appends the row's text.
template <typename F>
arrow::Status TextLoop(KernelContext& context, const Selection& selection, ScratchVector& out, F&& write) {
  std::string text;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    text.clear();
    ARROW_RETURN_NOT_OK(write(row, &text));
    return context.arena->Copy(text).Value(&out.data<StringRef>()[row]);
  });
}

arrow::Status TimestampToChar(KernelContext& context, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int64_t> values(*args[0]);
  DateTemplateArgument templates(*args[1]);
  return TextLoop(context, selection, out, [&](uint32_t row, std::string* text) {
    return FormatByTemplate(templates.At(row), TemplateTimeOf(values[row]), text);
  });
}

arrow::Status InstantToChar(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int64_t> values(*args[0]);
  DateTemplateArgument templates(*args[1]);
  const TimeZone& zone = context.time_zone();
  return TextLoop(context, selection, out, [&](uint32_t row, std::string* text) {
    const int64_t seconds = FloorDivide(values[row], kMicrosPerSecond);
    int64_t local = values[row];
    if (!zone.LocalMicros(values[row], &local)) local = values[row];
    TemplateTime time = TemplateTimeOf(local);
    time.offset_seconds = zone.OffsetAt(seconds);
    time.zone_name = zone.AbbreviationAt(seconds);
    return FormatByTemplate(templates.At(row), time, text);
  });
}

arrow::Status IntervalToChar(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                             uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<Interval> values(*args[0]);
  DateTemplateArgument templates(*args[1]);
  return TextLoop(context, selection, out, [&](uint32_t row, std::string* text) {
    return FormatByTemplate(templates.At(row), TemplateTimeOf(values[row]), text);
  });
}

// A time of day is an interval.
arrow::Status TimeToChar(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int64_t> values(*args[0]);
  DateTemplateArgument templates(*args[1]);
  return TextLoop(context, selection, out, [&](uint32_t row, std::string* text) {
    return FormatByTemplate(templates.At(row), TemplateTimeOf(Interval{0, 0, values[row] * 1000}), text);
  });
}

struct ScaleState {
  int scale;
};

arrow::Status DecimalToChar(KernelContext& context, const void* state, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int128_t> values(*args[0]);
  NumberTemplateArgument templates(*args[1]);
  const int scale = static_cast<const ScaleState*>(state)->scale;
  return TextLoop(context, selection, out, [&](uint32_t row, std::string* text) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const NumberTemplate* pattern, templates.At(row));
    return FormatNumber(*pattern, values[row], scale, text);
  });
}

arrow::Status DoubleToChar(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<double> values(*args[0]);
  NumberTemplateArgument templates(*args[1]);
  return TextLoop(context, selection, out, [&](uint32_t row, std::string* text) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const NumberTemplate* pattern, templates.At(row));
    return FormatNumber(*pattern, values[row], text);
  });
}

arrow::Result<BoundScalar> BindToChar(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 2));
  const LogicalType type = input.argument_types[0];
  if (type.IsInteger() || type.IsDecimal()) {
    const LogicalType wide = type.IsInteger() ? LogicalType(TypeId::kHugeInt) : LogicalType::Decimal(38, type.scale());
    const Overload overload = {{wide, kText}, kText, DecimalToChar, true};
    if (!ArgumentCost(input.argument_types[1], nullptr, kText, input.dialect)) {
      return NoOverload(self.name, input.argument_types);
    }
    BoundScalar bound = MakeScalar(self, overload);
    bound.state = std::make_shared<const ScaleState>(ScaleState{type.scale()});
    return bound;
  }
  constexpr NullRule kRule = NullRule::kPropagate;
  static const std::vector<Overload> overloads = {
      {{TypeId::kTimestamp, kText}, kText, TimestampToChar, true},
      {{TypeId::kTimestampTz, kText}, kText, InstantToChar, true, false, kRule, Volatility::kStable},
      {{TypeId::kInterval, kText}, kText, IntervalToChar, true},
      {{TypeId::kTime, kText}, kText, TimeToChar, true},
      {{TypeId::kDouble, kText}, kText, DoubleToChar, true}};
  if (IsTextLiteral(input, 0)) return NoOverload(self.name, input.argument_types);
  return BindOverloads(self, input, overloads);
}

// ---- to_number -----------------------------------------------------------------------------------------------------

arrow::Status ToNumberKernel(KernelContext& /*context*/, const void* state, KernelArgs args, const Selection& selection,
                             uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> texts(*args[0]);
  NumberTemplateArgument templates(*args[1]);
  const int scale = static_cast<const ScaleState*>(state)->scale;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const NumberTemplate* pattern, templates.At(row));
    return ReadNumber(*pattern, texts[row].view(), scale, &out.data<int128_t>()[row]);
  });
}

// The result's scale is the template's.
arrow::Result<BoundScalar> BindToNumber(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{kText, kText}, LogicalType::Decimal(38, 0), ToNumberKernel, true}};
  ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindOverloads(self, input, overloads));
  int scale = 0;
  if (input.argument_types[1].id() != TypeId::kNull) {
    if (!IsTextLiteral(input, 1)) return NotSupported("the format of " + self.name + " must be a constant text");
    if (!input.constants[1]->is_null()) {
      ARROW_ASSIGN_OR_RAISE(const NumberTemplate pattern, ParseNumberTemplate(input.constants[1]->bytes()));
      scale = std::min(pattern.num_fraction + pattern.num_shift, 38);
    }
  }
  bound.return_type = LogicalType::Decimal(38, scale);
  bound.state = std::make_shared<const ScaleState>(ScaleState{scale});
  return bound;
}

}  // namespace

void RegisterToChar(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{
      "to_char", {}, "A time, interval or number as text by a template.", "to_char(125, '999')", BindToChar});
  registry.Add(ScalarFunction{"to_number",
                              {},
                              "The number that a text is by a template.",
                              "to_number('12,454.8-', '99G999D9S')",
                              BindToNumber});
}

}  // namespace llkv
