// StatementParser: operators of expressions, by precedence climbing. A level is a number; an operator binds tighter the
// higher it is. PostgreSQL and SQLite order some of them differently.
#include <utility>

#include "sql/parser/statement_parser.h"

namespace llkv {

namespace {

constexpr int kOrLevel = 10;
constexpr int kAndLevel = 20;
constexpr int kNotLevel = 30;
constexpr int kIsLevel = 40;
constexpr int kComparisonLevel = 50;
constexpr int kMembershipLevel = 60;
constexpr int kOtherLevel = 70;
constexpr int kAdditiveLevel = 80;
constexpr int kMultiplicativeLevel = 90;
constexpr int kPowerLevel = 100;
constexpr int kAtTimeZoneLevel = 110;
constexpr int kCollateLevel = 120;
constexpr int kUnaryLevel = 130;
constexpr int kPostfixLevel = 150;

struct Infix {
  AstBinaryOp op = AstBinaryOp::kAdd;
  /// 0: not an infix operator.
  int level = 0;
  int sqlite_level = 0;
};

Infix InfixOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kEqual:
      return {AstBinaryOp::kEqual, kComparisonLevel, kIsLevel};
    case TokenKind::kNotEqual:
      return {AstBinaryOp::kNotEqual, kComparisonLevel, kIsLevel};
    case TokenKind::kLess:
      return {AstBinaryOp::kLess, kComparisonLevel, kComparisonLevel};
    case TokenKind::kLessEqual:
      return {AstBinaryOp::kLessEqual, kComparisonLevel, kComparisonLevel};
    case TokenKind::kGreater:
      return {AstBinaryOp::kGreater, kComparisonLevel, kComparisonLevel};
    case TokenKind::kGreaterEqual:
      return {AstBinaryOp::kGreaterEqual, kComparisonLevel, kComparisonLevel};
    case TokenKind::kPlus:
      return {AstBinaryOp::kAdd, kAdditiveLevel, kAdditiveLevel};
    case TokenKind::kMinus:
      return {AstBinaryOp::kSubtract, kAdditiveLevel, kAdditiveLevel};
    case TokenKind::kStar:
      return {AstBinaryOp::kMultiply, kMultiplicativeLevel, kMultiplicativeLevel};
    case TokenKind::kSlash:
      return {AstBinaryOp::kDivide, kMultiplicativeLevel, kMultiplicativeLevel};
    case TokenKind::kDoubleSlash:
      return {AstBinaryOp::kIntegerDivide, kMultiplicativeLevel, kMultiplicativeLevel};
    case TokenKind::kPercent:
      return {AstBinaryOp::kModulo, kMultiplicativeLevel, kMultiplicativeLevel};
    case TokenKind::kCaret:
    case TokenKind::kDoubleStar:
      return {AstBinaryOp::kPower, kPowerLevel, kPowerLevel};
    case TokenKind::kConcat:
      return {AstBinaryOp::kConcat, kOtherLevel, kPowerLevel};
    case TokenKind::kAmpersand:
      return {AstBinaryOp::kBitAnd, kOtherLevel, kOtherLevel};
    case TokenKind::kPipe:
      return {AstBinaryOp::kBitOr, kOtherLevel, kOtherLevel};
    case TokenKind::kHash:
      return {AstBinaryOp::kBitXor, kOtherLevel, kOtherLevel};
    case TokenKind::kShiftLeft:
      return {AstBinaryOp::kShiftLeft, kOtherLevel, kOtherLevel};
    case TokenKind::kShiftRight:
      return {AstBinaryOp::kShiftRight, kOtherLevel, kOtherLevel};
    case TokenKind::kArrow:
      return {AstBinaryOp::kArrow, kOtherLevel, kPowerLevel};
    case TokenKind::kArrowText:
      return {AstBinaryOp::kArrowText, kOtherLevel, kPowerLevel};
    case TokenKind::kTilde:
      return {AstBinaryOp::kRegexMatch, kOtherLevel, 0};
    case TokenKind::kTildeStar:
      return {AstBinaryOp::kRegexMatchCaseless, kOtherLevel, 0};
    case TokenKind::kNotTilde:
      return {AstBinaryOp::kRegexNotMatch, kOtherLevel, 0};
    case TokenKind::kNotTildeStar:
      return {AstBinaryOp::kRegexNotMatchCaseless, kOtherLevel, 0};
    case TokenKind::kContains:
      return {AstBinaryOp::kContains, kOtherLevel, 0};
    case TokenKind::kContainedBy:
      return {AstBinaryOp::kContainedBy, kOtherLevel, 0};
    case TokenKind::kOverlaps:
      return {AstBinaryOp::kOverlaps, kOtherLevel, 0};
    case TokenKind::kStartsWith:
      return {AstBinaryOp::kStartsWith, kOtherLevel, 0};
    default:
      return {};
  }
}

}  // namespace

