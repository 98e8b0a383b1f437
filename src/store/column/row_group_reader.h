// RowGroupReader: the opened chunks of one row group, each opened at its first use and kept. Knows no deletes and no
// visibility; those are the table's.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "store/column/chunk_descriptor.h"
#include "store/column/column_chunk.h"

namespace llkv {

class Pager;
class PagerSnapshot;

/// Any thread may read. Chunks live as long as the reader, so whoever uses a Vector of one holds the reader.
class RowGroupReader {
 public:
  /// `pager` must outlive the reader. The descriptor has passed CheckDescriptor.
  RowGroupReader(std::shared_ptr<const RowGroupDescriptor> descriptor, Pager* pager, arrow::MemoryPool* pool);
  ~RowGroupReader();

  const RowGroupDescriptor& descriptor() const { return *descriptor_; }
  uint32_t num_rows() const { return descriptor_->num_rows; }

  /// The chunk of descriptor().columns[column], opened where it is not yet: an atomic load once it is. `snapshot`
  /// reaches the row group's blobs; null is the newest commit. XX001 where the blob is damaged.
  arrow::Result<const ColumnChunk*> Column(size_t column, const PagerSnapshot* snapshot = nullptr);
  /// Begins to load what Column(column)->Gather of this row will read, where the column is open.
  void Prefetch(size_t column, uint32_t row) const {
    const ColumnChunk* chunk = open_[column].load(std::memory_order_acquire);
    if (chunk != nullptr) chunk->Prefetch(row);
  }

  /// The same for several, their blobs read in one call of the pager.
  arrow::Status OpenColumns(std::span<const size_t> columns, const PagerSnapshot* snapshot = nullptr);

  /// The position of a row, or nothing where the row group does not have it.
  arrow::Result<std::optional<uint32_t>> FindRow(RowId row, const PagerSnapshot* snapshot = nullptr);

  /// The ids of rows [first_row, first_row + out.size()); `first_row` is any row.
  arrow::Status GetRowIds(uint32_t first_row, std::span<RowId> out, const PagerSnapshot* snapshot = nullptr);

 private:
  arrow::Status OpenSlots(std::span<const size_t> slots, const PagerSnapshot* snapshot);
  arrow::Result<const ColumnChunk*> OpenSlot(size_t slot, const PagerSnapshot* snapshot);
  arrow::Status CheckRowIds(const ColumnChunk& chunk) const;
  const ChunkDescriptor& Descriptor(size_t slot) const;

  /// One slot a column, and a last one for the row ids. The first member: a row group's first cache line has it.
  std::vector<std::atomic<const ColumnChunk*>> open_;
  std::shared_ptr<const RowGroupDescriptor> descriptor_;
  Pager* pager_;
  arrow::MemoryPool* pool_;
  Mutex mutex_;
  std::vector<std::unique_ptr<const ColumnChunk>> owned_ LLKV_GUARDED_BY(mutex_);
};

}  // namespace llkv
