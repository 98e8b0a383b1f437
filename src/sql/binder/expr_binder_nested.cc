// Nested types and their values: type names with parts, [a, b], {'a': x}, MAP {k: v}, ROW(…), x[i], x.field.
#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "functions/nested_functions.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/typing.h"
#include "types/type_info.h"

namespace llkv {
namespace {

arrow::Result<LogicalType> AtPosition(arrow::Result<LogicalType> type, int64_t position) {
  if (!type.ok()) return WithPosition(type.status(), position);
  return type;
}

arrow::Result<LogicalType> ResolveMembers(const BindState& state, const AstTypeName& type) {
  const int64_t position = type.range.position;
  std::vector<LogicalType> types;
  for (const AstTypeName& child : type.children) {
    ARROW_ASSIGN_OR_RAISE(types.emplace_back(), ResolveType(state, child));
  }
  if (type.name == "map") {
    if (types.size() != 2) {
      return SqlError(sqlstate::kInvalidParameter, "MAP takes the types of its keys and its values", position);
    }
    return AtPosition(MakeMapType(types[0], types[1]), position);
  }
  std::vector<TypeField> fields;
  for (size_t i = 0; i < types.size(); ++i) fields.push_back({type.child_names[i].text, types[i]});
  return AtPosition(type.name == "union" ? MakeUnionType(std::move(fields)) : MakeStructType(std::move(fields)),
                    position);
}

arrow::Result<LogicalType> ResolveElement(const BindState& state, const AstTypeName& type) {
  const int64_t position = type.range.position;
  if (!type.children.empty()) return ResolveMembers(state, type);
  if (!type.labels.empty()) return AtPosition(MakeEnumType(type.labels), position);
  if (type.arguments.empty()) {
    if (const TypeSchemaPtr named = state.catalog.FindType(type.name)) return named->type;
  }
  static constexpr std::string_view kNeedParts[] = {"enum", "list", "array", "struct", "row", "map", "union"};
  for (const std::string_view name : kNeedParts) {
    if (type.name == name) {
      return SqlError(sqlstate::kSyntaxError, fmt::format("the type {} needs its parts in parentheses", name),
                      position);
    }
  }
  return TypeFromName(type.name, type.arguments, position);
}

std::string FieldNameOf(const AstExpr& expr, size_t index) {
  const auto* column = expr.TryAs<AstColumnRef>();
  return column != nullptr ? column->parts.back().text : fmt::format("v{}", index + 1);
}

}  // namespace

arrow::Result<LogicalType> ResolveType(const BindState& state, const AstTypeName& type) {
  ARROW_ASSIGN_OR_RAISE(LogicalType resolved, ResolveElement(state, type));
  if (state.sqlite()) {
    if (resolved.IsInteger()) resolved = TypeId::kBigInt;
    if (resolved.IsFloating() || resolved.IsDecimal()) resolved = TypeId::kDouble;
  }
  for (const std::optional<int64_t>& size : type.array_sizes) {
    ARROW_ASSIGN_OR_RAISE(
        resolved, AtPosition(size ? MakeArrayType(resolved, *size) : MakeListType(resolved), type.range.position));
  }
  return resolved;
}

arrow::Result<BoundExprPtr> ExprBinder::BindList(const AstList& list) {
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> values, BindAll(list.values));
  std::vector<BoundExprPtr*> slots;
  for (BoundExprPtr& value : values) slots.push_back(&value);
  ARROW_RETURN_NOT_OK(Unify(state_, slots, "a list"));
  return MakeFunction(state_, "list_value", std::move(values), list.position);
}

