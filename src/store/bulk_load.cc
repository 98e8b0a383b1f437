// See bulk_load.h.
#include "store/bulk_load.h"

#include <arrow/memory_pool.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "pager/pager.h"
#include "store/cold_rows.h"
#include "store/column/row_group_writer.h"
#include "store/column_table.h"
#include "store/index_keys.h"
#include "store/table_changes.h"

namespace llkv {

namespace {

/// Of the rows that one writer collects, before they are encoded: what keeps memory bounded.
constexpr uint64_t kMaxRowGroupBytes = uint64_t{128} << 20;
/// Rows that are added before that is looked at.
constexpr int64_t kMaxAppend = 8192;

class BulkLoad : public BulkWriter {
 public:
  BulkLoad(std::shared_ptr<ColumnTable> table, TableChanges* changes, VersionStamp stamp,
           std::vector<ColumnSpec> columns, arrow::MemoryPool* pool)
      : table_(std::move(table)), changes_(changes), stamp_(stamp), writer_(std::move(columns), pool) {
    row_ids_.reserve(kMaxBatchRows);
  }

  arrow::Status Append(const Batch& batch) override {
    uint32_t done = 0;
    while (done < batch.num_selected()) {
      ARROW_RETURN_NOT_OK(BeginRows());
      const uint32_t count = std::min(batch.num_selected() - done, writer_.room());
      Batch part = batch;
      part.selection = Selection{SelectedRows(batch.selection) + done, count};
      row_ids_.clear();
      for (uint32_t i = 0; i < count; ++i) row_ids_.push_back(RowId(next_row_++));
      ARROW_RETURN_NOT_OK(writer_.Append(part, row_ids_));
      done += count;
    }
    num_rows_ += done;
    return arrow::Status::OK();
  }

  arrow::Status Append(const arrow::RecordBatch& batch, int64_t offset, int64_t length) override {
    num_rows_ += static_cast<uint64_t>(length);
    while (length > 0) {
      ARROW_RETURN_NOT_OK(BeginRows());
      const int64_t count = std::max<int64_t>(1, writer_.NumRowsThatFit(batch, offset, std::min(length, kMaxAppend)));
      ARROW_RETURN_NOT_OK(writer_.Append(batch, offset, count, RowId(next_row_)));
      next_row_ += static_cast<uint64_t>(count);
      offset += count;
      length -= count;
    }
    return arrow::Status::OK();
  }

  arrow::Status Finish() override {
    ARROW_RETURN_NOT_OK(Seal());
    if (groups_.empty()) return arrow::Status::OK();
    table_->UpdateState([this](TableState& state) {
      for (const std::shared_ptr<ColdRowGroup>& group : groups_) {
        GroupEntry entry;
        entry.first_row = group->descriptor()->first_row_id.value;
        entry.end_row = group->descriptor()->last_row_id.value + 1;
        entry.cold = group;
        state.Add(std::move(entry));
      }
    });
    changes_->AddBulk(std::exchange(groups_, {}), std::exchange(staged_, {}));
    return arrow::Status::OK();
  }

  uint64_t num_rows() const override { return num_rows_; }

 private:
  /// Makes sure that the writer has room, and a page of row ids. Wide rows make smaller row groups.
  arrow::Status BeginRows() {
    if (writer_.room() == 0 || writer_.size_bytes() >= kMaxRowGroupBytes) ARROW_RETURN_NOT_OK(Seal());
    if (writer_.num_rows() == 0) next_row_ = table_->TakeRowPage().value;
    return arrow::Status::OK();
  }

  const uint16_t* SelectedRows(const Selection& selection) {
    if (!selection.IsDense()) return selection.rows;
    for (auto i = static_cast<uint32_t>(all_rows_.size()); i < selection.count; ++i) {
      all_rows_.push_back(static_cast<uint16_t>(i));
    }
    return all_rows_.data();
  }

  arrow::Status Seal() {
    if (writer_.num_rows() == 0) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(EncodedRowGroup encoded, writer_.Finish());
    const TableContext& context = table_->context();
    ARROW_ASSIGN_OR_RAISE(RowGroupDescriptor descriptor, StageRowGroup(std::move(encoded), *context.pager, &staged_));
    auto group = std::make_shared<ColdRowGroup>(table_->layout(),
                                                std::make_shared<const RowGroupDescriptor>(std::move(descriptor)),
                                                RowBitmap(), stamp_, context.pager, context.pool);
    ARROW_ASSIGN_OR_RAISE(const std::vector<IndexLayoutPtr> indexes, changes_->IndexesToKeep());
    for (const IndexLayoutPtr& index : indexes) {
      SortedKeys keys;
      ARROW_RETURN_NOT_OK(CollectKeys(*index, table_->types(), *group, {}, context.pool, &keys));
      keys.Sort();
      ARROW_RETURN_NOT_OK(changes_->AddBulkKeys(index->id, std::move(keys)));
    }
    groups_.push_back(std::move(group));
    return arrow::Status::OK();
  }

  const std::shared_ptr<ColumnTable> table_;
  TableChanges* const changes_;
  const VersionStamp stamp_;
  RowGroupWriter writer_;
  uint64_t next_row_ = 0;
  uint64_t num_rows_ = 0;
  std::vector<RowId> row_ids_;
  std::vector<uint16_t> all_rows_;
  std::vector<std::shared_ptr<ColdRowGroup>> groups_;
  std::vector<StagedBlob> staged_;
};

}  // namespace

arrow::Result<std::unique_ptr<BulkWriter>> MakeBulkLoad(std::shared_ptr<ColumnTable> table, TableChanges* changes,
                                                        VersionStamp stamp, arrow::MemoryPool* pool) {
  std::vector<ColumnSpec> columns;
  for (const TableLayout::Column& column : table->layout().columns) columns.push_back({column.field, column.type});
  if (pool == nullptr) pool = table->context().pool;
  return std::make_unique<BulkLoad>(std::move(table), changes, stamp, std::move(columns), pool);
}

}  // namespace llkv
