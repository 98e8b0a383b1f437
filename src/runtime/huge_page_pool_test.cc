#include "runtime/huge_page_pool.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/sanitizers.h"

namespace llkv {
namespace {

constexpr int64_t kHuge = HugePagePool::kHugePageBytes;

bool Holds(const uint8_t* bytes, int64_t size, uint8_t value) {
  return std::all_of(bytes, bytes + size, [value](uint8_t byte) { return byte == value; });
}

TEST(HugePagePoolTest, BlocksKeepTheirBytesWhileTheyGrowAndShrink) {
  HugePagePool pool(arrow::default_memory_pool());
  const int64_t before = pool.bytes_allocated();
  uint8_t* block = nullptr;
  int64_t size = 100;
  ASSERT_TRUE(pool.Allocate(size, 64, &block).ok());
  std::fill_n(block, 100, uint8_t{7});
  // From the parent's into huge pages, within them (the last page half used), and back.
  for (const int64_t next :
       {kHuge - 1, kHuge, kHuge + 1, 3 * kHuge + 4096, 9 * kHuge - 5, 9 * kHuge, 2 * kHuge, int64_t{200}}) {
    ASSERT_TRUE(pool.Reallocate(size, next, 64, &block).ok());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0U);
    EXPECT_TRUE(Holds(block, 100, 7)) << next;
    if (next > size) std::fill(block + size, block + next, uint8_t{9});
    const int64_t kept = std::min(size, next);
    if (kept > 100) {
      EXPECT_TRUE(Holds(block + 100, kept - 100, 9)) << next;
    }
    size = next;
    EXPECT_EQ(pool.bytes_allocated() - before, size);
  }
  pool.Free(block, size, 64);
  EXPECT_EQ(pool.bytes_allocated(), before);
}

TEST(HugePagePoolTest, ALargeBlockWithoutAddressesIsRefused) {
  if (kIsSanitized) GTEST_SKIP() << "all blocks are the parent's";
  HugePagePool pool(arrow::default_memory_pool());
  uint8_t* block = nullptr;
  EXPECT_TRUE(pool.Allocate(int64_t{1} << 60, 64, &block).IsOutOfMemory());
  ASSERT_TRUE(pool.Allocate(kHuge, 64, &block).ok());
  block[0] = 1;
  EXPECT_TRUE(pool.Reallocate(kHuge, int64_t{1} << 60, 64, &block).IsOutOfMemory());
  EXPECT_EQ(block[0], 1);
  pool.Free(block, kHuge, 64);
}

}  // namespace
}  // namespace llkv
