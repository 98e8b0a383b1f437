// See aggregate_rollup.h.
#include "exec/operators/aggregate_rollup.h"

#include <algorithm>

namespace llkv {

arrow::Result<std::unique_ptr<SetColumns>> SetColumns::Make(const AggregateLayout* layout, arrow::MemoryPool* pool) {
  std::unique_ptr<SetColumns> columns(new SetColumns(layout));
  for (size_t i = 0; i < layout->num_group_exprs(); ++i) {
    ARROW_ASSIGN_OR_RAISE(ScratchVector nulls, ScratchVector::Make(layout->group_types()[i], pool));
    nulls.ResetFlat(layout->group_types()[i]);
    const size_t width = static_cast<size_t>(PhysicalWidth(layout->group_types()[i].physical()));
    if (layout->group_types()[i].physical() == PhysicalType::kString) {
      std::fill_n(nulls.data<StringRef>(), kMaxBatchRows, StringRef());
    } else {
      std::fill_n(nulls.data<uint8_t>(), kMaxBatchRows * width, uint8_t{0});
    }
    nulls.UseValidity();
    std::fill_n(nulls.validity(), kMaxBatchRows / 8, uint8_t{0});
    columns->nulls_.push_back(std::move(nulls));
  }
  ARROW_ASSIGN_OR_RAISE(ScratchVector numbers, ScratchVector::Make(TypeId::kInteger, pool));
  columns->numbers_.push_back(std::move(numbers));
  columns->columns_.resize(layout->num_groups());
  return columns;
}

std::span<const Vector> SetColumns::Assemble(uint32_t set, std::span<const Vector> own) {
  for (size_t i = 0; i < nulls_.size(); ++i) columns_[i] = nulls_[i].vector();
  const std::vector<uint32_t>& groups = layout_->sets()[set].groups;
  for (size_t i = 0; i < own.size(); ++i) columns_[groups[i]] = own[i];
  numbers_[0].ResetFlat(TypeId::kInteger);
  std::fill_n(numbers_[0].data<int32_t>(), kMaxBatchRows, static_cast<int32_t>(set));
  columns_.back() = numbers_[0].vector();
  return columns_;
}

arrow::Result<std::unique_ptr<GroupRollup>> GroupRollup::Make(const AggregateLayout* layout, AggregateLane* lane,
                                                              const KernelContext& kernel) {
  std::unique_ptr<GroupRollup> rollup(new GroupRollup(layout, lane, kernel));
  for (uint32_t set = 0; set < layout->sets().size(); ++set) {
    if (layout->sets()[set].children.empty()) continue;
    const auto observe = [&](GroupCollector& collector, int32_t distinct) {
      rollup->observers_.push_back(std::make_unique<Observer>(rollup.get(), set, distinct));
      // The sink feeds rows that pass to the set's children; it does not look at sets of distinct arguments.
      collector.set_observer(rollup->observers_.back().get(),
                             layout->sets()[set].is_fed_by_rows && layout->num_distinct_sets() == 0);
    };
    LaneGroups& table = lane->tables[set];
    observe(*table.groups, -1);
    for (size_t i = 0; i < table.distinct.size(); ++i) observe(*table.distinct[i], static_cast<int32_t>(i));
  }
  return rollup;
}

arrow::Status GroupRollup::Finish() {
  size_t next = 0;
  for (uint32_t set = 0; set < layout_->sets().size(); ++set) {
    if (layout_->sets()[set].children.empty()) continue;
    const auto finish = [&](GroupCollector& collector) {
      collector.set_observer(nullptr);
      return observers_[next++]->Observe(collector.table());
    };
    LaneGroups& table = lane_->tables[set];
    ARROW_RETURN_NOT_OK(finish(*table.groups));
    for (const auto& distinct : table.distinct) ARROW_RETURN_NOT_OK(finish(*distinct));
  }
  return arrow::Status::OK();
}

arrow::Status GroupRollup::PassOn(const GroupTable& table, uint32_t child, int32_t distinct) {
  const GroupKeys& keys = table.keys();
  const std::vector<uint32_t>& groups = layout_->sets()[child].groups;
  // Overflowing, the child's table may pass its groups on in turn: so all that is at work here is this call's own.
  ARROW_ASSIGN_OR_RAISE(const auto set_columns, SetColumns::Make(layout_, kernel_.pool));
  std::vector<uint32_t> read = groups;
  for (size_t c = layout_->num_groups(); c < keys.num_columns(); ++c) read.push_back(static_cast<uint32_t>(c));
  std::vector<ScratchVector> scratch;
  for (const uint32_t column : read) {
    ARROW_ASSIGN_OR_RAISE(ScratchVector values, ScratchVector::Make(keys.types()[column], kernel_.pool));
    scratch.push_back(std::move(values));
  }
  LaneGroups& target = lane_->tables[child];
  GroupCollector& collector = distinct < 0 ? *target.groups : *target.distinct[static_cast<size_t>(distinct)];
  std::vector<Vector> own(groups.size());
  std::vector<Vector> columns;
  uint8_t* rows[kMaxBatchRows];
  uint8_t* states[kMaxBatchRows];
  GroupTable::Cursor cursor(table);
  while (const uint32_t count = table.NextGroups(cursor, kMaxBatchRows, rows)) {
    for (size_t i = 0; i < read.size(); ++i) {
      keys.GatherKey(read[i], rows, count, table.null_group(), scratch[i]);
      if (i < own.size()) own[i] = scratch[i].vector();
    }
    const auto assembled = set_columns->Assemble(child, own);
    columns.assign(assembled.begin(), assembled.end());
    for (size_t i = own.size(); i < read.size(); ++i) columns.push_back(scratch[i].vector());
    bool overflowed = false;
    ARROW_RETURN_NOT_OK(collector.MakeRoom(count, &overflowed));
    if (overflowed) ARROW_RETURN_NOT_OK(collector.MakeRoom(count, &overflowed));
    collector.CountRows(count);
    ARROW_RETURN_NOT_OK(collector.Find(columns, Selection::All(count), states));
    if (distinct >= 0) continue;
    for (uint32_t i = 0; i < count; ++i) rows[i] += keys.state_offset();
    ARROW_RETURN_NOT_OK(layout_->Combine(kernel_, rows, states, count));
  }
  return arrow::Status::OK();
}

}  // namespace llkv
