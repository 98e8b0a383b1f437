// See filter.h.
#include "exec/operators/filter.h"

#include <utility>

#include "exec/expr_set.h"

namespace llkv {

namespace {

struct FilterState : LaneState {
  ExprSetState program;
  std::vector<uint16_t> rows = std::vector<uint16_t>(kMaxBatchRows);

  bool Reset() override { return true; }
};

class Filter : public Operator {
 public:
  Filter(BoundExprPtr condition, const ColumnLayout& input)
      : condition_(std::move(condition)), exprs_({condition_.get()}, input) {}

  arrow::Status Open(QueryContext& query) override { return exprs_.Bind(query); }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext&) override { return std::make_unique<FilterState>(); }

  arrow::Result<OperatorResult> Execute(LaneContext& lane, const Batch& input, LaneState& lane_state,
                                        Batch* output) override {
    auto& state = static_cast<FilterState&>(lane_state);
    ARROW_RETURN_NOT_OK(state.program.Prepare(exprs_, lane.kernel));
    ARROW_ASSIGN_OR_RAISE(const Selection selection, state.program.program().Filter(input, state.rows.data()));
    *output = Batch{input.columns, input.num_rows, selection};
    return OperatorResult::kNeedInput;
  }

 private:
  BoundExprPtr condition_;
  ExprSet exprs_;
};

}  // namespace

std::unique_ptr<Operator> MakeFilter(const std::vector<BoundExprPtr>& terms, const ColumnLayout& input) {
  std::vector<BoundExprPtr> copies;
  for (const BoundExprPtr& term : terms) copies.push_back(term->Clone());
  return std::make_unique<Filter>(BoundExpr::Conjunction(/*is_and=*/true, std::move(copies)), input);
}

}  // namespace llkv
