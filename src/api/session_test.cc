// Scripts, streaming queries, transactions and settings through the public API.
#include "llkv/session.h"

#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "api/testing/query_text.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

class SessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    engine_ = MakeMemoryEngine();
    session_.emplace(*engine_->NewSession());
  }
  std::string Rows(std::string_view sql) { return QueryText(*session_, sql); }
  std::string Do(std::string_view sql) { return RunSql(*session_, sql); }

  std::unique_ptr<SqlEngine> engine_;
  std::optional<Session> session_;
};

TEST_F(SessionTest, ExecuteAllGivesOneResultAStatement) {
  ASSERT_OK_AND_ASSIGN(auto results, session_->ExecuteAll("CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1), (2);"
                                                          "UPDATE t SET a = a + 1 WHERE a = 1; SELECT a FROM t;"
                                                          ";; DELETE FROM t; DROP TABLE t -- the end"));
  std::vector<std::string> tags;
  std::vector<int64_t> changed;
  for (const StatementResult& result : results) {
    tags.push_back(result.tag);
    changed.push_back(result.rows_changed);
  }
  EXPECT_EQ(tags, (std::vector<std::string>{"CREATE TABLE", "INSERT", "UPDATE", "SELECT", "DELETE", "DROP TABLE"}));
  EXPECT_EQ(changed, (std::vector<int64_t>{-1, 2, 1, -1, 2, -1}));
  EXPECT_EQ(ReaderText(*results[3].reader), "2\n2");
  ASSERT_OK_AND_ASSIGN(results, session_->ExecuteAll(""));
  EXPECT_TRUE(results.empty());
}

TEST_F(SessionTest, ExecuteAllStopsAtTheFirstFailureAndSaysWhere) {
  const std::string sql = "CREATE TABLE t (a BIGINT);\nINSERT INTO t VALUES (1);\nSELECT b FROM t;\nDROP TABLE t;";
  const auto results = session_->ExecuteAll(sql);
  ASSERT_EQ(StateOf(results.status()), "42703");
  EXPECT_EQ(GetSqlError(results.status())->position(), static_cast<int64_t>(sql.find("b FROM")));
  const std::string text = FormatError(sql, results.status());
  EXPECT_NE(text.find("LINE 3: SELECT b FROM t;\n               ^"), std::string::npos) << text;
  EXPECT_EQ(Rows("SELECT count(*) FROM t"), "1");
}

TEST_F(SessionTest, ExecuteScriptGoesOnAfterFailures) {
  const std::string sql = "SELECT 1; SELEC 2; SELECT nope; SET dialect = sqlite; SELECT 7 / 2; SELECT 'x\n', y;";
  std::vector<std::string> states;
  std::vector<int64_t> positions;
  session_->ExecuteScript(sql, [&](std::string_view, const arrow::Status& status, StatementResult&) {
    states.push_back(StateOf(status));
    positions.push_back(status.ok() ? -1 : GetSqlError(status)->position());
    return true;
  });
  EXPECT_EQ(states, (std::vector<std::string>{"", "42601", "42703", "", "", "42703"}));
  EXPECT_EQ(positions[1], static_cast<int64_t>(sql.find("SELEC 2")));
  EXPECT_EQ(positions[2], static_cast<int64_t>(sql.find("nope")));
  EXPECT_EQ(positions[5], static_cast<int64_t>(sql.find("y;")));
}

TEST_F(SessionTest, ExecuteScriptEndsWhereTheTextCannotBeReadOn) {
  int statements = 0;
  session_->ExecuteScript("SELECT 1; SELECT 'open; SELECT 2;",
                          [&](std::string_view, const arrow::Status&, StatementResult&) {
                            ++statements;
                            return statements < 100;
                          });
  EXPECT_EQ(statements, 2);
}

