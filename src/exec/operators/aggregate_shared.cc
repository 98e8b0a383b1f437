// Merging of what lanes gathered: into one table where it is small, partition by partition where it is not.
#include "exec/operators/aggregate_shared.h"

#include <algorithm>
#include <cstring>

#include "exec/operators/aggregate_rollup.h"

namespace llkv {

arrow::Status AggregateMerger::MergeSome(uint8_t* const* rows, uint32_t count, const uint8_t* null_row,
                                         bool with_states, GroupTable& table) {
  uint32_t num_pairs = 0;
  ARROW_RETURN_NOT_OK(table.MergeRows(rows, count, null_row, /*copy=*/false, sources_, targets_, &num_pairs));
  if (!with_states || num_pairs == 0) return arrow::Status::OK();
  return layout_->Combine(kernel_, sources_, targets_, num_pairs);
}

arrow::Status AggregateMerger::MergeStorage(const RowStorage& rows, const PoolArray<const uint8_t*>* null_rows,
                                            bool with_states, GroupTable& table) {
  RowCursor cursor(rows);
  while (uint32_t count = cursor.Next(kMaxBatchRows, rows_)) {
    if (null_rows != nullptr) {
      for (const uint8_t* null_row : *null_rows) {
        const auto end = rows_ + count;
        const auto found = std::find(rows_, end, null_row);
        if (found == end) continue;
        std::copy(found + 1, end, found);
        --count;
      }
    }
    ARROW_RETURN_NOT_OK(MergeSome(rows_, count, nullptr, with_states, table));
  }
  if (null_rows == nullptr) return arrow::Status::OK();
  for (const uint8_t* null_row : *null_rows) {
    auto* row = const_cast<uint8_t*>(null_row);
    ARROW_RETURN_NOT_OK(MergeSome(&row, 1, null_row, with_states, table));
  }
  return arrow::Status::OK();
}

arrow::Status AggregateMerger::MergePartition(const PartitionedRows& rows, uint32_t partition, bool with_states,
                                              GroupTable& table) {
  if (rows.partition(partition) == nullptr) return arrow::Status::OK();
  const auto* null_rows = partition == 0 && !rows.null_rows().empty() ? &rows.null_rows() : nullptr;
  return MergeStorage(*rows.partition(partition), null_rows, with_states, table);
}

arrow::Status AggregateMerger::MergeTable(GroupTable& source, bool with_states, GroupTable& table) {
  GroupTable::Cursor cursor(source);
  while (const uint32_t count = source.NextGroups(cursor, kMaxBatchRows, rows_)) {
    ARROW_RETURN_NOT_OK(MergeSome(rows_, count, source.null_group(), with_states, table));
  }
  return arrow::Status::OK();
}

arrow::Status AggregateMerger::FeedDistinct(const GroupTable& set, const AggregateSlot& slot, GroupTable* groups,
                                            uint8_t* single_state) {
  const GroupKeys& keys = set.keys();
  std::vector<Vector> columns(keys.num_columns());
  scratch_.resize(std::max(scratch_.size(), columns.size()));
  for (size_t c = 0; c < columns.size(); ++c) {
    if (scratch_[c] != nullptr) continue;
    ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(keys.types()[c], kernel_.pool));
    scratch_[c] = std::make_unique<ScratchVector>(std::move(scratch));
  }
  const size_t num_groups = layout_->num_groups();
  GroupTable::Cursor cursor(set);
  while (const uint32_t count = set.NextGroups(cursor, kMaxBatchRows, rows_)) {
    for (size_t c = 0; c < columns.size(); ++c) {
      keys.GatherKey(c, rows_, count, set.null_group(), *scratch_[c]);
      columns[c] = scratch_[c]->vector();
    }
    const Selection all = Selection::All(count);
    const auto arguments = std::span<const Vector>(columns).subspan(num_groups);
    if (groups == nullptr) {
      ARROW_RETURN_NOT_OK(updater_.UpdateSingle(kernel_, slot, arguments, all, count, single_state));
      continue;
    }
    ARROW_RETURN_NOT_OK(groups->Reserve(count));
    ARROW_RETURN_NOT_OK(groups->FindOrInsert(std::span<const Vector>(columns).first(num_groups), all, states_));
    ARROW_RETURN_NOT_OK(updater_.Update(kernel_, slot, arguments, all, count, states_));
  }
  return arrow::Status::OK();
}

