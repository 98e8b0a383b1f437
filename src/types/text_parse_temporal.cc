// Text to dates, times, timestamps and intervals.
#include <algorithm>
#include <cmath>
#include <limits>

#include "types/calendar.h"
#include "types/text_parse.h"
#include "types/time_tz.h"

namespace llkv {

namespace {

// Reads a text from left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool AtEnd() const { return position_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[position_]; }
  bool PeekDigit() const { return Peek() >= '0' && Peek() <= '9'; }
  void Advance() { ++position_; }
  size_t position() const { return position_; }
  void Rewind(size_t position) { position_ = position; }
  bool Take(char c) {
    if (Peek() != c || AtEnd()) return false;
    ++position_;
    return true;
  }
  void SkipSpace() {
    while (Peek() == ' ' || (Peek() >= '\t' && Peek() <= '\r')) ++position_;
  }
  /// Up to `max_digits` digits; -1 where there is none or there are more.
  int64_t Number(int max_digits) {
    if (!PeekDigit()) return -1;
    int64_t value = 0;
    int count = 0;
    while (PeekDigit()) {
      if (++count > max_digits) return -1;
      value = value * 10 + (Peek() - '0');
      ++position_;
    }
    return value;
  }
  /// Digits after a point as a count of 10^-digits, rounded.
  int64_t Fraction(int digits) {
    int64_t value = 0;
    int count = 0;
    bool round_up = false;
    for (; PeekDigit(); ++position_, ++count) {
      if (count < digits) value = value * 10 + (Peek() - '0');
      if (count == digits) round_up = Peek() >= '5';
    }
    for (; count < digits; ++count) value *= 10;
    return value + (round_up ? 1 : 0);
  }
  /// A word of letters, in lower case; empty where there is none.
  std::string Word() {
    std::string word;
    for (char c = Peek(); (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); c = Peek()) {
      word.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
      ++position_;
    }
    return word;
  }

