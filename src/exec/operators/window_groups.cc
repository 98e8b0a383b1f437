// The aggregation behind a window's calls. A group's states become its results where they stand: a row of the layout of
// results, in the room of the states.
#include "exec/operators/window_groups.h"

#include <algorithm>
#include <utility>

#include "exec/operators/aggregate.h"

namespace llkv {
namespace {

using Kind = FrameBound::Kind;

RowLayout ResultLayout(const LogicalWindow& node) {
  std::vector<LogicalType> types;
  for (const WindowCall& call : node.calls) types.push_back(call.return_type);
  return RowLayout::Make(std::move(types));
}

bool IsWhole(const WindowCall& call) {
  if (call.kind != WindowKind::kAggregate || call.aggregate.order_matters) return false;
  // Without order all rows of a partition are peers.
  const bool all_are_peers = call.frame.is_range && call.num_order_keys == 0;
  const Kind start = call.frame.start.kind;
  const Kind end = call.frame.end.kind;
  return (start == Kind::kUnboundedPreceding || (all_are_peers && start == Kind::kCurrentRow)) &&
         (end == Kind::kUnboundedFollowing || (all_are_peers && end == Kind::kCurrentRow));
}

/// Turns blocks of states into results. One thread's.
class ResultWriter {
 public:
  ResultWriter(const AggregateLayout* layout, const RowLayout* results, const KernelContext& kernel, StringArena* texts)
      : layout_(layout),
        results_(results),
        kernel_(kernel),
        scratch_(kernel.pool),
        updater_(kernel.pool),
        texts_(texts) {
    kernel_.arena = &scratch_;
  }

  /// rows[i] takes the results of states[i], and may be where that stands.
  arrow::Status Write(const uint8_t* const* states, uint32_t count, uint8_t* const* rows) {
    scratch_.Reset();
    for (size_t i = columns_.size(); i < layout_->slots().size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector column, ScratchVector::Make(results_->types()[i], kernel_.pool));
      columns_.push_back(std::move(column));
    }
    flat_.clear();
    for (size_t i = 0; i < columns_.size(); ++i) {
      ARROW_RETURN_NOT_OK(updater_.Finalize(kernel_, layout_->slots()[i], states, count, columns_[i]));
      flat_.push_back(columns_[i].vector());
    }
    if (results_->has_strings()) {
      std::fill_n(heap_sizes_, count, 0U);
      AddHeapSizes(*results_, flat_, Selection::All(count), heap_sizes_);
      for (uint32_t i = 0; i < count; ++i) {
        heaps_[i] = nullptr;
        if (heap_sizes_[i] == 0) continue;
        ARROW_ASSIGN_OR_RAISE(heaps_[i], texts_->Allocate(heap_sizes_[i]));
      }
    }
    ScatterRows(*results_, flat_, Selection::All(count), rows, heaps_);
    return arrow::Status::OK();
  }

 private:
  const AggregateLayout* layout_;
  const RowLayout* results_;
  KernelContext kernel_;
  StringArena scratch_;
  AggregateUpdater updater_;
  StringArena* texts_;
  std::vector<ScratchVector> columns_;
  std::vector<Vector> flat_;
  uint32_t heap_sizes_[kMaxBatchRows];
  char* heaps_[kMaxBatchRows];
};

class WindowGroupsSink : public Sink {
 public:
  explicit WindowGroupsSink(std::shared_ptr<WindowGroups> groups)
      : groups_(std::move(groups)), aggregate_(MakeAggregateSink(groups_->shared())) {}

  arrow::Status Open(QueryContext& query) override {
    groups_->Reset();
    return aggregate_->Open(query);
  }
  void Close() override {
    groups_->Reset();
    aggregate_->Close();
  }
  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    return aggregate_->MakeState(lane);
  }
  arrow::Result<SinkResult> Consume(LaneContext& lane, const Batch& batch, LaneState& state) override {
    return aggregate_->Consume(lane, batch, state);
  }
  arrow::Status Combine(LaneContext& lane, LaneState& state) override { return aggregate_->Combine(lane, state); }

  arrow::Result<uint32_t> PrepareFinalize(QueryContext& query) override {
    ARROW_ASSIGN_OR_RAISE(const uint32_t num_parts, aggregate_->PrepareFinalize(query));
    return groups_->shared()->is_partitioned() ? kNumGroupPartitions : num_parts;
  }
  arrow::Status FinalizePart(LaneContext& lane, uint32_t part) override {
    if (!groups_->shared()->is_partitioned()) ARROW_RETURN_NOT_OK(aggregate_->FinalizePart(lane, part));
    return groups_->MakeResults(lane, part);
  }
  arrow::Status Finalize(QueryContext&) override {
    groups_->MakeIndex();
    return arrow::Status::OK();
  }

