// PartitionedRows and AggregateLane: what one lane of an aggregation gathered, in a table while it is small, in
// partitions by hash once it was too large for the cache.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "exec/operators/aggregate_table.h"
#include "vector/row_storage.h"
#include "vector/scratch.h"

namespace llkv {

/// Rows of groups in kNumGroupPartitions parts. One thread at a time while rows are added.
class PartitionedRows {
 public:
  explicit PartitionedRows(arrow::MemoryPool* pool) : pool_(pool), null_rows_(pool) {}

  bool empty() const { return partitions_.empty(); }
  /// Copies all groups of `table` into the partitions and empties the table. Rows go by the hash of their first
  /// partition_keys.num_columns() key columns, as `partition_keys` computes it (null: by their own hash). Error 53200.
  arrow::Status Take(GroupTable& table, const GroupKeys* partition_keys);
  /// Adds each selected row of flat key columns as a row of its own with `initial_state`, and gives its state in
  /// states[row position]: what a merge makes one group of. No NULL key is held apart. Error 53200.
  arrow::Status Append(const GroupKeys& keys, std::span<const Vector> columns, const Selection& selection,
                       std::span<const uint8_t> initial_state, const GroupKeys* partition_keys, uint8_t** states);

  /// Null where the partition has no rows.
  const RowStorage* partition(uint32_t p) const { return partitions_.empty() ? nullptr : partitions_[p].get(); }
  /// Rows whose NULL key is held apart: they belong to partition 0 and stand in it too, beside others.
  const PoolArray<const uint8_t*>& null_rows() const { return null_rows_; }

 private:
  arrow::Status Allocate(const uint64_t* hashes, const uint32_t* heap_sizes, uint32_t count, uint32_t row_width,
                         uint8_t** rows, char** heaps);
  arrow::Status AddRow(const GroupKeys& keys, const uint8_t* row, uint32_t partition, const uint8_t** copy);

  arrow::MemoryPool* pool_;
  std::vector<std::unique_ptr<RowStorage>> partitions_;
  PoolArray<const uint8_t*> null_rows_;
};

/// Looks at groups before they leave their table.
class GroupObserver {
 public:
  virtual ~GroupObserver() = default;
  /// Each group of a table comes once.
  virtual arrow::Status Observe(const GroupTable& table) = 0;
};

/// A table with the partitions that it overflows into.
class GroupCollector {
 public:
  /// A table may grow to so many groups before it is looked at whether growing pays.
  static constexpr int64_t kSmallGroups = 32 << 10;
  static constexpr int64_t kMaxGroups = 1 << 20;

  GroupCollector(const GroupKeys* keys, const GroupKeys* partition_keys, std::span<const uint8_t> initial_state,
                 arrow::MemoryPool* pool)
      : table_(keys, initial_state, pool), partitions_(pool), partition_keys_(partition_keys) {}

  GroupTable& table() { return table_; }
  const PartitionedRows& partitions() const { return partitions_; }
  bool is_partitioned() const { return !partitions_.empty(); }

  /// Makes room in the table for a batch of `num_rows` rows: it grows while it is small or groups repeat, else it
  /// overflows; *overflowed says that all states have moved.
  arrow::Status MakeRoom(uint32_t num_rows, bool* overflowed);
  /// Finds or makes the group of each selected row, with room for them made before: in the table or, after an overflow
  /// of a table whose groups had hardly come twice, as a row of its own in the partitions, without a table.
  arrow::Status Find(std::span<const Vector> columns, const Selection& selection, uint8_t** states);
  /// Counts rows that were looked up.
  void CountRows(uint32_t num_rows) {
    rows_seen_ += num_rows;
    total_rows_ += num_rows;
  }
  /// How many rows are looked up in all, as far as is known.
  void set_expected_rows(double num_rows) { expected_rows_ = num_rows; }
  /// Moves all groups into the partitions.
  arrow::Status Overflow();
  /// Who looks at groups that overflow; null: nobody. Rows that go past the table aren't seen: `may_pass_by` says that
  /// who adds them sees to that, by PassesBy.
  void set_observer(GroupObserver* observer, bool may_pass_by = false) {
    observer_ = observer;
    may_pass_by_ = observer == nullptr || may_pass_by;
  }
  /// Whether the next rows go past the table, once room was made for them.
  bool PassesBy() const { return rows_past_ > 0 && may_pass_by_ && !table_.keys().null_apart(); }

 private:
  /// Whether the rows to come will mostly meet groups that a larger table would have.
  bool WillRepeat() const;

  GroupTable table_;
  PartitionedRows partitions_;
  const GroupKeys* partition_keys_;
  GroupObserver* observer_ = nullptr;
  bool may_pass_by_ = true;
  int64_t rows_seen_ = 0;   // since the table was last empty
  int64_t total_rows_ = 0;  // ever
  int64_t rows_past_ = 0;   // so many rows go past the table before it is tried again
  double expected_rows_ = 0;
};

/// One grouping of a lane's rows.
struct LaneGroups {
  std::unique_ptr<GroupCollector> groups;  // null without GROUP BY
  std::vector<std::unique_ptr<GroupCollector>> distinct;
};

/// All that a lane hands over.
struct AggregateLane {
  explicit AggregateLane(arrow::MemoryPool* pool) : arena(pool) {}

  /// Calls f(collector), which answers with a Status, for all collectors.
  template <typename F>
  arrow::Status ForEachCollector(F&& f) {
    for (LaneGroups& table : tables) {
      if (table.groups != nullptr) ARROW_RETURN_NOT_OK(f(*table.groups));
      for (const auto& set : table.distinct) ARROW_RETURN_NOT_OK(f(*set));
    }
    return arrow::Status::OK();
  }

  StringArena arena;               // of aggregate states
  std::vector<LaneGroups> tables;  // one a grouping set, or one
  /// Without GROUP BY: the one group's states.
  std::vector<uint64_t> single_state;
};

}  // namespace llkv
