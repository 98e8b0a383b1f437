// Int128: text to value and back, at the limits.
#include "base/int128.h"

#include <gtest/gtest.h>

namespace llkv {
namespace {

TEST(Int128, RoundTripsLimits) {
  for (int128_t value : {kInt128Min, kInt128Max, static_cast<int128_t>(0), static_cast<int128_t>(-1)}) {
    EXPECT_TRUE(ParseInt128(Int128ToString(value)) == value);
  }
}

TEST(Int128, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(ParseInt128(Int128ToString(kInt128Max) + "0").has_value());
  EXPECT_FALSE(ParseInt128("170141183460469231731687303715884105728").has_value());
  EXPECT_FALSE(ParseInt128("").has_value());
  EXPECT_FALSE(ParseInt128("-").has_value());
  EXPECT_FALSE(ParseInt128("1x").has_value());
}

}  // namespace
}  // namespace llkv
