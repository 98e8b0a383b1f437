// Queries of the syntax tree: SELECT, VALUES, set operations, what stands in FROM. Here so that the parser, the printer
// and the binder share one plain-data form. Must not know tables or types.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sql/parser/ast_expr.h"

namespace llkv {

struct AstStatement;

enum class AstFromKind : uint8_t { kTable, kTableFunction, kSubquery, kJoin };

/// The base of what stands in FROM. A parenthesized join with an alias is a subquery SELECT * FROM it.
struct AstFromItem {
  explicit AstFromItem(AstFromKind node_kind) : kind(node_kind) {}
  virtual ~AstFromItem() = default;
  AstFromItem(const AstFromItem&) = delete;
  AstFromItem& operator=(const AstFromItem&) = delete;

  template <typename T>
  bool Is() const {
    return kind == T::kKind;
  }
  /// The node as a T; its kind must be T's.
  template <typename T>
  const T& As() const {
    assert(kind == T::kKind);
    return static_cast<const T&>(*this);
  }
  template <typename T>
  T& As() {
    assert(kind == T::kKind);
    return static_cast<T&>(*this);
  }

  const AstFromKind kind;
  AstRange range;
  /// Empty without one.
  AstName alias;
  std::vector<AstName> column_aliases;
};
using AstFromItemPtr = std::unique_ptr<AstFromItem>;

template <AstFromKind K>
struct AstFromBase : AstFromItem {
  static constexpr AstFromKind kKind = K;
  AstFromBase() : AstFromItem(K) {}
};

/// A table, a view, a common table expression; 'file.parquet' in quotes comes as a name of one quoted part.
struct AstTableRef : AstFromBase<AstFromKind::kTable> {
  AstQualifiedName name;
  /// INDEXED BY name; empty without it.
  AstName indexed_by;
  bool not_indexed = false;
  /// The name was a string literal: FROM 'file.parquet'.
  bool is_file = false;
};

/// range(10), generate_series(1, 10) WITH ORDINALITY.
struct AstTableFunction : AstFromBase<AstFromKind::kTableFunction> {
  /// An AstFunction.
  AstExprPtr call;
  bool with_ordinality = false;
  bool lateral = false;
};

/// (SELECT …) AS t(a, b), (VALUES …) AS t.
struct AstFromSubquery : AstFromBase<AstFromKind::kSubquery> {
  AstQueryPtr query;
  bool lateral = false;
};

enum class AstJoinType : uint8_t { kInner, kLeft, kRight, kFull, kCross, kSemi, kAnti, kPositional, kAsof, kAsofLeft };

struct AstJoin : AstFromBase<AstFromKind::kJoin> {
  AstJoinType type = AstJoinType::kInner;
  bool natural = false;
  AstFromItemPtr left;
  AstFromItemPtr right;
  /// ON; null without it.
  AstExprPtr condition;
  /// USING (…); empty without it.
  std::vector<AstName> using_columns;
  /// Where the join's own words begin.
  int64_t position = 0;
};

struct AstSelectItem {
  AstExprPtr expr;
  /// Empty without one.
  AstName alias;
  AstRange range;
};

enum class AstGroupingKind : uint8_t { kExpression, kRollup, kCube, kGroupingSets };

/// One element of GROUP BY. A plain expression has kind kExpression and `expr`. ROLLUP, CUBE and GROUPING SETS have
/// `elements`, whose expression may be an AstRow (with no values for the empty set).
struct AstGroupingElement {
  AstGroupingKind kind = AstGroupingKind::kExpression;
  AstExprPtr expr;
  std::vector<AstGroupingElement> elements;
  AstRange range;
};

struct AstNamedWindow {
  AstName name;
  AstWindow window;
};

enum class AstQueryBodyKind : uint8_t { kSelect, kSetOperation, kValues, kNested };

/// The base of what a query has between WITH and ORDER BY.
struct AstQueryBody {
  explicit AstQueryBody(AstQueryBodyKind node_kind) : kind(node_kind) {}
  virtual ~AstQueryBody() = default;
  AstQueryBody(const AstQueryBody&) = delete;
  AstQueryBody& operator=(const AstQueryBody&) = delete;

