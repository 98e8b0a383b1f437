#include "store/column/column_scratch.h"

#include <arrow/memory_pool.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace llkv {

arrow::Result<uint8_t*> ColumnScratch::Reserve(std::unique_ptr<arrow::Buffer>* memory, int64_t size) {
  size += 64;
  if (*memory == nullptr || (*memory)->size() < size) {
    // Grown by half at least, so that slowly growing windows do not allocate each time.
    const int64_t grown = *memory == nullptr ? size : std::max(size, (*memory)->size() + (*memory)->size() / 2);
    memory->reset();
    auto allocated = arrow::AllocateBuffer(grown, pool_);
    if (!allocated.ok()) {
      if (GetSqlError(allocated.status()) != nullptr) return allocated.status();
      return SqlError(sqlstate::kOutOfMemory, allocated.status().message());
    }
    *memory = *std::move(allocated);
    // What nobody writes may be read by whole registers.
    std::memset((*memory)->mutable_data(), 0, static_cast<size_t>(grown));
  }
  return (*memory)->mutable_data();
}

}  // namespace llkv
