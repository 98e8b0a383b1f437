// The SELECT block: expressions are bound over what FROM gives; where there are aggregates, they are then rewritten to
// read the aggregation's output.
#include "sql/binder/select_binder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "plan/plan_visitor.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/grouping_sets.h"
#include "sql/binder/set_calls.h"
#include "sql/binder/typing.h"
#include "sql/binder/unnest.h"
#include "sql/parser/printer.h"

namespace llkv {
namespace {

struct SelectItem {
  /// Null for a column of *.
  const AstExpr* ast = nullptr;
  BoundExprPtr expr;
  std::string name;
};

/// A key of ORDER BY: an item of the projection, hidden ones included.
struct OrderKey {
  const AstOrderItem* ast = nullptr;
  size_t item = 0;
};

class SelectBinder {
 public:
  SelectBinder(BindState& state, const AstSelect& select, const AstQuery& query, const QueryEnvironment& environment)
      : state_(state), select_(select), query_(query), environment_(environment) {}

  arrow::Result<LogicalPlanPtr> Bind();

 private:
  arrow::Status CheckSupported() const;
  ExprContext Context(std::string_view clause, std::vector<PendingSubquery>* pending, AggregateState* aggregates,
                      bool aliases) const;
  /// Of the clauses that may look through windows.
  ExprContext WindowContext(std::string_view clause, std::vector<PendingSubquery>* pending, bool aliases);
  arrow::Status ExpandItems();
  arrow::Status ExpandStar(const AstStar& star);
  arrow::Status BindItems();
  arrow::Status BindGroups();
  arrow::Status AddGroup(const AstExpr& expr, GroupSet* set);
  arrow::Result<GroupSets> BindGroupingElement(const AstGroupingElement& element);
  arrow::Status GroupByAll();
  arrow::Status BindOrder();
  arrow::Result<size_t> OrderItem(const AstExpr& expr);
  arrow::Status CheckWindows();
  arrow::Status BindQualify();
  arrow::Status Aggregate();
  arrow::Status ReadGroupsInWindows();
  arrow::Status AddWindows();
  arrow::Status AddItems();
  arrow::Status ReadGroups(BoundExprPtr& expr);
  void ReadGroupsInConjunction(BoundExpr& expr);
  void ReadWholeGroups(BoundExprPtr& expr);
  arrow::Status ReadGroups(std::vector<PendingSubquery>& pending);
  arrow::Result<BoundExprPtr> GroupingNumber(const GroupingCall& call);
  void Project();
  void Distinct();
  void Filter(BoundExprPtr condition);

