// See table_changes.h.
#include "store/table_changes.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "store/column_table.h"
#include "store/redo.h"
#include "txn/log_record.h"

namespace llkv {

TableChanges::TableChanges(std::shared_ptr<ColumnTable> table, const Transaction* txn)
    : table_(std::move(table)),
      txn_(txn),
      own_runs_(table_.get()),
      bulk_keys_(table_->context().pager, table_->context().pool, table_->context().bulk_key_bytes) {}

void TableChanges::AddInsert(const std::shared_ptr<HotRowGroup>& group, uint32_t first, uint32_t count) {
  const uint32_t command = txn_->command();
  if (!own_groups_.empty()) {
    own_groups_.back().command = command;
  } else if (inserts_.empty()) {
    LimitShared(*group);
  }
  if (!inserts_.empty()) {
    Insert& last = inserts_.back();
    if (last.group == group && last.end == first && last.command == command) {
      last.end += count;
      return;
    }
  }
  inserts_.push_back({group, first, first + count, command});
}

void TableChanges::AddDelete(RowId row, std::atomic<VersionStamp>* stamp, bool is_own, bool is_copy) {
  deletes_.push_back({row, stamp, txn_->command(), is_own, is_copy});
  stamp->store(txn_->stamp(), std::memory_order_release);
}

void TableChanges::AddBulk(std::vector<std::shared_ptr<ColdRowGroup>> groups, std::vector<StagedBlob> staged) {
  MutexLock lock(bulk_mutex_);
  const uint32_t command = txn_->command();
  for (std::shared_ptr<ColdRowGroup>& group : groups) bulk_groups_.push_back({std::move(group), command});
  bulk_blobs_.push_back({std::move(staged), command});
}

void TableChanges::AddCreatedIndex(IndexLayoutPtr layout, std::vector<IndexRunDescriptor> runs,
                                   std::vector<StagedBlob> staged) {
  const IndexId id = layout->id;
  index_changes_.push_back({id, std::move(layout), std::move(runs), txn_->command()});
  MutexLock lock(bulk_mutex_);
  bulk_blobs_.push_back({std::move(staged), txn_->command()});
}

void TableChanges::AddDroppedIndex(IndexId index) { index_changes_.push_back({index, nullptr, {}, txn_->command()}); }

arrow::Result<std::vector<IndexLayoutPtr>> TableChanges::IndexesToKeep() const {
  const Snapshot snapshot = txn_->snapshot();
  const TableStatePtr state = table_->state();
  std::vector<IndexLayoutPtr> layouts;
  for (const TableIndex& index : state->indexes) {
    if (!index.IsKeptBy(snapshot)) continue;
    if (index.is_dropped()) {
      // The log must not tell of runs of an index that may be gone from what is stored.
      return SqlError(sqlstate::kSerializationFailure,
                      "an index was dropped by a transaction that this one does not see", SqlErrorDetail::kNoPosition,
                      "Roll back and try the transaction again.");
    }
    layouts.push_back(index.layout);
  }
  return layouts;
}

arrow::Status TableChanges::EndCommand() {
  for (const auto& [index, key] : std::exchange(deferred_keys_, {})) {
    ARROW_RETURN_NOT_OK(table_->CheckKeyIsUnique(index, key));
  }
  MutexLock lock(bulk_mutex_);
  for (const IndexId index : bulk_keys_.Indexes()) {
    IndexMerge keys;
    ARROW_RETURN_NOT_OK(bulk_keys_.AddTo(index, &keys));
    std::vector<StagedBlob> staged;
    ARROW_ASSIGN_OR_RAISE(const std::optional<IndexRunDescriptor> run, table_->BuildBulkRun(index, keys, &staged));
    if (run) own_runs_.Add(index, *run, std::move(staged), txn_->stamp());
  }
  bulk_keys_.Clear();
  return arrow::Status::OK();
}

void TableChanges::UndoBulk(uint32_t from_command) {
  MutexLock lock(bulk_mutex_);
  bulk_keys_.Clear();
  const auto is_undone = [from_command](const auto& change) { return change.command >= from_command; };
  if (std::any_of(bulk_groups_.begin(), bulk_groups_.end(), is_undone)) {
    std::set<const ColdRowGroup*> undone;
    for (const BulkGroup& bulk : bulk_groups_) {
      if (is_undone(bulk)) undone.insert(bulk.group.get());
    }
    table_->UpdateState([&undone](TableState& state) {
      std::erase_if(state.groups, [&undone](const GroupEntry& entry) { return undone.contains(entry.cold.get()); });
    });
  }
  own_runs_.Undo(from_command);
  std::erase_if(bulk_groups_, is_undone);
  std::erase_if(bulk_blobs_, is_undone);
}

void TableChanges::UndoIndexes(uint32_t from_command) {
  while (!index_changes_.empty() && index_changes_.back().command >= from_command) {
    const IndexChange& change = index_changes_.back();
    if (change.created == nullptr) {
      table_->SetIndexStamps(change.index, std::nullopt, 0);
    } else {
      table_->UpdateState([&change](TableState& state) {
        std::erase_if(state.indexes, [&change](const TableIndex& e) { return e.layout == change.created; });
      });
    }
    index_changes_.pop_back();
  }
}

void TableChanges::Undo(uint32_t from_command) {
  deferred_keys_.clear();
  // Newest first, so that each stamp gets back what it had.
  while (!deletes_.empty() && deletes_.back().command >= from_command) {
    deletes_.back().stamp->store(0, std::memory_order_release);
    deletes_.pop_back();
  }
  while (!inserts_.empty() && inserts_.back().command >= from_command) {
    const Insert& insert = inserts_.back();
    for (uint32_t slot = insert.first; slot < insert.end; ++slot) {
      insert.group->SetNeedsRowChecks(slot);
      insert.group->created_by(slot).store(kAbortedStamp, std::memory_order_release);
    }
    inserts_.pop_back();
  }
  UndoBulk(from_command);
  UndoIndexes(from_command);
}

bool TableChanges::IsLogged(const Insert& insert, uint32_t slot) const {
  return insert.group->deleted_by(slot).load(std::memory_order_relaxed) == 0;
}

arrow::Status TableChanges::LogInserts(LogRecordWriter& log) {
  if (inserts_.empty()) return arrow::Status::OK();
  ByteWriter& out = log.BeginSection(static_cast<uint8_t>(RedoKind::kInsertRows), table_->layout().id.value);
  for (const Insert& insert : inserts_) {
    for (uint32_t first = insert.first; first < insert.end;) {
      if (!IsLogged(insert, first)) {
        ++first;
        continue;
      }
      uint32_t end = first + 1;
      while (end < insert.end && IsLogged(insert, end)) ++end;
      EncodeRows(*insert.group, first, end - first, out);
      log.CountRows(end - first);
      first = end;
    }
  }
  return log.EndSection();
}

arrow::Status TableChanges::LogDeletes(LogRecordWriter& log) {
  std::vector<RowId> rows;
  for (const Deleted& deleted : deletes_) {
    if (!deleted.is_own && !deleted.is_copy) rows.push_back(deleted.row);
  }
  if (rows.empty()) return arrow::Status::OK();
  ByteWriter& out = log.BeginSection(static_cast<uint8_t>(RedoKind::kDeleteRows), table_->layout().id.value);
  log.CountRows(rows.size());
  EncodeRowIds(std::move(rows), out);
  return log.EndSection();
}

arrow::Status TableChanges::LogIndexes(LogRecordWriter& log) {
  for (const IndexChange& change : index_changes_) {
    const bool is_created = change.created != nullptr;
    ByteWriter& out = log.BeginSection(static_cast<uint8_t>(is_created ? RedoKind::kCreateIndex : RedoKind::kDropIndex),
                                       table_->layout().id.value);
    if (is_created) {
      EncodeIndexLayout(*change.created, out);
      EncodeIndexRuns(change.runs, out);
    } else {
      out.Varint(change.index.value);
    }
    ARROW_RETURN_NOT_OK(log.EndSection());
  }
  return arrow::Status::OK();
}

arrow::Status TableChanges::LogBulk(LogRecordWriter& log) {
  AttachedRowGroups attached;
  for (const BulkGroup& bulk : bulk_groups_) attached.row_groups.push_back(bulk.group->descriptor());
  for (const OwnRuns::Run& run : own_runs_.runs()) attached.runs.push_back({run.index, {run.reader->descriptor()}});
  if (attached.row_groups.empty()) return arrow::Status::OK();
  ByteWriter& out = log.BeginSection(static_cast<uint8_t>(RedoKind::kAttachRowGroups), table_->layout().id.value);
  ARROW_RETURN_NOT_OK(EncodeAttached(attached, table_->context().pool, out));
  return log.EndSection();
}

arrow::Status TableChanges::PrepareCommit(LogRecordWriter& log, WriteBatch& batch) {
  MutexLock lock(bulk_mutex_);
  ARROW_RETURN_NOT_OK(LogIndexes(log));
  ARROW_RETURN_NOT_OK(LogBulk(log));
  ARROW_RETURN_NOT_OK(LogInserts(log));
  ARROW_RETURN_NOT_OK(LogDeletes(log));
  for (BulkBlobs& bulk : bulk_blobs_) {
    for (StagedBlob& blob : bulk.blobs) batch.PutStaged(std::move(blob));
  }
  own_runs_.PutBlobs(batch);
  return arrow::Status::OK();
}

void TableChanges::Publish(CommitTs ts) {
  int64_t num_added = 0;
  for (const Insert& insert : inserts_) {
    for (uint32_t slot = insert.first; slot < insert.end; ++slot) {
      insert.group->created_by(slot).store(ts.value, std::memory_order_release);
    }
    num_added += insert.end - insert.first;
    const uint32_t last_block = HotRowGroup::BlockOf(insert.end - 1);
    for (uint32_t block = HotRowGroup::BlockOf(insert.first); block <= last_block; ++block) {
      // A later transaction may be adding rows to the block: then their stamp stays.
      std::atomic<VersionStamp>& newest = insert.group->block(block).max_created;
      VersionStamp stamp = newest.load(std::memory_order_relaxed);
      while (IsInFlight(stamp) && (stamp >> 32) == (txn_->stamp() >> 32) &&
             !newest.compare_exchange_weak(stamp, ts.value, std::memory_order_acq_rel)) {
      }
    }
  }
  for (const Deleted& deleted : deletes_) {
    deleted.stamp->store(ts.value, std::memory_order_release);
    num_added -= deleted.is_copy ? 0 : 1;
  }
  {
    MutexLock lock(bulk_mutex_);
    for (const BulkGroup& bulk : bulk_groups_) {
      bulk.group->created_by().store(ts.value, std::memory_order_release);
      num_added += bulk.group->num_rows();
    }
    own_runs_.Publish(ts);
  }
  for (const IndexChange& change : index_changes_) {
    const bool is_created = change.created != nullptr;
    table_->SetIndexStamps(change.index, is_created ? std::optional(ts.value) : std::nullopt,
                           is_created ? std::nullopt : std::optional(ts.value));
  }
  table_->AddLiveRows(num_added);
  table_->SetChanged();
}

}  // namespace llkv
