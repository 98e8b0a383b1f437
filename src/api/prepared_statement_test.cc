// Prepared statements: binding, the row cursor and its conversions, planning anew, batches of parameters, Append.
#include "llkv/prepared_statement.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "api/testing/query_text.h"

namespace llkv {
namespace {

class PreparedStatementTest : public ::testing::Test {
 protected:
  void SetUp() override {
    engine_ = MakeMemoryEngine();
    session_.emplace(*engine_->NewSession());
  }
  std::string Rows(std::string_view sql) { return QueryText(*session_, sql); }
  std::string Do(std::string_view sql) { return RunSql(*session_, sql); }
  PreparedStatement Prepare(std::string_view sql) {
    auto statement = session_->Prepare(sql);
    EXPECT_TRUE(statement.ok()) << statement.status();
    return *std::move(statement);
  }
  /// The rows of the cursor as text, NULL as "NULL".
  static std::string StepAll(PreparedStatement& statement) {
    std::string text;
    while (true) {
      const auto row = statement.Step();
      if (!row.ok()) return "error " + StateOf(row.status());
      if (!*row) return text;
      if (!text.empty()) text.push_back('\n');
      for (int i = 0; i < statement.num_columns(); ++i) {
        if (i > 0) text.push_back('|');
        text += statement.IsNull(i) ? "NULL" : std::string(statement.Get<std::string_view>(i));
      }
    }
  }

