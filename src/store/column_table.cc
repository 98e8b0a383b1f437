// See column_table.h: construction, appending, deleting, statistics. Keys are in table_keys.cc, reading in
// table_scan.cc and table_gather.cc, recovery in table_replay.cc.
#include "store/column_table.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "base/error.h"
#include "pager/pager.h"
#include "store/bulk_load.h"
#include "store/column/descriptor_page.h"
#include "store/redo.h"
#include "store/table_changes.h"

namespace llkv {

ColumnTable::ColumnTable(TableLayout layout, const TableContext& context)
    : layout_(std::move(layout)), context_(context) {
  for (const TableLayout::Column& column : layout_.columns) types_.push_back(column.type);
  auto state = std::make_shared<TableState>();
  for (const IndexLayout& index : layout_.indexes) {
    TableIndex& added = state->indexes.emplace_back();
    added.layout = std::make_shared<const IndexLayout>(index);
    added.hot.push_back({Validity{}, std::make_shared<ArtIndex>(context_.pool)});
  }
  state_.Store(std::move(state));
  stored_.layout = layout_;
}

ColumnTable::~ColumnTable() = default;

void ColumnTable::AddPage(const TableMetadata::Page& page, std::map<uint64_t, TableMetadata::Deletes>* deletes,
                          TableState* state) const {
  auto lazy = std::make_shared<LazyDescriptorPage>(page.key, page.groups, context_.pager);
  for (size_t i = 0; i < page.groups.size(); ++i) {
    GroupEntry entry;
    entry.first_row = page.groups[i].first_row.value;
    entry.end_row = page.groups[i].last_row.value + 1;
    ColdRowGroup::Stored stored;
    stored.page = page.key;
    if (const auto found = deletes->find(entry.first_row); found != deletes->end()) {
      stored.deletes = found->second.key;
      stored.num_deleted = found->second.num_deleted;
      deletes->erase(found);
    }
    entry.cold = std::make_shared<ColdRowGroup>(layout_, lazy, i, stored, context_.pager, context_.pool);
    state->Add(std::move(entry));
  }
}

arrow::Status ColumnTable::AddReadablePage(const TableMetadata::Page& page,
                                           const std::map<uint64_t, TableMetadata::Deletes>& deletes,
                                           TableState* state) const {
  ARROW_ASSIGN_OR_RAISE(const auto bytes, context_.pager->Get(page.key));
  ARROW_ASSIGN_OR_RAISE(std::vector<RowGroupDescriptor> descriptors, ParseDescriptorPage(bytes));
  for (RowGroupDescriptor& descriptor : descriptors) {
    GroupEntry entry;
    entry.first_row = descriptor.first_row_id.value;
    entry.end_row = descriptor.last_row_id.value + 1;
    RowBitmap gone;
    if (const auto found = deletes.find(entry.first_row); found != deletes.end()) {
      auto read = ReadDeletes(found->second.key, descriptor.num_rows);
      if (read.ok()) {
        gone = *std::move(read);
      } else {
        context_.on_damage(layout_.id,
                           read.status().WithMessage("rows that were deleted come back: ", read.status().message()));
      }
    }
    entry.cold =
        std::make_shared<ColdRowGroup>(layout_, std::make_shared<const RowGroupDescriptor>(std::move(descriptor)),
                                       std::move(gone), 0, context_.pager, context_.pool);
    state->Add(std::move(entry));
  }
  return arrow::Status::OK();
}

arrow::Result<RowBitmap> ColumnTable::ReadDeletes(PhysicalKey key, uint32_t num_rows) const {
  ARROW_ASSIGN_OR_RAISE(const auto bytes, context_.pager->Get(key));
  return DecodeDeletes({bytes->data(), static_cast<size_t>(bytes->size())}, num_rows);
}

void ColumnTable::DropDamagedGroups() {
  std::set<uint64_t> damaged;
  const TableStatePtr now = state();
  for (const GroupEntry& entry : now->groups) {
    if (entry.cold == nullptr) continue;
    std::vector<size_t> columns(entry.cold->descriptor()->columns.size());
    std::iota(columns.begin(), columns.end(), size_t{0});
    std::vector<RowId> ids(entry.cold->num_rows());
    const arrow::Status opened = entry.cold->reader().OpenColumns(columns) & entry.cold->reader().GetRowIds(0, ids);
    if (opened.ok()) continue;
    damaged.insert(entry.first_row);
    context_.on_damage(layout_.id, opened.WithMessage("the ", entry.cold->num_rows(), " rows of row group ",
                                                      entry.first_row, " are lost: ", opened.message()));
  }
  UpdateState([&damaged](TableState& target) {
    std::erase_if(target.groups, [&](const GroupEntry& entry) { return damaged.contains(entry.first_row); });
  });
}

arrow::Result<std::shared_ptr<ColumnTable>> ColumnTable::Load(const TableMetadata& metadata,
                                                              const TableContext& context) {
  auto table = std::make_shared<ColumnTable>(metadata.layout, context);
  table->stored_ = metadata;
  table->next_row_page_.store(metadata.next_row_page);
  table->live_rows_.store(static_cast<int64_t>(metadata.num_live_rows));
  {
    MutexLock lock(table->summary_mutex_);
    table->summary_ = metadata.summary;
  }
  std::map<uint64_t, TableMetadata::Deletes> deletes;
  for (const TableMetadata::Deletes& one : metadata.deletes) deletes[one.first_row.value] = one;
  TableState state = *table->state();
  for (const TableMetadata::Page& page : metadata.pages) {
    if (!context.on_damage) {
      table->AddPage(page, &deletes, &state);
      continue;
    }
    const arrow::Status added = table->AddReadablePage(page, deletes, &state);
    if (!added.ok()) context.on_damage(metadata.layout.id, added);
  }
  if (!deletes.empty() && !context.on_damage) return Corrupted("a deletion vector belongs to no row group");
  for (size_t i = 0; i < state.indexes.size(); ++i) {
    for (const IndexRunDescriptor& run : metadata.runs[i]) {
      state.indexes[i].runs.push_back({Validity{}, std::make_shared<IndexRunReader>(run, context.pager)});
    }
  }
  table->UpdateState([&state](TableState& target) { target = std::move(state); });
  return table;
}

void ColumnTable::UpdateState(const std::function<void(TableState&)>& change) {
  // Dropped outside the lock: it may be the last reference to much.
  TableStatePtr old;
  MutexLock lock(state_mutex_);
  old = state_.Load();
  auto changed = std::make_shared<TableState>(*old);
  change(*changed);
  changed->version = old->version + 1;
  state_.Store(std::move(changed));
}

ColumnTable::SealedState ColumnTable::Seal(CommitTs at) {
  MutexLock lock(write_mutex_);
  hot_ = nullptr;
  UpdateState([this, at](TableState& target) {
    for (TableIndex& index : target.indexes) {
      if (index.is_dropped() || index.active().num_entries() == 0) continue;
      HotIndexEntry& entry = index.hot.emplace_back();
      entry.validity.from = at.value;
      entry.index = std::make_shared<ArtIndex>(context_.pool);
    }
  });
  ClearChanged();
  return {state(), next_row_page(), static_cast<uint64_t>(std::max<int64_t>(live_rows(), 0))};
}

void ColumnTable::PruneRetired() {
  if (!state()->HasRetired()) return;
  UpdateState([this](TableState& target) {
    target.PruneRetired([this](uint64_t from, uint64_t to) { return context_.txns->HasSnapshotIn(from, to); });
  });
}

arrow::Result<TableChanges*> ColumnTable::GetChanges(Transaction& txn) {
  ARROW_RETURN_NOT_OK(txn.BeginWrite());
  TxnParticipant* participant = txn.FindParticipant(this);
  if (participant == nullptr) {
    participant = txn.AddParticipant(this, layout_.id.value, std::make_unique<TableChanges>(shared_from_this(), &txn));
  }
  return static_cast<TableChanges*>(participant);
}

void ColumnTable::AddHotGroup(RowId first_row) {
  hot_ = std::make_shared<HotRowGroup>(types_, first_row, context_.pool);
  GroupEntry entry;
  entry.first_row = first_row.value;
  entry.end_row = first_row.value - first_row.value % kRowPageRows + kRowPageRows;
  entry.hot = hot_;
  UpdateState([&entry](TableState& state) { state.Add(std::move(entry)); });
}

arrow::Result<std::shared_ptr<HotRowGroup>> ColumnTable::HotGroupForWriting(TableChanges& changes) {
  // A checkpoint seals the group that was being filled.
  if (hot_ == nullptr || hot_->num_rows() == HotRowGroup::kCapacity) {
    AddHotGroup(TakeRowPage());
    changes.AddOwnGroup(hot_);
  }
  return hot_;
}

arrow::Status ColumnTable::StageHotRows(TableChanges& changes) {
  ARROW_ASSIGN_OR_RAISE(const bool has_staged_last, changes.StageHotRows());
  if (has_staged_last) hot_ = nullptr;
  return arrow::Status::OK();
}

arrow::Status ColumnTable::Append(Transaction& txn, const Batch& batch, UniqueCheck check) {
  if (batch.columns.size() != types_.size()) return InternalError("a batch with another number of columns");
  ARROW_ASSIGN_OR_RAISE(TableChanges * changes, GetChanges(txn));
  MutexLock lock(write_mutex_);
  const uint32_t count = batch.num_selected();
  const Snapshot snapshot = txn.snapshot();
  if (changes->IsStagingDue()) ARROW_RETURN_NOT_OK(StageHotRows(*changes));
  for (uint32_t from = 0; from < count;) {
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<HotRowGroup> group, HotGroupForWriting(*changes));
    const uint32_t first = group->num_rows();
    ARROW_ASSIGN_OR_RAISE(const uint32_t num_written, group->Write(batch, from, count - from, txn.stamp()));
    uint32_t num_indexed = num_written;
    arrow::Status status;
    const TableStatePtr now = state();
    if (!now->indexes.empty()) {
      for (uint32_t i = 0; i < num_written; ++i) {
        bool is_indexed = false;
        status = IndexNewRow(*now, *group, first + i, check, snapshot, *changes, &is_indexed);
        if (status.ok()) continue;
        num_indexed = i + (is_indexed ? 1 : 0);
        break;
      }
    }
    // Rows that the index leads to are published even where the statement fails: its undo makes them invisible.
    if (num_indexed > 0) {
      group->Publish(num_indexed);
      changes->AddInsert(group, first, num_indexed);
    }
    ARROW_RETURN_NOT_OK(status);
    from += num_written;
  }
  return arrow::Status::OK();
}

