// IKKBZ. A relation in its precedence tree has T, by how much joining it multiplies the rows, and C, what that costs;
// relations with a smaller rank (T - 1) / C come first where the tree lets them.
#include "optimizer/join_order/linearize.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "optimizer/cardinality.h"

namespace llkv {

namespace {

/// An edge of the spanning tree as it is seen from one end.
struct TreeEdge {
  size_t to;
  /// Rows for each row that is there already.
  double factor;
};

using Tree = std::vector<std::vector<TreeEdge>>;

/// Relations that follow one another in every order looked at.
struct Module {
  std::vector<size_t> relations;
  double multiplies = 1;  // T
  double cost = 0;        // C

  double Rank() const { return cost > 0 ? (multiplies - 1) / cost : -std::numeric_limits<double>::infinity(); }

  void Append(const Module& next) {
    relations.insert(relations.end(), next.relations.begin(), next.relations.end());
    cost = ClampRows(cost + multiplies * next.cost);
    multiplies = std::clamp(multiplies * next.multiplies, 1 / kMaxRows, kMaxRows);
  }
};

using Chain = std::vector<Module>;

struct Candidate {
  size_t a = 0;
  size_t b = 0;
  double selectivity = 1;
  JoinType type = JoinType::kInner;
};

/// Rows that a side's row becomes by a join with `rows` others.
double Factor(const Candidate& edge, bool from_left, double rows) {
  const double matches = rows * edge.selectivity;
  switch (edge.type) {
    case JoinType::kLeft:
      return from_left ? std::max(1.0, matches) : matches;
    case JoinType::kFull:
      return std::max(1.0, matches);
    case JoinType::kSemi:
      return from_left ? std::min(1.0, matches) : matches;
    case JoinType::kAnti:
      return from_left ? 1 - std::min(0.9, matches) : matches;
    default:
      return matches;
  }
}

class DisjointSets {
 public:
  explicit DisjointSets(size_t count) : parents_(count) { std::iota(parents_.begin(), parents_.end(), size_t{0}); }
  size_t Find(size_t i) {
    while (parents_[i] != i) i = parents_[i] = parents_[parents_[i]];
    return i;
  }
  bool Unite(size_t a, size_t b) {
    a = Find(a);
    b = Find(b);
    parents_[a] = b;
    return a != b;
  }

 private:
  std::vector<size_t> parents_;
};

/// The most selective edges that connect all (Kruskal 1956); where nothing does, what follows in the block.
Tree SpanningTree(const JoinGraph& graph) {
  std::vector<Candidate> edges;
  for (const JoinEdge& edge : graph.edges()) {
    const RelationSet left = edge.reads & edge.left;
    const RelationSet right = edge.reads & edge.right;
    edges.push_back({FirstRelation(left), FirstRelation(right), edge.selectivity, edge.type});
  }
  std::stable_sort(edges.begin(), edges.end(),
                   [](const Candidate& a, const Candidate& b) { return a.selectivity < b.selectivity; });
  for (size_t i = 1; i < graph.num_relations(); ++i) edges.push_back({i - 1, i, 1, JoinType::kInner});
  Tree tree(graph.num_relations());
  DisjointSets sets(graph.num_relations());
  for (const Candidate& edge : edges) {
    if (!sets.Unite(edge.a, edge.b)) continue;
    tree[edge.a].push_back({edge.b, Factor(edge, true, graph.rows(edge.b))});
    tree[edge.b].push_back({edge.a, Factor(edge, false, graph.rows(edge.a))});
  }
  return tree;
}

Chain Merge(Chain a, Chain b) {
  Chain merged;
  std::merge(std::make_move_iterator(a.begin()), std::make_move_iterator(a.end()), std::make_move_iterator(b.begin()),
             std::make_move_iterator(b.end()), std::back_inserter(merged),
             [](const Module& x, const Module& y) { return x.Rank() < y.Rank(); });
  return merged;
}

/// The best order of what is below `node` on the other side of `parent`.
Chain ChainBelow(const Tree& tree, size_t node, size_t parent) {
  Chain chain;
  for (const TreeEdge& edge : tree[node]) {
    if (edge.to == parent) continue;
    Chain below = ChainBelow(tree, edge.to, node);
    Module first{{edge.to}, edge.factor, edge.factor};
    // What must come first but had better not becomes one with what follows it.
    size_t taken = 0;
    while (taken < below.size() && first.Rank() > below[taken].Rank()) first.Append(below[taken++]);
    below.erase(below.begin(), below.begin() + static_cast<std::ptrdiff_t>(taken));
    below.insert(below.begin(), std::move(first));
    chain = Merge(std::move(chain), std::move(below));
  }
  return chain;
}

}  // namespace

std::vector<size_t> LinearOrder(const JoinGraph& graph) {
  const Tree tree = SpanningTree(graph);
  Module best;
  best.cost = std::numeric_limits<double>::infinity();
  for (size_t root = 0; root < graph.num_relations(); ++root) {
    Module order{{root}, graph.rows(root), 0};
    for (const Module& next : ChainBelow(tree, root, root)) order.Append(next);
    if (order.cost < best.cost) best = std::move(order);
  }
  return best.relations;
}

void ConsiderIntervals(const std::vector<size_t>& order, PlanTable& table) {
  const size_t count = order.size();
  // sets[i] has the first i relations, so that an interval is a difference of two.
  std::vector<RelationSet> sets(count + 1);
  for (size_t i = 0; i < count; ++i) sets[i + 1] = sets[i] | RelationAt(order[i]);
  for (size_t length = 2; length <= count; ++length) {
    for (size_t begin = 0; begin + length <= count; ++begin) {
      const size_t end = begin + length;
      for (size_t middle = begin + 1; middle < end; ++middle) {
        table.Consider(sets[middle] & ~sets[begin], sets[end] & ~sets[middle]);
      }
    }
  }
}

}  // namespace llkv
