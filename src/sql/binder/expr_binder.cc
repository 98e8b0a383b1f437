// Expressions other than operators, calls and subqueries: dispatch, literals, names, parameters, CASE and CAST.
#include "sql/binder/expr_binder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/int128.h"
#include "sql/binder/typing.h"
#include "sql/parser/printer.h"
#include "types/decimal.h"
#include "types/text_parse.h"

namespace llkv {
namespace {

arrow::Result<Value> IntegerLiteral(const BindState& state, const AstLiteral& literal, bool negative) {
  const std::string& text = literal.text;
  std::optional<int128_t> value;
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    uint64_t bits = 0;
    if (text.size() > 18) {
      return SqlError(sqlstate::kNumericOutOfRange, "a hexadecimal literal has at most 16 digits", literal.position);
    }
    for (char c : text.substr(2)) {
      bits = bits * 16 + static_cast<uint64_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    value = static_cast<int128_t>(static_cast<int64_t>(bits));
    if (negative) value = -*value;
  } else {
    value = ParseInt128(negative ? "-" + text : text);
  }
  if (!value.has_value()) {
    int128_t held = 0;
    if (!state.sqlite() && !negative && ParseUHugeInt(text, &held) == ParseOutcome::kOk) {
      return Value::Integer(TypeId::kUHugeInt, held);
    }
    if (state.sqlite()) {
      double real = 0;
      ParseDouble(text, &real);
      return Value::Double(negative ? -real : real);
    }
    return SqlError(sqlstate::kNumericOutOfRange, fmt::format("integer {} does not fit UHUGEINT", text),
                    literal.position);
  }
  const LogicalType first = state.sqlite() ? TypeId::kBigInt : TypeId::kInteger;
  for (LogicalType type : {first, LogicalType(TypeId::kBigInt)}) {
    const ValueLimits limits = IntegerLimits(type);
    if (*value >= limits.min && *value <= limits.max) return Value::Integer(type, *value);
  }
  return Value::Integer(TypeId::kHugeInt, *value);
}

arrow::Result<Value> DecimalLiteral(const BindState& state, const AstLiteral& literal, bool negative) {
  const std::string& text = literal.text;
  const size_t point = text.find('.');
  size_t first = 0;
  while (first < point && text[first] == '0') ++first;
  const size_t whole = (point == std::string::npos ? text.size() : point) - first;
  const size_t scale = point == std::string::npos ? 0 : text.size() - point - 1;
  const size_t precision = std::max<size_t>(whole + scale, 1);
  if (!state.sqlite() && precision <= kMaxDecimalDigits) {
    int128_t unscaled = 0;
    const LogicalType type = LogicalType::Decimal(static_cast<int>(precision), static_cast<int>(scale));
    if (ParseDecimal(text, type.precision(), type.scale(), &unscaled) == ParseOutcome::kOk) {
      return Value::Integer(type, negative ? -unscaled : unscaled);
    }
  }
  double real = 0;
  const ParseOutcome outcome = ParseDouble(text, &real);
  if (outcome != ParseOutcome::kOk) {
    return WithPosition(ParseError(outcome, text, TypeId::kDouble), literal.position);
  }
  return Value::Double(negative ? -real : real);
}

}  // namespace

arrow::Result<Value> LiteralValue(const BindState& state, const AstLiteral& literal, bool negative) {
  switch (literal.literal) {
    case AstLiteralKind::kNull:
      return Value::Null();
    case AstLiteralKind::kBoolean:
      return Value::Boolean(literal.boolean);
    case AstLiteralKind::kInteger:
      return IntegerLiteral(state, literal, negative);
    case AstLiteralKind::kDecimal:
      return DecimalLiteral(state, literal, negative);
    case AstLiteralKind::kFloat: {
      double real = 0;
      const ParseOutcome outcome = ParseDouble(literal.text, &real);
      if (outcome != ParseOutcome::kOk) {
        return WithPosition(ParseError(outcome, literal.text, TypeId::kDouble), literal.position);
      }
      return Value::Double(negative ? -real : real);
    }
    case AstLiteralKind::kString:
      return Value::Varchar(literal.text);
    case AstLiteralKind::kBlob:
      return Value::Blob(literal.text);
    case AstLiteralKind::kBits:
      return ParseValue(literal.text, TypeId::kBit);
  }
  return InternalError("unknown literal");
}

arrow::Result<BoundExprPtr> ExprBinder::BindCondition(const AstExpr& expr) {
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr bound, Bind(expr));
  return ToCondition(state_, std::move(bound), context_.clause);
}