arrow::Result<BoundExprPtr> ExprBinder::MakeStruct(std::vector<std::string> names, std::vector<BoundExprPtr> values,
                                                   int64_t position) {
  std::vector<LogicalType> types;
  for (BoundExprPtr& value : values) {
    SettleParameter(state_, *value);
    types.push_back(value->type);
  }
  auto bound = MakeStructPack(std::move(names), types);
  if (!bound.ok()) return WithPosition(bound.status(), position);
  return BoundExpr::Function(std::move(bound).ValueUnsafe(), std::move(values), position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindStruct(const AstStruct& literal) {
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> values, BindAll(literal.values));
  if (!literal.is_map) {
    std::vector<std::string> names;
    for (const AstName& name : literal.names) names.push_back(name.text);
    return MakeStruct(std::move(names), std::move(values), literal.position);
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> keys, BindAll(literal.keys));
  std::vector<BoundExprPtr*> key_slots;
  std::vector<BoundExprPtr*> value_slots;
  for (size_t i = 0; i < keys.size(); ++i) {
    key_slots.push_back(&keys[i]);
    value_slots.push_back(&values[i]);
  }
  ARROW_RETURN_NOT_OK(Unify(state_, key_slots, "the keys of a map"));
  ARROW_RETURN_NOT_OK(Unify(state_, value_slots, "the values of a map"));
  const LogicalType key_type = keys.empty() ? LogicalType() : keys[0]->type;
  const LogicalType value_type = values.empty() ? LogicalType() : values[0]->type;
  auto bound = MakeMapPack(key_type, value_type, keys.size());
  if (!bound.ok()) return WithPosition(bound.status(), literal.position);
  std::vector<BoundExprPtr> children;
  for (size_t i = 0; i < keys.size(); ++i) {
    children.push_back(std::move(keys[i]));
    children.push_back(std::move(values[i]));
  }
  return BoundExpr::Function(std::move(bound).ValueUnsafe(), std::move(children), literal.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindRow(const AstRow& row) {
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> values, BindAll(row.values));
  std::vector<std::string> names(values.size());
  return MakeStruct(std::move(names), std::move(values), row.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindStructPack(const AstFunction& function) {
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> values, BindAll(function.arguments));
  std::vector<std::string> names;
  for (size_t i = 0; i < values.size(); ++i) {
    const bool named = i < function.argument_names.size() && !function.argument_names[i].empty();
    names.push_back(named ? function.argument_names[i].text : FieldNameOf(*function.arguments[i], i));
  }
  return MakeStruct(std::move(names), std::move(values), function.position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindSubscript(const AstSubscript& subscript) {
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr operand, Bind(*subscript.operand));
  const LogicalType type = operand->type;
  if (type.id() == TypeId::kNull && !IsUntypedParameter(*operand)) return operand;
  if (!type.IsNested()) return Refuse(fmt::format("subscripts of {}", type.ToString()), subscript.position);
  std::vector<BoundExprPtr> arguments;
  arguments.push_back(std::move(operand));
  const auto bind_or = [&](const AstExprPtr& expr, int64_t otherwise) -> arrow::Result<BoundExprPtr> {
    if (expr == nullptr) return BoundExpr::Constant(Value::BigInt(otherwise), subscript.position);
    return Bind(*expr);
  };
  if (subscript.is_slice) {
    if (subscript.step != nullptr) return Refuse("a slice with a step", subscript.step->position);
    ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), bind_or(subscript.low, 1));
    ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), bind_or(subscript.high, -1));
    return MakeFunction(state_, "list_slice", std::move(arguments), subscript.position);
  }
  ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), bind_or(subscript.low, 1));
  const char* name = type.id() == TypeId::kMap      ? "map_extract_value"
                     : type.id() == TypeId::kStruct ? "struct_extract"
                                                    : "list_extract";
  return MakeFunction(state_, name, std::move(arguments), subscript.position);
}

arrow::Result<BoundExprPtr> ExprBinder::ExtractField(BoundExprPtr operand, const AstName& field) {
  const int64_t position = field.range.position;
  if (operand->type.id() != TypeId::kStruct) {
    return SqlError(sqlstate::kDatatypeMismatch,
                    fmt::format("{} has no fields: \"{}\"", operand->type.ToString(), field.text), position);
  }
  std::vector<BoundExprPtr> arguments;
  arguments.push_back(std::move(operand));
  arguments.push_back(BoundExpr::Constant(Value::Varchar(field.text), position));
  return MakeFunction(state_, "struct_extract", std::move(arguments), position);
}

arrow::Result<BoundExprPtr> ExprBinder::BindFieldAccess(const AstFieldAccess& access) {
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr operand, Bind(*access.operand));
  return ExtractField(std::move(operand), access.field);
}

arrow::Result<BoundExprPtr> ExprBinder::BindFieldOfColumn(const AstColumnRef& ref, const arrow::Status& otherwise) {
  for (size_t size = ref.parts.size() - 1; size > 0; --size) {
    AstColumnRef column;
    column.range = ref.range;
    column.position = ref.position;
    column.parts.assign(ref.parts.begin(), ref.parts.begin() + static_cast<std::ptrdiff_t>(size));
    const arrow::Result<ResolvedColumn> found = ResolveColumn(context_.scope, column);
    if (!found.ok() || found->depth > 1 || found->column->type.id() != TypeId::kStruct) continue;
    BoundExprPtr expr = MakeColumnRef(*found, ref.position);
    for (size_t i = size; i < ref.parts.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(expr, ExtractField(std::move(expr), ref.parts[i]));
    }
    return expr;
  }
  return otherwise;
}

}  // namespace llkv
