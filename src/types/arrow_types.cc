// SQL types to and from Arrow types: what crosses the public boundary.
#include <arrow/extension/json.h>
#include <arrow/extension/uuid.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>

#include <array>

#include "base/error.h"
#include "types/logical_type.h"

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
  }
  return arrow::null();
}

using ArrowTypes = std::array<std::shared_ptr<arrow::DataType>, static_cast<size_t>(TypeId::kBit) + 1>;

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
  return kArrowTypes[static_cast<size_t>(type.id())];
}

namespace {

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
    case arrow::Type::DICTIONARY:
      return FromArrowType(*static_cast<const arrow::DictionaryType&>(type).value_type());
    default:
      return NotSupported("the Arrow type " + type.ToString() + " is not supported");
  }
}

}  // namespace llkv
