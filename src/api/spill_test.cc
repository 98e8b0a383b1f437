// ctest-labels: threads
// Statements with a tenth of the memory that they take by themselves: the same rows, from a temporary file; and what
// happens where that file has no room.
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "api/testing/query_text.h"
#include "base/sanitizers.h"
#include "llkv/engine.h"

namespace llkv {
namespace {

class SpillTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    EngineOptions options;
    options.num_threads = GetParam();
    engine_ = MakeMemoryEngine(options);
    session_.emplace(*engine_->NewSession());
    const std::string rows = kIsSanitized ? "60000" : "300000";
    ASSERT_EQ(RunSql(*session_,
                     "CREATE TABLE t AS SELECT range AS a, range % 1000 AS g, 'some text of row ' || "
                     "(range * 7919) % " +
                         rows + " AS s FROM range(" + rows + ")"),
              "");
  }

  /// The same rows, more than 12 MB.
  void MakeWideTable() {
    ASSERT_EQ(RunSql(*session_, "CREATE TABLE w AS SELECT a, s || repeat('x', 400) AS s FROM t"), "");
  }

  /// Bytes that a query holds at most, by EXPLAIN ANALYZE.
  int64_t PeakBytes(const std::string& sql) {
    const std::string text = QueryText(*session_, "EXPLAIN ANALYZE " + sql);
    const size_t at = text.find("peak memory: ");
    EXPECT_NE(at, std::string::npos) << text;
    return std::stoll(text.substr(at + 13));
  }

  void ExpectSameWithATenth(const std::string& sql) {
    SCOPED_TRACE(sql);
    ASSERT_EQ(RunSql(*session_, "RESET memory_limit"), "");
    const std::string expected = QueryText(*session_, sql);
    // Less may not hold what operators need whatever they are given.
    const int64_t least = (4 + 2 * GetParam()) << 20;
    const int64_t limit = std::max(PeakBytes(sql) / 10, least);
    ASSERT_EQ(RunSql(*session_, "SET memory_limit = " + std::to_string(limit)), "");
    EXPECT_TRUE(QueryText(*session_, sql) == expected);
    EXPECT_EQ(QueryText(*session_, "SELECT 1"), "1");
  }

  std::unique_ptr<SqlEngine> engine_;
  std::optional<Session> session_;
};

TEST_P(SpillTest, Sorts) {
  ExpectSameWithATenth("SELECT a, s FROM t ORDER BY s DESC");
  ExpectSameWithATenth("SELECT a, s FROM t ORDER BY g, s LIMIT 1000 OFFSET 50000");
}

TEST_P(SpillTest, Aggregations) {
  ExpectSameWithATenth(
      "SELECT count(*), sum(n), min(m) FROM (SELECT s, count(*) AS n, max(s) AS m FROM t GROUP BY s) q");
  ExpectSameWithATenth("SELECT count(DISTINCT s), count(DISTINCT a % 7), sum(DISTINCT a) FROM t");
  ExpectSameWithATenth("SELECT g, count(DISTINCT s), min(s) FROM t GROUP BY g ORDER BY g");
  ExpectSameWithATenth("SELECT count(*) FROM (SELECT DISTINCT a, s FROM t) q");
}

TEST_P(SpillTest, Joins) {
  for (const char* kind : {"JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"}) {
    ExpectSameWithATenth(std::string("SELECT count(*), count(x.a), count(y.a), sum(x.a - y.a) FROM t x ") + kind +
                         " t y ON x.s = y.s AND y.g < 900");
  }
  ExpectSameWithATenth("SELECT count(*) FROM t x WHERE s IN (SELECT s FROM t WHERE g < 500)");
  ExpectSameWithATenth("SELECT count(*) FROM t x WHERE NOT EXISTS (SELECT 1 FROM t y WHERE y.s = x.s AND y.g < 500)");
  ExpectSameWithATenth("SELECT count(*) FROM t x WHERE a < 100 OR s IN (SELECT s FROM t WHERE g < 500)");
}

