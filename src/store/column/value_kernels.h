// Passes over the values of one chunk, for writing and checking it: bounds, narrowing, bitmaps.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/int128.h"
#include "store/column/distinct_sketch.h"
#include "store/column/simd.h"

namespace llkv {

template <typename T>
struct Bounds {
  T min{};
  T max{};
};

/// The least and the greatest of `n` > 0 values. T: every integer of 8 to 128 bits.
template <typename T>
Bounds<T> FindBounds(const T* values, size_t n, SimdLevel level = DetectSimdLevel());

/// Bounds of floating values with NaN as the greatest; -0 equals 0.
template <typename T>
Bounds<T> FindFloatBounds(const T* values, size_t n);

/// out[i] = values[i] - base, which fits To.
template <typename T, typename To>
void NarrowValues(const T* values, size_t n, T base, To* out, SimdLevel level = DetectSimdLevel());

/// Adds values as HashInt64 of their 64-bit extension; those of 128 bits that don't fit it as HashBytes.
template <typename T>
void AddToSketch(const T* values, size_t n, DistinctSketch* sketch);

/// Bits set among the first `n` of a bitmap.
size_t CountBits(const uint8_t* bitmap, size_t n);

/// Copies bits [from_offset, from_offset + n) to [to_offset, to_offset + n), whose bits were 0 or lie in bytes not
/// written yet; a null `from` is all ones. Bits of the last byte beyond become 0.
void CopyBits(const uint8_t* from, size_t from_offset, size_t n, uint8_t* to, size_t to_offset);

}  // namespace llkv
