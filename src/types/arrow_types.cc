// SQL types to and from Arrow types: what crosses the public boundary.
#include <arrow/extension/json.h>
#include <arrow/extension/uuid.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <array>

#include "base/error.h"
#include "types/any_arrow_type.h"
#include "types/arrow_output.h"
#include "types/logical_type.h"
#include "types/type_info.h"

namespace llkv {

namespace {

std::shared_ptr<arrow::DataType> MakeArrowType(TypeId id) {
  switch (id) {
    case TypeId::kNull:
      return arrow::null();
    case TypeId::kBoolean:
      return arrow::boolean();
    case TypeId::kTinyInt:
      return arrow::int8();
    case TypeId::kSmallInt:
      return arrow::int16();
    case TypeId::kInteger:
      return arrow::int32();
    case TypeId::kBigInt:
      return arrow::int64();
    case TypeId::kHugeInt:
      return arrow::decimal128(38, 0);
    case TypeId::kUTinyInt:
      return arrow::uint8();
    case TypeId::kUSmallInt:
      return arrow::uint16();
    case TypeId::kUInteger:
      return arrow::uint32();
    case TypeId::kUBigInt:
      return arrow::uint64();
    case TypeId::kReal:
      return arrow::float32();
    case TypeId::kDouble:
      return arrow::float64();
    case TypeId::kDecimal:
      break;  // one a precision and scale
    case TypeId::kVarchar:
      return arrow::utf8();
    case TypeId::kBlob:
      return arrow::binary();
    case TypeId::kDate:
      return arrow::date32();
    case TypeId::kTime:
      return arrow::time64(arrow::TimeUnit::MICRO);
    case TypeId::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case TypeId::kInterval:
      return arrow::month_day_nano_interval();
    case TypeId::kUHugeInt:
      return arrow::decimal128(38, 0);
    case TypeId::kTimestampTz:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case TypeId::kTimestampS:
      return arrow::timestamp(arrow::TimeUnit::SECOND);
    case TypeId::kTimestampMs:
      return arrow::timestamp(arrow::TimeUnit::MILLI);
    case TypeId::kTimestampNs:
      return arrow::timestamp(arrow::TimeUnit::NANO);
    case TypeId::kTimeTz:
      return arrow::utf8();  // Arrow has no time of day with a zone
    case TypeId::kUuid:
      return arrow::extension::uuid();
    case TypeId::kJson:
      return arrow::extension::json();
    case TypeId::kBit:
      return arrow::binary();
    case TypeId::kAny:
      return std::make_shared<AnyArrowType>();
    case TypeId::kEnum:
    case TypeId::kList:
    case TypeId::kArray:
    case TypeId::kStruct:
    case TypeId::kMap:
    case TypeId::kUnion:
      break;  // in their descriptions
  }
  return arrow::null();
}

using ArrowTypes = std::array<std::shared_ptr<arrow::DataType>, static_cast<size_t>(TypeId::kAny) + 1>;

/// Made while the program starts, as are Arrow's own instances behind them: no thread meets them half made, and thread
/// sanitizers, which do not see into Arrow's library, need not be told so.
const ArrowTypes kArrowTypes = [] {
  ArrowTypes types;
  for (size_t id = 0; id < types.size(); ++id) types[id] = MakeArrowType(static_cast<TypeId>(id));
  return types;
}();

}  // namespace

std::shared_ptr<arrow::DataType> ToArrowType(LogicalType type) {
  if (type.id() == TypeId::kDecimal) return arrow::decimal128(type.precision(), type.scale());
  if (type.IsEnum() || type.IsNested()) return type.info().arrow_type;
  return kArrowTypes[static_cast<size_t>(type.id())];
}

namespace {

std::shared_ptr<arrow::DataType> NativeNested(LogicalType type) {
  const TypeInfo& info = type.info();
  arrow::FieldVector fields;
  // Arrow's names, which for some types are not the fields'.
  const std::shared_ptr<arrow::DataType> portable = ToArrowType(type);
  const arrow::FieldVector& named =
      type.id() == TypeId::kMap ? portable->field(0)->type()->fields() : portable->fields();
  for (size_t i = 0; i < info.fields.size(); ++i) {
    fields.push_back(named[i]->WithType(ToArrowType(info.fields[i].type, ArrowOutput::kNative)));
  }
  switch (type.id()) {
    case TypeId::kList:
      return arrow::list(fields[0]);
    case TypeId::kArray:
      return arrow::fixed_size_list(fields[0], static_cast<int32_t>(info.size));
    case TypeId::kMap:
      return std::make_shared<arrow::MapType>(fields[0], fields[1]);
    case TypeId::kUnion:
      return arrow::dense_union(std::move(fields));
    default:
      return arrow::struct_(fields);
  }
}

}  // namespace

std::shared_ptr<arrow::DataType> ToArrowType(LogicalType type, ArrowOutput output) {
  if (output == ArrowOutput::kPortable) return ToArrowType(type);
  if (type.IsNested()) return NativeNested(type);
  if (type.id() == TypeId::kVarchar) return arrow::utf8_view();
  if (!type.IsDecimal()) return ToArrowType(type);
  if (type.precision() <= arrow::Decimal32Type::kMaxPrecision) return arrow::decimal32(type.precision(), type.scale());
  if (type.precision() <= arrow::Decimal64Type::kMaxPrecision) return arrow::decimal64(type.precision(), type.scale());
  return ToArrowType(type);
}

std::shared_ptr<arrow::DataType> ToStoredArrowType(LogicalType type) {
  if (type.IsEnum() || type.IsNested()) return type.info().stored_arrow_type;
  switch (type.id()) {
    case TypeId::kHugeInt:
    case TypeId::kUHugeInt:
    case TypeId::kUuid:
      return arrow::fixed_size_binary(16);
    case TypeId::kTime:
    case TypeId::kTimeTz:
      return arrow::int64();
    case TypeId::kVarchar:
    case TypeId::kJson:
    case TypeId::kAny:
      return arrow::binary();
    default:
      return ToArrowType(type);
  }
}

namespace {

arrow::Result<std::vector<TypeField>> FieldsFromArrow(const arrow::DataType& type) {
  std::vector<TypeField> fields;
  for (const std::shared_ptr<arrow::Field>& field : type.fields()) {
    ARROW_ASSIGN_OR_RAISE(const LogicalType field_type, FromArrowField(*field));
    fields.push_back({field->name(), field_type});
  }
  return fields;
}

arrow::Result<LogicalType> FromNested(const arrow::DataType& type) {
  ARROW_ASSIGN_OR_RAISE(std::vector<TypeField> fields, FieldsFromArrow(type));
  switch (type.id()) {
    case arrow::Type::FIXED_SIZE_LIST:
      return MakeArrayType(fields[0].type, static_cast<const arrow::FixedSizeListType&>(type).list_size());
    case arrow::Type::MAP:
      // One field: a struct of key and value.
      return MakeMapType(fields[0].type.info().fields[0].type, fields[0].type.info().fields[1].type);
    case arrow::Type::STRUCT:
      return MakeStructType(std::move(fields));
    case arrow::Type::DENSE_UNION:
    case arrow::Type::SPARSE_UNION:
      return MakeUnionType(std::move(fields));
    default:
      return MakeListType(fields[0].type);
  }
}

arrow::Result<LogicalType> FromDecimal(const arrow::DataType& type) {
  const auto& decimal = static_cast<const arrow::DecimalType&>(type);
  if (decimal.precision() > 38 || decimal.scale() < 0 || decimal.scale() > decimal.precision()) {
    return NotSupported("the Arrow type " + type.ToString() + " is not supported");
  }
  return LogicalType::Decimal(decimal.precision(), decimal.scale());
}

LogicalType FromTimestamp(const arrow::DataType& type) {
  const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
  if (!timestamp.timezone().empty()) return TypeId::kTimestampTz;
  switch (timestamp.unit()) {
    case arrow::TimeUnit::SECOND:
      return TypeId::kTimestampS;
    case arrow::TimeUnit::MILLI:
      return TypeId::kTimestampMs;
    case arrow::TimeUnit::NANO:
      return TypeId::kTimestampNs;
    case arrow::TimeUnit::MICRO:
      break;
  }
  return TypeId::kTimestamp;
}

arrow::Result<LogicalType> FromExtension(const arrow::DataType& type) {
  const auto& extension = static_cast<const arrow::ExtensionType&>(type);
  const std::string name = extension.extension_name();
  if (name == "arrow.uuid") return LogicalType(TypeId::kUuid);
  // Its text may be of any Arrow text type.
  if (name == "arrow.json") return LogicalType(TypeId::kJson);
  if (name == kAnyExtensionName) return LogicalType(TypeId::kAny);
  return NotSupported("the Arrow type " + type.ToString() + " is not supported");
}

}  // namespace

arrow::Result<LogicalType> FromArrowType(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::NA:
      return LogicalType(TypeId::kNull);
    case arrow::Type::BOOL:
      return LogicalType(TypeId::kBoolean);
    case arrow::Type::INT8:
      return LogicalType(TypeId::kTinyInt);
    case arrow::Type::INT16:
      return LogicalType(TypeId::kSmallInt);
    case arrow::Type::INT32:
      return LogicalType(TypeId::kInteger);
    case arrow::Type::INT64:
      return LogicalType(TypeId::kBigInt);
    case arrow::Type::UINT8:
      return LogicalType(TypeId::kUTinyInt);
    case arrow::Type::UINT16:
      return LogicalType(TypeId::kUSmallInt);
    case arrow::Type::UINT32:
      return LogicalType(TypeId::kUInteger);
    case arrow::Type::UINT64:
      return LogicalType(TypeId::kUBigInt);
    case arrow::Type::FLOAT:
      return LogicalType(TypeId::kReal);
    case arrow::Type::DOUBLE:
      return LogicalType(TypeId::kDouble);
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
      return FromDecimal(type);
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return LogicalType(TypeId::kVarchar);
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::FIXED_SIZE_BINARY:
      return LogicalType(TypeId::kBlob);
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
      return LogicalType(TypeId::kDate);
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
      return LogicalType(TypeId::kTime);
    case arrow::Type::TIMESTAMP:
      return FromTimestamp(type);
    case arrow::Type::INTERVAL_MONTH_DAY_NANO:
      return LogicalType(TypeId::kInterval);
    case arrow::Type::EXTENSION:
      return FromExtension(type);
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
    case arrow::Type::STRUCT:
    case arrow::Type::MAP:
    case arrow::Type::DENSE_UNION:
    case arrow::Type::SPARSE_UNION:
      return FromNested(type);
    case arrow::Type::DICTIONARY:
      return FromArrowType(*static_cast<const arrow::DictionaryType&>(type).value_type());
    default:
      return NotSupported("the Arrow type " + type.ToString() + " is not supported");
  }
}

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

