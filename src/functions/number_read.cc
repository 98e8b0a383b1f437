// Text to numbers by templates: to_number.
#include "base/error.h"
#include "functions/number_template.h"
#include "types/decimal.h"

namespace llkv {

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Goes through the text as the template says. What is not as it says is passed over.
class NumberReader {
 public:
  NumberReader(const NumberTemplate& pattern, std::string_view text) : pattern_(pattern), text_(text) {}

  void Read() {
    for (const NumberElement& element : pattern_.elements) {
      if (at_ >= text_.size()) return;
      ReadElement(element);
    }
  }

  bool negative() const { return sign_ == '-'; }
  const std::string& whole() const { return whole_; }
  const std::string& fraction() const { return fraction_; }

 private:
  char Peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool AtData() const {
    const char c = Peek();
    return IsDigit(c) || c == '.' || c == ',' || c == '+' || c == '-';
  }

  // Takes a sign of its own, or one character that belongs to no number.
  void ReadSign(bool minus, bool plus) {
    if ((minus && Peek() == '-') || (plus && Peek() == '+')) {
      sign_ = Peek();
      ++at_;
    } else if (!AtData()) {
      ++at_;
    }
  }

  void ReadElement(const NumberElement& element) {
    switch (element.pattern) {
      case NumberPattern::kNine:
      case NumberPattern::kZero:
      case NumberPattern::kPoint:
        ReadPosition(element.pattern != NumberPattern::kPoint);
        ++at_;
        return;
      case NumberPattern::kGroup:
        if (!pattern_.is_filled && Peek() == ',') ++at_;
        return;
      case NumberPattern::kMinus:
        return ReadSign(true, false);
      case NumberPattern::kPlus:
        return ReadSign(false, true);
      case NumberPattern::kPlusMinus:
        return ReadSign(true, true);
      case NumberPattern::kOrdinal:
        for (int i = 0; i < 2 && at_ < text_.size() && !AtData(); ++i) ++at_;
        return;
      case NumberPattern::kCurrency:
        if (!AtData()) ++at_;
        return;
      case NumberPattern::kText:
        ++at_;
        return;
      default:
        return;
    }
  }

  bool has_digits() const { return !whole_.empty() || !fraction_.empty(); }

  void ReadSignBefore() {
    const char c = Peek();
    if (c == '-' || (pattern_.has_brackets && c == '<')) {
      sign_ = '-';
      ++at_;
    } else if (c == '+') {
      sign_ = '+';
      ++at_;
    }
  }

  // A digit or the decimal point; leaves the position on what was read.
  void ReadPosition(bool is_digit) {
    if (Peek() == ' ') ++at_;
    if (at_ >= text_.size()) return;
    const bool may_lead = !pattern_.has_sign || pattern_.sign == SignPlace::kBefore;
    if (sign_ == ' ' && is_digit && !has_digits() && may_lead) ReadSignBefore();
    if (at_ >= text_.size()) return;
    bool is_read = false;
    if (IsDigit(Peek())) {
      if (has_point_ && fraction_.size() == static_cast<size_t>(pattern_.num_fraction)) return;
      (has_point_ ? fraction_ : whole_) += Peek();
      is_read = true;
    } else if (pattern_.has_point && !has_point_ && Peek() == '.') {
      has_point_ = true;
      is_read = true;
    }
    if (sign_ != ' ' || !has_digits()) return;
    if (pattern_.has_sign && is_read && (Peek(1) == '-' || Peek(1) == '+')) {
      ++at_;
      sign_ = Peek();
    } else if (!is_read && (pattern_.has_plus || pattern_.has_minus) && (Peek() == '-' || Peek() == '+')) {
      sign_ = Peek();
    }
  }

  const NumberTemplate& pattern_;
  std::string_view text_;
  size_t at_ = 0;
  char sign_ = ' ';
  bool has_point_ = false;
  std::string whole_;
  std::string fraction_;
};

}  // namespace

arrow::Status ReadNumber(const NumberTemplate& pattern, std::string_view text, int scale, int128_t* unscaled) {
  if (pattern.is_roman) return NotSupported("\"RN\" is only supported in to_char");
  if (pattern.is_scientific) return NotSupported("\"EEEE\" is only supported in to_char");
  NumberReader reader(pattern, text);
  reader.Read();
  if (reader.whole().empty() && reader.fraction().empty()) {
    return SqlError(sqlstate::kInvalidTextRepresentation, "\"" + std::string(text) + "\" is no number in the format");
  }
  // The point moves left by V's digits.
  std::string digits = reader.whole() + reader.fraction();
  const int read_scale = static_cast<int>(reader.fraction().size()) + pattern.num_shift;
  int128_t value = 0;
  bool fits = true;
  for (const char c : digits) {
    fits = fits && !__builtin_mul_overflow(value, int128_t{10}, &value) &&
           !__builtin_add_overflow(value, int128_t{c - '0'}, &value);
  }
  fits = fits && RescaleDecimal(value, read_scale, scale, &value) && FitsPrecision(value, kMaxDecimalDigits);
  if (!fits) return SqlError(sqlstate::kNumericOutOfRange, "\"" + std::string(text) + "\" has too many digits");
  *unscaled = reader.negative() ? -value : value;
  return arrow::Status::OK();
}

}  // namespace llkv
