#include "runtime/memory_pool.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "runtime/stop_token.h"

namespace llkv {
namespace {

TEST(AccountingPoolTest, CountsAtEveryLevel) {
  AccountingPool process(arrow::system_memory_pool(), "memory_limit");
  AccountingPool query(&process, "query");
  AccountingPool sort(&query, "sort");
  uint8_t* block = nullptr;
  ASSERT_TRUE(sort.Allocate(1000, 64, &block).ok());
  ASSERT_TRUE(sort.Reallocate(1000, 5000, 64, &block).ok());
  EXPECT_EQ(process.bytes_allocated(), 5000);
  EXPECT_EQ(query.bytes_allocated(), 5000);
  sort.Free(block, 5000, 64);
  EXPECT_EQ(process.bytes_allocated(), 0);
  EXPECT_EQ(process.max_memory(), 5000);
}

TEST(AccountingPoolTest, LimitOfAnAncestorIs53200AndLeavesTheCountsRight) {
  AccountingPool process(arrow::system_memory_pool(), "memory_limit", 4096);
  AccountingPool query(&process, "query");
  uint8_t* block = nullptr;
  ASSERT_TRUE(query.Allocate(4000, 64, &block).ok());
  uint8_t* second = nullptr;
  const arrow::Status status = query.Allocate(97, 64, &second);
  EXPECT_EQ(GetSqlState(status), sqlstate::kOutOfMemory);
  EXPECT_FALSE(query.Reallocate(4000, 5000, 64, &block).ok());
  EXPECT_EQ(query.bytes_allocated(), 4000);
  EXPECT_EQ(process.bytes_allocated(), 4000);
  query.Free(block, 4000, 64);
}

TEST(BlockCacheTest, ReusesLargeBlocksUpToItsBound) {
  BlockCache cache(arrow::system_memory_pool(), 300'000);
  uint8_t* first = nullptr;
  ASSERT_TRUE(cache.Allocate(200'000, 64, &first).ok());
  cache.Free(first, 200'000, 64);
  EXPECT_EQ(cache.bytes_allocated(), 0);
  if (cache.cached_bytes() == 0) GTEST_SKIP() << "blocks are not kept in this build";
  uint8_t* again = nullptr;
  ASSERT_TRUE(cache.Allocate(200'000, 64, &again).ok());
  EXPECT_EQ(again, first);
  uint8_t* other = nullptr;
  ASSERT_TRUE(cache.Allocate(150'000, 64, &other).ok());
  cache.Free(again, 200'000, 64);
  cache.Free(other, 150'000, 64);
  EXPECT_EQ(cache.cached_bytes(), 200'000);
  cache.ReleaseUnused();
  EXPECT_EQ(cache.cached_bytes(), 0);
}

TEST(StopTokenTest, ParentCounts) {
  StopToken session;
  StopToken query(&session);
  EXPECT_TRUE(query.Check().ok());
  session.RequestStop();
  EXPECT_EQ(GetSqlState(query.Check()), sqlstate::kQueryCanceled);
  session.Reset();
  EXPECT_FALSE(query.stop_requested());
  query.RequestStop();
  EXPECT_FALSE(session.stop_requested());
  EXPECT_TRUE(query.stop_requested());
}

}  // namespace
}  // namespace llkv