AggregateShared::AggregateShared(const LogicalAggregate& node, const ColumnLayout& input, uint32_t min_state_size)
    : layout_(node, min_state_size),
      exprs_(layout_.exprs(), input),
      keys_(layout_.group_types(), layout_.state_size()) {
  for (size_t i = 0; i < layout_.slots().size(); ++i) {
    const AggregateSlot& slot = layout_.slots()[i];
    if (slot.distinct_set == AggregateSlot::kNone) continue;
    distinct_keys_.push_back(std::make_unique<GroupKeys>(layout_.DistinctTypes(slot), 0));
    distinct_slots_.push_back(i);
  }
}

std::vector<uint64_t> AggregateShared::InitialSingleState() const {
  std::vector<uint64_t> state(layout_.state_size() / 8 + 1);
  const auto& initial = layout_.initial_state();
  std::copy(initial.begin(), initial.end(), reinterpret_cast<uint8_t*>(state.data()));
  return state;
}

std::unique_ptr<AggregateLane> AggregateShared::MakeLane(arrow::MemoryPool* pool, uint32_t num_lanes) const {
  auto lane = std::make_unique<AggregateLane>(pool);
  if (!is_grouped()) lane->single_state = InitialSingleState();
  lane->tables.resize(layout_.num_tables());
  for (LaneGroups& table : lane->tables) {
    if (is_grouped()) {
      table.groups = std::make_unique<GroupCollector>(&keys_, nullptr, layout_.initial_state(), pool);
    }
    for (const auto& keys : distinct_keys_) {
      table.distinct.push_back(std::make_unique<GroupCollector>(keys.get(), is_grouped() ? &keys_ : nullptr,
                                                                std::span<const uint8_t>(), pool));
    }
  }
  for (size_t i = 0; i < lane->tables.size(); ++i) {
    // Sets that are made of others' groups get fewer rows.
    if (!layout_.sets().empty() && !layout_.sets()[i].is_fed_by_rows) continue;
    const double expected_rows = expected_rows_ / num_lanes;
    if (lane->tables[i].groups != nullptr) lane->tables[i].groups->set_expected_rows(expected_rows);
    for (const auto& set : lane->tables[i].distinct) set->set_expected_rows(expected_rows);
  }
  return lane;
}

void AggregateShared::Reset() {
  lanes_.clear();
  arenas_.clear();
  is_partitioned_ = false;
  num_groups_estimate_ = 0;
  single_state_ = InitialSingleState();
}

arrow::Status AggregateShared::AddLane(std::unique_ptr<AggregateLane> lane, bool is_only_lane) {
  const auto settle = [&](GroupCollector& groups) {
    const bool is_large = !is_only_lane && groups.table().num_groups() > GroupCollector::kSmallGroups;
    return groups.is_partitioned() || is_large ? groups.Overflow() : arrow::Status::OK();
  };
  ARROW_RETURN_NOT_OK(lane->ForEachCollector(settle));
  MutexLock lock(mutex_);
  lanes_.push_back(std::move(lane));
  return arrow::Status::OK();
}

