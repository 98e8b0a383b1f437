// What the nodes' header declares: destruction without recursion, so that a plan of any depth is safe to drop.
#include "plan/logical_plan.h"

#include <iterator>
#include <utility>

namespace llkv {

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
