// Templates to elements, and times to text by them.
#include "functions/datetime_template.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "functions/date_fields.h"
#include "types/calendar.h"
#include "types/date_names.h"

namespace llkv {

namespace {

struct Pattern {
  std::string_view name;
  TemplateField field;
  uint8_t width;
  bool is_digits;
};

// In capitals. Where one begins another, the longer comes first.
constexpr Pattern kPatterns[] = {{"A.D.", TemplateField::kEra, 0, false},
                                 {"A.M.", TemplateField::kMeridiem, 0, false},
                                 {"AD", TemplateField::kEra, 0, false},
                                 {"AM", TemplateField::kMeridiem, 0, false},
                                 {"B.C.", TemplateField::kEra, 0, false},
                                 {"BC", TemplateField::kEra, 0, false},
                                 {"CC", TemplateField::kCentury, 2, true},
                                 {"DAY", TemplateField::kDayName, 9, false},
                                 {"DDD", TemplateField::kDayOfYear, 3, true},
                                 {"DD", TemplateField::kDay, 2, true},
                                 {"DY", TemplateField::kDayShort, 0, false},
                                 {"D", TemplateField::kDayOfWeek, 1, true},
                                 {"FF1", TemplateField::kFraction, 1, true},
                                 {"FF2", TemplateField::kFraction, 2, true},
                                 {"FF3", TemplateField::kFraction, 3, true},
                                 {"FF4", TemplateField::kFraction, 4, true},
                                 {"FF5", TemplateField::kFraction, 5, true},
                                 {"FF6", TemplateField::kFraction, 6, true},
                                 {"FX", TemplateField::kExact, 0, false},
                                 {"HH24", TemplateField::kHour24, 2, true},
                                 {"HH12", TemplateField::kHour12, 2, true},
                                 {"HH", TemplateField::kHour12, 2, true},
                                 {"IDDD", TemplateField::kIsoDayOfYear, 3, true},
                                 {"ID", TemplateField::kIsoDayOfWeek, 1, true},
                                 {"IW", TemplateField::kIsoWeek, 2, true},
                                 {"IYYY", TemplateField::kIsoYear, 4, true},
                                 {"IYY", TemplateField::kIsoYear, 3, true},
                                 {"IY", TemplateField::kIsoYear, 2, true},
                                 {"I", TemplateField::kIsoYear, 1, true},
                                 {"J", TemplateField::kJulian, 1, true},
                                 {"MI", TemplateField::kMinute, 2, true},
                                 {"MM", TemplateField::kMonth, 2, true},
                                 {"MONTH", TemplateField::kMonthName, 9, false},
                                 {"MON", TemplateField::kMonthShort, 0, false},
                                 {"MS", TemplateField::kFraction, 3, true},
                                 {"OF", TemplateField::kOffset, 2, false},
                                 {"P.M.", TemplateField::kMeridiem, 0, false},
                                 {"PM", TemplateField::kMeridiem, 0, false},
                                 {"Q", TemplateField::kQuarter, 1, true},
                                 {"RM", TemplateField::kRomanMonth, 4, false},
                                 {"SSSSS", TemplateField::kSecondsOfDay, 5, true},
                                 {"SSSS", TemplateField::kSecondsOfDay, 4, true},
                                 {"SS", TemplateField::kSecond, 2, true},
                                 {"TZH", TemplateField::kZoneHours, 2, false},
                                 {"TZM", TemplateField::kZoneMinutes, 2, true},
                                 {"TZ", TemplateField::kZone, 0, false},
                                 {"US", TemplateField::kFraction, 6, true},
                                 {"WW", TemplateField::kWeekOfYear, 2, true},
                                 {"W", TemplateField::kWeekOfMonth, 1, true},
                                 {"Y,YYY", TemplateField::kYearComma, 4, true},
                                 {"YYYY", TemplateField::kYear, 4, true},
                                 {"YYY", TemplateField::kYear, 3, true},
                                 {"YY", TemplateField::kYear, 2, true},
                                 {"Y", TemplateField::kYear, 1, true}};

constexpr std::string_view kRomanMonths[] = {"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"};

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
char ToUpper(char c) { return IsLower(c) ? static_cast<char>(c - 'a' + 'A') : c; }
char ToLower(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

bool StartsWith(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

// A pattern in one of the forms that it has: all capitals, all small letters, and names with a capital in front.
bool Matches(std::string_view text, const Pattern& pattern, LetterCase* letters) {
  const std::string_view name = pattern.name;
  if (text.size() < name.size()) return false;
  bool upper = true;
  bool lower = true;
  bool initial = pattern.field == TemplateField::kMonthName || pattern.field == TemplateField::kMonthShort ||
                 pattern.field == TemplateField::kDayName || pattern.field == TemplateField::kDayShort;
  for (size_t i = 0; i < name.size(); ++i) {
    upper = upper && text[i] == name[i];
    lower = lower && text[i] == ToLower(name[i]);
    initial = initial && text[i] == (i == 0 ? name[i] : ToLower(name[i]));
  }
  *letters = upper ? LetterCase::kUpper : lower ? LetterCase::kLower : LetterCase::kInitial;
  return upper || lower || initial;
}

TemplateKind KindOf(char c) {
  if (c == ' ' || (c >= '\t' && c <= '\r')) return TemplateKind::kSpace;
  const bool letter_or_digit = IsUpper(c) || IsLower(c) || (c >= '0' && c <= '9');
  return c > ' ' && c < 0x7F && !letter_or_digit ? TemplateKind::kSeparator : TemplateKind::kText;
}

// The bytes of the character in front.
size_t CharacterSize(std::string_view text) {
  size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
  return size;
}

void AddCharacter(std::string_view* text, TemplateKind kind, DateTemplate* elements) {
  TemplateElement element;
  element.kind = kind;
  element.text = text->substr(0, CharacterSize(*text));
  text->remove_prefix(element.text.size());
  elements->push_back(element);
}

void AddQuoted(std::string_view* text, DateTemplate* elements) {
  text->remove_prefix(1);
  while (!text->empty()) {
    if (text->front() == '"') {
      text->remove_prefix(1);
      return;
    }
    if (text->front() == '\\' && text->size() > 1) text->remove_prefix(1);
    AddCharacter(text, TemplateKind::kText, elements);
  }
}

bool AddPattern(std::string_view* text, bool fill, DateTemplate* elements) {
  for (const Pattern& pattern : kPatterns) {
    TemplateElement element;
    if (!Matches(*text, pattern, &element.letters)) continue;
    element.kind = TemplateKind::kField;
    element.field = pattern.field;
    element.width = pattern.width;
    element.is_digits = pattern.is_digits;
    element.dotted = pattern.name.size() == 4 && pattern.name[1] == '.';
    element.fill = fill;
    element.text = text->substr(0, pattern.name.size());
    text->remove_prefix(pattern.name.size());
    element.ordinal_lower = StartsWith(*text, "th");
    element.ordinal = element.ordinal_lower || StartsWith(*text, "TH");
    if (element.ordinal || StartsWith(*text, "SP") || StartsWith(*text, "sp")) text->remove_prefix(2);
    elements->push_back(element);
    return true;
  }
  return false;
}

arrow::Status NoFieldOfInterval() {
  return SqlError(sqlstate::kInvalidDatetime, "invalid format specification for an interval value",
                  SqlErrorDetail::kNoPosition, "intervals are not tied to calendar dates");
}

std::string InCase(std::string_view text, LetterCase letters) {
  std::string result(text);
  if (letters == LetterCase::kUpper) {
    for (char& c : result) c = ToUpper(c);
  } else if (letters == LetterCase::kLower) {
    for (char& c : result) c = ToLower(c);
  }
  return result;
}

std::string Padded(int64_t value, int width, bool fill) {
  if (fill) width = 1;
  return fmt::format("{:0{}}", value, value < 0 ? width + 1 : width);
}

std::string WordOf(const TemplateElement& element, std::string_view word) {
  std::string text = InCase(word, element.letters);
  if (!element.fill && text.size() < element.width) text.append(element.width - text.size(), ' ');
  return text;
}

int64_t ShownYear(int64_t year, bool is_interval) { return is_interval || year > 0 ? year : 1 - year; }

int64_t CenturyOf(const TemplateTime& time) {
  if (time.is_interval) return time.year / 100;
  return time.year > 0 ? (time.year - 1) / 100 + 1 : time.year / 100 - 1;
}

// Years of one to four digits.
std::string YearText(const TemplateElement& element, int64_t year) {
  static constexpr int64_t kLimits[] = {10, 100, 1000};
  return Padded(element.width == 4 ? year : year % kLimits[element.width - 1], element.width, element.fill);
}

std::string FractionText(const TemplateElement& element, const TemplateTime& time) {
  int64_t unit = 1;
  for (int i = element.width; i < 6; ++i) unit *= 10;
  return fmt::format("{:0{}}", time.micros / unit, element.width);
}

// "01", "1st": fields that are numbers; nothing for others.
std::string NumberText(const TemplateElement& element, const TemplateTime& time) {
  const auto padded = [&](int64_t value) { return Padded(value, element.width, element.fill); };
  switch (element.field) {
    case TemplateField::kHour12:
      return padded(time.hour % 12 == 0 ? 12 : time.hour % 12);
    case TemplateField::kHour24:
      return padded(time.hour);
    case TemplateField::kMinute:
      return padded(time.minute);
    case TemplateField::kSecond:
      return padded(time.second);
    case TemplateField::kFraction:
      return FractionText(element, time);
    case TemplateField::kSecondsOfDay:
      return Padded(time.hour * 3600 + time.minute * 60 + time.second, 1, true);
    case TemplateField::kYear:
      return YearText(element, ShownYear(time.year, time.is_interval));
    case TemplateField::kYearComma: {
      const int64_t year = ShownYear(time.year, time.is_interval);
      return fmt::format("{},{:03}", year / 1000, year % 1000);
    }
    case TemplateField::kIsoYear:
      return YearText(element, ShownYear(IsoYear(time.days), time.is_interval));
    case TemplateField::kMonth:
      return padded(time.month);
    case TemplateField::kDayOfYear:
      return padded(time.is_interval ? (time.year * 12 + time.month) * 30 + time.day : DayOfYear(time.days));
    case TemplateField::kIsoDayOfYear:
      return padded(time.days - FirstIsoWeek(IsoYear(time.days)) + 1);
    case TemplateField::kDay:
      return padded(time.day);
    case TemplateField::kDayOfWeek:
      return padded(DayOfWeek(time.days) + 1);
    case TemplateField::kIsoDayOfWeek:
      return padded((DayOfWeek(time.days) + 6) % 7 + 1);
    case TemplateField::kWeekOfMonth:
      return padded((time.day - 1) / 7 + 1);
    case TemplateField::kWeekOfYear:
      return padded((DayOfYear(time.days) - 1) / 7 + 1);
    case TemplateField::kIsoWeek:
      return padded(IsoWeek(time.days));
    case TemplateField::kCentury:
      return padded(CenturyOf(time));
    case TemplateField::kJulian:
      return padded(time.days + kJulianDayOf1970);
    case TemplateField::kQuarter:
      return time.month == 0 ? std::string() : padded((time.month - 1) / 3 + 1);
    default:
      return {};
  }
}

std::string ZoneText(const TemplateElement& element, const TemplateTime& time) {
  const int32_t magnitude = time.offset_seconds < 0 ? -time.offset_seconds : time.offset_seconds;
  const char sign = time.offset_seconds < 0 ? '-' : '+';
  switch (element.field) {
    case TemplateField::kZone:
      return element.letters == LetterCase::kLower ? InCase(time.zone_name, LetterCase::kLower) : time.zone_name;
    case TemplateField::kZoneHours:
      return fmt::format("{}{:02}", sign, magnitude / 3600);
    case TemplateField::kZoneMinutes:
      return fmt::format("{:02}", magnitude % 3600 / 60);
    default: {
      std::string text = fmt::format("{}{:0{}}", sign, magnitude / 3600, element.fill ? 1 : 2);
      if (magnitude % 3600 != 0) text += fmt::format(":{:02}", magnitude % 3600 / 60);
      return text;
    }
  }
}

std::string NameText(const TemplateElement& element, const TemplateTime& time) {
  const std::string_view day = kWeekdayNames[DayOfWeek(time.days)];
  const std::string_view month = time.month > 0 ? kMonthNames[time.month - 1] : std::string_view();
  switch (element.field) {
    case TemplateField::kMeridiem:
      if (element.dotted) return InCase(time.hour % 24 >= 12 ? "P.M." : "A.M.", element.letters);
      return InCase(time.hour % 24 >= 12 ? "PM" : "AM", element.letters);
    case TemplateField::kEra:
      if (element.dotted) return InCase(time.year <= 0 ? "B.C." : "A.D.", element.letters);
      return InCase(time.year <= 0 ? "BC" : "AD", element.letters);
    case TemplateField::kMonthName:
      return month.empty() ? std::string() : WordOf(element, month);
    case TemplateField::kMonthShort:
      return WordOf(element, month.substr(0, 3));
    case TemplateField::kDayName:
      return WordOf(element, day);
    case TemplateField::kDayShort:
      return WordOf(element, day.substr(0, 3));
    case TemplateField::kRomanMonth:
      if (time.month == 0 && time.year == 0) return {};
      return WordOf(element, kRomanMonths[(time.month + 11) % 12]);
    default:
      return {};
  }
}

bool NeedsDate(TemplateField field) {
  switch (field) {
    case TemplateField::kEra:
    case TemplateField::kDayName:
    case TemplateField::kDayShort:
    case TemplateField::kDayOfWeek:
    case TemplateField::kIsoDayOfWeek:
    case TemplateField::kZone:
    case TemplateField::kZoneHours:
    case TemplateField::kZoneMinutes:
    case TemplateField::kOffset:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string_view OrdinalSuffix(std::string_view digits) {
  const char last = digits.empty() ? '0' : digits.back();
  if (digits.size() > 1 && digits[digits.size() - 2] == '1') return "th";
  return last == '1' ? "st" : last == '2' ? "nd" : last == '3' ? "rd" : "th";
}

void ParseDateTemplate(std::string_view text, DateTemplate* elements) {
  elements->clear();
  while (!text.empty()) {
    const bool fill = StartsWith(text, "FM") || StartsWith(text, "fm");
    if (fill || StartsWith(text, "TM") || StartsWith(text, "tm")) text.remove_prefix(2);
    if (text.empty() || AddPattern(&text, fill, elements)) continue;
    if (text.front() == '"') {
      AddQuoted(&text, elements);
      continue;
    }
    if (text.front() == '\\' && text.size() > 1 && text[1] == '"') text.remove_prefix(1);
    AddCharacter(&text, KindOf(text.front()), elements);
  }
}

TemplateTime TemplateTimeOf(int64_t local_micros) {
  TemplateTime time;
  time.days = FloorDivide(local_micros, kMicrosPerDay);
  const CivilDate date = CivilFromDays(time.days);
  time.year = date.year;
  time.month = date.month;
  time.day = date.day;
  int64_t rest = local_micros % kMicrosPerDay;
  if (rest < 0) rest += kMicrosPerDay;
  time.hour = rest / kMicrosPerHour;
  time.minute = rest / kMicrosPerMinute % 60;
  time.second = rest / kMicrosPerSecond % 60;
  time.micros = rest % kMicrosPerSecond;
  return time;
}

TemplateTime TemplateTimeOf(const Interval& value) {
  TemplateTime time;
  time.is_interval = true;
  time.year = value.months / 12;
  time.month = value.months % 12;
  time.day = value.days;
  const int64_t micros = value.nanos / 1000;
  time.hour = micros / kMicrosPerHour;
  time.minute = micros / kMicrosPerMinute % 60;
  time.second = micros / kMicrosPerSecond % 60;
  time.micros = micros % kMicrosPerSecond;
  return time;
}

arrow::Status FormatByTemplate(const DateTemplate& elements, const TemplateTime& time, std::string* text) {
  for (const TemplateElement& element : elements) {
    if (element.kind != TemplateKind::kField) {
      *text += element.text;
      continue;
    }
    if (time.is_interval && NeedsDate(element.field)) return NoFieldOfInterval();
    const bool is_zone = element.field >= TemplateField::kZone && element.field <= TemplateField::kOffset;
    if (is_zone) {
      *text += ZoneText(element, time);
    } else if (element.is_digits) {
      const std::string number = NumberText(element, time);
      *text += number;
      if (element.ordinal) {
        *text += InCase(OrdinalSuffix(number), element.ordinal_lower ? LetterCase::kLower : LetterCase::kUpper);
      }
    } else {
      *text += NameText(element, time);
    }
  }
  return arrow::Status::OK();
}

}  // namespace llkv
