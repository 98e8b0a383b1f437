// Calls with OVER: the window that is meant, its partition, order and frame, and the function over it. Calls of one
// partition whose orders begin alike share a LogicalWindow.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/order_binder.h"
#include "sql/binder/typing.h"
#include "sql/parser/printer.h"

namespace llkv {
namespace {

/// A window with what it extends.
struct WindowParts {
  const std::vector<AstExprPtr>* partition_by = nullptr;
  const std::vector<AstOrderItem>* order_by = nullptr;
  const AstFrame* frame = nullptr;
};

arrow::Status WindowingError(std::string message, int64_t position) {
  return SqlError(sqlstate::kWindowingError, std::move(message), position);
}

/// `window`, which sees the first `num_named` names. Chains are as long as the WINDOW clause at most.
arrow::Result<WindowParts> ResolveWindow(const AstWindow& window, const std::vector<AstNamedWindow>& named,
                                         size_t num_named) {
  WindowParts parts{&window.partition_by, &window.order_by, window.frame.has_value() ? &*window.frame : nullptr};
  if (window.base.empty()) return parts;
  const int64_t position = window.base.range.position;
  size_t index = 0;
  while (index < num_named && !SameName(named[index].name.key, window.base.key)) ++index;
  if (index == num_named) {
    return SqlError(sqlstate::kUndefinedObject, fmt::format("there is no window \"{}\"", window.base.text), position);
  }
  ARROW_ASSIGN_OR_RAISE(const WindowParts base, ResolveWindow(named[index].window, named, index));
  if (window.is_reference) return base;
  if (!window.partition_by.empty()) {
    return WindowingError(fmt::format("PARTITION BY of window \"{}\" cannot be replaced", window.base.text), position);
  }
  if (!base.order_by->empty() && !window.order_by.empty()) {
    return WindowingError(fmt::format("ORDER BY of window \"{}\" cannot be replaced", window.base.text), position);
  }
  if (base.frame != nullptr) {
    return WindowingError(fmt::format("window \"{}\" has a frame, so cannot be extended", window.base.text), position);
  }
  parts.partition_by = base.partition_by;
  if (window.order_by.empty()) parts.order_by = base.order_by;
  return parts;
}

bool SameExprs(const std::vector<BoundExprPtr>& a, const std::vector<BoundExprPtr>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const BoundExprPtr& x, const BoundExprPtr& y) { return x->Equals(*y); });
}

bool SameOrNull(const BoundExprPtr& a, const BoundExprPtr& b) {
  return a == nullptr || b == nullptr ? a == b : a->Equals(*b);
}

bool SameCall(const WindowCall& a, const WindowCall& b) {
  return a.name == b.name && a.kind == b.kind && a.num_order_keys == b.num_order_keys &&
         a.ignore_nulls == b.ignore_nulls && a.aggregate.argument_types == b.aggregate.argument_types &&
         SameExprs(a.arguments, b.arguments) && SameOrNull(a.filter, b.filter) &&
         a.frame.is_range == b.frame.is_range && a.frame.start.kind == b.frame.start.kind &&
         a.frame.end.kind == b.frame.end.kind && SameOrNull(a.frame.start.offset, b.frame.start.offset) &&
         SameOrNull(a.frame.end.offset, b.frame.end.offset);
}

/// Whether one of the orders begins with the other.
bool OrdersAgree(const std::vector<SortKey>& a, const std::vector<SortKey>& b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i].descending != b[i].descending || a[i].nulls_first != b[i].nulls_first) return false;
    if (!a[i].expr->Equals(*b[i].expr)) return false;
  }
  return true;
}

/// The node for a partition and an order: one that is there, or a new one.
LogicalWindow& FindNode(WindowState& windows, std::vector<BoundExprPtr> partition_by, std::vector<SortKey> order_by) {
  for (const auto& node : windows.nodes) {
    if (!SameExprs(node->partition_by, partition_by) || !OrdersAgree(node->order_by, order_by)) continue;
    if (order_by.size() > node->order_by.size()) node->order_by = std::move(order_by);
    return *node;
  }
  auto node = std::make_unique<LogicalWindow>();
  node->partition_by = std::move(partition_by);
  node->order_by = std::move(order_by);
  windows.nodes.push_back(std::move(node));
  return *windows.nodes.back();
}

}  // namespace

