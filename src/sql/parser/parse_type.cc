// StatementParser: names of types.
#include <utility>

#include "sql/parser/statement_parser.h"

namespace llkv {

AstTypeName StatementParser::ParseType() {
  Nesting nesting(this);
  AstTypeName type;
  if (failed()) return type;
  type.range.position = Begin();
  type.quoted = At(TokenKind::kQuotedName);
  type.name = ParseTypeWords();
  if (At(TokenKind::kLeftParen)) {
    if (type.name == "struct" || type.name == "row" || type.name == "map" || type.name == "union") {
      ParseTypeMembers(&type);
    } else {
      ParseTypeArguments(&type);
    }
  }
  if (type.name == "time" || type.name == "timestamp") ParseTimeZoneWords(&type);
  if (type.name == "interval" && AtIntervalUnit()) {
    FailUnsupported("INTERVAL with fields", Begin());
  }
  ParseArraySuffix(&type);
  type.range.end = PreviousEnd();
  return type;
}

/// A name of one word or of several that belong together; in SQLite's dialect, of any number.
std::string StatementParser::ParseTypeWords() {
  if (At(TokenKind::kString)) FailHere();
  const AstName first = ParseLabel("a type");
  std::string name = first.key;
  if (At(TokenKind::kDot) && first.quoted) {
    FailUnsupported("a qualified type name in quotes", first.range.position);
  }
  if (first.quoted) return name;
  const bool is_union = name == "union" && At(TokenKind::kLeftParen);
  if (ClassOf(LookUpKeyword(first.text)) == WordClass::kReserved && !is_union) {
    Fail("42601", "syntax error at \"" + first.text + "\": expected a type", first.range.position);
    return name;
  }
  while (Accept(TokenKind::kDot)) {
    if (!At(TokenKind::kWord)) FailUnsupported("a qualified type name in quotes", first.range.position);
    name += "." + ParseLabel("a type").key;
  }
  if (name == "double" && Accept(Keyword::kPrecision)) return "double precision";
  if ((name == "character" || name == "char") && Accept(Keyword::kVarying)) return name + " varying";
  if (name == "bit" && Accept(Keyword::kVarying)) return "bit varying";
  if (sqlite()) {
    while (At(TokenKind::kWord) && IsName(Peek()) && !AtConstraint()) {
      name += " " + MakeName(Peek()).key;
      Advance();
    }
  }
  return name;
}

void StatementParser::ParseTypeArguments(AstTypeName* type) {
  Expect(TokenKind::kLeftParen, "\"(\"");
  if (type->name == "enum" && AtString()) {
    do {
      type->labels.push_back(ParseString("a label"));
    } while (AcceptOr(TokenKind::kComma, "a comma"));
    Expect(TokenKind::kRightParen, "\")\"");
    return;
  }
  if (AtString()) FailUnsupported("a type with text in parentheses", type->range.position);
  do {
    type->arguments.push_back(ParseInteger("a number"));
  } while (AcceptOr(TokenKind::kComma, "a comma"));
  Expect(TokenKind::kRightParen, "\")\"");
}

void StatementParser::ParseTypeMembers(AstTypeName* type) {
  Expect(TokenKind::kLeftParen, "\"(\"");
  do {
    if (type->name != "map") type->child_names.push_back(ParseLabel("a field's name"));
    type->children.push_back(ParseType());
  } while (AcceptOr(TokenKind::kComma, "a comma"));
  Expect(TokenKind::kRightParen, "\")\"");
}

void StatementParser::ParseTimeZoneWords(AstTypeName* type) {
  const bool with = At(Keyword::kWith);
  if ((!with && !At(Keyword::kWithout)) || !At(Keyword::kTime, 1)) return;
  Advance();
  Advance();
  Expect(Keyword::kZone, "ZONE");
  if (with) type->name += " with time zone";
}

void StatementParser::ParseArraySuffix(AstTypeName* type) {
  while (!failed()) {
    if (Accept(Keyword::kArray)) {
      if (!At(TokenKind::kLeftBracket)) {
        type->array_sizes.emplace_back();
        continue;
      }
    }
    if (!Accept(TokenKind::kLeftBracket)) return;
    if (Accept(TokenKind::kRightBracket)) {
      type->array_sizes.emplace_back();
    } else {
      type->array_sizes.emplace_back(ParseInteger("a number"));
      Expect(TokenKind::kRightBracket, "\"]\"");
    }
  }
}

}  // namespace llkv
