// ArrowBatchReader: Arrow arrays as Vectors, in place where the layouts agree.
#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/decimal.h>

#include <atomic>
#include <cstring>

#include "base/error.h"
#include "types/any_value.h"
#include "types/bit_string.h"
#include "types/calendar.h"
#include "types/json_text.h"
#include "types/text_parse.h"
#include "types/uhugeint.h"
#include "types/uuid.h"
#include "vector/arrow_bridge.h"
#include "vector/arrow_column.h"
#include "vector/bitmap.h"
#include "vector/scratch.h"

namespace llkv {

namespace {

// Rows begin at bit 0 of a Vector's bitmap: copies bits from any offset.
void CopyBits(const uint8_t* from, int64_t offset, uint32_t count, uint8_t* to) {
  const uint8_t* source = from + offset / 8;
  const auto shift = static_cast<uint32_t>(offset & 7);
  const uint32_t bytes = (count + 7) / 8;
  if (shift == 0) {
    std::memcpy(to, source, bytes);
    return;
  }
  // The last source byte may lie beyond the bitmap's end.
  const uint32_t source_bytes = (shift + count + 7) / 8;
  for (uint32_t i = 0; i < bytes; ++i) {
    const unsigned high = i + 1 < source_bytes ? source[i + 1] : 0U;
    to[i] = static_cast<uint8_t>((source[i] >> shift) | (high << (8 - shift)));
  }
}

arrow::Status TimeOverflow(LogicalType type) {
  return SqlError(sqlstate::kDatetimeOverflow, "a value of the Arrow column is out of range for " + type.ToString());
}

// One column of the record batch. `Read` gives `count` rows from `row` on.
class ColumnReader : public ArrowColumnReader {
 public:
  static arrow::Result<std::unique_ptr<ColumnReader>> Make(std::shared_ptr<arrow::ArrayData> array, LogicalType type,
                                                           arrow::MemoryPool* pool) {
    auto reader = std::make_unique<ColumnReader>();
    ARROW_ASSIGN_OR_RAISE(reader->type_, TypeToRead(*array->type, type));
    if (reader->type_ != type) {
      reader->held_type_ = type;
      ARROW_ASSIGN_OR_RAISE(ScratchVector held, ScratchVector::Make(type, pool));
      reader->held_ = std::make_unique<ScratchVector>(std::move(held));
      reader->held_bytes_ = std::make_unique<StringArena>(pool);
    }
    reader->array_ = array->type->id() == arrow::Type::EXTENSION ? StorageOf(*array) : std::move(array);
    ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(reader->type_, pool));
    reader->scratch_ = std::make_unique<ScratchVector>(std::move(scratch));
    if (reader->array_->type->id() == arrow::Type::DICTIONARY) ARROW_RETURN_NOT_OK(reader->PrepareDictionary(pool));
    return reader;
  }

  arrow::Status Read(int64_t row, uint32_t count, Vector* out) override {
    scratch_->ResetFlat(type_);
    const int64_t at = array_->offset + row;
    SetValidity(at, count);
    if (array_->type->id() == arrow::Type::DICTIONARY) {
      ReadCodes(at, count);
    } else {
      ARROW_RETURN_NOT_OK(ReadValues(at, count));
    }
    // A dictionary's entries were checked when they were read.
    if (type_.id() == TypeId::kJson && array_->type->id() != arrow::Type::DICTIONARY) {
      ARROW_RETURN_NOT_OK(CheckJson(count));
    }
    if (type_.IsAny()) ARROW_RETURN_NOT_OK(CheckAny(count));
    if (held_ != nullptr) return Hold(count, out);
    *out = scratch_->vector();
    return arrow::Status::OK();
  }

 private:
  void SetValidity(int64_t at, uint32_t count) {
    if (type_.id() == TypeId::kNull) {
      FillBitmap(scratch_->UseValidity(), count, false);
      return;
    }
    if (array_->null_count == 0 || array_->buffers[0] == nullptr) return;
    CopyBits(array_->buffers[0]->data(), at, count, scratch_->validity());
    scratch_->vector().validity = scratch_->validity();
  }

