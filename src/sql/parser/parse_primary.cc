// StatementParser: what operators stand between: literals, names, parameters, CASE, CAST, parentheses.
#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "sql/parser/statement_parser.h"

namespace llkv {

AstExprPtr StatementParser::MakeLiteral(AstLiteralKind kind, std::string text, int64_t begin) {
  auto literal = Node<AstLiteral>(begin);
  literal->literal = kind;
  literal->text = std::move(text);
  return Done(std::move(literal));
}

AstExprPtr StatementParser::ParsePrimary() {
  const Token& token = Peek();
  switch (token.kind) {
    case TokenKind::kWord:
      return ParseWordPrimary();
    case TokenKind::kQuotedName:
      return ParseNameOrCall();
    case TokenKind::kString:
    case TokenKind::kEscapeString:
    case TokenKind::kDollarString:
    case TokenKind::kBlob:
    case TokenKind::kBits:
    case TokenKind::kInteger:
    case TokenKind::kDecimal:
    case TokenKind::kFloat:
      return ParseLiteral();
    case TokenKind::kQuestion:
    case TokenKind::kDollarParameter:
      return ParseParameter();
    case TokenKind::kColon:
    case TokenKind::kAt:
      return ParseNamedParameter();
    case TokenKind::kLeftParen:
      return ParseParenthesized();
    case TokenKind::kLeftBracket:
      return ParseBracketList();
    case TokenKind::kLeftBrace:
      return ParseStructLiteral();
    case TokenKind::kHash:
      FailUnsupported("a column by its position", token.begin);
      return nullptr;
    default:
      Note("an expression");
      FailHere();
      return nullptr;
  }
}

AstExprPtr StatementParser::ParseLiteral() {
  const Token& token = Peek();
  Advance();
  std::string text = DecodeToken(sql_, token);
  switch (token.kind) {
    case TokenKind::kBlob:
      return MakeLiteral(AstLiteralKind::kBlob, std::move(text), token.begin);
    case TokenKind::kBits:
      return MakeLiteral(AstLiteralKind::kBits, std::move(text), token.begin);
    case TokenKind::kInteger:
    case TokenKind::kDecimal:
    case TokenKind::kFloat: {
      text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
      const AstLiteralKind kind = token.kind == TokenKind::kInteger   ? AstLiteralKind::kInteger
                                  : token.kind == TokenKind::kDecimal ? AstLiteralKind::kDecimal
                                                                      : AstLiteralKind::kFloat;
      return MakeLiteral(kind, std::move(text), token.begin);
    }
    default:
      return MakeLiteral(AstLiteralKind::kString, std::move(text), token.begin);
  }
}

int32_t StatementParser::ParameterIndex(const std::string& name) {
  if (!name.empty()) {
    const auto found = std::find(parameter_names_.begin(), parameter_names_.end(), name);
    if (found != parameter_names_.end()) return static_cast<int32_t>(found - parameter_names_.begin()) + 1;
  }
  parameter_names_.push_back(name);
  return static_cast<int32_t>(parameter_names_.size());
}

/// ?, ?5, $5, $name.
AstExprPtr StatementParser::ParseParameter() {
  constexpr int32_t kMaxParameter = 65535;
  const Token& token = Peek();
  auto parameter = Node<AstParameter>(token.begin);
  const std::string_view text = Text(token).substr(1);
  Advance();
  if (text.empty()) {
    parameter->index = ParameterIndex({});
  } else if (text.front() >= '0' && text.front() <= '9') {
    parameter->style = AstParameterStyle::kNumbered;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parameter->index);
    if (error != std::errc() || parameter->index < 1 || parameter->index > kMaxParameter) {
      Fail(sqlstate::kSyntaxError, "a parameter's number is between 1 and 65535", token.begin);
      return nullptr;
    }
    const auto needed = static_cast<size_t>(parameter->index);
    if (parameter_names_.size() < needed) parameter_names_.resize(needed);
  } else {
    parameter->style = AstParameterStyle::kNamed;
    parameter->name = text;
    parameter->index = ParameterIndex(parameter->name);
  }
  return Done(std::move(parameter));
}

/// :name, @name; the prefix touches the name. Elsewhere @ is PostgreSQL's absolute value.
AstExprPtr StatementParser::ParseNamedParameter() {
  const Token& prefix = Peek();
  const Token& word = Peek(1);
  const bool adjacent = word.kind == TokenKind::kWord && word.begin == prefix.end;
  if (!adjacent) {
    if (prefix.kind != TokenKind::kAt) {
      Note("an expression");
      FailHere();
      return nullptr;
    }
    return ParsePrefixCall("abs");
  }
  Advance();
  Advance();
  auto parameter = Node<AstParameter>(prefix.begin);
  parameter->style = AstParameterStyle::kNamed;
  parameter->name = Text(word);
  parameter->index = ParameterIndex(parameter->name);
  return Done(std::move(parameter));
}