  std::unique_ptr<SqlEngine> engine_;
  std::optional<Session> session_;
};

TEST_F(PreparedStatementTest, FindsRowsByKeyAgainAndAgain) {
  ASSERT_EQ(Do("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT, x DOUBLE);"
               "INSERT INTO t SELECT range, 'n' || range, range / 2.0 FROM range(1000)"),
            "");
  PreparedStatement find = Prepare("SELECT name, x FROM t WHERE id = ?");
  EXPECT_EQ(find.num_parameters(), 1);
  EXPECT_EQ(find.num_columns(), 2);
  EXPECT_EQ(find.column_name(0), "name");
  EXPECT_EQ(find.column_name(2), "");
  EXPECT_EQ(find.schema()->field(1)->type()->id(), arrow::Type::DOUBLE);
  for (int64_t id : {7, 999, 1000, -1, 7}) {
    ASSERT_OK(find.Bind(1, id));
    const bool there = id >= 0 && id < 1000;
    EXPECT_EQ(StepAll(find), there ? "n" + std::to_string(id) + "|" + (id == 7 ? "3.5" : "499.5") : "") << id;
  }
  ASSERT_EQ(Do("CHECKPOINT"), "");
  ASSERT_OK(find.Bind(1, 7));
  EXPECT_EQ(StepAll(find), "n7|3.5");
  EXPECT_EQ(StepAll(find), "n7|3.5") << "the next Step after the end runs it anew";
}

TEST_F(PreparedStatementTest, BindsEveryType) {
  PreparedStatement echo = Prepare(
      "SELECT ?1::BOOLEAN, ?2::INTEGER, ?3::BIGINT, ?4::DOUBLE, ?5::VARCHAR, ?6::BLOB, ?7::DATE, ?8::DECIMAL(9,2)");
  ASSERT_EQ(echo.num_parameters(), 8);
  ASSERT_OK(echo.Bind(1, true));
  ASSERT_OK(echo.Bind(2, 42));
  ASSERT_OK(echo.Bind(3, std::numeric_limits<int64_t>::min()));
  ASSERT_OK(echo.Bind(4, 0.25));
  ASSERT_OK(echo.Bind(5, "text"));
  ASSERT_OK(echo.BindBlob(6, std::string_view("\0\xff", 2)));
  ASSERT_OK(echo.Bind(7, "2024-02-29"));
  ASSERT_OK(echo.Bind(8, 12.345));
  ASSERT_OK_AND_ASSIGN(const bool row, echo.Step());
  ASSERT_TRUE(row);
  EXPECT_TRUE(echo.Get<bool>(0));
  EXPECT_EQ(echo.Get<int32_t>(1), 42);
  EXPECT_EQ(echo.Get<int64_t>(2), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(echo.Get<double>(3), 0.25);
  EXPECT_EQ(echo.Get<std::string_view>(4), "text");
  EXPECT_EQ(echo.Get<std::string_view>(5), std::string_view("\0\xff", 2));
  EXPECT_EQ(echo.Get<std::string_view>(6), "2024-02-29");
  EXPECT_EQ(echo.Get<std::string_view>(7), "12.35");
  for (int i = 1; i <= 8; ++i) ASSERT_OK(echo.BindNull(i));
  EXPECT_EQ(StepAll(echo), "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL");
  ASSERT_OK(echo.Bind(7, "no date"));
  EXPECT_EQ(StateOf(echo.Step().status()), "22007");
  EXPECT_EQ(StateOf(echo.Bind(0, 1)), "22023");
  EXPECT_EQ(StateOf(echo.Bind(9, 1)), "22023");
}

TEST_F(PreparedStatementTest, GetConvertsAsCastsDo) {
  PreparedStatement row = Prepare(
      "SELECT 7, '12', 2.5::DOUBLE, 12.99, NULL, TRUE, 'yes', 1e30::DOUBLE, 9223372036854775807 + 0, 'words', "
      "-0.5::DOUBLE");
  ASSERT_OK_AND_ASSIGN(const bool there, row.Step());
  ASSERT_TRUE(there);
  EXPECT_EQ(row.Get<std::string_view>(0), "7");
  EXPECT_EQ(row.Get<double>(0), 7.0);
  EXPECT_TRUE(row.Get<bool>(0));
  EXPECT_EQ(row.Get<int64_t>(1), 12);
  EXPECT_EQ(row.Get<double>(1), 12.0);
  EXPECT_EQ(row.Get<std::string_view>(2), "2.5");
  EXPECT_EQ(row.Get<double>(3), 12.99);
  EXPECT_EQ(row.Get<std::string_view>(3), "12.99");
  EXPECT_TRUE(row.IsNull(4));
  EXPECT_EQ(row.Get<int64_t>(4), 0);
  EXPECT_EQ(row.Get<std::string_view>(4), "");
  EXPECT_FALSE(row.Get<bool>(4));
  EXPECT_EQ(row.Get<int32_t>(5), 1);
  EXPECT_TRUE(row.Get<bool>(6));
  EXPECT_EQ(row.Get<int64_t>(7), 0) << "out of range";
  EXPECT_EQ(row.Get<int32_t>(8), 0) << "out of range";
  EXPECT_EQ(row.Get<int64_t>(8), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(row.Get<int64_t>(9), 0);
  EXPECT_EQ(row.Get<double>(9), 0.0);
  EXPECT_EQ(row.Get<int64_t>(99), 0);
  EXPECT_TRUE(row.IsNull(-1));
}

TEST_F(PreparedStatementTest, IntegersRoundAsCastsDo) {
  PreparedStatement row = Prepare(
      "SELECT 12.99, CAST(12.99 AS BIGINT), 2.5::DOUBLE, CAST(2.5::DOUBLE AS BIGINT), "
      "-12.5, CAST(-12.5 AS BIGINT), 3.5::DOUBLE, CAST(3.5::DOUBLE AS BIGINT)");
  ASSERT_OK_AND_ASSIGN(const bool there, row.Step());
  ASSERT_TRUE(there);
  for (int i = 0; i < 8; i += 2) EXPECT_EQ(row.Get<int64_t>(i), row.Get<int64_t>(i + 1)) << i;
}

TEST_F(PreparedStatementTest, ReadingBeforeTheFirstRowGivesNothing) {
  PreparedStatement one = Prepare("SELECT 1 AS a, 'x' AS b");
  EXPECT_TRUE(one.IsNull(0));
  EXPECT_EQ(one.Get<int64_t>(0), 0);
  EXPECT_EQ(one.Get<std::string_view>(1), "");
  EXPECT_EQ(StepAll(one), "1|x");
  EXPECT_TRUE(one.IsNull(0)) << "nor after the last";
  EXPECT_EQ(one.Get<double>(0), 0.0);
}

TEST_F(PreparedStatementTest, NamedAndNumberedParameters) {
  PreparedStatement named = Prepare("SELECT :first::BIGINT - :second::BIGINT, :first::BIGINT");
  EXPECT_EQ(named.num_parameters(), 2);
  EXPECT_EQ(named.ParameterIndex("first"), 1);
  EXPECT_EQ(named.ParameterIndex("second"), 2);
  EXPECT_EQ(named.ParameterIndex("third"), 0);
  ASSERT_OK(named.Bind(named.ParameterIndex("first"), 10));
  EXPECT_EQ(StateOf(named.Step().status()), "42P02");
  ASSERT_OK(named.Bind(named.ParameterIndex("second"), 3));
  EXPECT_EQ(StepAll(named), "7|10");
  PreparedStatement numbered = Prepare("SELECT $2::TEXT || $1::TEXT");
  ASSERT_OK(numbered.Bind(1, "a"));
  ASSERT_OK(numbered.Bind(2, "b"));
  EXPECT_EQ(StepAll(numbered), "ba");
}

TEST_F(PreparedStatementTest, AnUntypedParameterTakesItsValuesType) {
  PreparedStatement echo = Prepare("SELECT ?");
  ASSERT_OK(echo.Bind(1, 5));
  EXPECT_EQ(StepAll(echo), "5");
  ASSERT_OK(echo.Bind(1, "five"));
  EXPECT_EQ(StepAll(echo), "five");
  ASSERT_OK(echo.Bind(1, 5.5));
  EXPECT_EQ(StepAll(echo), "5.5");
  ASSERT_OK(echo.BindNull(1));
  EXPECT_EQ(StepAll(echo), "NULL");
  ASSERT_OK(echo.Bind(1, 6));
  EXPECT_EQ(StepAll(echo), "6");
}

TEST_F(PreparedStatementTest, ParametersTakeTheColumnsType) {
  ASSERT_EQ(Do("CREATE TABLE t (a SMALLINT PRIMARY KEY, d DATE, n DECIMAL(6,2))"), "");
  PreparedStatement insert = Prepare("INSERT INTO t VALUES (?, ?, ?)");
  ASSERT_OK(insert.Bind(1, 1));
  ASSERT_OK(insert.Bind(2, "2020-01-01"));
  ASSERT_OK(insert.Bind(3, 1.5));
  EXPECT_EQ(StepAll(insert), "");
  EXPECT_EQ(insert.rows_changed(), 1);
  ASSERT_OK(insert.Bind(1, 70000));
  EXPECT_EQ(StateOf(insert.Step().status()), "22003");
  ASSERT_OK(insert.Bind(1, "2"));
  EXPECT_EQ(StepAll(insert), "");
  ASSERT_OK(insert.Bind(1, 1));
  EXPECT_EQ(StateOf(insert.Step().status()), "23505");
  EXPECT_EQ(Rows("SELECT * FROM t ORDER BY a"), "1|2020-01-01|1.50\n2|2020-01-01|1.50");
}

TEST_F(PreparedStatementTest, PlansItselfAnewAfterDefinitionsChange) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT, b TEXT); INSERT INTO t VALUES (1, 'x')"), "");
  PreparedStatement all = Prepare("SELECT * FROM t");
  EXPECT_EQ(StepAll(all), "1|x");
  ASSERT_EQ(Do("DROP TABLE t"), "");
  EXPECT_EQ(StateOf(all.Step().status()), "42P01");
  ASSERT_EQ(Do("CREATE TABLE t (c TEXT); INSERT INTO t VALUES ('new')"), "");
  EXPECT_EQ(StepAll(all), "new");
  EXPECT_EQ(all.num_columns(), 1);
  EXPECT_EQ(all.column_name(0), "c");
  ASSERT_EQ(Do("BEGIN; DROP TABLE t; CREATE TABLE t (x BIGINT, y BIGINT, z BIGINT); INSERT INTO t VALUES (1, 2, 3)"),
            "");
  EXPECT_EQ(StepAll(all), "1|2|3");
  ASSERT_EQ(Do("ROLLBACK"), "");
  EXPECT_EQ(StepAll(all), "new");
}

TEST_F(PreparedStatementTest, ACursorAndTheEndOfItsTransaction) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT); INSERT INTO t SELECT range FROM range(10000); BEGIN"), "");
  PreparedStatement rows = Prepare("SELECT a FROM t");
  ASSERT_OK(rows.Step().status());
  ASSERT_EQ(Do("COMMIT"), "");
  int64_t count = 1;
  while (true) {
    ASSERT_OK_AND_ASSIGN(const bool row, rows.Step());
    if (!row) break;
    ++count;
  }
  EXPECT_EQ(count, 10000) << "a transaction that only read leaves its snapshot to the cursor";

