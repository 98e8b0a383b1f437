// A block of joins as a hypergraph with numbers: nodes are relations with their rows, edges are what joins them. The
// enumerators look at nothing else. Must not know plans or expressions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "optimizer/join_order/relation_set.h"
#include "plan/logical_plan.h"

namespace llkv {

/// A join that has a relation of `any` below it must have all of `all` below it.
struct ConflictRule {
  RelationSet any = 0;
  RelationSet all = 0;
};

/// A join that is no inner one, or those terms of an inner join that read the same relations.
struct JoinEdge {
  JoinType type = JoinType::kInner;  // kInner, kLeft, kFull, kSemi, kAnti
  /// What its terms read: it must be applied by the join that first has all of these below it.
  RelationSet reads = 0;
  /// What must be below its left and its right side. An inner or full join's sides may change places.
  RelationSet left = 0;
  RelationSet right = 0;
  std::vector<ConflictRule> rules;
  /// The share of pairs of rows that it lets pass.
  double selectivity = 1;
  /// Has an equality between the sides.
  bool has_key = false;
  /// Has no term: a cross product, which may be made and need not be.
  bool is_product = false;
};

/// How two sets of relations are joined.
struct JoinStep {
  static constexpr uint32_t kInnerJoin = UINT32_MAX;
  JoinType type = JoinType::kInner;
  /// The edge of a join that is no inner one; kInnerJoin where all inner edges between the two sets apply.
  uint32_t edge = kInnerJoin;
  bool has_key = false;
  /// The edge's left side is the second set.
  bool flipped = false;
};

class JoinGraph {
 public:
  /// `rows` are the relations' (at most kMaxBlockRelations).
  JoinGraph(std::vector<double> rows, std::vector<JoinEdge> edges);

  size_t num_relations() const { return rows_.size(); }
  RelationSet all() const { return all_; }
  double rows(size_t relation) const { return rows_[relation]; }
  const std::vector<JoinEdge>& edges() const { return edges_; }

  /// Relations next to `set`, none of them excluded: of a side with several relations only the first stands for it.
  RelationSet Neighbors(RelationSet set, RelationSet excluded) const;

  /// Whether an edge has one side within `a` and the other within `b`.
  bool AreConnected(RelationSet a, RelationSet b) const;

  /// The join of two disjoint sets, each of which has a plan. Nothing where there is none: no edge between them, or one
  /// that must be applied here and may not.
  std::optional<JoinStep> FindJoin(RelationSet a, RelationSet b) const;

  /// The share of pairs of rows that the join found for two sets lets pass.
  double Selectivity(const JoinStep& step, RelationSet a, RelationSet b) const;

 private:
  struct OtherEdge {
    RelationSet reads;
    RelationSet left;
    RelationSet right;
    uint32_t index;

    bool Crosses(RelationSet a, RelationSet b) const {
      return (reads & a) != 0 && (reads & b) != 0 && IsWithin(reads, a | b);
    }
    bool HasSides(RelationSet a, RelationSet b) const { return IsWithin(left, a) && IsWithin(right, b); }
  };

  bool IsSimple(const JoinEdge& edge) const;
  bool HasSimpleEdge(RelationSet a, RelationSet b, bool* has_key) const;

  const std::vector<double> rows_;
  const std::vector<JoinEdge> edges_;
  const RelationSet all_;
  /// Edges with one relation on either side, and those with more.
  std::vector<RelationSet> adjacent_;
  std::vector<OtherEdge> wide_;
  /// Inner edges between two relations that may always be applied, as matrices.
  std::vector<RelationSet> simple_;
  std::vector<RelationSet> simple_keys_;
  std::vector<double> simple_selectivity_;
  /// All edges that are not simple.
  std::vector<OtherEdge> others_;
};

}  // namespace llkv
