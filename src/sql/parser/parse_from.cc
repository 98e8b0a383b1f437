// StatementParser: what stands in FROM: tables, joins, subqueries, table functions, aliases.
#include <utility>

#include "sql/parser/statement_parser.h"

namespace llkv {

std::vector<AstFromItemPtr> StatementParser::ParseFromList() {
  std::vector<AstFromItemPtr> items;
  do {
    items.push_back(ParseFromItem());
  } while (AcceptOr(TokenKind::kComma, "a comma"));
  return items;
}

/// Takes the words of a join, JOIN included; false where none begins here.
bool StatementParser::ParseJoinType(AstJoinType* type, bool* natural) {
  *natural = Accept(Keyword::kNatural);
  const auto outer_join = [&](AstJoinType join_type) {
    *type = join_type;
    Advance();
    Accept(Keyword::kOuter);
    Expect(Keyword::kJoin, "JOIN");
    return true;
  };
  switch (Peek().keyword) {
    case Keyword::kJoin:
      *type = AstJoinType::kInner;
      Advance();
      return true;
    case Keyword::kInner:
      return outer_join(AstJoinType::kInner);
    case Keyword::kCross:
      return outer_join(AstJoinType::kCross);
    case Keyword::kRight:
      return outer_join(AstJoinType::kRight);
    case Keyword::kFull:
      return outer_join(AstJoinType::kFull);
    case Keyword::kLeft:
      if (At(Keyword::kSemi, 1) || At(Keyword::kAnti, 1)) Advance();
      if (At(Keyword::kSemi)) return outer_join(AstJoinType::kSemi);
      if (At(Keyword::kAnti)) return outer_join(AstJoinType::kAnti);
      return outer_join(AstJoinType::kLeft);
    case Keyword::kSemi:
      return outer_join(AstJoinType::kSemi);
    case Keyword::kAnti:
      return outer_join(AstJoinType::kAnti);
    case Keyword::kPositional:
      return outer_join(AstJoinType::kPositional);
    case Keyword::kAsof:
      if (At(Keyword::kLeft, 1)) {
        Advance();
        return outer_join(AstJoinType::kAsofLeft);
      }
      if (!At(Keyword::kJoin, 1)) Advance();
      return outer_join(AstJoinType::kAsof);
    default:
      if (*natural) {
        Note("JOIN");
        FailHere();
      }
      return false;
  }
}

/// One item with all that is joined to it.
AstFromItemPtr StatementParser::ParseFromItem() {
  Nesting nesting(this);
  if (failed()) return nullptr;
  return ParseJoins(ParseFromPrimary(), false);
}

/// Joins onto `left`, from the left; where `until_condition`, up to the ON or USING that belongs to an outer join, as
/// in a JOIN b JOIN c ON p ON q.
AstFromItemPtr StatementParser::ParseJoins(AstFromItemPtr left, bool until_condition) {
  Nesting nesting(this);
  while (!failed() && !(until_condition && (At(Keyword::kOn) || At(Keyword::kUsing)))) {
    const int64_t position = Begin();
    auto join = std::make_unique<AstJoin>();
    if (!ParseJoinType(&join->type, &join->natural)) {
      Note("JOIN");
      break;
    }
    join->position = position;
    join->right = ParseFromPrimary();
    const bool conditional =
        join->type != AstJoinType::kCross && join->type != AstJoinType::kPositional && !join->natural;
    if (conditional && !sqlite() && !At(Keyword::kOn) && !At(Keyword::kUsing)) {
      join->right = ParseJoins(std::move(join->right), true);
    }
    if (failed()) return nullptr;
    if (Accept(Keyword::kOn)) {
      join->condition = ParseExpr();
    } else if (At(Keyword::kUsing) && !At(Keyword::kSample, 1)) {
      Advance();
      join->using_columns = ParseParenthesizedNames();
    } else if (conditional && !sqlite()) {
      Note("ON");
      Note("USING");
      FailHere();
    }
    join->range = {left->range.position, PreviousEnd()};
    join->left = std::move(left);
    left = std::move(join);
    Wrap();
  }
  return left;
}

AstFromItemPtr StatementParser::ParseFromPrimary() {
  const bool lateral = Accept(Keyword::kLateral);
  if (At(TokenKind::kLeftParen)) return ParseFromParenthesized(lateral);
  if (At(Keyword::kValues) && At(TokenKind::kLeftParen, 1)) {
    auto values = std::make_unique<AstFromSubquery>();
    values->range.position = Begin();
    values->query = BodyQuery(ParseValues());
    values->range.end = PreviousEnd();
    ParseAlias(values.get());
    return values;
  }
  return ParseFromName(lateral);
}

/// (query), (join), or a query that begins with a parenthesis of its own.
AstFromItemPtr StatementParser::ParseFromParenthesized(bool lateral) {
  Nesting nesting(this);
  if (failed()) return nullptr;
  const int64_t begin = Begin();
  Advance();
  AstQueryPtr query;
  AstFromItemPtr item;
  if (AtQueryStart()) {
    query = ParseQuery();
  } else if (At(Keyword::kDescribe) || At(Keyword::kShow) || At(Keyword::kSummarize) || At(Keyword::kPivot) ||
             At(Keyword::kUnpivot)) {
    FailUnsupported("a statement in FROM", Begin());
  } else {
    item = ParseFromItem();
    const bool bare = !failed() && item->Is<AstFromSubquery>() && item->alias.empty();
    if (bare && (AtQueryContinuation() || At(TokenKind::kRightParen))) {
      query = std::move(item->As<AstFromSubquery>().query);
      if (AtQueryContinuation()) query = ContinueQuery(std::move(query));
    }
  }
  Expect(TokenKind::kRightParen, "\")\"");
  if (failed()) return nullptr;
  if (query == nullptr && !At(Keyword::kAs) && !IsBareAlias(Peek())) return item;
  auto subquery = std::make_unique<AstFromSubquery>();
  subquery->range = {begin, PreviousEnd()};
  subquery->lateral = lateral;
  subquery->query = query != nullptr ? std::move(query) : SelectStarFrom(std::move(item));
  Wrap();
  ParseAlias(subquery.get());
  subquery->range.end = PreviousEnd();
  return subquery;
}

/// A table's name, a file in quotes, or a table function.
AstFromItemPtr StatementParser::ParseFromName(bool lateral) {
  const int64_t begin = Begin();
  if (At(TokenKind::kString)) {
    auto file = std::make_unique<AstTableRef>();
    file->is_file = true;
    file->name.parts.push_back(ParseLabel("a table"));
    file->range = file->name.range = {begin, PreviousEnd()};
    ParseAlias(file.get());
    return file;
  }
  const bool call =
      At(TokenKind::kWord) && ClassOf(Peek().keyword) == WordClass::kOperator && At(TokenKind::kLeftParen, 1);
  AstQualifiedName name;
  if (call) {
    name.parts.push_back(ParseLabel("a table"));
    name.range = {begin, PreviousEnd()};
  } else {
    Note("a table");
    name = ParseQualifiedName("a query in parentheses");
  }
  if (At(TokenKind::kLeftParen)) {
    auto function = std::make_unique<AstTableFunction>();
    function->lateral = lateral;
    function->call = ParseCall(std::move(name));
    if (At(Keyword::kWith) && At(Keyword::kOrdinality, 1)) {
      Advance();
      Advance();
      function->with_ordinality = true;
    }
    function->range = {begin, PreviousEnd()};
    ParseAlias(function.get());
    return function;
  }
  if (lateral) FailUnsupported("LATERAL before a table", begin);
  auto table = std::make_unique<AstTableRef>();
  table->name = std::move(name);
  table->range = {begin, PreviousEnd()};
  ParseAlias(table.get());
  ParseIndexHints(table.get());
  table->range.end = PreviousEnd();
  return table;
}

void StatementParser::ParseIndexHints(AstTableRef* table) {
  if (At(Keyword::kIndexed) && At(Keyword::kBy, 1)) {
    Advance();
    Advance();
    table->indexed_by = ParseName("an index");
  } else if (At(Keyword::kNot) && At(Keyword::kIndexed, 1)) {
    Advance();
    Advance();
    table->not_indexed = true;
  }
}

void StatementParser::ParseAlias(AstFromItem* item) {
  if (Accept(Keyword::kAs)) {
    item->alias = ParseLabel("an alias");
  } else if (IsBareAlias(Peek())) {
    item->alias = MakeName(Peek());
    Advance();
  }
  if (!item->alias.empty() && At(TokenKind::kLeftParen)) item->column_aliases = ParseParenthesizedNames();
  if (At(Keyword::kTablesample)) FailUnsupported("TABLESAMPLE", Begin());
  if (At(Keyword::kPivot)) FailUnsupported("PIVOT", Begin());
  if (At(Keyword::kUnpivot)) FailUnsupported("UNPIVOT", Begin());
  if (At(Keyword::kAt) && At(TokenKind::kLeftParen, 1)) FailUnsupported("AT (...) behind a table", Begin());
  item->range.end = PreviousEnd();
}

/// The table of UPDATE or DELETE.
AstFromItemPtr StatementParser::ParseTarget(bool bare_alias) {
  auto table = std::make_unique<AstTableRef>();
  table->range.position = Begin();
  table->name = ParseQualifiedName("a table");
  if (Accept(Keyword::kAs)) {
    table->alias = ParseLabel("an alias");
  } else if (bare_alias && IsBareAlias(Peek())) {
    table->alias = MakeName(Peek());
    Advance();
  }
  ParseIndexHints(table.get());
  table->range.end = PreviousEnd();
  return table;
}

}  // namespace llkv
