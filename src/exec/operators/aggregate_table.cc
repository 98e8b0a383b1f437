// GroupTable: vectorized find-or-insert and merging.
#include "exec/operators/aggregate_table.h"

#include <algorithm>
#include <cstring>

#include "vector/row_hash.h"

namespace llkv {
namespace {

/// Rows stand anywhere in memory: they are fetched so many slots ahead.
constexpr int64_t kPrefetchSlots = 32;

}  // namespace

GroupTable::GroupTable(const GroupKeys* keys, std::span<const uint8_t> initial_state, arrow::MemoryPool* pool)
    : keys_(keys),
      initial_state_(initial_state.begin(), initial_state.end()),
      storage_(keys->row_width(), pool),
      directory_(pool),
      references_(pool) {}

arrow::Status GroupTable::Reserve(int64_t num_groups) {
  if (!IsFullFor(num_groups) && directory_.size() > 0) return arrow::Status::OK();
  int64_t size = std::max<int64_t>(64, directory_.size());
  while ((num_entries_ + num_groups) * 2 > size) size *= 2;
  PoolArray<uint64_t> old = std::move(directory_);
  const int64_t old_size = old.size();
  arrow::Status grown = directory_.Resize(size);
  if (!grown.ok()) {
    directory_ = std::move(old);
    return grown;
  }
  std::fill(directory_.begin(), directory_.end(), uint64_t{0});
  mask_ = static_cast<uint64_t>(size) - 1;
  for (int64_t i = 0; i < old_size; ++i) {
    if (i + kPrefetchSlots < old_size) __builtin_prefetch(RowOf(old[i + kPrefetchSlots]));
    if (old[i] == 0) continue;
    uint64_t slot = keys_->HashOfRow(RowOf(old[i])) & mask_;
    while (directory_[static_cast<int64_t>(slot)] != 0) slot = (slot + 1) & mask_;
    directory_[static_cast<int64_t>(slot)] = old[i];
  }
  return arrow::Status::OK();
}

void GroupTable::Reset() {
  storage_.Reset();
  std::fill(directory_.begin(), directory_.end(), uint64_t{0});
  num_entries_ = 0;
  null_group_ = nullptr;
  references_.Clear();
}

uint32_t GroupTable::NextGroups(Cursor& cursor, uint32_t max, uint8_t** rows) const {
  uint32_t count = cursor.stored.Next(max, rows);
  for (; count < max && cursor.next_reference < references_.size(); ++count) {
    rows[count] = references_[cursor.next_reference++];
  }
  return count;
}

arrow::Result<uint8_t*> GroupTable::NewRow() {
  uint8_t* row = storage_.TryAllocateRow();
  if (row == nullptr) {
    ARROW_ASSIGN_OR_RAISE(row, storage_.AllocateRow(0, nullptr));
  }
  std::copy(initial_state_.begin(), initial_state_.end(), row + keys_->state_offset());
  return row;
}

arrow::Result<uint8_t*> GroupTable::NullGroup() {
  if (null_group_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(uint8_t * row, NewRow());
    std::memset(row, 0, sizeof(uint64_t));
    null_group_ = row;
  }
  return const_cast<uint8_t*>(null_group_);
}

arrow::Status GroupTable::FindOrInsert(std::span<const Vector> columns, const Selection& selection, uint8_t** states) {
  switch (keys_->num_words()) {
    case 0:
      return FindOrInsertColumns(columns, selection, states);
    case 1:
      return FindOrInsertPacked<1>(columns, selection, states);
    case 2:
      return FindOrInsertPacked<2>(columns, selection, states);
    case 3:
      return FindOrInsertPacked<3>(columns, selection, states);
    default:
      return FindOrInsertPacked<4>(columns, selection, states);
  }
}

template <uint32_t kWords>
arrow::Status GroupTable::FindOrInsertPacked(std::span<const Vector> columns, const Selection& selection,
                                             uint8_t** states) {
  uint64_t words[kWords * kMaxBatchRows];
  uint64_t hashes[kMaxBatchRows];
  keys_->Pack(columns, selection, words);
  uint64_t* directory = directory_.data();
  for (uint32_t i = 0; i < selection.count; ++i) hashes[i] = HashWords<kWords>(words + i, kMaxBatchRows);
  if (mask_ > 0x3FFF) {
    for (uint32_t i = 0; i < selection.count; ++i) __builtin_prefetch(directory + (hashes[i] & mask_));
    // The rows that the first slots lead to are nearly always the ones wanted.
    for (uint32_t i = 0; i < selection.count; ++i) {
      const uint64_t entry = directory[hashes[i] & mask_];
      if (entry != 0) __builtin_prefetch(RowOf(entry), 1);
    }
  }
  const bool check_null = keys_->null_apart() && columns[0].validity != nullptr;
  const uint32_t state_offset = keys_->state_offset();
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint32_t position = selection[i];
    if (check_null && !columns[0].IsValid(position)) {
      ARROW_ASSIGN_OR_RAISE(uint8_t * row, NullGroup());
      states[position] = row + state_offset;
      continue;
    }
    const uint64_t salt = Salt(hashes[i]);
    uint64_t slot = hashes[i] & mask_;
    for (;; slot = (slot + 1) & mask_) {
      const uint64_t entry = directory[slot];
      if (entry == 0) {
        ARROW_ASSIGN_OR_RAISE(uint8_t * row, NewRow());
        for (uint32_t w = 0; w < kWords; ++w) std::memcpy(row + w * 8, words + w * kMaxBatchRows + i, 8);
        directory[slot] = Entry(row, hashes[i]);
        ++num_entries_;
        states[position] = row + state_offset;
        break;
      }
      if (SaltOf(entry) == salt && SameWords<kWords>(RowOf(entry), words + i, kMaxBatchRows)) {
        states[position] = RowOf(entry) + state_offset;
        break;
      }
    }
  }
  return arrow::Status::OK();
}

