// TableCheckpoint: writes a ColumnTable's hot rows as cold row groups, and all else that changed of it since its last
// checkpoint, into one commit of the pager; rewrites cold row groups that are small or mostly deleted, and merges index
// runs, on the way. It writes what was there at one timestamp while transactions go on: rows that come later are in row
// groups that it leaves alone, and deletes that come later are carried over at its end. The table goes over to the new
// row groups in Apply only.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pager/write_batch.h"
#include "store/column/row_group_writer.h"
#include "store/column_table.h"
#include "store/index_checkpoint.h"

namespace llkv {

/// Used by one thread at a time. Dropping one without Apply leaves the table as it was, and as changed.
class TableCheckpoint {
 public:
  /// Seals the table's hot rows. `at` is the newest commit; `batch` is the commit that is being prepared. While nobody
  /// writes and no stamp is in flight.
  TableCheckpoint(std::shared_ptr<ColumnTable> table, CommitTs at, WriteBatch* batch);
  ~TableCheckpoint();

  /// Writes everything as of `at`, beside a writer; blobs are staged or put into the batch. After a failure the batch
  /// is useless.
  arrow::Status Prepare();
  /// Marks the deletes that were committed since `at` in the new row groups. While nobody writes and no stamp is in
  /// flight, from here to Apply.
  arrow::Status CarryDeletes();
  /// The batch has committed: the table goes over to its new state.
  void Apply();

  const std::shared_ptr<ColumnTable>& table() const { return table_; }
  /// Row groups are left that the next checkpoint should write anew.
  bool has_more() const { return has_more_; }
  /// Where the table's metadata is from now on.
  PhysicalKey metadata_key() const { return metadata_.key; }
  /// Blobs that only snapshots which are at `from` or later, and older than the new state, may still read.
  using RetiredBlobs = IndexCheckpoint::RetiredBlobs;
  std::vector<RetiredBlobs>& retired_blobs() { return retired_blobs_; }

  /// All blobs of a table as it is stored, for a table that was dropped.
  static arrow::Result<std::vector<PhysicalKey>> AllBlobs(ColumnTable& table);

 private:
  arrow::Status ChooseSources();
  arrow::Status RewriteSources();
  void ChooseNeighbours(const std::vector<uint64_t>& num_alive);
  arrow::Status AddHotRows(size_t source);
  arrow::Status AddColdRows(const GroupEntry& entry);
  arrow::Status AddRows(const std::vector<Vector>& columns, uint32_t num_rows, const std::vector<uint16_t>& rows,
                        const std::vector<RowId>& row_ids);
  arrow::Status Seal();
  arrow::Status WriteDeletes();
  arrow::Status WritePages();
  arrow::Status WriteMetadata();
  arrow::Status CarryDelete(RowId row, VersionStamp stamp);
  void Retire(TableState& state) const;
  void FoldDeletes();
  arrow::Result<PhysicalKey> Put(const ByteWriter& bytes);

  const std::shared_ptr<ColumnTable> table_;
  const CommitTs at_;
  WriteBatch* const batch_;
  const ColumnTable::SealedState sealed_;
  const TableState* const old_;
  TableMetadata metadata_;
  bool is_applied_ = false;
  /// More row groups should be written anew than one checkpoint does.
  bool has_more_ = false;

  /// For each of old_->groups: whether its rows are written anew, and the oldest commit of a hot one's rows.
  std::vector<bool> is_source_;
  std::vector<uint64_t> oldest_row_;
  RowGroupWriter writer_;
  std::vector<GroupEntry> added_;
  /// Old and new, ordered: what the table has afterwards.
  std::vector<GroupEntry> groups_;
  IndexCheckpoint indexes_;
  struct NewDeletes {
    std::shared_ptr<ColdRowGroup> group;
    ColdRowGroup::Stored stored;
  };
  std::vector<NewDeletes> deletes_;
  std::vector<std::pair<std::shared_ptr<ColdRowGroup>, PhysicalKey>> new_pages_;
  std::vector<RetiredBlobs> retired_blobs_;
};

}  // namespace llkv
