// Text to times by templates: to_date and to_timestamp.
#include <algorithm>
#include <optional>

#include "base/error.h"
#include "functions/date_fields.h"
#include "functions/datetime_template.h"
#include "types/calendar.h"
#include "types/date_names.h"

namespace llkv {

namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsSeparator(char c) {
  return c > ' ' && c < 0x7F && !IsDigit(c) && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z');
}

arrow::Status Invalid(std::string message) { return SqlError(sqlstate::kInvalidDatetime, std::move(message)); }

arrow::Status FieldOutOfRange() {
  return SqlError(sqlstate::kDatetimeOverflow, "a field of the date or time is out of range");
}

// What the fields of a template can say; one for each thing, so that two that differ contradict each other.
enum Slot : uint8_t {
  kHour,
  kMinute,
  kSecond,
  kMicros,
  kMillis,
  kSecondsOfDay,
  kHalf,  // 0 is AM, 1 is PM
  kYear,
  kBeforeChrist,
  kCentury,
  kMonth,
  kDay,
  kDayOfYear,
  kDayOfWeek,  // 1 is Sunday
  kWeekOfMonth,
  kWeek,
  kJulian,
  kZoneHours,
  kZoneMinutes,
  kNumSlots,
};

enum class Calendar : uint8_t { kUnknown, kGregorian, kIso };

Calendar CalendarOf(TemplateField field) {
  switch (field) {
    case TemplateField::kIsoYear:
    case TemplateField::kIsoWeek:
    case TemplateField::kIsoDayOfWeek:
    case TemplateField::kIsoDayOfYear:
      return Calendar::kIso;
    case TemplateField::kYear:
    case TemplateField::kYearComma:
    case TemplateField::kMonth:
    case TemplateField::kMonthName:
    case TemplateField::kMonthShort:
    case TemplateField::kRomanMonth:
    case TemplateField::kDay:
    case TemplateField::kDayOfYear:
    case TemplateField::kDayOfWeek:
    case TemplateField::kWeekOfMonth:
    case TemplateField::kWeekOfYear:
      return Calendar::kGregorian;
    default:
      return Calendar::kUnknown;
  }
}

// Years of two or three digits are those nearest to 2020.
int64_t CompleteYear(int64_t year) {
  if (year < 70) return year + 2000;
  if (year < 100) return year + 1900;
  if (year < 520) return year + 2000;
  return year < 1000 ? year + 1000 : year;
}

class TemplateReader {
 public:
  TemplateReader(const DateTemplate& elements, std::string_view text) : elements_(elements), text_(text) {
    for (const TemplateElement& element : elements_) {
      exact_ = exact_ || (element.kind == TemplateKind::kField && element.field == TemplateField::kExact);
    }
  }

  arrow::Status Read() {
    for (size_t i = 0; i < elements_.size() && at_ < text_.size(); ++i) {
      const TemplateElement& element = elements_[i];
      const bool is_field = element.kind == TemplateKind::kField;
      if (!exact_ && (is_field || i == 0)) SkipSpace();
      if (!is_field) {
        SkipLetter(element);
        continue;
      }
      ARROW_RETURN_NOT_OK(SetCalendar(element));
      ARROW_RETURN_NOT_OK(ReadField(i));
      if (exact_) continue;
      num_skipped_ = 0;
      SkipSpace();
    }
    return arrow::Status::OK();
  }

  arrow::Result<TemplateResult> Finish();

 private:
  bool Has(Slot slot) const { return slots_[slot].has_value(); }
  int64_t Get(Slot slot, int64_t absent = 0) const { return slots_[slot].value_or(absent); }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void Skip(size_t count) { at_ = std::min(text_.size(), at_ + count); }

  void SkipSpace() {
    for (; at_ < text_.size() && IsSpace(text_[at_]); ++at_) ++num_skipped_;
  }

