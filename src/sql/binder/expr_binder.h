// Expressions: syntax tree to bound tree, in the scope and under the rules of one clause. Subqueries are bound and set
// aside as PendingSubquery for the query's plan to take in (unnest.h). Internal to the binder.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "sql/binder/bind_state.h"
#include "sql/binder/scope.h"
#include "sql/parser/ast.h"

namespace llkv {

/// A subquery of an expression, bound but not yet part of any plan. The expression holds the column `result` in its
/// place.
struct PendingSubquery {
  enum class Kind : uint8_t {
    kScalar,  // `result` is the plan's only column, NULL without a row
    kExists,  // `result` is BOOLEAN
    kIn,      // `result` is BOOLEAN: terms[0] is `operand = column`, more for rows; NULL by IN's rule
  };
  Kind kind = Kind::kScalar;
  LogicalPlanPtr plan;
  ColumnId result;
  LogicalType type;
  /// Over the outer query's columns and the plan's.
  std::vector<BoundExprPtr> terms;
  /// Does the plan read columns of the outer query?
  bool correlated = false;
  int64_t position = -1;
};

/// A call of GROUPING: the expression holds the column `result` in its place until the groups are known.
struct GroupingCall {
  OutputColumn result;
  std::vector<BoundExprPtr> arguments;
  int64_t position = -1;
};

/// The aggregates that a query's expressions call, each once.
struct AggregateState {
  std::vector<AggregateCall> calls;
  /// One for each call.
  std::vector<OutputColumn> outputs;
  /// Those in the aggregates' arguments: part of the plan below the aggregation.
  std::vector<PendingSubquery> subqueries;
  std::vector<GroupingCall> groupings;
};

/// The windows that a query's expressions look through.
struct WindowState {
  /// Of the WINDOW clause; null: none.
  const std::vector<AstNamedWindow>* named = nullptr;
  /// One for each partition and order. Not yet part of a plan: without child, and `output` has the calls' columns
  /// alone.
  std::vector<std::unique_ptr<LogicalWindow>> nodes;
  /// Those in what the windows compute: part of the plan below them.
  std::vector<PendingSubquery> subqueries;
};

/// A select item that other clauses may name.
struct SelectAlias {
  std::string_view name;
  const AstExpr* expr = nullptr;
};

/// An expression of GROUP BY that holds a subquery. Bound twice, a subquery has other columns: so it is known again by
/// its text.
struct SubqueryGroup {
  std::string text;
  OutputColumn column;
};

struct SetCallState;

/// What an expression may be, by where it stands.
struct ExprContext {
  /// As errors name it: "WHERE".
  std::string_view clause;
  /// Null: no columns.
  const Scope* scope = nullptr;
  const CteFrame* ctes = nullptr;
  /// Null: aggregates are not allowed.
  AggregateState* aggregates = nullptr;
  /// Null: functions over windows are not allowed.
  WindowState* windows = nullptr;
  /// Null: functions that give rows are not allowed.
  SetCallState* sets = nullptr;
  /// Null: subqueries are not allowed.
  std::vector<PendingSubquery>* subqueries = nullptr;
  /// Null: none. Columns of the scope go before aliases, those of outer queries after.
  const std::vector<SelectAlias>* aliases = nullptr;
  /// Expressions that are read from the aggregation, outside of aggregates' arguments; null: none.
  const std::vector<SubqueryGroup>* groups = nullptr;
  bool in_aggregate = false;
  /// A term of WHERE: what it gives for a row counts only as far as it is TRUE. Null elsewhere.
  const AstExpr* whole_term = nullptr;
  bool in_window = false;
};

class ExprBinder {
 public:
  ExprBinder(BindState& state, const ExprContext& context) : state_(state), context_(context) {}

  /// Errors: 42703, 42702, 42P01 for names, 42883 and 42804 for types, 42803 for misplaced aggregates, 42P20 for
  /// misplaced windows, 0A000.
  arrow::Result<BoundExprPtr> Bind(const AstExpr& expr);
  /// The same, as a condition of the clause.
  arrow::Result<BoundExprPtr> BindCondition(const AstExpr& expr);
  /// The values of a subquery's one row of `width` columns: all NULL where it has no row. Errors: 42601 for another
  /// number of columns.
  arrow::Result<std::vector<BoundExprPtr>> BindSubqueryRow(const AstSubquery& subquery, size_t width);
  /// Says what is wrong with a window of the WINDOW clause, also where nobody looks through it.
  arrow::Status CheckWindow(const AstWindow& window);

