// BumpArena: memory for structures that only grow and go all at once, such as an index over hot rows. Readers may use
// what was published from it while its one writer allocates.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llkv {

/// One thread allocates at a time; memory goes back to the pool when the arena is destroyed.
class BumpArena {
 public:
  explicit BumpArena(arrow::MemoryPool* pool) : pool_(pool) {}
  ~BumpArena();
  BumpArena(const BumpArena&) = delete;
  BumpArena& operator=(const BumpArena&) = delete;

  /// Uninitialized bytes on a 16-byte boundary. 53200 where the memory limit is reached.
  arrow::Result<uint8_t*> Allocate(size_t size);
  int64_t size_bytes() const { return size_bytes_; }

 private:
  struct Block {
    uint8_t* data;
    int64_t size;
  };
  arrow::MemoryPool* pool_;
  std::vector<Block> blocks_;
  uint8_t* next_ = nullptr;
  uint8_t* end_ = nullptr;
  int64_t size_bytes_ = 0;
};

}  // namespace llkv
