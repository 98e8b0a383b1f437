// The SELECT block: expressions are bound over what FROM gives; where there are aggregates, they are then rewritten to
// read the aggregation's output (select_groups.cc).
#include "sql/binder/select_binder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "plan/plan_visitor.h"
#include "sql/binder/order_binder.h"
#include "sql/binder/select_binder_impl.h"
#include "sql/binder/typing.h"
#include "sql/binder/unnest.h"
#include "sql/parser/printer.h"

namespace llkv {

ExprContext SelectBinder::Context(std::string_view clause, std::vector<PendingSubquery>* pending,
                                  AggregateState* aggregates, bool aliases) const {
  ExprContext context;
  context.clause = clause;
  context.scope = &scope_;
  context.ctes = environment_.ctes;
  context.subqueries = pending;
  context.aggregates = aggregates;
  context.aliases = aliases ? &aliases_ : nullptr;
  context.groups = aggregates != nullptr ? &subquery_groups_ : nullptr;
  return context;
}

ExprContext SelectBinder::WindowContext(std::string_view clause, std::vector<PendingSubquery>* pending, bool aliases) {
  ExprContext context = Context(clause, pending, &aggregates_, aliases);
  context.windows = &windows_;
  // Rows of QUALIFY are those of the windows.
  context.sets = clause == "QUALIFY" ? nullptr : &sets_;
  return context;
}

arrow::Result<LogicalPlanPtr> SelectBinder::Bind() {
  ARROW_RETURN_NOT_OK(CheckNamedWindows(select_.windows));
  windows_.named = &select_.windows;
  ARROW_ASSIGN_OR_RAISE(BoundFrom from, BindFrom(state_, select_.from, environment_));
  scope_ = std::move(from.scope);
  plan_ = std::move(from.plan);
  if (select_.where != nullptr) {
    ARROW_RETURN_NOT_OK(ApplyWhere(state_, *select_.where, scope_, environment_.ctes, plan_));
  }
  ARROW_RETURN_NOT_OK(ExpandItems());
  ARROW_RETURN_NOT_OK(CheckWindows());
  ARROW_RETURN_NOT_OK(BindGroups());
  ARROW_RETURN_NOT_OK(BindItems());
  if (select_.group_by_all) ARROW_RETURN_NOT_OK(GroupByAll());
  if (select_.having != nullptr) {
    ExprBinder binder(state_, Context("HAVING", &having_pending_, &aggregates_, true));
    ARROW_ASSIGN_OR_RAISE(having_, binder.BindCondition(*select_.having));
  }
  ARROW_RETURN_NOT_OK(BindQualify());
  ARROW_RETURN_NOT_OK(BindOrder());
  ARROW_RETURN_NOT_OK(BindDistinctOn());
  const bool aggregates = !groups_.empty() || !aggregates_.calls.empty() || !aggregates_.groupings.empty() ||
                          having_ != nullptr || !select_.group_by.empty();
  if (aggregates) ARROW_RETURN_NOT_OK(Aggregate());
  ARROW_RETURN_NOT_OK(AddWindows());
  ARROW_RETURN_NOT_OK(AddItems());
  Project();
  if (!distinct_on_.empty()) {
    ARROW_RETURN_NOT_OK(DistinctOn());
  } else if (select_.distinct) {
    Distinct();
  }
  if (!order_.empty()) {
    auto sort = std::make_unique<LogicalSort>();
    sort->keys = OrderKeys();
    sort->output = plan_->output;
    sort->children.push_back(std::move(plan_));
    plan_ = std::move(sort);
  }
  ARROW_ASSIGN_OR_RAISE(plan_, ApplyLimit(state_, query_, environment_, std::move(plan_)));
  if (num_visible_ < plan_->output.size()) {
    items_.resize(num_visible_);
    for (size_t i = 0; i < num_visible_; ++i) {
      const OutputColumn& column = plan_->output[i];
      items_[i].expr = BoundExpr::Column(column.id, column.type, column.name);
    }
    Project();
  }
  return std::move(plan_);
}

arrow::Status SelectBinder::ExpandStar(const AstStar& star) {
  int32_t table = -1;
  if (!star.qualifier.empty()) {
    const AstName& name = star.qualifier.back();
    std::vector<std::string> candidates;
    for (size_t i = 0; i < scope_.tables.size(); ++i) {
      if (SameName(scope_.tables[i].alias, name.key)) table = static_cast<int32_t>(i);
      candidates.push_back(scope_.tables[i].alias);
    }
    if (table < 0) {
      return SqlError(sqlstate::kUndefinedTable, fmt::format("there is no table \"{}\" in FROM", name.text),
                      name.range.position, NearestNameHint(name.text, candidates));
    }
  }
  if (scope_.tables.empty()) return SqlError(sqlstate::kSyntaxError, "SELECT * needs FROM", star.position);
  const auto add = [&](const ScopeColumn& column) {
    const ResolvedColumn resolved{&column, 0, &scope_};
    items_.push_back({nullptr, MakeColumnRef(resolved, star.position), column.name});
  };
  if (table < 0) {
    for (uint32_t index : scope_.visible) add(scope_.columns[index]);
  } else {
    for (const ScopeColumn& column : scope_.columns) {
      if (column.table == table && !column.is_marker) add(column);
    }
  }
  return arrow::Status::OK();
}

arrow::Status SelectBinder::ExpandItems() {
  items_.reserve(select_.items.size());
  for (const AstSelectItem& item : select_.items) {
    if (const auto* star = item.expr->TryAs<AstStar>()) {
      if (!item.alias.empty()) {
        return SqlError(sqlstate::kSyntaxError, "* has no alias", item.alias.range.position);
      }
      ARROW_RETURN_NOT_OK(ExpandStar(*star));
      continue;
    }
    if (!item.alias.empty()) aliases_.push_back({item.alias.key, item.expr.get()});
    items_.push_back({item.expr.get(), nullptr, item.alias.text});
  }
  num_visible_ = items_.size();
  return arrow::Status::OK();
}

arrow::Status SelectBinder::BindItems() {
  ExprBinder binder(state_, WindowContext("SELECT", &item_pending_, false));
  for (SelectItem& item : items_) {
    if (item.ast == nullptr) continue;
    for (size_t i = 0; i < group_asts_.size() && item.expr == nullptr; ++i) {
      if (group_asts_[i] != item.ast) continue;
      const OutputColumn& group = group_outputs_[i];
      item.expr = BoundExpr::Column(group.id, group.type, group.name, item.ast->position);
    }
    if (item.expr == nullptr) {
      ARROW_ASSIGN_OR_RAISE(item.expr, binder.Bind(*item.ast));
      SettleParameter(state_, *item.expr);
    }
    if (!item.name.empty()) continue;
    if (const auto* ref = item.ast->TryAs<AstColumnRef>()) {
      item.name = ref->parts.back().text;
      for (const ScopeColumn& column : scope_.columns) {
        if (item.expr->IsColumn() && column.id == item.expr->column) item.name = column.name;
      }
    } else {
      item.name = ToSql(*item.ast);
    }
  }
  return arrow::Status::OK();
}

// The item that a key of ORDER BY means; a hidden one is added where it is none of the select list.
arrow::Result<size_t> SelectBinder::OrderItem(const AstExpr& expr) {
  ARROW_ASSIGN_OR_RAISE(const int64_t ordinal, OrdinalOf(expr, num_visible_, "ORDER BY"));
  if (ordinal >= 0) return static_cast<size_t>(ordinal);
  if (const auto* ref = expr.TryAs<AstColumnRef>(); ref != nullptr && ref->parts.size() == 1) {
    const SelectItem* found = nullptr;
    for (size_t i = 0; i < num_visible_; ++i) {
      const SelectItem& item = items_[i];
      if (!SameName(item.name, ref->parts[0].key)) continue;
      if (found != nullptr && !found->expr->Equals(*item.expr)) {
        return SqlError(sqlstate::kAmbiguousColumn,
                        fmt::format("\"{}\" names several items of the select list", ref->parts[0].text),
                        ref->position);
      }
      if (found == nullptr) found = &item;
    }
    if (found != nullptr) return static_cast<size_t>(found - items_.data());
  }
  ExprBinder binder(state_, WindowContext("ORDER BY", &item_pending_, true));
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr bound, binder.Bind(expr));
  for (size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].expr->Equals(*bound)) return i;
  }
  if (select_.distinct && select_.distinct_on.empty()) {
    return SqlError(sqlstate::kInvalidColumnReference,
                    "with DISTINCT, what ORDER BY reads must stand in the select list", expr.position);
  }
  items_.push_back({&expr, std::move(bound), "order"});
  return items_.size() - 1;
}

