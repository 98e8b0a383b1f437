// Dates and times: date_part and its short forms, date_trunc, make_date, now, strftime, age, last_day, date_diff.
#include <cstring>

#include "functions/binding.h"
#include "functions/text_input.h"
#include "types/calendar.h"
#include "types/text_format.h"
#include "types/time_tz.h"
#include "types/time_zone.h"

namespace llkv {

namespace {

enum class DateField : uint8_t {
  kYear,
  kMonth,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kMillisecond,
  kMicrosecond,
  kQuarter,
  kWeek,
  kDayOfWeek,
  kIsoDayOfWeek,
  kDayOfYear,
  kEpoch,
  kDecade,
  kCentury,
  kMillennium,
  kIsoYear,
  kTimezone,
  kTimezoneHour,
  kTimezoneMinute,
};

std::optional<DateField> FindField(std::string_view text) {
  struct Name {
    std::string_view name;
    DateField field;
  };
  static constexpr Name kNames[] = {{"year", DateField::kYear},
                                    {"month", DateField::kMonth},
                                    {"mon", DateField::kMonth},
                                    {"day", DateField::kDay},
                                    {"hour", DateField::kHour},
                                    {"minute", DateField::kMinute},
                                    {"second", DateField::kSecond},
                                    {"millisecond", DateField::kMillisecond},
                                    {"microsecond", DateField::kMicrosecond},
                                    {"quarter", DateField::kQuarter},
                                    {"week", DateField::kWeek},
                                    {"dow", DateField::kDayOfWeek},
                                    {"dayofweek", DateField::kDayOfWeek},
                                    {"weekday", DateField::kDayOfWeek},
                                    {"isodow", DateField::kIsoDayOfWeek},
                                    {"doy", DateField::kDayOfYear},
                                    {"dayofyear", DateField::kDayOfYear},
                                    {"epoch", DateField::kEpoch},
                                    {"decade", DateField::kDecade},
                                    {"century", DateField::kCentury},
                                    {"millennium", DateField::kMillennium},
                                    {"isoyear", DateField::kIsoYear},
                                    {"timezone", DateField::kTimezone},
                                    {"timezone_hour", DateField::kTimezoneHour},
                                    {"timezone_minute", DateField::kTimezoneMinute}};
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (int attempt = 0; attempt < 2; ++attempt) {
    for (const Name& entry : kNames) {
      if (entry.name == lower) return entry.field;
    }
    if (lower.size() < 2 || lower.back() != 's') break;
    lower.pop_back();
  }
  return std::nullopt;
}

arrow::Result<DateField> NeedField(std::string_view text) {
  if (const std::optional<DateField> field = FindField(text)) return *field;
  return SqlError(sqlstate::kInvalidParameter, "there is no date field \"" + std::string(text) + "\"");
}

// Monday of the week that holds the year's first Thursday.
int64_t FirstIsoWeek(int64_t year) {
  const int64_t january_fourth = DaysFromCivil(year, 1, 4);
  return january_fourth - (DayOfWeek(january_fourth) + 6) % 7;
}

int64_t IsoYear(int64_t days) {
  const int64_t year = CivilFromDays(days).year;
  if (days >= FirstIsoWeek(year + 1)) return year + 1;
  return days < FirstIsoWeek(year) ? year - 1 : year;
}

int64_t CenturiesOf(int64_t year, int64_t length) {
  return year > 0 ? (year + length - 1) / length : -((-year) / length + 1);
}

int64_t DayPart(DateField field, int64_t days) {
  const CivilDate date = CivilFromDays(days);
  switch (field) {
    case DateField::kYear:
      return date.year > 0 ? date.year : date.year - 1;
    case DateField::kMonth:
      return date.month;
    case DateField::kDay:
      return date.day;
    case DateField::kQuarter:
      return (date.month - 1) / 3 + 1;
    case DateField::kWeek:
      return (days - FirstIsoWeek(IsoYear(days))) / 7 + 1;
    case DateField::kDayOfWeek:
      return DayOfWeek(days);
    case DateField::kIsoDayOfWeek:
      return (DayOfWeek(days) + 6) % 7 + 1;
    case DateField::kDayOfYear:
      return days - DaysFromCivil(date.year, 1, 1) + 1;
    case DateField::kDecade:
      return FloorDivide(date.year, 10);
    case DateField::kCentury:
      return CenturiesOf(date.year, 100);
    case DateField::kMillennium:
      return CenturiesOf(date.year, 1000);
    case DateField::kIsoYear:
      return IsoYear(days);
    case DateField::kEpoch:
      return days * 86400;
    default:
      return 0;
  }
}

int64_t TimePart(DateField field, int64_t micros) {
  switch (field) {
    case DateField::kHour:
      return micros / kMicrosPerHour;
    case DateField::kMinute:
      return micros / kMicrosPerMinute % 60;
    case DateField::kSecond:
      return micros / kMicrosPerSecond % 60;
    case DateField::kMillisecond:
      return micros % kMicrosPerMinute / 1000;
    case DateField::kMicrosecond:
      return micros % kMicrosPerMinute;
    default:
      return micros / kMicrosPerSecond;
  }
}

bool IsTimeField(DateField field) { return field >= DateField::kHour && field <= DateField::kMicrosecond; }

int64_t TimestampPart(DateField field, int64_t micros) {
  const int64_t days = FloorDivide(micros, kMicrosPerDay);
  if (field == DateField::kEpoch) return FloorDivide(micros, kMicrosPerSecond);
  return IsTimeField(field) ? TimePart(field, micros - days * kMicrosPerDay) : DayPart(field, days);
}

bool IsZoneField(DateField field) { return field >= DateField::kTimezone; }

// Of a distance from UTC in seconds.
int64_t ZonePart(DateField field, int64_t offset) {
  if (field == DateField::kTimezoneHour) return offset / 3600;
  return field == DateField::kTimezoneMinute ? offset / 60 % 60 : offset;
}

// Of an instant: by the local time, but for seconds since 1970.
int64_t InstantPart(DateField field, int64_t micros, const TimeZone& zone) {
  const int64_t seconds = FloorDivide(micros, kMicrosPerSecond);
  if (field == DateField::kEpoch) return seconds;
  const int64_t offset = zone.OffsetAt(seconds);
  if (IsZoneField(field)) return ZonePart(field, offset);
  int64_t local = micros;
  if (__builtin_add_overflow(micros, offset * kMicrosPerSecond, &local)) local = micros;
  return TimestampPart(field, local);
}

int64_t TimeTzPart(DateField field, int64_t held) {
  const TimeTz time = TimeTzOf(held);
  if (IsZoneField(field)) return ZonePart(field, time.offset_seconds);
  if (field == DateField::kEpoch) return FloorDivide(time.micros, kMicrosPerSecond) - time.offset_seconds;
  return TimePart(field, time.micros);
}

// Of a timestamp of other units: the day and the time, cut to microseconds.
int64_t UnitPart(DateField field, int64_t value, int64_t units_per_second) {
  const int64_t seconds = FloorDivide(value, units_per_second);
  if (field == DateField::kEpoch) return seconds;
  const int64_t days = FloorDivide(seconds, 86400);
  if (!IsTimeField(field)) return DayPart(field, days);
  const int64_t rest = value % units_per_second;
  const int64_t fraction = rest < 0 ? rest + units_per_second : rest;
  const int64_t micros = units_per_second > kMicrosPerSecond ? fraction / (units_per_second / kMicrosPerSecond)
                                                             : fraction * (kMicrosPerSecond / units_per_second);
  return TimePart(field, (seconds - days * 86400) * kMicrosPerSecond + micros);
}

int64_t IntervalPart(DateField field, const Interval& value) {
  switch (field) {
    case DateField::kYear:
      return value.months / 12;
    case DateField::kMonth:
      return value.months % 12;
    case DateField::kQuarter:
      return value.months % 12 / 3 + 1;
    case DateField::kDay:
      return value.days;
    case DateField::kDecade:
      return value.months / 120;
    case DateField::kCentury:
      return value.months / 1200;
    case DateField::kMillennium:
      return value.months / 12000;
    case DateField::kEpoch:
      // A year has 365.25 days, a month beside it 30.
      return int64_t{value.months / 12} * 31557600 + int64_t{value.months % 12} * 2592000 +
             int64_t{value.days} * 86400 + value.nanos / 1000000000;
    default:
      return TimePart(field, value.nanos / 1000);
  }
}

struct FieldState {
  DateField field;
};

DateField FieldOf(const void* state) { return static_cast<const FieldState*>(state)->field; }

// Years of a dense column of dates are the hot case.
arrow::Status DatePartKernel(KernelContext& context, const void* state, KernelArgs args, const Selection& selection,
                             uint32_t /*num_rows*/, ScratchVector& out) {
  const DateField field = FieldOf(state);
  const Vector& input = *args.back();
  int64_t* result = out.data<int64_t>();
  switch (input.type.id()) {
    case TypeId::kDate: {
      const Input<int32_t> days(input);
      ForEachRow(selection, [&](uint32_t row) { result[row] = DayPart(field, days[row]); });
      break;
    }
    case TypeId::kTime: {
      const Input<int64_t> micros(input);
      ForEachRow(selection, [&](uint32_t row) { result[row] = TimePart(field, micros[row]); });
      break;
    }
    case TypeId::kTimestamp: {
      const Input<int64_t> micros(input);
      ForEachRow(selection, [&](uint32_t row) { result[row] = TimestampPart(field, micros[row]); });
      break;
    }
    case TypeId::kTimestampTz: {
      const Input<int64_t> micros(input);
      const TimeZone& zone = context.time_zone();
      ForEachRow(selection, [&](uint32_t row) { result[row] = InstantPart(field, micros[row], zone); });
      break;
    }
    case TypeId::kTimeTz: {
      const Input<int64_t> times(input);
      ForEachRow(selection, [&](uint32_t row) { result[row] = TimeTzPart(field, times[row]); });
      break;
    }
    case TypeId::kTimestampS:
    case TypeId::kTimestampMs:
    case TypeId::kTimestampNs: {
      const Input<int64_t> values(input);
      const int64_t units = UnitsPerSecond(input.type.id());
      ForEachRow(selection, [&](uint32_t row) { result[row] = UnitPart(field, values[row], units); });
      break;
    }
    default: {
      const Input<Interval> intervals(input);
      ForEachRow(selection, [&](uint32_t row) { result[row] = IntervalPart(field, intervals[row]); });
    }
  }
  return arrow::Status::OK();
}

arrow::Result<BoundScalar> BindPart(const ScalarFunction& self, LogicalType type, DateField field,
                                    const BindInput& input) {
  if (type.id() == TypeId::kNull) type = TypeId::kDate;
  if (type.id() == TypeId::kVarchar && IsTextLiteral(input, input.argument_types.size() - 1)) type = TypeId::kTimestamp;
  const bool has_zone = type.id() == TypeId::kTimestampTz || type.id() == TypeId::kTimeTz;
  const bool is_clock = type.id() == TypeId::kTime || type.id() == TypeId::kTimeTz;
  const bool wrong_field =
      IsZoneField(field) ? !has_zone : is_clock && !IsTimeField(field) && field != DateField::kEpoch;
  if (!type.IsTemporal() || wrong_field) return NoOverload(self.name, input.argument_types);
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types = {type};
  bound.return_type = TypeId::kBigInt;
  bound.kernel = DatePartKernel;
  if (type.IsZoned()) bound.volatility = Volatility::kStable;
  bound.state = std::make_shared<const FieldState>(FieldState{field});
  return bound;
}

// The field's name must be a constant.
arrow::Result<std::string> FieldName(const ScalarFunction& self, const BindInput& input) {
  if (!IsTextLiteral(input, 0) || input.constants[0]->is_null()) {
    return NotSupported("the field of " + self.name + " must be a constant text");
  }
  return input.constants[0]->bytes();
}

arrow::Result<BoundScalar> BindDatePart(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 2));
  ARROW_ASSIGN_OR_RAISE(const std::string name, FieldName(self, input));
  ARROW_ASSIGN_OR_RAISE(const DateField field, NeedField(name));
  ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindPart(self, input.argument_types[1], field, input));
  bound.argument_types.insert(bound.argument_types.begin(), TypeId::kVarchar);
  return bound;
}

