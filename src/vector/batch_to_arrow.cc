// RecordBatchBuilder: selected rows of Batches copied into Arrow arrays, column by column.
#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "types/bit_string.h"
#include "types/decimal.h"
#include "types/text_format.h"
#include "types/type_info.h"
#include "types/uhugeint.h"
#include "types/uuid.h"
#include "vector/arrow_bridge.h"
#include "vector/arrow_column.h"
#include "vector/bitmap.h"
#include "vector/scratch.h"

namespace llkv {

namespace {

constexpr int64_t kPadding = 64;

// A buffer that grows by doubling; bytes beyond what is written are zero where it matters (bitmaps).
class GrowingBuffer {
 public:
  arrow::Status Reserve(int64_t size, arrow::MemoryPool* pool) {
    const int64_t wanted = size + kPadding;
    if (buffer_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(wanted, pool));
      return arrow::Status::OK();
    }
    if (buffer_->size() >= wanted) return arrow::Status::OK();
    return buffer_->Resize(std::max(wanted, buffer_->size() * 2), false);
  }
  uint8_t* data() { return buffer_->mutable_data(); }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Finish(int64_t size) {
    ARROW_RETURN_NOT_OK(buffer_->Resize(size, false));
    buffer_->ZeroPadding();
    return std::shared_ptr<arrow::Buffer>(std::move(buffer_));
  }

 private:
  std::unique_ptr<arrow::ResizableBuffer> buffer_;
};

// Appends `count` bits of `from`, beginning at its bit 0, at bit `at` of `to`, whose later bits may be anything.
void AppendBits(const uint8_t* from, uint32_t count, uint8_t* to, int64_t at) {
  const auto shift = static_cast<uint32_t>(at & 7);
  uint8_t* out = to + at / 8;
  if (shift == 0) {
    std::memcpy(out, from, (count + 7) / 8);
    return;
  }
  for (uint32_t i = 0; i < (count + 7) / 8; ++i) {
    out[i] = static_cast<uint8_t>((out[i] & ((1U << shift) - 1)) | (static_cast<unsigned>(from[i]) << shift));
    out[i + 1] = static_cast<uint8_t>(from[i] >> (8 - shift));
  }
}

// One column: how values are copied depends on its type.
class ColumnAppender : public ArrowColumnBuilder {
 public:
  ColumnAppender(LogicalType type, ArrowForm form, arrow::MemoryPool* pool)
      : type_(type), stored_(form == ArrowForm::kStored), arrow_type_(ArrowTypeOf(type, form)), pool_(pool) {}

