// Values of results as text: directly for the types that results have, by way of a Vector for all others.
#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstring>
#include <string>

#include "base/int128.h"
#include "llkv/session.h"
#include "types/any_arrow_type.h"
#include "types/text_format.h"
#include "types/time_zone.h"
#include "types/uuid.h"
#include "types/value.h"
#include "vector/arrow_bridge.h"
#include "vector/scratch.h"

namespace llkv {

namespace {

template <typename ArrayType>
auto Native(const arrow::Array& column, int64_t row) {
  return static_cast<const ArrayType&>(column).Value(row);
}

/// A decimal of 4, 8 or 16 bytes.
template <typename Unscaled>
uint32_t FormatDecimalOf(const arrow::Array& column, int64_t row, char* text) {
  Unscaled unscaled;
  std::memcpy(&unscaled, static_cast<const arrow::FixedSizeBinaryArray&>(column).GetValue(row), sizeof(unscaled));
  return FormatDecimal(unscaled, static_cast<const arrow::DecimalType&>(*column.type()).scale(), text);
}

/// By unit; 0 where the type has a zone and another unit than microseconds, or one that is not known.
uint32_t FormatTimestampAt(const arrow::Array& column, int64_t row, char* text) {
  const auto& type = static_cast<const arrow::TimestampType&>(*column.type());
  const int64_t value = Native<arrow::TimestampArray>(column, row);
  if (type.timezone().empty()) return FormatTimestampOf(value, 3 * static_cast<int>(type.unit()), text);
  if (type.unit() != arrow::TimeUnit::MICRO) return 0;
  const auto zone = TimeZone::Find(type.timezone());
  return zone.ok() ? FormatTimestampTz(value, *zone, text) : 0;
}

/// The length of the value's text, written to `text`; 0 for types that go by way of a Vector.
uint32_t FormatDirectly(const arrow::Array& column, int64_t row, char* text) {
  switch (column.type_id()) {
    case arrow::Type::INT8:
      return FormatInteger(Native<arrow::Int8Array>(column, row), text);
    case arrow::Type::INT16:
      return FormatInteger(Native<arrow::Int16Array>(column, row), text);
    case arrow::Type::INT32:
      return FormatInteger(Native<arrow::Int32Array>(column, row), text);
    case arrow::Type::INT64:
      return FormatInteger(Native<arrow::Int64Array>(column, row), text);
    case arrow::Type::FLOAT:
      return FormatReal(Native<arrow::FloatArray>(column, row), text);
    case arrow::Type::DOUBLE:
      return FormatDouble(Native<arrow::DoubleArray>(column, row), text);
    case arrow::Type::DECIMAL32:
      return FormatDecimalOf<int32_t>(column, row, text);
    case arrow::Type::DECIMAL64:
      return FormatDecimalOf<int64_t>(column, row, text);
    case arrow::Type::DECIMAL128:
      return FormatDecimalOf<int128_t>(column, row, text);
    case arrow::Type::DATE32:
      return FormatDate(Native<arrow::Date32Array>(column, row), text);
    case arrow::Type::TIMESTAMP:
      return FormatTimestampAt(column, row, text);
    default:
      return 0;
  }
}

/// UUID, JSON and ANY; false for others.
bool AppendExtension(const arrow::ExtensionArray& column, int64_t row, std::string* out) {
  const std::string name = static_cast<const arrow::ExtensionType&>(*column.type()).extension_name();
  const arrow::Array& storage = *column.storage();
  if (name == "arrow.json" && storage.type_id() == arrow::Type::STRING) {
    *out += static_cast<const arrow::StringArray&>(storage).GetView(row);
    return true;
  }
  if (name == kAnyExtensionName && storage.type_id() == arrow::Type::BINARY) {
    const std::string_view value = static_cast<const arrow::BinaryArray&>(storage).GetView(row);
    *out += Value::OfBytes(TypeId::kAny, std::string(value)).ToString();
    return true;
  }
  if (name != "arrow.uuid") return false;
  char text[kMaxTextBytes];
  out->append(text,
              FormatUuid(UuidFromBytes(static_cast<const arrow::FixedSizeBinaryArray&>(storage).GetValue(row)), text));
  return true;
}

/// By way of a Vector: slow, and right for every type that has a SQL type.
void AppendByVector(const arrow::Array& column, int64_t row, std::string* out) {
  const auto slice = column.Slice(row, 1);
  auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("", column.type())}), 1, {slice});
  auto reader = ArrowBatchReader::Make(batch, arrow::default_memory_pool());
  auto value = reader.ok() ? (*reader)->Next() : arrow::Result<Batch>(reader.status());
  if (!value.ok() || value->num_selected() == 0) {
    *out += slice->ToString();
    return;
  }
  *out += GetValue(value->columns[0], value->selection[0]).ToString();
}

}  // namespace

void AppendValueText(const arrow::Array& column, int64_t row, std::string* out) {
  if (column.IsNull(row)) return;
  switch (column.type_id()) {
    case arrow::Type::STRING:
      *out += static_cast<const arrow::StringArray&>(column).GetView(row);
      return;
    case arrow::Type::BOOL:
      *out += Native<arrow::BooleanArray>(column, row) ? "true" : "false";
      return;
    case arrow::Type::EXTENSION:
      if (AppendExtension(static_cast<const arrow::ExtensionArray&>(column), row, out)) return;
      break;
    default:
      break;
  }
  char text[kMaxTextBytes];
  const uint32_t length = FormatDirectly(column, row, text);
  if (length > 0) {
    out->append(text, length);
  } else {
    AppendByVector(column, row, out);
  }
}

}  // namespace llkv
