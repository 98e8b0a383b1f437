// strftime and strptime: times by formats of % directives, as in C, Python and DuckDB.
#include <algorithm>

#include "functions/binding.h"
#include "functions/date_fields.h"
#include "functions/kernel.h"
#include "types/calendar.h"
#include "types/date_names.h"
#include "types/time_zone.h"

namespace llkv {

namespace {

constexpr TypeId kText = TypeId::kVarchar;
constexpr TypeId kLocal = TypeId::kTimestamp;

arrow::Status UnknownDirective(std::string_view format) {
  return SqlError(sqlstate::kInvalidParameter, "unknown directive in the format \"" + std::string(format) + "\"");
}

void AppendNumber(std::string& text, int64_t value, size_t width) {
  const std::string digits = std::to_string(value < 0 ? -value : value);
  if (value < 0) text.push_back('-');
  if (digits.size() < width) text.append(width - digits.size(), '0');
  text += digits;
}

// Where a time stands, by fields.
struct LocalTime {
  int64_t micros;
  int64_t days;
  int64_t time;
  CivilDate date;
  int32_t offset;

  LocalTime(int64_t local_micros, int32_t offset_seconds)
      : micros(local_micros),
        days(FloorDivide(local_micros, kMicrosPerDay)),
        time(local_micros - days * kMicrosPerDay),
        date(CivilFromDays(days)),
        offset(offset_seconds) {}
  int64_t hour() const { return time / kMicrosPerHour; }
  // The week of the year where weeks begin on `first_day` (0 is Sunday); days before the first one are week 0.
  int64_t WeekFrom(int first_day) const { return (DayOfYear(days) + 6 - (DayOfWeek(days) - first_day + 7) % 7) / 7; }
};

// A number's value and width; false for directives that are no numbers.
bool NumberOf(char directive, const LocalTime& at, int64_t* value, size_t* width) {
  const auto set = [&](int64_t number, size_t digits) {
    *value = number;
    *width = digits;
    return true;
  };
  switch (directive) {
    case 'Y':
      return set(at.date.year, 4);
    case 'y':
      return set((at.date.year % 100 + 100) % 100, 2);
    case 'G':
      return set(IsoYear(at.days), 4);
    case 'm':
      return set(at.date.month, 2);
    case 'd':
      return set(at.date.day, 2);
    case 'H':
      return set(at.hour(), 2);
    case 'I':
      return set((at.hour() + 11) % 12 + 1, 2);
    case 'M':
      return set(at.time / kMicrosPerMinute % 60, 2);
    case 'S':
      return set(at.time / kMicrosPerSecond % 60, 2);
    case 'f':
      return set(at.time % kMicrosPerSecond, 6);
    case 'g':
      return set(at.time % kMicrosPerSecond / 1000, 3);
    case 'n':
      return set(at.time % kMicrosPerSecond * 1000, 9);
    case 'j':
      return set(DayOfYear(at.days), 3);
    case 'U':
      return set(at.WeekFrom(0), 2);
    case 'W':
      return set(at.WeekFrom(1), 2);
    case 'V':
      return set(IsoWeek(at.days), 2);
    case 'w':
      return set(DayOfWeek(at.days), 1);
    case 'u':
      return set((DayOfWeek(at.days) + 6) % 7 + 1, 1);
    case 's':
      return set(FloorDivide(at.micros, kMicrosPerSecond) - at.offset, 1);
    default:
      return false;
  }
}

void AppendOffset(int32_t offset, std::string& text) {
  text.push_back(offset < 0 ? '-' : '+');
  const int32_t minutes = (offset < 0 ? -offset : offset) / 60;
  AppendNumber(text, minutes / 60, 2);
  if (minutes % 60 == 0) return;
  text.push_back(':');
  AppendNumber(text, minutes % 60, 2);
}

bool AppendFormat(std::string_view format, const LocalTime& at, std::string& text);

// False for a directive that is not known. `bare` leaves out zeros in front.
bool AppendDirective(char directive, bool bare, const LocalTime& at, std::string& text) {
  int64_t value = 0;
  size_t width = 0;
  if (NumberOf(directive, at, &value, &width)) {
    AppendNumber(text, value, bare ? 1 : width);
    return true;
  }
  switch (directive) {
    case 'p':
      text += at.hour() < 12 ? "AM" : "PM";
      return true;
    case 'B':
      text += kMonthNames[at.date.month - 1];
      return true;
    case 'b':
    case 'h':
      text += kMonthNames[at.date.month - 1].substr(0, 3);
      return true;
    case 'A':
      text += kWeekdayNames[DayOfWeek(at.days)];
      return true;
    case 'a':
      text += kWeekdayNames[DayOfWeek(at.days)].substr(0, 3);
      return true;
    case 'z':
      AppendOffset(at.offset, text);
      return true;
    case 'c':
      return AppendFormat("%Y-%m-%d %H:%M:%S", at, text);
    case 'x':
    case 'F':
      return AppendFormat("%Y-%m-%d", at, text);
    case 'D':
      return AppendFormat("%m/%d/%y", at, text);
    case 'X':
    case 'T':
      return AppendFormat("%H:%M:%S", at, text);
    case 'R':
      return AppendFormat("%H:%M", at, text);
    case 't':
      text += '\t';
      return true;
    case '%':
      text += '%';
      return true;
    default:
      return false;
  }
}

// NOLINTNEXTLINE(misc-no-recursion): formats of directives have none that are formats themselves.
bool AppendFormat(std::string_view format, const LocalTime& at, std::string& text) {
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      text.push_back(format[i]);
      continue;
    }
    const bool bare = i + 1 < format.size() && format[i + 1] == '-';
    if (bare) ++i;
    if (++i == format.size() || !AppendDirective(format[i], bare, at, text)) return false;
  }
  return true;
}