  ASSERT_EQ(Do("BEGIN; INSERT INTO t VALUES (-1)"), "");
  ASSERT_OK(rows.Step().status());
  ASSERT_EQ(Do("COMMIT; BEGIN; INSERT INTO t VALUES (-2)"), "");
  arrow::Status status;
  for (int i = 0; i < 20000 && status.ok(); ++i) status = rows.Step().status();
  EXPECT_EQ(StateOf(status), "24000") << "own writes are seen inside their transaction only";
  ASSERT_EQ(Do("ROLLBACK"), "");
}

TEST_F(PreparedStatementTest, StatementsWithoutRowsStepOnce) {
  PreparedStatement create = Prepare("CREATE TABLE t AS SELECT 5 AS a");
  EXPECT_EQ(StateOf(session_->Prepare("CREATE TABLE u AS SELECT ? AS a").status()), "42P02");
  EXPECT_EQ(StepAll(create), "");
  EXPECT_EQ(Rows("SELECT * FROM t"), "5");
  EXPECT_EQ(StateOf(create.Step().status()), "42P07");
  PreparedStatement begin = Prepare("BEGIN");
  PreparedStatement commit = Prepare("COMMIT");
  EXPECT_EQ(StepAll(begin), "");
  EXPECT_TRUE(session_->in_transaction());
  EXPECT_EQ(StepAll(commit), "");
  EXPECT_EQ(StateOf(commit.Step().status()), "25P01");
  EXPECT_EQ(StateOf(begin.Query().status()), "22023");
  EXPECT_FALSE(session_->in_transaction()) << "Query runs nothing that gives no rows";
}