 private:
  std::string_view text_;
  size_t position_ = 0;
};

// The date's fields, without an era. Year 0 does not exist in text.
ParseOutcome ScanDate(Scanner& scanner, int64_t* year, int* month, int* day) {
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
ParseOutcome FinishDate(Scanner& scanner, int64_t year, int month, int day, int64_t* days) {
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
ParseOutcome ScanTime(Scanner& scanner, int digits, int64_t* time) {
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
ParseOutcome ScanZone(Scanner& scanner, bool* has_zone, TimeZone* zone) {
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
bool ScanUtcZone(Scanner& scanner) {
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

struct IntervalUnit {
  std::string_view name;
  int64_t months;
  int64_t days;
  int64_t nanos;
};

constexpr int64_t kNanosPerSecond = 1000000000;

const IntervalUnit* FindUnit(std::string_view name) {
  static constexpr IntervalUnit kUnits[] = {
      {"year", 12, 0, 0},
      {"yr", 12, 0, 0},
      {"y", 12, 0, 0},
      {"month", 1, 0, 0},
      {"mon", 1, 0, 0},
      {"day", 0, 1, 0},
      {"d", 0, 1, 0},
      {"week", 0, 7, 0},
      {"w", 0, 7, 0},
      {"hour", 0, 0, 3600 * kNanosPerSecond},
      {"hr", 0, 0, 3600 * kNanosPerSecond},
      {"h", 0, 0, 3600 * kNanosPerSecond},
      {"minute", 0, 0, 60 * kNanosPerSecond},
      {"min", 0, 0, 60 * kNanosPerSecond},
      {"m", 0, 0, 60 * kNanosPerSecond},
      {"second", 0, 0, kNanosPerSecond},
      {"sec", 0, 0, kNanosPerSecond},
      {"s", 0, 0, kNanosPerSecond},
      {"millisecond", 0, 0, 1000000},
      {"msec", 0, 0, 1000000},
      {"ms", 0, 0, 1000000},
      {"microsecond", 0, 0, 1000},
      {"usec", 0, 0, 1000},
      {"us", 0, 0, 1000},
      {"nanosecond", 0, 0, 1},
      {"ns", 0, 0, 1},
      {"quarter", 3, 0, 0},
      {"decade", 120, 0, 0},
      {"century", 1200, 0, 0},
      {"centurie", 1200, 0, 0},
      {"millennium", 12000, 0, 0},
      {"millennia", 12000, 0, 0},
  };
  for (const IntervalUnit& unit : kUnits) {
    if (unit.name == name) return &unit;
  }
  if (name.size() > 2 && name.back() == 's') return FindUnit(name.substr(0, name.size() - 1));
  return nullptr;
}

// Sums in wide integers; checked once at the end.
struct WideInterval {
  int128_t months = 0;
  int128_t days = 0;
  int128_t nanos = 0;

  // `whole` units plus `fraction` * 10^-9 of one; fractions of months spill into days, of days into time.
  void Add(int128_t whole, int64_t fraction, const IntervalUnit& unit) {
    months += whole * unit.months;
    days += whole * unit.days;
    nanos += whole * unit.nanos;
    if (fraction == 0) return;
    const int128_t part = fraction;
    if (unit.nanos != 0) {
      nanos += part * unit.nanos / kNanosPerSecond;
    } else if (unit.days != 0) {
      AddDays(part * unit.days);
    } else {
      const int128_t scaled = part * unit.months;
      months += scaled / kNanosPerSecond;
      AddDays(scaled % kNanosPerSecond * 30);
    }
  }
  // Days counted in 10^-9.
  void AddDays(int128_t scaled) {
    days += scaled / kNanosPerSecond;
    nanos += scaled % kNanosPerSecond * kNanosPerDay / kNanosPerSecond;
  }
  bool Finish(bool negate, Interval* value) const {
    const int sign = negate ? -1 : 1;
    const int128_t m = months * sign;
    const int128_t d = days * sign;
    const int128_t n = nanos * sign;
    value->months = static_cast<int32_t>(m);
    value->days = static_cast<int32_t>(d);
    value->nanos = static_cast<int64_t>(n);
    return value->months == m && value->days == d && value->nanos == n;
  }
};

// "HH:MM[:SS[.f]]" whose hours are read already.
ParseOutcome ScanClock(Scanner& scanner, int64_t hours, bool negative, WideInterval* sum) {
  const int64_t minutes = scanner.Number(2);
  if (minutes < 0) return ParseOutcome::kSyntax;
  int64_t seconds = 0;
  int64_t fraction = 0;
  if (scanner.Take(':')) {
    seconds = scanner.Number(2);
    if (seconds < 0) return ParseOutcome::kSyntax;
    if (scanner.Take('.')) fraction = scanner.Fraction(9);
  }
  if (minutes > 59 || seconds > 59) return ParseOutcome::kRange;
  const int128_t total = (static_cast<int128_t>(hours) * 3600 + minutes * 60 + seconds) * kNanosPerSecond + fraction;
  sum->nanos += negative ? -total : total;
  return ParseOutcome::kOk;
}

}  // namespace

ParseOutcome ParseDate(std::string_view text, int32_t* days) {
  Scanner scanner(text);
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
  Scanner scanner(text);
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

ParseOutcome ScanTimestamp(Scanner& scanner, int digits, ScannedTimestamp* scanned) {
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

ParseOutcome FinishTimestamp(Scanner& scanner, const ScannedTimestamp& scanned, int64_t units_per_day, int64_t* value) {
  int64_t days = 0;
  const ParseOutcome outcome = FinishDate(scanner, scanned.year, scanned.month, scanned.day, &days);
  if (outcome != ParseOutcome::kOk) return outcome;
  const int128_t wide = static_cast<int128_t>(days) * units_per_day + scanned.time;
  *value = static_cast<int64_t>(wide);
  return *value == wide ? ParseOutcome::kOk : ParseOutcome::kRange;
}

// As TIMESTAMP, without a zone but UTC.
ParseOutcome ParseLocal(std::string_view text, int digits, int64_t units_per_day, int64_t* value) {
  Scanner scanner(text);
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
  Scanner scanner(text);
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
  Scanner scanner(text);
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

ParseOutcome ParseInterval(std::string_view text, std::string_view default_unit, Interval* value) {
  Scanner scanner(text);
  WideInterval sum;
  bool any = false;
  bool ago = false;
  for (scanner.SkipSpace(); !scanner.AtEnd(); scanner.SkipSpace()) {
    if (ago) return ParseOutcome::kSyntax;
    const bool negative = scanner.Take('-');
    if (!negative) scanner.Take('+');
    if (!scanner.PeekDigit() && scanner.Peek() != '.') {
      if (!any || negative || scanner.Word() != "ago") return ParseOutcome::kSyntax;
      ago = true;
      continue;
    }
    any = true;
    const int64_t whole = scanner.PeekDigit() ? scanner.Number(18) : 0;
    if (whole < 0) return ParseOutcome::kRange;
    if (scanner.Take(':')) {
      const ParseOutcome outcome = ScanClock(scanner, whole, negative, &sum);
      if (outcome != ParseOutcome::kOk) return outcome;
      continue;
    }
    const int64_t fraction = scanner.Take('.') ? scanner.Fraction(9) : 0;
    scanner.SkipSpace();
    std::string name = scanner.Word();
    if (name == "ago") {
      ago = true;
      name.clear();
    }
    const IntervalUnit* unit = FindUnit(name.empty() ? default_unit : std::string_view(name));
    if (unit == nullptr) return ParseOutcome::kSyntax;
    sum.Add(negative ? -whole : whole, negative ? -fraction : fraction, *unit);
  }
  if (!any) return ParseOutcome::kSyntax;
  return sum.Finish(ago, value) ? ParseOutcome::kOk : ParseOutcome::kRange;
}

}  // namespace llkv
