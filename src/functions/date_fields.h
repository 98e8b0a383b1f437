// The fields of dates, times and intervals: their names, and what a day, a time of day or an interval has in each.
// Here for date_part, date_trunc, date_diff and the templates of to_char; knows no vectors.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "types/value.h"

namespace llkv {

/// A field. The order matters: those of a time of day stand together, those of a zone last.
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
  kJulian,
  kYearWeek,  // ISO year and week as one number
  kTimezone,
  kTimezoneHour,
  kTimezoneMinute,
};

/// By any of its names, in any case, in the plural too.
std::optional<DateField> FindField(std::string_view text);
/// The same. Error 22023.
arrow::Result<DateField> NeedField(std::string_view text);

inline bool IsTimeField(DateField field) { return field >= DateField::kHour && field <= DateField::kMicrosecond; }
inline bool IsZoneField(DateField field) { return field >= DateField::kTimezone; }

/// The day of Julian day 0 is this many days before 1970-01-01.
inline constexpr int64_t kJulianDayOf1970 = 2440588;

/// The Monday of an ISO year's first week, as days since 1970.
int64_t FirstIsoWeek(int64_t year);
/// The ISO year of a day; 0 is 1 BC.
int64_t IsoYear(int64_t days);
int64_t IsoWeek(int64_t days);
/// 1 to 366.
int64_t DayOfYear(int64_t days);

/// A field of a day; 0 for those of a time of day.
int64_t DayPart(DateField field, int64_t days);
/// A field of a time of day, cut to a whole number.
int64_t TimePart(DateField field, int64_t micros);
/// A field of a distance from UTC in seconds.
int64_t ZonePart(DateField field, int64_t offset_seconds);
/// A field of an interval, cut to a whole number. A year has 365.25 days, a month beside it 30.
int64_t IntervalPart(DateField field, const Interval& value);
/// Seconds of an interval as microseconds.
int128_t IntervalMicros(const Interval& value);

/// The first day of the year, month, week, … that a day lies in; the day itself for finer fields.
int64_t TruncateDays(DateField field, int64_t days);
/// The same of microseconds since 1970.
int64_t TruncateMicros(DateField field, int64_t micros);

}  // namespace llkv
