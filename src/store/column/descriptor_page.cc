#include "store/column/descriptor_page.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/column/chunk_ipc.h"
#include "types/any_value.h"
#include "types/nested_value.h"
#include "types/type_info.h"

namespace llkv {
namespace {

constexpr char kPageMagic[8] = {'L', 'L', 'K', 'V', 'D', 'S', 'C', 'P'};
constexpr char kListMagic[8] = {'L', 'L', 'K', 'V', 'D', 'S', 'C', 'L'};
constexpr uint32_t kVersion = 1;
constexpr uint64_t kHeaderBytes = 64;
constexpr int kMaxStreams = 2;

/// The first 64 bytes of a page or a list; the Arrow streams follow, each on a 64-byte boundary.
struct PageHeader {
  char magic[8];
  uint32_t version;
  uint32_t num_streams;
  uint64_t stream_bytes[kMaxStreams];
  uint8_t reserved[32];
};
static_assert(sizeof(PageHeader) == kHeaderBytes);

uint64_t RoundUp(uint64_t size) { return (size + 63) / 64 * 64; }

arrow::Status Malformed(const char* what) { return Corrupted(std::string("a descriptor page is malformed: ") + what); }

// Widths stand for storage types on disk: 0 is the type's own, 1, 2 and 4 are unsigned integers, 8 is int64.

uint64_t StorageWidth(const ChunkDescriptor& chunk) {
  const bool is_own = chunk.encoding == ChunkEncoding::kFlat || chunk.encoding == ChunkEncoding::kConstant ||
                      chunk.storage == chunk.type.physical();
  return is_own ? 0 : static_cast<uint64_t>(PhysicalWidth(chunk.storage));
}

bool SetStorageWidth(ChunkDescriptor* chunk, uint64_t width) {
  switch (width) {
    case 0:
      chunk->storage = chunk->type.physical();
      return true;
    case 1:
      chunk->storage = PhysicalType::kUInt8;
      return true;
    case 2:
      chunk->storage = PhysicalType::kUInt16;
      return true;
    case 4:
      chunk->storage = PhysicalType::kUInt32;
      return true;
    case 8:
      chunk->storage = PhysicalType::kInt64;
      return true;
    default:
      return false;
  }
}

uint64_t PackType(LogicalType type) {
  return static_cast<uint64_t>(type.id()) | static_cast<uint64_t>(type.precision()) << 8 |
         static_cast<uint64_t>(type.scale()) << 16;
}

bool UnpackType(uint64_t packed, LogicalType* type) {
  const uint64_t id = packed & 0xFF;
  const auto precision = static_cast<int>((packed >> 8) & 0xFF);
  const auto scale = static_cast<int>((packed >> 16) & 0xFF);
  if (packed >> 24 != 0) return false;
  // The description has been read.
  if (type->IsEnum() || type->IsNested()) return packed == PackType(*type);
  if (static_cast<TypeId>(id) == TypeId::kDecimal) {
    if (precision < 1 || precision > 38 || scale > precision) return false;
    *type = LogicalType::Decimal(precision, scale);
    return true;
  }
  if (!IsPlainTypeId(static_cast<uint8_t>(id))) return false;
  *type = LogicalType(static_cast<TypeId>(id));
  return precision == 0 && scale == 0;
}

template <typename T>
bool SetNumber(T* out, uint64_t value) {
  *out = static_cast<T>(value);
  return value <= std::numeric_limits<T>::max();
}

/// A column of numbers in a page: its name, and how a record gives and takes it. Setting fails for impossible numbers.
template <typename Record>
struct NumberColumn {
  const char* name;
  uint64_t (*get)(const Record&);
  bool (*set)(Record*, uint64_t);
};

template <size_t kIndex>
constexpr NumberColumn<ChunkDescriptor> BufferOffset(const char* name) {
  return {name, [](const ChunkDescriptor& chunk) { return chunk.buffers[kIndex].offset; },
          [](ChunkDescriptor* chunk, uint64_t v) { return SetNumber(&chunk->buffers[kIndex].offset, v); }};
}

template <size_t kIndex>
constexpr NumberColumn<ChunkDescriptor> BufferLength(const char* name) {
  return {name, [](const ChunkDescriptor& chunk) { return chunk.buffers[kIndex].length; },
          [](ChunkDescriptor* chunk, uint64_t v) { return SetNumber(&chunk->buffers[kIndex].length, v); }};
}

// `type` and `encoding` come before `storage_width`, which depends on them.
constexpr NumberColumn<ChunkDescriptor> kChunkColumns[] = {
    {"field", [](const ChunkDescriptor& chunk) { return chunk.field.value; },
     [](ChunkDescriptor* chunk, uint64_t v) { return SetNumber(&chunk->field.value, v); }},
    {"type", [](const ChunkDescriptor& chunk) { return PackType(chunk.type); },
     [](ChunkDescriptor* chunk, uint64_t v) { return UnpackType(v, &chunk->type); }},
    {"encoding", [](const ChunkDescriptor& chunk) { return static_cast<uint64_t>(chunk.encoding); },
     [](ChunkDescriptor* chunk, uint64_t v) {
       chunk->encoding = static_cast<ChunkEncoding>(v);
       return v <= static_cast<uint64_t>(ChunkEncoding::kNested);
     }},
    {"storage_width", StorageWidth, SetStorageWidth},
    {"num_rows", [](const ChunkDescriptor& chunk) { return uint64_t{chunk.num_rows}; },
     [](ChunkDescriptor* chunk, uint64_t v) { return SetNumber(&chunk->num_rows, v); }},
    {"dictionary_size", [](const ChunkDescriptor& chunk) { return uint64_t{chunk.dictionary_size}; },
     [](ChunkDescriptor* chunk, uint64_t v) { return SetNumber(&chunk->dictionary_size, v); }},
    {"base", [](const ChunkDescriptor& chunk) { return static_cast<uint64_t>(chunk.base); },
     [](ChunkDescriptor* chunk, uint64_t v) {
       chunk->base = static_cast<int64_t>(v);
       return true;
     }},
    {"scale", [](const ChunkDescriptor& chunk) { return uint64_t{chunk.scale}; },
     [](ChunkDescriptor* chunk, uint64_t v) { return SetNumber(&chunk->scale, v); }},
    {"key", [](const ChunkDescriptor& chunk) { return chunk.key.value; },
     [](ChunkDescriptor* chunk, uint64_t v) { return SetNumber(&chunk->key.value, v); }},
    {"size_bytes", [](const ChunkDescriptor& chunk) { return chunk.size_bytes; },
     [](ChunkDescriptor* chunk, uint64_t v) { return SetNumber(&chunk->size_bytes, v); }},
    BufferOffset<kValidityBuffer>("validity_offset"),
    BufferLength<kValidityBuffer>("validity_length"),
    BufferOffset<kDataBuffer>("data_offset"),
    BufferLength<kDataBuffer>("data_length"),
    BufferOffset<kBytesBuffer>("bytes_offset"),
    BufferLength<kBytesBuffer>("bytes_length"),
    BufferOffset<kDictionaryDataBuffer>("dictionary_offset"),
    BufferLength<kDictionaryDataBuffer>("dictionary_length"),
    BufferOffset<kDictionaryBytesBuffer>("dictionary_bytes_offset"),
    BufferLength<kDictionaryBytesBuffer>("dictionary_bytes_length"),
    {"num_nulls", [](const ChunkDescriptor& chunk) { return uint64_t{chunk.statistics.num_nulls}; },
     [](ChunkDescriptor* chunk, uint64_t v) { return SetNumber(&chunk->statistics.num_nulls, v); }},
    {"exact_bounds",
     [](const ChunkDescriptor& chunk) {
       return uint64_t{chunk.statistics.min_is_exact} | uint64_t{chunk.statistics.max_is_exact} << 1;
     },
     [](ChunkDescriptor* chunk, uint64_t v) {
       chunk->statistics.min_is_exact = (v & 1) != 0;
       chunk->statistics.max_is_exact = (v & 2) != 0;
       return v < 4;
     }},
};

/// The numbers of a row group; num_columns counts its chunks without that of the row ids.
struct RowGroupRecord {
  RowGroupDescriptor descriptor;
  uint64_t num_columns = 0;
};

constexpr NumberColumn<RowGroupRecord> kRowGroupColumns[] = {
    {"num_rows", [](const RowGroupRecord& record) { return uint64_t{record.descriptor.num_rows}; },
     [](RowGroupRecord* record, uint64_t v) { return SetNumber(&record->descriptor.num_rows, v); }},
    {"first_row_id", [](const RowGroupRecord& record) { return record.descriptor.first_row_id.value; },
     [](RowGroupRecord* record, uint64_t v) { return SetNumber(&record->descriptor.first_row_id.value, v); }},
    {"last_row_id", [](const RowGroupRecord& record) { return record.descriptor.last_row_id.value; },
     [](RowGroupRecord* record, uint64_t v) { return SetNumber(&record->descriptor.last_row_id.value, v); }},
    {"row_ids_are_dense", [](const RowGroupRecord& record) { return uint64_t{record.descriptor.row_ids_are_dense}; },
     [](RowGroupRecord* record, uint64_t v) {
       record->descriptor.row_ids_are_dense = v != 0;
       return v <= 1;
     }},
    {"num_columns", [](const RowGroupRecord& record) { return record.num_columns; },
     [](RowGroupRecord* record, uint64_t v) { return SetNumber(&record->num_columns, v); }},
};

constexpr NumberColumn<DescriptorPageRef> kPageColumns[] = {
    {"key", [](const DescriptorPageRef& page) { return page.key.value; },
     [](DescriptorPageRef* page, uint64_t v) { return SetNumber(&page->key.value, v) && v != 0; }},
    {"num_row_groups", [](const DescriptorPageRef& page) { return uint64_t{page.num_row_groups}; },
     [](DescriptorPageRef* page, uint64_t v) { return SetNumber(&page->num_row_groups, v); }},
    {"num_rows", [](const DescriptorPageRef& page) { return page.num_rows; },
     [](DescriptorPageRef* page, uint64_t v) { return SetNumber(&page->num_rows, v); }},
    {"first_row_id", [](const DescriptorPageRef& page) { return page.first_row_id.value; },
     [](DescriptorPageRef* page, uint64_t v) { return SetNumber(&page->first_row_id.value, v); }},
    {"last_row_id", [](const DescriptorPageRef& page) { return page.last_row_id.value; },
     [](DescriptorPageRef* page, uint64_t v) { return SetNumber(&page->last_row_id.value, v); }},
};

/// The binary columns of a chunk, after the numbers.
constexpr const char* kValueColumns[] = {"min", "max", "constant"};
constexpr const char* kSketchColumn = "distinct_sketch";
/// The stored form of a type that has a description.
constexpr const char* kTypeColumn = "type_description";

template <typename Record, size_t kCount>
arrow::FieldVector NumberFields(const NumberColumn<Record> (&columns)[kCount]) {
  arrow::FieldVector fields;
  for (const auto& column : columns) fields.push_back(arrow::field(column.name, arrow::uint64(), /*nullable=*/false));
  return fields;
}

std::shared_ptr<arrow::Schema> ChunkSchema() {
  arrow::FieldVector fields = NumberFields(kChunkColumns);
  for (const char* name : kValueColumns) fields.push_back(arrow::field(name, arrow::binary()));
  fields.push_back(arrow::field(kSketchColumn, arrow::fixed_size_binary(DistinctSketch::kNumRegisters)));
  fields.push_back(arrow::field(kTypeColumn, arrow::binary()));
  return arrow::schema(std::move(fields));
}

template <typename Record, size_t kCount>
arrow::Status BuildNumbers(const NumberColumn<Record> (&columns)[kCount], std::span<const Record* const> records,
                           arrow::MemoryPool* pool, arrow::ArrayVector* arrays) {
  for (const auto& column : columns) {
    arrow::UInt64Builder builder(pool);
    ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<int64_t>(records.size())));
    for (const Record* record : records) builder.UnsafeAppend(column.get(*record));
    ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
    arrays->push_back(std::move(array));
  }
  return arrow::Status::OK();
}

