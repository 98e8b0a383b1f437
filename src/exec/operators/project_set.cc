// See project_set.h. A batch of output is filled across rows of the input that give few rows, and stops within those
// that give many: nothing but the batch is ever held. A single call fills it by itself; the rows of several calls are
// filled row by row of the input, since each has NULLs where another one goes on.
#include "exec/operators/project_set.h"

#include <algorithm>
#include <utility>

#include "exec/expr_set.h"
#include "exec/flat_rows.h"
#include "functions/nested_support.h"
#include "functions/rows_function.h"
#include "vector/row_layout.h"

namespace llkv {

namespace {

/// Makes rows [begin, end) NULL.
void StoreNulls(uint32_t begin, uint32_t end, ScratchVector& out) {
  if (begin < end && out.vector().validity == nullptr) out.UseValidity();
  for (uint32_t row = begin; row < end; ++row) StoreNull(row, out.validity(), out);
}

/// One call of a lane.
struct CallState {
  std::unique_ptr<TableFunctionCursor> cursor;
  std::vector<const Vector*> arguments;
  bool is_open = false;
};

struct SetState : LaneState {
  explicit SetState(arrow::MemoryPool* pool) : flattener(pool), arena(pool) {}

  ExprSetState program;
  ColumnFlattener flattener;
  std::span<const Vector> input;  // what is passed on, then the calls' arguments
  std::vector<CallState> calls;
  std::vector<ScratchVector> columns;  // of the output
  std::vector<Vector> output;
  /// Strings of the batch of output at hand.
  StringArena arena;
  bool in_input = false;
  RowsWalk walk;  // of a single call
  // Of several calls.
  bool in_row = false;
  uint32_t next = 0;               // the input row at hand, in the selection
  int64_t num_rows = 0;            // that the input row at hand gave
  uint32_t numbered = UINT32_MAX;  // the input row whose rows were numbered last
  uint32_t num_batches = 0;
  uint16_t sources[kMaxBatchRows];  // of each row of output, its input row
};

class ProjectSet : public Operator {
 public:
  ProjectSet(const LogicalProjectSet& node, const ColumnLayout& input)
      : node_(node),
        exprs_(ExprsOf(node), input),
        is_simple_(node.calls.size() == 1 && !(node.is_outer && node.with_ordinality)) {}

  arrow::Status Open(QueryContext& query) override { return exprs_.Bind(query); }

  double work_per_row() const override {
    double rows = 1;
    for (const SetCall& call : node_.calls) rows = std::max(rows, call.function->estimated_rows_each());
    return 1 + rows;
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<SetState>(lane.query->pool);
    for (const OutputColumn& column : node_.output) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(column.type, lane.query->pool));
      state->columns.push_back(std::move(scratch));
    }
    state->output.resize(node_.output.size());
    for (const SetCall& call : node_.calls) {
      CallState& added = state->calls.emplace_back();
      added.cursor = call.function->MakeCursor();
    }
    return state;
  }

  arrow::Result<OperatorResult> Execute(LaneContext& lane, const Batch& input, LaneState& lane_state,
                                        Batch* output) override {
    auto& state = static_cast<SetState&>(lane_state);
    if (!state.in_input) ARROW_RETURN_NOT_OK(Begin(lane, input, state));
    if ((++state.num_batches & 15) == 0) ARROW_RETURN_NOT_OK(lane.CheckStop());
    KernelContext kernel = lane.kernel;
    kernel.arena = &state.arena;
    state.arena.Reset();
    for (size_t i = 0; i < state.columns.size(); ++i) state.columns[i].ResetFlat(node_.output[i].type);
    const uint32_t batch_rows = lane.query->exec->batch_rows;
    if (is_simple_) return FillOne(kernel, batch_rows, state, output);
    uint32_t count = 0;
    while (count < batch_rows && state.next < input.selection.count) {
      const uint32_t row = input.selection[state.next];
      if (!state.in_row) ARROW_RETURN_NOT_OK(BeginRow(row, state));
      ARROW_ASSIGN_OR_RAISE(const uint32_t added, Fill(kernel, count, batch_rows - count, state));
      std::fill_n(state.sources + count, added, static_cast<uint16_t>(row));
      count += added;
      if (state.in_row) continue;
      ++state.next;
    }
    if (count > 0) Give(count, state, output);
    if (state.next < input.selection.count) return OperatorResult::kHaveMore;
    state.in_input = false;
    return OperatorResult::kNeedInput;
  }

 private:
  static std::vector<const BoundExpr*> ExprsOf(const LogicalProjectSet& node) {
    std::vector<const BoundExpr*> exprs;
    for (const BoundExprPtr& expr : node.passed) exprs.push_back(expr.get());
    for (const SetCall& call : node.calls) {
      for (const BoundExprPtr& argument : call.arguments) exprs.push_back(argument.get());
    }
    return exprs;
  }

