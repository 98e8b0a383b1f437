// The probe of a nested-loop join. A step compares one row of one side, as constants, with many of the other: a block
// of right rows, or, where the right side is small, the whole left batch. Few matches of a step are copied together
// into larger batches; many are given as they are.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"
#include "exec/flat_rows.h"
#include "exec/operators/nested_loop_join_state.h"

namespace llkv {
namespace {

/// A step with so many matches is given without copying.
constexpr uint32_t kDirectRows = 256;

enum class Phase : uint8_t { kNewInput, kSteps, kRest, kTail };

struct ProbeState : LaneState {
  explicit ProbeState(const KernelContext& kernel) : left_flattener(kernel.pool) {}

  ExprSetState residual;
  ExprSetState in_term;
  ColumnFlattener left_flattener;
  std::span<const Vector> left;       // the input's columns, flat
  std::vector<ScratchVector> block;   // stored columns of the block
  std::vector<ScratchVector> buffer;  // output columns of few matches
  std::vector<ScratchVector> mark;    // one BOOLEAN
  std::vector<Vector> pairs;
  std::vector<Vector> output;

  Phase phase = Phase::kNewInput;
  bool left_is_constant = true;
  size_t storage = 0;
  std::optional<RowCursor> cursor;
  uint32_t block_rows = 0;
  uint32_t next = 0;  // left: index in the selection; right: row of the block
  uint32_t steps = 0;
  uint32_t num_buffered = 0;
  uint32_t num_open = 0;  // left rows without a match
  uint8_t* rows[kMaxBatchRows];
  uint8_t found[kMaxBatchRows];
  uint8_t unknown[kMaxBatchRows];
  uint16_t open[kMaxBatchRows];
  uint16_t selected[kMaxBatchRows];
  uint16_t in_rows[kMaxBatchRows];
};

class NestedLoopProbe : public Operator {
 public:
  NestedLoopProbe(std::shared_ptr<NestedLoopPlan> plan, std::shared_ptr<NestedLoopRows> rows)
      : plan_(std::move(plan)), rows_(std::move(rows)) {}

  double work_per_row() const override { return 1 + static_cast<double>(rows_->num_rows()); }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<ProbeState>(lane.kernel);
    if (plan_->residual != nullptr) ARROW_RETURN_NOT_OK(state->residual.Prepare(*plan_->residual, lane.kernel));
    if (plan_->in_term != nullptr) ARROW_RETURN_NOT_OK(state->in_term.Prepare(*plan_->in_term, lane.kernel));
    const auto add = [&](std::vector<ScratchVector>& columns, LogicalType type) -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(ScratchVector column, ScratchVector::Make(type, lane.query->pool));
      columns.push_back(std::move(column));
      return arrow::Status::OK();
    };
    for (const LogicalType type : plan_->columns.stored_types) ARROW_RETURN_NOT_OK(add(state->block, type));
    for (const JoinColumns::Output& column : plan_->columns.outputs) {
      ARROW_RETURN_NOT_OK(add(state->buffer, column.type));
    }
    ARROW_RETURN_NOT_OK(add(state->mark, TypeId::kBoolean));
    state->output.resize(plan_->columns.outputs.size());
    return state;
  }

  arrow::Result<OperatorResult> Execute(LaneContext& lane, const Batch& input, LaneState& lane_state,
                                        Batch* output) override {
    auto& state = static_cast<ProbeState&>(lane_state);
    if (state.phase == Phase::kNewInput) {
      if (rows_->num_rows() == 0 && DropsUnmatchedLeft(plan_->type)) return OperatorResult::kFinished;
      ARROW_RETURN_NOT_OK(Begin(lane, input, state));
    }
    while (state.phase == Phase::kSteps) {
      if ((++state.steps & 15) == 0) ARROW_RETURN_NOT_OK(lane.CheckStop());
      ARROW_ASSIGN_OR_RAISE(const bool given, Step(lane, input, state, output));
      if (given) return OperatorResult::kHaveMore;
    }
    if (state.phase == Phase::kRest) {
      state.phase = Phase::kTail;
      if (state.num_buffered > 0) {
        GiveBuffered(state, output);
        if (HasTail()) return OperatorResult::kHaveMore;
        state.phase = Phase::kNewInput;
        return OperatorResult::kNeedInput;
      }
    }
    state.phase = Phase::kNewInput;
    Tail(input, state, output);
    return OperatorResult::kNeedInput;
  }

 private:
  bool HasTail() const { return plan_->type == JoinType::kSemi || !DropsUnmatchedLeft(plan_->type); }

  arrow::Status Begin(LaneContext& lane, const Batch& input, ProbeState& state) {
    ARROW_ASSIGN_OR_RAISE(state.left, state.left_flattener.Flatten(input.columns.first(plan_->columns.num_left),
                                                                   input.selection, input.num_rows));
    state.num_open = 0;
    ForEachRow(input.selection, [&](uint32_t row) {
      state.found[row] = state.unknown[row] = 0;
      state.open[state.num_open++] = static_cast<uint16_t>(row);
    });
    state.left_is_constant = rows_->num_rows() >= input.selection.count;
    state.storage = 0;
    state.cursor.reset();
    state.block_rows = 0;
    state.next = 0;
    ResetBuffer(state);
    state.phase = Phase::kSteps;
    return NextBlock(lane, state);
  }

