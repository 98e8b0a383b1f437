// WindowGroups: functions over whole partitions without order, by hash aggregation: what a partition's rows all get is
// computed once, and given to the rows as they are read a second time. Nothing is sorted, and no row is kept.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "exec/operator.h"
#include "exec/operators/aggregate_find.h"
#include "exec/operators/aggregate_shared.h"
#include "expr/program.h"
#include "plan/logical_plan.h"
#include "vector/row_layout.h"

namespace llkv {

/// Whether each call of `node` gives all rows of a partition the same, whatever their order.
bool IsOverWholePartitions(const LogicalWindow& node);

/// The calls' results for each partition, once its sink is finalized. Shared by the sink and the lookups of one window.
class WindowGroups {
 public:
  /// `node` outlives it. `input` is the layout of the batches that the sink gets.
  WindowGroups(const LogicalWindow& node, const ColumnLayout& input);
  WindowGroups(const WindowGroups&) = delete;
  WindowGroups& operator=(const WindowGroups&) = delete;

  const LogicalWindow& node() const { return node_; }
  /// The rows that hold results: a column a call.
  const RowLayout& results() const { return results_; }
  bool has_partitions() const { return shared_->is_grouped(); }
  /// Writes the results' row of each selected row to rows[row position]; one of NULLs where no such partition is known.
  /// `keys` are flat.
  void Find(std::span<const Vector> keys, const Selection& selection, uint8_t** rows) const;
  /// Without PARTITION BY: the one row.
  const uint8_t* single_row() const { return reinterpret_cast<const uint8_t*>(single_row_.data()); }

  // For the sink:
  const std::shared_ptr<AggregateShared>& shared() const { return shared_; }
  void Reset() LLKV_EXCLUDES(mutex_);
  /// Computes the results of a partition of groups, or of all where there are none.
  arrow::Status MakeResults(LaneContext& lane, uint32_t part) LLKV_EXCLUDES(mutex_);
  /// After all parts.
  void MakeIndex();

 private:
  static std::unique_ptr<LogicalAggregate> MakeAggregation(const LogicalWindow& node);
  /// Finds the table of a part, whose states become results in place. `arena` holds merged states.
  arrow::Result<const GroupTable*> TableOf(LaneContext& lane, uint32_t part, StringArena* arena);

  const LogicalWindow& node_;
  std::unique_ptr<LogicalAggregate> aggregation_;
  RowLayout results_;
  std::shared_ptr<AggregateShared> shared_;
  std::vector<std::unique_ptr<GroupTable>> tables_;  // one a partition of groups
  std::optional<GroupIndex> index_;
  std::vector<uint64_t> single_row_;
  std::vector<uint64_t> null_row_;
  Mutex mutex_;
  /// Of results' texts and of merged states.
  std::vector<std::unique_ptr<StringArena>> arenas_ LLKV_GUARDED_BY(mutex_);
};

/// Ends a pipeline over the window's input.
std::unique_ptr<Sink> MakeWindowGroupsSink(std::shared_ptr<WindowGroups> groups);

/// Adds the calls' columns to rows of the window's input, in a pipeline that depends on the sink's. `input` is their
/// layout; the columns given are the node's output.
std::unique_ptr<Operator> MakeWindowLookup(std::shared_ptr<const WindowGroups> groups, const ColumnLayout& input);

}  // namespace llkv
