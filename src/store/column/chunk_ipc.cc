#include "store/column/chunk_ipc.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/message.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstring>

#include "base/error.h"

namespace llkv {
namespace {

constexpr uint64_t kAlignment = 64;
constexpr uint32_t kContinuation = 0xFFFFFFFF;

uint64_t RoundUp(uint64_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

/// The Arrow type of a buffer of physical values inside a blob.
std::shared_ptr<arrow::DataType> ArrowTypeOf(PhysicalType type) {
  switch (type) {
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return arrow::uint8();
    case PhysicalType::kInt8:
      return arrow::int8();
    case PhysicalType::kInt16:
      return arrow::int16();
    case PhysicalType::kInt32:
      return arrow::int32();
    case PhysicalType::kInt64:
      return arrow::int64();
    case PhysicalType::kUInt16:
      return arrow::uint16();
    case PhysicalType::kUInt32:
      return arrow::uint32();
    case PhysicalType::kUInt64:
      return arrow::uint64();
    case PhysicalType::kInt128:
      return arrow::decimal128(38, 0);
    case PhysicalType::kFloat:
      return arrow::float32();
    case PhysicalType::kDouble:
      return arrow::float64();
    case PhysicalType::kString:
      return arrow::binary();
    case PhysicalType::kInterval:
      return arrow::month_day_nano_interval();
  }
  return arrow::null();
}

std::shared_ptr<arrow::DataType> ValueTypeOf(const ChunkDescriptor& descriptor) {
  return descriptor.type == LogicalType(TypeId::kVarchar) ? arrow::utf8() : ArrowTypeOf(descriptor.type.physical());
}

bool HasDictionary(const ChunkDescriptor& descriptor) { return descriptor.encoding == ChunkEncoding::kDictionary; }

std::shared_ptr<arrow::DataType> DataTypeOf(const ChunkDescriptor& descriptor) {
  return descriptor.encoding == ChunkEncoding::kFlat ? ValueTypeOf(descriptor) : ArrowTypeOf(descriptor.storage);
}

const std::shared_ptr<arrow::Buffer>& ZeroBlock() {
  static const std::shared_ptr<arrow::Buffer> block = [] {
    alignas(64) static const uint8_t zeros[kAlignment] = {};
    return std::make_shared<arrow::Buffer>(zeros, static_cast<int64_t>(kAlignment));
  }();
  return block;
}

/// The end-of-stream marker, and room for the last buffer's overread.
const std::shared_ptr<arrow::Buffer>& Trailer() {
  static const std::shared_ptr<arrow::Buffer> trailer = [] {
    alignas(64) static const uint8_t bytes[kAlignment] = {0xFF, 0xFF, 0xFF, 0xFF};
    return std::make_shared<arrow::Buffer>(bytes, static_cast<int64_t>(kAlignment));
  }();
  return trailer;
}

/// Collects pieces and knows where the next one starts.
class BlobBuilder {
 public:
  /// Adds one encapsulated message; ranges[i] is set to the place of body buffer i, in the payload's order.
  arrow::Status AddMessage(const arrow::ipc::IpcPayload& payload, std::span<const ChunkBuffer> order,
                           const ChunkBuffers& buffers, ChunkDescriptor* descriptor) {
    const auto metadata_size = static_cast<uint64_t>(payload.metadata->size());
    const uint64_t prefix_size = RoundUp(8 + metadata_size);
    ARROW_ASSIGN_OR_RAISE(auto prefix, AllocatePadded(prefix_size, arrow::default_memory_pool()));
    uint8_t* out = prefix->mutable_data();
    const auto size_word = static_cast<uint32_t>(prefix_size - 8);
    std::memcpy(out, &kContinuation, 4);
    std::memcpy(out + 4, &size_word, 4);
    std::memcpy(out + 8, payload.metadata->data(), metadata_size);
    Add(std::move(prefix));
    if (payload.body_buffers.size() != order.size()) return InternalError("a chunk's message has unexpected buffers");
    for (size_t i = 0; i < order.size(); ++i) {
      const auto& body = payload.body_buffers[i];
      const auto& exact = buffers.buffers[order[i]];
      const uint64_t length = exact == nullptr ? 0 : static_cast<uint64_t>(exact->size());
      const uint64_t body_length = body == nullptr ? 0 : static_cast<uint64_t>(body->size());
      if (length == 0 && body_length == 0) continue;
      if (body_length < length) return InternalError("a chunk's message has a short buffer");
      descriptor->buffers[order[i]] = {size_, length};
      Add(body);
      const uint64_t padding = RoundUp(size_) - size_;
      if (padding != 0) Add(arrow::SliceBuffer(ZeroBlock(), 0, static_cast<int64_t>(padding)));
    }
    return arrow::Status::OK();
  }

  std::vector<std::shared_ptr<arrow::Buffer>> Finish(ChunkDescriptor* descriptor) {
    Add(Trailer());
    descriptor->size_bytes = size_;
    return std::move(pieces_);
  }

 private:
  void Add(std::shared_ptr<arrow::Buffer> piece) {
    size_ += static_cast<uint64_t>(piece->size());
    pieces_.push_back(std::move(piece));
  }

  std::vector<std::shared_ptr<arrow::Buffer>> pieces_;
  uint64_t size_ = 0;
};

arrow::ipc::IpcWriteOptions WriteOptions() {
  arrow::ipc::IpcWriteOptions options = arrow::ipc::IpcWriteOptions::Defaults();
  options.alignment = static_cast<int32_t>(kAlignment);
  options.use_threads = false;
  return options;
}

bool HasBytes(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::BINARY;
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Buffer>> AllocatePadded(uint64_t size, arrow::MemoryPool* pool) {
  const uint64_t padded = RoundUp(size);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ResizableBuffer> buffer,
                        arrow::AllocateResizableBuffer(static_cast<int64_t>(padded), pool));
  if (padded != 0)
    std::memset(buffer->mutable_data() + (padded - std::min<uint64_t>(padded, kAlignment)), 0,
                std::min<uint64_t>(padded, kAlignment));
  ARROW_RETURN_NOT_OK(buffer->Resize(static_cast<int64_t>(size), /*shrink_to_fit=*/false));
  return buffer;
}

arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> AssembleBlob(ChunkBuffers buffers,
                                                                        ChunkDescriptor* descriptor) {
  const arrow::ipc::IpcWriteOptions options = WriteOptions();
  BlobBuilder builder;
  const auto& parts = buffers.buffers;
  if (HasDictionary(*descriptor)) {
    const auto type = ValueTypeOf(*descriptor);
    const bool has_bytes = HasBytes(*type);
    std::vector<std::shared_ptr<arrow::Buffer>> data = {nullptr, parts[kDictionaryDataBuffer]};
    if (has_bytes) data.push_back(parts[kDictionaryBytesBuffer]);
    const auto array = arrow::MakeArray(arrow::ArrayData::Make(type, descriptor->dictionary_size, std::move(data), 0));
    arrow::ipc::IpcPayload payload;
    ARROW_RETURN_NOT_OK(arrow::ipc::GetDictionaryPayload(0, array, options, &payload));
    static constexpr ChunkBuffer kOrder[] = {kValidityBuffer, kDictionaryDataBuffer, kDictionaryBytesBuffer};
    // The dictionary has no NULLs: its validity slot is empty and must not take the codes'.
    ChunkBuffers dictionary = buffers;
    dictionary.buffers[kValidityBuffer] = nullptr;
    ARROW_RETURN_NOT_OK(
        builder.AddMessage(payload, std::span(kOrder).first(has_bytes ? 3 : 2), dictionary, descriptor));
  }
  const auto type = DataTypeOf(*descriptor);
  const bool has_bytes = HasBytes(*type);
  std::vector<std::shared_ptr<arrow::Buffer>> data = {parts[kValidityBuffer], parts[kDataBuffer]};
  if (has_bytes) data.push_back(parts[kBytesBuffer]);
  const auto array = arrow::ArrayData::Make(type, descriptor->num_rows, std::move(data),
                                            static_cast<int64_t>(descriptor->statistics.num_nulls));
  const auto batch =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("values", type)}), descriptor->num_rows, {array});
  arrow::ipc::IpcPayload payload;
  ARROW_RETURN_NOT_OK(arrow::ipc::GetRecordBatchPayload(*batch, options, &payload));
  static constexpr ChunkBuffer kOrder[] = {kValidityBuffer, kDataBuffer, kBytesBuffer};
  ARROW_RETURN_NOT_OK(builder.AddMessage(payload, std::span(kOrder).first(has_bytes ? 3 : 2), buffers, descriptor));
  return builder.Finish(descriptor);
}