template <DateField field>
arrow::Result<BoundScalar> BindField(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, 1));
  return BindPart(self, input.argument_types[0], field, input);
}

// ---- date_trunc ----------------------------------------------------------------------------------------------------

int64_t TruncateDays(DateField field, int64_t days) {
  const CivilDate date = CivilFromDays(days);
  switch (field) {
    case DateField::kYear:
      return DaysFromCivil(date.year, 1, 1);
    case DateField::kQuarter:
      return DaysFromCivil(date.year, (date.month - 1) / 3 * 3 + 1, 1);
    case DateField::kMonth:
      return DaysFromCivil(date.year, date.month, 1);
    case DateField::kWeek:
      return days - (DayOfWeek(days) + 6) % 7;
    case DateField::kDecade:
      return DaysFromCivil(FloorDivide(date.year, 10) * 10, 1, 1);
    case DateField::kCentury:
      return DaysFromCivil(FloorDivide(date.year - 1, 100) * 100 + 1, 1, 1);
    case DateField::kMillennium:
      return DaysFromCivil(FloorDivide(date.year - 1, 1000) * 1000 + 1, 1, 1);
    default:
      return days;
  }
}

int64_t TruncateMicros(DateField field, int64_t micros) {
  switch (field) {
    case DateField::kMicrosecond:
      return micros;
    case DateField::kMillisecond:
      return FloorDivide(micros, 1000) * 1000;
    case DateField::kSecond:
      return FloorDivide(micros, kMicrosPerSecond) * kMicrosPerSecond;
    case DateField::kMinute:
      return FloorDivide(micros, kMicrosPerMinute) * kMicrosPerMinute;
    case DateField::kHour:
      return FloorDivide(micros, kMicrosPerHour) * kMicrosPerHour;
    default:
      return TruncateDays(field, FloorDivide(micros, kMicrosPerDay)) * kMicrosPerDay;
  }
}

