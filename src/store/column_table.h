// ColumnTable: the TableStore of `USING column`: hot row groups in memory, cold ones in the pager, and the indexes over
// both. Its changes belong to transactions through TableChanges; its stored form is written by
// checkpoints (table_checkpoint.h) and read at first use.
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

#include "base/mutex.h"
#include "base/read_mostly.h"
#include "store/index_range.h"
#include "store/sorted_keys.h"
#include "store/table_metadata.h"
#include "store/table_state.h"
#include "store/table_store.h"
#include "txn/txn.h"

namespace llkv {

class IndexMerge;
class RowDecoder;
class TableChanges;

/// What the tables of one Storage share.
struct TableContext {
  Pager* pager = nullptr;
  TxnManager* txns = nullptr;
  arrow::MemoryPool* pool = nullptr;
  /// As StorageOptions'; null: damage is an error.
  std::function<void(TableId table, const arrow::Status& damage)> on_damage;
  uint64_t stage_hot_bytes = 0;
  uint64_t bulk_key_bytes = 0;
};

class ColumnTable : public TableStore, public std::enable_shared_from_this<ColumnTable> {
 public:
  /// A table without rows.
  ColumnTable(TableLayout layout, const TableContext& context);
  /// A table as a checkpoint stored it.
  static arrow::Result<std::shared_ptr<ColumnTable>> Load(const TableMetadata& metadata, const TableContext& context);
  ~ColumnTable() override;

  const TableLayout& layout() const override { return layout_; }
  arrow::Result<std::unique_ptr<TableScan>> OpenScan(ScanRequest request) override;
  arrow::Status Append(Transaction& txn, const Batch& batch, UniqueCheck check) override;
  arrow::Result<uint64_t> Delete(Transaction& txn, std::span<const RowId> rows) override;
  arrow::Result<std::unique_ptr<BulkWriter>> MakeBulkWriter(Transaction& txn, arrow::MemoryPool* pool) override;
  arrow::Result<std::optional<RowId>> LookupKey(const Snapshot& snapshot, std::span<const Value> key,
                                                IndexId index) override;
  std::vector<IndexLayoutPtr> Indexes() const override;
  arrow::Result<std::unique_ptr<IndexBuild>> BuildIndex(Transaction& txn, IndexLayout layout, uint32_t num_lanes,
                                                        const StopToken* stop) override;
  arrow::Status DropIndex(Transaction& txn, IndexId index) override;
  arrow::Result<std::optional<double>> EstimateIndexRows(IndexId index,
                                                         const std::vector<ScanPredicate>& predicates) override;
  arrow::Result<std::unique_ptr<GatherBuffer>> MakeGatherBuffer(std::vector<uint32_t> columns,
                                                                arrow::MemoryPool* pool) override;
  arrow::Status Gather(const Snapshot& snapshot, std::span<const RowId> rows, GatherBuffer& buffer) override;
  std::vector<RowId> SampleRowIds(uint32_t num_rows, uint32_t run_rows) const override;
  arrow::Result<TableStatistics> GetStatistics() override;

  const TableContext& context() const { return context_; }
  TableStatePtr state() const { return state_.Load(); }
  const std::vector<LogicalType>& types() const { return types_; }

  // For TableChanges and bulk writers:

