// Costs: the rows of all joins, and of the sides that their hash tables are built of.
#include "optimizer/join_order/plan_table.h"

#include <algorithm>

#include "optimizer/cardinality.h"

namespace llkv {

namespace {

/// A pair of rows that is compared for want of a key costs so much of a row that is made.
constexpr double kComparedPairCost = 0.2;

double CostOf(const JoinStep& step, double rows, double left_rows, double right_rows) {
  const bool builds_right = step.type == JoinType::kSemi || step.type == JoinType::kAnti;
  const double build = builds_right ? right_rows : std::min(left_rows, right_rows);
  return rows + build + (step.has_key ? 0 : kComparedPairCost * left_rows * right_rows);
}

}  // namespace

PlanTable::PlanTable(const JoinGraph& graph) : graph_(&graph) {
  for (size_t i = 0; i < graph.num_relations(); ++i) plans_[RelationAt(i)].rows = graph.rows(i);
}

const SubPlan* PlanTable::Find(RelationSet set) const {
  const auto found = plans_.find(set);
  return found == plans_.end() ? nullptr : &found->second;
}

double PlanTable::JoinedRowsOf(RelationSet a, RelationSet b) const {
  const auto step = graph_->FindJoin(a, b);
  if (!step.has_value()) return -1;
  const double a_rows = plans_.at(a).rows;
  const double b_rows = plans_.at(b).rows;
  return JoinedRows(step->type, step->flipped ? b_rows : a_rows, step->flipped ? a_rows : b_rows,
                    graph_->Selectivity(*step, a, b));
}

void PlanTable::Consider(RelationSet a, RelationSet b) {
  const auto a_plan = plans_.find(a);
  const auto b_plan = plans_.find(b);
  if (a_plan == plans_.end() || b_plan == plans_.end()) return;
  const auto known = plans_.find(a | b);
  const double below = a_plan->second.cost + b_plan->second.cost;
  if (known != plans_.end() && below >= known->second.cost) return;
  const auto step = graph_->FindJoin(a, b);
  if (!step.has_value()) return;
  SubPlan plan;
  plan.step = *step;
  plan.left = step->flipped ? b : a;
  plan.right = step->flipped ? a : b;
  const double left_rows = (step->flipped ? b_plan : a_plan)->second.rows;
  const double right_rows = (step->flipped ? a_plan : b_plan)->second.rows;
  // A set has the same rows however it is joined.
  plan.rows = known != plans_.end()
                  ? known->second.rows
                  : ClampRows(JoinedRows(step->type, left_rows, right_rows, graph_->Selectivity(*step, a, b)));
  plan.cost = below + CostOf(*step, plan.rows, left_rows, right_rows);
  if (known == plans_.end()) {
    plans_.emplace(a | b, plan);
  } else if (plan.cost < known->second.cost) {
    known->second = plan;
  }
}

}  // namespace llkv
