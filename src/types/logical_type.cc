// SQL types: physical layout, names, limits.
#include "types/logical_type.h"

#include <limits>

#include "base/error.h"
#include "types/decimal.h"
#include "types/type_info.h"

namespace llkv {

namespace {

template <typename T>
constexpr ValueLimits LimitsOf() {
  return {static_cast<int128_t>(std::numeric_limits<T>::min()), static_cast<int128_t>(std::numeric_limits<T>::max())};
}

struct TypeName {
  std::string_view name;
  TypeId id;
};

// The first name of a type is how it is printed.
constexpr TypeName kTypeNames[] = {
    {"null", TypeId::kNull},
    {"boolean", TypeId::kBoolean},
    {"tinyint", TypeId::kTinyInt},
    {"smallint", TypeId::kSmallInt},
    {"integer", TypeId::kInteger},
    {"bigint", TypeId::kBigInt},
    {"hugeint", TypeId::kHugeInt},
    {"utinyint", TypeId::kUTinyInt},
    {"usmallint", TypeId::kUSmallInt},
    {"uinteger", TypeId::kUInteger},
    {"ubigint", TypeId::kUBigInt},
    {"real", TypeId::kReal},
    {"double", TypeId::kDouble},
    {"decimal", TypeId::kDecimal},
    {"varchar", TypeId::kVarchar},
    {"blob", TypeId::kBlob},
    {"date", TypeId::kDate},
    {"time", TypeId::kTime},
    {"timestamp", TypeId::kTimestamp},
    {"interval", TypeId::kInterval},
    {"uhugeint", TypeId::kUHugeInt},
    {"timestamptz", TypeId::kTimestampTz},
    {"timestamp_s", TypeId::kTimestampS},
    {"timestamp_ms", TypeId::kTimestampMs},
    {"timestamp_ns", TypeId::kTimestampNs},
    {"timetz", TypeId::kTimeTz},
    {"uuid", TypeId::kUuid},
    {"json", TypeId::kJson},
    {"bit", TypeId::kBit},
    {"bool", TypeId::kBoolean},
    {"logical", TypeId::kBoolean},
    {"int1", TypeId::kTinyInt},
    {"int2", TypeId::kSmallInt},
    {"short", TypeId::kSmallInt},
    {"int", TypeId::kInteger},
    {"int4", TypeId::kInteger},
    {"signed", TypeId::kInteger},
    {"mediumint", TypeId::kInteger},
    {"int8", TypeId::kBigInt},
    {"long", TypeId::kBigInt},
    {"int16", TypeId::kSmallInt},
    {"int32", TypeId::kInteger},
    {"int64", TypeId::kBigInt},
    {"int128", TypeId::kHugeInt},
    {"uint8", TypeId::kUTinyInt},
    {"uint16", TypeId::kUSmallInt},
    {"uint32", TypeId::kUInteger},
    {"uint64", TypeId::kUBigInt},
    {"float4", TypeId::kReal},
    {"float", TypeId::kDouble},
    {"float8", TypeId::kDouble},
    {"double precision", TypeId::kDouble},
    {"numeric", TypeId::kDecimal},
    {"dec", TypeId::kDecimal},
    {"text", TypeId::kVarchar},
    {"string", TypeId::kVarchar},
    {"char", TypeId::kVarchar},
    {"character", TypeId::kVarchar},
    {"bpchar", TypeId::kVarchar},
    {"nchar", TypeId::kVarchar},
    {"nvarchar", TypeId::kVarchar},
    {"char varying", TypeId::kVarchar},
    {"character varying", TypeId::kVarchar},
    {"clob", TypeId::kVarchar},
    {"bytea", TypeId::kBlob},
    {"binary", TypeId::kBlob},
    {"varbinary", TypeId::kBlob},
    {"time without time zone", TypeId::kTime},
    {"datetime", TypeId::kTimestamp},
    {"timestamp_us", TypeId::kTimestamp},
    {"timestamp without time zone", TypeId::kTimestamp},
    {"uint128", TypeId::kUHugeInt},
    {"timestamp with time zone", TypeId::kTimestampTz},
    {"time with time zone", TypeId::kTimeTz},
    {"guid", TypeId::kUuid},
    {"bitstring", TypeId::kBit},
    {"bit varying", TypeId::kBit},
    {"varbit", TypeId::kBit},
};

constexpr std::string_view kKnownButAbsent[] = {
    "jsonb", "varint", "serial", "bigserial", "any",
};

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

arrow::Result<LogicalType> DecimalFromParameters(const std::vector<int64_t>& parameters, int64_t position) {
  if (parameters.empty()) return LogicalType::Decimal(18, 3);
  if (parameters.size() > 2) {
    return SqlError(sqlstate::kInvalidParameter, "DECIMAL takes a precision and a scale", position);
  }
  const int64_t precision = parameters[0];
  const int64_t scale = parameters.size() == 2 ? parameters[1] : 0;
  if (precision < 1 || precision > kMaxDecimalDigits) {
    return SqlError(sqlstate::kInvalidParameter, "the precision of a DECIMAL is 1 to 38", position);
  }
  if (scale < 0 || scale > precision) {
    return SqlError(sqlstate::kInvalidParameter, "the scale of a DECIMAL is 0 to its precision", position);
  }
  return LogicalType::Decimal(static_cast<int>(precision), static_cast<int>(scale));
}

arrow::Result<LogicalType> ApplyParameters(TypeId id, std::string_view name, const std::vector<int64_t>& parameters,
                                           int64_t position) {
  if (id == TypeId::kDecimal) return DecimalFromParameters(parameters, position);
  if (parameters.empty()) return LogicalType(id);
  if (EqualsIgnoringCase(name, "float") && parameters.size() == 1) {
    if (parameters[0] < 1 || parameters[0] > 53) {
      return SqlError(sqlstate::kInvalidParameter, "the precision of a FLOAT is 1 to 53", position);
    }
    return LogicalType(parameters[0] <= 24 ? TypeId::kReal : TypeId::kDouble);
  }
  if (id == TypeId::kVarchar && parameters.size() == 1) {
    if (parameters[0] < 1) return SqlError(sqlstate::kInvalidParameter, "a length is at least 1", position);
    return LogicalType(id);
  }
  const bool fractional_seconds =
      id == TypeId::kTime || id == TypeId::kTimeTz || id == TypeId::kTimestamp || id == TypeId::kTimestampTz;
  if (id == TypeId::kTimestamp && parameters.size() == 1) {
    if (parameters[0] == 0) return LogicalType(TypeId::kTimestampS);
    if (parameters[0] == 3) return LogicalType(TypeId::kTimestampMs);
    if (parameters[0] == 9) return LogicalType(TypeId::kTimestampNs);
  }
  if (fractional_seconds && parameters.size() == 1 && parameters[0] == 6) return LogicalType(id);
  // SQLite and MySQL's display widths change nothing, nor do they claim to.
  if (LogicalType(id).IsInteger() && parameters.size() == 1 && parameters[0] > 0) return LogicalType(id);
  if (fractional_seconds) return NotSupported("times have six fractional digits", position);
  return SqlError(sqlstate::kInvalidParameter, LogicalType(id).ToString() + " takes no such parameters", position);
}

}  // namespace

PhysicalType LogicalType::physical() const {
  switch (id_) {
    case TypeId::kNull:
    case TypeId::kBoolean:
      return PhysicalType::kBool;
    case TypeId::kTinyInt:
      return PhysicalType::kInt8;
    case TypeId::kSmallInt:
      return PhysicalType::kInt16;
    case TypeId::kInteger:
    case TypeId::kDate:
      return PhysicalType::kInt32;
    case TypeId::kBigInt:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
    case TypeId::kTimestampS:
    case TypeId::kTimestampMs:
    case TypeId::kTimestampNs:
    case TypeId::kTimeTz:
      return PhysicalType::kInt64;
    case TypeId::kHugeInt:
    case TypeId::kUHugeInt:
    case TypeId::kUuid:
      return PhysicalType::kInt128;
    case TypeId::kUTinyInt:
      return PhysicalType::kUInt8;
    case TypeId::kUSmallInt:
      return PhysicalType::kUInt16;
    case TypeId::kUInteger:
      return PhysicalType::kUInt32;
    case TypeId::kUBigInt:
      return PhysicalType::kUInt64;
    case TypeId::kReal:
      return PhysicalType::kFloat;
    case TypeId::kDouble:
      return PhysicalType::kDouble;
    case TypeId::kDecimal:
      return precision_ <= 18 ? PhysicalType::kInt64 : PhysicalType::kInt128;
    case TypeId::kVarchar:
    case TypeId::kBlob:
    case TypeId::kJson:
    case TypeId::kBit:
    case TypeId::kAny:
      return PhysicalType::kString;
    case TypeId::kInterval:
      return PhysicalType::kInterval;
    case TypeId::kEnum:
      return info_->labels.size() <= 256 ? PhysicalType::kUInt8 : PhysicalType::kUInt16;
    case TypeId::kList:
    case TypeId::kArray:
    case TypeId::kStruct:
    case TypeId::kMap:
    case TypeId::kUnion:
      return PhysicalType::kString;
  }
  return PhysicalType::kBool;
}

std::string LogicalType::ToString() const {
  if (IsEnum() || IsNested()) return DescribedTypeToString(*this);
  // No name of kTypeNames, as no text makes it a column's type.
  if (IsAny()) return "ANY";
  if (id_ == TypeId::kDecimal) {
    return "DECIMAL(" + std::to_string(precision_) + "," + std::to_string(scale_) + ")";
  }
  for (const TypeName& entry : kTypeNames) {
    if (entry.id != id_) continue;
    std::string name(entry.name);
    for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return name;
  }
  return "?";
}

bool IsPlainTypeId(uint8_t id) {
  const auto type = static_cast<TypeId>(id);
  if (type == TypeId::kDecimal) return false;
  if (type == TypeId::kNull || type == TypeId::kAny) return true;
  for (const TypeName& entry : kTypeNames) {
    if (entry.id == type) return true;
  }
  return false;
}

int PhysicalWidth(PhysicalType type) {
  switch (type) {
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
    case PhysicalType::kUInt8:
      return 1;
    case PhysicalType::kInt16:
    case PhysicalType::kUInt16:
      return 2;
    case PhysicalType::kInt32:
    case PhysicalType::kUInt32:
    case PhysicalType::kFloat:
      return 4;
    case PhysicalType::kInt64:
    case PhysicalType::kUInt64:
    case PhysicalType::kDouble:
      return 8;
    case PhysicalType::kInt128:
    case PhysicalType::kString:
    case PhysicalType::kInterval:
      return 16;
  }
  return 16;
}

bool IsPhysicalInteger(PhysicalType type) { return type >= PhysicalType::kInt8 && type <= PhysicalType::kUInt64; }

ValueLimits IntegerLimits(LogicalType type) {
  if (type.IsDecimal()) {
    const int128_t limit = PowerOfTen(type.precision()) - 1;
    return {-limit, limit};
  }
  if (type.IsEnum()) return {0, static_cast<int128_t>(type.info().labels.size()) - 1};
  switch (type.physical()) {
    case PhysicalType::kBool:
      return {0, 1};
    case PhysicalType::kInt8:
      return LimitsOf<int8_t>();
    case PhysicalType::kInt16:
      return LimitsOf<int16_t>();
    case PhysicalType::kInt32:
      return LimitsOf<int32_t>();
    case PhysicalType::kInt64:
      return LimitsOf<int64_t>();
    case PhysicalType::kUInt8:
      return LimitsOf<uint8_t>();
    case PhysicalType::kUInt16:
      return LimitsOf<uint16_t>();
    case PhysicalType::kUInt32:
      return LimitsOf<uint32_t>();
    case PhysicalType::kUInt64:
      return LimitsOf<uint64_t>();
    default:
      return {kInt128Min, kInt128Max};
  }
}

arrow::Result<LogicalType> TypeFromName(std::string_view name, const std::vector<int64_t>& parameters,
                                        int64_t position) {
  for (const TypeName& entry : kTypeNames) {
    if (EqualsIgnoringCase(name, entry.name)) return ApplyParameters(entry.id, name, parameters, position);
  }
  for (const std::string_view known : kKnownButAbsent) {
    if (EqualsIgnoringCase(name, known)) {
      return NotSupported("the type " + std::string(name) + " is not supported yet", position);
    }
  }
  return SqlError(sqlstate::kUndefinedObject, "there is no type named \"" + std::string(name) + "\"", position);
}

}  // namespace llkv
