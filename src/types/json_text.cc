// JSON by RFC 8259: a checker with a bit a level, and a skipper for texts that have passed it.
#include "types/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace llkv {

namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Reads one value token by token.
class Checker {
 public:
  explicit Checker(std::string_view text) : text_(text) {}

  bool Run() {
    if (!Value()) return false;
    while (depth_ > 0) {
      if (!Next()) return false;
    }
    Space();
    return at_ == text_.size();
  }
  size_t position() const { return at_; }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void Space() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  bool Word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  bool Digits() {
    if (!IsDigit(Peek())) return false;
    while (IsDigit(Peek())) ++at_;
    return true;
  }

  bool Number() {
    Take('-');
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (Peek() == 'e' || Peek() == 'E') {
      ++at_;
      if (Peek() == '+' || Peek() == '-') ++at_;
      return Digits();
    }
    return true;
  }

  bool Escape() {
    switch (Peek()) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        ++at_;
        return true;
      case 'u':
        ++at_;
        for (int i = 0; i < 4; ++i, ++at_) {
          if (HexDigit(Peek()) < 0) return false;
        }
        return true;
      default:
        return false;
    }
  }

  bool String() {
    if (!Take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) return false;
      ++at_;
      if (c == '"') return true;
      if (c == '\\' && !Escape()) return false;
    }
    return false;
  }

  /// A scalar, or the start of an array or object up to its first value.
  bool Value() {
    while (true) {
      Space();
      switch (Peek()) {
        case '"':
          return String();
        case 't':
          return Word("true");
        case 'f':
          return Word("false");
        case 'n':
          return Word("null");
        case '[':
          ++at_;
          if (!Push(false)) return false;
          Space();
          if (Take(']')) return Pop();
          break;
        case '{':
          ++at_;
          if (!Push(true)) return false;
          Space();
          if (Take('}')) return Pop();
          if (!Key()) return false;
          break;
        default:
          return Number();
      }
    }
  }

  bool Key() {
    Space();
    if (!String()) return false;
    Space();
    return Take(':');
  }

  /// What follows a value inside an array or object.
  bool Next() {
    Space();
    const bool is_object = Top();
    if (Take(is_object ? '}' : ']')) return Pop();
    if (!Take(',')) return false;
    if (is_object && !Key()) return false;
    return Value();
  }

  bool Push(bool is_object) {
    if (depth_ == kMaxJsonDepth) return false;
    uint64_t& word = levels_[depth_ / 64];
    const uint64_t bit = uint64_t{1} << (depth_ % 64);
    word = is_object ? word | bit : word & ~bit;
    ++depth_;
    return true;
  }
  bool Pop() {
    --depth_;
    return true;
  }
  bool Top() const { return ((levels_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64)) & 1) != 0; }

  std::string_view text_;
  size_t at_ = 0;
  uint32_t depth_ = 0;
  std::array<uint64_t, kMaxJsonDepth / 64> levels_{};
};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

/// Walks over the members of a checked array or object.
class Members {
 public:
  explicit Members(std::string_view json) : text_(Trim(json)) {
    is_object_ = !text_.empty() && text_.front() == '{';
    at_ = is_object_ || (!text_.empty() && text_.front() == '[') ? 1 : text_.size();
  }

  /// The next member: `key` is a quoted string, empty in arrays.
  bool Next(std::string_view* key, std::string_view* value) {
    Space();
    if (at_ >= text_.size() || text_[at_] == ']' || text_[at_] == '}') return false;
    if (is_object_) {
      *key = Skip();
      Space();
      ++at_;  // the colon
    }
    Space();
    *value = Skip();
    Space();
    if (at_ < text_.size() && text_[at_] == ',') ++at_;
    return true;
  }

 private:
  void Space() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  void SkipString() {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    ++at_;
  }
  /// The value that starts here.
  std::string_view Skip() {
    at_ = std::min(at_, text_.size());
    const size_t start = at_;
    int64_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (depth == 0 && at_ > start && (c == ',' || c == ']' || c == '}' || c == ':' || IsSpace(c))) break;
      if (c == '"') {
        SkipString();
      } else {
        depth += c == '[' || c == '{' ? 1 : 0;
        depth -= c == ']' || c == '}' ? 1 : 0;
        ++at_;
      }
      if (depth == 0 && (c == '"' || c == ']' || c == '}')) break;
    }
    at_ = at_ < text_.size() ? at_ : text_.size();
    return text_.substr(start, at_ - start);
  }

  std::string_view text_;
  size_t at_ = 0;
  bool is_object_ = false;
};

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
    return;
  }
  if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code >> 6)));
  } else {
    if (code < 0x10000) {
      out->push_back(static_cast<char>(0xE0 | (code >> 12)));
    } else {
      out->push_back(static_cast<char>(0xF0 | (code >> 18)));
      out->push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    }
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
  }
  out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
}

