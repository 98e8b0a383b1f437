// TableChanges: what one transaction changed in one ColumnTable, so that it can be undone by command, logged, and
// published.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "pager/write_batch.h"
#include "store/cold_rows.h"
#include "store/column/index_run.h"
#include "store/hot_rows.h"
#include "store/index_layout.h"
#include "store/sorted_keys.h"
#include "txn/txn.h"

namespace llkv {

class ColumnTable;

/// Changes come from one thread at a time, AddBulk from several.
class TableChanges : public TxnParticipant {
 public:
  TableChanges(std::shared_ptr<ColumnTable> table, const Transaction* txn) : table_(std::move(table)), txn_(txn) {}

  arrow::Status EndCommand() override;
  void Undo(uint32_t from_command) override;
  arrow::Status PrepareCommit(LogRecordWriter& log, WriteBatch& batch) override;
  void Publish(CommitTs ts) override;

  /// Slots [first, first + count) were appended by the current command.
  void AddInsert(const std::shared_ptr<HotRowGroup>& group, uint32_t first, uint32_t count);
  /// `stamp` got the current command's stamp. `is_own` : the row was created by this transaction, in a hot group;
  /// `is_copy`: it is the same row's stamp in a retired row group.
  void AddDelete(RowId row, std::atomic<VersionStamp>* stamp, bool is_own, bool is_copy);
  /// A key that two living rows have until the statement's end, or for longer: then that is an error.
  void AddDeferredKey(IndexId index, std::string key) { deferred_keys_.emplace_back(index, std::move(key)); }
  /// The indexes in which the transaction enters its bulk rows; 40001 where one was dropped behind its back.
  arrow::Result<std::vector<IndexLayoutPtr>> IndexesToKeep() const;
  /// The sorted keys of an index of some rows.
  struct IndexKeys {
    IndexId index;
    SortedKeys keys;
  };
  /// Row groups of one bulk writer with their keys. Any thread.
  void AddBulk(std::vector<std::shared_ptr<ColdRowGroup>> groups, std::vector<StagedBlob> staged,
               std::vector<IndexKeys> keys);
  /// The table got this index, with these runs.
  void AddCreatedIndex(IndexLayoutPtr layout, std::vector<IndexRunDescriptor> runs, std::vector<StagedBlob> staged);
  /// The table's index was marked as dropped.
  void AddDroppedIndex(IndexId index);

 private:
  struct Insert {
    std::shared_ptr<HotRowGroup> group;
    uint32_t first;
    uint32_t end;
    uint32_t command;
  };
  struct Deleted {
    RowId row;
    std::atomic<VersionStamp>* stamp;
    uint32_t command;
    bool is_own;
    bool is_copy;
  };
  struct BulkGroup {
    std::shared_ptr<ColdRowGroup> group;
    uint32_t command;
  };
  struct BulkRun {
    IndexId index;
    std::shared_ptr<IndexRunReader> reader;
    uint32_t command;
  };
  struct BulkBlobs {
    std::vector<StagedBlob> blobs;
    uint32_t command;
  };
  struct IndexChange {
    IndexId index;
    /// Null: it was dropped.
    IndexLayoutPtr created;
    std::vector<IndexRunDescriptor> runs;
    uint32_t command;
  };
  bool IsLogged(const Insert& insert, uint32_t slot) const;
  arrow::Status LogIndexes(LogRecordWriter& log);
  arrow::Status LogBulk(LogRecordWriter& log);
  arrow::Status LogInserts(LogRecordWriter& log);
  arrow::Status LogDeletes(LogRecordWriter& log);
  void UndoBulk(uint32_t from_command);
  void UndoIndexes(uint32_t from_command);

  const std::shared_ptr<ColumnTable> table_;
  const Transaction* const txn_;
  std::vector<Insert> inserts_;
  std::vector<Deleted> deletes_;
  std::vector<std::pair<IndexId, std::string>> deferred_keys_;
  std::vector<IndexChange> index_changes_;

  Mutex bulk_mutex_;
  std::vector<BulkGroup> bulk_groups_;
  std::vector<BulkRun> bulk_runs_;
  std::vector<BulkBlobs> bulk_blobs_;
  /// Of the current command, not checked yet.
  std::vector<IndexKeys> bulk_keys_;
};

}  // namespace llkv
