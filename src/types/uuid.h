// UUID inside: the 16 bytes read as a big-endian integer whose top bit is flipped, so that signed 128-bit integers
// order them as their bytes do.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/int128.h"

namespace llkv {

inline constexpr uint32_t kUuidBytes = 16;
inline constexpr uint32_t kUuidTextBytes = 36;

/// From 16 bytes in the order of RFC 9562, which is the order of the text.
int128_t UuidFromBytes(const uint8_t* bytes);
void UuidToBytes(int128_t held, uint8_t* bytes);

/// A random UUID (version 4) of 128 random bits, six of which are replaced.
int128_t UuidFromRandom(uint64_t high, uint64_t low);

}  // namespace llkv
