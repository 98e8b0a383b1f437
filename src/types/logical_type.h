// SQL types, and the physical types that hold their values inside the executor.
#pragma once

#include <arrow/type_fwd.h>

#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/int128.h"

namespace llkv {

/// The SQL types. The numbers reach disk (catalog, descriptors): never renumber.
enum class TypeId : uint8_t {
  kNull = 0,  // the type of a bare NULL, and of a parameter whose type is not known yet
  kBoolean = 1,
  kTinyInt = 2,
  kSmallInt = 3,
  kInteger = 4,
  kBigInt = 5,
  kHugeInt = 6,
  kUTinyInt = 7,
  kUSmallInt = 8,
  kUInteger = 9,
  kUBigInt = 10,
  kUHugeInt = 11,  // 128 bits, held with the top bit flipped (types/uhugeint.h)
  kReal = 12,
  kDouble = 13,
  kDecimal = 14,
  kVarchar = 15,
  kBlob = 16,
  kDate = 17,         // days since 1970-01-01
  kTime = 18,         // microseconds since midnight
  kTimestamp = 19,    // microseconds since 1970-01-01 00:00:00, no zone
  kInterval = 20,     // months, days, nanoseconds
  kTimestampTz = 21,  // microseconds since 1970-01-01 00:00:00 UTC
  kTimestampS = 22,   // seconds, milliseconds, nanoseconds since 1970-01-01 00:00:00, no zone
  kTimestampMs = 23,
  kTimestampNs = 24,
  kTimeTz = 25,  // types/time_tz.h
  kUuid = 26,    // big-endian 16 bytes as an integer, the top bit flipped (types/uuid.h)
  kJson = 27,    // text
  kBit = 28,     // types/bit_string.h
  kAny = 29,     // SQLite's dynamic value: types/any_value.h
  // Those that type_info.h describes.
  kEnum = 32,    // one of a list of labels
  kList = 33,    // any number of values of one type
  kArray = 34,   // a fixed number of them
  kStruct = 35,  // one value for each named field
  kMap = 36,     // keys to values; keys differ and are not NULL
  kUnion = 37,   // a value of one of several named types
};

struct TypeInfo;

/// How values lie in a flat Vector.
enum class PhysicalType : uint8_t {
  kBool,  // one byte, 0 or 1
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kInt128,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat,
  kDouble,
  kString,    // StringRef (vector/string_ref.h)
  kInterval,  // Interval, 16 bytes
};

/// A SQL type: two words, passed by value.
///
/// DECIMAL(p, s) has 1 <= p <= 38 and 0 <= s <= p; other types have neither. ENUM, LIST, ARRAY, STRUCT, MAP and UNION
/// have an interned description (type_info.h): equal types have the same one, so equality is one of pointers.
class LogicalType {
 public:
  constexpr LogicalType() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a TypeId without parameters is a type.
  constexpr LogicalType(TypeId id) : id_(id) {}
  static constexpr LogicalType Decimal(int precision, int scale) {
    LogicalType type(TypeId::kDecimal);
    type.precision_ = static_cast<uint8_t>(precision);
    type.scale_ = static_cast<uint8_t>(scale);
    return type;
  }

  /// A type with a description; for type_info.h, which makes them.
  static constexpr LogicalType Described(TypeId id, const TypeInfo* info) {
    LogicalType type(id);
    type.info_ = info;
    return type;
  }

  constexpr TypeId id() const { return id_; }
  constexpr int precision() const { return precision_; }
  constexpr int scale() const { return scale_; }
  constexpr bool operator==(const LogicalType&) const = default;

  constexpr bool IsInteger() const { return id_ >= TypeId::kTinyInt && id_ <= TypeId::kUBigInt; }
  constexpr bool IsUnsigned() const { return id_ >= TypeId::kUTinyInt && id_ <= TypeId::kUBigInt; }
  constexpr bool IsFloating() const { return id_ == TypeId::kReal || id_ == TypeId::kDouble; }
  constexpr bool IsDecimal() const { return id_ == TypeId::kDecimal; }
  /// UHUGEINT is numeric but no IsInteger(): its values are not held as the integers that they are.
  constexpr bool IsNumeric() const { return IsInteger() || IsFloating() || IsDecimal() || id_ == TypeId::kUHugeInt; }
  constexpr bool IsString() const { return id_ == TypeId::kVarchar || id_ == TypeId::kBlob; }
  constexpr bool IsTemporal() const { return id_ >= TypeId::kDate && id_ <= TypeId::kTimeTz; }
  /// A point in time of any unit, with or without a zone.
  constexpr bool IsTimestamp() const {
    return id_ == TypeId::kTimestamp || (id_ >= TypeId::kTimestampTz && id_ <= TypeId::kTimestampNs);
  }
  /// Text of it, and what it means in other types, go by the session's time zone.
  constexpr bool IsZoned() const { return id_ == TypeId::kTimestampTz; }

