// The templates of to_char, to_date and to_timestamp: text to a list of fields and letters, times to text by it, text
// to times by it. Patterns are PostgreSQL's; knows no vectors.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "types/time_zone.h"
#include "types/value.h"

namespace llkv {

/// What a pattern stands for. The number of its digits is the pattern's.
enum class TemplateField : uint8_t {
  kHour12,
  kHour24,
  kMinute,
  kSecond,
  kFraction,      // FF1 … FF6, MS, US
  kSecondsOfDay,  // SSSS, SSSSS
  kMeridiem,
  kYear,       // Y … YYYY
  kYearComma,  // Y,YYY
  kIsoYear,    // I … IYYY
  kEra,
  kMonthName,
  kMonthShort,
  kMonth,
  kRomanMonth,
  kDayName,
  kDayShort,
  kDayOfYear,
  kIsoDayOfYear,
  kDay,
  kDayOfWeek,
  kIsoDayOfWeek,
  kWeekOfMonth,
  kWeekOfYear,
  kIsoWeek,
  kCentury,
  kJulian,
  kQuarter,
  kZone,
  kZoneHours,
  kZoneMinutes,
  kOffset,
  kExact,  // FX
};

enum class LetterCase : uint8_t { kUpper, kInitial, kLower };

/// What an element of a template is.
enum class TemplateKind : uint8_t { kField, kSpace, kSeparator, kText };

struct TemplateElement {
  TemplateKind kind = TemplateKind::kText;
  TemplateField field = TemplateField::kDay;
  LetterCase letters = LetterCase::kUpper;
  uint8_t width = 0;       // digits of the pattern
  bool is_digits = false;  // a number is read for it
  bool dotted = false;     // A.D., p.m.
  bool fill = false;       // FM: no padding
  bool ordinal = false;    // TH, th
  bool ordinal_lower = false;
  std::string_view text;  // of the template: the pattern, or a character
};

/// A template in elements; they point into the text.
using DateTemplate = std::vector<TemplateElement>;

/// Never fails: what is no pattern is text.
void ParseDateTemplate(std::string_view text, DateTemplate* elements);

/// A time as to_char shows it. Of an INTERVAL only the fields that its parts give.
struct TemplateTime {
  int64_t year = 0;  // 0 is 1 BC
  int64_t month = 0;
  int64_t day = 0;
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  int64_t micros = 0;  // of the second
  int64_t days = 0;    // since 1970
  int32_t offset_seconds = 0;
  std::string zone_name;
  bool is_interval = false;
};

TemplateTime TemplateTimeOf(int64_t local_micros);
TemplateTime TemplateTimeOf(const Interval& value);

/// Appends. Error 22007 for fields that an interval has none of.
arrow::Status FormatByTemplate(const DateTemplate& elements, const TemplateTime& time, std::string* text);

/// A text read by a template.
struct TemplateResult {
  int64_t local_micros = 0;
  bool has_zone = false;
  int32_t offset_seconds = 0;
};

/// Errors: 22007 where the text does not follow the template or contradicts itself, 22008 for fields out of range,
/// 0A000 for patterns that only to_char has.
arrow::Result<TemplateResult> ReadByTemplate(const DateTemplate& elements, std::string_view text);

/// "th", "st", "nd", "rd" for a number's text.
std::string_view OrdinalSuffix(std::string_view digits);

}  // namespace llkv
