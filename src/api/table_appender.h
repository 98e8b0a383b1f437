// TableAppender: record batches into a table of a column store, within a change: few rows as hot ones, many as cold row
// groups written ahead of the commit.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>

#include "api/column_store_core.h"

namespace llkv {

/// One thread.
class TableAppender {
 public:
  /// `txn` outlives it.
  TableAppender(Transaction* txn, StoreTable table) : txn_(txn), table_(std::move(table)) {}

  /// Adds rows. The batch has a column "row_id", and the fields that its columns name; others are NULL. Rows with these
  /// ids are not in the table.
  arrow::Status Append(const arrow::RecordBatch& batch);
  arrow::Status Finish();

 private:
  arrow::Status AppendHot(const std::shared_ptr<arrow::RecordBatch>& batch);
  arrow::Status AppendCold(const std::shared_ptr<arrow::RecordBatch>& batch);

  Transaction* const txn_;
  const StoreTable table_;
  int64_t num_hot_ = 0;
  std::unique_ptr<BulkWriter> bulk_;
};

/// The columns that a table's layout has, in its order: those of the batch by field id, NULLs for others.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> ArrangeFor(const TableLayout& layout,
                                                              const arrow::RecordBatch& batch);

/// Deletes the rows of a view that places name; those that are nowhere are left out. Gives how many there were.
arrow::Result<uint64_t> DeletePlaces(Transaction& txn, const StoreView& view, std::span<const RowPlace> places);

/// Deletes the rows of these ids, which ascend strictly, from a sort index.
arrow::Status DeleteFromIndex(Transaction& txn, const StoreView& view, const StoreSortIndex& index,
                              std::span<const uint64_t> ids);

/// A view of one table, as another view sees it.
StoreView ViewOfTable(const StoreView& view, const StoreTable& table);

}  // namespace llkv
