// See column_storage.h.
#include "store/column_storage.h"

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"
#include "store/redo.h"
#include "store/table_checkpoint.h"

namespace llkv {

/// The tables that one transaction created and dropped. Its redo comes before that of their rows.
class ColumnStorage::Changes : public TxnParticipant {
 public:
  explicit Changes(ColumnStorage* storage) : storage_(storage) {}

  void AddCreated(std::shared_ptr<ColumnTable> table, uint32_t command) {
    changes_.push_back({table->layout().id, std::move(table), command});
  }
  void AddDropped(TableId id, uint32_t command) { changes_.push_back({id, nullptr, command}); }

  void Undo(uint32_t from_command) override {
    MutexLock lock(storage_->mutex_);
    while (!changes_.empty() && changes_.back().command >= from_command) {
      if (changes_.back().created != nullptr) storage_->tables_.erase(changes_.back().id);
      changes_.pop_back();
    }
  }

  arrow::Status PrepareCommit(LogRecordWriter& log, WriteBatch&) override {
    for (const Change& change : changes_) {
      const RedoKind kind = change.created != nullptr ? RedoKind::kCreateTable : RedoKind::kDropTable;
      ByteWriter& out = log.BeginSection(static_cast<uint8_t>(kind), change.id.value);
      if (change.created != nullptr) EncodeLayout(change.created->layout(), out);
      ARROW_RETURN_NOT_OK(log.EndSection());
    }
    return arrow::Status::OK();
  }

  void Publish(CommitTs ts) override {
    MutexLock lock(storage_->mutex_);
    for (const Change& change : changes_) {
      if (change.created != nullptr) {
        change.created->SetChanged();
      } else {
        storage_->tables_[change.id].dropped_at = ts;
      }
    }
  }

