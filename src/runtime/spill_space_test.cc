// ctest-labels: threads
// SpillSpace: blocks keep what is written to them beside each other, room is found again, limits and folders hold.
#include "runtime/spill_space.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <random>
#include <thread>
#include <vector>

#include "base/error.h"

namespace llkv {
namespace {

const std::string kFolder = ::testing::TempDir();

struct Block {
  uint8_t* data;
  int64_t size;
  uint8_t mark;
};

/// Allocates and frees at random, and checks that blocks keep their bytes.
void UseAtRandom(SpillSpace& space, uint64_t seed, int rounds) {
  std::mt19937_64 random(seed);
  std::vector<Block> blocks;
  const auto check = [](const Block& block) {
    EXPECT_EQ(block.data[0], block.mark);
    EXPECT_EQ(block.data[block.size / 2], block.mark);
    EXPECT_EQ(block.data[block.size - 1], block.mark);
  };
  for (int i = 0; i < rounds; ++i) {
    if (blocks.size() < 20 || random() % 2 == 0) {
      const auto size = static_cast<int64_t>(1 + random() % 300'000);
      auto data = space.Allocate(size);
      ASSERT_TRUE(data.ok()) << data.status().ToString();
      const auto mark = static_cast<uint8_t>(random());
      std::memset(*data, mark, static_cast<size_t>(size));
      EXPECT_EQ(reinterpret_cast<uintptr_t>(*data) % SpillSpace::kGranuleBytes, 0U);
      EXPECT_TRUE(space.Owns(*data));
      blocks.push_back({*data, size, mark});
    } else {
      const size_t at = random() % blocks.size();
      check(blocks[at]);
      space.Free(blocks[at].data, blocks[at].size);
      blocks[at] = blocks.back();
      blocks.pop_back();
    }
  }
  for (const Block& block : blocks) {
    check(block);
    space.Free(block.data, block.size);
  }
}

TEST(SpillSpaceTest, BlocksKeepTheirBytes) {
  SpillSpace space;
  ASSERT_TRUE(space.Configure(kFolder, SpillSpace::kNoLimit).ok());
  for (uint64_t seed = 1; seed < 4; ++seed) {
    UseAtRandom(space, seed, 2000);
    EXPECT_EQ(space.bytes_in_use(), 0);
    EXPECT_TRUE(space.CheckWritten().ok());
  }
}

TEST(SpillSpaceTest, ThreadsShareIt) {
  SpillSpace space;
  ASSERT_TRUE(space.Configure(kFolder, SpillSpace::kNoLimit).ok());
  std::vector<std::thread> threads;
  for (uint64_t seed = 1; seed < 5; ++seed) threads.emplace_back([&, seed] { UseAtRandom(space, seed, 500); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(space.bytes_in_use(), 0);
}

TEST(SpillSpaceTest, ATenthOfTheDiskIsLeftToOthers) {
  SpillSpace space;
  ASSERT_TRUE(space.Configure(kFolder, SpillSpace::kNoLimit).ok());
  auto first = space.Allocate(1 << 20);
  ASSERT_TRUE(first.ok());
  const uintmax_t room = std::filesystem::space(kFolder).available;
  const auto block = space.Allocate(static_cast<int64_t>(room / 20 * 19));
  EXPECT_EQ(GetSqlState(block.status()), sqlstate::kDiskFull) << block.status().ToString();
  // Nothing of it was taken.
  EXPECT_EQ(space.bytes_in_use(), 1 << 20);
  EXPECT_GT(std::filesystem::space(kFolder).available, room / 2);
  space.Free(*first, 1 << 20);
}

TEST(SpillSpaceTest, TheSizeLimitIs53100AndRoomIsFoundAgain) {
  SpillSpace space;
  ASSERT_TRUE(space.Configure(kFolder, 10 << 20).ok());
  std::vector<uint8_t*> blocks;
  for (int i = 0; i < 10; ++i) blocks.push_back(space.Allocate(1 << 20).ValueOrDie());
  EXPECT_EQ(GetSqlState(space.Allocate(1).status()), sqlstate::kDiskFull);
  space.Free(blocks[3], 1 << 20);
  EXPECT_EQ(GetSqlState(space.Allocate((1 << 20) + 1).status()), sqlstate::kDiskFull);
  blocks[3] = space.Allocate(1 << 20).ValueOrDie();
  // Neighbours grow together.
  for (const int i : {5, 4, 6}) space.Free(blocks[static_cast<size_t>(i)], 1 << 20);
  uint8_t* large = space.Allocate(3 << 20).ValueOrDie();
  EXPECT_EQ(large, blocks[4]);
  space.Free(large, 3 << 20);
  for (const int i : {0, 1, 2, 3, 7, 8, 9}) space.Free(blocks[static_cast<size_t>(i)], 1 << 20);
  EXPECT_EQ(space.bytes_in_use(), 0);
}

TEST(SpillSpaceTest, FoldersAreNeededAndStayWhileBlocksLive) {
  SpillSpace space;
  EXPECT_EQ(GetSqlState(space.Allocate(1).status()), sqlstate::kOutOfMemory);
  ASSERT_TRUE(space.Configure("/no/such/folder", SpillSpace::kNoLimit).ok());
  EXPECT_EQ(GetSqlState(space.Allocate(1).status()), sqlstate::kUndefinedFile);
  ASSERT_TRUE(space.Configure(kFolder, SpillSpace::kNoLimit).ok());
  uint8_t* block = space.Allocate(1).ValueOrDie();
  EXPECT_EQ(GetSqlState(space.Configure("/", SpillSpace::kNoLimit)), sqlstate::kObjectInUse);
  EXPECT_EQ(space.folder(), kFolder);
  space.Free(block, 1);
  ASSERT_TRUE(space.Configure("", SpillSpace::kNoLimit).ok());
  EXPECT_FALSE(space.Owns(block));
  EXPECT_EQ(GetSqlState(space.Allocate(1).status()), sqlstate::kOutOfMemory);
}

}  // namespace
}  // namespace llkv
