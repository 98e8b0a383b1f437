// DistinctSketch: how many different values a chunk has, in 256 bytes that merge. HyperLogLog, version 1: it reaches
// disk inside descriptors, so neither the registers' meaning nor the hashes that feed it change.
// Source: Flajolet et al., "HyperLogLog" (2007), with linear counting for small cardinalities.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace llkv {

/// 256 registers; the standard error is 6.5 %, and small counts are nearly exact. Copyable.
class DistinctSketch {
 public:
  static constexpr uint32_t kNumRegisters = 256;

  /// Adds a value by its stable 64-bit hash (HashInt64 or HashBytes).
  void Add(uint64_t hash) {
    const uint32_t index = static_cast<uint32_t>(hash >> 56);
    // The guard bit bounds the rank at 57.
    const auto rank = static_cast<uint8_t>(std::countl_zero((hash << 8) | 0x80) + 1);
    if (rank > registers_[index]) registers_[index] = rank;
  }
  /// Makes this the sketch of both value sets.
  void Merge(const DistinctSketch& other);
  /// The estimated number of distinct values; 0 for an empty sketch.
  double Estimate() const;

  const std::array<uint8_t, kNumRegisters>& registers() const { return registers_; }
  std::array<uint8_t, kNumRegisters>& registers() { return registers_; }
  bool operator==(const DistinctSketch&) const = default;

 private:
  std::array<uint8_t, kNumRegisters> registers_{};
};

}  // namespace llkv