TEST_F(PreparedStatementTest, StatementsThatAreNoQueriesGiveTheirRows) {
  PreparedStatement show = Prepare("SHOW threads");
  EXPECT_EQ(show.num_columns(), 1);
  ASSERT_EQ(Do("SET threads = 3"), "");
  EXPECT_EQ(StepAll(show), "3");
  ASSERT_EQ(Do("SET threads = 2"), "");
  EXPECT_EQ(StepAll(show), "2");
  PreparedStatement explain = Prepare("EXPLAIN SELECT 1 WHERE ? = 1");
  ASSERT_EQ(explain.num_parameters(), 1);
  ASSERT_OK(explain.Bind(1, 1));
  EXPECT_NE(StepAll(explain), "");
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT)"), "");
  PreparedStatement tables = Prepare("SHOW TABLES");
  EXPECT_EQ(StepAll(tables), "t");
  ASSERT_EQ(Do("CREATE TABLE u (a BIGINT)"), "");
  EXPECT_EQ(StepAll(tables), "t\nu");
}

TEST_F(PreparedStatementTest, InsertsRowsOfConstantsAndParameters) {
  ASSERT_EQ(Do("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT NOT NULL, x DECIMAL(10, 2) DEFAULT 7, day DATE);"
               "CREATE UNIQUE INDEX by_name ON t (name)"),
            "");
  auto all = Prepare("INSERT INTO t VALUES (?, ?, ?, ?)");
  const auto insert = [&](PreparedStatement& statement, int64_t id, std::optional<std::string_view> name) {
    EXPECT_TRUE(statement.Bind(1, id).ok());
    EXPECT_TRUE((name ? statement.Bind(2, *name) : statement.BindNull(2)).ok());
    const auto row = statement.Step();
    return row.ok() ? std::to_string(statement.rows_changed()) : StateOf(row.status());
  };
  ASSERT_TRUE(all.Bind(3, 2.5).ok());
  ASSERT_TRUE(all.Bind(4, "2024-02-29").ok());
  EXPECT_EQ(insert(all, 1, "one"), "1");
  EXPECT_EQ(insert(all, 1, "other"), "23505");
  EXPECT_EQ(insert(all, 2, "one"), "23505");
  EXPECT_EQ(insert(all, 2, std::nullopt), "23502");
  ASSERT_TRUE(all.Bind(4, "no date").ok());
  EXPECT_EQ(insert(all, 2, "two"), "22007");
  ASSERT_TRUE(all.BindNull(4).ok());
  ASSERT_TRUE(all.BindNull(3).ok());
  EXPECT_EQ(insert(all, 2, "two"), "1");
  auto some = Prepare("INSERT INTO t (name, id, day) VALUES ($2, $1, NULL)");
  EXPECT_EQ(insert(some, 3, "three"), "1");
  EXPECT_EQ(Rows("SELECT * FROM t ORDER BY id"), "1|one|2.50|2024-02-29\n2|two|NULL|NULL\n3|three|7.00|NULL");

  // In a transaction a failed statement leaves nothing, and takes nothing of the others.
  ASSERT_EQ(Do("BEGIN"), "");
  EXPECT_EQ(insert(some, 4, "four"), "1");
  EXPECT_EQ(insert(some, 4, "five"), "23505");
  EXPECT_EQ(insert(some, 5, "two"), "23505");
  EXPECT_EQ(insert(some, 5, "five"), "1");
  EXPECT_EQ(Rows("SELECT id FROM t WHERE name >= 'five' ORDER BY 1"), "1\n2\n3\n4\n5");
  ASSERT_EQ(Do("ROLLBACK"), "");
  EXPECT_EQ(insert(some, 5, "five"), "1");
  ASSERT_EQ(Do("DROP TABLE t; CREATE TABLE t (id INTEGER, name TEXT, day DATE)"), "");
  EXPECT_EQ(insert(some, 6, std::nullopt), "1");
  EXPECT_EQ(Rows("SELECT * FROM t"), "6|NULL|NULL");
  ASSERT_EQ(Do("DROP TABLE t"), "");
  EXPECT_EQ(insert(some, 6, "six"), "42P01");
}