  /// Reads the next right rows; no rows end the steps.
  arrow::Status NextBlock(LaneContext& lane, ProbeState& state) {
    state.next = 0;
    state.block_rows = 0;
    while (state.block_rows == 0 && state.storage < rows_->storages().size()) {
      if (!state.cursor.has_value()) state.cursor.emplace(*rows_->storages()[state.storage]);
      state.block_rows = state.cursor->Next(lane.query->exec->batch_rows, state.rows);
      if (state.block_rows > 0) break;
      state.cursor.reset();
      ++state.storage;
    }
    if (state.block_rows == 0 || (plan_->OneMatchIsEnough() && state.num_open == 0)) {
      state.phase = Phase::kRest;
      return arrow::Status::OK();
    }
    for (size_t c = 0; c < state.block.size(); ++c) {
      GatherColumn(plan_->layout, c, state.rows, state.block_rows, nullptr, state.block_rows, state.block[c]);
    }
    return arrow::Status::OK();
  }

  /// Compares one row with many. True where *output was filled.
  arrow::Result<bool> Step(LaneContext& lane, const Batch& input, ProbeState& state, Batch* output) {
    const uint32_t num_steps = state.left_is_constant ? input.selection.count : state.block_rows;
    if (state.next == num_steps) {
      ARROW_RETURN_NOT_OK(NextBlock(lane, state));
      return false;
    }
    const uint32_t step = state.next++;
    const uint32_t left_row = input.selection[state.left_is_constant ? step : 0];
    if (state.left_is_constant && plan_->OneMatchIsEnough() && state.found[left_row] != 0) return false;
    if (plan_->OneMatchIsEnough() && state.num_open == 0) {
      state.phase = Phase::kRest;
      return false;
    }
    Batch pairs = MakePairs(input, state, step);
    Selection matches = pairs.selection;
    ARROW_ASSIGN_OR_RAISE(matches, Decide(state, pairs, left_row));
    if (matches.count == 0) return false;
    ARROW_RETURN_NOT_OK(NoteMatches(state, matches, left_row, step));
    if (!GivesPairs(plan_->type)) return false;
    return Give(lane, state, pairs.num_rows, matches, output);
  }

  Batch MakePairs(const Batch& input, ProbeState& state, uint32_t step) const {
    state.pairs.clear();
    if (state.left_is_constant) {
      for (const Vector& column : state.left) state.pairs.push_back(ConstantAt(column, input.selection[step]));
      for (const ScratchVector& column : state.block) state.pairs.push_back(column.vector());
      return Batch{state.pairs, state.block_rows, Selection::All(state.block_rows)};
    }
    state.pairs.assign(state.left.begin(), state.left.end());
    for (const ScratchVector& column : state.block) state.pairs.push_back(ConstantAt(column.vector(), step));
    if (plan_->OneMatchIsEnough()) return Batch{state.pairs, input.num_rows, Selection{state.open, state.num_open}};
    return Batch{state.pairs, input.num_rows, input.selection};
  }

  arrow::Result<Selection> Decide(ProbeState& state, Batch pairs, uint32_t left_row) const {
    if (plan_->residual != nullptr) {
      ARROW_ASSIGN_OR_RAISE(pairs.selection, state.residual.program().Filter(pairs, state.selected));
    }
    if (plan_->in_term == nullptr || pairs.selection.count == 0) return pairs.selection;
    ARROW_RETURN_NOT_OK(state.in_term.program().Evaluate(pairs));
    const Vector& flat = Flatten(state.in_term.program().outputs()[0], pairs.selection, pairs.num_rows, state.mark[0]);
    uint32_t count = 0;
    ForEachRow(pairs.selection, [&](uint32_t row) {
      if (!flat.IsValid(row)) {
        state.unknown[state.left_is_constant ? left_row : row] = 1;
      } else if (flat.values<uint8_t>()[row] != 0) {
        state.in_rows[count++] = static_cast<uint16_t>(row);
      }
    });
    return Selection{state.in_rows, count};
  }

  arrow::Status NoteMatches(ProbeState& state, const Selection& matches, uint32_t left_row, uint32_t step) const {
    bool twice = false;
    if (state.left_is_constant) {
      twice = matches.count > 1 || state.found[left_row] != 0;
      if (state.found[left_row] == 0) --state.num_open;
      state.found[left_row] = 1;
    } else {
      ForEachRow(matches, [&](uint32_t row) {
        twice |= state.found[row] != 0;
        state.found[row] = 1;
      });
      if (plan_->OneMatchIsEnough()) DropFound(state);
    }
    if (twice && plan_->type == JoinType::kSingle) {
      return SqlError(sqlstate::kCardinalityViolation,
                      "more than one row returned by a subquery used as an expression");
    }
    if (!MarksRight(plan_->type)) return arrow::Status::OK();
    if (state.left_is_constant) {
      ForEachRow(matches, [&](uint32_t row) { MarkRow(state.rows[row]); });
    } else {
      MarkRow(state.rows[step]);
    }
    return arrow::Status::OK();
  }

