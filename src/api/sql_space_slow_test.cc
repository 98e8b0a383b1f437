// ctest-labels: slow
// 10,000 rows updated in a million transactions, with and without holes, while buffers are held: the file stays under
// three times its live bytes and 128 MiB at every moment, and memory does not grow.
#include <arrow/result.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "api/testing/sql_rewriting.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

void Rewrite(bool punch_holes) {
  ScratchFolder folder;
  SqlRewritingOptions options;
  options.path = folder.File("db");
  options.punch_holes = punch_holes;
  const auto result = RunSqlRewriting(options);
  ASSERT_TRUE(result.ok()) << result.status();
  std::printf("%s\n", result->c_str());
}

TEST(SqlRewriting, AMillionUpdatesWithHoles) { Rewrite(true); }
TEST(SqlRewriting, AMillionUpdatesWithoutHoles) { Rewrite(false); }

}  // namespace
}  // namespace llkv
