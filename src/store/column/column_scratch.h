// ColumnScratch: memory that reading one column of a scan reuses from batch to batch, for what cannot be a view of the
// stored bytes: shifted bitmaps, values of decoded encodings, decompressed text.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <array>
#include <cstdint>
#include <memory>

#include "vector/vector.h"

namespace llkv {

/// One thread at a time. Memory is taken when first needed, 64-byte aligned, and readable 63 bytes past what is used.
class ColumnScratch {
 public:
  explicit ColumnScratch(arrow::MemoryPool* pool) : pool_(pool) {}

  /// kMaxBatchRows bits.
  uint8_t* validity() { return validity_.data(); }
  /// Room for count + 1 values of up to 16 bytes; what it held is lost. 53200 where the memory limit is reached.
  arrow::Result<uint8_t*> Values(uint32_t count) { return Reserve(&values_, (int64_t{count} + 1) * 16); }
  /// Room for text; what it held is lost.
  arrow::Result<uint8_t*> Text(uint64_t size_bytes) { return Reserve(&text_, static_cast<int64_t>(size_bytes)); }

 private:
  arrow::Result<uint8_t*> Reserve(std::unique_ptr<arrow::Buffer>* memory, int64_t size);

  arrow::MemoryPool* pool_;
  alignas(64) std::array<uint8_t, kMaxBatchRows / 8 + 64> validity_{};
  std::unique_ptr<arrow::Buffer> values_;
  std::unique_ptr<arrow::Buffer> text_;
};

}  // namespace llkv
