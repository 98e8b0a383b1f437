// UUIDs as bytes and from random bits.
#include "types/uuid.h"

#include "types/uhugeint.h"

namespace llkv {

int128_t UuidFromBytes(const uint8_t* bytes) {
  uint128_t value = 0;
  for (uint32_t i = 0; i < kUuidBytes; ++i) value = (value << 8) | bytes[i];
  return HoldUHugeInt(value);
}

void UuidToBytes(int128_t held, uint8_t* bytes) {
  const uint128_t value = UHugeIntOf(held);
  for (uint32_t i = 0; i < kUuidBytes; ++i) bytes[i] = static_cast<uint8_t>(value >> (8 * (kUuidBytes - 1 - i)));
}

int128_t UuidFromRandom(uint64_t high, uint64_t low) {
  high = (high & ~uint64_t{0xF000}) | 0x4000;                // version 4
  low = (low & ~(uint64_t{3} << 62)) | (uint64_t{1} << 63);  // the variant of RFC 9562
  return HoldUHugeInt((static_cast<uint128_t>(high) << 64) | low);
}

}  // namespace llkv
