// Constant folding.
#include <utility>

#include "expr/program.h"
#include "optimizer/rules.h"
#include "plan/plan_visitor.h"

namespace llkv {

namespace {

bool IsBoolean(const BoundExpr& expr, bool value) {
  return expr.IsConstant() && !expr.value.is_null() && expr.value.type().id() == TypeId::kBoolean &&
         expr.value.boolean() == value;
}

/// AND and OR without the terms that change nothing. A FALSE (of AND) or TRUE (of OR) decides only where it stands
/// first: terms before it may fail.
BoundExprPtr FoldConjunction(BoundExprPtr expr) {
  const bool is_and = expr->is_and;
  std::vector<BoundExprPtr> kept;
  for (BoundExprPtr& child : expr->children) {
    if (IsBoolean(*child, is_and)) continue;
    const bool decides = IsBoolean(*child, !is_and);
    kept.push_back(std::move(child));
    if (decides) break;
  }
  if (!kept.empty() && IsBoolean(*kept.back(), !is_and)) {
    bool can_fail = false;
    for (const BoundExprPtr& term : kept) can_fail = can_fail || term->CanFail();
    if (!can_fail) return std::move(kept.back());
  }
  return BoundExpr::Conjunction(is_and, std::move(kept));
}

/// CASE whose first conditions are known.
BoundExprPtr FoldCase(BoundExprPtr expr) {
  while (expr->children.size() >= 3 && expr->children[0]->IsConstant()) {
    if (IsBoolean(*expr->children[0], true)) return std::move(expr->children[1]);
    expr->children.erase(expr->children.begin(), expr->children.begin() + 2);
  }
  if (expr->children.size() == 1) return std::move(expr->children[0]);
  return expr;
}

BoundExprPtr Fold(BoundExprPtr expr) {
  for (BoundExprPtr& child : expr->children) child = Fold(std::move(child));
  if (expr->IsConstant() || expr->kind == ExprKind::kColumn || expr->kind == ExprKind::kParameter) return expr;
  if (expr->IsFoldable()) {
    auto value = EvaluateConstant(*expr);
    // What fails here fails, if at all, when a row needs it.
    if (!value.ok() || value->type() != expr->type) return expr;
    return BoundExpr::Constant(*std::move(value), expr->position);
  }
  const LogicalType type = expr->type;
  BoundExprPtr folded = expr->Clone();
  if (expr->kind == ExprKind::kConjunction) folded = FoldConjunction(std::move(folded));
  if (expr->kind == ExprKind::kCase) folded = FoldCase(std::move(folded));
  return folded->type == type ? std::move(folded) : std::move(expr);
}

}  // namespace

void FoldConstants(LogicalPlan& root) {
  VisitPlan(root, [](LogicalPlan& node) {
    ForEachExpr(node, [](BoundExprPtr& expr) { expr = Fold(std::move(expr)); });
    // Terms that are TRUE say nothing.
    const auto drop_true = [](std::vector<BoundExprPtr>& terms) {
      std::vector<BoundExprPtr> split;
      for (BoundExprPtr& term : terms) {
        for (BoundExprPtr& part : SplitConjuncts(std::move(term))) {
          if (!IsBoolean(*part, true)) split.push_back(std::move(part));
        }
      }
      terms = std::move(split);
    };
    if (node.kind == PlanKind::kFilter) drop_true(node.As<LogicalFilter>().terms);
    if (node.kind == PlanKind::kJoin && !node.As<LogicalJoin>().null_aware) drop_true(node.As<LogicalJoin>().terms);
  });
}

}  // namespace llkv