  void SkipCharacter() {
    if (at_ == text_.size()) return;
    ++at_;
    while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xC0) == 0x80) ++at_;
  }

  // A letter of the template that is no field: need not be the text's.
  void SkipLetter(const TemplateElement& element) {
    if (exact_) return SkipCharacter();
    if (element.kind == TemplateKind::kText) {
      if (num_skipped_ > 0) {
        --num_skipped_;
      } else {
        SkipCharacter();
      }
      return;
    }
    --num_skipped_;
    if (IsSpace(Peek()) || IsSeparator(Peek())) {
      ++at_;
      ++num_skipped_;
    }
  }

  arrow::Status SetCalendar(const TemplateElement& element) {
    const Calendar calendar = CalendarOf(element.field);
    if (calendar == Calendar::kUnknown) return arrow::Status::OK();
    if (calendar_ != Calendar::kUnknown && calendar_ != calendar) {
      return Invalid("invalid combination of date conventions: Gregorian and ISO week fields do not mix");
    }
    calendar_ = calendar;
    return arrow::Status::OK();
  }

  arrow::Status Set(Slot slot, int64_t value, const TemplateElement& element) {
    if (slots_[slot] && *slots_[slot] != value) {
      return Invalid("conflicting values for \"" + std::string(element.text) + "\" field in formatting string");
    }
    slots_[slot] = value;
    return arrow::Status::OK();
  }

  // Whether a number ends by itself: what follows it in the template is no digit.
  bool EndsAtSeparator(size_t index) const {
    if (elements_[index].ordinal) return true;
    if (index + 1 == elements_.size()) return true;
    const TemplateElement& next = elements_[index + 1];
    if (next.kind == TemplateKind::kField) return !next.is_digits;
    return !IsDigit(next.text.front());
  }

  arrow::Status NoNumber(const TemplateElement& element) const {
    return Invalid("invalid value \"" + std::string(text_.substr(at_, std::max<size_t>(element.width, 1))) +
                   "\" for \"" + std::string(element.text) + "\": it must be an integer");
  }

  // A number of at most `width` digits, or of any where the template goes on with no digit.
  arrow::Status ReadNumber(size_t index, size_t width, int64_t* value, size_t* num_digits) {
    const TemplateElement& element = elements_[index];
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
    const bool any_width = element.fill || EndsAtSeparator(index);
    if (!any_width && text_.size() - at_ < width) {
      return Invalid("source string too short for \"" + std::string(element.text) + "\" formatting field");
    }
    const size_t end = any_width ? text_.size() : at_ + width;
    size_t at = at_;
    const bool negative = at < end && text_[at] == '-';
    if (at < end && (text_[at] == '-' || text_[at] == '+')) ++at;
    const size_t digits_at = at;
    *value = 0;
    for (; at < end && IsDigit(text_[at]); ++at) {
      *value = *value * 10 + (text_[at] - '0');
      if (*value > INT32_MAX) return FieldOutOfRange();
    }
    if (at == digits_at) return NoNumber(element);
    if (!any_width && at < end) {
      return Invalid("invalid value \"" + std::string(text_.substr(at_, width)) + "\" for \"" +
                     std::string(element.text) + "\": it needs " + std::to_string(width) + " digits");
    }
    if (negative) *value = -*value;
    *num_digits = at - at_;
    at_ = at;
    return arrow::Status::OK();
  }

  arrow::Status ReadInto(Slot slot, size_t index) {
    int64_t value = 0;
    size_t ignored = 0;
    ARROW_RETURN_NOT_OK(ReadNumber(index, elements_[index].width, &value, &ignored));
    ARROW_RETURN_NOT_OK(Set(slot, value, elements_[index]));
    return SkipOrdinal(index);
  }

  arrow::Status SkipOrdinal(size_t index) {
    if (elements_[index].ordinal) Skip(2);
    return arrow::Status::OK();
  }

  template <size_t count>
  arrow::Status ReadName(const std::string_view (&names)[count], size_t length, size_t index, int64_t* found) {
    for (size_t i = 0; i < count; ++i) {
      if (!TakeWord(names[i].substr(0, length))) continue;
      *found = static_cast<int64_t>(i);
      return arrow::Status::OK();
    }
    return Invalid("invalid value \"" + std::string(text_.substr(at_, 9)) + "\" for \"" +
                   std::string(elements_[index].text) + "\"");
  }

  bool TakeWord(std::string_view word) {
    if (text_.size() - at_ < word.size()) return false;
    for (size_t i = 0; i < word.size(); ++i) {
      if (ToLower(text_[at_ + i]) != ToLower(word[i])) return false;
    }
    at_ += word.size();
    return true;
  }

  arrow::Status ReadField(size_t index);
  arrow::Status ReadYear(size_t index);
  arrow::Status ReadFraction(size_t index);
  arrow::Status ReadNamed(size_t index);
  arrow::Status ReadZone(size_t index);
  arrow::Result<int64_t> FinishYear() const;
  arrow::Result<int64_t> FinishDays() const;
  arrow::Result<int64_t> FinishTime() const;

  const DateTemplate& elements_;
  std::string_view text_;
  size_t at_ = 0;
  bool exact_ = false;
  int num_skipped_ = 0;  // characters of the text that the template does not have
  Calendar calendar_ = Calendar::kUnknown;
  std::optional<int64_t> slots_[kNumSlots];
  size_t year_digits_ = 4;
  bool is_hour12_ = false;
  int zone_sign_ = 0;
};

