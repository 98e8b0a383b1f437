#include "store/column/predicate_kernels.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "store/column/simd.h"

#if LLKV_SIMD_X86
#include <immintrin.h>
#endif

namespace llkv {
namespace {

/// 64 bytes that are 0 or -1 as 64 bits.
LLKV_ALWAYS_INLINE uint64_t PackSigns(const int8_t* bytes) {
#if LLKV_SIMD_X86
  uint64_t word = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i part = _mm_load_si128(reinterpret_cast<const __m128i*>(bytes) + i);
    word |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(part))) << (i * 16);
  }
  return word;
#else
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i) {
    uint64_t eight;
    std::memcpy(&eight, bytes + i * 8, 8);
    // One bit of each byte moves to the top byte.
    word |= (((eight & 0x0101010101010101ULL) * 0x0102040810204080ULL) >> 56) << (i * 8);
  }
  return word;
#endif
}

/// Calls word(values) for each 64 rows that are still in play; the last ones are copied, so that nothing beyond them is
/// read.
template <typename T, typename Word>
LLKV_ALWAYS_INLINE void ForEachWord(const T* values, uint32_t n, uint64_t* mask, Word word) {
  uint32_t i = 0;
  for (; i + 64 <= n; i += 64) {
    if (mask[i / 64] != 0) mask[i / 64] &= word(values + i);
  }
  if (i < n && mask[i / 64] != 0) {
    alignas(64) T rest[64] = {};
    std::memcpy(rest, values + i, (n - i) * sizeof(T));
    mask[i / 64] &= word(rest);
  }
}

template <typename T>
void RangePortable(const T* values, uint32_t n, T low, T span, uint64_t flip, uint64_t* mask) {
  ForEachWord(values, n, mask, [=](const T* block) {
    alignas(64) int8_t bytes[64];
    for (int i = 0; i < 64; ++i)
      bytes[i] = static_cast<int8_t>(-static_cast<int>(static_cast<T>(block[i] - low) <= span));
    return PackSigns(bytes) ^ flip;
  });
}

template <typename T>
void FloatPortable(const T* values, uint32_t n, T low, T high, bool with_nan, uint64_t flip, uint64_t* mask) {
  ForEachWord(values, n, mask, [=](const T* block) {
    alignas(64) int8_t bytes[64];
    for (int i = 0; i < 64; ++i) {
      const T x = block[i];
      const bool passes = ((x >= low) & (x <= high)) | (with_nan & (x != x));
      bytes[i] = static_cast<int8_t>(-static_cast<int>(passes));
    }
    return PackSigns(bytes) ^ flip;
  });
}

LLKV_ALWAYS_INLINE uint32_t RowsBody(const uint64_t* mask, uint32_t n, uint16_t* rows) {
  uint32_t count = 0;
  for (uint32_t word = 0; word < (n + 63) / 64; ++word) {
    uint64_t left = mask[word];
    while (left != 0) {
      rows[count++] = static_cast<uint16_t>(word * 64 + static_cast<uint32_t>(__builtin_ctzll(left)));
      left &= left - 1;
    }
  }
  return count;
}

#if LLKV_SIMD_X86
#define LLKV_AVX2_INLINE LLKV_TARGET_AVX2 LLKV_ALWAYS_INLINE
#define LLKV_AVX512_INLINE LLKV_TARGET_AVX512 LLKV_ALWAYS_INLINE

/// Compares 32 bytes of values into 32 / sizeof(T) bits: x <= span where the lesser of the two is x.
template <typename T>
LLKV_AVX2_INLINE uint64_t RangeLanes256(const T* values, __m256i lows, __m256i spans) {
  const __m256i loaded = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
  if constexpr (sizeof(T) == 1) {
    const __m256i x = _mm256_sub_epi8(loaded, lows);
    return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(x, spans), x)));
  } else if constexpr (sizeof(T) == 2) {
    const __m256i x = _mm256_sub_epi16(loaded, lows);
    const int bytes = _mm256_movemask_epi8(_mm256_cmpeq_epi16(_mm256_min_epu16(x, spans), x));
    return _pext_u32(static_cast<uint32_t>(bytes), 0x55555555);
  } else if constexpr (sizeof(T) == 4) {
    const __m256i x = _mm256_sub_epi32(loaded, lows);
    const __m256i passes = _mm256_cmpeq_epi32(_mm256_min_epu32(x, spans), x);
    return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(passes)));
  } else {
    // There is no unsigned 64-bit comparison: flipping the sign makes it a signed one.
    const __m256i sign = _mm256_set1_epi64x(INT64_MIN);
    const __m256i x = _mm256_xor_si256(_mm256_sub_epi64(loaded, lows), sign);
    const __m256i fails = _mm256_cmpgt_epi64(x, _mm256_xor_si256(spans, sign));
    return static_cast<uint32_t>(~_mm256_movemask_pd(_mm256_castsi256_pd(fails))) & 0xF;
  }
}

