// ColumnStorage: taking over what another process has committed.
//
// As long as the root is the same, new log records are applied to the tables that live, by the code of recovery; their
// stamps are newer than every snapshot until TxnManager::Advance. Where the writer has made a checkpoint, the tables
// that it changed are read anew beside those that live, the log after the checkpoint is applied to them, and then the
// living ones go over to them (ColumnTable::TakeOver); older snapshots keep what they see.
#include <arrow/buffer.h>

#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "store/column_storage.h"
#include "store/following_pager.h"
#include "store/redo.h"

namespace llkv {

/// How far a take-over has come.
struct ColumnStorage::Applied {
  CommitTs ts;
  Lsn lsn;
  uint64_t catalog_version = 0;
};

/// Going over to a new root.
struct ColumnStorage::Rebuilding {
  StorageRoot root;
  /// The last log record that the living tables have.
  Lsn living_lsn;
  /// The living tables cannot be relied upon.
  bool everything = false;
  /// The changed tables in their new form; null where nobody has asked for it yet.
  std::map<TableId, std::shared_ptr<ColumnTable>> tables;
  std::map<TableId, PhysicalKey> stored;
  /// Tables that the log after the root creates.
  std::set<TableId> created;
};

namespace {

bool IsSame(const std::shared_ptr<arrow::Buffer>& a, const std::shared_ptr<arrow::Buffer>& b) {
  if (a == b) return true;
  return a != nullptr && b != nullptr && a->Equals(*b);
}

}  // namespace

arrow::Status ColumnStorage::CatchUp(const std::function<arrow::Status(CommitTs)>& on_catalog_change) {
  if (following_ == nullptr) return arrow::Status::OK();
  MutexLock lock(catch_up_mutex_);
  ARROW_ASSIGN_OR_RAISE(const bool is_newer, pager_->Refresh());
  if (!is_newer && !is_half_taken_) {
    if (keeps_older_) DropUnseen();
    return arrow::Status::OK();
  }
  Applied applied{txns_.last_committed(), txns_.last_lsn(), txns_.catalog_version()};
  const uint64_t old_version = applied.catalog_version;
  const bool was_half_taken = is_half_taken_;
  is_half_taken_ = true;
  ARROW_RETURN_NOT_OK(TakeNewest(&applied));
  if (was_half_taken || applied.catalog_version != old_version) {
    const arrow::Status told = on_catalog_change(applied.ts);
    // The tables are ahead of the snapshots then, and have to be read anew.
    lost_living_ = !told.ok();
    ARROW_RETURN_NOT_OK(told);
  }
  txns_.Advance(applied.ts, applied.lsn, applied.catalog_version);
  is_half_taken_ = false;
  if (keeps_older_) DropUnseen();
  return arrow::Status::OK();
}

arrow::Status ColumnStorage::TakeNewest(Applied* applied) {
  ARROW_ASSIGN_OR_RAISE(auto newest, pager_->Pin());
  const bool is_same_root = IsSame(newest->root(), taken_->root());
  // The reads below find freed blobs through it; what has been given out of it stays of use for snapshots up to now.
  if (!is_same_root) {
    following_->Keep(taken_, txns_.last_committed());
    keeps_older_ = true;
  }
  if (is_same_root && !lost_living_) {
    lost_living_ = true;
    ARROW_RETURN_NOT_OK(ReplayAfter(applied->lsn, nullptr, applied));
    lost_living_ = false;
    taken_ = std::move(newest);
    return arrow::Status::OK();
  }
  Rebuilding rebuilding;
  rebuilding.living_lsn = applied->lsn;
  rebuilding.everything = lost_living_;
  if (newest->root() != nullptr) {
    const arrow::Buffer& bytes = *newest->root();
    ARROW_ASSIGN_OR_RAISE(rebuilding.root, DecodeStorageRoot({bytes.data(), static_cast<size_t>(bytes.size())}));
  }
  lost_living_ = true;
  FindChanged(rebuilding);
  applied->ts = rebuilding.root.last_committed;
  applied->lsn = rebuilding.root.last_lsn;
  applied->catalog_version = rebuilding.root.catalog_version;
  ARROW_RETURN_NOT_OK(ReplayAfter(rebuilding.root.last_lsn, &rebuilding, applied));
  if (applied->ts < txns_.last_committed()) return Corrupted("the log ends before a commit that was there");
  ARROW_RETURN_NOT_OK(TakeOver(rebuilding));
  lost_living_ = false;
  keeps_older_ = true;
  taken_ = std::move(newest);
  return arrow::Status::OK();
}

arrow::Status ColumnStorage::ReplayAfter(Lsn after, Rebuilding* rebuilding, Applied* applied) {
  return pager_->ReadLog(after, [&](Lsn lsn, std::span<const uint8_t> record) {
    // Of no use here: who follows makes no checkpoints.
    uint64_t num_rows = 0;
    ARROW_ASSIGN_OR_RAISE(const LogRecordHeader header,
                          ReadLogRecord(record, [&](const LogRecordHeader& read, const LogSection& section) {
                            return rebuilding != nullptr ? ReplayRebuilding(*rebuilding, lsn, read, section, &num_rows)
                                                         : Replay(read, section, &num_rows);
                          }));
    if (header.ts <= applied->ts) return Corrupted("the log's commits are out of order");
    *applied = {header.ts, lsn, header.catalog_version};
    return arrow::Status::OK();
  });
}

void ColumnStorage::FindChanged(Rebuilding& rebuilding) {
  ReserveTableId(TableId(std::max(rebuilding.root.next_table_id, kFirstUserTableId) - 1));
  MutexLock lock(mutex_);
  for (const StorageRoot::Table& table : rebuilding.root.tables) {
    rebuilding.stored[table.id] = table.key;
    const auto [slot, is_new] = tables_.emplace(table.id, Slot{});
    if (is_new) {
      slot->second.stored = table.key;
    } else if (slot->second.stored != table.key || rebuilding.everything) {
      rebuilding.tables.emplace(table.id, nullptr);
    }
  }
}

arrow::Result<std::shared_ptr<ColumnTable>> ColumnStorage::Rebuilt(Rebuilding& rebuilding, TableId id) {
  std::shared_ptr<ColumnTable>& table = rebuilding.tables[id];
  if (table == nullptr) {
    ARROW_ASSIGN_OR_RAISE(table, ReadStored(id, rebuilding.stored[id]));
  }
  return table;
}

arrow::Status ColumnStorage::ReplayRebuilding(Rebuilding& rebuilding, Lsn lsn, const LogRecordHeader& header,
                                              const LogSection& section, uint64_t* num_rows) {
  const TableId id(section.owner);
  const bool is_living = lsn <= rebuilding.living_lsn && !rebuilding.everything;
  switch (static_cast<RedoKind>(section.kind)) {
    case RedoKind::kCreateTable: {
      rebuilding.created.insert(id);
      {
        MutexLock lock(mutex_);
        if (!tables_.contains(id)) break;
      }
      if (is_living) return arrow::Status::OK();
      if (!rebuilding.everything || rebuilding.stored.contains(id)) break;
      ByteReader in(section.payload);
      ARROW_ASSIGN_OR_RAISE(TableLayout layout, DecodeLayout(in));
      ARROW_RETURN_NOT_OK(in.Finish("a log record's table"));
      rebuilding.tables[id] = std::make_shared<ColumnTable>(std::move(layout), context_);
      return arrow::Status::OK();
    }
    case RedoKind::kDropTable:
      if (is_living) return arrow::Status::OK();
      break;
    default:
      if (rebuilding.tables.contains(id)) {
        ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<ColumnTable> table, Rebuilt(rebuilding, id));
        return ReplayRows(*table, header, section, num_rows);
      }
      if (is_living) return arrow::Status::OK();
      break;
  }
  return Replay(header, section, num_rows);
}

