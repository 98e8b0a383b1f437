// RowFetcher: rows of a store's view as record batches: rows by place, or batches of a scan of one segment. Fields that
// a segment does not have are NULL.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <span>
#include <vector>

#include "api/column_store_core.h"
#include "vector/arrow_bridge.h"
#include "vector/scratch.h"

namespace llkv {

/// One thread.
class RowFetcher {
 public:
  /// `view` outlives the fetcher. 42703 for a field that is not there.
  static arrow::Result<std::unique_ptr<RowFetcher>> Make(const StoreView* view, std::span<const LogicalFieldId> fields,
                                                         bool with_row_ids);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  int64_t num_rows() const { return builder_->num_rows(); }
  /// The batch has become large, whatever its number of rows.
  bool is_full() const { return builder_->largest_text_bytes() >= kMaxTextBytes; }

  /// Adds rows that exist.
  arrow::Status Add(std::span<const RowPlace> rows);
  /// Adds a row with this id and NULL in all fields.
  arrow::Status AddMissing(uint64_t row_id);
  /// The columns to ask a scan of a segment for.
  std::vector<uint32_t> ScanColumns(size_t segment) const;
  /// Adds a batch of such a scan.
  arrow::Status AddScanned(size_t segment, const Batch& batch);

  /// What was added since the last Finish.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Finish();

 private:
  static constexpr int64_t kMaxTextBytes = int64_t{256} << 20;
  /// What of a segment comes out.
  struct Segment {
    /// Of the columns that it has; -1 in `from` where it has not.
    std::vector<uint32_t> ordinals;
    std::vector<int> from;
    std::unique_ptr<GatherBuffer> buffer;
  };
  RowFetcher() = default;
  arrow::Status AddBatch(size_t segment, const Batch& batch);

  const StoreView* view_ = nullptr;
  std::vector<LogicalFieldId> fields_;
  std::vector<LogicalType> types_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<Segment> segments_;
  std::unique_ptr<RecordBatchBuilder> builder_;
  /// NULLs of each column's type.
  std::vector<ScratchVector> nulls_;
  std::vector<Value> null_values_;
  std::vector<Vector> columns_;
  std::vector<RowId> ids_;
};

}  // namespace llkv
