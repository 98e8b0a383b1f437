// See ordered_rows.h.
#include "api/ordered_rows.h"

#include <arrow/memory_pool.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"
#include "store/key_encoding.h"

namespace llkv {

namespace {

/// Compares bounds of which a NULL is the lowest (as a minimum).
bool LowerMin(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && !b.is_null();
  return CompareValues(a, b) < 0;
}

/// What SortedKeys holds.
constexpr uint64_t kMaxKeyBytes = uint64_t{1} << 32;

arrow::Status TooMuch() {
  return SqlError(sqlstate::kOutOfMemory, "too many rows overlap to be sorted", SqlErrorDetail::kNoPosition,
                  "Compact the store.");
}

/// The rows of one hot block that are published.
template <typename F>
void ForEachHotVector(const HotRowGroup& group, uint32_t column, const F& f) {
  const uint32_t num_rows = group.num_rows();
  std::vector<uint8_t> validity(kMaxBatchRows / 8 + 64);
  for (uint32_t first = 0; first < num_rows;) {
    const uint32_t index = HotRowGroup::BlockOf(first);
    const uint32_t count = std::min(HotRowGroup::BlockStart(index + 1), num_rows) - first;
    const HotBlock& block = group.block(index);
    Vector vector = group.GetVector(block, column, 0);
    vector.validity = nullptr;
    if (HotRowGroup::GetValidity(block, column, 0, count, validity.data())) vector.validity = validity.data();
    f(vector, count);
    first += count;
  }
}

}  // namespace

void HotBounds(const HotRowGroup& group, uint32_t column, Value* min, Value* max) {
  const LogicalType type = group.types()[column];
  *min = *max = Value::Null(type);
  if (type.physical() == PhysicalType::kUInt64) {
    uint64_t low = ~uint64_t{0};
    uint64_t high = 0;
    bool has_any = false;
    ForEachHotVector(group, column, [&](const Vector& vector, uint32_t count) {
      for (uint32_t i = 0; i < count; ++i) {
        if (!vector.IsValid(i)) continue;
        has_any = true;
        low = std::min(low, vector.values<uint64_t>()[i]);
        high = std::max(high, vector.values<uint64_t>()[i]);
      }
    });
    if (!has_any) return;
    *min = Value::Integer(type, int128_t{low});
    *max = Value::Integer(type, int128_t{high});
    return;
  }
  ForEachHotVector(group, column, [&](const Vector& vector, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      Value value = GetValue(vector, i);
      if (value.is_null()) continue;
      if (min->is_null() || CompareValues(value, *min) < 0) *min = value;
      if (max->is_null() || CompareValues(value, *max) > 0) *max = std::move(value);
    }
  });
}

arrow::Status ForEachGroup(const TableStore& table, const Snapshot& snapshot,
                           const std::function<arrow::Status(const GroupEntry&)>& f) {
  const auto* column_table = dynamic_cast<const ColumnTable*>(&table);
  if (column_table == nullptr) return InternalError("a column store over another kind of table");
  const TableStatePtr state = column_table->state();
  for (const std::vector<GroupEntry>* entries : {&state->groups, &state->retired_groups}) {
    for (const GroupEntry& entry : *entries) {
      if (!entry.validity.Contains(snapshot.ts)) continue;
      if (entry.cold != nullptr && !snapshot.Sees(entry.cold->created_by().load())) continue;
      if (entry.cold != nullptr) ARROW_RETURN_NOT_OK(entry.cold->Load());
      ARROW_RETURN_NOT_OK(f(entry));
    }
  }
  return arrow::Status::OK();
}

OrderedRows::OrderedRows(std::vector<OrderedSource> sources, Snapshot snapshot, RowName name, uint64_t max_key_bytes,
                         StoreScanCounters* counters)
    : sources_(std::move(sources)),
      snapshot_(snapshot),
      name_(name),
      max_key_bytes_(max_key_bytes),
      counters_(counters) {
  if (!sources_.empty()) type_ = sources_[0].table->layout().columns[sources_[0].column].type;
}

