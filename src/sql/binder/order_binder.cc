// See order_binder.h.
#include "sql/binder/order_binder.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/error.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/typing.h"
#include "sql/binder/unnest.h"

namespace llkv {

arrow::Result<int64_t> OrdinalOf(const AstExpr& expr, size_t num_items, const char* clause) {
  // A sign before a number is part of it.
  const AstExpr* number = &expr;
  bool negative = false;
  while (const auto* sign = number->TryAs<AstUnary>()) {
    if (sign->op != AstUnaryOp::kMinus) break;
    negative = !negative;
    number = sign->operand.get();
  }
  const auto* literal = number->TryAs<AstLiteral>();
  if (literal == nullptr || literal->literal != AstLiteralKind::kInteger) return int64_t{-1};
  int64_t ordinal = 0;
  for (char c : literal->text) {
    ordinal = c >= '0' && c <= '9' && ordinal < 1000000 ? ordinal * 10 + (c - '0') : 1000000;
  }
  if (negative || ordinal < 1 || static_cast<size_t>(ordinal) > num_items) {
    return SqlError(sqlstate::kInvalidColumnReference,
                    fmt::format("{} {}{}: the select list has {} item{}", clause, negative ? "-" : "", literal->text,
                                num_items, num_items == 1 ? "" : "s"),
                    expr.position);
  }
  return ordinal - 1;
}

SortKey MakeSortKey(const BindState& state, const AstOrderItem& item, BoundExprPtr expr) {
  SortKey key;
  key.expr = std::move(expr);
  key.descending = item.descending;
  // PostgreSQL takes NULL as the largest value, SQLite as the smallest.
  key.nulls_first =
      item.nulls == AstNullsOrder::kDefault ? item.descending != state.sqlite() : item.nulls == AstNullsOrder::kFirst;
  return key;
}

LogicalPlanPtr RankRows(BindState& state, std::vector<BoundExprPtr> partition_by, std::vector<SortKey> order_by,
                        std::initializer_list<WindowKind> functions, LogicalPlanPtr plan) {
  auto window = std::make_unique<LogicalWindow>();
  window->output = plan->output;
  for (const WindowKind kind : functions) {
    WindowCall& call = window->calls.emplace_back();
    call.name = kind == WindowKind::kRank ? "rank" : "row_number";
    call.kind = kind;
    call.return_type = TypeId::kBigInt;
    call.num_order_keys = static_cast<uint32_t>(order_by.size());
    window->output.push_back({state.NewColumn(), call.return_type, call.name});
  }
  window->partition_by = std::move(partition_by);
  window->order_by = std::move(order_by);
  window->children.push_back(std::move(plan));
  return window;
}

bool IsNoBound(const BoundExpr* bound) { return bound == nullptr || (bound->IsConstant() && bound->value.is_null()); }

arrow::Result<BoundExprPtr> WithinLimit(BindState& state, BoundExprPtr number, const BoundExpr& limit) {
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr within, MakeComparison(state, "<=", std::move(number), limit.Clone(), -1));
  if (limit.IsConstant()) return within;
  std::vector<BoundExprPtr> either;
  ARROW_ASSIGN_OR_RAISE(either.emplace_back(), MakeIsNull(state, limit.Clone(), -1));
  either.push_back(std::move(within));
  return BoundExpr::Conjunction(false, std::move(either));
}

arrow::Result<BoundExprPtr> BehindOffset(BindState& state, BoundExprPtr number, const BoundExpr* offset) {
  if (IsNoBound(offset)) return number;
  std::vector<BoundExprPtr> or_none;
  or_none.push_back(offset->Clone());
  or_none.push_back(BoundExpr::Constant(Value::BigInt(0)));
  std::vector<BoundExprPtr> difference;
  difference.push_back(std::move(number));
  ARROW_ASSIGN_OR_RAISE(difference.emplace_back(), MakeFunction(state, "coalesce", std::move(or_none), -1));
  return MakeFunction(state, "-", std::move(difference), -1);
}

