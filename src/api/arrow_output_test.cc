// SET arrow_output: the types that results leave in, and that both forms say the same.
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "api/testing/query_text.h"
#include "base/testing/status_asserts.h"
#include "llkv/prepared_statement.h"
#include "llkv/session.h"

namespace llkv {
namespace {

// Texts within a view and beyond, decimals of every width, and both within nested values; NULLs everywhere.
constexpr const char* kColumns =
    "i INTEGER, d4 DECIMAL(9, 2), d8 DECIMAL(18, 4), d16 DECIMAL(38, 6), v VARCHAR, j JSON, b BLOB, l VARCHAR[], "
    "dl DECIMAL(5, 1)[], a DECIMAL(12, 3)[2], s STRUCT(t VARCHAR, d DECIMAL(9, 0), n STRUCT(x VARCHAR)), "
    "m MAP(VARCHAR, DECIMAL(18, 2)), h HUGEINT";
constexpr const char* kRows =
    "SELECT i, CASE WHEN i % 7 <> 0 THEN (i - 500) / 4.0 END, CASE WHEN i % 7 <> 1 THEN i * 1000.0001 END, "
    "CASE WHEN i % 7 <> 2 THEN i * 0.000001 END, CASE WHEN i % 7 <> 3 THEN repeat('t' || i, i % 9) END, "
    "CASE WHEN i % 7 <> 4 THEN ('{\"k\": ' || i || '}')::JSON END, ('b' || i)::BLOB, "
    "CASE WHEN i % 7 <> 5 THEN ['short', NULL, 'a text that fits no view ' || i] END, [i % 100 / 2.0, NULL], "
    "CASE WHEN i % 7 <> 6 THEN [i / 8.0, i] END, "
    "{'t': repeat('s', i % 30), 'd': CASE WHEN i % 3 > 0 THEN i END, 'n': {'x': 'within ' || i}}, "
    "MAP {'k': i / 4.0, 'a key of more than twelve bytes': NULL}, i FROM range(3000) r(i)";

class ArrowOutputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(engine_, SqlEngine::Open(":memory:"));
    session_.emplace(*engine_->NewSession());
    ASSERT_EQ(Do(std::string("CREATE TABLE t (") + kColumns + ")"), "");
    ASSERT_EQ(Do(std::string("INSERT INTO t ") + kRows), "");
  }

  std::string Do(std::string_view sql) { return RunSql(*session_, sql); }

  std::shared_ptr<arrow::Table> Read(std::string_view sql) {
    const auto reader = session_->Query(sql).ValueOrDie();
    const auto table = arrow::Table::FromRecordBatchReader(reader.get()).ValueOrDie();
    EXPECT_TRUE(table->ValidateFull().ok());
    EXPECT_TRUE(table->schema()->Equals(*reader->schema(), /*check_metadata=*/true));
    return table;
  }

  std::unique_ptr<SqlEngine> engine_;
  std::optional<Session> session_;
};

std::string TypesOf(const arrow::Table& table) {
  std::string text;
  for (const auto& field : table.schema()->fields()) text += field->name() + ": " + field->type()->ToString() + "\n";
  return text;
}

TEST_F(ArrowOutputTest, PortableIsTheDefault) {
  EXPECT_EQ(TypesOf(*Read("SELECT d4, d8, d16, v, l, s, h FROM t")),
            "d4: decimal128(9, 2)\nd8: decimal128(18, 4)\nd16: decimal128(38, 6)\nv: string\nl: list<item: string>\n"
            "s: struct<t: string, d: decimal128(9, 0), n: struct<x: string>>\nh: decimal128(38, 0)\n");
}

TEST_F(ArrowOutputTest, NativeTypes) {
  ASSERT_EQ(Do("SET arrow_output = native"), "");
  EXPECT_EQ(TypesOf(*Read("SELECT * FROM t")),
            "i: int32\nd4: decimal32(9, 2)\nd8: decimal64(18, 4)\nd16: decimal128(38, 6)\nv: string_view\n"
            "j: extension<arrow.json>\nb: binary\nl: list<item: string_view>\ndl: list<item: decimal32(5, 1)>\n"
            "a: fixed_size_list<item: decimal64(12, 3)>[2]\n"
            "s: struct<t: string_view, d: decimal32(9, 0), n: struct<x: string_view>>\n"
            "m: map<string_view, decimal64(18, 2)>\nh: decimal128(38, 0)\n");
  ASSERT_EQ(Do("RESET arrow_output"), "");
  EXPECT_EQ(TypesOf(*Read("SELECT d4, v FROM t")), "d4: decimal128(9, 2)\nv: string\n");
}