TEST_F(SessionTest, AFirstBatchOfAHugeResultArrivesAtOnce) {
  ASSERT_OK_AND_ASSIGN(auto reader,
                       session_->Query("SELECT a.range + b.range FROM range(1000000) a, range(1000000) b"));
  std::shared_ptr<arrow::RecordBatch> batch;
  ASSERT_OK(reader->ReadNext(&batch));
  ASSERT_NE(batch, nullptr);
  EXPECT_GT(batch->num_rows(), 0);
  reader.reset();
  EXPECT_EQ(Rows("SELECT 1"), "1");
}

TEST_F(SessionTest, QueryRunsNothingThatGivesNoRows) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1)"), "");
  for (const char* sql : {"DELETE FROM t", "DROP TABLE t", "BEGIN", "SET threads = 1", "CHECKPOINT"}) {
    EXPECT_EQ(StateOf(session_->Query(sql).status()), "22023") << sql;
  }
  EXPECT_FALSE(session_->in_transaction());
  EXPECT_EQ(Rows("SELECT count(*) FROM t"), "1");
  EXPECT_EQ(StateOf(session_->Query("SELECT 1; SELECT 2").status()), "42601");
  EXPECT_EQ(StateOf(session_->Query("").status()), "42601");
}

TEST_F(SessionTest, AReaderOutlivesAllAroundIt) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT, b TEXT); INSERT INTO t SELECT range, 'text of ' || range FROM range(200000)"),
            "");
  ASSERT_EQ(Do("BEGIN"), "");
  ASSERT_OK_AND_ASSIGN(auto reader, session_->Query("SELECT a, b FROM t"));
  std::shared_ptr<arrow::RecordBatch> first;
  ASSERT_OK(reader->ReadNext(&first));
  ASSERT_EQ(Do("COMMIT; DROP TABLE t"), "");
  session_.reset();
  engine_.reset();
  int64_t rows = first->num_rows();
  std::vector<std::shared_ptr<arrow::RecordBatch>> kept{first};
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ASSERT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) break;
    rows += batch->num_rows();
    kept.push_back(std::move(batch));
  }
  EXPECT_EQ(rows, 200000);
  reader.reset();
  for (const auto& batch : kept) ASSERT_OK(batch->ValidateFull());
  std::string text;
  AppendValueText(*kept.back()->column(1), 0, &text);
  EXPECT_TRUE(text.starts_with("text of ")) << text;
}

TEST_F(SessionTest, AnOpenReaderBlocksNeitherWritersNorCheckpoints) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT); INSERT INTO t SELECT range FROM range(300000)"), "");
  ASSERT_OK_AND_ASSIGN(auto reader, session_->Query("SELECT a FROM t"));
  std::shared_ptr<arrow::RecordBatch> batch;
  ASSERT_OK(reader->ReadNext(&batch));
  int64_t rows = batch->num_rows();
  ASSERT_OK_AND_ASSIGN(Session other, engine_->NewSession());
  EXPECT_EQ(RunSql(other, "DELETE FROM t WHERE a % 2 = 0; INSERT INTO t VALUES (-1); CHECKPOINT"), "");
  EXPECT_EQ(QueryText(other, "SELECT count(*) FROM t"), "150001");
  while (true) {
    ASSERT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) break;
    rows += batch->num_rows();
  }
  EXPECT_EQ(rows, 300000);
}

TEST_F(SessionTest, AFailedStatementIsUndoneAlone) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT PRIMARY KEY, b BIGINT CHECK (b < 10)); BEGIN; INSERT INTO t VALUES (1, 1)"),
            "");
  EXPECT_EQ(Do("INSERT INTO t VALUES (2, 2), (1, 5)"), "23505");
  EXPECT_EQ(Do("INSERT INTO t VALUES (3, 3), (4, 40)"), "23514");
  EXPECT_EQ(Do("UPDATE t SET b = 1 / (a - 1)"), "22012");
  EXPECT_TRUE(session_->in_transaction());
  EXPECT_EQ(Do("INSERT INTO t VALUES (2, 2)"), "");
  EXPECT_EQ(Do("COMMIT"), "");
  EXPECT_EQ(Rows("SELECT * FROM t ORDER BY a"), "1|1\n2|2");
}