namespace {

/// The one row (limit, offset) of bounds that hold subqueries.
arrow::Result<LogicalPlanPtr> MakeBounds(BindState& state, std::vector<PendingSubquery> pending, BoundExprPtr limit,
                                         BoundExprPtr offset) {
  const auto or_null = [](BoundExprPtr bound) {
    return bound != nullptr ? std::move(bound) : BoundExpr::Constant(Value::Null(TypeId::kBigInt));
  };
  std::vector<BoundExprPtr> exprs;
  exprs.push_back(or_null(std::move(limit)));
  exprs.push_back(or_null(std::move(offset)));
  LogicalPlanPtr row = MakeSingleRow();
  const std::array<BoundExprPtr*, 2> slots = {&exprs[0], &exprs[1]};
  ARROW_RETURN_NOT_OK(AttachSubqueries(state, std::move(pending), row, slots));
  return MakeProject(state, std::move(row), std::move(exprs), {"limit", "offset"});
}

/// FETCH FIRST … ROWS WITH TIES of sorted rows: also those that sort as the last of them does. Gives more columns
/// behind theirs.
arrow::Result<LogicalPlanPtr> LimitWithTies(BindState& state, std::unique_ptr<LogicalLimit> limit, int64_t position) {
  LogicalPlanPtr plan = std::move(limit->children[0]);
  if (plan->kind != PlanKind::kSort) {
    return SqlError(sqlstate::kSyntaxError, "WITH TIES needs ORDER BY", position);
  }
  std::vector<SortKey>& keys = plan->As<LogicalSort>().keys;
  std::vector<SortKey> order;
  for (const SortKey& key : keys) order.push_back({key.expr->Clone(), key.descending, key.nulls_first});
  LogicalPlanPtr ranked =
      RankRows(state, {}, std::move(order), {WindowKind::kRank, WindowKind::kRowNumber}, std::move(plan->children[0]));
  const OutputColumn number = ranked->output.back();
  const OutputColumn rank = *(ranked->output.end() - 2);
  if (limit->children.size() > 1) {
    limit->limit = ColumnOf(limit->children[1]->output[0]);
    limit->offset = ColumnOf(limit->children[1]->output[1]);
    ranked = MakeJoin(JoinType::kInner, std::move(ranked), std::move(limit->children[1]), {});
  }
  std::vector<BoundExprPtr> terms;
  const auto add = [&](BoundExprPtr left, const char* op, BoundExprPtr right) {
    return MakeComparison(state, op, std::move(left), std::move(right), -1).Value(&terms.emplace_back());
  };
  const auto zero = [] { return BoundExpr::Constant(Value::BigInt(0)); };
  if (!IsNoBound(limit->limit.get())) {
    ARROW_ASSIGN_OR_RAISE(BoundExprPtr place, BehindOffset(state, ColumnOf(rank), limit->offset.get()));
    ARROW_ASSIGN_OR_RAISE(terms.emplace_back(), WithinLimit(state, std::move(place), *limit->limit));
    // The first row has no ties before it.
    ARROW_RETURN_NOT_OK(add(limit->limit->Clone(), "is_distinct_from", zero()));
  }
  if (!IsNoBound(limit->offset.get())) {
    ARROW_ASSIGN_OR_RAISE(BoundExprPtr place, BehindOffset(state, ColumnOf(number), limit->offset.get()));
    ARROW_RETURN_NOT_OK(add(std::move(place), ">", zero()));
  }
  plan->output = ranked->output;
  plan->children[0] = terms.empty() ? std::move(ranked) : MakeFilter(std::move(ranked), std::move(terms));
  return plan;
}

}  // namespace

