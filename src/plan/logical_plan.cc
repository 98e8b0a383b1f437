// What the nodes' header declares: destruction without recursion, so that a plan of any depth is safe to drop.
#include "plan/logical_plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace llkv {

bool LogicalAggregate::IsInEverySet(size_t i) const {
  return std::all_of(grouping_sets.begin(), grouping_sets.end(), [i](const std::vector<uint32_t>& set) {
    return std::find(set.begin(), set.end(), static_cast<uint32_t>(i)) != set.end();
  });
}

LogicalPlan::~LogicalPlan() {
  std::vector<LogicalPlanPtr> pending = std::move(children);
  while (!pending.empty()) {
    LogicalPlanPtr node = std::move(pending.back());
    pending.pop_back();
    if (node == nullptr) continue;
    std::move(node->children.begin(), node->children.end(), std::back_inserter(pending));
    node->children.clear();
  }
}

}  // namespace llkv
