// The fields of dates, times and intervals.
#include "functions/date_fields.h"

#include <string>

#include "base/error.h"
#include "types/calendar.h"

namespace llkv {

namespace {

struct FieldName {
  std::string_view name;
  DateField field;
};

// In the singular.
constexpr FieldName kNames[] = {{"year", DateField::kYear},
                                {"y", DateField::kYear},
                                {"yr", DateField::kYear},
                                {"month", DateField::kMonth},
                                {"mon", DateField::kMonth},
                                {"day", DateField::kDay},
                                {"d", DateField::kDay},
                                {"dayofmonth", DateField::kDay},
                                {"hour", DateField::kHour},
                                {"h", DateField::kHour},
                                {"hr", DateField::kHour},
                                {"minute", DateField::kMinute},
                                {"m", DateField::kMinute},
                                {"min", DateField::kMinute},
                                {"second", DateField::kSecond},
                                {"s", DateField::kSecond},
                                {"sec", DateField::kSecond},
                                {"millisecond", DateField::kMillisecond},
                                {"ms", DateField::kMillisecond},
                                {"msec", DateField::kMillisecond},
                                {"microsecond", DateField::kMicrosecond},
                                {"us", DateField::kMicrosecond},
                                {"usec", DateField::kMicrosecond},
                                {"quarter", DateField::kQuarter},
                                {"qtr", DateField::kQuarter},
                                {"week", DateField::kWeek},
                                {"w", DateField::kWeek},
                                {"weekofyear", DateField::kWeek},
                                {"dow", DateField::kDayOfWeek},
                                {"dayofweek", DateField::kDayOfWeek},
                                {"weekday", DateField::kDayOfWeek},
                                {"isodow", DateField::kIsoDayOfWeek},
                                {"doy", DateField::kDayOfYear},
                                {"dayofyear", DateField::kDayOfYear},
                                {"epoch", DateField::kEpoch},
                                {"decade", DateField::kDecade},
                                {"dec", DateField::kDecade},
                                {"century", DateField::kCentury},
                                {"centurie", DateField::kCentury},
                                {"cent", DateField::kCentury},
                                {"c", DateField::kCentury},
                                {"millennium", DateField::kMillennium},
                                {"millennia", DateField::kMillennium},
                                {"mil", DateField::kMillennium},
                                {"isoyear", DateField::kIsoYear},
                                {"julian", DateField::kJulian},
                                {"jd", DateField::kJulian},
                                {"j", DateField::kJulian},
                                {"yearweek", DateField::kYearWeek},
                                {"timezone", DateField::kTimezone},
                                {"timezone_hour", DateField::kTimezoneHour},
                                {"timezone_minute", DateField::kTimezoneMinute}};

int64_t CenturiesOf(int64_t year, int64_t length) {
  return year > 0 ? (year + length - 1) / length : -((-year) / length + 1);
}

// There is no year 0 outside.
int64_t ShownYear(int64_t year) { return year > 0 ? year : year - 1; }

}  // namespace

std::optional<DateField> FindField(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (int attempt = 0; attempt < 2; ++attempt) {
    for (const FieldName& entry : kNames) {
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

int64_t FirstIsoWeek(int64_t year) {
  const int64_t january_fourth = DaysFromCivil(year, 1, 4);
  return january_fourth - (DayOfWeek(january_fourth) + 6) % 7;
}

int64_t IsoYear(int64_t days) {
  const int64_t year = CivilFromDays(days).year;
  if (days >= FirstIsoWeek(year + 1)) return year + 1;
  return days < FirstIsoWeek(year) ? year - 1 : year;
}

int64_t IsoWeek(int64_t days) { return (days - FirstIsoWeek(IsoYear(days))) / 7 + 1; }

int64_t DayOfYear(int64_t days) { return days - DaysFromCivil(CivilFromDays(days).year, 1, 1) + 1; }

int64_t DayPart(DateField field, int64_t days) {
  const CivilDate date = CivilFromDays(days);
  switch (field) {
    case DateField::kYear:
      return ShownYear(date.year);
    case DateField::kMonth:
      return date.month;
    case DateField::kDay:
      return date.day;
    case DateField::kQuarter:
      return (date.month - 1) / 3 + 1;
    case DateField::kWeek:
      return IsoWeek(days);
    case DateField::kDayOfWeek:
      return DayOfWeek(days);
    case DateField::kIsoDayOfWeek:
      return (DayOfWeek(days) + 6) % 7 + 1;
    case DateField::kDayOfYear:
      return DayOfYear(days);
    case DateField::kDecade:
      return FloorDivide(date.year, 10);
    case DateField::kCentury:
      return CenturiesOf(date.year, 100);
    case DateField::kMillennium:
      return CenturiesOf(date.year, 1000);
    case DateField::kIsoYear:
      return ShownYear(IsoYear(days));
    case DateField::kYearWeek: {
      const int64_t year = ShownYear(IsoYear(days));
      return year * 100 + (year < 0 ? -IsoWeek(days) : IsoWeek(days));
    }
    case DateField::kEpoch:
      return days * 86400;
    case DateField::kJulian:
      return days + kJulianDayOf1970;
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

int64_t ZonePart(DateField field, int64_t offset_seconds) {
  if (field == DateField::kTimezoneHour) return offset_seconds / 3600;
  return field == DateField::kTimezoneMinute ? offset_seconds / 60 % 60 : offset_seconds;
}

int64_t IntervalPart(DateField field, const Interval& value) {
  switch (field) {
    case DateField::kYear:
      return value.months / 12;
    case DateField::kMonth:
      return value.months % 12;
    case DateField::kQuarter:
      return value.months % 12 / 3 + 1;
    case DateField::kWeek:
      return value.days / 7;
    case DateField::kDay:
      return value.days;
    case DateField::kDecade:
      return value.months / 120;
    case DateField::kCentury:
      return value.months / 1200;
    case DateField::kMillennium:
      return value.months / 12000;
    case DateField::kEpoch:
      return static_cast<int64_t>(IntervalMicros(value) / kMicrosPerSecond);
    default:
      return TimePart(field, value.nanos / 1000);
  }
}

int128_t IntervalMicros(const Interval& value) {
  const int64_t seconds =
      int64_t{value.months / 12} * 31557600 + int64_t{value.months % 12} * 2592000 + int64_t{value.days} * 86400;
  return static_cast<int128_t>(seconds) * kMicrosPerSecond + value.nanos / 1000;
}

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
    case DateField::kIsoYear:
      return FirstIsoWeek(IsoYear(days));
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

}  // namespace llkv