AstExprPtr StatementParser::ParseExpr(int min_level) {
  Nesting nesting(this);
  if (failed()) return nullptr;
  AstExprPtr left = ParsePrefix();
  while (!failed() && ParseInfix(&left, min_level)) {
  }
  return left;
}

/// |/ x, ||/ x and @ x are calls.
AstExprPtr StatementParser::ParsePrefixCall(std::string_view function) {
  auto call = MakeCall(function, Begin(), Peek());
  Advance();
  call->arguments.push_back(ParseExpr(kOtherLevel));
  Wrap();
  return Done(std::move(call));
}

AstExprPtr StatementParser::ParsePrefix() {
  AstUnaryOp op = AstUnaryOp::kPlus;
  int level = kUnaryLevel;
  switch (Peek().kind) {
    case TokenKind::kMinus:
      op = AstUnaryOp::kMinus;
      break;
    case TokenKind::kPlus:
      break;
    case TokenKind::kTilde:
      op = AstUnaryOp::kBitNot;
      if (!sqlite()) level = kOtherLevel;
      break;
    case TokenKind::kSquareRoot:
      return ParsePrefixCall("sqrt");
    case TokenKind::kCubeRoot:
      return ParsePrefixCall("cbrt");
    default:
      if (!At(Keyword::kNot)) return ParsePrimary();
      op = AstUnaryOp::kNot;
      level = kNotLevel;
  }
  auto unary = Node<AstUnary>(Begin());
  unary->op = op;
  Advance();
  unary->operand = ParseExpr(level);
  Wrap();
  return Done(std::move(unary));
}

/// Takes one infix or postfix operator that binds tighter than `min_level` and puts it around *left; false where there
/// is none.
bool StatementParser::ParseInfix(AstExprPtr* left, int min_level) {
  const Token& token = Peek();
  if (token.kind == TokenKind::kEnd || token.kind == TokenKind::kComma || token.kind == TokenKind::kRightParen) {
    return false;
  }
  if (token.kind == TokenKind::kWord) {
    if (token.keyword == Keyword::kNone) return ParseOverlaps(left, min_level);
    return ParseKeywordInfix(left, min_level);
  }
  return ParsePostfix(left, min_level) || ParseOperatorInfix(left, min_level);
}

/// (a, b) OVERLAPS (c, d), as overlaps(a, b, c, d).
bool StatementParser::ParseOverlaps(AstExprPtr* left, int min_level) {
  if (kOtherLevel <= min_level || !AtWord("overlaps") || !At(TokenKind::kLeftParen, 1) || !(*left)->Is<AstRow>()) {
    return false;
  }
  auto call = MakeCall("overlaps", (*left)->range.position, Peek());
  call->position = Begin();
  Advance();
  AstExprPtr right = ParseExpr(kOtherLevel);
  if (failed()) return true;
  AstRow* const sides[] = {&(*left)->As<AstRow>(), right->Is<AstRow>() ? &right->As<AstRow>() : nullptr};
  for (AstRow* side : sides) {
    if (side == nullptr || side->values.size() != 2) {
      Fail("42601", "OVERLAPS takes two pairs of values", call->position);
      return true;
    }
    for (AstExprPtr& value : side->values) call->arguments.push_back(std::move(value));
  }
  Wrap();
  *left = Done(std::move(call));
  return true;
}

