// The checkpoint of a whole ColumnStorage, in three parts. BeginCheckpoint fixes its timestamp and seals the tables'
// hot rows, with the writer's turn; WriteCheckpoint writes tables and root as of that timestamp, beside a writer; and
// EndCheckpoint, with the turn again, carries over the deletes that were committed meanwhile, commits, and lets the
// tables go over to their new row groups. The log is dropped up to the timestamp's record only: what came later is
// replayed upon the new root, since rows keep their ids.
#include <arrow/buffer.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/error.h"
#include "runtime/stop_token.h"
#include "store/column_storage.h"
#include "store/table_checkpoint.h"

namespace llkv {

namespace {
/// For waits that only a stop token ends: a hundred days.
constexpr int64_t kNoTimeoutMs = int64_t{100} * 24 * 3600 * 1000;
/// How often a wait looks at its stop token.
constexpr std::chrono::nanoseconds kPollInterval = std::chrono::milliseconds(10);
/// The bytes of blobs that one step of maintenance may move.
constexpr uint64_t kReclaimBytes = uint64_t{8} << 20;
}  // namespace

struct ColumnStorage::Pending {
  CommitTs at;
  /// Of the log up to `at`.
  uint64_t replay_cost = 0;
  /// The root as of `at`; its tables and unused blobs come last.
  StorageRoot root;
  WriteBatch batch;
  std::vector<std::unique_ptr<TableCheckpoint>> parts;
  std::vector<TableId> dropped;
  std::vector<UnusedBlobs> unused;
};

void ColumnStorage::CallHook(CheckpointStage stage) const {
  if (options_.checkpoint_hook != nullptr) options_.checkpoint_hook(stage);
}

arrow::Status ColumnStorage::RunAlone(const Waits& waits, const std::function<arrow::Status()>& f) {
  {
    MutexLock lock(alone_mutex_);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(waits.first_ms);
    while (is_alone_) {
      if (waits.stop != nullptr) ARROW_RETURN_NOT_OK(waits.stop->Check());
      const std::chrono::nanoseconds left = deadline - std::chrono::steady_clock::now();
      if (left <= std::chrono::nanoseconds(0)) {
        return SqlError(sqlstate::kLockNotAvailable, "another checkpoint is running");
      }
      alone_free_.WaitFor(alone_mutex_, std::min(left, kPollInterval));
    }
    is_alone_ = true;
  }
  arrow::Status status = f();
  {
    MutexLock lock(alone_mutex_);
    is_alone_ = false;
  }
  alone_free_.NotifyOne();
  return status;
}

arrow::Status ColumnStorage::Checkpoint(const StopToken* stop) {
  const Waits waits{kNoTimeoutMs, txns_.lock_timeout_ms(), kNoTimeoutMs, stop};
  return RunAlone(waits, [&] { return CheckpointNow(waits); });
}

/// A checkpoint where the log has `lag` times its bound; once alone that may not be so any more.
arrow::Status ColumnStorage::CheckpointIfDue(uint64_t lag, const Waits& waits) {
  return RunAlone(waits, [&]() {
    const uint64_t cost = CostSinceCheckpoint();
    const bool is_due = cost >= lag * checkpoint_at_cost_.load(std::memory_order_relaxed);
    if (!is_due && !has_more_to_compact_.load()) return arrow::Status::OK();
    arrow::Status status = CheckpointNow(waits);
    // One that failed is tried again when the log has doubled.
    if (status.ok()) {
      checkpoint_at_cost_.store(options_.checkpoint_log_bytes, std::memory_order_relaxed);
    } else if (GetSqlState(status) != sqlstate::kLockNotAvailable && GetSqlState(status) != sqlstate::kQueryCanceled) {
      checkpoint_at_cost_.store(2 * cost, std::memory_order_relaxed);
    }
    return status;
  });
}

arrow::Result<bool> ColumnStorage::Maintain(const StopToken* stop) {
  const uint64_t bound = checkpoint_at_cost_.load(std::memory_order_relaxed);
  const bool is_due = has_more_to_compact_.load() || (bound != 0 && CostSinceCheckpoint() >= bound);
  const Waits waits{kNoTimeoutMs, kNoTimeoutMs, kNoTimeoutMs, stop};
  if (is_due) {
    ARROW_RETURN_NOT_OK(CheckpointIfDue(1, waits));
  } else {
    ARROW_RETURN_NOT_OK(RunAlone(waits, [this] {
      DropUnseenTables();
      return arrow::Status::OK();
    }));
  }
  // A failure is not this caller's: commits go on, and reading reports what is damaged.
  const auto more = pager_->Reclaim(kReclaimBytes);
  return has_more_to_compact_.load() || more.ValueOr(false);
}

bool ColumnStorage::HasCheckpointWork(CommitTs at) {
  MutexLock lock(mutex_);
  if (at != stored_ts_) return true;
  const bool is_changed = std::any_of(tables_.begin(), tables_.end(), [](const auto& slot) {
    return slot.second.table != nullptr && !slot.second.dropped_at && slot.second.table->is_changed();
  });
  return is_changed || std::any_of(unused_.begin(), unused_.end(), [this](const UnusedBlobs& one) {
           return !txns_.HasSnapshotIn(one.needed_from.value, one.needed_until.value + 1);
         });
}

arrow::Status ColumnStorage::BeginCheckpoint(Pending& pending) {
  pending.at = txns_.last_committed();
  pending.replay_cost = replayed_cost_ + txns_.replay_cost();
  pending.root.last_committed = pending.at;
  pending.root.last_lsn = txns_.last_lsn();
  pending.root.catalog_version = txns_.catalog_version();
  pending.root.next_table_id = next_table_id_.load();
  MutexLock lock(mutex_);
  for (auto& [id, slot] : tables_) {
    if (slot.dropped_at) {
      pending.dropped.push_back(id);
    } else if (slot.table != nullptr && slot.table->is_changed()) {
      pending.parts.push_back(std::make_unique<TableCheckpoint>(slot.table, pending.at, &pending.batch));
    }
  }
  return arrow::Status::OK();
}

void ColumnStorage::FreeUnused(Pending& pending) {
  MutexLock lock(mutex_);
  for (const UnusedBlobs& one : unused_) {
    if (txns_.HasSnapshotIn(one.needed_from.value, one.needed_until.value + 1)) {
      pending.unused.push_back(one);
    } else {
      for (const PhysicalKey key : one.blobs) pending.batch.Free(key);
    }
  }
}

arrow::Status ColumnStorage::RetireDropped(Pending& pending) {
  MutexLock lock(mutex_);
  for (const TableId id : pending.dropped) {
    const Slot& slot = tables_.at(id);
    if (slot.is_unlisted) continue;
    if (slot.stored.value == 0 && slot.table->state()->groups.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<ColumnTable> table, Load(id));
    ARROW_ASSIGN_OR_RAISE(std::vector<PhysicalKey> blobs, TableCheckpoint::AllBlobs(*table));
    // Snapshots from before the drop read on.
    pending.unused.push_back({CommitTs(0), CommitTs(slot.dropped_at->value - 1), std::move(blobs)});
  }
  return arrow::Status::OK();
}

arrow::Status ColumnStorage::WriteRoot(Pending& pending) {
  std::map<TableId, PhysicalKey> keys;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, slot] : tables_) keys[id] = slot.stored;
  }
  for (const auto& part : pending.parts) keys[part->table()->layout().id] = part->metadata_key();
  for (const TableId id : pending.dropped) keys.erase(id);
  for (const auto& [id, key] : keys) {
    // Tables without a key came later.
    if (key.value != 0) pending.root.tables.push_back({id, key});
  }
  for (const UnusedBlobs& one : pending.unused) {
    pending.root.unused_blobs.insert(pending.root.unused_blobs.end(), one.blobs.begin(), one.blobs.end());
  }
  ByteWriter bytes;
  EncodeStorageRoot(pending.root, bytes);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(static_cast<int64_t>(bytes.size()), context_.pool));
  std::copy(bytes.bytes().begin(), bytes.bytes().end(), buffer->mutable_data());
  pending.batch.SetRoot(std::move(buffer));
  pending.batch.TruncateLog(pending.root.last_lsn);
  return arrow::Status::OK();
}

