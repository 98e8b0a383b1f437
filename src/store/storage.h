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

/// The table in which the catalog keeps its objects.
inline constexpr TableId kCatalogTableId{1};
/// The first id of other tables and of views; those below are for the system.
inline constexpr uint64_t kFirstUserTableId = 1024;

struct StorageOptions {
  TxnOptions txn;
  /// A commit that leaves more log than this behind it starts a checkpoint; 0: never by itself.
  uint64_t checkpoint_log_bytes = uint64_t{4} << 20;
  /// For hot rows and opened chunks; the default pool where null. Outlives the Storage.
  arrow::MemoryPool* pool = nullptr;
  bool read_only = false;
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

  /// TxnManager::Commit, then a checkpoint where the log has grown beyond its bound; a failure of that checkpoint does
  /// not fail the commit and is tried again by the next one.
  virtual arrow::Status Commit(Transaction& txn, std::optional<Durability> level = std::nullopt) = 0;

  /// An id for a table or a view; never given twice once a transaction that used it has committed.
  virtual TableId AllocateTableId() = 0;
  /// Recovery only: `id` is taken by an object that the storage does not know, a view.
  virtual void ReserveTableId(TableId id) = 0;
  /// Adds a table, private to the transaction until COMMIT. `layout.id` comes from AllocateTableId.
  virtual arrow::Result<std::shared_ptr<TableStore>> CreateTable(Transaction& txn, TableLayout layout) = 0;
  /// Drops a table at COMMIT; whoever has it open under an older snapshot reads on.
  virtual arrow::Status DropTable(Transaction& txn, TableId table) = 0;
  /// The store of a table that is there for some live snapshot or transaction; null where there is none. Names decide
  /// who may find it.
  virtual arrow::Result<std::shared_ptr<TableStore>> GetTable(TableId table) = 0;

  /// Turns hot rows cold, writes what changed, and drops the log, in one commit of the pager. 55P03 while another
  /// transaction writes.
  virtual arrow::Status Checkpoint() = 0;
  /// A checkpoint where there is something to write, then Pager::Close. Transactions must have ended.
  virtual arrow::Status Close() = 0;
};

}  // namespace llkv