 private:
  arrow::Result<BoundExprPtr> BindColumnRef(const AstColumnRef& ref);
  /// A table's row as a STRUCT: NULL where an outer join has none.
  arrow::Result<BoundExprPtr> BindWholeRow(const ResolvedTable& table, int64_t position);
  /// TRUE where there is a row of the table, else NULL.
  arrow::Result<BoundExprPtr> BindRowMarker(const ResolvedTable& table, int64_t position);
  arrow::Result<BoundExprPtr> BindParameter(const AstParameter& parameter);
  arrow::Result<BoundExprPtr> BindAtTimeZone(const AstAtTimeZone& at);
  arrow::Result<BoundExprPtr> BindIntervalLiteral(const AstIntervalLiteral& literal);
  arrow::Result<BoundExprPtr> BindUnary(const AstUnary& unary);
  arrow::Result<BoundExprPtr> BindBinary(const AstBinary& binary);
  arrow::Result<BoundExprPtr> BindRowComparison(const AstBinary& binary);
  /// Of a row as written, or of a subquery.
  arrow::Result<std::vector<BoundExprPtr>> BindRowOf(const AstExpr& expr, size_t width);
  arrow::Result<BoundExprPtr> BindLogical(const AstLogical& logical);
  arrow::Result<BoundExprPtr> BindIs(const AstIs& is);
  arrow::Result<BoundExprPtr> BindLike(const AstLike& like);
  arrow::Result<BoundExprPtr> BindBetween(const AstBetween& between);
  arrow::Result<BoundExprPtr> BindInList(const AstInList& in);
  arrow::Result<BoundExprPtr> BindRowInList(const AstInList& in);
  arrow::Result<BoundExprPtr> BindCase(const AstCase& node);
  arrow::Result<BoundExprPtr> BindCast(const AstCast& cast);

  // expr_binder_nested.cc
  arrow::Result<BoundExprPtr> BindList(const AstList& list);
  arrow::Result<BoundExprPtr> BindStruct(const AstStruct& literal);
  arrow::Result<BoundExprPtr> BindRow(const AstRow& row);
  arrow::Result<BoundExprPtr> BindStructPack(const AstFunction& function);
  arrow::Result<BoundExprPtr> BindSubscript(const AstSubscript& subscript);
  arrow::Result<BoundExprPtr> BindFieldAccess(const AstFieldAccess& access);
  arrow::Result<BoundExprPtr> MakeStruct(std::vector<std::string> names, std::vector<BoundExprPtr> values,
                                         int64_t position);
  arrow::Result<BoundExprPtr> ExtractField(BoundExprPtr operand, const AstName& field);
  /// a.b where a is a column of STRUCTs; `otherwise` where it is not.
  arrow::Result<BoundExprPtr> BindFieldOfColumn(const AstColumnRef& ref, const arrow::Status& otherwise);

  // expr_binder_aggregate.cc
  arrow::Result<BoundExprPtr> BindAggregate(const AstFunction& function, std::string_view name);
  /// The call with its arguments, bound by `inner`.
  /// What stands for the star in count(*) and count(t.*).
  arrow::Status BindCountedRows(const AstFunction& function, std::string_view name, AggregateCall* call);
  arrow::Result<AggregateCall> BindAggregateCall(const AstFunction& function, std::string_view name,
                                                 const ExprContext& inner);
  arrow::Status GuardArguments(AggregateCall* call);
  arrow::Status OrderedSetArguments(const AstFunction& function, std::string_view name, AggregateCall* call,
                                    std::vector<SortKey>* order);
  static void OrderArguments(std::vector<SortKey> order, AggregateCall* call);
  /// The context, this one or one around it, of the query that an aggregate with these columns belongs to.
  arrow::Result<const ExprContext*> AggregateHome(const std::unordered_set<ColumnId>& columns, int64_t position) const;
  arrow::Result<BoundExprPtr> BindGrouping(const AstFunction& function);

  // expr_binder_function.cc
  arrow::Result<BoundExprPtr> BindFunction(const AstFunction& function);
  arrow::Result<BoundExprPtr> BindScalarCall(const AstFunction& function, std::string_view name);
  /// For what is computed only under a condition, which rows that come or not cannot follow.
  ExprContext WithoutSets(std::string_view clause) const;
  /// A table function of a select list.
  arrow::Result<BoundExprPtr> BindSetCall(const AstFunction& function, const TableFunction& table_function);
  arrow::Result<BoundExprPtr> BindCoalesce(std::vector<BoundExprPtr> arguments, int64_t position);
  arrow::Result<std::vector<BoundExprPtr>> BindAll(const std::vector<AstExprPtr>& exprs);

