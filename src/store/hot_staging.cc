// See hot_staging.h.
#include "store/hot_staging.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "pager/pager.h"
#include "store/column/row_group_writer.h"
#include "store/column_reader.h"
#include "store/column_table.h"

namespace llkv {

/// Takes the keys of an index over hot rows in order: those of rows that are cold now go to a run, those of rows that
/// stay hot to a new index.
class HotStaging::KeySplit {
 public:
  KeySplit(HotStaging* staging, const TableContext& context)
      : staging_(staging), writer_(context.pager, context.pool), hot_(std::make_shared<ArtIndex>(context.pool)) {}

  static bool Visit(void* context, std::string_view key, const ArtIndex::Entry* newest) {
    auto* split = static_cast<KeySplit*>(context);
    split->status_ = split->Add(key, newest);
    return split->status_.ok();
  }
  const arrow::Status& status() const { return status_; }
  IndexRunWriter& writer() { return writer_; }
  const std::shared_ptr<ArtIndex>& hot() const { return hot_; }

 private:
  arrow::Status Add(std::string_view key, const ArtIndex::Entry* newest) {
    cold_rows_.clear();
    hot_rows_.clear();
    for (const ArtIndex::Entry* entry = newest; entry != nullptr; entry = entry->older) {
      const Group* group = staging_->Find(entry->row);
      if (group == nullptr) {
        hot_rows_.push_back(entry->row);
      } else if (group->HasRow(entry->row)) {
        cold_rows_.push_back(entry->row);
      }
    }
    std::sort(cold_rows_.begin(), cold_rows_.end());
    for (const RowId row : cold_rows_) ARROW_RETURN_NOT_OK(writer_.Add(key, row));
    // The oldest first, as they came.
    for (auto row = hot_rows_.rbegin(); row != hot_rows_.rend(); ++row) ARROW_RETURN_NOT_OK(hot_->Insert(key, *row));
    return arrow::Status::OK();
  }

