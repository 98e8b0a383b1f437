// Operators: arithmetic, comparisons, AND/OR/NOT, IS, LIKE, BETWEEN, IN over lists.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/typing.h"

namespace llkv {
namespace {

BoundExprPtr TrueOrFalse(bool value, int64_t position) { return BoundExpr::Constant(Value::Boolean(value), position); }

const char* LikeName(AstLikeOp op) {
  switch (op) {
    case AstLikeOp::kLike:
      return "like";
    case AstLikeOp::kILike:
      return "ilike";
    case AstLikeOp::kGlob:
      return "glob";
    case AstLikeOp::kSimilarTo:
      return "similar to";
    case AstLikeOp::kRegexp:
      return "regexp";
    case AstLikeOp::kMatch:
      return "match";
  }
  return "like";
}

std::vector<BoundExprPtr> CloneAll(const std::vector<BoundExprPtr>& exprs) {
  std::vector<BoundExprPtr> copies;
  copies.reserve(exprs.size());
  for (const BoundExprPtr& expr : exprs) copies.push_back(expr->Clone());
  return copies;
}

bool AnyVolatile(const std::vector<BoundExprPtr>& exprs) {
  return std::any_of(exprs.begin(), exprs.end(), [](const BoundExprPtr& expr) { return expr->IsVolatile(); });
}

}  // namespace

bool IsComparison(AstBinaryOp op) { return op >= AstBinaryOp::kEqual && op <= AstBinaryOp::kIsNotDistinctFrom; }

const char* OperatorName(AstBinaryOp op) {
  switch (op) {
    case AstBinaryOp::kAdd:
      return "+";
    case AstBinaryOp::kSubtract:
      return "-";
    case AstBinaryOp::kMultiply:
      return "*";
    case AstBinaryOp::kDivide:
      return "/";
    case AstBinaryOp::kIntegerDivide:
      return "//";
    case AstBinaryOp::kModulo:
      return "%";
    case AstBinaryOp::kPower:
      return "^";
    case AstBinaryOp::kConcat:
      return "||";
    case AstBinaryOp::kBitAnd:
      return "&";
    case AstBinaryOp::kBitOr:
      return "|";
    case AstBinaryOp::kBitXor:
      return "#";
    case AstBinaryOp::kShiftLeft:
      return "<<";
    case AstBinaryOp::kShiftRight:
      return ">>";
    case AstBinaryOp::kEqual:
      return "=";
    case AstBinaryOp::kNotEqual:
      return "<>";
    case AstBinaryOp::kLess:
      return "<";
    case AstBinaryOp::kLessEqual:
      return "<=";
    case AstBinaryOp::kGreater:
      return ">";
    case AstBinaryOp::kGreaterEqual:
      return ">=";
    case AstBinaryOp::kIsDistinctFrom:
      return "is_distinct_from";
    case AstBinaryOp::kIsNotDistinctFrom:
      return "is_not_distinct_from";
    case AstBinaryOp::kArrow:
      return "->";
    case AstBinaryOp::kArrowText:
      return "->>";
    case AstBinaryOp::kRegexMatch:
      return "regex_match";
    case AstBinaryOp::kRegexMatchCaseless:
      return "~*";
    case AstBinaryOp::kRegexNotMatch:
      return "!~";
    case AstBinaryOp::kRegexNotMatchCaseless:
      return "!~*";
    case AstBinaryOp::kContains:
      return "@>";
    case AstBinaryOp::kContainedBy:
      return "<@";
    case AstBinaryOp::kOverlaps:
      return "&&";
    case AstBinaryOp::kStartsWith:
      return "^@";
  }
  return "?";
}

arrow::Result<BoundExprPtr> MakeNot(BindState& state, BoundExprPtr expr, int64_t position) {
  std::vector<BoundExprPtr> arguments;
  arguments.push_back(std::move(expr));
  return MakeFunction(state, "not", std::move(arguments), position);
}

arrow::Result<BoundExprPtr> MakeIsNull(BindState& state, BoundExprPtr expr, int64_t position) {
  std::vector<BoundExprPtr> arguments;
  arguments.push_back(std::move(expr));
  return MakeFunction(state, "is_null", std::move(arguments), position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindUnary(const AstUnary& unary) {
  if (unary.op == AstUnaryOp::kMinus && unary.operand->Is<AstLiteral>()) {
    const auto& literal = unary.operand->As<AstLiteral>();
    if (literal.literal == AstLiteralKind::kInteger || literal.literal == AstLiteralKind::kDecimal ||
        literal.literal == AstLiteralKind::kFloat) {
      ARROW_ASSIGN_OR_RAISE(Value value, LiteralValue(state_, literal, true));
      return BoundExpr::Constant(std::move(value), unary.position);
    }
  }
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr operand, Bind(*unary.operand));
  switch (unary.op) {
    case AstUnaryOp::kPlus:
      if (!operand->type.IsNumeric() && operand->type.id() != TypeId::kNull &&
          operand->type.id() != TypeId::kInterval && !state_.sqlite()) {
        return SqlError(sqlstate::kUndefinedFunction,
                        fmt::format("operator + does not take {}", operand->type.ToString()), unary.position);
      }
      return operand;
    case AstUnaryOp::kNot: {
      ARROW_ASSIGN_OR_RAISE(operand, ToCondition(state_, std::move(operand), "NOT"));
      return MakeNot(state_, std::move(operand), unary.position);
    }
    case AstUnaryOp::kMinus:
    case AstUnaryOp::kBitNot:
      break;
  }
  std::vector<BoundExprPtr> arguments;
  arguments.push_back(std::move(operand));
  return MakeFunction(state_, unary.op == AstUnaryOp::kMinus ? "-" : "~", std::move(arguments), unary.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindBinary(const AstBinary& binary) {
  if (binary.left->Is<AstRow>() || binary.right->Is<AstRow>()) return BindRowComparison(binary);
  const char* name = OperatorName(binary.op);
  if (state_.functions.FindScalar(name) == nullptr) {
    return Refuse(fmt::format("operator {}", name), binary.position);
  }
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr left, Bind(*binary.left));
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr right, Bind(*binary.right));
  if (IsComparison(binary.op)) {
    return MakeComparison(state_, name, std::move(left), std::move(right), binary.position);
  }
  std::vector<BoundExprPtr> arguments;
  arguments.reserve(2);
  arguments.push_back(std::move(left));
  arguments.push_back(std::move(right));
  return MakeFunction(state_, name, std::move(arguments), binary.position);
}

namespace {

/// (a, …) < (b, …), of the pairs from the last to the first: `a = b` leaves it to the rest, else it is `a < b`, which
/// is NULL where one of them is.
arrow::Result<BoundExprPtr> OrderRows(BindState& state, std::string_view op, std::vector<BoundExprPtr> left,
                                      std::vector<BoundExprPtr> right, int64_t position) {
  const std::string_view strict = op.substr(0, 1);
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr result,
                        MakeComparison(state, op, std::move(left.back()), std::move(right.back()), position));
  for (size_t i = left.size() - 1; i-- > 0;) {
    std::vector<BoundExprPtr> children;
    ARROW_ASSIGN_OR_RAISE(children.emplace_back(),
                          MakeComparison(state, "=", left[i]->Clone(), right[i]->Clone(), position));
    children.push_back(std::move(result));
    // Said of the first pair alone, it bounds what a scan reads.
    BoundExprPtr bound;
    if (i == 0) {
      ARROW_ASSIGN_OR_RAISE(
          bound, MakeComparison(state, std::string(strict) + "=", left[i]->Clone(), right[i]->Clone(), position));
    }
    ARROW_ASSIGN_OR_RAISE(children.emplace_back(),
                          MakeComparison(state, strict, std::move(left[i]), std::move(right[i]), position));
    ARROW_ASSIGN_OR_RAISE(result, MakeCase(state, std::move(children), position));
    if (bound == nullptr) continue;
    std::vector<BoundExprPtr> terms;
    terms.push_back(std::move(bound));
    terms.push_back(std::move(result));
    result = BoundExpr::Conjunction(true, std::move(terms));
  }
  return result;
}

}  // namespace

arrow::Result<BoundExprPtr> MakeRowComparison(BindState& state, std::string_view op, std::vector<BoundExprPtr> left,
                                              std::vector<BoundExprPtr> right, int64_t position) {
  if (left.size() == 1) return MakeComparison(state, op, std::move(left[0]), std::move(right[0]), position);
  constexpr size_t kMaxOrderedValues = 100;
  if (op != "<>" && (op[0] == '<' || op[0] == '>')) {
    if (left.size() > kMaxOrderedValues) {
      return SqlError(sqlstate::kStatementTooComplex,
                      fmt::format("rows of more than {} values in {}", kMaxOrderedValues, op), position);
    }
    for (size_t i = 0; i + 1 < left.size(); ++i) {
      if (left[i]->IsVolatile() || right[i]->IsVolatile()) {
        return Refuse(fmt::format("{} between rows of values that differ from call to call", op), position);
      }
    }
    return OrderRows(state, op, std::move(left), std::move(right), position);
  }
  // Rows differ where a pair does.
  const bool negated = op == "<>" || op == "is_distinct_from";
  const std::string_view pairs = op == "<>" ? "=" : op == "is_distinct_from" ? "is_not_distinct_from" : op;
  std::vector<BoundExprPtr> terms;
  for (size_t i = 0; i < left.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(terms.emplace_back(),
                          MakeComparison(state, pairs, std::move(left[i]), std::move(right[i]), position));
  }
  BoundExprPtr all = BoundExpr::Conjunction(true, std::move(terms));
  if (!negated) return all;
  return MakeNot(state, std::move(all), position);
}

arrow::Result<std::vector<BoundExprPtr>> ExprBinder::BindRowOf(const AstExpr& expr, size_t width) {
  if (const auto* row = expr.TryAs<AstRow>()) return BindAll(row->values);
  return BindSubqueryRow(expr.As<AstSubquery>(), width);
}

arrow::Result<BoundExprPtr> ExprBinder::BindRowComparison(const AstBinary& binary) {
  const auto* left = binary.left->TryAs<AstRow>();
  const auto* right = binary.right->TryAs<AstRow>();
  if (left != nullptr && right != nullptr && left->values.size() != right->values.size()) {
    return SqlError(
        sqlstate::kSyntaxError,
        fmt::format("rows of {} and {} values cannot be compared", left->values.size(), right->values.size()),
        binary.position);
  }
  const auto is_row = [](const AstExpr& expr) {
    const auto* subquery = expr.TryAs<AstSubquery>();
    return expr.Is<AstRow>() || (subquery != nullptr && !subquery->as_array);
  };
  if (!IsComparison(binary.op) || !is_row(*binary.left) || !is_row(*binary.right)) {
    return Refuse(fmt::format("{} between rows", OperatorName(binary.op)), binary.position);
  }
  const size_t width = (left != nullptr ? left : right)->values.size();
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> a, BindRowOf(*binary.left, width));
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> b, BindRowOf(*binary.right, width));
  return MakeRowComparison(state_, OperatorName(binary.op), std::move(a), std::move(b), binary.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindLogical(const AstLogical& logical) {
  std::vector<BoundExprPtr> operands;
  operands.reserve(logical.operands.size());
  for (const AstExprPtr& operand : logical.operands) {
    ARROW_ASSIGN_OR_RAISE(BoundExprPtr bound, Bind(*operand));
    ARROW_ASSIGN_OR_RAISE(operands.emplace_back(),
                          ToCondition(state_, std::move(bound), logical.is_and ? "AND" : "OR"));
  }
  return BoundExpr::Conjunction(logical.is_and, std::move(operands));
}

arrow::Result<BoundExprPtr> ExprBinder::BindIs(const AstIs& is) {
  if (is.operand->Is<AstRow>() && is.test == AstIsTest::kNull) {
    // Of a row: whether all its values are NULL, or none is.
    std::vector<BoundExprPtr> terms;
    for (const AstExprPtr& value : is.operand->As<AstRow>().values) {
      std::vector<BoundExprPtr> argument;
      ARROW_ASSIGN_OR_RAISE(argument.emplace_back(), Bind(*value));
      ARROW_ASSIGN_OR_RAISE(terms.emplace_back(), MakeFunction(state_, is.negated ? "is_not_null" : "is_null",
                                                               std::move(argument), is.position));
    }
    return BoundExpr::Conjunction(true, std::move(terms));
  }
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr operand, Bind(*is.operand));
  if (is.test == AstIsTest::kNull || is.test == AstIsTest::kUnknown) {
    if (is.test == AstIsTest::kUnknown) {
      ARROW_ASSIGN_OR_RAISE(operand, ToCondition(state_, std::move(operand), "IS UNKNOWN"));
    }
    std::vector<BoundExprPtr> arguments;
    arguments.push_back(std::move(operand));
    return MakeFunction(state_, is.negated ? "is_not_null" : "is_null", std::move(arguments), is.position);
  }
  ARROW_ASSIGN_OR_RAISE(operand, ToCondition(state_, std::move(operand), "IS TRUE"));
  const char* name = is.test == AstIsTest::kTrue ? (is.negated ? "is_not_true" : "is_true")
                                                 : (is.negated ? "is_not_false" : "is_false");
  std::vector<BoundExprPtr> arguments;
  arguments.push_back(std::move(operand));
  return MakeFunction(state_, name, std::move(arguments), is.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindLike(const AstLike& like) {
  const char* name = LikeName(like.op);
  if (state_.functions.FindScalar(name) == nullptr) {
    return Refuse(fmt::format("operator {}", name), like.position);
  }
  std::vector<BoundExprPtr> arguments;
  ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), Bind(*like.operand));
  ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), Bind(*like.pattern));
  if (like.escape != nullptr) {
    ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), Bind(*like.escape));
  }
  for (BoundExprPtr& argument : arguments) {
    if (IsUntypedParameter(*argument)) {
      ARROW_ASSIGN_OR_RAISE(argument, CastTo(state_, std::move(argument), TypeId::kVarchar));
    }
  }
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr result, MakeFunction(state_, name, std::move(arguments), like.position));
  if (!like.negated) return result;
  return MakeNot(state_, std::move(result), like.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindBetween(const AstBetween& between) {
  const bool of_rows = between.operand->Is<AstRow>() && between.low->Is<AstRow>() && between.high->Is<AstRow>();
  const auto bind = [&](const AstExpr& expr) -> arrow::Result<std::vector<BoundExprPtr>> {
    if (of_rows) return BindAll(expr.As<AstRow>().values);
    std::vector<BoundExprPtr> value;
    ARROW_ASSIGN_OR_RAISE(value.emplace_back(), Bind(expr));
    return value;
  };
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> operand, bind(*between.operand));
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> low, bind(*between.low));
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> high, bind(*between.high));
  if (low.size() != operand.size() || high.size() != operand.size()) {
    return SqlError(sqlstate::kSyntaxError, fmt::format("BETWEEN needs rows of {} values here", operand.size()),
                    between.position);
  }
  if (AnyVolatile(operand) || (between.symmetric && (AnyVolatile(low) || AnyVolatile(high)))) {
    return Refuse("BETWEEN of a value that differs from call to call", between.position);
  }
  const auto make_within = [&](const std::vector<BoundExprPtr>& least,
                               const std::vector<BoundExprPtr>& most) -> arrow::Result<BoundExprPtr> {
    std::vector<BoundExprPtr> terms;
    ARROW_ASSIGN_OR_RAISE(terms.emplace_back(),
                          MakeRowComparison(state_, ">=", CloneAll(operand), CloneAll(least), between.position));
    ARROW_ASSIGN_OR_RAISE(terms.emplace_back(),
                          MakeRowComparison(state_, "<=", CloneAll(operand), CloneAll(most), between.position));
    return BoundExpr::Conjunction(true, std::move(terms));
  };
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr result, make_within(low, high));
  if (between.symmetric) {
    std::vector<BoundExprPtr> ways;
    ways.push_back(std::move(result));
    ARROW_ASSIGN_OR_RAISE(ways.emplace_back(), make_within(high, low));
    result = BoundExpr::Conjunction(false, std::move(ways));
  }
  if (!between.negated) return result;
  return MakeNot(state_, std::move(result), between.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindInList(const AstInList& in) {
  if (in.operand->Is<AstRow>()) return BindRowInList(in);
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr operand, Bind(*in.operand));
  if (in.values.empty()) return TrueOrFalse(in.negated, in.position);
  BoundExprPtr result;
  if (in.values.size() == 1) {
    ARROW_ASSIGN_OR_RAISE(BoundExprPtr value, Bind(*in.values[0]));
    return MakeComparison(state_, in.negated ? "<>" : "=", std::move(operand), std::move(value), in.position);
  }
  std::vector<BoundExprPtr> children;
  children.reserve(in.values.size() + 1);
  children.push_back(std::move(operand));
  for (const AstExprPtr& value : in.values) {
    ARROW_ASSIGN_OR_RAISE(BoundExprPtr bound, Bind(*value));
    if (state_.sqlite()) {
      // Each value is compared with the operand as it is, whatever the others make of it.
      BoundExprPtr side = children[0]->Clone();
      ARROW_RETURN_NOT_OK(AdaptForComparison(state_, side, bound));
    } else {
      ARROW_RETURN_NOT_OK(AdaptForComparison(state_, children[0], bound));
    }
    children.push_back(std::move(bound));
  }
  std::vector<BoundExprPtr*> slots;
  slots.reserve(children.size());
  for (BoundExprPtr& child : children) slots.push_back(&child);
  ARROW_RETURN_NOT_OK(UnifyCompared(state_, slots, "IN"));
  result = std::make_unique<BoundExpr>();
  result->kind = ExprKind::kIn;
  result->type = TypeId::kBoolean;
  result->position = in.position;
  result->children = std::move(children);
  if (!in.negated) return result;
  return MakeNot(state_, std::move(result), in.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindRowInList(const AstInList& in) {
  const auto& operands = in.operand->As<AstRow>().values;
  std::vector<BoundExprPtr> rows;
  for (const AstExprPtr& value : in.values) {
    const auto* row = value->TryAs<AstRow>();
    if (row == nullptr || row->values.size() != operands.size()) {
      return SqlError(sqlstate::kSyntaxError, fmt::format("IN needs rows of {} values here", operands.size()),
                      value->position);
    }
    std::vector<BoundExprPtr> terms;
    for (size_t i = 0; i < operands.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(BoundExprPtr a, Bind(*operands[i]));
      ARROW_ASSIGN_OR_RAISE(BoundExprPtr b, Bind(*row->values[i]));
      ARROW_ASSIGN_OR_RAISE(terms.emplace_back(),
                            MakeComparison(state_, "=", std::move(a), std::move(b), value->position));
    }
    rows.push_back(BoundExpr::Conjunction(true, std::move(terms)));
  }
  BoundExprPtr any = BoundExpr::Conjunction(false, std::move(rows));
  if (!in.negated) return any;
  return MakeNot(state_, std::move(any), in.position);
}

}  // namespace llkv
