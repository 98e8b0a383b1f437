// See window_plan.h.
#include "exec/operators/window_plan.h"

#include <algorithm>
#include <utility>

namespace llkv {
namespace {

/// Ids of columns that exist in the rows alone; binders count from 1.
ColumnId RowColumn(size_t index) { return ColumnId(UINT64_MAX - index); }

bool HasNoColumns(const BoundExpr& expr) {
  return expr.kind == ExprKind::kConstant || expr.kind == ExprKind::kParameter;
}

arrow::Result<int64_t> ReadOffset(const FrameBound& bound, const QueryContext& query) {
  if (bound.offset == nullptr) return int64_t{0};
  ARROW_ASSIGN_OR_RAISE(const Value value, EvaluateScalar(*bound.offset, query));
  if (value.is_null() || value.integer() < 0) {
    return SqlError(sqlstate::kInvalidFrameOffset, "a frame's bound must be a number of rows, 0 or more",
                    bound.offset->position);
  }
  return static_cast<int64_t>(std::min<int128_t>(value.integer(), ResolvedFrame::kMaxOffset));
}

bool NeedsPeers(const WindowCall& call) {
  using Kind = FrameBound::Kind;
  switch (call.kind) {
    case WindowKind::kRank:
    case WindowKind::kDenseRank:
    case WindowKind::kPercentRank:
    case WindowKind::kCumeDist:
      return true;
    case WindowKind::kFirstValue:
    case WindowKind::kLastValue:
    case WindowKind::kNthValue:
    case WindowKind::kAggregate:
      return call.frame.is_range && call.num_order_keys > 0 &&
             (call.frame.start.kind == Kind::kCurrentRow || call.frame.end.kind == Kind::kCurrentRow);
    default:
      return false;
  }
}

/// Without order all rows of a partition are peers.
FrameBound::Kind Widened(FrameBound::Kind kind, bool all_are_peers, FrameBound::Kind unbounded) {
  return all_are_peers && kind == FrameBound::Kind::kCurrentRow ? unbounded : kind;
}

}  // namespace

WindowPlan::WindowPlan(const LogicalWindow& node) : node_(node) {
  for (const OutputColumn& column : node.children[0]->output) {
    input_columns_.push_back(BoundExpr::Column(column.id, column.type, column.name));
    exprs_.push_back(input_columns_.back().get());
    sort_.output.push_back(column);
  }
  AddKeys();
  for (const WindowCall& call : node.calls) {
    if (NeedsPeers(call)) orders_.push_back(call.num_order_keys);
  }
  std::sort(orders_.begin(), orders_.end());
  orders_.erase(std::unique(orders_.begin(), orders_.end()), orders_.end());
  for (const WindowCall& call : node.calls) AddSlot(call);
}

uint32_t WindowPlan::AddColumn(const BoundExpr& expr) {
  for (size_t i = 0; i < exprs_.size(); ++i) {
    if (expr.Equals(*exprs_[i]) && !expr.IsVolatile()) return static_cast<uint32_t>(i);
  }
  exprs_.push_back(&expr);
  sort_.output.push_back({RowColumn(exprs_.size()), expr.type, expr.ToString()});
  return static_cast<uint32_t>(exprs_.size() - 1);
}

void WindowPlan::AddKeys() {
  const auto add = [this](const BoundExpr& expr, bool descending, bool nulls_first,
                          std::vector<TieOrder::Column>& columns) {
    const uint32_t column = AddColumn(expr);
    columns.push_back({column, {expr.type, descending, nulls_first}});
    SortKey key;
    key.expr = BoundExpr::Column(sort_.output[column].id, expr.type, sort_.output[column].name);
    key.descending = descending;
    key.nulls_first = nulls_first;
    sort_.keys.push_back(std::move(key));
  };
  for (const BoundExprPtr& expr : node_.partition_by) add(*expr, false, false, partition_columns_);
  for (const SortKey& key : node_.order_by) add(*key.expr, key.descending, key.nulls_first, order_columns_);
}

void WindowPlan::AddCount(const BoundExpr& expr, WindowSlot* slot) {
  slot->has_constant_count = HasNoColumns(expr);
  if (!slot->has_constant_count) slot->count_column = AddColumn(expr);
}

void WindowPlan::AddSlot(const WindowCall& call) {
  WindowSlot slot;
  slot.call = &call;
  slot.needs_peers = NeedsPeers(call);
  slot.order =
      static_cast<uint32_t>(std::lower_bound(orders_.begin(), orders_.end(), call.num_order_keys) - orders_.begin());
  slot.has_constant_count = true;
  if (call.kind == WindowKind::kAggregate) {
    for (const BoundExprPtr& argument : call.arguments) slot.arguments.push_back(AddColumn(*argument));
    if (call.filter != nullptr) slot.filter = AddColumn(*call.filter);
  } else if (call.kind == WindowKind::kNtile) {
    AddCount(*call.arguments[0], &slot);
  } else if (!call.arguments.empty()) {
    slot.arguments.push_back(AddColumn(*call.arguments[0]));
    if (call.arguments.size() > 1) AddCount(*call.arguments[1], &slot);
    const bool has_default =
        call.arguments.size() > 2 && !(call.arguments[2]->IsConstant() && call.arguments[2]->value.is_null());
    if (has_default) slot.default_column = AddColumn(*call.arguments[2]);
  }
  slots_.push_back(std::move(slot));
}

arrow::Status WindowPlan::Open(const QueryContext& query) {
  for (WindowSlot& slot : slots_) {
    const WindowCall& call = *slot.call;
    const bool all_are_peers = call.frame.is_range && call.num_order_keys == 0;
    slot.frame.is_range = call.frame.is_range;
    slot.frame.start = Widened(call.frame.start.kind, all_are_peers, FrameBound::Kind::kUnboundedPreceding);
    slot.frame.end = Widened(call.frame.end.kind, all_are_peers, FrameBound::Kind::kUnboundedFollowing);
    ARROW_ASSIGN_OR_RAISE(slot.frame.start_offset, ReadOffset(call.frame.start, query));
    ARROW_ASSIGN_OR_RAISE(slot.frame.end_offset, ReadOffset(call.frame.end, query));
    const size_t count_argument = call.kind == WindowKind::kNtile ? 0 : 1;
    if (call.kind == WindowKind::kAggregate || !slot.has_constant_count || call.arguments.size() <= count_argument) {
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const Value value, EvaluateScalar(*call.arguments[count_argument], query));
    slot.count_is_null = value.is_null();
    slot.constant_count = value.is_null() ? 1 : static_cast<int64_t>(value.integer());
  }
  return arrow::Status::OK();
}

bool WindowPlan::needs_input_order() const {
  if (!node_.partition_by.empty() || !node_.order_by.empty()) return false;
  return std::any_of(node_.calls.begin(), node_.calls.end(), [](const WindowCall& call) {
    return call.kind != WindowKind::kAggregate || !call.frame.is_range;
  });
}

}  // namespace llkv
