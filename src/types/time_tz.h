// TIMETZ inside: one 64-bit integer that orders as PostgreSQL has it: by the instant in UTC, then by the zone, east
// first. High part: microseconds since midnight UTC, from a day before; low 17 bits: seconds west of UTC.
#pragma once

#include <cstdint>

#include "types/calendar.h"

namespace llkv {

/// A time of day and its distance from UTC.
struct TimeTz {
  int64_t micros;          // 0 to 24 hours, local
  int32_t offset_seconds;  // east of UTC is positive
};

/// The greatest distance from UTC: 15:59:59.
inline constexpr int32_t kMaxTimeTzOffset = 16 * 3600 - 1;

inline constexpr int kTimeTzOffsetBits = 17;

constexpr int64_t HoldTimeTz(TimeTz time) {
  const int64_t utc = time.micros + (int64_t{kMaxTimeTzOffset} - time.offset_seconds) * kMicrosPerSecond;
  return (utc << kTimeTzOffsetBits) | (kMaxTimeTzOffset - time.offset_seconds);
}

constexpr TimeTz TimeTzOf(int64_t held) {
  const int64_t west = held & ((int64_t{1} << kTimeTzOffsetBits) - 1);
  const int64_t utc = held >> kTimeTzOffsetBits;
  return {utc - west * kMicrosPerSecond, static_cast<int32_t>(kMaxTimeTzOffset - west)};
}

/// Whether 64 bits are a TIMETZ.
constexpr bool IsTimeTz(int64_t held) {
  const TimeTz time = TimeTzOf(held);
  return held >= 0 && time.micros >= 0 && time.micros <= kMicrosPerDay && time.offset_seconds >= -kMaxTimeTzOffset;
}

}  // namespace llkv