template <typename Record, size_t kCount>
bool ReadNumbers(const NumberColumn<Record> (&columns)[kCount], const arrow::RecordBatch& batch, int64_t row,
                 Record* record) {
  for (size_t i = 0; i < kCount; ++i) {
    const auto& array = static_cast<const arrow::UInt64Array&>(*batch.column(static_cast<int>(i)));
    if (!columns[i].set(record, array.Value(row))) return false;
  }
  return true;
}

}  // namespace

std::string ValueToBytes(const Value& value) {
  const LogicalType type = value.type();
  if (type.physical() == PhysicalType::kString) return value.bytes();
  std::string bytes;
  auto append = [&](const auto& content) { bytes.assign(reinterpret_cast<const char*>(&content), sizeof(content)); };
  if (type.IsFloating()) {
    append(value.floating());
  } else if (type.id() == TypeId::kInterval) {
    append(value.interval());
  } else {
    append(value.integer());
  }
  return bytes;
}

bool ValueFromBytes(LogicalType type, std::string_view bytes, Value* value) {
  auto load = [&](auto* content) {
    if (bytes.size() != sizeof(*content)) return false;
    std::memcpy(content, bytes.data(), sizeof(*content));
    return true;
  };
  if (type.physical() == PhysicalType::kString) {
    if (type.IsNested() && !IsNestedValue(type, bytes)) return false;
    if (type.IsAny() && !IsAnyValue(bytes)) return false;
    *value = Value::OfBytes(type, std::string(bytes));
    return true;
  }
  if (type.IsFloating()) {
    double content = 0;
    if (!load(&content)) return false;
    *value = Value::Floating(type, content);
    return true;
  }
  if (type.id() == TypeId::kInterval) {
    Interval content;
    if (!load(&content)) return false;
    *value = Value::OfInterval(content);
    return true;
  }
  int128_t content = 0;
  if (!load(&content)) return false;
  if (type.IsEnum() && (content < 0 || content >= static_cast<int128_t>(type.info().labels.size()))) return false;
  *value = Value::Integer(type, content);
  return true;
}

