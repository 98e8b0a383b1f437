// See memory_pool.h. The cache keeps blocks by their exact size: pages, arenas and scratch vectors come in few sizes,
// and a block never has room behind its end that would hide an overrun.
#include "runtime/memory_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/sanitizers.h"

namespace llkv {

namespace {

constexpr int64_t kMinCachedBlock = 16 * 1024;
constexpr int64_t kAlignment = 64;
constexpr size_t kMaxClasses = 64;

void RaiseTo(std::atomic<int64_t>& maximum, int64_t value) {
  int64_t seen = maximum.load(std::memory_order_relaxed);
  while (seen < value && !maximum.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

bool IsCacheable(int64_t size, int64_t alignment) {
  return !kIsSanitized && size >= kMinCachedBlock && alignment == kAlignment;
}

}  // namespace

BlockCache::BlockCache(arrow::MemoryPool* parent, int64_t max_cached_bytes)
    : parent_(parent), max_cached_bytes_(max_cached_bytes) {}

BlockCache::~BlockCache() { ReleaseUnused(); }

uint8_t* BlockCache::Take(int64_t size) {
  MutexLock lock(mutex_);
  for (SizeClass& size_class : classes_) {
    if (size_class.size != size || size_class.blocks.empty()) continue;
    uint8_t* block = size_class.blocks.back();
    size_class.blocks.pop_back();
    cached_bytes_ -= size;
    return block;
  }
  return nullptr;
}

bool BlockCache::Keep(uint8_t* block, int64_t size) {
  MutexLock lock(mutex_);
  if (cached_bytes_ + size > max_cached_bytes_) return false;
  auto found = std::find_if(classes_.begin(), classes_.end(), [size](const SizeClass& c) { return c.size == size; });
  if (found == classes_.end()) {
    // An empty class makes room for a new size; where all have blocks, rare sizes are not kept.
    found = std::find_if(classes_.begin(), classes_.end(), [](const SizeClass& c) { return c.blocks.empty(); });
    if (found == classes_.end()) {
      if (classes_.size() == kMaxClasses) return false;
      classes_.push_back({size, {}});
      found = classes_.end() - 1;
    }
    found->size = size;
  }
  found->blocks.push_back(block);
  cached_bytes_ += size;
  return true;
}

arrow::Status BlockCache::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  uint8_t* block = IsCacheable(size, alignment) ? Take(size) : nullptr;
  if (block != nullptr) {
    *out = block;
  } else {
    arrow::Status status = parent_->Allocate(size, alignment, out);
    if (!status.ok()) {
      ReleaseUnused();
      status = parent_->Allocate(size, alignment, out);
    }
    if (!status.ok()) return SqlError(sqlstate::kOutOfMemory, fmt::format("no memory left for {} bytes", size));
  }
  RaiseTo(max_memory_, bytes_allocated_.fetch_add(size, std::memory_order_relaxed) + size);
  total_bytes_.fetch_add(size, std::memory_order_relaxed);
  num_allocations_.fetch_add(1, std::memory_order_relaxed);
  return arrow::Status::OK();
}

arrow::Status BlockCache::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) {
  if (IsCacheable(new_size, alignment)) {
    if (uint8_t* block = Take(new_size); block != nullptr) {
      std::memcpy(block, *ptr, static_cast<size_t>(std::min(old_size, new_size)));
      if (!IsCacheable(old_size, alignment) || !Keep(*ptr, old_size)) parent_->Free(*ptr, old_size, alignment);
      *ptr = block;
      bytes_allocated_.fetch_add(new_size - old_size, std::memory_order_relaxed);
      return arrow::Status::OK();
    }
  }
  arrow::Status status = parent_->Reallocate(old_size, new_size, alignment, ptr);
  if (!status.ok()) return SqlError(sqlstate::kOutOfMemory, fmt::format("no memory left for {} bytes", new_size));
  RaiseTo(max_memory_,
          bytes_allocated_.fetch_add(new_size - old_size, std::memory_order_relaxed) + new_size - old_size);
  total_bytes_.fetch_add(std::max<int64_t>(0, new_size - old_size), std::memory_order_relaxed);
  num_allocations_.fetch_add(1, std::memory_order_relaxed);
  return arrow::Status::OK();
}

void BlockCache::Free(uint8_t* buffer, int64_t size, int64_t alignment) {
  bytes_allocated_.fetch_sub(size, std::memory_order_relaxed);
  if (!IsCacheable(size, alignment) || !Keep(buffer, size)) parent_->Free(buffer, size, alignment);
}

void BlockCache::ReleaseUnused() {
  std::vector<SizeClass> classes;
  {
    MutexLock lock(mutex_);
    classes.swap(classes_);
    cached_bytes_ = 0;
  }
  for (const SizeClass& size_class : classes) {
    for (uint8_t* block : size_class.blocks) parent_->Free(block, size_class.size, kAlignment);
  }
  parent_->ReleaseUnused();
}

int64_t BlockCache::bytes_allocated() const { return bytes_allocated_.load(std::memory_order_relaxed); }
int64_t BlockCache::max_memory() const { return max_memory_.load(std::memory_order_relaxed); }
int64_t BlockCache::total_bytes_allocated() const { return total_bytes_.load(std::memory_order_relaxed); }
int64_t BlockCache::num_allocations() const { return num_allocations_.load(std::memory_order_relaxed); }
std::string BlockCache::backend_name() const { return parent_->backend_name(); }

int64_t BlockCache::cached_bytes() const {
  MutexLock lock(mutex_);
  return cached_bytes_;
}

AccountingPool::AccountingPool(arrow::MemoryPool* parent, std::string name, int64_t limit_bytes)
    : parent_(parent), name_(std::move(name)), limit_bytes_(limit_bytes) {}

AccountingPool::~AccountingPool() = default;

arrow::Status AccountingPool::Reserve(int64_t bytes) {
  const int64_t used = bytes_allocated_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  const int64_t limit = limit_bytes();
  if (bytes > 0 && used > limit) {
    Unreserve(bytes);
    return SqlError(sqlstate::kOutOfMemory,
                    fmt::format("memory limit reached: {} bytes more are wanted, {} of {} ({}) are in use", bytes,
                                used - bytes, limit, name_),
                    SqlErrorDetail::kNoPosition, "raise memory_limit, or make the query smaller");
  }
  RaiseTo(max_memory_, used);
  return arrow::Status::OK();
}

arrow::Status AccountingPool::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  ARROW_RETURN_NOT_OK(Reserve(size));
  arrow::Status status = parent_->Allocate(size, alignment, out);
  if (!status.ok()) {
    Unreserve(size);
    return status;
  }
  total_bytes_.fetch_add(size, std::memory_order_relaxed);
  num_allocations_.fetch_add(1, std::memory_order_relaxed);
  return status;
}

arrow::Status AccountingPool::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) {
  ARROW_RETURN_NOT_OK(Reserve(new_size - old_size));
  arrow::Status status = parent_->Reallocate(old_size, new_size, alignment, ptr);
  if (!status.ok()) {
    Unreserve(new_size - old_size);
    return status;
  }
  total_bytes_.fetch_add(std::max<int64_t>(0, new_size - old_size), std::memory_order_relaxed);
  num_allocations_.fetch_add(1, std::memory_order_relaxed);
  return status;
}

void AccountingPool::Free(uint8_t* buffer, int64_t size, int64_t alignment) {
  parent_->Free(buffer, size, alignment);
  Unreserve(size);
}

}  // namespace llkv
