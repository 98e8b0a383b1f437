// The rows of WITH RECURSIVE, step by step: a source that gives what came last, and then has the step run over it.
#pragma once

#include <memory>
#include <vector>

#include "exec/operator.h"
#include "exec/operators/collect.h"
#include "plan/logical_plan.h"

namespace llkv {

/// What passes between the parts of a recursion.
struct RecursiveRows {
  /// The first rows, of a pipeline before the source's.
  std::shared_ptr<CollectedRows> first;
  /// What the last run of the step gave.
  std::shared_ptr<CollectedRows> added;
  /// What came last: the step's scans read it.
  std::shared_ptr<CollectedRows> working;
};

/// Sequential. `sub_plan` is the step's, by QueryContext::sub_plans. Columns are node.output; the node outlives it.
std::unique_ptr<Source> MakeRecursive(const LogicalRecursive& node, RecursiveRows rows, size_t sub_plan);

}  // namespace llkv
