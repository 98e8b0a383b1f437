// age, justify_days, justify_hours, justify_interval, date_add, date_subtract and last_day.
#include "functions/binding.h"
#include "functions/kernel.h"
#include "functions/temporal_arithmetic.h"
#include "functions/zone_argument.h"
#include "types/calendar.h"

namespace llkv {

namespace {

constexpr TypeId kInterval = TypeId::kInterval;
constexpr TypeId kLocal = TypeId::kTimestamp;
constexpr TypeId kInstant = TypeId::kTimestampTz;
constexpr NullRule kRule = NullRule::kPropagate;

arrow::Status Overflow(LogicalType type) {
  return SqlError(sqlstate::kDatetimeOverflow, "the result is out of range for " + type.ToString());
}

// ---- age: years, months and days apart -----------------------------------------------------------------------------

Interval AgeOf(int64_t a, int64_t b) {
  if (a < b) {
    const Interval reversed = AgeOf(b, a);
    return {-reversed.months, -reversed.days, -reversed.nanos};
  }
  const int64_t a_days = FloorDivide(a, kMicrosPerDay);
  const int64_t b_days = FloorDivide(b, kMicrosPerDay);
  int64_t time = (a - a_days * kMicrosPerDay) - (b - b_days * kMicrosPerDay);
  const CivilDate x = CivilFromDays(a_days);
  const CivilDate y = CivilFromDays(b_days);
  int64_t months = (x.year - y.year) * 12 + x.month - y.month;
  int64_t days = x.day - y.day;
  if (time < 0) {
    time += kMicrosPerDay;
    --days;
  }
  if (days < 0) {
    days += DaysInMonth(y.year, y.month);
    --months;
  }
  return {static_cast<int32_t>(months), static_cast<int32_t>(days), time * 1000};
}

// As local time: what does not fit stays as it is.
int64_t LocalOf(const TimeZone& zone, int64_t utc) {
  int64_t local = 0;
  return zone.LocalMicros(utc, &local) ? local : utc;
}

template <bool zoned>
arrow::Status AgeKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                        uint32_t /*num_rows*/, ScratchVector& out) {
  const TimeZone& zone = context.time_zone();
  const int64_t today = FloorDivide(LocalOf(zone, context.statement_time_us), kMicrosPerDay) * kMicrosPerDay;
  const Input<int64_t> from(*args.back());
  const auto local = [&](int64_t value) { return zoned ? LocalOf(zone, value) : value; };
  ForEachRow(selection, [&](uint32_t row) {
    const int64_t to = args.size() == 2 ? local(Input<int64_t>(*args[0])[row]) : today;
    out.data<Interval>()[row] = AgeOf(to, local(from[row]));
  });
  return arrow::Status::OK();
}

arrow::Result<BoundScalar> BindAge(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{kLocal, kLocal}, kInterval, AgeKernel<false>},
      {{kInstant, kInstant}, kInterval, AgeKernel<true>, false, false, kRule, Volatility::kStable},
      {{kLocal}, kInterval, AgeKernel<false>, false, false, kRule, Volatility::kStable},
      {{kInstant}, kInterval, AgeKernel<true>, false, false, kRule, Volatility::kStable}};
  return BindOverloads(self, input, overloads);
}

// ---- justify: 24 hours are a day, 30 days a month ------------------------------------------------------------------

constexpr int64_t kDaysPerMonth = 30;

// An interval on its way: wide, so that carries cannot overflow.
struct WideParts {
  int64_t months;
  int64_t days;
  int64_t nanos;

  void CarryDays() {
    months += days / kDaysPerMonth;
    days %= kDaysPerMonth;
  }
  void CarryHours() {
    days += nanos / kNanosPerDay;
    nanos %= kNanosPerDay;
  }
  // Gives months and what is below the same sign.
  void AlignMonths() {
    if (months > 0 && (days < 0 || (days == 0 && nanos < 0))) {
      days += kDaysPerMonth;
      --months;
    } else if (months < 0 && (days > 0 || (days == 0 && nanos > 0))) {
      days -= kDaysPerMonth;
      ++months;
    }
  }
  void AlignDays() {
    if (days > 0 && nanos < 0) {
      nanos += kNanosPerDay;
      --days;
    } else if (days < 0 && nanos > 0) {
      nanos -= kNanosPerDay;
      ++days;
    }
  }
};

void JustifyDays(WideParts& parts) {
  parts.CarryDays();
  if (parts.months > 0 && parts.days < 0) {
    parts.days += kDaysPerMonth;
    --parts.months;
  } else if (parts.months < 0 && parts.days > 0) {
    parts.days -= kDaysPerMonth;
    ++parts.months;
  }
}

