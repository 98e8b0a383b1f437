// Templates of numbers: their patterns, and numbers to text by them.
#include "functions/number_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "functions/datetime_template.h"
#include "types/decimal.h"
#include "types/text_format.h"

namespace llkv {

namespace {

struct Pattern {
  std::string_view name;
  NumberPattern pattern;
};

constexpr Pattern kPatterns[] = {
    {"EEEE", NumberPattern::kExponent}, {"FM", NumberPattern::kFill},     {"MI", NumberPattern::kMinus},
    {"PL", NumberPattern::kPlus},       {"PR", NumberPattern::kBrackets}, {"RN", NumberPattern::kRoman},
    {"SG", NumberPattern::kPlusMinus},  {"TH", NumberPattern::kOrdinal},  {"9", NumberPattern::kNine},
    {"0", NumberPattern::kZero},        {".", NumberPattern::kPoint},     {"D", NumberPattern::kPoint},
    {",", NumberPattern::kGroup},       {"G", NumberPattern::kGroup},     {"L", NumberPattern::kCurrency},
    {"S", NumberPattern::kSign},        {"V", NumberPattern::kShift}};

// The most digits that a template may have on a side of the point.
constexpr int kMaxTemplateDigits = 500;

arrow::Status Contradiction(std::string_view what) {
  return SqlError(sqlstate::kSyntaxError, "invalid number format: " + std::string(what));
}

std::optional<NumberElement> PatternAt(std::string_view text) {
  for (const Pattern& pattern : kPatterns) {
    const std::string_view name = pattern.name;
    if (text.size() < name.size()) continue;
    bool upper = true;
    bool lower = true;
    for (size_t i = 0; i < name.size(); ++i) {
      const bool letter = name[i] >= 'A' && name[i] <= 'Z';
      upper = upper && text[i] == name[i];
      lower = lower && text[i] == (letter ? static_cast<char>(name[i] - 'A' + 'a') : name[i]);
    }
    if (upper || lower) return NumberElement{pattern.pattern, !upper, text.substr(0, name.size())};
  }
  return std::nullopt;
}

arrow::Status AddDigit(NumberTemplate& to, bool is_zero) {
  if (to.has_brackets) return Contradiction("a digit stands behind PR");
  if (to.num_whole + to.num_fraction + to.num_shift >= kMaxTemplateDigits) {
    return SqlError(sqlstate::kInvalidParameter, "a number format has too many digits");
  }
  if (to.is_shifted && !is_zero) {
    ++to.num_shift;
    return arrow::Status::OK();
  }
  if (is_zero && !to.has_zero && !to.has_point) {
    to.has_zero = true;
    to.zero_start = to.num_whole;
  }
  ++(to.has_point ? to.num_fraction : to.num_whole);
  if (is_zero) to.zero_end = to.num_whole + to.num_fraction;
  return arrow::Status::OK();
}

arrow::Status AddSign(NumberTemplate& to) {
  if (to.has_sign) return Contradiction("S stands twice");
  if (to.has_plus || to.has_minus || to.has_brackets) return Contradiction("S excludes PL, MI, SG and PR");
  to.has_sign = true;
  to.sign = to.has_point ? SignPlace::kBehind : SignPlace::kBefore;
  to.digits_before_sign = to.num_whole;
  return arrow::Status::OK();
}

// What a pattern says of the whole template.
arrow::Status Apply(NumberTemplate& to, NumberPattern pattern) {
  if (to.is_scientific && pattern != NumberPattern::kText) return Contradiction("EEEE is the last pattern");
  switch (pattern) {
    case NumberPattern::kNine:
    case NumberPattern::kZero:
      return AddDigit(to, pattern == NumberPattern::kZero);
    case NumberPattern::kPoint:
      if (to.has_point) return Contradiction("there are several decimal points");
      if (to.is_shifted) return Contradiction("V excludes a decimal point");
      to.has_point = true;
      return arrow::Status::OK();
    case NumberPattern::kSign:
      return AddSign(to);
    case NumberPattern::kMinus:
    case NumberPattern::kPlus:
    case NumberPattern::kPlusMinus:
      if (to.has_sign) return Contradiction("S excludes PL, MI, SG and PR");
      to.has_minus = to.has_minus || pattern != NumberPattern::kPlus;
      to.has_plus = to.has_plus || pattern != NumberPattern::kMinus;
      return arrow::Status::OK();
    case NumberPattern::kBrackets:
      if (to.has_sign || to.has_plus || to.has_minus) return Contradiction("PR excludes S, PL, MI and SG");
      to.has_brackets = true;
      return arrow::Status::OK();
    case NumberPattern::kShift:
      if (to.has_point) return Contradiction("V excludes a decimal point");
      to.is_shifted = true;
      return arrow::Status::OK();
    case NumberPattern::kExponent:
      if (to.is_filled || to.has_sign || to.has_brackets || to.has_plus || to.has_minus || to.is_roman ||
          to.is_shifted) {
        return Contradiction("EEEE goes with digits and a decimal point only");
      }
      to.is_scientific = true;
      return arrow::Status::OK();
    case NumberPattern::kFill:
      to.is_filled = true;
      return arrow::Status::OK();
    case NumberPattern::kRoman:
      to.is_roman = true;
      return arrow::Status::OK();
    default:
      return arrow::Status::OK();
  }
}

// The text between quotes, a character an element.
void AddQuoted(std::string_view* text, NumberTemplate& to) {
  text->remove_prefix(1);
  while (!text->empty() && text->front() != '"') {
    if (text->front() == '\\' && text->size() > 1) text->remove_prefix(1);
    to.elements.push_back({NumberPattern::kText, false, text->substr(0, 1)});
    text->remove_prefix(1);
  }
  if (!text->empty()) text->remove_prefix(1);
}

// Writes the digits of a number by a template, element by element.
class NumberWriter {
 public:
  // `digits` is a number without sign, with a point where the template has one.
  NumberWriter(const NumberTemplate& pattern, std::string digits, bool negative, int num_blanks, std::string* out)
      : pattern_(pattern),
        digits_(std::move(digits)),
        negative_(negative),
        brackets_(pattern.has_brackets && (negative || !pattern.is_filled)),
        num_blanks_(num_blanks),
        sign_(pattern.sign),
        out_(*out) {
    const bool own_sign = pattern.has_plus || pattern.has_minus;
    if (own_sign) {
      is_signed_ = pattern.has_minus || !negative;
    } else {
      is_signed_ = !negative && pattern.is_filled && !pattern.has_sign;
      if (sign_ == SignPlace::kBefore && pattern.num_whole == pattern.digits_before_sign) sign_ = SignPlace::kBehind;
    }
    num_positions_ = pattern.num_whole + pattern.num_fraction - 1;
    if (pattern.is_filled && pattern.has_point) FindLastRelevant();
    if (!is_signed_ && num_blanks_ == 0) ++num_positions_;
  }