arrow::Status CheckNamedWindows(const std::vector<AstNamedWindow>& named) {
  for (size_t i = 0; i < named.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (!SameName(named[k].name.key, named[i].name.key)) continue;
      return WindowingError(fmt::format("window \"{}\" stands twice", named[i].name.text),
                            named[i].name.range.position);
    }
    ARROW_RETURN_NOT_OK(ResolveWindow(named[i].window, named, i).status());
  }
  return arrow::Status::OK();
}

arrow::Status ExprBinder::BindFrameBound(const AstFrameBound& ast, FrameBound* bound) {
  bound->kind = static_cast<FrameBound::Kind>(ast.kind);
  if (ast.offset == nullptr) return arrow::Status::OK();
  ExprContext context;
  context.clause = "ROWS";
  ARROW_ASSIGN_OR_RAISE(bound->offset, ExprBinder(state_, context).Bind(*ast.offset));
  return CoerceTo(state_, std::move(bound->offset), TypeId::kBigInt, "a frame's bound").Value(&bound->offset);
}

arrow::Status ExprBinder::BindFrame(const AstFrame& ast, WindowFrame* frame) {
  using Kind = FrameBound::Kind;
  if (ast.unit == AstFrameUnit::kGroups) return Refuse("GROUPS in a frame", ast.position);
  if (ast.exclusion != AstFrameExclusion::kNoOthers) return Refuse("EXCLUDE", ast.exclusion_position);
  frame->is_range = ast.unit == AstFrameUnit::kRange;
  for (const AstFrameBound* bound : {&ast.start, &ast.end}) {
    if (frame->is_range && bound->offset != nullptr) return Refuse("RANGE with a distance", bound->offset->position);
  }
  ARROW_RETURN_NOT_OK(BindFrameBound(ast.start, &frame->start));
  ARROW_RETURN_NOT_OK(BindFrameBound(ast.end, &frame->end));
  if (frame->start.kind == Kind::kUnboundedFollowing) {
    return WindowingError("a frame cannot start at UNBOUNDED FOLLOWING", ast.position);
  }
  if (frame->end.kind == Kind::kUnboundedPreceding) {
    return WindowingError("a frame cannot end at UNBOUNDED PRECEDING", ast.position);
  }
  if (frame->start.kind > frame->end.kind) {
    return WindowingError("a frame cannot start behind its end", ast.position);
  }
  return arrow::Status::OK();
}

arrow::Status ExprBinder::CheckWindow(const AstWindow& window) {
  ARROW_RETURN_NOT_OK(BindAll(window.partition_by).status());
  for (const AstOrderItem& item : window.order_by) ARROW_RETURN_NOT_OK(Bind(*item.expr).status());
  WindowFrame frame;
  return window.frame.has_value() ? BindFrame(*window.frame, &frame) : arrow::Status::OK();
}

arrow::Result<WindowCall> ExprBinder::BindPureWindowCall(const AstFunction& function, const WindowFunction& window,
                                                         const ExprContext& inner) {
  ARROW_RETURN_NOT_OK(CheckPlainCall(function, false, window.may_ignore_nulls));
  WindowCall call;
  call.name = window.name;
  call.kind = window.kind;
  call.ignore_nulls = function.ignore_nulls;
  const size_t count = function.arguments.size();
  if (count < window.min_arguments || count > window.max_arguments ||
      (count > 0 && function.arguments[0]->Is<AstStar>())) {
    const std::string wanted = window.min_arguments == window.max_arguments
                                   ? std::to_string(window.min_arguments)
                                   : fmt::format("{} to {}", window.min_arguments, window.max_arguments);
    return SqlError(sqlstate::kUndefinedFunction, fmt::format("{} takes {} arguments", window.name, wanted),
                    function.position);
  }
  ARROW_ASSIGN_OR_RAISE(call.arguments, ExprBinder(state_, inner).BindAll(function.arguments));
  for (const BoundExprPtr& argument : call.arguments) SettleParameter(state_, *argument);
  const bool gives_value = window.return_type.id() == TypeId::kNull;
  for (size_t i = gives_value ? 1 : 0; i < std::min<size_t>(count, 2); ++i) {
    ARROW_ASSIGN_OR_RAISE(call.arguments[i], CoerceTo(state_, std::move(call.arguments[i]), TypeId::kBigInt,
                                                      fmt::format("argument of {}", window.name)));
  }
  if (count > 2) {
    BoundExprPtr* values[] = {&call.arguments[0], &call.arguments[2]};
    ARROW_RETURN_NOT_OK(Unify(state_, values, window.name));
  }
  call.return_type = gives_value ? call.arguments[0]->type : window.return_type;
  return call;
}