arrow::Status TemplateReader::ReadYear(size_t index) {
  const TemplateElement& element = elements_[index];
  int64_t year = 0;
  size_t num_digits = 0;
  if (element.field == TemplateField::kYearComma) {
    int64_t thousands = 0;
    for (; IsDigit(Peek()) && thousands < 1000000; ++at_) thousands = thousands * 10 + (Peek() - '0');
    if (Peek() != ',') return NoNumber(element);
    ++at_;
    for (; IsDigit(Peek()) && num_digits < 3; ++at_, ++num_digits) year = year * 10 + (Peek() - '0');
    if (num_digits == 0) return NoNumber(element);
    year += thousands * 1000;
    num_digits = 4;
  } else {
    ARROW_RETURN_NOT_OK(ReadNumber(index, element.width, &year, &num_digits));
    if (element.width < 4 && num_digits < 4) year = CompleteYear(year);
  }
  ARROW_RETURN_NOT_OK(Set(kYear, year, element));
  year_digits_ = element.width;
  return SkipOrdinal(index);
}

arrow::Status TemplateReader::ReadFraction(size_t index) {
  const TemplateElement& element = elements_[index];
  int64_t value = 0;
  size_t num_digits = 0;
  ARROW_RETURN_NOT_OK(ReadNumber(index, element.width, &value, &num_digits));
  // "25" is a quarter of a second, whatever the pattern's width.
  const bool millis = element.text == "MS" || element.text == "ms";
  for (size_t i = num_digits; i < (millis ? 3 : 6); ++i) value *= 10;
  ARROW_RETURN_NOT_OK(Set(millis ? kMillis : kMicros, value, element));
  return SkipOrdinal(index);
}

arrow::Status TemplateReader::ReadNamed(size_t index) {
  static constexpr std::string_view kMeridiems[] = {"am", "pm"};
  static constexpr std::string_view kDottedMeridiems[] = {"a.m.", "p.m."};
  static constexpr std::string_view kEras[] = {"ad", "bc"};
  static constexpr std::string_view kDottedEras[] = {"a.d.", "b.c."};
  // Those that begin another stand behind it, in descending order.
  static constexpr std::string_view kRomanMonths[] = {"xii", "xi", "x",  "ix",  "viii", "vii",
                                                      "vi",  "v",  "iv", "iii", "ii",   "i"};
  const TemplateElement& element = elements_[index];
  int64_t found = 0;
  switch (element.field) {
    case TemplateField::kMeridiem:
      is_hour12_ = true;
      ARROW_RETURN_NOT_OK(ReadName(element.dotted ? kDottedMeridiems : kMeridiems, 4, index, &found));
      return Set(kHalf, found, element);
    case TemplateField::kEra:
      ARROW_RETURN_NOT_OK(ReadName(element.dotted ? kDottedEras : kEras, 4, index, &found));
      return Set(kBeforeChrist, found, element);
    case TemplateField::kMonthName:
    case TemplateField::kMonthShort: {
      const bool is_short = element.field == TemplateField::kMonthShort;
      ARROW_RETURN_NOT_OK(ReadName(kMonthNames, is_short ? 3 : 9, index, &found));
      return Set(kMonth, found + 1, element);
    }
    case TemplateField::kRomanMonth:
      ARROW_RETURN_NOT_OK(ReadName(kRomanMonths, 4, index, &found));
      return Set(kMonth, 12 - found, element);
    default: {
      const bool is_short = element.field == TemplateField::kDayShort;
      ARROW_RETURN_NOT_OK(ReadName(kWeekdayNames, is_short ? 3 : 9, index, &found));
      return Set(kDayOfWeek, found + 1, element);
    }
  }
}

