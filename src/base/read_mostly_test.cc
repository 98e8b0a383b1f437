// ctest-labels: threads
#include "base/read_mostly.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace llkv {
namespace {

TEST(ReadMostlyTest, IsNullAtFirstAndThenWhatWasStored) {
  ReadMostly<int> value;
  EXPECT_EQ(value.Load(), nullptr);
  value.Store(std::make_shared<const int>(1));
  const std::shared_ptr<const int> first = value.Load();
  value.Store(std::make_shared<const int>(2));
  EXPECT_EQ(*first, 1);
  EXPECT_EQ(*value.Load(), 2);
}

TEST(ReadMostlyTest, KeepsAValueAsLongAsSomebodyHasIt) {
  ReadMostly<int> value;
  auto stored = std::make_shared<const int>(1);
  const std::weak_ptr<const int> watched = stored;
  value.Store(std::move(stored));
  std::shared_ptr<const int> held = value.Load();
  value.Store(nullptr);
  EXPECT_EQ(*held, 1);
  held.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(ReadMostlyTest, IsReadBesideAWriter) {
  ReadMostly<std::vector<int>> value;
  value.Store(std::make_shared<const std::vector<int>>(100, 0));
  std::atomic<int> newest{0};
  std::atomic<bool> is_done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!is_done.load()) {
        const int before = newest.load();
        const auto read = value.Load();
        ASSERT_GE(read->front(), before);
        ASSERT_EQ(read->front(), read->back());
      }
    });
  }
  for (int i = 1; i <= 1000; ++i) {
    value.Store(std::make_shared<const std::vector<int>>(100, i));
    newest.store(i);
  }
  is_done.store(true);
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace llkv