  HotStaging* const staging_;
  IndexRunWriter writer_;
  const std::shared_ptr<ArtIndex> hot_;
  std::vector<RowId> cold_rows_;
  std::vector<RowId> hot_rows_;
  arrow::Status status_;
};

HotStaging::HotStaging(const ColumnTable& table, std::vector<Source> sources, uint32_t settled, uint32_t own_tag)
    : table_(table), settled_(settled), own_tag_(own_tag) {
  for (Source& source : sources) {
    Group& group = groups_.emplace_back();
    group.source = std::move(source);
    group.kept.resize((group.source.hot->num_rows() + 63) / 64);
  }
}

HotStaging::Group* HotStaging::Find(RowId row) {
  if (groups_[found_].HadRow(row)) return &groups_[found_];
  // There are few.
  for (size_t i = 0; i < groups_.size(); ++i) {
    if (!groups_[i].HadRow(row)) continue;
    found_ = i;
    return &groups_[i];
  }
  return nullptr;
}

uint32_t HotStaging::Group::PlaceOf(RowId row) const {
  const uint64_t slot = row.value - source.hot->first_row().value;
  int place = std::popcount(kept[slot / 64] & ((uint64_t{1} << (slot % 64)) - 1));
  for (uint64_t word = 0; word < slot / 64; ++word) place += std::popcount(kept[word]);
  return static_cast<uint32_t>(place);
}

arrow::Status HotStaging::WriteGroup(Group& group, RowGroupWriter& writer) {
  const HotRowGroup& hot = *group.source.hot;
  const TableContext& context = table_.context();
  const std::vector<LogicalType>& types = table_.types();
  GroupEntry entry;
  entry.first_row = hot.first_row().value;
  entry.hot = group.source.hot;
  std::vector<Vector> columns(types.size());
  std::vector<ColumnScratch> scratch;
  for (size_t i = 0; i < types.size(); ++i) scratch.emplace_back(context.pool);
  std::vector<uint16_t> rows;
  std::vector<RowId> row_ids;
  for (uint32_t first = 0; first < hot.num_rows();) {
    const uint32_t end = std::min(hot.num_rows(), HotRowGroup::BlockStart(HotRowGroup::BlockOf(first) + 1));
    rows.clear();
    row_ids.clear();
    for (uint32_t slot = first; slot < end; ++slot) {
      if (hot.created_by(slot).load(std::memory_order_relaxed) == kAbortedStamp) continue;
      // Only the transaction itself can have deleted it.
      const VersionStamp deleted_by = hot.deleted_by(slot).load(std::memory_order_relaxed);
      if (deleted_by != 0 && static_cast<uint32_t>(deleted_by) < settled_) continue;
      group.kept[slot / 64] |= uint64_t{1} << (slot % 64);
      rows.push_back(static_cast<uint16_t>(slot - first));
      row_ids.push_back(RowId(entry.first_row + slot));
    }
    Batch batch;
    for (uint32_t i = 0; i < columns.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(columns[i],
                            GetColumn(entry, i, types[i], first, end - first, Selection::All(end - first), scratch[i]));
    }
    batch.columns = columns;
    batch.num_rows = end - first;
    batch.selection = Selection{rows.data(), static_cast<uint32_t>(rows.size())};
    if (!rows.empty()) ARROW_RETURN_NOT_OK(writer.Append(batch, row_ids));
    first = end;
  }
  if (writer.num_rows() == 0) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(EncodedRowGroup encoded, writer.Finish());
  ARROW_ASSIGN_OR_RAISE(RowGroupDescriptor descriptor, StageRowGroup(std::move(encoded), *context.pager, &group.blobs));
  group.cold = std::make_shared<ColdRowGroup>(
      table_.layout(), std::make_shared<const RowGroupDescriptor>(std::move(descriptor)), RowBitmap(),
      InFlightStamp(own_tag_, group.source.command), context.pager, context.pool);
  return arrow::Status::OK();
}

arrow::Status HotStaging::WriteRun(const TableIndex& index) {
  KeySplit split(this, table_.context());
  index.active().Scan({}, {}, KeySplit::Visit, &split);
  ARROW_RETURN_NOT_OK(split.status());
  Run& run = runs_.emplace_back();
  run.layout = index.layout;
  run.hot = split.hot();
  ARROW_ASSIGN_OR_RAISE(run.descriptor, split.writer().Finish(&run.blobs));
  return arrow::Status::OK();
}

arrow::Status HotStaging::Write() {
  std::vector<ColumnSpec> specs;
  for (const TableLayout::Column& column : table_.layout().columns) specs.push_back({column.field, column.type});
  RowGroupWriter writer(std::move(specs), table_.context().pool);
  for (Group& group : groups_) ARROW_RETURN_NOT_OK(WriteGroup(group, writer));
  const TableStatePtr state = table_.state();
  for (const TableIndex& index : state->indexes) {
    // The log tells of no run of an index that is gone; the entries that such a one has stay right.
    if (!index.is_dropped()) ARROW_RETURN_NOT_OK(WriteRun(index));
  }
  return arrow::Status::OK();
}

void HotStaging::Apply(TableState& state) const {
  std::erase_if(state.groups, [this](const GroupEntry& entry) {
    return std::any_of(groups_.begin(), groups_.end(),
                       [&entry](const Group& group) { return entry.hot != nullptr && group.source.hot == entry.hot; });
  });
  for (const Group& group : groups_) {
    if (group.cold == nullptr) continue;
    GroupEntry entry;
    entry.first_row = group.cold->descriptor()->first_row_id.value;
    entry.end_row = group.cold->descriptor()->last_row_id.value + 1;
    entry.cold = group.cold;
    state.Add(std::move(entry));
  }
  for (const Run& run : runs_) {
    for (TableIndex& index : state.indexes) {
      if (index.layout == run.layout) index.hot.back().index = run.hot;
    }
  }
}

}  // namespace llkv
