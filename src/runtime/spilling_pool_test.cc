// SpillingPool: memory up to the limit, then a file; bytes survive the way from one to the other.
#include "runtime/spilling_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/error.h"

namespace llkv {
namespace {

constexpr int64_t kLimit = 4 << 20;

class SpillingPoolTest : public ::testing::Test {
 protected:
  SpillingPoolTest() : cache_(arrow::system_memory_pool(), 1 << 20), pool_(&cache_, kLimit) {
    EXPECT_TRUE(pool_.spill().Configure(::testing::TempDir(), SpillSpace::kNoLimit).ok());
  }

  BlockCache cache_;
  SpillingPool pool_;
};

TEST_F(SpillingPoolTest, LargeBlocksLeaveMemoryForSmallOnes) {
  std::vector<uint8_t*> large;
  for (int i = 0; i < 40; ++i) {
    large.emplace_back();
    ASSERT_TRUE(pool_.Allocate(1 << 20, 64, &large.back()).ok());
    std::memset(large.back(), i, 1 << 20);
  }
  EXPECT_EQ(pool_.spill().bytes_in_use(), 38 << 20);
  EXPECT_EQ(pool_.bytes_allocated(), 40 << 20);
  std::vector<uint8_t*> small;
  for (int i = 0; i < 1000; ++i) {
    small.emplace_back();
    ASSERT_TRUE(pool_.Allocate(2000, 64, &small.back()).ok());
  }
  EXPECT_EQ(pool_.spill().bytes_in_use(), 38 << 20);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(large[static_cast<size_t>(i)][1000], i);
  for (uint8_t* block : large) pool_.Free(block, 1 << 20, 64);
  for (uint8_t* block : small) pool_.Free(block, 2000, 64);
  EXPECT_EQ(pool_.bytes_allocated(), 0);
  EXPECT_LE(pool_.max_memory(), kLimit);
}

TEST_F(SpillingPoolTest, BlocksThatGrowMoveOutAndBack) {
  uint8_t* block = nullptr;
  int64_t size = 1000;
  ASSERT_TRUE(pool_.Allocate(size, 64, &block).ok());
  std::memset(block, 7, 1000);
  for (; size < (64 << 20); size *= 2) {
    ASSERT_TRUE(pool_.Reallocate(size, size * 2, 64, &block).ok());
    EXPECT_EQ(block[999], 7);
    std::memset(block, 7, static_cast<size_t>(size) * 2);
  }
  EXPECT_TRUE(pool_.spill().Owns(block));
  ASSERT_TRUE(pool_.Reallocate(size, 5000, 64, &block).ok());
  EXPECT_FALSE(pool_.spill().Owns(block));
  EXPECT_EQ(block[4999], 7);
  pool_.Free(block, 5000, 64);
  EXPECT_EQ(pool_.bytes_allocated(), 0);
}

TEST_F(SpillingPoolTest, SmallBlocksSpillLaterAndTinyOnesNever) {
  std::vector<uint8_t*> blocks;
  for (int i = 0; i < 3000; ++i) {
    blocks.emplace_back();
    ASSERT_TRUE(pool_.Allocate(4096, 64, &blocks.back()).ok());
  }
  EXPECT_EQ(pool_.spill().bytes_in_use(), 3000 * 4096 - kLimit * 3 / 4);
  uint8_t* tiny = nullptr;
  std::vector<uint8_t*> tiny_blocks;
  while (pool_.Allocate(4000, 64, &tiny).ok()) tiny_blocks.push_back(tiny);
  EXPECT_EQ(static_cast<int64_t>(tiny_blocks.size()), kLimit / 4 / 4000);
  EXPECT_EQ(GetSqlState(pool_.Allocate(4000, 64, &tiny)), sqlstate::kOutOfMemory);
  for (uint8_t* block : blocks) pool_.Free(block, 4096, 64);
  for (uint8_t* block : tiny_blocks) pool_.Free(block, 4000, 64);
}

TEST_F(SpillingPoolTest, WithoutAFolderAllOfTheLimitIsForEverybodyAndPastItIs53200) {
  ASSERT_TRUE(pool_.spill().Configure("", SpillSpace::kNoLimit).ok());
  uint8_t* block = nullptr;
  ASSERT_TRUE(pool_.Allocate(kLimit - 100, 64, &block).ok());
  uint8_t* more = nullptr;
  EXPECT_EQ(GetSqlState(pool_.Allocate(1 << 20, 64, &more)), sqlstate::kOutOfMemory);
  EXPECT_EQ(GetSqlState(pool_.Reallocate(kLimit - 100, kLimit * 2, 64, &block)), sqlstate::kOutOfMemory);
  pool_.Free(block, kLimit - 100, 64);
  EXPECT_EQ(pool_.bytes_allocated(), 0);
}

TEST_F(SpillingPoolTest, AFullFileIs53100AndChangesNothing) {
  ASSERT_TRUE(pool_.spill().Configure(::testing::TempDir(), 1 << 20).ok());
  std::vector<uint8_t*> blocks(3);
  for (uint8_t*& block : blocks) ASSERT_TRUE(pool_.Allocate(1 << 20, 64, &block).ok());
  uint8_t* more = nullptr;
  EXPECT_EQ(GetSqlState(pool_.Allocate(1 << 20, 64, &more)), sqlstate::kDiskFull);
  EXPECT_EQ(GetSqlState(pool_.Reallocate(1 << 20, 2 << 20, 64, &blocks[0])), sqlstate::kDiskFull);
  EXPECT_EQ(pool_.bytes_allocated(), 3 << 20);
  for (uint8_t* block : blocks) pool_.Free(block, 1 << 20, 64);
}

}  // namespace
}  // namespace llkv