arrow::Result<ChunkArrays> ReadChunkAsArrow(const ChunkDescriptor& descriptor,
                                            const std::shared_ptr<arrow::Buffer>& blob) {
  auto corrupted = [](const arrow::Status& status) {
    return Corrupted("a chunk is no Arrow data: " + status.message());
  };
  // A dictionary batch has the layout of a record batch of one column inside a message of another kind, so the reader
  // is given the schema with a dictionary-encoded field and reads both.
  const auto type = HasDictionary(descriptor) ? arrow::dictionary(DataTypeOf(descriptor), ValueTypeOf(descriptor))
                                              : DataTypeOf(descriptor);
  const auto schema = arrow::schema({arrow::field("values", type)});
  arrow::ipc::IpcWriteOptions write_options = WriteOptions();
  ARROW_ASSIGN_OR_RAISE(auto schema_message, arrow::ipc::SerializeSchema(*schema));
  ARROW_ASSIGN_OR_RAISE(auto stream, arrow::ConcatenateBuffers({schema_message, blob}));
  arrow::io::BufferReader input(stream);
  auto reader = arrow::ipc::RecordBatchStreamReader::Open(&input);
  if (!reader.ok()) return corrupted(reader.status());
  std::shared_ptr<arrow::RecordBatch> batch;
  arrow::Status status = (*reader)->ReadNext(&batch);
  if (status.ok() && batch != nullptr) status = batch->ValidateFull();
  if (!status.ok()) return corrupted(status);
  if (batch == nullptr || batch->num_rows() != descriptor.num_rows) return Corrupted("a chunk has no rows");
  ChunkArrays arrays;
  arrays.values = batch->column(0);
  if (HasDictionary(descriptor)) {
    const auto& array = static_cast<const arrow::DictionaryArray&>(*batch->column(0));
    arrays.values = array.indices();
    arrays.dictionary = array.dictionary();
  }
  return arrays;
}

}  // namespace llkv
