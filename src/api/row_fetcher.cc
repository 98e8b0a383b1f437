// See row_fetcher.h.
#include "api/row_fetcher.h"

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"

namespace llkv {

namespace {

/// With the field's id, and the SQL type where Arrow's does not tell it.
std::shared_ptr<arrow::Field> FieldOf(LogicalFieldId id, const TableLayout::Column& column) {
  const auto typed = ToArrowField(column.name, column.type);
  const auto named = FieldFor(id, column.name, typed->type());
  return typed->metadata() == nullptr ? named : named->WithMergedMetadata(typed->metadata());
}

}  // namespace

arrow::Result<std::unique_ptr<RowFetcher>> RowFetcher::Make(const StoreView* view,
                                                            std::span<const LogicalFieldId> fields, bool with_row_ids) {
  std::unique_ptr<RowFetcher> fetcher(new RowFetcher());
  fetcher->view_ = view;
  std::vector<LogicalFieldId>& all = fetcher->fields_;
  if (with_row_ids) all.push_back(kRowIdField);
  all.insert(all.end(), fields.begin(), fields.end());
  std::vector<std::string> names;
  arrow::FieldVector schema;
  for (const LogicalFieldId id : all) {
    ARROW_ASSIGN_OR_RAISE(const TableLayout::Column column, view->FindField(id));
    fetcher->types_.push_back(column.type);
    names.push_back(column.name);
    schema.push_back(id == kRowIdField ? RowIdField() : FieldOf(id, column));
  }
  fetcher->schema_ = arrow::schema(std::move(schema));
  ARROW_ASSIGN_OR_RAISE(fetcher->builder_,
                        RecordBatchBuilder::Make(names, fetcher->types_, arrow::default_memory_pool()));
  for (const LogicalType type : fetcher->types_) fetcher->null_values_.push_back(Value::Null(type));
  for (size_t i = 0; i < all.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(ScratchVector nulls, ScratchVector::Make(fetcher->types_[i], arrow::default_memory_pool()));
    fetcher->nulls_.push_back(std::move(nulls));
    SetConstant(fetcher->null_values_[i], fetcher->nulls_[i]);
  }
  for (const StoreTable& table : view->segments) {
    Segment segment;
    for (const LogicalFieldId id : all) {
      const auto ordinal = table.Find(id);
      segment.from.push_back(ordinal ? static_cast<int>(segment.ordinals.size()) : -1);
      if (ordinal) segment.ordinals.push_back(*ordinal);
    }
    fetcher->segments_.push_back(std::move(segment));
  }
  fetcher->columns_.resize(all.size());
  return fetcher;
}

arrow::Status RowFetcher::AddBatch(size_t segment, const Batch& batch) {
  const std::vector<int>& from = segments_[segment].from;
  for (size_t i = 0; i < columns_.size(); ++i) {
    columns_[i] = from[i] < 0 ? nulls_[i].vector() : batch.columns[static_cast<size_t>(from[i])];
  }
  Batch out = batch;
  out.columns = columns_;
  return builder_->Append(out);
}

arrow::Status RowFetcher::Add(std::span<const RowPlace> rows) {
  while (!rows.empty()) {
    const size_t place = rows[0].segment();
    size_t count = 0;
    ids_.clear();
    while (count < rows.size() && count < kMaxBatchRows && rows[count].segment() == place) {
      ids_.push_back(rows[count].row());
      ++count;
    }
    Segment& segment = segments_[place];
    TableStore& table = *view_->segments[place].table;
    if (segment.buffer == nullptr) {
      ARROW_ASSIGN_OR_RAISE(segment.buffer, table.MakeGatherBuffer(segment.ordinals, arrow::default_memory_pool()));
    }
    ARROW_RETURN_NOT_OK(table.Gather(view_->snapshot, ids_, *segment.buffer));
    if (segment.buffer->batch().num_selected() != count) return Corrupted("a row of the column store is missing");
    ARROW_RETURN_NOT_OK(AddBatch(place, segment.buffer->batch()));
    rows = rows.subspan(count);
  }
  return arrow::Status::OK();
}

arrow::Status RowFetcher::AddMissing(uint64_t row_id) {
  ARROW_ASSIGN_OR_RAISE(ScratchVector id, ScratchVector::Make(TypeId::kUBigInt, arrow::default_memory_pool()));
  const Value value = Value::Integer(TypeId::kUBigInt, int128_t{row_id});
  SetConstant(value, id);
  for (size_t i = 0; i < columns_.size(); ++i) {
    columns_[i] = fields_[i] == kRowIdField ? id.vector() : nulls_[i].vector();
  }
  Batch batch;
  batch.columns = columns_;
  batch.num_rows = 1;
  batch.selection = Selection::All(1);
  return builder_->Append(batch);
}

std::vector<uint32_t> RowFetcher::ScanColumns(size_t segment) const { return segments_[segment].ordinals; }

arrow::Status RowFetcher::AddScanned(size_t segment, const Batch& batch) { return AddBatch(segment, batch); }

arrow::Result<std::shared_ptr<arrow::RecordBatch>> RowFetcher::Finish() {
  const int64_t num_rows = builder_->num_rows();
  ARROW_ASSIGN_OR_RAISE(const auto batch, builder_->Finish());
  return arrow::RecordBatch::Make(schema_, num_rows, batch->columns());
}

}  // namespace llkv