 private:
  struct Change {
    TableId id;
    /// Null: it was dropped.
    std::shared_ptr<ColumnTable> created;
    uint32_t command;
  };
  ColumnStorage* const storage_;
  std::vector<Change> changes_;
};

arrow::Result<std::unique_ptr<Storage>> Storage::Open(std::shared_ptr<Pager> pager, const StorageOptions& options) {
  auto storage = std::make_unique<ColumnStorage>(std::move(pager), options);
  ARROW_RETURN_NOT_OK(storage->Recover());
  return storage;
}

ColumnStorage::ColumnStorage(std::shared_ptr<Pager> pager, const StorageOptions& options)
    : pager_(std::move(pager)),
      options_(options),
      txns_(pager_.get(), options.txn),
      context_{pager_.get(), &txns_, options.pool != nullptr ? options.pool : arrow::default_memory_pool()},
      checkpoint_at_bytes_(options.checkpoint_log_bytes) {}

ColumnStorage::~ColumnStorage() = default;

arrow::Status ColumnStorage::Recover() {
  ARROW_ASSIGN_OR_RAISE(const auto snapshot, pager_->Pin());
  StorageRoot root;
  if (snapshot->root() != nullptr) {
    const arrow::Buffer& bytes = *snapshot->root();
    ARROW_ASSIGN_OR_RAISE(root, DecodeStorageRoot({bytes.data(), static_cast<size_t>(bytes.size())}));
  }
  ReserveTableId(TableId(std::max(root.next_table_id, kFirstUserTableId) - 1));
  {
    MutexLock lock(mutex_);
    for (const StorageRoot::Table& table : root.tables)
      tables_[table.id] = Slot{nullptr, table.key, std::nullopt, false};
    if (!root.unused_blobs.empty()) unused_.push_back({CommitTs(0), std::move(root.unused_blobs)});
    stored_ts_ = root.last_committed;
  }
  CommitTs last_committed = root.last_committed;
  Lsn last_lsn = root.last_lsn;
  uint64_t catalog_version = root.catalog_version;
  ARROW_RETURN_NOT_OK(pager_->ReadLog(root.last_lsn, [&](Lsn lsn, std::span<const uint8_t> record) {
    ARROW_ASSIGN_OR_RAISE(const LogRecordHeader header,
                          ReadLogRecord(record, [this](const LogRecordHeader& header, const LogSection& section) {
                            return Replay(header, section);
                          }));
    if (header.ts <= last_committed) return Corrupted("the log's commits are out of order");
    last_committed = header.ts;
    last_lsn = lsn;
    catalog_version = header.catalog_version;
    return arrow::Status::OK();
  }));
  txns_.Recover(last_committed, last_lsn, catalog_version);
  return arrow::Status::OK();
}

void ColumnStorage::ReserveTableId(TableId id) {
  uint64_t next = next_table_id_.load();
  while (next <= id.value && !next_table_id_.compare_exchange_weak(next, id.value + 1)) {
  }
}

arrow::Status ColumnStorage::Replay(const LogRecordHeader& header, const LogSection& section) {
  const TableId id(section.owner);
  switch (static_cast<RedoKind>(section.kind)) {
    case RedoKind::kCreateTable: {
      ByteReader in(section.payload);
      ARROW_ASSIGN_OR_RAISE(TableLayout layout, DecodeLayout(in));
      ARROW_RETURN_NOT_OK(in.Finish("a log record's table"));
      if (layout.id != id || id.value >= (uint64_t{1} << 62)) return Corrupted("a log record's table has another id");
      auto table = std::make_shared<ColumnTable>(std::move(layout), context_);
      table->SetChanged();
      MutexLock lock(mutex_);
      if (!tables_.emplace(id, Slot{std::move(table), PhysicalKey(), std::nullopt, false}).second) {
        return Corrupted("the log creates table " + std::to_string(id.value) + " twice");
      }
      if (id.value >= kFirstUserTableId) ReserveTableId(id);
      return arrow::Status::OK();
    }
    case RedoKind::kDropTable: {
      MutexLock lock(mutex_);
      const auto found = tables_.find(id);
      if (found == tables_.end()) return Corrupted("the log drops a table that is not there");
      found->second.dropped_at = header.ts;
      return arrow::Status::OK();
    }
    case RedoKind::kInsertRows:
    case RedoKind::kDeleteRows:
    case RedoKind::kAttachRowGroups:
      break;
    default:
      return Corrupted("a log record has a section of unknown kind " + std::to_string(section.kind));
  }
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<ColumnTable> table, FindTable(id));
  if (table == nullptr) return Corrupted("the log changes a table that is not there");
  if (section.kind == static_cast<uint8_t>(RedoKind::kInsertRows)) {
    return table->ReplayInsert(section.payload, header.ts);
  }
  if (section.kind == static_cast<uint8_t>(RedoKind::kDeleteRows)) {
    return table->ReplayDelete(section.payload, header.ts);
  }
  return table->ReplayAttach(section.payload, header.ts);
}

arrow::Result<std::shared_ptr<ColumnTable>> ColumnStorage::Load(TableId id) {
  const auto found = tables_.find(id);
  if (found == tables_.end()) return nullptr;
  Slot& slot = found->second;
  if (slot.table != nullptr) return slot.table;
  ARROW_ASSIGN_OR_RAISE(const auto bytes, pager_->Get(slot.stored));
  ARROW_ASSIGN_OR_RAISE(TableMetadata metadata,
                        DecodeTableMetadata({bytes->data(), static_cast<size_t>(bytes->size())}));
  if (metadata.layout.id != id) return Corrupted("a table's metadata belongs to another table");
  metadata.key = slot.stored;
  ARROW_ASSIGN_OR_RAISE(slot.table, ColumnTable::Load(metadata, context_));
  return slot.table;
}

arrow::Result<std::shared_ptr<ColumnTable>> ColumnStorage::FindTable(TableId id) {
  MutexLock lock(mutex_);
  return Load(id);
}

