// Statements that change data, definitions and utilities.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/binder/testing/fake_catalog.h"

namespace llkv {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class StatementTest : public testing::Test {
 protected:
  void SetUp() override {
    harness_.Create(
        "CREATE TABLE t(id BIGINT PRIMARY KEY, n INTEGER NOT NULL DEFAULT 7, s VARCHAR, CHECK (n < 100));"
        "CREATE TABLE p(a INTEGER, b VARCHAR); CREATE VIEW v AS SELECT 1 AS one");
  }
  std::string Plan(const std::string& sql) { return harness_.Plan(sql); }

  BinderHarness harness_;
};

TEST_F(StatementTest, Insert) {
  EXPECT_EQ(Plan("INSERT INTO t(s, id) VALUES ('x', 1), (NULL, 2)"),
            "INSERT t {id IS NOT NULL} {n IS NOT NULL} {(n < 100)}\n  VALUES 2 rows (1, 7, 'x') (2, 7, NULL)\n");
  EXPECT_THAT(Plan("INSERT INTO t VALUES (1, DEFAULT, 5)"), HasSubstr("(1, 7, CAST(5 AS VARCHAR))"));
  EXPECT_THAT(Plan("INSERT INTO p SELECT id, s FROM t"), HasSubstr("PROJECT CAST(id AS INTEGER) AS a, s AS b"));
  EXPECT_THAT(Plan("INSERT INTO p VALUES ((SELECT max(n) FROM t), 'x'), (2, 'y')"), HasSubstr("UNION ALL"));
  EXPECT_THAT(Plan("INSERT INTO t DEFAULT VALUES"), HasSubstr("PROJECT NULL AS id, 7 AS n, NULL AS s"));
  EXPECT_THAT(Plan("INSERT INTO t VALUES (1)"), StartsWith("42601@"));
  EXPECT_THAT(Plan("INSERT INTO t(id, id) VALUES (1, 2)"), StartsWith("42701@18"));
  EXPECT_THAT(Plan("INSERT INTO t(idd) VALUES (1)"),
              StartsWith("42703@14: table \"t\" has no column \"idd\" (did you mean \"id\"?)"));
  EXPECT_THAT(Plan("INSERT INTO p VALUES (DATE '2000-01-01', 'x')"), StartsWith("42804@"));
  EXPECT_THAT(Plan("INSERT INTO v VALUES (1)"), StartsWith("42809@"));
  EXPECT_THAT(Plan("INSERT OR REPLACE INTO p VALUES (1, 'x')"), StartsWith("0A000@7"));
  EXPECT_THAT(Plan("INSERT INTO p VALUES (1, 'x') ON CONFLICT DO NOTHING"), StartsWith("0A000@"));
  EXPECT_THAT(Plan("INSERT INTO p VALUES (1, 'x') RETURNING a"), StartsWith("0A000@"));
}

TEST_F(StatementTest, UpdateAndDelete) {
  EXPECT_EQ(
      Plan("UPDATE t SET n = n + 1, s = DEFAULT WHERE id = 5"),
      "UPDATE t {n IS NOT NULL} {(n < 100)}\n  PROJECT row id, id, (n + 1) AS n, NULL AS s\n    FILTER (id = 5)\n   "
      "   SCAN t [id, n, s, row id]\n");
  EXPECT_EQ(
      Plan("DELETE FROM t WHERE s IN (SELECT b FROM p)"),
      "DELETE t\n  PROJECT row id\n    HASH_JOIN SEMI (s = b)\n      SCAN t [id, n, s, row id]\n      PROJECT b\n    "
      "    SCAN p [a, b]\n");
  EXPECT_THAT(Plan("UPDATE t SET n = (SELECT max(a) FROM p WHERE b = s)"), HasSubstr("HASH_JOIN LEFT"));
  EXPECT_THAT(Plan("UPDATE t SET n = 1, n = 2"), StartsWith("42701@"));
  EXPECT_THAT(Plan("UPDATE t SET q = 1"), StartsWith("42703@13"));
  EXPECT_THAT(Plan("UPDATE t SET n = 1 FROM p"), StartsWith("0A000@"));
}

TEST_F(StatementTest, Copy) {
  EXPECT_EQ(Plan("COPY p FROM 'f.csv' (HEADER, DELIMITER '|')"), "INSERT BULK p\n  CSV_SCAN f.csv [a, b]\n");
  EXPECT_THAT(Plan("COPY t(id, s) FROM 'f.parquet'"),
              HasSubstr("PROJECT id, 7 AS n, s\n    PARQUET_SCAN f.parquet [id, s]"));
  EXPECT_THAT(Plan("COPY t FROM 'f.csv'"), StartsWith("22P04@12"));
  EXPECT_THAT(Plan("COPY p FROM 'missing.csv'"), StartsWith("58P01@12"));
  EXPECT_THAT(Plan("COPY (SELECT a FROM p) TO 'f.csv'"), StartsWith("COPY_TO CSV f.csv\n  PROJECT a"));
  EXPECT_THAT(Plan("COPY (SELECT INTERVAL 1 DAY) TO 'f.parquet'"), StartsWith("0A000@"));
}

TEST_F(StatementTest, CreateTable) {
  const TableSchemaPtr table = harness_.catalog.FindTable("T");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->primary_key, std::vector<uint32_t>{0});
  EXPECT_EQ(table->primary_key_name, "t_pkey");
  EXPECT_TRUE(table->columns[0].not_null);
  EXPECT_EQ(table->columns[1].default_sql, "7");
  ASSERT_EQ(table->checks.size(), 1u);
  EXPECT_EQ(table->checks[0].name, "t_check");
  EXPECT_EQ(table->checks[0].sql, "n < 100");
  EXPECT_THAT(Plan("CREATE TABLE x(a INTEGER, A TEXT)"), StartsWith("42701@26"));
  EXPECT_THAT(Plan("CREATE INDEX i ON t(id + 1)"), StartsWith("0A000@23"));
  EXPECT_THAT(Plan("CREATE INDEX i ON t(id) WHERE id > 1"), StartsWith("0A000@33"));
  EXPECT_THAT(Plan("CREATE INDEX i ON t(id, id)"), StartsWith("42701@24"));
  EXPECT_THAT(Plan("CREATE INDEX i ON nosuch(id)"), StartsWith("42P01@18"));
  EXPECT_THAT(Plan("CREATE TABLE x(a INTEGER REFERENCES t(id))"), StartsWith("0A000@25"));
  EXPECT_THAT(Plan("CREATE TABLE x(a INTEGER PRIMARY KEY, PRIMARY KEY (a))"), StartsWith("42P16@"));
  EXPECT_THAT(Plan("CREATE TABLE x(a INTEGER CHECK (b > 1))"), StartsWith("42703@"));
  EXPECT_THAT(Plan("CREATE TABLE x(a DATE DEFAULT 'soon')"), StartsWith("22007@"));
  EXPECT_THAT(Plan("CREATE TABLE x(a WIDGET)"), StartsWith("42"));
  EXPECT_THAT(Plan("CREATE TEMP TABLE x(a INTEGER)"), StartsWith("0A000@"));
}