template <bool format_first, bool zoned>
arrow::Status StrftimeKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                             uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> formats(*args[format_first ? 0 : 1]);
  const Input<int64_t> micros(*args[format_first ? 1 : 0]);
  const TimeZone& zone = context.time_zone();
  std::string text;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    text.clear();
    int64_t local = micros[row];
    int32_t offset = zoned ? zone.OffsetAt(FloorDivide(local, kMicrosPerSecond)) : 0;
    if (zoned && !zone.LocalMicros(micros[row], &local)) {
      local = micros[row];
      offset = 0;
    }
    if (!AppendFormat(formats[row].view(), LocalTime(local, offset), text))
      return UnknownDirective(formats[row].view());
    return context.arena->Copy(text).Value(&out.data<StringRef>()[row]);
  });
}

arrow::Result<BoundScalar> BindStrftime(const ScalarFunction& self, const BindInput& input) {
  constexpr TypeId kInstant = TypeId::kTimestampTz;
  constexpr NullRule kRule = NullRule::kPropagate;
  static const std::vector<Overload> overloads = {
      {{kLocal, kText}, kText, StrftimeKernel<false, false>, true},
      {{kText, kLocal}, kText, StrftimeKernel<true, false>, true},
      {{kInstant, kText}, kText, StrftimeKernel<false, true>, true, false, kRule, Volatility::kStable},
      {{kText, kInstant}, kText, StrftimeKernel<true, true>, true, false, kRule, Volatility::kStable}};
  return BindOverloads(self, input, overloads);
}

// ---- strptime ------------------------------------------------------------------------------------------------------