template <typename T>
LLKV_AVX2_INLINE uint64_t RangeWord256(const T* values, __m256i lows, __m256i spans) {
  constexpr int kCount = 32 / static_cast<int>(sizeof(T));
  uint64_t word = 0;
  for (int i = 0; i < 64; i += kCount) word |= RangeLanes256(values + i, lows, spans) << i;
  return word;
}

template <typename T>
LLKV_TARGET_AVX2 void RangeAvx2(const T* values, uint32_t n, T low, T span, uint64_t flip, uint64_t* mask) {
  alignas(32) T splat[32 / sizeof(T)];
  std::fill(std::begin(splat), std::end(splat), low);
  const __m256i lows = _mm256_load_si256(reinterpret_cast<const __m256i*>(splat));
  std::fill(std::begin(splat), std::end(splat), span);
  const __m256i spans = _mm256_load_si256(reinterpret_cast<const __m256i*>(splat));
  uint32_t i = 0;
  for (; i + 64 <= n; i += 64) {
    if (mask[i / 64] != 0) mask[i / 64] &= RangeWord256(values + i, lows, spans) ^ flip;
  }
  if (i < n && mask[i / 64] != 0) {
    alignas(64) T rest[64] = {};
    std::memcpy(rest, values + i, (n - i) * sizeof(T));
    mask[i / 64] &= RangeWord256(static_cast<const T*>(rest), lows, spans) ^ flip;
  }
}

/// Compares 64 bytes of floating values into 64 / sizeof(T) bits.
template <typename T>
LLKV_AVX512_INLINE uint64_t FloatLanes(const T* values, T low, T high, bool with_nan) {
  if constexpr (sizeof(T) == 4) {
    const __m512 x = _mm512_loadu_ps(values);
    const __mmask16 above = _mm512_cmp_ps_mask(x, _mm512_set1_ps(low), _CMP_GE_OQ);
    const __mmask16 inside = _mm512_mask_cmp_ps_mask(above, x, _mm512_set1_ps(high), _CMP_LE_OQ);
    return with_nan ? uint64_t{inside} | _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q) : uint64_t{inside};
  } else {
    const __m512d x = _mm512_loadu_pd(values);
    const __mmask8 above = _mm512_cmp_pd_mask(x, _mm512_set1_pd(low), _CMP_GE_OQ);
    const __mmask8 inside = _mm512_mask_cmp_pd_mask(above, x, _mm512_set1_pd(high), _CMP_LE_OQ);
    return with_nan ? uint64_t{inside} | _mm512_cmp_pd_mask(x, x, _CMP_UNORD_Q) : uint64_t{inside};
  }
}

template <typename T>
LLKV_AVX512_INLINE uint64_t FloatWord(const T* values, T low, T high, bool with_nan) {
  constexpr int kCount = 64 / static_cast<int>(sizeof(T));
  uint64_t word = 0;
  for (int i = 0; i < 64; i += kCount) word |= FloatLanes(values + i, low, high, with_nan) << i;
  return word;
}

template <typename T>
LLKV_TARGET_AVX512 void FloatAvx512(const T* values, uint32_t n, T low, T high, bool with_nan, uint64_t flip,
                                    uint64_t* mask) {
  uint32_t i = 0;
  for (; i + 64 <= n; i += 64) {
    if (mask[i / 64] != 0) mask[i / 64] &= FloatWord(values + i, low, high, with_nan) ^ flip;
  }
  if (i < n && mask[i / 64] != 0) {
    alignas(64) T rest[64] = {};
    std::memcpy(rest, values + i, (n - i) * sizeof(T));
    mask[i / 64] &= FloatWord(static_cast<const T*>(rest), low, high, with_nan) ^ flip;
  }
}

/// Compares 64 bytes of values into 64 / sizeof(T) bits, without a detour over bytes.
template <typename T>
LLKV_AVX512_INLINE uint64_t RangeLanes(const T* values, __m512i lows, __m512i spans) {
  const __m512i x = _mm512_loadu_si512(values);
  if constexpr (sizeof(T) == 1) {
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(x, lows), spans);
  } else if constexpr (sizeof(T) == 2) {
    return _mm512_cmple_epu16_mask(_mm512_sub_epi16(x, lows), spans);
  } else if constexpr (sizeof(T) == 4) {
    return _mm512_cmple_epu32_mask(_mm512_sub_epi32(x, lows), spans);
  } else {
    return _mm512_cmple_epu64_mask(_mm512_sub_epi64(x, lows), spans);
  }
}

template <typename T>
LLKV_AVX512_INLINE uint64_t RangeWord(const T* values, __m512i lows, __m512i spans) {
  constexpr int kCount = 64 / static_cast<int>(sizeof(T));
  uint64_t word = 0;
  for (int i = 0; i < 64; i += kCount) word |= RangeLanes(values + i, lows, spans) << i;
  return word;
}

