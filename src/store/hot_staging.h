// HotStaging: makes hot row groups cold that a running transaction has filled alone, ahead of its commit: what it keeps
// in memory is bounded, however many statements add rows. The new row groups are staged blobs, and the transaction's
// own as those of a bulk load are; their keys go from the indexes over hot rows to runs. Knows when nothing: the
// transaction's TableChanges does.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "pager/write_batch.h"
#include "store/cold_rows.h"
#include "store/column/index_run.h"
#include "store/hot_rows.h"
#include "store/table_state.h"

namespace llkv {

class ColumnTable;
class RowGroupWriter;

/// Used by one thread, the writer's. Dropping one before Apply leaves everything as it was.
class HotStaging {
 public:
  /// A hot row group whose rows are all the transaction's, by commands up to `command`.
  struct Source {
    std::shared_ptr<HotRowGroup> hot;
    uint32_t command = 0;
  };
  struct Group {
    Source source;
    /// Null where no row is left.
    std::shared_ptr<ColdRowGroup> cold;
    std::vector<StagedBlob> blobs;
    /// The slots of the rows that the cold one has.
    RowBitmap kept;

    bool HadRow(RowId row) const { return row.value - source.hot->first_row().value < HotRowGroup::kCapacity; }
    bool HasRow(RowId row) const { return HadRow(row) && HasSlot(row.value - source.hot->first_row().value); }
    bool HasSlot(uint64_t slot) const { return ((kept[slot / 64] >> (slot % 64)) & 1) != 0; }
    /// Where the cold one has a row that it has.
    uint32_t PlaceOf(RowId row) const;
  };
  /// New keys of an index; no descriptor where there are none.
  struct Run {
    IndexLayoutPtr layout;
    std::optional<IndexRunDescriptor> descriptor;
    std::vector<StagedBlob> blobs;
    /// The keys of the rows that stay hot.
    std::shared_ptr<ArtIndex> hot;
  };

  /// The sources' commands are below `settled`, so that rows which a settled command deleted are not kept. `own_tag` is
  /// the transaction's.
  HotStaging(const ColumnTable& table, std::vector<Source> sources, uint32_t settled, uint32_t own_tag);

  /// Writes row groups and runs.
  arrow::Status Write();
  /// Puts the cold row groups in the hot ones' place, and the indexes over the remaining hot rows in their place; runs
  /// are the caller's to add.
  void Apply(TableState& state) const;

  std::vector<Group>& groups() { return groups_; }
  std::vector<Run>& runs() { return runs_; }
  /// The one that had a row, or null.
  Group* Find(RowId row);

 private:
  class KeySplit;
  arrow::Status WriteGroup(Group& group, RowGroupWriter& writer);
  arrow::Status WriteRun(const TableIndex& index);

  const ColumnTable& table_;
  const uint32_t settled_;
  const uint32_t own_tag_;
  std::vector<Group> groups_;
  /// The one that Find found last.
  size_t found_ = 0;
  std::vector<Run> runs_;
};

}  // namespace llkv
