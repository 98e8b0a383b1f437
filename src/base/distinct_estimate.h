// How many different values there are where a sample of rows met some of them. Here because chunks' dictionaries and
// tables of groups ask the same.
#pragma once

#include <cmath>
#include <limits>

namespace llkv {

/// How many of `num_values` values `num_draws` even draws meet: N (1 - exp(-n / N)).
inline double ExpectedDistinct(double num_values, double num_draws) {
  return std::isinf(num_values) ? num_draws : num_values * -std::expm1(-num_draws / num_values);
}

/// How many values there are where `num_draws` even draws met `num_met` of them; infinite where none came twice.
inline double EstimateDistinct(double num_met, double num_draws) {
  if (num_met >= num_draws) return std::numeric_limits<double>::infinity();
  double low = num_met;
  double high = 1e12;
  for (int step = 0; step < 40; ++step) {
    const double middle = std::sqrt(low * high);
    (ExpectedDistinct(middle, num_draws) < num_met ? low : high) = middle;
  }
  return high;
}

}  // namespace llkv