  // expr_binder_window.cc
  arrow::Result<BoundExprPtr> BindWindow(const AstFunction& function, std::string_view name);
  arrow::Result<WindowCall> BindWindowCall(const AstFunction& function, std::string_view name,
                                           const ExprContext& inner);
  arrow::Result<WindowCall> BindPureWindowCall(const AstFunction& function, const WindowFunction& window,
                                               const ExprContext& inner);
  arrow::Status BindFrameBound(const AstFrameBound& ast, FrameBound* bound);
  arrow::Status BindFrame(const AstFrame& ast, WindowFrame* frame);

  // expr_binder_subquery.cc
  arrow::Result<PendingSubquery> BindQueryOf(const AstQuery& query, int64_t position);
  BoundExprPtr AddPending(PendingSubquery pending, PendingSubquery::Kind kind, LogicalType type);
  arrow::Result<BoundExprPtr> BindScalarSubquery(const AstSubquery& subquery);
  arrow::Result<BoundExprPtr> BindArraySubquery(const AstSubquery& subquery);
  arrow::Result<BoundExprPtr> BindExists(const AstExists& exists);
  arrow::Result<BoundExprPtr> BindInSubquery(const AstInSubquery& in);
  arrow::Result<BoundExprPtr> MakeIn(std::vector<BoundExprPtr> operands, PendingSubquery pending, int64_t position);
  /// Binds what ANY is over: again at each call, since a plan is part of one place.
  using BindRows = std::function<arrow::Result<PendingSubquery>()>;
  arrow::Result<BoundExprPtr> BindQuantified(const AstQuantified& quantified);
  /// The elements of a list as rows of one column.
  arrow::Result<PendingSubquery> BindElements(const AstExpr& list, int64_t position);
  arrow::Result<BoundExprPtr> MakeAny(AstBinaryOp op, std::vector<BoundExprPtr> operands, const BindRows& bind_rows,
                                      int64_t position);
  arrow::Result<BoundExprPtr> MakeAnyByBounds(AstBinaryOp op, BoundExprPtr operand, PendingSubquery pending,
                                              int64_t position);
  /// `bound` are the rows where they were bound already.
  arrow::Result<BoundExprPtr> MakeAnyByExists(AstBinaryOp op, const std::vector<BoundExprPtr>& operands,
                                              const BindRows& bind_rows, int64_t position,
                                              std::optional<PendingSubquery> bound = std::nullopt);
  /// `operands` op the columns of a subquery's row.
  arrow::Result<BoundExprPtr> CompareWith(AstBinaryOp op, const std::vector<BoundExprPtr>& operands,
                                          const LogicalPlan& plan, int64_t position);

  BindState& state_;
  ExprContext context_;
};

/// A type as written. SQLite's dialect: all integers are 64 bits wide, all reals DOUBLE. Errors: 42883, 22023, 0A000.
arrow::Result<LogicalType> ResolveType(const BindState& state, const AstTypeName& type);

/// A constant as written, `negative` where a minus stands before it.
arrow::Result<Value> LiteralValue(const BindState& state, const AstLiteral& literal, bool negative);

/// The registry's name of an operator, or null where it is none of the registry's.
const char* OperatorName(AstBinaryOp op);
bool IsComparison(AstBinaryOp op);

/// Whether * stands among the arguments.
bool HasStar(const AstFunction& function);

/// Refuses what no call may have: 0A000, and 42809 for what only aggregates take.
arrow::Status CheckPlainCall(const AstFunction& function, bool is_aggregate, bool may_ignore_nulls);

/// Errors: 42704 for names that windows of the clause extend and that do not stand before them, 42P20 for names that
/// stand twice and for what a window may not extend.
arrow::Status CheckNamedWindows(const std::vector<AstNamedWindow>& named);

/// not(expr).
arrow::Result<BoundExprPtr> MakeNot(BindState& state, BoundExprPtr expr, int64_t position);
/// expr IS NULL.
arrow::Result<BoundExprPtr> MakeIsNull(BindState& state, BoundExprPtr expr, int64_t position);
/// CASE with the children in ExprKind::kCase's order; branches are unified.
arrow::Result<BoundExprPtr> MakeCase(BindState& state, std::vector<BoundExprPtr> children, int64_t position);

/// left op right, for MakeComparison's operators, of rows of equally many values: the first pair that differs decides,
/// or is NULL. Errors: 0A000 for values that differ from call to call, which more than one comparison would read.
arrow::Result<BoundExprPtr> MakeRowComparison(BindState& state, std::string_view op, std::vector<BoundExprPtr> left,
                                              std::vector<BoundExprPtr> right, int64_t position);

}  // namespace llkv
