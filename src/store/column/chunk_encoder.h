// Chunk encoders: the physical values of one column of a row group in, the smallest encoding that scans well out.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "store/column/chunk_descriptor.h"
#include "types/decimal.h"

namespace llkv {

/// One encoded column: the blob is the pieces one after the other; none where the encoding has no blob.
struct EncodedChunk {
  ChunkDescriptor descriptor;
  std::vector<std::shared_ptr<arrow::Buffer>> pieces;
};

/// What is encoded. NULL slots of `values` are overwritten with a value of the chunk.
struct FixedColumn {
  FieldId field;
  LogicalType type;
  /// `num_rows` values of type.physical(), not strings.
  void* values = nullptr;
  /// A bitmap of num_rows bits (further bits of the last byte are 0), or null where no row is NULL.
  const uint8_t* validity = nullptr;
  uint32_t num_rows = 0;
};

/// Strings: num_rows + 1 offsets from 0, and the bytes, readable 8 bytes beyond their end; a NULL has no bytes.
struct StringColumn {
  FieldId field;
  LogicalType type;
  const int32_t* offsets = nullptr;
  const uint8_t* bytes = nullptr;
  const uint8_t* validity = nullptr;
  uint32_t num_rows = 0;
};

/// Encodes; 22003 for a DECIMAL outside its precision. `pool` pays for the pieces.
arrow::Result<EncodedChunk> EncodeFixed(const FixedColumn& column, arrow::MemoryPool* pool);
arrow::Result<EncodedChunk> EncodeStrings(const StringColumn& column, arrow::MemoryPool* pool);

/// Starts a chunk: counts the NULLs and, where all rows are (or there are none), gives the finished constant NULL.
struct StartedChunk {
  EncodedChunk chunk;
  /// A bitmap for the blob; null where no row is NULL.
  std::shared_ptr<arrow::Buffer> validity;
  bool is_finished = false;
};
arrow::Result<StartedChunk> StartChunk(FieldId field, LogicalType type, const uint8_t* validity, uint32_t num_rows,
                                       arrow::MemoryPool* pool);

/// The first row that is not NULL; there is one.
uint32_t FirstValidRow(const uint8_t* validity, uint32_t num_rows);

/// Calls f(row) for each NULL row.
template <typename F>
void ForEachNull(const uint8_t* validity, uint32_t num_rows, F&& f) {
  for (uint32_t byte = 0; byte < (num_rows + 7) / 8; ++byte) {
    uint32_t nulls = ~uint32_t{validity[byte]} & 0xFF;
    while (nulls != 0) {
      const uint32_t row = byte * 8 + static_cast<uint32_t>(__builtin_ctz(nulls));
      if (row >= num_rows) return;
      f(row);
      nulls &= nulls - 1;
    }
  }
}

}  // namespace llkv
