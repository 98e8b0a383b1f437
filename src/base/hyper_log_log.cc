// See hyper_log_log.h.
#include "base/hyper_log_log.h"

#include <cmath>

namespace llkv {

double EstimateDistinct(std::span<const uint8_t> registers) {
  const auto size = static_cast<double>(registers.size());
  double sum = 0;
  uint32_t num_zero = 0;
  for (const uint8_t rank : registers) {
    sum += std::ldexp(1.0, -static_cast<int>(rank));
    num_zero += rank == 0 ? 1 : 0;
  }
  const double estimate = 0.7213 / (1.0 + 1.079 / size) * size * size / sum;
  if (estimate <= 2.5 * size && num_zero != 0) return size * std::log(size / num_zero);
  return estimate;
}

}  // namespace llkv
