// SqlPrinter: queries.
#include "sql/parser/sql_printer.h"

namespace llkv {

void SqlPrinter::OrderDirection(const AstOrderItem& item) {
  if (item.descending) Text(" DESC");
  if (item.nulls == AstNullsOrder::kFirst) Text(" NULLS FIRST");
  if (item.nulls == AstNullsOrder::kLast) Text(" NULLS LAST");
}

void SqlPrinter::OrderList(const std::vector<AstOrderItem>& items) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) Text(", ");
    Expr(*items[i].expr);
    OrderDirection(items[i]);
  }
}

void SqlPrinter::FrameBound(const AstFrameBound& bound) {
  if (bound.offset != nullptr) {
    Operand(*bound.offset, 4);
    return Text(bound.kind == AstFrameBoundKind::kPreceding ? " PRECEDING" : " FOLLOWING");
  }
  switch (bound.kind) {
    case AstFrameBoundKind::kUnboundedPreceding:
      return Text("UNBOUNDED PRECEDING");
    case AstFrameBoundKind::kUnboundedFollowing:
      return Text("UNBOUNDED FOLLOWING");
    default:
      return Text("CURRENT ROW");
  }
}

void SqlPrinter::Frame(const AstFrame& frame) {
  static constexpr std::string_view kUnits[] = {"ROWS BETWEEN ", "RANGE BETWEEN ", "GROUPS BETWEEN "};
  static constexpr std::string_view kExclusions[] = {"", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES"};
  Text(kUnits[static_cast<size_t>(frame.unit)]);
  FrameBound(frame.start);
  Text(" AND ");
  FrameBound(frame.end);
  Text(kExclusions[static_cast<size_t>(frame.exclusion)]);
}

void SqlPrinter::Window(const AstWindow& window) {
  std::string_view separator;
  const auto begin = [&](std::string_view text) {
    Text(separator);
    Text(text);
    separator = " ";
  };
  Text("(");
  if (!window.base.empty()) {
    begin("");
    Name(window.base);
  }
  if (!window.partition_by.empty()) {
    begin("PARTITION BY ");
    Exprs(window.partition_by);
  }
  if (!window.order_by.empty()) {
    begin("ORDER BY ");
    OrderList(window.order_by);
  }
  if (window.frame.has_value()) {
    begin("");
    Frame(*window.frame);
  }
  Text(")");
}

void SqlPrinter::Subquery(const AstQuery& query) {
  Text("(");
  Query(query);
  Text(")");
}

void SqlPrinter::CommonTable(const AstCommonTable& table) {
  Name(table.name);
  if (!table.columns.empty()) {
    Text("(");
    Names(table.columns, ", ");
    Text(")");
  }
  Text(" AS ");
  if (table.materialized == AstMaterialized::kYes) Text("MATERIALIZED ");
  if (table.materialized == AstMaterialized::kNo) Text("NOT MATERIALIZED ");
  if (table.query != nullptr) Subquery(*table.query);
}

void SqlPrinter::Query(const AstQuery& query) {
  for (size_t i = 0; i < query.with.size(); ++i) {
    Text(i > 0 ? ", " : query.recursive ? "WITH RECURSIVE " : "WITH ");
    CommonTable(query.with[i]);
  }
  if (!query.with.empty()) Text(" ");
  Body(*query.body);
  if (query.order_by_all) {
    Text(" ORDER BY ALL");
    OrderDirection(query.order_by_all_item);
  } else if (!query.order_by.empty()) {
    Text(" ORDER BY ");
    OrderList(query.order_by);
  }
  if (query.limit != nullptr && !query.with_ties) {
    Text(" LIMIT ");
    Expr(*query.limit);
    if (query.limit_percent) Text(" PERCENT");
  }
  if (query.offset != nullptr) {
    Text(" OFFSET ");
    Expr(*query.offset);
  }
  if (query.limit != nullptr && query.with_ties) {
    Text(" FETCH FIRST ");
    Operand(*query.limit, 12);
    Text(query.limit_percent ? " PERCENT ROWS WITH TIES" : " ROWS WITH TIES");
  }
}

void SqlPrinter::Body(const AstQueryBody& body) {
  switch (body.kind) {
    case AstQueryBodyKind::kSelect:
      return Select(body.As<AstSelect>());
    case AstQueryBodyKind::kSetOperation:
      return SetOperation(body.As<AstSetOperation>());
    case AstQueryBodyKind::kValues:
      return Values(body.As<AstValues>());
    case AstQueryBodyKind::kNested:
      return Subquery(*body.As<AstNestedQuery>().query);
  }
}

void SqlPrinter::SetOperation(const AstSetOperation& set) {
  static constexpr std::string_view kOperators[] = {" UNION ", " INTERSECT ", " EXCEPT "};
  for (size_t i = 0; i < set.inputs.size(); ++i) {
    if (i > 0) {
      Text(kOperators[static_cast<size_t>(set.op)]);
      if (set.all) Text("ALL ");
      if (set.by_name) Text("BY NAME ");
    }
    const bool parentheses = set.inputs[i]->Is<AstSetOperation>();
    if (parentheses) Text("(");
    Body(*set.inputs[i]);
    if (parentheses) Text(")");
  }
}

void SqlPrinter::Values(const AstValues& values) {
  Text("VALUES ");
  for (size_t i = 0; i < values.rows.size(); ++i) {
    Text(i > 0 ? ", (" : "(");
    Exprs(values.rows[i]);
    Text(")");
  }
}

void SqlPrinter::Grouping(const std::vector<AstGroupingElement>& elements) {
  for (size_t i = 0; i < elements.size(); ++i) {
    if (i > 0) Text(", ");
    const AstGroupingElement& element = elements[i];
    if (element.kind == AstGroupingKind::kExpression) {
      // An empty row is the empty grouping set, which has no word before it.
      const auto* row = element.expr->TryAs<AstRow>();
      if (row == nullptr) {
        Expr(*element.expr);
      } else {
        Text("(");
        Exprs(row->values);
        Text(row->values.size() == 1 ? ",)" : ")");
      }
      continue;
    }
    static constexpr std::string_view kWords[] = {"", "ROLLUP (", "CUBE (", "GROUPING SETS ("};
    Text(kWords[static_cast<size_t>(element.kind)]);
    Grouping(element.elements);
    Text(")");
  }
}

void SqlPrinter::Select(const AstSelect& select) {
  Text("SELECT ");
  if (select.distinct) Text("DISTINCT ");
  if (!select.distinct_on.empty()) {
    Text("ON (");
    Exprs(select.distinct_on);
    Text(") ");
  }
  for (size_t i = 0; i < select.items.size(); ++i) {
    if (i > 0) Text(", ");
    Expr(*select.items[i].expr);
    if (select.items[i].alias.empty()) continue;
    Text(" AS ");
    Name(select.items[i].alias);
  }
  if (!select.from.empty()) {
    Text(" FROM ");
    FromList(select.from);
  }
  if (select.where != nullptr) {
    Text(" WHERE ");
    Expr(*select.where);
  }
  if (select.group_by_all) Text(" GROUP BY ALL");
  if (!select.group_by.empty()) {
    Text(select.group_by_distinct ? " GROUP BY DISTINCT " : " GROUP BY ");
    Grouping(select.group_by);
  }
  if (select.having != nullptr) {
    Text(" HAVING ");
    Expr(*select.having);
  }
  for (size_t i = 0; i < select.windows.size(); ++i) {
    Text(i > 0 ? ", " : " WINDOW ");
    Name(select.windows[i].name);
    Text(" AS ");
    Window(select.windows[i].window);
  }
  if (select.qualify != nullptr) {
    Text(" QUALIFY ");
    Expr(*select.qualify);
  }
}

void SqlPrinter::FromList(const std::vector<AstFromItemPtr>& items) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) Text(", ");
    FromItem(*items[i]);
  }
}

