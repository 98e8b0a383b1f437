// Opening and closing: what is refused and how; durability across openings; a full disk.
#include "llkv/engine.h"

#include <arrow/record_batch.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "api/testing/query_text.h"
#include "os/testing/sim_disk.h"
#include "pager/registry.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

std::string OpenState(const std::string& path, const EngineOptions& options = {}) {
  return StateOf(SqlEngine::Open(path, options).status());
}

class EngineTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }
  void WriteFile(const std::string& path, const std::string& bytes) const {
    std::ofstream(path, std::ios::binary) << bytes;
  }

  ScratchFolder folder_;
};

TEST_F(EngineTest, RefusesWhatIsNoDatabase) {
  EngineOptions existing;
  existing.create_if_missing = false;
  EXPECT_EQ(OpenState(Path("missing.llkv"), existing), "58P01");
  EngineOptions read_only;
  read_only.read_only = true;
  EXPECT_EQ(OpenState(Path("missing.llkv"), read_only), "58P01");
  EXPECT_NE(access(Path("missing.llkv").c_str(), F_OK), 0) << "opening must not make the file";
  EXPECT_EQ(OpenState(Path("no/such/folder/a.llkv")), "58P01");
  EXPECT_NE(OpenState(folder_.path()), "");

  WriteFile(Path("foreign"), std::string(100'000, 'x'));
  EXPECT_EQ(OpenState(Path("foreign")), "XX001");
  WriteFile(Path("short"), "SQLite format 3");
  EXPECT_EQ(OpenState(Path("short")), "XX001");
  EXPECT_EQ(OpenState("nosuchscheme:" + Path("a")), "0A000");
}

TEST_F(EngineTest, RefusesBadOptions) {
  EngineOptions options;
  options.batch_rows = 0;
  EXPECT_EQ(OpenState(":memory:", options), "22023");
  options.batch_rows = 4096;
  EXPECT_EQ(OpenState(":memory:", options), "22023");
}

TEST_F(EngineTest, RefusesASecondEngineAndNamesTheFile) {
  ASSERT_OK_AND_ASSIGN(auto engine, SqlEngine::Open(Path("a.llkv")));
  const auto second = SqlEngine::Open(Path("a.llkv"));
  EXPECT_EQ(StateOf(second.status()), "55006");
  EXPECT_NE(second.status().message().find("a.llkv"), std::string::npos) << second.status();
  ASSERT_OK(engine->Close());
  EXPECT_EQ(OpenState(Path("a.llkv")), "");
}

TEST_F(EngineTest, ReadOnlyReadsAndRefusesToWrite) {
  {
    ASSERT_OK_AND_ASSIGN(auto engine, SqlEngine::Open(Path("a.llkv")));
    {
      ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
      ASSERT_EQ(RunSql(session, "CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1), (2)"), "");
    }
    ASSERT_OK(engine->Close());
  }
  ASSERT_EQ(chmod(Path("a.llkv").c_str(), 0400), 0);
  EngineOptions options;
  options.read_only = true;
  ASSERT_OK_AND_ASSIGN(auto engine, SqlEngine::Open(Path("a.llkv"), options));
  {
    ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
    EXPECT_EQ(QueryText(session, "SELECT sum(a) FROM t"), "3");
    EXPECT_EQ(RunSql(session, "INSERT INTO t VALUES (3)"), "25006");
    EXPECT_EQ(RunSql(session, "CREATE TABLE u (a BIGINT)"), "25006");
    EXPECT_EQ(RunSql(session, "DROP TABLE t"), "25006");
    EXPECT_EQ(RunSql(session, "DELETE FROM t"), "25006");
    EXPECT_EQ(QueryText(session, "SELECT sum(a) FROM t"), "3");
  }
  EXPECT_EQ(StateOf(engine->Close()), "");
}

TEST_F(EngineTest, CloseIsRefusedWhileSomeoneUsesIt) {
  auto engine = MakeMemoryEngine();
  std::shared_ptr<arrow::RecordBatchReader> reader;
  {
    ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
    EXPECT_EQ(StateOf(engine->Close()), "55006");
    ASSERT_OK_AND_ASSIGN(reader, session.Query("SELECT * FROM range(1000000)"));
    EXPECT_EQ(QueryText(session, "SELECT 1"), "1") << "a refused Close changes nothing";
  }
  EXPECT_EQ(StateOf(engine->Close()), "55006");
  ASSERT_OK(reader->Close());
  EXPECT_EQ(StateOf(engine->Close()), "") << "a closed reader no longer uses the database";
  EXPECT_EQ(StateOf(engine->Close()), "55006");
  EXPECT_EQ(StateOf(engine->NewSession().status()), "55006");
}

TEST_F(EngineTest, ASessionsMemoryLimitDoesNotKeepItOpen) {
  auto engine = MakeMemoryEngine();
  {
    ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
    EXPECT_EQ(RunSql(session, "CREATE TABLE t (a BIGINT, b VARCHAR); INSERT INTO t VALUES (1, 'x')"), "");
    EXPECT_EQ(RunSql(session, "SET memory_limit = 2"), "");
  }
  EXPECT_EQ(StateOf(engine->Close()), "");
}

TEST_F(EngineTest, EveryLevelSurvivesReopening) {
  for (const char* level : {"off", "normal", "full"}) {
    const std::string path = Path(std::string(level) + ".llkv");
    {
      ASSERT_OK_AND_ASSIGN(auto engine, SqlEngine::Open(path));
      ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
      ASSERT_EQ(RunSql(session, std::string("SET synchronous = ") + level), "");
      EXPECT_EQ(QueryText(session, "SHOW synchronous"), level);
      ASSERT_EQ(RunSql(session, "CREATE TABLE t (a BIGINT PRIMARY KEY, b TEXT)"), "");
      ASSERT_EQ(RunSql(session, "INSERT INTO t SELECT range, 'row ' || range FROM range(1000)"), "");
      ASSERT_EQ(RunSql(session, "CREATE VIEW v AS SELECT max(a) AS m FROM t"), "");
    }
    ASSERT_OK_AND_ASSIGN(auto engine, SqlEngine::Open(path));
    ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
    EXPECT_EQ(QueryText(session, "SELECT count(*), sum(a), max(b) FROM t"), "1000|499500|row 999") << level;
    EXPECT_EQ(QueryText(session, "SELECT m FROM v"), "999");
    EXPECT_EQ(RunSql(session, "INSERT INTO t VALUES (5, 'again')"), "23505");
  }
}

TEST_F(EngineTest, OpensWithADamagedTail) {
  const std::string path = Path("tail.llkv");
  {
    ASSERT_OK_AND_ASSIGN(auto engine, SqlEngine::Open(path));
    ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
    ASSERT_EQ(RunSql(session, "CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1), (2)"), "");
  }
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  {
    std::ofstream file(path, std::ios::binary | std::ios::app);
    file << std::string(777, '\x5a');
  }
  ASSERT_OK_AND_ASSIGN(auto engine, SqlEngine::Open(path));
  ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
  EXPECT_EQ(QueryText(session, "SELECT sum(a) FROM t"), "3");
  EXPECT_EQ(RunSql(session, "INSERT INTO t VALUES (3)"), "");
}

std::unique_ptr<SqlEngine> OpenOn(SimDisk& disk) {
  PagerOptions options;
  options.file_system = &disk;
  auto pager = OpenPager("file:/sim/full.llkv", options);
  EXPECT_TRUE(pager.ok()) << pager.status();
  auto engine = SqlEngine::Make(*std::move(pager));
  EXPECT_TRUE(engine.ok()) << engine.status();
  return *std::move(engine);
}

TEST(DiskFullTest, AFullDiskFailsTheStatementOnly) {
  SimDisk disk;
  {
    auto engine = OpenOn(disk);
    ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
    ASSERT_EQ(RunSql(session, "CREATE TABLE t (a BIGINT PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'one')"), "");
    disk.SetFull(true);
    EXPECT_EQ(RunSql(session, "INSERT INTO t VALUES (2, 'two')"), "53100");
    EXPECT_EQ(RunSql(session, "CREATE TABLE u (a BIGINT)"), "53100");
    EXPECT_EQ(RunSql(session, "INSERT INTO t SELECT range + 100, 'x' FROM range(300000)"), "53100");
    EXPECT_EQ(QueryText(session, "SELECT * FROM t"), "1|one");
    disk.SetFull(false);
    EXPECT_EQ(RunSql(session, "INSERT INTO t VALUES (2, 'two')"), "");
    EXPECT_EQ(QueryText(session, "SELECT * FROM t ORDER BY a"), "1|one\n2|two");
  }
  auto engine = OpenOn(disk);
  ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
  EXPECT_EQ(QueryText(session, "SELECT * FROM t ORDER BY a"), "1|one\n2|two");
  EXPECT_EQ(RunSql(session, "SELECT * FROM u"), "42P01");
}

/// What the workload leaves behind; each statement either happened or did not.
constexpr const char* kWorkload[] = {
    "CREATE TABLE t (a BIGINT PRIMARY KEY, b TEXT)",
    "INSERT INTO t SELECT range, 'a row of text ' || range FROM range(2000)",
    "UPDATE t SET b = 'changed' WHERE a < 100",
    "CHECKPOINT",
    "DELETE FROM t WHERE a >= 1990",
    "INSERT INTO t SELECT range + 5000, 'bulk' FROM range(140000)",
};

TEST(DiskFullTest, EachFailingWriteFailsItsStatementAndNothingElse) {
  int failures = 0;
  for (uint64_t n = 1; n < 200; ++n) {
    SimDisk disk;
    auto engine = OpenOn(disk);
    ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
    disk.FailWrite(n, WriteFault::kNoSpace);
    bool failed = false;
    for (const char* sql : kWorkload) {
      const std::string state = RunSql(session, sql);
      if (state.empty()) continue;
      EXPECT_EQ(state, "53100") << "write " << n << ": " << sql;
      failed = true;
      disk.SetFull(false);
      EXPECT_EQ(RunSql(session, sql), "") << "write " << n << ", with room again: " << sql;
    }
    disk.SetFull(false);
    const std::string sums = QueryText(session, "SELECT count(*), sum(a) FROM t");
    EXPECT_EQ(sums, "141990|10501909055") << "write " << n;
    const bool at_end = !failed && disk.num_writes() < n;
    { const Session ended = std::move(session); }
    const std::string closed = StateOf(engine->Close());
    EXPECT_TRUE(closed.empty() || closed == "53100") << "write " << n << ": " << closed;
    disk.SetFull(false);
    engine.reset();
    engine = OpenOn(disk);
    ASSERT_OK_AND_ASSIGN(auto again, engine->NewSession());
    EXPECT_EQ(QueryText(again, "SELECT count(*), sum(a) FROM t"), "141990|10501909055") << "write " << n;
    if (HasFailure() || at_end) break;
    failures += failed ? 1 : 0;
  }
  EXPECT_GT(failures, 3);
}

}  // namespace
}  // namespace llkv