arrow::Status SelectBinder::BindOrder() {
  if (query_.order_by_all) {
    for (size_t i = 0; i < num_visible_; ++i) order_.push_back({&query_.order_by_all_item, i});
    return arrow::Status::OK();
  }
  for (const AstOrderItem& item : query_.order_by) {
    ARROW_ASSIGN_OR_RAISE(const size_t index, OrderItem(*item.expr));
    order_.push_back({&item, index});
  }
  return arrow::Status::OK();
}

// What DISTINCT ON names is found as what ORDER BY names.
arrow::Status SelectBinder::BindDistinctOn() {
  for (const AstExprPtr& expr : select_.distinct_on) {
    ARROW_ASSIGN_OR_RAISE(distinct_on_.emplace_back(), OrderItem(*expr));
  }
  return arrow::Status::OK();
}

std::vector<SortKey> SelectBinder::OrderKeys() const {
  std::vector<SortKey> keys;
  for (const OrderKey& key : order_) {
    const OutputColumn& column = plan_->output[key.item];
    keys.push_back(MakeSortKey(state_, *key.ast, BoundExpr::Column(column.id, column.type, column.name)));
  }
  return keys;
}

void SelectBinder::Filter(BoundExprPtr condition) {
  plan_ = MakeFilter(std::move(plan_), SplitConjuncts(std::move(condition)));
}

