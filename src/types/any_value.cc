// ANY values: bytes, order, and SQLite's conversions between numbers and text.
#include "types/any_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/hash.h"

namespace llkv {

namespace {

// 2^63 as a double: the first that is beyond int64.
constexpr double kInt64End = 9223372036854775808.0;

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// The real as an integer, where it is one.
std::optional<int64_t> ExactInteger(double real) {
  if (!(real >= -kInt64End && real < kInt64End) || real != std::trunc(real)) return std::nullopt;
  return static_cast<int64_t>(real);
}

int Order(double a, double b) {
  const bool a_nan = std::isnan(a);
  const bool b_nan = std::isnan(b);
  if (a_nan || b_nan) return static_cast<int>(a_nan) - static_cast<int>(b_nan);
  return a < b ? -1 : (b < a ? 1 : 0);
}

/// An integer against a real, exactly.
int CompareIntegerReal(int64_t integer, double real) {
  if (std::isnan(real)) return -1;
  // Rounding keeps order, so only where the rounded integer equals the real does what it lost decide.
  const int rounded = Order(static_cast<double>(integer), real);
  if (rounded != 0) return rounded;
  if (real >= kInt64End) return -1;
  const auto exact = static_cast<int64_t>(real);
  return integer < exact ? -1 : (integer > exact ? 1 : 0);
}

int CompareNumbers(std::string_view a, std::string_view b) {
  const bool a_integer = AnyTagOf(a) == AnyTag::kInteger;
  const bool b_integer = AnyTagOf(b) == AnyTag::kInteger;
  if (a_integer && b_integer) {
    const int64_t x = AnyInteger(a);
    const int64_t y = AnyInteger(b);
    return x < y ? -1 : (x > y ? 1 : 0);
  }
  if (a_integer) return CompareIntegerReal(AnyInteger(a), AnyReal(b));
  if (b_integer) return -CompareIntegerReal(AnyInteger(b), AnyReal(a));
  return Order(AnyReal(a), AnyReal(b));
}

/// Numbers, text, blobs.
int Rank(AnyTag tag) { return tag <= AnyTag::kReal ? 1 : static_cast<int>(tag); }

/// A number at the front of text that begins with no white space: how many bytes it takes, and whether it has a point
/// or an exponent.
size_t NumberLength(std::string_view text, bool* has_fraction) {
  *has_fraction = false;
  size_t at = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const size_t first = at;
  size_t num_digits = 0;
  for (; at < text.size() && IsDigit(text[at]); ++at) ++num_digits;
  if (at < text.size() && text[at] == '.' && (num_digits > 0 || (at + 1 < text.size() && IsDigit(text[at + 1])))) {
    *has_fraction = true;
    for (++at; at < text.size() && IsDigit(text[at]); ++at) ++num_digits;
  }
  if (num_digits == 0) return 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    size_t exponent = at + 1;
    if (exponent < text.size() && (text[exponent] == '-' || text[exponent] == '+')) ++exponent;
    if (exponent < text.size() && IsDigit(text[exponent])) {
      *has_fraction = true;
      for (at = exponent; at < text.size() && IsDigit(text[at]); ++at) {
      }
    }
  }
  return at > first ? at : 0;
}

double ParseReal(std::string_view number) {
  if (number.starts_with('+')) number.remove_prefix(1);
  double real = 0;
  const auto result = std::from_chars(number.data(), number.data() + number.size(), real);
  if (result.ec != std::errc::result_out_of_range) return real;
  // Too large or too small: the exponent's sign says which.
  const size_t exponent = number.find_first_of("eE");
  const bool tiny = exponent != std::string_view::npos && exponent + 1 < number.size() && number[exponent + 1] == '-';
  const double magnitude = tiny ? 0.0 : std::numeric_limits<double>::infinity();
  return number.starts_with('-') ? -magnitude : magnitude;
}

AnyNumber ParseNumber(std::string_view number, bool has_fraction) {
  AnyNumber result;
  if (!has_fraction) {
    std::string_view digits = number;
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), result.integer);
    if (parsed.ec == std::errc()) return result;
  }
  result.is_integer = false;
  result.real = ParseReal(number);
  return result;
}

std::string_view WithoutLeadingSpace(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  return text;
}

void StoreNumber(AnyTag tag, const void* bits, char* out) {
  out[0] = static_cast<char>(tag);
  std::memcpy(out + 1, bits, 8);
}

}  // namespace

