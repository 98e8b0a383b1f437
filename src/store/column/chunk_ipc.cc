#include "store/column/chunk_ipc.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstring>
#include <initializer_list>

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
  const TypeId id = descriptor.type.id();
  // As they are held, these are no decimals: any 16 bytes may be there.
  if (id == TypeId::kUHugeInt || id == TypeId::kUuid) return arrow::fixed_size_binary(16);
  return id == TypeId::kVarchar || id == TypeId::kJson ? arrow::utf8() : ArrowTypeOf(descriptor.type.physical());
}

/// Compressed text has its table and blocks where a dictionary would be, and the sizes of its strings for codes.
bool HasDictionary(const ChunkDescriptor& descriptor) {
  return descriptor.encoding == ChunkEncoding::kDictionary || descriptor.encoding == ChunkEncoding::kText;
}

std::shared_ptr<arrow::DataType> DictionaryTypeOf(const ChunkDescriptor& descriptor) {
  return descriptor.encoding == ChunkEncoding::kText ? arrow::binary() : ValueTypeOf(descriptor);
}

std::shared_ptr<arrow::DataType> DataTypeOf(const ChunkDescriptor& descriptor) {
  if (descriptor.encoding == ChunkEncoding::kFlat) return ValueTypeOf(descriptor);
  const bool is_whole = descriptor.storage == descriptor.type.physical();
  const auto stored = is_whole ? ValueTypeOf(descriptor) : ArrowTypeOf(descriptor.storage);
  return descriptor.encoding == ChunkEncoding::kRunEnd ? arrow::run_end_encoded(arrow::int32(), stored) : stored;
}

/// The end-of-stream marker, and room for the last buffer's overread.
const std::shared_ptr<arrow::Buffer>& Trailer() {
  static const std::shared_ptr<arrow::Buffer> trailer = [] {
    alignas(64) static const uint8_t bytes[kAlignment] = {0xFF, 0xFF, 0xFF, 0xFF};
    return std::make_shared<arrow::Buffer>(bytes, static_cast<int64_t>(kAlignment));
  }();
  return trailer;
}

/// A message's metadata, as flatbuffer bytes: a RecordBatch of one column, alone or inside a DictionaryBatch of id 0.
/// Source: Message.fbs of Arrow's columnar format, version 5. Arrow's own writer cannot make it, since it packs buffers
/// at multiples of 8 bytes.
class MessageMetadata {
 public:
  static constexpr uint64_t kMaxBytes = 320;

  /// Of an array, before its children.
  struct Node {
    uint64_t length = 0;
    uint64_t num_nulls = 0;
  };
  struct Column {
    std::span<const Node> nodes;
    std::span<const BufferRange> buffers;  // relative to the body
    uint64_t body_bytes = 0;
  };

  MessageMetadata(bool is_dictionary, const Column& column) {
    // A table lies behind its vtable; both are padded so that 64-bit fields are aligned.
    Put<uint32_t>(0, 16);
    PutVtable(4, {12, 20, 4, 6, 16, 8});
    PutTable(16, 4);
    Put<uint16_t>(20, kVersion5);
    Put<uint8_t>(22, is_dictionary ? kDictionaryBatch : kRecordBatch);
    Put<uint64_t>(24, column.body_bytes);
    uint32_t batch_slot = 32;
    uint32_t position = 36;
    if (is_dictionary) {
      PutVtable(36, {8, 8, 0, 4});
      PutTable(44, 36);
      PutOffset(32, 44);
      batch_slot = 48;
      position = 52;
    }
    PutVtable(position, {10, 20, 8, 4, 16});
    const uint32_t batch = position + 12;
    PutTable(batch, position);
    PutOffset(batch_slot, batch);
    Put<uint64_t>(batch + 8, column.nodes[0].length);
    // Vectors of structs: the number of them lies so that the 64-bit fields behind it are aligned.
    const uint32_t nodes = batch + 20;
    PutOffset(batch + 4, nodes);
    const auto num_nodes = static_cast<uint32_t>(column.nodes.size());
    Put<uint32_t>(nodes, num_nodes);
    for (uint32_t i = 0; i < num_nodes; ++i) {
      Put<uint64_t>(nodes + 4 + i * 16, column.nodes[i].length);
      Put<uint64_t>(nodes + 12 + i * 16, column.nodes[i].num_nulls);
    }
    const uint32_t buffers = nodes + 8 + num_nodes * 16;
    PutOffset(batch + 16, buffers);
    Put<uint32_t>(buffers, static_cast<uint32_t>(column.buffers.size()));
    for (uint32_t i = 0; i < column.buffers.size(); ++i) {
      Put<uint64_t>(buffers + 4 + i * 16, column.buffers[i].offset);
      Put<uint64_t>(buffers + 12 + i * 16, column.buffers[i].length);
    }
    size_ = buffers + 4 + static_cast<uint32_t>(column.buffers.size()) * 16;
  }