// Each call binds its window anew: what is bound here is not kept.
arrow::Status SelectBinder::CheckWindows() {
  AggregateState aggregates;
  std::vector<PendingSubquery> pending;
  ExprContext context = Context("WINDOW", &pending, &aggregates, false);
  context.in_window = true;
  for (const AstNamedWindow& named : select_.windows) {
    ARROW_RETURN_NOT_OK(ExprBinder(state_, context).CheckWindow(named.window));
  }
  return arrow::Status::OK();
}

arrow::Status SelectBinder::BindQualify() {
  if (select_.qualify == nullptr) return arrow::Status::OK();
  ExprBinder binder(state_, WindowContext("QUALIFY", &qualify_pending_, true));
  ARROW_ASSIGN_OR_RAISE(qualify_, binder.BindCondition(*select_.qualify));
  if (!windows_.nodes.empty()) return arrow::Status::OK();
  return SqlError(sqlstate::kWindowingError, "QUALIFY needs a function over a window, in it or in the select list",
                  select_.qualify->position);
}

// The windows stand above the aggregation and HAVING, and below what the select list computes of them.
arrow::Status SelectBinder::AddWindows() {
  std::vector<BoundExprPtr*> slots;
  for (const auto& window : windows_.nodes) {
    ForEachExpr(*window, [&](BoundExprPtr& expr) { slots.push_back(&expr); });
  }
  ARROW_RETURN_NOT_OK(AttachSubqueries(state_, std::move(windows_.subqueries), plan_, slots));
  for (auto& window : windows_.nodes) {
    window->output.insert(window->output.begin(), plan_->output.begin(), plan_->output.end());
    window->children.push_back(std::move(plan_));
    plan_ = std::move(window);
  }
  if (qualify_ == nullptr) return arrow::Status::OK();
  BoundExprPtr* qualify[] = {&qualify_};
  ARROW_RETURN_NOT_OK(AttachSubqueries(state_, std::move(qualify_pending_), plan_, qualify));
  Filter(std::move(qualify_));
  return arrow::Status::OK();
}

