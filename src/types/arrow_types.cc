// SQL types to and from Arrow types: what crosses the public boundary.
#include <arrow/type.h>

#include <array>

#include "base/error.h"
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

using ArrowTypes = std::array<std::shared_ptr<arrow::DataType>, static_cast<size_t>(TypeId::kInterval) + 1>;

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

std::shared_ptr<arrow::DataType> ToStoredArrowType(LogicalType type) {
  if (type.IsEnum() || type.IsNested()) return type.info().stored_arrow_type;
  return ToArrowType(type);
}

namespace {

arrow::Result<std::vector<TypeField>> FieldsFromArrow(const arrow::DataType& type) {
  std::vector<TypeField> fields;
  for (const std::shared_ptr<arrow::Field>& field : type.fields()) {
    ARROW_ASSIGN_OR_RAISE(const LogicalType field_type, FromArrowType(*field->type()));
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

arrow::Result<LogicalType> FromTimestamp(const arrow::DataType& type) {
  if (!static_cast<const arrow::TimestampType&>(type).timezone().empty()) {
    return NotSupported("the Arrow type " + type.ToString() + " is not supported: timestamps with a time zone");
  }
  return LogicalType(TypeId::kTimestamp);
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

}  // namespace llkv