  void Write() {
    for (const NumberElement& element : pattern_.elements) WriteElement(element);
  }

 private:
  // With FM zeros at the end of the fraction are left out, down to those that a 0 stands for.
  void FindLastRelevant() {
    const size_t point = digits_.find('.');
    if (point == std::string::npos) return;
    size_t last = digits_.find_last_not_of('0');
    if (last == std::string::npos || last < point) last = point;
    if (pattern_.zero_end > num_blanks_) {
      const auto wanted = static_cast<size_t>(pattern_.zero_end - num_blanks_);
      last = std::max(last, std::min(digits_.size() - 1, wanted));
    }
    last_relevant_ = last;
  }

  bool EndsAtPoint() const { return last_relevant_ && digits_[*last_relevant_] == '.'; }
  // The 0 before the point of "0.1" by "9.9".
  bool IsBlankZero() const {
    return !pattern_.has_zero && at_ == 0 && !digits_.empty() && digits_[0] == '0' && pattern_.num_fraction != 0;
  }
  char Current() const { return at_ < digits_.size() ? digits_[at_] : '\0'; }
  char SignText() const { return negative_ ? '-' : '+'; }

  void WriteSignBefore() {
    const bool zeros_begin = pattern_.has_zero && pattern_.zero_start == position_;
    if (is_signed_ || (position_ < num_blanks_ && !zeros_begin) || (IsBlankZero() && !EndsAtPoint())) return;
    if (pattern_.has_sign) {
      if (sign_ != SignPlace::kBefore) return;
      out_ += SignText();
    } else if (brackets_) {
      out_ += negative_ ? '<' : ' ';
    } else if (negative_) {
      out_ += '-';
    } else if (!pattern_.is_filled) {
      out_ += ' ';
    }
    is_signed_ = true;
  }

