// The sink and the source of an aggregation.
#include "exec/operators/aggregate.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "exec/operators/aggregate_cache.h"
#include "exec/operators/aggregate_rollup.h"
#include "exec/operators/aggregate_shared.h"

namespace llkv {
namespace {

struct SinkState : LaneState {
  SinkState(std::unique_ptr<AggregateLane> l, ScratchVector filter, const KernelContext& k)
      : lane(std::move(l)), kernel(k), flattener(k.pool), updater(k.pool), filter_scratch(std::move(filter)) {
    kernel.arena = &lane->arena;
  }
  std::unique_ptr<AggregateLane> lane;
  KernelContext kernel;  // with the states' arena
  ExprSetState exprs;
  ColumnFlattener flattener;
  std::vector<std::unique_ptr<GroupCache>> caches;  // one a table of groups
  AggregateUpdater updater;
  /// With grouping sets.
  std::unique_ptr<SetColumns> set_columns;
  std::unique_ptr<GroupRollup> rollup;
  std::vector<Vector> own_keys;
  bool passed_by = false;       // the rows whose groups were found last are in no table
  std::vector<bool> gets_rows;  // of each set, whether a finer one passes the rows of the batch at hand by its table
  ScratchVector filter_scratch;
  std::vector<Vector> distinct_columns;
  uint16_t filter_rows[kMaxBatchRows];
  uint16_t missing[kMaxBatchRows];
  GroupCache::Run runs[GroupCache::kMaxRuns];
  uint32_t num_runs = 0;
  uint16_t run_rows[2 * kMaxBatchRows];
  uint8_t* states[kMaxBatchRows];
  uint8_t* distinct_states[kMaxBatchRows];
};

class AggregateSink : public Sink {
 public:
  explicit AggregateSink(std::shared_ptr<AggregateShared> shared)
      : shared_(std::move(shared)), feeds_groups_(shared_->is_grouped() && !shared_->layout().has_groups_in_sets()) {}

  arrow::Status Open(QueryContext& query) override {
    shared_->Reset();
    return shared_->exprs().Bind(query);
  }
  void Close() override { shared_->Reset(); }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    ARROW_ASSIGN_OR_RAISE(ScratchVector filter, ScratchVector::Make(TypeId::kBoolean, lane.query->pool));
    auto state = std::make_unique<SinkState>(shared_->MakeLane(lane.query->pool, lane.query->max_lanes),
                                             std::move(filter), lane.kernel);
    ARROW_RETURN_NOT_OK(state->exprs.Prepare(shared_->exprs(), lane.kernel));
    const AggregateLayout& layout = shared_->layout();
    for (size_t i = 0; i < layout.num_tables(); ++i) {
      state->caches.push_back(std::make_unique<GroupCache>(lane.query->pool));
    }
    if (!layout.sets().empty()) {
      ARROW_ASSIGN_OR_RAISE(state->set_columns, SetColumns::Make(&layout, lane.query->pool));
      ARROW_ASSIGN_OR_RAISE(state->rollup, GroupRollup::Make(&layout, state->lane.get(), state->kernel));
    }
    return state;
  }

  arrow::Result<SinkResult> Consume(LaneContext&, const Batch& batch, LaneState& lane_state) override {
    auto& state = static_cast<SinkState&>(lane_state);
    ARROW_RETURN_NOT_OK(state.exprs.program().Evaluate(batch));
    const std::span<const Vector> values = state.exprs.program().outputs();
    const AggregateLayout& layout = shared_->layout();
    const auto groups = values.first(layout.num_group_exprs());
    if (layout.sets().empty()) {
      if (feeds_groups_) ARROW_RETURN_NOT_OK(FindGroups(state, 0, groups, batch));
      ARROW_RETURN_NOT_OK(Feed(state, 0, groups, values, batch));
      return SinkResult::kNeedInput;
    }
    state.gets_rows.assign(layout.sets().size(), false);
    for (uint32_t set = 0; set < layout.sets().size(); ++set) {
      if (!layout.sets()[set].is_fed_by_rows && !state.gets_rows[set]) continue;
      state.own_keys.clear();
      for (const uint32_t group : layout.sets()[set].groups) state.own_keys.push_back(groups[group]);
      if (feeds_groups_) ARROW_RETURN_NOT_OK(FindGroups(state, set, state.own_keys, batch));
      ARROW_RETURN_NOT_OK(Feed(state, set, state.own_keys, values, batch));
    }
    return SinkResult::kNeedInput;
  }

