// Escapes and bracket expressions. Classes know all of Unicode's letters, as upper and lower do.
#include "functions/regex_bracket.h"

#include <fmt/format.h>

#include "base/error.h"
#include "functions/utf8.h"

namespace llkv {

namespace {

// glibc's isspace: no-break spaces are none.
constexpr std::string_view kSpace =
    "\\t-\\r \\x{85}\\x{1680}\\x{2000}-\\x{2006}\\x{2008}-\\x{200A}\\x{2028}\\x{2029}\\x{205F}\\x{3000}";
constexpr std::string_view kWord = "\\pL\\pM\\pN_";

struct NamedClass {
  std::string_view name;
  std::string_view content;
};

constexpr NamedClass kClasses[] = {
    {"alnum", "\\pL\\pM\\pN"},
    {"alpha", "\\pL\\pM"},
    {"ascii", "\\x00-\\x7F"},
    {"blank", "\\t\\p{Zs}"},
    {"cntrl", "\\p{Cc}"},
    {"digit", "0-9"},
    {"graph", "\\pL\\pM\\pN\\pP\\pS"},
    {"lower", "\\p{Ll}"},
    {"print", "\\pL\\pM\\pN\\pP\\pS\\p{Zs}"},
    {"punct", "\\pP\\pS"},
    {"space", kSpace},
    {"upper", "\\p{Lu}"},
    {"word", kWord},
    {"xdigit", "0-9A-Fa-f"},
};

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

arrow::Status InvalidEscape() { return InvalidRegex("invalid escape \\ sequence"); }

// Digits of a base: at least `least`, at most `most`.
arrow::Result<uint32_t> ReadCode(std::string_view pattern, size_t* at, int base, size_t least, size_t most) {
  uint32_t code = 0;
  size_t count = 0;
  for (; count < most && *at < pattern.size(); ++count, ++*at) {
    const int digit = HexValue(pattern[*at]);
    if (digit < 0 || digit >= base) break;
    code = code * static_cast<uint32_t>(base) + static_cast<uint32_t>(digit);
    if (code > 0x10FFFF) return InvalidEscape();
  }
  if (count < least || (code >= 0xD800 && code <= 0xDFFF)) return InvalidEscape();
  return code;
}

class BracketReader {
 public:
  BracketReader(std::string_view pattern, size_t* at, std::string* out) : pattern_(pattern), at_(*at), out_(out) {}

  arrow::Status Read(bool newline) {
    ++at_;
    *out_ += '[';
    if (Peek() == '^') {
      ++at_;
      *out_ += '^';
      if (!newline) *out_ += "\\n";
    }
    for (bool first = true; first || Peek() != ']'; first = false) {
      if (at_ >= pattern_.size()) return InvalidRegex("brackets [] not balanced");
      ARROW_RETURN_NOT_OK(ReadItem());
    }
    if (at_ >= pattern_.size()) return InvalidRegex("brackets [] not balanced");
    ++at_;
    *out_ += ']';
    return arrow::Status::OK();
  }