void SqlPrinter::Alias(const AstFromItem& item) {
  if (item.alias.empty()) return;
  Text(" AS ");
  Name(item.alias);
  if (item.column_aliases.empty()) return;
  Text("(");
  Names(item.column_aliases, ", ");
  Text(")");
}

void SqlPrinter::FromItem(const AstFromItem& item) {
  switch (item.kind) {
    case AstFromKind::kTable: {
      const auto& table = item.As<AstTableRef>();
      if (table.is_file) {
        Text(QuoteString(table.name.name().text));
      } else {
        QualifiedName(table.name);
      }
      Alias(item);
      if (table.not_indexed) Text(" NOT INDEXED");
      if (table.indexed_by.empty()) return;
      Text(" INDEXED BY ");
      return Name(table.indexed_by);
    }
    case AstFromKind::kTableFunction: {
      const auto& function = item.As<AstTableFunction>();
      if (function.lateral) Text("LATERAL ");
      Expr(*function.call);
      if (function.with_ordinality) Text(" WITH ORDINALITY");
      return Alias(item);
    }
    case AstFromKind::kSubquery:
      if (item.As<AstFromSubquery>().lateral) Text("LATERAL ");
      Subquery(*item.As<AstFromSubquery>().query);
      return Alias(item);
    case AstFromKind::kJoin:
      return Join(item.As<AstJoin>());
  }
}

void SqlPrinter::Join(const AstJoin& join) {
  static constexpr std::string_view kWords[] = {"JOIN ",       "LEFT JOIN ",     "RIGHT JOIN ", "FULL JOIN ",
                                                "CROSS JOIN ", "SEMI JOIN ",     "ANTI JOIN ",  "POSITIONAL JOIN ",
                                                "ASOF JOIN ",  "ASOF LEFT JOIN "};
  FromItem(*join.left);
  Text(join.natural ? " NATURAL " : " ");
  Text(kWords[static_cast<size_t>(join.type)]);
  const bool parentheses = join.right->Is<AstJoin>();
  if (parentheses) Text("(");
  FromItem(*join.right);
  if (parentheses) Text(")");
  if (join.condition != nullptr) {
    Text(" ON ");
    Expr(*join.condition);
  }
  if (join.using_columns.empty()) return;
  Text(" USING (");
  Names(join.using_columns, ", ");
  Text(")");
}

}  // namespace llkv
