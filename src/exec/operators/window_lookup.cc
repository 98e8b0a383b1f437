// The lookup of partitions' results for rows. Columns of the input are passed on as they come; partitions of small
// domains are found by code, without hashing.
#include <algorithm>
#include <utility>
#include <vector>

#include "exec/expr_set.h"
#include "exec/operators/aggregate_cache.h"
#include "exec/operators/window_groups.h"

namespace llkv {
namespace {

struct LookupState : LaneState {
  explicit LookupState(arrow::MemoryPool* pool) : flattener(pool), cache(pool) {}
  ExprSetState keys;
  ColumnFlattener flattener;
  GroupCache cache;
  std::vector<ScratchVector> results;
  std::vector<Vector> output;
  bool has_single_row = false;
  uint16_t missing[kMaxBatchRows];
  uint8_t* rows_of[kMaxBatchRows];  // by position
  const uint8_t* rows[kMaxBatchRows];
};

class WindowLookup : public Operator {
 public:
  WindowLookup(std::shared_ptr<const WindowGroups> groups, const ColumnLayout& input)
      : groups_(std::move(groups)), keys_(KeyExprs(groups_->node()), input) {
    for (const OutputColumn& column : groups_->node().children[0]->output) columns_.push_back(input.at(column.id));
  }

  arrow::Status Open(QueryContext& query) override { return keys_.Bind(query); }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<LookupState>(lane.query->pool);
    for (const LogicalType type : groups_->results().types()) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector column, ScratchVector::Make(type, lane.query->pool));
      state->results.push_back(std::move(column));
    }
    state->output.resize(columns_.size() + state->results.size());
    return state;
  }

  arrow::Result<OperatorResult> Execute(LaneContext& lane, const Batch& input, LaneState& lane_state,
                                        Batch* output) override {
    auto& state = static_cast<LookupState&>(lane_state);
    if (groups_->has_partitions()) {
      ARROW_RETURN_NOT_OK(FindRows(lane, input, state));
      GatherResults(input, state);
    } else if (!state.has_single_row) {
      GatherSingleRow(state);
      state.has_single_row = true;
    }
    for (size_t c = 0; c < columns_.size(); ++c) state.output[c] = input.columns[columns_[c]];
    for (size_t c = 0; c < state.results.size(); ++c) state.output[columns_.size() + c] = state.results[c].vector();
    *output = Batch{state.output, input.num_rows, input.selection};
    return OperatorResult::kNeedInput;
  }

 private:
  static std::vector<const BoundExpr*> KeyExprs(const LogicalWindow& node) {
    std::vector<const BoundExpr*> exprs;
    for (const BoundExprPtr& expr : node.partition_by) exprs.push_back(expr.get());
    return exprs;
  }

  arrow::Status FindRows(LaneContext& lane, const Batch& input, LookupState& state) {
    ARROW_RETURN_NOT_OK(state.keys.Prepare(keys_, lane.kernel));
    ARROW_RETURN_NOT_OK(state.keys.program().Evaluate(input));
    const auto keys = state.keys.program().outputs();
    ARROW_ASSIGN_OR_RAISE(const bool cached, state.cache.Prepare(keys, input.selection));
    Selection wanted = input.selection;
    if (cached) wanted = {state.missing, state.cache.Lookup(input.selection, state.rows_of, state.missing)};
    if (wanted.count == 0) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto flat, state.flattener.Flatten(keys, wanted, input.num_rows));
    groups_->Find(flat, wanted, state.rows_of);
    if (cached) state.cache.Remember(state.missing, wanted.count, state.rows_of);
    return arrow::Status::OK();
  }

  void GatherResults(const Batch& input, LookupState& state) const {
    uint32_t count = 0;
    ForEachRow(input.selection, [&](uint32_t row) { state.rows[count++] = state.rows_of[row]; });
    const uint16_t* positions = input.selection.IsDense() ? nullptr : input.selection.rows;
    for (size_t c = 0; c < state.results.size(); ++c) {
      GatherColumn(groups_->results(), c, state.rows, count, positions, input.num_rows, state.results[c]);
    }
  }

  void GatherSingleRow(LookupState& state) const {
    const uint8_t* row = groups_->single_row();
    for (size_t c = 0; c < state.results.size(); ++c) {
      GatherColumn(groups_->results(), c, &row, 1, nullptr, 1, state.results[c]);
      state.results[c].vector().form = VectorForm::kConstant;
    }
  }

  std::shared_ptr<const WindowGroups> groups_;
  ExprSet keys_;
  std::vector<uint32_t> columns_;  // where the output's are in the input
};

}  // namespace

std::unique_ptr<Operator> MakeWindowLookup(std::shared_ptr<const WindowGroups> groups, const ColumnLayout& input) {
  return std::make_unique<WindowLookup>(std::move(groups), input);
}

}  // namespace llkv