arrow::Status ColumnStorage::WriteCheckpoint(Pending& pending) {
  FreeUnused(pending);
  ARROW_RETURN_NOT_OK(RetireDropped(pending));
  for (const auto& part : pending.parts) {
    ARROW_RETURN_NOT_OK(part->Prepare());
    for (TableCheckpoint::RetiredBlobs& retired : part->retired_blobs()) {
      // Until when they are needed is known at the end.
      pending.unused.push_back(
          {CommitTs(retired.from), CommitTs(std::numeric_limits<uint64_t>::max() - 1), std::move(retired.blobs)});
    }
    CallHook(CheckpointStage::kTableWritten);
  }
  return WriteRoot(pending);
}

arrow::Status ColumnStorage::EndCheckpoint(Pending& pending, CommitTicket* ticket) {
  for (const auto& part : pending.parts) ARROW_RETURN_NOT_OK(part->CarryDeletes());
  CommitOptions level;
  // Nothing is lost where a crash takes the checkpoint back: then the log is still there.
  level.durability = Durability::kProcess;
  ARROW_ASSIGN_OR_RAISE(*ticket, pager_->Submit(pending.batch, level));
  for (const auto& part : pending.parts) part->Apply();
  // A scan of any snapshot up to now may have begun on the old states.
  const CommitTs now = txns_.last_committed();
  for (UnusedBlobs& one : pending.unused) one.needed_until = std::min(one.needed_until, now);
  MutexLock lock(mutex_);
  for (const auto& part : pending.parts) tables_[part->table()->layout().id].stored = part->metadata_key();
  for (const TableId id : pending.dropped) tables_[id].is_unlisted = true;
  unused_ = std::move(pending.unused);
  stored_ts_ = pending.at;
  stored_cost_.store(pending.replay_cost, std::memory_order_relaxed);
  return arrow::Status::OK();
}

