// Shared subplans: what a statement would compute several times is computed once and kept, where keeping it costs less:
// the same join or aggregation in the branches of a UNION, in a subquery and around it, in a view that is used twice.
#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "optimizer/plan_equality.h"
#include "optimizer/rules.h"
#include "optimizer/terms.h"
#include "plan/materialize.h"
#include "plan/plan_visitor.h"

namespace llkv {
namespace {

/// A block of the plan: what the join order takes as one, or an operator that keeps all its rows.
struct Block {
  LogicalPlanPtr* place = nullptr;
  uint64_t shape = 0;
  size_t num_nodes = 0;
};

/// What stands above a subplan.
struct Surroundings {
  /// The parent is of the same block.
  bool is_inside_block = false;
  /// Perhaps only its first rows are wanted.
  bool is_limited = false;
  /// The fewest rows that it is joined with by an equality: they may well filter it.
  double fewest_partners = 1e18;
};

bool IsOfBlock(PlanKind kind) {
  return kind == PlanKind::kJoin || kind == PlanKind::kFilter || kind == PlanKind::kProject;
}

bool IsBreaker(PlanKind kind) {
  return kind == PlanKind::kAggregate || kind == PlanKind::kWindow || kind == PlanKind::kSort;
}

bool HasEquality(const LogicalJoin& join) {
  return std::any_of(join.terms.begin(), join.terms.end(),
                     [](const BoundExprPtr& term) { return ComparisonOf(*term) == ComparisonOp::kEqual; });
}

/// Whether computing the plan is work: more than to read a table.
bool IsWork(const LogicalPlan& plan) {
  return plan.kind == PlanKind::kJoin || plan.kind == PlanKind::kAggregate || plan.kind == PlanKind::kWindow ||
         plan.kind == PlanKind::kFileScan ||
         (plan.kind == PlanKind::kSetOperation && !plan.As<LogicalSetOperation>().all) ||
         std::any_of(plan.children.begin(), plan.children.end(), [](const auto& child) { return IsWork(*child); });
}

/// Rows of the plan's leaves.
double LeafRows(const LogicalPlan& plan) {
  if (plan.children.empty()) return plan.estimated_rows;
  double rows = 0;
  for (const LogicalPlanPtr& child : plan.children) rows += LeafRows(*child);
  return rows;
}

class BlockCollector {
 public:
  std::vector<Block> Collect(LogicalPlanPtr& root) {
    Walk(root, {});
    return std::move(blocks_);
  }

 private:
  void Walk(LogicalPlanPtr& place, Surroundings around) {
    LogicalPlan& plan = *place;
    const bool is_block = IsOfBlock(plan.kind) ? !around.is_inside_block : plan.kind != PlanKind::kScan;
    if (is_block && !around.is_limited && IsWork(plan) && around.fewest_partners * 10 >= plan.estimated_rows &&
        plan.estimated_rows <= LeafRows(plan)) {
      Block block{&place, ShapeHash(plan), 0};
      VisitPlan(plan, [&block](LogicalPlan&) { ++block.num_nodes; });
      blocks_.push_back(block);
    }
    Surroundings below = around;
    below.is_inside_block = IsOfBlock(plan.kind);
    below.is_limited = plan.kind == PlanKind::kLimit || (around.is_limited && !IsBreaker(plan.kind));
    if (IsBreaker(plan.kind)) below.fewest_partners = 1e18;
    for (size_t i = 0; i < plan.children.size(); ++i) {
      // The step of a recursion is computed anew each time.
      if (plan.kind == PlanKind::kRecursive && i == 1) continue;
      Surroundings child = below;
      if (plan.kind == PlanKind::kJoin && HasEquality(plan.As<LogicalJoin>())) {
        child.fewest_partners = std::min(child.fewest_partners, plan.children[1 - i]->estimated_rows);
      }
      Walk(plan.children[i], child);
    }
  }

  std::vector<Block> blocks_;
};

/// The blocks that compute the same as the largest one that is not alone.
std::vector<Block> FindShared(std::vector<Block> blocks) {
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const Block& a, const Block& b) { return a.num_nodes > b.num_nodes; });
  for (size_t i = 0; i < blocks.size(); ++i) {
    std::vector<Block> same{blocks[i]};
    for (size_t k = i + 1; k < blocks.size(); ++k) {
      const bool may_be = blocks[k].num_nodes == blocks[i].num_nodes && blocks[k].shape == blocks[i].shape;
      if (may_be && ComputeTheSame(**blocks[i].place, **blocks[k].place)) same.push_back(blocks[k]);
    }
    if (same.size() > 1) return same;
  }
  return {};
}

uint32_t NextId(const LogicalPlan& root) {
  uint32_t next = 1;
  VisitPlan(root, [&next](const LogicalPlan& node) {
    if (node.kind == PlanKind::kMaterialize) next = std::max(next, node.As<LogicalMaterialize>().id + 1);
    if (node.kind == PlanKind::kRecursive) next = std::max(next, node.As<LogicalRecursive>().id + 1);
  });
  return next;
}

/// Whether two blocks may be the same: most statements have no two that look alike.
bool HasAlike(const LogicalPlan& root) {
  std::unordered_map<uint64_t, size_t> tables;
  bool any = false;
  VisitPlan(root, [&](const LogicalPlan& node) {
    if (node.kind == PlanKind::kScan) any |= ++tables[node.As<LogicalScan>().table.value] > 1;
    if (node.kind == PlanKind::kFileScan) any |= ++tables[~uint64_t{0}] > 1;
  });
  return any;
}

}  // namespace

LogicalPlanPtr ShareSubplans(LogicalPlanPtr root, RuleContext& context) {
  if (!HasAlike(*root)) return root;
  EstimateRows(*root, context);
  // What writes, and what the result is cut by, stay on top.
  LogicalPlanPtr* top = &root;
  while ((*top)->kind == PlanKind::kInsert || (*top)->kind == PlanKind::kUpdate || (*top)->kind == PlanKind::kDelete ||
         (*top)->kind == PlanKind::kCopyTo || ((*top)->kind == PlanKind::kLimit && (*top)->children.size() == 1)) {
    top = &(*top)->children[0];
  }
  while (true) {
    const std::vector<Block> same = FindShared(BlockCollector().Collect(root));
    if (same.empty()) return root;
    const uint32_t id = NextId(*root);
    LogicalPlanPtr definition;
    for (const Block& block : same) {
      LogicalPlanPtr scan = ReadMaterialized(id, (*block.place)->output);
      scan->estimated_rows = (*block.place)->estimated_rows;
      LogicalPlanPtr replaced = std::exchange(*block.place, std::move(scan));
      if (definition == nullptr) definition = std::move(replaced);
    }
    RenameColumns(*definition, *context.next_column_id);
    *top = MakeMaterialize(id, std::move(definition), std::move(*top));
  }
}

}  // namespace llkv