arrow::Result<std::optional<uint32_t>> ColumnTable::FindSlot(const GroupEntry& entry, RowId row) {
  if (entry.hot == nullptr) {
    ARROW_RETURN_NOT_OK(entry.cold->Load());
    return entry.cold->FindRow(row);
  }
  const auto slot = static_cast<uint32_t>(row.value - entry.first_row);
  if (slot >= entry.hot->num_rows()) return std::nullopt;
  return slot;
}

namespace {

arrow::Status ChangedByAnother() {
  return SqlError(sqlstate::kSerializationFailure, "a row was changed by a transaction that this one does not see",
                  SqlErrorDetail::kNoPosition, "Roll back and try the transaction again.");
}

/// Where a row's deleted_by is; null where the row is gone for everyone.
std::atomic<VersionStamp>* DeletedBy(const GroupEntry& entry, uint32_t slot) {
  if (entry.hot != nullptr) return &entry.hot->deleted_by(slot);
  return entry.cold->FindOrAddDelete(slot);
}

}  // namespace

/// The same delete in the row groups that older snapshots, perhaps the deleting transaction's own, still use.
arrow::Status ColumnTable::MarkRetired(const TableState& state, RowId row, TableChanges& changes) {
  for (const GroupEntry& retired : state.retired_groups) {
    if (!retired.HasRow(row)) continue;
    ARROW_ASSIGN_OR_RAISE(const std::optional<uint32_t> slot, FindSlot(retired, row));
    if (!slot) continue;
    std::atomic<VersionStamp>* stamp = DeletedBy(retired, *slot);
    if (stamp == nullptr || stamp->load(std::memory_order_relaxed) != 0) continue;
    if (retired.hot != nullptr) {
      changes.Keep(retired.hot);
    } else {
      changes.Keep(retired.cold);
    }
    changes.AddDelete(row, stamp, false, true);
    if (retired.hot != nullptr) retired.hot->SetNeedsRowChecks(*slot);
  }
  return arrow::Status::OK();
}

