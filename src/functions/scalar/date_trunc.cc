// date_trunc and date_bin.
#include "functions/binding.h"
#include "functions/date_fields.h"
#include "functions/kernel.h"
#include "functions/zone_argument.h"
#include "types/calendar.h"

namespace llkv {

namespace {

arrow::Status Overflow(LogicalType type) {
  return SqlError(sqlstate::kDatetimeOverflow, "the result is out of range for " + type.ToString());
}

struct FieldState {
  DateField field;
};

DateField FieldOf(const void* state) { return static_cast<const FieldState*>(state)->field; }

arrow::Status TruncateKernel(KernelContext& /*context*/, const void* state, KernelArgs args, const Selection& selection,
                             uint32_t /*num_rows*/, ScratchVector& out) {
  const DateField field = FieldOf(state);
  const Input<int64_t> micros(*args[1]);
  ForEachRow(selection, [&](uint32_t row) { out.data<int64_t>()[row] = TruncateMicros(field, micros[row]); });
  return arrow::Status::OK();
}

// In local time, whose cut point is an instant again. Hours and less are cut on the time line, so that the hour that
// comes twice stays what it is.
bool TruncateInstant(const TimeZone& zone, DateField field, int64_t utc, int64_t* result) {
  int64_t local = 0;
  if (!zone.LocalMicros(utc, &local)) return false;
  const int64_t cut = TruncateMicros(field, local);
  if (!IsTimeField(field)) return zone.UtcMicros(cut, result);
  return !__builtin_sub_overflow(utc, local - cut, result);
}

arrow::Status InstantTruncateKernel(KernelContext& context, const void* state, KernelArgs args,
                                    const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const DateField field = FieldOf(state);
  const TimeZone& zone = context.time_zone();
  const Input<int64_t> micros(*args[1]);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    const bool fits = TruncateInstant(zone, field, micros[row], &out.data<int64_t>()[row]);
    return fits ? arrow::Status::OK() : Overflow(out.vector().type);
  });
}

arrow::Status ZoneTruncateKernel(KernelContext& /*context*/, const void* state, KernelArgs args,
                                 const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const DateField field = FieldOf(state);
  ZoneArgument zones(*args[2]);
  const Input<int64_t> micros(*args[1]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const TimeZone* zone, zones.At(row));
    const bool fits = TruncateInstant(*zone, field, micros[row], &out.data<int64_t>()[row]);
    return fits ? arrow::Status::OK() : Overflow(out.vector().type);
  });
}

Interval TruncateInterval(DateField field, const Interval& value) {
  const auto months = [&](int32_t unit) { return Interval{value.months / unit * unit, 0, 0}; };
  const auto time = [&](int64_t micros) {
    return Interval{value.months, value.days, value.nanos / (micros * 1000) * (micros * 1000)};
  };
  switch (field) {
    case DateField::kMillennium:
      return months(12000);
    case DateField::kCentury:
      return months(1200);
    case DateField::kDecade:
      return months(120);
    case DateField::kYear:
      return months(12);
    case DateField::kQuarter:
      return months(3);
    case DateField::kMonth:
      return months(1);
    case DateField::kHour:
      return time(kMicrosPerHour);
    case DateField::kMinute:
      return time(kMicrosPerMinute);
    case DateField::kSecond:
      return time(kMicrosPerSecond);
    case DateField::kMillisecond:
      return time(1000);
    case DateField::kMicrosecond:
      return time(1);
    default:
      return {value.months, value.days, 0};
  }
}

arrow::Status IntervalTruncateKernel(KernelContext& /*context*/, const void* state, KernelArgs args,
                                     const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const DateField field = FieldOf(state);
  const Input<Interval> values(*args[1]);
  ForEachRow(selection, [&](uint32_t row) { out.data<Interval>()[row] = TruncateInterval(field, values[row]); });
  return arrow::Status::OK();
}

bool CanTruncate(DateField field) {
  return field < DateField::kDayOfWeek || (field >= DateField::kDecade && field <= DateField::kMillennium) ||
         field == DateField::kIsoYear;
}

arrow::Result<BoundScalar> BindDateTrunc(const ScalarFunction& self, const BindInput& input) {
  constexpr NullRule kRule = NullRule::kPropagate;
  constexpr TypeId kText = TypeId::kVarchar;
  constexpr TypeId kInstant = TypeId::kTimestampTz;
  static const std::vector<Overload> overloads = {
      {{kText, TypeId::kTimestamp}, TypeId::kTimestamp, TruncateKernel},
      {{kText, kInstant}, kInstant, InstantTruncateKernel, true, false, kRule, Volatility::kStable},
      {{kText, kInstant, kText}, kInstant, ZoneTruncateKernel, true},
      {{kText, TypeId::kInterval}, TypeId::kInterval, IntervalTruncateKernel}};
  ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindOverloads(self, input, overloads));
  if (!IsTextLiteral(input, 0) || input.constants[0]->is_null()) {
    return NotSupported("the field of " + self.name + " must be a constant text");
  }
  const std::string& name = input.constants[0]->bytes();
  ARROW_ASSIGN_OR_RAISE(const DateField field, NeedField(name));
  const bool is_interval = bound.return_type.id() == TypeId::kInterval;
  if (!CanTruncate(field) || (is_interval && (field == DateField::kWeek || field == DateField::kIsoYear))) {
    return NotSupported("cannot truncate " + bound.return_type.ToString() + " to \"" + name + "\"");
  }
  bound.state = std::make_shared<const FieldState>(FieldState{field});
  return bound;
}

// ---- date_bin ------------------------------------------------------------------------------------------------------

// Of origin, origin + stride, …: the last that is not behind the value.
arrow::Status DateBinKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                            const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<Interval> strides(*args[0]);
  const Input<int64_t> values(*args[1]);
  const Input<int64_t> origins(*args[2]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const Interval& interval = strides[row];
    if (interval.months != 0) return NotSupported("date_bin with a stride of months or years");
    const int128_t stride = static_cast<int128_t>(interval.days) * kMicrosPerDay + interval.nanos / 1000;
    if (stride <= 0) return SqlError(sqlstate::kDatetimeOverflow, "the stride must be greater than zero");
    const int128_t distance = static_cast<int128_t>(values[row]) - origins[row];
    int128_t rest = distance % stride;
    if (rest < 0) rest += stride;
    const int128_t bin = values[row] - rest;
    out.data<int64_t>()[row] = static_cast<int64_t>(bin);
    return out.data<int64_t>()[row] == bin ? arrow::Status::OK() : Overflow(out.vector().type);
  });
}

arrow::Result<BoundScalar> BindDateBin(const ScalarFunction& self, const BindInput& input) {
  constexpr TypeId kLocal = TypeId::kTimestamp;
  constexpr TypeId kInstant = TypeId::kTimestampTz;
  static const std::vector<Overload> overloads = {
      {{TypeId::kInterval, kLocal, kLocal}, kLocal, DateBinKernel, true},
      {{TypeId::kInterval, kInstant, kInstant}, kInstant, DateBinKernel, true}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterDateTrunc(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"date_trunc",
                              {"datetrunc"},
                              "Cut to a field, in a zone where one is given.",
                              "date_trunc('month', t)",
                              BindDateTrunc});
  registry.Add(ScalarFunction{"date_bin",
                              {},
                              "The beginning of the bin that a time lies in, of bins so long from an origin on.",
                              "date_bin('15 minutes', t, TIMESTAMP '2001-01-01')",
                              BindDateBin});
}

}  // namespace llkv
