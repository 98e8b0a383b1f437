// ColumnStore::Append and Delete.
#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/initialize.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/column_store_core.h"
#include "api/row_fetcher.h"
#include "api/store_reader.h"
#include "api/table_appender.h"
#include "base/error.h"
#include "engine/error_detail.h"

namespace llkv {

namespace {

/// A segment of at most so many rows is moved into the next one when that begins.
constexpr double kMaxMovedRows = 32768;
/// All segments are moved when there are so many.
constexpr size_t kMaxKeptSegments = 32;

arrow::Status BadBatch(std::string message) { return SqlError(sqlstate::kInvalidParameter, std::move(message)); }

arrow::Result<std::shared_ptr<arrow::Array>> TakeRows(const std::shared_ptr<arrow::Array>& array,
                                                      const std::shared_ptr<arrow::Array>& indices) {
  static const arrow::Status initialized = arrow::compute::Initialize();
  ARROW_RETURN_NOT_OK(initialized);
  return arrow::compute::Take(*array, *indices);
}

/// One Append: the batch's rows in order, each id once, and what becomes of them.
class BatchAppend {
 public:
  BatchAppend(ColumnStoreCore* core, const arrow::RecordBatch& batch) : core_(*core), batch_(batch) {}

  /// Looks at the batch alone.
  arrow::Status Prepare() {
    ARROW_RETURN_NOT_OK(ReadSchema());
    return SortRows();
  }

  arrow::Status Run(Transaction& txn) {
    ARROW_ASSIGN_OR_RAISE(view_, core_.ViewOf(txn));
    ARROW_ASSIGN_OR_RAISE(const bool has_new, CheckFields());
    if (has_new || view_.segments.empty()) ARROW_RETURN_NOT_OK(BeginSegment(txn));
    if (ids_.empty()) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const std::vector<RowPlace> places, FindRows(view_, ids_));
    ARROW_ASSIGN_OR_RAISE(const auto rows, Complete(places));
    for (const StoreSortIndex& index : view_.indexes) ARROW_RETURN_NOT_OK(UpdateIndex(txn, index, places));
    ARROW_RETURN_NOT_OK(DeletePlaces(txn, view_, places).status());
    TableAppender appender(&txn, view_.segments.back());
    ARROW_RETURN_NOT_OK(appender.Append(*rows));
    return appender.Finish();
  }

 private:
  struct Column {
    LogicalFieldId field;
    LogicalType type;
    std::string name;
    std::shared_ptr<arrow::Array> values;
  };

  arrow::Status ReadSchema() {
    std::set<LogicalFieldId> seen;
    for (int i = 0; i < batch_.num_columns(); ++i) {
      const arrow::Field& field = *batch_.schema()->field(i);
      const auto id = FieldIdOf(field);
      if (field.name() == kRowIdColumnName && (!id || *id == kRowIdField)) {
        if (row_ids_ != nullptr) return BadBatch("a batch has two columns of row ids");
        if (field.type()->id() != arrow::Type::UINT64) return BadBatch("row ids are uint64");
        row_ids_ = std::static_pointer_cast<arrow::UInt64Array>(batch_.column(i));
        continue;
      }
      if (!id) return BadBatch("column \"" + field.name() + "\" has no field id in its metadata");
      if (id->space() == FieldNamespace::kRowId) return BadBatch("row ids cannot be written as a field");
      if (!seen.insert(*id).second) return BadBatch("a batch has field " + std::to_string(id->number()) + " twice");
      ARROW_ASSIGN_OR_RAISE(const LogicalType type, FromArrowField(field));
      if (type.id() == TypeId::kNull) return NotSupported("a field of type null cannot be stored");
      if (type.IsAny()) return NotSupported("a field of type llkv.any can only be stored by SQL");
      columns_.push_back({*id, type, field.name(), batch_.column(i)});
    }
    if (row_ids_ == nullptr) return BadBatch("a batch has no column \"row_id\"");
    if (row_ids_->null_count() > 0) return SqlError(sqlstate::kNotNullViolation, "a row id is NULL");
    return arrow::Status::OK();
  }