  arrow::Status Combine(LaneContext& lane, LaneState& lane_state) override {
    auto& state = static_cast<SinkState&>(lane_state);
    if (state.rollup != nullptr) ARROW_RETURN_NOT_OK(state.rollup->Finish());
    return shared_->AddLane(std::move(state.lane), lane.query->max_lanes == 1);
  }

  arrow::Result<uint32_t> PrepareFinalize(QueryContext& query) override { return shared_->PrepareFinalize(query.pool); }
  arrow::Status FinalizePart(LaneContext& lane, uint32_t part) override { return shared_->FinalizePart(lane, part); }

 private:
  /// Feeds all aggregates with a batch whose groups in table `set` are found. `keys` are the table's.
  arrow::Status Feed(SinkState& state, uint32_t set, std::span<const Vector> keys, std::span<const Vector> values,
                     const Batch& batch) {
    for (const AggregateSlot& slot : shared_->layout().slots()) {
      Selection selection = batch.selection;
      if (slot.filter != AggregateSlot::kNone) {
        selection = SelectTrue(values[slot.filter], selection, batch.num_rows, state.filter_scratch, state.filter_rows);
      }
      if (selection.count == 0) continue;
      const auto arguments = values.subspan(slot.first_argument, slot.num_arguments);
      if (slot.distinct_set != AggregateSlot::kNone) {
        ARROW_RETURN_NOT_OK(AddDistinct(state, set, slot, keys, arguments, selection, batch.num_rows));
      } else if (state.num_runs > 0 && slot.filter == AggregateSlot::kNone) {
        for (uint32_t i = 0; i < state.num_runs; ++i) {
          const GroupCache::Run& run = state.runs[i];
          ARROW_RETURN_NOT_OK(
              state.updater.UpdateSingle(state.kernel, slot, arguments, run.rows, batch.num_rows, run.state));
        }
      } else if (shared_->is_grouped()) {
        ARROW_RETURN_NOT_OK(
            state.updater.Update(state.kernel, slot, arguments, selection, batch.num_rows, state.states));
      } else {
        auto* single = reinterpret_cast<uint8_t*>(state.lane->single_state.data());
        ARROW_RETURN_NOT_OK(
            state.updater.UpdateSingle(state.kernel, slot, arguments, selection, batch.num_rows, single));
      }
    }
    return arrow::Status::OK();
  }

  /// Sets state.states of the selected rows, and the runs where groups are few and aggregates several.
  arrow::Status FindGroups(SinkState& state, uint32_t set, std::span<const Vector> keys, const Batch& batch) const {
    state.num_runs = 0;
    ARROW_ASSIGN_OR_RAISE(const bool cached, FindStates(state, set, keys, batch));
    if (state.passed_by && IsParent(set)) {
      // These rows stand in no table whose groups will be passed on.
      for (const uint32_t child : shared_->layout().sets()[set].children) state.gets_rows[child] = true;
    }
    if (const size_t num_aggregates = shared_->layout().slots().size(); cached && num_aggregates > 1) {
      state.num_runs =
          state.caches[set]->SplitRows(batch.selection, batch.num_rows, num_aggregates, state.runs, state.run_rows);
    }
    return arrow::Status::OK();
  }

  bool IsParent(uint32_t set) const {
    const std::vector<GroupingSet>& sets = shared_->layout().sets();
    return !sets.empty() && !sets[set].children.empty();
  }
  /// The cache may lead to a set's states: they move only where rows are added here, and none stand past the table.
  bool MayCache(uint32_t set, const GroupCollector& groups) const {
    const std::vector<GroupingSet>& sets = shared_->layout().sets();
    return sets.empty() || (sets[set].is_fed_by_rows && (sets[set].children.empty() || !groups.PassesBy()));
  }