void JustifyHours(WideParts& parts) {
  parts.CarryHours();
  parts.AlignDays();
}

void JustifyInterval(WideParts& parts) {
  parts.CarryHours();
  parts.CarryDays();
  parts.AlignMonths();
  parts.AlignDays();
}

template <void (*justify)(WideParts&)>
arrow::Status JustifyKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                            const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<Interval> values(*args[0]);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    const Interval& value = values[row];
    WideParts parts{value.months, value.days, value.nanos};
    justify(parts);
    Interval& result = out.data<Interval>()[row];
    result = {static_cast<int32_t>(parts.months), static_cast<int32_t>(parts.days), parts.nanos};
    return result.months == parts.months && result.days == parts.days ? arrow::Status::OK() : Overflow(kInterval);
  });
}

template <void (*justify)(WideParts&)>
arrow::Result<BoundScalar> BindJustify(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{kInterval}, kInterval, JustifyKernel<justify>, true}};
  return BindOverloads(self, input, overloads);
}

// ---- date_add, date_subtract ---------------------------------------------------------------------------------------

template <int sign>
arrow::Status MoveKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int64_t> values(*args[0]);
  const Input<Interval> intervals(*args[1]);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    const std::optional<int64_t> moved = AddInterval(values[row], intervals[row], sign);
    out.data<int64_t>()[row] = moved.value_or(0);
    return moved ? arrow::Status::OK() : Overflow(kLocal);
  });
}

// By local time of the session's zone, or of the third argument's.
template <int sign>
arrow::Status MoveInstantKernel(KernelContext& context, const void* /*state*/, KernelArgs args,
                                const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int64_t> values(*args[0]);
  const Input<Interval> intervals(*args[1]);
  ZoneArgument zones(*args.back());
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const TimeZone* zone = &context.time_zone();
    if (args.size() == 3) {
      ARROW_ASSIGN_OR_RAISE(zone, zones.At(row));
    }
    const bool fits = MoveInstant(*zone, values[row], intervals[row], sign, &out.data<int64_t>()[row]);
    return fits ? arrow::Status::OK() : Overflow(kInstant);
  });
}

template <int sign>
arrow::Result<BoundScalar> BindMove(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{kLocal, kInterval}, kLocal, MoveKernel<sign>, true},
      {{kInstant, kInterval}, kInstant, MoveInstantKernel<sign>, true, false, kRule, Volatility::kStable},
      {{kInstant, kInterval, TypeId::kVarchar}, kInstant, MoveInstantKernel<sign>, true}};
  return BindOverloads(self, input, overloads);
}

// ---- last_day ------------------------------------------------------------------------------------------------------

arrow::Status LastDayKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                            const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const auto last = [](int64_t days) {
    const CivilDate date = CivilFromDays(days);
    return static_cast<int32_t>(DaysFromCivil(date.year, date.month, DaysInMonth(date.year, date.month)));
  };
  if (args[0]->type.id() == TypeId::kDate) {
    MapUnary<int32_t, int32_t>(args, selection, out, last);
  } else {
    MapUnary<int64_t, int32_t>(args, selection, out,
                               [&](int64_t micros) { return last(FloorDivide(micros, kMicrosPerDay)); });
  }
  return arrow::Status::OK();
}

arrow::Result<BoundScalar> BindLastDay(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{TypeId::kDate}, TypeId::kDate, LastDayKernel},
                                                  {{kLocal}, TypeId::kDate, LastDayKernel}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterAge(FunctionRegistry& registry) {
  const auto add = [&](const char* name, const char* text, const char* example, auto bind) {
    registry.Add(ScalarFunction{name, {}, text, example, bind});
  };
  add("age", "Years, months and days between two times, or from one until today.", "age(a, b)", BindAge);
  add("justify_days", "30 days become a month.", "justify_days(i)", BindJustify<JustifyDays>);
  add("justify_hours", "24 hours become a day.", "justify_hours(i)", BindJustify<JustifyHours>);
  add("justify_interval", "24 hours become a day, 30 days a month, and all signs the same.", "justify_interval(i)",
      BindJustify<JustifyInterval>);
  add("date_add", "A time moved by an interval, by local time of a zone.", "date_add(t, '1 day', 'Europe/Berlin')",
      BindMove<1>);
  add("date_subtract", "A time moved back by an interval, by local time of a zone.", "date_subtract(t, '1 day')",
      BindMove<-1>);
  add("last_day", "The month's last day.", "last_day(d)", BindLastDay);
}

}  // namespace llkv
