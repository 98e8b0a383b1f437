#include "runtime/stoppable_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace llkv {
namespace {

TEST(StoppableSortTest, SortsAnyNumberOfValues) {
  std::mt19937_64 random(1);
  for (const int64_t size : {0, 1, 2, 1000, 16384, 16385, 40000, 200001}) {
    std::vector<uint64_t> values(static_cast<size_t>(size));
    for (uint64_t& value : values) value = random() % 100000;
    std::vector<uint64_t> expected = values;
    std::sort(expected.begin(), expected.end());
    std::vector<uint64_t> scratch(values.size());
    ASSERT_TRUE(SortUntilStopped(values.data(), size, scratch.data(), nullptr).ok());
    ASSERT_EQ(values, expected) << size;
  }
}

TEST(StoppableSortTest, StopsWhereItIsTold) {
  std::vector<uint64_t> values(100000);
  std::vector<uint64_t> scratch(values.size());
  StopToken stop;
  stop.RequestStop();
  EXPECT_FALSE(SortUntilStopped(values.data(), 100000, scratch.data(), &stop).ok());
}

}  // namespace
}  // namespace llkv