  /// Where a snapshot finds a row that it sees.
  struct RowPlace {
    const GroupEntry* entry = nullptr;
    uint32_t slot = 0;
  };
  /// Null entry where the snapshot does not see the row. Valid as long as `state`.
  arrow::Result<RowPlace> FindVisible(const TableState& state, const Snapshot& snapshot, RowId row) const;
  /// The id of the first row of a page that is given to nobody else.
  RowId TakeRowPage() { return RowId(next_row_page_.fetch_add(1) * kRowPageRows); }
  uint64_t next_row_page() const { return next_row_page_.load(); }
  /// Replaces the state by a changed copy.
  void UpdateState(const std::function<void(TableState&)>& change);
  /// 23505 where two rows with this key are alive.
  arrow::Status CheckKeyIsUnique(IndexId index, std::string_view key);
  /// Merges an index's keys of one bulk load: checks them against each other and against the rows that are there, and
  /// writes their run.
  arrow::Result<std::optional<IndexRunDescriptor>> BuildBulkRun(IndexId index, IndexMerge& keys,
                                                                std::vector<StagedBlob>* staged);
  /// 23505, naming the index and the key.
  arrow::Status DuplicateKey(const IndexLayout& index, std::string_view key) const;
  /// Adds an index whose runs have the keys of all rows that are there, hot ones too.
  void AddIndex(IndexLayoutPtr layout, const std::vector<IndexRunDescriptor>& runs, VersionStamp created_by);
  void SetIndexStamps(IndexId index, std::optional<VersionStamp> created_by, std::optional<VersionStamp> dropped_by);
  void AddLiveRows(int64_t count) { live_rows_.fetch_add(count, std::memory_order_relaxed); }
  int64_t live_rows() const { return live_rows_.load(std::memory_order_relaxed); }
  /// Something committed that the stored form does not have.
  void SetChanged() { is_changed_.store(true, std::memory_order_release); }
  bool is_changed() const { return is_changed_.load(std::memory_order_acquire); }
  void ClearChanged() { is_changed_.store(false, std::memory_order_release); }
  /// What the chunks of these row groups add up to, a column each. Where some are not loaded, what the stored form says
  /// stands for all that came with it.
  std::vector<TableMetadata::ColumnSummary> Summarize(std::span<const GroupEntry> groups) const;
  /// Where the stored form is; used by checkpoints.
  TableMetadata& stored() { return stored_; }

  // Checkpoints:

  /// What a checkpoint starts from.
  struct SealedState {
    /// Its hot row groups and all of its active hot parts of indexes but the last get no more rows, only deletes.
    TableStatePtr state;
    uint64_t next_row_page = 0;
    uint64_t num_live_rows = 0;
  };
  /// Lets later rows go to new hot row groups and new hot parts of indexes, and counts the table as unchanged. While
  /// nobody writes and no stamp is in flight.
  SealedState Seal(CommitTs at);
  /// Whether the newest version of things has a row. Only the one writer asks: a running stamp is its own, or that of a
  /// commit that has its place in the log.
  enum class RowFate : uint8_t { kNever, kGone, kAlive };
  static arrow::Result<RowFate> FateOf(const TableState& state, RowId row);
  /// Whether a row is there as of `at`, in a state whose hot rows get no more. Beside a writer.
  static arrow::Result<bool> IsRowAlive(const TableState& state, RowId row, CommitTs at);
  /// Drops the retired parts that no live snapshot needs.
  void PruneRetired();

  // Salvage:

  /// Leaves row groups with damaged chunks out, each reported to the context's on_damage.
  void DropDamagedGroups();

  // Recovery: the same changes, from the log. XX001 where they do not fit.

  // These add to the number of rows that were replayed.
  arrow::Status ReplayInsert(std::span<const uint8_t> payload, CommitTs ts, uint64_t* num_rows);
  arrow::Status ReplayDelete(std::span<const uint8_t> payload, CommitTs ts, uint64_t* num_rows);
  arrow::Status ReplayAttach(std::span<const uint8_t> payload, CommitTs ts);
  arrow::Status ReplayCreateIndex(std::span<const uint8_t> payload, CommitTs ts, IndexId* id);
  arrow::Status ReplayDropIndex(std::span<const uint8_t> payload, CommitTs ts);

  // For scans:

  /// Adds the ids of the rows that an index has in some key ranges, ascending, as far as the snapshot may see them.
  /// False where there are more than `limit`.
  arrow::Result<bool> CollectIndexRows(const TableIndex& index, const Snapshot& snapshot,
                                       std::span<const KeyRange> ranges, size_t limit, std::vector<RowId>* rows) const;

  // Catching up with another process, while nobody else changes the table:

  /// Becomes `newer`, the same table as a checkpoint at `at` stored it, with what was replayed upon that; it is useless
  /// afterwards. Snapshots before `at` go on with what was there.
  void TakeOver(ColumnTable& newer, CommitTs at);

