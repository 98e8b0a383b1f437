// AggregateShared: what the sink of an aggregation leaves for its source, and the merging of lanes.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "exec/expr_set.h"
#include "exec/operators/aggregate_layout.h"
#include "exec/operators/aggregate_rows.h"

namespace llkv {

/// One thread's scratch for merging and for distinct sets.
class AggregateMerger {
 public:
  AggregateMerger(const AggregateLayout* layout, const KernelContext& kernel, StringArena* arena)
      : layout_(layout), kernel_(kernel), updater_(kernel.pool) {
    kernel_.arena = arena;
  }

  /// Merges rows of `table`'s keys into it; those that are new are referred to.
  arrow::Status MergeStorage(const RowStorage& rows, const PoolArray<const uint8_t*>* null_rows, bool with_states,
                             GroupTable& table);
  arrow::Status MergePartition(const PartitionedRows& rows, uint32_t partition, bool with_states, GroupTable& table);
  arrow::Status MergeTable(GroupTable& source, bool with_states, GroupTable& table);

  /// Feeds each row of a set of distinct arguments to its group in `groups`, or to `single_state` where there are no
  /// groups.
  arrow::Status FeedDistinct(const GroupTable& set, const AggregateSlot& slot, GroupTable* groups,
                             uint8_t* single_state);
  KernelContext& kernel() { return kernel_; }
  AggregateUpdater& updater() { return updater_; }

 private:
  arrow::Status MergeSome(uint8_t* const* rows, uint32_t count, const uint8_t* null_row, bool with_states,
                          GroupTable& table);

  const AggregateLayout* layout_;
  KernelContext kernel_;
  AggregateUpdater updater_;
  std::vector<std::unique_ptr<ScratchVector>> scratch_;
  uint8_t* rows_[kMaxBatchRows];
  uint8_t* states_[kMaxBatchRows];
  const uint8_t* sources_[kMaxBatchRows];
  uint8_t* targets_[kMaxBatchRows];
};

/// Shared by the sink and the source of one aggregation. The plan node outlives it.
class AggregateShared {
 public:
  /// See AggregateLayout for `min_state_size`.
  AggregateShared(const LogicalAggregate& node, const ColumnLayout& input, uint32_t min_state_size = 0);

  const AggregateLayout& layout() const { return layout_; }
  ExprSet& exprs() { return exprs_; }
  bool is_grouped() const { return layout_.num_groups() > 0; }
  const GroupKeys& keys() const { return keys_; }
  /// How many rows come, negative where nothing is known; before the first lane.
  void set_expected_rows(double num_rows) { expected_rows_ = num_rows; }
  /// A lane's collectors, for one of so many lanes.
  std::unique_ptr<AggregateLane> MakeLane(arrow::MemoryPool* pool, uint32_t num_lanes) const;

  /// Forgets what an execution before left.
  void Reset();
  /// Takes over what a lane gathered; any threads.
  arrow::Status AddLane(std::unique_ptr<AggregateLane> lane, bool is_only_lane) LLKV_EXCLUDES(mutex_);
  /// After all lanes; the number of parts that FinalizePart has to do.
  arrow::Result<uint32_t> PrepareFinalize(arrow::MemoryPool* pool) LLKV_EXCLUDES(mutex_);
  arrow::Status FinalizePart(LaneContext& lane, uint32_t part) LLKV_EXCLUDES(mutex_);

  /// For the source, once all is final. Partitioned: groups of partition p are merged into `table` (empty) by
  /// MergePartition; else one table has all groups. Without GROUP BY there is the one state.
  bool is_partitioned() const { return is_partitioned_; }
  const GroupTable* merged_table() const;
  const uint8_t* single_state() const { return reinterpret_cast<const uint8_t*>(single_state_.data()); }
  arrow::Status MergePartition(uint32_t partition, AggregateMerger& merger, GroupTable& table) const;
  uint64_t num_groups_estimate() const { return num_groups_estimate_; }

 private:
  arrow::Status MergeDistinctPartition(uint32_t partition, size_t slot_index, AggregateMerger& merger,
                                       GroupTable& set) const;
  arrow::Status AddEmptySets(arrow::MemoryPool* pool);
  arrow::Status FinalizeSmall(AggregateMerger& merger);
  arrow::Status FinalizeSinglePartition(LaneContext& lane, uint32_t partition, AggregateMerger& merger)
      LLKV_EXCLUDES(mutex_);
  std::vector<uint64_t> InitialSingleState() const;

  AggregateLayout layout_;
  ExprSet exprs_;
  GroupKeys keys_;
  std::vector<std::unique_ptr<GroupKeys>> distinct_keys_;  // one a distinct set
  std::vector<size_t> distinct_slots_;                     // the slot of each distinct set
  Mutex mutex_;
  std::vector<std::unique_ptr<AggregateLane>> lanes_;  // guarded by mutex_ until all lanes are in
  std::vector<std::unique_ptr<StringArena>> arenas_;   // of merged states
  std::vector<uint64_t> single_state_;                 // guarded by mutex_ until finalized
  double expected_rows_ = -1;
  bool is_partitioned_ = false;
  uint64_t num_groups_estimate_ = 0;
};

}  // namespace llkv
