// Storage: all tables of one database by TableId, over one pager: their creation and removal inside transactions,
// commit, checkpoint and recovery. Names, schemas and views are the catalog's, which keeps its rows in a table here.
//
// What it holds in memory is a cache of the last checkpoint (the pager's root and the blobs it leads to) and of the log
// after it; opening reads the root and replays the log, and tables load their descriptors at their first use.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "pager/pager.h"
#include "store/table_store.h"
#include "txn/txn.h"

namespace llkv {

class StopToken;

/// The table in which the catalog keeps its objects.
inline constexpr TableId kCatalogTableId{1};
/// The first id of other tables and of views; those below are for the system.
inline constexpr uint64_t kFirstUserTableId = 1024;

/// Where a checkpoint is, for tests.
enum class CheckpointStage : uint8_t {
  /// It has its timestamp, and transactions go on.
  kSealed,
  /// One more table is written.
  kTableWritten,
  /// All is written, and it is about to wait for the writer's turn.
  kWritten,
};

struct StorageOptions {
  TxnOptions txn;
  /// A commit that leaves more log than this behind it, by its ReplayCost, asks for a checkpoint (see
  /// Storage::SetMaintenance); 0: never. So opening after a crash takes some milliseconds, however small the changes.
  uint64_t checkpoint_log_bytes = uint64_t{4} << 20;
  /// Where the rows that a transaction's small statements added to a table, with their index entries, take more memory
  /// than this, they are staged as cold row groups; 0: never.
  uint64_t stage_hot_bytes = uint64_t{128} << 20;
  /// About the memory for the index keys of one statement's bulk rows: more wait in the pager until they are merged.
  uint64_t bulk_key_bytes = uint64_t{64} << 20;
  /// Runs in the checkpoint's thread, which holds no lock that transactions need.
  std::function<void(CheckpointStage)> checkpoint_hook;
  /// For hot rows and opened chunks; the default pool where null. Outlives the Storage.
  arrow::MemoryPool* pool = nullptr;
  bool read_only = false;
  /// For salvaging: called with what is damaged, which is then left out, where opening and loading tables would fail.
  std::function<void(TableId table, const arrow::Status& damage)> on_damage;
};

/// What one table takes, as SHOW STORAGE shows it.
struct TableStorageUse {
  /// Rows of the newest commit.
  uint64_t num_rows = 0;
  uint64_t num_hot_groups = 0;
  uint64_t num_cold_groups = 0;
  /// Versions of rows that are kept: those of the newest commit, those that compaction has not dropped yet, and those
  /// that only older snapshots see.
  uint64_t num_versions = 0;
  /// Bytes of stored row groups and index runs: for rows that are there, for rows that are deleted, and what is kept
  /// for older snapshots only.
  uint64_t bytes_live = 0;
  uint64_t bytes_dead = 0;
  uint64_t bytes_pinned = 0;
};

/// Any thread. Outlives its transactions, scans and tables.
class Storage {
 public:
  /// Opens the database in `pager`, or makes an empty one. XX001 for damaged bytes, 0A000 for a newer format.
  static arrow::Result<std::unique_ptr<Storage>> Open(std::shared_ptr<Pager> pager, const StorageOptions& options = {});
  /// Closes without a checkpoint where Close was not called: as a crash would.
  virtual ~Storage() = default;

  virtual TxnManager& txns() = 0;
  virtual Pager& pager() = 0;

  /// TxnManager::Commit; then, where the log has grown beyond its bound, the call that SetMaintenance gave, or a
  /// checkpoint by this thread where there is none or it lags so far behind that the log would grow without bound. A
  /// failure of that checkpoint does not fail the commit, and it is tried again when the log has doubled.
  virtual arrow::Status Commit(Transaction& txn, std::optional<Durability> level = std::nullopt) = 0;

  /// An id for a table or a view; never given twice once a transaction that used it has committed.
  virtual TableId AllocateTableId() = 0;
  /// Recovery only: `id` is taken by an object that the storage does not know, a view.
  virtual void ReserveTableId(TableId id) = 0;
  /// Adds a table, private to the transaction until COMMIT. `layout.id` comes from AllocateTableId.
  virtual arrow::Result<std::shared_ptr<TableStore>> CreateTable(Transaction& txn, TableLayout layout) = 0;
  /// Drops a table at COMMIT; whoever has it open under an older snapshot reads on.
  virtual arrow::Status DropTable(Transaction& txn, TableId table) = 0;
  /// The store of a table that is there for some live snapshot or transaction, the same one as long as it is; null
  /// where there is none. Names decide who may find it.
  virtual arrow::Result<std::shared_ptr<TableStore>> GetTable(TableId table) = 0;

  /// Takes over what another process has committed, where the storage was opened read-only: snapshots taken from now on
  /// see every commit that was acknowledged before the call; those taken before stay as they are. Where the catalog may
  /// have changed, calls `on_catalog_change` with the timestamp before any snapshot can be at it. After a failure
  /// snapshots stay at the commit where they were, and the next call tries again.
  virtual arrow::Status CatchUp(const std::function<arrow::Status(CommitTs)>& on_catalog_change) = 0;

  /// What a table takes now. All zeros for one that is not there.
  virtual arrow::Result<TableStorageUse> GetUse(TableId table) = 0;

  /// Turns hot rows cold, writes what changed, and drops the log, in one commit of the pager, while transactions go on.
  /// It waits for the writer's turn at its beginning, for the lock timeout (55P03), and again at its end; 57014 where
  /// `stop`, which may be null, ended a wait. After a failure all is as before.
  virtual arrow::Status Checkpoint(const StopToken* stop = nullptr) = 0;
  /// Checkpoints, then has the pager write a file of what is live only, while nobody writes. Waits as Checkpoint does;
  /// errors of Pager::Vacuum.
  virtual arrow::Status Vacuum(const StopToken* stop = nullptr) = 0;
  /// One bounded step of what is done in the background: a checkpoint where the log has grown beyond its bound or
  /// a checkpoint left row groups to compact, or giving back what no snapshot needs any more. Gives whether there is
  /// more to do.
  virtual arrow::Result<bool> Maintain(const StopToken* stop) = 0;
  /// Commits call `wake` when there is something to Maintain; null: they do it themselves. Not while others use the
  /// storage. `wake` does not block.
  virtual void SetMaintenance(std::function<void()> wake) = 0;
  /// The tables that the newest commit has, by id.
  virtual std::vector<TableId> TableIds() = 0;

  /// Compares all that is stored with itself (integrity_check.h): of one table, or of the whole database with its
  /// pager. Nobody writes meanwhile: 55P03 while another transaction does.
  virtual arrow::Status CheckIntegrity(std::optional<TableId> only, const IntegrityVisitor& visit) = 0;
  /// A checkpoint where there is something to write, then Pager::Close. Transactions must have ended.
  virtual arrow::Status Close() = 0;
};

}  // namespace llkv
