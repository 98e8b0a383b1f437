// What a ColumnStore tells of itself: statistics, layout, I/O, and the integrity check.
#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/column_store_core.h"
#include "api/ordered_rows.h"
#include "api/store_reader.h"
#include "api/table_appender.h"
#include "base/error.h"
#include "engine/error_detail.h"
#include "pager/pager.h"
#include "store/key_encoding.h"
#include "vector/arrow_bridge.h"

namespace llkv {

namespace {

constexpr size_t kMaxFindings = 1000;

/// Rows of a table that a snapshot sees and for which the predicates hold.
arrow::Result<uint64_t> CountRows(const StoreView& view, const StoreTable& table,
                                  std::vector<ScanPredicate> predicates) {
  ScanRequest request;
  request.predicates = std::move(predicates);
  request.snapshot = view.snapshot;
  ARROW_ASSIGN_OR_RAISE(const auto scan, table.table->OpenScan(std::move(request)));
  ARROW_ASSIGN_OR_RAISE(const auto cursor, scan->MakeCursor(arrow::default_memory_pool()));
  uint64_t num_rows = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool has_morsel, scan->NextMorsel(*cursor));
    if (!has_morsel) return num_rows;
    Batch batch;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const bool has_batch, cursor->Next(&batch));
      if (!has_batch) break;
      num_rows += batch.num_selected();
    }
  }
}

arrow::Result<std::shared_ptr<arrow::Scalar>> ScalarOf(const Value& value) {
  if (value.is_null()) return nullptr;
  const std::vector<std::string> names = {"value"};
  const std::vector<LogicalType> types = {value.type()};
  ARROW_ASSIGN_OR_RAISE(const auto builder, RecordBatchBuilder::Make(names, types, arrow::default_memory_pool()));
  ARROW_ASSIGN_OR_RAISE(ScratchVector constant, ScratchVector::Make(value.type(), arrow::default_memory_pool()));
  SetConstant(value, constant);
  Batch batch;
  batch.columns = {&constant.vector(), 1};
  batch.num_rows = 1;
  batch.selection = Selection::All(1);
  ARROW_RETURN_NOT_OK(builder->Append(batch));
  ARROW_ASSIGN_OR_RAISE(const auto built, builder->Finish());
  return built->column(0)->GetScalar(0);
}

/// Bounds that hold for all of several parts.
struct Bounds {
  Value min;
  Value max;
  bool is_known = true;

  void Add(const Value& low, const Value& high) {
    if (low.is_null() || high.is_null()) {
      is_known = false;
      return;
    }
    if (min.is_null() || CompareValues(low, min) < 0) min = low;
    if (max.is_null() || CompareValues(high, max) > 0) max = high;
  }
};

/// Whether the bounds of a chunk are values of its type: a cut JSON or BIT is none.
bool AreValues(const ChunkDescriptor& chunk) {
  const bool is_cut = !chunk.statistics.min_is_exact || !chunk.statistics.max_is_exact;
  return !is_cut || (chunk.type.id() != TypeId::kJson && chunk.type.id() != TypeId::kBit);
}