void OrderedRows::AddGroup(size_t source, const GroupEntry& entry) {
  const uint32_t column = sources_[source].column;
  if (entry.hot != nullptr) {
    Value min;
    Value max;
    HotBounds(*entry.hot, column, &min, &max);
    if (!min.is_null()) AddRange(source, std::move(min), std::move(max));
    return;
  }
  const size_t index = entry.cold->ColumnIndex(column);
  if (index == ColdRowGroup::kNoColumn) return;
  const ChunkDescriptor& chunk = entry.cold->descriptor()->columns[index];
  if (chunk.statistics.num_nulls == chunk.num_rows) return;
  AddRange(source, chunk.statistics.min, chunk.statistics.max);
}

void OrderedRows::AddRange(size_t source, Value min, Value max) {
  clusters_.push_back({std::move(min), std::move(max), {source}});
}

void OrderedRows::MergeOverlaps() {
  std::sort(clusters_.begin(), clusters_.end(),
            [](const Cluster& a, const Cluster& b) { return LowerMin(a.min, b.min); });
  size_t num_kept = 0;
  for (size_t i = 0; i < clusters_.size(); ++i) {
    Cluster& next = clusters_[i];
    if (num_kept > 0) {
      Cluster& last = clusters_[num_kept - 1];
      const bool overlaps = last.max.is_null() || next.min.is_null() || CompareValues(next.min, last.max) <= 0;
      if (overlaps) {
        if (next.max.is_null() || (!last.max.is_null() && CompareValues(next.max, last.max) > 0)) {
          last.max = std::move(next.max);
        }
        if (std::find(last.sources.begin(), last.sources.end(), next.sources[0]) == last.sources.end()) {
          last.sources.push_back(next.sources[0]);
        }
        continue;
      }
    }
    if (num_kept != i) clusters_[num_kept] = std::move(next);
    ++num_kept;
  }
  clusters_.resize(num_kept);
}

arrow::Status OrderedRows::Start(const std::optional<Value>& min, const std::optional<Value>& max, bool descending) {
  clusters_.clear();
  run_.reset();
  next_ = 0;
  descending_ = descending;
  for (size_t source = 0; source < sources_.size(); ++source) {
    ARROW_RETURN_NOT_OK(ForEachGroup(*sources_[source].table, snapshot_, [&](const GroupEntry& entry) {
      AddGroup(source, entry);
      return arrow::Status::OK();
    }));
  }
  MergeOverlaps();
  std::erase_if(clusters_, [&](const Cluster& cluster) {
    return (min && !cluster.max.is_null() && CompareValues(cluster.max, *min) < 0) ||
           (max && !cluster.min.is_null() && CompareValues(cluster.min, *max) > 0);
  });
  for (Cluster& cluster : clusters_) {
    if (min && (cluster.min.is_null() || CompareValues(cluster.min, *min) < 0)) cluster.min = *min;
    if (max && (cluster.max.is_null() || CompareValues(cluster.max, *max) > 0)) cluster.max = *max;
  }
  if (descending) std::reverse(clusters_.begin(), clusters_.end());
  return arrow::Status::OK();
}