arrow::Status ColumnTable::DeleteRow(const TableState& state, RowId row, const Snapshot& snapshot,
                                     TableChanges& changes, uint64_t* num_deleted) {
  const GroupEntry* entry = state.FindActive(row);
  if (entry == nullptr) return ChangedByAnother();
  ARROW_ASSIGN_OR_RAISE(const std::optional<uint32_t> slot, FindSlot(*entry, row));
  if (!slot) return ChangedByAnother();
  std::atomic<VersionStamp>* stamp = DeletedBy(*entry, *slot);
  if (stamp == nullptr) return ChangedByAnother();
  const VersionStamp deleted_by = stamp->load(std::memory_order_acquire);
  if (deleted_by != 0) {
    if (IsInFlight(deleted_by) && static_cast<uint32_t>(deleted_by >> 32) == snapshot.own_tag) {
      return arrow::Status::OK();
    }
    return !IsInFlight(deleted_by) && snapshot.Sees(deleted_by) ? arrow::Status::OK() : ChangedByAnother();
  }
  const VersionStamp created_by = entry->hot != nullptr ? entry->hot->created_by(*slot).load(std::memory_order_relaxed)
                                                        : entry->cold->created_by().load(std::memory_order_relaxed);
  changes.AddDelete(row, stamp, entry->hot != nullptr && IsInFlight(created_by), false);
  if (entry->hot != nullptr) entry->hot->SetNeedsRowChecks(*slot);
  if (!state.retired_groups.empty()) ARROW_RETURN_NOT_OK(MarkRetired(state, row, changes));
  ++*num_deleted;
  return arrow::Status::OK();
}

