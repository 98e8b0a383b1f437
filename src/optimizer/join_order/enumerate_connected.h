// Which pairs of sets of relations dynamic programming must look at: the connected subgraphs of a join graph and their
// connected complements, each pair once (DPhyp: Moerkotte and Neumann 2008, "Dynamic Programming Strikes Back").
#pragma once

#include <cstdint>

#include "optimizer/join_order/join_graph.h"

namespace llkv {

/// Takes the pairs. A set's own pairs come before those in which it is a part.
class PairSink {
 public:
  virtual ~PairSink() = default;
  /// Whether there is a plan for the set; true for single relations.
  virtual bool Contains(RelationSet set) const = 0;
  /// Two disjoint sets with plans and an edge between them. False ends the enumeration.
  virtual bool Add(RelationSet a, RelationSet b) = 0;
};

/// Gives all pairs to `sink`. False where it took over `max_steps` looks at sets, or the sink had enough.
bool EnumerateConnectedPairs(const JoinGraph& graph, uint64_t max_steps, PairSink& sink);

}  // namespace llkv