  template <typename T>
  const T* Values(int64_t at) const {
    return reinterpret_cast<const T*>(array_->buffers[1]->data()) + at;
  }

  template <typename From, typename To, typename F>
  void Convert(int64_t at, uint32_t count, F&& f) {
    const From* values = Values<From>(at);
    To* out = scratch_->data<To>();
    for (uint32_t i = 0; i < count; ++i) out[i] = f(values[i]);
  }

  // Kernels may read up to 63 bytes past the end: at the end of a foreign buffer that is not so, so its last rows are
  // copied.
  void UseInPlace(int64_t at, uint32_t count, int width) {
    const uint8_t* data = array_->buffers[1]->data() + at * width;
    const int64_t needed = (at + count) * width + 63;
    if (needed <= array_->buffers[1]->capacity() &&
        reinterpret_cast<uintptr_t>(data) % static_cast<unsigned>(width) == 0) {
      scratch_->vector().data = data;
    } else {
      std::memcpy(scratch_->data<uint8_t>(), data, size_t{count} * static_cast<size_t>(width));
    }
  }

  /// The same rows as the type that an extension type is stored as.
  static std::shared_ptr<arrow::ArrayData> StorageOf(const arrow::ArrayData& array) {
    auto storage = std::make_shared<arrow::ArrayData>(array);
    storage->type = static_cast<const arrow::ExtensionType&>(*array.type).storage_type();
    return storage;
  }

  /// The type whose values lie in an array of an Arrow type: `type` itself, or the one that it is made from value by
  /// value. Error 42804 where `type` cannot be read from it.
  static arrow::Result<LogicalType> TypeToRead(const arrow::DataType& arrow_type, LogicalType type) {
    const arrow::Result<LogicalType> found = FromArrowType(arrow_type);
    if (found.ok() && *found == type) return type;
    if (ToStoredArrowType(type)->Equals(arrow_type)) {
      return type.id() == TypeId::kBit ? LogicalType(TypeId::kBlob) : type;
    }
    if (!ToArrowType(type)->Equals(arrow_type) || !found.ok()) {
      return SqlError(sqlstate::kDatatypeMismatch,
                      "the Arrow type " + arrow_type.ToString() + " is not that of " + type.ToString());
    }
    return type.id() == TypeId::kHugeInt ? type : *found;
  }

  arrow::Status ReadValues(int64_t at, uint32_t count) {
    switch (array_->type->id()) {
      case arrow::Type::NA:
        std::memset(scratch_->data<uint8_t>(), 0, count);
        return arrow::Status::OK();
      case arrow::Type::BOOL: {
        alignas(64) uint8_t bits[kMaxBatchRows / 8 + 64];
        CopyBits(array_->buffers[1]->data(), at, count, bits);
        UnpackBits(bits, count, scratch_->data<uint8_t>());
        return arrow::Status::OK();
      }
      case arrow::Type::DECIMAL32:
        Convert<int32_t, int64_t>(at, count, [](int32_t v) { return int64_t{v}; });
        return arrow::Status::OK();
      case arrow::Type::DECIMAL64:
        UseInPlace(at, count, 8);
        return arrow::Status::OK();
      case arrow::Type::DECIMAL128:
        if (type_.physical() == PhysicalType::kInt128) {
          UseInPlace(at, count, 16);
        } else {
          ReadLowHalves(at, count);
        }
        return arrow::Status::OK();
      case arrow::Type::STRING:
      case arrow::Type::BINARY:
        ReadTexts<int32_t>(at, count);
        return arrow::Status::OK();
      case arrow::Type::LARGE_STRING:
      case arrow::Type::LARGE_BINARY:
        ReadTexts<int64_t>(at, count);
        return arrow::Status::OK();
      case arrow::Type::STRING_VIEW:
      case arrow::Type::BINARY_VIEW:
        ReadViews(at, count);
        return arrow::Status::OK();
      case arrow::Type::FIXED_SIZE_BINARY:
        ReadFixedSize(at, count);
        return arrow::Status::OK();
      case arrow::Type::DATE64:
      case arrow::Type::TIME32:
      case arrow::Type::TIME64:
      case arrow::Type::TIMESTAMP:
        return ReadTimes(at, count);
      default:
        UseInPlace(at, count, PhysicalWidth(type_.physical()));
        return arrow::Status::OK();
    }
  }

