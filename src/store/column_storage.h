// ColumnStorage: the Storage of ColumnTables.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "store/column_table.h"
#include "store/storage.h"
#include "store/storage_root.h"
#include "txn/log_record.h"

namespace llkv {

class FollowingPager;
class TableCheckpoint;

class ColumnStorage : public Storage {
 public:
  /// `following` is the same pager where it follows another process, else null.
  ColumnStorage(std::shared_ptr<Pager> pager, FollowingPager* following, const StorageOptions& options);
  ~ColumnStorage() override;
  /// Reads the root and replays the log.
  arrow::Status Recover();

  TxnManager& txns() override { return txns_; }
  Pager& pager() override { return *pager_; }
  arrow::Status Commit(Transaction& txn, std::optional<Durability> level) override;
  TableId AllocateTableId() override { return TableId(next_table_id_.fetch_add(1)); }
  void ReserveTableId(TableId id) override;
  arrow::Result<std::shared_ptr<TableStore>> CreateTable(Transaction& txn, TableLayout layout) override;
  arrow::Status DropTable(Transaction& txn, TableId table) override;
  arrow::Result<std::shared_ptr<TableStore>> GetTable(TableId table) override;
  arrow::Result<TableStorageUse> GetUse(TableId table) override;
  arrow::Status Checkpoint(const StopToken* stop) override;
  arrow::Status Vacuum(const StopToken* stop) override;
  arrow::Result<bool> Maintain(const StopToken* stop) override;
  void SetMaintenance(std::function<void()> wake) override { wake_ = std::move(wake); }
  std::vector<TableId> TableIds() override;
  arrow::Status CheckIntegrity(std::optional<TableId> only, const IntegrityVisitor& visit) override;
  arrow::Status CatchUp(const std::function<arrow::Status(CommitTs)>& on_catalog_change) override;
  arrow::Status Close() override;

 private:
  class Changes;
  struct Slot {
    /// Null where the table is not loaded.
    std::shared_ptr<ColumnTable> table;
    PhysicalKey stored;
    /// The commit that dropped it.
    std::optional<CommitTs> dropped_at;
    /// A checkpoint has taken it out of the root; it is here for older snapshots only.
    bool is_unlisted = false;
    /// Catching up: where the table, which is not loaded, is stored for snapshots before a timestamp, the oldest first.
    std::vector<std::pair<CommitTs, PhysicalKey>> older = {};
  };
  struct UnusedBlobs {
    /// Snapshots at from <= S <= until may read them.
    CommitTs needed_from;
    CommitTs needed_until;
    std::vector<PhysicalKey> blobs;
  };
  /// A checkpoint on its way.
  struct Pending;
  Changes* GetChanges(Transaction& txn);
  arrow::Result<std::shared_ptr<ColumnTable>> Load(TableId id) LLKV_REQUIRES(mutex_);
  arrow::Result<std::shared_ptr<ColumnTable>> ReadStored(TableId id, PhysicalKey stored);
  arrow::Result<std::shared_ptr<ColumnTable>> FindTable(TableId id);
  // These add to the number of rows that were replayed.
  arrow::Status Replay(const LogRecordHeader& header, const LogSection& section, uint64_t* num_rows);
  arrow::Status ReplayRows(ColumnTable& table, const LogRecordHeader& header, const LogSection& section,
                           uint64_t* num_rows);

  // column_storage_catch_up.cc
  struct Rebuilding;
  struct Applied;
  arrow::Status TakeNewest(Applied* applied) LLKV_REQUIRES(catch_up_mutex_);
  arrow::Status ReplayAfter(Lsn after, Rebuilding* rebuilding, Applied* applied) LLKV_REQUIRES(catch_up_mutex_);
  arrow::Status ReplayRebuilding(Rebuilding& rebuilding, Lsn lsn, const LogRecordHeader& header,
                                 const LogSection& section, uint64_t* num_rows);
  arrow::Result<std::shared_ptr<ColumnTable>> Rebuilt(Rebuilding& rebuilding, TableId id);
  void FindChanged(Rebuilding& rebuilding);
  arrow::Status TakeOver(Rebuilding& rebuilding);
  void DropUnseen() LLKV_REQUIRES(catch_up_mutex_);

