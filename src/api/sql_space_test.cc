// The file stays small under UPDATEs by primary key; the full size is in sql_space_slow_test.cc.
#include <arrow/result.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "api/testing/sql_rewriting.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

TEST(SqlRewriting, UpdatesLeaveTheFileSmall) {
  ScratchFolder folder;
  SqlRewritingOptions options;
  options.path = folder.File("db");
  options.rows = 2000;
  options.updates = 30'000;
  options.bound_extra_bytes = uint64_t{64} << 20;
  const auto result = RunSqlRewriting(options);
  ASSERT_TRUE(result.ok()) << result.status();
  std::printf("%s\n", result->c_str());
}

}  // namespace
}  // namespace llkv