  // A decimal of at most 18 digits is its low half.
  void ReadLowHalves(int64_t at, uint32_t count) {
    const auto* halves = Values<int64_t>(at * 2);
    int64_t* out = scratch_->data<int64_t>();
    for (uint32_t i = 0; i < count; ++i) out[i] = halves[size_t{i} * 2];
  }

  template <typename Offset>
  void ReadTexts(int64_t at, uint32_t count) {
    StringRef* out = scratch_->data<StringRef>();
    if (array_->buffers[2] == nullptr) {
      std::fill_n(out, count, StringRef());
      return;
    }
    const Offset* offsets = Values<Offset>(at);
    const auto* bytes = reinterpret_cast<const char*>(array_->buffers[2]->data());
    if constexpr (sizeof(Offset) == 4) {
      scratch_->vector().form = VectorForm::kOffsets;
      scratch_->vector().data = offsets;
      scratch_->vector().dictionary = bytes;
      return;
    }
    for (uint32_t i = 0; i < count; ++i) {
      const auto size = static_cast<uint32_t>(offsets[i + 1] - offsets[i]);
      out[i] = size == 0 ? StringRef() : StringRef(bytes + offsets[i], size);
    }
  }

  void ReadViews(int64_t at, uint32_t count) {
    const auto* views = Values<arrow::BinaryViewType::c_type>(at);
    StringRef* out = scratch_->data<StringRef>();
    const uint8_t* validity = scratch_->vector().validity;
    for (uint32_t i = 0; i < count; ++i) {
      const auto& view = views[i];
      out[i] = StringRef();
      if ((validity != nullptr && !GetBit(validity, i)) || view.size() == 0) continue;
      const auto size = static_cast<uint32_t>(view.size());
      if (view.is_inline()) {
        out[i] = StringRef(reinterpret_cast<const char*>(view.inline_data()), size);
      } else {
        const auto& buffer = array_->buffers[2 + static_cast<size_t>(view.ref.buffer_index)];
        out[i] = StringRef(reinterpret_cast<const char*>(buffer->data()) + view.ref.offset, size);
      }
    }
  }

  // A text that was read.
  std::string_view TextAt(uint32_t row) const {
    const Vector& vector = scratch_->vector();
    if (vector.form != VectorForm::kOffsets) return vector.values<StringRef>()[row].view();
    const auto* offsets = vector.values<int32_t>();
    return {static_cast<const char*>(vector.dictionary) + offsets[row],
            static_cast<size_t>(offsets[row + 1] - offsets[row])};
  }

  arrow::Status NoValue(uint32_t row) const {
    return SqlError(type_.IsDecimal() ? sqlstate::kNumericOutOfRange : sqlstate::kInvalidTextRepresentation,
                    "a value of the Arrow column is no " + held_type_.ToString() + ": " +
                        GetValue(scratch_->vector(), row).ToString());
  }

  // One value as the wanted type holds it.
  arrow::Status HoldValue(uint32_t row) {
    bool fits = false;
    if (held_type_.id() == TypeId::kUHugeInt) {
      const int128_t value = scratch_->vector().values<int128_t>()[row];
      fits = value >= 0;
      held_->data<int128_t>()[row] = HoldUHugeInt(static_cast<uint128_t>(value));
    } else if (held_type_.id() == TypeId::kTimeTz) {
      fits = ParseTimeTz(TextAt(row), &held_->data<int64_t>()[row]) == ParseOutcome::kOk;
    } else if (held_type_.id() == TypeId::kBit) {
      std::string bits;
      fits = BitStringFromPacked(TextAt(row), &bits);
      if (fits && !bits.empty()) {
        ARROW_ASSIGN_OR_RAISE(held_->data<StringRef>()[row], held_bytes_->Copy(bits));
      }
    }
    return fits ? arrow::Status::OK() : NoValue(row);
  }

