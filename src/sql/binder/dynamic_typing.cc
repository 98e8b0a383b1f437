// Affinities, and the functions that take ANY.
#include "sql/binder/dynamic_typing.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "sql/binder/typing.h"
#include "types/any_value.h"
#include "types/coercion.h"

namespace llkv {
namespace {

enum class Affinity : uint8_t { kNone, kNumeric, kText };

bool IsNumber(LogicalType type) { return type.IsNumeric() || type.id() == TypeId::kBoolean; }

/// A column's affinity, or that of a cast; other expressions have none.
Affinity AffinityOf(const BoundExpr& expr) {
  const bool is_cast = expr.kind == ExprKind::kFunction && expr.function.name == "cast";
  if (expr.kind != ExprKind::kColumn && !is_cast) return Affinity::kNone;
  if (IsNumber(expr.type)) return Affinity::kNumeric;
  return expr.type.id() == TypeId::kVarchar ? Affinity::kText : Affinity::kNone;
}

arrow::Status Wrap(BindState& state, const char* function, BoundExprPtr& expr) {
  const int64_t position = expr->position;
  std::vector<BoundExprPtr> arguments;
  arguments.push_back(std::move(expr));
  return MakeFunction(state, function, std::move(arguments), position).Value(&expr);
}

arrow::Status ApplyNumeric(BindState& state, BoundExprPtr& expr) {
  if (expr->type.id() != TypeId::kVarchar && !expr->type.IsAny()) return arrow::Status::OK();
  if (!expr->IsConstant() || expr->value.is_null() || expr->type.IsAny()) return Wrap(state, "numeric_affinity", expr);
  const std::optional<AnyNumber> number = NumberFromText(expr->value.bytes());
  if (!number) return arrow::Status::OK();
  Value value = number->is_integer ? Value::BigInt(number->integer) : Value::Double(number->real);
  expr = BoundExpr::Constant(std::move(value), expr->position);
  return arrow::Status::OK();
}

arrow::Status ApplyText(BindState& state, BoundExprPtr& expr) {
  if (expr->type.IsAny()) return Wrap(state, "text_affinity", expr);
  if (!IsNumber(expr->type)) return arrow::Status::OK();
  // TRUE is 1.
  if (expr->type.id() == TypeId::kBoolean) {
    ARROW_ASSIGN_OR_RAISE(expr, CastTo(state, std::move(expr), TypeId::kBigInt));
  }
  return CastTo(state, std::move(expr), TypeId::kVarchar).Value(&expr);
}

template <size_t N>
bool IsIn(const std::string_view (&names)[N], std::string_view name) {
  return std::any_of(std::begin(names), std::end(names), [&](std::string_view other) { return SameName(other, name); });
}

// The function itself takes ANY, whatever the others are.
constexpr std::string_view kTakeAny[] = {"+",
                                         "-",
                                         "*",
                                         "/",
                                         "%",
                                         "=",
                                         "==",
                                         "<>",
                                         "!=",
                                         "<",
                                         "<=",
                                         ">",
                                         ">=",
                                         "is_distinct_from",
                                         "is_not_distinct_from",
                                         "is_null",
                                         "is_not_null",
                                         "num_nulls",
                                         "num_nonnulls",
                                         "coalesce",
                                         "min",
                                         "max",
                                         "typeof",
                                         "abs",
                                         "length",
                                         "numeric_affinity",
                                         "text_affinity"};
constexpr std::string_view kTakeInteger[] = {"&", "|", "<<", ">>", "~"};
constexpr std::string_view kTakeReal[] = {"round", "ceil",  "ceiling", "floor", "trunc",   "sqrt",   "exp", "ln",
                                          "log",   "log10", "log2",    "power", "pow",     "sin",    "cos", "tan",
                                          "asin",  "acos",  "atan",    "atan2", "degrees", "radians"};
constexpr std::string_view kTakeText[] = {"||",    "concat", "concat_ws", "lower",   "upper", "trim",         "ltrim",
                                          "rtrim", "btrim",  "replace",   "like",    "ilike", "glob",         "strpos",
                                          "instr", "ascii",  "reverse",   "unicode", "hex",   "quote_literal"};
// Text, then integers.
constexpr std::string_view kTakeTextThenIntegers[] = {"substr", "substring", "left", "right", "repeat"};

constexpr std::string_view kAggregatesOfAny[] = {"count", "sum",       "avg",        "mean",         "total",  "min",
                                                 "max",   "any_value", "string_agg", "group_concat", "listagg"};

}  // namespace

arrow::Status AdaptDynamicComparison(BindState& state, BoundExprPtr& left, BoundExprPtr& right) {
  const LogicalType l = left->type;
  const LogicalType r = right->type;
  if (!IsAnyMember(l) || !IsAnyMember(r)) return arrow::Status::OK();
  if (!l.IsAny() && (l == r || (IsNumber(l) && IsNumber(r)))) return arrow::Status::OK();
  const Affinity of_left = AffinityOf(*left);
  const Affinity of_right = AffinityOf(*right);
  if (of_left == Affinity::kNumeric && of_right != Affinity::kNumeric) {
    ARROW_RETURN_NOT_OK(ApplyNumeric(state, right));
  } else if (of_right == Affinity::kNumeric && of_left != Affinity::kNumeric) {
    ARROW_RETURN_NOT_OK(ApplyNumeric(state, left));
  } else if (of_left == Affinity::kText && of_right == Affinity::kNone) {
    ARROW_RETURN_NOT_OK(ApplyText(state, right));
  } else if (of_right == Affinity::kText && of_left == Affinity::kNone) {
    ARROW_RETURN_NOT_OK(ApplyText(state, left));
  }
  if (left->type == right->type || (IsNumber(left->type) && IsNumber(right->type))) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(left, CastTo(state, std::move(left), TypeId::kAny));
  return CastTo(state, std::move(right), TypeId::kAny).Value(&right);
}

arrow::Status AdaptDynamicArguments(BindState& state, std::string_view name, std::vector<BoundExprPtr>& arguments,
                                    int64_t position) {
  const bool any = std::any_of(arguments.begin(), arguments.end(),
                               [](const BoundExprPtr& argument) { return argument->type.IsAny(); });
  if (!any || IsIn(kTakeAny, name)) return arrow::Status::OK();
  const bool text_first = IsIn(kTakeTextThenIntegers, name);
  std::optional<LogicalType> type;
  if (IsIn(kTakeInteger, name)) type = TypeId::kBigInt;
  if (IsIn(kTakeReal, name)) type = TypeId::kDouble;
  if (IsIn(kTakeText, name) || text_first) type = TypeId::kVarchar;
  if (!type) return Refuse(fmt::format("{} of a dynamic value", name), position);
  for (BoundExprPtr& argument : arguments) {
    if (!argument->type.IsAny()) continue;
    const LogicalType wanted = text_first && &argument != &arguments.front() ? LogicalType(TypeId::kBigInt) : *type;
    ARROW_ASSIGN_OR_RAISE(argument, CastTo(state, std::move(argument), wanted));
  }
  return arrow::Status::OK();
}

arrow::Status CheckDynamicAggregate(std::string_view name, const std::vector<BoundExprPtr>& arguments,
                                    int64_t position) {
  for (const BoundExprPtr& argument : arguments) {
    if (argument->type.IsAny() && !IsIn(kAggregatesOfAny, name)) {
      return Refuse(fmt::format("{} of a dynamic value", name), position);
    }
  }
  return arrow::Status::OK();
}

}  // namespace llkv
