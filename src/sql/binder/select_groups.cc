// The aggregation of a SELECT block: GROUP BY is bound over what FROM gives, and the expressions above are rewritten to
// read the aggregation's output.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "plan/plan_visitor.h"
#include "sql/binder/order_binder.h"
#include "sql/binder/select_binder_impl.h"
#include "sql/binder/typing.h"
#include "sql/binder/unnest.h"
#include "sql/parser/printer.h"

namespace llkv {

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

}  // namespace llkv
