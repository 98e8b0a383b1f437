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

arrow::Result<uint64_t> CheckRowBound(int128_t value, int64_t position) {
  if (value < 0) return SqlError(sqlstate::kInvalidParameter, "LIMIT and OFFSET must not be negative", position);
  return static_cast<uint64_t>(std::min<int128_t>(value, std::numeric_limits<int64_t>::max()));
}

/// The bound in the first row of a flat BIGINT column; `none` where it is NULL.
arrow::Result<uint64_t> RowBound(const Vector& column, uint64_t none) {
  if (!column.IsValid(0)) return none;
  return CheckRowBound(column.values<int64_t>()[0], SqlErrorDetail::kNoPosition);
}

struct LimitState : LaneState {
  BatchCutter cutter;
  bool Reset() override { return true; }
};

class Limit : public Operator {
 public:
  Limit(const LogicalLimit& node, std::shared_ptr<const CollectedRows> bounds)
      : node_(node), bounds_(std::move(bounds)) {}

  arrow::Status Open(QueryContext& query) override {
    if (bounds_ != nullptr) {
      const Batch row = bounds_->rows->chunk(0);
      ARROW_ASSIGN_OR_RAISE(limit_left_, RowBound(row.columns[0], kNoRowBound));
      ARROW_ASSIGN_OR_RAISE(offset_left_, RowBound(row.columns[1], 0));
      return arrow::Status::OK();
    }
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
  const std::shared_ptr<const CollectedRows> bounds_;
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

std::unique_ptr<Operator> MakeLimit(const LogicalLimit& node, std::shared_ptr<const CollectedRows> bounds) {
  return std::make_unique<Limit>(node, std::move(bounds));
}

std::unique_ptr<Sink> MakeLimitCollect(const LogicalLimit& node, std::shared_ptr<CollectedRows> rows) {
  return std::make_unique<LimitCollect>(node, std::move(rows));
}

arrow::Result<uint64_t> EvaluateRowBound(const BoundExpr* expr, const QueryContext& query, uint64_t none) {
  if (expr == nullptr) return none;
  ARROW_ASSIGN_OR_RAISE(const Value value, EvaluateScalar(*expr, query));
  if (value.is_null()) return none;
  return CheckRowBound(value.integer(), expr->position);
}

}  // namespace llkv
