#include "store/column/column_chunk.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "store/column/chunk_ipc.h"
#include "store/column/descriptor_page.h"
#include "store/column/nested_chunk.h"
#include "store/column/text_symbols.h"
#include "store/column/value_kernels.h"
#include "vector/row_layout_types.h"

namespace llkv {
namespace {

bool IsInteger(const ChunkDescriptor& chunk) {
  const PhysicalType physical = chunk.type.physical();
  return IsPhysicalInteger(physical) || physical == PhysicalType::kBool;
}

template <typename T>
arrow::Status CheckIntegersAs(const ChunkDescriptor& chunk, const void* data, uint32_t n) {
  const Bounds<T> bounds = FindBounds(static_cast<const T*>(data), n);
  const auto base = static_cast<int128_t>(chunk.base);
  if (base + static_cast<int128_t>(bounds.min) < chunk.statistics.min.integer() ||
      base + static_cast<int128_t>(bounds.max) > chunk.statistics.max.integer()) {
    return Corrupted("a chunk has values outside its bounds");
  }
  return arrow::Status::OK();
}

/// Compares stored integers of a type with the statistics, which kernels rely on.
arrow::Status CheckIntegers(const ChunkDescriptor& chunk, PhysicalType type, const void* data, uint32_t n) {
  switch (type) {
    case PhysicalType::kInt8:
      return CheckIntegersAs<int8_t>(chunk, data, n);
    case PhysicalType::kInt16:
      return CheckIntegersAs<int16_t>(chunk, data, n);
    case PhysicalType::kInt32:
      return CheckIntegersAs<int32_t>(chunk, data, n);
    case PhysicalType::kInt64:
      return CheckIntegersAs<int64_t>(chunk, data, n);
    case PhysicalType::kInt128:
      return CheckIntegersAs<int128_t>(chunk, data, n);
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return CheckIntegersAs<uint8_t>(chunk, data, n);
    case PhysicalType::kUInt16:
      return CheckIntegersAs<uint16_t>(chunk, data, n);
    case PhysicalType::kUInt32:
      return CheckIntegersAs<uint32_t>(chunk, data, n);
    case PhysicalType::kUInt64:
      return CheckIntegersAs<uint64_t>(chunk, data, n);
    default:
      return InternalError("not an integer chunk");
  }
}

}  // namespace

arrow::Status CheckOffsets(const int32_t* offsets, uint32_t n, uint64_t num_bytes) {
  // An or of all differences' signs: no branch a row.
  int64_t signs = offsets[0];
  for (uint32_t i = 0; i < n; ++i) signs |= int64_t{offsets[i + 1]} - offsets[i];
  if (signs < 0 || offsets[0] != 0 || static_cast<uint64_t>(offsets[n]) != num_bytes) {
    return Corrupted("a chunk's string offsets are out of order");
  }
  return arrow::Status::OK();
}

namespace {

template <typename T>
void StoreConstant(const Value& value, uint8_t* out) {
  T stored;
  if constexpr (std::is_floating_point_v<T>) {
    stored = static_cast<T>(value.floating());
  } else {
    stored = static_cast<T>(value.integer());
  }
  std::memcpy(out, &stored, sizeof(T));
}

void StoreConstant(const Value& value, PhysicalType type, uint8_t* out) {
  switch (type) {
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return StoreConstant<uint8_t>(value, out);
    case PhysicalType::kInt8:
      return StoreConstant<int8_t>(value, out);
    case PhysicalType::kInt16:
      return StoreConstant<int16_t>(value, out);
    case PhysicalType::kInt32:
      return StoreConstant<int32_t>(value, out);
    case PhysicalType::kInt64:
      return StoreConstant<int64_t>(value, out);
    case PhysicalType::kInt128:
      return StoreConstant<int128_t>(value, out);
    case PhysicalType::kUInt16:
      return StoreConstant<uint16_t>(value, out);
    case PhysicalType::kUInt32:
      return StoreConstant<uint32_t>(value, out);
    case PhysicalType::kUInt64:
      return StoreConstant<uint64_t>(value, out);
    case PhysicalType::kFloat:
      return StoreConstant<float>(value, out);
    case PhysicalType::kDouble:
      return StoreConstant<double>(value, out);
    case PhysicalType::kString: {
      const StringRef text(value.bytes());
      std::memcpy(out, &text, sizeof(text));
      return;
    }
    case PhysicalType::kInterval: {
      const Interval interval = value.interval();
      std::memcpy(out, &interval, sizeof(interval));
      return;
    }
  }
}

VectorForm FormOf(const ChunkDescriptor& chunk) {
  switch (chunk.encoding) {
    case ChunkEncoding::kConstant:
      return VectorForm::kConstant;
    case ChunkEncoding::kDictionary:
      return VectorForm::kDictionary;
    case ChunkEncoding::kNarrow:
      return VectorForm::kNarrow;
    case ChunkEncoding::kFlat:
    case ChunkEncoding::kRunEnd:
    case ChunkEncoding::kText:
    case ChunkEncoding::kDecimal:
    case ChunkEncoding::kNested:
      break;
  }
  return chunk.type.physical() == PhysicalType::kString ? VectorForm::kOffsets : VectorForm::kFlat;
}

}  // namespace

ColumnChunk::~ColumnChunk() = default;

arrow::Result<std::unique_ptr<const ColumnChunk>> ColumnChunk::Open(const ChunkDescriptor& descriptor,
                                                                    std::shared_ptr<arrow::Buffer> blob,
                                                                    uint64_t dictionary_id, arrow::MemoryPool* pool) {
  ARROW_RETURN_NOT_OK(CheckDescriptor(descriptor));
  std::unique_ptr<ColumnChunk> chunk(new ColumnChunk());
  chunk->descriptor_ = descriptor;
  chunk->blob_ = std::move(blob);
  Vector& whole = chunk->whole_;
  whole.type = descriptor.type;
  whole.form = FormOf(descriptor);
  // What is decoded has the type's own layout then.
  whole.storage = descriptor.is_decoded() ? descriptor.type.physical() : descriptor.storage;
  whole.base = descriptor.is_decoded() ? 0 : descriptor.base;
  whole.dictionary_size = descriptor.encoding == ChunkEncoding::kDictionary ? descriptor.dictionary_size : 0;
  const ChunkStatistics& statistics = descriptor.statistics;
  if (IsInteger(descriptor) && !statistics.min.is_null() && !statistics.max.is_null()) {
    whole.range = {true, statistics.min.integer(), statistics.max.integer()};
  }
  if (descriptor.encoding == ChunkEncoding::kConstant) {
    whole.validity = descriptor.constant.is_null() ? chunk->constant_validity_ : nullptr;
    if (descriptor.constant.is_null()) {
      const StringRef empty;
      if (descriptor.type.physical() == PhysicalType::kString) std::memcpy(chunk->constant_, &empty, sizeof(empty));
    } else {
      StoreConstant(chunk->descriptor_.constant, descriptor.type.physical(), chunk->constant_);
    }
    whole.data = chunk->constant_;
    chunk->SetRows();
    return chunk;
  }
  whole.dictionary_id = descriptor.encoding == ChunkEncoding::kDictionary ? dictionary_id : 0;
  ARROW_RETURN_NOT_OK(chunk->OpenBlob(pool));
  chunk->SetRows();
  return chunk;
}

void ColumnChunk::SetRows() {
  rows_.data = static_cast<const uint8_t*>(whole_.data);
  rows_.validity = whole_.validity;
  rows_.dictionary = whole_.dictionary;
  rows_.base = descriptor_.base;
  rows_.encoding = descriptor_.encoding;
  rows_.storage = descriptor_.storage;
  rows_.physical = descriptor_.type.physical();
  rows_.form = whole_.form;
  if (is_decoded()) rows_.data = buffer(kDataBuffer);
  if (text_ == nullptr) return;
  rows_.dictionary = buffer(kDictionaryBytesBuffer);
  rows_.text = text_.get();
  rows_.text_places = text_places_->data_as<uint32_t>();
}

arrow::Status ColumnChunk::OpenBlob(arrow::MemoryPool* pool) {
  if (blob_ == nullptr || static_cast<uint64_t>(blob_->size()) != descriptor_.size_bytes ||
      reinterpret_cast<uintptr_t>(blob_->data()) % 16 != 0) {
    return Corrupted("a chunk's blob has not the size that its descriptor says");
  }
  if (descriptor_.encoding == ChunkEncoding::kNested) return OpenNested(pool);
  const auto& ranges = descriptor_.buffers;
  const uint32_t n = num_rows();
  whole_.data = blob_->data() + ranges[kDataBuffer].offset;
  if (descriptor_.has_nulls()) {
    whole_.validity = blob_->data() + ranges[kValidityBuffer].offset;
    if (CountBits(whole_.validity, n) != n - descriptor_.statistics.num_nulls) {
      return Corrupted("a chunk's null count is wrong");
    }
  }
  switch (descriptor_.encoding) {
    case ChunkEncoding::kFlat:
      if (whole_.form == VectorForm::kOffsets) {
        data_width_ = 4;
        whole_.dictionary = blob_->data() + ranges[kBytesBuffer].offset;
        return CheckOffsets(whole_.values<int32_t>(), n, ranges[kBytesBuffer].length);
      }
      data_width_ = static_cast<uint32_t>(PhysicalWidth(descriptor_.storage));
      return IsInteger(descriptor_) ? CheckIntegers(descriptor_, descriptor_.storage, whole_.data, n)
                                    : arrow::Status::OK();
    case ChunkEncoding::kNarrow:
      data_width_ = static_cast<uint32_t>(PhysicalWidth(descriptor_.storage));
      return CheckIntegers(descriptor_, descriptor_.storage, whole_.data, n);
    case ChunkEncoding::kDictionary:
      data_width_ = static_cast<uint32_t>(PhysicalWidth(descriptor_.storage));
      return OpenDictionary(pool);
    case ChunkEncoding::kRunEnd:
      whole_.data = nullptr;
      return OpenRuns();
    case ChunkEncoding::kText:
      whole_.data = nullptr;
      return OpenText(pool);
    case ChunkEncoding::kDecimal:
      whole_.data = nullptr;
      for (uint32_t i = 0; i < descriptor_.scale; ++i) rows_.divisor *= 10;
      return arrow::Status::OK();
    case ChunkEncoding::kConstant:
    case ChunkEncoding::kNested:
      break;
  }
  return InternalError("a constant chunk has no blob");
}

arrow::Status ColumnChunk::OpenNested(arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(NestedChunkValues values, ReadNestedChunk(descriptor_, blob_, pool));
  blob_.reset();
  nested_offsets_ = std::move(values.offsets);
  nested_bytes_ = std::move(values.bytes);
  if (values.validity != nullptr) {
    nested_validity_ = std::move(values.validity);
    whole_.validity = nested_validity_->data();
  }
  whole_.data = nested_offsets_->data();
  whole_.dictionary = nested_bytes_->data();
  data_width_ = 4;
  return arrow::Status::OK();
}

arrow::Status ColumnChunk::OpenDictionary(arrow::MemoryPool* pool) {
  const uint32_t size = descriptor_.dictionary_size;
  const uint32_t max_code = data_width_ == 1 ? FindBounds(whole_.values<uint8_t>(), num_rows()).max
                                             : FindBounds(whole_.values<uint16_t>(), num_rows()).max;
  if (max_code >= size) return Corrupted("a chunk has codes outside its dictionary");
  const uint8_t* data = blob_->data() + descriptor_.buffers[kDictionaryDataBuffer].offset;
  if (descriptor_.type.physical() != PhysicalType::kString) {
    whole_.dictionary = data;
    return IsInteger(descriptor_) ? CheckIntegers(descriptor_, descriptor_.type.physical(), data, size)
                                  : arrow::Status::OK();
  }
  const BufferRange& bytes_range = descriptor_.buffers[kDictionaryBytesBuffer];
  const int32_t* offsets = reinterpret_cast<const int32_t*>(data);
  ARROW_RETURN_NOT_OK(CheckOffsets(offsets, size, bytes_range.length));
  ARROW_ASSIGN_OR_RAISE(dictionary_refs_, AllocatePadded(uint64_t{size} * sizeof(StringRef) + 64, pool));
  auto* refs = reinterpret_cast<StringRef*>(dictionary_refs_->mutable_data());
  const char* bytes = reinterpret_cast<const char*>(blob_->data()) + bytes_range.offset;
  for (uint32_t i = 0; i < size; ++i) {
    refs[i] = StringRef(bytes + offsets[i], static_cast<uint32_t>(offsets[i + 1] - offsets[i]));
  }
  whole_.dictionary = refs;
  return arrow::Status::OK();
}

arrow::Status ColumnChunk::OpenRuns() {
  const uint32_t n = num_runs();
  run_ends_ = reinterpret_cast<const int32_t*>(buffer(kDictionaryDataBuffer));
  int64_t signs = run_ends_[0] - 1;
  for (uint32_t i = 1; i < n; ++i) signs |= int64_t{run_ends_[i]} - run_ends_[i - 1] - 1;
  if (signs < 0 || static_cast<uint32_t>(run_ends_[n - 1]) != num_rows()) {
    return Corrupted("a chunk's run ends are out of order");
  }
  return CheckIntegers(descriptor_, descriptor_.storage, buffer(kDataBuffer), n);
}

template <typename From, typename T>
void ColumnChunk::GatherNarrow(std::span<const uint32_t> rows, T* out) const {
  const auto* values = reinterpret_cast<const From*>(rows_.data);
  for (const uint32_t row : rows) *out++ = static_cast<T>(static_cast<T>(rows_.base) + static_cast<T>(values[row]));
}

template <typename T>
void ColumnChunk::GatherValues(std::span<const uint32_t> rows, T* out) const {
  const auto* values = reinterpret_cast<const T*>(rows_.data);
  switch (rows_.form) {
    case VectorForm::kConstant:
      std::fill(out, out + rows.size(), values[0]);
      return;
    case VectorForm::kDictionary: {
      const T* entries = static_cast<const T*>(rows_.dictionary);
      if (rows_.storage == PhysicalType::kUInt8) {
        for (const uint32_t row : rows) *out++ = entries[rows_.data[row]];
      } else {
        const auto* codes = reinterpret_cast<const uint16_t*>(rows_.data);
        for (const uint32_t row : rows) *out++ = entries[codes[row]];
      }
      return;
    }
    case VectorForm::kNarrow:
      if constexpr (!std::is_floating_point_v<T> && !std::is_class_v<T>) {
        switch (rows_.storage) {
          case PhysicalType::kUInt8:
            return GatherNarrow<uint8_t>(rows, out);
          case PhysicalType::kUInt16:
            return GatherNarrow<uint16_t>(rows, out);
          case PhysicalType::kUInt32:
            return GatherNarrow<uint32_t>(rows, out);
          default:
            return GatherNarrow<int64_t>(rows, out);
        }
      }
      return;
    default:
      for (const uint32_t row : rows) *out++ = values[row];
      return;
  }
}

void ColumnChunk::GatherOffsets(std::span<const uint32_t> rows, StringRef* out) const {
  const auto* offsets = reinterpret_cast<const int32_t*>(rows_.data);
  const char* bytes = static_cast<const char*>(rows_.dictionary);
  for (const uint32_t row : rows) {
    *out++ = StringRef(bytes + offsets[row], static_cast<uint32_t>(offsets[row + 1] - offsets[row]));
  }
}

arrow::Status ColumnChunk::Gather(std::span<const uint32_t> rows, ScratchVector& out, StringArena& texts) const {
  if (rows_.encoding == ChunkEncoding::kText) {
    ARROW_RETURN_NOT_OK(GatherText(rows, out, texts));
  } else if (rows_.encoding == ChunkEncoding::kRunEnd || rows_.encoding == ChunkEncoding::kDecimal) {
    GatherRuns(rows, out);
  } else if (rows_.form == VectorForm::kOffsets) {
    GatherOffsets(rows, out.data<StringRef>());
  } else {
    VisitRowType(rows_.physical, [&](auto tag) { GatherValues(rows, out.data<typename decltype(tag)::Type>()); });
  }
  if (rows_.validity == nullptr) return arrow::Status::OK();
  uint8_t* bits = out.UseValidity();
  for (size_t i = 0; i < rows.size(); ++i) {
    const uint32_t row = rows_.form == VectorForm::kConstant ? 0 : rows[i];
    const bool is_valid = ((rows_.validity[row / 8] >> (row % 8)) & 1) != 0;
    if (!is_valid) bits[i / 8] = static_cast<uint8_t>(bits[i / 8] & ~(1U << (i % 8)));
  }
  return arrow::Status::OK();
}

}  // namespace llkv
