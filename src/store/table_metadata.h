// TableMetadata: what a table's own blob holds: its layout and where everything else of it is. Read at a table's first
// use, rewritten by a checkpoint that changes the table.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/ids.h"
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
  };
  /// With the indexes that the table has.
  TableLayout layout;
  uint64_t next_row_page = 0;
  uint64_t num_live_rows = 0;
  /// Descriptor pages.
  std::vector<PhysicalKey> pages;
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
