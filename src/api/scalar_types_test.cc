// The scalar types through everything that stores them: hot rows, the log, checkpoints, Arrow streams, prepared
// statements.
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "api/testing/query_text.h"
#include "llkv/prepared_statement.h"
#include "llkv/session.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

constexpr const char* kColumns =
    "id INTEGER, tz TIMESTAMPTZ, s TIMESTAMP_S, ms TIMESTAMP_MS, ns TIMESTAMP_NS, ttz TIMETZ, u UUID, j JSON, b BIT, "
    "h UHUGEINT, hi HUGEINT, ut UTINYINT, us USMALLINT, ui UINTEGER, ub UBIGINT";

// Every seventh value of a column is NULL, each column's elsewhere.
constexpr const char* kRows =
    "SELECT range::INTEGER, CASE WHEN range % 7 <> 0 THEN TIMESTAMPTZ '1999-12-31 23:00:00Z' + INTERVAL '1 minute' * "
    "range END, "
    "CASE WHEN range % 7 <> 1 THEN TIMESTAMP_S '1969-12-31 23:59:00' + INTERVAL '1 second' * range END::TIMESTAMP_S, "
    "CASE WHEN range % 7 <> 2 THEN TIMESTAMP_MS '2001-01-01 00:00:00.5' + INTERVAL '7 milliseconds' * range "
    "END::TIMESTAMP_MS, "
    "CASE WHEN range % 7 <> 3 THEN ('2001-01-01 00:00:00.' || lpad(range::VARCHAR, 9, '0'))::TIMESTAMP_NS END, "
    "CASE WHEN range % 7 <> 4 THEN TIMETZ '12:00:00-03:30' + INTERVAL '1 second' * range END, "
    "CASE WHEN range % 7 <> 5 THEN ('00112233-4455-6677-8899-' || lpad(range::VARCHAR, 12, 'a'))::UUID END, "
    "CASE WHEN range % 7 <> 6 THEN ('{\"k\": ' || range || '}')::JSON END, "
    "CASE WHEN range % 7 <> 0 THEN range::SMALLINT::BIT || B'101' END, "
    "CASE WHEN range % 7 <> 1 THEN 10000000000000000000000000000000000000::UHUGEINT + range::UBIGINT END, "
    "CASE WHEN range % 7 <> 2 THEN -10000000000000000000000000000000000000::HUGEINT + range END, "
    "CASE WHEN range % 7 <> 3 THEN (range % 256)::UTINYINT END, CASE WHEN range % 7 <> 4 THEN range::USMALLINT END, "
    "CASE WHEN range % 7 <> 5 THEN (4294967295 - range)::UINTEGER END, "
    "CASE WHEN range % 7 <> 6 THEN (18446744073709551615 - range)::UBIGINT END FROM range(3000)";

class ScalarTypesTest : public ::testing::Test {
 protected:
  void Open() {
    session_.reset();
    engine_.reset();
    ASSERT_OK_AND_ASSIGN(engine_, SqlEngine::Open(folder_.File("t.llkv")));
    session_.emplace(*engine_->NewSession());
  }
  std::string Rows(std::string_view sql) { return QueryText(*session_, sql); }
  std::string Do(std::string_view sql) { return RunSql(*session_, sql); }

  ScratchFolder folder_;
  std::unique_ptr<SqlEngine> engine_;
  std::optional<Session> session_;
};

TEST_F(ScalarTypesTest, SurviveTheLogACheckpointAndReopening) {
  Open();
  ASSERT_EQ(Do(std::string("CREATE TABLE t (") + kColumns + ")"), "");
  ASSERT_EQ(Do(std::string("INSERT INTO t ") + kRows), "");
  ASSERT_EQ(Do("UPDATE t SET u = gen_random_uuid() WHERE id = 17; DELETE FROM t WHERE id % 100 = 3"), "");
  const std::string all = "SELECT * FROM t ORDER BY id";
  const std::string expected = Rows(all);
  ASSERT_EQ(expected.substr(0, 5), "0|NUL");
  ASSERT_EQ(
      Rows("SELECT * FROM t WHERE id = 1"),
      "1|1999-12-31 23:01:00+00|NULL|2001-01-01 00:00:00.507|2001-01-01 00:00:00.000000001|12:00:01-03:30|"
      "00112233-4455-6677-8899-aaaaaaaaaaa1|{\"k\": 1}|\\x050001a0|NULL|-9999999999999999999999999999999999999|1|1|"
      "4294967294|18446744073709551614");
  Open();  // from the log alone
  EXPECT_EQ(Rows(all), expected);
  ASSERT_EQ(Do("CHECKPOINT"), "");
  EXPECT_EQ(Rows(all), expected);
  Open();
  EXPECT_EQ(Rows(all), expected);
  EXPECT_EQ(Rows("SELECT count(*) FROM t WHERE tz >= '2000-01-01 00:00:00Z' AND u > "
                 "'00112233-4455-6677-8899-000000000000' AND h > 5 AND ttz > '00:00:00+15' AND b > B'0' AND ns < "
                 "'2001-01-01 00:00:00.000001'"),
            Rows("SELECT count(*) FROM t WHERE NOT (tz < '2000-01-01 00:00:00Z') AND u::VARCHAR > "
                 "'00112233-4455-6677-8899-000000000000' AND h IS NOT NULL AND ttz IS NOT NULL AND b IS NOT NULL AND "
                 "ns::VARCHAR < '2001-01-01 00:00:00.000001'"));
}

