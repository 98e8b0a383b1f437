// See table_function.h. A part of the function is a morsel.
#include "exec/operators/table_function.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "exec/batch_cutter.h"

namespace llkv {

namespace {

struct FunctionState : LaneState {
  std::unique_ptr<TableFunctionSource> part;
  std::vector<Vector> columns;
  BatchCutter cutter;
};

class TableFunctionScan : public Source {
 public:
  explicit TableFunctionScan(const LogicalTableFunction& node) : node_(node) {}

  arrow::Status Open(QueryContext&) override {
    next_part_.store(0, std::memory_order_relaxed);
    return arrow::Status::OK();
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext&) override {
    auto state = std::make_unique<FunctionState>();
    state->columns.resize(node_.column_indexes.size());
    return state;
  }

  arrow::Result<uint64_t> NextMorsel(LaneContext&, LaneState& lane_state) override {
    auto& state = static_cast<FunctionState&>(lane_state);
    const uint64_t part = next_part_.fetch_add(1, std::memory_order_relaxed);
    if (part >= node_.function->num_parts()) return kNoMorsel;
    ARROW_ASSIGN_OR_RAISE(state.part, node_.function->MakeSource(part));
    state.cutter.Clear();
    return part;
  }

  arrow::Result<SourceResult> GetBatch(LaneContext& lane, LaneState& lane_state, Batch* batch) override {
    auto& state = static_cast<FunctionState&>(lane_state);
    if (state.cutter.Next(lane.query->exec->batch_rows, batch)) return SourceResult::kHaveBatch;
    ARROW_ASSIGN_OR_RAISE(const Batch rows, state.part->Next(lane.kernel));
    if (rows.num_selected() == 0) return SourceResult::kMorselDone;
    for (size_t i = 0; i < state.columns.size(); ++i) state.columns[i] = rows.columns[node_.column_indexes[i]];
    state.cutter.Start(Batch{state.columns, rows.num_rows, rows.selection});
    state.cutter.Next(lane.query->exec->batch_rows, batch);
    return SourceResult::kHaveBatch;
  }

  uint64_t num_morsels() const override { return node_.function->num_parts(); }
  uint64_t num_rows_estimate() const override {
    return static_cast<uint64_t>(std::clamp(node_.function->estimated_rows(), 0.0, 1e18));
  }

 private:
  const LogicalTableFunction& node_;
  std::atomic<uint64_t> next_part_{0};
};

}  // namespace

std::unique_ptr<Source> MakeTableFunctionScan(const LogicalTableFunction& node) {
  return std::make_unique<TableFunctionScan>(node);
}

}  // namespace llkv
