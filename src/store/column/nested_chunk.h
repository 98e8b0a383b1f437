// Chunks of LIST, ARRAY, STRUCT, MAP and UNION: a real Arrow array with its children in the blob, the bytes of
// types/nested_value.h in memory. Knows no pager.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>

#include "store/column/chunk_encoder.h"

namespace llkv {

/// Encodes a column whose strings are nested values.
arrow::Result<EncodedChunk> EncodeNested(const StringColumn& column, arrow::MemoryPool* pool);

/// A chunk's values: num_rows + 1 int32 offsets, the bytes, and a bitmap that is null where no row is NULL; each may be
/// read 63 bytes past its end.
struct NestedChunkValues {
  std::shared_ptr<arrow::Buffer> offsets;
  std::shared_ptr<arrow::Buffer> bytes;
  std::shared_ptr<arrow::Buffer> validity;
};

/// Reads a blob of a descriptor that has been checked; XX001 where it is none, or not of its type.
arrow::Result<NestedChunkValues> ReadNestedChunk(const ChunkDescriptor& descriptor,
                                                 const std::shared_ptr<arrow::Buffer>& blob, arrow::MemoryPool* pool);

/// The blob's only array, in place where it can be.
arrow::Result<std::shared_ptr<arrow::Array>> ReadNestedArray(const ChunkDescriptor& descriptor,
                                                             const std::shared_ptr<arrow::Buffer>& blob);

}  // namespace llkv