/// LIMIT 10%: the sign is no operator where nothing that it could apply to follows.
bool StatementParser::PercentEndsLimit() const {
  return At(TokenKind::kEnd, 1) || At(TokenKind::kRightParen, 1) || At(Keyword::kOffset, 1);
}

bool StatementParser::ParseOperatorInfix(AstExprPtr* left, int min_level) {
  const Token& token = Peek();
  struct LikeOperator {
    TokenKind kind;
    AstLikeOp op;
    bool negated;
  };
  static constexpr LikeOperator kLikes[] = {
      {TokenKind::kLikeOperator, AstLikeOp::kLike, false},
      {TokenKind::kILikeOperator, AstLikeOp::kILike, false},
      {TokenKind::kNotLikeOperator, AstLikeOp::kLike, true},
      {TokenKind::kNotILikeOperator, AstLikeOp::kILike, true},
  };
  if (token.kind >= TokenKind::kLikeOperator && token.kind <= TokenKind::kNotILikeOperator) {
    if (kOtherLevel <= min_level) return false;
    Advance();
    for (const LikeOperator& like : kLikes) {
      if (like.kind == token.kind) ParseLike(left, like.op, like.negated, token.begin, kOtherLevel);
    }
    return true;
  }
  const Infix infix = InfixOf(token.kind);
  const int level = sqlite() ? infix.sqlite_level : infix.level;
  if (level == 0 || level <= min_level) return false;
  if (token.kind == TokenKind::kPercent && PercentEndsLimit()) return false;
  const int64_t position = token.begin;
  Advance();
  if (ParseQuantified(left, infix.op, position)) return true;
  auto binary = Node<AstBinary>((*left)->range.position);
  binary->position = position;
  binary->op = infix.op;
  binary->left = std::move(*left);
  binary->right = ParseExpr(level);
  Wrap();
  *left = Done(std::move(binary));
  return true;
}

/// ANY (…), SOME (…) or ALL (…) behind an operator.
bool StatementParser::ParseQuantified(AstExprPtr* left, AstBinaryOp op, int64_t position) {
  if (!At(Keyword::kAny) && !At(Keyword::kSome) && !At(Keyword::kAll)) return false;
  auto quantified = Node<AstQuantified>((*left)->range.position);
  quantified->position = position;
  quantified->op = op;
  quantified->all = At(Keyword::kAll);
  quantified->operand = std::move(*left);
  Advance();
  Expect(TokenKind::kLeftParen, "\"(\"");
  if (AtQueryStart()) {
    quantified->query = ParseQuery();
  } else {
    quantified->list = ParseExpr();
  }
  Expect(TokenKind::kRightParen, "\")\"");
  Wrap();
  *left = Done(std::move(quantified));
  return true;
}

