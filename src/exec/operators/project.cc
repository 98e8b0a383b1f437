// See project.h.
#include "exec/operators/project.h"

#include <algorithm>
#include <utility>

#include "exec/expr_set.h"

namespace llkv {

namespace {

struct ProjectState : LaneState {
  ExprSetState program;
  bool Reset() override { return true; }
};

class Project : public Operator {
 public:
  Project(std::vector<const BoundExpr*> exprs, const ColumnLayout& input) : exprs_(std::move(exprs), input) {}

  arrow::Status Open(QueryContext& query) override { return exprs_.Bind(query); }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext&) override {
    return std::make_unique<ProjectState>();
  }

  arrow::Result<OperatorResult> Execute(LaneContext& lane, const Batch& input, LaneState& lane_state,
                                        Batch* output) override {
    auto& state = static_cast<ProjectState&>(lane_state);
    ARROW_RETURN_NOT_OK(state.program.Prepare(exprs_, lane.kernel));
    ARROW_RETURN_NOT_OK(state.program.program().Evaluate(input));
    *output = Batch{state.program.program().outputs(), input.num_rows, input.selection};
    return OperatorResult::kNeedInput;
  }

 private:
  ExprSet exprs_;
};

struct ChoiceState : LaneState {
  std::vector<Vector> columns;
  bool Reset() override { return true; }
};

class ColumnChoice : public Operator {
 public:
  explicit ColumnChoice(std::vector<uint32_t> columns) : columns_(std::move(columns)) {}

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext&) override {
    auto state = std::make_unique<ChoiceState>();
    state->columns.resize(columns_.size());
    return state;
  }

  arrow::Result<OperatorResult> Execute(LaneContext&, const Batch& input, LaneState& lane_state,
                                        Batch* output) override {
    auto& state = static_cast<ChoiceState&>(lane_state);
    for (size_t i = 0; i < columns_.size(); ++i) state.columns[i] = input.columns[columns_[i]];
    *output = Batch{state.columns, input.num_rows, input.selection};
    return OperatorResult::kNeedInput;
  }

 private:
  const std::vector<uint32_t> columns_;
};

}  // namespace

std::unique_ptr<Operator> MakeProject(std::vector<const BoundExpr*> exprs, const ColumnLayout& input) {
  std::vector<uint32_t> columns;
  for (const BoundExpr* expr : exprs) {
    const auto found = expr->IsColumn() ? input.find(expr->column) : input.end();
    if (found == input.end()) return std::make_unique<Project>(std::move(exprs), input);
    columns.push_back(found->second);
  }
  return MakeColumnChoice(std::move(columns));
}

std::unique_ptr<Operator> MakeColumnChoice(std::vector<uint32_t> columns) {
  return std::make_unique<ColumnChoice>(std::move(columns));
}

}  // namespace llkv