  BindState& state_;
  const AstSelect& select_;
  const AstQuery& query_;
  const QueryEnvironment& environment_;
  Scope scope_;
  LogicalPlanPtr plan_;
  std::vector<SelectItem> items_;
  size_t num_visible_ = 0;
  std::vector<SelectAlias> aliases_;
  AggregateState aggregates_;
  WindowState windows_;
  SetCallState sets_;
  std::vector<BoundExprPtr> groups_;
  std::vector<const AstExpr*> group_asts_;
  /// Empty without GROUPING SETS and its kin.
  GroupSets grouping_sets_;
  /// Tells with them which groups a row lacks.
  OutputColumn missing_groups_;
  std::vector<SubqueryGroup> subquery_groups_;
  std::vector<OutputColumn> group_outputs_;
  BoundExprPtr having_;
  std::vector<PendingSubquery> having_pending_;
  BoundExprPtr qualify_;
  std::vector<PendingSubquery> qualify_pending_;
  std::vector<PendingSubquery> item_pending_;
  std::vector<OrderKey> order_;
};

arrow::Status SelectBinder::CheckSupported() const {
  if (!select_.distinct_on.empty()) return Refuse("DISTINCT ON", select_.distinct_on[0]->position);
  return CheckNamedWindows(select_.windows);
}

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
  ARROW_RETURN_NOT_OK(CheckSupported());
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
  const bool aggregates = !groups_.empty() || !aggregates_.calls.empty() || !aggregates_.groupings.empty() ||
                          having_ != nullptr || !select_.group_by.empty();
  if (aggregates) ARROW_RETURN_NOT_OK(Aggregate());
  ARROW_RETURN_NOT_OK(AddWindows());
  ARROW_RETURN_NOT_OK(AddItems());
  Project();
  if (select_.distinct) Distinct();
  if (!order_.empty()) {
    auto sort = std::make_unique<LogicalSort>();
    for (const OrderKey& key : order_) {
      const OutputColumn& column = plan_->output[key.item];
      sort->keys.push_back(MakeSortKey(state_, *key.ast, BoundExpr::Column(column.id, column.type, column.name)));
    }
    sort->output = plan_->output;
    sort->children.push_back(std::move(plan_));
    plan_ = std::move(sort);
  }
  ARROW_ASSIGN_OR_RAISE(plan_, ApplyLimit(state_, query_, environment_, std::move(plan_)));
  if (num_visible_ < items_.size()) {
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
      if (column.table == table) add(column);
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

// Adds the group, and its place to `set`. A group that stands in several sets is one.
arrow::Status SelectBinder::AddGroup(const AstExpr& expr, GroupSet* set) {
  if (const auto* row = expr.TryAs<AstRow>()) {
    for (const AstExprPtr& value : row->values) ARROW_RETURN_NOT_OK(AddGroup(*value, set));
    return arrow::Status::OK();
  }
  const AstExpr* ast = &expr;
  BoundExprPtr bound;
  const size_t num_subqueries = aggregates_.subqueries.size();
  ARROW_ASSIGN_OR_RAISE(const int64_t ordinal, OrdinalOf(expr, num_visible_, "GROUP BY"));
  if (ordinal >= 0) {
    const SelectItem& item = items_[static_cast<size_t>(ordinal)];
    ast = item.ast;
    if (ast == nullptr) bound = item.expr->Clone();
  } else if (const auto* ref = expr.TryAs<AstColumnRef>(); ref != nullptr && ref->parts.size() == 1) {
    // A bare alias stands for its item, where FROM has no column of that name.
    ARROW_ASSIGN_OR_RAISE(const ResolvedColumn found, ResolveInScope(scope_, ref->parts[0]));
    for (const SelectAlias& alias : aliases_) {
      if (found.column == nullptr && SameName(alias.name, ref->parts[0].key)) ast = alias.expr;
    }
  }
  if (bound == nullptr) {
    ExprBinder binder(state_, Context("GROUP BY", &aggregates_.subqueries, nullptr, true));
    ARROW_ASSIGN_OR_RAISE(bound, binder.Bind(*ast));
  }
  for (size_t i = 0; i < groups_.size() && !bound->IsVolatile(); ++i) {
    if (!groups_[i]->Equals(*bound)) continue;
    set->push_back(static_cast<uint32_t>(i));
    return arrow::Status::OK();
  }
  set->push_back(static_cast<uint32_t>(groups_.size()));
  group_outputs_.push_back({state_.NewColumn(), bound->type, bound->ToString()});
  groups_.push_back(std::move(bound));
  group_asts_.push_back(ast);
  if (aggregates_.subqueries.size() > num_subqueries) subquery_groups_.push_back({ToSql(*ast), group_outputs_.back()});
  return arrow::Status::OK();
}

arrow::Status SelectBinder::BindGroups() {
  GroupSets sets{GroupSet()};
  for (const AstGroupingElement& element : select_.group_by) {
    ARROW_ASSIGN_OR_RAISE(GroupSets more, BindGroupingElement(element));
    ARROW_ASSIGN_OR_RAISE(sets, CrossSets(sets, more, element.range.position));
  }
  if (select_.group_by_distinct) DropEqualSets(&sets);
  if (sets.size() == 1 && sets[0].size() == groups_.size()) return arrow::Status::OK();
  if (groups_.size() >= kMaxSetGroups) {
    return SqlError(sqlstate::kStatementTooComplex,
                    fmt::format("grouping sets of more than {} expressions", kMaxSetGroups - 1),
                    select_.group_by_position);
  }
  if (groups_.empty()) {
    // Several sets of none are still a grouping, by something that none of them has.
    groups_.push_back(BoundExpr::Constant(Value::Integer(TypeId::kInteger, 0)));
    group_outputs_.push_back({state_.NewColumn(), groups_[0]->type, "none"});
    group_asts_.push_back(nullptr);
  }
  grouping_sets_ = std::move(sets);
  missing_groups_ = {state_.NewColumn(), TypeId::kBigInt, "grouping"};
  return arrow::Status::OK();
}

arrow::Result<GroupSets> SelectBinder::BindGroupingElement(const AstGroupingElement& element) {
  GroupSets sets;
  if (element.kind == AstGroupingKind::kExpression) {
    GroupSet& set = sets.emplace_back();
    ARROW_RETURN_NOT_OK(AddGroup(*element.expr, &set));
    std::sort(set.begin(), set.end());
    set.erase(std::unique(set.begin(), set.end()), set.end());
    return sets;
  }
  for (const AstGroupingElement& inner : element.elements) {
    if (element.kind != AstGroupingKind::kGroupingSets && inner.kind != AstGroupingKind::kExpression) {
      return SqlError(sqlstate::kSyntaxError, "ROLLUP and CUBE take expressions, or lists of them in parentheses",
                      inner.range.position);
    }
    ARROW_ASSIGN_OR_RAISE(GroupSets more, BindGroupingElement(inner));
    ARROW_RETURN_NOT_OK(AddSets(std::move(more), inner.range.position, &sets));
  }
  if (element.kind == AstGroupingKind::kRollup) return RollupSets(sets);
  if (element.kind == AstGroupingKind::kCube) return CubeSets(sets, element.range.position);
  return sets;
}

// GROUP BY ALL: by every item that has neither an aggregate nor a function over a window in it.
arrow::Status SelectBinder::GroupByAll() {
  if (!sets_.calls.empty()) {
    return Refuse("GROUP BY ALL with a function that gives rows in the select list", select_.group_by_position);
  }
  std::unordered_set<ColumnId> aggregate_ids;
  for (const OutputColumn& column : aggregates_.outputs) aggregate_ids.insert(column.id);
  for (const GroupingCall& call : aggregates_.groupings) aggregate_ids.insert(call.result.id);
  for (const auto& window : windows_.nodes) {
    for (const OutputColumn& column : window->output) aggregate_ids.insert(column.id);
  }
  for (const SelectItem& item : items_) {
    std::unordered_set<ColumnId> columns;
    CollectColumns(*item.expr, columns);
    const auto is_aggregate = [&](ColumnId id) { return aggregate_ids.contains(id); };
    bool aggregated = std::any_of(columns.begin(), columns.end(), is_aggregate);
    for (const PendingSubquery& pending : item_pending_) {
      if (!columns.contains(pending.result)) continue;
      std::unordered_set<ColumnId> read = FreeColumns(*pending.plan);
      for (const BoundExprPtr& term : pending.terms) CollectColumns(*term, read);
      aggregated = aggregated || std::any_of(read.begin(), read.end(), is_aggregate);
    }
    if (aggregated) continue;
    // Its subqueries are part of the plan below the aggregation, where there are no aggregates to compare with.
    for (PendingSubquery& pending : item_pending_) {
      if (!columns.contains(pending.result)) continue;
      if (pending.correlated) {
        return Refuse("GROUP BY ALL with such a subquery in the select list", select_.group_by_position);
      }
      aggregates_.subqueries.push_back(std::move(pending));
    }
    std::erase_if(item_pending_, [&](const PendingSubquery& pending) { return columns.contains(pending.result); });
    group_outputs_.push_back({state_.NewColumn(), item.expr->type, item.name});
    groups_.push_back(item.expr->Clone());
    group_asts_.push_back(item.ast);
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
  if (select_.distinct) {
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

void SelectBinder::Filter(BoundExprPtr condition) {
  auto filter = std::make_unique<LogicalFilter>();
  filter->terms = SplitConjuncts(std::move(condition));
  filter->output = plan_->output;
  filter->children.push_back(std::move(plan_));
  plan_ = std::move(filter);
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

arrow::Status SelectBinder::ReadGroupsInWindows() {
  arrow::Status status;
  for (const auto& window : windows_.nodes) {
    ForEachExpr(*window, [&](BoundExprPtr& expr) {
      if (status.ok()) status = ReadGroups(expr);
    });
  }
  ARROW_RETURN_NOT_OK(status);
  ARROW_RETURN_NOT_OK(ReadGroups(windows_.subqueries));
  if (qualify_ != nullptr) ARROW_RETURN_NOT_OK(ReadGroups(qualify_));
  return ReadGroups(qualify_pending_);
}

arrow::Status SelectBinder::Aggregate() {
  for (SelectItem& item : items_) ARROW_RETURN_NOT_OK(ReadGroups(item.expr));
  for (SetCall& call : sets_.calls) {
    for (BoundExprPtr& argument : call.arguments) ARROW_RETURN_NOT_OK(ReadGroups(argument));
  }
  ARROW_RETURN_NOT_OK(ReadGroupsInWindows());
  ARROW_RETURN_NOT_OK(ReadGroups(item_pending_));
  if (having_ != nullptr) ARROW_RETURN_NOT_OK(ReadGroups(having_));
  ARROW_RETURN_NOT_OK(ReadGroups(having_pending_));
  std::vector<BoundExprPtr*> slots;
  for (BoundExprPtr& group : groups_) slots.push_back(&group);
  for (AggregateCall& call : aggregates_.calls) {
    for (BoundExprPtr& argument : call.arguments) slots.push_back(&argument);
    if (call.filter != nullptr) slots.push_back(&call.filter);
  }
  ARROW_RETURN_NOT_OK(AttachSubqueries(state_, std::move(aggregates_.subqueries), plan_, slots));
  auto aggregate = std::make_unique<LogicalAggregate>();
  aggregate->groups = std::move(groups_);
  aggregate->aggregates = std::move(aggregates_.calls);
  aggregate->output = group_outputs_;
  aggregate->output.insert(aggregate->output.end(), aggregates_.outputs.begin(), aggregates_.outputs.end());
  if (aggregate->groups.empty() && aggregate->aggregates.empty()) {
    // HAVING alone: one group of all rows.
    auto count = state_.functions.BindAggregate("count", BindInput{{}, {}, state_.options.dialect});
    ARROW_RETURN_NOT_OK(count.status());
    AggregateCall call;
    call.function = std::move(count).ValueUnsafe();
    aggregate->output.push_back({state_.NewColumn(), call.function.return_type, "count(*)"});
    aggregate->aggregates.push_back(std::move(call));
  }
  if (!grouping_sets_.empty()) {
    aggregate->grouping_sets = std::move(grouping_sets_);
    aggregate->output.push_back(missing_groups_);
  }
  aggregate->children.push_back(std::move(plan_));
  plan_ = std::move(aggregate);
  if (having_ != nullptr) {
    BoundExprPtr* having[] = {&having_};
    ARROW_RETURN_NOT_OK(AttachSubqueries(state_, std::move(having_pending_), plan_, having));
    Filter(std::move(having_));
  }
  return arrow::Status::OK();
}

// A group that is an AND or OR (BETWEEN is one) has become part of a longer one that it stands in.
void SelectBinder::ReadGroupsInConjunction(BoundExpr& expr) {
  for (size_t i = 0; i < groups_.size(); ++i) {
    const BoundExpr& group = *groups_[i];
    if (group.kind != ExprKind::kConjunction || group.is_and != expr.is_and) continue;
    const auto equal = [](const BoundExprPtr& a, const BoundExprPtr& b) { return a->Equals(*b); };
    auto from = expr.children.begin();
    while (true) {
      from = std::search(from, expr.children.end(), group.children.begin(), group.children.end(), equal);
      if (from == expr.children.end()) break;
      const OutputColumn& column = group_outputs_[i];
      *from = BoundExpr::Column(column.id, column.type, column.name, (*from)->position);
      ++from;
      from = expr.children.erase(from, from + static_cast<std::ptrdiff_t>(group.children.size()) - 1);
    }
  }
}

// Lets an expression over FROM's columns read the aggregation's output. Errors: 42803 for a column that is no group.
arrow::Status SelectBinder::ReadGroups(BoundExprPtr& expr) {
  for (size_t i = 0; i < groups_.size(); ++i) {
    if (!expr->Equals(*groups_[i])) continue;
    expr = BoundExpr::Column(group_outputs_[i].id, group_outputs_[i].type, group_outputs_[i].name, expr->position);
    return arrow::Status::OK();
  }
  for (const GroupingCall& call : aggregates_.groupings) {
    if (expr->IsColumn() && expr->column == call.result.id) return GroupingNumber(call).Value(&expr);
  }
  if (expr->IsColumn() && scope_.Has(expr->column)) {
    return SqlError(sqlstate::kGroupingError,
                    fmt::format("column \"{}\" must stand in GROUP BY or within an aggregate function", expr->name),
                    expr->position);
  }
  if (expr->kind == ExprKind::kConjunction) ReadGroupsInConjunction(*expr);
  for (BoundExprPtr& child : expr->children) ARROW_RETURN_NOT_OK(ReadGroups(child));
  return arrow::Status::OK();
}

arrow::Result<BoundExprPtr> SelectBinder::GroupingNumber(const GroupingCall& call) {
  std::vector<uint32_t> places;
  for (const BoundExprPtr& argument : call.arguments) {
    const auto found = std::find_if(groups_.begin(), groups_.end(),
                                    [&](const BoundExprPtr& group) { return group->Equals(*argument); });
    if (found == groups_.end()) {
      return SqlError(sqlstate::kGroupingError, "the arguments of GROUPING must stand in GROUP BY", call.position);
    }
    places.push_back(static_cast<uint32_t>(found - groups_.begin()));
  }
  if (grouping_sets_.empty()) return BoundExpr::Constant(Value::BigInt(0), call.position);
  const BoundExprPtr missing = BoundExpr::Column(missing_groups_.id, missing_groups_.type, missing_groups_.name);
  return MakeGroupingNumber(state_, *missing, places, call.position);
}

// Replaces the groups in an expression that reads columns of other places too.
void SelectBinder::ReadWholeGroups(BoundExprPtr& expr) {
  for (size_t i = 0; i < groups_.size(); ++i) {
    if (groups_[i]->IsFoldable() || !expr->Equals(*groups_[i])) continue;
    expr = BoundExpr::Column(group_outputs_[i].id, group_outputs_[i].type, group_outputs_[i].name, expr->position);
    return;
  }
  if (expr->kind == ExprKind::kConjunction) ReadGroupsInConjunction(*expr);
  for (BoundExprPtr& child : expr->children) ReadWholeGroups(child);
}

arrow::Status SelectBinder::ReadGroups(std::vector<PendingSubquery>& pending) {
  for (PendingSubquery& subquery : pending) {
    // IN's terms read the subquery's columns too: those are none of the scope's.
    for (BoundExprPtr& term : subquery.terms) ARROW_RETURN_NOT_OK(ReadGroups(term));
    if (!subquery.correlated) continue;
    // Operands of IN and ANY have become part of the plan: they may be groups as a whole.
    VisitPlan(*subquery.plan,
              [this](LogicalPlan& node) { ForEachExpr(node, [this](BoundExprPtr& expr) { ReadWholeGroups(expr); }); });
    const std::unordered_set<ColumnId> free = FreeColumns(*subquery.plan);
    arrow::Status status;
    ReplaceColumnsInPlan(*subquery.plan, [&](const BoundExpr& column) -> BoundExprPtr {
      if (!free.contains(column.column) || !scope_.Has(column.column)) return nullptr;
      BoundExprPtr read = column.Clone();
      arrow::Status read_status = ReadGroups(read);
      if (!read_status.ok()) {
        status = std::move(read_status);
        return nullptr;
      }
      return read;
    });
    ARROW_RETURN_NOT_OK(status);
  }
  return arrow::Status::OK();
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

}  // namespace

arrow::Result<LogicalPlanPtr> BindSelect(BindState& state, const AstSelect& select, const AstQuery& query,
                                         const QueryEnvironment& environment) {
  return SelectBinder(state, select, query, environment).Bind();
}

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

}  // namespace llkv