AstExprPtr StatementParser::ParseWordPrimary() {
  const Token& token = Peek();
  if (token.keyword != Keyword::kNone) {
    if (AstExprPtr expr = ParseKeywordPrimary(); expr != nullptr || failed()) return expr;
  }
  if (AtTypedLiteral()) return ParseTypedLiteral();
  if (AtWord("normalize") && At(TokenKind::kLeftParen, 1)) return ParseNormalize();
  if (AtWord("lambda") && Peek(1).kind == TokenKind::kWord && (At(TokenKind::kColon, 2) || At(TokenKind::kComma, 2))) {
    FailUnsupported("a lambda", token.begin);
    return nullptr;
  }
  const bool call = At(TokenKind::kLeftParen, 1) && ClassOf(token.keyword) == WordClass::kOperator;
  if (!IsName(token) && !call) {
    Note("an expression");
    FailHere();
    return nullptr;
  }
  return ParseNameOrCall();
}

/// What begins with a keyword of its own meaning; null (without an error) where the word is an ordinary name here.
AstExprPtr StatementParser::ParseKeywordPrimary() {
  const int64_t begin = Begin();
  const bool parenthesis = At(TokenKind::kLeftParen, 1);
  switch (Peek().keyword) {
    case Keyword::kNull:
      Advance();
      return MakeLiteral(AstLiteralKind::kNull, {}, begin);
    case Keyword::kTrue:
    case Keyword::kFalse: {
      auto literal = Node<AstLiteral>(begin);
      literal->literal = AstLiteralKind::kBoolean;
      literal->boolean = At(Keyword::kTrue);
      Advance();
      return Done(std::move(literal));
    }
    case Keyword::kDefault: {
      Advance();
      return Done(Node<AstDefault>(begin));
    }
    case Keyword::kCase:
      return ParseCase();
    case Keyword::kCast:
    case Keyword::kTryCast:
      return parenthesis ? ParseCast(At(Keyword::kTryCast)) : nullptr;
    case Keyword::kExists:
      return parenthesis ? ParseExists() : nullptr;
    case Keyword::kInterval:
      return ParseInterval();
    case Keyword::kArray:
      return ParseArray();
    case Keyword::kMap:
      return At(TokenKind::kLeftBrace, 1) ? ParseMapLiteral() : nullptr;
    case Keyword::kRow: {
      if (!parenthesis) return nullptr;
      auto row = Node<AstRow>(begin);
      Advance();
      Advance();
      if (!At(TokenKind::kRightParen)) row->values = ParseExprList();
      Expect(TokenKind::kRightParen, "\")\"");
      return Done(std::move(row));
    }
    case Keyword::kExtract:
      return parenthesis ? ParseExtract() : nullptr;
    case Keyword::kSubstring:
      return parenthesis ? ParseSubstring() : nullptr;
    case Keyword::kPosition:
      return parenthesis ? ParsePosition() : nullptr;
    case Keyword::kTrim:
      return parenthesis ? ParseTrim() : nullptr;
    case Keyword::kOverlay:
      return parenthesis ? ParseOverlay() : nullptr;
    case Keyword::kCurrentDate:
    case Keyword::kCurrentTime:
    case Keyword::kCurrentTimestamp:
    case Keyword::kLocaltime:
    case Keyword::kLocaltimestamp:
    case Keyword::kCurrentUser:
    case Keyword::kSessionUser:
    case Keyword::kCurrentRole:
    case Keyword::kCurrentSchema:
    case Keyword::kCurrentCatalog: {
      if (parenthesis || At(TokenKind::kDot, 1)) return nullptr;
      auto call = MakeCall(KeywordText(Peek().keyword), begin, Peek());
      call->without_parentheses = true;
      Advance();
      return Done(std::move(call));
    }
    default:
      return nullptr;
  }
}

/// A type's name before a string: DATE '…'. In SQLite's dialect only types of time, as a string may be an alias there.
bool StatementParser::AtTypedLiteral() const {
  const Token& token = Peek();
  if (!IsName(token) || token.kind != TokenKind::kWord) return false;
  const bool time = At(Keyword::kTimestamp) || At(Keyword::kTime);
  if (time && (At(Keyword::kWith, 1) || At(Keyword::kWithout, 1)) && At(Keyword::kTime, 2) && At(Keyword::kZone, 3)) {
    return AtString(4);
  }
  if (At(Keyword::kPrecision, 1) && AtWord("double")) return AtString(2);
  if (At(Keyword::kVarying, 1) && (AtWord("character") || AtWord("char"))) return AtString(2);
  if (!AtString(1)) return false;
  return !sqlite() || time || At(Keyword::kDate);
}

