// Counts in blocks that are made on demand.
#include "pager/file/held_buffers.h"

#include <algorithm>
#include <utility>

namespace llkv::file {

HeldBuffers::HeldBuffers(std::shared_ptr<FileMapping> mapping, uint64_t capacity)
    : mapping_(std::move(mapping)), blocks_(capacity / (kGranuleBytes * kCountsPerBlock) + 1) {}

HeldBuffers::~HeldBuffers() {
  for (const auto& block : blocks_) delete block.load(std::memory_order_relaxed);
}

std::atomic<uint32_t>& HeldBuffers::CountAt(uint64_t number) {
  std::atomic<Block*>& slot = blocks_[number / kCountsPerBlock];
  Block* block = slot.load(std::memory_order_acquire);
  if (block == nullptr) {
    auto fresh = std::make_unique<Block>();
    if (slot.compare_exchange_strong(block, fresh.get(), std::memory_order_acq_rel)) block = fresh.release();
  }
  return block->counts[number % kCountsPerBlock];
}

bool HeldBuffers::IsHeld(uint64_t number) const {
  if (number / kCountsPerBlock >= blocks_.size()) return false;
  const Block* block = blocks_[number / kCountsPerBlock].load(std::memory_order_acquire);
  return block != nullptr && block->counts[number % kCountsPerBlock].load(std::memory_order_acquire) != 0;
}

void HeldBuffers::Acquire(uint64_t offset, uint64_t length) {
  const uint64_t last = (offset + std::max<uint64_t>(length, 1) - 1) / kGranuleBytes;
  for (uint64_t number = offset / kGranuleBytes; number <= last; ++number) {
    CountAt(number).fetch_add(1, std::memory_order_relaxed);
  }
}

void HeldBuffers::Release(uint64_t offset, uint64_t length) {
  const uint64_t last = (offset + std::max<uint64_t>(length, 1) - 1) / kGranuleBytes;
  for (uint64_t number = offset / kGranuleBytes; number <= last; ++number) {
    // What was read through the buffer was read before its bytes change.
    CountAt(number).fetch_sub(1, std::memory_order_release);
  }
}

uint64_t HeldBuffers::FindHeld(uint64_t begin, uint64_t end) const {
  for (uint64_t number = begin / kGranuleBytes; number * kGranuleBytes < end; ++number) {
    if (IsHeld(number)) return std::max(begin, number * kGranuleBytes);
  }
  return end;
}

uint64_t HeldBuffers::FindUnheld(uint64_t begin, uint64_t end) const {
  for (uint64_t number = begin / kGranuleBytes; number * kGranuleBytes < end; ++number) {
    if (!IsHeld(number)) return std::max(begin, number * kGranuleBytes);
  }
  return end;
}

}  // namespace llkv::file