TEST_F(PreparedStatementTest, LooksUpTheRowOfAKey) {
  ASSERT_EQ(Do("CREATE TABLE t (a INTEGER, b TEXT, x DOUBLE, y TEXT, PRIMARY KEY (a, b));"
               "INSERT INTO t VALUES (1, 'one', 0.5, 'first'), (1, 'two', NULL, 'second'), (2, 'one', 2.5, NULL);"
               "CHECKPOINT; INSERT INTO t VALUES (3, 'hot', 3.5, 'fourth')"),
            "");
  auto find = Prepare("SELECT y, a, x, y FROM t WHERE b = ?2 AND a = ?1");
  auto also = Prepare("SELECT y FROM t WHERE a = ?1 AND b = ?2 AND x > 1");
  const auto run = [&](PreparedStatement& statement, int64_t a, std::string_view b) {
    EXPECT_TRUE(statement.Bind(1, a).ok());
    EXPECT_TRUE(statement.Bind(2, b).ok());
    return StepAll(statement);
  };
  EXPECT_EQ(run(find, 1, "one"), "first|1|0.5|first");
  EXPECT_EQ(run(find, 1, "two"), "second|1|NULL|second");
  EXPECT_EQ(run(find, 2, "one"), "NULL|2|2.5|NULL");
  EXPECT_EQ(run(find, 2, "two"), "");
  EXPECT_EQ(run(find, 3, "hot"), "fourth|3|3.5|fourth");
  EXPECT_EQ(run(find, int64_t{1} << 40, "hot"), "error 22003");
  EXPECT_EQ(run(also, 1, "one"), "");
  EXPECT_EQ(run(also, 3, "hot"), "fourth");
  ASSERT_TRUE(find.BindNull(1).ok());
  EXPECT_EQ(StepAll(find), "");

  // The row stays what it was until the cursor goes on, whatever is written.
  ASSERT_TRUE(find.Bind(1, 3).ok());
  ASSERT_TRUE(*find.Step());
  ASSERT_EQ(Do("UPDATE t SET y = 'changed ' || a; DELETE FROM t WHERE a = 2; CHECKPOINT"), "");
  EXPECT_EQ(find.Get<std::string_view>(0), "fourth");
  EXPECT_FALSE(*find.Step());
  EXPECT_EQ(run(find, 3, "hot"), "changed 3|3|3.5|changed 3");
  EXPECT_EQ(run(find, 2, "one"), "");

  // A transaction sees its own rows.
  ASSERT_EQ(Do("BEGIN; INSERT INTO t VALUES (4, 'own', 1, 'fifth'); DELETE FROM t WHERE a = 3"), "");
  EXPECT_EQ(run(find, 4, "own"), "fifth|4|1|fifth");
  EXPECT_EQ(run(find, 3, "hot"), "");
  ASSERT_EQ(Do("ROLLBACK"), "");
  EXPECT_EQ(run(find, 4, "own"), "");
  EXPECT_EQ(run(find, 3, "hot"), "changed 3|3|3.5|changed 3");
  ASSERT_EQ(Do("DROP TABLE t; CREATE TABLE t (y TEXT, b TEXT, x DOUBLE, a INTEGER PRIMARY KEY);"
               "INSERT INTO t VALUES ('new', 'one', 1, 1)"),
            "");
  EXPECT_EQ(run(find, 1, "one"), "new|1|1|new");
  EXPECT_EQ(run(find, 1, "two"), "");
}

