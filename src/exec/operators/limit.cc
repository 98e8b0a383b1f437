// See limit.h.
#include "exec/operators/limit.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "exec/batch_cutter.h"
#include "exec/expr_set.h"

namespace llkv {

namespace {

struct LimitState : LaneState {
  BatchCutter cutter;
  bool Reset() override { return true; }
};

class Limit : public Operator {
 public:
  explicit Limit(const LogicalLimit& node) : node_(node) {}

  arrow::Status Open(QueryContext& query) override {
    ARROW_ASSIGN_OR_RAISE(limit_left_, EvaluateRowBound(node_.limit.get(), query, kNoRowBound));
    ARROW_ASSIGN_OR_RAISE(offset_left_, EvaluateRowBound(node_.offset.get(), query, 0));
    return arrow::Status::OK();
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext&) override { return std::make_unique<LimitState>(); }

  arrow::Result<OperatorResult> Execute(LaneContext&, const Batch& input, LaneState& state, Batch* output) override {
    const uint32_t count = input.selection.count;
    const auto skip = static_cast<uint32_t>(std::min<uint64_t>(offset_left_, count));
    const auto keep = static_cast<uint32_t>(std::min<uint64_t>(limit_left_, count - skip));
    offset_left_ -= skip;
    if (limit_left_ != kNoRowBound) limit_left_ -= keep;
    if (keep > 0) *output = static_cast<LimitState&>(state).cutter.Slice(input, skip, keep);
    return limit_left_ == 0 ? OperatorResult::kFinished : OperatorResult::kNeedInput;
  }

 private:
  const LogicalLimit& node_;
  uint64_t limit_left_ = kNoRowBound;
  uint64_t offset_left_ = 0;
};

std::vector<LogicalType> TypesOf(const std::vector<OutputColumn>& columns) {
  std::vector<LogicalType> types;
  for (const OutputColumn& column : columns) types.push_back(column.type);
  return types;
}

class LimitCollect : public CollectSink {
 public:
  LimitCollect(const LogicalLimit& node, std::shared_ptr<CollectedRows> rows)
      : CollectSink(TypesOf(node.children[0]->output), std::move(rows)), node_(node) {}

  arrow::Status Open(QueryContext& query) override {
    ARROW_ASSIGN_OR_RAISE(const uint64_t limit, EvaluateRowBound(node_.limit.get(), query, kNoRowBound));
    ARROW_ASSIGN_OR_RAISE(const uint64_t offset, EvaluateRowBound(node_.offset.get(), query, 0));
    set_max_rows(limit == kNoRowBound ? kNoRowBound : limit + offset);
    return CollectSink::Open(query);
  }

 private:
  const LogicalLimit& node_;
};

}  // namespace

std::unique_ptr<Operator> MakeLimit(const LogicalLimit& node) { return std::make_unique<Limit>(node); }

std::unique_ptr<Sink> MakeLimitCollect(const LogicalLimit& node, std::shared_ptr<CollectedRows> rows) {
  return std::make_unique<LimitCollect>(node, std::move(rows));
}

arrow::Result<uint64_t> EvaluateRowBound(const BoundExpr* expr, const QueryContext& query, uint64_t none) {
  if (expr == nullptr) return none;
  ARROW_ASSIGN_OR_RAISE(const Value value, EvaluateScalar(*expr, query));
  if (value.is_null()) return none;
  if (value.integer() < 0) {
    return SqlError(sqlstate::kInvalidParameter, "LIMIT and OFFSET must not be negative", expr->position);
  }
  return static_cast<uint64_t>(std::min<int128_t>(value.integer(), std::numeric_limits<int64_t>::max()));
}

}  // namespace llkv