arrow::Status ColumnStorage::TakeOver(Rebuilding& rebuilding) {
  const CommitTs at = rebuilding.root.last_committed;
  for (auto& [id, newer] : rebuilding.tables) {
    std::shared_ptr<ColumnTable> living;
    {
      MutexLock lock(mutex_);
      Slot& slot = tables_[id];
      if (slot.table == nullptr && newer == nullptr) {
        // Nobody has used it yet.
        if (slot.stored.value != 0) slot.older.emplace_back(at, slot.stored);
        slot.stored = rebuilding.stored[id];
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(living, Load(id));
    }
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<ColumnTable> table, Rebuilt(rebuilding, id));
    living->TakeOver(*table, at);
    MutexLock lock(mutex_);
    tables_[id].stored = rebuilding.stored[id];
  }
  MutexLock lock(mutex_);
  for (auto& [id, slot] : tables_) {
    if (rebuilding.stored.contains(id) || rebuilding.created.contains(id)) continue;
    if (!slot.dropped_at) slot.dropped_at = at;
    slot.is_unlisted = true;
  }
  return arrow::Status::OK();
}

void ColumnStorage::DropUnseen() {
  const auto is_seen = [this](CommitTs until) { return txns_.HasSnapshotUpTo(until); };
  bool has_older = following_->DropUnneeded(is_seen);
  std::vector<std::shared_ptr<ColumnTable>> tables;
  {
    MutexLock lock(mutex_);
    for (auto it = tables_.begin(); it != tables_.end();) {
      Slot& slot = it->second;
      std::erase_if(slot.older, [&](const auto& older) {
        return older.first.value == 0 || !is_seen(CommitTs(older.first.value - 1));
      });
      const bool is_gone =
          slot.is_unlisted && (slot.dropped_at->value == 0 || !is_seen(CommitTs(slot.dropped_at->value - 1)));
      if (slot.table != nullptr && !is_gone) tables.push_back(slot.table);
      has_older = has_older || !slot.older.empty() || (slot.is_unlisted && !is_gone);
      it = is_gone ? tables_.erase(it) : std::next(it);
    }
  }
  for (const auto& table : tables) {
    table->PruneRetired();
    has_older = has_older || table->state()->HasRetired();
  }
  keeps_older_ = has_older;
}

}  // namespace llkv
