// The best plans found for sets of relations, and what they cost. Filled by the enumerators, which decide the pairs
// that are looked at; this decides which of them wins.
#pragma once

#include <cstdint>
#include <vector>

#include "optimizer/join_order/join_graph.h"

namespace llkv {

/// The best way found to join a set of relations.
struct SubPlan {
  double rows = 0;
  double cost = 0;
  /// What is joined; none for a single relation. A join's left side is `left`; an inner join's sides are as they came.
  RelationSet left = 0;
  RelationSet right = 0;
  JoinStep step;
};

class PlanTable {
 public:
  /// The single relations are in.
  explicit PlanTable(const JoinGraph& graph);

  const JoinGraph& graph() const { return *graph_; }
  /// Null where no plan is known.
  const SubPlan* Find(RelationSet set) const;
  const SubPlan* FindWhole() const { return Find(graph_->all()); }
  /// The rows of the join of two sets that have plans; negative where they cannot be joined.
  double JoinedRowsOf(RelationSet a, RelationSet b) const;
  /// Joins two sets that have plans, where they can be, and keeps the result where it is the cheapest for its set.
  void Consider(RelationSet a, RelationSet b);

 private:
  struct Entry {
    RelationSet set;
    SubPlan plan;
  };

  size_t SlotOf(RelationSet set) const;
  void Add(RelationSet set, const SubPlan& plan);

  const JoinGraph* graph_;
  std::vector<Entry> entries_;
  /// Numbers of entries plus 1, by the hash of their sets, open addressing; a power of two of them, half full at most.
  std::vector<uint32_t> slots_;
};

}  // namespace llkv