/// Four hexadecimal digits at `at`; -1 where there are none.
int32_t HexAt(std::string_view text, size_t at) {
  if (at + 4 > text.size()) return -1;
  int32_t code = 0;
  for (size_t i = at; i < at + 4; ++i) {
    const int digit = HexDigit(text[i]);
    if (digit < 0) return -1;
    code = code * 16 + digit;
  }
  return code;
}

/// "\uXXXX" whose digits start at `*at`, with the second half of a pair; moves `*at` behind it.
void AppendUnicodeEscape(std::string_view text, size_t* at, std::string* out) {
  constexpr uint32_t kReplacement = 0xFFFD;
  const int32_t first = HexAt(text, *at);
  *at += 4;
  if (first < 0xD800 || first > 0xDFFF) return AppendUtf8(first < 0 ? kReplacement : static_cast<uint32_t>(first), out);
  const bool has_second = first < 0xDC00 && text.substr(*at, 2) == "\\u";
  const int32_t second = has_second ? HexAt(text, *at + 2) : -1;
  if (second < 0xDC00 || second > 0xDFFF) return AppendUtf8(kReplacement, out);
  *at += 6;
  AppendUtf8(0x10000 + (static_cast<uint32_t>(first - 0xD800) << 10) + static_cast<uint32_t>(second - 0xDC00), out);
}

bool SameKey(std::string_view quoted, std::string_view key) {
  if (quoted.find('\\') != std::string_view::npos) return JsonUnescape(quoted) == key;
  return quoted.size() == key.size() + 2 && quoted.substr(1, key.size()) == key;
}

/// Digits only, of a number below 10^9.
bool ParseIndex(std::string_view text, int64_t* index) {
  if (text.empty() || text.size() > 9) return false;
  *index = 0;
  for (const char c : text) {
    if (!IsDigit(c)) return false;
    *index = *index * 10 + (c - '0');
  }
  return true;
}

/// "[0]", "[-1]", "[#-1]" without the brackets.
bool ParseSubscript(std::string_view text, JsonStep* step) {
  step->is_index = true;
  if (!text.empty() && text.front() == '#') text.remove_prefix(1);
  const bool from_end = !text.empty() && text.front() == '-';
  if (from_end) text.remove_prefix(1);
  if (!ParseIndex(text, &step->index)) return false;
  if (from_end) step->index = -step->index;
  return true;
}

bool ParseDollarPath(std::string_view text, std::vector<JsonStep>* steps) {
  text.remove_prefix(1);
  while (!text.empty()) {
    JsonStep step;
    size_t end = 0;
    if (text.front() == '[') {
      end = text.find(']');
      if (end == std::string_view::npos || !ParseSubscript(text.substr(1, end - 1), &step)) return false;
      ++end;
    } else if (text.front() == '.' && text.size() > 1 && text[1] == '"') {
      end = text.find('"', 2);
      if (end == std::string_view::npos) return false;
      step.key = std::string(text.substr(2, end - 2));
      ++end;
    } else if (text.front() == '.') {
      end = std::min(text.find_first_of(".[", 1), text.size());
      step.key = std::string(text.substr(1, end - 1));
      if (step.key.empty() || step.key.find('*') != std::string::npos) return false;
    } else {
      return false;
    }
    text.remove_prefix(end);
    steps->push_back(std::move(step));
  }
  return true;
}

bool ParsePointer(std::string_view text, std::vector<JsonStep>* steps) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('/', 1), text.size());
    JsonStep step;
    for (size_t i = 1; i < end; ++i) {
      if (text[i] != '~') {
        step.key.push_back(text[i]);
        continue;
      }
      if (++i == end || (text[i] != '0' && text[i] != '1')) return false;
      step.key.push_back(text[i] == '0' ? '~' : '/');
    }
    step.may_be_index = ParseIndex(step.key, &step.index);
    text.remove_prefix(end);
    steps->push_back(std::move(step));
  }
  return true;
}

}  // namespace

