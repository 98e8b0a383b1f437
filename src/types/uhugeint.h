// UHUGEINT inside: unsigned 128-bit integers with the top bit flipped, so that all that orders, hashes, stores and
// compares signed 128-bit integers serves them as it is. Only arithmetic, casts and text know the difference.
#pragma once

#include "base/int128.h"

namespace llkv {

/// What a Vector, a Value and a chunk hold for an unsigned number.
constexpr int128_t HoldUHugeInt(uint128_t value) {
  return static_cast<int128_t>(value ^ (static_cast<uint128_t>(1) << 127));
}

/// The number that is held.
constexpr uint128_t UHugeIntOf(int128_t held) {
  return static_cast<uint128_t>(held) ^ (static_cast<uint128_t>(1) << 127);
}

}  // namespace llkv
