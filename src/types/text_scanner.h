// A text read from left to right: what the parsers of dates, times and intervals share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace llkv {

/// Reads a text from left to right.
class TextScanner {
 public:
  explicit TextScanner(std::string_view text) : text_(text) {}

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

}  // namespace llkv
