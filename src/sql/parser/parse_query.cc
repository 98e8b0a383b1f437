// StatementParser: queries: WITH, SELECT, VALUES, set operations, ORDER BY, LIMIT.
#include <utility>

#include "sql/parser/statement_parser.h"

namespace llkv {

namespace {

/// A nested query takes several times the stack of a nested expression, here and in what visits the tree.
constexpr int kQueryNestingCost = 4;

constexpr int kUnionLevel = 1;
constexpr int kIntersectLevel = 2;

}  // namespace

bool StatementParser::AtQueryStart(size_t ahead) const {
  switch (Peek(ahead).keyword) {
    case Keyword::kSelect:
    case Keyword::kFrom:
    case Keyword::kWith:
      return true;
    case Keyword::kValues:
      return At(TokenKind::kLeftParen, ahead + 1);
    case Keyword::kTable:
      return IsName(Peek(ahead + 1));
    default:
      return false;
  }
}

/// What may follow a parenthesized query that is the beginning of a larger one.
bool StatementParser::AtQueryContinuation() const {
  switch (Peek().keyword) {
    case Keyword::kUnion:
    case Keyword::kIntersect:
    case Keyword::kExcept:
    case Keyword::kOrder:
    case Keyword::kLimit:
    case Keyword::kOffset:
    case Keyword::kFetch:
      return true;
    default:
      return false;
  }
}

AstQueryPtr StatementParser::ParseQuery() {
  Nesting nesting(this, kQueryNestingCost);
  auto query = std::make_unique<AstQuery>();
  if (failed()) return query;
  query->range.position = Begin();
  if (At(Keyword::kWith)) ParseWith(&query->recursive, &query->with);
  query->body = ParseQueryBody(0);
  ParseQueryTail(query.get());
  query->range.end = PreviousEnd();
  return query;
}

/// Goes on behind a parenthesized query with set operations, ORDER BY and LIMIT.
AstQueryPtr StatementParser::ContinueQuery(AstQueryPtr first) {
  Nesting nesting(this, kQueryNestingCost);
  auto query = std::make_unique<AstQuery>();
  query->range.position = first->range.position;
  query->body = ContinueQueryBody(AsBody(std::move(first)), 0);
  ParseQueryTail(query.get());
  query->range.end = PreviousEnd();
  return query;
}

/// The query as a part of a larger one: its body alone where it has nothing else.
AstQueryBodyPtr StatementParser::AsBody(AstQueryPtr query) {
  const bool plain = query->with.empty() && query->order_by.empty() && !query->order_by_all &&
                     query->limit == nullptr && query->offset == nullptr;
  if (plain) return std::move(query->body);
  auto nested = std::make_unique<AstNestedQuery>();
  nested->range = query->range;
  nested->query = std::move(query);
  Wrap();
  return nested;
}

AstQueryPtr StatementParser::BodyQuery(AstQueryBodyPtr body) const {
  auto query = std::make_unique<AstQuery>();
  query->range = body->range;
  query->body = std::move(body);
  return query;
}

AstQueryPtr StatementParser::SelectStarFrom(AstFromItemPtr item) const {
  auto select = std::make_unique<AstSelect>();
  select->range = item->range;
  AstSelectItem star;
  star.range = item->range;
  star.expr = Done(Node<AstStar>(item->range.position));
  select->items.push_back(std::move(star));
  select->from.push_back(std::move(item));
  return BodyQuery(std::move(select));
}

void StatementParser::ParseWith(bool* recursive, std::vector<AstCommonTable>* with) {
  Expect(Keyword::kWith, "WITH");
  *recursive = Accept(Keyword::kRecursive);
  do {
    with->push_back(ParseCommonTable());
  } while (AcceptOr(TokenKind::kComma, "a comma"));
}

AstCommonTable StatementParser::ParseCommonTable() {
  AstCommonTable table;
  table.name = ParseName("a name");
  if (At(TokenKind::kLeftParen)) table.columns = ParseParenthesizedNames();
  if (At(Keyword::kUsing)) FailUnsupported("WITH ... USING KEY", Begin());
  Expect(Keyword::kAs, "AS");
  if (At(Keyword::kNot) && At(Keyword::kMaterialized, 1)) {
    Advance();
    Advance();
    table.materialized = AstMaterialized::kNo;
  } else if (Accept(Keyword::kMaterialized)) {
    table.materialized = AstMaterialized::kYes;
  }
  Expect(TokenKind::kLeftParen, "\"(\"");
  if (At(Keyword::kInsert) || At(Keyword::kUpdate) || At(Keyword::kDelete)) {
    const int64_t begin = Begin();
    table.statement = ParseStatementNode();
    if (!failed()) table.statement->range = {begin, PreviousEnd()};
  } else {
    table.query = ParseQuery();
  }
  Expect(TokenKind::kRightParen, "\")\"");
  return table;
}

AstQueryBodyPtr StatementParser::ParseQueryBody(int min_level) {
  return ContinueQueryBody(ParseQueryPrimary(), min_level);
}

/// Set operations that bind tighter than `min_level`. INTERSECT binds tighter than the others, but not in SQLite.
AstQueryBodyPtr StatementParser::ContinueQueryBody(AstQueryBodyPtr left, int min_level) {
  while (!failed()) {
    const bool intersect = At(Keyword::kIntersect);
    if (!intersect && !At(Keyword::kUnion) && !At(Keyword::kExcept)) break;
    const int level = intersect && !sqlite() ? kIntersectLevel : kUnionLevel;
    if (level <= min_level) break;
    const AstSetOperator op = intersect             ? AstSetOperator::kIntersect
                              : At(Keyword::kUnion) ? AstSetOperator::kUnion
                                                    : AstSetOperator::kExcept;
    const int64_t position = Begin();
    Advance();
    const bool all = Accept(Keyword::kAll);
    if (!all) Accept(Keyword::kDistinct);
    const bool by_name = Accept(Keyword::kBy, Keyword::kName);
    AstQueryBodyPtr right = ParseQueryBody(level);
    if (failed()) return left;
    if (left->Is<AstSetOperation>()) {
      AstSetOperation& set = left->As<AstSetOperation>();
      if (set.op == op && set.all == all && set.by_name == by_name) {
        set.inputs.push_back(std::move(right));
        set.range.end = PreviousEnd();
        continue;
      }
    }
    auto set = std::make_unique<AstSetOperation>();
    set->op = op;
    set->all = all;
    set->by_name = by_name;
    set->position = position;
    set->range = {left->range.position, PreviousEnd()};
    set->inputs.push_back(std::move(left));
    set->inputs.push_back(std::move(right));
    left = std::move(set);
    Wrap();
  }
  return left;
}

AstQueryBodyPtr StatementParser::ParseQueryPrimary() {
  if (At(Keyword::kSelect) || At(Keyword::kFrom)) return ParseSelect();
  if (At(Keyword::kValues)) return ParseValues();
  if (At(Keyword::kTable)) return ParseTableQuery();
  if (Accept(TokenKind::kLeftParen)) {
    AstQueryPtr query = ParseQuery();
    Expect(TokenKind::kRightParen, "\")\"");
    if (failed()) return nullptr;
    return AsBody(std::move(query));
  }
  const bool statement = At(Keyword::kDescribe) || At(Keyword::kShow) || At(Keyword::kSummarize) ||
                         At(Keyword::kPivot) || At(Keyword::kUnpivot);
  if (statement) FailUnsupported("this statement as a query", Begin());
  Note("SELECT");
  Note("VALUES");
  Note("a query in parentheses");
  FailHere();
  return nullptr;
}

AstQueryBodyPtr StatementParser::ParseTableQuery() {
  const int64_t begin = Begin();
  Advance();
  auto table = std::make_unique<AstTableRef>();
  table->range.position = Begin();
  table->name = ParseQualifiedName("a table");
  table->range.end = PreviousEnd();
  AstQueryBodyPtr body = std::move(SelectStarFrom(std::move(table))->body);
  body->range = {begin, PreviousEnd()};
  return body;
}

AstQueryBodyPtr StatementParser::ParseValues() {
  auto values = std::make_unique<AstValues>();
  values->range.position = Begin();
  Advance();
  do {
    if (At(Keyword::kRow) && At(TokenKind::kLeftParen, 1)) Advance();
    const int64_t begin = Begin();
    Expect(TokenKind::kLeftParen, "\"(\"");
    std::vector<AstExprPtr> row;
    do {
      if (At(TokenKind::kRightParen) && !row.empty()) break;
      row.push_back(ParseExpr());
    } while (AcceptOr(TokenKind::kComma, "a comma"));
    values->rows.push_back(std::move(row));
    Expect(TokenKind::kRightParen, "\")\"");
    values->row_ranges.push_back({begin, PreviousEnd()});
    if (At(TokenKind::kComma) && !At(TokenKind::kLeftParen, 1) && !At(Keyword::kRow, 1)) {
      Advance();
      if (AtEnd()) break;
      Expect(TokenKind::kLeftParen, "\"(\"");
    }
  } while (AcceptOr(TokenKind::kComma, "a comma"));
  values->range.end = PreviousEnd();
  return values;
}

AstQueryBodyPtr StatementParser::ParseSelect() {
  auto select = std::make_unique<AstSelect>();
  select->range.position = Begin();
  const bool from_first = Accept(Keyword::kFrom);
  if (from_first) select->from = ParseFromList();
  if (from_first && !At(Keyword::kSelect)) {
    AstSelectItem star;
    star.range = {select->range.position, PreviousEnd()};
    star.expr = Done(Node<AstStar>(select->range.position));
    select->items.push_back(std::move(star));
  } else {
    Expect(Keyword::kSelect, "SELECT");
    if (Accept(Keyword::kDistinct)) {
      select->distinct = true;
      if (Accept(Keyword::kOn)) {
        Expect(TokenKind::kLeftParen, "\"(\"");
        select->distinct_on = ParseExprList();
        Expect(TokenKind::kRightParen, "\")\"");
      }
    } else {
      Accept(Keyword::kAll);
    }
    select->items = ParseSelectItems();
    if (At(Keyword::kInto)) FailUnsupported("SELECT INTO", Begin());
    if (!from_first && AcceptOr(Keyword::kFrom, "FROM")) select->from = ParseFromList();
  }
  ParseSelectTail(select.get());
  select->range.end = PreviousEnd();
  return select;
}

/// WHERE, GROUP BY, HAVING, WINDOW, QUALIFY, USING SAMPLE.
void StatementParser::ParseSelectTail(AstSelect* select) {
  if (AcceptOr(Keyword::kWhere, "WHERE")) select->where = ParseExpr();
  if (At(Keyword::kGroup)) {
    select->group_by_position = Begin();
    Advance();
    Expect(Keyword::kBy, "BY");
    if (Accept(Keyword::kAll)) {
      select->group_by_all = true;
    } else {
      select->group_by_distinct = Accept(Keyword::kDistinct);
      select->group_by = ParseGroupingList();
    }
  } else {
    Note("GROUP BY");
  }
  if (Accept(Keyword::kHaving)) select->having = ParseExpr();
  if (Accept(Keyword::kWindow)) {
    do {
      AstNamedWindow named;
      named.name = ParseName("a window's name");
      Expect(Keyword::kAs, "AS");
      named.window = ParseWindowSpecification();
      select->windows.push_back(std::move(named));
    } while (AcceptOr(TokenKind::kComma, "a comma"));
  }
  if (Accept(Keyword::kQualify)) select->qualify = ParseExpr();
  if (At(Keyword::kUsing) && At(Keyword::kSample, 1)) FailUnsupported("USING SAMPLE", Begin());
}

std::vector<AstSelectItem> StatementParser::ParseSelectItems() {
  std::vector<AstSelectItem> items;
  do {
    if (!items.empty() && !sqlite() && (At(Keyword::kFrom) || AtEnd())) break;
    items.push_back(ParseSelectItem());
  } while (AcceptOr(TokenKind::kComma, "a comma"));
  return items;
}

AstSelectItem StatementParser::ParseSelectItem() {
  AstSelectItem item;
  item.range.position = Begin();
  if (At(TokenKind::kStar)) {
    item.expr = ParseStarItem();
    item.range.end = PreviousEnd();
    return item;
  }
  item.expr = ParseExpr();
  if (!failed() && item.expr->Is<AstStar>()) {
    RefuseStarOptions();
    item.range.end = PreviousEnd();
    return item;
  }
  if (Accept(Keyword::kAs)) {
    item.alias = ParseLabel("an alias");
  } else if (IsBareAlias(Peek()) || (sqlite() && At(TokenKind::kString))) {
    item.alias = MakeName(Peek());
    Advance();
  } else if (At(TokenKind::kColon)) {
    FailUnsupported("an alias before its expression", Begin());
  }
  item.range.end = PreviousEnd();
  return item;
}

AstExprPtr StatementParser::ParseStarItem() {
  auto star = Node<AstStar>(Begin());
  Advance();
  RefuseStarOptions();
  return Done(std::move(star));
}

void StatementParser::RefuseStarOptions() {
  if (At(Keyword::kExclude)) FailUnsupported("* EXCLUDE", Begin());
  if (At(Keyword::kReplace)) FailUnsupported("* REPLACE", Begin());
  if (At(Keyword::kRename)) FailUnsupported("* RENAME", Begin());
  if (At(Keyword::kLike) || At(Keyword::kIlike) || At(Keyword::kSimilar) || At(Keyword::kGlob)) {
    FailUnsupported("* LIKE", Begin());
  }
}

std::vector<AstGroupingElement> StatementParser::ParseGroupingList() {
  std::vector<AstGroupingElement> list;
  do {
    list.push_back(ParseGroupingElement());
  } while (AcceptOr(TokenKind::kComma, "a comma"));
  return list;
}

AstGroupingElement StatementParser::ParseGroupingElement() {
  Nesting nesting(this);
  AstGroupingElement element;
  if (failed()) return element;
  element.range.position = Begin();
  if (At(Keyword::kRollup) && At(TokenKind::kLeftParen, 1)) {
    element.kind = AstGroupingKind::kRollup;
    Advance();
  } else if (At(Keyword::kCube) && At(TokenKind::kLeftParen, 1)) {
    element.kind = AstGroupingKind::kCube;
    Advance();
  } else if (At(Keyword::kGrouping) && At(Keyword::kSets, 1)) {
    element.kind = AstGroupingKind::kGroupingSets;
    Advance();
    Advance();
  } else {
    element.expr = ParseExpr();
    element.range.end = PreviousEnd();
    return element;
  }
  Expect(TokenKind::kLeftParen, "\"(\"");
  element.elements = ParseGroupingList();
  Expect(TokenKind::kRightParen, "\")\"");
  element.range.end = PreviousEnd();
  return element;
}

std::vector<AstOrderItem> StatementParser::ParseOrderList() {
  std::vector<AstOrderItem> list;
  do {
    list.push_back(ParseOrderItem());
  } while (AcceptOr(TokenKind::kComma, "a comma"));
  return list;
}

AstOrderItem StatementParser::ParseOrderItem() {
  AstOrderItem item;
  item.expr = ParseExpr();
  ParseOrderDirection(&item);
  return item;
}

void StatementParser::ParseOrderDirection(AstOrderItem* item) {
  if (AcceptOr(Keyword::kDesc, "DESC")) {
    item->descending = true;
  } else {
    AcceptOr(Keyword::kAsc, "ASC");
  }
  if (Accept(Keyword::kNulls, Keyword::kFirst)) {
    item->nulls = AstNullsOrder::kFirst;
  } else if (Accept(Keyword::kNulls, Keyword::kLast)) {
    item->nulls = AstNullsOrder::kLast;
  }
}

/// ORDER BY, LIMIT, OFFSET, FETCH.
void StatementParser::ParseQueryTail(AstQuery* query) {
  if (At(Keyword::kOrder)) {
    Advance();
    Expect(Keyword::kBy, "BY");
    if (Accept(Keyword::kAll)) {
      query->order_by_all = true;
      ParseOrderDirection(&query->order_by_all_item);
    } else {
      query->order_by = ParseOrderList();
    }
  } else {
    Note("ORDER BY");
  }
  if (At(Keyword::kLimit)) {
    ParseLimit(query);
  } else {
    Note("LIMIT");
  }
  if (query->offset == nullptr && Accept(Keyword::kOffset)) {
    query->offset = ParseExpr();
    if (!Accept(Keyword::kRows)) Accept(Keyword::kRow);
  }
  if (query->limit == nullptr && At(Keyword::kLimit)) ParseLimit(query);
  if (At(Keyword::kFetch)) ParseFetch(query);
  if (At(Keyword::kFor)) FailUnsupported("SELECT ... FOR", Begin());
}

void StatementParser::ParseLimit(AstQuery* query) {
  Advance();
  if (Accept(Keyword::kAll)) return;
  query->limit = ParseExpr();
  if (Accept(TokenKind::kPercent) || Accept(Keyword::kPercent)) query->limit_percent = true;
  if (Accept(TokenKind::kComma)) {
    query->offset = std::move(query->limit);
    query->limit = ParseExpr();
  }
}

void StatementParser::ParseFetch(AstQuery* query) {
  const int64_t begin = Begin();
  Advance();
  if (!AcceptOr(Keyword::kFirst, "FIRST")) Expect(Keyword::kNext, "NEXT");
  if (query->limit != nullptr) Fail("42601", "FETCH stands beside LIMIT", begin);
  if (At(Keyword::kRow) || At(Keyword::kRows)) {
    query->limit = MakeLiteral(AstLiteralKind::kInteger, "1", Begin());
  } else {
    query->limit = ParsePrimary();
    query->limit_percent = Accept(Keyword::kPercent);
  }
  if (!Accept(Keyword::kRows)) Expect(Keyword::kRow, "ROWS");
  if (Accept(Keyword::kWith, Keyword::kTies)) {
    query->with_ties = true;
  } else {
    Expect(Keyword::kOnly, "ONLY");
  }
}

}  // namespace llkv