arrow::Status GroupTable::InsertNewRows(std::span<const Vector> columns, const Selection& selection,
                                        const uint16_t* lanes, uint32_t count, uint8_t* const* rows,
                                        char* const* heaps) {
  uint16_t positions[kMaxBatchRows];
  uint8_t* new_rows[kMaxBatchRows];
  char* new_heaps[kMaxBatchRows];
  for (uint32_t k = 0; k < count; ++k) {
    positions[k] = static_cast<uint16_t>(selection[lanes[k]]);
    new_rows[k] = rows[lanes[k]];
    new_heaps[k] = heaps[lanes[k]];
    std::copy(initial_state_.begin(), initial_state_.end(), new_rows[k] + keys_->state_offset());
  }
  ScatterRows(keys_->layout(), columns, Selection{positions, count}, new_rows, new_heaps);
  return arrow::Status::OK();
}

arrow::Status GroupTable::FindOrInsertColumns(std::span<const Vector> columns, const Selection& selection,
                                              uint8_t** states) {
  const RowLayout& layout = keys_->layout();
  const uint32_t n = selection.count;
  uint64_t hashes[kMaxBatchRows];
  uint32_t heap_sizes[kMaxBatchRows];
  uint8_t* rows[kMaxBatchRows];
  char* heaps[kMaxBatchRows];
  uint16_t pending[kMaxBatchRows];
  uint16_t failed[kMaxBatchRows];
  uint16_t fresh[kMaxBatchRows];
  uint64_t slots[kMaxBatchRows];
  HashRows(columns, selection, hashes);
  std::fill_n(heap_sizes, n, 0U);
  AddHeapSizes(layout, columns, selection, heap_sizes);
  for (uint32_t i = 0; i < n; ++i) {
    pending[i] = static_cast<uint16_t>(i);
    slots[i] = hashes[i] & mask_;
  }
  uint64_t* directory = directory_.data();
  for (uint32_t num_pending = n; num_pending > 0;) {
    uint32_t num_fresh = 0;
    uint32_t num_compare = 0;
    for (uint32_t k = 0; k < num_pending; ++k) {
      const uint16_t lane = pending[k];
      const uint64_t salt = Salt(hashes[lane]);
      uint64_t slot = slots[lane];
      while (directory[slot] != 0 && SaltOf(directory[slot]) != salt) slot = (slot + 1) & mask_;
      slots[lane] = slot;
      if (directory[slot] == 0) {
        ARROW_ASSIGN_OR_RAISE(rows[lane], storage_.AllocateRow(heap_sizes[lane], &heaps[lane]));
        std::memcpy(rows[lane], &hashes[lane], sizeof(uint64_t));
        directory[slot] = Entry(rows[lane], hashes[lane]);
        ++num_entries_;
        fresh[num_fresh++] = lane;
      } else {
        rows[lane] = RowOf(directory[slot]);
        pending[num_compare++] = lane;
      }
    }
    if (num_fresh > 0) ARROW_RETURN_NOT_OK(InsertNewRows(columns, selection, fresh, num_fresh, rows, heaps));
    uint32_t num_failed = 0;
    for (size_t c = 0; c < columns.size() && num_compare > 0; ++c) {
      num_compare = MatchColumn(layout, c, columns[c], selection.rows, rows, pending, num_compare, failed, &num_failed);
    }
    std::copy_n(failed, num_failed, pending);
    for (uint32_t k = 0; k < num_failed; ++k) slots[pending[k]] = (slots[pending[k]] + 1) & mask_;
    num_pending = num_failed;
  }
  for (uint32_t i = 0; i < n; ++i) states[selection[i]] = rows[i] + keys_->state_offset();
  return arrow::Status::OK();
}

