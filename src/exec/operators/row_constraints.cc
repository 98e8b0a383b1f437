// See row_constraints.h.
#include "exec/operators/row_constraints.h"

#include <optional>
#include <utility>

#include "base/error.h"
#include "exec/expr_set.h"

namespace llkv {

namespace {

struct ConstraintState : LaneState {
  ExprSetState program;
  std::vector<std::optional<ScratchVector>> scratch;
  bool Reset() override { return true; }
};

bool HasNull(const Vector& vector, const Selection& selection) {
  if (vector.validity == nullptr) return false;
  bool found = false;
  ForEachRow(selection, [&](uint32_t row) { found |= !vector.IsValid(row); });
  return found;
}

bool HasFalse(const Vector& vector, const Selection& selection) {
  const uint8_t* values = vector.values<uint8_t>();
  bool found = false;
  ForEachRow(selection, [&](uint32_t row) { found |= values[row] == 0 && vector.IsValid(row); });
  return found;
}

class RowConstraints : public Operator {
 public:
  RowConstraints(const std::vector<RowConstraint>& constraints, std::vector<const BoundExpr*> exprs,
                 const ColumnLayout& input)
      : constraints_(constraints), exprs_(std::move(exprs), input) {}

  arrow::Status Open(QueryContext& query) override { return exprs_.Bind(query); }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext&) override {
    auto state = std::make_unique<ConstraintState>();
    state->scratch.resize(constraints_.size());
    return state;
  }

  arrow::Result<OperatorResult> Execute(LaneContext& lane, const Batch& input, LaneState& lane_state,
                                        Batch* output) override {
    auto& state = static_cast<ConstraintState&>(lane_state);
    ARROW_RETURN_NOT_OK(state.program.Prepare(exprs_, lane.kernel));
    ARROW_RETURN_NOT_OK(state.program.program().Evaluate(input));
    const std::span<const Vector> outputs = state.program.program().outputs();
    for (size_t i = 0; i < constraints_.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const bool is_met, IsMet(lane, state, i, outputs[i], input));
      if (!is_met) return SqlError(constraints_[i].sqlstate, constraints_[i].message);
    }
    *output = input;
    return OperatorResult::kNeedInput;
  }

 private:
  arrow::Result<bool> IsMet(LaneContext& lane, ConstraintState& state, size_t i, const Vector& vector,
                            const Batch& input) const {
    if (vector.form == VectorForm::kConstant) {
      if (vector.IsConstantNull()) return !constraints_[i].is_not_null;
      return constraints_[i].is_not_null || *vector.values<uint8_t>() != 0;
    }
    const Vector* readable = &vector;
    const bool needs_flat =
        vector.form == VectorForm::kRunEnd || (!constraints_[i].is_not_null && vector.form != VectorForm::kFlat);
    if (needs_flat) {
      if (!state.scratch[i].has_value()) {
        ARROW_ASSIGN_OR_RAISE(state.scratch[i], ScratchVector::Make(vector.type, lane.kernel.pool));
      }
      readable = &Flatten(vector, input.selection, input.num_rows, *state.scratch[i]);
    }
    return constraints_[i].is_not_null ? !HasNull(*readable, input.selection) : !HasFalse(*readable, input.selection);
  }

  const std::vector<RowConstraint>& constraints_;
  ExprSet exprs_;
};

}  // namespace

std::unique_ptr<Operator> MakeRowConstraints(const std::vector<RowConstraint>& constraints, const ColumnLayout& input) {
  std::vector<const BoundExpr*> exprs;
  for (const RowConstraint& constraint : constraints) exprs.push_back(constraint.expr.get());
  return std::make_unique<RowConstraints>(constraints, std::move(exprs), input);
}

}  // namespace llkv