template <typename T>
LLKV_TARGET_AVX512 void RangeAvx512(const T* values, uint32_t n, T low, T span, uint64_t flip, uint64_t* mask) {
  alignas(64) T splat[64 / sizeof(T)];
  std::fill(std::begin(splat), std::end(splat), low);
  const __m512i lows = _mm512_load_si512(splat);
  std::fill(std::begin(splat), std::end(splat), span);
  const __m512i spans = _mm512_load_si512(splat);
  uint32_t i = 0;
  for (; i + 64 <= n; i += 64) {
    if (mask[i / 64] != 0) mask[i / 64] &= RangeWord(values + i, lows, spans) ^ flip;
  }
  if (i < n && mask[i / 64] != 0) {
    alignas(64) T rest[64] = {};
    std::memcpy(rest, values + i, (n - i) * sizeof(T));
    mask[i / 64] &= RangeWord(static_cast<const T*>(rest), lows, spans) ^ flip;
  }
}

LLKV_TARGET_AVX512 uint32_t RowsAvx512(const uint64_t* mask, uint32_t n, uint16_t* rows) {
  alignas(64) uint16_t first[32];
  for (uint16_t i = 0; i < 32; ++i) first[i] = i;
  __m512i numbers = _mm512_load_si512(first);
  const __m512i step = _mm512_set1_epi16(32);
  uint32_t count = 0;
  for (uint32_t word = 0; word < (n + 63) / 64; ++word) {
    const uint64_t bits = mask[word];
    const auto low = static_cast<uint32_t>(bits);
    const auto high = static_cast<uint32_t>(bits >> 32);
    _mm512_storeu_si512(rows + count, _mm512_maskz_compress_epi16(low, numbers));
    count += static_cast<uint32_t>(__builtin_popcount(low));
    numbers = _mm512_add_epi16(numbers, step);
    _mm512_storeu_si512(rows + count, _mm512_maskz_compress_epi16(high, numbers));
    count += static_cast<uint32_t>(__builtin_popcount(high));
    numbers = _mm512_add_epi16(numbers, step);
  }
  return count;
}
#endif

}  // namespace

template <typename T>
void MaskRange(const T* values, uint32_t n, T low, T span, bool negate, uint64_t* mask,
               [[maybe_unused]] SimdLevel level) {
  const uint64_t flip = negate ? ~uint64_t{0} : 0;
#if LLKV_SIMD_X86
  switch (level) {
    case SimdLevel::kAvx512:
      return RangeAvx512(values, n, low, span, flip, mask);
    case SimdLevel::kAvx2:
      return RangeAvx2(values, n, low, span, flip, mask);
    case SimdLevel::kPortable:
      break;
  }
#endif
  RangePortable(values, n, low, span, flip, mask);
}

template <typename T>
void MaskFloatRange(const T* values, uint32_t n, T low, T high, bool with_nan, bool negate, uint64_t* mask,
                    [[maybe_unused]] SimdLevel level) {
  const uint64_t flip = negate ? ~uint64_t{0} : 0;
#if LLKV_SIMD_X86
  switch (level) {
    case SimdLevel::kAvx512:
      return FloatAvx512(values, n, low, high, with_nan, flip, mask);
    case SimdLevel::kAvx2:
    case SimdLevel::kPortable:
      break;
  }
#endif
  FloatPortable(values, n, low, high, with_nan, flip, mask);
}

template <typename T>
void MaskLookup(const T* values, uint32_t n, const uint64_t* table, uint64_t* mask) {
  for (uint32_t word = 0; word * 64 < n; ++word) {
    if (mask[word] == 0) continue;
    const uint32_t end = n - word * 64 < 64 ? n - word * 64 : 64;
    const T* block = values + word * 64;
    uint64_t bits = 0;
    for (uint32_t i = 0; i < end; ++i) bits |= ((table[block[i] / 64] >> (block[i] % 64)) & 1) << i;
    mask[word] &= bits;
  }
}

void MaskValidity(const uint8_t* validity, uint32_t n, bool wanted, uint64_t* mask) {
  for (uint32_t word = 0; word * 64 < n; ++word) {
    const uint32_t left = n - word * 64;
    uint64_t bits = 0;
    std::memcpy(&bits, validity + word * 8, left < 64 ? (left + 7) / 8 : 8);
    mask[word] &= wanted ? bits : ~bits;
  }
}

uint32_t MaskToRows(const uint64_t* mask, uint32_t n, uint16_t* rows, [[maybe_unused]] SimdLevel level) {
#if LLKV_SIMD_X86
  if (level == SimdLevel::kAvx512) return RowsAvx512(mask, n, rows);
#endif
  return RowsBody(mask, n, rows);
}

#define LLKV_INSTANTIATE(T) template void MaskRange(const T*, uint32_t, T, T, bool, uint64_t*, SimdLevel);
LLKV_INSTANTIATE(uint8_t)
LLKV_INSTANTIATE(uint16_t)
LLKV_INSTANTIATE(uint32_t)
LLKV_INSTANTIATE(uint64_t)
#undef LLKV_INSTANTIATE
template void MaskFloatRange(const float*, uint32_t, float, float, bool, bool, uint64_t*, SimdLevel);
template void MaskFloatRange(const double*, uint32_t, double, double, bool, bool, uint64_t*, SimdLevel);
template void MaskLookup(const uint8_t*, uint32_t, const uint64_t*, uint64_t*);
template void MaskLookup(const uint16_t*, uint32_t, const uint64_t*, uint64_t*);

}  // namespace llkv
