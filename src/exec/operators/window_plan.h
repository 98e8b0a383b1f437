// WindowPlan: what the rows of a window hold and where, the sort that brings partitions together, and each call by
// places in those rows. Here so that evaluators know neither expressions nor plans.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "exec/expr_set.h"
#include "exec/operators/sort_shared.h"
#include "exec/operators/window_frames.h"
#include "plan/logical_plan.h"

namespace llkv {

/// One call. Immutable while an execution runs.
struct WindowSlot {
  static constexpr uint32_t kNone = 0xFFFFFFFF;
  const WindowCall* call = nullptr;
  std::vector<uint32_t> arguments;  // columns of the rows
  uint32_t filter = kNone;
  /// Whether it looks at peers, and which of the plan's orders says what they are.
  bool needs_peers = false;
  uint32_t order = 0;
  ResolvedFrame frame;
  /// The second argument of lag, lead and nth_value and the argument of ntile, where it is one value for all rows: then
  /// it is set for each execution. `count_is_null`: that value is NULL.
  bool has_constant_count = false;
  bool count_is_null = false;
  int64_t constant_count = 1;
  /// The column of that argument otherwise.
  uint32_t count_column = kNone;
  /// Of lag and lead: kNone where the default is NULL.
  uint32_t default_column = kNone;
};

/// Shared by the sink and the source of one window. The plan node outlives it.
class WindowPlan {
 public:
  explicit WindowPlan(const LogicalWindow& node);
  WindowPlan(const WindowPlan&) = delete;
  WindowPlan& operator=(const WindowPlan&) = delete;

  /// Reads frames' bounds and other values of the execution. Errors: 22013 and 22004 for bounds.
  arrow::Status Open(const QueryContext& query);

  const LogicalWindow& node() const { return node_; }
  /// What rows hold: the input's columns first.
  const std::vector<const BoundExpr*>& exprs() const { return exprs_; }
  size_t num_input_columns() const { return node_.children[0]->output.size(); }
  const LogicalSort& sort() const { return sort_; }
  const std::vector<WindowSlot>& slots() const { return slots_; }
  const std::vector<TieOrder::Column>& partition_columns() const { return partition_columns_; }
  const std::vector<TieOrder::Column>& order_columns() const { return order_columns_; }
  /// Numbers of order keys, each of which says what peers are for some calls that look at them; ascending.
  const std::vector<uint32_t>& orders() const { return orders_; }
  bool needs_input_order() const;

 private:
  uint32_t AddColumn(const BoundExpr& expr);
  void AddKeys();
  void AddSlot(const WindowCall& call);
  void AddCount(const BoundExpr& expr, WindowSlot* slot);

  const LogicalWindow& node_;
  std::vector<BoundExprPtr> input_columns_;
  std::vector<const BoundExpr*> exprs_;
  LogicalSort sort_;
  std::vector<TieOrder::Column> partition_columns_;
  std::vector<TieOrder::Column> order_columns_;
  std::vector<uint32_t> orders_;
  std::vector<WindowSlot> slots_;
};

}  // namespace llkv