arrow::Result<std::shared_ptr<TableStore>> ColumnStorage::GetTable(TableId table) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<ColumnTable> found, FindTable(table));
  return std::shared_ptr<TableStore>(std::move(found));
}

ColumnStorage::Changes* ColumnStorage::GetChanges(Transaction& txn) {
  TxnParticipant* participant = txn.FindParticipant(this);
  if (participant == nullptr) participant = txn.AddParticipant(this, 0, std::make_unique<Changes>(this));
  return static_cast<Changes*>(participant);
}

arrow::Result<std::shared_ptr<TableStore>> ColumnStorage::CreateTable(Transaction& txn, TableLayout layout) {
  ARROW_RETURN_NOT_OK(txn.BeginWrite());
  const TableId id = layout.id;
  auto table = std::make_shared<ColumnTable>(std::move(layout), context_);
  {
    MutexLock lock(mutex_);
    if (!tables_.emplace(id, Slot{table, PhysicalKey(), std::nullopt, false}).second) {
      return InternalError("a table's id was given twice");
    }
  }
  GetChanges(txn)->AddCreated(table, txn.command());
  return std::shared_ptr<TableStore>(std::move(table));
}

arrow::Status ColumnStorage::DropTable(Transaction& txn, TableId table) {
  ARROW_RETURN_NOT_OK(txn.BeginWrite());
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<ColumnTable> found, FindTable(table));
  if (found == nullptr) return InternalError("a drop of a table that is not there");
  GetChanges(txn)->AddDropped(table, txn.command());
  return arrow::Status::OK();
}

arrow::Status ColumnStorage::Commit(Transaction& txn, std::optional<Durability> level) {
  const bool was_writing = txn.is_writing();
  ARROW_RETURN_NOT_OK(txns_.Commit(txn, level));
  const uint64_t bound = checkpoint_at_bytes_.load(std::memory_order_relaxed);
  if (!was_writing || bound == 0) return arrow::Status::OK();
  const uint64_t log_bytes = pager_->stats().log_bytes;
  if (log_bytes < bound) return arrow::Status::OK();
  const arrow::Status status = txns_.RunWithoutWriter(0, [this] { return CheckpointNow(); });
  // The commit stands whatever became of the checkpoint; one that failed is tried again when the log has doubled.
  if (status.ok()) {
    checkpoint_at_bytes_.store(options_.checkpoint_log_bytes, std::memory_order_relaxed);
  } else if (GetSqlState(status) != sqlstate::kLockNotAvailable) {
    checkpoint_at_bytes_.store(2 * log_bytes, std::memory_order_relaxed);
  }
  return arrow::Status::OK();
}

arrow::Status ColumnStorage::Checkpoint() {
  return txns_.RunWithoutWriter(txns_.lock_timeout_ms(), [this] { return CheckpointNow(); });
}

arrow::Status ColumnStorage::PrepareTables(CommitTs at, WriteBatch& batch,
                                           std::vector<std::unique_ptr<TableCheckpoint>>* parts,
                                           std::vector<TableId>* dropped, std::vector<UnusedBlobs>* unused) {
  std::vector<std::shared_ptr<ColumnTable>> changed;
  {
    MutexLock lock(mutex_);
    for (auto& [id, slot] : tables_) {
      if (slot.dropped_at) {
        dropped->push_back(id);
        if (slot.is_unlisted) continue;
        if (slot.stored.value == 0 && slot.table->state()->groups.empty()) continue;
        ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<ColumnTable> table, Load(id));
        ARROW_ASSIGN_OR_RAISE(std::vector<PhysicalKey> blobs, TableCheckpoint::AllBlobs(*table));
        // Snapshots from before the drop read on.
        unused->push_back({CommitTs(slot.dropped_at->value - 1), std::move(blobs)});
      } else if (slot.table != nullptr && slot.table->is_changed()) {
        changed.push_back(slot.table);
      }
    }
  }
  for (std::shared_ptr<ColumnTable>& table : changed) {
    auto part = std::make_unique<TableCheckpoint>(std::move(table), at, &batch);
    ARROW_RETURN_NOT_OK(part->Prepare());
    // A scan at `at` itself may have begun on the old state.
    if (!part->retired_blobs().empty()) unused->push_back({at, part->retired_blobs()});
    parts->push_back(std::move(part));
  }
  return arrow::Status::OK();
}