char LowerOf(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// What a text was read as.
struct ReadTime {
  int64_t year = 1900;
  int64_t month = 1;
  int64_t day = 1;
  int64_t day_of_year = 0;
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  int64_t micros = 0;
  int64_t offset = 0;
  int half = -1;  // 0 is AM, 1 is PM
};

class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : text_(text) {}

  bool AtEnd() const { return at_ == text_.size(); }
  bool Take(char c) {
    if (AtEnd() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void SkipSpace() {
    while (!AtEnd() && (text_[at_] == ' ' || (text_[at_] >= '\t' && text_[at_] <= '\r'))) ++at_;
  }
  bool Number(size_t max_digits, int64_t* value) {
    const size_t start = at_;
    *value = 0;
    for (; !AtEnd() && at_ - start < max_digits && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      *value = *value * 10 + (text_[at_] - '0');
    }
    return at_ != start;
  }
  // Digits after a point as a count of 10^-6.
  bool Fraction(size_t max_digits, int64_t* micros) {
    const size_t start = at_;
    if (!Number(max_digits, micros)) return false;
    for (size_t i = at_ - start; i < 6; ++i) *micros *= 10;
    for (size_t i = 6; i < at_ - start; ++i) *micros /= 10;
    return true;
  }
  // One of the names, or its first three letters where `is_short`; -1 for none.
  template <size_t count>
  int64_t Name(const std::string_view (&names)[count], bool is_short) {
    for (size_t i = 0; i < count; ++i) {
      if (Word(is_short ? names[i].substr(0, 3) : names[i])) return static_cast<int64_t>(i);
    }
    return -1;
  }
  bool Word(std::string_view word) {
    if (text_.size() - at_ < word.size()) return false;
    for (size_t i = 0; i < word.size(); ++i) {
      if (LowerOf(text_[at_ + i]) != LowerOf(word[i])) return false;
    }
    at_ += word.size();
    return true;
  }
  // "+02", "-0330", "+05:30", "Z".
  bool Offset(int64_t* seconds) {
    *seconds = 0;
    if (Take('Z')) return true;
    const bool west = Take('-');
    int64_t hours = 0;
    int64_t minutes = 0;
    if ((!west && !Take('+')) || !Number(2, &hours)) return false;
    Take(':');
    Number(2, &minutes);
    *seconds = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

bool ReadFormat(std::string_view format, TimeReader& reader, ReadTime* time, bool* is_known);

bool ReadName(char directive, TimeReader& reader, ReadTime* time) {
  switch (directive) {
    case 'a':
      return reader.Name(kWeekdayNames, true) >= 0;
    case 'A':
      return reader.Name(kWeekdayNames, false) >= 0;
    case 'b':
    case 'h':
      time->month = reader.Name(kMonthNames, true) + 1;
      return time->month > 0;
    case 'B':
      time->month = reader.Name(kMonthNames, false) + 1;
      return time->month > 0;
    default:
      time->half = reader.Word("am") ? 0 : reader.Word("pm") ? 1 : -1;
      return time->half >= 0;
  }
}

bool ReadDirective(char directive, TimeReader& reader, ReadTime* time, bool* is_known) {
  switch (directive) {
    case 'Y':
      return reader.Number(4, &time->year);
    case 'y':
      if (!reader.Number(2, &time->year)) return false;
      time->year += time->year < 69 ? 2000 : 1900;
      return true;
    case 'm':
      return reader.Number(2, &time->month);
    case 'd':
      return reader.Number(2, &time->day);
    case 'j':
      return reader.Number(3, &time->day_of_year);
    case 'H':
    case 'I':
      return reader.Number(2, &time->hour);
    case 'M':
      return reader.Number(2, &time->minute);
    case 'S':
      return reader.Number(2, &time->second);
    case 'f':
      return reader.Fraction(6, &time->micros);
    case 'g':
      return reader.Fraction(3, &time->micros);
    case 'n':
      return reader.Fraction(9, &time->micros);
    case 'z':
      return reader.Offset(&time->offset);
    case 'a':
    case 'A':
    case 'b':
    case 'h':
    case 'B':
    case 'p':
      return ReadName(directive, reader, time);
    case 'c':
      return ReadFormat("%Y-%m-%d %H:%M:%S", reader, time, is_known);
    case 'x':
    case 'F':
      return ReadFormat("%Y-%m-%d", reader, time, is_known);
    case 'D':
      return ReadFormat("%m/%d/%y", reader, time, is_known);
    case 'X':
    case 'T':
      return ReadFormat("%H:%M:%S", reader, time, is_known);
    case 'R':
      return ReadFormat("%H:%M", reader, time, is_known);
    case '%':
      return reader.Take('%');
    default:
      *is_known = false;
      return false;
  }
}

// NOLINTNEXTLINE(misc-no-recursion): formats of directives have none that are formats themselves.
bool ReadFormat(std::string_view format, TimeReader& reader, ReadTime* time, bool* is_known) {
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] == ' ') {
      reader.SkipSpace();
    } else if (format[i] != '%') {
      if (!reader.Take(format[i])) return false;
    } else {
      if (i + 1 < format.size() && format[i + 1] == '-') ++i;
      *is_known = ++i < format.size();
      if (!*is_known || !ReadDirective(format[i], reader, time, is_known)) return false;
    }
  }
  return true;
}

bool FinishTime(const ReadTime& read, int64_t* micros) {
  int64_t hour = read.hour;
  if (read.half >= 0) {
    if (hour < 1 || hour > 12) return false;
    hour = hour % 12 + read.half * 12;
  }
  if (read.month < 1 || read.month > 12 || read.day < 1 ||
      read.day > DaysInMonth(read.year, static_cast<int>(read.month)) || hour > 23 || read.minute > 59 ||
      read.second > 59) {
    return false;
  }
  int64_t days = DaysFromCivil(read.year, static_cast<int>(read.month), static_cast<int>(read.day));
  if (read.day_of_year > 0) {
    if (read.day_of_year > (IsLeapYear(read.year) ? 366 : 365)) return false;
    days = DaysFromCivil(read.year, 1, 1) + read.day_of_year - 1;
  }
  *micros = days * kMicrosPerDay + hour * kMicrosPerHour + read.minute * kMicrosPerMinute +
            (read.second - read.offset) * kMicrosPerSecond + read.micros;
  return true;
}

template <bool safe>
arrow::Status StrptimeKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const Input<StringRef> texts(*args[0]);
  const Input<StringRef> formats(*args[1]);
  uint8_t* validity = safe ? IntersectValidity(args, num_rows, out) : nullptr;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    if (safe && !GetBit(validity, row)) return arrow::Status::OK();
    TimeReader reader(texts[row].view());
    ReadTime time;
    bool is_known = true;
    reader.SkipSpace();
    bool is_read = ReadFormat(formats[row].view(), reader, &time, &is_known);
    if (!is_known) return UnknownDirective(formats[row].view());
    reader.SkipSpace();
    is_read = is_read && reader.AtEnd() && FinishTime(time, &out.data<int64_t>()[row]);
    if (is_read) return arrow::Status::OK();
    if (!safe) {
      return SqlError(sqlstate::kInvalidDatetime, "\"" + std::string(texts[row].view()) +
                                                      "\" is no time in the format \"" +
                                                      std::string(formats[row].view()) + "\"");
    }
    ClearBit(validity, row);
    return arrow::Status::OK();
  });
}

template <bool safe>
arrow::Result<BoundScalar> BindStrptime(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{kText, kText}, kLocal, StrptimeKernel<safe>, true, false, safe ? NullRule::kKernel : NullRule::kPropagate}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterStrftime(FunctionRegistry& registry) {
  registry.Add(
      ScalarFunction{"strftime", {}, "A time by a format of % directives.", "strftime(t, '%Y-%m-%d')", BindStrftime});
  registry.Add(ScalarFunction{"strptime",
                              {},
                              "The time that a text is in a format of % directives.",
                              "strptime('2024-07-01', '%Y-%m-%d')",
                              BindStrptime<false>});
  registry.Add(ScalarFunction{"try_strptime",
                              {},
                              "The same; NULL where the text is no such time.",
                              "try_strptime('x', '%Y-%m-%d')",
                              BindStrptime<true>});
}

}  // namespace llkv
