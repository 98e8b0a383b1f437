// StatementParser's ground: cursor, errors, names and lists.
#include "sql/parser/statement_parser.h"

#include <charconv>

#include "base/error.h"

namespace llkv {

namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool EqualsLower(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) { return Lower(a) == b; });
}

/// Whether two lower-case words differ by one letter more, less or else, or by two neighbours swapped.
bool IsOneEditApart(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > 1 || a == b) return false;
  size_t i = 0;
  while (i < a.size() && a[i] == b[i]) ++i;
  if (a.size() < b.size()) return a.substr(i) == b.substr(i + 1);
  if (a.substr(i + 1) == b.substr(i + 1)) return true;
  return i + 1 < a.size() && a[i] == b[i + 1] && a[i + 1] == b[i] && a.substr(i + 2) == b.substr(i + 2);
}

/// What an error shows of a token: at most 40 bytes, cut between characters.
std::string Shown(std::string_view text) {
  constexpr size_t kMaxShown = 40;
  if (text.size() <= kMaxShown) return std::string(text);
  size_t end = kMaxShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

}  // namespace

bool StatementParser::AtWord(std::string_view text, size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == TokenKind::kWord && EqualsLower(Text(token), text);
}

bool StatementParser::Accept(TokenKind kind) {
  if (!At(kind)) return false;
  Advance();
  return true;
}

bool StatementParser::Accept(Keyword keyword) {
  if (!At(keyword)) return false;
  Advance();
  return true;
}

bool StatementParser::Accept(Keyword first, Keyword second) {
  if (!At(first) || !At(second, 1)) return false;
  Advance();
  Advance();
  return true;
}

bool StatementParser::AcceptWord(std::string_view text) {
  if (!AtWord(text)) return false;
  Advance();
  return true;
}

void StatementParser::Note(const char* expected) {
  if (notes_pos_ != pos_) {
    notes_pos_ = pos_;
    num_notes_ = 0;
  }
  if (num_notes_ < kMaxNotes) notes_[num_notes_++] = expected;
}

void StatementParser::Fail(std::string_view state, std::string message, int64_t position, std::string hint) {
  if (failed_) return;
  failed_ = true;
  status_ = SqlError(state, std::move(message), position, std::move(hint));
  pos_ = last_;
}

void StatementParser::FailUnsupported(std::string what, int64_t position) {
  Fail(sqlstate::kFeatureNotSupported, std::move(what) + " is not supported", position);
}

void StatementParser::FailLexer(const Token& token) {
  Fail(sqlstate::kSyntaxError, "syntax error at \"" + Shown(Text(token)) + "\": " + lexer_error_, token.begin);
}

/// A word at the error or just before it that looks like what was expected there.
std::string StatementParser::Hint() const {
  if (notes_pos_ != pos_) return {};
  for (size_t back = 0; back <= 1 && back <= pos_; ++back) {
    const Token& token = tokens_[pos_ - back];
    if (token.kind != TokenKind::kWord || token.keyword != Keyword::kNone) continue;
    std::string word(Text(token));
    std::transform(word.begin(), word.end(), word.begin(), Lower);
    for (size_t i = 0; i < num_notes_; ++i) {
      std::string keyword(notes_[i]);
      std::transform(keyword.begin(), keyword.end(), keyword.begin(), Lower);
      keyword = keyword.substr(0, keyword.find(' '));
      if (keyword.size() > 2 && keyword != notes_[i] && IsOneEditApart(word, keyword)) {
        return "Did you mean " + std::string(notes_[i]) + " instead of \"" + std::string(Text(token)) + "\"?";
      }
    }
  }
  return {};
}

void StatementParser::FailHere() {
  if (failed_) return;
  const Token& token = Peek();
  if (token.kind == TokenKind::kError) {
    FailLexer(token);
    return;
  }
  std::string message = "syntax error at ";
  message += AtEnd() ? "the end of the statement" : "\"" + Shown(Text(token)) + "\"";
  if (notes_pos_ == pos_ && num_notes_ > 0) {
    message += ": expected ";
    for (size_t i = 0; i < num_notes_; ++i) {
      if (i > 0) message += i + 1 == num_notes_ ? " or " : ", ";
      message += notes_[i];
    }
  }
  Fail(sqlstate::kSyntaxError, std::move(message), token.begin, Hint());
}

void StatementParser::CheckDepth() {
  if (depth_ + height_ <= options_.max_depth || failed_) return;
  Fail(sqlstate::kStatementTooComplex,
       "the statement nests more than " + std::to_string(options_.max_depth) + " levels deep", Begin());
}

bool StatementParser::IsName(const Token& token) const {
  if (token.kind == TokenKind::kQuotedName) return true;
  if (token.kind != TokenKind::kWord) return false;
  const WordClass word_class = ClassOf(token.keyword);
  return word_class == WordClass::kFree || word_class == WordClass::kNoBareAlias;
}

