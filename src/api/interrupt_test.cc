// ctest-labels: threads
// Interrupt from another thread: every long statement ends soon with 57014, and its session goes on.
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <thread>

#include "api/testing/query_text.h"
#include "llkv/engine.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

class InterruptTest : public ::testing::Test {
 protected:
  void SetUp() override {
    EngineOptions options;
    options.num_threads = 3;
    engine_ = MakeMemoryEngine(options);
    session_.emplace(*engine_->NewSession());
  }

  /// Runs `sql` while another thread waits for it to make progress and then interrupts it until it ends.
  void ExpectInterrupted(const std::string& sql) {
    std::atomic<bool> ended{false};
    std::chrono::steady_clock::time_point asked{};
    std::thread interrupter([&] {
      while (session_->GetProgress().rows_done < 100'000 && !ended.load()) std::this_thread::yield();
      asked = std::chrono::steady_clock::now();
      // A request that comes between two statements is dropped, as documented: ask until it is heard.
      while (!ended.load()) {
        session_->Interrupt();
        std::this_thread::yield();
      }
    });
    const std::string state = RunSql(*session_, sql);
    const auto answered = std::chrono::steady_clock::now();
    ended.store(true);
    interrupter.join();
    EXPECT_EQ(state, "57014") << sql;
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(answered - asked);
    std::cout << "stopped after " << waited.count() << " ms: " << sql << "\n";
    EXPECT_EQ(QueryText(*session_, "SELECT 40 + 2"), "42");
  }

  std::unique_ptr<SqlEngine> engine_;
  std::optional<Session> session_;
};

TEST_F(InterruptTest, Queries) {
  ExpectInterrupted("SELECT count(*) FROM range(100000000000) WHERE range % 7 = 3");
  ExpectInterrupted("SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range + b.range) % 11 = 5");
  ExpectInterrupted("SELECT sum(range) FROM (SELECT range FROM range(100000000) ORDER BY range % 1000, range DESC) s");
  ExpectInterrupted(
      "SELECT sum(n) FROM (SELECT min(range) OVER (ORDER BY -range ROWS BETWEEN 9 PRECEDING AND 9 FOLLOWING) AS n "
      "FROM range(100000000)) s");
  ExpectInterrupted("SELECT range % 5000000 AS k, count(*) FROM range(10000000000) GROUP BY k");
  ExpectInterrupted("SELECT max(length(repeat('x', 20000 + CAST(range % 7 AS INTEGER)))) FROM range(100000000)");
  ExpectInterrupted("SELECT count(*) FROM range(20000000) a, range(1000000) b WHERE a.range % 1000 = b.range % 1000");
}

TEST_F(InterruptTest, Recursions) {
  for (const char* all : {"ALL ", ""}) {
    ExpectInterrupted(std::string("WITH RECURSIVE r (n) AS (SELECT range FROM range(1000) UNION ") + all +
                      "SELECT n + 1000 FROM r) SELECT count(*) FROM r");
  }
  // One step that is long by itself.
  ExpectInterrupted(
      "WITH RECURSIVE r (n) AS (SELECT 1::BIGINT UNION ALL SELECT range FROM r, range(100000000000) WHERE range % 7 = "
      "-n) SELECT sum(n) FROM r");
}

TEST_F(InterruptTest, Changes) {
  ASSERT_EQ(RunSql(*session_, "CREATE TABLE t (a BIGINT PRIMARY KEY, b TEXT)"), "");
  ExpectInterrupted("INSERT INTO t SELECT range, 'text ' || range FROM range(100000000)");
  EXPECT_EQ(QueryText(*session_, "SELECT count(*) FROM t"), "0");
  ASSERT_EQ(RunSql(*session_, "INSERT INTO t VALUES (1, 'one')"), "");
  ScratchFolder folder;
  ExpectInterrupted("COPY (SELECT range AS a, 'text' AS b FROM range(10000000000)) TO '" + folder.path() + "/a.csv'");
  ExpectInterrupted("COPY (SELECT range AS a FROM range(10000000000)) TO '" + folder.path() + "/a.parquet'");
  EXPECT_EQ(QueryText(*session_, "SELECT * FROM t"), "1|one");
}

TEST_F(InterruptTest, InsideATransactionOnlyTheStatementIsLost) {
  ASSERT_EQ(RunSql(*session_, "CREATE TABLE t (a BIGINT); BEGIN; INSERT INTO t VALUES (1)"), "");
  ExpectInterrupted("INSERT INTO t SELECT range FROM range(100000000)");
  EXPECT_TRUE(session_->in_transaction());
  ASSERT_EQ(RunSql(*session_, "INSERT INTO t VALUES (2); COMMIT"), "");
  EXPECT_EQ(QueryText(*session_, "SELECT a FROM t ORDER BY a"), "1\n2");
}

TEST_F(InterruptTest, WithoutAStatementItDoesNothing) {
  session_->Interrupt();
  EXPECT_EQ(QueryText(*session_, "SELECT 1"), "1");
}

TEST_F(InterruptTest, AReaderIsInterruptedToo) {
  ASSERT_OK_AND_ASSIGN(auto reader, session_->Query("SELECT range FROM range(100000000000)"));
  std::shared_ptr<arrow::RecordBatch> batch;
  ASSERT_OK(reader->ReadNext(&batch));
  session_->Interrupt();
  arrow::Status status;
  while (status.ok() && batch != nullptr) status = reader->ReadNext(&batch);
  EXPECT_EQ(StateOf(status), "57014");
}

}  // namespace
}  // namespace llkv