arrow::Result<LogicalPlanPtr> ApplyLimit(BindState& state, const AstQuery& query, const QueryEnvironment& environment,
                                         LogicalPlanPtr plan) {
  if (query.limit == nullptr && query.offset == nullptr) return plan;
  auto node = std::make_unique<LogicalLimit>();
  std::vector<PendingSubquery> pending;
  const auto bind = [&](const AstExprPtr& ast, std::string_view clause) -> arrow::Result<BoundExprPtr> {
    if (ast == nullptr) return BoundExprPtr();
    ExprContext context;
    context.clause = clause;
    context.ctes = environment.ctes;
    context.subqueries = &pending;
    ARROW_ASSIGN_OR_RAISE(BoundExprPtr expr, ExprBinder(state, context).Bind(*ast));
    ARROW_ASSIGN_OR_RAISE(expr, CoerceTo(state, std::move(expr), TypeId::kBigInt, clause));
    const bool negative = expr->IsConstant() && !expr->value.is_null() && expr->value.integer() < 0;
    // SQLite: a negative LIMIT is none.
    if (negative && state.sqlite()) return BoundExprPtr();
    if (negative && query.with_ties) {
      return SqlError(sqlstate::kInvalidParameter, "LIMIT and OFFSET must not be negative", ast->position);
    }
    return expr;
  };
  ARROW_ASSIGN_OR_RAISE(node->limit, bind(query.limit, "LIMIT"));
  ARROW_ASSIGN_OR_RAISE(node->offset, bind(query.offset, "OFFSET"));
  if (node->limit == nullptr && node->offset == nullptr) return plan;
  node->output = plan->output;
  node->children.push_back(std::move(plan));
  if (!pending.empty()) {
    ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr bounds,
                          MakeBounds(state, std::move(pending), std::move(node->limit), std::move(node->offset)));
    node->children.push_back(std::move(bounds));
  }
  if (query.with_ties) return LimitWithTies(state, std::move(node), query.limit->position);
  return node;
}

arrow::Result<LogicalPlanPtr> BindOrderAndLimit(BindState& state, const AstQuery& query,
                                                const QueryEnvironment& environment, LogicalPlanPtr plan) {
  if (query.order_by.empty() && !query.order_by_all) return ApplyLimit(state, query, environment, std::move(plan));
  Scope scope;
  scope.parent = environment.outer;
  scope.AddTable(std::string(), plan->output);
  std::vector<PendingSubquery> pending;
  ExprContext context;
  context.clause = "ORDER BY";
  context.scope = &scope;
  context.ctes = environment.ctes;
  context.subqueries = &pending;
  const std::vector<OutputColumn> output = plan->output;
  auto sort = std::make_unique<LogicalSort>();
  for (const OutputColumn& column : output) {
    if (!query.order_by_all) break;
    sort->keys.push_back(
        MakeSortKey(state, query.order_by_all_item, BoundExpr::Column(column.id, column.type, column.name)));
  }
  for (const AstOrderItem& item : query.order_by) {
    ARROW_ASSIGN_OR_RAISE(const int64_t ordinal, OrdinalOf(*item.expr, output.size(), "ORDER BY"));
    BoundExprPtr expr;
    if (ordinal >= 0) {
      const OutputColumn& column = output[static_cast<size_t>(ordinal)];
      expr = BoundExpr::Column(column.id, column.type, column.name);
    } else {
      ARROW_ASSIGN_OR_RAISE(expr, ExprBinder(state, context).Bind(*item.expr));
    }
    sort->keys.push_back(MakeSortKey(state, item, std::move(expr)));
  }
  std::vector<BoundExprPtr*> slots;
  for (SortKey& key : sort->keys) slots.push_back(&key.expr);
  ARROW_RETURN_NOT_OK(AttachSubqueries(state, std::move(pending), plan, slots));
  sort->output = plan->output;
  sort->children.push_back(std::move(plan));
  ARROW_ASSIGN_OR_RAISE(plan, ApplyLimit(state, query, environment, std::move(sort)));
  if (plan->output.size() == output.size()) return plan;
  std::vector<BoundExprPtr> exprs;
  std::vector<std::string> names;
  for (const OutputColumn& column : output) {
    exprs.push_back(ColumnOf(column));
    names.push_back(column.name);
  }
  return MakeProject(state, std::move(plan), std::move(exprs), std::move(names));
}

}  // namespace llkv
