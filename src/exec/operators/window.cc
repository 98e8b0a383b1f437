// The source over sorted rows: each morsel is the partitions that begin within some number of rows, computed by the
// lane that takes it.
#include "exec/operators/window.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "exec/operators/project.h"
#include "exec/operators/sort.h"
#include "exec/operators/window_chunk.h"
#include "exec/operators/window_plan.h"

namespace llkv {
namespace {

/// Shared by the sink and the source.
struct WindowShared {
  explicit WindowShared(const LogicalWindow& node) : plan(node), sorted(plan.sort(), MakeLayout(plan.sort().output)) {}
  WindowPlan plan;
  SortShared sorted;
};

struct SourceState : LaneState {
  SourceState(const WindowShared& shared, const QueryContext& query) : chunk(&shared.plan, &shared.sorted, &query) {}
  WindowChunk chunk;
  std::vector<std::unique_ptr<WindowEvaluator>> evaluators;
  std::vector<ScratchVector> columns;
  std::vector<Vector> output;
  int64_t next = 0;
};

class WindowSource : public Source {
 public:
  explicit WindowSource(std::shared_ptr<WindowShared> shared) : shared_(std::move(shared)) {}

  arrow::Status Open(QueryContext& query) override {
    next_morsel_.store(0);
    return shared_->plan.Open(query);
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<SourceState>(*shared_, *lane.query);
    for (const WindowSlot& slot : shared_->plan.slots()) {
      ARROW_ASSIGN_OR_RAISE(state->evaluators.emplace_back(), MakeEvaluator(state->chunk, slot, lane.kernel));
    }
    for (const OutputColumn& column : shared_->plan.node().output) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(column.type, lane.query->pool));
      state->columns.push_back(std::move(scratch));
    }
    state->output.resize(state->columns.size());
    return state;
  }

  arrow::Result<uint64_t> NextMorsel(LaneContext&, LaneState& lane_state) override {
    auto& state = static_cast<SourceState&>(lane_state);
    state.chunk.Clear();
    state.next = 0;
    const uint64_t morsel = next_morsel_.fetch_add(1);
    if (morsel >= num_morsels()) return kNoMorsel;
    const int64_t begin = static_cast<int64_t>(morsel) * MorselRows();
    ARROW_RETURN_NOT_OK(state.chunk.Load(begin, std::min(begin + MorselRows(), shared_->sorted.num_rows())));
    if (state.chunk.size() == 0) return morsel;
    for (const auto& evaluator : state.evaluators) ARROW_RETURN_NOT_OK(evaluator->Load());
    return morsel;
  }

  arrow::Result<SourceResult> GetBatch(LaneContext& lane, LaneState& lane_state, Batch* batch) override {
    auto& state = static_cast<SourceState&>(lane_state);
    const int64_t left = state.chunk.size() - state.next;
    if (left == 0) return SourceResult::kMorselDone;
    ARROW_RETURN_NOT_OK(lane.CheckStop());
    const auto count = static_cast<uint32_t>(std::min<int64_t>(left, lane.query->exec->batch_rows));
    uint8_t* const* rows = state.chunk.rows() + state.next;
    for (uint32_t i = 0; i < count; ++i) __builtin_prefetch(rows[i]);
    const size_t num_input = shared_->plan.num_input_columns();
    for (size_t c = 0; c < num_input; ++c) {
      GatherColumn(shared_->sorted.layout(), c, rows, count, nullptr, count, state.columns[c]);
    }
    for (size_t i = 0; i < state.evaluators.size(); ++i) {
      ARROW_RETURN_NOT_OK(state.evaluators[i]->Evaluate(state.next, count, lane.kernel, state.columns[num_input + i]));
    }
    for (size_t c = 0; c < state.columns.size(); ++c) state.output[c] = state.columns[c].vector();
    state.next += count;
    *batch = Batch{state.output, count, Selection::All(count)};
    return SourceResult::kHaveBatch;
  }

  uint64_t num_morsels() const override {
    const int64_t num_rows = shared_->sorted.num_rows();
    return num_rows == 0 ? 0 : static_cast<uint64_t>((num_rows + MorselRows() - 1) / MorselRows());
  }
  uint64_t num_rows_estimate() const override { return static_cast<uint64_t>(shared_->sorted.num_rows()); }

 private:
  static constexpr int64_t kMorselRows = 16 * int64_t{kMaxBatchRows};

  /// Without PARTITION BY there is one partition.
  int64_t MorselRows() const {
    return shared_->plan.partition_columns().empty() ? std::max<int64_t>(1, shared_->sorted.num_rows()) : kMorselRows;
  }

  static arrow::Result<std::unique_ptr<WindowEvaluator>> MakeEvaluator(const WindowChunk& chunk, const WindowSlot& slot,
                                                                       const KernelContext& kernel) {
    switch (slot.call->kind) {
      case WindowKind::kAggregate:
        return MakeAggregateEvaluator(&chunk, &slot, kernel);
      case WindowKind::kLag:
      case WindowKind::kLead:
      case WindowKind::kFirstValue:
      case WindowKind::kLastValue:
      case WindowKind::kNthValue:
        return MakeValueEvaluator(&chunk, &slot);
      default:
        return MakeRankingEvaluator(&chunk, &slot);
    }
  }

  std::shared_ptr<WindowShared> shared_;
  std::atomic<uint64_t> next_morsel_{0};
};

}  // namespace

WindowOperators MakeWindow(const LogicalWindow& node, const ColumnLayout& input) {
  auto shared = std::make_shared<WindowShared>(node);
  WindowOperators operators;
  operators.arguments = MakeProject(shared->plan.exprs(), input);
  operators.sink = MakeSortSink(std::shared_ptr<SortShared>(shared, &shared->sorted));
  operators.needs_input_order = shared->plan.needs_input_order();
  operators.source = std::make_unique<WindowSource>(std::move(shared));
  return operators;
}

}  // namespace llkv