bool StatementParser::ParseKeywordInfix(AstExprPtr* left, int min_level) {
  const int64_t position = Begin();
  const auto take = [&](int level) {
    if (level <= min_level) return false;
    Advance();
    return true;
  };
  switch (Peek().keyword) {
    case Keyword::kAnd:
      if (!take(kAndLevel)) return false;
      ParseLogical(left, true, kAndLevel);
      return true;
    case Keyword::kOr:
      if (!take(kOrLevel)) return false;
      ParseLogical(left, false, kOrLevel);
      return true;
    case Keyword::kIs:
      if (!take(kIsLevel)) return false;
      ParseIs(left, kIsLevel);
      return true;
    case Keyword::kIsnull:
    case Keyword::kNotnull: {
      const bool negated = At(Keyword::kNotnull);
      if (!take(kIsLevel)) return false;
      MakeIs(left, AstIsTest::kNull, negated, position);
      return true;
    }
    case Keyword::kCollate: {
      if (!take(kCollateLevel)) return false;
      auto collate = Node<AstCollate>((*left)->range.position);
      collate->position = position;
      collate->operand = std::move(*left);
      collate->collation = ParseQualifiedName("a collation");
      Wrap();
      *left = Done(std::move(collate));
      return true;
    }
    case Keyword::kAt: {
      if (At(Keyword::kLocal, 1) && take(kAtTimeZoneLevel)) {
        auto local = MakeCall("timezone", (*left)->range.position, Peek());
        local->position = position;
        local->arguments.push_back(std::move(*left));
        Advance();
        Wrap();
        *left = Done(std::move(local));
        return true;
      }
      if (!At(Keyword::kTime, 1) || !At(Keyword::kZone, 2) || !take(kAtTimeZoneLevel)) return false;
      Advance();
      Advance();
      auto zone = Node<AstAtTimeZone>((*left)->range.position);
      zone->position = position;
      zone->operand = std::move(*left);
      zone->zone = ParseExpr(kAtTimeZoneLevel);
      Wrap();
      *left = Done(std::move(zone));
      return true;
    }
    default:
      break;
  }
  return ParseMembership(left, min_level);
}

/// [NOT] IN, BETWEEN, LIKE and its kin, and SQLite's NOT NULL.
bool StatementParser::ParseMembership(AstExprPtr* left, int min_level) {
  struct LikeWord {
    Keyword keyword;
    AstLikeOp op;
  };
  static constexpr LikeWord kLikes[] = {
      {Keyword::kLike, AstLikeOp::kLike},   {Keyword::kIlike, AstLikeOp::kILike},
      {Keyword::kGlob, AstLikeOp::kGlob},   {Keyword::kRegexp, AstLikeOp::kRegexp},
      {Keyword::kMatch, AstLikeOp::kMatch}, {Keyword::kSimilar, AstLikeOp::kSimilarTo},
  };
  const int level = sqlite() ? kIsLevel : kMembershipLevel;
  if (level <= min_level) return false;
  const int64_t position = Begin();
  const bool negated = At(Keyword::kNot);
  const Keyword word = Peek(negated ? 1 : 0).keyword;
  const auto take = [&] {
    if (negated) Advance();
    Advance();
  };
  if (word == Keyword::kNull && negated) {
    take();
    MakeIs(left, AstIsTest::kNull, true, position);
    return true;
  }
  if (word == Keyword::kIn) {
    take();
    ParseIn(left, negated, position);
    return true;
  }
  if (word == Keyword::kBetween) {
    take();
    ParseBetween(left, negated, position, level);
    return true;
  }
  for (const LikeWord& like : kLikes) {
    if (word != like.keyword) continue;
    // In SUBSTRING(x SIMILAR …) it is no operator.
    if (word == Keyword::kSimilar && !At(Keyword::kTo, negated ? 2 : 1)) return false;
    take();
    if (word == Keyword::kSimilar) Expect(Keyword::kTo, "TO");
    ParseLike(left, like.op, negated, position, level);
    return true;
  }
  return false;
}

void StatementParser::ParseLogical(AstExprPtr* left, bool is_and, int level) {
  const int64_t begin = (*left)->range.position;
  if ((*left)->Is<AstLogical>() && (*left)->As<AstLogical>().is_and == is_and) {
    AstLogical& logical = (*left)->As<AstLogical>();
    logical.operands.push_back(ParseExpr(level));
    logical.range.end = PreviousEnd();
    return;
  }
  auto logical = Node<AstLogical>(begin);
  logical->is_and = is_and;
  logical->operands.push_back(std::move(*left));
  logical->operands.push_back(ParseExpr(level));
  Wrap();
  *left = Done(std::move(logical));
}

