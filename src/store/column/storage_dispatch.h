// Calling a kernel with the C++ type that values of a physical type are held as. Internal to the column store.
#pragma once

#include <cstdint>

#include "base/int128.h"
#include "types/logical_type.h"
#include "types/value.h"
#include "vector/string_ref.h"

namespace llkv {

/// Calls f with a null pointer of the integer type that stores values; of other types than integers and booleans with
/// that of 128 bits.
template <typename F>
void WithInteger(PhysicalType type, F&& f) {
  switch (type) {
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return f(static_cast<const uint8_t*>(nullptr));
    case PhysicalType::kUInt16:
      return f(static_cast<const uint16_t*>(nullptr));
    case PhysicalType::kUInt32:
      return f(static_cast<const uint32_t*>(nullptr));
    case PhysicalType::kUInt64:
      return f(static_cast<const uint64_t*>(nullptr));
    case PhysicalType::kInt8:
      return f(static_cast<const int8_t*>(nullptr));
    case PhysicalType::kInt16:
      return f(static_cast<const int16_t*>(nullptr));
    case PhysicalType::kInt32:
      return f(static_cast<const int32_t*>(nullptr));
    case PhysicalType::kInt64:
      return f(static_cast<const int64_t*>(nullptr));
    default:
      return f(static_cast<const int128_t*>(nullptr));
  }
}

/// The same of any physical type.
template <typename F>
void WithPhysical(PhysicalType type, F&& f) {
  switch (type) {
    case PhysicalType::kFloat:
      return f(static_cast<const float*>(nullptr));
    case PhysicalType::kDouble:
      return f(static_cast<const double*>(nullptr));
    case PhysicalType::kString:
      return f(static_cast<const StringRef*>(nullptr));
    case PhysicalType::kInterval:
      return f(static_cast<const Interval*>(nullptr));
    default:
      return WithInteger(type, f);
  }
}

}  // namespace llkv
