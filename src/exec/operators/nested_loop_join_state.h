// NestedLoopPlan, NestedLoopRows: what the two halves of a nested-loop join share.
#pragma once

#include <memory>
#include <vector>

#include "base/mutex.h"
#include "exec/expr_set.h"
#include "exec/operators/hash_join_plan.h"
#include "vector/row_storage.h"

namespace llkv {

/// Immutable after Bind; the node outlives it.
struct NestedLoopPlan {
  NestedLoopPlan(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right);
  arrow::Status Bind(const QueryContext& query);

  /// Is the first match of a left row all that matters?
  bool OneMatchIsEnough() const { return !GivesPairs(type) && !MarksRight(type); }

  const JoinType type;
  BoundExprPtr residual_expr;  // null where there is none
  JoinColumns columns;
  std::unique_ptr<ExprSet> residual;  // null where there is none
  std::unique_ptr<ExprSet> in_term;   // IN's term of a null-aware join, else null
  RowLayout layout;                   // a byte that says whether a left row matched, then the stored columns
};

/// The right side: filled by the build's lanes, then read by all.
class NestedLoopRows {
 public:
  void Reset();
  void AddStorage(std::unique_ptr<RowStorage> rows) LLKV_EXCLUDES(mutex_);
  int64_t num_rows() const { return num_rows_; }
  const std::vector<std::unique_ptr<RowStorage>>& storages() const { return storages_; }

 private:
  Mutex mutex_;
  std::vector<std::unique_ptr<RowStorage>> storages_;  // guarded by mutex_ until all lanes are in
  int64_t num_rows_ = 0;
};

std::unique_ptr<Operator> MakeNestedLoopProbe(std::shared_ptr<NestedLoopPlan> plan,
                                              std::shared_ptr<NestedLoopRows> rows);

}  // namespace llkv
