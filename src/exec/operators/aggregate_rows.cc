// PartitionedRows and GroupCollector.
#include "exec/operators/aggregate_rows.h"

#include <algorithm>
#include <cstring>

#include "base/distinct_estimate.h"

namespace llkv {
namespace {

constexpr int64_t kPartitionPageBytes = 64 << 10;

}  // namespace

arrow::Status PartitionedRows::AddRow(const GroupKeys& keys, const uint8_t* row, uint32_t partition,
                                      const uint8_t** copy) {
  std::unique_ptr<RowStorage>& storage = partitions_[partition];
  if (storage == nullptr) storage = std::make_unique<RowStorage>(keys.row_width(), pool_, kPartitionPageBytes);
  if (keys.num_words() == 0) {
    char* heap = nullptr;
    ARROW_ASSIGN_OR_RAISE(uint8_t * target, storage->AllocateRow(keys.layout().HeapSize(row), &heap));
    CopyRow(keys.layout(), row, target, heap);
    *copy = target;
    return arrow::Status::OK();
  }
  uint8_t* target = storage->TryAllocateRow();
  if (target == nullptr) {
    ARROW_ASSIGN_OR_RAISE(target, storage->AllocateRow(0, nullptr));
  }
  std::memcpy(target, row, keys.row_width());
  *copy = target;
  return arrow::Status::OK();
}

arrow::Status PartitionedRows::Take(GroupTable& table, const GroupKeys* partition_keys) {
  const GroupKeys& keys = table.keys();
  if (partitions_.empty()) partitions_.resize(kNumGroupPartitions);
  std::vector<ScratchVector> scratch;
  std::vector<Vector> columns;
  if (partition_keys != nullptr) {
    for (const LogicalType type : partition_keys->types()) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector column, ScratchVector::Make(type, pool_));
      scratch.push_back(std::move(column));
    }
    columns.resize(scratch.size());
  }
  GroupTable::Cursor cursor(table);
  uint8_t* rows[kMaxBatchRows];
  uint64_t hashes[kMaxBatchRows];
  while (const uint32_t count = table.NextGroups(cursor, kMaxBatchRows, rows)) {
    if (partition_keys == nullptr) {
      for (uint32_t i = 0; i < count; ++i) hashes[i] = keys.HashOfRow(rows[i]);
    } else {
      for (size_t c = 0; c < columns.size(); ++c) {
        keys.GatherKey(c, rows, count, table.null_group(), scratch[c]);
        columns[c] = scratch[c].vector();
      }
      partition_keys->HashColumns(columns, Selection::All(count), hashes);
    }
    for (uint32_t i = 0; i < count; ++i) {
      const bool is_null = rows[i] == table.null_group();
      const uint8_t* copy;
      ARROW_RETURN_NOT_OK(AddRow(keys, rows[i], is_null ? 0 : GroupPartition(hashes[i]), &copy));
      if (is_null) ARROW_RETURN_NOT_OK(null_rows_.Append(copy));
    }
  }
  table.Reset();
  return arrow::Status::OK();
}

// A table that keeps meeting known groups would meet them again after an overflow: then growing is cheaper. It is also
// where each was met about once so far, if all fit into the largest table and as many rows come again, by what is
// expected or by what has come.
bool GroupCollector::WillRepeat() const {
  const int64_t num_groups = table_.num_groups();
  if (num_groups * 100 < rows_seen_ * 96) return true;
  const double estimate = EstimateDistinct(static_cast<double>(num_groups), static_cast<double>(rows_seen_));
  const double again = std::max(static_cast<double>(total_rows_), expected_rows_ / 2);
  return estimate <= static_cast<double>(kMaxGroups) && again >= estimate;
}

arrow::Status GroupCollector::MakeRoom(uint32_t num_rows, bool* overflowed) {
  *overflowed = false;
  if (!table_.IsFullFor(num_rows)) return arrow::Status::OK();
  const int64_t num_groups = table_.num_groups();
  const bool may_grow = table_.capacity() < kSmallGroups || (table_.capacity() < kMaxGroups && WillRepeat());
  if (may_grow || num_groups == 0) return table_.Reserve(num_rows);
  *overflowed = true;
  return Overflow();
}

arrow::Status GroupCollector::Overflow() {
  rows_seen_ = 0;
  if (observer_ != nullptr) ARROW_RETURN_NOT_OK(observer_->Observe(table_));
  return partitions_.Take(table_, partition_keys_);
}

}  // namespace llkv