arrow::Status DateTruncKernel(KernelContext& /*context*/, const void* state, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const DateField field = FieldOf(state);
  const Input<int64_t> micros(*args[1]);
  ForEachRow(selection, [&](uint32_t row) { out.data<int64_t>()[row] = TruncateMicros(field, micros[row]); });
  return arrow::Status::OK();
}

// In local time, whose cut point is an instant again.
arrow::Status InstantTruncKernel(KernelContext& context, const void* state, KernelArgs args, const Selection& selection,
                                 uint32_t /*num_rows*/, ScratchVector& out) {
  const DateField field = FieldOf(state);
  const TimeZone& zone = context.time_zone();
  const Input<int64_t> micros(*args[1]);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    int64_t local = 0;
    const bool fits = zone.LocalMicros(micros[row], &local) &&
                      zone.UtcMicros(TruncateMicros(field, local), &out.data<int64_t>()[row]);
    return fits ? arrow::Status::OK() : SqlError(sqlstate::kDatetimeOverflow, "the local time is out of range");
  });
}

arrow::Result<BoundScalar> BindDateTrunc(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kVarchar, TypeId::kTimestamp}, TypeId::kTimestamp, DateTruncKernel},
      {{TypeId::kVarchar, TypeId::kTimestampTz},
       TypeId::kTimestampTz,
       InstantTruncKernel,
       true,
       false,
       NullRule::kPropagate,
       Volatility::kStable}};
  ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindOverloads(self, input, overloads));
  ARROW_ASSIGN_OR_RAISE(const std::string name, FieldName(self, input));
  ARROW_ASSIGN_OR_RAISE(const DateField field, NeedField(name));
  if (field == DateField::kDayOfWeek || field == DateField::kIsoDayOfWeek || field == DateField::kDayOfYear ||
      field == DateField::kEpoch || field == DateField::kIsoYear || IsZoneField(field)) {
    return SqlError(sqlstate::kInvalidParameter, "cannot truncate to \"" + name + "\"");
  }
  bound.state = std::make_shared<const FieldState>(FieldState{field});
  return bound;
}

