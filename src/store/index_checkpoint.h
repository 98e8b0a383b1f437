// IndexCheckpoint: the part of a table's checkpoint that is about its indexes: the keys of rows that become cold make
// runs, which are merged so that few can have one key. It writes what was there at one timestamp, beside a writer; the
// table changes in Apply only.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "pager/write_batch.h"
#include "store/column_table.h"

namespace llkv {

/// Runs of an index that may have one key, after a checkpoint.
inline constexpr size_t kMaxOverlappingRuns = 4;

/// Used by one thread at a time.
class IndexCheckpoint {
 public:
  /// `sealed` is the state that the checkpoint begins with; all outlive it.
  IndexCheckpoint(const ColumnTable& table, const TableState& sealed, CommitTs at, WriteBatch* batch);

  /// A row of a sealed hot row group that is there as of `at`.
  void AddRow(const HotRowGroup& group, uint32_t slot, RowId row);
  /// After all rows: writes runs.
  arrow::Status Write();
  /// The layouts and runs as they are from now on.
  void FillMetadata(TableMetadata* metadata) const;
  /// The batch has committed: the indexes of `state`, the newest, go over to what was written.
  void Apply(TableState& state) const;

  /// Blobs that only snapshots which are at `from` or later, and older than the new state, may still read.
  struct RetiredBlobs {
    uint64_t from;
    std::vector<PhysicalKey> blobs;
  };
  std::vector<RetiredBlobs>& retired_blobs() { return retired_blobs_; }

 private:
  struct Part {
    const TableIndex* old;
    SortedKeys keys;
    std::vector<IndexRunEntry> runs;
    std::vector<IndexRunEntry> replaced;
  };
  arrow::Status WritePart(Part& part);
  arrow::Status Retire(const IndexRunEntry& run);

  const ColumnTable& table_;
  const TableState& sealed_;
  const CommitTs at_;
  WriteBatch* const batch_;
  std::vector<Part> parts_;
  std::vector<RetiredBlobs> retired_blobs_;
  std::string key_;
};

}  // namespace llkv