  arrow::Status Begin(LaneContext& lane, const Batch& input, SetState& state) const {
    ARROW_RETURN_NOT_OK(state.program.Prepare(exprs_, lane.kernel));
    ARROW_RETURN_NOT_OK(state.program.program().Evaluate(input));
    ARROW_ASSIGN_OR_RAISE(state.input,
                          state.flattener.Flatten(state.program.program().outputs(), input.selection, input.num_rows));
    size_t place = node_.passed.size();
    for (size_t i = 0; i < state.calls.size(); ++i) {
      state.calls[i].arguments.clear();
      for (size_t a = 0; a < node_.calls[i].arguments.size(); ++a) {
        state.calls[i].arguments.push_back(&state.input[place++]);
      }
    }
    state.in_input = true;
    state.in_row = false;
    state.next = 0;
    state.num_rows = 0;
    state.numbered = UINT32_MAX;
    state.walk = RowsWalk();
    state.walk.args = state.calls[0].arguments;
    state.walk.selection = input.selection;
    state.walk.keep_empty = node_.is_outer;
    if (!node_.passed.empty() || node_.with_ordinality) state.walk.sources = state.sources;
    return arrow::Status::OK();
  }

  static arrow::Status BeginRow(uint32_t row, SetState& state) {
    for (CallState& call : state.calls) {
      ARROW_RETURN_NOT_OK(call.cursor->Start(call.arguments, row));
      call.is_open = true;
    }
    state.in_row = true;
    state.num_rows = 0;
    return arrow::Status::OK();
  }

  /// The next rows of a single call: no rows of others to keep beside its own.
  arrow::Result<OperatorResult> FillOne(KernelContext& kernel, uint32_t batch_rows, SetState& state,
                                        Batch* output) const {
    RowsWalk& walk = state.walk;
    ScratchVector& column = state.columns[node_.passed.size()];
    ARROW_ASSIGN_OR_RAISE(const uint32_t count, state.calls[0].cursor->Fill(kernel, walk, batch_rows, column));
    if (count > 0) {
      if (node_.with_ordinality) Number(count, state);
      Give(count, state, output);
    }
    if (walk.next < walk.selection.count) return OperatorResult::kHaveMore;
    state.in_input = false;
    return OperatorResult::kNeedInput;
  }

  /// Numbers the rows of each input row.
  static void Number(uint32_t count, SetState& state) {
    auto* numbers = state.columns.back().data<int64_t>();
    for (uint32_t i = 0; i < count; ++i) {
      state.num_rows = state.sources[i] == state.numbered ? state.num_rows + 1 : 1;
      state.numbered = state.sources[i];
      numbers[i] = state.num_rows;
    }
  }

  /// Adds at most `max_rows` rows of the input row at hand behind the first `first`; ends the row where they are its
  /// last ones.
  arrow::Result<uint32_t> Fill(KernelContext& kernel, uint32_t first, uint32_t max_rows, SetState& state) const {
    const size_t num_passed = node_.passed.size();
    std::vector<ScratchVector>& columns = state.columns;
    uint32_t added = 0;
    bool any_open = false;
    for (size_t i = 0; i < state.calls.size(); ++i) {
      CallState& call = state.calls[i];
      uint32_t count = 0;
      if (call.is_open) {
        ARROW_ASSIGN_OR_RAISE(count, call.cursor->Next(kernel, max_rows, first, columns[num_passed + i]));
        call.is_open = count == max_rows;
      }
      // Those before it that ended earlier, or the call itself.
      for (size_t j = 0; count > added && j < i; ++j) {
        StoreNulls(first + added, first + count, columns[num_passed + j]);
      }
      added = std::max(added, count);
      StoreNulls(first + count, first + added, columns[num_passed + i]);
      any_open = any_open || call.is_open;
    }
    state.in_row = any_open;
    if (node_.with_ordinality) {
      auto* numbers = columns.back().data<int64_t>() + first;
      for (uint32_t i = 0; i < added; ++i) numbers[i] = state.num_rows + int64_t{i} + 1;
    }
    state.num_rows += added;
    if (any_open || state.num_rows > 0 || !node_.is_outer) return added;
    for (size_t i = num_passed; i < columns.size(); ++i) StoreNulls(first, first + 1, columns[i]);
    return 1U;
  }

  void Give(uint32_t count, SetState& state, Batch* output) const {
    const bool is_one_row = state.sources[0] == state.sources[count - 1];
    for (size_t i = 0; i < state.output.size(); ++i) {
      if (i >= node_.passed.size()) {
        state.output[i] = state.columns[i].vector();
      } else if (is_one_row) {
        state.output[i] = ConstantAt(state.input[i], state.sources[0]);
      } else {
        AppendRows(state.input[i], Selection{state.sources, count}, 0, state.columns[i]);
        state.output[i] = state.columns[i].vector();
      }
    }
    *output = Batch{state.output, count, Selection::All(count)};
  }

  const LogicalProjectSet& node_;
  ExprSet exprs_;
  /// A single call, whose rows need nothing beside them: many input rows are filled at once. (A row that stands for
  /// none has no number.)
  const bool is_simple_;
};

}  // namespace

std::unique_ptr<Operator> MakeProjectSet(const LogicalProjectSet& node, const ColumnLayout& input) {
  return std::make_unique<ProjectSet>(node, input);
}

}  // namespace llkv
