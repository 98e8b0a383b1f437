// Column pruning, from the root down: each node learns which of its columns are read and drops the others.
#include <algorithm>
#include <unordered_set>
#include <utility>
#include <vector>

#include "optimizer/rules.h"
#include "optimizer/terms.h"
#include "plan/plan_visitor.h"

namespace llkv {

namespace {

using Ids = std::unordered_set<ColumnId>;

void Prune(LogicalPlan& plan, const Ids& required);

void AddColumns(const LogicalPlan& node, Ids& ids) {
  ForEachExpr(node, [&ids](const BoundExpr& expr) { CollectColumns(expr, ids); });
}

/// Keeps the entries of `items` and of plan.output[first …] whose output is required.
template <typename T>
void KeepRequired(std::vector<T>& items, std::vector<OutputColumn>& output, size_t first, const Ids& required) {
  std::vector<T> kept;
  std::vector<OutputColumn> kept_output(output.begin(), output.begin() + static_cast<std::ptrdiff_t>(first));
  for (size_t i = 0; i < items.size(); ++i) {
    if (!required.contains(output[first + i].id)) continue;
    kept.push_back(std::move(items[i]));
    kept_output.push_back(output[first + i]);
  }
  for (size_t i = first + items.size(); i < output.size(); ++i) kept_output.push_back(output[i]);
  items = std::move(kept);
  output = std::move(kept_output);
}

void PruneScan(LogicalScan& scan, const Ids& required) {
  const bool keep_row_id = scan.with_row_id && required.contains(scan.output.back().id);
  if (scan.with_row_id && !keep_row_id) {
    scan.output.pop_back();
    scan.with_row_id = false;
  }
  KeepRequired(scan.column_ordinals, scan.output, 0, required);
}

/// What only the join's own terms read is neither kept nor copied with its rows. A mark stays.
void PruneJoin(LogicalJoin& join, const Ids& required) {
  const ColumnId last = join.output.empty() ? ColumnId() : join.output.back().id;
  std::erase_if(join.output, [&](const OutputColumn& column) {
    return !required.contains(column.id) && !(join.type == JoinType::kMark && column.id == last);
  });
}

/// Whether the node gives all its child's columns on.
bool PassesOn(PlanKind kind) {
  return kind == PlanKind::kFilter || kind == PlanKind::kSort || kind == PlanKind::kLimit || kind == PlanKind::kWindow;
}

/// Drops functions over windows that nobody reads, and windows that have none left.
void PruneWindows(LogicalPlanPtr& plan, const Ids& required) {
  while (plan->kind == PlanKind::kWindow) {
    auto& window = plan->As<LogicalWindow>();
    KeepRequired(window.calls, plan->output, plan->output.size() - window.calls.size(), required);
    if (!window.calls.empty()) return;
    LogicalPlanPtr child = std::move(plan->children[0]);
    plan = std::move(child);
  }
}

/// What is read of the columns that a fetch does not give itself.
Ids PassedByFetch(const LogicalFetch& fetch, const Ids& required) {
  Ids passed = required;
  for (size_t i = fetch.num_passed(); i < fetch.output.size(); ++i) passed.erase(fetch.output[i].id);
  return passed;
}

void PruneChildren(LogicalPlan& plan, const Ids& required) {
  for (size_t i = 0; i < plan.children.size(); ++i) {
    Ids needed;
    if (ReadsByPlace(plan, i)) {
      needed = OutputIds(*plan.children[i]);
    } else {
      if (PassesOn(plan.kind) || plan.kind == PlanKind::kJoin) needed = required;
      if (plan.kind == PlanKind::kFetch) needed = PassedByFetch(plan.As<LogicalFetch>(), required);
      AddColumns(plan, needed);
    }
    PruneWindows(plan.children[i], needed);
    Prune(*plan.children[i], needed);
  }
  RefreshOutput(plan);
  if (plan.kind == PlanKind::kJoin) PruneJoin(plan.As<LogicalJoin>(), required);
}

/// Drops the columns of a definition that no scan of it reads.
void PruneDefinition(LogicalMaterialize& node) {
  std::vector<LogicalMaterializedScan*> scans;
  VisitPlan(*node.children[1], [&](LogicalPlan& below) {
    if (below.kind != PlanKind::kMaterializedScan) return;
    auto& scan = below.As<LogicalMaterializedScan>();
    if (scan.id == node.id) scans.push_back(&scan);
  });
  const std::vector<OutputColumn> output = node.children[0]->output;
  std::vector<bool> is_read(output.size());
  for (const LogicalMaterializedScan* scan : scans) {
    for (const uint32_t index : scan->column_indexes) {
      if (index != LogicalMaterializedScan::kRowNumber) is_read[index] = true;
    }
  }
  // Rows without columns are still counted.
  if (!is_read.empty() && std::find(is_read.begin(), is_read.end(), true) == is_read.end()) is_read[0] = true;
  std::vector<OutputColumn> kept;
  std::vector<uint32_t> places;
  for (size_t i = 0; i < output.size(); ++i) {
    places.push_back(static_cast<uint32_t>(kept.size()));
    if (is_read[i]) kept.push_back(output[i]);
  }
  Ids needed;
  for (const OutputColumn& column : kept) needed.insert(column.id);
  PruneWindows(node.children[0], needed);
  Prune(*node.children[0], needed);
  node.children[0] = WithOutput(std::move(node.children[0]), kept);
  for (LogicalMaterializedScan* scan : scans) {
    for (uint32_t& index : scan->column_indexes) {
      if (index != LogicalMaterializedScan::kRowNumber) index = places[index];
    }
  }
}

void PruneMaterialize(LogicalMaterialize& node, const Ids& required) {
  PruneWindows(node.children[1], required);
  Prune(*node.children[1], required);
  PruneDefinition(node);
  RefreshOutput(node);
}

void Prune(LogicalPlan& plan, const Ids& required) {
  switch (plan.kind) {
    case PlanKind::kMaterialize:
      PruneMaterialize(plan.As<LogicalMaterialize>(), required);
      return;
    case PlanKind::kScan:
      PruneScan(plan.As<LogicalScan>(), required);
      return;
    case PlanKind::kTableFunction:
      KeepRequired(plan.As<LogicalTableFunction>().column_indexes, plan.output, 0, required);
      return;
    case PlanKind::kMaterializedScan:
      KeepRequired(plan.As<LogicalMaterializedScan>().column_indexes, plan.output, 0, required);
      return;
    case PlanKind::kProject:
      KeepRequired(plan.As<LogicalProject>().exprs, plan.output, 0, required);
      break;
    case PlanKind::kFetch: {
      auto& fetch = plan.As<LogicalFetch>();
      const size_t num_passed = fetch.num_passed();
      KeepRequired(fetch.column_ordinals, plan.output, num_passed, required);
      break;
    }
    case PlanKind::kProjectSet:
      KeepRequired(plan.As<LogicalProjectSet>().passed, plan.output, 0, required);
      break;
    case PlanKind::kAggregate: {
      auto& aggregate = plan.As<LogicalAggregate>();
      // Without groups and aggregates it would be another operator.
      if (!aggregate.groups.empty() || aggregate.aggregates.size() > 1) {
        Ids kept = required;
        if (aggregate.groups.empty()) kept.insert(plan.output[0].id);
        KeepRequired(aggregate.aggregates, plan.output, aggregate.groups.size(), kept);
      }
      break;
    }
    default:
      break;
  }
  PruneChildren(plan, required);
}

}  // namespace

void PruneColumns(LogicalPlan& root) { Prune(root, OutputIds(root)); }

}  // namespace llkv
