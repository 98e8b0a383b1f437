// extract and date_part of every field, and their short forms: year, month, …
//
// extract gives fields that are whole numbers as BIGINT, the others as exact DECIMALs; date_part gives DOUBLE, as
// PostgreSQL does; the short forms give BIGINT, epoch and julian DOUBLE.
#include "functions/binding.h"
#include "functions/date_fields.h"
#include "functions/kernel.h"
#include "types/calendar.h"
#include "types/decimal.h"
#include "types/time_tz.h"

namespace llkv {

namespace {

// What a name of this file gives.
enum class PartResult : uint8_t { kExact, kDouble, kWhole };

struct PartState {
  DateField field;
  int scale;  // digits after the point of the kernels for fractions
};

int64_t TimestampPart(DateField field, int64_t micros) {
  const int64_t days = FloorDivide(micros, kMicrosPerDay);
  return IsTimeField(field) ? TimePart(field, micros - days * kMicrosPerDay) : DayPart(field, days);
}

// Of an instant: by the local time.
int64_t InstantPart(DateField field, int64_t micros, const TimeZone& zone) {
  const int64_t offset = zone.OffsetAt(FloorDivide(micros, kMicrosPerSecond));
  if (IsZoneField(field)) return ZonePart(field, offset);
  int64_t local = micros;
  if (__builtin_add_overflow(micros, offset * kMicrosPerSecond, &local)) local = micros;
  return TimestampPart(field, local);
}

int64_t TimeTzPart(DateField field, int64_t held) {
  const TimeTz time = TimeTzOf(held);
  return IsZoneField(field) ? ZonePart(field, time.offset_seconds) : TimePart(field, time.micros);
}

// Of a timestamp of other units: the day and the time, cut to microseconds.
int64_t UnitPart(DateField field, int64_t value, int64_t units_per_second) {
  const int64_t seconds = FloorDivide(value, units_per_second);
  const int64_t days = FloorDivide(seconds, 86400);
  if (!IsTimeField(field)) return DayPart(field, days);
  const int64_t rest = value % units_per_second;
  const int64_t fraction = rest < 0 ? rest + units_per_second : rest;
  const int64_t micros = units_per_second > kMicrosPerSecond ? fraction / (units_per_second / kMicrosPerSecond)
                                                             : fraction * (kMicrosPerSecond / units_per_second);
  return TimePart(field, (seconds - days * 86400) * kMicrosPerSecond + micros);
}

template <typename A, typename O, typename F>
void MapPart(const Vector& input, const Selection& selection, ScratchVector& out, F&& f) {
  const Input<A> values(input);
  O* result = out.data<O>();
  ForEachRow(selection, [&](uint32_t row) { result[row] = static_cast<O>(f(values[row])); });
}

// Fields that are whole numbers. Years of a dense column of dates are the hot case.
template <typename O>
arrow::Status WholePartKernel(KernelContext& context, const void* state, KernelArgs args, const Selection& selection,
                              uint32_t /*num_rows*/, ScratchVector& out) {
  const DateField field = static_cast<const PartState*>(state)->field;
  const Vector& input = *args.back();
  switch (input.type.id()) {
    case TypeId::kDate:
      MapPart<int32_t, O>(input, selection, out, [&](int32_t days) { return DayPart(field, days); });
      break;
    case TypeId::kTime:
      MapPart<int64_t, O>(input, selection, out, [&](int64_t micros) { return TimePart(field, micros); });
      break;
    case TypeId::kTimestamp:
      MapPart<int64_t, O>(input, selection, out, [&](int64_t micros) { return TimestampPart(field, micros); });
      break;
    case TypeId::kTimestampTz: {
      const TimeZone& zone = context.time_zone();
      MapPart<int64_t, O>(input, selection, out, [&](int64_t micros) { return InstantPart(field, micros, zone); });
      break;
    }
    case TypeId::kTimeTz:
      MapPart<int64_t, O>(input, selection, out, [&](int64_t held) { return TimeTzPart(field, held); });
      break;
    case TypeId::kTimestampS:
    case TypeId::kTimestampMs:
    case TypeId::kTimestampNs: {
      const int64_t units = UnitsPerSecond(input.type.id());
      MapPart<int64_t, O>(input, selection, out, [&](int64_t value) { return UnitPart(field, value, units); });
      break;
    }
    default:
      MapPart<Interval, O>(input, selection, out, [&](const Interval& value) { return IntervalPart(field, value); });
  }
  return arrow::Status::OK();
}

// ---- fields with a fraction ----------------------------------------------------------------------------------------

constexpr int kJulianScale = 20;

bool HasFraction(DateField field) {
  return field == DateField::kSecond || field == DateField::kMillisecond || field == DateField::kEpoch ||
         field == DateField::kJulian;
}

// A moment in units of a second's 10^-digits: local, and since 1970 UTC.
struct Moment {
  int128_t local;
  int128_t since_epoch;
};

// As a count of 10^-scale.
int128_t FinePart(DateField field, const Moment& moment, int64_t units_per_second) {
  if (field == DateField::kEpoch) return moment.since_epoch;
  const int128_t length = static_cast<int128_t>(units_per_second) * (field == DateField::kJulian ? 86400 : 60);
  int128_t whole = moment.local / length;
  int128_t rest = moment.local % length;
  if (rest < 0) {
    rest += length;
    --whole;
  }
  if (field != DateField::kJulian) return rest;
  const int128_t one = PowerOfTen(kJulianScale);
  return (whole + kJulianDayOf1970) * one + rest * one / length;
}

Moment MomentOf(KernelContext& context, TypeId type, int64_t value) {
  switch (type) {
    case TypeId::kTimestampTz: {
      const int64_t offset = context.time_zone().OffsetAt(FloorDivide(value, kMicrosPerSecond));
      return {static_cast<int128_t>(value) + offset * kMicrosPerSecond, value};
    }
    case TypeId::kTimeTz: {
      const TimeTz time = TimeTzOf(value);
      return {time.micros, time.micros - time.offset_seconds * kMicrosPerSecond};
    }
    case TypeId::kTimestampS:
    case TypeId::kTimestampMs: {
      const int128_t micros = static_cast<int128_t>(value) * (kMicrosPerSecond / UnitsPerSecond(type));
      return {micros, micros};
    }
    default:
      return {value, value};
  }
}

// emit(row, count of 10^-scale) for each row.
template <typename F>
void ForEachFinePart(KernelContext& context, DateField field, const Vector& input, const Selection& selection,
                     F&& emit) {
  const TypeId type = input.type.id();
  if (type == TypeId::kInterval) {
    const Input<Interval> values(input);
    ForEachRow(selection, [&](uint32_t row) {
      const Interval& value = values[row];
      emit(row, field == DateField::kEpoch ? IntervalMicros(value) : int128_t{value.nanos / 1000 % kMicrosPerMinute});
    });
    return;
  }
  const int64_t units = type == TypeId::kTimestampNs ? 1000000000 : kMicrosPerSecond;
  if (type == TypeId::kDate) {
    const Input<int32_t> days(input);
    ForEachRow(selection, [&](uint32_t row) {
      const int128_t micros = static_cast<int128_t>(days[row]) * kMicrosPerDay;
      emit(row, FinePart(field, {micros, micros}, units));
    });
    return;
  }
  const Input<int64_t> values(input);
  ForEachRow(selection, [&](uint32_t row) { emit(row, FinePart(field, MomentOf(context, type, values[row]), units)); });
}

arrow::Status ExactPartKernel(KernelContext& context, const void* state, KernelArgs args, const Selection& selection,
                              uint32_t /*num_rows*/, ScratchVector& out) {
  const bool wide = out.vector().type.physical() == PhysicalType::kInt128;
  ForEachFinePart(context, static_cast<const PartState*>(state)->field, *args.back(), selection,
                  [&](uint32_t row, int128_t value) {
                    if (wide) {
                      out.data<int128_t>()[row] = value;
                    } else {
                      out.data<int64_t>()[row] = static_cast<int64_t>(value);
                    }
                  });
  return arrow::Status::OK();
}

arrow::Status DoublePartKernel(KernelContext& context, const void* raw_state, KernelArgs args,
                               const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const auto& state = *static_cast<const PartState*>(raw_state);
  ForEachFinePart(context, state.field, *args.back(), selection,
                  [&](uint32_t row, int128_t value) { out.data<double>()[row] = DecimalToDouble(value, state.scale); });
  return arrow::Status::OK();
}

// ---- binding -------------------------------------------------------------------------------------------------------

bool HasField(LogicalType type, DateField field) {
  switch (type.id()) {
    case TypeId::kTime:
      return IsTimeField(field) || field == DateField::kEpoch;
    case TypeId::kTimeTz:
      return IsTimeField(field) || field == DateField::kEpoch || IsZoneField(field);
    case TypeId::kInterval:
      return field <= DateField::kWeek || (field >= DateField::kEpoch && field <= DateField::kMillennium);
    default:
      return !IsZoneField(field) || type.id() == TypeId::kTimestampTz;
  }
}

// The decimal that holds a field of a type exactly.
LogicalType ExactType(LogicalType type, DateField field) {
  const int digits = type.id() == TypeId::kTimestampNs ? 9 : 6;
  switch (field) {
    case DateField::kSecond:
      return LogicalType::Decimal(2 + digits, digits);
    case DateField::kMillisecond:
      return LogicalType::Decimal(2 + digits, digits - 3);
    case DateField::kJulian:
      return LogicalType::Decimal(kMaxDecimalDigits, kJulianScale);
    default:
      return LogicalType::Decimal(20 + digits, digits);
  }
}

arrow::Result<BoundScalar> BindPart(const ScalarFunction& self, LogicalType type, DateField field, PartResult result,
                                    const BindInput& input) {
  if (type.id() == TypeId::kNull) type = TypeId::kDate;
  if (type.id() == TypeId::kVarchar && IsTextLiteral(input, input.argument_types.size() - 1)) type = TypeId::kTimestamp;
  if (!type.IsTemporal()) return NoOverload(self.name, input.argument_types);
  if (!HasField(type, field)) return NotSupported(type.ToString() + " has no such field");
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types = {type};
  if (type.IsZoned()) bound.volatility = Volatility::kStable;
  // A date's seconds since 1970 and its Julian day are whole numbers.
  const bool has_fraction = HasFraction(field) && type.id() != TypeId::kDate;
  const LogicalType exact = ExactType(type, field);
  if (result == PartResult::kDouble) {
    bound.return_type = TypeId::kDouble;
    bound.kernel = has_fraction ? DoublePartKernel : WholePartKernel<double>;
  } else if (result == PartResult::kExact && has_fraction) {
    bound.return_type = exact;
    bound.kernel = ExactPartKernel;
  } else {
    bound.return_type = TypeId::kBigInt;
    bound.kernel = WholePartKernel<int64_t>;
  }
  bound.state = std::make_shared<const PartState>(PartState{field, exact.scale()});
  return bound;
}

template <PartResult result>
arrow::Result<BoundScalar> BindDatePart(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 2));
  if (!IsTextLiteral(input, 0) || input.constants[0]->is_null()) {
    return NotSupported("the field of " + self.name + " must be a constant text");
  }
  ARROW_ASSIGN_OR_RAISE(const DateField field, NeedField(input.constants[0]->bytes()));
  ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindPart(self, input.argument_types[1], field, result, input));
  bound.argument_types.insert(bound.argument_types.begin(), TypeId::kVarchar);
  return bound;
}

