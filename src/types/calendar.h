// The proleptic Gregorian calendar: days and microseconds since 1970 to and from civil dates; interval arithmetic.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "types/value.h"

namespace llkv {

/// A timestamp type counts 10^-digits seconds.
constexpr int FractionDigits(TypeId timestamp) {
  switch (timestamp) {
    case TypeId::kTimestampS:
      return 0;
    case TypeId::kTimestampMs:
      return 3;
    case TypeId::kTimestampNs:
      return 9;
    default:
      return 6;
  }
}
/// How many of these a second has.
constexpr int64_t UnitsPerSecond(TypeId timestamp) {
  int64_t units = 1;
  for (int i = 0; i < FractionDigits(timestamp); ++i) units *= 10;
  return units;
}

inline constexpr int64_t kMicrosPerSecond = 1000000;
inline constexpr int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
inline constexpr int64_t kMicrosPerHour = 60 * kMicrosPerMinute;
inline constexpr int64_t kMicrosPerDay = 24 * kMicrosPerHour;
inline constexpr int64_t kNanosPerDay = kMicrosPerDay * 1000;

/// A civil date. Year 0 is 1 BC.
struct CivilDate {
  int64_t year;
  int month;  // 1 to 12
  int day;    // 1 to 31
};

inline constexpr int64_t FloorDivide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return quotient - ((a % b != 0 && ((a < 0) != (b < 0))) ? 1 : 0);
}

/// a / b for b > 0, rounded half away from zero.
inline constexpr int64_t RoundDivide(int64_t a, int64_t b) {
  const int64_t rest = a % b;
  const int64_t quotient = a / b;
  if (rest >= b - rest) return quotient + 1;
  return -rest >= b + rest ? quotient - 1 : quotient;
}

/// Days since 1970-01-01. Counts 400-year eras that begin on 1 March, so that the leap day is a year's last.
inline constexpr int64_t DaysFromCivil(int64_t year, int month, int day) {
  const int64_t shifted = month <= 2 ? year - 1 : year;
  const int64_t era = FloorDivide(shifted, 400);
  const int64_t year_of_era = shifted - era * 400;
  const int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

inline constexpr CivilDate CivilFromDays(int64_t days) {
  const int64_t shifted = days + 719468;
  const int64_t era = FloorDivide(shifted, 146097);
  const int64_t day_of_era = shifted - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_index = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * month_index + 2) / 5 + 1);
  const int month = static_cast<int>(month_index < 10 ? month_index + 3 : month_index - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

inline constexpr bool IsLeapYear(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

inline constexpr int DaysInMonth(int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[month - 1];
}

/// 0 is Sunday.
inline constexpr int DayOfWeek(int64_t days) { return static_cast<int>(((days + 4) % 7 + 7) % 7); }

/// `days` moved by whole months; the day is clamped to the month's last.
inline constexpr int64_t AddMonths(int64_t days, int64_t months) {
  const CivilDate date = CivilFromDays(days);
  const int64_t total = date.year * 12 + (date.month - 1) + months;
  const int64_t year = FloorDivide(total, 12);
  const int month = static_cast<int>(total - year * 12) + 1;
  return DaysFromCivil(year, month, std::min(date.day, DaysInMonth(year, month)));
}

/// A timestamp moved by an interval (`sign` 1 or -1): months first, then days, then time. Nothing where the result does
/// not fit 64 bits. Parts of a microsecond are dropped towards zero.
inline std::optional<int64_t> AddInterval(int64_t micros, const Interval& interval, int sign) {
  int64_t days = FloorDivide(micros, kMicrosPerDay);
  const int64_t time = micros - days * kMicrosPerDay;
  if (interval.months != 0) days = AddMonths(days, int64_t{interval.months} * sign);
  days += int64_t{interval.days} * sign;
  int64_t result;
  if (__builtin_mul_overflow(days, kMicrosPerDay, &result) || __builtin_add_overflow(result, time, &result) ||
      __builtin_add_overflow(result, interval.nanos / 1000 * sign, &result)) {
    return std::nullopt;
  }
  return result;
}

/// Length in nanoseconds with 30-day months and 24-hour days: what intervals are compared by.
inline int128_t IntervalLength(const Interval& interval) {
  return (static_cast<int128_t>(interval.months) * 30 + interval.days) * kNanosPerDay + interval.nanos;
}

}  // namespace llkv