// "+02", "-03:30". A sign that went for a separator counts.
arrow::Status TemplateReader::ReadZone(size_t index) {
  const TemplateElement& element = elements_[index];
  if (element.field == TemplateField::kZone) {
    return NotSupported("formatting field \"" + std::string(element.text) + "\" is only supported in to_char");
  }
  if (element.field == TemplateField::kZoneMinutes) {
    if (zone_sign_ == 0) zone_sign_ = 1;
    return ReadInto(kZoneMinutes, index);
  }
  zone_sign_ = num_skipped_ > 0 && at_ > 0 && text_[at_ - 1] == '-' ? -1 : 1;
  if (Peek() == '+' || Peek() == '-' || Peek() == ' ') {
    zone_sign_ = Peek() == '-' ? -1 : 1;
    ++at_;
  }
  int64_t hours = 0;
  size_t num_digits = 0;
  const size_t start = at_;
  for (; IsDigit(Peek()) && num_digits < 2; ++at_, ++num_digits) hours = hours * 10 + (Peek() - '0');
  if (at_ == start) return NoNumber(element);
  ARROW_RETURN_NOT_OK(Set(kZoneHours, hours, element));
  if (element.field != TemplateField::kOffset || Peek() != ':') return arrow::Status::OK();
  ++at_;
  int64_t minutes = 0;
  for (num_digits = 0; IsDigit(Peek()) && num_digits < 2; ++at_, ++num_digits) minutes = minutes * 10 + (Peek() - '0');
  return Set(kZoneMinutes, minutes, element);
}

arrow::Status TemplateReader::ReadField(size_t index) {
  const TemplateElement& element = elements_[index];
  switch (element.field) {
    case TemplateField::kHour12:
    case TemplateField::kHour24: {
      if (element.field == TemplateField::kHour12) is_hour12_ = true;
      int64_t hour = 0;
      size_t ignored = 0;
      ARROW_RETURN_NOT_OK(ReadNumber(index, 2, &hour, &ignored));
      ARROW_RETURN_NOT_OK(Set(kHour, hour, element));
      return SkipOrdinal(index);
    }
    case TemplateField::kMinute:
      return ReadInto(kMinute, index);
    case TemplateField::kSecond:
      return ReadInto(kSecond, index);
    case TemplateField::kFraction:
      return ReadFraction(index);
    case TemplateField::kSecondsOfDay:
      return ReadInto(kSecondsOfDay, index);
    case TemplateField::kYear:
    case TemplateField::kYearComma:
    case TemplateField::kIsoYear:
      return ReadYear(index);
    case TemplateField::kMonth:
      return ReadInto(kMonth, index);
    case TemplateField::kDayOfYear:
    case TemplateField::kIsoDayOfYear:
      return ReadInto(kDayOfYear, index);
    case TemplateField::kDay:
      return ReadInto(kDay, index);
    case TemplateField::kDayOfWeek:
      return ReadInto(kDayOfWeek, index);
    case TemplateField::kIsoDayOfWeek: {
      int64_t day = 0;
      size_t ignored = 0;
      ARROW_RETURN_NOT_OK(ReadNumber(index, 1, &day, &ignored));
      ARROW_RETURN_NOT_OK(Set(kDayOfWeek, day >= 7 ? 1 : day + 1, element));
      return SkipOrdinal(index);
    }
    case TemplateField::kWeekOfMonth:
      return ReadInto(kWeekOfMonth, index);
    case TemplateField::kWeekOfYear:
    case TemplateField::kIsoWeek:
      return ReadInto(kWeek, index);
    case TemplateField::kCentury:
      return ReadInto(kCentury, index);
    case TemplateField::kJulian:
      return ReadInto(kJulian, index);
    case TemplateField::kQuarter: {
      // Read and not used: a quarter says no month.
      int64_t value = 0;
      size_t ignored = 0;
      return ReadNumber(index, 1, &value, &ignored);
    }
    case TemplateField::kZone:
    case TemplateField::kZoneHours:
    case TemplateField::kZoneMinutes:
    case TemplateField::kOffset:
      return ReadZone(index);
    case TemplateField::kExact:
      return arrow::Status::OK();
    default:
      return ReadNamed(index);
  }
}

// 0 is 1 BC, which is also what stands where no year is given.
arrow::Result<int64_t> TemplateReader::FinishYear() const {
  const bool before = Get(kBeforeChrist) == 1;
  const int64_t century = before ? -Get(kCentury) : Get(kCentury);
  if (Has(kYear) && Get(kYear) != 0) {
    if (Has(kCentury) && year_digits_ <= 2) {
      const int64_t year = Get(kYear) % 100;
      if (year == 0) return century * 100 + (century >= 0 ? 0 : 1);
      return century >= 0 ? (century - 1) * 100 + year : (century + 1) * 100 - year + 1;
    }
    const int64_t year = before ? -Get(kYear) : Get(kYear);
    return year < 0 ? year + 1 : year;
  }
  if (Has(kCentury)) return century >= 0 ? (century - 1) * 100 + 1 : century * 100 + 1;
  return 0;
}

