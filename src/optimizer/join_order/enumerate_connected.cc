// DPhyp, with the names of its paper in the comments.
#include "optimizer/join_order/enumerate_connected.h"

namespace llkv {

namespace {

class Enumerator {
 public:
  Enumerator(const JoinGraph& graph, uint64_t max_steps, PairSink& sink)
      : graph_(graph), sink_(sink), steps_left_(max_steps) {}

  bool Run() {
    for (size_t i = graph_.num_relations(); i > 0 && !stopped_; --i) {
      const RelationSet start = RelationAt(i - 1);
      FindComplements(start);
      GrowSubgraph(start, start | (start - 1));
    }
    return !stopped_;
  }

 private:
  bool Step() {
    if (steps_left_ == 0) stopped_ = true;
    if (!stopped_) --steps_left_;
    return !stopped_;
  }

  /// Calls `f` with each subset of `neighbors` that is not empty, smaller numbers first.
  template <typename F>
  void ForEachSubset(RelationSet neighbors, F&& f) {
    if (neighbors == 0) return;
    RelationSet subset = 0;
    do {
      subset = (subset - neighbors) & neighbors;
      if (!Step()) return;
      f(subset);
    } while (subset != neighbors && !stopped_);
  }

  /// EnumerateCsgRec: larger connected sets around `set`.
  void GrowSubgraph(RelationSet set, RelationSet excluded) {
    const RelationSet neighbors = graph_.Neighbors(set, excluded);
    ForEachSubset(neighbors, [&](RelationSet more) {
      if (sink_.Contains(set | more)) FindComplements(set | more);
    });
    ForEachSubset(neighbors, [&](RelationSet more) { GrowSubgraph(set | more, excluded | neighbors); });
  }

  /// EmitCsg: the connected sets next to `set` that begin behind its first relation.
  void FindComplements(RelationSet set) {
    const RelationSet excluded = set | UpToLowest(set);
    const RelationSet neighbors = graph_.Neighbors(set, excluded);
    for (RelationSet left = neighbors; left != 0 && !stopped_;) {
      const RelationSet start = std::bit_floor(left);
      left &= ~start;
      if (!Step()) return;
      if (graph_.AreConnected(set, start)) Emit(set, start);
      GrowComplement(set, start, excluded | (neighbors & (start | (start - 1))));
    }
  }

  /// EnumerateCmpRec.
  void GrowComplement(RelationSet set, RelationSet complement, RelationSet excluded) {
    const RelationSet neighbors = graph_.Neighbors(complement, excluded);
    ForEachSubset(neighbors, [&](RelationSet more) {
      const RelationSet grown = complement | more;
      if (sink_.Contains(grown) && graph_.AreConnected(set, grown)) Emit(set, grown);
    });
    ForEachSubset(neighbors, [&](RelationSet more) { GrowComplement(set, complement | more, excluded | neighbors); });
  }

  void Emit(RelationSet a, RelationSet b) {
    if (!stopped_ && !sink_.Add(a, b)) stopped_ = true;
  }

  const JoinGraph& graph_;
  PairSink& sink_;
  uint64_t steps_left_;
  bool stopped_ = false;
};

}  // namespace

bool EnumerateConnectedPairs(const JoinGraph& graph, uint64_t max_steps, PairSink& sink) {
  return Enumerator(graph, max_steps, sink).Run();
}

}  // namespace llkv