arrow::Result<uint64_t> ColumnTable::Delete(Transaction& txn, std::span<const RowId> rows) {
  ARROW_ASSIGN_OR_RAISE(TableChanges * changes, GetChanges(txn));
  MutexLock lock(write_mutex_);
  const TableStatePtr now = state();
  const Snapshot snapshot = txn.snapshot();
  uint64_t num_deleted = 0;
  for (const RowId row : rows) ARROW_RETURN_NOT_OK(DeleteRow(*now, row, snapshot, *changes, &num_deleted));
  return num_deleted;
}

arrow::Result<std::unique_ptr<BulkWriter>> ColumnTable::MakeBulkWriter(Transaction& txn, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(TableChanges * changes, GetChanges(txn));
  return MakeBulkLoad(shared_from_this(), changes, txn.stamp(), pool);
}

arrow::Result<ColumnTable::RowPlace> ColumnTable::FindVisible(const TableState& state, const Snapshot& snapshot,
                                                              RowId row) const {
  const GroupEntry* entry = state.Find(row, snapshot.ts);
  if (entry == nullptr) return RowPlace{};
  ARROW_ASSIGN_OR_RAISE(const std::optional<uint32_t> slot, FindSlot(*entry, row));
  if (!slot) return RowPlace{};
  bool is_visible = false;
  if (entry->hot != nullptr) {
    is_visible = snapshot.SeesRow(entry->hot->created_by(*slot).load(std::memory_order_acquire),
                                  entry->hot->deleted_by(*slot).load(std::memory_order_acquire));
  } else {
    is_visible = entry->cold->SeesRow(snapshot, *slot);
  }
  return is_visible ? RowPlace{entry, *slot} : RowPlace{};
}