// ---- making dates, the clock ---------------------------------------------------------------------------------------

arrow::Status MakeDateKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int64_t> year(*args[0]);
  const Input<int64_t> month(*args[1]);
  const Input<int64_t> day(*args[2]);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    const int64_t y = year[row] < 0 ? year[row] + 1 : year[row];
    const int64_t m = month[row];
    if (year[row] == 0 || y < -5000000 || y > 5000000 || m < 1 || m > 12 || day[row] < 1 ||
        day[row] > DaysInMonth(y, static_cast<int>(m))) {
      return SqlError(sqlstate::kDatetimeOverflow, "there is no such date");
    }
    const int64_t days = DaysFromCivil(y, static_cast<int>(m), static_cast<int>(day[row]));
    out.data<int32_t>()[row] = static_cast<int32_t>(days);
    return arrow::Status::OK();
  });
}

arrow::Status LastDayKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                            const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<int32_t, int32_t>(args, selection, out, [](int32_t days) {
    const CivilDate date = CivilFromDays(days);
    return static_cast<int32_t>(DaysFromCivil(date.year, date.month, DaysInMonth(date.year, date.month)));
  });
  return arrow::Status::OK();
}

enum class Clock : uint8_t { kInstant, kLocal, kDate, kTime, kTimeTz };