bool StatementParser::IsBareAlias(const Token& token) const {
  if (token.kind == TokenKind::kQuotedName) return true;
  return token.kind == TokenKind::kWord && ClassOf(token.keyword) == WordClass::kFree;
}

AstName StatementParser::MakeName(const Token& token) const {
  AstName name;
  name.range = {token.begin, token.end};
  name.quoted = token.kind != TokenKind::kWord;
  if (name.quoted) {
    name.text = DecodeToken(sql_, token);
    name.key = name.text;
  } else {
    name.text = Text(token);
    name.key.resize(name.text.size());
    std::transform(name.text.begin(), name.text.end(), name.key.begin(), Lower);
  }
  return name;
}

AstName StatementParser::ParseName(const char* expected) {
  const Token& token = Peek();
  if (!IsName(token)) {
    Note(expected);
    FailHere();
    return {};
  }
  Advance();
  return MakeName(token);
}

/// A name where any word will do: after AS and after a dot. There a string in single quotes is a name, too.
AstName StatementParser::ParseLabel(const char* expected) {
  const Token& token = Peek();
  if (token.kind != TokenKind::kWord && token.kind != TokenKind::kQuotedName && token.kind != TokenKind::kString) {
    Note(expected);
    FailHere();
    return {};
  }
  Advance();
  return MakeName(token);
}

AstQualifiedName StatementParser::ParseQualifiedName(const char* expected) {
  AstQualifiedName name;
  name.range.position = Begin();
  name.parts.push_back(ParseName(expected));
  while (Accept(TokenKind::kDot)) name.parts.push_back(ParseLabel("a name"));
  name.range.end = PreviousEnd();
  return name;
}

std::vector<AstName> StatementParser::ParseNameList() {
  std::vector<AstName> names;
  do {
    names.push_back(ParseName("a name"));
  } while (AcceptOr(TokenKind::kComma, "a comma"));
  return names;
}

std::vector<AstName> StatementParser::ParseParenthesizedNames() {
  Expect(TokenKind::kLeftParen, "\"(\"");
  std::vector<AstName> names = ParseNameList();
  Expect(TokenKind::kRightParen, "\")\"");
  return names;
}

bool StatementParser::AtString(size_t ahead) const {
  const TokenKind kind = Peek(ahead).kind;
  return kind == TokenKind::kString || kind == TokenKind::kEscapeString || kind == TokenKind::kDollarString;
}

std::string StatementParser::ParseString(const char* expected) {
  if (!AtString()) {
    Note(expected);
    FailHere();
    return {};
  }
  const Token& token = Peek();
  Advance();
  return DecodeToken(sql_, token);
}

int64_t StatementParser::ParseInteger(const char* expected) {
  const bool negative = Accept(TokenKind::kMinus);
  if (!At(TokenKind::kInteger)) {
    Note(expected);
    FailHere();
    return 0;
  }
  const std::string_view text = Text(Peek());
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    Fail(sqlstate::kSyntaxError, "the number " + Shown(text) + " is out of range here", Begin());
    return 0;
  }
  Advance();
  return negative ? -value : value;
}

std::vector<AstExprPtr> StatementParser::ParseExprList() {
  std::vector<AstExprPtr> list;
  do {
    list.push_back(ParseExpr());
  } while (AcceptOr(TokenKind::kComma, "a comma"));
  return list;
}

/// Skips a parenthesis that has just been opened, with all inside.
void StatementParser::SkipBalanced() {
  size_t depth = 1;
  while (!AtEnd() && depth > 0) {
    if (At(TokenKind::kLeftParen)) ++depth;
    if (At(TokenKind::kRightParen)) --depth;
    Advance();
  }
}

AstOption StatementParser::ParseOption() {
  AstOption option;
  option.range.position = Begin();
  if (At(TokenKind::kQuotedName) || At(TokenKind::kWord) || At(TokenKind::kString)) {
    option.name = MakeName(Peek()).text;
    std::transform(option.name.begin(), option.name.end(), option.name.begin(), Lower);
    Advance();
  } else {
    Note("an option's name");
    FailHere();
  }
  Accept(TokenKind::kEqual);
  if (Accept(TokenKind::kLeftParen)) {
    if (!At(TokenKind::kRightParen)) {
      do {
        option.values.push_back(ParseSettingValue());
      } while (Accept(TokenKind::kComma));
    }
    Expect(TokenKind::kRightParen, "\")\"");
  } else if (!At(TokenKind::kComma) && !At(TokenKind::kRightParen) && !AtEnd()) {
    option.values.push_back(ParseSettingValue());
  }
  option.range.end = PreviousEnd();
  return option;
}

std::vector<AstOption> StatementParser::ParseParenthesizedOptions() {
  std::vector<AstOption> options;
  Expect(TokenKind::kLeftParen, "\"(\"");
  do {
    if (At(TokenKind::kRightParen) && !options.empty()) break;
    options.push_back(ParseOption());
  } while (AcceptOr(TokenKind::kComma, "a comma"));
  Expect(TokenKind::kRightParen, "\")\"");
  return options;
}

}  // namespace llkv
