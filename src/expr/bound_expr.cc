// Bound expressions: making, copying, comparing and printing trees.
#include "expr/bound_expr.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace llkv {

namespace {

BoundExprPtr MakeNode(ExprKind kind, LogicalType type, int64_t position) {
  auto expr = std::make_unique<BoundExpr>();
  expr->kind = kind;
  expr->type = type;
  expr->position = position;
  return expr;
}

bool SameFunction(const BoundScalar& a, const BoundScalar& b) {
  return a.kernel == b.kernel && a.name == b.name && a.argument_types == b.argument_types &&
         a.return_type == b.return_type && (a.state == b.state || (a.state_is_derived && b.state_is_derived));
}

/// Constants that no expression can tell apart: NaN is itself, and 0.0 is not -0.0.
bool SameConstant(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null() || a.type() != b.type() || !a.type().IsFloating()) return a == b;
  return std::bit_cast<uint64_t>(a.floating()) == std::bit_cast<uint64_t>(b.floating());
}

bool SameNode(const BoundExpr& a, const BoundExpr& b) {
  if (a.kind != b.kind || a.type != b.type || a.children.size() != b.children.size()) return false;
  switch (a.kind) {
    case ExprKind::kColumn:
      return a.column == b.column;
    case ExprKind::kConstant:
      return SameConstant(a.value, b.value);
    case ExprKind::kParameter:
      return a.parameter_index == b.parameter_index;
    case ExprKind::kFunction:
      return SameFunction(a.function, b.function) && a.function.volatility != Volatility::kVolatile;
    case ExprKind::kConjunction:
      return a.is_and == b.is_and;
    case ExprKind::kCase:
    case ExprKind::kIn:
      return true;
  }
  return false;
}

template <typename Predicate>
bool AnyNode(const BoundExpr& expr, Predicate&& predicate) {
  bool found = false;
  VisitExpr(expr, [&](const BoundExpr& node) { found = found || predicate(node); });
  return found;
}

bool IsInfixOperator(const std::string& name) {
  if (name.empty()) return false;
  const char c = name.front();
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return !letter || name == "like" || name == "ilike";
}

std::string JoinChildren(const BoundExpr& expr, size_t first, const char* separator) {
  std::string text;
  for (size_t i = first; i < expr.children.size(); ++i) {
    if (i > first) text += separator;
    text += expr.children[i]->ToString();
  }
  return text;
}

std::string FunctionToString(const BoundExpr& expr) {
  const std::string& name = expr.function.name;
  if (name == "cast" || name == "try_cast") {
    return (name == "cast" ? "CAST(" : "TRY_CAST(") + JoinChildren(expr, 0, ", ") + " AS " + expr.type.ToString() + ")";
  }
  if (IsInfixOperator(name) && expr.children.size() == 2) {
    return "(" + expr.children[0]->ToString() + " " + name + " " + expr.children[1]->ToString() + ")";
  }
  if (IsInfixOperator(name) && expr.children.size() == 1) return "(" + name + expr.children[0]->ToString() + ")";
  return name + "(" + JoinChildren(expr, 0, ", ") + ")";
}

std::string CaseToString(const BoundExpr& expr) {
  std::string text = "CASE";
  for (size_t i = 0; i + 1 < expr.children.size(); i += 2) {
    text += " WHEN " + expr.children[i]->ToString() + " THEN " + expr.children[i + 1]->ToString();
  }
  return text + " ELSE " + expr.children.back()->ToString() + " END";
}

}  // namespace

BoundExprPtr BoundExpr::Column(ColumnId id, LogicalType type, std::string name, int64_t position) {
  BoundExprPtr expr = MakeNode(ExprKind::kColumn, type, position);
  expr->column = id;
  expr->name = std::move(name);
  return expr;
}

BoundExprPtr BoundExpr::Constant(Value value, int64_t position) {
  BoundExprPtr expr = MakeNode(ExprKind::kConstant, value.type(), position);
  expr->value = std::move(value);
  return expr;
}

BoundExprPtr BoundExpr::Parameter(uint32_t index, LogicalType type, int64_t position) {
  BoundExprPtr expr = MakeNode(ExprKind::kParameter, type, position);
  expr->parameter_index = index;
  return expr;
}

BoundExprPtr BoundExpr::Function(BoundScalar function, std::vector<BoundExprPtr> children, int64_t position) {
  BoundExprPtr expr = MakeNode(ExprKind::kFunction, function.return_type, position);
  expr->function = std::move(function);
  expr->children = std::move(children);
  return expr;
}

BoundExprPtr BoundExpr::Conjunction(bool is_and, std::vector<BoundExprPtr> children) {
  std::vector<BoundExprPtr> flat;
  for (BoundExprPtr& child : children) {
    if (child->kind == ExprKind::kConjunction && child->is_and == is_and) {
      for (BoundExprPtr& grandchild : child->children) flat.push_back(std::move(grandchild));
    } else {
      flat.push_back(std::move(child));
    }
  }
  if (flat.empty()) return Constant(Value::Boolean(is_and));
  if (flat.size() == 1) return std::move(flat.front());
  BoundExprPtr expr = MakeNode(ExprKind::kConjunction, TypeId::kBoolean, flat.front()->position);
  expr->is_and = is_and;
  expr->children = std::move(flat);
  return expr;
}

