// StoreReader: the record batch reader behind ColumnStore::Scan and ScanSorted, and what Compact and the building of a
// sort index read with.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "api/column_store_core.h"
#include "api/ordered_rows.h"
#include "api/row_fetcher.h"

namespace llkv {

/// What a reader reads of its view.
struct StoreReadPlan {
  /// Rows in the order of a column of each source; their names are places in the view's segments or, of a sort index,
  /// row ids.
  std::vector<OrderedSource> sources;
  RowName name = RowName::kPlace;
  /// Of that column's values, one pass each, in this order; ascending and apart.
  std::vector<std::pair<std::optional<Value>, std::optional<Value>>> bounds = {{std::nullopt, std::nullopt}};
  bool descending = false;
  std::vector<LogicalFieldId> fields;
  bool with_row_ids = true;
  int64_t batch_rows = 65536;
};

/// One thread at a time.
class StoreReader : public arrow::RecordBatchReader {
 public:
  /// Keeps the core open until it ends; `core` is null for a reader inside a change.
  static arrow::Result<std::shared_ptr<StoreReader>> Make(std::shared_ptr<ColumnStoreCore> core, StoreView view,
                                                          StoreReadPlan plan, StoreScanCounters* counters);
  ~StoreReader() override;

  std::shared_ptr<arrow::Schema> schema() const override { return fetcher_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override;
  /// Gives back what it keeps; ReadNext then finds the end.
  arrow::Status Close() override;

 private:
  StoreReader(std::shared_ptr<ColumnStoreCore> core, StoreView view, StoreReadPlan plan, StoreScanCounters* counters);
  /// Adds rows to the fetcher; false at the end.
  arrow::Result<bool> Step();
  arrow::Result<bool> NextPiece();
  /// Scans the piece's rows instead of fetching each.
  arrow::Status StartStreaming(size_t source);
  arrow::Result<bool> StreamNext();
  arrow::Status FetchNext();
  arrow::Status ReadBatch(std::shared_ptr<arrow::RecordBatch>* batch);

  std::shared_ptr<ColumnStoreCore> core_;
  StoreView view_;
  const StoreReadPlan plan_;
  StoreScanCounters* const counters_;
  OrderedRows rows_;
  std::unique_ptr<RowFetcher> fetcher_;
  size_t next_bounds_ = 0;
  bool is_started_ = false;
  bool is_at_end_ = false;
  bool is_closed_ = false;
  OrderedPiece piece_;
  size_t next_row_ = 0;
  std::vector<RowPlace> places_;
  /// While a piece is streamed.
  std::unique_ptr<TableScan> scan_;
  std::unique_ptr<ScanCursor> cursor_;
  size_t scanned_source_ = 0;
  bool has_morsel_ = false;
  /// What is left of a batch that had more than batch_rows.
  std::shared_ptr<arrow::RecordBatch> rest_;
};

/// Places of rows by ids in any order, repeated or not.
arrow::Result<std::vector<RowPlace>> FindRowsInAnyOrder(const StoreView& view, std::span<const uint64_t> ids);

/// Values of the field's type for a predicate or a bound; 22023 where they do not convert.
arrow::Result<Value> ScalarToValue(const std::shared_ptr<arrow::Scalar>& scalar, LogicalType type);

}  // namespace llkv