  arrow::Status SortRows() {
    const auto num_rows = static_cast<size_t>(batch_.num_rows());
    const std::span<const uint64_t> given(row_ids_->raw_values(), num_rows);
    if (std::adjacent_find(given.begin(), given.end(), std::greater_equal<>()) == given.end()) {
      ids_.assign(given.begin(), given.end());
      return arrow::Status::OK();
    }
    std::vector<int64_t> order(num_rows);
    std::iota(order.begin(), order.end(), int64_t{0});
    std::sort(order.begin(), order.end(), [&given](int64_t a, int64_t b) {
      const uint64_t id_a = given[static_cast<size_t>(a)];
      const uint64_t id_b = given[static_cast<size_t>(b)];
      return id_a != id_b ? id_a < id_b : a < b;
    });
    arrow::Int64Builder kept;
    for (size_t i = 0; i < num_rows; ++i) {
      const uint64_t id = given[static_cast<size_t>(order[i])];
      // The last row with an id counts.
      if (i + 1 < num_rows && given[static_cast<size_t>(order[i + 1])] == id) continue;
      ARROW_RETURN_NOT_OK(kept.Append(order[i]));
      ids_.push_back(id);
    }
    ARROW_ASSIGN_OR_RAISE(const auto indices, kept.Finish());
    for (Column& column : columns_) {
      ARROW_ASSIGN_OR_RAISE(column.values, TakeRows(column.values, indices));
    }
    return arrow::Status::OK();
  }

  const Column* FindColumn(LogicalFieldId field) const {
    const auto found =
        std::find_if(columns_.begin(), columns_.end(), [field](const Column& one) { return one.field == field; });
    return found == columns_.end() ? nullptr : &*found;
  }

  /// Whether there is a field that no segment has.
  arrow::Result<bool> CheckFields() const {
    bool has_new = false;
    for (const Column& column : columns_) {
      const auto known = view_.FindField(column.field);
      has_new = has_new || !known.ok();
      if (!known.ok() || known->type == column.type) continue;
      return SqlError(sqlstate::kDatatypeMismatch, "field " + std::to_string(column.field.number()) + " (\"" +
                                                       known->name + "\") is " + known->type.ToString() +
                                                       ", and the batch has " + column.type.ToString());
    }
    return has_new;
  }

  /// Begins a segment that has all fields, the batch's too, and moves small ones into it.
  arrow::Status BeginSegment(Transaction& txn) {
    std::vector<TableLayout::Column> columns;
    if (!view_.segments.empty()) {
      const std::vector<TableLayout::Column>& old = view_.segments.back().layout().columns;
      columns.assign(old.begin() + 1, old.end());
    }
    for (const Column& column : columns_) {
      if (!view_.FindField(column.field).ok())
        columns.push_back({FieldId(column.field.value), column.type, column.name});
    }
    ARROW_ASSIGN_OR_RAISE(const StoreTable segment, core_.CreateTable(txn, std::move(columns), std::nullopt));
    const bool moves_all = view_.segments.size() >= kMaxKeptSegments;
    std::vector<StoreTable> moved;
    for (const StoreTable& table : view_.segments) {
      ARROW_ASSIGN_OR_RAISE(const TableStatistics statistics, table.table->GetStatistics());
      if (moves_all || statistics.num_rows <= kMaxMovedRows) moved.push_back(table);
    }
    ARROW_RETURN_NOT_OK(MoveRows(txn, moved, segment));
    ARROW_RETURN_NOT_OK(txn.EndStatement());
    ARROW_RETURN_NOT_OK(txn.BeginStatement());
    return core_.ViewOf(txn).Value(&view_);
  }

  arrow::Status MoveRows(Transaction& txn, const std::vector<StoreTable>& from, const StoreTable& to) {
    StoreView view;
    view.snapshot = txn.snapshot();
    view.segments = from;
    StoreReadPlan plan;
    for (const StoreTable& table : from) plan.sources.push_back({table.table, kRowIdOrdinal, {}});
    // Knows all of the fields, and has no rows yet.
    view.segments.push_back(to);
    for (size_t i = 1; i < to.layout().columns.size(); ++i) {
      LogicalFieldId field;
      field.value = to.layout().columns[i].field.value;
      plan.fields.push_back(field);
    }
    ARROW_ASSIGN_OR_RAISE(const auto reader, StoreReader::Make(nullptr, std::move(view), std::move(plan), nullptr));
    TableAppender appender(&txn, to);
    while (true) {
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
      if (batch == nullptr) break;
      ARROW_RETURN_NOT_OK(appender.Append(*batch));
    }
    ARROW_RETURN_NOT_OK(appender.Finish());
    for (const StoreTable& table : from) ARROW_RETURN_NOT_OK(core_.DropTable(txn, table));
    return arrow::Status::OK();
  }

