// FlatValue: one Value in the layout of a flat Vector, for code that takes values by their physical type.
#pragma once

#include <cstdint>
#include <cstring>

#include "types/logical_type.h"
#include "types/value.h"
#include "vector/string_ref.h"

namespace llkv {

/// A non-NULL value of `type`. Strings point into the Value, which outlives this.
class FlatValue {
 public:
  FlatValue(LogicalType type, const Value& value) {
    switch (type.physical()) {
      case PhysicalType::kFloat:
        Set(static_cast<float>(value.floating()));
        break;
      case PhysicalType::kDouble:
        Set(value.floating());
        break;
      case PhysicalType::kString:
        Set(StringRef(value.bytes()));
        break;
      case PhysicalType::kInterval:
        Set(value.interval());
        break;
      default:
        // Little-endian: the low bytes are the narrower integer.
        Set(value.integer());
        break;
    }
  }

  const void* data() const { return bytes_; }

 private:
  template <typename T>
  void Set(T value) {
    std::memcpy(bytes_, &value, sizeof(value));
  }
  alignas(16) uint8_t bytes_[16] = {};
};

}  // namespace llkv
