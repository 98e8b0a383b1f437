// Descriptions of the types that an id alone does not name: ENUM, LIST, ARRAY, STRUCT, MAP, UNION. They are interned
// for the whole process: a description is made once, never changes and never goes, so that types are passed by value
// and compared by pointer. Also the stored form of types. Knows no values.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "types/logical_type.h"

namespace llkv {

/// A member of a STRUCT or UNION; LIST and ARRAY have one, MAP two ("key", "value").
struct TypeField {
  std::string name;
  LogicalType type;
};

/// Immutable; any thread. Made by the functions below only.
struct TypeInfo {
  TypeId id = TypeId::kNull;
  std::vector<TypeField> fields;
  /// ENUM, in the order of the values.
  std::vector<std::string> labels;
  /// Numbers of the labels in their bytes' order, for FindLabel.
  std::vector<uint32_t> sorted_labels;
  /// ARRAY: how many values.
  uint32_t size = 0;
  /// 1 more than the deepest field's; plain types have 0.
  int depth = 0;
  /// How many values without a body of their own a NULL takes in Arrow's layout, where arrays are as long for NULLs.
  uint64_t num_slots = 1;
  /// AppendType's bytes.
  std::string encoded;
  /// ToArrowType's and ToStoredArrowType's.
  std::shared_ptr<arrow::DataType> arrow_type;
  std::shared_ptr<arrow::DataType> stored_arrow_type;

  /// The number of an ENUM's label, or nothing.
  std::optional<uint32_t> FindLabel(std::string_view label) const;
  /// The ordinal of a STRUCT's or UNION's field without regard to ASCII case, or nothing.
  std::optional<uint32_t> FindField(std::string_view name) const;
  /// ROW(…) makes a STRUCT whose fields have no names.
  bool IsUnnamed() const { return !fields.empty() && fields[0].name.empty(); }
};

/// Limits that also hold for types from disk.
inline constexpr int kMaxTypeDepth = 64;
inline constexpr size_t kMaxTypeFields = 4096;
inline constexpr size_t kMaxEnumLabels = 65536;
inline constexpr uint32_t kMaxArraySize = 100'000;
inline constexpr uint64_t kMaxTypeSlots = 1'000'000;
inline constexpr size_t kMaxTypeBytes = size_t{1} << 20;

// Errors of all: 22023 for limits that are passed, labels or names that are not different.

arrow::Result<LogicalType> MakeEnumType(std::vector<std::string> labels);
arrow::Result<LogicalType> MakeListType(LogicalType element);
arrow::Result<LogicalType> MakeArrayType(LogicalType element, int64_t size);
/// Names differ without regard to ASCII case, or all are empty.
arrow::Result<LogicalType> MakeStructType(std::vector<TypeField> fields);
arrow::Result<LogicalType> MakeMapType(LogicalType key, LogicalType value);
arrow::Result<LogicalType> MakeUnionType(std::vector<TypeField> members);

/// The element of a LIST or ARRAY.
inline LogicalType ElementType(LogicalType type) { return type.info().fields[0].type; }
inline LogicalType MapKeyType(LogicalType type) { return type.info().fields[0].type; }
inline LogicalType MapValueType(LogicalType type) { return type.info().fields[1].type; }

/// Is `id` in `type`, at any depth?
bool ContainsType(LogicalType type, TypeId id);

/// The same type with VARCHAR for each ENUM: what FromArrowType makes of ToArrowType's.
LogicalType WithTextForEnums(LogicalType type);

/// The SQL spelling of an ENUM or nested type: "INTEGER[3]", "STRUCT(a INTEGER, \"b c\" VARCHAR)".
std::string DescribedTypeToString(LogicalType type);

/// Appends the stored form: u8 id, u8 precision, u8 scale; then for ENUM varint count and strings, LIST its element,
/// ARRAY varint size and its element, STRUCT and UNION varint count and each field's string name and type, MAP key and
/// value. Docs: formats/log.md.
void AppendType(LogicalType type, std::string* out);

/// Reads a type from the front of any bytes and says how many it took; nothing where they are none.
std::optional<LogicalType> DecodeType(std::string_view bytes, size_t* size);

}  // namespace llkv
