// See values.h. Constants and parameters are written as they are; other expressions of a row go through one program.
#include "exec/operators/values.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "exec/expr_set.h"
#include "exec/value_writer.h"

namespace llkv {

namespace {

struct ValuesState : LaneState {
  std::vector<ScratchVector> scratch;
  std::vector<Vector> columns;
  size_t next_row = 0;

  bool Reset() override { return true; }
};

/// The expressions of one row that must be computed.
struct ComputedRow {
  std::vector<size_t> columns;
  std::unique_ptr<ExprSet> exprs;
};

class ValuesSource : public Source {
 public:
  explicit ValuesSource(const LogicalValues& node) : node_(node), computed_(node.rows.size()) {
    for (size_t row = 0; row < node.rows.size(); ++row) {
      std::vector<const BoundExpr*> exprs;
      for (size_t column = 0; column < node.rows[row].size(); ++column) {
        if (IsPlainValue(*node.rows[row][column])) continue;
        computed_[row].columns.push_back(column);
        exprs.push_back(node.rows[row][column].get());
      }
      if (!exprs.empty()) computed_[row].exprs = std::make_unique<ExprSet>(std::move(exprs), ColumnLayout());
    }
  }

  arrow::Status Open(QueryContext& query) override {
    for (ComputedRow& row : computed_) {
      if (row.exprs != nullptr) ARROW_RETURN_NOT_OK(row.exprs->Bind(query));
    }
    is_taken_.store(false, std::memory_order_relaxed);
    return arrow::Status::OK();
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<ValuesState>();
    for (const OutputColumn& column : node_.output) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(column.type, lane.kernel.pool));
      state->scratch.push_back(std::move(scratch));
    }
    state->columns.resize(node_.output.size());
    return state;
  }

  arrow::Result<uint64_t> NextMorsel(LaneContext&, LaneState& state) override {
    static_cast<ValuesState&>(state).next_row = 0;
    return is_taken_.exchange(true, std::memory_order_relaxed) ? kNoMorsel : 0;
  }

  arrow::Result<SourceResult> GetBatch(LaneContext& lane, LaneState& lane_state, Batch* batch) override {
    auto& state = static_cast<ValuesState&>(lane_state);
    const auto num_rows =
        static_cast<uint32_t>(std::min<size_t>(node_.rows.size() - state.next_row, lane.query->exec->batch_rows));
    if (num_rows == 0) return SourceResult::kMorselDone;
    for (size_t i = 0; i < state.scratch.size(); ++i) state.scratch[i].ResetFlat(node_.output[i].type);
    for (uint32_t row = 0; row < num_rows; ++row) {
      ARROW_RETURN_NOT_OK(WriteRow(lane, state, state.next_row + row, row));
    }
    state.next_row += num_rows;
    for (size_t i = 0; i < state.scratch.size(); ++i) state.columns[i] = state.scratch[i].vector();
    *batch = Batch{state.columns, num_rows, Selection::All(num_rows)};
    return SourceResult::kHaveBatch;
  }

  uint64_t num_morsels() const override { return 1; }
  uint64_t num_rows_estimate() const override { return node_.rows.size(); }

 private:
  arrow::Status WriteRow(LaneContext& lane, ValuesState& state, size_t index, uint32_t row) {
    const std::vector<BoundExprPtr>& exprs = node_.rows[index];
    for (size_t column = 0; column < exprs.size(); ++column) {
      const BoundExpr& expr = *exprs[column];
      if (!IsPlainValue(expr)) continue;
      WriteValue(PlainValue(expr, lane.query->parameters), row, state.scratch[column]);
    }
    if (computed_[index].exprs == nullptr) return arrow::Status::OK();
    ExprSetState program;
    ARROW_RETURN_NOT_OK(program.Prepare(*computed_[index].exprs, lane.kernel));
    ARROW_RETURN_NOT_OK(program.program().Evaluate(Batch{{}, 1, Selection::All(1)}));
    const std::span<const Vector> outputs = program.program().outputs();
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Value value = GetValue(outputs[i], 0);
      ARROW_RETURN_NOT_OK(WriteValueCopy(value, row, state.scratch[computed_[index].columns[i]], *lane.kernel.arena));
    }
    return arrow::Status::OK();
  }

  const LogicalValues& node_;
  std::vector<ComputedRow> computed_;
  std::atomic<bool> is_taken_{false};
};

}  // namespace

std::unique_ptr<Source> MakeValues(const LogicalValues& node) { return std::make_unique<ValuesSource>(node); }

}  // namespace llkv
