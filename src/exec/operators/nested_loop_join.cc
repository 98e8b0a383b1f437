// The build sink of a nested-loop join, and its plan.
#include "exec/operators/nested_loop_join.h"

#include <utility>

#include "exec/operators/hash_join_unmatched.h"
#include "exec/operators/nested_loop_join_state.h"

namespace llkv {
namespace {

std::vector<const BoundExpr*> AllTerms(const LogicalJoin& node) {
  std::vector<const BoundExpr*> terms;
  for (const BoundExprPtr& term : node.terms) terms.push_back(term.get());
  return terms;
}

BoundExprPtr Residual(const LogicalJoin& node) {
  std::vector<BoundExprPtr> terms;
  for (size_t i = node.null_aware ? 1 : 0; i < node.terms.size(); ++i) terms.push_back(node.terms[i]->Clone());
  return terms.empty() ? nullptr : BoundExpr::Conjunction(true, std::move(terms));
}

}  // namespace

NestedLoopPlan::NestedLoopPlan(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right)
    : type(node.type),
      residual_expr(Residual(node)),
      columns(node, left, right, AllTerms(node)),
      layout(RowLayout::Make(columns.stored_types, 1)) {
  if (residual_expr != nullptr) {
    residual = std::make_unique<ExprSet>(std::vector<const BoundExpr*>{residual_expr.get()}, columns.pair_layout);
  }
  if (node.null_aware && !node.terms.empty()) {
    in_term = std::make_unique<ExprSet>(std::vector<const BoundExpr*>{node.terms[0].get()}, columns.pair_layout);
  }
}

arrow::Status NestedLoopPlan::Bind(const QueryContext& query) {
  if (residual != nullptr) ARROW_RETURN_NOT_OK(residual->Bind(query));
  return in_term == nullptr ? arrow::Status::OK() : in_term->Bind(query);
}

void NestedLoopRows::Reset() {
  storages_.clear();
  num_rows_ = 0;
}

void NestedLoopRows::AddStorage(std::unique_ptr<RowStorage> rows) {
  MutexLock lock(mutex_);
  num_rows_ += rows->num_rows();
  storages_.push_back(std::move(rows));
}

namespace {

struct BuildState : LaneState {
  BuildState(const NestedLoopPlan& plan, const KernelContext& kernel)
      : rows(std::make_unique<RowStorage>(plan.layout.width(), kernel.pool)), flattener(kernel.pool) {}
  std::unique_ptr<RowStorage> rows;
  ColumnFlattener flattener;
  std::vector<Vector> columns;
  uint8_t* new_rows[kMaxBatchRows];
};

class NestedLoopBuild : public Sink {
 public:
  NestedLoopBuild(std::shared_ptr<NestedLoopPlan> plan, std::shared_ptr<NestedLoopRows> rows)
      : plan_(std::move(plan)), rows_(std::move(rows)) {}

  arrow::Status Open(QueryContext& query) override {
    rows_->Reset();
    return plan_->Bind(query);
  }
  void Close() override { rows_->Reset(); }
  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    return std::make_unique<BuildState>(*plan_, lane.kernel);
  }
  arrow::Result<SinkResult> Consume(LaneContext&, const Batch& batch, LaneState& lane_state) override {
    auto& state = static_cast<BuildState&>(lane_state);
    state.columns.clear();
    for (const uint32_t column : plan_->columns.stored) state.columns.push_back(batch.columns[column]);
    ARROW_ASSIGN_OR_RAISE(const auto flat, state.flattener.Flatten(state.columns, batch.selection, batch.num_rows));
    ARROW_RETURN_NOT_OK(state.rows->Append(plan_->layout, flat, batch.selection, state.new_rows));
    for (uint32_t i = 0; i < batch.selection.count; ++i) state.new_rows[i][0] = 0;
    return SinkResult::kNeedInput;
  }
  arrow::Status Combine(LaneContext&, LaneState& lane_state) override {
    rows_->AddStorage(std::move(static_cast<BuildState&>(lane_state).rows));
    return arrow::Status::OK();
  }

 private:
  std::shared_ptr<NestedLoopPlan> plan_;
  std::shared_ptr<NestedLoopRows> rows_;
};

}  // namespace

JoinOperators MakeNestedLoopJoin(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right) {
  auto plan = std::make_shared<NestedLoopPlan>(node, left, right);
  auto rows = std::make_shared<NestedLoopRows>();
  JoinOperators operators;
  operators.build = std::make_unique<NestedLoopBuild>(plan, rows);
  operators.probe = MakeNestedLoopProbe(plan, rows);
  if (MarksRight(plan->type)) {
    JoinRightRows right_rows{plan->type == JoinType::kRightSemi, &plan->columns, &plan->layout, 0, [rows = rows.get()] {
                               std::vector<const RowStorage*> storages;
                               for (const auto& storage : rows->storages()) storages.push_back(storage.get());
                               return storages;
                             }};
    operators.unmatched = MakeUnmatchedSource(std::move(right_rows),
                                              std::make_shared<std::pair<decltype(plan), decltype(rows)>>(plan, rows));
  }
  return operators;
}

}  // namespace llkv
