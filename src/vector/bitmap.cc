// Validity bitmaps: word-wise loops.
#include "vector/bitmap.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/cpu_dispatch.h"

namespace llkv {

namespace {

// Appends the rows of the bits set in `mask`, which stand for rows first … first + 63.
inline uint32_t AppendRows(uint64_t mask, uint32_t first, uint16_t* rows) {
  uint32_t count = 0;
  while (mask != 0) {
    rows[count++] = static_cast<uint16_t>(first + static_cast<uint32_t>(__builtin_ctzll(mask)));
    mask &= mask - 1;
  }
  return count;
}

inline uint64_t LowBits(uint32_t count) { return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1; }

// The low bits of eight bytes (each 0 or 1) as eight bits.
inline uint64_t GatherBits(uint64_t bytes) { return (bytes * 0x0102040810204080U) >> 56; }

inline uint64_t PackWord(const uint8_t* bytes) {
  uint64_t word = 0;
  for (uint32_t i = 0; i < 8; ++i) {
    uint64_t eight;
    std::memcpy(&eight, bytes + i * 8, sizeof(eight));
    // Any value other than 0 counts: fold each byte's bits into its lowest.
    eight |= eight >> 4;
    eight |= eight >> 2;
    eight |= eight >> 1;
    word |= GatherBits(eight & 0x0101010101010101U) << (i * 8);
  }
  return word;
}

#if defined(__x86_64__)
// 32 rows at once: the row numbers whose byte counts are compressed to the front of a register. A store may write up to
// 31 rows too many, which later stores overwrite; it never passes the rows already read, so `rows` may be `selected`.
__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,popcnt"))) uint32_t SelectBytesVbmi2(const uint8_t* bytes,
                                                                                                  bool wanted,
                                                                                                  uint32_t num_rows,
                                                                                                  uint16_t* rows) {
  alignas(64) uint16_t first[32];
  for (uint16_t i = 0; i < 32; ++i) first[i] = i;
  __m512i numbers = _mm512_load_si512(first);
  const __m512i step = _mm512_set1_epi16(32);
  const uint32_t flip = wanted ? 0 : ~uint32_t{0};
  uint32_t count = 0;
  for (uint32_t i = 0; i < num_rows; i += 32) {
    const uint32_t present = num_rows - i < 32 ? (uint32_t{1} << (num_rows - i)) - 1 : ~uint32_t{0};
    const __m256i block = _mm256_maskz_loadu_epi8(present, bytes + i);
    const uint32_t mask = (static_cast<uint32_t>(_mm256_test_epi8_mask(block, block)) ^ flip) & present;
    _mm512_storeu_si512(rows + count, _mm512_maskz_compress_epi16(mask, numbers));
    count += static_cast<uint32_t>(__builtin_popcount(mask));
    numbers = _mm512_add_epi16(numbers, step);
  }
  return count;
}
#endif

}  // namespace

uint32_t CountSetBits(const uint8_t* bits, uint32_t num_bits) {
  uint32_t count = 0;
  for (uint32_t word = 0; word < num_bits / 64; ++word) {
    count += static_cast<uint32_t>(__builtin_popcountll(LoadWord(bits, word)));
  }
  for (uint32_t i = num_bits / 64 * 64; i < num_bits; ++i) count += GetBit(bits, i) ? 1 : 0;
  return count;
}

void PackBytes(const uint8_t* bytes, uint32_t num_rows, uint8_t* bits) {
  for (uint32_t word = 0; word < BitmapWords(num_rows); ++word)
    StoreWord(bits, word, PackWord(bytes + size_t{word} * 64));
}

void UnpackBits(const uint8_t* bits, uint32_t num_rows, uint8_t* bytes) {
  for (uint32_t i = 0; i < num_rows; ++i) bytes[i] = static_cast<uint8_t>((bits[i >> 3] >> (i & 7)) & 1);
}

uint32_t SelectBits(const uint8_t* bits, bool wanted, const Selection& selection, uint16_t* rows) {
  uint32_t count = 0;
  const uint64_t flip = wanted ? 0 : ~uint64_t{0};
  if (selection.IsDense()) {
    for (uint32_t word = 0; word < BitmapWords(selection.count); ++word) {
      const uint64_t mask = (LoadWord(bits, word) ^ flip) & LowBits(selection.count - word * 64);
      count += AppendRows(mask, word * 64, rows + count);
    }
    return count;
  }
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint16_t row = selection.rows[i];
    rows[count] = row;
    count += GetBit(bits, row) == wanted ? 1 : 0;
  }
  return count;
}

uint32_t SelectBytes(const uint8_t* bytes, bool wanted, const Selection& selection, uint16_t* rows) {
  uint32_t count = 0;
  if (selection.IsDense()) {
#if defined(__x86_64__)
    if (BestCpuLevel() >= CpuLevel::kAvx512Vbmi2 && selection.count <= kMaxBatchRows) {
      return SelectBytesVbmi2(bytes, wanted, selection.count, rows);
    }
#endif
    const uint64_t flip = wanted ? 0 : ~uint64_t{0};
    const uint32_t num_whole = selection.count / 64;
    for (uint32_t word = 0; word < num_whole; ++word) {
      count += AppendRows(PackWord(bytes + size_t{word} * 64) ^ flip, word * 64, rows + count);
    }
    const uint32_t num_left = selection.count - num_whole * 64;
    if (num_left > 0) {
      uint8_t last[64] = {};
      std::memcpy(last, bytes + size_t{num_whole} * 64, num_left);
      count += AppendRows((PackWord(last) ^ flip) & LowBits(num_left), num_whole * 64, rows + count);
    }
    return count;
  }
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint16_t row = selection.rows[i];
    rows[count] = row;
    count += (bytes[row] != 0) == wanted ? 1 : 0;
  }
  return count;
}

uint32_t SubtractSelection(const Selection& a, const Selection& b, uint16_t* rows) {
  uint32_t count = 0;
  uint32_t next = 0;
  for (uint32_t i = 0; i < a.count; ++i) {
    const uint32_t row = a[i];
    if (next < b.count && b[next] == row) {
      ++next;
    } else {
      rows[count++] = static_cast<uint16_t>(row);
    }
  }
  return count;
}

}  // namespace llkv
