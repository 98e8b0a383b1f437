// TableCheckpoint: writes a ColumnTable's hot rows as cold row groups, and all else that changed of it since its last
// checkpoint, into one commit of the pager. Nothing of the table changes before Apply.
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

namespace llkv {

/// Used by one thread, while nobody writes to the table.
class TableCheckpoint {
 public:
  /// `at` is the newest commit; `batch` is the commit that is being prepared.
  TableCheckpoint(std::shared_ptr<ColumnTable> table, CommitTs at, WriteBatch* batch);
  ~TableCheckpoint();

  /// Writes everything; blobs are staged or put into the batch. After a failure the batch is useless.
  arrow::Status Prepare();
  /// The batch has committed: the table goes over to its new state. `has_older_snapshots`: some live snapshot is from
  /// before `at`.
  void Apply(bool has_older_snapshots);

  const std::shared_ptr<ColumnTable>& table() const { return table_; }
  /// Where the table's metadata is from now on.
  PhysicalKey metadata_key() const { return metadata_.key; }
  /// Blobs that only snapshots from before may still read.
  const std::vector<PhysicalKey>& retired_blobs() const { return retired_blobs_; }

  /// All blobs of a table as it is stored, for a table that was dropped.
  static arrow::Result<std::vector<PhysicalKey>> AllBlobs(ColumnTable& table);

 private:
  arrow::Status ChooseSources();
  arrow::Status RewriteSources();
  arrow::Status AddHotRows(const GroupEntry& entry);
  arrow::Status AddColdRows(const GroupEntry& entry);
  arrow::Status AddRows(const std::vector<Vector>& columns, uint32_t num_rows, const std::vector<uint16_t>& rows,
                        const std::vector<RowId>& row_ids);
  arrow::Status Seal();
  arrow::Status WriteIndexRun();
  arrow::Status WriteDeletes();
  arrow::Status WritePages();
  arrow::Status WriteMetadata();
  arrow::Result<PhysicalKey> Put(const ByteWriter& bytes);

  const std::shared_ptr<ColumnTable> table_;
  const CommitTs at_;
  WriteBatch* const batch_;
  const TableStatePtr old_;
  TableMetadata metadata_;

  /// For each of old_->groups: whether its rows are written anew.
  std::vector<bool> is_source_;
  RowGroupWriter writer_;
  std::vector<GroupEntry> added_;
  /// Old and new, ordered: what the table has afterwards.
  std::vector<GroupEntry> groups_;
  SortedKeys keys_;
  std::vector<IndexRunEntry> runs_;
  std::vector<IndexRunEntry> replaced_runs_;
  struct NewDeletes {
    std::shared_ptr<ColdRowGroup> group;
    RowBitmap bitmap;
    ColdRowGroup::Stored stored;
  };
  std::vector<NewDeletes> deletes_;
  std::vector<std::pair<std::shared_ptr<ColdRowGroup>, PhysicalKey>> new_pages_;
  std::vector<PhysicalKey> retired_blobs_;
};

}  // namespace llkv
