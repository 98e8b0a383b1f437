// Comparisons of a cast column with a constant, without the cast: then scans can apply them, and nothing can fail.
#include <optional>
#include <utility>

#include "optimizer/rules.h"
#include "optimizer/terms.h"
#include "plan/plan_visitor.h"

namespace llkv {

namespace {

constexpr int64_t kMicrosPerDay = int64_t{86400} * 1000000;

int128_t PowerOfTen(int exponent) {
  int128_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

int IntegerBits(LogicalType type) { return PhysicalWidth(type.physical()) * 8; }

bool FitsInteger(int128_t value, LogicalType type) {
  const int bits = IntegerBits(type);
  if (bits >= 128) return true;
  if (type.IsUnsigned()) return value >= 0 && value < (static_cast<int128_t>(1) << bits);
  const int128_t limit = static_cast<int128_t>(1) << (bits - 1);
  return value >= -limit && value < limit;
}

/// What `column op constant` becomes in the column's own type: an operator and a constant, or a fixed answer for every
/// value that is not NULL.
struct Simplified {
  ComparisonOp op;
  int128_t value = 0;
};

/// The column's values times `factor` are compared with `value`: the same for the column's values themselves.
std::optional<Simplified> DivideBy(ComparisonOp op, int128_t value, int128_t factor) {
  const int128_t remainder = ((value % factor) + factor) % factor;
  const int128_t floor = (value - remainder) / factor;
  if (remainder == 0) return Simplified{op, floor};
  switch (op) {
    case ComparisonOp::kLess:
    case ComparisonOp::kLessEqual:
      return Simplified{ComparisonOp::kLessEqual, floor};
    case ComparisonOp::kGreater:
    case ComparisonOp::kGreaterEqual:
      return Simplified{ComparisonOp::kGreater, floor};
    default:
      return std::nullopt;  // never, or always, equal
  }
}

std::optional<Simplified> Simplify(LogicalType from, LogicalType to, ComparisonOp op, int128_t value) {
  if (from.IsInteger() && to.IsInteger()) return Simplified{op, value};
  if (from.IsInteger() && to.IsDecimal()) return DivideBy(op, value, PowerOfTen(to.scale()));
  if (from.IsDecimal() && to.IsDecimal() && to.scale() >= from.scale()) {
    return DivideBy(op, value, PowerOfTen(to.scale() - from.scale()));
  }
  if (from.id() == TypeId::kDate && to.id() == TypeId::kTimestamp) return DivideBy(op, value, kMicrosPerDay);
  return std::nullopt;
}

bool FitsType(int128_t value, LogicalType type) {
  if (type.IsInteger()) return FitsInteger(value, type);
  if (type.IsDecimal()) return value < PowerOfTen(type.precision()) && value > -PowerOfTen(type.precision());
  // Dates are 32-bit.
  return value >= INT32_MIN && value <= INT32_MAX;
}

/// Whether the cast keeps order and can be undone: every value of `from` has its own place in `to`.
bool IsWidening(LogicalType from, LogicalType to) {
  if (from.IsInteger() && to.IsInteger()) {
    if (to.IsUnsigned() && !from.IsUnsigned()) return false;  // negative values fail
    return IntegerBits(to) > IntegerBits(from) || (IntegerBits(to) == IntegerBits(from) && from == to);
  }
  if (from.IsInteger() && to.IsDecimal()) {
    const int bits = IntegerBits(from);
    const int digits = bits == 8 ? 3 : bits == 16 ? 5 : bits == 32 ? 10 : bits == 64 ? 20 : 39;
    return to.precision() - to.scale() >= digits ||
           (bits == 64 && !from.IsUnsigned() && to.precision() - to.scale() >= 19);
  }
  if (from.IsDecimal() && to.IsDecimal()) {
    return to.scale() >= from.scale() && to.precision() - to.scale() >= from.precision() - from.scale();
  }
  return from.id() == TypeId::kDate && to.id() == TypeId::kTimestamp;
}

void SimplifyTerm(BoundExpr& expr) {
  for (BoundExprPtr& child : expr.children) SimplifyTerm(*child);
  const std::optional<ComparisonOp> op = ComparisonOf(expr);
  if (!op.has_value()) return;
  const bool flipped = expr.children[0]->IsConstant();
  BoundExprPtr& side = expr.children[flipped ? 1 : 0];
  BoundExprPtr& constant = expr.children[flipped ? 0 : 1];
  if (!constant->IsConstant() || constant->value.is_null()) return;
  if (side->kind != ExprKind::kFunction || side->function.name != "cast" || side->children.empty()) return;
  const BoundExpr& inner = *side->children[0];
  if (!inner.IsColumn() || !IsWidening(inner.type, side->type)) return;
  const ComparisonOp asked = flipped ? Flip(*op) : *op;
  const auto simple = Simplify(inner.type, side->type, asked, constant->value.integer());
  if (!simple.has_value() || !FitsType(simple->value, inner.type)) return;
  const LogicalType type = inner.type;
  const int64_t position = constant->position;
  BoundExprPtr column = std::move(side->children[0]);
  BoundExprPtr value = BoundExpr::Constant(Value::Integer(type, simple->value), position);
  auto rebuilt = MakeComparison(simple->op, std::move(column), std::move(value), expr.position);
  if (rebuilt != nullptr) expr = std::move(*rebuilt);
}

}  // namespace

void SimplifyComparisons(LogicalPlan& root) {
  VisitPlan(root, [](LogicalPlan& node) {
    if (node.kind != PlanKind::kFilter && node.kind != PlanKind::kJoin) return;
    ForEachExpr(node, [](BoundExprPtr& expr) { SimplifyTerm(*expr); });
  });
}

}  // namespace llkv