  arrow::Status Hold(uint32_t count, Vector* out) {
    held_->ResetFlat(held_type_);
    held_->vector().validity = scratch_->vector().validity;
    std::memset(held_->data<uint8_t>(), 0, size_t{count} * static_cast<size_t>(PhysicalWidth(held_type_.physical())));
    if (held_type_.physical() == PhysicalType::kString) std::fill_n(held_->data<StringRef>(), count, StringRef());
    for (uint32_t i = 0; i < count; ++i) {
      if (scratch_->vector().IsValid(i)) ARROW_RETURN_NOT_OK(HoldValue(i));
    }
    *out = held_->vector();
    return arrow::Status::OK();
  }

  // What says that it is JSON need not be.
  arrow::Status CheckJson(uint32_t count) const {
    for (uint32_t i = 0; i < count; ++i) {
      if (!scratch_->vector().IsValid(i)) continue;
      size_t error_at = 0;
      if (!IsJson(TextAt(i), &error_at)) {
        return SqlError(sqlstate::kInvalidTextRepresentation,
                        "a value of the Arrow column is no JSON: at byte " + std::to_string(error_at));
      }
    }
    return arrow::Status::OK();
  }

  // Nor need what says that it is ANY.
  arrow::Status CheckAny(uint32_t count) const {
    for (uint32_t i = 0; i < count; ++i) {
      if (scratch_->vector().IsValid(i) && !IsAnyValue(TextAt(i))) {
        return SqlError(sqlstate::kInvalidTextRepresentation, "a value of the Arrow column is no ANY");
      }
    }
    return arrow::Status::OK();
  }

  void ReadUuids(const uint8_t* bytes, uint32_t count) {
    int128_t* out = scratch_->data<int128_t>();
    for (uint32_t i = 0; i < count; ++i) out[i] = UuidFromBytes(bytes + size_t{i} * kUuidBytes);
  }

  void ReadFixedSize(int64_t at, uint32_t count) {
    const int width = static_cast<const arrow::FixedSizeBinaryType&>(*array_->type).byte_width();
    if (type_.id() == TypeId::kHugeInt || type_.id() == TypeId::kUHugeInt) return UseInPlace(at, count, width);
    const auto* bytes = reinterpret_cast<const char*>(array_->buffers[1]->data()) + at * width;
    if (type_.id() == TypeId::kUuid) return ReadUuids(reinterpret_cast<const uint8_t*>(bytes), count);
    StringRef* out = scratch_->data<StringRef>();
    for (uint32_t i = 0; i < count; ++i) {
      out[i] = width == 0 ? StringRef() : StringRef(bytes + int64_t{i} * width, static_cast<uint32_t>(width));
    }
  }

  arrow::Status ReadTimes(int64_t at, uint32_t count) {
    switch (array_->type->id()) {
      case arrow::Type::DATE64:
        Convert<int64_t, int32_t>(at, count,
                                  [](int64_t v) { return static_cast<int32_t>(FloorDivide(v, kMicrosPerDay / 1000)); });
        return arrow::Status::OK();
      case arrow::Type::TIME32: {
        const bool seconds = static_cast<const arrow::TimeType&>(*array_->type).unit() == arrow::TimeUnit::SECOND;
        const int64_t factor = seconds ? kMicrosPerSecond : 1000;
        Convert<int32_t, int64_t>(at, count, [&](int32_t v) { return v * factor; });
        return arrow::Status::OK();
      }
      case arrow::Type::TIME64:
        return ReadUnits(at, count, static_cast<const arrow::TimeType&>(*array_->type).unit());
      default:
        // Without a zone each unit is a type of its own.
        if (type_.id() != TypeId::kTimestampTz) {
          UseInPlace(at, count, 8);
          return arrow::Status::OK();
        }
        return ReadUnits(at, count, static_cast<const arrow::TimestampType&>(*array_->type).unit());
    }
  }

