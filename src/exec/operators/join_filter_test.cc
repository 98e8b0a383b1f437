// JoinFilter against a set of its keys: exact as a bitmap, never without a key as a Bloom filter; all forms of columns.
#include "exec/operators/join_filter.h"

#include <arrow/memory_pool.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <unordered_set>
#include <utility>
#include <vector>

namespace llkv {
namespace {

constexpr uint32_t kRows = 1000;
constexpr uint32_t kWords = (kRows + 63) / 64;

bool Bit(const uint64_t* mask, uint32_t row) { return ((mask[row / 64] >> (row % 64)) & 1) != 0; }

class JoinFilterTest : public ::testing::Test {
 protected:
  /// Builds the filter of `keys`, dealt to three lanes, the last of which stays empty.
  void Build(const std::vector<int64_t>& keys) {
    std::vector<JoinFilterKeys> lanes;
    for (int i = 0; i < 3; ++i) lanes.emplace_back(arrow::default_memory_pool());
    for (size_t begin = 0, i = 0; begin < keys.size(); begin += kMaxBatchRows, ++i) {
      Vector column;
      column.type = TypeId::kBigInt;
      column.data = keys.data() + begin;
      const auto count = static_cast<uint32_t>(std::min<size_t>(keys.size() - begin, kMaxBatchRows));
      ASSERT_TRUE(lanes[i % 2].Add(column, Selection::All(count)).ok());
    }
    std::vector<const JoinFilterKeys*> pointers;
    for (const JoinFilterKeys& lane : lanes) pointers.push_back(&lane);
    filter_.Reset();
    ASSERT_TRUE(filter_.Build(pointers, arrow::default_memory_pool()).ok());
  }

  /// What is left of all rows but every third.
  std::vector<uint64_t> Apply(const Vector& column) {
    std::vector<uint64_t> mask(kWords);
    for (uint32_t row = 0; row < kRows; ++row) mask[row / 64] |= uint64_t{row % 3 != 0} << (row % 64);
    filter_.Apply(column, kRows, mask.data());
    return mask;
  }

  /// Checks a mask of Apply's: exactly the rows with a key, or at least those and few others.
  template <typename ValueAt>
  void Check(const std::vector<uint64_t>& mask, const std::unordered_set<int64_t>& keys, bool is_exact,
             const Vector& column, const ValueAt& value_at) {
    uint32_t num_false = 0;
    for (uint32_t row = 0; row < kRows; ++row) {
      const bool asked = row % 3 != 0;
      const bool has = asked && column.IsValid(row) && keys.contains(value_at(row));
      const bool passed = Bit(mask.data(), row);
      EXPECT_TRUE(!has || passed) << row;
      EXPECT_TRUE(asked || !passed) << row;
      if (!column.IsValid(row)) {
        EXPECT_FALSE(passed) << row;
      }
      num_false += static_cast<uint32_t>(passed && !has);
    }
    if (is_exact) {
      EXPECT_EQ(num_false, 0U);
    } else {
      EXPECT_LT(num_false, kRows / 10);
    }
  }

