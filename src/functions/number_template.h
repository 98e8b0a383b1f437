// The templates of to_char and to_number for numbers: text to a list of patterns, numbers to text by it and back.
// Patterns and their effect on each other are PostgreSQL's, without a locale: the decimal point is ".", groups are
// divided by ",", the currency's symbol is a space.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/int128.h"

namespace llkv {

enum class NumberPattern : uint8_t {
  kText,
  kNine,
  kZero,
  kPoint,      // . and D
  kGroup,      // , and G
  kCurrency,   // L
  kSign,       // S
  kMinus,      // MI
  kPlus,       // PL
  kPlusMinus,  // SG
  kBrackets,   // PR
  kRoman,      // RN
  kOrdinal,    // TH
  kShift,      // V
  kExponent,   // EEEE
  kFill,       // FM
};

struct NumberElement {
  NumberPattern pattern;
  bool lower;             // rn, th
  std::string_view text;  // of the template
};

/// Where S writes the sign.
enum class SignPlace : uint8_t { kNone, kBefore, kBehind };

/// A template: its elements, which point into the text, and what they say together.
struct NumberTemplate {
  std::vector<NumberElement> elements;
  int num_whole = 0;     // digits before the point
  int num_fraction = 0;  // digits behind it
  int num_shift = 0;     // digits behind V
  int zero_start = 0;    // where 0 begins, counted in digits
  int zero_end = 0;
  SignPlace sign = SignPlace::kNone;
  int digits_before_sign = 0;
  bool has_zero = false;
  bool has_point = false;
  bool has_sign = false;
  bool has_minus = false;
  bool has_plus = false;
  bool has_brackets = false;
  bool is_filled = false;  // FM
  bool is_roman = false;
  bool is_shifted = false;
  bool is_scientific = false;
};

/// Error 42601 where patterns exclude each other.
arrow::Result<NumberTemplate> ParseNumberTemplate(std::string_view text);

/// Appends `unscaled` * 10^-scale. What does not fit the digits is shown as '#'.
arrow::Status FormatNumber(const NumberTemplate& pattern, int128_t unscaled, int scale, std::string* text);
/// The same of a DOUBLE, of which 15 digits count.
arrow::Status FormatNumber(const NumberTemplate& pattern, double value, std::string* text);

/// Reads a number as one with `scale` digits after the point: num_fraction + num_shift. Error 22P02 where there is
/// none, 22003 where it does not fit 38 digits, 0A000 for Roman numerals.
arrow::Status ReadNumber(const NumberTemplate& pattern, std::string_view text, int scale, int128_t* unscaled);

}  // namespace llkv
