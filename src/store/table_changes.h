// TableChanges: what one transaction changed in one ColumnTable, so that it can be undone by command, logged, and
// published.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "pager/write_batch.h"
#include "store/bulk_keys.h"
#include "store/cold_rows.h"
#include "store/column/index_run.h"
#include "store/hot_rows.h"
#include "store/hot_staging.h"
#include "store/index_layout.h"
#include "store/own_runs.h"
#include "store/sorted_keys.h"
#include "txn/txn.h"

namespace llkv {

class ColumnTable;

/// Changes come from one thread at a time, AddBulk from several.
class TableChanges : public TxnParticipant {
 public:
  TableChanges(std::shared_ptr<ColumnTable> table, const Transaction* txn);

  arrow::Status EndCommand() override;
  void Undo(uint32_t from_command) override;
  arrow::Status PrepareCommit(LogRecordWriter& log, WriteBatch& batch) override;
  void Publish(CommitTs ts) override;

  /// Slots [first, first + count) were appended by the current command.
  void AddInsert(const std::shared_ptr<HotRowGroup>& group, uint32_t first, uint32_t count);
  /// A new hot row group, which nobody else has rows in.
  void AddOwnGroup(std::shared_ptr<HotRowGroup> group);
  /// Whether to look whether hot rows should be staged: cheap, for each append.
  bool IsStagingDue() const {
    if (own_groups_.empty()) return !inserts_.empty() && inserts_.front().group->size_bytes() >= shared_end_bytes_;
    return closed_bytes_ + own_groups_.back().hot->size_bytes() >= look_at_bytes_;
  }
  /// Makes the transaction's own hot row groups cold where they take much memory and their rows are of settled
  /// commands. Gives whether the row group that was being filled gets no more rows. After a failure all is as before.
  arrow::Result<bool> StageHotRows();
  /// `stamp` got the current command's stamp. `is_own` : the row was created by this transaction, in a hot group;
  /// `is_copy`: it is the same row's stamp in a retired row group.
  void AddDelete(RowId row, std::atomic<VersionStamp>* stamp, bool is_own, bool is_copy);
  /// Keeps a row group that is active no more until the transaction has ended: one that is marked for older snapshots
  /// goes from the table with the last of them.
  void Keep(std::shared_ptr<const void> retired) { kept_.insert(std::move(retired)); }
  /// A key that two living rows have until the statement's end, or for longer: then that is an error.
  void AddDeferredKey(IndexId index, std::string key) { deferred_keys_.emplace_back(index, std::move(key)); }
  /// The indexes in which the transaction enters its bulk rows; 40001 where one was dropped behind its back.
  arrow::Result<std::vector<IndexLayoutPtr>> IndexesToKeep() const;
  /// The sorted keys that some rows of a bulk writer have in an index. Any thread.
  arrow::Status AddBulkKeys(IndexId index, SortedKeys keys) { return bulk_keys_.Add(index, std::move(keys)); }
  /// Row groups of one bulk writer, whose keys were added. Any thread.
  void AddBulk(std::vector<std::shared_ptr<ColdRowGroup>> groups, std::vector<StagedBlob> staged);
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
  uint64_t HotBytes() const;
  std::vector<HotStaging::Source> ChooseOwnGroups(uint32_t settled) const;
  void LimitShared(const HotRowGroup& group);
  void LookAgain();
  void CarryDeletes(HotStaging& staging, uint32_t settled);
  void TakeStaged(HotStaging& staging, uint32_t settled);

  const std::shared_ptr<ColumnTable> table_;
  const Transaction* const txn_;
  std::vector<Insert> inserts_;
  std::vector<Deleted> deletes_;
  /// Row groups that deletes_ points into and that the table may have forgotten.
  std::set<std::shared_ptr<const void>> kept_;
  std::vector<std::pair<IndexId, std::string>> deferred_keys_;
  std::vector<IndexChange> index_changes_;
  /// Hot row groups that have this transaction's rows only, the last one being filled.
  std::vector<HotStaging::Source> own_groups_;
  /// The row group that others began, and that this transaction's first rows are in, gets no more of them when it is so
  /// large.
  uint64_t shared_end_bytes_ = 0;
  /// What all but the last take.
  uint64_t closed_bytes_ = 0;
  /// What the indexes over hot rows took at the begin of the first.
  uint64_t index_bytes_before_ = 0;
  uint64_t look_at_bytes_ = 0;

  Mutex bulk_mutex_;
  std::vector<BulkGroup> bulk_groups_;
  OwnRuns own_runs_;
  std::vector<BulkBlobs> bulk_blobs_;
  /// Of the current command, not checked yet.
  BulkKeys bulk_keys_;
};

}  // namespace llkv