/// (12) or (12, 2) and a string: what was read is a type, DECIMAL(12, 2) '1.5'.
bool StatementParser::AtTypeArgumentsAndString() const {
  if (!At(TokenKind::kInteger, 1) || sqlite()) return false;
  if (At(TokenKind::kRightParen, 2)) return AtString(3);
  return At(TokenKind::kComma, 2) && At(TokenKind::kInteger, 3) && At(TokenKind::kRightParen, 4) && AtString(5);
}

AstExprPtr StatementParser::ParseTypedLiteral() {
  auto literal = Node<AstTypedLiteral>(Begin());
  literal->type = ParseType();
  literal->text = ParseString("a string");
  return Done(std::move(literal));
}

/// A column with its qualifiers, t.*, or a function's call.
AstExprPtr StatementParser::ParseNameOrCall() {
  const int64_t begin = Begin();
  const size_t first = pos_;
  AstQualifiedName name;
  name.parts.push_back(MakeName(Peek()));
  Advance();
  while (At(TokenKind::kDot)) {
    Advance();
    if (Accept(TokenKind::kStar)) {
      auto star = Node<AstStar>(begin);
      star->qualifier = std::move(name.parts);
      return Done(std::move(star));
    }
    name.parts.push_back(ParseLabel("a name"));
  }
  name.range = {begin, PreviousEnd()};
  if (At(TokenKind::kLeftParen)) {
    if (!name.parts.front().quoted && AtTypeArgumentsAndString()) {
      pos_ = first;
      return ParseTypedLiteral();
    }
    return ParseCall(std::move(name));
  }
  auto column = Node<AstColumnRef>(begin);
  column->parts = std::move(name.parts);
  return Done(std::move(column));
}

AstExprPtr StatementParser::ParseSubqueryExpr(int64_t begin) {
  auto subquery = Node<AstSubquery>(begin);
  subquery->query = ParseQuery();
  Expect(TokenKind::kRightParen, "\")\"");
  return Done(std::move(subquery));
}

/// A parenthesized expression, a row, or a query; the query may begin with a parenthesis of its own.
AstExprPtr StatementParser::ParseParenthesized() {
  const int64_t begin = Begin();
  Advance();
  if (AtQueryStart()) return ParseSubqueryExpr(begin);
  if (Accept(TokenKind::kRightParen)) return Done(Node<AstRow>(begin));
  AstExprPtr first = ParseExpr();
  if (failed()) return first;
  if (first->Is<AstSubquery>() && !first->As<AstSubquery>().as_array && AtQueryContinuation()) {
    auto subquery = Node<AstSubquery>(begin);
    subquery->query = ContinueQuery(std::move(first->As<AstSubquery>().query));
    Expect(TokenKind::kRightParen, "\")\"");
    return Done(std::move(subquery));
  }
  if (!At(TokenKind::kComma)) {
    Note("an operator");
    Expect(TokenKind::kRightParen, "\")\"");
    return first;
  }
  auto row = Node<AstRow>(begin);
  row->values.push_back(std::move(first));
  while (Accept(TokenKind::kComma)) {
    if (At(TokenKind::kRightParen)) break;
    row->values.push_back(ParseExpr());
  }
  Expect(TokenKind::kRightParen, "\")\"");
  return Done(std::move(row));
}

AstExprPtr StatementParser::ParseCase() {
  auto node = Node<AstCase>(Begin());
  Advance();
  if (!At(Keyword::kWhen)) node->operand = ParseExpr();
  do {
    AstCaseBranch branch;
    Expect(Keyword::kWhen, "WHEN");
    branch.when = ParseExpr();
    Expect(Keyword::kThen, "THEN");
    branch.then = ParseExpr();
    node->branches.push_back(std::move(branch));
  } while (!failed() && At(Keyword::kWhen));
  Note("WHEN");
  if (AcceptOr(Keyword::kElse, "ELSE")) node->otherwise = ParseExpr();
  Expect(Keyword::kEnd, "END");
  return Done(std::move(node));
}

AstExprPtr StatementParser::ParseCast(bool is_try) {
  auto cast = Node<AstCast>(Begin());
  Advance();
  Advance();
  cast->is_try = is_try;
  cast->operand = ParseExpr();
  Expect(Keyword::kAs, "AS");
  cast->type = ParseType();
  Expect(TokenKind::kRightParen, "\")\"");
  return Done(std::move(cast));
}

AstExprPtr StatementParser::ParseExists() {
  auto exists = Node<AstExists>(Begin());
  Advance();
  Advance();
  exists->query = ParseQuery();
  Expect(TokenKind::kRightParen, "\")\"");
  return Done(std::move(exists));
}

