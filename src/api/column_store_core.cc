// See column_store_core.h: opening and closing, the list of tables, changes.
#include "api/column_store_core.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "pager/pager.h"

namespace llkv {

namespace {

/// Kinds of rows of the catalog's table; SQL's own are below kFirstColumnStoreKind.
enum class StoreObject : uint8_t {
  /// That the database is a column store.
  kMark = kFirstColumnStoreKind,
  kSegment = kFirstColumnStoreKind + 1,
  /// Its second column is the field.
  kSortIndex = kFirstColumnStoreKind + 2,
};

/// See StoreView::sort_bytes.
constexpr uint64_t kSortBytes = uint64_t{64} << 20;
constexpr int64_t kLockTimeoutMs = 600'000;

constexpr std::string_view kMarkName = "column store";
constexpr std::string_view kFormat = "1";

Durability DurabilityOf(Synchronous level) {
  if (level == Synchronous::kOff) return Durability::kNone;
  return level == Synchronous::kNormal ? Durability::kProcess : Durability::kFull;
}

arrow::Status NotAStore() {
  return SqlError(sqlstate::kWrongObjectType, "the database is not a column store", SqlErrorDetail::kNoPosition,
                  "Open it with SqlEngine.");
}

}  // namespace

std::optional<uint32_t> StoreTable::Find(LogicalFieldId field) const {
  const std::vector<TableLayout::Column>& columns = layout().columns;
  for (uint32_t i = 0; i < columns.size(); ++i) {
    if (columns[i].field.value == field.value) return i;
  }
  return std::nullopt;
}

arrow::Result<TableLayout::Column> StoreView::FindField(LogicalFieldId field) const {
  if (field == kRowIdField) {
    return TableLayout::Column{FieldId(field.value), TypeId::kUBigInt, std::string(kRowIdColumnName)};
  }
  if (!segments.empty()) {
    if (const auto ordinal = segments.back().Find(field)) return segments.back().layout().columns[*ordinal];
  }
  return SqlError(sqlstate::kUndefinedColumn, "the store has no field " + std::to_string(field.number()) +
                                                  " in namespace " +
                                                  std::to_string(static_cast<uint16_t>(field.space())));
}

const StoreSortIndex* StoreView::FindIndex(LogicalFieldId field) const {
  const auto found =
      std::find_if(indexes.begin(), indexes.end(), [field](const StoreSortIndex& one) { return one.field == field; });
  return found == indexes.end() ? nullptr : &*found;
}

void StoreScanCounters::Add(const ScanCounters& counters) {
  row_groups_scanned += counters.row_groups_scanned.load();
  row_groups_skipped += counters.row_groups_skipped.load();
  bytes_read += counters.bytes_read.load();
  bytes_skipped += counters.bytes_skipped.load();
  rows_scanned += counters.rows_scanned.load();
  rows_passed += counters.rows_passed.load();
}

arrow::Result<std::shared_ptr<ColumnStoreCore>> ColumnStoreCore::Open(std::shared_ptr<Pager> pager,
                                                                      const ColumnStoreOptions& options) {
  std::shared_ptr<ColumnStoreCore> core(new ColumnStoreCore());
  core->options_ = options;
  StorageOptions storage_options;
  storage_options.read_only = options.read_only;
  // Changes wait for each other here, and for a checkpoint only at its ends.
  storage_options.txn.lock_timeout_ms = kLockTimeoutMs;
  ARROW_ASSIGN_OR_RAISE(core->storage_, Storage::Open(std::move(pager), storage_options));
  ARROW_RETURN_NOT_OK(core->OpenRegistry());
  if (options.background && !options.read_only) {
    ARROW_ASSIGN_OR_RAISE(core->maintenance_, Maintenance::Make(core->storage_.get()));
    core->storage_->SetMaintenance([maintenance = core->maintenance_.get()] { maintenance->Wake(); });
  }
  return core;
}

ColumnStoreCore::~ColumnStoreCore() {
  if (storage_ == nullptr || is_closed_.load()) return;
  const arrow::Status closed = Close();
  static_cast<void>(closed);
}

arrow::Status ColumnStoreCore::CheckOpen() const {
  return is_closed_.load() ? SqlError(sqlstate::kObjectInUse, "the store is closed") : arrow::Status::OK();
}

arrow::Status ColumnStoreCore::OpenRegistry() {
  std::shared_ptr<ObjectTable> registry;
  {
    ARROW_ASSIGN_OR_RAISE(auto opened, ObjectTable::Open(storage_.get()));
    registry = std::move(opened);
  }
  if (registry == nullptr) return arrow::Status::OK();
  bool has_objects = false;
  bool has_mark = false;
  const auto pin = storage_->txns().PinNewest();
  Snapshot snapshot;
  snapshot.ts = pin->ts();
  ARROW_RETURN_NOT_OK(registry->ForEach(snapshot, [&](const ObjectRow& row) {
    has_objects = true;
    storage_->ReserveTableId(row.id);
    if (row.kind != static_cast<uint8_t>(StoreObject::kMark)) return arrow::Status::OK();
    has_mark = true;
    return row.definition == kFormat ? arrow::Status::OK()
                                     : NotSupported("the column store is of a newer version of LLKV");
  }));
  if (has_objects && !has_mark) return NotAStore();
  if (!has_mark && !options_.read_only) {
    const auto txn = storage_->txns().Begin();
    ARROW_RETURN_NOT_OK(txn->BeginStatement());
    ObjectRow mark;
    mark.id = storage_->AllocateTableId();
    mark.kind = static_cast<uint8_t>(StoreObject::kMark);
    mark.name = kMarkName;
    mark.definition = kFormat;
    arrow::Status added = registry->Add(*txn, mark);
    if (!added.ok()) {
      storage_->txns().Rollback(*txn);
      return added;
    }
    ARROW_RETURN_NOT_OK(storage_->Commit(*txn, DurabilityOf(options_.synchronous)));
  }
  MutexLock lock(registry_mutex_);
  registry_ = std::move(registry);
  return arrow::Status::OK();
}

arrow::Result<StoreView> ColumnStoreCore::ReadRegistry(const Snapshot& snapshot) {
  std::shared_ptr<ObjectTable> registry;
  {
    MutexLock lock(registry_mutex_);
    registry = registry_;
  }
  StoreView view;
  view.snapshot = snapshot;
  view.sort_bytes = options_.read_only ? std::numeric_limits<uint64_t>::max() : kSortBytes;
  if (registry == nullptr) return view;
  std::vector<ObjectRow> rows;
  ARROW_RETURN_NOT_OK(registry->ForEach(snapshot, [&rows](ObjectRow row) {
    rows.push_back(std::move(row));
    return arrow::Status::OK();
  }));
  std::sort(rows.begin(), rows.end(), [](const ObjectRow& a, const ObjectRow& b) { return a.id < b.id; });
  for (const ObjectRow& row : rows) {
    if (row.kind == static_cast<uint8_t>(StoreObject::kMark)) continue;
    if (row.kind < kFirstColumnStoreKind) return NotAStore();
    StoreTable table;
    ARROW_ASSIGN_OR_RAISE(table.table, storage_->GetTable(row.id));
    if (table.table == nullptr) return Corrupted("a table of the column store is missing");
    const TableLayout& layout = table.layout();
    const bool is_keyed = !layout.columns.empty() && layout.columns[0].field.value == kRowIdField.value &&
                          layout.columns[0].type == LogicalType(TypeId::kUBigInt);
    if (!is_keyed) return Corrupted("a table of the column store has no row ids");
    if (row.kind == static_cast<uint8_t>(StoreObject::kSegment)) {
      view.segments.push_back(std::move(table));
    } else if (row.kind == static_cast<uint8_t>(StoreObject::kSortIndex)) {
      if (layout.columns.size() != 2) return Corrupted("a sort index has other columns than expected");
      LogicalFieldId field;
      field.value = layout.columns[1].field.value;
      view.indexes.push_back({field, std::move(table)});
    } else {
      return NotSupported("the column store has an object of a newer version of LLKV: \"" + row.name + "\"");
    }
  }
  return view;
}

arrow::Result<StoreView> ColumnStoreCore::NewestView() {
  ARROW_RETURN_NOT_OK(CheckOpen());
  if (options_.read_only) {
    ARROW_RETURN_NOT_OK(storage_->CatchUp([](CommitTs) { return arrow::Status::OK(); }));
    bool is_missing = false;
    {
      MutexLock lock(registry_mutex_);
      is_missing = registry_ == nullptr;
    }
    if (is_missing) ARROW_RETURN_NOT_OK(OpenRegistry());
  }
  auto pin = storage_->txns().PinNewest();
  Snapshot snapshot;
  snapshot.ts = pin->ts();
  ARROW_ASSIGN_OR_RAISE(StoreView view, ReadRegistry(snapshot));
  view.pin = std::move(pin);
  return view;
}

arrow::Result<StoreView> ColumnStoreCore::ViewOf(const Transaction& txn) { return ReadRegistry(txn.snapshot()); }

arrow::Status ColumnStoreCore::Change(const std::function<arrow::Status(Transaction&)>& f) {
  MutexLock lock(change_mutex_);
  ARROW_RETURN_NOT_OK(CheckOpen());
  const auto txn = storage_->txns().Begin();
  arrow::Status status = txn->BeginWrite();
  if (status.ok()) status = txn->BeginStatement();
  if (status.ok()) status = f(*txn);
  if (status.ok()) status = txn->EndStatement();
  if (!status.ok()) {
    storage_->txns().Rollback(*txn);
    return status;
  }
  return storage_->Commit(*txn, DurabilityOf(options_.synchronous));
}

arrow::Status ColumnStoreCore::WithoutChanges(const std::function<arrow::Status()>& f) {
  MutexLock lock(change_mutex_);
  ARROW_RETURN_NOT_OK(CheckOpen());
  return f();
}

arrow::Result<StoreTable> ColumnStoreCore::CreateTable(Transaction& txn, std::vector<TableLayout::Column> columns,
                                                       std::optional<LogicalFieldId> index_of) {
  TableLayout layout;
  layout.id = storage_->AllocateTableId();
  layout.columns.push_back({FieldId(kRowIdField.value), TypeId::kUBigInt, std::string(kRowIdColumnName)});
  for (TableLayout::Column& column : columns) layout.columns.push_back(std::move(column));
  IndexLayout key;
  key.id = IndexId(1);
  key.name = "row_id_key";
  key.parts = {IndexPart{kRowIdOrdinal}};
  key.is_unique = key.is_primary = true;
  layout.indexes.push_back(std::move(key));
  ObjectRow object;
  object.id = layout.id;
  object.kind = static_cast<uint8_t>(index_of ? StoreObject::kSortIndex : StoreObject::kSegment);
  object.name = index_of ? "sort index" : "segment";
  StoreTable table;
  ARROW_ASSIGN_OR_RAISE(table.table, storage_->CreateTable(txn, std::move(layout)));
  std::shared_ptr<ObjectTable> registry;
  {
    MutexLock lock(registry_mutex_);
    registry = registry_;
  }
  ARROW_RETURN_NOT_OK(registry->Add(txn, object));
  return table;
}

arrow::Status ColumnStoreCore::DropTable(Transaction& txn, const StoreTable& table) {
  std::shared_ptr<ObjectTable> registry;
  {
    MutexLock lock(registry_mutex_);
    registry = registry_;
  }
  ARROW_RETURN_NOT_OK(registry->Remove(txn, table.layout().id));
  return storage_->DropTable(txn, table.layout().id);
}

arrow::Status ColumnStoreCore::Checkpoint() {
  ARROW_RETURN_NOT_OK(CheckOpen());
  return storage_->Checkpoint();
}

arrow::Status ColumnStoreCore::Close() {
  MutexLock lock(change_mutex_);
  ARROW_RETURN_NOT_OK(CheckOpen());
  const int64_t num_readers = num_readers_.load();
  if (num_readers > 0) {
    return SqlError(sqlstate::kObjectInUse,
                    std::to_string(num_readers) + " readers of the store still live: end them first");
  }
  if (is_closed_.exchange(true)) return SqlError(sqlstate::kObjectInUse, "the store is closed");
  if (maintenance_ != nullptr) {
    if (maintenance_->forked()) return SqlError(sqlstate::kObjectInUse, "the store belongs to the parent process");
    maintenance_->Stop();
  }
  return storage_->Close();
}

namespace {

/// A range of ids is scanned where it has at most so many rows for each id that is looked for.
constexpr uint64_t kScanRowsPerId = 16;

arrow::Result<std::unique_ptr<TableScan>> ScanIds(const StoreView& view, const StoreTable& table,
                                                  std::span<const uint64_t> ids) {
  ScanRequest request;
  request.columns = {kRowIdOrdinal};
  request.with_row_ids = true;
  request.snapshot = view.snapshot;
  request.predicates = {
      {kRowIdOrdinal, PredicateOp::kGreaterEqual, {Value::Integer(TypeId::kUBigInt, int128_t{ids.front()})}},
      {kRowIdOrdinal, PredicateOp::kLessEqual, {Value::Integer(TypeId::kUBigInt, int128_t{ids.back()})}}};
  return table.table->OpenScan(std::move(request));
}

arrow::Status FindByScan(TableScan& scan, size_t segment, std::span<const uint64_t> ids, std::span<RowPlace> places) {
  ARROW_ASSIGN_OR_RAISE(const auto cursor, scan.MakeCursor(arrow::default_memory_pool()));
  ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(TypeId::kUBigInt, arrow::default_memory_pool()));
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool has_morsel, scan.NextMorsel(*cursor));
    if (!has_morsel) return arrow::Status::OK();
    Batch batch;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const bool has_batch, cursor->Next(&batch));
      if (!has_batch) break;
      const Vector& found = Flatten(batch.columns[0], batch.selection, batch.num_rows, scratch);
      ForEachRow(batch.selection, [&](uint32_t row) {
        const auto at = std::lower_bound(ids.begin(), ids.end(), found.values<uint64_t>()[row]);
        if (at == ids.end() || *at != found.values<uint64_t>()[row]) return;
        places[static_cast<size_t>(at - ids.begin())] =
            RowPlace(segment, RowId(batch.columns[1].values<uint64_t>()[row]));
      });
    }
  }
}

}  // namespace

arrow::Result<std::vector<RowPlace>> FindRows(const StoreView& view, std::span<const uint64_t> ids) {
  std::vector<RowPlace> places(ids.size());
  if (ids.empty()) return places;
  for (size_t segment = 0; segment < view.segments.size(); ++segment) {
    const StoreTable& table = view.segments[segment];
    ARROW_ASSIGN_OR_RAISE(const auto scan, ScanIds(view, table, ids));
    if (scan->num_rows_estimate() == 0) continue;
    if (scan->num_rows_estimate() / kScanRowsPerId <= ids.size()) {
      ARROW_RETURN_NOT_OK(FindByScan(*scan, segment, ids, places));
      continue;
    }
    for (size_t i = 0; i < ids.size(); ++i) {
      if (places[i].exists()) continue;
      const Value key = Value::Integer(TypeId::kUBigInt, int128_t{ids[i]});
      ARROW_ASSIGN_OR_RAISE(const std::optional<RowId> row, table.table->LookupKey(view.snapshot, {&key, 1}));
      if (row) places[i] = RowPlace(segment, *row);
    }
  }
  return places;
}

}  // namespace llkv