// Subqueries and table functions of the select list: a subquery that reads what a function gives stands above it.
arrow::Status SelectBinder::AddItems() {
  std::vector<BoundExprPtr*> slots;
  for (SelectItem& item : items_) slots.push_back(&item.expr);
  if (sets_.calls.empty()) return AttachSubqueries(state_, std::move(item_pending_), plan_, slots);
  for (SetCall& call : sets_.calls) {
    for (BoundExprPtr& argument : call.arguments) slots.push_back(&argument);
  }
  const auto reads_sets = [this](const PendingSubquery& pending) {
    bool reads = std::any_of(pending.terms.begin(), pending.terms.end(),
                             [this](const BoundExprPtr& term) { return sets_.IsReadBy(*term); });
    VisitPlan(*pending.plan, [&](const LogicalPlan& node) {
      ForEachExpr(node, [&](const BoundExpr& expr) { reads = reads || sets_.IsReadBy(expr); });
    });
    return reads;
  };
  const auto above = std::stable_partition(item_pending_.begin(), item_pending_.end(),
                                           [&](const PendingSubquery& pending) { return !reads_sets(pending); });
  std::vector<PendingSubquery> pending_above(std::make_move_iterator(above),
                                             std::make_move_iterator(item_pending_.end()));
  item_pending_.erase(above, item_pending_.end());
  for (const PendingSubquery& pending : pending_above) {
    for (const SetCall& call : sets_.calls) {
      for (const BoundExprPtr& argument : call.arguments) {
        if (!ReadsAny(*argument, {pending.result})) continue;
        return Refuse("a function that gives rows of a subquery that reads such a function", pending.position);
      }
    }
  }
  ARROW_RETURN_NOT_OK(AttachSubqueries(state_, std::move(item_pending_), plan_, slots));
  plan_ = ApplySetCalls(std::move(sets_), std::move(plan_));
  slots.resize(items_.size());
  return AttachSubqueries(state_, std::move(pending_above), plan_, slots);
}

void SelectBinder::Project() {
  std::vector<BoundExprPtr> exprs;
  std::vector<std::string> names;
  exprs.reserve(items_.size());
  names.reserve(items_.size());
  for (SelectItem& item : items_) {
    exprs.push_back(std::move(item.expr));
    names.push_back(item.name);
  }
  plan_ = MakeProject(state_, std::move(plan_), std::move(exprs), std::move(names));
}

void SelectBinder::Distinct() {
  auto distinct = std::make_unique<LogicalAggregate>();
  for (const OutputColumn& column : plan_->output) {
    distinct->groups.push_back(BoundExpr::Column(column.id, column.type, column.name));
    distinct->output.push_back({state_.NewColumn(), column.type, column.name});
  }
  distinct->children.push_back(std::move(plan_));
  plan_ = std::move(distinct);
}

// Of the rows that have the same values of DISTINCT ON, the first in the order of ORDER BY.
arrow::Status SelectBinder::DistinctOn() {
  std::vector<BoundExprPtr> partition_by;
  for (const size_t item : distinct_on_) {
    const OutputColumn& column = plan_->output[item];
    partition_by.push_back(BoundExpr::Column(column.id, column.type, column.name));
  }
  std::vector<SortKey> order = OrderKeys();
  plan_ = RankRows(state_, std::move(partition_by), std::move(order), {WindowKind::kRowNumber}, std::move(plan_));
  const OutputColumn& number = plan_->output.back();
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr is_first,
                        MakeComparison(state_, "=", BoundExpr::Column(number.id, number.type, number.name),
                                       BoundExpr::Constant(Value::BigInt(1)), -1));
  Filter(std::move(is_first));
  return arrow::Status::OK();
}

arrow::Result<LogicalPlanPtr> BindSelect(BindState& state, const AstSelect& select, const AstQuery& query,
                                         const QueryEnvironment& environment) {
  return SelectBinder(state, select, query, environment).Bind();
}

}  // namespace llkv