std::shared_ptr<arrow::Field> ToArrowField(const std::string& name, LogicalType type, ArrowOutput output) {
  const std::shared_ptr<arrow::Field> portable = ToArrowField(name, type);
  return output == ArrowOutput::kPortable ? portable : portable->WithType(ToArrowType(type, output));
}

arrow::Result<LogicalType> FromArrowField(const arrow::Field& field) {
  ARROW_ASSIGN_OR_RAISE(const LogicalType type, FromArrowType(*field.type()));
  if (field.metadata() == nullptr) return type;
  // What came from another library, which does not know the extension type and gives what it is stored as.
  const auto extension = field.metadata()->Get("ARROW:extension:name");
  if (extension.ok() && *extension == kAnyExtensionName && field.type()->id() == arrow::Type::BINARY) {
    return LogicalType(TypeId::kAny);
  }
  const auto name = field.metadata()->Get(kSqlTypeKey);
  if (!name.ok()) return type;
  const auto named = TypeFromName(*name, {}, 0);
  return named.ok() && ToArrowType(*named)->Equals(*field.type()) ? *named : type;
}

namespace {

bool IsList(const arrow::DataType& type) {
  const arrow::Type::type id = type.id();
  return id == arrow::Type::LIST || id == arrow::Type::LARGE_LIST || id == arrow::Type::FIXED_SIZE_LIST;
}

/// Whether a nested Arrow type, its children aside, is read as a nested SQL type.
bool HasShapeOf(const arrow::DataType& arrow_type, LogicalType type) {
  switch (type.id()) {
    case TypeId::kList:
      return IsList(arrow_type);
    case TypeId::kArray:
      return arrow_type.id() == arrow::Type::FIXED_SIZE_LIST &&
             static_cast<const arrow::FixedSizeListType&>(arrow_type).list_size() ==
                 static_cast<int32_t>(type.info().size);
    case TypeId::kMap:
      return arrow_type.id() == arrow::Type::MAP;
    case TypeId::kUnion:
      return arrow_type.id() == arrow::Type::DENSE_UNION || arrow_type.id() == arrow::Type::SPARSE_UNION;
    default:
      return arrow_type.id() == arrow::Type::STRUCT;
  }
}

}  // namespace

bool IsReadAs(const arrow::DataType& arrow_type, LogicalType type) {
  if (!type.IsNested()) {
    const arrow::Result<LogicalType> found = FromArrowType(arrow_type);
    if (type.IsEnum()) return found.ok() && found->id() == TypeId::kVarchar;
    if (type.IsAny() && arrow_type.id() == arrow::Type::BINARY) return true;
    return (found.ok() && *found == type) || ToArrowType(type)->Equals(arrow_type);
  }
  if (!HasShapeOf(arrow_type, type)) return false;
  const arrow::FieldVector& children =
      type.id() == TypeId::kMap ? arrow_type.field(0)->type()->fields() : arrow_type.fields();
  const std::vector<TypeField>& fields = type.info().fields;
  if (children.size() != fields.size()) return false;
  const bool named = type.id() == TypeId::kStruct || type.id() == TypeId::kUnion;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (named && children[i]->name() != fields[i].name) return false;
    if (!IsReadAs(*children[i]->type(), fields[i].type)) return false;
  }
  return true;
}

}  // namespace llkv
