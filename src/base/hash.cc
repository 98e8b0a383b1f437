// XXH3 through libxxhash, inlined.
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace llkv {

uint64_t HashBytes(const void* data, size_t size) { return XXH3_64bits(data, size); }

uint64_t HashPieces(std::span<const std::span<const uint8_t>> pieces) {
  if (pieces.size() == 1) return HashBytes(pieces[0].data(), pieces[0].size());
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  for (const auto& piece : pieces) XXH3_64bits_update(&state, piece.data(), piece.size());
  return XXH3_64bits_digest(&state);
}

}  // namespace llkv
