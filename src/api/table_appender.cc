// See table_appender.h.
#include "api/table_appender.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "vector/arrow_bridge.h"

namespace llkv {

namespace {

/// From so many rows on they are written as cold row groups.
constexpr int64_t kColdRows = 32768;

/// Reads a batch whose columns are the table's, as values of the table's types.
arrow::Result<std::unique_ptr<ArrowBatchReader>> ReaderOf(const TableLayout& layout,
                                                          const std::shared_ptr<arrow::RecordBatch>& batch) {
  std::vector<LogicalType> types;
  for (const TableLayout::Column& column : layout.columns) types.push_back(column.type);
  return ArrowBatchReader::Make(batch, arrow::default_memory_pool(), types);
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ArrangeFor(const TableLayout& layout,
                                                              const arrow::RecordBatch& batch) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const TableLayout::Column& column : layout.columns) {
    std::shared_ptr<arrow::Array> array;
    for (int i = 0; i < batch.num_columns() && array == nullptr; ++i) {
      const arrow::Field& field = *batch.schema()->field(i);
      const auto id = field.name() == kRowIdColumnName && !FieldIdOf(field) ? kRowIdField : FieldIdOf(field);
      if (id && id->value == column.field.value) array = batch.column(i);
    }
    if (array == nullptr) {
      ARROW_ASSIGN_OR_RAISE(array, arrow::MakeArrayOfNull(ToArrowType(column.type), batch.num_rows()));
    }
    fields.push_back(arrow::field(column.name, array->type()));
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch.num_rows(), std::move(arrays));
}

arrow::Status TableAppender::Append(const arrow::RecordBatch& batch) {
  if (batch.num_rows() == 0) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto arranged, ArrangeFor(table_.layout(), batch));
  if (bulk_ == nullptr && num_hot_ + batch.num_rows() < kColdRows) {
    num_hot_ += batch.num_rows();
    return AppendHot(arranged);
  }
  if (bulk_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(bulk_, table_.table->MakeBulkWriter(*txn_, nullptr));
  }
  return AppendCold(arranged);
}

arrow::Status TableAppender::AppendHot(const std::shared_ptr<arrow::RecordBatch>& batch) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, ReaderOf(table_.layout(), batch));
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const Batch rows, reader->Next());
    if (rows.num_rows == 0) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(table_.table->Append(*txn_, rows));
  }
}

arrow::Status TableAppender::AppendCold(const std::shared_ptr<arrow::RecordBatch>& batch) {
  bool is_exact = true;
  for (size_t i = 0; i < table_.layout().columns.size(); ++i) {
    const auto wanted = ToArrowType(table_.layout().columns[i].type);
    is_exact = is_exact && batch->column(static_cast<int>(i))->type()->Equals(*wanted);
  }
  if (is_exact) return bulk_->Append(*batch, 0, batch->num_rows());
  ARROW_ASSIGN_OR_RAISE(const auto reader, ReaderOf(table_.layout(), batch));
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const Batch rows, reader->Next());
    if (rows.num_rows == 0) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(bulk_->Append(rows));
  }
}

arrow::Status TableAppender::Finish() {
  return bulk_ == nullptr ? arrow::Status::OK() : std::exchange(bulk_, nullptr)->Finish();
}

arrow::Result<uint64_t> DeletePlaces(Transaction& txn, const StoreView& view, std::span<const RowPlace> places) {
  std::vector<std::vector<RowId>> rows(view.segments.size());
  for (const RowPlace place : places) {
    if (place.exists()) rows[place.segment()].push_back(place.row());
  }
  uint64_t num_deleted = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].empty()) continue;
    ARROW_ASSIGN_OR_RAISE(const uint64_t count, view.segments[i].table->Delete(txn, rows[i]));
    num_deleted += count;
  }
  return num_deleted;
}

StoreView ViewOfTable(const StoreView& view, const StoreTable& table) {
  StoreView of_table;
  of_table.snapshot = view.snapshot;
  of_table.pin = view.pin;
  of_table.segments = {table};
  of_table.sort_bytes = view.sort_bytes;
  return of_table;
}

arrow::Status DeleteFromIndex(Transaction& txn, const StoreView& view, const StoreSortIndex& index,
                              std::span<const uint64_t> ids) {
  const StoreView of_index = ViewOfTable(view, index.table);
  ARROW_ASSIGN_OR_RAISE(const std::vector<RowPlace> places, FindRows(of_index, ids));
  return DeletePlaces(txn, of_index, places).status();
}

}  // namespace llkv