 private:
  /// Adds the row groups of a descriptor page, to be loaded; takes their deletion vectors out of `deletes`.
  void AddPage(const TableMetadata::Page& page, std::map<uint64_t, TableMetadata::Deletes>* deletes,
               TableState* state) const;
  /// Adds what can be read of the row groups of a page; the rest is reported to the context's on_damage.
  arrow::Status AddReadablePage(const TableMetadata::Page& page,
                                const std::map<uint64_t, TableMetadata::Deletes>& deletes, TableState* state) const;
  arrow::Result<RowBitmap> ReadDeletes(PhysicalKey key, uint32_t num_rows) const;
  arrow::Result<TableChanges*> GetChanges(Transaction& txn);
  void CollectColdStatistics(const TableState& state) LLKV_REQUIRES(statistics_mutex_);
  arrow::Result<std::shared_ptr<HotRowGroup>> HotGroupForWriting(TableChanges& changes) LLKV_REQUIRES(write_mutex_);
  void AddHotGroup(RowId first_row) LLKV_REQUIRES(write_mutex_);
  /// Makes the transaction's own hot rows cold where they take too much memory.
  arrow::Status StageHotRows(TableChanges& changes) LLKV_REQUIRES(write_mutex_);
  /// `is_indexed` is set where an index leads to the row, also after a failure.
  arrow::Status IndexNewRow(const TableState& state, const HotRowGroup& group, uint32_t slot, UniqueCheck check,
                            const Snapshot& snapshot, TableChanges& changes, bool* is_indexed)
      LLKV_REQUIRES(write_mutex_);
  arrow::Status DeleteRow(const TableState& state, RowId row, const Snapshot& snapshot, TableChanges& changes,
                          uint64_t* num_deleted) LLKV_REQUIRES(write_mutex_);
  arrow::Status MarkRetired(const TableState& state, RowId row, TableChanges& changes) LLKV_REQUIRES(write_mutex_);
  /// The place of a row in a group, or nothing.
  static arrow::Result<std::optional<uint32_t>> FindSlot(const GroupEntry& entry, RowId row);
  arrow::Result<std::optional<RowId>> LookupEncodedKey(const TableState& state, const TableIndex& index,
                                                       const Snapshot& snapshot, std::string_view key) const;
  /// 23505 where a row with this key is alive.
  arrow::Status CheckKeyIsFree(const TableState& state, const TableIndex& index, std::string_view key) const;
  /// The same, of hot rows.
  arrow::Status CheckAgainstHot(const TableState& state, const TableIndex& index, std::string_view key) const;
  /// Counts the living ones of `rows` and of the rows that runs have for a key, each once.
  static arrow::Status CountLiveInRuns(const TableState& state, const TableIndex& index, std::string_view key,
                                       std::vector<RowId> rows, uint32_t* num_live);
  /// 23505 where an ascending key is in a run too, under a living row.
  arrow::Status CheckAgainstRun(const IndexLayout& index, IndexRunReader& run, const TableState& state,
                                const SortedKeys& keys) const;
  arrow::Status CheckAgainstRuns(const TableIndex& index, const TableState& state, const SortedKeys& keys) const;

  const TableLayout layout_;
  const TableContext context_;
  std::vector<LogicalType> types_;
  std::atomic<uint64_t> next_row_page_{0};
  std::atomic<int64_t> live_rows_{0};
  std::atomic<bool> is_changed_{false};
  TableMetadata stored_;
  /// Of the row groups that came with the stored form when the table was opened.
  mutable Mutex summary_mutex_;
  std::vector<TableMetadata::ColumnSummary> summary_ LLKV_GUARDED_BY(summary_mutex_);

  /// Changes of the state come one after the other.
  Mutex state_mutex_;
  ReadMostly<TableState> state_;

  /// What the cold row groups of a version of the state add up to.
  struct ColdStatistics {
    uint64_t version = ~uint64_t{0};
    double num_rows = 0;
    TableStatistics statistics;
  };
  Mutex statistics_mutex_;
  ColdStatistics cold_statistics_ LLKV_GUARDED_BY(statistics_mutex_);

  /// Held for each change of rows; readers never take it.
  Mutex write_mutex_;
  std::shared_ptr<HotRowGroup> hot_ LLKV_GUARDED_BY(write_mutex_);
  /// Of a row that is written, by index.
  std::vector<std::string> keys_ LLKV_GUARDED_BY(write_mutex_);
  std::unique_ptr<RowDecoder> decoder_ LLKV_GUARDED_BY(write_mutex_);
};

}  // namespace llkv
