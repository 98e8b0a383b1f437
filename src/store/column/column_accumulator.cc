#include "store/column/column_accumulator.h"

#include <arrow/array.h>

#include <cstring>
#include <limits>

#include "base/error.h"
#include "store/column/nested_chunk.h"
#include "store/column/value_kernels.h"
#include "vector/arrow_column.h"

namespace llkv {
namespace {

/// Types whose Arrow arrays do not hold the bytes that chunks hold.
bool CrossesInAnotherForm(LogicalType type) {
  switch (type.id()) {
    case TypeId::kUHugeInt:
    case TypeId::kTimeTz:
    case TypeId::kUuid:
    case TypeId::kJson:
    case TypeId::kBit:
    case TypeId::kAny:
      return true;
    default:
      return type.IsEnum() || type.IsNested();
  }
}

int64_t BitmapBytes(int64_t num_bits) { return (num_bits + 7) / 8; }

/// Calls f with the dictionary code or row-independent position of each selected row.
template <typename F>
void ForEachCode(const Vector& vector, const Selection& selection, F&& f) {
  switch (vector.storage) {
    case PhysicalType::kUInt8:
      ForEachRow(selection, [&](uint32_t row) { f(row, uint32_t{vector.values<uint8_t>()[row]}); });
      break;
    case PhysicalType::kUInt16:
      ForEachRow(selection, [&](uint32_t row) { f(row, uint32_t{vector.values<uint16_t>()[row]}); });
      break;
    default:
      ForEachRow(selection, [&](uint32_t row) { f(row, vector.values<uint32_t>()[row]); });
      break;
  }
}

template <typename T, typename From>
void WidenNarrow(const Vector& vector, const Selection& selection, T* out) {
  const From* values = vector.values<From>();
  const auto base = static_cast<int128_t>(vector.base);
  ForEachRow(selection, [&](uint32_t row) { *out++ = static_cast<T>(base + static_cast<int128_t>(values[row])); });
}

template <typename T>
arrow::Status WidenNarrow(const Vector& vector, const Selection& selection, T* out) {
  switch (vector.storage) {
    case PhysicalType::kInt8:
      WidenNarrow<T, int8_t>(vector, selection, out);
      return arrow::Status::OK();
    case PhysicalType::kInt16:
      WidenNarrow<T, int16_t>(vector, selection, out);
      return arrow::Status::OK();
    case PhysicalType::kInt32:
      WidenNarrow<T, int32_t>(vector, selection, out);
      return arrow::Status::OK();
    case PhysicalType::kInt64:
      WidenNarrow<T, int64_t>(vector, selection, out);
      return arrow::Status::OK();
    case PhysicalType::kUInt8:
      WidenNarrow<T, uint8_t>(vector, selection, out);
      return arrow::Status::OK();
    case PhysicalType::kUInt16:
      WidenNarrow<T, uint16_t>(vector, selection, out);
      return arrow::Status::OK();
    case PhysicalType::kUInt32:
      WidenNarrow<T, uint32_t>(vector, selection, out);
      return arrow::Status::OK();
    default:
      return InternalError("a narrow vector of an unexpected storage");
  }
}

/// The row of the run that each selected row lies in.
uint32_t RunOf(const Vector& vector, uint32_t row) {
  const int64_t position = vector.run_offset + row;
  uint32_t low = 0;
  uint32_t high = vector.num_runs;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    if (vector.run_ends[middle] <= position) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

ColumnAccumulator::ColumnAccumulator(FieldId field, LogicalType type, arrow::MemoryPool* pool)
    : pool_(pool),
      field_(field),
      type_(type),
      width_(type.physical() == PhysicalType::kString ? 4 : PhysicalWidth(type.physical())),
      is_string_(type.physical() == PhysicalType::kString),
      values_(pool),
      bytes_(pool),
      validity_(pool) {}

arrow::Result<uint8_t*> ColumnAccumulator::Extend(int64_t length) {
  const int64_t size = length * width_;
  ARROW_RETURN_NOT_OK(values_.Reserve(size));
  uint8_t* out = values_.mutable_data() + values_.length();
  values_.UnsafeAdvance(size);
  return out;
}

arrow::Status ColumnAccumulator::ReserveValidity(int64_t length) {
  if (!has_nulls_) {
    validity_.Rewind(0);
    ARROW_RETURN_NOT_OK(validity_.Resize(BitmapBytes(num_rows_), /*shrink_to_fit=*/false));
    CopyBits(nullptr, 0, num_rows_, validity_.mutable_data(), 0);
    validity_.UnsafeAdvance(BitmapBytes(num_rows_));
    has_nulls_ = true;
  }
  const int64_t more = BitmapBytes(num_rows_ + length) - validity_.length();
  if (more > 0) {
    ARROW_RETURN_NOT_OK(validity_.Reserve(more));
    std::memset(validity_.mutable_data() + validity_.length(), 0, static_cast<size_t>(more));
    validity_.UnsafeAdvance(more);
  }
  return arrow::Status::OK();
}

arrow::Status ColumnAccumulator::AppendValidity(const uint8_t* bitmap, int64_t offset, int64_t length) {
  if (bitmap == nullptr && !has_nulls_) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(ReserveValidity(length));
  CopyBits(bitmap, static_cast<size_t>(offset), static_cast<size_t>(length), validity_.mutable_data(), num_rows_);
  return arrow::Status::OK();
}

arrow::Status ColumnAccumulator::AppendSelectedValidity(const Vector& vector, const Selection& selection) {
  if (vector.validity == nullptr || selection.IsDense()) {
    if (vector.form != VectorForm::kConstant && vector.form != VectorForm::kRunEnd) {
      return AppendValidity(vector.validity, 0, selection.count);
    }
  }
  if (vector.validity == nullptr) return AppendValidity(nullptr, 0, selection.count);
  ARROW_RETURN_NOT_OK(ReserveValidity(selection.count));
  uint8_t* bits = validity_.mutable_data();
  uint32_t position = num_rows_;
  ForEachRow(selection, [&](uint32_t row) {
    uint32_t slot = row;
    if (vector.form == VectorForm::kConstant) slot = 0;
    if (vector.form == VectorForm::kRunEnd) slot = RunOf(vector, row);
    if (vector.IsValid(slot)) bits[position / 8] = static_cast<uint8_t>(bits[position / 8] | (1U << (position % 8)));
    ++position;
  });
  return arrow::Status::OK();
}

arrow::Status ColumnAccumulator::AppendString(std::string_view text) {
  if (static_cast<uint64_t>(bytes_.length()) + text.size() > std::numeric_limits<int32_t>::max()) {
    return SqlError(sqlstate::kInvalidParameter, "the strings of a row group exceed 2 GiB");
  }
  if (!text.empty()) ARROW_RETURN_NOT_OK(bytes_.Append(text.data(), static_cast<int64_t>(text.size())));
  const auto end = static_cast<int32_t>(bytes_.length());
  return values_.Append(&end, 4);
}

arrow::Status ColumnAccumulator::AppendArrowStrings(const arrow::ArrayData& data, int64_t offset, int64_t length) {
  const int32_t* offsets = data.GetValues<int32_t>(1) + offset;
  const int64_t size = offsets[length] - offsets[0];
  if (bytes_.length() + size > std::numeric_limits<int32_t>::max()) {
    return SqlError(sqlstate::kInvalidParameter, "the strings of a row group exceed 2 GiB");
  }
  const uint8_t* bitmap = data.GetNullCount() != 0 && data.buffers[0] != nullptr ? data.buffers[0]->data() : nullptr;
  const uint8_t* bytes = data.buffers[2] == nullptr ? nullptr : data.buffers[2]->data();
  if (bitmap == nullptr) {
    const auto shift = static_cast<int32_t>(bytes_.length()) - offsets[0];
    if (size != 0) ARROW_RETURN_NOT_OK(bytes_.Append(bytes + offsets[0], size));
    ARROW_ASSIGN_OR_RAISE(uint8_t * room, Extend(length));
    auto* ends = reinterpret_cast<int32_t*>(room);
    for (int64_t i = 0; i < length; ++i) ends[i] = offsets[i + 1] + shift;
    return arrow::Status::OK();
  }
  // A NULL may have bytes; they are left out.
  for (int64_t i = 0; i < length; ++i) {
    const int64_t bit = data.offset + offset + i;
    const bool is_valid = ((bitmap[bit / 8] >> (bit % 8)) & 1) != 0;
    const auto text_size = static_cast<size_t>(is_valid ? offsets[i + 1] - offsets[i] : 0);
    const char* text = text_size == 0 ? "" : reinterpret_cast<const char*>(bytes) + offsets[i];
    ARROW_RETURN_NOT_OK(AppendString({text, text_size}));
  }
  return arrow::Status::OK();
}

arrow::Status ColumnAccumulator::AppendDecimals(const uint8_t* values, int64_t length, const uint8_t* validity,
                                                int64_t offset) {
  const bool is_decimal = type_.IsDecimal();
  const int128_t limit = is_decimal ? PowerOfTen(type_.precision()) : 0;
  ARROW_ASSIGN_OR_RAISE(uint8_t * out, Extend(length));
  bool in_range = true;
  for (int64_t i = 0; i < length; ++i) {
    int128_t value;
    std::memcpy(&value, values + i * 16, 16);
    if (validity != nullptr && ((validity[(offset + i) / 8] >> ((offset + i) % 8)) & 1) == 0) value = 0;
    if (is_decimal) in_range &= value > -limit && value < limit;
    if (width_ == 8) {
      const auto narrow = static_cast<int64_t>(value);
      std::memcpy(out + i * 8, &narrow, 8);
    } else {
      std::memcpy(out + i * 16, &value, 16);
    }
  }
  if (in_range) return arrow::Status::OK();
  return SqlError(sqlstate::kNumericOutOfRange, "a value is out of range for " + type_.ToString());
}

arrow::Status ColumnAccumulator::AppendConverted(const arrow::Array& array, int64_t offset, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(const std::unique_ptr<ArrowColumnReader> reader,
                        ArrowColumnReader::Make(array.Slice(offset, length)->data(), type_, pool_));
  for (int64_t row = 0; row < length; row += kMaxBatchRows) {
    const auto count = static_cast<uint32_t>(std::min<int64_t>(kMaxBatchRows, length - row));
    Vector vector;
    ARROW_RETURN_NOT_OK(reader->Read(row, count, &vector));
    ARROW_RETURN_NOT_OK(Append(vector, Selection::All(count)));
  }
  return arrow::Status::OK();
}

arrow::Status ColumnAccumulator::Append(const arrow::Array& array, int64_t offset, int64_t length) {
  if (length == 0) return arrow::Status::OK();
  if (CrossesInAnotherForm(type_)) return AppendConverted(array, offset, length);
  const arrow::ArrayData& data = *array.data();
  const int64_t start = data.offset + offset;
  const uint8_t* bitmap = data.GetNullCount() != 0 && data.buffers[0] != nullptr ? data.buffers[0]->data() : nullptr;
  if (is_string_) {
    ARROW_RETURN_NOT_OK(AppendArrowStrings(data, offset, length));
  } else if (type_.IsDecimal() || type_ == LogicalType(TypeId::kHugeInt)) {
    ARROW_RETURN_NOT_OK(AppendDecimals(data.buffers[1]->data() + start * 16, length, bitmap, start));
  } else {
    ARROW_ASSIGN_OR_RAISE(uint8_t * out, Extend(length));
    const uint8_t* values = data.buffers[1]->data();
    if (type_ == LogicalType(TypeId::kBoolean)) {
      for (int64_t i = 0; i < length; ++i) {
        out[i] = static_cast<uint8_t>((values[(start + i) / 8] >> ((start + i) % 8)) & 1);
      }
    } else {
      std::memcpy(out, values + start * width_, static_cast<size_t>(length * width_));
    }
  }
  ARROW_RETURN_NOT_OK(AppendValidity(bitmap, start, length));
  num_rows_ += static_cast<uint32_t>(length);
  return arrow::Status::OK();
}

template <typename T>
arrow::Status ColumnAccumulator::AppendValues(const Vector& vector, const Selection& selection) {
  ARROW_ASSIGN_OR_RAISE(uint8_t * room, Extend(selection.count));
  T* out = reinterpret_cast<T*>(room);
  switch (vector.form) {
    case VectorForm::kFlat:
      if (selection.IsDense()) {
        std::memcpy(out, vector.data, size_t{selection.count} * sizeof(T));
      } else {
        ForEachRow(selection, [&](uint32_t row) { *out++ = vector.values<T>()[row]; });
      }
      return arrow::Status::OK();
    case VectorForm::kConstant: {
      const T value = vector.IsConstantNull() ? T{} : vector.values<T>()[0];
      std::fill(out, out + selection.count, value);
      return arrow::Status::OK();
    }
    case VectorForm::kDictionary: {
      const T* entries = static_cast<const T*>(vector.dictionary);
      ForEachCode(vector, selection,
                  [&](uint32_t row, uint32_t code) { *out++ = vector.IsValid(row) ? entries[code] : T{}; });
      return arrow::Status::OK();
    }
    case VectorForm::kNarrow:
      if constexpr (std::is_integral_v<T> || sizeof(T) == 16) {
        if constexpr (!std::is_same_v<T, Interval>) return WidenNarrow(vector, selection, out);
      }
      return InternalError("a narrow vector that has no integers");
    case VectorForm::kRunEnd:
      ForEachRow(selection, [&](uint32_t row) { *out++ = vector.values<T>()[RunOf(vector, row)]; });
      return arrow::Status::OK();
    case VectorForm::kOffsets:
      break;
  }
  return InternalError("an offsets vector that has no strings");
}

arrow::Status ColumnAccumulator::AppendTexts(const int32_t* offsets, const char* bytes, uint32_t count) {
  const int64_t size = int64_t{offsets[count]} - offsets[0];
  if (bytes_.length() + size > std::numeric_limits<int32_t>::max()) {
    return SqlError(sqlstate::kInvalidParameter, "the strings of a row group exceed 2 GiB");
  }
  const auto shift = static_cast<int32_t>(bytes_.length()) - offsets[0];
  if (size != 0) ARROW_RETURN_NOT_OK(bytes_.Append(bytes + offsets[0], size));
  ARROW_ASSIGN_OR_RAISE(uint8_t * room, Extend(count));
  auto* ends = reinterpret_cast<int32_t*>(room);
  for (uint32_t i = 0; i < count; ++i) ends[i] = offsets[i + 1] + shift;
  return arrow::Status::OK();
}

arrow::Status ColumnAccumulator::AppendStrings(const Vector& vector, const Selection& selection) {
  if (vector.form == VectorForm::kOffsets && vector.validity == nullptr && selection.IsDense()) {
    return AppendTexts(vector.values<int32_t>(), static_cast<const char*>(vector.dictionary), selection.count);
  }
  const auto* refs = vector.values<StringRef>();
  const auto* entries = static_cast<const StringRef*>(vector.dictionary);
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint32_t row = selection[i];
    uint32_t slot = row;
    if (vector.form == VectorForm::kConstant) slot = 0;
    if (vector.form == VectorForm::kRunEnd) slot = RunOf(vector, row);
    std::string_view text;
    if (vector.IsValid(slot)) {
      switch (vector.form) {
        case VectorForm::kOffsets: {
          const int32_t* offsets = vector.values<int32_t>();
          text = {static_cast<const char*>(vector.dictionary) + offsets[row],
                  static_cast<size_t>(offsets[row + 1] - offsets[row])};
          break;
        }
        case VectorForm::kDictionary: {
          const uint32_t code = vector.storage == PhysicalType::kUInt8    ? vector.values<uint8_t>()[row]
                                : vector.storage == PhysicalType::kUInt16 ? vector.values<uint16_t>()[row]
                                                                          : vector.values<uint32_t>()[row];
          text = entries[code].view();
          break;
        }
        case VectorForm::kNarrow:
          return InternalError("a narrow vector of strings");
        default:
          text = refs[slot].view();
          break;
      }
    }
    ARROW_RETURN_NOT_OK(AppendString(text));
  }
  return arrow::Status::OK();
}

arrow::Status ColumnAccumulator::Append(const Vector& vector, const Selection& selection) {
  if (selection.count == 0) return arrow::Status::OK();
  arrow::Status status;
  switch (type_.physical()) {
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      status = AppendValues<uint8_t>(vector, selection);
      break;
    case PhysicalType::kInt8:
      status = AppendValues<int8_t>(vector, selection);
      break;
    case PhysicalType::kInt16:
      status = AppendValues<int16_t>(vector, selection);
      break;
    case PhysicalType::kInt32:
      status = AppendValues<int32_t>(vector, selection);
      break;
    case PhysicalType::kInt64:
      status = AppendValues<int64_t>(vector, selection);
      break;
    case PhysicalType::kInt128:
      status = AppendValues<int128_t>(vector, selection);
      break;
    case PhysicalType::kUInt16:
      status = AppendValues<uint16_t>(vector, selection);
      break;
    case PhysicalType::kUInt32:
      status = AppendValues<uint32_t>(vector, selection);
      break;
    case PhysicalType::kUInt64:
      status = AppendValues<uint64_t>(vector, selection);
      break;
    case PhysicalType::kFloat:
      status = AppendValues<float>(vector, selection);
      break;
    case PhysicalType::kDouble:
      status = AppendValues<double>(vector, selection);
      break;
    case PhysicalType::kString:
      status = AppendStrings(vector, selection);
      break;
    case PhysicalType::kInterval:
      status = AppendValues<Interval>(vector, selection);
      break;
  }
  ARROW_RETURN_NOT_OK(status);
  ARROW_RETURN_NOT_OK(AppendSelectedValidity(vector, selection));
  num_rows_ += selection.count;
  return arrow::Status::OK();
}

void ColumnAccumulator::Rewind(uint32_t num_rows) {
  values_.Rewind(int64_t{num_rows} * width_);
  if (is_string_) {
    int32_t end = 0;
    if (num_rows != 0) std::memcpy(&end, values_.data() + int64_t{num_rows - 1} * 4, 4);
    bytes_.Rewind(end);
  }
  if (num_rows == 0) has_nulls_ = false;
  if (has_nulls_) {
    validity_.Rewind(BitmapBytes(num_rows));
    if (num_rows % 8 != 0) {
      uint8_t& last = validity_.mutable_data()[num_rows / 8];
      last = static_cast<uint8_t>(last & ((1U << (num_rows % 8)) - 1));
    }
  }
  num_rows_ = num_rows;
}

arrow::Result<EncodedChunk> ColumnAccumulator::Encode() {
  arrow::Result<EncodedChunk> encoded = EncodeValues();
  Rewind(0);
  return encoded;
}

arrow::Result<EncodedChunk> ColumnAccumulator::EncodeValues() {
  const uint8_t* validity = has_nulls_ ? validity_.data() : nullptr;
  if (!is_string_) {
    return EncodeFixed({field_, type_, values_.mutable_data(), validity, num_rows_}, pool_);
  }
  // The encoder takes Arrow's offsets, which begin with 0; here are only the ends.
  std::vector<int32_t> offsets(size_t{num_rows_} + 1);
  // The encoder loads whole words.
  ARROW_RETURN_NOT_OK(bytes_.Reserve(8));
  std::memset(bytes_.mutable_data() + bytes_.length(), 0, 8);
  if (num_rows_ != 0) std::memcpy(offsets.data() + 1, values_.data(), size_t{num_rows_} * 4);
  if (type_.IsNested()) {
    return EncodeNested({field_, type_, offsets.data(), bytes_.data(), validity, num_rows_}, pool_);
  }
  return EncodeStrings({field_, type_, offsets.data(), bytes_.data(), validity, num_rows_}, pool_);
}

}  // namespace llkv
