// See filter_targets.h.
#include "exec/filter_targets.h"

namespace llkv {
namespace {

struct Place {
  const LogicalPlan* plan;
  ColumnId column;
};

int64_t PlaceOf(const LogicalPlan& plan, ColumnId column) {
  for (size_t i = 0; i < plan.output.size(); ++i) {
    if (plan.output[i].id == column) return static_cast<int64_t>(i);
  }
  return -1;
}

/// The column that `expr` is, if it is one.
void AddColumn(const LogicalPlan& child, const BoundExpr& expr, std::vector<Place>& places) {
  if (expr.IsColumn()) places.push_back({&child, expr.column});
}

void AddJoinSide(const LogicalJoin& join, ColumnId column, std::vector<Place>& places) {
  if (PlaceOf(*join.children[0], column) >= 0) {
    // A right or full join would give the partners of what is dropped as rows without one.
    if (join.type == JoinType::kRight || join.type == JoinType::kFull) return;
    places.push_back({join.children[0].get(), column});
  } else if (DropsUnmatchedLeft(join.type)) {
    places.push_back({join.children[1].get(), column});
  }
}

void AddChildren(const LogicalPlan& plan, int64_t place, ColumnId column, std::vector<Place>& places) {
  const auto index = static_cast<size_t>(place);
  switch (plan.kind) {
    case PlanKind::kFilter:
      places.push_back({plan.children[0].get(), column});
      return;
    case PlanKind::kProject:
      AddColumn(*plan.children[0], *plan.As<LogicalProject>().exprs[index], places);
      return;
    case PlanKind::kProjectSet: {
      // All rows that came of a row go, or none.
      const auto& passed = plan.As<LogicalProjectSet>().passed;
      if (index < passed.size()) AddColumn(*plan.children[0], *passed[index], places);
      return;
    }
    case PlanKind::kJoin:
      AddJoinSide(plan.As<LogicalJoin>(), column, places);
      return;
    case PlanKind::kAggregate: {
      // All rows of a group go, or none.
      const auto& aggregate = plan.As<LogicalAggregate>();
      if (index < aggregate.groups.size() && aggregate.IsInEverySet(index))
        AddColumn(*plan.children[0], *aggregate.groups[index], places);
      return;
    }
    case PlanKind::kWindow:
      // All rows of a partition go, or none.
      for (const BoundExprPtr& expr : plan.As<LogicalWindow>().partition_by) {
        if (!expr->IsColumn() || expr->column != column) continue;
        places.push_back({plan.children[0].get(), column});
        return;
      }
      return;
    case PlanKind::kSort:
      if (plan.As<LogicalSort>().limit == nullptr && plan.As<LogicalSort>().offset == nullptr) {
        places.push_back({plan.children[0].get(), column});
      }
      return;
    case PlanKind::kSetOperation:
      for (const LogicalPlanPtr& child : plan.children) places.push_back({child.get(), child->output[index].id});
      return;
    case PlanKind::kMaterialize:
      places.push_back({plan.children[1].get(), column});
      return;
    default:
      return;
  }
}

}  // namespace

std::vector<FilterTarget> FindFilterTargets(const LogicalPlan& plan, ColumnId column) {
  std::vector<FilterTarget> targets;
  // Stores compare ANY by its bytes.
  const int64_t own_place = PlaceOf(plan, column);
  if (own_place >= 0 && plan.output[static_cast<size_t>(own_place)].type.IsAny()) return targets;
  std::vector<Place> places{{&plan, column}};
  while (!places.empty()) {
    const Place at = places.back();
    places.pop_back();
    const int64_t place = PlaceOf(*at.plan, at.column);
    if (place < 0) continue;
    if (at.plan->kind != PlanKind::kScan) {
      AddChildren(*at.plan, place, at.column, places);
      continue;
    }
    const auto& scan = at.plan->As<LogicalScan>();
    const bool is_row_id = static_cast<size_t>(place) >= scan.column_ordinals.size();
    if (is_row_id || !scan.key_lookup.empty()) continue;
    targets.push_back({&scan, scan.column_ordinals[static_cast<size_t>(place)]});
  }
  return targets;
}

}  // namespace llkv