  /// The value has the type: an integer, a real, text or a blob (dialect sqlite).
  constexpr bool IsAny() const { return id_ == TypeId::kAny; }

  constexpr bool IsEnum() const { return id_ == TypeId::kEnum; }
  /// LIST, ARRAY, STRUCT, MAP, UNION: a flat Vector holds their values as bytes (types/nested_value.h).
  constexpr bool IsNested() const { return id_ >= TypeId::kList && id_ <= TypeId::kUnion; }
  /// The description of an ENUM or a nested type; lives as long as the process. For other types, undefined.
  const TypeInfo& info() const { return *info_; }

  /// How a flat Vector holds it: DECIMAL is kInt64 for p <= 18, else kInt128. kNull is kBool. An ENUM is the number of
  /// its label, in one or two bytes.
  PhysicalType physical() const;

  /// SQL spelling, for example "DECIMAL(15,2)".
  std::string ToString() const;

 private:
  TypeId id_ = TypeId::kNull;
  uint8_t precision_ = 0;
  uint8_t scale_ = 0;
  const TypeInfo* info_ = nullptr;
};

/// Is it the number of a type that has no parameters and no description?
bool IsPlainTypeId(uint8_t id);

/// Bytes of one value of a flat Vector: 1 to 16.
int PhysicalWidth(PhysicalType type);

/// True for the signed and unsigned integers of 8 to 128 bits (not kBool).
bool IsPhysicalInteger(PhysicalType type);

/// Least and greatest value.
struct ValueLimits {
  int128_t min;
  int128_t max;
};

/// What a type whose values are integers inside can hold, as they are held: integers, DECIMAL (unscaled), BOOLEAN,
/// dates and times, UUID, ENUM (labels' numbers).
ValueLimits IntegerLimits(LogicalType type);

/// The type of a SQL type name with optional parameters, for example ("decimal", {15, 2}); names are matched without
/// regard to case and include the usual synonyms (int4, text, numeric, double precision, …). Errors: 42704-like
/// undefined type (42704), parameters out of range (22023), a type that is known but cannot run (0A000).
arrow::Result<LogicalType> TypeFromName(std::string_view name, const std::vector<int64_t>& parameters,
                                        int64_t position);

/// The Arrow type at the public boundary: decimal128 for DECIMAL, HUGEINT and UHUGEINT (38, 0), utf8, binary (BLOB,
/// BIT), time64[us], timestamp[us, UTC], arrow.uuid, arrow.json, llkv.any, text for TIMETZ; dictionary(utf8) for ENUM,
/// list, fixed_size_list, struct, map and dense_union for the nested types.
std::shared_ptr<arrow::DataType> ToArrowType(LogicalType type);

/// The same inside nested chunks, where every value that the type has must pass Arrow's validation: ENUM as its codes,
/// HUGEINT and UHUGEINT as the 16 bytes that hold them, UUID as its 16 bytes, TIME and TIMETZ as the int64 that holds
/// them, VARCHAR and JSON as binary.
std::shared_ptr<arrow::DataType> ToStoredArrowType(LogicalType type);

/// The metadata of a field that names the SQL type where Arrow's type does not tell it.
inline constexpr const char* kSqlTypeKey = "llkv.type";

/// A field of ToArrowType(type). HUGEINT, UHUGEINT, TIMETZ and BIT are named in its metadata.
std::shared_ptr<arrow::Field> ToArrowField(const std::string& name, LogicalType type);

/// The SQL type of a field: what its metadata names, where its Arrow type is that one's, else FromArrowType's.
arrow::Result<LogicalType> FromArrowField(const arrow::Field& field);

/// Whether values of an Arrow type at the boundary can be read as those of a SQL type as they are: it is ToArrowType's,
/// another layout of it, text for an ENUM, or a nested type of such, whatever the names of lists' elements are.
bool IsReadAs(const arrow::DataType& arrow_type, LogicalType type);

/// The SQL type that holds values of an Arrow type without loss (string_view and large_utf8 are VARCHAR, dictionaries
/// their values, a timestamp with a zone TIMESTAMPTZ, fields of nested types by FromArrowField, …). Error 0A000 where
/// there is none.
arrow::Result<LogicalType> FromArrowType(const arrow::DataType& type);

}  // namespace llkv
