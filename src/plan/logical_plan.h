// Logical plans: what a statement computes, as plain data. The binder builds them, the optimizer rewrites them, exec
// runs them.
//
// A plan is a tree whose only sharing is by LogicalMaterialize/LogicalMaterializedScan (a DAG over names), so that a
// common table expression used twice is computed once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/index_id.h"
#include "expr/bound_expr.h"
#include "functions/rows_function.h"
#include "types/logical_type.h"
#include "types/value.h"

namespace llkv {

/// A column that an operator gives.
struct OutputColumn {
  ColumnId id;
  LogicalType type;
  std::string name;
};

enum class PlanKind : uint8_t {
  kScan,
  kValues,
  kTableFunction,
  kFilter,
  kProject,
  kProjectSet,
  kJoin,
  kAggregate,
  kWindow,
  kSort,
  kLimit,
  kSetOperation,
  kRecursive,
  kMaterialize,
  kMaterializedScan,
  kInsert,
  kUpdate,
  kDelete,
  kFileScan,
  kCopyTo,
  kFetch,
};

struct LogicalPlan;
using LogicalPlanPtr = std::unique_ptr<LogicalPlan>;

/// Base of all nodes. `output` is what the node gives, in order; each kind says how it relates to its children's.
struct LogicalPlan {
  explicit LogicalPlan(PlanKind k) : kind(k) {}
  virtual ~LogicalPlan();
  LogicalPlan(const LogicalPlan&) = delete;
  LogicalPlan& operator=(const LogicalPlan&) = delete;

  PlanKind kind;
  std::vector<LogicalPlanPtr> children;
  std::vector<OutputColumn> output;
  double estimated_rows = -1;  // set by the optimizer; -1 = unknown

  template <typename T>
  T& As() {
    return static_cast<T&>(*this);
  }
  template <typename T>
  const T& As() const {
    return static_cast<const T&>(*this);
  }
};

enum class ComparisonOp : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

/// A predicate that the scan itself applies, exactly: column op value(s), no NULL among the values.
struct PushedPredicate {
  enum class Op : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIsNull, kIsNotNull, kIn };
  uint32_t column_ordinal = 0;  // in the table's schema
  std::string column_name;      // for EXPLAIN
  Op op = Op::kEqual;
  std::vector<BoundExprPtr> values;  // constants or parameters of the column's type; several only for kIn
};

/// A table. output[i] is the table's column column_ordinals[i]; where row_id_column is set, the last output column is
/// the hidden row id (UBIGINT).
struct LogicalScan : LogicalPlan {
  LogicalScan() : LogicalPlan(PlanKind::kScan) {}
  TableId table;
  std::string table_name;
  std::vector<uint32_t> column_ordinals;
  bool with_row_id = false;
  std::vector<PushedPredicate> predicates;
  /// NOT INDEXED: none; INDEXED BY: this one alone, wherever it can be used.
  bool may_use_indexes = true;
  IndexId only_index;
  /// The index to find rows by; 0: none. The optimizer's choice.
  IndexId index;
  std::string index_name;
  bool index_is_primary = false;
  /// Those of `predicates` that bound the keys to look at.
  std::vector<uint32_t> index_predicates;
  /// All columns of the index, a unique one, are fixed by equality with these (in key order): a point lookup. The
  /// predicates still hold.
  std::vector<BoundExprPtr> key_lookup;
};

/// Rows of expressions without columns (no rows or no columns are possible: `SELECT 1` is a projection over one row of
/// none).
struct LogicalValues : LogicalPlan {
  LogicalValues() : LogicalPlan(PlanKind::kValues) {}
  std::vector<std::vector<BoundExprPtr>> rows;
};

struct LogicalTableFunction : LogicalPlan {
  LogicalTableFunction() : LogicalPlan(PlanKind::kTableFunction) {}
  std::string function_name;
  std::shared_ptr<const BoundTableFunction> function;
  std::vector<uint32_t> column_indexes;  // output[i] is the function's column column_indexes[i]
};

