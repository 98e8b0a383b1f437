// Checks that descriptors do not contradict themselves, so that what uses them needs no checks of its own. Descriptors
// come from disk: anything may be in them.
#include <limits>

#include "base/error.h"
#include "store/column/chunk_encoder.h"
#include "store/column/descriptor_page.h"

namespace llkv {
namespace {

constexpr uint64_t kMaxBlobBytes = uint64_t{1} << 40;

/// What std::variant alternative a type's values have.
bool HasContentOf(const Value& value, LogicalType type) {
  if (value.type() != type) return false;
  if (value.is_null()) return true;
  // Nothing is known of nested values; the constant is NULL.
  if (type.IsNested()) return false;
  if (type.physical() == PhysicalType::kString || type.IsFloating() || type.id() == TypeId::kInterval) return true;
  const ValueLimits limits = IntegerLimits(type);
  return value.integer() >= limits.min && value.integer() <= limits.max;
}

arrow::Status Contradiction(const char* what) {
  return Corrupted(std::string("a chunk's descriptor contradicts itself: ") + what);
}

arrow::Status CheckStatistics(const ChunkDescriptor& chunk) {
  const ChunkStatistics& statistics = chunk.statistics;
  if (statistics.num_nulls > chunk.num_rows) return Contradiction("null count");
  if (!HasContentOf(statistics.min, chunk.type) || !HasContentOf(statistics.max, chunk.type) ||
      !HasContentOf(chunk.constant, chunk.type)) {
    return Contradiction("bounds");
  }
  if (!statistics.min.is_null() && !statistics.max.is_null() && CompareValues(statistics.min, statistics.max) > 0) {
    return Contradiction("bounds");
  }
  return arrow::Status::OK();
}

arrow::Status CheckConstant(const ChunkDescriptor& chunk) {
  const uint32_t num_nulls = chunk.constant.is_null() ? chunk.num_rows : 0;
  if (chunk.statistics.num_nulls != num_nulls || chunk.key.value != 0 || chunk.size_bytes != 0 ||
      chunk.dictionary_size != 0) {
    return Contradiction("constant");
  }
  for (const BufferRange& range : chunk.buffers) {
    if (range != BufferRange()) return Contradiction("constant");
  }
  const ChunkStatistics& statistics = chunk.statistics;
  const bool has_bounds = !statistics.min.is_null() && !statistics.max.is_null();
  if (has_bounds && (chunk.constant.is_null() || CompareValues(statistics.min, chunk.constant) > 0 ||
                     CompareValues(chunk.constant, statistics.max) > 0)) {
    return Contradiction("constant");
  }
  return arrow::Status::OK();
}

/// The bytes that each buffer must have; a string buffer's size is free.
arrow::Status CheckBuffers(const ChunkDescriptor& chunk, uint64_t data_width) {
  const bool is_string = chunk.type.physical() == PhysicalType::kString;
  const bool has_dictionary = chunk.encoding == ChunkEncoding::kDictionary;
  const bool is_flat_string = is_string && chunk.encoding == ChunkEncoding::kFlat;
  const uint64_t rows = chunk.num_rows;
  const uint64_t entries = chunk.dictionary_size;
  std::array<uint64_t, kNumChunkBuffers> expected{};
  expected[kValidityBuffer] = chunk.has_nulls() ? (rows + 7) / 8 : 0;
  expected[kDataBuffer] = (is_flat_string ? rows + 1 : rows) * data_width;
  expected[kBytesBuffer] = is_flat_string ? chunk.buffers[kBytesBuffer].length : 0;
  if (has_dictionary) {
    expected[kDictionaryDataBuffer] =
        is_string ? (entries + 1) * 4 : entries * static_cast<uint64_t>(PhysicalWidth(chunk.type.physical()));
    expected[kDictionaryBytesBuffer] = is_string ? chunk.buffers[kDictionaryBytesBuffer].length : 0;
  } else if (chunk.encoding == ChunkEncoding::kRunEnd) {
    expected[kDataBuffer] = entries * data_width;
    expected[kDictionaryDataBuffer] = entries * 4;
  } else if (chunk.encoding == ChunkEncoding::kText) {
    expected[kDictionaryDataBuffer] = (entries + 1) * 4;
    expected[kDictionaryBytesBuffer] = chunk.buffers[kDictionaryBytesBuffer].length;
  }
  if (chunk.size_bytes < 64 || chunk.size_bytes > kMaxBlobBytes) return Contradiction("size");
  for (int i = 0; i < kNumChunkBuffers; ++i) {
    const BufferRange& range = chunk.buffers[static_cast<size_t>(i)];
    if (range.length != expected[static_cast<size_t>(i)] || range.offset % 64 != 0) return Contradiction("buffers");
    // The last 64 bytes of a blob belong to no buffer.
    if (range.offset > chunk.size_bytes - 64 || range.length > chunk.size_bytes - 64 - range.offset) {
      return Contradiction("buffers");
    }
    if (range.length == 0 && range.offset != 0) return Contradiction("buffers");
  }
  return arrow::Status::OK();
}

bool IsUnsignedUpTo32(PhysicalType type) {
  return type == PhysicalType::kUInt8 || type == PhysicalType::kUInt16 || type == PhysicalType::kUInt32;
}

bool IsNarrowStorage(const ChunkDescriptor& chunk) {
  const PhysicalType physical = chunk.type.physical();
  if (!IsPhysicalInteger(physical)) return false;
  const ValueLimits limits = IntegerLimits(chunk.type);
  if (chunk.base < limits.min || chunk.base > limits.max) return false;
  const int width = PhysicalWidth(physical);
  switch (chunk.storage) {
    case PhysicalType::kUInt8:
    case PhysicalType::kUInt16:
    case PhysicalType::kUInt32:
      return PhysicalWidth(chunk.storage) < width;
    case PhysicalType::kInt64:
      return width == 16 && chunk.base == 0;
    default:
      return false;
  }
}

/// Runs of integers, flat or narrow.
arrow::Status CheckRuns(const ChunkDescriptor& chunk, bool is_integer) {
  if (!is_integer || chunk.has_nulls()) return Contradiction("runs");
  if (chunk.dictionary_size == 0 || chunk.dictionary_size > chunk.num_rows) return Contradiction("runs");
  const bool is_flat = chunk.storage == chunk.type.physical() && chunk.base == 0;
  if (!is_flat && !IsNarrowStorage(chunk)) return Contradiction("storage");
  return CheckBuffers(chunk, static_cast<uint64_t>(PhysicalWidth(chunk.storage)));
}

arrow::Status CheckText(const ChunkDescriptor& chunk) {
  if (chunk.type.physical() != PhysicalType::kString || !IsUnsignedUpTo32(chunk.storage)) {
    return Contradiction("storage");
  }
  const uint32_t num_blocks = (chunk.num_rows + kTextBlockRows - 1) / kTextBlockRows;
  if (chunk.dictionary_size != num_blocks + 1) return Contradiction("text blocks");
  return CheckBuffers(chunk, static_cast<uint64_t>(PhysicalWidth(chunk.storage)));
}

/// Integers for doubles that a double holds exactly.
arrow::Status CheckDecimal(const ChunkDescriptor& chunk) {
  constexpr int64_t kExact = int64_t{1} << 53;
  if (chunk.type.physical() != PhysicalType::kDouble || !IsUnsignedUpTo32(chunk.storage)) {
    return Contradiction("storage");
  }
  if (chunk.base < -kExact || chunk.base > kExact || chunk.scale > kMaxDecimalScale) return Contradiction("decimal");
  return CheckBuffers(chunk, static_cast<uint64_t>(PhysicalWidth(chunk.storage)));
}

bool HasBase(ChunkEncoding encoding) {
  return encoding == ChunkEncoding::kNarrow || encoding == ChunkEncoding::kRunEnd ||
         encoding == ChunkEncoding::kDecimal;
}

bool HasDictionarySize(ChunkEncoding encoding) {
  return encoding == ChunkEncoding::kDictionary || encoding == ChunkEncoding::kRunEnd ||
         encoding == ChunkEncoding::kText;
}

}  // namespace

arrow::Status CheckDescriptor(const ChunkDescriptor& chunk) {
  if (chunk.num_rows > kMaxRowGroupRows) return Contradiction("row count");
  ARROW_RETURN_NOT_OK(CheckStatistics(chunk));
  const PhysicalType physical = chunk.type.physical();
  const bool is_integer = IsPhysicalInteger(physical) || physical == PhysicalType::kBool;
  if (chunk.encoding != ChunkEncoding::kConstant) {
    if (chunk.num_rows == 0 || chunk.statistics.num_nulls == chunk.num_rows || chunk.key.value == 0) {
      return Contradiction("empty chunk");
    }
    // What is known of integers is used without looking at them again.
    if (is_integer && (chunk.statistics.min.is_null() || chunk.statistics.max.is_null())) {
      return Contradiction("bounds");
    }
  }
  if (!HasBase(chunk.encoding) && chunk.base != 0) return Contradiction("base");
  if (!HasDictionarySize(chunk.encoding) && chunk.dictionary_size != 0) return Contradiction("dictionary");
  if (chunk.encoding != ChunkEncoding::kDecimal && chunk.scale != 0) return Contradiction("scale");
  if (chunk.type.IsNested() && chunk.encoding != ChunkEncoding::kConstant && chunk.encoding != ChunkEncoding::kNested) {
    return Contradiction("encoding");
  }
  switch (chunk.encoding) {
    case ChunkEncoding::kConstant:
      return CheckConstant(chunk);
    case ChunkEncoding::kFlat: {
      if (chunk.storage != physical) return Contradiction("storage");
      return CheckBuffers(chunk,
                          physical == PhysicalType::kString ? 4 : static_cast<uint64_t>(PhysicalWidth(physical)));
    }
    case ChunkEncoding::kDictionary: {
      const bool is_code = chunk.storage == PhysicalType::kUInt8 || chunk.storage == PhysicalType::kUInt16;
      if (!is_code || chunk.dictionary_size == 0 || chunk.dictionary_size > 65536) return Contradiction("dictionary");
      return CheckBuffers(chunk, static_cast<uint64_t>(PhysicalWidth(chunk.storage)));
    }
    case ChunkEncoding::kNested:
      if (!chunk.type.IsNested() || chunk.storage != physical) return Contradiction("storage");
      if (chunk.size_bytes < 64 || chunk.size_bytes > kMaxBlobBytes) return Contradiction("size");
      if (chunk.buffers != std::array<BufferRange, kNumChunkBuffers>()) return Contradiction("buffers");
      return arrow::Status::OK();
    case ChunkEncoding::kNarrow:
      if (!IsNarrowStorage(chunk)) return Contradiction("storage");
      return CheckBuffers(chunk, static_cast<uint64_t>(PhysicalWidth(chunk.storage)));
    case ChunkEncoding::kRunEnd:
      return CheckRuns(chunk, is_integer);
    case ChunkEncoding::kText:
      return CheckText(chunk);
    case ChunkEncoding::kDecimal:
      return CheckDecimal(chunk);
  }
  return Contradiction("encoding");
}

arrow::Status CheckDescriptor(const RowGroupDescriptor& row_group) {
  for (const ChunkDescriptor& chunk : row_group.columns) {
    ARROW_RETURN_NOT_OK(CheckDescriptor(chunk));
    if (chunk.num_rows != row_group.num_rows) return Contradiction("row count");
  }
  if (row_group.num_rows > kMaxRowGroupRows) return Contradiction("row count");
  if (row_group.num_rows == 0) return arrow::Status::OK();
  const uint64_t first = row_group.first_row_id.value;
  const uint64_t last = row_group.last_row_id.value;
  if (last < first || last - first < row_group.num_rows - 1) return Contradiction("row ids");
  if (row_group.row_ids_are_dense) {
    return last - first == row_group.num_rows - 1 ? arrow::Status::OK() : Contradiction("row ids");
  }
  const ChunkDescriptor& row_ids = row_group.row_ids;
  ARROW_RETURN_NOT_OK(CheckDescriptor(row_ids));
  if (row_ids.type != LogicalType(TypeId::kUBigInt) || row_ids.num_rows != row_group.num_rows || row_ids.has_nulls() ||
      row_ids.encoding == ChunkEncoding::kConstant || row_ids.is_decoded() ||
      row_ids.statistics.min.integer() != static_cast<int128_t>(first) ||
      row_ids.statistics.max.integer() != static_cast<int128_t>(last)) {
    return Contradiction("row ids");
  }
  return arrow::Status::OK();
}

}  // namespace llkv
