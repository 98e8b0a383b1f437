// RowGroupWriter: collects up to 131,072 rows and encodes them as the chunks of one row group, each column by what its
// values are. Knows no pager transactions: the caller stages or puts what Finish returns.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/ids.h"
#include "store/column/chunk_descriptor.h"
#include "types/logical_type.h"
#include "vector/vector.h"

namespace llkv {

class ColumnAccumulator;
class Pager;
class StagedBlob;
class WriteBatch;

/// A column that a row group stores.
struct ColumnSpec {
  FieldId field;
  LogicalType type;
};

/// A row group ready to be stored; descriptor.columns[i].key is none until StageRowGroup or PutRowGroup gives keys.
struct EncodedRowGroup {
  RowGroupDescriptor descriptor;
  /// The blob of each column, as pieces one after the other; empty where the chunk has none.
  std::vector<std::vector<std::shared_ptr<arrow::Buffer>>> column_pieces;
  std::vector<std::shared_ptr<arrow::Buffer>> row_id_pieces;
};

/// Collects rows, encodes them, and starts again with the same memory. One thread at a time.
///
/// Order is kept. Row ids must ascend strictly over all rows of a row group (22023 else).
class RowGroupWriter {
 public:
  /// `pool` pays for collected rows and for what Finish returns.
  RowGroupWriter(std::vector<ColumnSpec> columns, arrow::MemoryPool* pool);
  ~RowGroupWriter();
  RowGroupWriter(const RowGroupWriter&) = delete;
  RowGroupWriter& operator=(const RowGroupWriter&) = delete;

  /// Adds rows [offset, offset + length) of a batch whose columns are the specs', with the Arrow types that
  /// ToArrowType gives (large_ and view types, dictionaries and other units are cast by the caller: 22023 here). The
  /// ids of the rows are first_row_id, first_row_id + 1, …. 22003 for a value outside its SQL type, 22023 for more than
  /// NumRowsThatFit; then nothing was added.
  arrow::Status Append(const arrow::RecordBatch& batch, int64_t offset, int64_t length, RowId first_row_id);

  /// Adds the selected rows of a batch with the given ids (one for each selected row). Vectors of any form.
  arrow::Status Append(const Batch& batch, std::span<const RowId> row_ids);

  /// How many of a batch's rows, from `offset` on, the row group still takes: bounded by room() and by 1 GiB of strings
  /// a column; at least one where the writer is empty.
  int64_t NumRowsThatFit(const arrow::RecordBatch& batch, int64_t offset, int64_t length) const;

  uint32_t num_rows() const { return static_cast<uint32_t>(row_ids_.size()); }
  /// Rows that fit before Finish must be called.
  uint32_t room() const { return kMaxRowGroupRows - num_rows(); }
  /// Bytes of the rows collected, uncompressed.
  uint64_t size_bytes() const;

  /// Encodes what was collected and empties the writer, keeping its memory.
  arrow::Result<EncodedRowGroup> Finish();

 private:
  arrow::Status CheckRowIds(RowId first, uint64_t count) const;
  void Rewind(uint32_t num_rows);

  std::vector<ColumnSpec> columns_;
  arrow::MemoryPool* pool_;
  std::vector<std::unique_ptr<ColumnAccumulator>> accumulators_;
  std::vector<uint64_t> row_ids_;
};

/// Allocates keys and writes the blobs ahead of a commit, which must name each of `staged` (WriteBatch::PutStaged).
/// Returns the descriptor with its keys.
arrow::Result<RowGroupDescriptor> StageRowGroup(EncodedRowGroup row_group, Pager& pager,
                                                std::vector<StagedBlob>* staged);

/// Allocates keys and adds the blobs to a batch (shared, not copied). Returns the descriptor with its keys.
arrow::Result<RowGroupDescriptor> PutRowGroup(EncodedRowGroup row_group, Pager& pager, WriteBatch& batch);

/// The keys of all blobs of a row group, for frees and integrity checks.
std::vector<PhysicalKey> BlobKeys(const RowGroupDescriptor& row_group);

}  // namespace llkv