/// Rows of a file (COPY FROM, read_csv, read_parquet). output has the file's columns that are used, cast to the types
/// given.
struct LogicalFileScan : LogicalPlan {
  LogicalFileScan() : LogicalPlan(PlanKind::kFileScan) {}
  enum class Format : uint8_t { kCsv, kParquet };
  Format format = Format::kCsv;
  std::string path;
  std::vector<std::pair<std::string, Value>> options;  // lower-case names, for ParseFileOptions (formats)
  std::vector<uint32_t> column_indexes;                // of the file, one for each output column
};

/// Rows of the child for which every term is TRUE. Output is the child's.
struct LogicalFilter : LogicalPlan {
  LogicalFilter() : LogicalPlan(PlanKind::kFilter) {}
  std::vector<BoundExprPtr> terms;
};

/// output[i] = exprs[i].
struct LogicalProject : LogicalPlan {
  LogicalProject() : LogicalPlan(PlanKind::kProject) {}
  std::vector<BoundExprPtr> exprs;
};

/// A table function whose arguments read the child's columns.
struct SetCall {
  std::string function_name;
  std::shared_ptr<const RowsFunction> function;
  std::vector<BoundExprPtr> arguments;  // of function->argument_types
};

/// For each row of the child, the rows that the calls give for it, beside the row itself; none where they give none, or
/// one with NULLs where is_outer. Several calls advance together: those that end first give NULLs.
/// Output: passed[i], one column a call, and with with_ordinality a BIGINT that counts the rows from 1.
struct LogicalProjectSet : LogicalPlan {
  LogicalProjectSet() : LogicalPlan(PlanKind::kProjectSet) {}
  std::vector<BoundExprPtr> passed;  // columns of the child, each under its own id
  std::vector<SetCall> calls;
  bool with_ordinality = false;
  bool is_outer = false;
};

enum class JoinType : uint8_t {
  kInner,
  kLeft,
  kRight,
  kFull,
  kSemi,    // left rows with a match
  kAnti,    // left rows without a match (NOT EXISTS)
  kMark,    // left columns, then one BOOLEAN: TRUE with a match, else FALSE; NULL by IN's rule where null_aware
  kSingle,  // as left, but error 21000 where a left row has two matches (scalar subqueries)
  // The optimizer's, where the rows that are wanted are fewer than those that they are to match.
  kRightSemi,  // right rows with a match
  kRightAnti,  // right rows without a match
};

/// Does a join give the columns of both sides?
inline bool GivesPairs(JoinType type) {
  return type == JoinType::kInner || type == JoinType::kLeft || type == JoinType::kRight || type == JoinType::kFull ||
         type == JoinType::kSingle;
}
/// Does what a join gives of a right row depend on whether any left row matched it?
inline bool MarksRight(JoinType type) {
  return type == JoinType::kRight || type == JoinType::kFull || type == JoinType::kRightSemi ||
         type == JoinType::kRightAnti;
}
/// Are right rows all that a join gives?
inline bool GivesRightOnly(JoinType type) { return type == JoinType::kRightSemi || type == JoinType::kRightAnti; }
/// Is a left row without a match dropped?
inline bool DropsUnmatchedLeft(JoinType type) {
  return type == JoinType::kInner || type == JoinType::kSemi || type == JoinType::kRight || GivesRightOnly(type);
}

/// children[0] is left (probe side), children[1] right (build side). Output: left's, then right's (kSemi, kAnti: left's
/// only; kMark: left's and the mark; kRightSemi, kRightAnti: right's only), of which the optimizer
/// may leave out some. No term at all is a cross join.
struct LogicalJoin : LogicalPlan {
  LogicalJoin() : LogicalPlan(PlanKind::kJoin) {}
  JoinType type = JoinType::kInner;
  std::vector<BoundExprPtr>
      terms;  // ANDed; may read both sides. Equalities of one side's expression with the other's become hash keys
  /// kMark and kAnti for [NOT] IN: terms[0] is the `=` of IN; a NULL on either side of it makes the answer unknown
  /// (mark NULL; anti: row dropped).
  bool null_aware = false;
};

struct AggregateCall {
  BoundAggregate function;
  std::vector<BoundExprPtr> arguments;  // none for count(*)
  bool distinct = false;
  BoundExprPtr filter;  // null, or BOOLEAN
};