arrow::Result<FieldStatistics> StatisticsOf(const StoreView& view, LogicalFieldId field) {
  FieldStatistics statistics;
  statistics.field = field;
  Bounds bounds;
  DistinctSketch sketch;
  uint64_t num_hot = 0;
  for (const StoreTable& segment : view.segments) {
    const auto ordinal = segment.Find(field);
    if (!ordinal) continue;
    ARROW_ASSIGN_OR_RAISE(const uint64_t num_values,
                          CountRows(view, segment, {{*ordinal, PredicateOp::kIsNotNull, {}}}));
    statistics.num_values += num_values;
    ARROW_RETURN_NOT_OK(ForEachGroup(*segment.table, view.snapshot, [&](const GroupEntry& entry) {
      if (entry.hot != nullptr) {
        Value min;
        Value max;
        HotBounds(*entry.hot, *ordinal, &min, &max);
        if (!min.is_null()) bounds.Add(min, max);
        num_hot += entry.hot->num_rows();
        return arrow::Status::OK();
      }
      const size_t index = entry.cold->ColumnIndex(*ordinal);
      if (index == ColdRowGroup::kNoColumn) return arrow::Status::OK();
      const ChunkDescriptor& chunk = entry.cold->descriptor()->columns[index];
      statistics.size_bytes += chunk.size_bytes;
      if (chunk.statistics.num_nulls == chunk.num_rows) return arrow::Status::OK();
      bounds.is_known = bounds.is_known && AreValues(chunk);
      bounds.Add(chunk.statistics.min, chunk.statistics.max);
      sketch.Merge(chunk.statistics.sketch);
      return arrow::Status::OK();
    }));
  }
  // Rows in memory are in no sketch: as many as there are may be new values.
  statistics.num_distinct =
      std::min(sketch.Estimate() + static_cast<double>(num_hot), static_cast<double>(statistics.num_values));
  if (statistics.num_values > 0 && bounds.is_known) {
    ARROW_ASSIGN_OR_RAISE(statistics.min, ScalarOf(bounds.min));
    ARROW_ASSIGN_OR_RAISE(statistics.max, ScalarOf(bounds.max));
  }
  return statistics;
}

std::string EncodingName(ChunkEncoding encoding) {
  switch (encoding) {
    case ChunkEncoding::kFlat:
      return "flat";
    case ChunkEncoding::kConstant:
      return "constant";
    case ChunkEncoding::kDictionary:
      return "dictionary";
    case ChunkEncoding::kNarrow:
      return "narrow";
    case ChunkEncoding::kRunEnd:
      return "run_end";
    case ChunkEncoding::kText:
      return "text";
    case ChunkEncoding::kDecimal:
      return "decimal";
    case ChunkEncoding::kNested:
      return "nested";
    default:
      return "encoding " + std::to_string(static_cast<int>(encoding));
  }
}

uint64_t NumDeleted(const GroupEntry& entry, const Snapshot& snapshot, uint64_t num_rows) {
  if (entry.cold != nullptr) return entry.cold->deletes()->CountDeleted(snapshot);
  uint64_t num_deleted = 0;
  for (uint32_t slot = 0; slot < num_rows; ++slot) {
    num_deleted += snapshot.SeesRow(entry.hot->created_by(slot).load(), entry.hot->deleted_by(slot).load()) ? 0 : 1;
  }
  return num_deleted;
}

RowGroupLayout LayoutOf(const StoreView& view, const StoreTable& segment, const GroupEntry& entry) {
  RowGroupLayout layout;
  layout.segment = segment.layout().id.value;
  layout.is_hot = entry.hot != nullptr;
  layout.num_rows = entry.hot != nullptr ? entry.hot->num_rows() : entry.cold->num_rows();
  layout.num_deleted = NumDeleted(entry, view.snapshot, layout.num_rows);
  Value min;
  Value max;
  if (entry.hot != nullptr) {
    HotBounds(*entry.hot, kRowIdOrdinal, &min, &max);
  } else if (const size_t index = entry.cold->ColumnIndex(kRowIdOrdinal); index != ColdRowGroup::kNoColumn) {
    min = entry.cold->descriptor()->columns[index].statistics.min;
    max = entry.cold->descriptor()->columns[index].statistics.max;
  }
  if (!min.is_null() && !max.is_null()) {
    layout.row_ids = {static_cast<uint64_t>(min.integer()), static_cast<uint64_t>(max.integer())};
  }
  for (const TableLayout::Column& column : segment.layout().columns) {
    ChunkLayout chunk;
    chunk.field.value = column.field.value;
    chunk.encoding = "hot";
    if (entry.cold != nullptr) {
      const ChunkDescriptor* descriptor = entry.cold->descriptor()->Find(column.field);
      if (descriptor == nullptr) continue;
      chunk.encoding = EncodingName(descriptor->encoding);
      chunk.num_nulls = descriptor->statistics.num_nulls;
      chunk.size_bytes = descriptor->size_bytes;
    }
    layout.chunks.push_back(std::move(chunk));
  }
  return layout;
}