  const uint8_t* data() const { return bytes_.data(); }
  uint32_t size() const { return size_; }

 private:
  static constexpr uint16_t kVersion5 = 4;
  static constexpr uint8_t kDictionaryBatch = 2;
  static constexpr uint8_t kRecordBatch = 3;

  template <typename T>
  void Put(uint32_t position, T value) {
    std::memcpy(bytes_.data() + position, &value, sizeof(T));
  }
  void PutVtable(uint32_t position, std::initializer_list<uint16_t> entries) {
    for (const uint16_t entry : entries) {
      Put(position, entry);
      position += 2;
    }
  }
  void PutTable(uint32_t position, uint32_t vtable) { Put<int32_t>(position, static_cast<int32_t>(position - vtable)); }
  void PutOffset(uint32_t position, uint32_t target) { Put<uint32_t>(position, target - position); }

  std::array<uint8_t, kMaxBytes> bytes_{};
  uint32_t size_ = 0;
};

/// Collects pieces and knows where the next one starts.
class BlobBuilder {
 public:
  /// Adds one encapsulated message of the buffers that `order` names, whose places go to the descriptor.
  arrow::Status AddMessage(bool is_dictionary, std::span<const MessageMetadata::Node> nodes,
                           std::span<const ChunkBuffer> order, const ChunkBuffers& buffers,
                           ChunkDescriptor* descriptor) {
    std::vector<BufferRange> ranges;
    uint64_t body_bytes = 0;
    for (const ChunkBuffer index : order) {
      const auto& buffer = buffers.buffers[index];
      ranges.push_back({body_bytes, buffer == nullptr ? 0 : static_cast<uint64_t>(buffer->size())});
      body_bytes += RoundUp(ranges.back().length);
    }
    const MessageMetadata metadata(is_dictionary, {nodes, ranges, body_bytes});
    const uint64_t prefix_size = RoundUp(8 + metadata.size());
    ARROW_ASSIGN_OR_RAISE(auto prefix, AllocatePadded(prefix_size, arrow::default_memory_pool()));
    const auto size_word = static_cast<uint32_t>(prefix_size - 8);
    uint8_t* out = prefix->mutable_data();
    std::memset(out, 0, prefix_size);
    std::memcpy(out, &kContinuation, 4);
    std::memcpy(out + 4, &size_word, 4);
    std::memcpy(out + 8, metadata.data(), metadata.size());
    Add(std::move(prefix));
    const uint64_t body = size_;
    for (size_t i = 0; i < order.size(); ++i) {
      if (ranges[i].length == 0) continue;
      descriptor->buffers[order[i]] = {body + ranges[i].offset, ranges[i].length};
      const auto& buffer = buffers.buffers[order[i]];
      // The rest of the last 64 bytes is the buffer's own zeroed memory.
      Add(std::make_shared<arrow::Buffer>(buffer, 0, static_cast<int64_t>(RoundUp(ranges[i].length))));
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
  using Node = MessageMetadata::Node;
  BlobBuilder builder;
  if (descriptor->encoding == ChunkEncoding::kRunEnd) {
    // The array itself has no buffers; its children, run ends and values, have no NULLs.
    static constexpr ChunkBuffer kOrder[] = {kValidityBuffer, kDictionaryDataBuffer, kValidityBuffer, kDataBuffer};
    const Node nodes[] = {
        {descriptor->num_rows, 0}, {descriptor->dictionary_size, 0}, {descriptor->dictionary_size, 0}};
    ARROW_RETURN_NOT_OK(builder.AddMessage(false, nodes, kOrder, buffers, descriptor));
    return builder.Finish(descriptor);
  }
  if (HasDictionary(*descriptor)) {
    // The dictionary has no NULLs: its validity slot is empty, and the codes' is not its.
    static constexpr ChunkBuffer kOrder[] = {kValidityBuffer, kDictionaryDataBuffer, kDictionaryBytesBuffer};
    ChunkBuffers dictionary = buffers;
    dictionary.buffers[kValidityBuffer] = nullptr;
    const auto order = std::span(kOrder).first(HasBytes(*DictionaryTypeOf(*descriptor)) ? 3 : 2);
    const Node node{descriptor->dictionary_size, 0};
    ARROW_RETURN_NOT_OK(builder.AddMessage(true, std::span(&node, 1), order, dictionary, descriptor));
  }
  static constexpr ChunkBuffer kOrder[] = {kValidityBuffer, kDataBuffer, kBytesBuffer};
  const auto order = std::span(kOrder).first(HasBytes(*DataTypeOf(*descriptor)) ? 3 : 2);
  const Node node{descriptor->num_rows, descriptor->statistics.num_nulls};
  ARROW_RETURN_NOT_OK(builder.AddMessage(false, std::span(&node, 1), order, buffers, descriptor));
  return builder.Finish(descriptor);
}

arrow::Result<ChunkArrays> ReadChunkAsArrow(const ChunkDescriptor& descriptor,
                                            const std::shared_ptr<arrow::Buffer>& blob) {
  auto corrupted = [](const arrow::Status& status) {
    return Corrupted("a chunk is no Arrow data: " + status.message());
  };
  // A dictionary batch has the layout of a record batch of one column inside a message of another kind, so the reader
  // is given the schema with a dictionary-encoded field and reads both.
  const auto type = HasDictionary(descriptor) ? arrow::dictionary(DataTypeOf(descriptor), DictionaryTypeOf(descriptor))
                                              : DataTypeOf(descriptor);
  const auto schema = arrow::schema({arrow::field("values", type)});
  ARROW_ASSIGN_OR_RAISE(auto schema_message, arrow::ipc::SerializeSchema(*schema));
  ARROW_ASSIGN_OR_RAISE(auto stream, arrow::ConcatenateBuffers({schema_message, blob}));
  arrow::io::BufferReader input(stream);
  auto reader = arrow::ipc::RecordBatchStreamReader::Open(&input);
  if (!reader.ok()) return corrupted(reader.status());
  std::shared_ptr<arrow::RecordBatch> batch;
  arrow::Status status = (*reader)->ReadNext(&batch);
  // Sizes of compressed strings are no indexes into the blocks.
  const bool is_text = descriptor.encoding == ChunkEncoding::kText;
  if (status.ok() && batch != nullptr && !is_text) status = batch->ValidateFull();
  if (!status.ok()) return corrupted(status);
  if (batch == nullptr || batch->num_rows() != descriptor.num_rows) return Corrupted("a chunk has not its rows");
  ChunkArrays arrays;
  arrays.values = batch->column(0);
  if (HasDictionary(descriptor)) {
    const auto& array = static_cast<const arrow::DictionaryArray&>(*batch->column(0));
    arrays.values = array.indices();
    arrays.dictionary = array.dictionary();
  }
  if (is_text) {
    for (const auto& array : {arrays.values, arrays.dictionary}) {
      status = array->ValidateFull();
      if (!status.ok()) return corrupted(status);
    }
  }
  return arrays;
}

}  // namespace llkv