TEST_P(SpillTest, Windows) {
  ExpectSameWithATenth(
      "SELECT sum(n * a) FROM (SELECT a, row_number() OVER (PARTITION BY g ORDER BY s) AS n FROM t) q");
  ExpectSameWithATenth(
      "SELECT max(n), min(m) FROM (SELECT lag(s) OVER (ORDER BY s) AS n, min(s) OVER (ORDER BY s ROWS BETWEEN 10 "
      "PRECEDING AND CURRENT ROW) AS m FROM t) q");
}

TEST_P(SpillTest, SetOperationsAndRecursions) {
  ExpectSameWithATenth("SELECT count(*) FROM (SELECT s FROM t UNION SELECT s || 'x' FROM t) q");
  ExpectSameWithATenth("SELECT count(*) FROM (SELECT s FROM t EXCEPT SELECT s FROM t WHERE g = 3) q");
  ExpectSameWithATenth("SELECT count(*) FROM (SELECT s FROM t INTERSECT ALL SELECT s FROM t WHERE g < 300) q");
  ExpectSameWithATenth("WITH k AS MATERIALIZED (SELECT a, g, s FROM t) SELECT count(*) FROM k x, k y WHERE x.a = y.g");
  ExpectSameWithATenth(
      "WITH RECURSIVE r (n) AS (SELECT a FROM t UNION SELECT n + 1 FROM r WHERE n < 2000) SELECT count(*), sum(n) FROM "
      "r");
}

TEST_P(SpillTest, Changes) {
  ASSERT_EQ(RunSql(*session_, "CREATE TABLE u (a BIGINT PRIMARY KEY, s TEXT); SET memory_limit = '16MB'"), "");
  ASSERT_EQ(RunSql(*session_, "BEGIN; INSERT INTO u SELECT a, s FROM t ORDER BY s; UPDATE u SET s = s || '!'"), "");
  EXPECT_EQ(QueryText(*session_, "SELECT count(*) FROM t x JOIN u y ON x.a = y.a AND x.s || '!' = y.s"),
            QueryText(*session_, "SELECT count(*) FROM t"));
  EXPECT_EQ(RunSql(*session_, "COMMIT"), "");
}

TEST_P(SpillTest, AFileWithoutRoomIs53100AndTheSessionLives) {
  MakeWideTable();
  ASSERT_EQ(RunSql(*session_, "SET memory_limit = '12MB'; SET max_temp_directory_size = '1MB'"), "");
  for (const char* sql : {"SELECT a, s FROM w ORDER BY s", "SELECT s, count(*) FROM w GROUP BY s",
                          "SELECT count(*) FROM w x, w y WHERE x.s = y.s", "SELECT count(DISTINCT s) FROM w"}) {
    EXPECT_EQ(RunSql(*session_, sql), "53100") << sql;
    EXPECT_EQ(QueryText(*session_, "SELECT count(*) > 0 FROM w"), "true");
  }
  ASSERT_EQ(RunSql(*session_, "RESET max_temp_directory_size"), "");
  EXPECT_EQ(QueryText(*session_, "SELECT count(DISTINCT s) = count(*) FROM w"), "true");
}

TEST_P(SpillTest, TheFolderStaysWhileAReaderHoldsBlocks) {
  MakeWideTable();
  ASSERT_EQ(RunSql(*session_, "SET memory_limit = '12MB'"), "");
  auto reader = *session_->Query("SELECT a, s FROM w ORDER BY s");
  std::shared_ptr<arrow::RecordBatch> batch;
  ASSERT_TRUE(reader->ReadNext(&batch).ok());
  EXPECT_EQ(RunSql(*session_, "SET temp_directory = '/'"), "55006");
  batch.reset();
  reader.reset();
  EXPECT_EQ(RunSql(*session_, "SET temp_directory = ''"), "");
  EXPECT_EQ(RunSql(*session_, "SELECT a, s FROM w ORDER BY s"), "53200");
}

INSTANTIATE_TEST_SUITE_P(Threads, SpillTest, ::testing::Values(1, 4));

}  // namespace
}  // namespace llkv