TEST_F(StatementTest, CreateTableAsAndViews) {
  auto bound = harness_.Bind("CREATE TABLE x AS SELECT id, n + 0.5 AS h, NULL AS z FROM t");
  ASSERT_TRUE(bound.ok()) << bound.status().ToString();
  const auto& create = std::get<BoundCreateTable>(*bound);
  ASSERT_EQ(create.schema.columns.size(), 3u);
  EXPECT_EQ(create.schema.columns[1].name, "h");
  EXPECT_EQ(create.schema.columns[2].type, LogicalType(TypeId::kVarchar));
  ASSERT_TRUE(create.source.has_value());
  EXPECT_EQ(CheckPlan(*create.source->root), "");
  bound = harness_.Bind("CREATE VIEW w(k) AS SELECT id FROM t");
  ASSERT_TRUE(bound.ok()) << bound.status().ToString();
  EXPECT_EQ(std::get<BoundCreateView>(*bound).schema.sql, "SELECT id FROM t");
  EXPECT_EQ(std::get<BoundCreateView>(*bound).schema.column_names, std::vector<std::string>{"k"});
  EXPECT_THAT(Plan("CREATE VIEW w AS SELECT ?"), StartsWith("42P02@"));
}

TEST_F(StatementTest, Utilities) {
  auto bound = harness_.Bind("SET threads = 4");
  ASSERT_TRUE(bound.ok()) << bound.status().ToString();
  EXPECT_EQ(std::get<BoundSet>(*bound).name, "threads");
  EXPECT_EQ(std::get<BoundSet>(*bound).value, Value::Integer(TypeId::kInteger, 4));
  bound = harness_.Bind("SET synchronous TO Off");
  ASSERT_TRUE(bound.ok()) << bound.status().ToString();
  EXPECT_EQ(std::get<BoundSet>(*bound).value, Value::Varchar("off"));
  EXPECT_THAT(Plan("SHOW TABLES"), HasSubstr("('p') ('t') ('v')"));
  EXPECT_THAT(Plan("DESCRIBE t"), HasSubstr("('id', 'BIGINT', 'NO', 'PRI', NULL)"));
  bound = harness_.Bind("EXPLAIN ANALYZE SELECT 1");
  ASSERT_TRUE(bound.ok()) << bound.status().ToString();
  EXPECT_TRUE(std::get<BoundExplain>(*bound).analyze);
  EXPECT_THAT(Plan("BEGIN IMMEDIATE"), StartsWith("0A000@"));
  EXPECT_THAT(Plan("SAVEPOINT s"), StartsWith("0A000@0"));
  EXPECT_THAT(Plan("VACUUM t"), StartsWith("0A000@0"));
}

}  // namespace
}  // namespace llkv
