// TableMetadata: what a table's own blob holds: its layout and where everything else of it is. Read at a table's first
// use, rewritten by a checkpoint that changes the table.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/ids.h"
#include "store/column/distinct_sketch.h"
#include "store/column/index_run.h"
#include "store/delete_set.h"
#include "store/table_store.h"
#include "txn/byte_codec.h"

namespace llkv {

struct TableMetadata {
  /// The deletion vector of a row group, which is named by the id of its first row.
  struct Deletes {
    RowId first_row;
    PhysicalKey key;
    uint32_t num_deleted = 0;
  };
  /// What is known of a row group without its descriptor.
  struct Group {
    RowId first_row;
    RowId last_row;
    uint32_t num_rows = 0;
  };
  /// A descriptor page and the row groups that it describes, in its order.
  struct Page {
    PhysicalKey key;
    std::vector<Group> groups;
  };
  /// What the chunks of one column add up to: what the optimizer asks for without loading descriptors. Rows that were
  /// since rewritten may be in it.
  struct ColumnSummary {
    FieldId field;
    uint64_t num_nulls = 0;
    uint64_t size_bytes = 0;
    /// NULL Values where unknown.
    Value min;
    Value max;
    DistinctSketch sketch;
  };
  /// With the indexes that the table has.
  TableLayout layout;
  uint64_t next_row_page = 0;
  uint64_t num_live_rows = 0;
  std::vector<Page> pages;
  std::vector<ColumnSummary> summary;
  std::vector<Deletes> deletes;
  /// Of each of layout.indexes.
  std::vector<std::vector<IndexRunDescriptor>> runs;
  /// Where this is stored; 0: nowhere. Not part of the bytes.
  PhysicalKey key;
};

void EncodeTableMetadata(const TableMetadata& metadata, ByteWriter& out);
/// Any bytes may be given: XX001 for damaged ones.
arrow::Result<TableMetadata> DecodeTableMetadata(std::span<const uint8_t> bytes);

/// A deletion vector: the row group's number of rows, then the places of deleted rows as distances, or the bitmap where
/// that is shorter.
void EncodeDeletes(const RowBitmap& bitmap, uint32_t num_rows, ByteWriter& out);
arrow::Result<RowBitmap> DecodeDeletes(std::span<const uint8_t> bytes, uint32_t num_rows);

}  // namespace llkv
