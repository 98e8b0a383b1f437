// One pass over the pattern, atom by atom. On the way it finds what decides between longest and shortest match in
// PostgreSQL: an expression is as greedy as the first quantifier of its branch, and greedy where it has several
// branches.
#include "functions/regex_syntax.h"

#include <fmt/format.h>

#include <vector>

#include "base/error.h"
#include "functions/regex_bracket.h"
#include "functions/utf8.h"

namespace llkv {

namespace {

constexpr int kMaxRepeat = 255;

arrow::Status Invalid(std::string_view what) { return InvalidRegex(what); }

enum class Greed : uint8_t { kNone, kGreedy, kLazy };

class Translator {
 public:
  /// `all_lazy` makes every quantifier take as little as it can.
  Translator(std::string_view pattern, const RegexOptions& options, bool all_lazy)
      : pattern_(pattern), options_(options), all_lazy_(all_lazy) {}

  arrow::Status Run() {
    levels_.emplace_back();
    for (SkipBlanks(); at_ < pattern_.size(); SkipBlanks()) ARROW_RETURN_NOT_OK(Step());
    return levels_.size() == 1 ? arrow::Status::OK() : Invalid("parentheses () not balanced");
  }

  std::string TakeText() { return std::move(out_); }
  bool any_lazy() const { return any_lazy_; }
  bool is_lazy() const { return GreedOf(levels_.front()) == Greed::kLazy; }

 private:
  struct Level {
    bool alternation = false;
    Greed branch = Greed::kNone;
  };

