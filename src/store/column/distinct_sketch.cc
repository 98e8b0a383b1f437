#include "store/column/distinct_sketch.h"

#include <algorithm>

#include "base/hyper_log_log.h"

namespace llkv {

void DistinctSketch::Merge(const DistinctSketch& other) {
  for (uint32_t i = 0; i < kNumRegisters; ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
}

double DistinctSketch::Estimate() const { return EstimateDistinct(registers_); }

}  // namespace llkv