bool IsJson(std::string_view text, size_t* error_at) {
  Checker checker(text);
  const bool is_json = checker.Run();
  *error_at = checker.position();
  return is_json;
}

namespace {

// Integers of more than 64 bits are reals to those who ask for a kind.
JsonKind NumberKindOf(std::string_view json) {
  const auto fits = [json](auto number) {
    const std::from_chars_result read = std::from_chars(json.data(), json.data() + json.size(), number);
    return read.ec == std::errc() && read.ptr == json.data() + json.size();
  };
  if (json.front() == '-') return fits(int64_t{}) ? JsonKind::kNegative : JsonKind::kReal;
  return fits(uint64_t{}) ? JsonKind::kUnsigned : JsonKind::kReal;
}

}  // namespace

JsonKind JsonKindOf(std::string_view json) {
  json = Trim(json);
  switch (json.empty() ? 'n' : json.front()) {
    case '{':
      return JsonKind::kObject;
    case '[':
      return JsonKind::kArray;
    case '"':
      return JsonKind::kString;
    case 't':
    case 'f':
      return JsonKind::kBoolean;
    case 'n':
      return JsonKind::kNull;
    default:
      return NumberKindOf(json);
  }
}

std::optional<std::string_view> JsonMember(std::string_view object, std::string_view key) {
  std::optional<std::string_view> found;
  if (JsonKindOf(object) != JsonKind::kObject) return found;
  Members members(object);
  std::string_view name;
  std::string_view value;
  while (members.Next(&name, &value)) {
    if (SameKey(name, key)) found = value;
  }
  return found;
}

std::optional<std::string_view> JsonElement(std::string_view array, int64_t index) {
  if (JsonKindOf(array) != JsonKind::kArray) return std::nullopt;
  if (index < 0) index += JsonArrayLength(array);
  if (index < 0) return std::nullopt;
  Members members(array);
  std::string_view name;
  std::string_view value;
  for (int64_t i = 0; members.Next(&name, &value); ++i) {
    if (i == index) return value;
  }
  return std::nullopt;
}

int64_t JsonArrayLength(std::string_view json) {
  if (JsonKindOf(json) != JsonKind::kArray) return 0;
  Members members(json);
  std::string_view name;
  std::string_view value;
  int64_t count = 0;
  while (members.Next(&name, &value)) ++count;
  return count;
}

std::vector<std::string> JsonKeys(std::string_view json) {
  std::vector<std::string> keys;
  if (JsonKindOf(json) != JsonKind::kObject) return keys;
  Members members(json);
  std::string_view name;
  std::string_view value;
  while (members.Next(&name, &value)) keys.push_back(JsonUnescape(name));
  return keys;
}

bool ParseJsonPath(std::string_view text, std::vector<JsonStep>* steps) {
  steps->clear();
  if (!text.empty() && text.front() == '$') return ParseDollarPath(text, steps);
  if (!text.empty() && text.front() == '/') return ParsePointer(text, steps);
  JsonStep step;
  step.key = std::string(text);
  steps->push_back(std::move(step));
  return true;
}

std::optional<std::string_view> JsonAtPath(std::string_view json, const std::vector<JsonStep>& steps) {
  std::optional<std::string_view> found = Trim(json);
  for (const JsonStep& step : steps) {
    if (step.is_index || (step.may_be_index && JsonKindOf(*found) == JsonKind::kArray)) {
      found = JsonElement(*found, step.index);
    } else {
      found = JsonMember(*found, step.key);
    }
    if (!found) return found;
  }
  return found;
}

std::string JsonUnescape(std::string_view json_string) {
  std::string_view text = Trim(json_string);
  if (text.size() < 2) return {};
  text = text.substr(1, text.size() - 2);
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i++]);
      continue;
    }
    const char c = text[i + 1];
    i += 2;
    constexpr std::string_view kFrom = "bfnrt";
    constexpr std::string_view kTo = "\b\f\n\r\t";
    if (c == 'u') {
      AppendUnicodeEscape(text, &i, &out);
    } else if (const size_t known = kFrom.find(c); known != std::string_view::npos) {
      out.push_back(kTo[known]);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string JsonQuote(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    constexpr std::string_view kFrom = "\"\\\b\f\n\r\t";
    constexpr std::string_view kTo = "\"\\bfnrt";
    if (const size_t known = kFrom.find(c); known != std::string_view::npos) {
      out.push_back('\\');
      out.push_back(kTo[known]);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
      out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

}  // namespace llkv