void StatementParser::MakeIs(AstExprPtr* left, AstIsTest test, bool negated, int64_t position) {
  auto is = Node<AstIs>((*left)->range.position);
  is->position = position;
  is->test = test;
  is->negated = negated;
  is->operand = std::move(*left);
  Wrap();
  *left = Done(std::move(is));
}

bool StatementParser::AtNormalForm() const {
  return AtWord("nfc") || AtWord("nfd") || AtWord("nfkc") || AtWord("nfkd");
}

/// [NFC | NFD | NFKC | NFKD] NORMALIZED behind IS [NOT]; false where something else stands there.
bool StatementParser::ParseIsNormalized(AstExprPtr* left, bool negated, int64_t position) {
  const bool form = AtNormalForm();
  if (!AtWord("normalized", form ? 1 : 0)) return false;
  auto call = MakeCall("is_normalized", (*left)->range.position, Peek());
  call->arguments.push_back(std::move(*left));
  if (form) {
    call->arguments.push_back(MakeLiteral(AstLiteralKind::kString, MakeName(Peek()).key, Begin()));
    Advance();
  }
  Advance();
  Wrap();
  *left = Done(std::move(call));
  if (!negated) return true;
  auto unary = Node<AstUnary>(position);
  unary->op = AstUnaryOp::kNot;
  unary->operand = std::move(*left);
  Wrap();
  *left = Done(std::move(unary));
  return true;
}

/// Behind IS: a test, DISTINCT FROM, or SQLite's comparison with any expression.
void StatementParser::ParseIs(AstExprPtr* left, int level) {
  const int64_t position = PreviousEnd() - 2;
  const bool negated = Accept(Keyword::kNot);
  if (AcceptOr(Keyword::kNull, "NULL")) return MakeIs(left, AstIsTest::kNull, negated, position);
  if (AcceptOr(Keyword::kTrue, "TRUE")) return MakeIs(left, AstIsTest::kTrue, negated, position);
  if (AcceptOr(Keyword::kFalse, "FALSE")) return MakeIs(left, AstIsTest::kFalse, negated, position);
  if (AcceptOr(Keyword::kUnknown, "UNKNOWN")) return MakeIs(left, AstIsTest::kUnknown, negated, position);
  if (!sqlite() && ParseIsNormalized(left, negated, position)) return;
  const bool distinct = AcceptOr(Keyword::kDistinct, "DISTINCT FROM");
  if (distinct) Expect(Keyword::kFrom, "FROM");
  if (!distinct && !sqlite()) return FailHere();
  auto binary = Node<AstBinary>((*left)->range.position);
  binary->position = position;
  binary->op = distinct == negated ? AstBinaryOp::kIsNotDistinctFrom : AstBinaryOp::kIsDistinctFrom;
  binary->left = std::move(*left);
  binary->right = ParseExpr(level);
  Wrap();
  *left = Done(std::move(binary));
}

/// Behind IN: a list, a query or a table's name.
void StatementParser::ParseIn(AstExprPtr* left, bool negated, int64_t position) {
  const int64_t begin = (*left)->range.position;
  AstQueryPtr query;
  std::vector<AstExprPtr> values;
  if (At(TokenKind::kLeftParen)) {
    Advance();
    if (AtQueryStart()) {
      query = ParseQuery();
    } else if (!At(TokenKind::kRightParen)) {
      values = ParseExprList();
      AstSubquery* only =
          values.size() == 1 && !failed() && values[0]->Is<AstSubquery>() ? &values[0]->As<AstSubquery>() : nullptr;
      if (only != nullptr && !only->as_array && (!sqlite() || AtQueryContinuation())) {
        query = ContinueQuery(std::move(only->query));
      }
    }
    Expect(TokenKind::kRightParen, "\")\"");
  } else if (IsName(Peek())) {
    auto table = std::make_unique<AstTableRef>();
    table->range.position = Begin();
    table->name = ParseQualifiedName("a table");
    table->range.end = PreviousEnd();
    query = SelectStarFrom(std::move(table));
  } else if (At(TokenKind::kLeftBracket) || At(TokenKind::kDollarParameter) || At(TokenKind::kQuestion)) {
    FailUnsupported("IN with a list value", Begin());
  } else {
    Note("a list or a query in parentheses");
    FailHere();
  }
  Wrap();
  if (query != nullptr) {
    auto in = Node<AstInSubquery>(begin);
    in->position = position;
    in->negated = negated;
    in->operand = std::move(*left);
    in->query = std::move(query);
    *left = Done(std::move(in));
    return;
  }
  auto in = Node<AstInList>(begin);
  in->position = position;
  in->negated = negated;
  in->operand = std::move(*left);
  in->values = std::move(values);
  *left = Done(std::move(in));
}

