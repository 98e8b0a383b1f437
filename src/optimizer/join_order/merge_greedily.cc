// Each round looks at the pairs with the part that came last; what is known of the others stays.
#include "optimizer/join_order/merge_greedily.h"

#include <algorithm>
#include <vector>

namespace llkv {

namespace {

struct Merge {
  RelationSet a;
  RelationSet b;
  double rows;
};

}  // namespace

void MergeGreedily(PlanTable& table) {
  std::vector<RelationSet> parts;
  std::vector<Merge> merges;
  const auto add_part = [&](RelationSet added) {
    for (const RelationSet part : parts) {
      const double rows = table.JoinedRowsOf(part, added);
      if (rows >= 0) merges.push_back({part, added, rows});
    }
    parts.push_back(added);
  };
  for (size_t i = 0; i < table.graph().num_relations(); ++i) add_part(RelationAt(i));
  while (!merges.empty()) {
    const Merge best =
        *std::min_element(merges.begin(), merges.end(), [](const Merge& x, const Merge& y) { return x.rows < y.rows; });
    table.Consider(best.a, best.b);
    const RelationSet merged = best.a | best.b;
    std::erase_if(parts, [merged](RelationSet part) { return (part & merged) != 0; });
    std::erase_if(merges, [merged](const Merge& merge) { return ((merge.a | merge.b) & merged) != 0; });
    add_part(merged);
  }
}

}  // namespace llkv