arrow::Result<BoundExprPtr> ExprBinder::Bind(const AstExpr& expr) {
  if (context_.groups != nullptr && !context_.groups->empty() && !context_.in_aggregate) {
    const std::string text = ToSql(expr);
    for (const SubqueryGroup& group : *context_.groups) {
      if (group.text != text) continue;
      return BoundExpr::Column(group.column.id, group.column.type, group.column.name, expr.position);
    }
  }
  switch (expr.kind) {
    case AstExprKind::kLiteral: {
      ARROW_ASSIGN_OR_RAISE(Value value, LiteralValue(state_, expr.As<AstLiteral>(), false));
      BoundExprPtr literal = BoundExpr::Constant(std::move(value), expr.position);
      literal->is_literal = expr.As<AstLiteral>().literal == AstLiteralKind::kString;
      return literal;
    }
    case AstExprKind::kTypedLiteral: {
      const auto& literal = expr.As<AstTypedLiteral>();
      ARROW_ASSIGN_OR_RAISE(const LogicalType type, ResolveType(state_, literal.type));
      auto value = ParseValue(literal.text, type, state_.options.zone);
      if (!value.ok()) return WithPosition(value.status(), expr.position);
      BoundExprPtr constant = BoundExpr::Constant(std::move(value).ValueUnsafe(), expr.position);
      constant->is_literal = state_.sqlite() && type.id() == TypeId::kVarchar;
      return constant;
    }
    case AstExprKind::kIntervalLiteral:
      return BindIntervalLiteral(expr.As<AstIntervalLiteral>());
    case AstExprKind::kColumnRef:
      return BindColumnRef(expr.As<AstColumnRef>());
    case AstExprKind::kStar:
      return SqlError(sqlstate::kSyntaxError, "* stands only in a select list or as count(*)", expr.position);
    case AstExprKind::kParameter:
      return BindParameter(expr.As<AstParameter>());
    case AstExprKind::kUnary:
      return BindUnary(expr.As<AstUnary>());
    case AstExprKind::kBinary:
      return BindBinary(expr.As<AstBinary>());
    case AstExprKind::kLogical:
      return BindLogical(expr.As<AstLogical>());
    case AstExprKind::kIs:
      return BindIs(expr.As<AstIs>());
    case AstExprKind::kLike:
      return BindLike(expr.As<AstLike>());
    case AstExprKind::kBetween:
      return BindBetween(expr.As<AstBetween>());
    case AstExprKind::kInList:
      return BindInList(expr.As<AstInList>());
    case AstExprKind::kInSubquery:
      return BindInSubquery(expr.As<AstInSubquery>());
    case AstExprKind::kExists:
      return BindExists(expr.As<AstExists>());
    case AstExprKind::kSubquery:
      return BindScalarSubquery(expr.As<AstSubquery>());
    case AstExprKind::kQuantified:
      return BindQuantified(expr.As<AstQuantified>());
    case AstExprKind::kCase:
      return ExprBinder(state_, WithoutSets("CASE")).BindCase(expr.As<AstCase>());
    case AstExprKind::kCast:
      return BindCast(expr.As<AstCast>());
    case AstExprKind::kFunction:
      return BindFunction(expr.As<AstFunction>());
    case AstExprKind::kRow:
      return BindRow(expr.As<AstRow>());
    case AstExprKind::kList:
      return BindList(expr.As<AstList>());
    case AstExprKind::kStruct:
      return BindStruct(expr.As<AstStruct>());
    case AstExprKind::kSubscript:
      return BindSubscript(expr.As<AstSubscript>());
    case AstExprKind::kFieldAccess:
      return BindFieldAccess(expr.As<AstFieldAccess>());
    case AstExprKind::kCollate:
      return Refuse("COLLATE", expr.position);
    case AstExprKind::kAtTimeZone:
      return BindAtTimeZone(expr.As<AstAtTimeZone>());
    case AstExprKind::kDefault:
      return SqlError(sqlstate::kSyntaxError, "DEFAULT stands only as a whole value of INSERT or UPDATE",
                      expr.position);
  }
  return InternalError("unknown expression");
}