  JoinFilter filter_;
};

TEST_F(JoinFilterTest, DenseKeysAreExactInEveryForm) {
  std::mt19937_64 random(3);
  std::vector<int64_t> keys(300);
  for (int64_t& key : keys) key = -50 + static_cast<int64_t>(random() % 400);
  const std::unordered_set<int64_t> set(keys.begin(), keys.end());
  Build(keys);
  std::vector<uint8_t> validity((kRows + 7) / 8);
  for (uint8_t& byte : validity) byte = static_cast<uint8_t>(random() | random());

  std::vector<int32_t> flat(kRows);
  for (int32_t& value : flat) value = -100 + static_cast<int32_t>(random() % 500);
  for (const uint8_t* bits : {static_cast<const uint8_t*>(nullptr), static_cast<const uint8_t*>(validity.data())}) {
    Vector column;
    column.type = TypeId::kInteger;
    column.data = flat.data();
    column.validity = bits;
    Check(Apply(column), set, true, column, [&](uint32_t row) { return flat[row]; });

    std::vector<uint8_t> narrow(kRows);
    for (uint8_t& value : narrow) value = static_cast<uint8_t>(random());
    Vector of_base;
    of_base.type = TypeId::kBigInt;
    of_base.form = VectorForm::kNarrow;
    of_base.storage = PhysicalType::kUInt8;
    of_base.base = -120;
    of_base.data = narrow.data();
    of_base.validity = bits;
    Check(Apply(of_base), set, true, of_base, [&](uint32_t row) { return int64_t{narrow[row]} - 120; });

    std::vector<int64_t> entries(256);
    std::iota(entries.begin(), entries.end(), 200);
    Vector of_codes;
    of_codes.type = TypeId::kBigInt;
    of_codes.form = VectorForm::kDictionary;
    of_codes.storage = PhysicalType::kUInt8;
    of_codes.dictionary = entries.data();
    of_codes.data = narrow.data();
    of_codes.validity = bits;
    Check(Apply(of_codes), set, true, of_codes, [&](uint32_t row) { return entries[narrow[row]]; });
  }
}

TEST_F(JoinFilterTest, ConstantsPassOrNot) {
  Build({7, 9});
  for (const int64_t value : {7, 8, 9, 10}) {
    Vector column;
    column.type = TypeId::kBigInt;
    column.form = VectorForm::kConstant;
    column.data = &value;
    Check(Apply(column), {7, 9}, true, column, [&](uint32_t) { return value; });
  }
}

TEST_F(JoinFilterTest, SparseKeysLoseNoneAndKeepFewOthers) {
  std::mt19937_64 random(5);
  std::vector<int64_t> keys(20'000);
  for (int64_t& key : keys) key = static_cast<int64_t>(random());
  keys[0] = std::numeric_limits<int64_t>::min();
  keys[1] = std::numeric_limits<int64_t>::max();
  const std::unordered_set<int64_t> set(keys.begin(), keys.end());
  Build(keys);
  std::vector<int64_t> values(kRows);
  for (size_t i = 0; i < values.size(); ++i) values[i] = i % 2 == 0 ? keys[i] : static_cast<int64_t>(random());
  Vector column;
  column.type = TypeId::kBigInt;
  column.data = values.data();
  Check(Apply(column), set, false, column, [&](uint32_t row) { return values[row]; });
}

TEST_F(JoinFilterTest, WithoutKeysNothingPasses) {
  Build({});
  const std::vector<int64_t> values(kRows);
  Vector column;
  column.type = TypeId::kBigInt;
  column.data = values.data();
  const std::vector<uint64_t> mask = Apply(column);
  EXPECT_EQ(std::count(mask.begin(), mask.end(), 0U), static_cast<int64_t>(mask.size()));
}

TEST_F(JoinFilterTest, GivesUpWhereItRejectsLittle) {
  std::vector<int64_t> keys(kRows);
  std::iota(keys.begin(), keys.end(), 0);
  Build(keys);
  Vector column;
  column.type = TypeId::kBigInt;
  column.data = keys.data();
  for (int i = 0; i < 200; ++i) Apply(column);
  // By now it is not asked: also what it has not passes.
  const std::vector<int64_t> others(kRows, -1);
  column.data = others.data();
  EXPECT_TRUE(Bit(Apply(column).data(), 1));
  filter_.Reset();
  Build(keys);
  EXPECT_FALSE(Bit(Apply(column).data(), 1));
}

TEST_F(JoinFilterTest, ManyKeysMakeNone) {
  std::vector<int64_t> keys(static_cast<size_t>(JoinFilter::kMaxKeys) + kMaxBatchRows + 1);
  Build(keys);
  const std::vector<int64_t> values(kRows, 5);
  Vector column;
  column.type = TypeId::kBigInt;
  column.data = values.data();
  EXPECT_TRUE(Bit(Apply(column).data(), 1));
}

TEST_F(JoinFilterTest, TellsWhichRangesHaveNoKey) {
  const auto may_pass = [&](int64_t min, int64_t max) {
    return filter_.MayPass(Value::BigInt(min), Value::BigInt(max));
  };
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  EXPECT_TRUE(may_pass(1, 2)) << "no filter yet";
  Build({-70, 0, 63, 64, 500});
  for (const int64_t key : {-70, 0, 63, 64, 500}) {
    EXPECT_TRUE(may_pass(key, key));
    EXPECT_TRUE(may_pass(key - 5, key));
    EXPECT_TRUE(may_pass(key, key + 5));
  }
  EXPECT_TRUE(may_pass(kLeast, kMost));
  for (const auto& [min, max] : std::vector<std::pair<int64_t, int64_t>>{
           {-69, -1}, {1, 62}, {65, 499}, {501, 501}, {501, kMost}, {kLeast, -71}, {128, 191}}) {
    EXPECT_FALSE(may_pass(min, max)) << min;
  }
  Build({kLeast, 0, kMost});
  EXPECT_TRUE(may_pass(5, 7)) << "a Bloom filter knows no ranges";
  EXPECT_TRUE(may_pass(kLeast, kLeast));
  Build({1000, 3'000'000'000'000});
  EXPECT_FALSE(may_pass(kLeast, 999));
  EXPECT_FALSE(may_pass(3'000'000'000'001, kMost));
  Build({});
  EXPECT_FALSE(may_pass(kLeast, kMost));
}

}  // namespace
}  // namespace llkv