arrow::Status OrderedRows::Collect(size_t source, OrderedPiece* piece, bool* is_in_order) {
  const OrderedSource& from = sources_[source];
  ScanRequest request;
  request.columns = {from.column};
  if (name_ == RowName::kRowId) request.columns.push_back(kRowIdOrdinal);
  request.with_row_ids = name_ == RowName::kPlace;
  request.predicates = piece->predicates;
  request.snapshot = snapshot_;
  ARROW_ASSIGN_OR_RAISE(const auto scan, from.table->OpenScan(std::move(request)));
  ARROW_ASSIGN_OR_RAISE(const auto cursor, scan->MakeCursor(arrow::default_memory_pool()));
  ARROW_ASSIGN_OR_RAISE(ScratchVector keys, ScratchVector::Make(type_, arrow::default_memory_pool()));
  ARROW_ASSIGN_OR_RAISE(ScratchVector names, ScratchVector::Make(TypeId::kUBigInt, arrow::default_memory_pool()));
  const PhysicalType physical = type_.physical();
  const auto width = static_cast<size_t>(PhysicalWidth(physical));
  std::string key;
  std::string last;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool has_morsel, scan->NextMorsel(*cursor));
    if (!has_morsel) break;
    Batch batch;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const bool has_batch, cursor->Next(&batch));
      if (!has_batch) break;
      if (piece->key_bytes > kMaxKeyBytes) return TooMuch();
      const Vector& values = Flatten(batch.columns[0], batch.selection, batch.num_rows, keys);
      const Vector& rows = Flatten(batch.columns[1], batch.selection, batch.num_rows, names);
      ForEachRow(batch.selection, [&](uint32_t row) {
        if (!values.IsValid(row)) return;
        key.clear();
        AppendKeyPart(physical, static_cast<const uint8_t*>(values.data) + row * width, &key);
        *is_in_order = *is_in_order && last <= key;
        std::swap(last, key);
        piece->key_bytes += last.size();
        if (piece->key_bytes > kMaxKeyBytes) return;
        const RowId id(rows.values<uint64_t>()[row]);
        piece->rows.Add(last, name_ == RowName::kPlace ? RowId(RowPlace(source, id).packed) : id);
      });
      if (piece->rows.size_bytes() > max_key_bytes_) ARROW_RETURN_NOT_OK(Spill(piece));
    }
  }
  if (piece->key_bytes > kMaxKeyBytes) return TooMuch();
  piece->num_scanned += scan->num_rows_estimate();
  if (counters_ != nullptr) counters_->Add(scan->counters());
  return arrow::Status::OK();
}

arrow::Status OrderedRows::Spill(OrderedPiece* piece) {
  if (run_ == nullptr) {
    const auto* table = dynamic_cast<const ColumnTable*>(sources_[0].table.get());
    if (table == nullptr) return InternalError("a column store over another kind of table");
    run_ = std::make_unique<SortedRun>(table->context().pager, table->context().pool);
  }
  piece->rows.Sort();
  piece->key_bytes = 0;
  return run_->Add(std::exchange(piece->rows, {}));
}

arrow::Result<bool> OrderedRows::NextOfRun(OrderedPiece* piece) {
  *piece = OrderedPiece();
  ARROW_ASSIGN_OR_RAISE(const bool has_rows, run_->Next(descending_, &piece->rows));
  if (!has_rows) run_.reset();
  piece->is_stored_in_order = is_run_in_order_;
  return has_rows;
}

arrow::Result<bool> OrderedRows::Next(OrderedPiece* piece) {
  if (run_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(const bool has_rows, NextOfRun(piece));
    if (has_rows) return true;
  }
  if (next_ == clusters_.size()) return false;
  const Cluster& cluster = clusters_[next_++];
  *piece = OrderedPiece();
  bool is_in_order = true;
  for (const size_t source : cluster.sources) {
    piece->predicates = sources_[source].predicates;
    const uint32_t column = sources_[source].column;
    if (!cluster.min.is_null()) piece->predicates.push_back({column, PredicateOp::kGreaterEqual, {cluster.min}});
    if (!cluster.max.is_null()) piece->predicates.push_back({column, PredicateOp::kLessEqual, {cluster.max}});
    ARROW_RETURN_NOT_OK(Collect(source, piece, &is_in_order));
  }
  is_in_order = is_in_order && cluster.sources.size() == 1;
  if (run_ != nullptr) {
    ARROW_RETURN_NOT_OK(Spill(piece));
    ARROW_RETURN_NOT_OK(run_->Finish());
    is_run_in_order_ = is_in_order;
    return NextOfRun(piece);
  }
  piece->rows.Sort();
  piece->is_stored_in_order = is_in_order;
  if (is_in_order) piece->in_order = cluster.sources[0];
  return true;
}

}  // namespace llkv