  arrow::Status Append(const Vector& vector, const Selection& selection, uint32_t num_rows) override {
    if (type_.id() == TypeId::kNull) {
      length_ += selection.count;
      return arrow::Status::OK();
    }
    if (scratch_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(type_, pool_));
      scratch_ = std::make_unique<ScratchVector>(std::move(scratch));
    }
    // Dense offsets of Arrow's own layout are copied as they are; all else goes by flat values.
    const Vector& flat = Flatten(vector, selection, num_rows, *scratch_);
    ARROW_RETURN_NOT_OK(AppendValidity(flat, selection));
    ARROW_RETURN_NOT_OK(AppendValues(flat, selection));
    length_ += selection.count;
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    const int64_t length = length_;
    const int64_t nulls = null_count_;
    length_ = 0;
    null_count_ = 0;
    if (type_.id() == TypeId::kNull) return arrow::ArrayData::Make(arrow_type_, length, {nullptr}, length);
    std::shared_ptr<arrow::Buffer> validity;
    if (has_validity_) {
      ARROW_ASSIGN_OR_RAISE(validity, validity_.Finish((length + 7) / 8));
      has_validity_ = false;
    }
    ARROW_RETURN_NOT_OK(values_.Reserve(0, pool_));
    if (!IsText()) {
      const int64_t size = type_.physical() == PhysicalType::kBool ? (length + 7) / 8 : length * OutputWidth();
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values, values_.Finish(size));
      auto array = arrow::ArrayData::Make(arrow_type_, length, {validity, values}, nulls);
      if (type_.IsEnum() && !stored_) {
        if (labels_ == nullptr) {
          ARROW_ASSIGN_OR_RAISE(labels_, MakeLabels());
        }
        array->dictionary = labels_;
      }
      return array;
    }
    ARROW_RETURN_NOT_OK(text_.Reserve(0, pool_));
    if (length == 0) std::memset(values_.data(), 0, sizeof(int32_t));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets,
                          values_.Finish((length + 1) * static_cast<int64_t>(sizeof(int32_t))));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> text, text_.Finish(text_size_));
    text_size_ = 0;
    return arrow::ArrayData::Make(arrow_type_, length, {validity, offsets, text}, nulls);
  }

  int64_t length() const override { return length_; }
  int64_t text_bytes() const override { return text_size_; }

 private:
  /// Offsets and bytes in the array.
  bool IsText() const {
    return type_.physical() == PhysicalType::kString || (type_.id() == TypeId::kTimeTz && !stored_);
  }

  int OutputWidth() const { return type_.IsDecimal() ? arrow_type_->byte_width() : PhysicalWidth(type_.physical()); }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> MakeLabels() {
    arrow::StringBuilder builder(pool_);
    ARROW_RETURN_NOT_OK(builder.AppendValues(type_.info().labels));
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::Array> labels, builder.Finish());
    return labels->data();
  }

  arrow::Status AppendValidity(const Vector& flat, const Selection& selection) {
    if (flat.validity == nullptr && !has_validity_) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(validity_.Reserve((length_ + selection.count) / 8 + 16, pool_));
    uint8_t* bits = validity_.data();
    if (!has_validity_) {
      std::memset(bits, 0xFF, static_cast<size_t>(length_ / 8 + 1));
      has_validity_ = true;
    }
    alignas(64) uint8_t packed[kMaxBatchRows / 8 + 64];
    const uint8_t* source = packed;
    if (flat.validity == nullptr) {
      FillBitmap(packed, selection.count, true);
    } else if (selection.IsDense()) {
      source = flat.validity;
    } else {
      for (uint32_t i = 0; i < selection.count; ++i) SetBitTo(packed, i, GetBit(flat.validity, selection.rows[i]));
    }
    AppendBits(source, selection.count, bits, length_);
    null_count_ += selection.count - CountSetBits(source, selection.count);
    return arrow::Status::OK();
  }

  template <typename T>
  void CopyRows(const T* values, const Selection& selection) {
    auto* out = reinterpret_cast<T*>(values_.data()) + length_;
    if (selection.IsDense()) {
      std::memcpy(out, values, size_t{selection.count} * sizeof(T));
    } else {
      for (uint32_t i = 0; i < selection.count; ++i) out[i] = values[selection.rows[i]];
    }
  }

  arrow::Status AppendValues(const Vector& flat, const Selection& selection) {
    const bool timetz_as_text = type_.id() == TypeId::kTimeTz && !stored_;
    if (timetz_as_text || type_.id() == TypeId::kBit) return AppendConvertedTexts(flat, selection);
    switch (type_.physical()) {
      case PhysicalType::kBool:
        return AppendBooleans(flat, selection);
      case PhysicalType::kString:
        return AppendTexts(flat, selection);
      case PhysicalType::kInt128:
        return AppendWide(flat, selection);
      default:
        break;
    }
    ARROW_RETURN_NOT_OK(values_.Reserve((length_ + selection.count) * OutputWidth(), pool_));
    if (type_.IsDecimal()) {
      AppendDecimals(flat.values<int64_t>(), selection);
      return arrow::Status::OK();
    }
    switch (PhysicalWidth(type_.physical())) {
      case 1:
        CopyRows(flat.values<uint8_t>(), selection);
        break;
      case 2:
        CopyRows(flat.values<uint16_t>(), selection);
        break;
      case 4:
        CopyRows(flat.values<uint32_t>(), selection);
        break;
      case 8:
        CopyRows(flat.values<uint64_t>(), selection);
        break;
      default:
        CopyRows(flat.values<uint128_t>(), selection);
    }
    return arrow::Status::OK();
  }

  template <typename T>
  void WidenRows(const int64_t* values, const Selection& selection) {
    auto* out = reinterpret_cast<T*>(values_.data()) + length_;
    for (uint32_t i = 0; i < selection.count; ++i) out[i] = static_cast<T>(values[selection[i]]);
  }

  // Those of up to 18 digits, in Arrow's width.
  void AppendDecimals(const int64_t* values, const Selection& selection) {
    switch (OutputWidth()) {
      case 4:
        return WidenRows<int32_t>(values, selection);
      case 8:
        return CopyRows(values, selection);
      default:
        return WidenRows<int128_t>(values, selection);
    }
  }

  // UHUGEINT and UUID cross the boundary in another form than they are held in.
  arrow::Status AppendHeld(const Vector& flat, const Selection& selection) {
    const auto* held = flat.values<int128_t>();
    uint8_t* out = values_.data() + length_ * 16;
    for (uint32_t i = 0; i < selection.count; ++i, out += 16) {
      const uint32_t row = selection[i];
      if (type_.id() == TypeId::kUuid) {
        UuidToBytes(held[row], out);
        continue;
      }
      const uint128_t value = UHugeIntOf(held[row]);
      std::memcpy(out, &value, sizeof(value));
      if (value >= static_cast<uint128_t>(PowerOfTen(kMaxDecimalDigits)) && flat.IsValid(row)) {
        return SqlError(sqlstate::kNumericOutOfRange,
                        "the UHUGEINT " + Uint128ToString(value) + " does not fit Arrow's decimal128(38, 0)");
      }
    }
    return arrow::Status::OK();
  }

  // TIMETZ as text, BIT packed.
  arrow::Status AppendConvertedTexts(const Vector& flat, const Selection& selection) {
    std::vector<std::string> texts(selection.count);
    std::vector<StringRef> refs(selection.count);
    std::vector<uint8_t> validity(selection.count / 8 + 64);
    for (uint32_t i = 0; i < selection.count; ++i) {
      const uint32_t row = selection[i];
      const bool valid = flat.IsValid(row);
      SetBitTo(validity.data(), i, valid);
      if (!valid) continue;
      if (type_.id() == TypeId::kBit) {
        texts[i] = BitStringToPacked(flat.values<StringRef>()[row].view());
      } else {
        char text[kMaxTextBytes];
        texts[i].assign(text, FormatTimeTz(flat.values<int64_t>()[row], text));
      }
      refs[i] = StringRef(std::string_view(texts[i]));
    }
    Vector converted;
    converted.type = TypeId::kVarchar;
    converted.data = refs.data();
    converted.validity = validity.data();
    return AppendTexts(converted, Selection::All(selection.count));
  }

  arrow::Status AppendWide(const Vector& flat, const Selection& selection) {
    ARROW_RETURN_NOT_OK(values_.Reserve((length_ + selection.count) * 16, pool_));
    const bool unsigned_wide = type_.id() == TypeId::kUHugeInt && !stored_;
    if (unsigned_wide || type_.id() == TypeId::kUuid) return AppendHeld(flat, selection);
    CopyRows(flat.values<int128_t>(), selection);
    if (type_.IsDecimal() || stored_) return arrow::Status::OK();
    const auto* values = flat.values<int128_t>();
    for (uint32_t i = 0; i < selection.count; ++i) {
      const uint32_t row = selection[i];
      if (!FitsPrecision(values[row], kMaxDecimalDigits) && flat.IsValid(row)) {
        return SqlError(sqlstate::kNumericOutOfRange,
                        "the HUGEINT " + Int128ToString(values[row]) + " does not fit Arrow's decimal128(38, 0)");
      }
    }
    return arrow::Status::OK();
  }

  arrow::Status AppendBooleans(const Vector& flat, const Selection& selection) {
    ARROW_RETURN_NOT_OK(values_.Reserve((length_ + selection.count) / 8 + 16, pool_));
    alignas(64) uint8_t bytes[kMaxBatchRows + 64] = {};
    alignas(64) uint8_t bits[kMaxBatchRows / 8 + 64];
    const auto* values = flat.values<uint8_t>();
    for (uint32_t i = 0; i < selection.count; ++i) bytes[i] = values[selection[i]];
    PackBytes(bytes, selection.count, bits);
    AppendBits(bits, selection.count, values_.data(), length_);
    return arrow::Status::OK();
  }

  arrow::Status AppendTexts(const Vector& flat, const Selection& selection) {
    const auto* refs = flat.values<StringRef>();
    int64_t added = 0;
    for (uint32_t i = 0; i < selection.count; ++i) {
      const uint32_t row = selection[i];
      added += flat.IsValid(row) ? refs[row].size : 0;
    }
    if (text_size_ + added > INT32_MAX) {
      return InternalError("a column of one Arrow batch would hold 2 GiB of text or more");
    }
    const auto width = static_cast<int64_t>(sizeof(int32_t));
    ARROW_RETURN_NOT_OK(values_.Reserve((length_ + selection.count + 1) * width, pool_));
    ARROW_RETURN_NOT_OK(text_.Reserve(text_size_ + added, pool_));
    auto* offsets = reinterpret_cast<int32_t*>(values_.data()) + length_;
    uint8_t* out = text_.data() + text_size_;
    auto offset = static_cast<int32_t>(text_size_);
    offsets[0] = offset;
    for (uint32_t i = 0; i < selection.count; ++i) {
      const uint32_t row = selection[i];
      if (flat.IsValid(row)) {
        const StringRef& ref = refs[row];
        std::memcpy(out, ref.data, ref.size);
        out += ref.size;
        offset += static_cast<int32_t>(ref.size);
      }
      offsets[i + 1] = offset;
    }
    text_size_ += added;
    return arrow::Status::OK();
  }

  LogicalType type_;
  bool stored_;
  std::shared_ptr<arrow::DataType> arrow_type_;
  std::shared_ptr<arrow::ArrayData> labels_;  // of an ENUM
  arrow::MemoryPool* pool_;
  GrowingBuffer validity_;
  GrowingBuffer values_;  // offsets for text
  GrowingBuffer text_;
  std::unique_ptr<ScratchVector> scratch_;
  bool has_validity_ = false;
  int64_t length_ = 0;
  int64_t null_count_ = 0;
  int64_t text_size_ = 0;
};

