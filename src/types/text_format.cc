// Values as text, in PostgreSQL's forms.
#include "types/text_format.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "types/calendar.h"
#include "types/time_tz.h"
#include "types/uhugeint.h"
#include "types/uuid.h"

namespace llkv {

namespace {

uint32_t Copy(std::string_view text, char* out) {
  std::memcpy(out, text.data(), text.size());
  return static_cast<uint32_t>(text.size());
}

char* WriteUnsigned(uint64_t value, char* out) { return std::to_chars(out, out + 24, value).ptr; }

char* WriteUint128(uint128_t value, char* out) {
  constexpr uint64_t kChunk = 10000000000000000000U;  // 10^19
  if (value < kChunk) return WriteUnsigned(static_cast<uint64_t>(value), out);
  out = WriteUint128(value / kChunk, out);
  char digits[24];
  const char* end = WriteUnsigned(static_cast<uint64_t>(value % kChunk), digits);
  const auto count = static_cast<size_t>(end - digits);
  std::memset(out, '0', 19 - count);
  std::memcpy(out + 19 - count, digits, count);
  return out + 19;
}

char* WriteTwo(int value, char* out) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
  return out + 2;
}

// ".789" for a fraction of `digits` digits, without trailing zeros; nothing for 0.
char* WriteFraction(int64_t fraction, int digits, char* out) {
  if (fraction == 0) return out;
  *out++ = '.';
  for (int i = digits - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + fraction % 10);
    fraction /= 10;
  }
  char* end = out + digits;
  while (end[-1] == '0') --end;
  return end;
}

// Lays out the shortest digits as PostgreSQL does: fixed where -4 <= exponent < `digits`, else with an exponent.
template <typename T>
uint32_t FormatFloating(T value, int digits, char* out) {
  if (std::isnan(value)) return Copy("NaN", out);
  if (std::isinf(value)) return Copy(value > 0 ? "Infinity" : "-Infinity", out);
  char text[64];
  const char* end = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific).ptr;
  const char* mark = static_cast<const char*>(std::memchr(text, 'e', static_cast<size_t>(end - text)));
  int exponent = 0;
  std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, end, exponent);
  if (exponent >= -4 && exponent < digits) {
    const char* fixed_end = std::to_chars(out, out + kMaxTextBytes, value, std::chars_format::fixed).ptr;
    return static_cast<uint32_t>(fixed_end - out);
  }
  return Copy({text, static_cast<size_t>(end - text)}, out);
}

// `time` counts 10^-digits seconds since midnight.
char* WriteTimeOfDay(int64_t time, int digits, char* out) {
  int64_t units = 1;
  for (int i = 0; i < digits; ++i) units *= 10;
  const int64_t seconds = time / units;
  out = WriteTwo(static_cast<int>(seconds / 3600), out);
  *out++ = ':';
  out = WriteTwo(static_cast<int>(seconds / 60 % 60), out);
  *out++ = ':';
  out = WriteTwo(static_cast<int>(seconds % 60), out);
  return WriteFraction(time % units, digits, out);
}

// "+02", "-03:30", "+00:53:28".
char* WriteOffset(int32_t seconds, char* out) {
  *out++ = seconds < 0 ? '-' : '+';
  const int32_t magnitude = seconds < 0 ? -seconds : seconds;
  out = WriteTwo(magnitude / 3600, out);
  if (magnitude % 3600 == 0) return out;
  *out++ = ':';
  out = WriteTwo(magnitude / 60 % 60, out);
  if (magnitude % 60 == 0) return out;
  *out++ = ':';
  return WriteTwo(magnitude % 60, out);
}

char* WriteDate(const CivilDate& date, char* out) {
  const auto year = static_cast<uint64_t>(date.year > 0 ? date.year : 1 - date.year);
  for (uint64_t limit = 1000; limit > 1 && year < limit; limit /= 10) *out++ = '0';
  out = WriteUnsigned(year, out);
  *out++ = '-';
  out = WriteTwo(date.month, out);
  *out++ = '-';
  return WriteTwo(date.day, out);
}

char* WriteEra(const CivilDate& date, char* out) {
  if (date.year > 0) return out;
  std::memcpy(out, " BC", 3);
  return out + 3;
}

// One field of an interval: "-3 days", with '+' where the field before it was negative.
char* WriteIntervalField(int64_t value, std::string_view unit, bool* started, bool* was_negative, char* out) {
  if (value == 0) return out;
  if (*started) *out++ = ' ';
  if (value > 0 && *was_negative) *out++ = '+';
  out = std::to_chars(out, out + 24, value).ptr;
  *out++ = ' ';
  out += Copy(unit, out);
  if (value != 1) *out++ = 's';
  *started = true;
  *was_negative = value < 0;
  return out;
}

}  // namespace

uint32_t FormatInteger(int128_t value, char* out) {
  char* p = out;
  auto magnitude = static_cast<uint128_t>(value);
  if (value < 0) {
    *p++ = '-';
    magnitude = static_cast<uint128_t>(0) - magnitude;
  }
  return static_cast<uint32_t>(WriteUint128(magnitude, p) - out);
}

