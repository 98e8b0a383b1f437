// Text to intervals: PostgreSQL's form ("1 year -3 days 04:05:06 ago"), the SQL standard's ("1-2 3 4:05:06") and
// ISO 8601's ("P1Y2M3DT4H5M6S", "P0001-02-03T04:05:06").
#include <algorithm>

#include "types/calendar.h"
#include "types/text_parse.h"
#include "types/text_scanner.h"

namespace llkv {

namespace {

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
      {"qtr", 3, 0, 0},
      {"decade", 120, 0, 0},
      {"dec", 120, 0, 0},
      {"cent", 1200, 0, 0},
      {"c", 1200, 0, 0},
      {"mil", 12000, 0, 0},
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

// A number with its sign and its fraction as 10^-9.
struct SignedNumber {
  int128_t whole = 0;
  int64_t fraction = 0;

  SignedNumber Negated() const { return {-whole, -fraction}; }
};

// "HH:MM[:SS[.f]]" whose hours are read already; "MM:SS.f", and "MM:SS" where `minutes_first`.
ParseOutcome ScanClock(TextScanner& scanner, int64_t hours, bool negative, bool minutes_first, WideInterval* sum) {
  int64_t minutes = scanner.Number(2);
  if (minutes < 0) return ParseOutcome::kSyntax;
  int64_t seconds = 0;
  int64_t fraction = 0;
  const bool has_seconds = scanner.Take(':');
  if (has_seconds) {
    seconds = scanner.Number(2);
    if (seconds < 0) return ParseOutcome::kSyntax;
  }
  const bool has_fraction = scanner.Take('.');
  if (has_fraction) fraction = scanner.Fraction(9);
  if (!has_seconds && (has_fraction || minutes_first)) {
    seconds = minutes;
    minutes = hours;
    hours = 0;
  }
  if (minutes > 59 || seconds > 59) return ParseOutcome::kRange;
  const int128_t total = (static_cast<int128_t>(hours) * 3600 + minutes * 60 + seconds) * kNanosPerSecond + fraction;
  sum->nanos += negative ? -total : total;
  return ParseOutcome::kOk;
}

// Does a time of day come next?
bool AtClock(TextScanner scanner) {
  scanner.SkipSpace();
  if (!scanner.Take('-')) scanner.Take('+');
  return scanner.Number(18) >= 0 && scanner.Peek() == ':';
}

// ---- ISO 8601 ------------------------------------------------------------------------------------------------------

bool TakeNumber(TextScanner& scanner, SignedNumber* number) {
  const bool negative = scanner.Take('-');
  if (!negative) scanner.Take('+');
  if (!scanner.PeekDigit() && scanner.Peek() != '.') return false;
  const int64_t whole = scanner.PeekDigit() ? scanner.Number(18) : 0;
  if (whole < 0) return false;
  *number = {whole, scanner.Take('.') ? scanner.Fraction(9) : 0};
  if (negative) *number = number->Negated();
  return true;
}

// "0001-02-03" or "04:05:06", whose first number is read.
bool ScanAlternative(TextScanner& scanner, const SignedNumber& first, bool is_time, WideInterval* sum) {
  SignedNumber parts[3] = {first};
  const char divider = is_time ? ':' : '-';
  for (int i = 1; i < 3 && scanner.Take(divider); ++i) {
    if (!TakeNumber(scanner, &parts[i])) return false;
  }
  static constexpr std::string_view kUnits[] = {"year", "month", "day", "hour", "minute", "second"};
  for (int i = 0; i < 3; ++i) sum->Add(parts[i].whole, parts[i].fraction, *FindUnit(kUnits[i + (is_time ? 3 : 0)]));
  return true;
}

// Behind the P.
ParseOutcome ScanIso(TextScanner& scanner, WideInterval* sum) {
  bool is_time = false;
  bool any = false;
  while (!scanner.AtEnd()) {
    if (!is_time && scanner.Take('T')) {
      is_time = true;
      continue;
    }
    SignedNumber number;
    if (!TakeNumber(scanner, &number)) return ParseOutcome::kSyntax;
    any = true;
    std::string_view unit;
    switch (scanner.Peek()) {
      case 'Y':
        unit = "year";
        break;
      case 'M':
        unit = is_time ? "minute" : "month";
        break;
      case 'W':
        unit = "week";
        break;
      case 'D':
        unit = "day";
        break;
      case 'H':
        unit = "hour";
        break;
      case 'S':
        unit = "second";
        break;
      default:
        if (!ScanAlternative(scanner, number, is_time, sum)) return ParseOutcome::kSyntax;
        if (!scanner.AtEnd() && scanner.Peek() != 'T') return ParseOutcome::kSyntax;
        continue;
    }
    scanner.Advance();
    sum->Add(number.whole, number.fraction, *FindUnit(unit));
  }
  return any ? ParseOutcome::kOk : ParseOutcome::kSyntax;
}

// ---- PostgreSQL's form and the SQL standard's ----------------------------------------------------------------------

// Does a number of hours come next, by its unit or, at the end, by `default_unit`?
bool AtHours(TextScanner scanner, std::string_view default_unit) {
  SignedNumber number;
  if (!TakeNumber(scanner, &number)) return false;
  scanner.SkipSpace();
  const std::string name = scanner.Word();
  if (name.empty() && !scanner.AtEnd()) return false;
  const IntervalUnit* unit = FindUnit(name.empty() ? default_unit : std::string_view(name));
  return unit != nullptr && unit->nanos == 3600 * kNanosPerSecond;
}

// One number with what it counts, whose sign is read.
ParseOutcome ScanPart(TextScanner& scanner, bool negative, std::string_view default_unit, bool minutes_first, bool* ago,
                      WideInterval* sum) {
  const int64_t whole = scanner.PeekDigit() ? scanner.Number(18) : 0;
  if (whole < 0) return ParseOutcome::kRange;
  if (scanner.Take(':')) return ScanClock(scanner, whole, negative, minutes_first, sum);
  if (scanner.Take('-')) {
    const int64_t months = scanner.Number(2);
    if (months < 0) return ParseOutcome::kSyntax;
    if (months > 11) return ParseOutcome::kRange;
    const int128_t total = static_cast<int128_t>(whole) * 12 + months;
    sum->months += negative ? -total : total;
    return ParseOutcome::kOk;
  }
  SignedNumber number{whole, scanner.Take('.') ? scanner.Fraction(9) : 0};
  if (negative) number = number.Negated();
  // A number without a unit counts days before a time of day or hours; before anything else it is ambiguous.
  const bool before_clock = AtClock(scanner);
  scanner.SkipSpace();
  if (scanner.PeekDigit() || scanner.Peek() == '-' || scanner.Peek() == '+' || scanner.Peek() == '.') {
    if (!before_clock && !AtHours(scanner, default_unit)) return ParseOutcome::kSyntax;
    default_unit = "day";
  }
  std::string name = scanner.Word();
  if (name == "ago") {
    *ago = true;
    name.clear();
  }
  const IntervalUnit* unit = FindUnit(name.empty() ? default_unit : std::string_view(name));
  if (unit == nullptr) return ParseOutcome::kSyntax;
  sum->Add(number.whole, number.fraction, *unit);
  return ParseOutcome::kOk;
}

ParseOutcome ScanInterval(std::string_view text, std::string_view default_unit, bool minutes_first, Interval* value) {
  TextScanner scanner(text);
  WideInterval sum;
  bool any = false;
  bool ago = false;
  scanner.SkipSpace();
  scanner.Take('@');
  scanner.SkipSpace();
  if (scanner.Take('P')) {
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    TextScanner iso(text);
    iso.Rewind(scanner.position());
    const ParseOutcome outcome = ScanIso(iso, &sum);
    if (outcome != ParseOutcome::kOk) return outcome;
    return sum.Finish(false, value) ? ParseOutcome::kOk : ParseOutcome::kRange;
  }
  for (; !scanner.AtEnd(); scanner.SkipSpace()) {
    if (ago) return ParseOutcome::kSyntax;
    const bool negative = scanner.Take('-');
    if (!negative) scanner.Take('+');
    if (!scanner.PeekDigit() && scanner.Peek() != '.') {
      if (!any || negative || scanner.Word() != "ago") return ParseOutcome::kSyntax;
      ago = true;
      continue;
    }
    any = true;
    const ParseOutcome outcome = ScanPart(scanner, negative, default_unit, minutes_first, &ago, &sum);
    if (outcome != ParseOutcome::kOk) return outcome;
  }
  if (!any) return ParseOutcome::kSyntax;
  return sum.Finish(ago, value) ? ParseOutcome::kOk : ParseOutcome::kRange;
}

// Leaves out what is finer than a unit.
void CutInterval(std::string_view unit, Interval* value) {
  if (unit == "year") value->months = value->months / 12 * 12;
  if (unit == "year" || unit == "month") value->days = 0;
  int64_t nanos = 1;
  if (unit == "year" || unit == "month" || unit == "day") {
    value->nanos = 0;
  } else if (unit == "hour") {
    nanos = kMicrosPerHour * 1000;
  } else if (unit == "minute") {
    nanos = kMicrosPerMinute * 1000;
  }
  value->nanos = value->nanos / nanos * nanos;
}

}  // namespace

ParseOutcome ParseInterval(std::string_view text, std::string_view default_unit, Interval* value) {
  return ScanInterval(text, default_unit, false, value);
}

ParseOutcome ParseIntervalOf(std::string_view text, std::string_view fields, Interval* value) {
  static constexpr std::string_view kFields[] = {"year", "month", "day", "hour", "minute", "second"};
  const auto rank = [](std::string_view unit) {
    return std::find(std::begin(kFields), std::end(kFields), unit) - std::begin(kFields);
  };
  const size_t to = fields.find(" to ");
  const std::string_view last = to == std::string_view::npos ? fields : fields.substr(to + 4);
  if (to != std::string_view::npos) {
    const auto first = rank(fields.substr(0, to));
    // Months are no fixed number of days: a range does not span both.
    if (first >= rank(last) || rank(last) >= std::ssize(kFields) || (first < 2 && last != "month")) {
      return ParseOutcome::kSyntax;
    }
  }
  const ParseOutcome outcome = ScanInterval(text, last, fields == "minute to second", value);
  if (outcome == ParseOutcome::kOk) CutInterval(last, value);
  return outcome;
}

}  // namespace llkv