arrow::Result<const uint8_t*> GroupTable::StoreRow(const uint8_t* row, bool copy) {
  if (!copy) {
    ARROW_RETURN_NOT_OK(references_.Append(const_cast<uint8_t*>(row)));
    return row;
  }
  if (keys_->num_words() != 0) {
    ARROW_ASSIGN_OR_RAISE(uint8_t * target, storage_.AllocateRow(0, nullptr));
    std::memcpy(target, row, keys_->row_width());
    return target;
  }
  char* heap = nullptr;
  ARROW_ASSIGN_OR_RAISE(uint8_t * target, storage_.AllocateRow(keys_->layout().HeapSize(row), &heap));
  CopyRow(keys_->layout(), row, target, heap);
  return target;
}

arrow::Status GroupTable::MergeRows(const uint8_t* const* rows, uint32_t count, const uint8_t* null_group, bool copy,
                                    const uint8_t** sources, uint8_t** targets, uint32_t* num_pairs) {
  ARROW_RETURN_NOT_OK(Reserve(count));
  const uint8_t* others[kMaxBatchRows];
  if (null_group != nullptr) {
    uint32_t num_others = 0;
    for (uint32_t i = 0; i < count; ++i) {
      if (rows[i] != null_group) {
        others[num_others++] = rows[i];
      } else if (null_group_ == nullptr) {
        ARROW_ASSIGN_OR_RAISE(null_group_, StoreRow(null_group, copy));
      } else {
        sources[*num_pairs] = null_group + keys_->state_offset();
        targets[(*num_pairs)++] = const_cast<uint8_t*>(null_group_) + keys_->state_offset();
      }
    }
    rows = others;
    count = num_others;
  }
  switch (keys_->num_words()) {
    case 0:
      return MergeColumns(rows, count, copy, sources, targets, num_pairs);
    case 1:
      return MergePacked<1>(rows, count, copy, sources, targets, num_pairs);
    case 2:
      return MergePacked<2>(rows, count, copy, sources, targets, num_pairs);
    case 3:
      return MergePacked<3>(rows, count, copy, sources, targets, num_pairs);
    default:
      return MergePacked<4>(rows, count, copy, sources, targets, num_pairs);
  }
}

template <uint32_t kWords>
arrow::Status GroupTable::MergePacked(const uint8_t* const* rows, uint32_t count, bool copy, const uint8_t** sources,
                                      uint8_t** targets, uint32_t* num_pairs) {
  uint64_t hashes[kMaxBatchRows];
  uint64_t* directory = directory_.data();
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t words[kWords];
    std::memcpy(words, rows[i], sizeof(words));
    hashes[i] = HashWords<kWords>(words, 1);
    __builtin_prefetch(directory + (hashes[i] & mask_));
  }
  const uint32_t state_offset = keys_->state_offset();
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t slot = hashes[i] & mask_;
    const uint64_t salt = Salt(hashes[i]);
    for (;; slot = (slot + 1) & mask_) {
      const uint64_t entry = directory[slot];
      if (entry == 0) {
        ARROW_ASSIGN_OR_RAISE(const uint8_t* row, StoreRow(rows[i], copy));
        directory[slot] = Entry(row, hashes[i]);
        ++num_entries_;
        break;
      }
      if (SaltOf(entry) == salt && std::memcmp(RowOf(entry), rows[i], kWords * 8) == 0) {
        sources[*num_pairs] = rows[i] + state_offset;
        targets[(*num_pairs)++] = RowOf(entry) + state_offset;
        break;
      }
    }
  }
  return arrow::Status::OK();
}

arrow::Status GroupTable::MergeColumns(const uint8_t* const* rows, uint32_t count, bool copy, const uint8_t** sources,
                                       uint8_t** targets, uint32_t* num_pairs) {
  uint64_t* directory = directory_.data();
  const uint32_t state_offset = keys_->state_offset();
  for (uint32_t i = 0; i < count; ++i) {
    if (i + 8 < count) __builtin_prefetch(rows[i + 8]);
    uint64_t hash;
    std::memcpy(&hash, rows[i], sizeof(hash));
    uint64_t slot = hash & mask_;
    const uint64_t salt = Salt(hash);
    for (;; slot = (slot + 1) & mask_) {
      const uint64_t entry = directory[slot];
      if (entry == 0) {
        ARROW_ASSIGN_OR_RAISE(const uint8_t* row, StoreRow(rows[i], copy));
        directory[slot] = Entry(row, hash);
        ++num_entries_;
        break;
      }
      if (SaltOf(entry) == salt && RowsEqual(keys_->layout(), keys_->num_columns(), RowOf(entry), rows[i])) {
        sources[*num_pairs] = rows[i] + state_offset;
        targets[(*num_pairs)++] = RowOf(entry) + state_offset;
        break;
      }
    }
  }
  return arrow::Status::OK();
}

}  // namespace llkv