  /// How long a checkpoint waits: for the one before it, for the writer's turn at its beginning, and at its end.
  struct Waits {
    int64_t first_ms;
    int64_t begin_ms;
    int64_t end_ms;
    /// Ends each of them; may be null.
    const StopToken* stop;
  };
  arrow::Status RunAlone(const Waits& waits, const std::function<arrow::Status()>& f);
  arrow::Status CheckpointNow(const Waits& waits);
  arrow::Status CheckpointIfDue(uint64_t lag, const Waits& waits);
  /// What replaying the log since the last checkpoint would cost.
  uint64_t CostSinceCheckpoint() const {
    return replayed_cost_ + txns_.replay_cost() - stored_cost_.load(std::memory_order_relaxed);
  }
  bool HasCheckpointWork(CommitTs at) LLKV_EXCLUDES(mutex_);
  arrow::Status BeginCheckpoint(Pending& pending);
  arrow::Status WriteCheckpoint(Pending& pending);
  arrow::Status EndCheckpoint(Pending& pending, CommitTicket* ticket);
  void FreeUnused(Pending& pending);
  arrow::Status RetireDropped(Pending& pending);
  arrow::Status WriteRoot(Pending& pending);
  void DropUnseenTables();
  void CallHook(CheckpointStage stage) const;
  // integrity_check.cc
  arrow::Status CheckTables(std::optional<TableId> only, const IntegrityVisitor& visit);
  arrow::Status CheckReachable(const IntegrityVisitor& visit);

  const std::shared_ptr<Pager> pager_;
  FollowingPager* const following_;
  const StorageOptions options_;
  TxnManager txns_;
  const TableContext context_;
  std::atomic<uint64_t> next_table_id_{kFirstUserTableId};
  std::atomic<uint64_t> checkpoint_at_cost_;
  /// The ReplayCost of the log: of what recovery read, and, beginning with that, of what the last checkpoint has.
  uint64_t replayed_cost_ = 0;
  std::atomic<uint64_t> stored_cost_{0};
  std::atomic<bool> is_closed_{false};
  std::function<void()> wake_;

  /// One checkpoint at a time; no lock is held for its length.
  Mutex alone_mutex_;
  ConditionVariable alone_free_;
  bool is_alone_ LLKV_GUARDED_BY(alone_mutex_) = false;
  /// A checkpoint left row groups that should be compacted.
  std::atomic<bool> has_more_to_compact_{false};

  /// One thread catches up at a time. Taken before mutex_.
  Mutex catch_up_mutex_;
  /// What was last taken over, of the pager and of its root.
  std::shared_ptr<const PagerSnapshot> taken_ LLKV_GUARDED_BY(catch_up_mutex_);
  /// Catching up failed: the next call goes on, whether or not there is something new.
  bool is_half_taken_ LLKV_GUARDED_BY(catch_up_mutex_) = false;
  /// It failed in the middle of changing what lives, which has parts of commits that no snapshot sees.
  bool lost_living_ LLKV_GUARDED_BY(catch_up_mutex_) = false;
  /// Older snapshots keep tables or blobs that the newest commit does not have.
  bool keeps_older_ LLKV_GUARDED_BY(catch_up_mutex_) = false;

  Mutex mutex_;
  std::map<TableId, Slot> tables_ LLKV_GUARDED_BY(mutex_);
  std::vector<UnusedBlobs> unused_ LLKV_GUARDED_BY(mutex_);
  /// The last commit that the root has.
  CommitTs stored_ts_ LLKV_GUARDED_BY(mutex_);
};

}  // namespace llkv