namespace {

arrow::Result<std::shared_ptr<arrow::Buffer>> WriteStream(const std::shared_ptr<arrow::Schema>& schema,
                                                          arrow::ArrayVector arrays, int64_t num_rows,
                                                          arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto output, arrow::io::BufferOutputStream::Create(4096, pool));
  arrow::ipc::IpcWriteOptions options = arrow::ipc::IpcWriteOptions::Defaults();
  options.memory_pool = pool;
  options.use_threads = false;
  ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeStreamWriter(output.get(), schema, options));
  ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*arrow::RecordBatch::Make(schema, num_rows, std::move(arrays))));
  ARROW_RETURN_NOT_OK(writer->Close());
  return output->Finish();
}

arrow::Result<std::shared_ptr<arrow::Buffer>> JoinStreams(const char (&magic)[8],
                                                          std::span<const std::shared_ptr<arrow::Buffer>> streams,
                                                          arrow::MemoryPool* pool) {
  PageHeader header{};
  std::memcpy(header.magic, magic, sizeof(magic));
  header.version = kVersion;
  header.num_streams = static_cast<uint32_t>(streams.size());
  uint64_t size = kHeaderBytes;
  for (size_t i = 0; i < streams.size(); ++i) {
    header.stream_bytes[i] = static_cast<uint64_t>(streams[i]->size());
    size += RoundUp(header.stream_bytes[i]);
  }
  ARROW_ASSIGN_OR_RAISE(auto page, AllocatePadded(size, pool));
  uint8_t* out = page->mutable_data();
  std::memset(out, 0, size);
  std::memcpy(out, &header, sizeof(header));
  uint64_t position = kHeaderBytes;
  for (size_t i = 0; i < streams.size(); ++i) {
    std::memcpy(out + position, streams[i]->data(), header.stream_bytes[i]);
    position += RoundUp(header.stream_bytes[i]);
  }
  return page;
}

