// BatchCollection: copies of rows, column by column, that are read again as batches. What materialized subplans, LIMITs
// in the middle of a plan and UPDATE keep their rows in.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "types/logical_type.h"
#include "vector/scratch.h"
#include "vector/vector.h"

namespace llkv {

/// Rows in chunks of at most kMaxBatchRows, flat, with their strings. One thread at a time while it is filled; then any
/// number may read.
class BatchCollection {
 public:
  /// `pool` outlives it.
  BatchCollection(std::vector<LogicalType> types, arrow::MemoryPool* pool);
  BatchCollection(BatchCollection&& other) noexcept;
  BatchCollection& operator=(BatchCollection&& other) noexcept;
  ~BatchCollection();

  /// Copies the selected rows of `batch`, whose columns have the collection's types in any form, behind those that are
  /// there. Errors: 53200; some of the rows may be there then.
  arrow::Status Append(const Batch& batch);
  /// Moves the rows of `other`, which has the same types, behind those that are there.
  void Absorb(BatchCollection&& other);

  const std::vector<LogicalType>& types() const { return types_; }
  uint64_t num_rows() const { return num_rows_; }
  size_t num_chunks() const { return chunks_.size(); }
  /// Dense, flat. Valid until the next change; after Absorb of this by another as long as that one.
  Batch chunk(size_t i) const;

 private:
  struct Chunk {
    uint8_t* memory = nullptr;
    int64_t memory_size = 0;
    uint32_t capacity = 0;
    uint32_t num_rows = 0;
    std::vector<Vector> columns;
    std::vector<uint8_t*> validity;  // a bitmap for each column, used where its vector's points to it
  };

  arrow::Status AddChunk(uint32_t wanted_rows);
  /// Copies selected rows [begin, begin + count) of one column.
  arrow::Status CopyColumn(const Vector& input, const Selection& selection, uint32_t begin, uint32_t count,
                           size_t column, Chunk& chunk);
  void FreeChunks();

  std::vector<LogicalType> types_;
  arrow::MemoryPool* pool_;
  std::vector<Chunk> chunks_;
  std::vector<std::unique_ptr<StringArena>> arenas_;  // the last one is written to
  std::vector<std::optional<ScratchVector>> scratch_;
  uint64_t num_rows_ = 0;
};

}  // namespace llkv