  static void DropFound(ProbeState& state) {
    uint32_t count = 0;
    for (uint32_t k = 0; k < state.num_open; ++k) {
      if (state.found[state.open[k]] == 0) state.open[count++] = state.open[k];
    }
    state.num_open = count;
  }

  static void MarkRow(uint8_t* row) {
    std::atomic_ref<uint8_t> mark(*row);
    if (mark.load(std::memory_order_relaxed) == 0) mark.store(1, std::memory_order_relaxed);
  }

  const Vector& OutputOf(const ProbeState& state, const JoinColumns::Output& column) const {
    return state.pairs[column.index + (column.from == JoinColumns::From::kRight ? plan_->columns.num_left : 0)];
  }

  /// Gives matches as they are, or copies them and gives the copies once they fill a batch.
  bool Give(LaneContext& lane, ProbeState& state, uint32_t num_rows, const Selection& matches, Batch* output) const {
    const std::vector<JoinColumns::Output>& columns = plan_->columns.outputs;
    const uint32_t batch_rows = lane.query->exec->batch_rows;
    if (matches.count >= std::min(kDirectRows, batch_rows)) {
      for (size_t i = 0; i < columns.size(); ++i) state.output[i] = OutputOf(state, columns[i]);
      *output = Batch{state.output, num_rows, matches};
      return true;
    }
    // There is room: what would not fit was given before.
    for (size_t i = 0; i < columns.size(); ++i) {
      AppendRows(OutputOf(state, columns[i]), matches, state.num_buffered, state.buffer[i]);
    }
    state.num_buffered += matches.count;
    if (state.num_buffered + std::min(kDirectRows, batch_rows) <= batch_rows) return false;
    GiveBuffered(state, output);
    return true;
  }

  void GiveBuffered(ProbeState& state, Batch* output) const {
    for (size_t i = 0; i < state.buffer.size(); ++i) state.output[i] = state.buffer[i].vector();
    *output = Batch{state.output, state.num_buffered, Selection::All(state.num_buffered)};
    // The copies stay until the next step: only the vectors' descriptions begin anew.
    ResetBuffer(state);
  }

  void ResetBuffer(ProbeState& state) const {
    state.num_buffered = 0;
    for (size_t i = 0; i < state.buffer.size(); ++i) state.buffer[i].ResetFlat(plan_->columns.outputs[i].type);
  }

  void Tail(const Batch& input, ProbeState& state, Batch* output) const {
    if (!HasTail()) return;
    Selection rows = input.selection;
    if (plan_->type == JoinType::kMark) {
      FillMark(input, state);
    } else {
      const bool wants_found = plan_->type == JoinType::kSemi;
      uint32_t count = 0;
      ForEachRow(input.selection, [&](uint32_t row) {
        const bool found = state.found[row] != 0;
        const bool unknown = plan_->type == JoinType::kAnti && state.unknown[row] != 0;
        state.selected[count] = static_cast<uint16_t>(row);
        count += (wants_found ? found : !found && !unknown) ? 1U : 0U;
      });
      rows = {state.selected, count};
    }
    if (rows.count == 0) return;
    for (size_t i = 0; i < state.output.size(); ++i) {
      const JoinColumns::Output& column = plan_->columns.outputs[i];
      switch (column.from) {
        case JoinColumns::From::kLeft:
          state.output[i] = input.columns[column.index];
          break;
        case JoinColumns::From::kRight:
          state.output[i] = MakeNullVector(column.type);
          break;
        case JoinColumns::From::kMark:
          state.output[i] = state.mark[0].vector();
          break;
      }
    }
    *output = Batch{state.output, input.num_rows, rows};
  }

  static void FillMark(const Batch& input, ProbeState& state) {
    ScratchVector& mark = state.mark[0];
    mark.ResetFlat(TypeId::kBoolean);
    std::memset(mark.data<uint8_t>(), 0, input.num_rows);
    uint8_t* validity = nullptr;
    ForEachRow(input.selection, [&](uint32_t row) {
      mark.data<uint8_t>()[row] = state.found[row];
      if (state.found[row] != 0 || state.unknown[row] == 0) return;
      if (validity == nullptr) validity = mark.UseValidity();
      validity[row >> 3] = static_cast<uint8_t>(validity[row >> 3] & ~(1U << (row & 7)));
    });
  }

  std::shared_ptr<NestedLoopPlan> plan_;
  std::shared_ptr<NestedLoopRows> rows_;
};

}  // namespace

std::unique_ptr<Operator> MakeNestedLoopProbe(std::shared_ptr<NestedLoopPlan> plan,
                                              std::shared_ptr<NestedLoopRows> rows) {
  return std::make_unique<NestedLoopProbe>(std::move(plan), std::move(rows));
}

}  // namespace llkv