/// Forgets tables that were dropped and that no snapshot finds any more, and retired parts of others.
void ColumnStorage::DropUnseenTables() {
  std::vector<std::shared_ptr<ColumnTable>> tables;
  {
    MutexLock lock(mutex_);
    std::erase_if(tables_, [this](const auto& slot) {
      return slot.second.is_unlisted && !txns_.HasSnapshotUpTo(CommitTs(slot.second.dropped_at->value - 1));
    });
    for (const auto& [id, slot] : tables_) {
      if (slot.table != nullptr) tables.push_back(slot.table);
    }
  }
  for (const auto& table : tables) table->PruneRetired();
}

arrow::Status ColumnStorage::Vacuum(const StopToken* stop) {
  const Waits waits{kNoTimeoutMs, txns_.lock_timeout_ms(), kNoTimeoutMs, stop};
  // Alone, so that no checkpoint has blobs staged.
  return RunAlone(waits, [&] {
    ARROW_RETURN_NOT_OK(CheckpointNow(waits));
    return txns_.RunWithoutWriter(txns_.lock_timeout_ms(), stop, [this] { return pager_->Vacuum(); });
  });
}

arrow::Status ColumnStorage::CheckpointNow(const Waits& waits) {
  Pending pending;
  bool has_work = true;
  ARROW_RETURN_NOT_OK(txns_.RunWithoutWriter(waits.begin_ms, waits.stop, [&]() {
    has_work = HasCheckpointWork(txns_.last_committed());
    return has_work ? BeginCheckpoint(pending) : arrow::Status::OK();
  }));
  if (!has_work) {
    DropUnseenTables();
    return arrow::Status::OK();
  }
  CallHook(CheckpointStage::kSealed);
  ARROW_RETURN_NOT_OK(WriteCheckpoint(pending));
  CallHook(CheckpointStage::kWritten);
  CommitTicket ticket;
  ARROW_RETURN_NOT_OK(
      txns_.RunWithoutWriter(waits.end_ms, waits.stop, [&] { return EndCheckpoint(pending, &ticket); }));
  const bool has_more =
      std::any_of(pending.parts.begin(), pending.parts.end(), [](const auto& part) { return part->has_more(); });
  has_more_to_compact_.store(has_more);
  DropUnseenTables();
  return pager_->WaitDurable(ticket);
}

}  // namespace llkv