/// Output: one column a group expression, then one an aggregate. No groups: exactly one row. No aggregates: DISTINCT.
///
/// With grouping_sets the rows are those of several groupings, each by the groups (places in `groups`, which has some)
/// that its set names; a set of none gives exactly one row. A group's column is NULL in the rows of the sets that lack
/// it. One more output column, the last, tells which those are: a BIGINT with bit i set where the row's set lacks
/// groups[i].
struct LogicalAggregate : LogicalPlan {
  LogicalAggregate() : LogicalPlan(PlanKind::kAggregate) {}
  std::vector<BoundExprPtr> groups;
  std::vector<AggregateCall> aggregates;
  std::vector<std::vector<uint32_t>> grouping_sets;

  /// Whether all rows of one value of groups[i] go into the same output rows, and into no others.
  bool IsInEverySet(size_t i) const;
};

struct SortKey {
  BoundExprPtr expr;
  bool descending = false;
  bool nulls_first = false;
};

/// One end of a frame.
struct FrameBound {
  enum class Kind : uint8_t { kUnboundedPreceding, kPreceding, kCurrentRow, kFollowing, kUnboundedFollowing };
  Kind kind = Kind::kUnboundedPreceding;
  BoundExprPtr offset;  // kPreceding and kFollowing: BIGINT without columns
};

/// The rows of its partition that a row's call is computed over. With is_range a row's peers (equal in the order) come
/// and go with it, and bounds have no offsets.
struct WindowFrame {
  bool is_range = true;
  FrameBound start;
  FrameBound end{FrameBound::Kind::kCurrentRow, nullptr};
};

/// One function over a window.
struct WindowCall {
  std::string name;
  WindowKind kind = WindowKind::kRowNumber;
  LogicalType return_type;
  BoundAggregate aggregate;             // kAggregate
  std::vector<BoundExprPtr> arguments;  // none for count(*)
  BoundExprPtr filter;                  // kAggregate: null, or BOOLEAN
  bool ignore_nulls = false;
  /// The call's own order is the first so many of the node's keys.
  uint32_t num_order_keys = 0;
  WindowFrame frame;
};

/// Functions over the rows of partitions in an order. Output: the child's columns, then one a call; rows come in any
/// order.
struct LogicalWindow : LogicalPlan {
  LogicalWindow() : LogicalPlan(PlanKind::kWindow) {}
  std::vector<BoundExprPtr> partition_by;
  std::vector<SortKey> order_by;
  std::vector<WindowCall> calls;
};

/// Output is the child's. With limit set (top-N) only the first limit rows after offset.
struct LogicalSort : LogicalPlan {
  LogicalSort() : LogicalPlan(PlanKind::kSort) {}
  std::vector<SortKey> keys;
  BoundExprPtr limit;   // null, or BIGINT without columns; set by the optimizer (top-N)
  BoundExprPtr offset;  // null, or BIGINT without columns
};

/// Columns of a table's rows, read by the rows' ids. Output: the child's columns, then the table's column
/// column_ordinals[i] each; NULLs where the row id is NULL.
struct LogicalFetch : LogicalPlan {
  LogicalFetch() : LogicalPlan(PlanKind::kFetch) {}
  TableId table;
  std::string table_name;
  BoundExprPtr row_id;  // a column of the child that a scan of the table, in the same snapshot, gave
  std::vector<uint32_t> column_ordinals;

  /// How many of the output columns are the child's.
  size_t num_passed() const { return output.size() - column_ordinals.size(); }
};

/// Output is the first child's. NULL limit value: no limit. Negative: error 2201W-like (22023). Where a subquery stands
/// in one of the bounds, children[1] gives them as the columns (limit, offset) of its one row, and both are null here.
struct LogicalLimit : LogicalPlan {
  LogicalLimit() : LogicalPlan(PlanKind::kLimit) {}
  BoundExprPtr limit;
  BoundExprPtr offset;
};