  arrow::Status ReadUnits(int64_t at, uint32_t count, arrow::TimeUnit::type unit) {
    if (unit == arrow::TimeUnit::MICRO) {
      UseInPlace(at, count, 8);
      return arrow::Status::OK();
    }
    if (unit == arrow::TimeUnit::NANO) {
      Convert<int64_t, int64_t>(at, count, [](int64_t v) { return FloorDivide(v, 1000); });
      return arrow::Status::OK();
    }
    const int64_t factor = unit == arrow::TimeUnit::SECOND ? kMicrosPerSecond : 1000;
    const int64_t* values = Values<int64_t>(at);
    int64_t* out = scratch_->data<int64_t>();
    for (uint32_t i = 0; i < count; ++i) {
      if (__builtin_mul_overflow(values[i], factor, &out[i]) && scratch_->vector().IsValid(i)) {
        return TimeOverflow(type_);
      }
    }
    return arrow::Status::OK();
  }

  // The dictionary's entries as flat values, made once. A NULL entry makes its rows NULL: such dictionaries are
  // decoded.
  arrow::Status PrepareDictionary(arrow::MemoryPool* pool) {
    ARROW_ASSIGN_OR_RAISE(entries_, Make(array_->dictionary, type_, pool));
    const int64_t size = array_->dictionary->length;
    const auto width = static_cast<size_t>(PhysicalWidth(type_.physical()));
    entry_values_.resize((static_cast<size_t>(size) + 4) * width / 16 + 4);
    entry_validity_.resize(static_cast<size_t>(size) / 8 + 64);
    ARROW_ASSIGN_OR_RAISE(ScratchVector flat, ScratchVector::Make(type_, pool));
    for (int64_t begin = 0; begin < size; begin += kMaxBatchRows) {
      const auto count = static_cast<uint32_t>(std::min<int64_t>(kMaxBatchRows, size - begin));
      Vector piece;
      ARROW_RETURN_NOT_OK(entries_->Read(begin, count, &piece));
      const Vector& values = Flatten(piece, Selection::All(count), count, flat);
      std::memcpy(reinterpret_cast<uint8_t*>(entry_values_.data()) + static_cast<size_t>(begin) * width, values.data,
                  count * width);
      for (uint32_t i = 0; i < count; ++i) {
        const bool valid = values.IsValid(i);
        SetBitTo(entry_validity_.data(), static_cast<uint32_t>(begin) + i, valid);
        entries_have_nulls_ = entries_have_nulls_ || !valid;
      }
    }
    static std::atomic<uint64_t> next_id{uint64_t{3} << 62};
    dictionary_id_ = next_id.fetch_add(1, std::memory_order_relaxed);
    return arrow::Status::OK();
  }

  template <typename Code>
  void WidenCodes(int64_t at, uint32_t count) {
    const Code* codes = Values<Code>(at);
    uint32_t* out = scratch_->data<uint32_t>();
    for (uint32_t i = 0; i < count; ++i) out[i] = static_cast<uint32_t>(codes[i]);
  }

  void ReadCodes(int64_t at, uint32_t count) {
    const auto& type = static_cast<const arrow::DictionaryType&>(*array_->type);
    switch (static_cast<const arrow::FixedWidthType&>(*type.index_type()).bit_width()) {
      case 8:
        WidenCodes<uint8_t>(at, count);
        break;
      case 16:
        WidenCodes<uint16_t>(at, count);
        break;
      case 32:
        WidenCodes<uint32_t>(at, count);
        break;
      default:
        WidenCodes<uint64_t>(at, count);
    }
    Vector& vector = scratch_->vector();
    vector.form = VectorForm::kDictionary;
    vector.storage = PhysicalType::kUInt32;
    vector.dictionary = entry_values_.data();
    vector.dictionary_size = static_cast<uint32_t>(array_->dictionary->length);
    vector.dictionary_id = dictionary_id_;
    uint32_t* codes = scratch_->data<uint32_t>();
    // Codes of NULL rows may be anything.
    for (uint32_t i = 0; i < count; ++i) codes[i] = codes[i] < vector.dictionary_size ? codes[i] : 0;
    if (!entries_have_nulls_) return;
    uint8_t* bits = scratch_->validity();
    if (vector.validity == nullptr) FillBitmap(scratch_->UseValidity(), count, true);
    for (uint32_t i = 0; i < count; ++i) {
      if (!GetBit(entry_validity_.data(), codes[i])) ClearBit(bits, i);
    }
  }

