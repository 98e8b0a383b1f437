// StatementParser: calls of functions, with the forms that SQL gives a grammar of their own, and windows.
#include <utility>

#include "base/error.h"
#include "sql/parser/statement_parser.h"

namespace llkv {

/// A call without arguments yet, of a function that the text names otherwise; its name stands where `name_token` does.
std::unique_ptr<AstFunction> StatementParser::MakeCall(std::string_view name, int64_t begin, const Token& name_token) {
  auto call = Node<AstFunction>(begin);
  AstName part;
  part.text = name;
  part.key = name;
  part.range = {name_token.begin, name_token.end};
  call->name.range = part.range;
  call->name.parts.push_back(std::move(part));
  return call;
}

AstExprPtr StatementParser::ParseCall(AstQualifiedName name) {
  auto call = Node<AstFunction>(name.range.position);
  call->name = std::move(name);
  Expect(TokenKind::kLeftParen, "\"(\"");
  if (!At(TokenKind::kRightParen)) ParseCallArguments(call.get());
  Expect(TokenKind::kRightParen, "\")\"");
  ParseCallSuffix(call.get());
  return Done(std::move(call));
}

void StatementParser::ParseCallArguments(AstFunction* call) {
  call->distinct = Accept(Keyword::kDistinct);
  if (!call->distinct) Accept(Keyword::kAll);
  if (At(TokenKind::kStar) && AtWord("columns", 1)) FailUnsupported("*COLUMNS(...)", Begin());
  bool named = false;
  while (!At(Keyword::kOrder) || !At(Keyword::kBy, 1)) {
    AstName argument_name;
    if (At(TokenKind::kWord) && (At(TokenKind::kColonEquals, 1) || At(TokenKind::kFatArrow, 1))) {
      argument_name = MakeName(Peek());
      Advance();
      Advance();
      named = true;
    }
    call->argument_names.push_back(std::move(argument_name));
    if (At(TokenKind::kStar)) {
      auto star = Node<AstStar>(Begin());
      Advance();
      RefuseStarOptions();
      call->arguments.push_back(Done(std::move(star)));
    } else {
      call->arguments.push_back(AtQueryStart() ? nullptr : ParseExpr());
      if (call->arguments.back() == nullptr) {
        Note("an expression");
        FailHere();
      }
    }
    if (!AcceptOr(TokenKind::kComma, "a comma")) break;
  }
  if (!named) call->argument_names.clear();
  if (Accept(Keyword::kOrder, Keyword::kBy)) call->order_by = ParseOrderList();
  if (Accept(Keyword::kIgnore, Keyword::kNulls)) call->ignore_nulls = true;
  Accept(Keyword::kRespect, Keyword::kNulls);
}

void StatementParser::ParseCallSuffix(AstFunction* call) {
  if (Accept(Keyword::kWithin, Keyword::kGroup)) {
    call->within_group = true;
    Expect(TokenKind::kLeftParen, "\"(\"");
    Expect(Keyword::kOrder, "ORDER BY");
    Expect(Keyword::kBy, "BY");
    call->order_by = ParseOrderList();
    Expect(TokenKind::kRightParen, "\")\"");
  }
  if (At(Keyword::kFilter) && At(TokenKind::kLeftParen, 1)) {
    Advance();
    Advance();
    Accept(Keyword::kWhere);
    call->filter = ParseExpr();
    Expect(TokenKind::kRightParen, "\")\"");
  }
  // Without OVER these words belong to a call around this one: first_value(abs(x) IGNORE NULLS).
  if (At(Keyword::kOver, 2)) {
    if (Accept(Keyword::kIgnore, Keyword::kNulls)) call->ignore_nulls = true;
    Accept(Keyword::kRespect, Keyword::kNulls);
  }
  if (AtWord("export_state")) FailUnsupported("EXPORT_STATE", Begin());
  if (!At(Keyword::kOver) || (!At(TokenKind::kLeftParen, 1) && !IsName(Peek(1)))) return;
  Advance();
  call->over = std::make_unique<AstWindow>();
  if (At(TokenKind::kLeftParen)) {
    *call->over = ParseWindowSpecification();
    return;
  }
  call->over->is_reference = true;
  call->over->range.position = Begin();
  call->over->base = ParseName("a window's name");
  call->over->range.end = PreviousEnd();
}

AstWindow StatementParser::ParseWindowSpecification() {
  Nesting nesting(this);
  AstWindow window;
  window.range.position = Begin();
  Expect(TokenKind::kLeftParen, "\"(\"");
  const bool keyword = At(Keyword::kPartition) || At(Keyword::kRows) || At(Keyword::kRange) || At(Keyword::kGroups);
  if (IsName(Peek()) && !keyword) window.base = ParseName("a window's name");
  if (AcceptOr(Keyword::kPartition, "PARTITION BY")) {
    Expect(Keyword::kBy, "BY");
    window.partition_by = ParseExprList();
  }
  if (AcceptOr(Keyword::kOrder, "ORDER BY")) {
    Expect(Keyword::kBy, "BY");
    window.order_by = ParseOrderList();
  }
  if (At(Keyword::kRows) || At(Keyword::kRange) || At(Keyword::kGroups)) window.frame = ParseFrame();
  Expect(TokenKind::kRightParen, "\")\"");
  window.range.end = PreviousEnd();
  return window;
}

AstFrame StatementParser::ParseFrame() {
  AstFrame frame;
  frame.position = Begin();
  if (At(Keyword::kRows)) frame.unit = AstFrameUnit::kRows;
  if (At(Keyword::kGroups)) frame.unit = AstFrameUnit::kGroups;
  Advance();
  if (Accept(Keyword::kBetween)) {
    frame.start = ParseFrameBound();
    Expect(Keyword::kAnd, "AND");
    frame.end = ParseFrameBound();
  } else {
    frame.start = ParseFrameBound();
    frame.end.kind = AstFrameBoundKind::kCurrentRow;
  }
  frame.exclusion_position = Begin();
  if (!Accept(Keyword::kExclude)) return frame;
  if (Accept(Keyword::kCurrent, Keyword::kRow)) {
    frame.exclusion = AstFrameExclusion::kCurrentRow;
  } else if (Accept(Keyword::kGroup)) {
    frame.exclusion = AstFrameExclusion::kGroup;
  } else if (Accept(Keyword::kTies)) {
    frame.exclusion = AstFrameExclusion::kTies;
  } else if (!Accept(Keyword::kNo, Keyword::kOthers)) {
    Note("CURRENT ROW, GROUP, TIES or NO OTHERS");
    FailHere();
  }
  return frame;
}

AstFrameBound StatementParser::ParseFrameBound() {
  AstFrameBound bound;
  if (Accept(Keyword::kCurrent, Keyword::kRow)) {
    bound.kind = AstFrameBoundKind::kCurrentRow;
    return bound;
  }
  const bool unbounded = At(Keyword::kUnbounded) && (At(Keyword::kPreceding, 1) || At(Keyword::kFollowing, 1));
  if (unbounded) {
    Advance();
  } else {
    constexpr int kAboveAnd = 20;
    bound.offset = ParseExpr(kAboveAnd);
  }
  if (AcceptOr(Keyword::kPreceding, "PRECEDING")) {
    bound.kind = unbounded ? AstFrameBoundKind::kUnboundedPreceding : AstFrameBoundKind::kPreceding;
    return bound;
  }
  Expect(Keyword::kFollowing, "FOLLOWING");
  bound.kind = unbounded ? AstFrameBoundKind::kUnboundedFollowing : AstFrameBoundKind::kFollowing;
  return bound;
}

/// EXTRACT(field FROM x), or the call that it is printed as.
AstExprPtr StatementParser::ParseExtract() {
  auto call = MakeCall("extract", Begin(), Peek());
  Advance();
  Advance();
  const Token& field = Peek();
  if (AtString() || (field.kind == TokenKind::kWord && At(Keyword::kFrom, 1))) {
    Advance();
    AstName name = MakeName(field);
    call->arguments.push_back(MakeLiteral(AstLiteralKind::kString, std::move(name.key), field.begin));
  } else {
    Note("a field such as YEAR");
    FailHere();
  }
  if (field.kind == TokenKind::kWord || !Accept(TokenKind::kComma)) Expect(Keyword::kFrom, "FROM");
  call->arguments.push_back(ParseExpr());
  Expect(TokenKind::kRightParen, "\")\"");
  return Done(std::move(call));
}

/// NORMALIZE(x, NFC): the form is a word or an expression.
AstExprPtr StatementParser::ParseNormalize() {
  auto call = MakeCall("normalize", Begin(), Peek());
  Advance();
  Advance();
  call->arguments.push_back(ParseExpr());
  if (AcceptOr(TokenKind::kComma, "a comma")) {
    const Token& form = Peek();
    if (AtNormalForm()) {
      Advance();
      call->arguments.push_back(MakeLiteral(AstLiteralKind::kString, MakeName(form).key, form.begin));
    } else {
      call->arguments.push_back(ParseExpr());
    }
  }
  Expect(TokenKind::kRightParen, "\")\"");
  return Done(std::move(call));
}

/// SUBSTRING(x, a, b), SUBSTRING(x FROM a FOR b), SUBSTRING(x FOR b), SUBSTRING(x SIMILAR p ESCAPE e).
AstExprPtr StatementParser::ParseSubstring() {
  auto call = MakeCall("substring", Begin(), Peek());
  Advance();
  Advance();
  call->arguments.push_back(ParseExpr());
  if (AcceptOr(TokenKind::kComma, "a comma")) {
    do {
      call->arguments.push_back(ParseExpr());
    } while (AcceptOr(TokenKind::kComma, "a comma"));
  } else if (AcceptOr(Keyword::kFrom, "FROM")) {
    call->arguments.push_back(ParseExpr());
    if (AcceptOr(Keyword::kFor, "FOR")) call->arguments.push_back(ParseExpr());
  } else if (At(Keyword::kFor)) {
    call->arguments.push_back(MakeLiteral(AstLiteralKind::kInteger, "1", Begin()));
    Advance();
    call->arguments.push_back(ParseExpr());
  } else if (AcceptOr(Keyword::kSimilar, "SIMILAR")) {
    call->arguments.push_back(ParseExpr());
    Expect(Keyword::kEscape, "ESCAPE");
    call->arguments.push_back(ParseExpr());
  }
  Expect(TokenKind::kRightParen, "\")\"");
  return Done(std::move(call));
}

/// POSITION(a IN b).
AstExprPtr StatementParser::ParsePosition() {
  auto call = MakeCall("strpos", Begin(), Peek());
  Advance();
  Advance();
  constexpr int kAboveIn = 60;
  AstExprPtr needle = ParseExpr(kAboveIn);
  AstExprPtr haystack;
  if (Accept(TokenKind::kComma)) {
    haystack = std::move(needle);
    needle = ParseExpr();
  } else {
    Expect(Keyword::kIn, "IN");
    haystack = ParseExpr(kAboveIn);
  }
  Expect(TokenKind::kRightParen, "\")\"");
  call->arguments.push_back(std::move(haystack));
  call->arguments.push_back(std::move(needle));
  return Done(std::move(call));
}

/// TRIM([BOTH | LEADING | TRAILING] [characters] FROM x), TRIM(x, characters).
AstExprPtr StatementParser::ParseTrim() {
  auto call = MakeCall("trim", Begin(), Peek());
  Advance();
  Advance();
  AstName& name = call->name.parts.front();
  if (Accept(Keyword::kLeading)) {
    name.text = name.key = "ltrim";
  } else if (Accept(Keyword::kTrailing)) {
    name.text = name.key = "rtrim";
  } else {
    Accept(Keyword::kBoth);
  }
  if (Accept(Keyword::kFrom)) {
    call->arguments.push_back(ParseExpr());
  } else {
    AstExprPtr first = ParseExpr();
    if (AcceptOr(Keyword::kFrom, "FROM")) {
      call->arguments.push_back(ParseExpr());
      call->arguments.push_back(std::move(first));
    } else {
      call->arguments.push_back(std::move(first));
    }
  }
  while (AcceptOr(TokenKind::kComma, "a comma")) call->arguments.push_back(ParseExpr());
  Expect(TokenKind::kRightParen, "\")\"");
  return Done(std::move(call));
}

/// OVERLAY(x PLACING y FROM a [FOR b]).
AstExprPtr StatementParser::ParseOverlay() {
  auto call = MakeCall("overlay", Begin(), Peek());
  Advance();
  Advance();
  call->arguments.push_back(ParseExpr());
  if (AcceptOr(Keyword::kPlacing, "PLACING")) {
    call->arguments.push_back(ParseExpr());
    Expect(Keyword::kFrom, "FROM");
    call->arguments.push_back(ParseExpr());
    if (AcceptOr(Keyword::kFor, "FOR")) call->arguments.push_back(ParseExpr());
  } else {
    while (AcceptOr(TokenKind::kComma, "a comma")) call->arguments.push_back(ParseExpr());
  }
  Expect(TokenKind::kRightParen, "\")\"");
  return Done(std::move(call));
}

}  // namespace llkv