/// Reads the only batch of a stream and compares its schema; everything in it has been validated.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> ReadStream(const std::shared_ptr<arrow::Buffer>& bytes,
                                                              const arrow::Schema& schema) {
  arrow::io::BufferReader input(bytes);
  arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  auto reader = arrow::ipc::RecordBatchStreamReader::Open(&input, options);
  if (!reader.ok()) return Malformed("no Arrow stream");
  if (!(*reader)->schema()->Equals(schema, /*check_metadata=*/false)) return Malformed("unexpected schema");
  std::shared_ptr<arrow::RecordBatch> batch;
  if (!(*reader)->ReadNext(&batch).ok() || batch == nullptr) return Malformed("no Arrow batch");
  if (!batch->ValidateFull().ok()) return Malformed("invalid Arrow data");
  for (int i = 0; i < batch->num_columns(); ++i) {
    if (!schema.field(i)->nullable() && batch->column(i)->null_count() != 0) return Malformed("unexpected NULL");
  }
  return batch;
}

arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> SplitStreams(const std::shared_ptr<arrow::Buffer>& bytes,
                                                                        const char (&magic)[8], uint32_t num_streams) {
  if (bytes == nullptr || static_cast<uint64_t>(bytes->size()) < kHeaderBytes) return Malformed("too short");
  PageHeader header;
  std::memcpy(&header, bytes->data(), sizeof(header));
  if (std::memcmp(header.magic, magic, sizeof(magic)) != 0) return Malformed("not a page");
  if (header.version != kVersion) return Corrupted("a descriptor page is of an unknown version");
  if (header.num_streams != num_streams) return Malformed("stream count");
  std::vector<std::shared_ptr<arrow::Buffer>> streams;
  uint64_t position = kHeaderBytes;
  for (uint32_t i = 0; i < num_streams; ++i) {
    const uint64_t size = header.stream_bytes[i];
    const auto total = static_cast<uint64_t>(bytes->size());
    if (position > total || size > total - position) return Malformed("stream size");
    streams.push_back(arrow::SliceBuffer(bytes, static_cast<int64_t>(position), static_cast<int64_t>(size)));
    position += RoundUp(size);
  }
  return streams;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> WriteChunks(std::span<const ChunkDescriptor* const> chunks,
                                                          arrow::MemoryPool* pool) {
  arrow::ArrayVector arrays;
  ARROW_RETURN_NOT_OK(BuildNumbers(kChunkColumns, chunks, pool, &arrays));
  using Get = const Value& (*)(const ChunkDescriptor&);
  constexpr Get kGets[] = {[](const ChunkDescriptor& chunk) -> const Value& { return chunk.statistics.min; },
                           [](const ChunkDescriptor& chunk) -> const Value& { return chunk.statistics.max; },
                           [](const ChunkDescriptor& chunk) -> const Value& { return chunk.constant; }};
  for (const Get get : kGets) {
    arrow::BinaryBuilder builder(pool);
    for (const ChunkDescriptor* chunk : chunks) {
      const Value& value = get(*chunk);
      ARROW_RETURN_NOT_OK(value.is_null() ? builder.AppendNull() : builder.Append(ValueToBytes(value)));
    }
    ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
    arrays.push_back(std::move(array));
  }
  arrow::FixedSizeBinaryBuilder sketches(arrow::fixed_size_binary(DistinctSketch::kNumRegisters), pool);
  for (const ChunkDescriptor* chunk : chunks) {
    const DistinctSketch& sketch = chunk->statistics.sketch;
    ARROW_RETURN_NOT_OK(sketch == DistinctSketch() ? sketches.AppendNull()
                                                   : sketches.Append(sketch.registers().data()));
  }
  ARROW_ASSIGN_OR_RAISE(auto array, sketches.Finish());
  arrays.push_back(std::move(array));
  arrow::BinaryBuilder types(pool);
  for (const ChunkDescriptor* chunk : chunks) {
    const bool described = chunk->type.IsEnum() || chunk->type.IsNested();
    ARROW_RETURN_NOT_OK(described ? types.Append(chunk->type.info().encoded) : types.AppendNull());
  }
  ARROW_ASSIGN_OR_RAISE(array, types.Finish());
  arrays.push_back(std::move(array));
  return WriteStream(ChunkSchema(), std::move(arrays), static_cast<int64_t>(chunks.size()), pool);
}

bool ReadTypeDescription(const arrow::BinaryArray& array, int64_t row, LogicalType* type) {
  if (array.IsNull(row)) return true;
  size_t size = 0;
  const std::optional<LogicalType> described = DecodeType(array.GetView(row), &size);
  if (!described || size != array.GetView(row).size()) return false;
  *type = *described;
  return type->IsEnum() || type->IsNested();
}

bool ReadChunk(const arrow::RecordBatch& batch, int64_t row, ChunkDescriptor* chunk) {
  const auto& types = static_cast<const arrow::BinaryArray&>(*batch.column(batch.num_columns() - 1));
  if (!ReadTypeDescription(types, row, &chunk->type)) return false;
  if (!ReadNumbers(kChunkColumns, batch, row, chunk)) return false;
  Value* const values[] = {&chunk->statistics.min, &chunk->statistics.max, &chunk->constant};
  int column = static_cast<int>(std::size(kChunkColumns));
  for (Value* value : values) {
    const auto& array = static_cast<const arrow::BinaryArray&>(*batch.column(column++));
    *value = Value::Null(chunk->type);
    if (array.IsValid(row) && !ValueFromBytes(chunk->type, array.GetView(row), value)) return false;
  }
  const auto& sketches = static_cast<const arrow::FixedSizeBinaryArray&>(*batch.column(column));
  if (sketches.IsValid(row)) {
    std::memcpy(chunk->statistics.sketch.registers().data(), sketches.GetValue(row), DistinctSketch::kNumRegisters);
    for (uint8_t& rank : chunk->statistics.sketch.registers()) rank = std::min<uint8_t>(rank, 57);
  }
  return true;
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Buffer>> SerializeDescriptorPage(std::span<const RowGroupDescriptor> row_groups,
                                                                      arrow::MemoryPool* pool) {
  std::vector<RowGroupRecord> records(row_groups.size());
  std::vector<const RowGroupRecord*> record_pointers;
  std::vector<const ChunkDescriptor*> chunks;
  for (size_t i = 0; i < row_groups.size(); ++i) {
    const RowGroupDescriptor& row_group = row_groups[i];
    RowGroupDescriptor& numbers = records[i].descriptor;
    numbers.num_rows = row_group.num_rows;
    numbers.first_row_id = row_group.first_row_id;
    numbers.last_row_id = row_group.last_row_id;
    numbers.row_ids_are_dense = row_group.row_ids_are_dense;
    records[i].num_columns = row_group.columns.size();
    record_pointers.push_back(&records[i]);
    for (const ChunkDescriptor& chunk : row_group.columns) chunks.push_back(&chunk);
    if (!row_group.row_ids_are_dense) chunks.push_back(&row_group.row_ids);
  }
  arrow::ArrayVector arrays;
  ARROW_RETURN_NOT_OK(
      BuildNumbers(kRowGroupColumns, std::span<const RowGroupRecord* const>(record_pointers), pool, &arrays));
  std::shared_ptr<arrow::Buffer> streams[kMaxStreams];
  ARROW_ASSIGN_OR_RAISE(streams[0], WriteStream(arrow::schema(NumberFields(kRowGroupColumns)), std::move(arrays),
                                                static_cast<int64_t>(records.size()), pool));
  ARROW_ASSIGN_OR_RAISE(streams[1], WriteChunks(chunks, pool));
  return JoinStreams(kPageMagic, streams, pool);
}

arrow::Result<std::vector<RowGroupDescriptor>> ParseDescriptorPage(const std::shared_ptr<arrow::Buffer>& bytes) {
  ARROW_ASSIGN_OR_RAISE(auto streams, SplitStreams(bytes, kPageMagic, 2));
  ARROW_ASSIGN_OR_RAISE(auto row_groups, ReadStream(streams[0], *arrow::schema(NumberFields(kRowGroupColumns))));
  ARROW_ASSIGN_OR_RAISE(auto chunks, ReadStream(streams[1], *ChunkSchema()));
  std::vector<RowGroupDescriptor> result;
  int64_t next_chunk = 0;
  for (int64_t row = 0; row < row_groups->num_rows(); ++row) {
    RowGroupRecord record;
    if (!ReadNumbers(kRowGroupColumns, *row_groups, row, &record)) return Malformed("row group");
    RowGroupDescriptor& row_group = record.descriptor;
    const auto left = static_cast<uint64_t>(chunks->num_rows() - next_chunk);
    const uint64_t num_row_id_chunks = row_group.row_ids_are_dense ? 0 : 1;
    if (record.num_columns > left || left - record.num_columns < num_row_id_chunks) return Malformed("chunk count");
    row_group.columns.resize(record.num_columns);
    for (ChunkDescriptor& chunk : row_group.columns) {
      if (!ReadChunk(*chunks, next_chunk++, &chunk)) return Malformed("chunk");
    }
    if (num_row_id_chunks == 1 && !ReadChunk(*chunks, next_chunk++, &row_group.row_ids)) return Malformed("chunk");
    ARROW_RETURN_NOT_OK(CheckDescriptor(row_group));
    result.push_back(std::move(row_group));
  }
  if (next_chunk != chunks->num_rows()) return Malformed("chunk count");
  return result;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> SerializeDescriptorPageList(std::span<const DescriptorPageRef> pages,
                                                                          arrow::MemoryPool* pool) {
  std::vector<const DescriptorPageRef*> pointers;
  for (const DescriptorPageRef& page : pages) pointers.push_back(&page);
  arrow::ArrayVector arrays;
  ARROW_RETURN_NOT_OK(BuildNumbers(kPageColumns, std::span<const DescriptorPageRef* const>(pointers), pool, &arrays));
  std::shared_ptr<arrow::Buffer> streams[1];
  ARROW_ASSIGN_OR_RAISE(streams[0], WriteStream(arrow::schema(NumberFields(kPageColumns)), std::move(arrays),
                                                static_cast<int64_t>(pages.size()), pool));
  return JoinStreams(kListMagic, streams, pool);
}

arrow::Result<std::vector<DescriptorPageRef>> ParseDescriptorPageList(const std::shared_ptr<arrow::Buffer>& bytes) {
  ARROW_ASSIGN_OR_RAISE(auto streams, SplitStreams(bytes, kListMagic, 1));
  ARROW_ASSIGN_OR_RAISE(auto batch, ReadStream(streams[0], *arrow::schema(NumberFields(kPageColumns))));
  std::vector<DescriptorPageRef> pages(static_cast<size_t>(batch->num_rows()));
  for (size_t i = 0; i < pages.size(); ++i) {
    if (!ReadNumbers(kPageColumns, *batch, static_cast<int64_t>(i), &pages[i])) return Malformed("page");
  }
  return pages;
}

}  // namespace llkv
