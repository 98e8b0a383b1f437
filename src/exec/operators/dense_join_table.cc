// Building the bitmap, its ranks, and the rows in their order.
#include "exec/operators/dense_join_table.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace llkv {
namespace {

/// A bitmap of more values a row than this would be larger than a hash table.
constexpr uint64_t kMaxValuesPerRow = 64;
/// The bitmap is filled by one thread.
constexpr int64_t kMaxEntries = int64_t{1} << 26;

}  // namespace

void DenseJoinTable::Reset() {
  block_memory_.reset();
  row_memory_.reset();
  copy_memory_.reset();
  blocks_ = nullptr;
  rows_ = nullptr;
  copies_ = nullptr;
}

bool DenseJoinTable::SetBits(std::span<const std::unique_ptr<JoinBuildLane>> lanes) {
  const bool may_repeat = wants_ == Wants::kPresence;
  for (const auto& lane : lanes) {
    for (const PoolArray<JoinEntry>& entries : lane->entries) {
      uint64_t repeated = 0;
      for (const JoinEntry& entry : entries) {
        const uint64_t offset = entry.key - min_;
        uint64_t& bits = blocks_[offset / 64].bits;
        const uint64_t bit = uint64_t{1} << (offset % 64);
        repeated |= bits & bit;
        bits |= bit;
      }
      if (repeated != 0 && !may_repeat) return false;
    }
  }
  return true;
}

arrow::Result<bool> DenseJoinTable::TryBuild(std::span<const std::unique_ptr<JoinBuildLane>> lanes, int64_t num_entries,
                                             Wants wants, uint32_t row_width, arrow::MemoryPool* pool) {
  if (num_entries == 0 || num_entries > kMaxEntries) return false;
  int64_t min = std::numeric_limits<int64_t>::max();
  int64_t max = std::numeric_limits<int64_t>::min();
  for (const auto& lane : lanes) {
    min = std::min(min, lane->min_key);
    max = std::max(max, lane->max_key);
  }
  min_ = static_cast<uint64_t>(min);
  span_ = static_cast<uint64_t>(max) - min_;
  if (span_ / kMaxValuesPerRow > static_cast<uint64_t>(num_entries)) return false;
  wants_ = wants;
  row_width_ = row_width;
  const uint64_t num_blocks = span_ / 64 + 1;
  block_memory_ = std::make_unique<PoolArray<Block>>(pool);
  ARROW_RETURN_NOT_OK(block_memory_->Resize(static_cast<int64_t>(num_blocks)));
  blocks_ = block_memory_->data();
  std::fill_n(blocks_, num_blocks, Block{});
  if (!SetBits(lanes)) {
    Reset();
    return false;
  }
  uint64_t rank = 0;
  for (uint64_t b = 0; b < num_blocks; ++b) {
    blocks_[b].rank = rank;
    rank += static_cast<uint64_t>(std::popcount(blocks_[b].bits));
  }
  if (wants == Wants::kCopy && row_width <= kMaxCopiedWidth) {
    copy_memory_ = std::make_unique<PoolArray<uint8_t>>(pool);
    ARROW_RETURN_NOT_OK(copy_memory_->Resize(num_entries * row_width));
    copies_ = copy_memory_->data();
  } else if (wants == Wants::kRow || wants == Wants::kCopy) {
    row_memory_ = std::make_unique<PoolArray<const uint8_t*>>(pool);
    ARROW_RETURN_NOT_OK(row_memory_->Resize(num_entries));
    rows_ = row_memory_->data();
  }
  return true;
}

arrow::Status DenseJoinTable::PlaceRows(std::span<const std::unique_ptr<JoinBuildLane>> lanes, uint32_t partition) {
  for (const auto& lane : lanes) {
    PoolArray<JoinEntry>& entries = lane->entries[partition];
    for (const JoinEntry& entry : entries) {
      const uint64_t offset = entry.key - min_;
      const uint64_t rank = RankOf(blocks_[offset / 64], offset);
      if (copies_ != nullptr) {
        std::memcpy(copies_ + rank * row_width_, entry.row, row_width_);
      } else if (rows_ != nullptr) {
        rows_[rank] = entry.row;
      }
    }
    entries.Free();
  }
  return arrow::Status::OK();
}

}  // namespace llkv
