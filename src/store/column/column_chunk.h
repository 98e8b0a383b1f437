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
#include "store/column/column_scratch.h"
#include "vector/scratch.h"
#include "vector/vector.h"

namespace llkv {

class TextDecoder;

/// Immutable after Open; any thread may read. Vectors and strings that it gives are valid as long as it lives.
class alignas(64) ColumnChunk {
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

  /// Whether rows are read by Decode, and not by GetVector.
  bool is_decoded() const { return descriptor_.is_decoded(); }

  /// Begins to load what Gather of this row will read.
  void Prefetch(uint32_t row) const;

  /// Rows [first_row, first_row + n) for any n up to num_rows() - first_row; `first_row` is a multiple of 64. Form by
  /// the encoding: kFlat (strings: kOffsets), kConstant, kDictionary, kNarrow; the range comes from the statistics.
  ///
  /// Of a chunk that is decoded only the shape is meant: the type, the form that Decode gives, the range and the
  /// validity; there is no data.
  Vector GetVector(uint32_t first_row) const {
    Vector vector = whole_;
    if (vector.form == VectorForm::kConstant) return vector;
    vector.data = static_cast<const uint8_t*>(whole_.data) + static_cast<size_t>(first_row) * data_width_;
    if (vector.validity != nullptr) vector.validity += first_row / 8;
    return vector;
  }

  /// Rows [first_row, first_row + count) of a chunk that is decoded, for any first_row and count <= kMaxBatchRows, in
  /// `scratch`: where a run covers all of them kConstant, else flat (strings: kOffsets). Only selected rows need be
  /// right: of text, others are empty. The validity is that of GetVector(first_row / 64 * 64), not shifted. 53200 where
  /// memory runs out.
  arrow::Result<Vector> Decode(uint32_t first_row, uint32_t count, const Selection& selection,
                               ColumnScratch& scratch) const;

  /// Of a chunk of compressed text: clears the bits of rows [first_row, first_row + count) whose TextPrefix is not in
  /// [low, high]; bit 0 is first_row, which is a multiple of 64. NULLs count as empty. Decodes no more than prefixes.
  void MaskTextPrefixes(uint32_t first_row, uint32_t count, uint64_t low, uint64_t high, uint64_t* mask) const;

  /// Any rows, decoded or not, with their validity from bit 0 on: for tests and what is not hot. `first_row` is a
  /// multiple of 64.
  arrow::Result<Vector> Read(uint32_t first_row, uint32_t count, ColumnScratch& scratch) const {
    if (!is_decoded()) return GetVector(first_row);
    return Decode(first_row, count, Selection::All(count), scratch);
  }

  /// Of a run-end chunk: the values of its runs, as a Vector of num_runs() rows, and where each run ends.
  Vector GetRuns() const;
  uint32_t num_runs() const { return descriptor_.dictionary_size; }
  const int32_t* run_ends() const { return run_ends_; }

  /// The values at `rows` (each < num_rows(), any order, at most kMaxBatchRows) in `out`, which was reset to the
  /// chunk's type, row i being rows[i]. Strings point into the chunk, decompressed ones into `texts`. 53200 where
  /// memory runs out.
  arrow::Status Gather(std::span<const uint32_t> rows, ScratchVector& out, StringArena& texts) const;

 private:
  /// All that reading single rows needs of a chunk: one cache line, since mostly nothing of it is in a cache then.
  struct Rows {
    /// kDataBuffer, or the constant.
    const uint8_t* data = nullptr;
    const uint8_t* validity = nullptr;
    /// kDictionary: the entries; kFlat strings: the bytes; kText: the codes.
    const void* dictionary = nullptr;
    /// kText: the places of each 64th string's codes, so that few sizes are added up for one.
    const uint32_t* text_places = nullptr;
    const TextDecoder* text = nullptr;
    int64_t base = 0;
    /// kDecimal: the power of ten.
    double divisor = 1;
    ChunkEncoding encoding = ChunkEncoding::kConstant;
    PhysicalType storage = PhysicalType::kInt64;
    PhysicalType physical = PhysicalType::kInt64;
    VectorForm form = VectorForm::kFlat;
  };
  static_assert(sizeof(Rows) <= 64);

  ColumnChunk() = default;
  void SetRows();
  arrow::Status OpenBlob(arrow::MemoryPool* pool);
  arrow::Status OpenDictionary(arrow::MemoryPool* pool);
  arrow::Status OpenRuns();
  arrow::Status OpenText(arrow::MemoryPool* pool);
  const uint8_t* buffer(ChunkBuffer index) const { return blob_->data() + descriptor_.buffers[index].offset; }
  /// The run that a row lies in.
  uint32_t RunOf(uint32_t row) const;
  Vector DecodeRuns(uint32_t first_row, uint32_t count, uint8_t* values) const;
  arrow::Result<Vector> DecodeText(uint32_t first_row, uint32_t count, const Selection& selection,
                                   ColumnScratch& scratch) const;
  void GatherRuns(std::span<const uint32_t> rows, ScratchVector& out) const;
  arrow::Status GatherText(std::span<const uint32_t> rows, ScratchVector& out, StringArena& texts) const;
  template <typename T>
  void GatherValues(std::span<const uint32_t> rows, T* out) const;
  template <typename From, typename T>
  void GatherNarrow(std::span<const uint32_t> rows, T* out) const;
  void GatherOffsets(std::span<const uint32_t> rows, StringRef* out) const;
  arrow::Status OpenNested(arrow::MemoryPool* pool);

  Rows rows_;
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
  /// kRunEnd.
  const int32_t* run_ends_ = nullptr;
  /// kText.
  std::unique_ptr<const TextDecoder> text_;
  std::shared_ptr<arrow::Buffer> text_places_;
  /// What a kConstant Vector points to.
  alignas(16) uint8_t constant_[16 + 64] = {};
  uint8_t constant_validity_[64] = {};
};

/// XX001 where n + 1 offsets do not ascend from 0 to the number of bytes.
arrow::Status CheckOffsets(const int32_t* offsets, uint32_t n, uint64_t num_bytes);

}  // namespace llkv
