// ctest-labels: slow
// 10,000 rows rewritten in a million transactions, with and without holes, while buffers are held: the file stays under
// three times its live bytes and 128 MiB at every moment, and memory does not grow.
#include <arrow/result.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "pager/testing/rewriting.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

void Rewrite(bool punch_holes, uint64_t row_bytes) {
  ScratchFolder folder;
  RewritingOptions options;
  options.path = folder.File("db");
  options.punch_holes = punch_holes;
  options.row_bytes = row_bytes;
  const auto result = RunRewriting(options);
  ASSERT_TRUE(result.ok()) << result.status();
  std::printf("live %llu, most %llu bytes, on the disk %llu, memory %llu to %llu, %.1f s\n",
              static_cast<unsigned long long>(result->live_bytes),
              static_cast<unsigned long long>(result->max_size_bytes),
              static_cast<unsigned long long>(result->max_allocated_bytes),
              static_cast<unsigned long long>(result->early_memory_bytes),
              static_cast<unsigned long long>(result->max_memory_bytes), result->seconds);
}

TEST(Rewriting, AMillionTransactionsWithHoles) { Rewrite(true, 400); }
TEST(Rewriting, AMillionTransactionsWithoutHoles) { Rewrite(false, 400); }
TEST(Rewriting, AMillionTransactionsOfLargerRows) { Rewrite(true, 4000); }

}  // namespace
}  // namespace llkv
