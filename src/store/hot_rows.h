// HotRowGroup: rows in memory, appended by one writer and read by anyone beside it. Blocks never move, and a slot once
// published never changes but for its stamps, so readers take no lock. The log makes the rows durable; a checkpoint
// turns them cold. Knows no keys and no transactions, only stamps.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "store/column/chunk_descriptor.h"
#include "txn/version_stamp.h"
#include "vector/scratch.h"
#include "vector/vector.h"

namespace llkv {

/// Neighbouring rows of a hot row group in one piece of memory. The first blocks are small, so that small tables are.
class HotBlock {
 public:
  /// 53200 where the memory limit is reached.
  static arrow::Result<std::unique_ptr<HotBlock>> Make(const std::vector<LogicalType>& types, uint32_t capacity,
                                                       arrow::MemoryPool* pool);
  ~HotBlock();
  HotBlock(const HotBlock&) = delete;
  HotBlock& operator=(const HotBlock&) = delete;

  struct Column {
    uint8_t* values = nullptr;
    /// One byte a row, 1 = not NULL.
    uint8_t* valid = nullptr;
    std::atomic<bool> has_nulls{false};
  };

  uint32_t capacity() const { return capacity_; }
  uint64_t size_bytes() const { return static_cast<uint64_t>(memory_bytes_); }
  Column& column(size_t i) { return columns_[i]; }
  const Column& column(size_t i) const { return columns_[i]; }
  std::atomic<VersionStamp>& created_by(uint32_t i) { return created_by_[i]; }
  std::atomic<VersionStamp>& deleted_by(uint32_t i) { return deleted_by_[i]; }

  /// The greatest created_by of the block's rows, or an in-flight stamp while one is running; set before rows are
  /// published.
  std::atomic<VersionStamp> max_created{0};
  /// Whether some row was deleted or rolled back: then rows must be looked at one by one.
  std::atomic<bool> needs_row_checks{false};

  /// Whether all rows (of those published when the snapshot was taken) are visible, without looking at them.
  bool AllVisible(const Snapshot& snapshot) const {
    const VersionStamp newest = max_created.load(std::memory_order_acquire);
    return !IsInFlight(newest) && newest <= snapshot.ts.value && !needs_row_checks.load(std::memory_order_acquire);
  }
  /// Bit i of the mask (of word i / 64) = whether row first + i is visible.
  void GetVisibility(const Snapshot& snapshot, uint32_t first, uint32_t count, uint64_t* mask) const;

 private:
  HotBlock() = default;

  arrow::MemoryPool* pool_ = nullptr;
  uint8_t* memory_ = nullptr;
  int64_t memory_bytes_ = 0;
  uint32_t capacity_ = 0;
  std::atomic<VersionStamp>* created_by_ = nullptr;
  std::atomic<VersionStamp>* deleted_by_ = nullptr;
  std::unique_ptr<Column[]> columns_;
};

/// See the file's comment. Calls marked "writer" come from one thread at a time.
class HotRowGroup {
 public:
  static constexpr uint32_t kCapacity = kMaxRowGroupRows;
  static constexpr uint32_t kFirstBlockRows = 64;
  static constexpr uint32_t kBlockRows = kMaxBatchRows;
  /// 64, 64, 128, …, 1024 rows, then 2,048 each.
  static constexpr uint32_t kNumSmallBlocks = 6;
  static constexpr uint32_t kNumBlocks = kNumSmallBlocks + kCapacity / kBlockRows - 1;

  /// Rows have ids first_row, first_row + 1, …
  HotRowGroup(std::vector<LogicalType> types, RowId first_row, arrow::MemoryPool* pool);
  ~HotRowGroup();

  RowId first_row() const { return first_row_; }
  const std::vector<LogicalType>& types() const { return types_; }
  /// Slots that may be read.
  uint32_t num_rows() const { return num_rows_.load(std::memory_order_acquire); }

  static uint32_t BlockOf(uint32_t slot) {
    if (slot >= kBlockRows) return kNumSmallBlocks - 1 + slot / kBlockRows;
    return static_cast<uint32_t>(std::bit_width(slot / kFirstBlockRows));
  }
  static uint32_t BlockStart(uint32_t block) {
    if (block >= kNumSmallBlocks) return (block - kNumSmallBlocks + 1) * kBlockRows;
    return block == 0 ? 0 : kFirstBlockRows << (block - 1);
  }
  /// The block of a published slot.
  HotBlock& block(uint32_t index) const { return *blocks_[index].load(std::memory_order_acquire); }

  std::atomic<VersionStamp>& created_by(uint32_t slot) const;
  std::atomic<VersionStamp>& deleted_by(uint32_t slot) const;
  /// Marks that a row of this slot's block was deleted or rolled back.
  void SetNeedsRowChecks(uint32_t slot) const { block(BlockOf(slot)).needs_row_checks.store(true); }

  /// Writer: copies up to `count` selected rows of a batch, from the `from`-th on, behind the last slot; stops at the
  /// end of a block. Returns how many. They are not published yet; a later Write overwrites them where Publish does not
  /// follow. At least one slot is free.
  arrow::Result<uint32_t> Write(const Batch& batch, uint32_t from, uint32_t count, VersionStamp stamp);
  /// Writer: adds slots that no snapshot will see, up to `slot`.
  arrow::Status SkipTo(uint32_t slot);
  /// Writer: the memory that the rows take.
  uint64_t size_bytes() const { return blocks_bytes_ + static_cast<uint64_t>(strings_.size_bytes()); }
  /// Writer: publishes `count` more slots.
  void Publish(uint32_t count) { num_rows_.store(num_rows() + count, std::memory_order_release); }

  /// A flat Vector over rows [first_in_block, …) of a block's column; `validity` is a bitmap that the caller fills with
  /// GetValidity where it returns true.
  Vector GetVector(const HotBlock& block, size_t column, uint32_t first_in_block) const;
  /// Packs the validity of `count` rows as a bitmap into `bitmap`; false (nothing written) where none of the block is
  /// NULL.
  static bool GetValidity(const HotBlock& block, size_t column, uint32_t first_in_block, uint32_t count,
                          uint8_t* bitmap);

 private:
  arrow::Result<HotBlock*> BlockForWriting(uint32_t index);

  std::vector<LogicalType> types_;
  RowId first_row_;
  arrow::MemoryPool* pool_;
  StringArena strings_;
  uint64_t blocks_bytes_ = 0;
  std::atomic<uint32_t> num_rows_{0};
  std::array<std::atomic<HotBlock*>, kNumBlocks> blocks_{};
};

}  // namespace llkv
