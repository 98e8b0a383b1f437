// Text to values: what casts from VARCHAR, literals and CSV accept. White space around a value is ignored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/int128.h"
#include "types/time_zone.h"
#include "types/value.h"

namespace llkv {

/// What became of a text.
enum class ParseOutcome : uint8_t {
  kOk,
  kSyntax,  // not a value of the type (22P02 or 22007)
  kRange,   // a value that the type cannot hold (22003 or 22008)
};

/// Integers of up to 128 bits.
ParseOutcome ParseInteger(std::string_view text, int128_t* value);
/// "12.345", "-.5", "1e3": rounded half away from zero to `scale`.
ParseOutcome ParseDecimal(std::string_view text, int precision, int scale, int128_t* unscaled);
/// Also "inf", "Infinity", "NaN".
ParseOutcome ParseDouble(std::string_view text, double* value);
ParseOutcome ParseReal(std::string_view text, float* value);
/// "true", "t", "yes", "on", "1" and their opposites, without regard to case.
ParseOutcome ParseBoolean(std::string_view text, bool* value);
/// "1992-1-02", "0044-03-15 BC".
ParseOutcome ParseDate(std::string_view text, int32_t* days);
/// "04:05", "04:05:06.789"; up to 24:00:00.
ParseOutcome ParseTime(std::string_view text, int64_t* micros);
/// A date alone or with a time after a space or 'T'; a zone is only taken where it says UTC.
ParseOutcome ParseTimestamp(std::string_view text, int64_t* micros);
/// The same as a count of 10^-digits seconds: 0 for TIMESTAMP_S, 3 or 9; rounded half away from zero.
ParseOutcome ParseTimestampOf(std::string_view text, int digits, int64_t* value);
/// A timestamp with a zone behind it ("+02", "-03:30", "Z", "Europe/Berlin"); without one it is local to `zone`.
ParseOutcome ParseTimestampTz(std::string_view text, const TimeZone& zone, int64_t* utc_micros);
/// "04:05:06+02", as TIMETZ is held; UTC where no distance from it is given.
ParseOutcome ParseTimeTz(std::string_view text, int64_t* held);
/// 0 to 2^128 - 1, as UHUGEINT is held.
ParseOutcome ParseUHugeInt(std::string_view text, int128_t* held);
/// 32 hexadecimal digits, in braces or not, with a hyphen behind any four digits or none.
ParseOutcome ParseUuid(std::string_view text, int128_t* held);
/// "1 year 2 months -3 days 04:05:06.7", "1.5 hours ago", "1-2 3 4:05:06", "P1Y2M3DT4H"; a bare number counts
/// `default_unit`.
ParseOutcome ParseInterval(std::string_view text, std::string_view default_unit, Interval* value);
/// INTERVAL 'text' with a field, or a range of them ("day to second"): a bare number counts the last field, and what is
/// finer than that is left out. kSyntax for a range that is none.
ParseOutcome ParseIntervalOf(std::string_view text, std::string_view fields, Interval* value);
/// "\x" with hexadecimal digits, else the bytes themselves.
ParseOutcome ParseBlob(std::string_view text, std::string* bytes);

/// JSON: white space around it is ignored but kept.
ParseOutcome ParseJson(std::string_view text);

/// Any type, to a Value; for literals and parameters. `zone` is what TIMESTAMPTZ without a zone of its own is local to.
/// Errors: 22P02, 22007, 22003, 22008 with the text quoted.
arrow::Result<Value> ParseValue(std::string_view text, LogicalType type, const TimeZone& zone = TimeZone());

/// The error for an outcome other than kOk.
arrow::Status ParseError(ParseOutcome outcome, std::string_view text, LogicalType type);

}  // namespace llkv
