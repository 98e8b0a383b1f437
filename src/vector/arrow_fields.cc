// Fields whose metadata names the SQL type that Arrow's type does not tell.
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include "vector/arrow_bridge.h"

namespace llkv {

std::shared_ptr<arrow::Field> ToArrowField(const std::string& name, LogicalType type) {
  auto field = arrow::field(name, ToArrowType(type));
  switch (type.id()) {
    case TypeId::kHugeInt:
    case TypeId::kUHugeInt:
    case TypeId::kTimeTz:
    case TypeId::kBit:
      return field->WithMetadata(arrow::key_value_metadata({{kSqlTypeKey, type.ToString()}}));
    default:
      return field;
  }
}

arrow::Result<LogicalType> FromArrowField(const arrow::Field& field) {
  ARROW_ASSIGN_OR_RAISE(const LogicalType type, FromArrowType(*field.type()));
  if (field.metadata() == nullptr) return type;
  const auto name = field.metadata()->Get(kSqlTypeKey);
  if (!name.ok()) return type;
  const auto named = TypeFromName(*name, {}, 0);
  return named.ok() && ToArrowType(*named)->Equals(*field.type()) ? *named : type;
}

}  // namespace llkv
