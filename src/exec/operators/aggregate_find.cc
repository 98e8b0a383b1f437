// GroupIndex: vectorized search.
#include "exec/operators/aggregate_find.h"

#include <algorithm>

#include "vector/row_hash.h"
#include "vector/row_layout.h"

namespace llkv {
namespace {

constexpr uint64_t kNoEntries[1] = {0};
/// Directories of fewer slots stay in the cache.
constexpr uint64_t kSmallSlots = 0x4000;

}  // namespace

GroupIndex::GroupIndex(const GroupKeys* keys, std::span<const GroupTable* const> tables)
    : keys_(keys), is_partitioned_(tables.size() > 1) {
  directories_.fill({kNoEntries, 0});
  uint64_t num_slots = 0;
  for (size_t i = 0; i < tables.size(); ++i) {
    if (tables[i] == nullptr) continue;
    const GroupTable& table = *tables[i];
    if (table.null_group() != nullptr) null_state_ = const_cast<uint8_t*>(table.null_group()) + keys->state_offset();
    if (table.directory().entries == nullptr) continue;
    directories_[i] = table.directory();
    num_slots += directories_[i].mask + 1;
  }
  is_large_ = num_slots > kSmallSlots;
}

void GroupIndex::Find(std::span<const Vector> columns, const Selection& selection, uint8_t** states) const {
  switch (keys_->num_words()) {
    case 0:
      return FindColumns(columns, selection, states);
    case 1:
      return FindPacked<1>(columns, selection, states);
    case 2:
      return FindPacked<2>(columns, selection, states);
    case 3:
      return FindPacked<3>(columns, selection, states);
    default:
      return FindPacked<4>(columns, selection, states);
  }
}

void GroupIndex::Prefetch(const uint64_t* hashes, uint32_t count) const {
  if (!is_large_) return;
  for (uint32_t i = 0; i < count; ++i) {
    const GroupTable::Directory directory = DirectoryOf(hashes[i]);
    __builtin_prefetch(directory.entries + (hashes[i] & directory.mask));
  }
  // The rows that the first slots lead to are nearly always the ones wanted.
  for (uint32_t i = 0; i < count; ++i) {
    const GroupTable::Directory directory = DirectoryOf(hashes[i]);
    const uint64_t entry = directory.entries[hashes[i] & directory.mask];
    if (entry != 0) __builtin_prefetch(GroupTable::RowOf(entry));
  }
}

template <uint32_t kWords>
void GroupIndex::FindPacked(std::span<const Vector> columns, const Selection& selection, uint8_t** states) const {
  uint64_t words[kWords * kMaxBatchRows];
  uint64_t hashes[kMaxBatchRows];
  keys_->Pack(columns, selection, words);
  for (uint32_t i = 0; i < selection.count; ++i) hashes[i] = HashWords<kWords>(words + i, kMaxBatchRows);
  Prefetch(hashes, selection.count);
  const bool check_null = keys_->null_apart() && columns[0].validity != nullptr;
  const uint32_t state_offset = keys_->state_offset();
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint32_t position = selection[i];
    if (check_null && !columns[0].IsValid(position)) {
      states[position] = null_state_;
      continue;
    }
    const GroupTable::Directory directory = DirectoryOf(hashes[i]);
    const uint64_t salt = GroupTable::Salt(hashes[i]);
    uint8_t* state = nullptr;
    for (uint64_t slot = hashes[i] & directory.mask; directory.entries[slot] != 0; slot = (slot + 1) & directory.mask) {
      const uint64_t entry = directory.entries[slot];
      if (GroupTable::SaltOf(entry) != salt || !SameWords<kWords>(GroupTable::RowOf(entry), words + i, kMaxBatchRows)) {
        continue;
      }
      state = GroupTable::RowOf(entry) + state_offset;
      break;
    }
    states[position] = state;
  }
}

void GroupIndex::FindColumns(std::span<const Vector> columns, const Selection& selection, uint8_t** states) const {
  uint64_t hashes[kMaxBatchRows];
  uint64_t slots[kMaxBatchRows];
  uint8_t* rows[kMaxBatchRows];
  uint16_t pending[kMaxBatchRows];
  uint16_t failed[kMaxBatchRows];
  HashRows(columns, selection, hashes);
  Prefetch(hashes, selection.count);
  for (uint32_t i = 0; i < selection.count; ++i) {
    pending[i] = static_cast<uint16_t>(i);
    slots[i] = hashes[i] & DirectoryOf(hashes[i]).mask;
  }
  for (uint32_t num_pending = selection.count; num_pending > 0;) {
    uint32_t num_compare = 0;
    for (uint32_t k = 0; k < num_pending; ++k) {
      const uint16_t lane = pending[k];
      const GroupTable::Directory directory = DirectoryOf(hashes[lane]);
      const uint64_t salt = GroupTable::Salt(hashes[lane]);
      uint64_t& slot = slots[lane];
      while (directory.entries[slot] != 0 && GroupTable::SaltOf(directory.entries[slot]) != salt) {
        slot = (slot + 1) & directory.mask;
      }
      const uint64_t entry = directory.entries[slot];
      rows[lane] = entry == 0 ? nullptr : GroupTable::RowOf(entry);
      if (entry != 0) pending[num_compare++] = lane;
    }
    uint32_t num_failed = 0;
    for (size_t c = 0; c < columns.size() && num_compare > 0; ++c) {
      num_compare =
          MatchColumn(keys_->layout(), c, columns[c], selection.rows, rows, pending, num_compare, failed, &num_failed);
    }
    for (uint32_t k = 0; k < num_failed; ++k) {
      pending[k] = failed[k];
      slots[failed[k]] = (slots[failed[k]] + 1) & DirectoryOf(hashes[failed[k]]).mask;
    }
    num_pending = num_failed;
  }
  const uint32_t state_offset = keys_->state_offset();
  for (uint32_t i = 0; i < selection.count; ++i) {
    states[selection[i]] = rows[i] == nullptr ? nullptr : rows[i] + state_offset;
  }
}

}  // namespace llkv
