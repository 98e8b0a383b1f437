// Kernels of predicates: values to bits, 64 rows a word, and bits to row numbers. A kernel clears the bits of rows that
// do not pass and skips words that are 0 already, so that later predicates of a conjunction cost less.
#pragma once

#include <cstdint>

#include "store/column/simd.h"

namespace llkv {

/// mask &= values[i] - low <= span, in unsigned arithmetic of T's width (or not, where `negate`): every comparison and
/// range of signed and unsigned integers alike. T: uint8_t to uint64_t. The mask has a bit for each of `n` rows.
template <typename T>
void MaskRange(const T* values, uint32_t n, T low, T span, bool negate, uint64_t* mask,
               SimdLevel level = DetectSimdLevel());

/// mask &= values[i] in [low, high], or NaN where `with_nan`; the opposite where `negate`. T: float, double.
template <typename T>
void MaskFloatRange(const T* values, uint32_t n, T low, T high, bool with_nan, bool negate, uint64_t* mask,
                    SimdLevel level = DetectSimdLevel());

/// mask &= the bit of `table` that values[i] names. T: uint8_t, uint16_t. The table has a bit for each value of T.
template <typename T>
void MaskLookup(const T* values, uint32_t n, const uint64_t* table, uint64_t* mask);

/// mask &= validity (or its opposite): bit 0 of both is row 0.
void MaskValidity(const uint8_t* validity, uint32_t n, bool wanted, uint64_t* mask);

/// Writes the rows whose bit is set, ascending, and gives their number. `rows` has room for kRowsSlack more than `n`.
uint32_t MaskToRows(const uint64_t* mask, uint32_t n, uint16_t* rows, SimdLevel level = DetectSimdLevel());
inline constexpr uint32_t kRowsSlack = 32;

/// Calls keep(row) for each row whose bit is set, and clears the bit where that is false.
template <typename F>
void MaskEach(uint32_t n, uint64_t* mask, F&& keep) {
  for (uint32_t word = 0; word < (n + 63) / 64; ++word) {
    uint64_t left = mask[word];
    uint64_t result = left;
    while (left != 0) {
      const auto bit = static_cast<uint32_t>(__builtin_ctzll(left));
      if (!keep(word * 64 + bit)) result &= ~(uint64_t{1} << bit);
      left &= left - 1;
    }
    mask[word] = result;
  }
}

}  // namespace llkv
