// Looking at terms.
#include "optimizer/terms.h"

#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "functions/function_registry.h"

namespace llkv {

namespace {

struct OperatorName {
  std::string_view name;
  ComparisonOp op;
};

constexpr std::array<OperatorName, 6> kOperators = {{{"=", ComparisonOp::kEqual},
                                                     {"<>", ComparisonOp::kNotEqual},
                                                     {"<", ComparisonOp::kLess},
                                                     {"<=", ComparisonOp::kLessEqual},
                                                     {">", ComparisonOp::kGreater},
                                                     {">=", ComparisonOp::kGreaterEqual}}};

}  // namespace

std::optional<ComparisonOp> ComparisonOf(const BoundExpr& expr) {
  if (expr.kind != ExprKind::kFunction || expr.children.size() != 2) return std::nullopt;
  for (const OperatorName& known : kOperators) {
    if (expr.function.name == known.name) return known.op;
  }
  return std::nullopt;
}

ComparisonOp Flip(ComparisonOp op) {
  switch (op) {
    case ComparisonOp::kLess:
      return ComparisonOp::kGreater;
    case ComparisonOp::kLessEqual:
      return ComparisonOp::kGreaterEqual;
    case ComparisonOp::kGreater:
      return ComparisonOp::kLess;
    case ComparisonOp::kGreaterEqual:
      return ComparisonOp::kLessEqual;
    default:
      return op;
  }
}

BoundExprPtr MakeComparison(ComparisonOp op, BoundExprPtr left, BoundExprPtr right, int64_t position) {
  static const std::shared_ptr<const FunctionRegistry> registry = FunctionRegistry::MakeDefault();
  const std::array<LogicalType, 2> types = {left->type, right->type};
  const std::array<const Value*, 2> constants = {left->IsConstant() ? &left->value : nullptr,
                                                 right->IsConstant() ? &right->value : nullptr};
  BindInput input;
  input.argument_types = types;
  input.constants = constants;
  for (const OperatorName& known : kOperators) {
    if (known.op != op) continue;
    auto bound = registry->BindScalar(known.name, input);
    if (!bound.ok() || bound->argument_types[0] != types[0] || bound->argument_types[1] != types[1]) return nullptr;
    std::vector<BoundExprPtr> children;
    children.push_back(std::move(left));
    children.push_back(std::move(right));
    return BoundExpr::Function(*std::move(bound), std::move(children), position);
  }
  return nullptr;
}

namespace {

/// Whether the value is NULL in every row in which all of `columns` are.
bool IsNullWhere(const BoundExpr& expr, const std::unordered_set<ColumnId>& columns) {
  if (expr.kind == ExprKind::kColumn) return columns.contains(expr.column);
  if (expr.kind != ExprKind::kFunction || expr.function.null_rule != NullRule::kPropagate) return false;
  for (const BoundExprPtr& child : expr.children) {
    if (IsNullWhere(*child, columns)) return true;
  }
  return false;
}

}  // namespace

bool RejectsNulls(const BoundExpr& term, const std::unordered_set<ColumnId>& columns) {
  if (term.kind == ExprKind::kConjunction) {
    bool all = true;
    bool any = false;
    for (const BoundExprPtr& child : term.children) {
      const bool rejects = RejectsNulls(*child, columns);
      all = all && rejects;
      any = any || rejects;
    }
    return term.is_and ? any : all;
  }
  if (term.kind == ExprKind::kIn) return IsNullWhere(*term.children[0], columns);
  return IsNullWhere(term, columns);
}

std::unordered_set<ColumnId> OutputIds(const LogicalPlan& plan) {
  std::unordered_set<ColumnId> ids;
  for (const OutputColumn& column : plan.output) ids.insert(column.id);
  return ids;
}

}  // namespace llkv