  /// Sets state.states of the selected rows. True where the cache knows all of them.
  arrow::Result<bool> FindStates(SinkState& state, uint32_t set, std::span<const Vector> keys,
                                 const Batch& batch) const {
    GroupCollector& groups = *state.lane->tables[set].groups;
    GroupCache& cache = *state.caches[set];
    Selection wanted = batch.selection;
    bool cached = false;
    state.passed_by = false;
    if (!keys.empty() && MayCache(set, groups)) {
      ARROW_ASSIGN_OR_RAISE(cached, cache.Prepare(keys, batch.selection));
    }
    if (cached) {
      const uint32_t num_missing = cache.Lookup(batch.selection, state.states, state.missing);
      if (num_missing == 0) return true;
      if (num_missing < batch.selection.count) wanted = {state.missing, num_missing};
    }
    bool overflowed = false;
    ARROW_RETURN_NOT_OK(groups.MakeRoom(wanted.count, &overflowed));
    if (overflowed) {
      cache.Clear();
      wanted = batch.selection;
      ARROW_RETURN_NOT_OK(groups.MakeRoom(wanted.count, &overflowed));
      cached = cached && MayCache(set, groups);
    }
    groups.CountRows(wanted.count);
    ARROW_ASSIGN_OR_RAISE(auto flat, state.flattener.Flatten(keys, wanted, batch.num_rows));
    if (state.set_columns != nullptr) flat = state.set_columns->Assemble(set, flat);
    state.passed_by = groups.PassesBy();
    ARROW_RETURN_NOT_OK(groups.Find(flat, wanted, state.states));
    if (cached && wanted.rows == state.missing) {
      cache.Remember(state.missing, wanted.count, state.states);
    } else if (cached) {
      uint32_t count = 0;
      ForEachRow(wanted, [&](uint32_t row) { state.missing[count++] = static_cast<uint16_t>(row); });
      cache.Remember(state.missing, count, state.states);
    }
    return cached;
  }

  static arrow::Status AddDistinct(SinkState& state, uint32_t table, const AggregateSlot& slot,
                                   std::span<const Vector> keys, std::span<const Vector> arguments,
                                   const Selection& selection, uint32_t num_rows) {
    GroupCollector& set = *state.lane->tables[table].distinct[slot.distinct_set];
    bool overflowed = false;
    ARROW_RETURN_NOT_OK(set.MakeRoom(selection.count, &overflowed));
    set.CountRows(selection.count);
    std::vector<Vector>& columns = state.distinct_columns;
    columns.assign(keys.begin(), keys.end());
    columns.insert(columns.end(), arguments.begin(), arguments.end());
    ARROW_ASSIGN_OR_RAISE(const auto flat, state.flattener.Flatten(columns, selection, num_rows));
    columns.assign(flat.begin(), flat.end());
    if (state.set_columns != nullptr) {
      const auto assembled = state.set_columns->Assemble(table, flat.first(keys.size()));
      columns.assign(assembled.begin(), assembled.end());
      columns.insert(columns.end(), flat.begin() + static_cast<std::ptrdiff_t>(keys.size()), flat.end());
    }
    return set.Find(columns, selection, state.distinct_states);
  }

  std::shared_ptr<AggregateShared> shared_;
  const bool feeds_groups_;
};

struct SourceState : LaneState {
  SourceState(const AggregateShared& shared, const KernelContext& k)
      : arena(k.pool), kernel(k), merger(&shared.layout(), k, &arena) {}
  StringArena arena;  // of merged states
  KernelContext kernel;
  AggregateMerger merger;
  std::unique_ptr<GroupTable> partition_table;
  const GroupTable* table = nullptr;
  std::optional<GroupTable::Cursor> cursor;
  uint64_t morsel = 0;
  bool single_done = false;
  std::vector<ScratchVector> columns;
  std::vector<Vector> output;
  uint8_t* rows[kMaxBatchRows];
  const uint8_t* states[kMaxBatchRows];
};

class AggregateSource : public Source {
 public:
  explicit AggregateSource(std::shared_ptr<AggregateShared> shared) : shared_(std::move(shared)) {}

  arrow::Status Open(QueryContext&) override {
    next_morsel_.store(0);
    return arrow::Status::OK();
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<SourceState>(*shared_, lane.kernel);
    const AggregateLayout& layout = shared_->layout();
    const auto add = [&](LogicalType type) -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(ScratchVector column, ScratchVector::Make(type, lane.query->pool));
      state->columns.push_back(std::move(column));
      return arrow::Status::OK();
    };
    for (const LogicalType type : layout.group_types()) ARROW_RETURN_NOT_OK(add(type));
    for (const AggregateSlot& slot : layout.slots()) ARROW_RETURN_NOT_OK(add(slot.function->return_type));
    if (!layout.sets().empty()) ARROW_RETURN_NOT_OK(add(TypeId::kBigInt));
    return state;
  }

