// Typed access to values in rows and flat Vectors: one C++ type for each physical type that compares in its own way.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "types/calendar.h"
#include "types/logical_type.h"
#include "types/value.h"
#include "vector/any_ref.h"
#include "vector/row_layout.h"
#include "vector/string_ref.h"

namespace llkv {

/// Sixteen bytes that are only moved.
struct Bytes16 {
  uint64_t low;
  uint64_t high;
};

template <typename T>
struct RowTypeTag {
  using Type = T;
};

/// Calls f with a zero of the type in which values of so many bytes are moved: unsigned, or Bytes16.
template <typename F>
decltype(auto) VisitWidth(int64_t width, F&& f) {
  switch (width) {
    case 1:
      return f(uint8_t{});
    case 2:
      return f(uint16_t{});
    case 4:
      return f(uint32_t{});
    case 8:
      return f(uint64_t{});
    default:
      return f(Bytes16{});
  }
}

/// Calls f(RowTypeTag<T>) with the type of integers of `type` and of booleans; of others with that of 128 bits.
template <typename F>
decltype(auto) VisitIntegerType(PhysicalType type, F&& f) {
  switch (type) {
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return f(RowTypeTag<uint8_t>{});
    case PhysicalType::kInt8:
      return f(RowTypeTag<int8_t>{});
    case PhysicalType::kInt16:
      return f(RowTypeTag<int16_t>{});
    case PhysicalType::kUInt16:
      return f(RowTypeTag<uint16_t>{});
    case PhysicalType::kInt32:
      return f(RowTypeTag<int32_t>{});
    case PhysicalType::kUInt32:
      return f(RowTypeTag<uint32_t>{});
    case PhysicalType::kInt64:
      return f(RowTypeTag<int64_t>{});
    case PhysicalType::kUInt64:
      return f(RowTypeTag<uint64_t>{});
    default:
      return f(RowTypeTag<int128_t>{});
  }
}

/// Calls f(RowTypeTag<T>) with the type that rows and flat Vectors of `type` hold (strings: StringRef).
template <typename F>
decltype(auto) VisitRowType(PhysicalType type, F&& f) {
  switch (type) {
    case PhysicalType::kFloat:
      return f(RowTypeTag<float>{});
    case PhysicalType::kDouble:
      return f(RowTypeTag<double>{});
    case PhysicalType::kString:
      return f(RowTypeTag<StringRef>{});
    case PhysicalType::kInterval:
      return f(RowTypeTag<Interval>{});
    default:
      return VisitIntegerType(type, f);
  }
}

/// The same by SQL type: values of ANY, which lie there as StringRefs, are AnyRefs.
template <typename F>
decltype(auto) VisitRowType(LogicalType type, F&& f) {
  if (type.IsAny()) return f(RowTypeTag<AnyRef>{});
  return VisitRowType(type.physical(), f);
}

template <typename T>
T LoadFromRow(const uint8_t* p) {
  if constexpr (std::is_same_v<T, StringRef>) {
    return reinterpret_cast<const RowString*>(p)->Get();
  } else if constexpr (std::is_same_v<T, AnyRef>) {
    return AnyRef{reinterpret_cast<const RowString*>(p)->Get()};
  } else {
    T value;
    std::memcpy(&value, p, sizeof(T));
    return value;
  }
}

/// Equality as grouping and joins mean it: NaN equals NaN, intervals by length.
template <typename T>
bool ValuesEqual(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a == b || (std::isnan(a) && std::isnan(b));
  } else if constexpr (std::is_same_v<T, Interval>) {
    return IntervalLength(a) == IntervalLength(b);
  } else {
    return a == b;
  }
}

}  // namespace llkv
