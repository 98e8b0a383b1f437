// ColumnStore::Compact, and the making and dropping of sort indexes, which are tables of (row id, value) that Append
// and Delete keep up and Compact puts in the order of the values.
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/column_store_core.h"
#include "api/ordered_rows.h"
#include "api/store_reader.h"
#include "api/table_appender.h"
#include "base/error.h"
#include "engine/error_detail.h"

namespace llkv {

namespace {

/// A row group with fewer rows, and fewer bytes, is small.
constexpr uint32_t kSmallRows = 65536;
constexpr uint64_t kSmallBytes = uint64_t{32} << 20;

bool HasOrder(LogicalType type) {
  switch (type.physical()) {
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
    case PhysicalType::kInt16:
    case PhysicalType::kInt32:
    case PhysicalType::kInt64:
    case PhysicalType::kInt128:
    case PhysicalType::kUInt8:
    case PhysicalType::kUInt16:
    case PhysicalType::kUInt32:
    case PhysicalType::kUInt64:
    case PhysicalType::kFloat:
    case PhysicalType::kDouble:
    case PhysicalType::kString:
    case PhysicalType::kInterval:
      return type.id() != TypeId::kNull;
    default:
      return false;
  }
}

/// Whether a table's row groups are full, have only rows that are there, and do not overlap in a column's values, each
/// being in their order.
arrow::Result<bool> IsCompact(const StoreView& view, const StoreTable& table, uint32_t column) {
  uint32_t num_small = 0;
  bool is_stored = true;
  ARROW_RETURN_NOT_OK(ForEachGroup(*table.table, view.snapshot, [&](const GroupEntry& entry) {
    if (entry.hot != nullptr) {
      is_stored = is_stored && entry.hot->num_rows() == 0;
      return arrow::Status::OK();
    }
    is_stored = is_stored && entry.cold->deletes()->empty();
    uint64_t bytes = 0;
    for (const ChunkDescriptor& chunk : entry.cold->descriptor()->columns) bytes += chunk.size_bytes;
    num_small += entry.cold->num_rows() < kSmallRows && bytes < kSmallBytes ? 1 : 0;
    return arrow::Status::OK();
  }));
  if (!is_stored || num_small > 1) return false;
  OrderedRows rows({{table.table, column, {}}}, view.snapshot, RowName::kPlace, view.sort_bytes, nullptr);
  ARROW_RETURN_NOT_OK(rows.Start(std::nullopt, std::nullopt, false));
  OrderedPiece piece;
  RowPlace last;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool has_piece, rows.Next(&piece));
    if (!has_piece) return true;
    if (piece.rows.size() == 0) continue;
    if (!piece.is_stored_in_order) return false;
    RowPlace first;
    first.packed = piece.rows.row(0).value;
    if (last.exists() && first.row() < last.row()) return false;
    last.packed = piece.rows.row(piece.rows.size() - 1).value;
  }
}

/// Reads all rows of a view's segments in the order of a field into another table.
arrow::Status CopyInOrder(Transaction& txn, StoreView view, LogicalFieldId order, const StoreTable& to) {
  StoreReadPlan plan;
  // Sources are segments by their place. The last one has every field.
  std::erase_if(view.segments, [order](const StoreTable& segment) { return !segment.Find(order); });
  for (const StoreTable& segment : view.segments) plan.sources.push_back({segment.table, *segment.Find(order), {}});
  for (size_t i = 1; i < to.layout().columns.size(); ++i) {
    LogicalFieldId field;
    field.value = to.layout().columns[i].field.value;
    plan.fields.push_back(field);
  }
  plan.batch_rows = 32768;
  ARROW_ASSIGN_OR_RAISE(const auto reader, StoreReader::Make(nullptr, std::move(view), std::move(plan), nullptr));
  TableAppender appender(&txn, to);
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(appender.Append(*batch));
  }
  return appender.Finish();
}

std::vector<TableLayout::Column> ColumnsOf(const StoreTable& table) {
  const std::vector<TableLayout::Column>& columns = table.layout().columns;
  return {columns.begin() + 1, columns.end()};
}

/// Puts what is not compact into new tables; `changed` says whether anything was.
arrow::Status CompactTables(ColumnStoreCore& core, Transaction& txn, bool* changed) {
  ARROW_ASSIGN_OR_RAISE(const StoreView view, core.ViewOf(txn));
  if (view.segments.empty()) return arrow::Status::OK();
  bool is_compact = view.segments.size() == 1;
  if (is_compact) {
    ARROW_ASSIGN_OR_RAISE(is_compact, IsCompact(view, view.segments[0], kRowIdOrdinal));
  }
  if (!is_compact) {
    ARROW_ASSIGN_OR_RAISE(const StoreTable segment,
                          core.CreateTable(txn, ColumnsOf(view.segments.back()), std::nullopt));
    ARROW_RETURN_NOT_OK(CopyInOrder(txn, view, kRowIdField, segment));
    for (const StoreTable& old : view.segments) ARROW_RETURN_NOT_OK(core.DropTable(txn, old));
    *changed = true;
  }
  for (const StoreSortIndex& index : view.indexes) {
    ARROW_ASSIGN_OR_RAISE(const bool is_index_compact, IsCompact(view, index.table, 1));
    if (is_index_compact) continue;
    ARROW_ASSIGN_OR_RAISE(const StoreTable table, core.CreateTable(txn, ColumnsOf(index.table), index.field));
    ARROW_RETURN_NOT_OK(CopyInOrder(txn, ViewOfTable(view, index.table), index.field, table));
    ARROW_RETURN_NOT_OK(core.DropTable(txn, index.table));
    *changed = true;
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Status ColumnStore::Compact() {
  ColumnStoreCore& core = *impl_->core;
  // Rows in memory become row groups, which may be all that there is to do.
  ARROW_RETURN_NOT_OK(WithDetail(core.Checkpoint()));
  bool changed = false;
  ARROW_RETURN_NOT_OK(
      WithDetail(core.Change([&core, &changed](Transaction& txn) { return CompactTables(core, txn, &changed); })));
  return changed ? WithDetail(core.Checkpoint()) : arrow::Status::OK();
}

arrow::Status ColumnStore::CreateSortIndex(LogicalFieldId field) {
  ColumnStoreCore& core = *impl_->core;
  return WithDetail(core.Change([&core, field](Transaction& txn) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const StoreView view, core.ViewOf(txn));
    ARROW_ASSIGN_OR_RAISE(const TableLayout::Column column, view.FindField(field));
    if (view.FindIndex(field) != nullptr) return arrow::Status::OK();
    if (field == kRowIdField || !HasOrder(column.type)) {
      return NotSupported("a sort index of a field of type " + column.type.ToString());
    }
    ARROW_ASSIGN_OR_RAISE(const StoreTable table, core.CreateTable(txn, {column}, field));
    return CopyInOrder(txn, view, field, table);
  }));
}

arrow::Status ColumnStore::DropSortIndex(LogicalFieldId field) {
  ColumnStoreCore& core = *impl_->core;
  return WithDetail(core.Change([&core, field](Transaction& txn) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const StoreView view, core.ViewOf(txn));
    const StoreSortIndex* index = view.FindIndex(field);
    if (index == nullptr) return SqlError(sqlstate::kUndefinedObject, "the field has no sort index");
    return core.DropTable(txn, index->table);
  }));
}

}  // namespace llkv