  arrow::Result<uint64_t> NextMorsel(LaneContext&, LaneState& lane_state) override {
    auto& state = static_cast<SourceState&>(lane_state);
    const uint64_t morsel = next_morsel_.fetch_add(1);
    if (morsel >= num_morsels()) return kNoMorsel;
    state.morsel = morsel;
    state.single_done = false;
    state.table = nullptr;
    state.cursor.reset();
    return morsel;
  }

  arrow::Result<SourceResult> GetBatch(LaneContext& lane, LaneState& lane_state, Batch* batch) override {
    auto& state = static_cast<SourceState&>(lane_state);
    if (!shared_->is_grouped()) {
      if (state.single_done) return SourceResult::kMorselDone;
      state.single_done = true;
      state.states[0] = shared_->single_state();
      return Emit(lane, state, 1, batch);
    }
    if (state.table == nullptr) ARROW_RETURN_NOT_OK(OpenMorsel(lane, state));
    const uint32_t batch_rows = lane.query->exec->batch_rows;
    const uint32_t count = state.table->NextGroups(*state.cursor, batch_rows, state.rows);
    if (count == 0) return SourceResult::kMorselDone;
    const GroupKeys& keys = shared_->keys();
    for (size_t c = 0; c < keys.num_columns(); ++c) {
      keys.GatherKey(c, state.rows, count, state.table->null_group(), state.columns[c]);
    }
    for (uint32_t i = 0; i < count; ++i) state.states[i] = state.rows[i] + keys.state_offset();
    return Emit(lane, state, count, batch);
  }

  uint64_t num_morsels() const override {
    return shared_->is_partitioned() && shared_->is_grouped() ? kNumGroupPartitions : 1;
  }
  uint64_t num_rows_estimate() const override { return shared_->is_grouped() ? shared_->num_groups_estimate() : 1; }

 private:
  arrow::Status OpenMorsel(LaneContext& lane, SourceState& state) {
    if (shared_->is_partitioned()) {
      ARROW_RETURN_NOT_OK(lane.CheckStop());
      state.arena.Reset();
      state.partition_table =
          std::make_unique<GroupTable>(&shared_->keys(), shared_->layout().initial_state(), lane.query->pool);
      ARROW_RETURN_NOT_OK(
          shared_->MergePartition(static_cast<uint32_t>(state.morsel), state.merger, *state.partition_table));
      state.table = state.partition_table.get();
    } else {
      state.table = shared_->merged_table();
    }
    state.cursor.emplace(*state.table);
    return arrow::Status::OK();
  }

  arrow::Result<SourceResult> Emit(LaneContext& lane, SourceState& state, uint32_t count, Batch* batch) {
    const AggregateLayout& layout = shared_->layout();
    for (size_t i = 0; i < layout.slots().size(); ++i) {
      ARROW_RETURN_NOT_OK(state.merger.updater().Finalize(lane.kernel, layout.slots()[i], state.states, count,
                                                          state.columns[layout.num_groups() + i]));
    }
    state.output.clear();
    for (size_t c = 0; c < state.columns.size(); ++c) {
      if (c >= layout.num_group_exprs() && c < layout.num_groups()) continue;
      state.output.push_back(state.columns[c].vector());
    }
    if (!layout.sets().empty()) {
      // Each row says what its set lacks.
      const auto* numbers = state.columns[layout.num_group_exprs()].data<int32_t>();
      ScratchVector& missing = state.columns.back();
      missing.ResetFlat(TypeId::kBigInt);
      for (uint32_t i = 0; i < count; ++i) {
        missing.data<int64_t>()[i] = layout.sets()[static_cast<size_t>(numbers[i])].missing;
      }
    }
    *batch = Batch{state.output, count, Selection::All(count)};
    return SourceResult::kHaveBatch;
  }

  std::shared_ptr<AggregateShared> shared_;
  std::atomic<uint64_t> next_morsel_{0};
};

}  // namespace

std::unique_ptr<Sink> MakeAggregateSink(std::shared_ptr<AggregateShared> shared) {
  return std::make_unique<AggregateSink>(std::move(shared));
}

AggregateOperators MakeAggregate(const LogicalAggregate& node, const ColumnLayout& input) {
  auto shared = std::make_shared<AggregateShared>(node, input);
  shared->set_expected_rows(node.children[0]->estimated_rows);
  return {MakeAggregateSink(shared), std::make_unique<AggregateSource>(shared)};
}

}  // namespace llkv