  void WriteDigit(bool is_zero_pattern) {
    if (Current() == '.') {
      out_ += '.';
    } else if (last_relevant_ && at_ > *last_relevant_ && !is_zero_pattern) {
      // A zero at the end.
    } else if (IsBlankZero()) {
      if (!pattern_.is_filled) {
        out_ += ' ';
      } else if (EndsAtPoint()) {
        out_ += '0';
      }
    } else if (Current() != '\0') {
      out_ += Current();
      in_number_ = true;
    }
    if (at_ < digits_.size()) ++at_;
  }

  void WritePosition(bool is_zero_pattern) {
    in_number_ = false;
    WriteSignBefore();
    if (position_ < num_blanks_ && (!pattern_.has_zero || pattern_.zero_start > position_)) {
      if (!pattern_.is_filled) out_ += ' ';
    } else if (position_ < num_blanks_) {
      out_ += '0';
      in_number_ = true;
    } else {
      WriteDigit(is_zero_pattern);
    }
    int end = num_positions_ + (num_blanks_ != 0 ? 1 : 0) + (pattern_.has_point ? 1 : 0);
    if (last_relevant_ && *last_relevant_ == at_) end = position_;
    if (position_ + 1 == end) {
      if (is_signed_ && brackets_) {
        out_ += negative_ ? '>' : ' ';
      } else if (pattern_.has_sign && sign_ == SignPlace::kBehind) {
        out_ += SignText();
      }
    }
    ++position_;
  }

  void WriteOrdinal(bool lower) {
    if (digits_.empty() || digits_[0] == '#' || negative_ || pattern_.has_point) return;
    for (const char c : OrdinalSuffix(digits_)) out_ += lower ? c : static_cast<char>(c - 'a' + 'A');
  }

  void WriteElement(const NumberElement& element) {
    switch (element.pattern) {
      case NumberPattern::kNine:
      case NumberPattern::kZero:
      case NumberPattern::kPoint:
        return WritePosition(element.pattern == NumberPattern::kZero);
      case NumberPattern::kGroup:
        if (in_number_) {
          out_ += ',';
        } else if (!pattern_.is_filled) {
          out_ += ' ';
        }
        return;
      case NumberPattern::kMinus:
        if (negative_) {
          out_ += '-';
        } else if (!pattern_.is_filled) {
          out_ += ' ';
        }
        return;
      case NumberPattern::kPlus:
        if (!negative_) {
          out_ += '+';
        } else if (!pattern_.is_filled) {
          out_ += ' ';
        }
        return;
      case NumberPattern::kPlusMinus:
        out_ += SignText();
        return;
      case NumberPattern::kOrdinal:
        return WriteOrdinal(element.lower);
      case NumberPattern::kCurrency:
        out_ += ' ';
        return;
      case NumberPattern::kText:
        out_ += element.text;
        return;
      default:
        return;
    }
  }

