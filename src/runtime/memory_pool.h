// Memory accounting: pools that count what is allocated through them, with limits, one under the other: process,
// session, query, operator. Here so that memory_limit holds for all that Arrow and our own code allocate; knows nothing
// of queries.
#pragma once

#include <arrow/memory_pool.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"

namespace llkv {

/// The lowest pool: takes large blocks from `parent` and keeps freed ones for reuse, because a page's first touch costs
/// five to twenty-five times a reuse. Keeps nothing in builds that look for wrong memory accesses. Any thread.
class BlockCache : public arrow::MemoryPool {
 public:
  /// `parent` outlives it. Keeps at most `max_cached_bytes`.
  BlockCache(arrow::MemoryPool* parent, int64_t max_cached_bytes);
  ~BlockCache() override;

  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override;
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override;
  void ReleaseUnused() override;
  int64_t bytes_allocated() const override;
  int64_t max_memory() const override;
  int64_t total_bytes_allocated() const override;
  int64_t num_allocations() const override;
  std::string backend_name() const override;
  /// Bytes kept for reuse.
  int64_t cached_bytes() const;

 private:
  struct SizeClass {
    int64_t size;
    std::vector<uint8_t*> blocks;
  };
  /// A block of exactly this size, or null.
  uint8_t* Take(int64_t size);
  bool Keep(uint8_t* block, int64_t size);

  arrow::MemoryPool* parent_;
  const int64_t max_cached_bytes_;
  mutable Mutex mutex_;
  std::vector<SizeClass> classes_ LLKV_GUARDED_BY(mutex_);
  int64_t cached_bytes_ LLKV_GUARDED_BY(mutex_) = 0;
  std::atomic<int64_t> bytes_allocated_{0};
  std::atomic<int64_t> max_memory_{0};
  std::atomic<int64_t> total_bytes_{0};
  std::atomic<int64_t> num_allocations_{0};
};

/// A pool that counts and limits what goes through it to its parent. An allocation that would pass the limit of any
/// pool on the way is error 53200. Any thread; a few atomic additions a call.
class AccountingPool : public arrow::MemoryPool {
 public:
  static constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

  /// `parent` outlives it. `name` is what the error calls it ("memory_limit", "query", "hash join").
  AccountingPool(arrow::MemoryPool* parent, std::string name, int64_t limit_bytes = kNoLimit);
  /// Everything allocated must have been freed.
  ~AccountingPool() override;

  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override;
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override;
  void ReleaseUnused() override { parent_->ReleaseUnused(); }
  int64_t bytes_allocated() const override { return bytes_allocated_.load(std::memory_order_relaxed); }
  int64_t max_memory() const override { return max_memory_.load(std::memory_order_relaxed); }
  int64_t total_bytes_allocated() const override { return total_bytes_.load(std::memory_order_relaxed); }
  int64_t num_allocations() const override { return num_allocations_.load(std::memory_order_relaxed); }
  std::string backend_name() const override { return parent_->backend_name(); }

  /// Holds for later allocations; what is there already stays.
  void set_limit_bytes(int64_t limit) { limit_bytes_.store(limit, std::memory_order_relaxed); }
  int64_t limit_bytes() const { return limit_bytes_.load(std::memory_order_relaxed); }
  const std::string& name() const { return name_; }

 private:
  arrow::Status Reserve(int64_t bytes);
  void Unreserve(int64_t bytes) { bytes_allocated_.fetch_sub(bytes, std::memory_order_relaxed); }

  arrow::MemoryPool* parent_;
  const std::string name_;
  std::atomic<int64_t> limit_bytes_;
  std::atomic<int64_t> bytes_allocated_{0};
  std::atomic<int64_t> max_memory_{0};
  std::atomic<int64_t> total_bytes_{0};
  std::atomic<int64_t> num_allocations_{0};
};

}  // namespace llkv
