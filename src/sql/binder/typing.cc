// Casts, common types, and the functions that need them.
#include "sql/binder/typing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "expr/program.h"
#include "sql/binder/dynamic_typing.h"
#include "types/any_value.h"
#include "types/calendar.h"
#include "types/coercion.h"
#include "types/decimal.h"
#include "types/text_parse.h"
#include "types/uhugeint.h"

namespace llkv {
namespace {

constexpr int64_t kExactDouble = int64_t{1} << 53;

bool IsTextLiteral(const BoundExpr& expr) { return expr.IsConstant() && expr.is_literal; }

std::optional<Value> ConvertInteger(const Value& value, LogicalType to) {
  const int128_t v = value.integer();
  if (to.id() == TypeId::kUHugeInt && v >= 0) return Value::Integer(to, HoldUHugeInt(static_cast<uint128_t>(v)));
  if (to.IsInteger()) {
    const ValueLimits limits = IntegerLimits(to);
    if (v < limits.min || v > limits.max) return std::nullopt;
    return Value::Integer(to, v);
  }
  if (to.IsDecimal()) {
    int128_t scaled = 0;
    if (!RescaleDecimal(v, 0, to.scale(), &scaled) || !FitsPrecision(scaled, to.precision())) return std::nullopt;
    return Value::Integer(to, scaled);
  }
  if (to.id() == TypeId::kDouble && v >= -kExactDouble && v <= kExactDouble) {
    return Value::Double(static_cast<double>(v));
  }
  return std::nullopt;
}

std::optional<Value> ConvertDecimal(const Value& value, LogicalType to) {
  const int128_t v = value.integer();
  const int scale = value.type().scale();
  if (to.IsInteger() || to.IsDecimal()) {
    const int to_scale = to.IsDecimal() ? to.scale() : 0;
    int128_t scaled = 0;
    int128_t back = 0;
    if (!RescaleDecimal(v, scale, to_scale, &scaled)) return std::nullopt;
    if (!RescaleDecimal(scaled, to_scale, scale, &back) || back != v) return std::nullopt;
    if (to.IsInteger()) return ConvertInteger(Value::Integer(TypeId::kHugeInt, scaled), to);
    if (!FitsPrecision(scaled, to.precision())) return std::nullopt;
    return Value::Integer(to, scaled);
  }
  if (to.id() == TypeId::kDouble) return Value::Double(DecimalToDouble(v, scale));
  return std::nullopt;
}

/// As an ANY, where its type is one of ANY's.
std::optional<Value> ConvertToAny(const Value& value) {
  const auto any = [](std::string bytes) { return Value::OfBytes(TypeId::kAny, std::move(bytes)); };
  const LogicalType from = value.type();
  if (from.IsString())
    return any(AnyOfBytes(from.id() == TypeId::kBlob ? AnyTag::kBlob : AnyTag::kText, value.bytes()));
  if (from.IsFloating()) return any(AnyOfReal(value.floating()));
  const bool is_integer = from.IsInteger() || from.id() == TypeId::kBoolean;
  if (!is_integer || value.integer() < INT64_MIN || value.integer() > INT64_MAX) return std::nullopt;
  return any(AnyOfInteger(static_cast<int64_t>(value.integer())));
}

/// The type that a literal of text has as a number: what it looks like.
LogicalType NumericTypeOfText(std::string_view text) {
  int128_t ignored = 0;
  if (ParseInteger(text, &ignored) == ParseOutcome::kOk) {
    return ConvertExactly(Value::Integer(TypeId::kHugeInt, ignored), TypeId::kBigInt) ? TypeId::kBigInt
                                                                                      : TypeId::kHugeInt;
  }
  const size_t point = text.find('.');
  if (point != std::string_view::npos && text.find_first_of("eE") == std::string_view::npos) {
    const auto digits = std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    const auto scale = std::count_if(text.begin() + static_cast<std::ptrdiff_t>(point), text.end(),
                                     [](char c) { return c >= '0' && c <= '9'; });
    if (digits > 0 && digits <= kMaxDecimalDigits) {
      return LogicalType::Decimal(static_cast<int>(digits), static_cast<int>(scale));
    }
  }
  return TypeId::kDouble;
}

arrow::Result<BoundExprPtr> ParseLiteral(const BindState& state, BoundExprPtr expr, LogicalType to) {
  auto value = ParseValue(expr->value.bytes(), to, state.options.zone);
  if (!value.ok()) return WithPosition(value.status(), expr->position);
  return BoundExpr::Constant(std::move(value).ValueUnsafe(), expr->position);
}

/// A literal of text beside something of type `other`.
arrow::Result<BoundExprPtr> AdaptText(const BindState& state, BoundExprPtr literal, LogicalType other) {
  if (other.IsString() || other.id() == TypeId::kNull) return literal;
  if (other.IsDecimal() || other.IsInteger()) {
    const LogicalType type = NumericTypeOfText(literal->value.bytes());
    return ParseLiteral(state, std::move(literal), type);
  }
  return ParseLiteral(state, std::move(literal), other);
}

/// A foldable timestamp at midnight beside a date: as a date, so that the date need not be cast.
BoundExprPtr MidnightAsDate(const BoundExpr& expr) {
  if (expr.type.id() != TypeId::kTimestamp || !expr.IsFoldable()) return nullptr;
  const auto value = EvaluateConstant(expr);
  if (!value.ok() || value->is_null()) return nullptr;
  const int128_t micros = value->integer();
  if (micros % kMicrosPerDay != 0) return nullptr;
  return BoundExpr::Constant(Value::Integer(TypeId::kDate, micros / kMicrosPerDay), expr.position);
}

/// A parameter whose value has digits after the point beside an integer: it keeps its own type, lest it be rounded.
bool KeepsFraction(const BindState& state, const BoundExpr& parameter, LogicalType other) {
  if (!other.IsInteger() || parameter.parameter_index >= state.options.parameter_types.size()) return false;
  const LogicalType given = state.options.parameter_types[parameter.parameter_index];
  return given.IsFloating() || given.IsDecimal();
}

arrow::Status AdaptSide(BindState& state, BoundExprPtr& side, const BoundExpr& other) {
  if (IsUntypedParameter(*side)) {
    if (other.type.id() == TypeId::kNull) return arrow::Status::OK();
    if (KeepsFraction(state, *side, other.type)) {
      SettleParameter(state, *side);
      return arrow::Status::OK();
    }
    return CastTo(state, std::move(side), other.type).Value(&side);
  }
  if (side->type == other.type) return arrow::Status::OK();
  if (IsTextLiteral(*side)) {
    ARROW_ASSIGN_OR_RAISE(side, AdaptText(state, std::move(side), other.type));
    return arrow::Status::OK();
  }
  if (side->IsConstant() && !other.IsConstant() && !other.type.IsFloating()) {
    if (auto value = ConvertExactly(side->value, other.type)) {
      side = BoundExpr::Constant(std::move(*value), side->position);
    }
    return arrow::Status::OK();
  }
  if (other.type.id() == TypeId::kDate && !other.IsConstant()) {
    if (BoundExprPtr date = MidnightAsDate(*side)) side = std::move(date);
  }
  return arrow::Status::OK();
}

/// In arithmetic: text beside a number or a time, an integer literal beside a decimal, an untyped parameter.
arrow::Status AdaptForArithmetic(BindState& state, std::string_view name, BoundExprPtr& side, const BoundExpr& other) {
  if (IsUntypedParameter(*side)) {
    if (other.type.IsNumeric() && !KeepsFraction(state, *side, other.type)) {
      ARROW_ASSIGN_OR_RAISE(side, CastTo(state, std::move(side), other.type));
    }
    return arrow::Status::OK();
  }
  if (IsTextLiteral(*side) && ((other.type.IsNumeric() && !state.sqlite()) || other.type.IsTemporal())) {
    LogicalType type = other.type;
    if (type.IsTemporal() && name == "+") type = TypeId::kInterval;
    ARROW_ASSIGN_OR_RAISE(side, AdaptText(state, std::move(side), type));
  } else if (side->IsConstant() && side->type.IsInteger() && other.type.id() == TypeId::kUHugeInt) {
    if (auto value = ConvertExactly(side->value, other.type)) {
      side = BoundExpr::Constant(std::move(*value), side->position);
    }
  } else if (side->IsConstant() && side->type.IsInteger() && !side->value.is_null() && other.type.IsDecimal()) {
    const int digits = CountDigits(side->value.integer());
    if (digits <= kMaxDecimalDigits) {
      side =
          BoundExpr::Constant(Value::Integer(LogicalType::Decimal(digits, 0), side->value.integer()), side->position);
    }
  }
  return arrow::Status::OK();
}

bool IsArithmetic(std::string_view name) {
  return name.size() == 1 && std::string_view("+-*/%").find(name[0]) != std::string_view::npos;
}

std::string Mismatch(std::string_view what, LogicalType has, LogicalType wants) {
  return fmt::format("{} must be of type {}, not {}", what, wants.ToString(), has.ToString());
}

}  // namespace

std::optional<Value> ConvertExactly(const Value& value, LogicalType to) {
  const LogicalType from = value.type();
  if (from == to) return value;
  if (value.is_null()) return Value::Null(to);
  if (from.IsInteger() && !to.IsAny()) return ConvertInteger(value, to);
  if (to.IsAny()) return ConvertToAny(value);
  if (from.IsDecimal()) return ConvertDecimal(value, to);
  if (from.id() == TypeId::kDate && to.id() == TypeId::kTimestamp) {
    const int128_t micros = value.integer() * kMicrosPerDay;
    const ValueLimits limits = IntegerLimits(to);
    if (micros >= limits.min && micros <= limits.max) return Value::Integer(to, micros);
  }
  return std::nullopt;
}

bool IsUntypedParameter(const BoundExpr& expr) {
  return expr.kind == ExprKind::kParameter && expr.type.id() == TypeId::kNull;
}

void SettleParameter(BindState& state, BoundExpr& expr) {
  if (!IsUntypedParameter(expr) || expr.parameter_index >= state.options.parameter_types.size()) return;
  LogicalType& known = state.parameter_types[expr.parameter_index];
  if (known.id() == TypeId::kNull) known = state.options.parameter_types[expr.parameter_index];
  expr.type = known;
}

arrow::Result<BoundExprPtr> CastTo(BindState& state, BoundExprPtr expr, LogicalType to, bool safe) {
  if (expr->type == to) return expr;
  if (IsUntypedParameter(*expr)) {
    LogicalType& known = state.parameter_types[expr->parameter_index];
    if (known.id() == TypeId::kNull) known = to;
    expr->type = known;
    if (known == to) return expr;
  }
  if (expr->IsConstant()) {
    if (auto value = ConvertExactly(expr->value, to)) return BoundExpr::Constant(std::move(*value), expr->position);
    if (IsTextLiteral(*expr) && !safe && !state.sqlite()) return ParseLiteral(state, std::move(expr), to);
  }
  const int64_t position = expr->position;
  auto cast = state.functions.BindCast(expr->type, to, safe, state.options.dialect);
  if (!cast.ok()) return WithPosition(cast.status(), position);
  std::vector<BoundExprPtr> children;
  children.push_back(std::move(expr));
  return BoundExpr::Function(std::move(cast).ValueUnsafe(), std::move(children), position);
}

arrow::Result<BoundExprPtr> CoerceTo(BindState& state, BoundExprPtr expr, LogicalType to, std::string_view what) {
  if (expr->type == to) return expr;
  const bool literal = IsTextLiteral(*expr) || (expr->IsConstant() && ConvertExactly(expr->value, to).has_value());
  if (!literal && !IsUntypedParameter(*expr) && !ImplicitCastCost(expr->type, to).has_value() && !state.sqlite()) {
    return SqlError(sqlstate::kDatatypeMismatch, Mismatch(what, expr->type, to), expr->position);
  }
  return CastTo(state, std::move(expr), to);
}

namespace {

/// A cast by SQLite's assignment to a column of a type: a text that is a number becomes one, and what does not fit the
/// type is an error where SQLite would keep it as it is.
arrow::Result<BoundExprPtr> AssignDynamic(BindState& state, BoundExprPtr expr, LogicalType to) {
  if (to.IsAny()) {
    if (!IsAnyMember(expr->type) && expr->type.id() != TypeId::kNull) {
      ARROW_ASSIGN_OR_RAISE(expr, CastTo(state, std::move(expr), TypeId::kVarchar));
    }
    return CastTo(state, std::move(expr), to);
  }
  ARROW_ASSIGN_OR_RAISE(expr, CastTo(state, std::move(expr), TypeId::kAny));
  const int64_t position = expr->position;
  // The strict cast is the default dialect's.
  auto cast = state.functions.BindCast(expr->type, to, false, Dialect::kDefault);
  if (!cast.ok()) return WithPosition(cast.status(), position);
  std::vector<BoundExprPtr> children;
  children.push_back(std::move(expr));
  return BoundExpr::Function(std::move(cast).ValueUnsafe(), std::move(children), position);
}

}  // namespace

arrow::Result<BoundExprPtr> AssignTo(BindState& state, BoundExprPtr expr, LogicalType to, std::string_view column) {
  if (expr->type == to) return expr;
  const LogicalType from = expr->type;
  if (to.IsAny() || (state.sqlite() && (from.IsAny() || from.IsString()) && to.IsNumeric() && !to.IsDecimal())) {
    return AssignDynamic(state, std::move(expr), to);
  }
  const bool allowed = IsTextLiteral(*expr) || from.id() == TypeId::kNull || ImplicitCastCost(from, to).has_value() ||
                       (from.IsNumeric() && to.IsNumeric()) || (from.IsNested() && to.IsNested()) ||
                       (from.id() == TypeId::kVarchar && to.IsEnum()) || to.id() == TypeId::kVarchar ||
                       state.sqlite() || (from.IsTimestamp() && to.IsTemporal() && to.id() != TypeId::kInterval);
  if (!allowed) {
    return SqlError(
        sqlstate::kDatatypeMismatch,
        fmt::format("column \"{}\" is of type {} but the value is of type {}", column, to.ToString(), from.ToString()),
        expr->position, "write a CAST");
  }
  return CastTo(state, std::move(expr), to);
}

arrow::Result<BoundExprPtr> ToCondition(BindState& state, BoundExprPtr expr, std::string_view clause) {
  if (expr->type.id() == TypeId::kBoolean) return expr;
  const bool literal = IsTextLiteral(*expr);
  if (expr->type.id() == TypeId::kNull || literal || (state.sqlite() && IsAnyMember(expr->type))) {
    return CastTo(state, std::move(expr), TypeId::kBoolean);
  }
  return SqlError(sqlstate::kDatatypeMismatch,
                  Mismatch(fmt::format("the condition of {}", clause), expr->type, TypeId::kBoolean), expr->position);
}

arrow::Result<LogicalType> UnifiedType(std::span<const BoundExpr* const> exprs, std::string_view what, bool dynamic) {
  LogicalType type;
  bool any_text_literal = false;
  // Literals of text stand for dates and the like in every dialect.
  const auto keeps_type = [&](const BoundExpr& text) {
    return dynamic &&
           std::all_of(
               exprs.begin(), exprs.end(),
               [&](const BoundExpr* other) { return other->type.id() == TypeId::kNull || IsAnyMember(other->type); }) &&
           text.type.IsString();
  };
  for (const BoundExpr* expr : exprs) {
    if (IsTextLiteral(*expr) && !keeps_type(*expr)) {
      any_text_literal = true;
      continue;
    }
    if (expr->type.id() == TypeId::kNull || expr->type == type) continue;
    if (type.id() == TypeId::kNull) {
      type = expr->type;
      continue;
    }
    const auto common = dynamic ? DynamicType(type, expr->type) : CommonType(type, expr->type);
    if (!common.has_value()) {
      return SqlError(
          sqlstate::kDatatypeMismatch,
          fmt::format("{}: types {} and {} have no common type", what, type.ToString(), expr->type.ToString()),
          expr->position);
    }
    type = *common;
  }
  if (type.id() == TypeId::kNull && any_text_literal) return LogicalType(TypeId::kVarchar);
  if (!any_text_literal || !(type.IsInteger() || type.IsDecimal())) return type;
  for (const BoundExpr* expr : exprs) {
    if (IsTextLiteral(*expr)) type = CommonType(type, NumericTypeOfText(expr->value.bytes())).value_or(type);
  }
  return type;
}

namespace {

arrow::Status UnifyAs(BindState& state, std::span<BoundExprPtr* const> exprs, std::string_view what, bool dynamic) {
  std::vector<const BoundExpr*> views;
  views.reserve(exprs.size());
  for (BoundExprPtr* expr : exprs) views.push_back(expr->get());
  ARROW_ASSIGN_OR_RAISE(const LogicalType type, UnifiedType(views, what, dynamic));
  if (type.id() == TypeId::kNull) {
    bool settled = false;
    for (BoundExprPtr* expr : exprs) {
      SettleParameter(state, **expr);
      settled = settled || (*expr)->type.id() != TypeId::kNull;
    }
    return settled ? UnifyAs(state, exprs, what, dynamic) : arrow::Status::OK();
  }
  for (BoundExprPtr* expr : exprs) {
    ARROW_ASSIGN_OR_RAISE(*expr, CastTo(state, std::move(*expr), type));
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Status Unify(BindState& state, std::span<BoundExprPtr* const> exprs, std::string_view what) {
  return UnifyAs(state, exprs, what, state.sqlite());
}

arrow::Status UnifyCompared(BindState& state, std::span<BoundExprPtr* const> exprs, std::string_view what) {
  const bool numbers = std::all_of(exprs.begin(), exprs.end(), [](const BoundExprPtr* expr) {
    return (*expr)->type.IsNumeric() || (*expr)->type.id() == TypeId::kNull;
  });
  return UnifyAs(state, exprs, what, state.sqlite() && !numbers);
}

arrow::Status AdaptForComparison(BindState& state, BoundExprPtr& left, BoundExprPtr& right) {
  if (state.sqlite()) ARROW_RETURN_NOT_OK(AdaptDynamicComparison(state, left, right));
  ARROW_RETURN_NOT_OK(AdaptSide(state, left, *right));
  return AdaptSide(state, right, *left);
}

bool HideTypedText(const BindState& state, std::span<const BoundExprPtr> arguments, std::span<const LogicalType> types,
                   std::span<const Value*> constants) {
  if (state.sqlite()) return false;
  const auto is_typed = [](const BoundExpr& argument) {
    return argument.IsConstant() && !argument.is_literal && argument.type.id() == TypeId::kVarchar;
  };
  bool hides = false;
  for (size_t i = 0; i < arguments.size() && i < types.size(); ++i) {
    hides = hides || (is_typed(*arguments[i]) && !ImplicitCastCost(arguments[i]->type, types[i]).has_value());
  }
  for (size_t i = 0; i < arguments.size() && hides; ++i) {
    if (is_typed(*arguments[i])) constants[i] = nullptr;
  }
  return hides;
}

arrow::Result<BoundExprPtr> MakeFunction(BindState& state, std::string_view name, std::vector<BoundExprPtr> arguments,
                                         int64_t position) {
  if (state.sqlite()) ARROW_RETURN_NOT_OK(AdaptDynamicArguments(state, name, arguments, position));
  if (arguments.size() == 2 && IsArithmetic(name)) {
    ARROW_RETURN_NOT_OK(AdaptForArithmetic(state, name, arguments[0], *arguments[1]));
    ARROW_RETURN_NOT_OK(AdaptForArithmetic(state, name, arguments[1], *arguments[0]));
  }
  constexpr size_t kInlineArguments = 8;
  std::array<LogicalType, kInlineArguments> inline_types;
  std::array<const Value*, kInlineArguments> inline_constants{};
  std::vector<LogicalType> many_types;
  std::vector<const Value*> many_constants;
  std::span<LogicalType> types(inline_types);
  std::span<const Value*> constants(inline_constants);
  if (arguments.size() > kInlineArguments) {
    many_types.resize(arguments.size());
    many_constants.resize(arguments.size());
    types = many_types;
    constants = many_constants;
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    SettleParameter(state, *arguments[i]);
    types[i] = arguments[i]->type;
    constants[i] = arguments[i]->IsConstant() ? &arguments[i]->value : nullptr;
  }
  const BindInput input{types.first(arguments.size()), constants.first(arguments.size()), state.options.dialect};
  auto bound = state.functions.BindScalar(name, input);
  if (bound.ok() && HideTypedText(state, arguments, bound->argument_types, constants)) {
    bound = state.functions.BindScalar(name, input);
  }
  if (!bound.ok()) return WithPosition(bound.status(), position);
  for (size_t i = 0; i < arguments.size() && i < bound->argument_types.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(arguments[i], CastTo(state, std::move(arguments[i]), bound->argument_types[i]));
  }
  return BoundExpr::Function(std::move(bound).ValueUnsafe(), std::move(arguments), position);
}

arrow::Result<BoundExprPtr> MakeComparison(BindState& state, std::string_view op, BoundExprPtr left, BoundExprPtr right,
                                           int64_t position) {
  ARROW_RETURN_NOT_OK(AdaptForComparison(state, left, right));
  std::vector<BoundExprPtr> arguments;
  arguments.reserve(2);
  arguments.push_back(std::move(left));
  arguments.push_back(std::move(right));
  return MakeFunction(state, op, std::move(arguments), position);
}

}  // namespace llkv