 private:
  std::shared_ptr<WindowGroups> groups_;
  std::unique_ptr<Sink> aggregate_;
};

}  // namespace

bool IsOverWholePartitions(const LogicalWindow& node) {
  const auto& partition_by = node.partition_by;
  // Keys are computed twice.
  return std::all_of(node.calls.begin(), node.calls.end(), IsWhole) &&
         std::none_of(partition_by.begin(), partition_by.end(), [](const auto& expr) { return expr->IsVolatile(); });
}

std::unique_ptr<LogicalAggregate> WindowGroups::MakeAggregation(const LogicalWindow& node) {
  auto aggregation = std::make_unique<LogicalAggregate>();
  for (const BoundExprPtr& expr : node.partition_by) aggregation->groups.push_back(expr->Clone());
  for (const WindowCall& call : node.calls) {
    AggregateCall& aggregate = aggregation->aggregates.emplace_back();
    aggregate.function = call.aggregate;
    for (const BoundExprPtr& argument : call.arguments) aggregate.arguments.push_back(argument->Clone());
    if (call.filter != nullptr) aggregate.filter = call.filter->Clone();
  }
  return aggregation;
}

WindowGroups::WindowGroups(const LogicalWindow& node, const ColumnLayout& input)
    : node_(node),
      aggregation_(MakeAggregation(node)),
      results_(ResultLayout(node)),
      shared_(std::make_shared<AggregateShared>(*aggregation_, input, results_.width())),
      single_row_(results_.width() / 8 + 1),
      null_row_(results_.width() / 8 + 1) {
  shared_->set_expected_rows(node.children[0]->estimated_rows);
}

void WindowGroups::Reset() {
  index_.reset();
  tables_.clear();
  MutexLock lock(mutex_);
  arenas_.clear();
  if (shared_->is_grouped()) tables_.resize(kNumGroupPartitions);
}

arrow::Result<const GroupTable*> WindowGroups::TableOf(LaneContext& lane, uint32_t part, StringArena* arena) {
  if (!shared_->is_partitioned()) return shared_->merged_table();
  auto table = std::make_unique<GroupTable>(&shared_->keys(), shared_->layout().initial_state(), lane.query->pool);
  AggregateMerger merger(&shared_->layout(), lane.kernel, arena);
  ARROW_RETURN_NOT_OK(shared_->MergePartition(part, merger, *table));
  tables_[part] = std::move(table);
  return tables_[part].get();
}

arrow::Status WindowGroups::MakeResults(LaneContext& lane, uint32_t part) {
  ARROW_RETURN_NOT_OK(lane.CheckStop());
  auto owned = std::make_unique<StringArena>(lane.query->pool);
  StringArena* arena = owned.get();
  {
    MutexLock lock(mutex_);
    arenas_.push_back(std::move(owned));
  }
  auto writer = std::make_unique<ResultWriter>(&shared_->layout(), &results_, lane.kernel, arena);
  uint8_t* rows[kMaxBatchRows];
  if (!has_partitions()) {
    const uint8_t* state = shared_->single_state();
    rows[0] = reinterpret_cast<uint8_t*>(single_row_.data());
    return writer->Write(&state, 1, rows);
  }
  ARROW_ASSIGN_OR_RAISE(const GroupTable* table, TableOf(lane, part, arena));
  GroupTable::Cursor cursor(*table);
  while (const uint32_t count = table->NextGroups(cursor, kMaxBatchRows, rows)) {
    ARROW_RETURN_NOT_OK(lane.CheckStop());
    for (uint32_t i = 0; i < count; ++i) rows[i] += shared_->keys().state_offset();
    ARROW_RETURN_NOT_OK(writer->Write(rows, count, rows));
  }
  return arrow::Status::OK();
}

void WindowGroups::MakeIndex() {
  if (!has_partitions()) return;
  std::vector<const GroupTable*> tables;
  if (shared_->is_partitioned()) {
    for (const auto& table : tables_) tables.push_back(table.get());
  } else {
    tables.push_back(shared_->merged_table());
  }
  index_.emplace(&shared_->keys(), tables);
}

void WindowGroups::Find(std::span<const Vector> keys, const Selection& selection, uint8_t** rows) const {
  index_->Find(keys, selection, rows);
  auto* null_row = reinterpret_cast<uint8_t*>(const_cast<uint64_t*>(null_row_.data()));
  // A join's filter on the input may have left the partition out: then that join drops the row too.
  ForEachRow(selection, [&](uint32_t row) { rows[row] = rows[row] == nullptr ? null_row : rows[row]; });
}

std::unique_ptr<Sink> MakeWindowGroupsSink(std::shared_ptr<WindowGroups> groups) {
  return std::make_unique<WindowGroupsSink>(std::move(groups));
}

}  // namespace llkv
