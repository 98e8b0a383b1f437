// ColumnChunk: an opened chunk. It checks a blob once and then gives Vectors that point into it, with no allocation.
// Knows no pager: it is given a buffer.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "store/column/chunk_descriptor.h"
#include "vector/scratch.h"
#include "vector/vector.h"

namespace llkv {

/// Immutable after Open; any thread may read. Vectors and strings that it gives are valid as long as it lives.
class ColumnChunk {
 public:
  /// Checks a descriptor and its blob (null where kConstant) so that no use of the chunk can read outside them:
  /// buffers' places, offsets ascending, codes inside the dictionary, integers inside the statistics' bounds. XX001
  /// else.
  ///
  /// `dictionary_id` becomes the Vectors' (0 = unknown). The descriptor is copied.
  static arrow::Result<std::unique_ptr<const ColumnChunk>> Open(const ChunkDescriptor& descriptor,
                                                                std::shared_ptr<arrow::Buffer> blob,
                                                                uint64_t dictionary_id, arrow::MemoryPool* pool);
  ~ColumnChunk();

  const ChunkDescriptor& descriptor() const { return descriptor_; }
  uint32_t num_rows() const { return descriptor_.num_rows; }

  /// Rows [first_row, first_row + n) for any n up to num_rows() - first_row; `first_row` is a multiple of 64. Form by
  /// the encoding: kFlat (strings: kOffsets), kConstant, kDictionary, kNarrow; the range comes from the statistics.
  Vector GetVector(uint32_t first_row) const {
    Vector vector = whole_;
    if (vector.form == VectorForm::kConstant) return vector;
    vector.data = static_cast<const uint8_t*>(whole_.data) + static_cast<size_t>(first_row) * data_width_;
    if (vector.validity != nullptr) vector.validity += first_row / 8;
    return vector;
  }

  /// The values at `rows` (each < num_rows(), any order, at most kMaxBatchRows) as a flat Vector in `out`, row i being
  /// rows[i]. Strings point into the chunk.
  void Gather(std::span<const uint32_t> rows, ScratchVector& out) const;

 private:
  ColumnChunk() = default;
  arrow::Status OpenBlob(arrow::MemoryPool* pool);
  arrow::Status OpenDictionary(arrow::MemoryPool* pool);
  arrow::Status OpenNested(arrow::MemoryPool* pool);

  ChunkDescriptor descriptor_;
  std::shared_ptr<arrow::Buffer> blob_;
  /// The StringRefs of a string dictionary.
  std::shared_ptr<arrow::Buffer> dictionary_refs_;
  /// The values of a nested chunk, as they pass through Vectors: offsets and bytes.
  std::shared_ptr<arrow::Buffer> nested_offsets_;
  std::shared_ptr<arrow::Buffer> nested_bytes_;
  std::shared_ptr<arrow::Buffer> nested_validity_;
  Vector whole_;
  uint32_t data_width_ = 0;
  /// What a kConstant Vector points to.
  alignas(16) uint8_t constant_[16 + 64] = {};
  uint8_t constant_validity_[64] = {};
};

}  // namespace llkv