TEST_F(SessionTest, RollbackTakesBackDefinitionsToo) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1)"), "");
  ASSERT_EQ(Do("BEGIN; CREATE TABLE u (a BIGINT); INSERT INTO u VALUES (5); CREATE VIEW v AS SELECT * FROM u"), "");
  ASSERT_EQ(Do("DROP TABLE t"), "");
  EXPECT_EQ(Rows("SELECT * FROM v"), "5");
  EXPECT_EQ(Do("SELECT * FROM t"), "42P01");
  ASSERT_EQ(Do("ROLLBACK"), "");
  EXPECT_EQ(Rows("SELECT * FROM t"), "1");
  EXPECT_EQ(Do("SELECT * FROM u"), "42P01");
  EXPECT_EQ(Do("SELECT * FROM v"), "42P01");
  EXPECT_EQ(Do("CREATE TABLE u AS SELECT 'new' AS x"), "");
  EXPECT_EQ(Rows("SELECT * FROM u"), "new");
}

TEST_F(SessionTest, TransactionStatementsKnowWhereTheyAre) {
  EXPECT_EQ(Do("COMMIT"), "25P01");
  EXPECT_EQ(Do("ROLLBACK"), "25P01");
  EXPECT_EQ(Do("BEGIN"), "");
  EXPECT_EQ(Do("BEGIN"), "25001");
  EXPECT_EQ(Do("CHECKPOINT"), "25001");
  EXPECT_TRUE(session_->in_transaction());
  EXPECT_EQ(Do("ROLLBACK"), "");
  EXPECT_EQ(Do("BEGIN READ ONLY; CREATE TABLE t (a BIGINT)"), "25006");
  EXPECT_EQ(Do("ROLLBACK"), "");
}

TEST_F(SessionTest, SessionsSeeTheirSnapshots) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1)"), "");
  ASSERT_OK_AND_ASSIGN(Session other, engine_->NewSession());
  ASSERT_EQ(RunSql(other, "BEGIN"), "");
  EXPECT_EQ(QueryText(other, "SELECT sum(a) FROM t"), "1");
  ASSERT_EQ(Do("BEGIN; INSERT INTO t VALUES (10)"), "");
  EXPECT_EQ(Rows("SELECT sum(a) FROM t"), "11");
  EXPECT_EQ(QueryText(other, "SELECT sum(a) FROM t"), "1");
  ASSERT_EQ(Do("COMMIT"), "");
  EXPECT_EQ(QueryText(other, "SELECT sum(a) FROM t"), "1");
  ASSERT_EQ(RunSql(other, "COMMIT"), "");
  EXPECT_EQ(QueryText(other, "SELECT sum(a) FROM t"), "11");
}

TEST_F(SessionTest, ASecondWriterIsToldAndCanTryAgain) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT); BEGIN; INSERT INTO t VALUES (1)"), "");
  ASSERT_OK_AND_ASSIGN(Session other, engine_->NewSession());
  const arrow::Status refused = other.Execute("INSERT INTO t VALUES (2)");
  EXPECT_EQ(StateOf(refused), "55P03");
  EXPECT_NE(refused.message().find("another transaction is writing"), std::string::npos) << refused;
  ASSERT_EQ(Do("COMMIT"), "");
  EXPECT_EQ(RunSql(other, "INSERT INTO t VALUES (2)"), "");
  EXPECT_EQ(Rows("SELECT count(*) FROM t"), "2");
}

TEST_F(SessionTest, ADroppedSessionRollsBack) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT)"), "");
  {
    ASSERT_OK_AND_ASSIGN(Session other, engine_->NewSession());
    ASSERT_EQ(RunSql(other, "BEGIN; INSERT INTO t VALUES (1)"), "");
  }
  EXPECT_EQ(Rows("SELECT count(*) FROM t"), "0");
  EXPECT_EQ(Do("INSERT INTO t VALUES (2)"), "");
}

