// See schema_codec.h. Both begin with u8 format version (1), varint id and the name; the rest is in the order of the
// structs' members.
#include "catalog/schema_codec.h"

#include <span>
#include <utility>

#include "base/error.h"
#include "store/type_codec.h"
#include "txn/byte_codec.h"

namespace llkv {

namespace {

constexpr uint8_t kSchemaVersion = 1;
// A table with triggers, which older versions of the program must not write to.
constexpr uint8_t kTriggersVersion = 2;

std::string ToString(const ByteWriter& bytes) {
  return {reinterpret_cast<const char*>(bytes.bytes().data()), bytes.size()};
}

ByteReader MakeReader(std::string_view bytes) {
  return ByteReader(std::span<const uint8_t>(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
}

arrow::Result<uint8_t> ReadVersion(ByteReader& in, uint8_t newest = kSchemaVersion) {
  const uint8_t version = in.U8();
  if (in.ok() && version > newest) {
    return NotSupported("the catalog was written by a newer version of LLKV");
  }
  if (version == 0) in.Fail();
  ARROW_RETURN_NOT_OK(in.Check("a catalog entry"));
  return version;
}

IndexSchema ReadIndex(size_t num_columns, ByteReader& in) {
  IndexSchema index;
  index.id = IndexId(in.Varint());
  index.name = std::string(in.String());
  const uint8_t flags = in.U8();
  index.is_unique = (flags & 1) != 0;
  index.is_constraint = (flags & 2) != 0;
  const uint64_t num_parts = in.Varint();
  if (flags > 3 || num_parts == 0) in.Fail();
  for (uint64_t i = 0; i < num_parts && in.ok(); ++i) {
    IndexColumn column;
    const uint64_t ordinal = in.Varint();
    const uint8_t order = in.U8();
    if (ordinal >= num_columns || order > 3) in.Fail();
    column.ordinal = static_cast<uint32_t>(ordinal);
    column.descending = (order & 1) != 0;
    column.nulls_first = (order & 2) != 0;
    index.columns.push_back(column);
  }
  return index;
}

TriggerSchema ReadTrigger(size_t num_columns, ByteReader& in) {
  TriggerSchema trigger;
  trigger.name = std::string(in.String());
  const uint8_t event = in.U8();
  if (event > static_cast<uint8_t>(TriggerSchema::Event::kDelete)) in.Fail();
  trigger.event = static_cast<TriggerSchema::Event>(event);
  const uint64_t num_ordinals = in.Varint();
  for (uint64_t i = 0; i < num_ordinals && in.ok(); ++i) {
    const uint64_t ordinal = in.Varint();
    if (ordinal >= num_columns) in.Fail();
    trigger.columns.push_back(static_cast<uint32_t>(ordinal));
  }
  trigger.sql = std::string(in.String());
  return trigger;
}

}  // namespace

std::string EncodeTableSchema(const TableSchema& schema) {
  ByteWriter out;
  out.U8(schema.triggers.empty() ? kSchemaVersion : kTriggersVersion);
  out.Varint(schema.id.value);
  out.String(schema.name);
  out.Varint(schema.columns.size());
  for (const ColumnSchema& column : schema.columns) {
    out.Varint(column.field.value);
    out.String(column.name);
    WriteType(column.type, out);
    out.U8(column.not_null ? 1 : 0);
    out.U8(column.default_sql ? 1 : 0);
    if (column.default_sql) out.String(*column.default_sql);
  }
  out.Varint(schema.primary_key.size());
  for (const uint32_t ordinal : schema.primary_key) out.Varint(ordinal);
  out.String(schema.primary_key_name);
  out.Varint(schema.primary_key_index.value);
  out.Varint(schema.indexes.size());
  for (const IndexSchema& index : schema.indexes) {
    out.Varint(index.id.value);
    out.String(index.name);
    out.U8(static_cast<uint8_t>((index.is_unique ? 1 : 0) | (index.is_constraint ? 2 : 0)));
    out.Varint(index.columns.size());
    for (const IndexColumn& column : index.columns) {
      out.Varint(column.ordinal);
      out.U8(static_cast<uint8_t>((column.descending ? 1 : 0) | (column.nulls_first ? 2 : 0)));
    }
  }
  out.Varint(schema.checks.size());
  for (const CheckConstraint& check : schema.checks) {
    out.String(check.name);
    out.String(check.sql);
  }
  if (schema.triggers.empty()) return ToString(out);
  out.Varint(schema.triggers.size());
  for (const TriggerSchema& trigger : schema.triggers) {
    out.String(trigger.name);
    out.U8(static_cast<uint8_t>(trigger.event));
    out.Varint(trigger.columns.size());
    for (const uint32_t ordinal : trigger.columns) out.Varint(ordinal);
    out.String(trigger.sql);
  }
  return ToString(out);
}

std::string EncodeViewSchema(const ViewSchema& schema) {
  ByteWriter out;
  out.U8(kSchemaVersion);
  out.Varint(schema.id.value);
  out.String(schema.name);
  out.String(schema.sql);
  out.Varint(schema.column_names.size());
  for (const std::string& name : schema.column_names) out.String(name);
  return ToString(out);
}

arrow::Result<TableSchema> DecodeTableSchema(std::string_view bytes) {
  ByteReader in = MakeReader(bytes);
  ARROW_ASSIGN_OR_RAISE(const uint8_t version, ReadVersion(in, kTriggersVersion));
  TableSchema schema;
  schema.id = TableId(in.Varint());
  schema.name = std::string(in.String());
  const uint64_t num_columns = in.Varint();
  for (uint64_t i = 0; i < num_columns && in.ok(); ++i) {
    ColumnSchema column;
    column.field = FieldId(in.Varint());
    column.name = std::string(in.String());
    column.type = ReadType(in);
    column.not_null = in.U8() != 0;
    if (in.U8() != 0) column.default_sql = std::string(in.String());
    schema.columns.push_back(std::move(column));
  }
  const uint64_t num_key_columns = in.Varint();
  for (uint64_t i = 0; i < num_key_columns && in.ok(); ++i) {
    const uint64_t ordinal = in.Varint();
    if (ordinal >= schema.columns.size()) in.Fail();
    schema.primary_key.push_back(static_cast<uint32_t>(ordinal));
  }
  schema.primary_key_name = std::string(in.String());
  schema.primary_key_index = IndexId(in.Varint());
  const uint64_t num_indexes = in.Varint();
  for (uint64_t i = 0; i < num_indexes && in.ok(); ++i) {
    schema.indexes.push_back(ReadIndex(schema.columns.size(), in));
  }
  const uint64_t num_checks = in.Varint();
  for (uint64_t i = 0; i < num_checks && in.ok(); ++i) {
    CheckConstraint check;
    check.name = std::string(in.String());
    check.sql = std::string(in.String());
    schema.checks.push_back(std::move(check));
  }
  const uint64_t num_triggers = version >= kTriggersVersion ? in.Varint() : 0;
  for (uint64_t i = 0; i < num_triggers && in.ok(); ++i) {
    schema.triggers.push_back(ReadTrigger(schema.columns.size(), in));
  }
  ARROW_RETURN_NOT_OK(in.Finish("a catalog entry"));
  return schema;
}

arrow::Result<ViewSchema> DecodeViewSchema(std::string_view bytes) {
  ByteReader in = MakeReader(bytes);
  ARROW_RETURN_NOT_OK(ReadVersion(in).status());
  ViewSchema schema;
  schema.id = TableId(in.Varint());
  schema.name = std::string(in.String());
  schema.sql = std::string(in.String());
  const uint64_t num_names = in.Varint();
  for (uint64_t i = 0; i < num_names && in.ok(); ++i) schema.column_names.emplace_back(in.String());
  ARROW_RETURN_NOT_OK(in.Finish("a catalog entry"));
  return schema;
}

std::string EncodeTypeSchema(const TypeSchema& schema) {
  ByteWriter out;
  out.U8(kSchemaVersion);
  out.Varint(schema.id.value);
  out.String(schema.name);
  WriteType(schema.type, out);
  return ToString(out);
}

arrow::Result<TypeSchema> DecodeTypeSchema(std::string_view bytes) {
  ByteReader in = MakeReader(bytes);
  ARROW_RETURN_NOT_OK(ReadVersion(in).status());
  TypeSchema schema;
  schema.id = TableId(in.Varint());
  schema.name = std::string(in.String());
  schema.type = ReadType(in);
  ARROW_RETURN_NOT_OK(in.Finish("a catalog entry"));
  return schema;
}

}  // namespace llkv
