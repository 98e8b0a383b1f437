// Join order. The inner, outer, semi and anti joins of one block are taken apart into relations and terms, and put
// together again as the cheapest plan found: by dynamic programming over connected subgraphs where that ends within a
// budget, else the better of dynamic programming over a linear order and of merging greedily.
#include <algorithm>
#include <utility>

#include "optimizer/cardinality.h"
#include "optimizer/join_order/enumerate_connected.h"
#include "optimizer/join_order/join_block.h"
#include "optimizer/join_order/linearize.h"
#include "optimizer/join_order/merge_greedily.h"
#include "optimizer/rules.h"

namespace llkv {

namespace {

/// Some milliseconds: all of a clique of 10 relations, a star of 13, a cycle of 45, a chain of 64.
constexpr uint64_t kMaxPairs = 50'000;
constexpr uint64_t kMaxSteps = 100'000;

class PairsIntoTable : public PairSink {
 public:
  explicit PairsIntoTable(PlanTable& table) : table_(table) {}
  bool Contains(RelationSet set) const override { return table_.Find(set) != nullptr; }
  bool Add(RelationSet a, RelationSet b) override {
    table_.Consider(a, b);
    return ++num_pairs_ < kMaxPairs;
  }

 private:
  PlanTable& table_;
  uint64_t num_pairs_ = 0;
};

/// The cheapest plan found; for the whole only where there is one.
PlanTable FindOrder(const JoinGraph& graph) {
  PlanTable exact(graph);
  PairsIntoTable sink(exact);
  if (EnumerateConnectedPairs(graph, kMaxSteps, sink)) return exact;
  PlanTable linear(graph);
  ConsiderIntervals(LinearOrder(graph), linear);
  PlanTable greedy(graph);
  MergeGreedily(greedy);
  if (linear.FindWhole() == nullptr) return greedy;
  if (greedy.FindWhole() == nullptr) return linear;
  return greedy.FindWhole()->cost < linear.FindWhole()->cost ? greedy : linear;
}

LogicalPlanPtr Order(LogicalPlanPtr plan, RuleContext& context);

/// `filter` are the terms of a filter above.
LogicalPlanPtr OrderBlock(LogicalPlanPtr plan, std::vector<BoundExprPtr>& filter, RuleContext& context) {
  JoinBlock block(
      std::move(plan), [&context](LogicalPlanPtr below) { return Order(std::move(below), context); }, filter);
  for (const bool all_products : {false, true}) {
    const JoinGraph graph = block.MakeGraph(context, all_products);
    PlanTable table = FindOrder(graph);
    if (table.FindWhole() == nullptr && all_products) block.ConsiderWritten(table);
    if (table.FindWhole() != nullptr) return block.Build(table);
  }
  return nullptr;
}

/// An outer join's sides may be swapped, so that the smaller one is built.
void SwapOuterSides(LogicalPlan& plan, RuleContext& context) {
  if (plan.kind != PlanKind::kJoin) return;
  auto& join = plan.As<LogicalJoin>();
  if (join.type != JoinType::kLeft && join.type != JoinType::kRight && join.type != JoinType::kFull) return;
  CardinalityEstimator estimator(context);
  if (estimator.Estimate(*join.children[0]) >= estimator.Estimate(*join.children[1])) return;
  std::swap(join.children[0], join.children[1]);
  if (join.type == JoinType::kLeft) {
    join.type = JoinType::kRight;
  } else if (join.type == JoinType::kRight) {
    join.type = JoinType::kLeft;
  }
  RefreshOutput(join);
}

void EstimateDefinition(LogicalMaterialize& node, RuleContext& context) {
  CardinalityEstimator estimator(context);
  estimator.Estimate(*node.children[0]);
  estimator.RememberDefinition(node);
}

LogicalPlanPtr Order(LogicalPlanPtr plan, RuleContext& context) {
  if (plan->kind == PlanKind::kFilter && IsJoinBlock(*plan->children[0])) {
    auto& terms = plan->As<LogicalFilter>().terms;
    plan->children[0] = OrderBlock(std::move(plan->children[0]), terms, context);
    if (terms.empty()) return std::move(plan->children[0]);
    RefreshOutput(*plan);
    return plan;
  }
  if (IsJoinBlock(*plan)) {
    std::vector<BoundExprPtr> none;
    return OrderBlock(std::move(plan), none, context);
  }
  for (size_t i = 0; i < plan->children.size(); ++i) {
    const std::vector<OutputColumn> wanted = plan->children[i]->output;
    plan->children[i] = Order(std::move(plan->children[i]), context);
    // Those that read it are ordered by what it has.
    if (plan->kind == PlanKind::kMaterialize && i == 0) EstimateDefinition(plan->As<LogicalMaterialize>(), context);
    if (ReadsByPlace(*plan, i)) plan->children[i] = WithOutput(std::move(plan->children[i]), wanted);
  }
  RefreshOutput(*plan);
  SwapOuterSides(*plan, context);
  return plan;
}

}  // namespace

LogicalPlanPtr OrderJoins(LogicalPlanPtr root, RuleContext& context) { return Order(std::move(root), context); }

}  // namespace llkv