arrow::Status ColumnStorage::WriteRoot(CommitTs at, const std::vector<std::unique_ptr<TableCheckpoint>>& parts,
                                       const std::vector<TableId>& dropped, const std::vector<UnusedBlobs>& unused,
                                       WriteBatch& batch) {
  StorageRoot root;
  root.last_committed = at;
  root.last_lsn = txns_.last_lsn();
  root.catalog_version = txns_.catalog_version();
  root.next_table_id = next_table_id_.load();
  std::map<TableId, PhysicalKey> keys;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, slot] : tables_) keys[id] = slot.stored;
  }
  for (const auto& part : parts) keys[part->table()->layout().id] = part->metadata_key();
  for (const TableId id : dropped) keys.erase(id);
  for (const auto& [id, key] : keys) {
    if (key.value != 0) root.tables.push_back({id, key});
  }
  for (const UnusedBlobs& one : unused) {
    root.unused_blobs.insert(root.unused_blobs.end(), one.blobs.begin(), one.blobs.end());
  }
  ByteWriter bytes;
  EncodeStorageRoot(root, bytes);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(static_cast<int64_t>(bytes.size()), context_.pool));
  std::copy(bytes.bytes().begin(), bytes.bytes().end(), buffer->mutable_data());
  batch.SetRoot(std::move(buffer));
  batch.TruncateLog(root.last_lsn);
  return arrow::Status::OK();
}

arrow::Status ColumnStorage::CheckpointNow() {
  const CommitTs at = txns_.last_committed();
  WriteBatch batch;
  std::vector<std::unique_ptr<TableCheckpoint>> parts;
  std::vector<TableId> dropped;
  std::vector<UnusedBlobs> unused;
  {
    MutexLock lock(mutex_);
    if (at == stored_ts_) return arrow::Status::OK();
    for (const UnusedBlobs& one : unused_) {
      if (txns_.HasSnapshotUpTo(one.needed_until)) {
        unused.push_back(one);
      } else {
        for (const PhysicalKey key : one.blobs) batch.Free(key);
      }
    }
  }
  ARROW_RETURN_NOT_OK(PrepareTables(at, batch, &parts, &dropped, &unused));
  ARROW_RETURN_NOT_OK(WriteRoot(at, parts, dropped, unused, batch));
  CommitOptions level;
  // Nothing is lost where a crash takes the checkpoint back: then the log is still there.
  level.durability = Durability::kProcess;
  ARROW_RETURN_NOT_OK(pager_->Commit(batch, level).status());

  const bool has_older_snapshots = at.value > 0 && txns_.HasSnapshotUpTo(CommitTs(at.value - 1));
  for (const auto& part : parts) part->Apply(has_older_snapshots);
  MutexLock lock(mutex_);
  for (const auto& part : parts) tables_[part->table()->layout().id].stored = part->metadata_key();
  for (const TableId id : dropped) {
    const auto slot = tables_.find(id);
    // Snapshots from before the drop still find the table.
    slot->second.is_unlisted = true;
    if (!txns_.HasSnapshotUpTo(CommitTs(slot->second.dropped_at->value - 1))) tables_.erase(slot);
  }
  unused_ = std::move(unused);
  stored_ts_ = at;
  return arrow::Status::OK();
}

arrow::Status ColumnStorage::Close() {
  if (is_closed_.exchange(true)) return arrow::Status::OK();
  arrow::Status status;
  if (!options_.read_only) status = Checkpoint();
  return status & pager_->Close();
}

}  // namespace llkv