bool StatementParser::AtIntervalUnit(size_t ahead) const {
  static constexpr std::string_view kUnits[] = {
      "year",      "years",       "month",        "months",      "day",         "days",  "hour",    "hours",
      "minute",    "minutes",     "second",       "seconds",     "week",        "weeks", "quarter", "decade",
      "decades",   "century",     "centuries",    "quarters",    "millennium",  "ms",    "us",      "millenniums",
      "millennia", "millisecond", "milliseconds", "microsecond", "microseconds"};
  if (Peek(ahead).kind != TokenKind::kWord) return false;
  return std::any_of(std::begin(kUnits), std::end(kUnits), [&](std::string_view unit) { return AtWord(unit, ahead); });
}

/// A unit in the singular, or a range of two: "year to month".
std::string StatementParser::ParseIntervalUnit() {
  const auto one = [&] {
    std::string unit = MakeName(Peek()).key;
    Advance();
    if (unit == "centuries") return std::string("century");
    if (unit == "millennia") return std::string("millennium");
    if (unit == "ms") return std::string("millisecond");
    if (unit == "us") return std::string("microsecond");
    if (unit.back() == 's') unit.pop_back();
    return unit;
  };
  std::string unit = one();
  if (At(TokenKind::kLeftParen)) FailUnsupported("an interval unit with a precision", Begin());
  if (At(Keyword::kTo) && AtIntervalUnit(1)) {
    Advance();
    unit += " to " + one();
  }
  return unit;
}

/// Null (without an error) where INTERVAL is a name here.
AstExprPtr StatementParser::ParseInterval() {
  const bool literal = AtString(1) || At(TokenKind::kInteger, 1) || At(TokenKind::kDecimal, 1);
  const bool parameter = (At(TokenKind::kQuestion, 1) || At(TokenKind::kDollarParameter, 1)) && AtIntervalUnit(2);
  const bool column = IsName(Peek(1)) && AtIntervalUnit(2);
  const bool parenthesis = At(TokenKind::kLeftParen, 1);
  if (!literal && !parameter && !parenthesis && !column) return nullptr;
  auto interval = Node<AstIntervalLiteral>(Begin());
  Advance();
  const bool string = AtString();
  interval->value = ParsePrimary();
  if (AtIntervalUnit()) {
    interval->unit = ParseIntervalUnit();
  } else if (!string) {
    Note("an interval's unit");
    FailHere();
  }
  return Done(std::move(interval));
}

/// ARRAY[…], ARRAY(SELECT …).
AstExprPtr StatementParser::ParseArray() {
  const int64_t begin = Begin();
  if (At(TokenKind::kLeftBracket, 1)) {
    Advance();
    AstExprPtr list = ParseBracketList();
    if (!failed()) list->range.position = list->position = begin;
    return list;
  }
  if (!At(TokenKind::kLeftParen, 1)) return nullptr;
  Advance();
  Advance();
  AstExprPtr subquery = ParseSubqueryExpr(begin);
  subquery->As<AstSubquery>().as_array = true;
  return subquery;
}

AstExprPtr StatementParser::ParseBracketList() {
  auto list = Node<AstList>(Begin());
  Advance();
  while (!At(TokenKind::kRightBracket) && !failed()) {
    list->values.push_back(ParseExpr());
    if (At(Keyword::kFor)) FailUnsupported("a list comprehension", Begin());
    if (!AcceptOr(TokenKind::kComma, "a comma")) break;
  }
  Expect(TokenKind::kRightBracket, "\"]\"");
  return Done(std::move(list));
}

/// {'a': 1, b: 2}.
AstExprPtr StatementParser::ParseStructLiteral() {
  auto literal = Node<AstStruct>(Begin());
  Advance();
  while (!At(TokenKind::kRightBrace) && !failed()) {
    literal->names.push_back(ParseLabel("a field's name"));
    Expect(TokenKind::kColon, "\":\"");
    literal->values.push_back(ParseExpr());
    if (!AcceptOr(TokenKind::kComma, "a comma")) break;
  }
  Expect(TokenKind::kRightBrace, "\"}\"");
  return Done(std::move(literal));
}

/// MAP {k: v, …}.
AstExprPtr StatementParser::ParseMapLiteral() {
  auto literal = Node<AstStruct>(Begin());
  literal->is_map = true;
  Advance();
  Advance();
  while (!At(TokenKind::kRightBrace) && !failed()) {
    literal->keys.push_back(ParseExpr());
    Expect(TokenKind::kColon, "\":\"");
    literal->values.push_back(ParseExpr());
    if (!AcceptOr(TokenKind::kComma, "a comma")) break;
  }
  Expect(TokenKind::kRightBrace, "\"}\"");
  return Done(std::move(literal));
}

}  // namespace llkv