TEST_F(ScalarTypesTest, SlicedArrowBatchesAppendWhatTheyHold) {
  Open();
  ASSERT_EQ(Do(std::string("CREATE TABLE t (") + kColumns + "); CREATE TABLE u (" + kColumns + ")"), "");
  ASSERT_EQ(Do(std::string("INSERT INTO t ") + kRows), "");
  ASSERT_OK_AND_ASSIGN(auto reader, session_->Query("SELECT * FROM t WHERE id < 2000 ORDER BY id"));
  ASSERT_OK_AND_ASSIGN(auto table, reader->ToTable());
  ASSERT_OK_AND_ASSIGN(auto whole, table->CombineChunksToBatch());
  ASSERT_OK_AND_ASSIGN(const int64_t appended, session_->Append("u", StreamOf(whole->Slice(5, 1990))));
  EXPECT_EQ(appended, 1990);
  EXPECT_EQ(Rows("SELECT * FROM u ORDER BY id"), Rows("SELECT * FROM t WHERE id >= 5 AND id < 1995 ORDER BY id"));
  Open();
  EXPECT_EQ(Rows("SELECT * FROM u ORDER BY id"), Rows("SELECT * FROM t WHERE id >= 5 AND id < 1995 ORDER BY id"));
}

TEST_F(ScalarTypesTest, ResultsHaveTheTypesOfTheBoundary) {
  Open();
  ASSERT_EQ(Do(std::string("CREATE TABLE t (") + kColumns + "); SET timezone = 'Asia/Tokyo'"), "");
  ASSERT_OK_AND_ASSIGN(auto reader, session_->Query("SELECT * FROM t"));
  std::string types;
  for (const auto& field : reader->schema()->fields()) types += field->type()->ToString() + ";";
  EXPECT_EQ(types,
            "int32;timestamp[us, tz=UTC];timestamp[s];timestamp[ms];timestamp[ns];string;extension<arrow.uuid>;"
            "extension<arrow.json>;binary;decimal128(38, 0);decimal128(38, 0);uint8;uint16;uint32;uint64;");
  EXPECT_EQ(session_->time_zone(), "Asia/Tokyo");
}

TEST_F(ScalarTypesTest, PreparedStatementsGoByTheSessionsZone) {
  Open();
  ASSERT_EQ(Do("SET timezone = 'Asia/Tokyo'"), "");
  ASSERT_OK_AND_ASSIGN(auto statement, session_->Prepare("SELECT CAST(? AS TIMESTAMPTZ), ?::UUID, B'01', 5::UHUGEINT"));
  const auto run = [&]() -> std::string {
    EXPECT_TRUE(statement.Bind(1, std::string_view("2024-01-01 09:00:00")).ok());
    EXPECT_TRUE(statement.Bind(2, std::string_view("00112233445566778899aabbccddeeff")).ok());
    const auto row = statement.Step();
    if (!row.ok() || !*row) return "no row";
    std::string text(statement.Get<std::string_view>(0));
    text += "|" + std::string(statement.Get<std::string_view>(1));
    text += "|" + std::string(statement.Get<std::string_view>(2));
    text += "|" + std::to_string(statement.Get<int64_t>(3)) + "|" + std::to_string(statement.Get<int64_t>(1));
    statement.Reset();
    return text;
  };
  EXPECT_EQ(run(), "2024-01-01 09:00:00+09|00112233-4455-6677-8899-aabbccddeeff|01|5|0");
  ASSERT_EQ(Do("SET timezone = 'UTC'"), "");
  EXPECT_EQ(run(), "2024-01-01 09:00:00+00|00112233-4455-6677-8899-aabbccddeeff|01|5|0");
}

}  // namespace
}  // namespace llkv