uint32_t FormatDecimal(int128_t unscaled, int scale, char* out) {
  if (scale == 0) return FormatInteger(unscaled, out);
  char* p = out;
  auto magnitude = static_cast<uint128_t>(unscaled);
  if (unscaled < 0) {
    *p++ = '-';
    magnitude = static_cast<uint128_t>(0) - magnitude;
  }
  char digits[48];
  const int count = static_cast<int>(WriteUint128(magnitude, digits) - digits);
  if (count <= scale) {
    *p++ = '0';
    *p++ = '.';
    std::memset(p, '0', static_cast<size_t>(scale - count));
    p += scale - count;
    std::memcpy(p, digits, static_cast<size_t>(count));
    return static_cast<uint32_t>(p + count - out);
  }
  const int whole = count - scale;
  std::memcpy(p, digits, static_cast<size_t>(whole));
  p += whole;
  *p++ = '.';
  std::memcpy(p, digits + whole, static_cast<size_t>(scale));
  return static_cast<uint32_t>(p + scale - out);
}

uint32_t FormatDouble(double value, char* out) { return FormatFloating(value, 15, out); }

uint32_t FormatReal(float value, char* out) { return FormatFloating(value, 6, out); }

uint32_t FormatDate(int64_t days, char* out) {
  const CivilDate date = CivilFromDays(days);
  return static_cast<uint32_t>(WriteEra(date, WriteDate(date, out)) - out);
}

uint32_t FormatTime(int64_t micros, char* out) { return static_cast<uint32_t>(WriteTimeOfDay(micros, 6, out) - out); }

namespace {

constexpr int64_t kUnitsPerDay[] = {86400, 0, 0, kMicrosPerDay / 1000, 0, 0, kMicrosPerDay, 0, 0, kNanosPerDay};

// The date and the time of day; the date, for its era, goes to `date`.
char* WriteTimestamp(int64_t value, int digits, CivilDate* date, char* out) {
  const int64_t units = kUnitsPerDay[digits];
  *date = CivilFromDays(FloorDivide(value, units));
  out = WriteDate(*date, out);
  *out++ = ' ';
  // Not value - days * units: the product of the first representable day overflows.
  const int64_t time = value % units;
  return WriteTimeOfDay(time < 0 ? time + units : time, digits, out);
}

}  // namespace

uint32_t FormatTimestampOf(int64_t value, int digits, char* out) {
  CivilDate date;
  char* end = WriteTimestamp(value, digits, &date, out);
  return static_cast<uint32_t>(WriteEra(date, end) - out);
}

uint32_t FormatTimestamp(int64_t micros, char* out) { return FormatTimestampOf(micros, 6, out); }

uint32_t FormatTimestampTz(int64_t utc_micros, const TimeZone& zone, char* out) {
  int32_t offset = zone.OffsetAt(FloorDivide(utc_micros, kMicrosPerSecond));
  int64_t local = utc_micros;
  if (__builtin_add_overflow(utc_micros, offset * kMicrosPerSecond, &local)) {
    // The local time of the last instants is no TIMESTAMP: those are shown in UTC.
    local = utc_micros;
    offset = 0;
  }
  CivilDate date;
  char* end = WriteOffset(offset, WriteTimestamp(local, 6, &date, out));
  return static_cast<uint32_t>(WriteEra(date, end) - out);
}

uint32_t FormatTimeTz(int64_t held, char* out) {
  const TimeTz time = TimeTzOf(held);
  return static_cast<uint32_t>(WriteOffset(time.offset_seconds, WriteTimeOfDay(time.micros, 6, out)) - out);
}

uint32_t FormatUHugeInt(int128_t held, char* out) {
  return static_cast<uint32_t>(WriteUint128(UHugeIntOf(held), out) - out);
}

uint32_t FormatUuid(int128_t held, char* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  uint8_t bytes[kUuidBytes];
  UuidToBytes(held, bytes);
  char* p = out;
  for (uint32_t i = 0; i < kUuidBytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *p++ = '-';
    *p++ = kDigits[bytes[i] >> 4];
    *p++ = kDigits[bytes[i] & 15];
  }
  return static_cast<uint32_t>(p - out);
}

uint32_t FormatInterval(const Interval& value, char* out) {
  char* p = out;
  bool started = false;
  bool was_negative = false;
  p = WriteIntervalField(value.months / 12, "year", &started, &was_negative, p);
  p = WriteIntervalField(value.months % 12, "mon", &started, &was_negative, p);
  p = WriteIntervalField(value.days, "day", &started, &was_negative, p);
  if (value.nanos == 0 && started) return static_cast<uint32_t>(p - out);
  if (started) *p++ = ' ';
  auto nanos = static_cast<uint64_t>(value.nanos);
  if (value.nanos < 0) {
    *p++ = '-';
    nanos = uint64_t{0} - nanos;
  } else if (was_negative) {
    *p++ = '+';
  }
  const uint64_t seconds = nanos / 1000000000;
  const uint64_t hours = seconds / 3600;
  if (hours < 10) *p++ = '0';
  p = WriteUnsigned(hours, p);
  *p++ = ':';
  p = WriteTwo(static_cast<int>(seconds / 60 % 60), p);
  *p++ = ':';
  p = WriteTwo(static_cast<int>(seconds % 60), p);
  return static_cast<uint32_t>(WriteFraction(static_cast<int64_t>(nanos % 1000000000), 9, p) - out);
}

std::string FormatBlob(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "\\x";
  text.reserve(2 + bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace llkv
