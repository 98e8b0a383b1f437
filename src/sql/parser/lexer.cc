// Lexer: text to tokens, one character class after another.
#include "sql/parser/lexer.h"

#include <cstddef>

namespace llkv {

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool IsWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool IsWordPart(char c) { return IsWordStart(c) || IsDigit(c) || c == '$'; }
bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

}  // namespace

Token Lexer::Make(TokenKind kind, size_t begin, size_t end) {
  offset_ = end;
  return {kind, Keyword::kNone, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
}

Token Lexer::Fail(const char* message, size_t begin, size_t end, bool unterminated) {
  error_ = message;
  unterminated_ = unterminated;
  return Make(TokenKind::kError, begin, end);
}

/// Skips one comment that nests; false where the text ends inside it.
bool Lexer::SkipBlockComment() {
  size_t depth = 1;
  offset_ += 2;
  while (offset_ < sql_.size()) {
    if (sql_[offset_] == '*' && At(offset_ + 1) == '/') {
      offset_ += 2;
      if (--depth == 0) return true;
    } else if (sql_[offset_] == '/' && At(offset_ + 1) == '*' && dialect_ != SqlDialect::kSqlite) {
      offset_ += 2;
      ++depth;
    } else {
      ++offset_;
    }
  }
  return dialect_ == SqlDialect::kSqlite;
}

void Lexer::SkipBlanks() {
  while (offset_ < sql_.size()) {
    const char c = sql_[offset_];
    if (IsBlank(c)) {
      ++offset_;
    } else if (c == '-' && At(offset_ + 1) == '-') {
      while (offset_ < sql_.size() && sql_[offset_] != '\n') ++offset_;
    } else if (c == '/' && At(offset_ + 1) == '*') {
      const size_t begin = offset_;
      if (!SkipBlockComment()) {
        open_comment_ = true;
        offset_ = begin;
        return;
      }
    } else {
      return;
    }
  }
}

Token Lexer::Word(size_t begin) {
  size_t end = begin + 1;
  while (end < sql_.size() && IsWordPart(sql_[end])) ++end;
  Token token = Make(TokenKind::kWord, begin, end);
  token.keyword = LookUpKeyword(sql_.substr(begin, end - begin));
  return token;
}

Token Lexer::HexNumber(size_t begin) {
  size_t end = begin + 2;
  while (end < sql_.size() && (IsHexDigit(sql_[end]) || sql_[end] == '_')) ++end;
  if (end == begin + 2 || IsWordPart(At(end))) {
    while (IsWordPart(At(end))) ++end;
    return Fail("a hexadecimal number has digits 0-9 and a-f only", begin, end, false);
  }
  return Make(TokenKind::kInteger, begin, end);
}

Token Lexer::Number(size_t begin) {
  if (sql_[begin] == '0' && (At(begin + 1) == 'x' || At(begin + 1) == 'X')) return HexNumber(begin);
  size_t end = begin;
  TokenKind kind = TokenKind::kInteger;
  const auto skip_digits = [&] {
    while (IsDigit(At(end)) || (At(end) == '_' && IsDigit(At(end + 1)))) ++end;
  };
  skip_digits();
  if (At(end) == '.') {
    kind = TokenKind::kDecimal;
    ++end;
    skip_digits();
  }
  if (At(end) == 'e' || At(end) == 'E') {
    const size_t sign = (At(end + 1) == '+' || At(end + 1) == '-') ? 1 : 0;
    if (IsDigit(At(end + 1 + sign))) {
      kind = TokenKind::kFloat;
      end += 1 + sign;
      skip_digits();
    }
  }
  if (IsWordPart(At(end))) {
    while (IsWordPart(At(end))) ++end;
    return Fail("a number is followed by letters", begin, end, false);
  }
  return Make(kind, begin, end);
}

/// A token from `begin` whose text starts at `open` and ends at `close`; a doubled `close` stands for itself.
Token Lexer::Quoted(TokenKind kind, size_t begin, size_t open, char close, const char* message) {
  size_t end = open;
  while (true) {
    end = sql_.find(close, end);
    if (end == std::string_view::npos) return Fail(message, begin, sql_.size(), true);
    if (close == ']' || At(end + 1) != close) break;
    end += 2;
  }
  if (kind == TokenKind::kQuotedName && end == open) {
    return Fail("a quoted name is empty", begin, end + 1, false);
  }
  return Make(kind, begin, end + 1);
}

Token Lexer::EscapeString(size_t begin) {
  size_t end = begin + 2;
  while (end < sql_.size()) {
    if (sql_[end] == '\\') {
      end += 2;
    } else if (sql_[end] == '\'') {
      if (At(end + 1) != '\'') return Make(TokenKind::kEscapeString, begin, end + 1);
      end += 2;
    } else {
      ++end;
    }
  }
  return Fail("a string has no closing quote", begin, sql_.size(), true);
}

/// $5, $name, or a string between $tag$ and $tag$.
Token Lexer::Dollar(size_t begin) {
  size_t end = begin + 1;
  if (IsDigit(At(end))) {
    while (IsDigit(At(end))) ++end;
    if (IsWordPart(At(end))) return Fail("a parameter's number is followed by letters", begin, end + 1, false);
    return Make(TokenKind::kDollarParameter, begin, end);
  }
  while (IsWordPart(At(end)) && At(end) != '$') ++end;
  if (At(end) == '$') {
    const std::string_view tag = sql_.substr(begin, end + 1 - begin);
    const size_t close = sql_.find(tag, end + 1);
    if (close == std::string_view::npos) return Fail("a dollar-quoted string has no end", begin, sql_.size(), true);
    return Make(TokenKind::kDollarString, begin, close + tag.size());
  }
  if (end == begin + 1) return Fail("a parameter has neither number nor name", begin, end, false);
  return Make(TokenKind::kDollarParameter, begin, end);
}

Token Lexer::Blob(size_t begin) {
  const size_t end = sql_.find('\'', begin + 2);
  if (end == std::string_view::npos) return Fail("a string has no closing quote", begin, sql_.size(), true);
  const std::string_view digits = sql_.substr(begin + 2, end - begin - 2);
  for (char c : digits) {
    if (!IsHexDigit(c)) return Fail("a blob has digits 0-9 and a-f only", begin, end + 1, false);
  }
  if (digits.size() % 2 != 0) return Fail("a blob has an odd number of digits", begin, end + 1, false);
  return Make(TokenKind::kBlob, begin, end + 1);
}

Token Lexer::Bits(size_t begin) {
  const size_t end = sql_.find('\'', begin + 2);
  if (end == std::string_view::npos) return Fail("a string has no closing quote", begin, sql_.size(), true);
  for (char c : sql_.substr(begin + 2, end - begin - 2)) {
    if (c != '0' && c != '1') return Fail("a bit string has digits 0 and 1 only", begin, end + 1, false);
  }
  return Make(TokenKind::kBits, begin, end + 1);
}

Token Lexer::Punctuation(size_t begin, char c, char next) {
  switch (c) {
    case '(':
      return Make(TokenKind::kLeftParen, begin, begin + 1);
    case ')':
      return Make(TokenKind::kRightParen, begin, begin + 1);
    case '[':
      return Make(TokenKind::kLeftBracket, begin, begin + 1);
    case ']':
      return Make(TokenKind::kRightBracket, begin, begin + 1);
    case '{':
      return Make(TokenKind::kLeftBrace, begin, begin + 1);
    case '}':
      return Make(TokenKind::kRightBrace, begin, begin + 1);
    case ',':
      return Make(TokenKind::kComma, begin, begin + 1);
    case ';':
      return Make(TokenKind::kSemicolon, begin, begin + 1);
    case '.':
      return Make(TokenKind::kDot, begin, begin + 1);
    case ':':
      if (next == ':') return Make(TokenKind::kDoubleColon, begin, begin + 2);
      if (next == '=') return Make(TokenKind::kColonEquals, begin, begin + 2);
      return Make(TokenKind::kColon, begin, begin + 1);
    case '?': {
      size_t end = begin + 1;
      while (IsDigit(At(end))) ++end;
      return Make(TokenKind::kQuestion, begin, end);
    }
    default:
      return Fail("this character begins nothing", begin, begin + 1, false);
  }
}

/// The longest operator at `begin`.
Token Lexer::Operator(size_t begin) {
  struct Entry {
    std::string_view text;
    TokenKind kind;
    bool in_sqlite;
  };
  // Longer ones first among those that begin alike.
  static constexpr Entry kOperators[] = {
      {"!~~*", TokenKind::kNotILikeOperator, false},
      {"!~~", TokenKind::kNotLikeOperator, false},
      {"!~*", TokenKind::kNotTildeStar, false},
      {"!~", TokenKind::kNotTilde, false},
      {"!=", TokenKind::kNotEqual, true},
      {"#", TokenKind::kHash, true},
      {"%", TokenKind::kPercent, true},
      {"&&", TokenKind::kOverlaps, false},
      {"&", TokenKind::kAmpersand, true},
      {"**", TokenKind::kDoubleStar, false},
      {"*", TokenKind::kStar, true},
      {"+", TokenKind::kPlus, true},
      {"->>", TokenKind::kArrowText, true},
      {"->", TokenKind::kArrow, true},
      {"-", TokenKind::kMinus, true},
      {"//", TokenKind::kDoubleSlash, false},
      {"/", TokenKind::kSlash, true},
      {"<<", TokenKind::kShiftLeft, true},
      {"<=", TokenKind::kLessEqual, true},
      {"<>", TokenKind::kNotEqual, true},
      {"<@", TokenKind::kContainedBy, false},
      {"<", TokenKind::kLess, true},
      {"==", TokenKind::kEqual, true},
      {"=>", TokenKind::kFatArrow, false},
      {"=", TokenKind::kEqual, true},
      {">>", TokenKind::kShiftRight, true},
      {">=", TokenKind::kGreaterEqual, true},
      {">", TokenKind::kGreater, true},
      {"@>", TokenKind::kContains, false},
      {"@", TokenKind::kAt, true},
      {"^@", TokenKind::kStartsWith, false},
      {"^", TokenKind::kCaret, true},
      {"||/", TokenKind::kCubeRoot, false},
      {"||", TokenKind::kConcat, true},
      {"|/", TokenKind::kSquareRoot, false},
      {"|", TokenKind::kPipe, true},
      {"~~*", TokenKind::kILikeOperator, false},
      {"~~", TokenKind::kLikeOperator, false},
      {"~*", TokenKind::kTildeStar, false},
      {"~", TokenKind::kTilde, true},
  };
  const char c = sql_[begin];
  const std::string_view rest = sql_.substr(begin);
  for (const Entry& entry : kOperators) {
    if (entry.text.front() != c || !rest.starts_with(entry.text)) continue;
    if (!entry.in_sqlite && dialect_ == SqlDialect::kSqlite) continue;
    return Make(entry.kind, begin, begin + entry.text.size());
  }
  return Punctuation(begin, c, At(begin + 1));
}

Token Lexer::Next() {
  SkipBlanks();
  const size_t begin = offset_;
  if (begin >= sql_.size()) return Make(TokenKind::kEnd, sql_.size(), sql_.size());
  if (open_comment_) {
    open_comment_ = false;
    return Fail("a comment has no end", begin, sql_.size(), true);
  }
  const char c = sql_[begin];
  if (IsWordStart(c)) {
    if (At(begin + 1) == '\'') {
      if (c == 'x' || c == 'X') return Blob(begin);
      if ((c == 'b' || c == 'B') && dialect_ != SqlDialect::kSqlite) return Bits(begin);
      if ((c == 'e' || c == 'E') && dialect_ != SqlDialect::kSqlite) return EscapeString(begin);
    }
    return Word(begin);
  }
  if (IsDigit(c) || (c == '.' && IsDigit(At(begin + 1)))) return Number(begin);
  switch (c) {
    case '\'':
      return Quoted(TokenKind::kString, begin, begin + 1, '\'', "a string has no closing quote");
    case '"':
      return Quoted(TokenKind::kQuotedName, begin, begin + 1, '"', "a quoted name has no closing quote");
    case '`':
      if (dialect_ != SqlDialect::kSqlite) break;
      return Quoted(TokenKind::kQuotedName, begin, begin + 1, '`', "a quoted name has no closing quote");
    case '[':
      if (dialect_ != SqlDialect::kSqlite) break;
      return Quoted(TokenKind::kQuotedName, begin, begin + 1, ']', "a bracketed name has no closing bracket");
    case '$':
      return Dollar(begin);
    case '(':
    case ')':
    case ',':
    case '.':
    case ';':
      return Punctuation(begin, c, At(begin + 1));
    default:
      break;
  }
  return Operator(begin);
}

}  // namespace llkv