TEST_F(SessionTest, ATransactionThatHasWrittenReadsItsOwnRows) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT); BEGIN; INSERT INTO t SELECT range FROM range(100000)"), "");
  ASSERT_OK_AND_ASSIGN(auto reader, session_->Query("SELECT a FROM t"));
  ASSERT_EQ(Do("DELETE FROM t; ROLLBACK"), "");
  ASSERT_OK_AND_ASSIGN(auto table_rows, reader->ToRecordBatches());
  int64_t rows = 0;
  for (const auto& batch : table_rows) rows += batch->num_rows();
  EXPECT_EQ(rows, 100000) << "what was read belongs to the reader, also after ROLLBACK";
}

TEST_F(SessionTest, Settings) {
  EXPECT_EQ(Do("SET threads = 3"), "");
  EXPECT_EQ(Rows("SHOW threads"), "3");
  EXPECT_EQ(Do("SET threads = 0"), "22023");
  EXPECT_EQ(Do("SET threads = 'many'"), "22023");
  EXPECT_EQ(Do("SET no_such_setting = 1"), "22023");
  EXPECT_EQ(Do("SHOW no_such_setting"), "22023");
  EXPECT_EQ(Do("SET synchronous = sometimes"), "22023");
  EXPECT_EQ(Do("SET memory_limit = 'lots'"), "22023");
  EXPECT_EQ(Do("RESET threads"), "");
  EXPECT_EQ(Rows("SELECT count(*) FROM range(500000) WHERE range % 3 = 0"), "166667");
}

TEST_F(SessionTest, TheMemoryLimitIsTheWholeEngines) {
  ASSERT_OK_AND_ASSIGN(Session other, engine_->NewSession());
  ASSERT_EQ(Do("SET memory_limit = '300MB'"), "");
  EXPECT_EQ(QueryText(other, "SHOW memory_limit"), "300000000");
  ASSERT_EQ(RunSql(other, "SET threads = 2"), "");
  EXPECT_EQ(Rows("SHOW memory_limit"), "300000000") << "another session's setting does not bring an old limit back";
}

TEST_F(SessionTest, PastTheMemoryLimitWithoutATemporaryFileStatementsFailAndTheSessionLives) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT, b TEXT)"), "");
  ASSERT_EQ(Do("INSERT INTO t SELECT range, 'some text that takes room ' || range FROM range(400000)"), "");
  ASSERT_EQ(Do("SET memory_limit = '8MB'; SET temp_directory = ''"), "");
  for (const char* sql : {"SELECT * FROM t ORDER BY b, a", "SELECT b, count(*) FROM t GROUP BY b",
                          "SELECT count(*) FROM t x, t y WHERE x.b = y.b", "SELECT count(DISTINCT b) FROM t"}) {
    EXPECT_EQ(StateOf(session_->ExecuteAll(sql).status()), "53200") << sql;
    EXPECT_EQ(Rows("SELECT count(*) FROM t"), "400000");
  }
  ASSERT_OK_AND_ASSIGN(auto reader, session_->Query("SELECT a FROM t"));
  int64_t rows = 0;
  for (std::shared_ptr<arrow::RecordBatch> batch; reader->ReadNext(&batch).ok() && batch != nullptr;) {
    rows += batch->num_rows();
  }
  EXPECT_EQ(rows, 400000) << "what streams needs no memory";
  EXPECT_EQ(StateOf(session_->ExecuteAll("SELECT * FROM t").status()), "53200") << "results count too";
  ASSERT_EQ(Do("RESET memory_limit"), "");
  EXPECT_EQ(Rows("SELECT count(DISTINCT b) FROM t"), "400000");
}

// Arrow's libraries have another version of the library for regular expressions.
TEST_F(SessionTest, RegularExpressionsAreOurs) {
  EXPECT_EQ(Rows("SELECT regexp_replace('foobarbaz', 'b(..)', 'X\\1Y', 'g'), regexp_count('abcabc', 'c$|a')"),
            "fooXarYXazY|3");
  EXPECT_EQ(Rows("SELECT regexp_replace('Thomas', '.[mN]a.', 'M')"), "ThM");
}