void WriteAnyInteger(int64_t value, char* out) { StoreNumber(AnyTag::kInteger, &value, out); }
void WriteAnyReal(double value, char* out) { StoreNumber(AnyTag::kReal, &value, out); }

std::string AnyOfInteger(int64_t value) {
  std::string bytes(kAnyNumberBytes, '\0');
  WriteAnyInteger(value, bytes.data());
  return bytes;
}

std::string AnyOfReal(double value) {
  std::string bytes(kAnyNumberBytes, '\0');
  WriteAnyReal(value, bytes.data());
  return bytes;
}

std::string AnyOfBytes(AnyTag tag, std::string_view bytes) {
  std::string value(1, static_cast<char>(tag));
  value.append(bytes);
  return value;
}

bool IsAnyValue(std::string_view bytes) {
  if (bytes.empty()) return false;
  switch (static_cast<AnyTag>(bytes[0])) {
    case AnyTag::kInteger:
    case AnyTag::kReal:
      return bytes.size() == kAnyNumberBytes;
    case AnyTag::kText:
    case AnyTag::kBlob:
      return true;
  }
  return false;
}

int CompareAny(std::string_view a, std::string_view b) {
  const int rank_a = Rank(AnyTagOf(a));
  const int rank_b = Rank(AnyTagOf(b));
  if (rank_a != rank_b) return rank_a < rank_b ? -1 : 1;
  if (rank_a == 1) return CompareNumbers(a, b);
  const int order = AnyBytes(a).compare(AnyBytes(b));
  return order < 0 ? -1 : (order > 0 ? 1 : 0);
}

uint64_t HashAny(std::string_view value) {
  switch (AnyTagOf(value)) {
    case AnyTag::kInteger:
      return HashInt64(static_cast<uint64_t>(AnyInteger(value)));
    case AnyTag::kReal: {
      const double real = AnyReal(value);
      if (const auto integer = ExactInteger(real)) return HashInt64(static_cast<uint64_t>(*integer));
      const double canonical = std::isnan(real) ? static_cast<double>(NAN) : real;
      uint64_t bits;
      std::memcpy(&bits, &canonical, sizeof(bits));
      return HashInt64(bits ^ 0x9E3779B97F4A7C15ULL);
    }
    default:
      return HashBytes(value.data(), value.size());
  }
}

void WriteAnyPrefix(std::string_view value, uint8_t* out, uint32_t size) {
  std::memset(out, 0, size);
  if (size == 0 || value.empty()) return;
  out[0] = static_cast<uint8_t>(Rank(AnyTagOf(value)));
  if (!IsAnyNumber(value)) {
    std::memcpy(out + 1, value.data() + 1, std::min<size_t>(value.size() - 1, size - 1));
    return;
  }
  double real = AnyTagOf(value) == AnyTag::kInteger ? static_cast<double>(AnyInteger(value)) : AnyReal(value);
  uint64_t bits = ~uint64_t{0};
  if (!std::isnan(real)) {
    real += 0.0;  // -0.0 becomes 0.0
    std::memcpy(&bits, &real, sizeof(bits));
    constexpr uint64_t kSign = uint64_t{1} << 63;
    bits = (bits & kSign) != 0 ? ~bits : bits | kSign;
  }
  const uint64_t big_endian = __builtin_bswap64(bits);
  std::memcpy(out + 1, &big_endian, std::min<uint32_t>(size - 1, 8));
}

int64_t AnyNumber::AsInteger() const {
  if (is_integer) return integer;
  if (std::isnan(real)) return 0;
  if (real >= kInt64End) return std::numeric_limits<int64_t>::max();
  if (real < -kInt64End) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(real);
}

namespace {

/// The distance of an integer from the double nearest to it, which is at most 512.
int64_t RestBeyondDouble(int64_t integer) {
  const auto nearest = static_cast<double>(integer);
  if (nearest >= kInt64End) return integer - std::numeric_limits<int64_t>::max() - 1;
  return integer - static_cast<int64_t>(nearest);
}

constexpr int kRestBias = 0x8000;
constexpr size_t kNumberImageBytes = 11;

}  // namespace

std::string AnyKeyImage(std::string_view value) {
  if (!IsAnyNumber(value)) {
    std::string image(1, static_cast<char>(Rank(AnyTagOf(value))));
    return image.append(AnyBytes(value));
  }
  uint8_t bytes[kNumberImageBytes];
  WriteAnyPrefix(value, bytes, kNumberImageBytes - 2);
  const int64_t rest = AnyTagOf(value) == AnyTag::kInteger ? RestBeyondDouble(AnyInteger(value)) : 0;
  const auto biased = static_cast<uint16_t>(rest + kRestBias);
  bytes[kNumberImageBytes - 2] = static_cast<uint8_t>(biased >> 8);
  bytes[kNumberImageBytes - 1] = static_cast<uint8_t>(biased & 0xFF);
  return {reinterpret_cast<const char*>(bytes), kNumberImageBytes};
}

