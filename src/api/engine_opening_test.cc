// How much SqlEngine::Open reads: a bound that depends neither on the tables' sizes nor on their number of row groups,
// beside the log that is kept since the last checkpoint. Counted under the pager, page by page.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <random>
#include <string>

#include "api/testing/query_text.h"
#include "os/testing/read_counter.h"
#include "pager/file/file_pager.h"
#include "pager/registry.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

/// With the catalog of some tables.
constexpr uint64_t kBound = uint64_t{64} << 10;

class EngineOpening : public testing::Test {
 protected:
  std::string path() const { return folder_.File("db"); }

  arrow::Result<std::unique_ptr<SqlEngine>> Open(PagerStats* stats = nullptr, uint64_t* replayed = nullptr) {
    PagerOptions options;
    options.file_system = &counter_;
    ARROW_ASSIGN_OR_RAISE(auto pager, OpenPager(path(), options));
    if (stats != nullptr) *stats = pager->stats();
    if (replayed != nullptr) *replayed = dynamic_cast<file::FilePager&>(*pager).replayed_bytes();
    EngineOptions engine_options;
    engine_options.num_threads = 1;
    return SqlEngine::Make(std::move(pager), engine_options);
  }

  void Make(uint64_t rows) {
    ASSERT_OK_AND_ASSIGN(auto engine, Open());
    {
      ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
      for (int i = 0; i < 10; ++i) {
        ASSERT_EQ(RunSql(session, "CREATE TABLE other_" + std::to_string(i) + " (a INT, b VARCHAR)"), "");
      }
      ASSERT_EQ(RunSql(session, "CREATE TABLE t (k BIGINT PRIMARY KEY, a BIGINT, s VARCHAR)"), "");
      ASSERT_EQ(RunSql(session, "INSERT INTO t SELECT i, i * 7919 % 10007, 'row ' || i % 1000 FROM range(" +
                                    std::to_string(rows) + ") AS r(i)"),
                "");
    }
    ASSERT_OK(engine->Close());
  }

  /// Updates single rows in a child process until it is killed, after so many of them.
  void KillUnderLoad(uint64_t rows, int updates) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto engine = Open().ValueOrDie();
      auto session = engine->NewSession().ValueOrDie();
      if (!RunSql(session, "SET synchronous = normal").empty()) ::_exit(1);
      std::mt19937_64 random(1);
      for (int i = 0;; ++i) {
        if (!RunSql(session, "UPDATE t SET a = a + 1 WHERE k = " + std::to_string(random() % rows)).empty()) ::_exit(1);
        if (i == updates && ::write(ready[1], "x", 1) != 1) ::_exit(1);
      }
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    ::close(ready[0]);
    ::close(ready[1]);
  }

  /// What Open reads; `*tail` is what there was to replay.
  uint64_t OpenAndCount(const char* what, uint64_t* tail) {
    const uint64_t before = counter_.bytes();
    PagerStats stats;
    uint64_t replayed = 0;
    auto engine = Open(&stats, &replayed);
    EXPECT_TRUE(engine.ok()) << engine.status();
    const uint64_t bytes = counter_.bytes() - before;
    *tail = replayed + stats.log_bytes;
    std::printf("%s: %llu bytes of %llu read, replayed %llu, log %llu\n", what, static_cast<unsigned long long>(bytes),
                static_cast<unsigned long long>(stats.size_bytes), static_cast<unsigned long long>(replayed),
                static_cast<unsigned long long>(stats.log_bytes));
    return bytes;
  }

  void ExpectBounded(uint64_t rows, int updates) {
    Make(rows);
    uint64_t tail = 0;
    const uint64_t closed = OpenAndCount("closed", &tail);
    EXPECT_LE(closed, kBound);
    KillUnderLoad(rows, updates);
    const uint64_t killed = OpenAndCount("killed", &tail);
    EXPECT_LE(killed, kBound + tail);
    // The log that is kept is bounded: four times what asks for a checkpoint, and segments that are begun.
    EXPECT_LE(tail, uint64_t{32} << 20);
  }

  ScratchFolder folder_;
  ReadCounter counter_{FileSystem::Default()};
};

TEST_F(EngineOpening, OfASmallTable) { ExpectBounded(1000, 5000); }

TEST_F(EngineOpening, OfManyRowGroups) { ExpectBounded(8'000'000, 20'000); }

}  // namespace
}  // namespace llkv