  static Greed GreedOf(const Level& level) { return level.alternation ? Greed::kGreedy : level.branch; }
  bool Follows(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  char Peek(size_t ahead = 0) const { return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0'; }
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

  // White space and # comments of the expanded syntax.
  void SkipBlanks() {
    while (options_.expanded && at_ < pattern_.size()) {
      const char c = Peek();
      if (c == '#') {
        while (at_ < pattern_.size() && Peek() != '\n') ++at_;
      } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
        ++at_;
      } else {
        return;
      }
    }
  }

  arrow::Status Step() {
    const char c = Peek();
    switch (c) {
      case '(':
        return Open();
      case ')':
        return Close();
      case '|':
        levels_.back().alternation = true;
        ends_in_word_ = false;
        return Constraint("|", 1);
      case '^':
      case '$':
        ends_in_word_ = false;
        return Constraint(std::string_view(&c, 1), 1);
      case '*':
      case '+':
      case '?':
        return Invalid("quantifier operand invalid");
      case '{':
        if (IsDigit(Peek(1))) return Invalid("quantifier operand invalid");
        break;
      case '[':
        if (Follows("[[:<:]]")) return WordStart(7);
        if (Follows("[[:>:]]")) return WordEnd(7);
        ends_in_word_ = false;
        ARROW_RETURN_NOT_OK(TranslateBracket(pattern_, &at_, options_.dot_newline, &out_));
        return Quantify(Greed::kNone);
      case '\\':
        return Escape();
      case '.':
        ++at_;
        out_ += '.';
        ends_in_word_ = false;
        return Quantify(Greed::kNone);
      default:
        break;
    }
    const uint32_t code = DecodeCharacter(pattern_, at_);
    at_ += CharacterBytes(pattern_, at_);
    return Literal(code);
  }

  arrow::Status Constraint(std::string_view text, size_t size) {
    at_ += size;
    out_ += text;
    return arrow::Status::OK();
  }

  arrow::Status Literal(uint32_t code) {
    AppendRegexCharacter(code, &out_);
    ends_in_word_ = IsWordByte(code < 0x80 ? static_cast<char>(code) : ' ');
    return Quantify(Greed::kNone);
  }

  arrow::Status Open() {
    if (Follows("(?#")) {
      const size_t end = pattern_.find(')', at_);
      if (end == std::string_view::npos) return Invalid("parentheses () not balanced");
      at_ = end + 1;
      return arrow::Status::OK();
    }
    if (Follows("(?=") || Follows("(?!") || Follows("(?<")) {
      return NotSupported("lookahead and lookbehind in a regular expression");
    }
    const bool plain = Follows("(?:");
    if (!plain && Follows("(?")) return Invalid("quantifier operand invalid");
    levels_.emplace_back();
    ends_in_word_ = false;
    if (levels_.size() > kMaxDepth) return Invalid("it is nested too deeply");
    return plain ? Constraint("(?:", 3) : Constraint("(", 1);
  }

  arrow::Status Close() {
    if (levels_.size() == 1) return Invalid("parentheses () not balanced");
    const Level level = levels_.back();
    levels_.pop_back();
    ++at_;
    out_ += ')';
    ends_in_word_ = ends_in_word_ && !level.alternation;
    return Quantify(GreedOf(level));
  }

  // \m, \M, \y, \Y, \A, \Z, a class, or a character.
  arrow::Status Escape() {
    const char c = Peek(1);
    switch (c) {
      case 'A':
        return Constraint("\\A", 2);
      case 'Z':
        return Constraint("\\z", 2);
      case 'y':
        return Constraint("\\b", 2);
      case 'Y':
        return Constraint("\\B", 2);
      case 'm':
        return WordStart(2);
      case 'M':
        return WordEnd(2);
      case 'd':
      case 'D':
      case 's':
      case 'S':
      case 'w':
      case 'W': {
        out_ += c >= 'a' ? "[" : "[^";
        out_ += RegexClass(static_cast<char>(c | 0x20));
        out_ += ']';
        at_ += 2;
        ends_in_word_ = c == 'd' || c == 'w';
        return Quantify(Greed::kNone);
      }
      default:
        break;
    }
    ARROW_ASSIGN_OR_RAISE(const uint32_t code, ReadRegexEscape(pattern_, &at_));
    return Literal(code);
  }

  // RE2 has \b alone: that is the start of a word where a word's character must follow.
  arrow::Status WordStart(size_t size) {
    const bool word =
        IsWordByte(Peek(size)) || (Peek(size) == '\\' && (Peek(size + 1) == 'w' || Peek(size + 1) == 'd'));
    const char behind = Peek(size + (Peek(size) == '\\' ? 2 : 1));
    if (!word || behind == '*' || behind == '?' || behind == '{') {
      return NotSupported("\\m in front of anything but a word's character in a regular expression");
    }
    return Constraint("\\b", size);
  }

  arrow::Status WordEnd(size_t size) {
    if (!ends_in_word_) {
      return NotSupported("\\M behind anything but a word's character in a regular expression");
    }
    return Constraint("\\b", size);
  }

  arrow::Status ReadBound(int* low, int* high) {
    const auto number = [&](int* value) {
      for (*value = 0; IsDigit(Peek()) && *value <= kMaxRepeat; ++at_) *value = *value * 10 + (Peek() - '0');
    };
    ++at_;
    number(low);
    *high = *low;
    if (Peek() == ',') {
      ++at_;
      *high = -1;
      if (IsDigit(Peek())) number(high);
    }
    if (Peek() != '}' || *low > kMaxRepeat || *high > kMaxRepeat || (*high >= 0 && *high < *low)) {
      return Invalid("invalid repetition count(s)");
    }
    ++at_;
    return arrow::Status::OK();
  }

  // What stands behind an atom of the given greed.
  arrow::Status Quantify(Greed atom) {
    SkipBlanks();
    const size_t begin = at_;
    const char c = Peek();
    bool fixed = true;
    if (at_ < pattern_.size() && (c == '*' || c == '+' || c == '?')) {
      ++at_;
      fixed = false;
      if (c != '+') ends_in_word_ = false;
    } else if (c == '{' && IsDigit(Peek(1))) {
      int low = 0;
      int high = 0;
      ARROW_RETURN_NOT_OK(ReadBound(&low, &high));
      fixed = pattern_.substr(begin, at_ - begin).find(',') == std::string_view::npos;
      if (low == 0) ends_in_word_ = false;
    }
    Greed greed = atom;
    if (at_ > begin) {
      out_ += pattern_.substr(begin, at_ - begin);
      const bool lazy = Peek() == '?' && at_ < pattern_.size();
      if (lazy) ++at_;
      if (!fixed) {
        greed = lazy ? Greed::kLazy : Greed::kGreedy;
        any_lazy_ = any_lazy_ || lazy;
        if (lazy || all_lazy_) out_ += '?';
      }
      SkipBlanks();
      const char next = Peek();
      if (next == '*' || next == '+' || next == '?' || (next == '{' && IsDigit(Peek(1)))) {
        return Invalid("quantifier operand invalid");
      }
    }
    Greed& branch = levels_.back().branch;
    if (branch == Greed::kNone) branch = greed;
    return arrow::Status::OK();
  }

  static constexpr size_t kMaxDepth = 200;

  std::string_view pattern_;
  RegexOptions options_;
  bool all_lazy_;
  bool any_lazy_ = false;
  bool ends_in_word_ = false;
  size_t at_ = 0;
  std::vector<Level> levels_;
  std::string out_;
};

// ***=, ***: and (?letters) at the start.
arrow::Status TakeDirectives(std::string_view* pattern, RegexOptions* options) {
  if (pattern->starts_with("***=")) {
    pattern->remove_prefix(4);
    options->literal = true;
    return arrow::Status::OK();
  }
  if (pattern->starts_with("***:")) {
    pattern->remove_prefix(4);
  } else if (pattern->starts_with("***")) {
    return Invalid("quantifier operand invalid");
  }
  if (!pattern->starts_with("(?") || pattern->size() < 3) return arrow::Status::OK();
  const size_t end = pattern->find_first_not_of("bceimnpqstwx", 2);
  if (end == 2 || end == std::string_view::npos || (*pattern)[end] != ')') return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(ParseRegexFlags(pattern->substr(2, end - 2), options));
  pattern->remove_prefix(end + 1);
  return arrow::Status::OK();
}

arrow::Result<std::string> TranslatePart(std::string_view part, bool all_lazy) {
  Translator translator(part, RegexOptions(), all_lazy);
  ARROW_RETURN_NOT_OK(translator.Run());
  return translator.TakeText();
}

}  // namespace

arrow::Status ParseRegexFlags(std::string_view flags, RegexOptions* options) {
  for (const char c : flags) {
    switch (c) {
      case 'g':
        options->global = true;
        break;
      case 'i':
      case 'c':
        options->fold_case = c == 'i';
        break;
      case 'q':
        options->literal = true;
        break;
      case 'x':
      case 't':
        options->expanded = c == 'x';
        break;
      case 'n':
      case 'm':
      case 'p':
      case 's':
      case 'w':
        options->dot_newline = c == 's' || c == 'w';
        options->line_anchors = c == 'n' || c == 'm' || c == 'w';
        break;
      case 'b':
      case 'e':
        return NotSupported(fmt::format("the regular expression option \"{}\"", c));
      default:
        return SqlError(sqlstate::kInvalidParameter, fmt::format("\"{}\" is no regular expression option", c));
    }
  }
  return arrow::Status::OK();
}

arrow::Result<RegexTranslation> TranslateRegex(std::string_view pattern, RegexOptions options) {
  RegexTranslation result;
  ARROW_RETURN_NOT_OK(TakeDirectives(&pattern, &options));
  result.options = options;
  if (options.literal) {
    for (size_t at = 0; at < pattern.size(); at += CharacterBytes(pattern, at)) {
      AppendRegexCharacter(DecodeCharacter(pattern, at), &result.pattern);
    }
    return result;
  }
  Translator translator(pattern, options, false);
  ARROW_RETURN_NOT_OK(translator.Run());
  result.longest = !translator.any_lazy();
  result.pattern = translator.TakeText();
  if (translator.is_lazy()) {
    Translator shortest(pattern, options, true);
    ARROW_RETURN_NOT_OK(shortest.Run());
    result.pattern = shortest.TakeText();
  }
  if (options.line_anchors) result.pattern.insert(0, "(?m)");
  return result;
}

arrow::Result<RegexTranslation> TranslateSimilar(std::string_view pattern, std::string_view escape) {
  if (!escape.empty() && CharacterBytes(escape, 0) != escape.size()) {
    return SqlError(sqlstate::kInvalidEscape, "an escape is one character");
  }
  std::vector<std::string> parts(1);
  bool in_bracket = false;
  for (size_t at = 0; at < pattern.size();) {
    const std::string_view character = pattern.substr(at, CharacterBytes(pattern, at));
    at += character.size();
    if (character == escape) {
      if (at == pattern.size()) {
        return SqlError(sqlstate::kInvalidEscape, "a SIMILAR TO pattern must not end with its escape character");
      }
      const std::string_view escaped = pattern.substr(at, CharacterBytes(pattern, at));
      at += escaped.size();
      if (escaped == "\"" && !in_bracket) {
        parts.emplace_back();
        continue;
      }
      parts.back() += '\\';
      parts.back() += escaped;
    } else if (in_bracket) {
      if (character == "\\") parts.back() += '\\';
      parts.back() += character;
      in_bracket = character != "]";
    } else if (character == "%") {
      parts.back() += ".*";
    } else if (character == "(") {
      parts.back() += "(?:";
    } else {
      if (character == "\\" || character == "^" || character == "$") parts.back() += '\\';
      in_bracket = character == "[";
      parts.back() += character == "_" ? "." : character == "." ? "\\." : character;
    }
  }
  if (parts.size() > 3) {
    return SqlError(sqlstate::kInvalidUseOfEscape,
                    "a pattern has at most two separators of the escape character and a double quote");
  }
  // The first part takes as little as it can, and the one between the separators as much as it can.
  RegexTranslation result;
  result.longest = parts.size() == 1;
  for (size_t i = 0; i < parts.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const std::string part, TranslatePart(parts[i], i == 0 && parts.size() > 1));
    result.pattern += i == 1 ? "(" : "(?:";
    result.pattern += part + ")";
  }
  result.pattern = "^" + result.pattern + "$";
  return result;
}

}  // namespace llkv
