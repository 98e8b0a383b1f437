// Linear orders of known graphs, and what the intervals of an order give against all plans.
#include "optimizer/join_order/linearize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "optimizer/join_order/enumerate_connected.h"
#include "optimizer/join_order/merge_greedily.h"

namespace llkv {
namespace {

JoinEdge MakeEdge(size_t left, size_t right, double selectivity) {
  JoinEdge edge;
  edge.left = RelationAt(left);
  edge.right = RelationAt(right);
  edge.reads = edge.left | edge.right;
  edge.selectivity = selectivity;
  edge.has_key = true;
  return edge;
}

/// The sum of the joins' rows of a left-deep tree; infinite where it has a cross product.
double LineCost(const JoinGraph& graph, const std::vector<size_t>& order) {
  double rows = graph.rows(order[0]);
  double cost = 0;
  RelationSet set = RelationAt(order[0]);
  for (size_t i = 1; i < order.size(); ++i) {
    const RelationSet next = RelationAt(order[i]);
    const auto step = graph.FindJoin(set, next);
    if (!step.has_value()) return std::numeric_limits<double>::infinity();
    rows *= graph.rows(order[i]) * graph.Selectivity(*step, set, next);
    cost += rows;
    set |= next;
  }
  return cost;
}

JoinGraph RandomTree(std::mt19937_64& random, size_t count) {
  std::vector<double> rows;
  std::vector<JoinEdge> edges;
  for (size_t i = 0; i < count; ++i) {
    rows.push_back(static_cast<double>(1 + random() % 10'000));
    if (i > 0) edges.push_back(MakeEdge(random() % i, i, 1.0 / static_cast<double>(1 + random() % 5000)));
  }
  return JoinGraph(std::move(rows), std::move(edges));
}

TEST(LinearizeTest, TreesGetTheBestLeftDeepOrder) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 60; ++round) {
    const JoinGraph graph = RandomTree(random, 2 + random() % 6);
    std::vector<size_t> order(graph.num_relations());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    double best = std::numeric_limits<double>::infinity();
    do {
      best = std::min(best, LineCost(graph, order));
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_NEAR(LineCost(graph, LinearOrder(graph)) / best, 1, 1e-9);
  }
}

class AllPairs : public PairSink {
 public:
  explicit AllPairs(PlanTable& table) : table_(table) {}
  bool Contains(RelationSet set) const override { return table_.Find(set) != nullptr; }
  bool Add(RelationSet a, RelationSet b) override {
    table_.Consider(a, b);
    return true;
  }

 private:
  PlanTable& table_;
};

TEST(LinearizeTest, NoPlanIsCheaperThanTheExactOne) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 60; ++round) {
    const JoinGraph graph = RandomTree(random, 3 + random() % 8);
    PlanTable exact(graph);
    AllPairs sink(exact);
    ASSERT_TRUE(EnumerateConnectedPairs(graph, UINT64_MAX, sink));
    PlanTable linear(graph);
    ConsiderIntervals(LinearOrder(graph), linear);
    PlanTable greedy(graph);
    MergeGreedily(greedy);
    ASSERT_NE(linear.FindWhole(), nullptr);
    ASSERT_NE(greedy.FindWhole(), nullptr);
    EXPECT_GE(linear.FindWhole()->cost, exact.FindWhole()->cost * (1 - 1e-9));
    EXPECT_GE(greedy.FindWhole()->cost, exact.FindWhole()->cost * (1 - 1e-9));
  }
}

TEST(LinearizeTest, SixtyFourRelationsGetPlans) {
  std::mt19937_64 random(9);
  const JoinGraph graph = RandomTree(random, kMaxBlockRelations);
  std::vector<size_t> order = LinearOrder(graph);
  PlanTable linear(graph);
  ConsiderIntervals(order, linear);
  EXPECT_NE(linear.FindWhole(), nullptr);
  std::sort(order.begin(), order.end());
  for (size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], i);
}

}  // namespace
}  // namespace llkv