std::string AnyOfKeyImage(std::string_view image) {
  if (!image.empty() && image[0] != 1) {
    return AnyOfBytes(image[0] == static_cast<char>(AnyTag::kText) ? AnyTag::kText : AnyTag::kBlob, image.substr(1));
  }
  if (image.size() != kNumberImageBytes) return AnyOfInteger(0);
  uint64_t bits;
  std::memcpy(&bits, image.data() + 1, sizeof(bits));
  bits = __builtin_bswap64(bits);
  constexpr uint64_t kSign = uint64_t{1} << 63;
  bits = (bits & kSign) != 0 ? bits & ~kSign : ~bits;
  double real;
  std::memcpy(&real, &bits, sizeof(real));
  const int rest = (static_cast<uint8_t>(image[9]) << 8 | static_cast<uint8_t>(image[10])) - kRestBias;
  if (real == kInt64End && rest < 0) return AnyOfInteger(std::numeric_limits<int64_t>::max() + rest + 1);
  const auto integer = ExactInteger(real);
  int64_t sum = 0;
  if (!integer || __builtin_add_overflow(*integer, int64_t{rest}, &sum)) return AnyOfReal(real);
  return AnyOfInteger(sum);
}

AnyNumber NumberFromPrefix(std::string_view text) {
  text = WithoutLeadingSpace(text);
  bool has_fraction = false;
  const size_t length = NumberLength(text, &has_fraction);
  return length == 0 ? AnyNumber() : ParseNumber(text.substr(0, length), has_fraction);
}

std::optional<AnyNumber> NumberFromText(std::string_view text) {
  text = WithoutLeadingSpace(text);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  bool has_fraction = false;
  const size_t length = NumberLength(text, &has_fraction);
  if (length == 0 || length != text.size()) return std::nullopt;
  AnyNumber number = ParseNumber(text, has_fraction);
  if (!number.is_integer) {
    if (const auto integer = ExactInteger(number.real)) {
      // Integers that doubles hold one by one.
      constexpr int64_t kExact = int64_t{1} << 51;
      if (*integer > -kExact && *integer < kExact) return AnyNumber{true, *integer, 0};
    }
  }
  return number;
}

AnyNumber AnyToNumber(std::string_view value) {
  switch (AnyTagOf(value)) {
    case AnyTag::kInteger:
      return {true, AnyInteger(value), 0};
    case AnyTag::kReal:
      return {false, 0, AnyReal(value)};
    default:
      return NumberFromPrefix(AnyBytes(value));
  }
}

bool AnyIsTrue(std::string_view value) {
  const AnyNumber number = AnyToNumber(value);
  return number.is_integer ? number.integer != 0 : number.real != 0;
}

uint32_t FormatAnyReal(double value, char* out) {
  constexpr size_t kRoom = 32;
  if (std::isinf(value)) {
    const std::string_view text = value < 0 ? "-Inf" : "Inf";
    std::memcpy(out, text.data(), text.size());
    return static_cast<uint32_t>(text.size());
  }
  auto size = static_cast<uint32_t>(std::snprintf(out, kRoom, "%.15g", value == 0 ? 0.0 : value));
  const std::string_view text(out, size);
  if (text.find('.') != std::string_view::npos || std::isnan(value)) return size;
  const size_t exponent = std::min(text.find('e'), text.size());
  std::memmove(out + exponent + 2, out + exponent, size - exponent);
  std::memcpy(out + exponent, ".0", 2);
  return size + 2;
}

std::string AnyToText(std::string_view value) {
  char text[32];
  switch (AnyTagOf(value)) {
    case AnyTag::kInteger:
      return std::to_string(AnyInteger(value));
    case AnyTag::kReal:
      return {text, FormatAnyReal(AnyReal(value), text)};
    default:
      return std::string(AnyBytes(value));
  }
}

std::string_view AnyTypeName(std::string_view value) {
  switch (AnyTagOf(value)) {
    case AnyTag::kInteger:
      return "integer";
    case AnyTag::kReal:
      return "real";
    case AnyTag::kText:
      return "text";
    default:
      return "blob";
  }
}

}  // namespace llkv
