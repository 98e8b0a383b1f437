#include "store/column/distinct_sketch.h"

#include <algorithm>
#include <cmath>

namespace llkv {

void DistinctSketch::Merge(const DistinctSketch& other) {
  for (uint32_t i = 0; i < kNumRegisters; ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
}

double DistinctSketch::Estimate() const {
  constexpr double kCount = kNumRegisters;
  constexpr double kAlpha = 0.7213 / (1.0 + 1.079 / kCount);
  double sum = 0;
  uint32_t num_zero = 0;
  for (const uint8_t rank : registers_) {
    sum += std::ldexp(1.0, -static_cast<int>(rank));
    num_zero += rank == 0 ? 1 : 0;
  }
  const double estimate = kAlpha * kCount * kCount / sum;
  if (estimate <= 2.5 * kCount && num_zero != 0) return kCount * std::log(kCount / num_zero);
  return estimate;
}

}  // namespace llkv
