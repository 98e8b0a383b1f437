#include "store/column/value_kernels.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "base/hash.h"
#include "store/column/simd.h"

namespace llkv {
namespace {

template <typename T>
struct Lanes {
  static constexpr size_t kCount = 64 / sizeof(T);
  typedef T Type __attribute__((vector_size(64)));
};

template <typename T>
LLKV_ALWAYS_INLINE void BoundsBody(const T* values, size_t n, Bounds<T>* out) {
  using V = typename Lanes<T>::Type;
  constexpr size_t kCount = Lanes<T>::kCount;
  T min = values[0];
  T max = values[0];
  size_t i = 0;
  if (n >= kCount) {
    V low;
    std::memcpy(&low, values, sizeof(V));
    V high = low;
    for (i = kCount; i + kCount <= n; i += kCount) {
      V x;
      std::memcpy(&x, values + i, sizeof(V));
      low = x < low ? x : low;
      high = x > high ? x : high;
    }
    for (size_t lane = 0; lane < kCount; ++lane) {
      min = low[lane] < min ? low[lane] : min;
      max = high[lane] > max ? high[lane] : max;
    }
  }
  for (; i < n; ++i) {
    min = values[i] < min ? values[i] : min;
    max = values[i] > max ? values[i] : max;
  }
  out->min = min;
  out->max = max;
}

template <typename T, typename To>
LLKV_ALWAYS_INLINE void NarrowBody(const T* values, size_t n, T base, To* out) {
  // Subtraction wraps: the difference of two values may exceed the signed type, though not the unsigned one.
  using U = std::make_unsigned_t<T>;
  using V = typename Lanes<U>::Type;
  constexpr size_t kCount = Lanes<U>::kCount;
  typedef To Out __attribute__((vector_size(kCount * sizeof(To))));
  const V bases = V{} + static_cast<U>(base);
  size_t i = 0;
  for (; i + kCount <= n; i += kCount) {
    V x;
    std::memcpy(&x, values + i, sizeof(V));
    const Out narrow = __builtin_convertvector(x - bases, Out);
    std::memcpy(out + i, &narrow, sizeof(Out));
  }
  for (; i < n; ++i) out[i] = static_cast<To>(static_cast<U>(values[i]) - static_cast<U>(base));
}

#if LLKV_SIMD_X86
template <typename T>
LLKV_TARGET_AVX512 void BoundsAvx512(const T* values, size_t n, Bounds<T>* out) {
  BoundsBody(values, n, out);
}
template <typename T>
LLKV_TARGET_AVX2 void BoundsAvx2(const T* values, size_t n, Bounds<T>* out) {
  BoundsBody(values, n, out);
}
template <typename T, typename To>
LLKV_TARGET_AVX512 void NarrowAvx512(const T* values, size_t n, T base, To* out) {
  NarrowBody(values, n, base, out);
}
template <typename T, typename To>
LLKV_TARGET_AVX2 void NarrowAvx2(const T* values, size_t n, T base, To* out) {
  NarrowBody(values, n, base, out);
}
#endif

template <typename T>
inline constexpr bool kIsWide = sizeof(T) == 16;

uint64_t LoadWord(const uint8_t* bytes, size_t size) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, size);
  return word;
}

}  // namespace

template <typename T>
Bounds<T> FindBounds(const T* values, size_t n, [[maybe_unused]] SimdLevel level) {
  Bounds<T> bounds;
  if constexpr (kIsWide<T>) {
    bounds = {values[0], values[0]};
    for (size_t i = 1; i < n; ++i) {
      bounds.min = values[i] < bounds.min ? values[i] : bounds.min;
      bounds.max = values[i] > bounds.max ? values[i] : bounds.max;
    }
  } else {
#if LLKV_SIMD_X86
    switch (level) {
      case SimdLevel::kAvx512:
        BoundsAvx512(values, n, &bounds);
        return bounds;
      case SimdLevel::kAvx2:
        BoundsAvx2(values, n, &bounds);
        return bounds;
      case SimdLevel::kPortable:
        break;
    }
#endif
    BoundsBody(values, n, &bounds);
  }
  return bounds;
}

template <typename T>
Bounds<T> FindFloatBounds(const T* values, size_t n) {
  constexpr T kNan = std::numeric_limits<T>::quiet_NaN();
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  T min = kInfinity;
  T max = -kInfinity;
  bool any_nan = false;
  bool any_number = false;
  for (size_t i = 0; i < n; ++i) {
    const T x = values[i];
    any_nan |= x != x;
    any_number |= x == x;
    min = x < min ? x : min;
    max = x > max ? x : max;
  }
  return {any_number ? min : kNan, any_nan ? kNan : max};
}

