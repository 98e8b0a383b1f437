// StoredValue: one value of any type in an aggregate's state.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <cstring>

#include "functions/aggregate_support.h"
#include "functions/kernel.h"

namespace llkv {

/// Nothing, NULL or a value. A string's bytes lie in the arena, where the next string reuses its room.
struct StoredValue {
  static constexpr uint8_t kNothing = 0;
  static constexpr uint8_t kNull = 1;
  static constexpr uint8_t kValue = 2;

  uint64_t bytes[2] = {0, 0};  // a StringRef, or the value
  uint32_t capacity = 0;       // of a string's room
  uint8_t kind = kNothing;

  /// Takes row `row` of a flat or constant Vector. Error 53200.
  arrow::Status Set(KernelContext& context, const Vector& vector, uint32_t row) {
    const uint32_t at = vector.form == VectorForm::kConstant ? 0 : row;
    if (vector.validity != nullptr && !GetBit(vector.validity, at)) {
      kind = kNull;
      return arrow::Status::OK();
    }
    if (vector.type.physical() == PhysicalType::kString) return SetText(context, vector.values<StringRef>()[at]);
    const auto width = static_cast<size_t>(PhysicalWidth(vector.type.physical()));
    std::memcpy(bytes, vector.values<uint8_t>() + at * width, width);
    kind = kValue;
    return arrow::Status::OK();
  }

  /// Takes another's value, of type `type`. Error 53200.
  arrow::Status CopyFrom(KernelContext& context, LogicalType type, const StoredValue& other) {
    if (other.kind == kValue && type.physical() == PhysicalType::kString) return SetText(context, other.text());
    std::memcpy(bytes, other.bytes, sizeof(bytes));
    kind = other.kind;
    return arrow::Status::OK();
  }

  template <typename T>
  T Get() const {
    T value;
    std::memcpy(&value, bytes, sizeof(T));
    return value;
  }
  StringRef text() const { return Get<StringRef>(); }

  /// As row `row` of a flat result.
  void Load(uint32_t row, ScratchVector& out) const {
    const auto width = static_cast<size_t>(PhysicalWidth(out.vector().type.physical()));
    if (kind == kValue) {
      std::memcpy(out.data<uint8_t>() + row * width, bytes, width);
      return;
    }
    SetNullRow(row, out);
    if (out.vector().type.physical() == PhysicalType::kString) {
      out.data<StringRef>()[row] = StringRef();
    } else {
      std::memset(out.data<uint8_t>() + row * width, 0, width);
    }
  }

 private:
  arrow::Status SetText(KernelContext& context, const StringRef& value) {
    char* room = capacity == 0 ? nullptr : const_cast<char*>(text().data);
    if (value.size > capacity) {
      const uint32_t wanted = std::max<uint32_t>(16, value.size > UINT32_MAX / 2 ? value.size : value.size * 2);
      ARROW_ASSIGN_OR_RAISE(room, context.arena->Allocate(wanted));
      capacity = wanted;
    }
    if (value.size > 0) std::memmove(room, value.data, value.size);
    StringRef copy(room == nullptr ? "" : room, value.size);
    std::memcpy(bytes, &copy, sizeof(copy));
    kind = kValue;
    return arrow::Status::OK();
  }
};

}  // namespace llkv
