// Validity bitmaps in Arrow's layout: bit i of byte i / 8, least significant first. Word-wise operations for kernels.
//
// Functions that write may write up to the end of the last 64-bit word; those that read may read that far.
#pragma once

#include <cstdint>
#include <cstring>

#include "vector/vector.h"

namespace llkv {

inline bool GetBit(const uint8_t* bits, uint32_t i) { return ((bits[i >> 3] >> (i & 7)) & 1) != 0; }
inline void SetBit(uint8_t* bits, uint32_t i) { bits[i >> 3] = static_cast<uint8_t>(bits[i >> 3] | (1U << (i & 7))); }
inline void ClearBit(uint8_t* bits, uint32_t i) {
  bits[i >> 3] = static_cast<uint8_t>(bits[i >> 3] & ~(1U << (i & 7)));
}
inline void SetBitTo(uint8_t* bits, uint32_t i, bool value) {
  bits[i >> 3] = static_cast<uint8_t>((bits[i >> 3] & ~(1U << (i & 7))) | (static_cast<unsigned>(value) << (i & 7)));
}

inline uint32_t BitmapWords(uint32_t num_bits) { return (num_bits + 63) / 64; }
inline uint64_t LoadWord(const uint8_t* bits, uint32_t word) {
  uint64_t value;
  std::memcpy(&value, bits + size_t{word} * 8, sizeof(value));
  return value;
}
inline void StoreWord(uint8_t* bits, uint32_t word, uint64_t value) {
  std::memcpy(bits + size_t{word} * 8, &value, sizeof(value));
}

/// out = a AND b, for `num_bits` bits; out may be a or b.
inline void AndBitmaps(const uint8_t* a, const uint8_t* b, uint32_t num_bits, uint8_t* out) {
  for (uint32_t word = 0; word < BitmapWords(num_bits); ++word) {
    StoreWord(out, word, LoadWord(a, word) & LoadWord(b, word));
  }
}

inline void CopyBitmap(const uint8_t* from, uint32_t num_bits, uint8_t* out) {
  std::memcpy(out, from, size_t{BitmapWords(num_bits)} * 8);
}

inline void FillBitmap(uint8_t* bits, uint32_t num_bits, bool value) {
  std::memset(bits, value ? 0xFF : 0, size_t{BitmapWords(num_bits)} * 8);
}

/// Number of bits set among the first `num_bits`.
uint32_t CountSetBits(const uint8_t* bits, uint32_t num_bits);

/// One bit a byte: bit i is set where bytes[i] is not 0. `bytes` may be read up to a multiple of 64 bytes.
void PackBytes(const uint8_t* bytes, uint32_t num_rows, uint8_t* bits);

/// One byte a bit, 0 or 1.
void UnpackBits(const uint8_t* bits, uint32_t num_rows, uint8_t* bytes);

/// Writes the rows of `selection` whose bit is set (or is not, where `wanted` is false) to `rows`; returns how many.
/// `rows` may be selection.rows.
uint32_t SelectBits(const uint8_t* bits, bool wanted, const Selection& selection, uint16_t* rows);

/// Writes the rows of `selection` whose byte is not 0 (or is, where `wanted` is false) to `rows`; returns how many.
/// `rows` has room for kMaxBatchRows and may be selection.rows.
uint32_t SelectBytes(const uint8_t* bytes, bool wanted, const Selection& selection, uint16_t* rows);

/// Writes the rows of `a` that are not in `b` (a part of it) to `rows`; returns how many.
uint32_t SubtractSelection(const Selection& a, const Selection& b, uint16_t* rows);

}  // namespace llkv