// A set of no groups has its row whether any row came or none.
arrow::Status AggregateShared::AddEmptySets(arrow::MemoryPool* pool) {
  for (size_t i = 0; i < layout_.sets().size(); ++i) {
    if (!layout_.sets()[i].groups.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(const auto columns, SetColumns::Make(&layout_, pool));
    GroupCollector& groups = *lanes_[0]->tables[i].groups;
    uint8_t* states[1];
    ARROW_RETURN_NOT_OK(groups.table().Reserve(1));
    ARROW_RETURN_NOT_OK(
        groups.table().FindOrInsert(columns->Assemble(static_cast<uint32_t>(i), {}), Selection::All(1), states));
  }
  return arrow::Status::OK();
}

namespace {

/// Rows of the groups in a partition, or of a set of distinct arguments.
uint64_t NumRows(const AggregateLane& lane, uint32_t partition, size_t set = SIZE_MAX) {
  uint64_t num_rows = 0;
  for (const LaneGroups& table : lane.tables) {
    const GroupCollector& groups = set == SIZE_MAX ? *table.groups : *table.distinct[set];
    const RowStorage* rows = groups.partitions().partition(partition);
    num_rows += rows == nullptr ? 0 : static_cast<uint64_t>(rows->num_rows());
  }
  return num_rows;
}

}  // namespace

arrow::Result<uint32_t> AggregateShared::PrepareFinalize(arrow::MemoryPool* pool) {
  const auto for_each_collector = [&](auto&& f) -> arrow::Status {
    for (const auto& lane : lanes_) ARROW_RETURN_NOT_OK(lane->ForEachCollector(f));
    return arrow::Status::OK();
  };
  if (lanes_.empty()) lanes_.push_back(MakeLane(pool, 1));
  ARROW_RETURN_NOT_OK(AddEmptySets(pool));
  ARROW_RETURN_NOT_OK(for_each_collector([&](GroupCollector& groups) {
    is_partitioned_ |= groups.is_partitioned();
    return arrow::Status::OK();
  }));
  if (is_partitioned_) {
    ARROW_RETURN_NOT_OK(for_each_collector([](GroupCollector& groups) { return groups.Overflow(); }));
  }
  for (const auto& lane : lanes_) {
    if (!is_grouped() || !is_partitioned_) continue;
    const size_t set = layout_.has_groups_in_sets() ? 0 : SIZE_MAX;
    for (uint32_t p = 0; p < kNumGroupPartitions; ++p) num_groups_estimate_ += NumRows(*lane, p, set);
  }
  // Lazily merged by the source, except where there is one group only.
  if (is_partitioned_) return is_grouped() ? 0 : kNumGroupPartitions;
  return 1;
}

arrow::Status AggregateShared::FinalizePart(LaneContext& lane, uint32_t part) {
  auto arena = std::make_unique<StringArena>(lane.query->pool);
  AggregateMerger merger(&layout_, lane.kernel, arena.get());
  {
    MutexLock lock(mutex_);
    arenas_.push_back(std::move(arena));
  }
  if (is_partitioned_) return FinalizeSinglePartition(lane, part, merger);
  return FinalizeSmall(merger);
}

arrow::Status AggregateShared::FinalizeSmall(AggregateMerger& merger) {
  LaneGroups& first = lanes_[0]->tables[0];
  GroupTable* groups = is_grouped() ? &first.groups->table() : nullptr;
  for (size_t i = 0; i < lanes_.size(); ++i) {
    AggregateLane& lane = *lanes_[i];
    for (LaneGroups& table : lane.tables) {
      if (&table == &first) continue;
      if (is_grouped()) ARROW_RETURN_NOT_OK(merger.MergeTable(table.groups->table(), true, *groups));
      for (size_t set = 0; set < distinct_keys_.size(); ++set) {
        ARROW_RETURN_NOT_OK(merger.MergeTable(table.distinct[set]->table(), false, first.distinct[set]->table()));
      }
    }
    if (is_grouped()) continue;
    const auto* source = reinterpret_cast<const uint8_t*>(lane.single_state.data());
    auto* target = reinterpret_cast<uint8_t*>(single_state_.data());
    ARROW_RETURN_NOT_OK(layout_.Combine(merger.kernel(), &source, &target, 1));
  }
  for (size_t set = 0; set < distinct_keys_.size(); ++set) {
    ARROW_RETURN_NOT_OK(merger.FeedDistinct(first.distinct[set]->table(), layout_.slots()[distinct_slots_[set]], groups,
                                            reinterpret_cast<uint8_t*>(single_state_.data())));
  }
  if (is_grouped()) num_groups_estimate_ = static_cast<uint64_t>(groups->num_groups());
  return arrow::Status::OK();
}

arrow::Status AggregateShared::FinalizeSinglePartition(LaneContext& lane, uint32_t partition, AggregateMerger& merger) {
  std::vector<uint64_t> state = InitialSingleState();
  auto* bytes = reinterpret_cast<uint8_t*>(state.data());
  for (size_t set = 0; set < distinct_keys_.size(); ++set) {
    GroupTable table(distinct_keys_[set].get(), {}, lane.query->pool);
    ARROW_RETURN_NOT_OK(MergeDistinctPartition(partition, set, merger, table));
    ARROW_RETURN_NOT_OK(lane.CheckStop());
    ARROW_RETURN_NOT_OK(merger.FeedDistinct(table, layout_.slots()[distinct_slots_[set]], nullptr, bytes));
  }
  MutexLock lock(mutex_);
  auto* target = reinterpret_cast<uint8_t*>(single_state_.data());
  const uint8_t* source = bytes;
  ARROW_RETURN_NOT_OK(layout_.Combine(merger.kernel(), &source, &target, 1));
  // The lanes' own states, which have the aggregates without DISTINCT, are added once.
  if (partition != 0) return arrow::Status::OK();
  for (const auto& other : lanes_) {
    source = reinterpret_cast<const uint8_t*>(other->single_state.data());
    ARROW_RETURN_NOT_OK(layout_.Combine(merger.kernel(), &source, &target, 1));
  }
  return arrow::Status::OK();
}

const GroupTable* AggregateShared::merged_table() const { return &lanes_[0]->tables[0].groups->table(); }

arrow::Status AggregateShared::MergeDistinctPartition(uint32_t partition, size_t set, AggregateMerger& merger,
                                                      GroupTable& table) const {
  uint64_t num_rows = 0;
  for (const auto& lane : lanes_) num_rows += NumRows(*lane, partition, set);
  if (num_rows == 0) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(table.Reserve(static_cast<int64_t>(num_rows)));
  for (const auto& lane : lanes_) {
    for (const LaneGroups& groups : lane->tables) {
      ARROW_RETURN_NOT_OK(merger.MergePartition(groups.distinct[set]->partitions(), partition, false, table));
    }
  }
  return arrow::Status::OK();
}

arrow::Status AggregateShared::MergePartition(uint32_t partition, AggregateMerger& merger, GroupTable& table) const {
  uint64_t num_rows = 0;
  for (const auto& lane : lanes_) num_rows += NumRows(*lane, partition);
  if (num_rows == 0 && !layout_.has_groups_in_sets()) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(table.Reserve(static_cast<int64_t>(num_rows)));
  for (const auto& lane : lanes_) {
    for (const LaneGroups& groups : lane->tables) {
      ARROW_RETURN_NOT_OK(merger.MergePartition(groups.groups->partitions(), partition, true, table));
    }
  }
  for (size_t set = 0; set < distinct_keys_.size(); ++set) {
    GroupTable distinct(distinct_keys_[set].get(), {}, merger.kernel().pool);
    ARROW_RETURN_NOT_OK(MergeDistinctPartition(partition, set, merger, distinct));
    ARROW_RETURN_NOT_OK(merger.FeedDistinct(distinct, layout_.slots()[distinct_slots_[set]], &table, nullptr));
  }
  return arrow::Status::OK();
}

}  // namespace llkv
