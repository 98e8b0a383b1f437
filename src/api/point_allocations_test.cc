// ctest-labels: allocations
// A prepared SELECT by key through the row cursor allocates nothing: operator new is counted, and so is what Arrow's
// pools give out. In a binary of its own, because the operator is the program's.
#include <arrow/memory_pool.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>

#include "api/testing/query_text.h"
#include "llkv/engine.h"

namespace {
std::atomic<uint64_t> num_news{0};

void* Take(std::size_t size) {
  num_news.fetch_add(1, std::memory_order_relaxed);
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}
}  // namespace

void* operator new(std::size_t size) { return Take(size); }
void* operator new[](std::size_t size) { return Take(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace llkv {
namespace {

class PointAllocations : public ::testing::TestWithParam<bool> {};

/// Runs a statement of one BIGINT parameter for many keys, and gives the allocations of the later ones.
uint64_t AllocationsOf(Session& session, std::string_view sql, int64_t first_key) {
  PreparedStatement statement = *session.Prepare(sql);
  uint64_t before = 0;
  int64_t num_rows = 0;
  for (int64_t i = 0; i < 2000; ++i) {
    // The first ones fill what is kept.
    if (i == 1000) {
      before = num_news.load() + static_cast<uint64_t>(arrow::default_memory_pool()->num_allocations());
    }
    EXPECT_TRUE(statement.Bind(1, first_key + (i * 7919) % 1000).ok());
    while (*statement.Step()) num_rows += statement.Get<int64_t>(0) >= 0 ? 1 : 0;
  }
  EXPECT_EQ(num_rows, 2000);
  return num_news.load() + static_cast<uint64_t>(arrow::default_memory_pool()->num_allocations()) - before;
}

TEST_P(PointAllocations, ASelectByKeyAllocatesNothing) {
  auto engine = MakeMemoryEngine();
  auto session = *engine->NewSession();
  EXPECT_EQ(RunSql(session, "CREATE TABLE t (id BIGINT PRIMARY KEY, u BIGINT UNIQUE, name TEXT)"), "");
  EXPECT_EQ(RunSql(session, "INSERT INTO t SELECT i, i + 5, 'name ' || i FROM range(1000) r(i)"), "");
  if (GetParam()) {
    EXPECT_EQ(RunSql(session, "CHECKPOINT"), "");
  }
  // Statements take the zone with them.
  EXPECT_EQ(RunSql(session, "SET timezone = 'America/Argentina/Buenos_Aires'"), "");
  for (const bool in_transaction : {false, true}) {
    if (in_transaction) {
      EXPECT_EQ(RunSql(session, "BEGIN"), "");
    }
    EXPECT_EQ(AllocationsOf(session, "SELECT u, name FROM t WHERE id = ?", 0), 0u) << in_transaction;
    EXPECT_EQ(AllocationsOf(session, "SELECT id, name FROM t WHERE u = ?", 5), 0u) << in_transaction;
  }
  EXPECT_EQ(RunSql(session, "COMMIT"), "");
}

INSTANTIATE_TEST_SUITE_P(HotAndCold, PointAllocations, ::testing::Bool());

}  // namespace
}  // namespace llkv
