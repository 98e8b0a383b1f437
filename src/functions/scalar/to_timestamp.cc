// to_date and to_timestamp: of text by templates, and of seconds since 1970.
#include <cmath>

#include "functions/binding.h"
#include "functions/template_argument.h"
#include "types/calendar.h"
#include "types/time_zone.h"

namespace llkv {

namespace {

constexpr TypeId kText = TypeId::kVarchar;
constexpr TypeId kInstant = TypeId::kTimestampTz;

arrow::Status Overflow(LogicalType type) {
  return SqlError(sqlstate::kDatetimeOverflow, "the result is out of range for " + type.ToString());
}

arrow::Status SecondsKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                            const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<double> seconds(*args[0]);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    const double micros = std::nearbyint(seconds[row] * 1e6);
    if (!(micros >= -0x1p63 && micros < 0x1p63)) return Overflow(kInstant);
    out.data<int64_t>()[row] = static_cast<int64_t>(micros);
    return arrow::Status::OK();
  });
}

arrow::Status TextToTimestamp(KernelContext& context, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> texts(*args[0]);
  DateTemplateArgument templates(*args[1]);
  const TimeZone& zone = context.time_zone();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const TemplateResult result, ReadByTemplate(templates.At(row), texts[row].view()));
    int64_t& instant = out.data<int64_t>()[row];
    const bool fits = result.has_zone ? !__builtin_sub_overflow(result.local_micros,
                                                                result.offset_seconds * kMicrosPerSecond, &instant)
                                      : zone.UtcMicros(result.local_micros, &instant);
    return fits ? arrow::Status::OK() : Overflow(kInstant);
  });
}

arrow::Status TextToDate(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> texts(*args[0]);
  DateTemplateArgument templates(*args[1]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const TemplateResult result, ReadByTemplate(templates.At(row), texts[row].view()));
    out.data<int32_t>()[row] = static_cast<int32_t>(FloorDivide(result.local_micros, kMicrosPerDay));
    return arrow::Status::OK();
  });
}

arrow::Result<BoundScalar> BindToTimestamp(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kDouble}, kInstant, SecondsKernel, true},
      {{kText, kText}, kInstant, TextToTimestamp, true, false, NullRule::kPropagate, Volatility::kStable}};
  return BindOverloads(self, input, overloads);
}

arrow::Result<BoundScalar> BindToDate(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{kText, kText}, TypeId::kDate, TextToDate, true}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterToTimestamp(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"to_timestamp",
                              {},
                              "The instant that a text is by a template, or so many seconds after 1970.",
                              "to_timestamp('05 Dec 2000', 'DD Mon YYYY')",
                              BindToTimestamp});
  registry.Add(ScalarFunction{
      "to_date", {}, "The date that a text is by a template.", "to_date('05 Dec 2000', 'DD Mon YYYY')", BindToDate});
}

}  // namespace llkv
