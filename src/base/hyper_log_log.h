// The estimate of HyperLogLog from its registers, for sketches of any size.
// Source: Flajolet et al., "HyperLogLog" (2007), with linear counting for small cardinalities.
#pragma once

#include <cstdint>
#include <span>

namespace llkv {

/// About how many different hashes the registers were fed: each register holds the greatest rank of those that fell to
/// it, 0 for none. At least 128 registers, a power of two.
double EstimateDistinct(std::span<const uint8_t> registers);

}  // namespace llkv
