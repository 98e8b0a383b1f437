// See column_storage.h.
#include "store/column_storage.h"

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"
#include "store/following_pager.h"
#include "store/redo.h"
#include "store/table_checkpoint.h"

namespace llkv {

namespace {
/// A commit makes a checkpoint itself where the log has grown to so many times its bound.
constexpr uint64_t kMaxLag = 4;
}  // namespace

namespace {

uint64_t NumVersions(const GroupEntry& entry) {
  return entry.hot != nullptr ? entry.hot->num_rows() : entry.cold->num_rows();
}

uint64_t StoredBytes(const GroupEntry& entry) {
  uint64_t bytes = 0;
  // What cannot be read has no known size.
  if (entry.cold == nullptr || !entry.cold->Load().ok()) return bytes;
  for (const ChunkDescriptor& chunk : entry.cold->descriptor()->columns) bytes += chunk.size_bytes;
  return bytes;
}

/// All but the number of rows.
TableStorageUse CountUse(const TableState& state) {
  TableStorageUse use;
  for (const GroupEntry& entry : state.groups) {
    use.num_versions += NumVersions(entry);
    ++(entry.hot != nullptr ? use.num_hot_groups : use.num_cold_groups);
    if (entry.cold == nullptr || entry.cold->num_rows() == 0) continue;
    const uint64_t num_deleted = entry.cold->num_deleted();
    const uint64_t bytes = StoredBytes(entry);
    const auto dead = static_cast<uint64_t>(static_cast<double>(bytes) * static_cast<double>(num_deleted) /
                                            static_cast<double>(entry.cold->num_rows()));
    use.bytes_dead += dead;
    use.bytes_live += bytes - dead;
  }
  for (const TableIndex& index : state.indexes) {
    for (const IndexRunEntry& run : index.runs) {
      (index.is_dropped() ? use.bytes_pinned : use.bytes_live) += run.reader->descriptor().size_bytes;
    }
    for (const IndexRunEntry& run : index.retired_runs) use.bytes_pinned += run.reader->descriptor().size_bytes;
  }
  for (const GroupEntry& entry : state.retired_groups) {
    use.num_versions += NumVersions(entry);
    use.bytes_pinned += StoredBytes(entry);
  }
  return use;
}

}  // namespace

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
  FollowingPager* following = nullptr;
  if (options.read_only) {
    auto wrapped = std::make_shared<FollowingPager>(std::move(pager));
    following = wrapped.get();
    pager = std::move(wrapped);
  }
  auto storage = std::make_unique<ColumnStorage>(std::move(pager), following, options);
  ARROW_RETURN_NOT_OK(storage->Recover());
  return storage;
}

namespace {
TxnOptions WithReadOnly(TxnOptions options, bool read_only) {
  options.read_only = options.read_only || read_only;
  return options;
}
}  // namespace

ColumnStorage::ColumnStorage(std::shared_ptr<Pager> pager, FollowingPager* following, const StorageOptions& options)
    : pager_(std::move(pager)),
      following_(following),
      options_(options),
      txns_(pager_.get(), WithReadOnly(options.txn, options.read_only)),
      context_{pager_.get(),
               &txns_,
               options.pool != nullptr ? options.pool : arrow::default_memory_pool(),
               options.on_damage,
               options.stage_hot_bytes,
               options.bulk_key_bytes},
      checkpoint_at_cost_(options.checkpoint_log_bytes) {}

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
    if (!root.unused_blobs.empty()) unused_.push_back({CommitTs(0), CommitTs(0), std::move(root.unused_blobs)});
    stored_ts_ = root.last_committed;
  }
  CommitTs last_committed = root.last_committed;
  Lsn last_lsn = root.last_lsn;
  uint64_t catalog_version = root.catalog_version;
  ARROW_RETURN_NOT_OK(pager_->ReadLog(root.last_lsn, [&](Lsn lsn, std::span<const uint8_t> record) {
    uint64_t num_rows = 0;
    ARROW_ASSIGN_OR_RAISE(const LogRecordHeader header,
                          ReadLogRecord(record, [&](const LogRecordHeader& header, const LogSection& section) {
                            arrow::Status replayed = Replay(header, section, &num_rows);
                            if (replayed.ok() || !options_.on_damage) return replayed;
                            options_.on_damage(TableId(section.owner), replayed);
                            return arrow::Status::OK();
                          }));
    if (header.ts <= last_committed) return Corrupted("the log's commits are out of order");
    last_committed = header.ts;
    last_lsn = lsn;
    replayed_cost_ += ReplayCost(record.size(), num_rows);
    catalog_version = header.catalog_version;
    return arrow::Status::OK();
  }));
  txns_.Recover(last_committed, last_lsn, catalog_version);
  MutexLock lock(catch_up_mutex_);
  if (following_ != nullptr) taken_ = snapshot;
  return arrow::Status::OK();
}

void ColumnStorage::ReserveTableId(TableId id) {
  uint64_t next = next_table_id_.load();
  while (next <= id.value && !next_table_id_.compare_exchange_weak(next, id.value + 1)) {
  }
}

