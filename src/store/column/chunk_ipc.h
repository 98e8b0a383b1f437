// A chunk's blob: the buffers of an encoded column inside Arrow IPC messages, each on a 64-byte boundary. Writing makes
// the messages; reading a chunk goes by its descriptor's offsets and never parses them, but any Arrow reader can.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "store/column/chunk_descriptor.h"

namespace llkv {

/// The encoded buffers of one chunk, by ChunkBuffer; null where absent. Sizes are exact, and the memory is
/// AllocatePadded's.
struct ChunkBuffers {
  std::array<std::shared_ptr<arrow::Buffer>, kNumChunkBuffers> buffers;
};

/// Makes the blob of a chunk, as pieces one after the other, and fills in the descriptor's buffers and size. The
/// descriptor has its type, encoding, storage, counts and null count.
arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> AssembleBlob(ChunkBuffers buffers,
                                                                        ChunkDescriptor* descriptor);

/// A chunk's values (codes, narrow integers) and its dictionary as Arrow arrays, read as IPC and validated in full; for
/// integrity checks and tests. XX001 where the blob is not what AssembleBlob makes for the descriptor.
struct ChunkArrays {
  std::shared_ptr<arrow::Array> values;
  std::shared_ptr<arrow::Array> dictionary;  // null where the encoding has none
};
arrow::Result<ChunkArrays> ReadChunkAsArrow(const ChunkDescriptor& descriptor,
                                            const std::shared_ptr<arrow::Buffer>& blob);

/// A buffer of `size` bytes whose memory is zeroed up to the next multiple of 64.
arrow::Result<std::shared_ptr<arrow::Buffer>> AllocatePadded(uint64_t size, arrow::MemoryPool* pool);

}  // namespace llkv