// The statement's time, as the session's zone has it.
template <typename T, Clock clock>
arrow::Status ClockKernel(KernelContext& context, const void* /*state*/, KernelArgs /*args*/,
                          const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const int64_t now = context.statement_time_us;
  const int64_t offset = context.time_zone().OffsetAt(FloorDivide(now, kMicrosPerSecond));
  const int64_t local = now + offset * kMicrosPerSecond;
  const int64_t days = FloorDivide(local, kMicrosPerDay);
  int64_t value = now;
  if (clock == Clock::kLocal) value = local;
  if (clock == Clock::kDate) value = days;
  if (clock == Clock::kTime) value = local - days * kMicrosPerDay;
  if (clock == Clock::kTimeTz) value = HoldTimeTz({local - days * kMicrosPerDay, static_cast<int32_t>(offset)});
  ForEachRow(selection, [&](uint32_t row) { out.data<T>()[row] = static_cast<T>(value); });
  return arrow::Status::OK();
}

template <TypeId type, typename T, Clock clock>
arrow::Result<BoundScalar> BindClock(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{}, type, ClockKernel<T, clock>, false, false, NullRule::kPropagate, Volatility::kStable}};
  return BindOverloads(self, input, overloads);
}

template <ScalarKernel kernel, bool can_fail, TypeId result, TypeId... arguments>
arrow::Result<BoundScalar> BindFixed(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{LogicalType(arguments)...}, result, kernel, can_fail}};
  return BindOverloads(self, input, overloads);
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
  constexpr NullRule kRule = NullRule::kPropagate;
  constexpr LogicalType kTimestamp = TypeId::kTimestamp;
  constexpr LogicalType kTimestampTz = TypeId::kTimestampTz;
  constexpr LogicalType kResult = TypeId::kInterval;
  static const std::vector<Overload> overloads = {
      {{kTimestamp, kTimestamp}, kResult, AgeKernel<false>},
      {{kTimestampTz, kTimestampTz}, kResult, AgeKernel<true>, false, false, kRule, Volatility::kStable},
      {{kTimestamp}, kResult, AgeKernel<false>, false, false, kRule, Volatility::kStable},
      {{kTimestampTz}, kResult, AgeKernel<true>, false, false, kRule, Volatility::kStable}};
  return BindOverloads(self, input, overloads);
}