class Builder : public RecordBatchBuilder {
 public:
  Builder(std::shared_ptr<arrow::Schema> schema, std::span<const LogicalType> types, ArrowForm form,
          arrow::MemoryPool* pool)
      : schema_(std::move(schema)) {
    columns_.reserve(types.size());
    for (const LogicalType type : types) columns_.push_back(ArrowColumnBuilder::Make(type, form, pool));
  }

  arrow::Status Append(const Batch& batch) override {
    for (size_t i = 0; i < columns_.size(); ++i) {
      ARROW_RETURN_NOT_OK(columns_[i]->Append(batch.columns[i], batch.selection, batch.num_rows));
    }
    num_rows_ += batch.selection.count;
    return arrow::Status::OK();
  }

  int64_t num_rows() const override { return num_rows_; }

  int64_t largest_text_bytes() const override {
    int64_t largest = 0;
    for (const auto& column : columns_) largest = std::max(largest, column->text_bytes());
    return largest;
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Finish() override {
    std::vector<std::shared_ptr<arrow::ArrayData>> arrays;
    arrays.reserve(columns_.size());
    for (const auto& column : columns_) {
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ArrayData> array, column->Finish());
      arrays.push_back(std::move(array));
    }
    const int64_t rows = num_rows_;
    num_rows_ = 0;
    return arrow::RecordBatch::Make(schema_, rows, std::move(arrays));
  }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::unique_ptr<ArrowColumnBuilder>> columns_;
  int64_t num_rows_ = 0;
};

}  // namespace

