// The sections that tables write into the commit log, and their decoding from hostile bytes. Rows lie column by column:
// small numbers in a byte or two, strings with their length. Format in the .cc file; numbers reach disk.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "store/column/chunk_descriptor.h"
#include "store/column/index_run.h"
#include "store/hot_rows.h"
#include "store/table_store.h"
#include "txn/byte_codec.h"
#include "vector/scratch.h"

namespace llkv {

/// LogSection::kind. The owner is the table's id.
enum class RedoKind : uint8_t {
  kCreateTable = 1,
  kDropTable = 2,
  kInsertRows = 3,
  kDeleteRows = 4,
  kAttachRowGroups = 5,
  kCreateIndex = 6,
  kDropIndex = 7,
};

/// A TableLayout; also part of a table's stored metadata.
void EncodeLayout(const TableLayout& layout, ByteWriter& out);
arrow::Result<TableLayout> DecodeLayout(ByteReader& in);

/// An IndexLayout; also part of a table's layout.
void EncodeIndexLayout(const IndexLayout& index, ByteWriter& out);
IndexLayout DecodeIndexLayout(size_t num_columns, ByteReader& in);

/// A list of runs' descriptors.
void EncodeIndexRuns(const std::vector<IndexRunDescriptor>& runs, ByteWriter& out);
arrow::Result<std::vector<IndexRunDescriptor>> DecodeIndexRuns(ByteReader& in);

/// Slots [first, first + count) of a hot row group.
void EncodeRows(const HotRowGroup& group, uint32_t first, uint32_t count, ByteWriter& out);

/// Rows as EncodeRows wrote them, batch by batch.
class RowDecoder {
 public:
  RowDecoder(const std::vector<LogicalType>& types, arrow::MemoryPool* pool) : types_(types), pool_(pool) {}

  /// Calls apply(first_row, batch) for each run of rows of a kInsertRows payload; string bytes point into it.
  using Apply = std::function<arrow::Status(RowId first_row, const Batch& batch)>;
  arrow::Status Decode(std::span<const uint8_t> payload, const Apply& apply);

 private:
  arrow::Status DecodeColumn(size_t column, uint32_t num_rows, ByteReader& in);

  const std::vector<LogicalType>& types_;
  arrow::MemoryPool* pool_;
  std::vector<ScratchVector> scratch_;
  /// Of each column: not every value of its physical type is one of it.
  std::vector<bool> is_described_;
  std::vector<Vector> columns_;
};

/// Row ids in any order; they are sorted.
void EncodeRowIds(std::vector<RowId> rows, ByteWriter& out);
arrow::Status DecodeRowIds(std::span<const uint8_t> payload, const std::function<arrow::Status(RowId)>& apply);

/// Cold row groups and index runs that a bulk load staged.
struct AttachedRowGroups {
  struct IndexRuns {
    IndexId index;
    std::vector<IndexRunDescriptor> runs;
  };
  std::vector<std::shared_ptr<const RowGroupDescriptor>> row_groups;
  std::vector<IndexRuns> runs;
};
arrow::Status EncodeAttached(const AttachedRowGroups& attached, arrow::MemoryPool* pool, ByteWriter& out);
arrow::Result<AttachedRowGroups> DecodeAttached(std::span<const uint8_t> payload);

}  // namespace llkv