template <DateField field>
arrow::Result<BoundScalar> BindField(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, 1));
  const bool whole = field != DateField::kEpoch && field != DateField::kJulian;
  return BindPart(self, input.argument_types[0], field, whole ? PartResult::kWhole : PartResult::kDouble, input);
}

}  // namespace

void RegisterDatePart(FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* text, const char* example,
                       auto bind) {
    registry.Add(ScalarFunction{name, std::move(aliases), text, example, bind});
  };
  add("extract", {}, "A field of a date, time or interval, exactly.", "extract(year FROM d)",
      BindDatePart<PartResult::kExact>);
  add("date_part", {"datepart"}, "A field of a date, time or interval as DOUBLE.", "date_part('year', d)",
      BindDatePart<PartResult::kDouble>);
  add("year", {}, "The year.", "year(d)", BindField<DateField::kYear>);
  add("month", {}, "The month, 1 to 12.", "month(d)", BindField<DateField::kMonth>);
  add("day", {"dayofmonth"}, "The day of the month.", "day(d)", BindField<DateField::kDay>);
  add("hour", {}, "The hour.", "hour(t)", BindField<DateField::kHour>);
  add("minute", {}, "The minute.", "minute(t)", BindField<DateField::kMinute>);
  add("second", {}, "The second.", "second(t)", BindField<DateField::kSecond>);
  add("millisecond", {}, "Seconds and milliseconds, as milliseconds.", "millisecond(t)",
      BindField<DateField::kMillisecond>);
  add("microsecond", {}, "Seconds and microseconds, as microseconds.", "microsecond(t)",
      BindField<DateField::kMicrosecond>);
  add("quarter", {}, "The quarter, 1 to 4.", "quarter(d)", BindField<DateField::kQuarter>);
  add("week", {"weekofyear"}, "The ISO week.", "week(d)", BindField<DateField::kWeek>);
  add("yearweek", {}, "The ISO year and week: 202401.", "yearweek(d)", BindField<DateField::kYearWeek>);
  add("dayofweek", {"weekday"}, "The day of the week, 0 for Sunday.", "dayofweek(d)", BindField<DateField::kDayOfWeek>);
  add("isodow", {}, "The day of the week, 1 for Monday.", "isodow(d)", BindField<DateField::kIsoDayOfWeek>);
  add("dayofyear", {}, "The day of the year.", "dayofyear(d)", BindField<DateField::kDayOfYear>);
  add("isoyear", {}, "The ISO year.", "isoyear(d)", BindField<DateField::kIsoYear>);
  add("decade", {}, "The year by 10.", "decade(d)", BindField<DateField::kDecade>);
  add("century", {}, "The century.", "century(d)", BindField<DateField::kCentury>);
  add("millennium", {}, "The millennium.", "millennium(d)", BindField<DateField::kMillennium>);
  add("julian", {}, "The Julian day, with the time as its fraction.", "julian(d)", BindField<DateField::kJulian>);
  add("epoch", {}, "Seconds since 1970.", "epoch(t)", BindField<DateField::kEpoch>);
  add("timezone_hour", {}, "Hours of the distance from UTC.", "timezone_hour(t)", BindField<DateField::kTimezoneHour>);
  add("timezone_minute", {}, "Minutes of the distance from UTC.", "timezone_minute(t)",
      BindField<DateField::kTimezoneMinute>);
}

}  // namespace llkv
