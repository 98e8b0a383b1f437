#include "store/column/nested_chunk.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstring>

#include "base/error.h"
#include "base/hash.h"
#include "store/column/chunk_ipc.h"
#include "types/type_info.h"
#include "vector/arrow_column.h"
#include "vector/bitmap.h"

namespace llkv {
namespace {

constexpr int64_t kAlignment = 64;
/// Each level of a type takes two in Arrow where it is a MAP.
constexpr int kMaxArrowDepth = 2 * kMaxTypeDepth + 2;

std::shared_ptr<arrow::Schema> SchemaOf(LogicalType type) {
  return arrow::schema({arrow::field("values", ToStoredArrowType(type))});
}

/// The column's values as a Vector of the rows [first, first + count).
Vector ViewOf(const StringColumn& column, uint32_t first, const uint8_t* validity) {
  Vector vector;
  vector.type = column.type;
  vector.form = VectorForm::kOffsets;
  vector.data = column.offsets + first;
  vector.dictionary = column.bytes;
  vector.validity = validity;
  return vector;
}

arrow::Status Damaged(const arrow::Status& status) {
  if (status.IsOutOfMemory()) return status;
  return Corrupted("a nested chunk is no Arrow data of its type: " + status.message());
}

}  // namespace

arrow::Result<EncodedChunk> EncodeNested(const StringColumn& column, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(StartedChunk started,
                        StartChunk(column.field, column.type, column.validity, column.num_rows, pool));
  if (started.is_finished) return std::move(started.chunk);
  EncodedChunk chunk = std::move(started.chunk);
  const auto builder = ArrowColumnBuilder::Make(column.type, ArrowForm::kStored, pool);
  alignas(64) uint8_t validity[kMaxBatchRows / 8 + 64];
  for (uint32_t first = 0; first < column.num_rows; first += kMaxBatchRows) {
    const uint32_t count = std::min(kMaxBatchRows, column.num_rows - first);
    const uint8_t* bits = nullptr;
    if (column.validity != nullptr) {
      std::memcpy(validity, column.validity + first / 8, (count + 7) / 8);
      bits = validity;
    }
    ARROW_RETURN_NOT_OK(builder->Append(ViewOf(column, first, bits), Selection::All(count), count));
    for (uint32_t row = first; row < first + count; ++row) {
      if (bits != nullptr && !GetBit(bits, row - first)) continue;
      const auto size = static_cast<size_t>(column.offsets[row + 1] - column.offsets[row]);
      chunk.descriptor.statistics.sketch.Add(HashBytes(column.bytes + column.offsets[row], size));
    }
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ArrayData> array, builder->Finish());
  const auto batch = arrow::RecordBatch::Make(SchemaOf(column.type), column.num_rows, {std::move(array)});
  arrow::ipc::IpcWriteOptions options = arrow::ipc::IpcWriteOptions::Defaults();
  options.alignment = kAlignment;
  options.memory_pool = pool;
  options.use_threads = false;
  options.max_recursion_depth = kMaxArrowDepth;
  arrow::ipc::IpcPayload payload;
  ARROW_RETURN_NOT_OK(arrow::ipc::GetRecordBatchPayload(*batch, options, &payload));
  ARROW_ASSIGN_OR_RAISE(auto output, arrow::io::BufferOutputStream::Create(4096, pool));
  int32_t metadata_size = 0;
  ARROW_RETURN_NOT_OK(arrow::ipc::WriteIpcPayload(payload, options, output.get(), &metadata_size));
  // The end-of-stream marker, then room for the last buffer's overread.
  uint8_t trailer[2 * kAlignment] = {};
  ARROW_ASSIGN_OR_RAISE(const int64_t written, output->Tell());
  const int64_t padding = (kAlignment - written % kAlignment) % kAlignment;
  std::memset(trailer + padding, 0xFF, 4);
  ARROW_RETURN_NOT_OK(output->Write(trailer, padding + kAlignment));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> blob, output->Finish());
  chunk.descriptor.encoding = ChunkEncoding::kNested;
  chunk.descriptor.size_bytes = static_cast<uint64_t>(blob->size());
  chunk.pieces = {std::move(blob)};
  return chunk;
}

arrow::Result<std::shared_ptr<arrow::Array>> ReadNestedArray(const ChunkDescriptor& descriptor,
                                                             const std::shared_ptr<arrow::Buffer>& blob) {
  arrow::io::BufferReader input(blob);
  arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  options.max_recursion_depth = kMaxArrowDepth;
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  const arrow::ipc::DictionaryMemo dictionaries;
  auto batch = arrow::ipc::ReadRecordBatch(SchemaOf(descriptor.type), &dictionaries, options, &input);
  if (!batch.ok()) return Damaged(batch.status());
  const arrow::Status status = (*batch)->ValidateFull();
  if (!status.ok()) return Damaged(status);
  if ((*batch)->num_rows() != descriptor.num_rows) return Corrupted("a nested chunk has not its rows");
  return (*batch)->column(0);
}

arrow::Result<NestedChunkValues> ReadNestedChunk(const ChunkDescriptor& descriptor,
                                                 const std::shared_ptr<arrow::Buffer>& blob, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::Array> array, ReadNestedArray(descriptor, blob));
  auto reader = ArrowColumnReader::Make(array->data(), descriptor.type, pool);
  if (!reader.ok()) return Damaged(reader.status());
  const uint32_t num_rows = descriptor.num_rows;
  NestedChunkValues values;
  ARROW_ASSIGN_OR_RAISE(auto offset_buffer, AllocatePadded((uint64_t{num_rows} + 1) * 4 + 64, pool));
  auto* offsets = reinterpret_cast<int32_t*>(offset_buffer->mutable_data());
  ARROW_ASSIGN_OR_RAISE(auto validity, AllocatePadded((uint64_t{num_rows} + 7) / 8 + 64, pool));
  std::memset(validity->mutable_data(), 0, static_cast<size_t>(validity->size()));
  arrow::BufferBuilder bytes(pool);
  uint32_t num_nulls = 0;
  offsets[0] = 0;
  for (uint32_t first = 0; first < num_rows; first += kMaxBatchRows) {
    const uint32_t count = std::min(kMaxBatchRows, num_rows - first);
    Vector piece;
    const arrow::Status status = (*reader)->Read(first, count, &piece);
    if (!status.ok()) return Damaged(status);
    for (uint32_t i = 0; i < count; ++i) {
      if (piece.IsValid(i)) {
        const StringRef& text = piece.values<StringRef>()[i];
        if (bytes.length() + int64_t{text.size} > INT32_MAX) return Corrupted("a nested chunk holds 2 GiB or more");
        ARROW_RETURN_NOT_OK(bytes.Append(text.data, text.size));
        SetBit(validity->mutable_data(), first + i);
      } else {
        ++num_nulls;
      }
      offsets[first + i + 1] = static_cast<int32_t>(bytes.length());
    }
  }
  if (num_nulls != descriptor.statistics.num_nulls) return Corrupted("a chunk's null count is wrong");
  const uint8_t padding[64] = {};
  ARROW_RETURN_NOT_OK(bytes.Append(padding, sizeof(padding)));
  ARROW_ASSIGN_OR_RAISE(values.bytes, bytes.Finish());
  values.offsets = std::move(offset_buffer);
  if (num_nulls != 0) values.validity = std::move(validity);
  return values;
}

}  // namespace llkv