 private:
  char Peek(size_t ahead = 0) const { return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0'; }

  // [:name:], or \d, \s, \w and what they exclude.
  arrow::Result<bool> ReadClass() {
    if (Peek() == '[' && Peek(1) == ':') {
      const size_t end = pattern_.find(":]", at_ + 2);
      if (end == std::string_view::npos) return InvalidRegex("brackets [] not balanced");
      const std::string_view name = pattern_.substr(at_ + 2, end - at_ - 2);
      for (const NamedClass& named : kClasses) {
        if (named.name != name) continue;
        *out_ += named.content;
        at_ = end + 2;
        return true;
      }
      return InvalidRegex("invalid character class");
    }
    if (Peek() != '\\') return false;
    const char c = Peek(1);
    if (c == 'D' || c == 'S' || c == 'W') {
      if (c != 'D') return NotSupported(fmt::format("\\{} in a bracket expression", c));
      *out_ += "\\D";
    } else if (c == 'd' || c == 's' || c == 'w') {
      *out_ += RegexClass(c);
    } else {
      return false;
    }
    at_ += 2;
    return true;
  }

  arrow::Result<uint32_t> ReadCharacter() {
    if (Peek() == '\\') return ReadRegexEscape(pattern_, &at_);
    size_t size = CharacterBytes(pattern_, at_);
    size_t begin = at_;
    if (Peek() == '[' && (Peek(1) == '.' || Peek(1) == '=')) {
      const char close[] = {Peek(1), ']'};
      const size_t end = pattern_.find(std::string_view(close, 2), at_ + 2);
      if (end == std::string_view::npos) return InvalidRegex("brackets [] not balanced");
      begin = at_ + 2;
      size = end + 2 - at_;
      if (begin == end || CharacterBytes(pattern_, begin) != end - begin) {
        return NotSupported("collating elements of several characters in a regular expression");
      }
    }
    at_ += size;
    return DecodeCharacter(pattern_, begin);
  }

  arrow::Status ReadItem() {
    ARROW_ASSIGN_OR_RAISE(const bool is_class, ReadClass());
    if (is_class) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const uint32_t low, ReadCharacter());
    AppendRegexCharacter(low, out_);
    if (Peek() != '-' || Peek(1) == ']' || at_ + 1 >= pattern_.size()) return arrow::Status::OK();
    ++at_;
    ARROW_ASSIGN_OR_RAISE(const uint32_t high, ReadCharacter());
    if (high < low) return InvalidRegex("invalid character range");
    *out_ += '-';
    AppendRegexCharacter(high, out_);
    return arrow::Status::OK();
  }

  std::string_view pattern_;
  size_t& at_;
  std::string* out_;
};

}  // namespace

arrow::Status InvalidRegex(std::string_view what) {
  return SqlError(sqlstate::kInvalidRegularExpression, fmt::format("invalid regular expression: {}", what));
}

bool IsWordByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

void AppendRegexCharacter(uint32_t code, std::string* out) {
  if (code < 0x80 && !IsWordByte(static_cast<char>(code)) && code != ' ') {
    *out += fmt::format("\\x{{{:X}}}", code);
    return;
  }
  char encoded[4];
  out->append(encoded, EncodeCharacter(code, encoded));
}

std::string_view RegexClass(char letter) {
  if (letter == 'd') return "0-9";
  return letter == 's' ? kSpace : kWord;
}

arrow::Result<uint32_t> ReadRegexEscape(std::string_view pattern, size_t* at) {
  if (*at + 1 >= pattern.size()) return InvalidEscape();
  const char c = pattern[*at + 1];
  if (!IsWordByte(c) || c == '_') {
    const size_t begin = *at + 1;
    *at = begin + CharacterBytes(pattern, begin);
    return DecodeCharacter(pattern, begin);
  }
  *at += 2;
  constexpr std::string_view kLetters = "abBefnrtv";
  constexpr std::string_view kCodes = "\a\b\\\x1b\f\n\r\t\v";
  if (const size_t letter = kLetters.find(c); letter != std::string_view::npos) {
    return static_cast<uint32_t>(kCodes[letter]);
  }
  switch (c) {
    case 'c':
      if (*at >= pattern.size()) return InvalidEscape();
      return static_cast<uint32_t>(pattern[(*at)++]) & 0x1F;
    case 'u':
      return ReadCode(pattern, at, 16, 4, 4);
    case 'U':
      return ReadCode(pattern, at, 16, 8, 8);
    case 'x':
      return ReadCode(pattern, at, 16, 1, SIZE_MAX);
    case '0':
      --*at;
      return ReadCode(pattern, at, 8, 1, 3);
    default:
      break;
  }
  if (c >= '1' && c <= '9') return NotSupported("back references in a regular expression");
  return InvalidEscape();
}

arrow::Status TranslateBracket(std::string_view pattern, size_t* at, bool newline, std::string* out) {
  return BracketReader(pattern, at, out).Read(newline);
}

}  // namespace llkv