// ---- strftime ------------------------------------------------------------------------------------------------------

constexpr const char* kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                   "July",    "August",   "September", "October", "November", "December"};
constexpr const char* kWeekdays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

void AppendNumber(std::string& text, int64_t value, size_t width) {
  const std::string digits = std::to_string(value);
  if (digits.size() < width) text.append(width - digits.size(), '0');
  text += digits;
}

// False for a directive that is not known.
bool AppendDirective(char directive, int64_t micros, std::string& text) {
  const int64_t days = FloorDivide(micros, kMicrosPerDay);
  const int64_t time = micros - days * kMicrosPerDay;
  const CivilDate date = CivilFromDays(days);
  const int64_t hour = time / kMicrosPerHour;
  switch (directive) {
    case 'Y':
      AppendNumber(text, date.year, 4);
      return true;
    case 'y':
      AppendNumber(text, (date.year % 100 + 100) % 100, 2);
      return true;
    case 'm':
      AppendNumber(text, date.month, 2);
      return true;
    case 'd':
      AppendNumber(text, date.day, 2);
      return true;
    case 'H':
      AppendNumber(text, hour, 2);
      return true;
    case 'I':
      AppendNumber(text, (hour + 11) % 12 + 1, 2);
      return true;
    case 'M':
      AppendNumber(text, time / kMicrosPerMinute % 60, 2);
      return true;
    case 'S':
      AppendNumber(text, time / kMicrosPerSecond % 60, 2);
      return true;
    case 'f':
      AppendNumber(text, time % kMicrosPerSecond, 6);
      return true;
    case 'j':
      AppendNumber(text, DayPart(DateField::kDayOfYear, days), 3);
      return true;
    case 'p':
      text += hour < 12 ? "AM" : "PM";
      return true;
    case 'B':
      text += kMonths[date.month - 1];
      return true;
    case 'b':
      text.append(kMonths[date.month - 1], 3);
      return true;
    case 'A':
      text += kWeekdays[DayOfWeek(days)];
      return true;
    case 'a':
      text.append(kWeekdays[DayOfWeek(days)], 3);
      return true;
    case 'w':
      AppendNumber(text, DayOfWeek(days), 1);
      return true;
    case 's':
      AppendNumber(text, FloorDivide(micros, kMicrosPerSecond), 1);
      return true;
    case '%':
      text += '%';
      return true;
    default:
      return false;
  }
}

template <bool format_first, bool zoned>
arrow::Status StrftimeKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                             uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> formats(*args[format_first ? 0 : 1]);
  const Input<int64_t> micros(*args[format_first ? 1 : 0]);
  std::string text;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    text.clear();
    const int64_t time = zoned ? LocalOf(context.time_zone(), micros[row]) : micros[row];
    const std::string_view format = formats[row].view();
    for (size_t i = 0; i < format.size(); ++i) {
      if (format[i] != '%') {
        text.push_back(format[i]);
      } else if (++i == format.size() || !AppendDirective(format[i], time, text)) {
        return SqlError(sqlstate::kInvalidParameter, "unknown directive in the format \"" + std::string(format) + "\"");
      }
    }
    ARROW_ASSIGN_OR_RAISE(out.data<StringRef>()[row], context.arena->Copy(text));
    return arrow::Status::OK();
  });
}

