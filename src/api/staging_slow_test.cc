// ctest-labels: slow
// A transaction of many small statements takes the memory of a few of its row groups, however many rows it adds.
#include <arrow/result.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

#include "base/testing/status_asserts.h"
#include "llkv/engine.h"
#include "pager/testing/rewriting.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

constexpr int64_t kRows = 6'000'000;

/// Number i of a permutation of [0, 2^23).
int64_t Scattered(int64_t i) {
  return static_cast<int64_t>((static_cast<uint64_t>(i) * 2654435761u) & ((1u << 23) - 1));
}

int64_t One(Session& session, const std::string& sql) {
  auto query = session.Prepare(sql).ValueOrDie();
  EXPECT_TRUE(query.Step().ValueOrDie());
  return query.Get<int64_t>(0);
}

TEST(Staging, SingleRowInsertsTakeLittleMemory) {
  ScratchFolder folder;
  auto engine = SqlEngine::Open(folder.File("db"), EngineOptions()).ValueOrDie();
  auto session = engine->NewSession().ValueOrDie();
  auto other = engine->NewSession().ValueOrDie();
  ASSERT_OK(session.Execute("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT, x DOUBLE); BEGIN"));
  auto insert = session.Prepare("INSERT INTO t VALUES (?, ?, ?)").ValueOrDie();
  uint64_t early_bytes = 0;
  uint64_t most_bytes = 0;
  for (int64_t i = 0; i < kRows; ++i) {
    const int64_t id = Scattered(i);
    const std::string name = "the name of " + std::to_string(id);
    ASSERT_OK(insert.Bind(1, id));
    ASSERT_OK(insert.Bind(2, std::string_view(name)));
    ASSERT_OK(insert.Bind(3, static_cast<double>(id) / 2));
    ASSERT_OK(insert.Step().status());
    if (i % 10'000 != 0) continue;
    uint64_t& most = i < kRows / 3 ? early_bytes : most_bytes;
    most = std::max(most, AnonymousMemory());
  }
  // One of the first rows, which are cold by now.
  ASSERT_OK(session.Execute("UPDATE t SET x = -1 WHERE id = 0"));
  EXPECT_FALSE(session.Execute("INSERT INTO t VALUES (0, 'again', 1)").ok());
  EXPECT_EQ(One(session, "SELECT count(*) FROM t"), kRows);
  EXPECT_EQ(One(other, "SELECT count(*) FROM t"), 0);
  ASSERT_OK(session.Execute("COMMIT"));
  // With what the checkpoint that follows takes in the background.
  const uint64_t end_bytes = AnonymousMemory();
  std::printf("anonymous memory: %llu MiB in the first third, %llu MiB after it, %llu MiB after the commit\n",
              static_cast<unsigned long long>(early_bytes >> 20), static_cast<unsigned long long>(most_bytes >> 20),
              static_cast<unsigned long long>(end_bytes >> 20));
  EXPECT_LT(most_bytes, early_bytes + (uint64_t{64} << 20));
  EXPECT_LT(std::max(most_bytes, end_bytes), uint64_t{640} << 20);
  EXPECT_EQ(One(other, "SELECT count(*) FROM t"), kRows);
  EXPECT_EQ(One(other, "SELECT count(*) FROM t WHERE x = -1"), 1);
}

}  // namespace
}  // namespace llkv