TEST_F(PreparedStatementTest, QueryStreamsWithTheBoundValues) {
  PreparedStatement rows = Prepare("SELECT range FROM range(100000) WHERE range >= ?");
  EXPECT_EQ(StateOf(rows.Query().status()), "42P02");
  ASSERT_OK(rows.Bind(1, 99998));
  ASSERT_OK_AND_ASSIGN(auto reader, rows.Query());
  ASSERT_OK(rows.Bind(1, 0));
  EXPECT_EQ(ReaderText(*reader), "99998\n99999");
}

std::shared_ptr<arrow::RecordBatch> Batch(const std::vector<int64_t>& numbers, const std::vector<std::string>& texts) {
  arrow::Int64Builder a;
  arrow::StringBuilder b;
  EXPECT_TRUE(a.AppendValues(numbers).ok());
  EXPECT_TRUE(b.AppendValues(texts).ok());
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("x", arrow::int64()), arrow::field("y", arrow::utf8())}),
                                  static_cast<int64_t>(numbers.size()), {*a.Finish(), *b.Finish()});
}

TEST_F(PreparedStatementTest, ExecuteBatchIsAllOrNothing) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT PRIMARY KEY, b TEXT)"), "");
  PreparedStatement insert = Prepare("INSERT INTO t VALUES (?, ?)");
  ASSERT_OK_AND_ASSIGN(int64_t rows, insert.ExecuteBatch(*Batch({1, 2, 3}, {"a", "b", "c"})));
  EXPECT_EQ(rows, 3);
  EXPECT_EQ(StateOf(insert.ExecuteBatch(*Batch({4, 5, 2}, {"d", "e", "f"})).status()), "23505");
  EXPECT_FALSE(session_->in_transaction());
  EXPECT_EQ(Rows("SELECT count(*) FROM t"), "3");
  ASSERT_EQ(Do("BEGIN; INSERT INTO t VALUES (10, 'ten')"), "");
  EXPECT_EQ(StateOf(insert.ExecuteBatch(*Batch({4, 5, 2}, {"d", "e", "f"})).status()), "23505");
  EXPECT_TRUE(session_->in_transaction());
  ASSERT_OK_AND_ASSIGN(rows, insert.ExecuteBatch(*Batch({4, 5}, {"d", "e"})));
  EXPECT_EQ(rows, 2);
  ASSERT_EQ(Do("COMMIT"), "");
  EXPECT_EQ(Rows("SELECT count(*), sum(a) FROM t"), "6|25");
  PreparedStatement update = Prepare("UPDATE t SET b = ?2 WHERE a >= ?1");
  ASSERT_OK_AND_ASSIGN(rows, update.ExecuteBatch(*Batch({5, 4}, {"x", "y"})));
  EXPECT_EQ(rows, 5);
  PreparedStatement rollback = Prepare("ROLLBACK");
  EXPECT_EQ(
      StateOf(rollback.ExecuteBatch(*arrow::RecordBatch::Make(arrow::schema({}), 2, arrow::ArrayVector{})).status()),
      "0A000");
  EXPECT_EQ(
      StateOf(insert.ExecuteBatch(*arrow::RecordBatch::Make(arrow::schema({}), 2, arrow::ArrayVector{})).status()),
      "22023");
}

