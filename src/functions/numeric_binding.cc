// Types of the arguments of numeric operators.
#include "functions/numeric_binding.h"

#include "base/error.h"
#include "types/coercion.h"

namespace llkv {

namespace {

// The smallest decimal that an integer argument needs.
LogicalType DecimalForArgument(const BindInput& input, size_t argument) {
  const Value* constant = argument < input.constants.size() ? input.constants[argument] : nullptr;
  if (constant != nullptr && !constant->is_null() && constant->type().IsInteger()) {
    return LogicalType::Decimal(std::min(CountDigits(constant->integer()), kMaxDecimalDigits), 0);
  }
  return DecimalForInteger(input.argument_types[argument]);
}

LogicalType NumericArgument(const BindInput& input, size_t argument) {
  const LogicalType type = input.argument_types[argument];
  if (IsTextLiteral(input, argument)) return TypeId::kNull;
  if (input.dialect == Dialect::kSqlite && type.id() == TypeId::kBoolean) return TypeId::kInteger;
  if (input.dialect == Dialect::kSqlite && type.id() == TypeId::kVarchar) return TypeId::kDouble;
  return type;
}

}  // namespace

arrow::Result<NumericPair> NumericArguments(std::string_view name, const BindInput& input) {
  LogicalType left = NumericArgument(input, 0);
  LogicalType right = NumericArgument(input, 1);
  const bool no_types = left.id() == TypeId::kNull && right.id() == TypeId::kNull;
  if (no_types) {
    const bool text = IsTextLiteral(input, 0) || IsTextLiteral(input, 1);
    left = right = text ? LogicalType(TypeId::kDouble) : LogicalType(TypeId::kInteger);
  }
  if (left.id() == TypeId::kNull) left = right;
  if (right.id() == TypeId::kNull) right = left;
  if (!left.IsNumeric() || !right.IsNumeric()) return NoOverload(name, input.argument_types);
  const bool floating = left.IsFloating() || right.IsFloating();
  if (!floating && (left.IsDecimal() || right.IsDecimal())) {
    NumericPair pair{left, right};
    if (!left.IsDecimal()) pair.left = DecimalForArgument(input, 0);
    if (!right.IsDecimal()) pair.right = DecimalForArgument(input, 1);
    return pair;
  }
  const std::optional<LogicalType> common = CommonType(left, right);
  if (!common) return NoOverload(name, input.argument_types);
  return NumericPair{*common, *common};
}

}  // namespace llkv
