// HugePagePool: large blocks in pages of 2 MiB. What joins, aggregations and sorts hold is read at random places, and
// with pages of 4 KiB nearly every such access also misses the table of pages. Below the cache of blocks; knows no
// limits.
#pragma once

#include <arrow/memory_pool.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <string>

namespace llkv {

/// Blocks of at least kHugePageBytes are mappings of their own, begin on a huge page, and lie in huge pages as far as
/// they fill them, where the system has any to give; smaller ones are the parent's. Growing moves pages, not bytes. In
/// builds that look for wrong memory accesses all are the parent's. Any thread.
class HugePagePool : public arrow::MemoryPool {
 public:
  static constexpr int64_t kHugePageBytes = int64_t{2} << 20;

  /// `parent` outlives it.
  explicit HugePagePool(arrow::MemoryPool* parent) : parent_(parent) {}

  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override;
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override;
  void ReleaseUnused() override { parent_->ReleaseUnused(); }
  /// The parent's figures and those of the large blocks.
  int64_t bytes_allocated() const override { return parent_->bytes_allocated() + bytes_allocated_.load(); }
  int64_t total_bytes_allocated() const override { return parent_->total_bytes_allocated() + total_bytes_.load(); }
  int64_t num_allocations() const override { return parent_->num_allocations() + num_allocations_.load(); }
  std::string backend_name() const override { return parent_->backend_name(); }

 private:
  /// Of large blocks.
  void Count(int64_t more);

  arrow::MemoryPool* parent_;
  std::atomic<int64_t> bytes_allocated_{0};
  std::atomic<int64_t> total_bytes_{0};
  std::atomic<int64_t> num_allocations_{0};
};

}  // namespace llkv
