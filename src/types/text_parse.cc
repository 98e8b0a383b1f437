// Text to numbers, booleans and bytes. Dates, times and intervals are in text_parse_temporal.cc.
#include "types/text_parse.h"

#include <charconv>
#include <cmath>

#include "base/error.h"
#include "types/bit_string.h"
#include "types/calendar.h"
#include "types/decimal.h"
#include "types/json_text.h"
#include "types/nested_value.h"
#include "types/type_info.h"
#include "types/uhugeint.h"
#include "types/uuid.h"

namespace llkv {

namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualsLower(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (Lower(text[i]) != lower[i]) return false;
  }
  return true;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads "e±n" at the end of a number; false where it is malformed. Exponents beyond any type are clamped.
bool ParseExponent(std::string_view text, int* exponent) {
  bool negative = false;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return false;
  int value = 0;
  for (const char c : text) {
    if (!IsDigit(c)) return false;
    if (value < 100000) value = value * 10 + (c - '0');
  }
  *exponent = negative ? -value : value;
  return true;
}

// Collects the digits of a decimal text: their value without leading zeros, as many as `unscaled` holds, and the power
// of ten that it counts.
struct DecimalDigits {
  bool negative = false;
  int128_t unscaled = 0;
  int exponent = 0;        // value = unscaled * 10^exponent
  int dropped_digit = -1;  // the first digit that did not fit any more
};

ParseOutcome CollectDigits(std::string_view text, DecimalDigits* digits) {
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    digits->negative = text.front() == '-';
    text.remove_prefix(1);
  }
  bool any = false;
  bool after_point = false;
  constexpr int128_t kRoom = kInt128Max / 10 - 1;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && !after_point) {
      after_point = true;
      continue;
    }
    if (!IsDigit(c)) break;
    any = true;
    if (digits->dropped_digit < 0 && digits->unscaled <= kRoom) {
      digits->unscaled = digits->unscaled * 10 + (c - '0');
      if (after_point) --digits->exponent;
    } else {
      if (digits->dropped_digit < 0) digits->dropped_digit = c - '0';
      if (!after_point) ++digits->exponent;
    }
  }
  if (!any) return ParseOutcome::kSyntax;
  if (i < text.size()) {
    int exponent = 0;
    if (Lower(text[i]) != 'e' || !ParseExponent(text.substr(i + 1), &exponent)) return ParseOutcome::kSyntax;
    digits->exponent += exponent;
  }
  return ParseOutcome::kOk;
}

template <typename T>
ParseOutcome ParseFloating(std::string_view text, T* value) {
  text = Trim(text);
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  if (text.empty()) return ParseOutcome::kSyntax;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (end != text.data() + text.size()) return ParseOutcome::kSyntax;
  if (error == std::errc::result_out_of_range) {
    // Too small for the type reads as zero; too large is an error.
    const auto mark = text.find_first_of("eE");
    if (mark != std::string_view::npos && mark + 1 < text.size() && text[mark + 1] == '-') {
      *value = 0;
      return ParseOutcome::kOk;
    }
    return ParseOutcome::kRange;
  }
  return error == std::errc() ? ParseOutcome::kOk : ParseOutcome::kSyntax;
}

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = Lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

ParseOutcome ParseInteger(std::string_view text, int128_t* value) {
  text = Trim(text);
  if (const auto parsed = ParseInt128(text)) {
    *value = *parsed;
    return ParseOutcome::kOk;
  }
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (text.empty()) return ParseOutcome::kSyntax;
  for (const char c : text) {
    if (!IsDigit(c)) return ParseOutcome::kSyntax;
  }
  return ParseOutcome::kRange;
}

ParseOutcome ParseDecimal(std::string_view text, int precision, int scale, int128_t* unscaled) {
  DecimalDigits digits;
  const ParseOutcome outcome = CollectDigits(Trim(text), &digits);
  if (outcome != ParseOutcome::kOk) return outcome;
  int128_t value = digits.unscaled;
  const int shift = digits.exponent + scale;
  if (value != 0 && shift > 0) {
    if (shift > kMaxDecimalDigits || !RescaleDecimal(value, 0, shift, &value)) return ParseOutcome::kRange;
  } else if (shift < 0) {
    // Digits that did not fit decide only whether a half is exact, and rounding goes up from a half anyway.
    if (-shift > kMaxDecimalDigits) {
      value = 0;
    } else {
      RescaleDecimal(value, -shift, 0, &value);
    }
  } else if (digits.dropped_digit >= 5) {
    ++value;
  }
  if (!FitsPrecision(value, precision)) return ParseOutcome::kRange;
  *unscaled = digits.negative ? -value : value;
  return ParseOutcome::kOk;
}

