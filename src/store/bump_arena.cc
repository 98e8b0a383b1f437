// See bump_arena.h.
#include "store/bump_arena.h"

#include <arrow/memory_pool.h>

#include <algorithm>

#include "base/error.h"

namespace llkv {

BumpArena::~BumpArena() {
  for (const Block& block : blocks_) pool_->Free(block.data, block.size);
}

arrow::Result<uint8_t*> BumpArena::Allocate(size_t size) {
  constexpr int64_t kFirstBlockBytes = 1024;
  constexpr int64_t kMaxBlockBytes = int64_t{1} << 20;
  const size_t rounded = (size + 15) & ~size_t{15};
  if (static_cast<size_t>(end_ - next_) < rounded) {
    const int64_t wanted = std::clamp(size_bytes_, kFirstBlockBytes, kMaxBlockBytes);
    const int64_t block_bytes = std::max(wanted, static_cast<int64_t>(rounded));
    uint8_t* data = nullptr;
    const arrow::Status status = pool_->Allocate(block_bytes, &data);
    if (!status.ok()) return SqlError(sqlstate::kOutOfMemory, status.message());
    blocks_.push_back({data, block_bytes});
    size_bytes_ += block_bytes;
    next_ = data;
    end_ = data + block_bytes;
  }
  uint8_t* result = next_;
  next_ += rounded;
  return result;
}

}  // namespace llkv
