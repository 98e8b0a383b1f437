// DenseJoinTable: the right side of a join by key, where the packed keys lie close together: a bitmap of the keys that
// are there and, where every key has one row, the rows or their columns in the order of the keys, found by the rank of
// the key's bit. So a left row costs one access to a small array, and one more to the right row where there is one; no
// hashing, no comparison. Here beside HashJoinTable, which takes over where keys lie apart or repeat.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "exec/operators/join_build_lane.h"
#include "runtime/stop_token.h"
#include "vector/row_storage.h"

namespace llkv {

/// Built once all lanes are in, then read by any thread.
class DenseJoinTable {
 public:
  /// What a join wants of a left row's match.
  enum class Wants : uint8_t {
    kPresence,  // only whether there is one: keys may repeat
    kMatch,     // the one match, of which no column is needed
    kRow,       // the one row
    kColumns,   // its columns: at most kMaxColumns, none of them text
  };
  /// Values of more columns are nearer to each other in a row.
  static constexpr size_t kMaxColumns = 2;

  /// True where this table is of use: keys of at most 64 times as many values as rows and, but for kPresence, each in
  /// one row. Then PlaceRows follows for each partition. Errors: 53200, 57014.
  arrow::Result<bool> TryBuild(std::span<const std::unique_ptr<JoinBuildLane>> lanes, int64_t num_entries, Wants wants,
                               const RowLayout& layout, arrow::MemoryPool* pool, const StopToken& stop);
  /// Partitions can be placed beside each other.
  void PlaceRows(std::span<const std::unique_ptr<JoinBuildLane>> lanes, uint32_t partition);
  void Reset();

  Wants wants() const { return wants_; }

  bool Contains(uint64_t key) const {
    const uint64_t offset = key - min_;
    return offset <= span_ && ((blocks_[offset / 64].bits >> (offset % 64)) & 1) != 0;
  }
  /// Writes the ranks of those of the `count` keys that are there, and their indexes; returns how many there are.
  uint32_t Find(const uint64_t* keys, uint32_t count, uint32_t* ranks, uint16_t* found) const {
    return has_all_keys_ ? FindAmongAll(keys, count, ranks, found) : FindInBits(keys, count, ranks, found);
  }
  /// For kRow.
  const uint8_t* row(uint32_t rank) const { return rows_[rank]; }
  /// For kColumns: GatherColumn of a column of the layout, by rank.
  void Gather(size_t column, const uint32_t* ranks, uint32_t count, const uint16_t* positions, uint32_t num_positions,
              ScratchVector& out) const;

 private:
  /// 64 values of the key: which are there, and how many smaller ones are in other blocks.
  struct Block {
    uint64_t bits;
    uint64_t rank;
  };
  /// Values by rank. Integers that lie close together are kept as narrower ones above a base: what is read at random
  /// should fit a cache.
  struct Column {
    PoolArray<uint8_t> values;
    int64_t width = 0;
    uint64_t base = 0;
  };

  static uint64_t RankOf(const Block& block, uint64_t offset) {
    const uint64_t below = block.bits & ((uint64_t{1} << (offset % 64)) - 1);
    return block.rank + static_cast<uint64_t>(std::popcount(below));
  }
  uint32_t FindAmongAll(const uint64_t* keys, uint32_t count, uint32_t* ranks, uint16_t* found) const;
  uint32_t FindInBits(const uint64_t* keys, uint32_t count, uint32_t* ranks, uint16_t* found) const;
  /// Sets the keys' bits; false where one repeats that must not, or where it is told to stop.
  bool SetBits(std::span<const std::unique_ptr<JoinBuildLane>> lanes, const StopToken& stop);

  arrow::Status AllocateRows(std::span<const std::unique_ptr<JoinBuildLane>> lanes, int64_t num_entries,
                             arrow::MemoryPool* pool, const StopToken& stop);
  /// At most kMaxBatchRows.
  void PlaceSome(std::span<const JoinEntry> entries);

  Wants wants_ = Wants::kPresence;
  const RowLayout* layout_ = nullptr;
  bool has_all_keys_ = false;  // each of [min_, min_ + span_]
  uint64_t min_ = 0;
  uint64_t span_ = 0;  // greatest key - min_
  std::unique_ptr<PoolArray<Block>> block_memory_;
  std::unique_ptr<PoolArray<const uint8_t*>> row_memory_;
  std::vector<Column> columns_;
  std::unique_ptr<PoolArray<uint8_t>> null_memory_;
  std::atomic<bool> has_nulls_{false};
  Block* blocks_ = nullptr;
  const uint8_t** rows_ = nullptr;
  uint8_t* null_bits_ = nullptr;  // by rank: a bit a column
};

}  // namespace llkv
