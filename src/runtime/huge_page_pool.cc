// See huge_page_pool.h. A block's size tells whose it is.
#include "runtime/huge_page_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "base/sanitizers.h"

namespace llkv {
namespace {

constexpr auto kHuge = static_cast<uint64_t>(HugePagePool::kHugePageBytes);
constexpr uint64_t kPage = 4096;

bool IsOurs(int64_t size, int64_t alignment) {
  return !kIsSanitized && size >= HugePagePool::kHugePageBytes && alignment <= HugePagePool::kHugePageBytes;
}

/// A last huge page that would be filled by more than a half is taken whole.
uint64_t MappedSize(int64_t size) {
  const auto bytes = static_cast<uint64_t>(size);
  const uint64_t unit = bytes % kHuge > kHuge / 2 ? kHuge : kPage;
  return (bytes + unit - 1) / unit * unit;
}

/// Addresses for `size` bytes, from a huge page's begin on, without memory. Null where there are none.
uint8_t* ReserveAddresses(uint64_t size, int protection) {
  void* place = ::mmap(nullptr, size + kHuge, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) return nullptr;
  auto* begin = static_cast<uint8_t*>(place);
  const uint64_t skipped = (kHuge - reinterpret_cast<uintptr_t>(begin) % kHuge) % kHuge;
  if (skipped > 0) ::munmap(begin, skipped);
  ::munmap(begin + skipped + size, kHuge - skipped);
  return begin + skipped;
}

/// Moves a mapping's pages to addresses of another size.
arrow::Status Remap(uint64_t old_size, uint64_t new_size, uint8_t** ptr) {
  if (new_size == old_size) return arrow::Status::OK();
  uint8_t* target = ReserveAddresses(new_size, PROT_NONE);
  if (target == nullptr) return arrow::Status::OutOfMemory("no addresses left for ", new_size, " bytes");
  if (::mremap(*ptr, old_size, new_size, MREMAP_MAYMOVE | MREMAP_FIXED, target) == MAP_FAILED) {
    ::munmap(target, new_size);
    return arrow::Status::OutOfMemory("no memory left for ", new_size, " bytes");
  }
  *ptr = target;
  ::madvise(target, new_size / kHuge * kHuge, MADV_HUGEPAGE);
  return arrow::Status::OK();
}

}  // namespace

void HugePagePool::Count(int64_t more) {
  bytes_allocated_.fetch_add(more, std::memory_order_relaxed);
  if (more <= 0) return;
  total_bytes_.fetch_add(more, std::memory_order_relaxed);
  num_allocations_.fetch_add(1, std::memory_order_relaxed);
}

arrow::Status HugePagePool::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  if (!IsOurs(size, alignment)) return parent_->Allocate(size, alignment, out);
  const uint64_t mapped = MappedSize(size);
  *out = ReserveAddresses(mapped, PROT_READ | PROT_WRITE);
  if (*out == nullptr) return arrow::Status::OutOfMemory("no addresses left for ", size, " bytes");
  // A wish: without huge pages the block is there all the same.
  ::madvise(*out, mapped / kHuge * kHuge, MADV_HUGEPAGE);
  Count(size);
  return arrow::Status::OK();
}

arrow::Status HugePagePool::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) {
  const bool was_ours = IsOurs(old_size, alignment);
  const bool is_ours = IsOurs(new_size, alignment);
  if (!was_ours && !is_ours) return parent_->Reallocate(old_size, new_size, alignment, ptr);
  if (was_ours && is_ours) {
    ARROW_RETURN_NOT_OK(Remap(MappedSize(old_size), MappedSize(new_size), ptr));
    Count(new_size - old_size);
    return arrow::Status::OK();
  }
  uint8_t* target = nullptr;
  ARROW_RETURN_NOT_OK(Allocate(new_size, alignment, &target));
  std::memcpy(target, *ptr, static_cast<size_t>(std::min(old_size, new_size)));
  Free(*ptr, old_size, alignment);
  *ptr = target;
  return arrow::Status::OK();
}

void HugePagePool::Free(uint8_t* buffer, int64_t size, int64_t alignment) {
  if (!IsOurs(size, alignment)) return parent_->Free(buffer, size, alignment);
  ::munmap(buffer, MappedSize(size));
  Count(-size);
}

}  // namespace llkv
