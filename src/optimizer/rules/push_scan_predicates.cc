// Terms on one column of a table, against constants or parameters, become the scan's own predicates.
#include <optional>
#include <utility>

#include "optimizer/rules.h"
#include "optimizer/terms.h"
#include "plan/plan_visitor.h"

namespace llkv {

namespace {

using Op = PushedPredicate::Op;

Op ScanOp(ComparisonOp op) {
  switch (op) {
    case ComparisonOp::kEqual:
      return Op::kEqual;
    case ComparisonOp::kNotEqual:
      return Op::kNotEqual;
    case ComparisonOp::kLess:
      return Op::kLess;
    case ComparisonOp::kLessEqual:
      return Op::kLessEqual;
    case ComparisonOp::kGreater:
      return Op::kGreater;
    case ComparisonOp::kGreaterEqual:
      return Op::kGreaterEqual;
  }
  return Op::kEqual;
}

std::optional<uint32_t> OrdinalOf(const LogicalScan& scan, const BoundExpr& expr) {
  if (!expr.IsColumn()) return std::nullopt;
  for (size_t i = 0; i < scan.column_ordinals.size(); ++i) {
    if (scan.output[i].id == expr.column) return scan.column_ordinals[i];
  }
  return std::nullopt;
}

bool IsValue(const BoundExpr& expr, LogicalType type) {
  // Stores compare ANY by its bytes.
  if (expr.type != type || type.IsAny()) return false;
  return expr.kind == ExprKind::kParameter || (expr.IsConstant() && !expr.value.is_null());
}

/// Takes the values out of the term where it fits; else leaves it as it is.
std::optional<PushedPredicate> ToPredicate(const LogicalScan& scan, BoundExpr& term) {
  PushedPredicate predicate;
  if (const auto op = ComparisonOf(term); op.has_value()) {
    for (const size_t side : {size_t{0}, size_t{1}}) {
      const auto ordinal = OrdinalOf(scan, *term.children[side]);
      BoundExprPtr& value = term.children[1 - side];
      if (!ordinal.has_value() || !IsValue(*value, term.children[side]->type)) continue;
      predicate.column_ordinal = *ordinal;
      predicate.op = ScanOp(side == 0 ? *op : Flip(*op));
      predicate.values.push_back(std::move(value));
      return predicate;
    }
    return std::nullopt;
  }
  if (term.kind == ExprKind::kIn) {
    const auto ordinal = OrdinalOf(scan, *term.children[0]);
    if (!ordinal.has_value()) return std::nullopt;
    for (size_t i = 1; i < term.children.size(); ++i) {
      if (!term.children[i]->IsConstant() || !IsValue(*term.children[i], term.children[0]->type)) return std::nullopt;
    }
    predicate.column_ordinal = *ordinal;
    predicate.op = Op::kIn;
    for (size_t i = 1; i < term.children.size(); ++i) predicate.values.push_back(std::move(term.children[i]));
    return predicate;
  }
  if (term.kind == ExprKind::kFunction && term.children.size() == 1 &&
      (term.function.name == "is_null" || term.function.name == "is_not_null")) {
    const auto ordinal = OrdinalOf(scan, *term.children[0]);
    if (!ordinal.has_value()) return std::nullopt;
    predicate.column_ordinal = *ordinal;
    predicate.op = term.function.name == "is_null" ? Op::kIsNull : Op::kIsNotNull;
    return predicate;
  }
  return std::nullopt;
}

void PushInto(LogicalScan& scan, std::vector<BoundExprPtr>& terms) {
  std::vector<BoundExprPtr> kept;
  // Taking a term that cannot fail ahead of others only spares those rows.
  for (BoundExprPtr& term : terms) {
    auto predicate = ToPredicate(scan, *term);
    if (predicate.has_value()) {
      for (size_t i = 0; i < scan.column_ordinals.size(); ++i) {
        if (scan.column_ordinals[i] == predicate->column_ordinal) predicate->column_name = scan.output[i].name;
      }
      scan.predicates.push_back(*std::move(predicate));
    } else {
      kept.push_back(std::move(term));
    }
  }
  terms = std::move(kept);
}

void Visit(LogicalPlanPtr& plan) {
  if (plan->kind == PlanKind::kFilter && plan->children[0]->kind == PlanKind::kScan) {
    auto& terms = plan->As<LogicalFilter>().terms;
    PushInto(plan->children[0]->As<LogicalScan>(), terms);
    if (terms.empty()) {
      LogicalPlanPtr scan = std::move(plan->children[0]);
      plan = std::move(scan);
    }
  }
  for (LogicalPlanPtr& child : plan->children) Visit(child);
}

}  // namespace

void PushScanPredicates(LogicalPlan& root) {
  // A filter that is the root itself keeps its place, empty or not.
  if (root.kind == PlanKind::kFilter && root.children[0]->kind == PlanKind::kScan) {
    PushInto(root.children[0]->As<LogicalScan>(), root.As<LogicalFilter>().terms);
  }
  for (LogicalPlanPtr& child : root.children) Visit(child);
}

}  // namespace llkv