  const NumberTemplate& pattern_;
  std::string digits_;
  bool negative_;
  bool brackets_;
  int num_blanks_;
  SignPlace sign_;
  std::string& out_;
  bool is_signed_ = false;
  bool in_number_ = false;
  int num_positions_ = 0;
  int position_ = 0;
  size_t at_ = 0;
  std::optional<size_t> last_relevant_;
};

void WriteRoman(const NumberTemplate& pattern, bool in_range, int number, std::string* text) {
  static constexpr std::string_view kOnes[] = {"", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"};
  static constexpr std::string_view kTens[] = {"", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC"};
  static constexpr std::string_view kHundreds[] = {"", "C", "CC", "CCC", "CD", "D", "DC", "DCC", "DCCC", "CM"};
  constexpr size_t kWidth = 15;
  std::string roman(kWidth, '#');
  if (in_range) {
    roman.assign(static_cast<size_t>(number / 1000), 'M');
    roman += kHundreds[number / 100 % 10];
    roman += kTens[number / 10 % 10];
    roman += kOnes[number % 10];
  }
  for (const NumberElement& element : pattern.elements) {
    if (element.pattern == NumberPattern::kText) *text += element.text;
    if (element.pattern != NumberPattern::kRoman) continue;
    if (!pattern.is_filled && roman.size() < kWidth) text->append(kWidth - roman.size(), ' ');
    for (const char c : roman) *text += element.lower && c != '#' ? static_cast<char>(c - 'A' + 'a') : c;
  }
}

// Digits of a magnitude with a point before the last `scale`, or '#' where they are too many.
void WriteDigits(const NumberTemplate& pattern, std::string digits, bool negative, std::string* text) {
  const size_t point = digits.find('.');
  const int num_whole = static_cast<int>(point == std::string::npos ? digits.size() : point);
  const int room = pattern.num_whole + pattern.num_shift;
  if (num_whole > room) {
    digits = std::string(static_cast<size_t>(room), '#') + '.';
    digits.append(static_cast<size_t>(pattern.num_fraction), '#');
  }
  NumberTemplate shifted = pattern;
  shifted.num_whole = room;
  NumberWriter(shifted, std::move(digits), negative, std::max(0, room - num_whole), text).Write();
}

}  // namespace

arrow::Result<NumberTemplate> ParseNumberTemplate(std::string_view text) {
  NumberTemplate result;
  while (!text.empty()) {
    if (text.front() == '"') {
      AddQuoted(&text, result);
      continue;
    }
    if (const std::optional<NumberElement> element = PatternAt(text)) {
      ARROW_RETURN_NOT_OK(Apply(result, element->pattern));
      result.elements.push_back(*element);
      text.remove_prefix(element->text.size());
      continue;
    }
    if (text.front() == '\\' && text.size() > 1 && text[1] == '"') text.remove_prefix(1);
    result.elements.push_back({NumberPattern::kText, false, text.substr(0, 1)});
    text.remove_prefix(1);
  }
  return result;
}

arrow::Status FormatNumber(const NumberTemplate& pattern, int128_t unscaled, int scale, std::string* text) {
  if (pattern.is_roman) {
    int128_t whole = 0;
    const bool in_range = RescaleDecimal(unscaled, scale, 0, &whole) && whole >= 1 && whole <= 3999;
    WriteRoman(pattern, in_range, in_range ? static_cast<int>(whole) : 0, text);
    return arrow::Status::OK();
  }
  if (pattern.is_scientific) return FormatNumber(pattern, DecimalToDouble(unscaled, scale), text);
  // V multiplies: the point moves.
  int point = scale - pattern.num_shift;
  int128_t value = unscaled;
  if (point < 0) {
    if (!RescaleDecimal(value, 0, -point, &value)) value = 0;
    point = 0;
  }
  const int wanted = std::min(point, pattern.num_fraction);
  if (!RescaleDecimal(value, point, wanted, &value)) value = 0;
  char buffer[kMaxTextBytes];
  std::string digits(buffer, FormatDecimal(value, wanted, buffer));
  const bool negative = digits[0] == '-';
  if (negative) digits.erase(0, 1);
  if (pattern.num_fraction > wanted) {
    if (wanted == 0) digits += '.';
    digits.append(static_cast<size_t>(pattern.num_fraction - wanted), '0');
  }
  WriteDigits(pattern, std::move(digits), negative, text);
  return arrow::Status::OK();
}

arrow::Status FormatNumber(const NumberTemplate& pattern, double value, std::string* text) {
  if (pattern.is_roman) {
    const double whole = std::nearbyint(value);
    const bool in_range = whole >= 1 && whole <= 3999;
    WriteRoman(pattern, in_range, in_range ? static_cast<int>(whole) : 0, text);
    return arrow::Status::OK();
  }
  if (pattern.is_scientific) {
    if (std::isfinite(value)) {
      *text += fmt::format("{: .{}e}", value, pattern.num_fraction);
    } else {
      const int width = pattern.num_whole + pattern.num_fraction + 6;
      text->append(static_cast<size_t>(width), '#');
    }
    return arrow::Status::OK();
  }
  constexpr int kDigits = 15;
  if (pattern.num_shift > 0) value *= std::pow(10.0, pattern.num_shift);
  NumberTemplate cut = pattern;
  const int num_whole = static_cast<int>(fmt::format("{:.0f}", std::fabs(value)).size());
  cut.num_fraction = std::max(0, std::min(pattern.num_fraction, kDigits - num_whole));
  std::string digits = std::isfinite(value) ? fmt::format("{:.{}f}", std::fabs(value), cut.num_fraction)
                                            : std::string(static_cast<size_t>(kMaxTextBytes), '#');
  WriteDigits(cut, std::move(digits), std::signbit(value) && !std::isnan(value), text);
  return arrow::Status::OK();
}

}  // namespace llkv
