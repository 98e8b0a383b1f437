// Text conversion of 128-bit integers.
#include "base/int128.h"

#include <algorithm>

namespace llkv {

std::string Uint128ToString(uint128_t value) {
  if (value == 0) return "0";
  std::string digits;
  while (value != 0) {
    digits.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  }
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string Int128ToString(int128_t value) {
  if (value >= 0) return Uint128ToString(static_cast<uint128_t>(value));
  return "-" + Uint128ToString(static_cast<uint128_t>(0) - static_cast<uint128_t>(value));
}

std::optional<int128_t> ParseInt128(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  int128_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    if (__builtin_mul_overflow(value, static_cast<int128_t>(10), &value)) return std::nullopt;
    const int128_t digit = c - '0';
    // Negative values grow downwards, so that the least value parses too.
    if (negative ? __builtin_sub_overflow(value, digit, &value) : __builtin_add_overflow(value, digit, &value)) {
      return std::nullopt;
    }
  }
  return value;
}

}  // namespace llkv