TEST_F(PreparedStatementTest, APreparedStatementKeepsNoSnapshotBetweenRuns) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1)"), "");
  PreparedStatement first = Prepare("SELECT a FROM t");
  ASSERT_OK(first.Step().status());
  ASSERT_EQ(Do("INSERT INTO t VALUES (2)"), "");
  EXPECT_EQ(StepAll(first), "") << "the cursor goes on in its own snapshot";
  EXPECT_EQ(StepAll(first), "1\n2");
}

class AppendTest : public PreparedStatementTest {
 protected:
  arrow::Result<int64_t> Append(const std::string& table, const std::shared_ptr<arrow::RecordBatch>& batch) {
    return session_->Append(table, StreamOf(batch));
  }
};

TEST_F(AppendTest, LoadsAndConverts) {
  ASSERT_EQ(Do("CREATE TABLE \"My \"\"Table\" (a INTEGER PRIMARY KEY, b VARCHAR)"), "");
  ASSERT_OK_AND_ASSIGN(int64_t rows, Append("My \"Table", Batch({1, 2}, {"x", "y"})));
  EXPECT_EQ(rows, 2);
  EXPECT_EQ(Rows("SELECT * FROM \"My \"\"Table\" ORDER BY a"), "1|x\n2|y");
  EXPECT_EQ(StateOf(Append("My \"Table", Batch({1LL << 40}, {"x"})).status()), "22003");
  EXPECT_EQ(StateOf(Append("My \"Table", Batch({3, 1}, {"x", "y"})).status()), "23505");
  EXPECT_EQ(Rows("SELECT count(*) FROM \"My \"\"Table\""), "2");
  EXPECT_EQ(StateOf(Append("nowhere", Batch({3}, {"x"})).status()), "42P01");
}

TEST_F(AppendTest, RefusesAWrongNumberOfColumnsAndViolations) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT CHECK (a > 0)); CREATE TABLE u (a BIGINT, b TEXT NOT NULL, c BIGINT)"), "");
  EXPECT_NE(StateOf(Append("t", Batch({1}, {"x"})).status()), "");
  EXPECT_NE(StateOf(Append("u", Batch({1}, {"x"})).status()), "");
  ASSERT_EQ(Do("CREATE TABLE v (a BIGINT CHECK (a > 0), b TEXT)"), "");
  EXPECT_EQ(StateOf(Append("v", Batch({1, 2, -3}, {"x", "y", "z"})).status()), "23514");
  EXPECT_EQ(Rows("SELECT count(*) FROM v"), "0");
}

TEST_F(AppendTest, LoadsManyRowsInsideATransaction) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT, b TEXT); BEGIN"), "");
  std::vector<int64_t> numbers(300000);
  std::vector<std::string> texts(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<int64_t>(i);
    texts[i] = "t" + std::to_string(i % 100);
  }
  ASSERT_OK_AND_ASSIGN(const int64_t rows, Append("t", Batch(numbers, texts)));
  EXPECT_EQ(rows, 300000);
  EXPECT_EQ(Rows("SELECT count(*), sum(a), count(DISTINCT b) FROM t"), "300000|44999850000|100");
  ASSERT_EQ(Do("ROLLBACK"), "");
  EXPECT_EQ(Rows("SELECT count(*) FROM t"), "0");
}

TEST_F(AppendTest, AFailingStreamLeavesNothing) {
  ASSERT_EQ(Do("CREATE TABLE t (a BIGINT, b TEXT)"), "");
  class FailingReader : public arrow::RecordBatchReader {
   public:
    std::shared_ptr<arrow::Schema> schema() const override { return Batch({}, {})->schema(); }
    arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
      if (++calls_ > 3) return arrow::Status::IOError("the stream broke");
      *batch = Batch({calls_}, {"x"});
      return arrow::Status::OK();
    }

   private:
    int calls_ = 0;
  };
  const auto appended = session_->Append("t", std::make_shared<FailingReader>());
  EXPECT_EQ(StateOf(appended.status()), "58030");
  EXPECT_EQ(Rows("SELECT count(*) FROM t"), "0");
}

}  // namespace
}  // namespace llkv
