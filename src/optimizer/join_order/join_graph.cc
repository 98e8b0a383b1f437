// Neighbours, connections and applicable edges.
#include "optimizer/join_order/join_graph.h"

#include <utility>

namespace llkv {

namespace {

bool MayFlip(JoinType type) { return type == JoinType::kInner || type == JoinType::kFull; }

bool HasSides(const JoinEdge& edge, RelationSet left, RelationSet right) {
  return IsWithin(edge.left, left) && IsWithin(edge.right, right);
}

bool KeepsRules(const JoinEdge& edge, RelationSet set) {
  for (const ConflictRule& rule : edge.rules) {
    if ((rule.any & set) != 0 && !IsWithin(rule.all, set)) return false;
  }
  return true;
}

}  // namespace

JoinGraph::JoinGraph(std::vector<double> rows, std::vector<JoinEdge> edges)
    : rows_(std::move(rows)),
      edges_(std::move(edges)),
      all_(rows_.size() == kMaxBlockRelations ? ~RelationSet{0} : RelationAt(rows_.size()) - 1),
      simple_(rows_.size()),
      simple_keys_(rows_.size()),
      simple_selectivity_(rows_.size() * rows_.size(), 1.0) {
  for (uint32_t i = 0; i < edges_.size(); ++i) {
    const JoinEdge& edge = edges_[i];
    if (!IsSimple(edge)) {
      others_.push_back(i);
      continue;
    }
    const size_t a = FirstRelation(edge.left);
    const size_t b = FirstRelation(edge.right);
    simple_[a] |= edge.right;
    simple_[b] |= edge.left;
    if (edge.has_key) {
      simple_keys_[a] |= edge.right;
      simple_keys_[b] |= edge.left;
    }
    simple_selectivity_[a * rows_.size() + b] *= edge.selectivity;
    simple_selectivity_[b * rows_.size() + a] *= edge.selectivity;
  }
}

bool JoinGraph::IsSimple(const JoinEdge& edge) const {
  return edge.type == JoinType::kInner && edge.rules.empty() && !edge.is_product && std::has_single_bit(edge.left) &&
         std::has_single_bit(edge.right);
}

RelationSet JoinGraph::Neighbors(RelationSet set, RelationSet excluded) const {
  RelationSet neighbors = 0;
  const RelationSet outside = set | excluded;
  ForEachRelation(set, [&](size_t i) { neighbors |= simple_[i]; });
  neighbors &= ~outside;
  for (const uint32_t i : others_) {
    const JoinEdge& edge = edges_[i];
    if (IsWithin(edge.left, set) && (edge.right & outside) == 0) neighbors |= LowestOf(edge.right);
    if (IsWithin(edge.right, set) && (edge.left & outside) == 0) neighbors |= LowestOf(edge.left);
  }
  return neighbors;
}

bool JoinGraph::HasSimpleEdge(RelationSet a, RelationSet b, bool* has_key) const {
  if (std::popcount(a) > std::popcount(b)) std::swap(a, b);
  bool found = false;
  *has_key = false;
  for (; a != 0 && !*has_key; a &= a - 1) {
    const size_t i = FirstRelation(a);
    found = found || (simple_[i] & b) != 0;
    *has_key = (simple_keys_[i] & b) != 0;
  }
  return found;
}

bool JoinGraph::AreConnected(RelationSet a, RelationSet b) const {
  bool has_key = false;
  if (HasSimpleEdge(a, b, &has_key)) return true;
  for (const uint32_t i : others_) {
    if (HasSides(edges_[i], a, b) || HasSides(edges_[i], b, a)) return true;
  }
  return false;
}

std::optional<JoinStep> JoinGraph::FindJoin(RelationSet a, RelationSet b) const {
  const RelationSet both = a | b;
  JoinStep step;
  size_t num_outer = 0;
  bool has_inner = HasSimpleEdge(a, b, &step.has_key);
  for (const uint32_t i : others_) {
    const JoinEdge& edge = edges_[i];
    if (!IsWithin(edge.reads, both) || IsWithin(edge.reads, a) || IsWithin(edge.reads, b)) continue;
    const bool forward = HasSides(edge, a, b);
    const bool backward = HasSides(edge, b, a);
    if ((!forward && !backward) || !KeepsRules(edge, both)) {
      if (edge.is_product) continue;
      return std::nullopt;
    }
    step.has_key = step.has_key || edge.has_key;
    if (edge.type == JoinType::kInner) {
      has_inner = true;
      continue;
    }
    ++num_outer;
    step.type = edge.type;
    step.edge = i;
    step.flipped = backward && !(forward && MayFlip(edge.type));
  }
  // What an outer, semi or anti join gives depends on all its terms together; others' terms have no place in it.
  if (num_outer + (has_inner ? 1 : 0) != 1) return std::nullopt;
  return step;
}

double JoinGraph::Selectivity(const JoinStep& step, RelationSet a, RelationSet b) const {
  if (step.edge != JoinStep::kInnerJoin) return edges_[step.edge].selectivity;
  double selectivity = 1;
  ForEachRelation(a, [&](size_t i) {
    ForEachRelation(simple_[i] & b, [&](size_t j) { selectivity *= simple_selectivity_[i * rows_.size() + j]; });
  });
  for (const uint32_t i : others_) {
    const JoinEdge& edge = edges_[i];
    if (IsWithin(edge.reads, a | b) && !IsWithin(edge.reads, a) && !IsWithin(edge.reads, b)) {
      selectivity *= edge.selectivity;
    }
  }
  return selectivity;
}

}  // namespace llkv