/// Collects sentences, up to a bound.
class Findings {
 public:
  arrow::Status Add(std::string what) {
    if (lines_.size() == kMaxFindings) return arrow::Status::Cancelled("enough findings");
    lines_.push_back(std::move(what));
    return arrow::Status::OK();
  }
  bool is_full() const { return lines_.size() == kMaxFindings; }
  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  std::vector<std::string> lines_;
};

arrow::Status CheckTables(ColumnStoreCore& core, const StoreView& view, Findings* findings) {
  std::set<TableId> known;
  for (const StoreTable& segment : view.segments) known.insert(segment.layout().id);
  for (const StoreSortIndex& index : view.indexes) known.insert(index.table.layout().id);
  for (const TableId table : core.storage().TableIds()) {
    if (table.value < kFirstUserTableId || known.contains(table)) continue;
    ARROW_RETURN_NOT_OK(
        findings->Add("table " + std::to_string(table.value) + " is stored, and the store has no such"));
  }
  return arrow::Status::OK();
}

/// That no row id is in two segments.
arrow::Status CheckRowIds(const StoreView& view, Findings* findings) {
  std::vector<OrderedSource> sources;
  for (const StoreTable& segment : view.segments) sources.push_back({segment.table, kRowIdOrdinal, {}});
  OrderedRows rows(std::move(sources), view.snapshot, RowName::kPlace, view.sort_bytes, nullptr);
  ARROW_RETURN_NOT_OK(rows.Start(std::nullopt, std::nullopt, false));
  OrderedPiece piece;
  std::string last;
  const LogicalType type = TypeId::kUBigInt;
  const IndexPart part;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool has_piece, rows.Next(&piece));
    if (!has_piece) return arrow::Status::OK();
    for (size_t i = 0; i < piece.rows.size(); ++i) {
      const std::string_view key = piece.rows.key(i);
      if (key == last) {
        ARROW_RETURN_NOT_OK(findings->Add("row " + KeyToString({&type, 1}, {&part, 1}, key) + " is there twice"));
      }
      last = key;
    }
  }
}

arrow::Result<std::shared_ptr<StoreReader>> ReadField(const StoreView& view, LogicalFieldId field) {
  StoreReadPlan plan;
  for (const StoreTable& segment : view.segments) {
    const auto ordinal = segment.Find(field);
    OrderedSource source{segment.table, kRowIdOrdinal, {}};
    source.predicates = {ordinal ? ScanPredicate{*ordinal, PredicateOp::kIsNotNull, {}}
                                 : ScanPredicate{kRowIdOrdinal, PredicateOp::kIsNull, {}}};
    plan.sources.push_back(std::move(source));
  }
  plan.fields = {field};
  return StoreReader::Make(nullptr, view, std::move(plan), nullptr);
}

/// That a sort index has each value of its field.
arrow::Status CheckSortIndex(const StoreView& view, const StoreSortIndex& index, Findings* findings) {
  const std::string name = "the sort index of field " + std::to_string(index.field.number());
  ARROW_ASSIGN_OR_RAISE(const auto rows, ReadField(view, index.field));
  ARROW_ASSIGN_OR_RAISE(const auto entries, ReadField(ViewOfTable(view, index.table), index.field));
  while (true) {
    std::shared_ptr<arrow::RecordBatch> of_rows;
    std::shared_ptr<arrow::RecordBatch> of_index;
    ARROW_RETURN_NOT_OK(rows->ReadNext(&of_rows));
    ARROW_RETURN_NOT_OK(entries->ReadNext(&of_index));
    if (of_rows == nullptr && of_index == nullptr) return arrow::Status::OK();
    const bool is_same = of_rows != nullptr && of_index != nullptr &&
                         of_rows->Equals(*of_index, /*check_metadata=*/false, arrow::EqualOptions().nans_equal(true));
    if (!is_same) return findings->Add(name + " and the rows differ");
  }
}

}  // namespace