arrow::Status ColumnStorage::Replay(const LogRecordHeader& header, const LogSection& section, uint64_t* num_rows) {
  const TableId id(section.owner);
  switch (static_cast<RedoKind>(section.kind)) {
    case RedoKind::kCreateTable: {
      ByteReader in(section.payload);
      ARROW_ASSIGN_OR_RAISE(TableLayout layout, DecodeLayout(in));
      ARROW_RETURN_NOT_OK(in.Finish("a log record's table"));
      if (layout.id != id || id.value >= (uint64_t{1} << 62)) return Corrupted("a log record's table has another id");
      std::vector<uint64_t> index_ids;
      for (const IndexLayout& index : layout.indexes) index_ids.push_back(index.id.value);
      if (std::any_of(index_ids.begin(), index_ids.end(), [](uint64_t value) { return value >= uint64_t{1} << 62; })) {
        return Corrupted("a log record's index has no possible id");
      }
      auto table = std::make_shared<ColumnTable>(std::move(layout), context_);
      table->SetChanged();
      MutexLock lock(mutex_);
      if (!tables_.emplace(id, Slot{std::move(table), PhysicalKey(), std::nullopt, false}).second) {
        return Corrupted("the log creates table " + std::to_string(id.value) + " twice");
      }
      if (id.value >= kFirstUserTableId) ReserveTableId(id);
      for (const uint64_t index : index_ids) ReserveTableId(TableId(index));
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
    case RedoKind::kCreateIndex:
    case RedoKind::kDropIndex:
      break;
    default:
      return Corrupted("a log record has a section of unknown kind " + std::to_string(section.kind));
  }
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<ColumnTable> table, FindTable(id));
  if (table == nullptr) return Corrupted("the log changes a table that is not there");
  return ReplayRows(*table, header, section, num_rows);
}

arrow::Status ColumnStorage::ReplayRows(ColumnTable& table, const LogRecordHeader& header, const LogSection& section,
                                        uint64_t* num_rows) {
  if (section.kind == static_cast<uint8_t>(RedoKind::kInsertRows)) {
    return table.ReplayInsert(section.payload, header.ts, num_rows);
  }
  if (section.kind == static_cast<uint8_t>(RedoKind::kDeleteRows)) {
    return table.ReplayDelete(section.payload, header.ts, num_rows);
  }
  if (section.kind == static_cast<uint8_t>(RedoKind::kAttachRowGroups)) {
    return table.ReplayAttach(section.payload, header.ts);
  }
  if (section.kind == static_cast<uint8_t>(RedoKind::kDropIndex)) {
    return table.ReplayDropIndex(section.payload, header.ts);
  }
  IndexId index;
  ARROW_RETURN_NOT_OK(table.ReplayCreateIndex(section.payload, header.ts, &index));
  if (index.value >= (uint64_t{1} << 62)) return Corrupted("a log record's index has no possible id");
  ReserveTableId(TableId(index.value));
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<ColumnTable>> ColumnStorage::Load(TableId id) {
  const auto found = tables_.find(id);
  if (found == tables_.end()) return nullptr;
  Slot& slot = found->second;
  if (slot.table != nullptr) return slot.table;
  PhysicalKey first = slot.stored;
  if (!slot.older.empty()) first = slot.older.front().second;
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<ColumnTable> table, ReadStored(id, first));
  for (size_t i = 0; i < slot.older.size(); ++i) {
    const PhysicalKey next = i + 1 < slot.older.size() ? slot.older[i + 1].second : slot.stored;
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<ColumnTable> newer, ReadStored(id, next));
    table->TakeOver(*newer, slot.older[i].first);
  }
  slot.older.clear();
  slot.table = table;
  return table;
}

arrow::Result<std::shared_ptr<ColumnTable>> ColumnStorage::ReadStored(TableId id, PhysicalKey stored) {
  ARROW_ASSIGN_OR_RAISE(const auto bytes, pager_->Get(stored));
  ARROW_ASSIGN_OR_RAISE(TableMetadata metadata,
                        DecodeTableMetadata({bytes->data(), static_cast<size_t>(bytes->size())}));
  if (metadata.layout.id != id) return Corrupted("a table's metadata belongs to another table");
  metadata.key = stored;
  return ColumnTable::Load(metadata, context_);
}

arrow::Result<std::shared_ptr<ColumnTable>> ColumnStorage::FindTable(TableId id) {
  MutexLock lock(mutex_);
  return Load(id);
}

arrow::Result<std::shared_ptr<TableStore>> ColumnStorage::GetTable(TableId table) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<ColumnTable> found, FindTable(table));
  return std::shared_ptr<TableStore>(std::move(found));
}

arrow::Result<TableStorageUse> ColumnStorage::GetUse(TableId table) {
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<ColumnTable> found, FindTable(table));
  if (found == nullptr) return TableStorageUse();
  TableStorageUse use = CountUse(*found->state());
  use.num_rows = static_cast<uint64_t>(std::max<int64_t>(found->live_rows(), 0));
  return use;
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
  const uint64_t bound = checkpoint_at_cost_.load(std::memory_order_relaxed);
  // A commit waits for what others have left behind, not for itself: one large transaction is the background's work.
  const bool is_behind = was_writing && CostSinceCheckpoint() >= kMaxLag * bound;
  ARROW_RETURN_NOT_OK(txns_.Commit(txn, level));
  if (!was_writing || bound == 0) return arrow::Status::OK();
  if (CostSinceCheckpoint() < bound) return arrow::Status::OK();
  if (wake_ != nullptr) {
    wake_();
    if (!is_behind) return arrow::Status::OK();
  }
  // The commit stands whatever becomes of the checkpoint.
  const int64_t timeout_ms = txns_.lock_timeout_ms();
  const arrow::Status status = wake_ != nullptr
                                   ? CheckpointIfDue(kMaxLag, {timeout_ms, timeout_ms, timeout_ms, nullptr})
                                   : CheckpointIfDue(1, {0, 0, timeout_ms, nullptr});
  static_cast<void>(status);
  return arrow::Status::OK();
}

arrow::Status ColumnStorage::Close() {
  if (is_closed_.exchange(true)) return arrow::Status::OK();
  arrow::Status status;
  if (!options_.read_only) status = Checkpoint(nullptr);
  MutexLock lock(catch_up_mutex_);
  taken_.reset();
  return status & pager_->Close();
}

}  // namespace llkv