arrow::Result<BoundExprPtr> ExprBinder::BindColumnRef(const AstColumnRef& ref) {
  const bool plain = ref.parts.size() == 1;
  if (plain && context_.scope != nullptr) {
    ARROW_ASSIGN_OR_RAISE(const ResolvedColumn found, ResolveInScope(*context_.scope, ref.parts[0]));
    if (found.column != nullptr) return MakeColumnRef(found, ref.position);
  }
  if (plain && context_.aliases != nullptr) {
    for (const SelectAlias& alias : *context_.aliases) {
      if (!SameName(alias.name, ref.parts[0].key)) continue;
      ExprContext inner = context_;
      inner.aliases = nullptr;
      return ExprBinder(state_, inner).Bind(*alias.expr);
    }
  }
  if (context_.scope == nullptr) {
    return SqlError(sqlstate::kUndefinedColumn,
                    fmt::format("columns are not allowed in {}: \"{}\"", context_.clause, ref.parts.back().text),
                    ref.position);
  }
  const arrow::Result<ResolvedColumn> resolved = ResolveColumn(context_.scope, ref);
  if (resolved.ok()) return MakeColumnRef(*resolved, ref.position);
  if (!plain) return BindFieldOfColumn(ref, resolved.status());
  const ResolvedTable table = ResolveTable(context_.scope, ref.parts[0]);
  if (table.scope == nullptr || state_.sqlite()) return resolved.status();
  return BindWholeRow(table, ref.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindRowMarker(const ResolvedTable& table, int64_t position) {
  if (!state_.marks_rows) {
    state_.wants_marked_rows = true;
    return InternalError("rows are not marked");
  }
  for (const ScopeColumn& column : table.scope->columns) {
    if (column.table != table.table || !column.is_marker) continue;
    return MakeColumnRef({&column, table.depth, table.scope}, position);
  }
  // The target of a change is in no outer join.
  return BoundExpr::Constant(Value::Boolean(true), position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindWholeRow(const ResolvedTable& table, int64_t position) {
  std::vector<std::string> names;
  std::vector<BoundExprPtr> values;
  for (const ScopeColumn& column : table.scope->columns) {
    if (column.table != table.table || column.is_marker) continue;
    names.push_back(column.name);
    values.push_back(MakeColumnRef({&column, table.depth, table.scope}, position));
  }
  std::vector<BoundExprPtr> children;
  ARROW_ASSIGN_OR_RAISE(children.emplace_back(), BindRowMarker(table, position));
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr row, MakeStruct(std::move(names), std::move(values), position));
  const LogicalType type = row->type;
  children.push_back(std::move(row));
  children.push_back(BoundExpr::Constant(Value::Null(type), position));
  return MakeCase(state_, std::move(children), position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindParameter(const AstParameter& parameter) {
  if (state_.no_parameters != nullptr) {
    return SqlError(sqlstate::kUndefinedParameter,
                    fmt::format("parameters are not allowed in {}", state_.no_parameters), parameter.position);
  }
  const auto index = static_cast<uint32_t>(parameter.index - 1);
  if (index >= state_.parameter_types.size()) state_.parameter_types.resize(index + 1);
  return BoundExpr::Parameter(index, state_.parameter_types[index], parameter.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindAtTimeZone(const AstAtTimeZone& at) {
  std::vector<BoundExprPtr> arguments;
  ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), Bind(*at.zone));
  ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), Bind(*at.operand));
  return MakeFunction(state_, "timezone", std::move(arguments), at.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindIntervalLiteral(const AstIntervalLiteral& literal) {
  const auto* text = literal.value->TryAs<AstLiteral>();
  const bool is_string = text != nullptr && text->literal == AstLiteralKind::kString;
  if (!is_string && literal.unit.find(' ') != std::string::npos) {
    return Refuse(fmt::format("INTERVAL of no text … {}", literal.unit), literal.position);
  }
  const auto parse = [&](const std::string& value) -> arrow::Result<Interval> {
    Interval interval;
    const ParseOutcome outcome = is_string && !literal.unit.empty()
                                     ? ParseIntervalOf(value, literal.unit, &interval)
                                     : ParseInterval(value, literal.unit.empty() ? "second" : literal.unit, &interval);
    if (outcome != ParseOutcome::kOk) {
      return WithPosition(ParseError(outcome, value, TypeId::kInterval), literal.position);
    }
    return interval;
  };
  if (is_string || (text != nullptr && !text->text.empty())) {
    ARROW_ASSIGN_OR_RAISE(const Interval interval, parse(text->text));
    return BoundExpr::Constant(Value::OfInterval(interval), literal.position);
  }
  ARROW_ASSIGN_OR_RAISE(const Interval unit, parse("1"));
  std::vector<BoundExprPtr> arguments;
  arguments.push_back(BoundExpr::Constant(Value::OfInterval(unit), literal.position));
  ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), Bind(*literal.value));
  return MakeFunction(state_, "*", std::move(arguments), literal.position);
}

arrow::Result<BoundExprPtr> MakeCase(BindState& state, std::vector<BoundExprPtr> children, int64_t position) {
  std::vector<BoundExprPtr*> branches;
  for (size_t i = 1; i < children.size(); i += 2) branches.push_back(&children[i]);
  branches.push_back(&children.back());
  ARROW_RETURN_NOT_OK(Unify(state, branches, "CASE"));
  auto node = std::make_unique<BoundExpr>();
  node->kind = ExprKind::kCase;
  node->type = children.back()->type;
  node->position = position;
  node->children = std::move(children);
  return node;
}

arrow::Result<BoundExprPtr> ExprBinder::BindCase(const AstCase& node) {
  BoundExprPtr operand;
  if (node.operand != nullptr) {
    ARROW_ASSIGN_OR_RAISE(operand, Bind(*node.operand));
    if (operand->IsVolatile() && node.branches.size() > 1) {
      return Refuse("CASE with an operand that differs from call to call", node.operand->position);
    }
  }
  std::vector<BoundExprPtr> children;
  children.reserve(node.branches.size() * 2 + 1);
  for (const AstCaseBranch& branch : node.branches) {
    ARROW_ASSIGN_OR_RAISE(BoundExprPtr when, Bind(*branch.when));
    if (operand != nullptr) {
      ARROW_ASSIGN_OR_RAISE(
          when, MakeComparison(state_, "=", operand->Clone(), std::move(when), branch.when->range.position));
    } else {
      ARROW_ASSIGN_OR_RAISE(when, ToCondition(state_, std::move(when), "CASE WHEN"));
    }
    children.push_back(std::move(when));
    ARROW_ASSIGN_OR_RAISE(BoundExprPtr then, Bind(*branch.then));
    children.push_back(std::move(then));
  }
  if (node.otherwise != nullptr) {
    ARROW_ASSIGN_OR_RAISE(BoundExprPtr otherwise, Bind(*node.otherwise));
    children.push_back(std::move(otherwise));
  } else {
    children.push_back(BoundExpr::Constant(Value::Null(), node.position));
  }
  return MakeCase(state_, std::move(children), node.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindCast(const AstCast& cast) {
  ARROW_ASSIGN_OR_RAISE(const LogicalType type, ResolveType(state_, cast.type));
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr operand, Bind(*cast.operand));
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr result, CastTo(state_, std::move(operand), type, cast.is_try));
  // Text that a cast is written for is of that type. In SQLite's dialect it still goes by what it looks like.
  if (state_.sqlite()) return result;
  result->is_literal = false;
  const bool has_length = type.id() == TypeId::kVarchar && cast.type.arguments.size() == 1;
  if (!has_length) return result;
  std::vector<BoundExprPtr> arguments;
  arguments.push_back(std::move(result));
  arguments.push_back(BoundExpr::Constant(Value::BigInt(cast.type.arguments[0]), cast.position));
  return MakeFunction(state_, "left", std::move(arguments), cast.position);
}

}  // namespace llkv