  LogicalType type_;       // of what is read
  LogicalType held_type_;  // of what it is given as, where held_ is there
  std::unique_ptr<ScratchVector> held_;
  std::unique_ptr<StringArena> held_bytes_;
  std::shared_ptr<arrow::ArrayData> array_;
  std::unique_ptr<ScratchVector> scratch_;
  std::unique_ptr<ColumnReader> entries_;
  std::vector<uint128_t> entry_values_;
  std::vector<uint8_t> entry_validity_;
  bool entries_have_nulls_ = false;
  uint64_t dictionary_id_ = 0;
};

class Reader : public ArrowBatchReader {
 public:
  static arrow::Result<std::unique_ptr<ArrowBatchReader>> Open(std::shared_ptr<arrow::RecordBatch> batch,
                                                               arrow::MemoryPool* pool,
                                                               std::span<const LogicalType> wanted) {
    auto reader = std::make_unique<Reader>();
    for (int i = 0; i < batch->num_columns(); ++i) {
      const arrow::DataType& arrow_type = *batch->column_data(i)->type;
      ARROW_ASSIGN_OR_RAISE(LogicalType type, FromArrowType(arrow_type));
      if (!wanted.empty() && IsReadAs(arrow_type, wanted[static_cast<size_t>(i)])) {
        type = wanted[static_cast<size_t>(i)];
      }
      ARROW_ASSIGN_OR_RAISE(auto column, ArrowColumnReader::Make(batch->column_data(i), type, pool));
      reader->types_.push_back(type);
      reader->columns_.push_back(std::move(column));
    }
    reader->vectors_.resize(reader->columns_.size());
    reader->batch_ = std::move(batch);
    return std::unique_ptr<ArrowBatchReader>(std::move(reader));
  }

  const std::vector<LogicalType>& types() const override { return types_; }
  void Seek(int64_t row) override { next_ = row; }

  arrow::Result<Batch> Next() override {
    const auto count =
        static_cast<uint32_t>(std::clamp<int64_t>(batch_->num_rows() - next_, 0, static_cast<int64_t>(kMaxBatchRows)));
    Batch batch;
    batch.num_rows = count;
    batch.selection = Selection::All(count);
    if (count == 0) return batch;
    for (size_t i = 0; i < columns_.size(); ++i) ARROW_RETURN_NOT_OK(columns_[i]->Read(next_, count, &vectors_[i]));
    next_ += count;
    batch.columns = vectors_;
    return batch;
  }

 private:
  std::shared_ptr<arrow::RecordBatch> batch_;
  std::vector<std::unique_ptr<ArrowColumnReader>> columns_;
  std::vector<Vector> vectors_;
  std::vector<LogicalType> types_;
  int64_t next_ = 0;
};

}  // namespace

arrow::Result<std::unique_ptr<ArrowColumnReader>> ArrowColumnReader::Make(std::shared_ptr<arrow::ArrayData> array,
                                                                          LogicalType type, arrow::MemoryPool* pool) {
  if (type.IsNested()) return MakeNestedReader(std::move(array), type, pool);
  const bool codes = type.IsEnum() && array->type->Equals(*ToStoredArrowType(type));
  if (type.IsEnum() && !codes) return MakeEnumReader(std::move(array), type, pool);
  return ColumnReader::Make(std::move(array), type, pool);
}

arrow::Result<std::unique_ptr<ArrowBatchReader>> ArrowBatchReader::Make(
    std::shared_ptr<arrow::RecordBatch> record_batch, arrow::MemoryPool* pool, std::span<const LogicalType> wanted) {
  return Reader::Open(std::move(record_batch), pool, wanted);
}

}  // namespace llkv