ParseOutcome ParseDouble(std::string_view text, double* value) { return ParseFloating(text, value); }

ParseOutcome ParseReal(std::string_view text, float* value) { return ParseFloating(text, value); }

ParseOutcome ParseBoolean(std::string_view text, bool* value) {
  text = Trim(text);
  for (const std::string_view word : {"true", "t", "yes", "y", "on", "1"}) {
    if (EqualsLower(text, word)) {
      *value = true;
      return ParseOutcome::kOk;
    }
  }
  for (const std::string_view word : {"false", "f", "no", "n", "off", "0"}) {
    if (EqualsLower(text, word)) {
      *value = false;
      return ParseOutcome::kOk;
    }
  }
  return ParseOutcome::kSyntax;
}

ParseOutcome ParseBlob(std::string_view text, std::string* bytes) {
  if (text.size() < 2 || text[0] != '\\' || text[1] != 'x') {
    bytes->assign(text);
    return ParseOutcome::kOk;
  }
  bytes->clear();
  text.remove_prefix(2);
  if (text.size() % 2 != 0) return ParseOutcome::kSyntax;
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = HexDigit(text[i]);
    const int low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) return ParseOutcome::kSyntax;
    bytes->push_back(static_cast<char>(high * 16 + low));
  }
  return ParseOutcome::kOk;
}

ParseOutcome ParseUHugeInt(std::string_view text, int128_t* held) {
  text = Trim(text);
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (negative || text.front() == '+')) text.remove_prefix(1);
  if (text.empty()) return ParseOutcome::kSyntax;
  uint128_t value = 0;
  bool fits = true;
  for (const char c : text) {
    if (!IsDigit(c)) return ParseOutcome::kSyntax;
    const auto digit = static_cast<uint128_t>(c - '0');
    fits = fits && value <= (~uint128_t{0} - digit) / 10;
    value = value * 10 + digit;
  }
  if (!fits || (negative && value != 0)) return ParseOutcome::kRange;
  *held = HoldUHugeInt(value);
  return ParseOutcome::kOk;
}

ParseOutcome ParseUuid(std::string_view text, int128_t* held) {
  text = Trim(text);
  if (text.size() > 2 && text.front() == '{' && text.back() == '}') text = text.substr(1, text.size() - 2);
  uint128_t value = 0;
  int digits = 0;
  bool after_hyphen = true;
  for (const char c : text) {
    if (c == '-') {
      if (after_hyphen || digits % 4 != 0 || digits == 32) return ParseOutcome::kSyntax;
      after_hyphen = true;
      continue;
    }
    const int digit = HexDigit(c);
    if (digit < 0 || ++digits > 32) return ParseOutcome::kSyntax;
    value = (value << 4) | static_cast<uint128_t>(digit);
    after_hyphen = false;
  }
  if (digits != 32) return ParseOutcome::kSyntax;
  *held = HoldUHugeInt(value);
  return ParseOutcome::kOk;
}

ParseOutcome ParseJson(std::string_view text) {
  size_t error_at = 0;
  return IsJson(text, &error_at) ? ParseOutcome::kOk : ParseOutcome::kSyntax;
}

arrow::Status ParseError(ParseOutcome outcome, std::string_view text, LogicalType type) {
  std::string shown(text.substr(0, 80));
  if (text.size() > 80) shown += "…";
  const bool temporal = type.IsTemporal();
  if (outcome == ParseOutcome::kRange) {
    return SqlError(temporal ? sqlstate::kDatetimeOverflow : sqlstate::kNumericOutOfRange,
                    "\"" + shown + "\" is out of range for " + type.ToString());
  }
  return SqlError(temporal ? sqlstate::kInvalidDatetime : sqlstate::kInvalidTextRepresentation,
                  "\"" + shown + "\" is no valid " + type.ToString());
}

