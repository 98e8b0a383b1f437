// GroupTable: a hash table from group keys to rows with room for states, by open addressing over pointers with salts.
// Used by aggregation, DISTINCT and set operations. Knows nothing of aggregates: states are bytes that it copies.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "exec/operators/aggregate_keys.h"
#include "vector/row_storage.h"
#include "vector/vector.h"

namespace llkv {

/// Which of 256 partitions a group's hash belongs to.
inline constexpr uint32_t kNumGroupPartitions = 256;
inline uint32_t GroupPartition(uint64_t hash) { return static_cast<uint32_t>(hash >> 56); }

/// One thread at a time.
class GroupTable {
 public:
  /// `initial_state` is copied into each new group. `keys` must outlive the table.
  GroupTable(const GroupKeys* keys, std::span<const uint8_t> initial_state, arrow::MemoryPool* pool);
  GroupTable(GroupTable&&) = default;

  const GroupKeys& keys() const { return *keys_; }
  std::span<const uint8_t> initial_state() const { return initial_state_; }
  /// Groups in the table, the NULL group that is held apart included.
  int64_t num_groups() const { return num_entries_ + (null_group_ == nullptr ? 0 : 1); }
  const RowStorage& storage() const { return storage_; }
  /// The row of the NULL group, where keys().null_apart(); else null. It is in no directory, but in storage() or, where
  /// referred to, elsewhere.
  const uint8_t* null_group() const { return null_group_; }

  /// Would `num_rows` more groups make the directory too full?
  bool IsFullFor(int64_t num_rows) const { return (num_entries_ + num_rows) * 2 > directory_.size(); }
  int64_t capacity() const { return directory_.size() / 2; }
  /// Makes room for `num_groups` more groups.
  arrow::Status Reserve(int64_t num_groups);

  /// Finds or makes the group of each selected row: states[row position] points to its state. `columns` are flat. The
  /// directory must have room (Reserve). Errors: 53200.
  arrow::Status FindOrInsert(std::span<const Vector> columns, const Selection& selection, uint8_t** states);

  /// Finds the groups of stored rows of the same keys. A row whose group is new is copied with its state (`copy`), or
  /// only referred to, where its storage outlives this table. Each other row is a pair: *num_pairs grows, and
  /// sources[k] and targets[k] are the two states, to be combined. Room is made as needed.
  arrow::Status MergeRows(const uint8_t* const* rows, uint32_t count, const uint8_t* null_group, bool copy,
                          const uint8_t** sources, uint8_t** targets, uint32_t* num_pairs);

  /// Forgets all groups; keeps memory.
  void Reset();

  /// Slots, each 0 or an entry (a row's address with the salt of its hash), found by a hash's low bits and then one
  /// after the other; no slots while there is no group.
  struct Directory {
    const uint64_t* entries = nullptr;
    uint64_t mask = 0;
  };
  Directory directory() const { return {directory_.data(), mask_}; }
  static uint64_t Salt(uint64_t hash) { return (hash << 8) & ~kPointerMask; }
  static uint64_t SaltOf(uint64_t entry) { return entry & ~kPointerMask; }
  static uint8_t* RowOf(uint64_t entry) { return reinterpret_cast<uint8_t*>(entry & kPointerMask); }

  /// Where a walk over all groups stands.
  struct Cursor {
    explicit Cursor(const GroupTable& table) : stored(table.storage_) {}
    RowCursor stored;
    int64_t next_reference = 0;
  };
  /// The rows of up to `max` next groups, in the order in which they came; 0 at the end.
  uint32_t NextGroups(Cursor& cursor, uint32_t max, uint8_t** rows) const;

 private:
  static constexpr uint64_t kPointerMask = (uint64_t{1} << 48) - 1;
  static uint64_t Entry(const uint8_t* row, uint64_t hash) { return reinterpret_cast<uint64_t>(row) | Salt(hash); }

  template <uint32_t kWords>
  arrow::Status FindOrInsertPacked(std::span<const Vector> columns, const Selection& selection, uint8_t** states);
  arrow::Status FindOrInsertColumns(std::span<const Vector> columns, const Selection& selection, uint8_t** states);
  arrow::Status InsertNewRows(std::span<const Vector> columns, const Selection& selection, const uint16_t* lanes,
                              uint32_t count, uint8_t* const* rows, char* const* heaps);
  template <uint32_t kWords>
  arrow::Status MergePacked(const uint8_t* const* rows, uint32_t count, bool copy, const uint8_t** sources,
                            uint8_t** targets, uint32_t* num_pairs);
  arrow::Status MergeColumns(const uint8_t* const* rows, uint32_t count, bool copy, const uint8_t** sources,
                             uint8_t** targets, uint32_t* num_pairs);
  arrow::Result<uint8_t*> NewRow();
  arrow::Result<const uint8_t*> StoreRow(const uint8_t* row, bool copy);
  arrow::Result<uint8_t*> NullGroup();

  const GroupKeys* keys_;
  std::vector<uint8_t> initial_state_;
  RowStorage storage_;
  PoolArray<uint64_t> directory_;
  uint64_t mask_ = 0;
  int64_t num_entries_ = 0;
  const uint8_t* null_group_ = nullptr;
  PoolArray<uint8_t*> references_;  // groups whose rows are stored elsewhere
};

}  // namespace llkv
