// SegmentTree against plain loops: sums, counts and least strings over every kind of range.
#include "exec/operators/segment_tree.h"

#include <arrow/memory_pool.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "functions/function_registry.h"

namespace llkv {
namespace {

/// Kernels may read past the last value.
constexpr size_t kPadding = 64;

/// A tree of one function over the values 0 … n - 1 of a column.
class TreeTest : public ::testing::Test {
 protected:
  void Make(const char* name, LogicalType type) {
    const LogicalType types[] = {type};
    const Value* const constants[] = {nullptr};
    auto bound = FunctionRegistry::MakeDefault()->BindAggregate(name, BindInput{types, constants, Dialect::kDefault});
    ASSERT_TRUE(bound.ok()) << bound.status().ToString();
    function_ = *std::move(bound);
    tree_ = std::make_unique<SegmentTree>(&function_, arrow::default_memory_pool());
    kernel_.pool = arrow::default_memory_pool();
    kernel_.arena = &arena_;
  }

  /// Feeds a flat column.
  void Feed(LogicalType type, const void* data, int64_t count, size_t width) {
    ASSERT_TRUE(tree_->Reset(count, stop_).ok());
    for (int64_t begin = 0; begin < count; begin += kMaxBatchRows) {
      const auto rows = static_cast<uint32_t>(std::min<int64_t>(count - begin, kMaxBatchRows));
      Vector vector;
      vector.type = type;
      vector.storage = type.physical();
      vector.data = static_cast<const uint8_t*>(data) + static_cast<size_t>(begin) * width;
      const Vector* const argument = &vector;
      const std::span<const Vector* const> arguments(&argument, 1);
      std::vector<uint8_t*> states;
      for (uint32_t i = 0; i < rows; ++i) states.push_back(tree_->leaf(begin + i));
      ASSERT_TRUE(
          function_.update(kernel_, function_.state.get(), arguments, Selection::All(rows), rows, states.data()).ok());
    }
    ASSERT_TRUE(tree_->Build(kernel_, stop_).ok());
  }

  /// The result over [begin, end), in `out`.
  void Query(int64_t begin, int64_t end, ScratchVector& out) {
    std::vector<uint64_t> state(static_cast<size_t>(tree_->state_size()) / 8);
    auto* bytes = reinterpret_cast<uint8_t*>(state.data());
    function_.initialize(function_.state.get(), bytes);
    ASSERT_TRUE(tree_->Query(kernel_, begin, end, bytes).ok());
    ASSERT_TRUE(tree_->Flush(kernel_).ok());
    const uint8_t* states[] = {bytes};
    out.ResetFlat(function_.return_type);
    ASSERT_TRUE(function_.finalize(kernel_, function_.state.get(), states, 1, out).ok());
  }

  ScratchVector MakeScratch() {
    return ScratchVector::Make(function_.return_type, arrow::default_memory_pool()).ValueOrDie();
  }

  BoundAggregate function_;
  StringArena arena_{arrow::default_memory_pool()};
  KernelContext kernel_;
  StopToken stop_;
  std::unique_ptr<SegmentTree> tree_;
};

TEST_F(TreeTest, SumsOfEveryRange) {
  Make("sum", TypeId::kBigInt);
  ScratchVector out = MakeScratch();
  for (const int64_t count : {1, 3, 4, 5, 16, 17, 63, 64, 65, 100}) {
    std::vector<int64_t> values(static_cast<size_t>(count) + kPadding);
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int64_t>(i * i) - 40;
    Feed(TypeId::kBigInt, values.data(), count, sizeof(int64_t));
    for (int64_t begin = 0; begin <= count; ++begin) {
      int64_t expected = 0;
      for (int64_t end = begin; end <= count; ++end) {
        Query(begin, end, out);
        EXPECT_EQ(out.vector().IsValid(0), begin < end);
        if (begin < end) {
          EXPECT_EQ(static_cast<int64_t>(out.data<int128_t>()[0]), expected);
        }
        if (end < count) expected += values[static_cast<size_t>(end)];
      }
    }
  }
}

TEST_F(TreeTest, RangesOfManyRowsWithoutFlushBetween) {
  Make("count", TypeId::kBigInt);
  constexpr int64_t kRows = 20'000;
  const std::vector<int64_t> values(kRows + kPadding, 1);
  Feed(TypeId::kBigInt, values.data(), kRows, sizeof(int64_t));
  std::mt19937_64 random(7);
  constexpr size_t kQueries = 500;
  const auto words = static_cast<size_t>(tree_->state_size()) / 8;
  std::vector<uint64_t> states(kQueries * words);
  std::vector<const uint8_t*> pointers;
  std::vector<int64_t> expected;
  for (size_t i = 0; i < kQueries; ++i) {
    const auto a = static_cast<int64_t>(random() % (kRows + 1));
    const auto b = static_cast<int64_t>(random() % (kRows + 1));
    auto* state = reinterpret_cast<uint8_t*>(states.data() + i * words);
    function_.initialize(function_.state.get(), state);
    ASSERT_TRUE(tree_->Query(kernel_, std::min(a, b), std::max(a, b), state).ok());
    pointers.push_back(state);
    expected.push_back(std::max(a, b) - std::min(a, b));
  }
  ASSERT_TRUE(tree_->Flush(kernel_).ok());
  ScratchVector out = MakeScratch();
  ASSERT_TRUE(function_.finalize(kernel_, function_.state.get(), pointers.data(), kQueries, out).ok());
  for (size_t i = 0; i < kQueries; ++i) EXPECT_EQ(out.data<int64_t>()[i], expected[i]);
}

TEST_F(TreeTest, LeastStrings) {
  Make("min", TypeId::kVarchar);
  std::mt19937_64 random(11);
  std::vector<std::string> texts;
  for (int i = 0; i < 50; ++i) texts.push_back(std::string(1 + random() % 20, static_cast<char>('a' + random() % 26)));
  std::vector<StringRef> refs;
  for (const std::string& text : texts) refs.emplace_back(text.data(), static_cast<uint32_t>(text.size()));
  refs.resize(refs.size() + kPadding);
  Feed(TypeId::kVarchar, refs.data(), 50, sizeof(StringRef));
  ScratchVector out = MakeScratch();
  for (int64_t begin = 0; begin < 50; ++begin) {
    for (int64_t end = begin + 1; end <= 50; ++end) {
      Query(begin, end, out);
      const StringRef& least = out.data<StringRef>()[0];
      EXPECT_EQ(std::string(least.data, least.size), *std::min_element(texts.begin() + begin, texts.begin() + end));
    }
  }
}

TEST_F(TreeTest, StopsWhereTheTokenSaysSo) {
  Make("sum", TypeId::kBigInt);
  constexpr int64_t kRows = 10'000;
  ASSERT_TRUE(tree_->Reset(kRows, stop_).ok());
  stop_.RequestStop();
  EXPECT_FALSE(tree_->Build(kernel_, stop_).ok());
}

}  // namespace
}  // namespace llkv