  /// The rows as they will be: with the cells of fields that the batch does not name as they are.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Complete(const std::vector<RowPlace>& places) {
    arrow::UInt64Builder ids;
    ARROW_RETURN_NOT_OK(ids.AppendValues(ids_));
    arrow::FieldVector fields = {RowIdField()};
    arrow::ArrayVector arrays(1);
    ARROW_RETURN_NOT_OK(ids.Finish(arrays.data()));
    for (const Column& column : columns_) {
      fields.push_back(FieldFor(column.field, column.name, column.values->type()));
      arrays.push_back(column.values);
    }
    std::vector<RowPlace> existing;
    std::copy_if(places.begin(), places.end(), std::back_inserter(existing), [](RowPlace one) { return one.exists(); });
    std::vector<LogicalFieldId> kept;
    for (const TableLayout::Column& column : view_.segments.back().layout().columns) {
      LogicalFieldId field;
      field.value = column.field.value;
      if (field != kRowIdField && FindColumn(field) == nullptr) kept.push_back(field);
    }
    if (!existing.empty() && !kept.empty()) {
      ARROW_ASSIGN_OR_RAISE(const auto fetcher, RowFetcher::Make(&view_, kept, false));
      ARROW_RETURN_NOT_OK(fetcher->Add(existing));
      ARROW_ASSIGN_OR_RAISE(const auto old, fetcher->Finish());
      arrow::Int64Builder from;
      int64_t next = 0;
      for (const RowPlace place : places) {
        ARROW_RETURN_NOT_OK(place.exists() ? from.Append(next++) : from.AppendNull());
      }
      ARROW_ASSIGN_OR_RAISE(const auto indices, from.Finish());
      for (int i = 0; i < old->num_columns(); ++i) {
        fields.push_back(old->schema()->field(i));
        ARROW_ASSIGN_OR_RAISE(auto values, TakeRows(old->column(i), indices));
        arrays.push_back(std::move(values));
      }
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), static_cast<int64_t>(ids_.size()),
                                    std::move(arrays));
  }

  arrow::Status UpdateIndex(Transaction& txn, const StoreSortIndex& index, const std::vector<RowPlace>& places) {
    const Column* column = FindColumn(index.field);
    if (column == nullptr) return arrow::Status::OK();
    std::vector<uint64_t> existing;
    for (size_t i = 0; i < ids_.size(); ++i) {
      if (places[i].exists()) existing.push_back(ids_[i]);
    }
    ARROW_RETURN_NOT_OK(DeleteFromIndex(txn, view_, index, existing));
    arrow::UInt64Builder ids;
    arrow::Int64Builder rows;
    for (size_t i = 0; i < ids_.size(); ++i) {
      if (column->values->IsNull(static_cast<int64_t>(i))) continue;
      ARROW_RETURN_NOT_OK(ids.Append(ids_[i]));
      ARROW_RETURN_NOT_OK(rows.Append(static_cast<int64_t>(i)));
    }
    ARROW_ASSIGN_OR_RAISE(const auto indices, rows.Finish());
    arrow::ArrayVector arrays(2);
    ARROW_RETURN_NOT_OK(ids.Finish(arrays.data()));
    ARROW_ASSIGN_OR_RAISE(arrays[1], TakeRows(column->values, indices));
    auto schema = arrow::schema({RowIdField(), FieldFor(index.field, column->name, arrays[1]->type())});
    TableAppender appender(&txn, index.table);
    ARROW_RETURN_NOT_OK(
        appender.Append(*arrow::RecordBatch::Make(std::move(schema), indices->length(), std::move(arrays))));
    return appender.Finish();
  }

  ColumnStoreCore& core_;
  const arrow::RecordBatch& batch_;
  std::shared_ptr<arrow::UInt64Array> row_ids_;
  std::vector<Column> columns_;
  /// Ascending, each once; `columns_` has their rows.
  std::vector<uint64_t> ids_;
  StoreView view_;
};

}  // namespace

arrow::Status ColumnStore::Append(const arrow::RecordBatch& batch) {
  BatchAppend append(impl_->core.get(), batch);
  ARROW_RETURN_NOT_OK(WithDetail(append.Prepare()));
  return WithDetail(impl_->core->Change([&append](Transaction& txn) { return append.Run(txn); }));
}

arrow::Result<uint64_t> ColumnStore::Delete(std::span<const uint64_t> row_ids) {
  std::vector<uint64_t> ids(row_ids.begin(), row_ids.end());
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  uint64_t num_deleted = 0;
  const arrow::Status status = impl_->core->Change([&](Transaction& txn) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const StoreView view, impl_->core->ViewOf(txn));
    ARROW_ASSIGN_OR_RAISE(const std::vector<RowPlace> places, FindRows(view, ids));
    ARROW_ASSIGN_OR_RAISE(num_deleted, DeletePlaces(txn, view, places));
    for (const StoreSortIndex& index : view.indexes) ARROW_RETURN_NOT_OK(DeleteFromIndex(txn, view, index, ids));
    return arrow::Status::OK();
  });
  if (!status.ok()) return WithDetail(status);
  return num_deleted;
}

}  // namespace llkv
