// Hash functions. HashBytes and HashInt64 are XXH3 with fixed seeds: they reach disk (version 1) and never change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace llkv {

/// XXH3-64 of `size` bytes. Stable: checksums, Bloom filters and sketches on disk use it.
uint64_t HashBytes(const void* data, size_t size);

/// HashBytes of the pieces one after the other.
uint64_t HashPieces(std::span<const std::span<const uint8_t>> pieces);

/// A strong mix of one 64-bit value (murmur3's finalizer). Stable.
inline uint64_t HashInt64(uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  x ^= x >> 33;
  return x;
}

/// Combines the hash of a further column into `seed`; order matters.
inline uint64_t CombineHash(uint64_t seed, uint64_t hash) {
  return (seed * 31) ^ HashInt64(hash + 0x9E3779B97F4A7C15ULL);
}

}  // namespace llkv
