// Neighbours, connections and applicable edges.
#include "optimizer/join_order/join_graph.h"

#include <utility>

namespace llkv {

namespace {

bool MayFlip(JoinType type) { return type == JoinType::kInner || type == JoinType::kFull; }

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
      adjacent_(rows_.size()),
      simple_(rows_.size()),
      simple_keys_(rows_.size()),
      simple_selectivity_(rows_.size() * rows_.size(), 1.0) {
  for (uint32_t i = 0; i < edges_.size(); ++i) {
    const JoinEdge& edge = edges_[i];
    const OtherEdge other{edge.reads, edge.left, edge.right, i};
    const size_t a = FirstRelation(edge.left);
    const size_t b = FirstRelation(edge.right);
    if (std::has_single_bit(edge.left) && std::has_single_bit(edge.right)) {
      adjacent_[a] |= edge.right;
      adjacent_[b] |= edge.left;
    } else {
      wide_.push_back(other);
    }
    if (!IsSimple(edge)) {
      others_.push_back(other);
      continue;
    }
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
  ForEachRelation(set, [&](size_t i) { neighbors |= adjacent_[i]; });
  neighbors &= ~outside;
  for (const OtherEdge& edge : wide_) {
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
  if (std::popcount(a) > std::popcount(b)) std::swap(a, b);
  for (RelationSet rest = a; rest != 0; rest &= rest - 1) {
    if ((adjacent_[FirstRelation(rest)] & b) != 0) return true;
  }
  for (const OtherEdge& edge : wide_) {
    if (edge.HasSides(a, b) || edge.HasSides(b, a)) return true;
  }
  return false;
}

std::optional<JoinStep> JoinGraph::FindJoin(RelationSet a, RelationSet b) const {
  const RelationSet both = a | b;
  JoinStep step;
  size_t num_outer = 0;
  bool has_inner = HasSimpleEdge(a, b, &step.has_key);
  for (const OtherEdge& other : others_) {
    if (!other.Crosses(a, b)) continue;
    const JoinEdge& edge = edges_[other.index];
    const bool forward = other.HasSides(a, b);
    const bool backward = other.HasSides(b, a);
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
    step.edge = other.index;
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
  for (const OtherEdge& other : others_) {
    if (other.Crosses(a, b)) selectivity *= edges_[other.index].selectivity;
  }
  return selectivity;
}

}  // namespace llkv
