// OwnRuns: the index runs that one transaction has written ahead of its commit, over rows of bulk loads and of hot row
// groups that it staged. They are in the table's state, for this transaction's eyes only, until COMMIT publishes them;
// many small ones are merged, so that a lookup asks few.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pager/write_batch.h"
#include "store/column/index_run.h"
#include "store/table_state.h"
#include "txn/version_stamp.h"

namespace llkv {

class ColumnTable;

/// Used by one thread at a time.
class OwnRuns {
 public:
  /// `table` outlives it.
  explicit OwnRuns(ColumnTable* table) : table_(table) {}

  struct Run {
    IndexId index;
    std::shared_ptr<IndexRunReader> reader;
    std::vector<StagedBlob> blobs;
    uint32_t command;
  };
  bool empty() const { return runs_.empty(); }
  const std::vector<Run>& runs() const { return runs_; }

  /// Adds a run to its index. `stamp` is that of the newest command whose rows it has.
  void Add(IndexId index, const IndexRunDescriptor& run, std::vector<StagedBlob> blobs, VersionStamp stamp);
  /// The same in two parts: `AddTo` is for a change of the table's state that the caller makes.
  Run Make(IndexId index, const IndexRunDescriptor& run, std::vector<StagedBlob> blobs, VersionStamp stamp) const;
  static void AddTo(TableState& state, const Run& run, VersionStamp stamp);
  void Keep(Run run) { runs_.push_back(std::move(run)); }

  /// Merges runs of commands before `settled` where many may have one key. `stamp` is that of the current command.
  arrow::Status Merge(uint32_t settled, VersionStamp stamp);
  /// Takes the runs of commands >= `from_command` out of the table.
  void Undo(uint32_t from_command);
  void PutBlobs(WriteBatch& batch);
  /// The commit at `ts` is durable.
  void Publish(CommitTs ts);

 private:
  struct Replaced {
    std::vector<StagedBlob> blobs;
    uint32_t command;
  };
  arrow::Status MergeIndex(IndexId index, uint32_t settled, VersionStamp stamp);
  std::vector<size_t> ChooseRuns(IndexId index, uint32_t settled) const;

  ColumnTable* const table_;
  std::vector<Run> runs_;
  /// Merged ones: statements that began before may be reading them.
  std::vector<Replaced> replaced_;
};

}  // namespace llkv
