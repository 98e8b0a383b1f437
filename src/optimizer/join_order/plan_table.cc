// Costs: the rows of all joins, and of the sides that their hash tables are built of.
#include "optimizer/join_order/plan_table.h"

#include <algorithm>

#include "optimizer/cardinality.h"

namespace llkv {

namespace {

/// A pair of rows that is compared for want of a key costs so much of a row that is made.
constexpr double kComparedPairCost = 0.2;

constexpr size_t kFirstSlots = 64;
constexpr uint64_t kHashFactor = 0x9E3779B97F4A7C15;

double CostOf(const JoinStep& step, double rows, double left_rows, double right_rows) {
  return rows + std::min(left_rows, right_rows) + (step.has_key ? 0 : kComparedPairCost * left_rows * right_rows);
}

}  // namespace

PlanTable::PlanTable(const JoinGraph& graph) : graph_(&graph), slots_(kFirstSlots) {
  for (size_t i = 0; i < graph.num_relations(); ++i) {
    SubPlan plan;
    plan.rows = graph.rows(i);
    Add(RelationAt(i), plan);
  }
}

size_t PlanTable::SlotOf(RelationSet set) const {
  const size_t mask = slots_.size() - 1;
  const uint64_t mixed = (set ^ (set >> 32)) * kHashFactor;
  size_t slot = static_cast<size_t>((mixed ^ (mixed >> 29)) * kHashFactor >> 32) & mask;
  while (slots_[slot] != 0 && entries_[slots_[slot] - 1].set != set) slot = (slot + 1) & mask;
  return slot;
}

void PlanTable::Add(RelationSet set, const SubPlan& plan) {
  entries_.push_back({set, plan});
  if (entries_.size() * 2 > slots_.size()) {
    slots_.assign(slots_.size() * 4, 0);
    for (uint32_t i = 0; i + 1 < entries_.size(); ++i) slots_[SlotOf(entries_[i].set)] = i + 1;
  }
  slots_[SlotOf(set)] = static_cast<uint32_t>(entries_.size());
}

const SubPlan* PlanTable::Find(RelationSet set) const {
  const uint32_t found = slots_[SlotOf(set)];
  return found == 0 ? nullptr : &entries_[found - 1].plan;
}

double PlanTable::JoinedRowsOf(RelationSet a, RelationSet b) const {
  const auto step = graph_->FindJoin(a, b);
  if (!step.has_value()) return -1;
  const double a_rows = Find(a)->rows;
  const double b_rows = Find(b)->rows;
  return JoinedRows(step->type, step->flipped ? b_rows : a_rows, step->flipped ? a_rows : b_rows,
                    graph_->Selectivity(*step, a, b));
}

void PlanTable::Consider(RelationSet a, RelationSet b) {
  const SubPlan* a_plan = Find(a);
  const SubPlan* b_plan = Find(b);
  if (a_plan == nullptr || b_plan == nullptr) return;
  const SubPlan* known = Find(a | b);
  const double below = a_plan->cost + b_plan->cost;
  if (known != nullptr && below >= known->cost) return;
  const auto step = graph_->FindJoin(a, b);
  if (!step.has_value()) return;
  SubPlan plan;
  plan.step = *step;
  plan.left = step->flipped ? b : a;
  plan.right = step->flipped ? a : b;
  const double left_rows = (step->flipped ? b_plan : a_plan)->rows;
  const double right_rows = (step->flipped ? a_plan : b_plan)->rows;
  // A set has the same rows however it is joined.
  plan.rows = known != nullptr
                  ? known->rows
                  : ClampRows(JoinedRows(step->type, left_rows, right_rows, graph_->Selectivity(*step, a, b)));
  plan.cost = below + CostOf(*step, plan.rows, left_rows, right_rows);
  if (known == nullptr) {
    Add(a | b, plan);
  } else if (plan.cost < known->cost) {
    entries_[slots_[SlotOf(a | b)] - 1].plan = plan;
  }
}

}  // namespace llkv
