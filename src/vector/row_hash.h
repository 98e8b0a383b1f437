// Hashes of rows, a column at a time: what hash joins, grouping and set operations find rows by. In memory only; the
// values may change between versions.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "base/hash.h"
#include "types/calendar.h"
#include "types/value.h"
#include "vector/any_ref.h"
#include "vector/row_layout.h"
#include "vector/string_ref.h"
#include "vector/vector.h"

namespace llkv {

/// The hash of a NULL.
inline constexpr uint64_t kNullHash = 0xA5B85C5E198ED849ULL;

/// The hash of one value, a column's alone.
template <typename T>
uint64_t HashValue(const T& value) {
  if constexpr (std::is_same_v<T, StringRef>) {
    return HashBytes(value.data, value.size);
  } else if constexpr (std::is_same_v<T, AnyRef>) {
    return HashAny(value.view());
  } else if constexpr (std::is_same_v<T, Interval>) {
    const int128_t length = IntervalLength(value);
    return HashInt64(static_cast<uint64_t>(length) ^ (static_cast<uint64_t>(length >> 64) * 0x9E3779B97F4A7C15ULL));
  } else if constexpr (std::is_same_v<T, int128_t>) {
    return HashInt64(static_cast<uint64_t>(value) ^ (static_cast<uint64_t>(value >> 64) * 0x9E3779B97F4A7C15ULL));
  } else if constexpr (std::is_floating_point_v<T>) {
    const double canonical = std::isnan(value) ? static_cast<double>(NAN) : static_cast<double>(value) + 0.0;
    uint64_t bits;
    std::memcpy(&bits, &canonical, sizeof(bits));
    return HashInt64(bits);
  } else {
    return HashInt64(static_cast<uint64_t>(value));
  }
}

/// Writes the hash of the i-th selected row over all `columns` (flat) to hashes[i]. Equal values (0.0 and -0.0, all
/// NaN, intervals of one length) have equal hashes; NULLs hash alike.
void HashRows(std::span<const Vector> columns, const Selection& selection, uint64_t* hashes);

/// The same hash, of the first `num_columns` columns of a row in storage.
uint64_t HashStoredRow(const RowLayout& layout, size_t num_columns, const uint8_t* row);

}  // namespace llkv
