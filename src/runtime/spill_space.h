// SpillSpace: blocks of memory that lie in a temporary file, for what does not fit into the memory limit. Here so that
// what operators hold can grow beyond it; knows nothing of what the blocks hold.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "os/scratch_file.h"

namespace llkv {

/// Any thread. The file is made with the first block and emptied with the last one.
class SpillSpace {
 public:
  /// No limit but that the file leaves a tenth of the disk's room to others.
  static constexpr int64_t kNoLimit = int64_t{1} << 62;
  /// Blocks are multiples of this, and lie on its multiples.
  static constexpr int64_t kGranuleBytes = 4096;

  SpillSpace() = default;

  /// Where the file is made, "" for nowhere, and how long it may get. 55006 while there are blocks, except where
  /// the folder stays the same.
  arrow::Status Configure(std::string folder, int64_t max_bytes);
  std::string folder() const;
  int64_t max_bytes() const;

  /// A block, uninitialized. Errors: 53200 where there is no folder, 53100 where the disk or max_bytes() is reached,
  /// 58030.
  arrow::Result<uint8_t*> Allocate(int64_t size);
  void Free(uint8_t* block, int64_t size);
  /// Whether it is a block of this space. Free of locks.
  bool Owns(const uint8_t* block) const {
    const uint8_t* begin = begin_.load(std::memory_order_acquire);
    return begin != nullptr && block >= begin && block < end_.load(std::memory_order_relaxed);
  }

  /// Of all blocks; rounded up.
  int64_t bytes_in_use() const { return bytes_in_use_.load(std::memory_order_relaxed); }
  /// Of all blocks there ever were.
  int64_t total_bytes() const { return total_bytes_.load(std::memory_order_relaxed); }
  /// 58030 where the system could not write blocks out: what was computed with them may be wrong.
  arrow::Status CheckWritten();

 private:
  using Extents = std::map<uint64_t, uint64_t>;

  arrow::Status MakeFile() LLKV_REQUIRES(mutex_);
  arrow::Status Grow(uint64_t size) LLKV_REQUIRES(mutex_);
  /// How long the file may get now.
  uint64_t SizeLimit() const LLKV_REQUIRES(mutex_);
  arrow::Status Full(uint64_t wanted) const LLKV_REQUIRES(mutex_);
  void AddFree(uint64_t offset, uint64_t size) LLKV_REQUIRES(mutex_);
  void RemoveFree(Extents::iterator extent) LLKV_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::string folder_ LLKV_GUARDED_BY(mutex_);
  int64_t max_bytes_ LLKV_GUARDED_BY(mutex_) = kNoLimit;
  std::unique_ptr<ScratchFile> file_ LLKV_GUARDED_BY(mutex_);
  /// Until there is a first block again.
  arrow::Status write_error_ LLKV_GUARDED_BY(mutex_);
  /// What of the file is free: sizes by offset, and both by size.
  Extents free_ LLKV_GUARDED_BY(mutex_);
  std::set<std::pair<uint64_t, uint64_t>> free_by_size_ LLKV_GUARDED_BY(mutex_);
  std::atomic<const uint8_t*> begin_{nullptr};
  std::atomic<const uint8_t*> end_{nullptr};
  std::atomic<int64_t> bytes_in_use_{0};
  std::atomic<int64_t> total_bytes_{0};
};

}  // namespace llkv
