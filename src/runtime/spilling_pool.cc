// See spilling_pool.h.
#include "runtime/spilling_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace llkv {
namespace {

/// Pages of a block up to this size are made in one call: one by one they cost twice.
constexpr int64_t kPopulatedBytes = int64_t{4} << 20;

}  // namespace

SpillingPool::SpillingPool(BlockCache* cache, int64_t limit_bytes) : cache_(cache), memory_(cache, "memory_limit") {
  set_limit_bytes(limit_bytes);
}

void SpillingPool::set_limit_bytes(int64_t limit) {
  memory_.set_limit_bytes(limit);
  reserved_bytes_.store(std::min(limit / 2, kMaxReservedBytes), std::memory_order_relaxed);
}

bool SpillingPool::IsOverFor(int64_t size, int64_t more) const {
  if (size < SpillSpace::kGranuleBytes) return false;
  const int64_t reserved = reserved_bytes_.load(std::memory_order_relaxed);
  return memory_.bytes_allocated() + more > limit_bytes() - (size < kLargeBlockBytes ? reserved / 2 : reserved);
}

arrow::Status SpillingPool::Spill(int64_t size, uint8_t** out) {
  if (cache_->cached_bytes() > 0 && memory_.bytes_allocated() + cache_->cached_bytes() > limit_bytes()) {
    cache_->ReleaseUnused();
  }
  ARROW_ASSIGN_OR_RAISE(*out, spill_.Allocate(size));
  if (size <= kPopulatedBytes) ::madvise(*out, static_cast<size_t>(size), MADV_POPULATE_WRITE);
  return arrow::Status::OK();
}

arrow::Status SpillingPool::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  if (IsOverFor(size, size)) {
    arrow::Status spilled = Spill(size, out);
    // Without a folder, all of the limit is for everybody.
    if (spilled.ok() || GetSqlState(spilled) != sqlstate::kOutOfMemory) return spilled;
  }
  return memory_.Allocate(size, alignment, out);
}

arrow::Status SpillingPool::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) {
  const bool was_spilled = spill_.Owns(*ptr);
  if (!was_spilled && !IsOverFor(new_size, new_size - old_size)) {
    const arrow::Status status = memory_.Reallocate(old_size, new_size, alignment, ptr);
    if (status.ok() || GetSqlState(status) != sqlstate::kOutOfMemory) return status;
  }
  uint8_t* moved = nullptr;
  ARROW_RETURN_NOT_OK(Allocate(new_size, alignment, &moved));
  std::memcpy(moved, *ptr, static_cast<size_t>(std::min(old_size, new_size)));
  Free(*ptr, old_size, alignment);
  *ptr = moved;
  return arrow::Status::OK();
}

void SpillingPool::Free(uint8_t* buffer, int64_t size, int64_t alignment) {
  if (spill_.Owns(buffer)) {
    spill_.Free(buffer, size);
  } else {
    memory_.Free(buffer, size, alignment);
  }
}

}  // namespace llkv
