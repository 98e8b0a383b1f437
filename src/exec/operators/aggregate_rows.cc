// PartitionedRows and GroupCollector.
#include "exec/operators/aggregate_rows.h"

#include <algorithm>
#include <cstring>

#include "base/distinct_estimate.h"
#include "vector/row_layout.h"

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

arrow::Status PartitionedRows::Allocate(const uint64_t* hashes, const uint32_t* heap_sizes, uint32_t count,
                                        uint32_t row_width, uint8_t** rows, char** heaps) {
  // By partitions, so that each storage is asked once for its rows of the batch.
  uint32_t ends[kNumGroupPartitions + 1] = {};
  for (uint32_t i = 0; i < count; ++i) ++ends[GroupPartition(hashes[i]) + 1];
  for (uint32_t p = 0; p < kNumGroupPartitions; ++p) ends[p + 1] += ends[p];
  uint16_t order[kMaxBatchRows];
  for (uint32_t i = 0; i < count; ++i) order[ends[GroupPartition(hashes[i])]++] = static_cast<uint16_t>(i);
  uint8_t* sorted[kMaxBatchRows];
  for (uint32_t p = 0, begin = 0; p < kNumGroupPartitions; begin = ends[p++]) {
    const uint32_t num_rows = ends[p] - begin;
    if (num_rows == 0) continue;
    std::unique_ptr<RowStorage>& storage = partitions_[p];
    if (storage == nullptr) storage = std::make_unique<RowStorage>(row_width, pool_, kPartitionPageBytes);
    if (heap_sizes == nullptr) ARROW_RETURN_NOT_OK(storage->Allocate(num_rows, nullptr, sorted + begin, nullptr));
    for (uint32_t k = begin; k < ends[p]; ++k) {
      const uint32_t i = order[k];
      if (heap_sizes == nullptr) {
        rows[i] = sorted[k];
      } else {
        ARROW_ASSIGN_OR_RAISE(rows[i], storage->AllocateRow(heap_sizes[i], &heaps[i]));
      }
    }
  }
  return arrow::Status::OK();
}

arrow::Status PartitionedRows::Append(const GroupKeys& keys, std::span<const Vector> columns,
                                      const Selection& selection, std::span<const uint8_t> initial_state,
                                      const GroupKeys* partition_keys, uint8_t** states) {
  if (partitions_.empty()) partitions_.resize(kNumGroupPartitions);
  const GroupKeys& by = partition_keys == nullptr ? keys : *partition_keys;
  const uint32_t count = selection.count;
  uint64_t hashes[kMaxBatchRows];
  uint8_t* rows[kMaxBatchRows];
  by.HashColumns(columns.first(by.num_columns()), selection, hashes);
  if (keys.num_words() != 0) {
    ARROW_RETURN_NOT_OK(Allocate(hashes, nullptr, count, keys.row_width(), rows, nullptr));
    uint64_t words[GroupKeys::kMaxWords * kMaxBatchRows];
    keys.Pack(columns, selection, words);
    for (uint32_t w = 0; w < keys.num_words(); ++w) {
      for (uint32_t i = 0; i < count; ++i) std::memcpy(rows[i] + w * 8, words + w * kMaxBatchRows + i, 8);
    }
  } else {
    uint32_t heap_sizes[kMaxBatchRows];
    char* heaps[kMaxBatchRows];
    std::fill_n(heap_sizes, count, 0U);
    AddHeapSizes(keys.layout(), columns, selection, heap_sizes);
    ARROW_RETURN_NOT_OK(Allocate(hashes, heap_sizes, count, keys.row_width(), rows, heaps));
    ScatterRows(keys.layout(), columns, selection, rows, heaps);
    if (partition_keys != nullptr) keys.HashColumns(columns, selection, hashes);
    for (uint32_t i = 0; i < count; ++i) std::memcpy(rows[i], &hashes[i], sizeof(uint64_t));
  }
  for (uint32_t i = 0; i < count; ++i) {
    uint8_t* state = rows[i] + keys.state_offset();
    std::copy(initial_state.begin(), initial_state.end(), state);
    states[selection[i]] = state;
  }
  return arrow::Status::OK();
}

// A table that keeps meeting known groups would meet them again after an overflow: then growing is cheaper. It is also
// where each was met about once so far, if all fit into the largest table and as many rows come again, by what is
// expected or by what has come.
bool GroupCollector::WillRepeat() const {
  const int64_t num_groups = table_.num_groups();
  // Without states to feed, rows that pass a table by cost less than rows that miss the cache in it.
  const bool has_states = table_.keys().state_size() > 0;
  if (num_groups * 100 < rows_seen_ * (has_states ? 96 : 50)) return true;
  const double estimate = EstimateDistinct(static_cast<double>(num_groups), static_cast<double>(rows_seen_));
  const double again = std::max(static_cast<double>(total_rows_), expected_rows_ / 2);
  return estimate <= static_cast<double>(has_states ? kMaxGroups : kMaxGroups / 8) && again >= estimate;
}

arrow::Status GroupCollector::MakeRoom(uint32_t num_rows, bool* overflowed) {
  *overflowed = false;
  if (PassesBy()) return arrow::Status::OK();
  if (!table_.IsFullFor(num_rows)) return arrow::Status::OK();
  const int64_t num_groups = table_.num_groups();
  const bool may_grow = table_.capacity() < kSmallGroups || (table_.capacity() < kMaxGroups && WillRepeat());
  if (may_grow || num_groups == 0) return table_.Reserve(num_rows);
  *overflowed = true;
  // Where fewer than a quarter of the rows met a group, the table saves less than it costs.
  constexpr int64_t kTimesPast = 15;
  if (num_groups * 4 > rows_seen_ * 3) rows_past_ = kTimesPast * rows_seen_;
  return Overflow();
}

arrow::Status GroupCollector::Find(std::span<const Vector> columns, const Selection& selection, uint8_t** states) {
  if (!PassesBy()) return table_.FindOrInsert(columns, selection, states);
  rows_past_ -= selection.count;
  rows_seen_ -= selection.count;
  return partitions_.Append(table_.keys(), columns, selection, table_.initial_state(), partition_keys_, states);
}

arrow::Status GroupCollector::Overflow() {
  rows_seen_ = 0;
  if (observer_ != nullptr) ARROW_RETURN_NOT_OK(observer_->Observe(table_));
  return partitions_.Take(table_, partition_keys_);
}

}  // namespace llkv