std::vector<TableMetadata::ColumnSummary> ColumnTable::Summarize(std::span<const GroupEntry> groups) const {
  bool is_loaded = true;
  for (const GroupEntry& entry : groups) is_loaded = is_loaded && (entry.cold == nullptr || entry.cold->is_loaded());
  std::vector<TableMetadata::ColumnSummary> summary(layout_.columns.size());
  MutexLock lock(summary_mutex_);
  std::vector<bool> is_bounded(summary.size(), true);
  for (size_t i = 0; i < summary.size(); ++i) {
    summary[i].field = layout_.columns[i].field;
    summary[i].min = summary[i].max = Value::Null(layout_.columns[i].type);
    if (is_loaded) continue;
    const auto found = std::find_if(summary_.begin(), summary_.end(),
                                    [&](const auto& column) { return column.field == summary[i].field; });
    if (found == summary_.end()) continue;
    summary[i] = *found;
    is_bounded[i] = !found->min.is_null() || found->sketch == DistinctSketch();
  }
  for (const GroupEntry& entry : groups) {
    if (entry.cold == nullptr || (!is_loaded && entry.cold->is_summarized())) continue;
    for (uint32_t i = 0; i < summary.size(); ++i) {
      const size_t index = entry.cold->ColumnIndex(i);
      if (index == ColdRowGroup::kNoColumn) continue;
      const ChunkDescriptor& chunk = entry.cold->descriptor()->columns[index];
      TableMetadata::ColumnSummary& column = summary[i];
      column.size_bytes += chunk.size_bytes;
      column.num_nulls += chunk.statistics.num_nulls;
      column.sketch.Merge(chunk.statistics.sketch);
      if (chunk.statistics.num_nulls == chunk.num_rows) continue;
      const ChunkStatistics& bounds = chunk.statistics;
      if (bounds.min.is_null() || bounds.max.is_null()) is_bounded[i] = false;
      if (!is_bounded[i]) continue;
      if (column.min.is_null() || CompareValues(bounds.min, column.min) < 0) column.min = bounds.min;
      if (column.max.is_null() || CompareValues(bounds.max, column.max) > 0) column.max = bounds.max;
    }
  }
  for (size_t i = 0; i < summary.size(); ++i) {
    if (!is_bounded[i]) summary[i].min = summary[i].max = Value::Null(layout_.columns[i].type);
  }
  return summary;
}

void ColumnTable::CollectColdStatistics(const TableState& state) {
  const std::vector<TableMetadata::ColumnSummary> summary = Summarize(state.groups);
  cold_statistics_ = ColdStatistics();
  cold_statistics_.version = state.version;
  TableStatistics& statistics = cold_statistics_.statistics;
  for (const GroupEntry& entry : state.groups) {
    if (entry.cold != nullptr) cold_statistics_.num_rows += entry.cold->num_rows();
  }
  for (const TableMetadata::ColumnSummary& column : summary) {
    statistics.size_bytes += column.size_bytes;
    ColumnStatistics& known = statistics.columns.emplace_back();
    known.num_nulls = static_cast<double>(column.num_nulls);
    known.num_distinct = column.sketch.Estimate();
    if (column.min.is_null()) continue;
    known.min = column.min;
    known.max = column.max;
  }
}

arrow::Result<TableStatistics> ColumnTable::GetStatistics() {
  const TableStatePtr now = state();
  TableStatistics statistics;
  double num_cold_rows = 0;
  {
    MutexLock lock(statistics_mutex_);
    if (cold_statistics_.version != now->version) CollectColdStatistics(*now);
    statistics = cold_statistics_.statistics;
    num_cold_rows = cold_statistics_.num_rows;
  }
  double num_hot_rows = 0;
  for (const GroupEntry& entry : now->groups) num_hot_rows += entry.hot != nullptr ? entry.hot->num_rows() : 0;
  statistics.num_rows = static_cast<double>(std::max<int64_t>(live_rows(), 0));
  const double scale = num_cold_rows == 0 ? 1 : (num_cold_rows + num_hot_rows) / num_cold_rows;
  for (ColumnStatistics& column : statistics.columns) {
    // Hot rows have no sketch: a column that is nearly unique in cold rows is so in them.
    if (column.num_distinct > 0.5 * num_cold_rows) column.num_distinct *= scale;
    column.num_distinct = std::min(column.num_distinct, statistics.num_rows);
    column.num_nulls *= scale;
  }
  for (const TableIndex& index : now->indexes) {
    const IndexLayout& key = *index.layout;
    if (!key.is_unique || key.parts.size() != 1 || index.is_dropped()) continue;
    ColumnStatistics& column = statistics.columns[key.parts[0].column];
    column.num_distinct = std::max(1.0, statistics.num_rows - column.num_nulls);
  }
  return statistics;
}

}  // namespace llkv
