// Values as text, in PostgreSQL's forms. Each function writes at most kMaxTextBytes and returns the length.
#pragma once

#include <cstdint>
#include <string>

#include "base/int128.h"
#include "types/time_zone.h"
#include "types/value.h"

namespace llkv {

/// Room that a Format function needs.
inline constexpr uint32_t kMaxTextBytes = 128;

uint32_t FormatInteger(int128_t value, char* out);
/// An unscaled decimal with `scale` digits after the point: 1234, 2 is "12.34".
uint32_t FormatDecimal(int128_t unscaled, int scale, char* out);
/// The shortest text that reads back as the same number: "0.1", "1e+15", "Infinity", "NaN".
uint32_t FormatDouble(double value, char* out);
uint32_t FormatReal(float value, char* out);
/// "1992-01-02", "0044-03-15 BC".
uint32_t FormatDate(int64_t days, char* out);
/// "04:05:06.789"
uint32_t FormatTime(int64_t micros, char* out);
/// "1992-01-02 04:05:06.789"
uint32_t FormatTimestamp(int64_t micros, char* out);
/// A timestamp that counts 10^-digits seconds: 0 for TIMESTAMP_S, 3, 6 or 9.
uint32_t FormatTimestampOf(int64_t value, int digits, char* out);
/// "1992-01-02 04:05:06.789+01": an instant as a zone's local time.
uint32_t FormatTimestampTz(int64_t utc_micros, const TimeZone& zone, char* out);
/// "04:05:06.789+01"
uint32_t FormatTimeTz(int64_t held, char* out);
/// An unsigned number that is held with the top bit flipped.
uint32_t FormatUHugeInt(int128_t held, char* out);
/// "00112233-4455-6677-8899-aabbccddeeff"
uint32_t FormatUuid(int128_t held, char* out);
/// "1 year 2 mons -3 days +04:05:06"
uint32_t FormatInterval(const Interval& value, char* out);
/// "\x" and hexadecimal digits.
std::string FormatBlob(std::string_view bytes);

}  // namespace llkv
