// ColumnStorage: the Storage of ColumnTables.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "store/column_table.h"
#include "store/storage.h"
#include "store/storage_root.h"
#include "txn/log_record.h"

namespace llkv {

class TableCheckpoint;

class ColumnStorage : public Storage {
 public:
  ColumnStorage(std::shared_ptr<Pager> pager, const StorageOptions& options);
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
  arrow::Status Checkpoint() override;
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
  };
  struct UnusedBlobs {
    /// Snapshots up to here may read them.
    CommitTs needed_until;
    std::vector<PhysicalKey> blobs;
  };
  Changes* GetChanges(Transaction& txn);
  arrow::Result<std::shared_ptr<ColumnTable>> Load(TableId id) LLKV_REQUIRES(mutex_);
  arrow::Result<std::shared_ptr<ColumnTable>> FindTable(TableId id);
  arrow::Status Replay(const LogRecordHeader& header, const LogSection& section);
  arrow::Status CheckpointNow();
  arrow::Status PrepareTables(CommitTs at, WriteBatch& batch, std::vector<std::unique_ptr<TableCheckpoint>>* parts,
                              std::vector<TableId>* dropped, std::vector<UnusedBlobs>* unused);
  arrow::Status WriteRoot(CommitTs at, const std::vector<std::unique_ptr<TableCheckpoint>>& parts,
                          const std::vector<TableId>& dropped, const std::vector<UnusedBlobs>& unused,
                          WriteBatch& batch);

  const std::shared_ptr<Pager> pager_;
  const StorageOptions options_;
  TxnManager txns_;
  const TableContext context_;
  std::atomic<uint64_t> next_table_id_{kFirstUserTableId};
  std::atomic<uint64_t> checkpoint_at_bytes_;
  std::atomic<bool> is_closed_{false};

  Mutex mutex_;
  std::map<TableId, Slot> tables_ LLKV_GUARDED_BY(mutex_);
  std::vector<UnusedBlobs> unused_ LLKV_GUARDED_BY(mutex_);
  /// The last commit that the root has.
  CommitTs stored_ts_ LLKV_GUARDED_BY(mutex_);
};

}  // namespace llkv
