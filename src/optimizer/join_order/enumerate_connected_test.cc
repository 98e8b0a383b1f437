// The pairs that are enumerated, against the formulas for known shapes and against brute force for any graph.
#include "optimizer/join_order/enumerate_connected.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <set>
#include <utility>

#include "optimizer/join_order/plan_table.h"

namespace llkv {
namespace {

using Pair = std::pair<RelationSet, RelationSet>;

JoinEdge MakeInner(RelationSet left, RelationSet right) {
  JoinEdge edge;
  edge.reads = left | right;
  edge.left = left;
  edge.right = right;
  edge.selectivity = 0.1;
  edge.has_key = true;
  return edge;
}

JoinGraph MakeGraph(size_t count, const std::function<bool(size_t, size_t)>& is_edge) {
  std::vector<JoinEdge> edges;
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = i + 1; j < count; ++j) {
      if (is_edge(i, j)) edges.push_back(MakeInner(RelationAt(i), RelationAt(j)));
    }
  }
  return JoinGraph(std::vector<double>(count, 100), std::move(edges));
}

/// Plans whatever comes, and checks that it may come.
class Recorder : public PairSink {
 public:
  explicit Recorder(const JoinGraph& graph, uint64_t limit = UINT64_MAX) : table_(graph), limit_(limit) {}
  bool Contains(RelationSet set) const override { return table_.Find(set) != nullptr; }
  bool Add(RelationSet a, RelationSet b) override {
    EXPECT_EQ(a & b, 0U);
    EXPECT_TRUE(Contains(a) && Contains(b));
    table_.Consider(a, b);
    EXPECT_TRUE(pairs_.insert({std::min(a, b), std::max(a, b)}).second) << "twice: " << a << " and " << b;
    return pairs_.size() < limit_;
  }
  const std::set<Pair>& pairs() const { return pairs_; }

 private:
  PlanTable table_;
  const uint64_t limit_;
  std::set<Pair> pairs_;
};

size_t CountPairs(const JoinGraph& graph) {
  Recorder recorder(graph);
  EXPECT_TRUE(EnumerateConnectedPairs(graph, UINT64_MAX, recorder));
  return recorder.pairs().size();
}

/// By definition: sets that can be built, split in two that can be built with an edge between them.
std::set<Pair> BruteForce(const JoinGraph& graph) {
  std::set<Pair> pairs;
  std::set<RelationSet> buildable;
  for (RelationSet set = 1; set <= graph.all(); ++set) {
    if (std::has_single_bit(set)) buildable.insert(set);
    for (RelationSet a = (set - 1) & set; a != 0; a = (a - 1) & set) {
      const RelationSet b = set & ~a;
      if (a > b || !buildable.contains(a) || !buildable.contains(b) || !graph.AreConnected(a, b)) continue;
      pairs.insert({a, b});
      buildable.insert(set);
    }
  }
  return pairs;
}

TEST(EnumerateConnectedTest, CountsOfChains) {
  for (size_t n = 2; n <= 20; ++n) {
    EXPECT_EQ(CountPairs(MakeGraph(n, [](size_t i, size_t j) { return j == i + 1; })), (n * n * n - n) / 6);
  }
}

TEST(EnumerateConnectedTest, CountsOfCycles) {
  for (size_t n = 3; n <= 20; ++n) {
    const auto is_edge = [n](size_t i, size_t j) { return j == i + 1 || (i == 0 && j == n - 1); };
    EXPECT_EQ(CountPairs(MakeGraph(n, is_edge)), (n * n * n - 2 * n * n + n) / 2);
  }
}

TEST(EnumerateConnectedTest, CountsOfStars) {
  for (size_t n = 2; n <= 12; ++n) {
    for (const size_t hub : {size_t{0}, n / 2, n - 1}) {
      EXPECT_EQ(CountPairs(MakeGraph(n, [hub](size_t i, size_t j) { return i == hub || j == hub; })), (n - 1)
                                                                                                          << (n - 2));
    }
  }
}

TEST(EnumerateConnectedTest, CountsOfCliques) {
  size_t power = 9;
  for (size_t n = 2; n <= 9; ++n, power *= 3) {
    EXPECT_EQ(CountPairs(MakeGraph(n, [](size_t, size_t) { return true; })), (power - (size_t{2} << n) + 1) / 2);
  }
}

TEST(EnumerateConnectedTest, RandomGraphsGiveWhatBruteForceGives) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    const size_t count = 2 + random() % 7;
    const uint64_t density = 1 + random() % 4;
    const JoinGraph graph = MakeGraph(count, [&](size_t, size_t) { return random() % 5 < density; });
    Recorder recorder(graph);
    EXPECT_TRUE(EnumerateConnectedPairs(graph, UINT64_MAX, recorder));
    EXPECT_EQ(recorder.pairs(), BruteForce(graph));
  }
}

TEST(EnumerateConnectedTest, RandomHypergraphsGiveWhatBruteForceGives) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 300; ++round) {
    const size_t count = 3 + random() % 5;
    std::vector<JoinEdge> edges;
    const size_t num_edges = count + random() % count;
    while (edges.size() < num_edges) {
      const RelationSet all = RelationAt(count) - 1;
      const RelationSet left = random() % 3 == 0 ? random() & random() & all : RelationAt(random() % count);
      const RelationSet right = (random() % 3 == 0 ? random() & random() & all : RelationAt(random() % count)) & ~left;
      if (left != 0 && right != 0) edges.push_back(MakeInner(left, right));
    }
    const JoinGraph graph(std::vector<double>(count, 10), std::move(edges));
    // Inner hyperedges that must be applied when all they read is there leave fewer plans than connected sets; the
    // enumeration follows the plans.
    Recorder recorder(graph);
    EXPECT_TRUE(EnumerateConnectedPairs(graph, UINT64_MAX, recorder));
    const std::set<Pair> known = BruteForce(graph);
    for (const Pair& pair : recorder.pairs()) EXPECT_TRUE(known.contains(pair));
    PlanTable all_pairs(graph);
    for (RelationSet set = 1; set <= graph.all(); ++set) {
      for (RelationSet a = (set - 1) & set; a != 0; a = (a - 1) & set) {
        if (graph.AreConnected(a, set & ~a)) all_pairs.Consider(a, set & ~a);
      }
      EXPECT_EQ(all_pairs.Find(set) != nullptr, recorder.Contains(set)) << set;
    }
  }
}

TEST(EnumerateConnectedTest, EndsWhereItIsTold) {
  const JoinGraph star = MakeGraph(64, [](size_t i, size_t) { return i == 0; });
  Recorder recorder(star);
  EXPECT_FALSE(EnumerateConnectedPairs(star, 1000, recorder));
  Recorder limited(star, 10);
  EXPECT_FALSE(EnumerateConnectedPairs(star, UINT64_MAX, limited));
  EXPECT_EQ(limited.pairs().size(), 10U);
}

}  // namespace
}  // namespace llkv