arrow::Result<WindowCall> ExprBinder::BindWindowCall(const AstFunction& function, std::string_view name,
                                                     const ExprContext& inner) {
  if (const WindowFunction* window = state_.functions.FindWindow(name)) {
    return BindPureWindowCall(function, *window, inner);
  }
  if (state_.functions.FindAggregate(name) == nullptr && state_.functions.FindScalar(name) != nullptr) {
    return SqlError(sqlstate::kWrongObjectType, fmt::format("OVER: {} is no function over rows", name),
                    function.position);
  }
  ARROW_ASSIGN_OR_RAISE(AggregateCall aggregate, BindAggregateCall(function, name, inner));
  if (aggregate.distinct) return Refuse("DISTINCT in a call with OVER", function.position);
  WindowCall call;
  call.name = aggregate.function.name;
  call.kind = WindowKind::kAggregate;
  call.return_type = aggregate.function.return_type;
  call.aggregate = std::move(aggregate.function);
  call.arguments = std::move(aggregate.arguments);
  call.filter = std::move(aggregate.filter);
  return call;
}

arrow::Result<BoundExprPtr> ExprBinder::BindWindow(const AstFunction& function, std::string_view name) {
  if (context_.windows == nullptr) {
    return WindowingError(context_.in_window      ? "calls with OVER cannot be nested"
                          : context_.in_aggregate ? "calls of aggregate functions cannot contain calls with OVER"
                                                  : fmt::format("OVER is not allowed in {}", context_.clause),
                          function.position);
  }
  WindowState& windows = *context_.windows;
  ExprContext inner = context_;
  inner.in_window = true;
  inner.windows = nullptr;
  inner.sets = nullptr;
  inner.aliases = nullptr;
  inner.subqueries = context_.subqueries == nullptr ? nullptr : &windows.subqueries;
  ARROW_ASSIGN_OR_RAISE(const WindowParts parts, ResolveWindow(*function.over, *windows.named, windows.named->size()));
  ARROW_ASSIGN_OR_RAISE(WindowCall call, BindWindowCall(function, name, inner));
  ExprBinder binder(state_, inner);
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> partition_by, binder.BindAll(*parts.partition_by));
  for (const BoundExprPtr& expr : partition_by) SettleParameter(state_, *expr);
  std::vector<SortKey> order_by;
  for (const AstOrderItem& item : *parts.order_by) {
    ARROW_ASSIGN_OR_RAISE(BoundExprPtr expr, binder.Bind(*item.expr));
    SettleParameter(state_, *expr);
    order_by.push_back(MakeSortKey(state_, item, std::move(expr)));
  }
  if (parts.frame != nullptr) ARROW_RETURN_NOT_OK(BindFrame(*parts.frame, &call.frame));
  call.num_order_keys = static_cast<uint32_t>(order_by.size());

  LogicalWindow& node = FindNode(windows, std::move(partition_by), std::move(order_by));
  size_t index = 0;
  while (index < node.calls.size() && !SameCall(node.calls[index], call)) ++index;
  if (index == node.calls.size()) {
    node.output.push_back({state_.NewColumn(), call.return_type, ToSql(function)});
    node.calls.push_back(std::move(call));
  }
  const OutputColumn& output = node.output[index];
  return BoundExpr::Column(output.id, output.type, output.name, function.position);
}

}  // namespace llkv
