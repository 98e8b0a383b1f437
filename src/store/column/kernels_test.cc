// Kernels under every instruction set that this machine has, against plain loops.
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

#include "store/column/predicate_kernels.h"
#include "store/column/value_kernels.h"

namespace llkv {
namespace {

std::vector<SimdLevel> Levels() {
  std::vector<SimdLevel> levels;
  for (const SimdLevel level : {SimdLevel::kPortable, SimdLevel::kAvx2, SimdLevel::kAvx512}) {
    if (level <= DetectSimdLevel()) levels.push_back(level);
  }
  return levels;
}

template <typename T>
std::vector<T> RandomNumbers(size_t n, std::mt19937_64& random) {
  std::vector<T> values(n);
  const bool is_small = random() % 2 == 0;
  for (T& value : values) value = static_cast<T>(is_small ? random() % 100 : random());
  return values;
}

template <typename T>
void TestRange() {
  std::mt19937_64 random(sizeof(T));
  for (const SimdLevel level : Levels()) {
    for (const uint32_t n : {1U, 63U, 64U, 65U, 700U, 2048U}) {
      for (const bool negate : {false, true}) {
        const std::vector<T> values = RandomNumbers<T>(n, random);
        const T low = values[random() % n];
        const T span = static_cast<T>(random());
        std::vector<uint64_t> mask((n + 63) / 64);
        for (uint32_t row = 0; row < n; ++row) mask[row / 64] |= (random() % 4 == 0 ? 0ULL : 1ULL) << (row % 64);
        const std::vector<uint64_t> before = mask;
        MaskRange(values.data(), n, low, span, negate, mask.data(), level);
        std::vector<uint16_t> expected;
        for (uint32_t row = 0; row < n; ++row) {
          const bool passes = (static_cast<T>(values[row] - low) <= span) != negate;
          if (passes && ((before[row / 64] >> (row % 64)) & 1) != 0) expected.push_back(static_cast<uint16_t>(row));
        }
        std::vector<uint16_t> rows(n + kRowsSlack);
        rows.resize(MaskToRows(mask.data(), n, rows.data(), level));
        ASSERT_EQ(rows, expected) << n << " level " << static_cast<int>(level);
      }
    }
  }
}

TEST(KernelsTest, Ranges) {
  TestRange<uint8_t>();
  TestRange<uint16_t>();
  TestRange<uint32_t>();
  TestRange<uint64_t>();
}

template <typename T>
void TestFloats() {
  std::mt19937_64 random(9);
  const T special[] = {0,
                       static_cast<T>(-0.0),
                       1,
                       -1,
                       std::numeric_limits<T>::infinity(),
                       -std::numeric_limits<T>::infinity(),
                       std::numeric_limits<T>::quiet_NaN()};
  for (const SimdLevel level : Levels()) {
    for (const uint32_t n : {1U, 64U, 777U}) {
      std::vector<T> values(n);
      for (T& value : values) value = special[random() % std::size(special)];
      for (const bool with_nan : {false, true}) {
        for (const bool negate : {false, true}) {
          std::vector<uint64_t> mask((n + 63) / 64, ~uint64_t{0});
          MaskFloatRange(values.data(), n, static_cast<T>(-1), static_cast<T>(0), with_nan, negate, mask.data(), level);
          for (uint32_t row = 0; row < n; ++row) {
            const T x = values[row];
            const bool passes = ((x >= -1 && x <= 0) || (with_nan && x != x)) != negate;
            ASSERT_EQ(((mask[row / 64] >> (row % 64)) & 1) != 0, passes) << x;
          }
        }
      }
    }
  }
}

TEST(KernelsTest, FloatRanges) {
  TestFloats<float>();
  TestFloats<double>();
}

template <typename T>
void TestBounds() {
  std::mt19937_64 random(sizeof(T));
  for (const SimdLevel level : Levels()) {
    for (const size_t n : {1U, 15U, 64U, 65U, 1000U}) {
      const std::vector<T> values = RandomNumbers<T>(n, random);
      const Bounds<T> bounds = FindBounds(values.data(), n, level);
      EXPECT_EQ(bounds.min, *std::min_element(values.begin(), values.end()));
      EXPECT_EQ(bounds.max, *std::max_element(values.begin(), values.end()));
    }
  }
}

TEST(KernelsTest, Bounds) {
  TestBounds<int8_t>();
  TestBounds<int16_t>();
  TestBounds<int32_t>();
  TestBounds<int64_t>();
  TestBounds<uint8_t>();
  TestBounds<uint16_t>();
  TestBounds<uint32_t>();
  TestBounds<uint64_t>();
}

TEST(KernelsTest, Narrowing) {
  std::mt19937_64 random(4);
  for (const SimdLevel level : Levels()) {
    for (const int64_t base : {int64_t{0}, int64_t{-1000}, std::numeric_limits<int64_t>::min()}) {
      std::vector<int64_t> values(333);
      for (int64_t& value : values) value = base + static_cast<int64_t>(random() % 65536);
      std::vector<uint16_t> narrow(values.size());
      NarrowValues(values.data(), values.size(), base, narrow.data(), level);
      for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(base + narrow[i], values[i]);
    }
  }
}

TEST(KernelsTest, BitsAreCopiedToAnyPlace) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 500; ++round) {
    std::vector<uint8_t> from(40);
    for (uint8_t& byte : from) byte = static_cast<uint8_t>(random());
    const size_t from_offset = random() % 50;
    const size_t n = random() % 200;
    const size_t to_offset = random() % 50;
    std::vector<uint8_t> to(40);
    CopyBits(nullptr, 0, to_offset, to.data(), 0);
    CopyBits(from.data(), from_offset, n, to.data(), to_offset);
    for (size_t i = 0; i < to_offset + n; ++i) {
      const bool expected =
          i < to_offset || ((from[(from_offset + i - to_offset) / 8] >> ((from_offset + i - to_offset) % 8)) & 1) != 0;
      ASSERT_EQ(((to[i / 8] >> (i % 8)) & 1) != 0, expected);
    }
    size_t count = 0;
    for (size_t i = 0; i < n; ++i) count += (from[i / 8] >> (i % 8)) & 1U;
    ASSERT_EQ(CountBits(from.data(), n), count);
  }
}

}  // namespace
}  // namespace llkv
