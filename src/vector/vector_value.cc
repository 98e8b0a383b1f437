// Vectors to single Values and back.
#include <cstring>

#include "vector/bitmap.h"
#include "vector/scratch.h"

namespace llkv {

namespace {

int128_t LoadInteger(const void* data, PhysicalType storage, uint32_t index) {
  switch (storage) {
    case PhysicalType::kInt8:
      return static_cast<const int8_t*>(data)[index];
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return static_cast<const uint8_t*>(data)[index];
    case PhysicalType::kInt16:
      return static_cast<const int16_t*>(data)[index];
    case PhysicalType::kUInt16:
      return static_cast<const uint16_t*>(data)[index];
    case PhysicalType::kInt32:
      return static_cast<const int32_t*>(data)[index];
    case PhysicalType::kUInt32:
      return static_cast<const uint32_t*>(data)[index];
    case PhysicalType::kInt64:
      return static_cast<const int64_t*>(data)[index];
    case PhysicalType::kUInt64:
      return static_cast<const uint64_t*>(data)[index];
    default: {
      int128_t value;
      std::memcpy(&value, static_cast<const char*>(data) + size_t{index} * sizeof(value), sizeof(value));
      return value;
    }
  }
}

Value OfString(LogicalType type, std::string_view text) { return Value::OfBytes(type, std::string(text)); }

Value LoadFlat(LogicalType type, const void* data, uint32_t index) {
  switch (type.physical()) {
    case PhysicalType::kFloat:
      return Value::Floating(type, static_cast<double>(static_cast<const float*>(data)[index]));
    case PhysicalType::kDouble:
      return Value::Floating(type, static_cast<const double*>(data)[index]);
    case PhysicalType::kString:
      return OfString(type, static_cast<const StringRef*>(data)[index].view());
    case PhysicalType::kInterval:
      return Value::OfInterval(static_cast<const Interval*>(data)[index]);
    case PhysicalType::kBool:
      if (type.id() == TypeId::kNull) return Value::Null();
      return Value::Boolean(static_cast<const uint8_t*>(data)[index] != 0);
    default:
      return Value::Integer(type, LoadInteger(data, type.physical(), index));
  }
}

void StoreInteger(LogicalType type, int128_t value, ScratchVector& scratch) {
  switch (PhysicalWidth(type.physical())) {
    case 1:
      *scratch.data<int8_t>() = static_cast<int8_t>(value);
      break;
    case 2:
      *scratch.data<int16_t>() = static_cast<int16_t>(value);
      break;
    case 4:
      *scratch.data<int32_t>() = static_cast<int32_t>(value);
      break;
    case 8:
      *scratch.data<int64_t>() = static_cast<int64_t>(value);
      break;
    default:
      *scratch.data<int128_t>() = value;
  }
}

}  // namespace

Value GetValue(const Vector& input, uint32_t row) {
  switch (input.form) {
    case VectorForm::kConstant:
      return input.IsConstantNull() ? Value::Null(input.type) : LoadFlat(input.type, input.data, 0);
    case VectorForm::kRunEnd: {
      uint32_t run = 0;
      while (input.run_ends[run] <= static_cast<int64_t>(row) + input.run_offset) ++run;
      const bool valid = input.validity == nullptr || GetBit(input.validity, run);
      return valid ? LoadFlat(input.type, input.data, run) : Value::Null(input.type);
    }
    default:
      break;
  }
  if (!input.IsValid(row)) return Value::Null(input.type);
  switch (input.form) {
    case VectorForm::kDictionary:
      return LoadFlat(input.type, input.dictionary, static_cast<uint32_t>(LoadInteger(input.data, input.storage, row)));
    case VectorForm::kNarrow:
      return Value::Integer(input.type, LoadInteger(input.data, input.storage, row) + input.base);
    case VectorForm::kOffsets: {
      const auto* offsets = input.values<int32_t>();
      const char* bytes = static_cast<const char*>(input.dictionary);
      return OfString(input.type, {bytes + offsets[row], static_cast<size_t>(offsets[row + 1] - offsets[row])});
    }
    default:
      return LoadFlat(input.type, input.data, row);
  }
}

void SetConstant(const Value& value, ScratchVector& scratch) {
  const LogicalType type = value.type();
  scratch.ResetFlat(type);
  Vector& vector = scratch.vector();
  vector.form = VectorForm::kConstant;
  if (value.is_null()) {
    *scratch.data<int128_t>() = 0;
    if (type.physical() == PhysicalType::kString) *scratch.data<StringRef>() = StringRef();
    ClearBit(scratch.UseValidity(), 0);
    return;
  }
  switch (type.physical()) {
    case PhysicalType::kFloat:
      *scratch.data<float>() = static_cast<float>(value.floating());
      return;
    case PhysicalType::kDouble:
      *scratch.data<double>() = value.floating();
      return;
    case PhysicalType::kString:
      *scratch.data<StringRef>() = StringRef(std::string_view(value.bytes()));
      return;
    case PhysicalType::kInterval:
      *scratch.data<Interval>() = value.interval();
      return;
    default:
      StoreInteger(type, value.integer(), scratch);
      vector.range = {true, value.integer(), value.integer()};
  }
}

}  // namespace llkv
