// DenseJoinTable: the right side of a join by key, where the packed keys lie close together: a bitmap of the keys that
// are there and, where every key has one row, the rows in the order of their keys, found by the rank of the key's bit.
// So a left row costs one access to a small array, and one more to the right row where there is one; no hashing, no
// comparison. Here beside HashJoinTable, which takes over where keys lie apart or repeat.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <bit>
#include <cstdint>
#include <memory>
#include <span>

#include "exec/operators/join_build_lane.h"
#include "vector/row_storage.h"

namespace llkv {

/// Built once all lanes are in, then read by any thread.
class DenseJoinTable {
 public:
  /// What a join wants of a left row's match.
  enum class Wants : uint8_t {
    kPresence,  // only whether there is one: keys may repeat
    kMatch,     // the one match, of which no column is needed
    kRow,       // the one row, where it lies
    kCopy,      // the one row, or a copy of it
  };

  /// True where this table is of use: keys of at most 64 times as many values as rows and, but for kPresence, each in
  /// one row. Then PlaceRows follows for each partition. Error 53200.
  arrow::Result<bool> TryBuild(std::span<const std::unique_ptr<JoinBuildLane>> lanes, int64_t num_entries, Wants wants,
                               uint32_t row_width, arrow::MemoryPool* pool);
  /// Partitions can be placed beside each other.
  arrow::Status PlaceRows(std::span<const std::unique_ptr<JoinBuildLane>> lanes, uint32_t partition);
  void Reset();

  Wants wants() const { return wants_; }

  bool Contains(uint64_t key) const {
    const uint64_t offset = key - min_;
    return offset <= span_ && ((blocks_[offset / 64].bits >> (offset % 64)) & 1) != 0;
  }
  /// False where there is none. *row is null for kMatch.
  bool Find(uint64_t key, const uint8_t** row) const {
    const uint64_t offset = key - min_;
    if (offset > span_) return false;
    const Block& block = blocks_[offset / 64];
    if (((block.bits >> (offset % 64)) & 1) == 0) return false;
    *row = RowAt(RankOf(block, offset));
    return true;
  }

 private:
  /// 64 values of the key: which are there, and how many smaller ones are in other blocks.
  struct Block {
    uint64_t bits;
    uint64_t rank;
  };
  /// Rows up to this width are copied together; wider ones would take too much memory twice.
  static constexpr uint32_t kMaxCopiedWidth = 32;

  static uint64_t RankOf(const Block& block, uint64_t offset) {
    const uint64_t below = block.bits & ((uint64_t{1} << (offset % 64)) - 1);
    return block.rank + static_cast<uint64_t>(std::popcount(below));
  }
  const uint8_t* RowAt(uint64_t rank) const {
    if (copies_ != nullptr) return copies_ + rank * row_width_;
    return rows_ != nullptr ? rows_[rank] : nullptr;
  }
  /// Sets the keys' bits; false where one repeats that must not.
  bool SetBits(std::span<const std::unique_ptr<JoinBuildLane>> lanes);

  Wants wants_ = Wants::kPresence;
  uint32_t row_width_ = 0;
  uint64_t min_ = 0;
  uint64_t span_ = 0;  // greatest key - min_
  std::unique_ptr<PoolArray<Block>> block_memory_;
  std::unique_ptr<PoolArray<const uint8_t*>> row_memory_;
  std::unique_ptr<PoolArray<uint8_t>> copy_memory_;
  Block* blocks_ = nullptr;
  const uint8_t** rows_ = nullptr;
  uint8_t* copies_ = nullptr;
};

}  // namespace llkv