template <typename T, typename To>
void NarrowValues(const T* values, size_t n, T base, To* out, [[maybe_unused]] SimdLevel level) {
  if constexpr (kIsWide<T>) {
    for (size_t i = 0; i < n; ++i) out[i] = static_cast<To>(values[i] - base);
  } else {
#if LLKV_SIMD_X86
    switch (level) {
      case SimdLevel::kAvx512:
        return NarrowAvx512(values, n, base, out);
      case SimdLevel::kAvx2:
        return NarrowAvx2(values, n, base, out);
      case SimdLevel::kPortable:
        break;
    }
#endif
    NarrowBody(values, n, base, out);
  }
}

template <typename T>
void AddToSketch(const T* values, size_t n, DistinctSketch* sketch) {
  for (size_t i = 0; i < n; ++i) {
    if constexpr (kIsWide<T>) {
      if (values[i] == static_cast<int64_t>(values[i])) {
        sketch->Add(HashInt64(static_cast<uint64_t>(values[i])));
      } else {
        sketch->Add(HashBytes(&values[i], sizeof(T)));
      }
    } else {
      sketch->Add(HashInt64(static_cast<uint64_t>(values[i])));
    }
  }
}

size_t CountBits(const uint8_t* bitmap, size_t n) {
  size_t count = 0;
  size_t i = 0;
  for (; i + 64 <= n; i += 64) count += static_cast<size_t>(std::popcount(LoadWord(bitmap + i / 8, 8)));
  if (i < n) {
    const uint64_t word = LoadWord(bitmap + i / 8, (n - i + 7) / 8);
    count += static_cast<size_t>(std::popcount(word & ((uint64_t{1} << (n - i)) - 1)));
  }
  return count;
}

void CopyBits(const uint8_t* from, size_t from_offset, size_t n, uint8_t* to, size_t to_offset) {
  size_t done = 0;
  while (done < n) {
    const size_t position = to_offset + done;
    const size_t room = 8 - position % 8;
    const size_t take = room < n - done ? room : n - done;
    uint32_t bits = 0xFF;
    if (from != nullptr) {
      const size_t source = from_offset + done;
      bits = static_cast<uint32_t>(from[source / 8]) >> (source % 8);
      if (source % 8 + take > 8) bits |= static_cast<uint32_t>(from[source / 8 + 1]) << (8 - source % 8);
    }
    bits &= (1U << take) - 1;
    const uint32_t kept = to[position / 8] & ((1U << (position % 8)) - 1);
    to[position / 8] = static_cast<uint8_t>(kept | (bits << (position % 8)));
    done += take;
  }
}

#define LLKV_INSTANTIATE(T)                                   \
  template Bounds<T> FindBounds(const T*, size_t, SimdLevel); \
  template void AddToSketch(const T*, size_t, DistinctSketch*);
LLKV_INSTANTIATE(int8_t)
LLKV_INSTANTIATE(int16_t)
LLKV_INSTANTIATE(int32_t)
LLKV_INSTANTIATE(int64_t)
LLKV_INSTANTIATE(int128_t)
LLKV_INSTANTIATE(uint8_t)
LLKV_INSTANTIATE(uint16_t)
LLKV_INSTANTIATE(uint32_t)
LLKV_INSTANTIATE(uint64_t)
#undef LLKV_INSTANTIATE

template Bounds<float> FindFloatBounds(const float*, size_t);
template Bounds<double> FindFloatBounds(const double*, size_t);

template void NarrowValues(const int16_t*, size_t, int16_t, uint8_t*, SimdLevel);
template void NarrowValues(const uint16_t*, size_t, uint16_t, uint8_t*, SimdLevel);
#define LLKV_INSTANTIATE(T)                                             \
  template void NarrowValues(const T*, size_t, T, uint8_t*, SimdLevel); \
  template void NarrowValues(const T*, size_t, T, uint16_t*, SimdLevel);
LLKV_INSTANTIATE(int32_t)
LLKV_INSTANTIATE(uint32_t)
#undef LLKV_INSTANTIATE
#define LLKV_INSTANTIATE(T)                                              \
  template void NarrowValues(const T*, size_t, T, uint8_t*, SimdLevel);  \
  template void NarrowValues(const T*, size_t, T, uint16_t*, SimdLevel); \
  template void NarrowValues(const T*, size_t, T, uint32_t*, SimdLevel);
LLKV_INSTANTIATE(int64_t)
LLKV_INSTANTIATE(uint64_t)
LLKV_INSTANTIATE(int128_t)
#undef LLKV_INSTANTIATE
template void NarrowValues(const int128_t*, size_t, int128_t, int64_t*, SimdLevel);

}  // namespace llkv