/// children have columns of the same types, matched by place; output has ids of its own.
struct LogicalSetOperation : LogicalPlan {
  LogicalSetOperation() : LogicalPlan(PlanKind::kSetOperation) {}
  enum class Op : uint8_t { kUnion, kIntersect, kExcept };
  Op op = Op::kUnion;
  bool all = false;
};

/// WITH RECURSIVE. children[0] gives the first rows; children[1] is computed again and again, over the rows that came
/// last, which it reads by LogicalMaterializedScan with the same id, until it gives none. Output: all rows; children
/// have columns of the same types, matched by place; output has ids of its own.
struct LogicalRecursive : LogicalPlan {
  LogicalRecursive() : LogicalPlan(PlanKind::kRecursive) {}
  uint32_t id = 0;
  /// Without: rows that were given before are left out.
  bool all = false;
};

/// children[0] is the definition, computed once when first read; children[1] the body, which reads it by
/// LogicalMaterializedScan with the same id. Output is the body's.
struct LogicalMaterialize : LogicalPlan {
  LogicalMaterialize() : LogicalPlan(PlanKind::kMaterialize) {}
  uint32_t id = 0;
};

/// output[i] is column column_indexes[i] of the definition, under a new id.
struct LogicalMaterializedScan : LogicalPlan {
  LogicalMaterializedScan() : LogicalPlan(PlanKind::kMaterializedScan) {}
  /// As a column index: a BIGINT, another one in each row of the definition, the same in all scans of it.
  static constexpr uint32_t kRowNumber = ~uint32_t{0};
  uint32_t id = 0;
  std::vector<uint32_t> column_indexes;
};

/// A condition that every written row must meet: not FALSE (CHECK), or not NULL (NOT NULL). Its columns are the written
/// row's.
struct RowConstraint {
  BoundExprPtr expr;
  bool is_not_null = false;
  std::string sqlstate;  // 23514 or 23502
  std::string message;   // names the constraint and the table
};

/// The child gives one column for each column of the table, in order, of its type. Output: one BIGINT, the number of
/// rows.
struct LogicalInsert : LogicalPlan {
  LogicalInsert() : LogicalPlan(PlanKind::kInsert) {}
  TableId table;
  std::string table_name;
  std::vector<RowConstraint> constraints;
  bool bulk = false;  // COPY, CTAS: write cold row groups directly
};

/// The child gives the row id, then the new value of every column of the table. Output: one BIGINT, the number of rows.
struct LogicalUpdate : LogicalPlan {
  LogicalUpdate() : LogicalPlan(PlanKind::kUpdate) {}
  TableId table;
  std::string table_name;
  std::vector<RowConstraint> constraints;
};

/// The child's first column is the row id. Output: one BIGINT, the number of rows.
struct LogicalDelete : LogicalPlan {
  LogicalDelete() : LogicalPlan(PlanKind::kDelete) {}
  TableId table;
  std::string table_name;
};

/// Writes the child's rows to a file. Output: one BIGINT, the number of rows.
struct LogicalCopyTo : LogicalPlan {
  LogicalCopyTo() : LogicalPlan(PlanKind::kCopyTo) {}
  LogicalFileScan::Format format = LogicalFileScan::Format::kCsv;
  std::string path;
  std::vector<std::pair<std::string, Value>> options;
};

/// A whole statement's plan: the tree, and how many parameters it has with their types (kNull where context gives
/// none).
struct BoundStatementPlan {
  LogicalPlanPtr root;
  std::vector<LogicalType> parameter_types;
  std::vector<std::string> parameter_names;  // empty for positional ones
  uint64_t next_column_id = 1;               // fresh ids for the optimizer
};

/// The plan as an indented tree, one node a line, with terms, pushed predicates and estimated rows: what EXPLAIN shows.
std::string PlanToString(const LogicalPlan& plan, bool with_estimates = true);

/// A short name of a node's kind and variant, for example "HASH_JOIN LEFT": what EXPLAIN shows as its head.
std::string PlanNodeTitle(const LogicalPlan& plan);

/// What EXPLAIN shows behind the head: terms, predicates, columns.
std::string PlanNodeDetail(const LogicalPlan& plan);

}  // namespace llkv