std::shared_ptr<arrow::DataType> ArrowTypeOf(LogicalType type, ArrowForm form) {
  if (form == ArrowForm::kStored) return ToStoredArrowType(type);
  return ToArrowType(type, form == ArrowForm::kNative ? ArrowOutput::kNative : ArrowOutput::kPortable);
}

std::unique_ptr<ArrowColumnBuilder> ArrowColumnBuilder::Make(LogicalType type, ArrowForm form,
                                                             arrow::MemoryPool* pool) {
  if (type.IsNested()) return MakeNestedBuilder(type, form, pool);
  if (form == ArrowForm::kNative && type.id() == TypeId::kVarchar) return MakeTextViewBuilder(pool);
  return std::make_unique<ColumnAppender>(type, form, pool);
}

arrow::Result<std::unique_ptr<RecordBatchBuilder>> RecordBatchBuilder::Make(std::span<const std::string> names,
                                                                            std::span<const LogicalType> types,
                                                                            arrow::MemoryPool* pool,
                                                                            ArrowOutput output) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (size_t i = 0; i < types.size(); ++i) fields.push_back(ToArrowField(names[i], types[i], output));
  const ArrowForm form = output == ArrowOutput::kNative ? ArrowForm::kNative : ArrowForm::kPortable;
  return std::make_unique<Builder>(arrow::schema(std::move(fields)), types, form, pool);
}

}  // namespace llkv