arrow::Result<int64_t> TemplateReader::FinishDays() const {
  ARROW_ASSIGN_OR_RAISE(const int64_t year, FinishYear());
  if (year < -5000000 || year > 5000000) return FieldOutOfRange();
  const bool is_iso = calendar_ == Calendar::kIso;
  if (Has(kJulian)) return Get(kJulian) - kJulianDayOf1970;
  if (Has(kWeek) && is_iso) {
    if (Get(kWeek) < 1 || Get(kWeek) > 53) return FieldOutOfRange();
    const int64_t monday = FirstIsoWeek(year) + (Get(kWeek) - 1) * 7;
    const int64_t weekday = Get(kDayOfWeek);
    return weekday == 0 ? monday : monday + (weekday > 1 ? weekday - 2 : 6);
  }
  int64_t day_of_year = Get(kDayOfYear);
  if (Has(kWeek)) day_of_year = (Get(kWeek) - 1) * 7 + 1;
  const int64_t day = Has(kWeekOfMonth) && !Has(kDay) ? (Get(kWeekOfMonth) - 1) * 7 + 1 : Get(kDay, 1);
  const int64_t month = Get(kMonth, 1);
  if (day_of_year != 0 && (month <= 1 || day <= 1)) {
    if (!Has(kYear) && !Has(kCentury)) return Invalid("cannot calculate day of year without year information");
    if (is_iso) return FirstIsoWeek(year) + day_of_year - 1;
    if (day_of_year < 1 || day_of_year > (IsLeapYear(year) ? 366 : 365)) return FieldOutOfRange();
    return DaysFromCivil(year, 1, 1) + day_of_year - 1;
  }
  if (month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, static_cast<int>(month))) return FieldOutOfRange();
  return DaysFromCivil(year, static_cast<int>(month), static_cast<int>(day));
}

arrow::Result<int64_t> TemplateReader::FinishTime() const {
  int64_t hour = Get(kHour);
  int64_t minute = Get(kMinute);
  int64_t second = Get(kSecond);
  if (Has(kSecondsOfDay)) {
    hour = Get(kSecondsOfDay) / 3600;
    minute = Get(kSecondsOfDay) / 60 % 60;
    second = Get(kSecondsOfDay) % 60;
  }
  if (is_hour12_) {
    if (Has(kHour) && (hour < 1 || hour > 12)) {
      return SqlError(sqlstate::kInvalidDatetime,
                      "hour \"" + std::to_string(hour) + "\" is invalid for the 12-hour clock");
    }
    if (Get(kHalf) == 1 && hour < 12) hour += 12;
    if (Get(kHalf) == 0 && hour == 12) hour = 0;
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return FieldOutOfRange();
  return hour * kMicrosPerHour + minute * kMicrosPerMinute + second * kMicrosPerSecond + Get(kMillis) * 1000 +
         Get(kMicros);
}

arrow::Result<TemplateResult> TemplateReader::Finish() {
  ARROW_ASSIGN_OR_RAISE(const int64_t days, FinishDays());
  ARROW_ASSIGN_OR_RAISE(const int64_t time, FinishTime());
  TemplateResult result;
  if (__builtin_mul_overflow(days, kMicrosPerDay, &result.local_micros) ||
      __builtin_add_overflow(result.local_micros, time, &result.local_micros)) {
    return FieldOutOfRange();
  }
  result.has_zone = zone_sign_ != 0;
  if (Get(kZoneHours) > 15 || Get(kZoneMinutes) < 0 || Get(kZoneMinutes) > 59) return FieldOutOfRange();
  result.offset_seconds = static_cast<int32_t>(zone_sign_ * (Get(kZoneHours) * 3600 + Get(kZoneMinutes) * 60));
  return result;
}

}  // namespace

arrow::Result<TemplateResult> ReadByTemplate(const DateTemplate& elements, std::string_view text) {
  TemplateReader reader(elements, text);
  ARROW_RETURN_NOT_OK(reader.Read());
  return reader.Finish();
}

}  // namespace llkv
