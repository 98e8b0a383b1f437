// See unnest_pullup.h.
#include "sql/binder/unnest_pullup.h"

#include <algorithm>
#include <utility>

#include "plan/plan_visitor.h"

namespace llkv {
namespace {

/// Is a filter below such a join's left side not one above it? A single join fails on rows that the filter would drop.
bool StaysBelow(JoinType type) {
  return type == JoinType::kRight || type == JoinType::kFull || type == JoinType::kSingle;
}

void MoveTerms(std::vector<BoundExprPtr>& from, const ColumnSet& free, std::vector<BoundExprPtr>& to) {
  std::vector<BoundExprPtr> stay;
  for (BoundExprPtr& term : from) (ReadsAny(*term, free) ? to : stay).push_back(std::move(term));
  from = std::move(stay);
}

}  // namespace

bool AnyReads(const std::vector<BoundExprPtr>& exprs, const ColumnSet& columns) {
  return std::any_of(exprs.begin(), exprs.end(), [&](const BoundExprPtr& expr) { return ReadsAny(*expr, columns); });
}

bool CanPullUp(const LogicalPlan& plan, const ColumnSet& free) {
  if (plan.kind == PlanKind::kFilter) return CanPullUp(*plan.children[0], free);
  if (plan.kind == PlanKind::kJoin) {
    const auto& join = plan.As<LogicalJoin>();
    if (join.type == JoinType::kInner) return CanPullUp(*plan.children[0], free) && CanPullUp(*plan.children[1], free);
    if (StaysBelow(join.type)) return !ReadsAnyOf(plan, free);
    return !AnyReads(join.terms, free) && CanPullUp(*plan.children[0], free) && !ReadsAnyOf(*plan.children[1], free);
  }
  return !ReadsAnyOf(plan, free);
}

void PullUp(LogicalPlanPtr& plan, const ColumnSet& free, std::vector<BoundExprPtr>& terms) {
  if (plan->kind == PlanKind::kFilter) {
    auto& filter = plan->As<LogicalFilter>();
    MoveTerms(filter.terms, free, terms);
    PullUp(plan->children[0], free, terms);
    if (filter.terms.empty()) {
      LogicalPlanPtr child = std::move(plan->children[0]);
      plan = std::move(child);
    }
  } else if (plan->kind == PlanKind::kJoin) {
    auto& join = plan->As<LogicalJoin>();
    if (StaysBelow(join.type)) return;
    if (join.type == JoinType::kInner) {
      MoveTerms(join.terms, free, terms);
      PullUp(plan->children[1], free, terms);
    }
    PullUp(plan->children[0], free, terms);
  }
}

}  // namespace llkv