BoundExprPtr BoundExpr::Clone() const {
  BoundExprPtr copy = MakeNode(kind, type, position);
  copy->column = column;
  copy->value = value;
  copy->is_literal = is_literal;
  copy->parameter_index = parameter_index;
  copy->function = function;
  copy->is_and = is_and;
  copy->name = name;
  copy->children.reserve(children.size());
  for (const BoundExprPtr& child : children) copy->children.push_back(child->Clone());
  return copy;
}

bool BoundExpr::Equals(const BoundExpr& other) const {
  std::vector<std::pair<const BoundExpr*, const BoundExpr*>> pending = {{this, &other}};
  while (!pending.empty()) {
    const auto [a, b] = pending.back();
    pending.pop_back();
    if (!SameNode(*a, *b)) return false;
    for (size_t i = 0; i < a->children.size(); ++i) pending.emplace_back(a->children[i].get(), b->children[i].get());
  }
  return true;
}

bool BoundExpr::CanFail() const {
  return AnyNode(*this,
                 [](const BoundExpr& node) { return node.kind == ExprKind::kFunction && node.function.can_fail; });
}

bool BoundExpr::IsFoldable() const {
  return !AnyNode(*this, [](const BoundExpr& node) {
    return node.kind == ExprKind::kColumn || node.kind == ExprKind::kParameter ||
           (node.kind == ExprKind::kFunction && node.function.volatility != Volatility::kImmutable);
  });
}

bool BoundExpr::IsVolatile() const {
  return AnyNode(*this, [](const BoundExpr& node) {
    return node.kind == ExprKind::kFunction && node.function.volatility == Volatility::kVolatile;
  });
}

std::string BoundExpr::ToString() const {
  switch (kind) {
    case ExprKind::kColumn:
      return name.empty() ? "#" + std::to_string(column.value) : name;
    case ExprKind::kConstant:
      return value.ToSql();
    case ExprKind::kParameter:
      return "$" + std::to_string(parameter_index + 1);
    case ExprKind::kFunction:
      return FunctionToString(*this);
    case ExprKind::kConjunction:
      return "(" + JoinChildren(*this, 0, is_and ? " AND " : " OR ") + ")";
    case ExprKind::kCase:
      return CaseToString(*this);
    case ExprKind::kIn:
      return "(" + children.front()->ToString() + " IN (" + JoinChildren(*this, 1, ", ") + "))";
  }
  return "?";
}

void VisitExpr(const BoundExpr& expr, const std::function<void(const BoundExpr&)>& f) {
  // Most trees are small, and rules visit each some hundred times: no allocation for those.
  constexpr size_t kFewPending = 32;
  const BoundExpr* few[kFewPending];
  size_t num_few = 0;
  std::vector<const BoundExpr*> more;
  few[num_few++] = &expr;
  while (num_few > 0) {
    const BoundExpr* node = nullptr;
    if (more.empty()) {
      node = few[--num_few];
    } else {
      node = more.back();
      more.pop_back();
    }
    f(*node);
    for (auto child = node->children.rbegin(); child != node->children.rend(); ++child) {
      if (more.empty() && num_few < kFewPending) {
        few[num_few++] = child->get();
      } else {
        more.push_back(child->get());
      }
    }
  }
}

void CollectColumns(const BoundExpr& expr, std::unordered_set<ColumnId>& columns) {
  VisitExpr(expr, [&](const BoundExpr& node) {
    if (node.kind == ExprKind::kColumn) columns.insert(node.column);
  });
}

BoundExprPtr ReplaceColumns(BoundExprPtr expr, const std::function<BoundExprPtr(const BoundExpr&)>& replacement) {
  std::vector<BoundExprPtr*> pending = {&expr};
  while (!pending.empty()) {
    BoundExprPtr& node = *pending.back();
    pending.pop_back();
    if (node->kind == ExprKind::kColumn) {
      if (BoundExprPtr replaced = replacement(*node)) node = std::move(replaced);
      continue;
    }
    for (BoundExprPtr& child : node->children) pending.push_back(&child);
  }
  return expr;
}

std::vector<BoundExprPtr> SplitConjuncts(BoundExprPtr expr) {
  std::vector<BoundExprPtr> terms;
  if (expr->kind != ExprKind::kConjunction || !expr->is_and) {
    terms.push_back(std::move(expr));
    return terms;
  }
  for (BoundExprPtr& child : expr->children) {
    for (BoundExprPtr& term : SplitConjuncts(std::move(child))) terms.push_back(std::move(term));
  }
  return terms;
}

}  // namespace llkv