void StatementParser::ParseBetween(AstExprPtr* left, bool negated, int64_t position, int level) {
  auto between = Node<AstBetween>((*left)->range.position);
  between->position = position;
  between->negated = negated;
  between->operand = std::move(*left);
  between->symmetric = Accept(Keyword::kSymmetric);
  if (!between->symmetric) Accept(Keyword::kAsymmetric);
  between->low = ParseExpr(kAndLevel);
  Expect(Keyword::kAnd, "AND");
  between->high = ParseExpr(level);
  Wrap();
  *left = Done(std::move(between));
}

void StatementParser::ParseLike(AstExprPtr* left, AstLikeOp op, bool negated, int64_t position, int level) {
  if (At(Keyword::kAny) || At(Keyword::kAll) || At(Keyword::kSome)) {
    return FailUnsupported("LIKE with ANY or ALL", Begin());
  }
  auto like = Node<AstLike>((*left)->range.position);
  like->position = position;
  like->op = op;
  like->negated = negated;
  like->operand = std::move(*left);
  like->pattern = ParseExpr(level);
  if (Accept(Keyword::kEscape)) like->escape = ParseExpr(level);
  Wrap();
  *left = Done(std::move(like));
}

/// ::type, [i], .field.
bool StatementParser::ParsePostfix(AstExprPtr* left, int min_level) {
  const TokenKind kind = Peek().kind;
  if (kPostfixLevel <= min_level) return false;
  if (kind == TokenKind::kDoubleColon) {
    auto cast = Node<AstCast>((*left)->range.position);
    cast->position = Begin();
    Advance();
    cast->operand = std::move(*left);
    cast->type = ParseType();
    Wrap();
    *left = Done(std::move(cast));
    return true;
  }
  if (kind == TokenKind::kLeftBracket) {
    ParseSubscript(left);
    return true;
  }
  if (kind == TokenKind::kDot) {
    auto access = Node<AstFieldAccess>((*left)->range.position);
    access->position = Begin();
    Advance();
    access->operand = std::move(*left);
    access->field = ParseLabel("a field");
    if (At(TokenKind::kLeftParen)) FailUnsupported("calling a function with a dot", access->position);
    Wrap();
    *left = Done(std::move(access));
    return true;
  }
  return false;
}

void StatementParser::ParseSubscript(AstExprPtr* left) {
  auto subscript = Node<AstSubscript>((*left)->range.position);
  subscript->position = Begin();
  Advance();
  subscript->operand = std::move(*left);
  if (!At(TokenKind::kColon)) subscript->low = ParseExpr();
  if (Accept(TokenKind::kColon)) {
    subscript->is_slice = true;
    if (At(TokenKind::kMinus) && At(TokenKind::kColon, 1)) Advance();
    if (!At(TokenKind::kRightBracket) && !At(TokenKind::kColon)) subscript->high = ParseExpr();
    if (Accept(TokenKind::kColon)) subscript->step = ParseExpr();
  }
  Expect(TokenKind::kRightBracket, "\"]\"");
  Wrap();
  *left = Done(std::move(subscript));
}

}  // namespace llkv