arrow::Result<BoundScalar> BindStrftime(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kTimestamp, TypeId::kVarchar}, TypeId::kVarchar, StrftimeKernel<false, false>, true},
      {{TypeId::kVarchar, TypeId::kTimestamp}, TypeId::kVarchar, StrftimeKernel<true, false>, true},
      {{TypeId::kTimestampTz, TypeId::kVarchar},
       TypeId::kVarchar,
       StrftimeKernel<false, true>,
       true,
       false,
       NullRule::kPropagate,
       Volatility::kStable},
      {{TypeId::kVarchar, TypeId::kTimestampTz},
       TypeId::kVarchar,
       StrftimeKernel<true, true>,
       true,
       false,
       NullRule::kPropagate,
       Volatility::kStable}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterDate(FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* text, const char* example,
                       auto bind) {
    registry.Add(ScalarFunction{name, std::move(aliases), text, example, bind});
  };
  add("date_part", {"extract", "datepart"}, "A field of a date, time or interval.", "extract(year FROM d)",
      BindDatePart);
  add("year", {}, "The year.", "year(d)", BindField<DateField::kYear>);
  add("month", {}, "The month, 1 to 12.", "month(d)", BindField<DateField::kMonth>);
  add("day", {"dayofmonth"}, "The day of the month.", "day(d)", BindField<DateField::kDay>);
  add("hour", {}, "The hour.", "hour(t)", BindField<DateField::kHour>);
  add("minute", {}, "The minute.", "minute(t)", BindField<DateField::kMinute>);
  add("second", {}, "The second.", "second(t)", BindField<DateField::kSecond>);
  add("quarter", {}, "The quarter, 1 to 4.", "quarter(d)", BindField<DateField::kQuarter>);
  add("week", {"weekofyear"}, "The ISO week.", "week(d)", BindField<DateField::kWeek>);
  add("dayofweek", {"weekday"}, "The day of the week, 0 for Sunday.", "dayofweek(d)", BindField<DateField::kDayOfWeek>);
  add("isodow", {}, "The day of the week, 1 for Monday.", "isodow(d)", BindField<DateField::kIsoDayOfWeek>);
  add("dayofyear", {}, "The day of the year.", "dayofyear(d)", BindField<DateField::kDayOfYear>);
  add("epoch", {}, "Seconds since 1970.", "epoch(t)", BindField<DateField::kEpoch>);
  add("date_trunc", {"datetrunc"}, "Cut to a field.", "date_trunc('month', t)", BindDateTrunc);
  add("make_date", {}, "A date of year, month and day.", "make_date(1992, 1, 2)",
      BindFixed<MakeDateKernel, true, TypeId::kDate, TypeId::kBigInt, TypeId::kBigInt, TypeId::kBigInt>);
  add("last_day", {}, "The month's last day.", "last_day(d)",
      BindFixed<LastDayKernel, false, TypeId::kDate, TypeId::kDate>);
  add("now", {"current_timestamp", "transaction_timestamp"}, "The statement's time.", "now()",
      BindClock<TypeId::kTimestampTz, int64_t, Clock::kInstant>);
  add("localtimestamp", {}, "The statement's local time.", "localtimestamp",
      BindClock<TypeId::kTimestamp, int64_t, Clock::kLocal>);
  add("current_date", {"today"}, "The statement's date.", "current_date",
      BindClock<TypeId::kDate, int32_t, Clock::kDate>);
  add("current_time", {}, "The statement's time of day, with its zone.", "current_time",
      BindClock<TypeId::kTimeTz, int64_t, Clock::kTimeTz>);
  add("localtime", {}, "The statement's time of day.", "localtime", BindClock<TypeId::kTime, int64_t, Clock::kTime>);
  add("age", {}, "Years, months and days between two times.", "age(a, b)", BindAge);
  add("strftime", {}, "A time by a format of % directives.", "strftime(t, '%Y-%m-%d')", BindStrftime);
}

}  // namespace llkv