TEST(SessionOptionsTest, WithoutExternalFilesNoneIsReadOrWritten) {
  EngineOptions options;
  options.external_files = false;
  const auto engine = MakeMemoryEngine(options);
  Session session = *engine->NewSession();
  ASSERT_EQ(RunSql(session, "CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1)"), "");
  for (const char* sql : {"COPY t TO '/tmp/x.csv'", "COPY t FROM '/etc/passwd'", "SELECT * FROM '/tmp/x.parquet'",
                          "CREATE TABLE u AS SELECT * FROM '/tmp/x.csv'"}) {
    EXPECT_EQ(RunSql(session, sql), "42501") << sql;
  }
  EXPECT_EQ(QueryText(session, "SELECT a FROM t"), "1");
}

TEST_F(SessionTest, SetOperationsOfManyQueriesAreNoDeepPlans) {
  const auto chain = [](const std::string& word, int count) {
    std::string sql = "SELECT 0 AS n";
    for (int i = 1; i < count; ++i) sql += " " + word + " SELECT " + std::to_string(i % 100);
    return sql;
  };
  EXPECT_EQ(Rows("SELECT count(*) FROM (" + chain("UNION ALL", 20000) + ") q"), "20000");
  EXPECT_EQ(Rows("SELECT count(*), sum(n) FROM (" + chain("UNION", 2000) + ") q"), "100|4950");
  EXPECT_EQ(Rows("SELECT count(*) FROM (" + chain("EXCEPT", 500) + ") q"), "0");
  EXPECT_EQ(Do(chain("EXCEPT", 20000)), "54001");
}

TEST_F(SessionTest, ProgressStartsAnewWithEachStatement) {
  ASSERT_EQ(Rows("SELECT count(*) FROM range(300000)"), "300000");
  EXPECT_GE(session_->GetProgress().rows_done, 300000U);
  ASSERT_EQ(Rows("SELECT count(*) FROM range(1000)"), "1000");
  EXPECT_LT(session_->GetProgress().rows_done, 10000U);
}

TEST_F(SessionTest, ProgressIsReadWhileAStatementRuns) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT); INSERT INTO t SELECT range FROM range(300000)"), "");
  ASSERT_EQ(Do("CHECKPOINT"), "");
  auto reader = *session_->Query("SELECT a FROM t");
  std::shared_ptr<arrow::RecordBatch> batch;
  uint64_t rows_before = 0;
  int64_t num_rows = 0;
  while (true) {
    ASSERT_TRUE(reader->ReadNext(&batch).ok());
    if (batch == nullptr) break;
    num_rows += batch->num_rows();
    const QueryProgress progress = session_->GetProgress();
    EXPECT_GE(progress.rows_done + 131072, static_cast<uint64_t>(num_rows)) << "it lags by less than a row group";
    EXPECT_GE(progress.rows_done, rows_before);
    EXPECT_EQ(progress.rows_estimated, 300000U);
    rows_before = progress.rows_done;
  }
  EXPECT_EQ(session_->GetProgress().rows_done, 300000U);
}

TEST_F(SessionTest, ForeignFailuresCarryASqlstate) {
  EXPECT_EQ(Do("COPY (SELECT 1) TO '/no/such/folder/x.parquet'"), "58P01");
  EXPECT_EQ(Do("CREATE TABLE t (a BIGINT); COPY t FROM '/no/such/file.parquet'"), "58P01");
}

TEST(IsCompleteScriptTest, KnowsOpenStatements) {
  EXPECT_TRUE(IsCompleteScript("SELECT 1;"));
  EXPECT_TRUE(IsCompleteScript("SELECT ';'; -- done"));
  EXPECT_FALSE(IsCompleteScript("SELECT 1"));
  EXPECT_FALSE(IsCompleteScript("SELECT ';"));
  EXPECT_FALSE(IsCompleteScript("SELECT /* ; "));
}

}  // namespace
}  // namespace llkv
