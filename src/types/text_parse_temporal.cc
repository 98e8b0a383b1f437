// Text to dates, times and timestamps.
#include <algorithm>
#include <cmath>
#include <limits>

#include "types/calendar.h"
#include "types/text_parse.h"
#include "types/text_scanner.h"
#include "types/time_tz.h"

namespace llkv {

namespace {

// The date's fields, without an era. Year 0 does not exist in text.
ParseOutcome ScanDate(TextScanner& scanner, int64_t* year, int* month, int* day) {
  const bool negative = scanner.Take('-');
  *year = scanner.Number(7);
  if (*year < 0 || !scanner.Take('-')) return ParseOutcome::kSyntax;
  const int64_t month_number = scanner.Number(2);
  if (month_number < 0 || !scanner.Take('-')) return ParseOutcome::kSyntax;
  const int64_t day_number = scanner.Number(2);
  if (day_number < 0) return ParseOutcome::kSyntax;
  if (month_number < 1 || month_number > 12) return ParseOutcome::kRange;
  if (negative) *year = -*year;
  *month = static_cast<int>(month_number);
  *day = static_cast<int>(day_number);
  return ParseOutcome::kOk;
}

// Applies a trailing " BC" and checks the day.
ParseOutcome FinishDate(TextScanner& scanner, int64_t year, int month, int day, int64_t* days) {
  scanner.SkipSpace();
  if (!scanner.AtEnd()) {
    const std::string word = scanner.Word();
    scanner.SkipSpace();
    if ((word != "bc" && word != "ad") || !scanner.AtEnd()) return ParseOutcome::kSyntax;
    if (year <= 0) return ParseOutcome::kRange;
    if (word == "bc") year = 1 - year;
  } else if (year == 0) {
    return ParseOutcome::kRange;
  }
  if (day < 1 || day > DaysInMonth(year, month)) return ParseOutcome::kRange;
  *days = DaysFromCivil(year, month, day);
  const bool fits = *days >= std::numeric_limits<int32_t>::min() && *days <= std::numeric_limits<int32_t>::max();
  return fits ? ParseOutcome::kOk : ParseOutcome::kRange;
}

// The time of day as a count of 10^-digits seconds.
ParseOutcome ScanTime(TextScanner& scanner, int digits, int64_t* time) {
  const int64_t hours = scanner.Number(2);
  if (hours < 0 || !scanner.Take(':')) return ParseOutcome::kSyntax;
  const int64_t minutes = scanner.Number(2);
  if (minutes < 0) return ParseOutcome::kSyntax;
  int64_t seconds = 0;
  int64_t fraction = 0;
  if (scanner.Take(':')) {
    seconds = scanner.Number(2);
    if (seconds < 0) return ParseOutcome::kSyntax;
    if (scanner.Take('.')) fraction = scanner.Fraction(digits);
  }
  if (hours > 24 || minutes > 59 || seconds > 59) return ParseOutcome::kRange;
  int64_t units = 1;
  for (int i = 0; i < digits; ++i) units *= 10;
  *time = (hours * 3600 + minutes * 60 + seconds) * units + fraction;
  return *time <= 86400 * units ? ParseOutcome::kOk : ParseOutcome::kRange;
}

// A zone behind a time: `has_zone` is false where there is none. Ends before an era.
ParseOutcome ScanZone(TextScanner& scanner, bool* has_zone, TimeZone* zone) {
  *has_zone = false;
  const size_t start = scanner.position();
  scanner.SkipSpace();
  std::string name;
  const auto is_part = [](char c) {
    const char lower = static_cast<char>(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == ':' || c == '/' ||
           c == '_';
  };
  for (; !scanner.AtEnd() && is_part(scanner.Peek()); scanner.Advance()) name.push_back(scanner.Peek());
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (name.empty() || lower == "bc" || lower == "ad") {
    scanner.Rewind(start);
    return ParseOutcome::kOk;
  }
  auto found = TimeZone::Find(name);
  if (!found.ok()) return ParseOutcome::kSyntax;
  *has_zone = true;
  *zone = *std::move(found);
  return ParseOutcome::kOk;
}

// "Z", "UTC" or "+00[:00]", or nothing.
bool ScanUtcZone(TextScanner& scanner) {
  const size_t start = scanner.position();
  scanner.SkipSpace();
  if (scanner.Take('+') || scanner.Take('-')) {
    if (scanner.Number(2) != 0) return false;
    return !scanner.Take(':') || scanner.Number(2) == 0;
  }
  const size_t word_start = scanner.position();
  const std::string word = scanner.Word();
  if (word == "z" || word == "utc" || word == "gmt") return true;
  scanner.Rewind(word.empty() ? start : word_start);
  return true;
}

}  // namespace

ParseOutcome ParseDate(std::string_view text, int32_t* days) {
  TextScanner scanner(text);
  scanner.SkipSpace();
  int64_t year = 0;
  int month = 0;
  int day = 0;
  ParseOutcome outcome = ScanDate(scanner, &year, &month, &day);
  if (outcome != ParseOutcome::kOk) return outcome;
  int64_t wide = 0;
  outcome = FinishDate(scanner, year, month, day, &wide);
  *days = static_cast<int32_t>(wide);
  return outcome;
}

ParseOutcome ParseTime(std::string_view text, int64_t* micros) {
  TextScanner scanner(text);
  scanner.SkipSpace();
  const ParseOutcome outcome = ScanTime(scanner, 6, micros);
  scanner.SkipSpace();
  return outcome == ParseOutcome::kOk && !scanner.AtEnd() ? ParseOutcome::kSyntax : outcome;
}

namespace {

// A date and perhaps a time, up to a zone: the date's fields and the time as a count of 10^-digits seconds.
struct ScannedTimestamp {
  int64_t year = 0;
  int month = 0;
  int day = 0;
  int64_t time = 0;
  bool has_time = false;
};

ParseOutcome ScanTimestamp(TextScanner& scanner, int digits, ScannedTimestamp* scanned) {
  scanner.SkipSpace();
  const ParseOutcome outcome = ScanDate(scanner, &scanned->year, &scanned->month, &scanned->day);
  if (outcome != ParseOutcome::kOk) return outcome;
  const size_t behind_date = scanner.position();
  if (!scanner.Take('T')) scanner.SkipSpace();
  scanned->has_time = scanner.PeekDigit();
  if (scanned->has_time) return ScanTime(scanner, digits, &scanned->time);
  scanner.Rewind(behind_date);
  return ParseOutcome::kOk;
}

ParseOutcome FinishTimestamp(TextScanner& scanner, const ScannedTimestamp& scanned, int64_t units_per_day,
                             int64_t* value) {
  int64_t days = 0;
  const ParseOutcome outcome = FinishDate(scanner, scanned.year, scanned.month, scanned.day, &days);
  if (outcome != ParseOutcome::kOk) return outcome;
  const int128_t wide = static_cast<int128_t>(days) * units_per_day + scanned.time;
  *value = static_cast<int64_t>(wide);
  return *value == wide ? ParseOutcome::kOk : ParseOutcome::kRange;
}

// As TIMESTAMP, without a zone but UTC.
ParseOutcome ParseLocal(std::string_view text, int digits, int64_t units_per_day, int64_t* value) {
  TextScanner scanner(text);
  ScannedTimestamp scanned;
  const ParseOutcome outcome = ScanTimestamp(scanner, digits, &scanned);
  if (outcome != ParseOutcome::kOk) return outcome;
  if (scanned.has_time && !ScanUtcZone(scanner)) return ParseOutcome::kSyntax;
  return FinishTimestamp(scanner, scanned, units_per_day, value);
}

}  // namespace

ParseOutcome ParseTimestamp(std::string_view text, int64_t* micros) {
  return ParseLocal(text, 6, kMicrosPerDay, micros);
}

ParseOutcome ParseTimestampOf(std::string_view text, int digits, int64_t* value) {
  if (digits == 9) return ParseLocal(text, 9, kNanosPerDay, value);
  const ParseOutcome outcome = ParseTimestamp(text, value);
  if (outcome == ParseOutcome::kOk) *value = RoundDivide(*value, digits == 0 ? kMicrosPerSecond : 1000);
  return outcome;
}

ParseOutcome ParseTimestampTz(std::string_view text, const TimeZone& zone, int64_t* utc_micros) {
  TextScanner scanner(text);
  ScannedTimestamp scanned;
  ParseOutcome outcome = ScanTimestamp(scanner, 6, &scanned);
  if (outcome != ParseOutcome::kOk) return outcome;
  bool has_zone = false;
  TimeZone own;
  outcome = ScanZone(scanner, &has_zone, &own);
  if (outcome != ParseOutcome::kOk) return outcome;
  int64_t local = 0;
  outcome = FinishTimestamp(scanner, scanned, kMicrosPerDay, &local);
  if (outcome != ParseOutcome::kOk) return outcome;
  return (has_zone ? own : zone).UtcMicros(local, utc_micros) ? ParseOutcome::kOk : ParseOutcome::kRange;
}

ParseOutcome ParseTimeTz(std::string_view text, int64_t* held) {
  TextScanner scanner(text);
  scanner.SkipSpace();
  TimeTz time{};
  const ParseOutcome outcome = ScanTime(scanner, 6, &time.micros);
  if (outcome != ParseOutcome::kOk) return outcome;
  const size_t sign = text.find_first_of("+-");
  if (sign != std::string_view::npos || !ScanUtcZone(scanner)) {
    std::string_view rest = text.substr(std::min(sign, text.size()));
    while (!rest.empty() && (rest.back() == ' ' || (rest.back() >= '\t' && rest.back() <= '\r'))) rest.remove_suffix(1);
    if (!ParseUtcOffset(rest, &time.offset_seconds)) return ParseOutcome::kSyntax;
  } else {
    scanner.SkipSpace();
    if (!scanner.AtEnd()) return ParseOutcome::kSyntax;
  }
  *held = HoldTimeTz(time);
  return ParseOutcome::kOk;
}

}  // namespace llkv