namespace {

ParseOutcome ParseIntegerValue(std::string_view text, LogicalType type, Value* value) {
  int128_t number = 0;
  const ParseOutcome outcome = ParseInteger(text, &number);
  if (outcome != ParseOutcome::kOk) return outcome;
  const ValueLimits limits = IntegerLimits(type);
  if (number < limits.min || number > limits.max) return ParseOutcome::kRange;
  *value = Value::Integer(type, number);
  return ParseOutcome::kOk;
}

ParseOutcome ParseTemporalValue(std::string_view text, LogicalType type, const TimeZone& zone, Value* value) {
  ParseOutcome outcome = ParseOutcome::kOk;
  if (type.id() == TypeId::kInterval) {
    Interval interval;
    outcome = ParseInterval(text, "second", &interval);
    *value = Value::OfInterval(interval);
    return outcome;
  }
  if (type.id() == TypeId::kDate) {
    int32_t days = 0;
    outcome = ParseDate(text, &days);
    *value = Value::Integer(type, days);
    return outcome;
  }
  int64_t number = 0;
  switch (type.id()) {
    case TypeId::kTime:
      outcome = ParseTime(text, &number);
      break;
    case TypeId::kTimeTz:
      outcome = ParseTimeTz(text, &number);
      break;
    case TypeId::kTimestampTz:
      outcome = ParseTimestampTz(text, zone, &number);
      break;
    case TypeId::kTimestampS:
    case TypeId::kTimestampMs:
    case TypeId::kTimestampNs:
      outcome = ParseTimestampOf(text, FractionDigits(type.id()), &number);
      break;
    default:
      outcome = ParseTimestamp(text, &number);
  }
  *value = Value::Integer(type, number);
  return outcome;
}

ParseOutcome ParseBytesValue(std::string_view text, LogicalType type, Value* value) {
  std::string bytes(text);
  ParseOutcome outcome = ParseOutcome::kOk;
  if (type.id() == TypeId::kBlob) outcome = ParseBlob(text, &bytes);
  if (type.id() == TypeId::kJson) outcome = ParseJson(text);
  if (type.id() == TypeId::kBit && !BitStringFromText(text, &bytes)) outcome = ParseOutcome::kSyntax;
  *value = Value::OfBytes(type, std::move(bytes));
  return outcome;
}

ParseOutcome ParseScalar(std::string_view text, LogicalType type, const TimeZone& zone, Value* value) {
  ParseOutcome outcome = ParseOutcome::kOk;
  if (type.IsInteger()) return ParseIntegerValue(text, type, value);
  if (type.IsTemporal()) return ParseTemporalValue(text, type, zone, value);
  switch (type.id()) {
    case TypeId::kBoolean: {
      bool flag = false;
      outcome = ParseBoolean(text, &flag);
      *value = Value::Boolean(flag);
      return outcome;
    }
    case TypeId::kReal: {
      float number = 0;
      outcome = ParseReal(text, &number);
      *value = Value::Floating(type, static_cast<double>(number));
      return outcome;
    }
    case TypeId::kDouble: {
      double number = 0;
      outcome = ParseDouble(text, &number);
      *value = Value::Double(number);
      return outcome;
    }
    case TypeId::kDecimal: {
      int128_t number = 0;
      outcome = ParseDecimal(text, type.precision(), type.scale(), &number);
      *value = Value::Integer(type, number);
      return outcome;
    }
    case TypeId::kEnum: {
      const std::optional<uint32_t> label = type.info().FindLabel(text);
      *value = Value::Integer(type, label.value_or(0));
      return label ? ParseOutcome::kOk : ParseOutcome::kSyntax;
    }
    case TypeId::kUHugeInt:
    case TypeId::kUuid: {
      int128_t held = 0;
      outcome = type.id() == TypeId::kUuid ? ParseUuid(text, &held) : ParseUHugeInt(text, &held);
      *value = Value::Integer(type, held);
      return outcome;
    }
    case TypeId::kBlob:
    case TypeId::kJson:
    case TypeId::kBit:
      return ParseBytesValue(text, type, value);
    default:
      *value = Value::Varchar(std::string(text));
      return outcome;
  }
}

}  // namespace

arrow::Result<Value> ParseValue(std::string_view text, LogicalType type, const TimeZone& zone) {
  if (type.IsNested()) {
    ARROW_ASSIGN_OR_RAISE(std::string bytes, NestedFromText(type, text, zone));
    return Value::OfBytes(type, std::move(bytes));
  }
  Value value(type);
  const ParseOutcome outcome = ParseScalar(text, type, zone, &value);
  if (outcome != ParseOutcome::kOk) return ParseError(outcome, text, type);
  return value;
}

}  // namespace llkv