  template <typename T>
  bool Is() const {
    return kind == T::kKind;
  }
  /// The node as a T; its kind must be T's.
  template <typename T>
  const T& As() const {
    assert(kind == T::kKind);
    return static_cast<const T&>(*this);
  }
  template <typename T>
  T& As() {
    assert(kind == T::kKind);
    return static_cast<T&>(*this);
  }

  const AstQueryBodyKind kind;
  AstRange range;
};
using AstQueryBodyPtr = std::unique_ptr<AstQueryBody>;

template <AstQueryBodyKind K>
struct AstQueryBodyBase : AstQueryBody {
  static constexpr AstQueryBodyKind kKind = K;
  AstQueryBodyBase() : AstQueryBody(K) {}
};

/// SELECT …, FROM t (its item is then one AstStar), TABLE t (likewise).
struct AstSelect : AstQueryBodyBase<AstQueryBodyKind::kSelect> {
  bool distinct = false;
  /// DISTINCT ON (…).
  std::vector<AstExprPtr> distinct_on;
  std::vector<AstSelectItem> items;
  /// Items separated by commas; empty without FROM.
  std::vector<AstFromItemPtr> from;
  AstExprPtr where;
  bool group_by_all = false;
  /// GROUP BY DISTINCT: equal grouping sets count once.
  bool group_by_distinct = false;
  std::vector<AstGroupingElement> group_by;
  /// Where GROUP BY stands, else -1.
  int64_t group_by_position = -1;
  AstExprPtr having;
  std::vector<AstNamedWindow> windows;
  AstExprPtr qualify;
};

enum class AstSetOperator : uint8_t { kUnion, kIntersect, kExcept };

/// Two or more inputs under one operator, evaluated from the left: ((a op b) op c) …. A run of the same operator is one
/// node.
struct AstSetOperation : AstQueryBodyBase<AstQueryBodyKind::kSetOperation> {
  AstSetOperator op = AstSetOperator::kUnion;
  bool all = false;
  bool by_name = false;
  std::vector<AstQueryBodyPtr> inputs;
  /// Where the first operator stands.
  int64_t position = 0;
};

/// VALUES (…), (…): rows as written; the binder compares their lengths.
struct AstValues : AstQueryBodyBase<AstQueryBodyKind::kValues> {
  std::vector<std::vector<AstExprPtr>> rows;
  std::vector<AstRange> row_ranges;
};

/// (SELECT … ORDER BY … LIMIT …): parentheses that hold more than a body.
struct AstNestedQuery : AstQueryBodyBase<AstQueryBodyKind::kNested> {
  AstQueryPtr query;
};

enum class AstMaterialized : uint8_t { kDefault, kYes, kNo };

/// One name AS (…) of WITH. A data-changing statement in the parentheses is `statement`, with `query` null.
struct AstCommonTable {
  AstName name;
  std::vector<AstName> columns;
  AstMaterialized materialized = AstMaterialized::kDefault;
  AstQueryPtr query;
  std::unique_ptr<AstStatement> statement;
};

/// A whole query: WITH, body, ORDER BY, LIMIT.
struct AstQuery {
  AstQuery();
  ~AstQuery();

  bool recursive = false;
  std::vector<AstCommonTable> with;
  AstQueryBodyPtr body;
  std::vector<AstOrderItem> order_by;
  /// ORDER BY ALL; its direction stands in `order_by_all_item` (whose expr is null).
  bool order_by_all = false;
  AstOrderItem order_by_all_item;
  /// Null without LIMIT, and for LIMIT ALL.
  AstExprPtr limit;
  AstExprPtr offset;
  /// LIMIT n PERCENT, LIMIT n%.
  bool limit_percent = false;
  /// FETCH FIRST n ROWS WITH TIES.
  bool with_ties = false;
  AstRange range;
};

}  // namespace llkv