TEST_F(ArrowOutputTest, BothFormsSayTheSame) {
  for (const char* threads : {"1", "3"}) {
    ASSERT_EQ(Do(std::string("SET threads = ") + threads), "");
    for (const char* sql : {"SELECT * FROM t ORDER BY i", "SELECT * FROM t WHERE i % 5 = 2 ORDER BY i DESC",
                            "SELECT * FROM t WHERE i < 0",
                            "SELECT v, count(*), sum(d4), max(v) FROM t GROUP BY v "
                            "ORDER BY v LIMIT 100 OFFSET 7"}) {
      SCOPED_TRACE(sql);
      ASSERT_EQ(Do("SET arrow_output = portable"), "");
      const std::string expected = QueryText(*session_, sql);
      ASSERT_EQ(Do("SET arrow_output = native"), "");
      EXPECT_EQ(QueryText(*session_, sql), expected);
      Read(sql);
    }
  }
}

TEST_F(ArrowOutputTest, LongTextsFillSeveralBuffers) {
  ASSERT_EQ(Do("SET arrow_output = native"), "");
  const auto table = Read(
      "SELECT repeat('long ' || i, 1000 + i) AS v FROM range(1000) r(i) UNION ALL SELECT "
      "repeat('x', 5000000)");
  int64_t row = 0;
  bool several = false;
  for (const auto& chunk : table->column(0)->chunks()) {
    const auto& views = static_cast<const arrow::StringViewArray&>(*chunk);
    several = several || views.data()->buffers.size() > 3;
    for (int64_t i = 0; i < views.length(); ++i, ++row) {
      std::string expected(5000000, 'x');
      if (row < 1000) {
        expected.clear();
        for (int64_t k = 0; k < 1000 + row; ++k) expected += "long " + std::to_string(row);
      }
      ASSERT_EQ(views.GetView(i), expected) << row;
    }
  }
  EXPECT_EQ(row, 1001);
  EXPECT_TRUE(several);
}

TEST_F(ArrowOutputTest, BatchesOutliveTheEngine) {
  ASSERT_EQ(Do("SET arrow_output = native"), "");
  const auto table = Read("SELECT v, l FROM t ORDER BY i");
  session_.reset();
  engine_.reset();
  EXPECT_TRUE(table->ValidateFull().ok());
  EXPECT_EQ(table->num_rows(), 3000);
}

TEST_F(ArrowOutputTest, NativeRowsAreAppendedAgain) {
  ASSERT_EQ(Do(std::string("CREATE TABLE u (") + kColumns + ")"), "");
  ASSERT_EQ(Do("SET arrow_output = native"), "");
  ASSERT_OK_AND_ASSIGN(const auto reader, session_->Query("SELECT * FROM t"));
  ASSERT_OK_AND_ASSIGN(const int64_t rows, session_->Append("u", reader));
  EXPECT_EQ(rows, 3000);
  EXPECT_EQ(QueryText(*session_, "SELECT * FROM u ORDER BY i"), QueryText(*session_, "SELECT * FROM t ORDER BY i"));
}

TEST_F(ArrowOutputTest, PreparedStatements) {
  ASSERT_OK_AND_ASSIGN(PreparedStatement prepared,
                       session_->Prepare("SELECT d4, v FROM t WHERE i >= $1 ORDER BY i LIMIT 2"));
  ASSERT_OK(prepared.Bind(1, int64_t{11}));
  ASSERT_EQ(Do("SET arrow_output = native"), "");
  // The setting of the moment counts for readers; a cursor gives values as ever.
  ASSERT_OK_AND_ASSIGN(const auto reader, prepared.Query());
  EXPECT_EQ(reader->schema()->ToString(), "d4: decimal32(9, 2)\nv: string_view");
  ASSERT_OK_AND_ASSIGN(const auto table, reader->ToTable());
  EXPECT_EQ(table->num_rows(), 2);
  ASSERT_OK_AND_ASSIGN(const bool has_row, prepared.Step());
  ASSERT_TRUE(has_row);
  EXPECT_EQ(prepared.Get<std::string_view>(1), "t11t11");
}

TEST_F(ArrowOutputTest, TheSettingIsChecked) {
  EXPECT_NE(Do("SET arrow_output = views"), "");
  EXPECT_NE(Do("SET arrow_output = NULL"), "");
  ASSERT_EQ(Do("SET arrow_output = 'NATIVE'"), "");
  EXPECT_EQ(QueryText(*session_, "SHOW arrow_output"), "native");
}

}  // namespace
}  // namespace llkv
