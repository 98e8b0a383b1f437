// Which indexes a ColumnTable has: adding and dropping them. How one is filled from rows that are there is
// index_build.h's.
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "store/column_table.h"
#include "store/index_build.h"
#include "store/table_changes.h"

namespace llkv {

std::vector<IndexLayoutPtr> ColumnTable::Indexes() const {
  std::vector<IndexLayoutPtr> layouts;
  // Held: a checkpoint beside it puts another state in place.
  const TableStatePtr now = state();
  for (const TableIndex& index : now->indexes) {
    if (!index.is_dropped()) layouts.push_back(index.layout);
  }
  return layouts;
}

void ColumnTable::AddIndex(IndexLayoutPtr layout, const std::vector<IndexRunDescriptor>& runs,
                           VersionStamp created_by) {
  TableIndex index;
  index.layout = std::move(layout);
  index.created_by = created_by;
  index.hot.push_back({Validity{}, std::make_shared<ArtIndex>(context_.pool)});
  for (const IndexRunDescriptor& run : runs) {
    index.runs.push_back({Validity{}, std::make_shared<IndexRunReader>(run, context_.pager)});
  }
  UpdateState([&index](TableState& state) { state.indexes.push_back(std::move(index)); });
}

void ColumnTable::SetIndexStamps(IndexId id, std::optional<VersionStamp> created_by,
                                 std::optional<VersionStamp> dropped_by) {
  UpdateState([&](TableState& state) {
    TableIndex* index = state.FindIndex(id);
    if (index == nullptr) return;
    index->created_by = created_by.value_or(index->created_by);
    index->dropped_by = dropped_by.value_or(index->dropped_by);
  });
}

arrow::Status ColumnTable::DropIndex(Transaction& txn, IndexId id) {
  ARROW_ASSIGN_OR_RAISE(TableChanges * changes, GetChanges(txn));
  const TableStatePtr now = state();
  const TableIndex* index = id.value == 0 ? nullptr : now->FindIndex(id);
  if (index == nullptr || index->is_dropped()) return InternalError("a drop of an index that is not there");
  SetIndexStamps(id, std::nullopt, txn.stamp());
  changes->AddDroppedIndex(id);
  return arrow::Status::OK();
}

arrow::Result<std::unique_ptr<IndexBuild>> ColumnTable::BuildIndex(Transaction& txn, IndexLayout layout,
                                                                   uint32_t num_lanes, const StopToken* stop) {
  ARROW_ASSIGN_OR_RAISE(TableChanges * changes, GetChanges(txn));
  if (layout.id.value == 0 || state()->FindIndex(layout.id) != nullptr) {
    return InternalError("an index's id was given twice");
  }
  return MakeIndexBuild(shared_from_this(), changes, txn.snapshot(), txn.stamp(), std::move(layout), num_lanes, stop);
}

}  // namespace llkv