arrow::Result<StoreStatistics> ColumnStore::Statistics() const {
  const auto collect = [&]() -> arrow::Result<StoreStatistics> {
    ARROW_ASSIGN_OR_RAISE(const StoreView view, impl_->core->NewestView());
    StoreStatistics statistics;
    for (const StoreTable& segment : view.segments) {
      ARROW_ASSIGN_OR_RAISE(const uint64_t num_rows, CountRows(view, segment, {}));
      statistics.num_rows += num_rows;
    }
    if (view.segments.empty()) return statistics;
    for (const TableLayout::Column& column : view.segments.back().layout().columns) {
      LogicalFieldId field;
      field.value = column.field.value;
      if (field == kRowIdField) continue;
      ARROW_ASSIGN_OR_RAISE(FieldStatistics one, StatisticsOf(view, field));
      statistics.fields.push_back(std::move(one));
    }
    std::sort(statistics.fields.begin(), statistics.fields.end(),
              [](const FieldStatistics& a, const FieldStatistics& b) { return a.field < b.field; });
    return statistics;
  };
  auto statistics = collect();
  if (!statistics.ok()) return WithDetail(statistics.status());
  return statistics;
}

arrow::Result<StoreLayout> ColumnStore::Layout() const {
  const auto view = impl_->core->NewestView();
  if (!view.ok()) return WithDetail(view.status());
  StoreLayout layout;
  for (const StoreTable& segment : view->segments) {
    const arrow::Status visited = ForEachGroup(*segment.table, view->snapshot, [&](const GroupEntry& entry) {
      layout.row_groups.push_back(LayoutOf(*view, segment, entry));
      return arrow::Status::OK();
    });
    if (!visited.ok()) return WithDetail(visited);
  }
  const PagerStats stats = impl_->core->storage().pager().stats();
  layout.bytes_live = stats.space_live_bytes;
  layout.bytes_dead = stats.dead_bytes;
  layout.bytes_pinned = stats.space_pinned_bytes;
  layout.log_bytes = stats.log_bytes;
  layout.file_bytes = stats.size_bytes;
  return layout;
}

IoStatistics ColumnStore::Io() const {
  const StoreScanCounters& counters = impl_->core->counters();
  const PagerStats stats = impl_->core->storage().pager().stats();
  IoStatistics io;
  io.row_groups_scanned = counters.row_groups_scanned.load();
  io.row_groups_skipped = counters.row_groups_skipped.load();
  io.chunk_bytes_scanned = counters.bytes_read.load();
  io.chunk_bytes_skipped = counters.bytes_skipped.load();
  io.rows_scanned = counters.rows_scanned.load();
  io.rows_passed = counters.rows_passed.load();
  io.num_commits = stats.num_commits;
  io.num_syncs = stats.num_syncs;
  io.num_blobs_read = stats.num_blobs_read;
  io.blob_bytes_read = stats.bytes_read;
  io.bytes_written = stats.bytes_written;
  return io;
}

arrow::Result<std::vector<std::string>> ColumnStore::CheckIntegrity() const {
  ColumnStoreCore& core = *impl_->core;
  Findings findings;
  const auto check = [&]() -> arrow::Status {
    ARROW_RETURN_NOT_OK(core.storage().CheckIntegrity(
        std::nullopt, [&findings](const IntegrityFinding& finding) { return findings.Add(finding.message); }));
    ARROW_ASSIGN_OR_RAISE(const StoreView view, core.NewestView());
    ARROW_RETURN_NOT_OK(CheckTables(core, view, &findings));
    ARROW_RETURN_NOT_OK(CheckRowIds(view, &findings));
    for (const StoreSortIndex& index : view.indexes) ARROW_RETURN_NOT_OK(CheckSortIndex(view, index, &findings));
    return arrow::Status::OK();
  };
  const arrow::Status status = core.WithoutChanges(check);
  const bool is_damage = GetSqlState(status) == sqlstate::kDataCorrupted;
  if (is_damage && !findings.is_full()) ARROW_RETURN_NOT_OK(findings.Add(status.message()));
  if (!status.ok() && !is_damage && !findings.is_full()) return WithDetail(status);
  return findings.Take();
}

}  // namespace llkv
