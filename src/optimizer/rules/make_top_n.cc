// Top-N.
#include <utility>

#include "optimizer/rules.h"

namespace llkv {

LogicalPlanPtr MakeTopN(LogicalPlanPtr root) {
  for (LogicalPlanPtr& child : root->children) child = MakeTopN(std::move(child));
  if (root->kind != PlanKind::kLimit) return root;
  auto& limit = root->As<LogicalLimit>();
  if (limit.children.size() > 1) return root;
  LogicalPlan* below = root->children[0].get();
  while (below->kind == PlanKind::kProject) below = below->children[0].get();
  if (below->kind != PlanKind::kSort) return root;
  auto& sort = below->As<LogicalSort>();
  if (sort.limit != nullptr || sort.offset != nullptr || limit.limit == nullptr) return root;
  sort.limit = std::move(limit.limit);
  sort.offset = std::move(limit.offset);
  LogicalPlanPtr child = std::move(root->children[0]);
  return child;
}

}  // namespace llkv
