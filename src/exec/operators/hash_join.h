// Hash join: joins of every type with at least one equality between the two sides.
#pragma once

#include <memory>
#include <vector>

#include "exec/operator.h"
#include "exec/operators/join_filter.h"
#include "expr/program.h"
#include "plan/logical_plan.h"

namespace llkv {

/// `build` ends the pipeline of children[1]; `probe` stands in the pipeline of children[0], which depends on the
/// build's. `unmatched` (kRight and kFull, else null) begins a pipeline that depends on the probe's, and gives the
/// right rows that no left row matched. Columns of `probe` and `unmatched` are node.output.
struct JoinOperators {
  std::unique_ptr<Sink> build;
  std::unique_ptr<Operator> probe;
  std::unique_ptr<Source> unmatched;
};

/// Does the join have an equality of one side's expression with the other's that a hash join can use? Otherwise it is
/// MakeNestedLoopJoin's.
bool CanHashJoin(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right);

/// One of the equalities that a hash join finds rows by. The expressions are the node's.
struct JoinKey {
  const BoundExpr* left;
  const BoundExpr* right;
  /// NULL matches NULL.
  bool null_safe;
};

/// In the order of the filters for MakeHashJoin; none where CanHashJoin is false.
std::vector<JoinKey> FindJoinKeys(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right);

/// `node` outlives what is made. `left` and `right` are the layouts of the batches that the probe and the build get.
/// Requires CanHashJoin. The build fills `filters`, one a key, null where that key has none.
JoinOperators MakeHashJoin(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right,
                           std::vector<std::shared_ptr<JoinFilter>> filters = {});

}  // namespace llkv
