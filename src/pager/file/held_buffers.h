// HeldBuffers: counts the buffers over a mapped file that are held, by where they are, so that the room under them is
// neither used again nor punched. It knows offsets, not segments.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "os/file_system.h"

namespace llkv::file {

/// Safe from any thread; no call waits. Keeps the mapping.
class HeldBuffers {
 public:
  /// Over offsets below `capacity`; `mapping` may be null.
  HeldBuffers(std::shared_ptr<FileMapping> mapping, uint64_t capacity);
  ~HeldBuffers();
  HeldBuffers(const HeldBuffers&) = delete;
  HeldBuffers& operator=(const HeldBuffers&) = delete;

  const std::shared_ptr<FileMapping>& mapping() const { return mapping_; }

  /// A buffer over [offset, offset + length) is held, until Release. The caller makes sure that the bytes stay until
  /// then. Costs an atomic addition for each 32 KiB.
  void Acquire(uint64_t offset, uint64_t length);
  void Release(uint64_t offset, uint64_t length);
  /// Whether a buffer is held in [begin, end), or close to it.
  bool AnyIn(uint64_t begin, uint64_t end) const { return FindHeld(begin, end) < end; }
  /// The first place in [begin, end) that may be held, or is not; `end` where there is none.
  uint64_t FindHeld(uint64_t begin, uint64_t end) const;
  uint64_t FindUnheld(uint64_t begin, uint64_t end) const;

 private:
  // One count for so many bytes: a gigabyte of file takes 128 KiB of counts at most.
  static constexpr uint64_t kGranuleBytes = uint64_t{32} << 10;
  static constexpr uint64_t kCountsPerBlock = uint64_t{16} << 10;
  struct Block {
    std::array<std::atomic<uint32_t>, kCountsPerBlock> counts = {};
  };

  std::atomic<uint32_t>& CountAt(uint64_t number);
  bool IsHeld(uint64_t number) const;

  const std::shared_ptr<FileMapping> mapping_;
  // Made when something in their range is first held.
  std::vector<std::atomic<Block*>> blocks_;
};

/// One held buffer. Moves; releases when destroyed.
class Hold {
 public:
  Hold() = default;
  Hold(std::shared_ptr<HeldBuffers> held, uint64_t offset, uint64_t length)
      : held_(std::move(held)), offset_(offset), length_(length) {
    held_->Acquire(offset_, length_);
  }
  Hold(Hold&& other) noexcept = default;
  Hold& operator=(Hold&&) = delete;
  ~Hold() {
    if (held_ != nullptr) held_->Release(offset_, length_);
  }

 private:
  std::shared_ptr<HeldBuffers> held_;
  uint64_t offset_ = 0;
  uint64_t length_ = 0;
};

}  // namespace llkv::file
