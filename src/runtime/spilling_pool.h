// SpillingPool: the pool of all queries of an engine: memory up to a limit, then blocks in a temporary file. So a join,
// an aggregation, a sort or a window of any size ends with the right answer; what is random in its accesses gets slow
// where the machine's memory is smaller than what it holds, since the file's pages are the system's cache.
#pragma once

#include <arrow/memory_pool.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "runtime/memory_pool.h"
#include "runtime/spill_space.h"

namespace llkv {

/// Any thread.
class SpillingPool : public arrow::MemoryPool {
 public:
  /// Blocks of this size go into the file once the last half of the limit (kMaxReservedBytes at most) is reached, which
  /// is for what is small and used often. Smaller ones down to SpillSpace::kGranuleBytes do once half of that is left.
  static constexpr int64_t kLargeBlockBytes = 64 << 10;
  static constexpr int64_t kMaxReservedBytes = int64_t{64} << 20;

  /// `cache` outlives it: what it keeps for reuse is given back before blocks go into the file.
  SpillingPool(BlockCache* cache, int64_t limit_bytes);

  /// Errors: 53200 where the limit is reached and there is no folder for a temporary file, or the block is small; 53100
  /// where the file cannot grow.
  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override;
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override;
  void ReleaseUnused() override { memory_.ReleaseUnused(); }
  int64_t bytes_allocated() const override { return memory_.bytes_allocated() + spill_.bytes_in_use(); }
  int64_t max_memory() const override { return memory_.max_memory(); }
  int64_t total_bytes_allocated() const override { return memory_.total_bytes_allocated() + spill_.total_bytes(); }
  int64_t num_allocations() const override { return memory_.num_allocations(); }
  std::string backend_name() const override { return memory_.backend_name(); }

  /// Of memory, without the file. Holds for later allocations; what is there already stays.
  void set_limit_bytes(int64_t limit);
  int64_t limit_bytes() const { return memory_.limit_bytes(); }
  SpillSpace& spill() { return spill_; }
  const SpillSpace& spill() const { return spill_; }

 private:
  /// Whether a block of `size`, for which memory is to grow by `more`, belongs into the file.
  bool IsOverFor(int64_t size, int64_t more) const;
  arrow::Status Spill(int64_t size, uint8_t** out);

  BlockCache* cache_;
  AccountingPool memory_;
  SpillSpace spill_;
  std::atomic<int64_t> reserved_bytes_{0};
};

}  // namespace llkv
