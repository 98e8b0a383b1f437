// Text to values: what casts from VARCHAR, literals and CSV accept. White space around a value is ignored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/int128.h"
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
/// "1 year 2 months -3 days 04:05:06.7", "1.5 hours ago"; a bare number counts `default_unit`.
ParseOutcome ParseInterval(std::string_view text, std::string_view default_unit, Interval* value);
/// "\x" with hexadecimal digits, else the bytes themselves.
ParseOutcome ParseBlob(std::string_view text, std::string* bytes);

/// Any type, to a Value; for literals and parameters. Errors: 22P02, 22007, 22003, 22008 with the text quoted.
arrow::Result<Value> ParseValue(std::string_view text, LogicalType type);

/// The error for an outcome other than kOk.
arrow::Status ParseError(ParseOutcome outcome, std::string_view text, LogicalType type);

}  // namespace llkv
