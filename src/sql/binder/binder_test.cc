// Plans and errors of queries: names, types, joins, aggregates, set operations, WITH, views, parameters.
#include "sql/binder/binder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/binder/testing/fake_catalog.h"

namespace llkv {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class BinderTest : public testing::Test {
 protected:
  void SetUp() override {
    harness_.Create(
        "CREATE TABLE t(a INTEGER, b BIGINT, c VARCHAR, d DECIMAL(15,2), e DATE);"
        "CREATE TABLE u(a INTEGER, x DOUBLE, y VARCHAR);"
        "CREATE VIEW v(p, q) AS SELECT a, b + 1 FROM t WHERE a > 0;");
  }
  std::string Plan(const std::string& sql) { return harness_.Plan(sql); }

  BinderHarness harness_;
};

TEST_F(BinderTest, SelectsColumnsAndLiterals) {
  EXPECT_EQ(Plan("SELECT a, B AS two FROM T"), "PROJECT a, b AS two\n  SCAN t [a, b, c, d, e]\n");
  EXPECT_EQ(Plan("SELECT 1, 'x', NULL, 1.50, 1e3"),
            "PROJECT 1, 'x', NULL, 1.50, CAST(1000 AS DOUBLE) AS 1e3\n  VALUES 1 row\n");
  EXPECT_EQ(Plan("SELECT t.* FROM t WHERE b = 5"),
            "PROJECT a, b, c, d, e\n  FILTER (b = 5)\n    SCAN t [a, b, c, d, e]\n");
}

TEST_F(BinderTest, LiteralsHaveTheSmallestType) {
  const auto type = [&](const std::string& sql) {
    const LogicalPlanPtr plan = harness_.Root("SELECT " + sql);
    return plan == nullptr ? std::string("none") : plan->output[0].type.ToString();
  };
  EXPECT_EQ(type("1"), "INTEGER");
  EXPECT_EQ(type("-2147483648"), "INTEGER");
  EXPECT_EQ(type("2147483648"), "BIGINT");
  EXPECT_EQ(type("-9223372036854775808"), "BIGINT");
  EXPECT_EQ(type("9223372036854775808"), "HUGEINT");
  EXPECT_EQ(type("0.05"), "DECIMAL(2,2)");
  EXPECT_EQ(type("100.00"), "DECIMAL(5,2)");
  EXPECT_EQ(type("1e5"), "DOUBLE");
  EXPECT_EQ(type("DATE '1995-01-01'"), "DATE");
  EXPECT_EQ(type("INTERVAL '3' MONTH"), "INTERVAL");
  EXPECT_EQ(type("CASE WHEN true THEN 1 ELSE 2.5 END"), "DECIMAL(11,1)");
}

TEST_F(BinderTest, NamesThatAreNotThere) {
  EXPECT_EQ(Plan("SELECT z FROM t"), "42703@7: there is no column \"z\"");
  EXPECT_EQ(Plan("SELECT 1 FROM tt"), "42P01@14: there is no table \"tt\" (did you mean \"t\"?)");
  EXPECT_EQ(Plan("SELECT s.a FROM t"), "42P01@7: there is no table \"s\" in FROM");
  EXPECT_EQ(Plan("SELECT t.zz FROM t"), "42703@9: table \"t\" has no column \"zz\"");
  EXPECT_THAT(Plan("SELECT a FROM t, u"), StartsWith("42702@7: column \"a\" is ambiguous (write \"t.a\" or \"u.a\")"));
  EXPECT_THAT(Plan("SELECT 1 FROM t, t"), StartsWith("42712@17"));
  EXPECT_THAT(Plan("SELECT x.a FROM t AS y"), StartsWith("42P01@7"));
}

TEST_F(BinderTest, LiteralsTakeTheColumnsType) {
  EXPECT_THAT(Plan("SELECT 1 FROM t WHERE e >= '1995-03-15'"), HasSubstr("(e >= DATE '1995-03-15')"));
  EXPECT_THAT(Plan("SELECT 1 FROM t WHERE d < 24"), HasSubstr("(d < 24.00)"));
  EXPECT_THAT(Plan("SELECT 1 FROM t WHERE b IN (1, 2)"), HasSubstr("(b IN (1, 2))"));
  EXPECT_THAT(Plan("SELECT 1 FROM t WHERE e < DATE '1994-01-01' + INTERVAL '1' YEAR"),
              HasSubstr("(e < DATE '1995-01-01')"));
  EXPECT_THAT(Plan("SELECT 1 FROM t WHERE e = 'soon'"), StartsWith("22007@"));
  EXPECT_THAT(Plan("SELECT 1 FROM t WHERE a"), StartsWith("42804@22: the condition of WHERE must be"));
  EXPECT_THAT(Plan("SELECT CASE WHEN a = 1 THEN e ELSE d END FROM t"), StartsWith("42804@"));
}

TEST_F(BinderTest, Joins) {
  EXPECT_EQ(Plan("SELECT t.a FROM t JOIN u ON t.a = u.a AND x > 1"),
            "PROJECT t.a AS a\n  HASH_JOIN INNER (t.a = u.a) AND (u.x > CAST(1 AS DOUBLE))\n    SCAN t [a, b, c, d, "
            "e]\n    SCAN u [a, "
            "x, y]\n");
  EXPECT_EQ(
      Plan("SELECT * FROM t LEFT JOIN u USING (a)"),
      "PROJECT t.a AS a, t.b AS b, t.c AS c, t.d AS d, t.e AS e, u.x AS x, u.y AS y\n  HASH_JOIN LEFT (a = a)\n    "
      "SCAN t [a, b, c, d, e]\n    SCAN u [a, x, y]\n");
  EXPECT_THAT(Plan("SELECT a FROM t FULL JOIN u USING (a)"), HasSubstr("coalesce(a, a)"));
  EXPECT_THAT(Plan("SELECT a FROM t NATURAL JOIN u"), HasSubstr("HASH_JOIN INNER (a = a)"));
  EXPECT_THAT(Plan("SELECT 1 FROM t SEMI JOIN u ON t.a < u.a"), HasSubstr("LOOP_JOIN SEMI (t.a < u.a)"));
  EXPECT_THAT(Plan("SELECT u.a FROM t SEMI JOIN u ON t.a = u.a"), StartsWith("42P01@7"));
  EXPECT_THAT(Plan("SELECT 1 FROM t JOIN u USING (b)"), StartsWith("42703@30: column \"b\" of USING"));
  EXPECT_THAT(Plan("SELECT 1 FROM t, u WHERE t.a = u.a"), HasSubstr("FILTER (t.a = u.a)\n    CROSS_JOIN"));
}

TEST_F(BinderTest, Aggregates) {
  EXPECT_EQ(Plan("SELECT c, count(*), sum(a) + 1 FROM t GROUP BY c HAVING count(*) > 2"),
            "PROJECT c, count(*), (sum(a) + 1) AS sum(a) + 1\n  FILTER (count(*) > 2)\n    AGGREGATE [c] count(*), "
            "sum(a)\n      SCAN t [a, b, c, d, e]\n");
  EXPECT_THAT(Plan("SELECT a + 1 AS k, min(b) FROM t GROUP BY k"), HasSubstr("AGGREGATE [(a + 1)] min(b)"));
  EXPECT_THAT(Plan("SELECT a, b FROM t GROUP BY 1, 2"), HasSubstr("DISTINCT [a, b]"));
  EXPECT_THAT(Plan("SELECT a, sum(b) FROM t GROUP BY ALL"), HasSubstr("AGGREGATE [a] sum(b)"));
  EXPECT_THAT(Plan("SELECT count(DISTINCT a) FILTER (WHERE b > 0) FROM t"),
              HasSubstr("count(DISTINCT a) FILTER ((b > 0))"));
  EXPECT_THAT(Plan("SELECT min(DISTINCT a) FROM t"), HasSubstr("AGGREGATE min(a)"));
  EXPECT_THAT(Plan("SELECT 1 FROM t HAVING true"), HasSubstr("AGGREGATE count(*)"));
  EXPECT_EQ(Plan("SELECT a, count(*) FROM t"),
            "42803@7: column \"a\" must stand in GROUP BY or within an aggregate function");
  EXPECT_THAT(Plan("SELECT 1 FROM t WHERE sum(a) > 1"),
              StartsWith("42803@22: aggregate functions are not allowed in WHERE"));
  EXPECT_THAT(Plan("SELECT sum(max(a)) FROM t"), StartsWith("42803@11: calls of aggregate functions cannot be nested"));
  EXPECT_THAT(Plan("SELECT a FROM t GROUP BY 2"), StartsWith("42P10@25"));
  EXPECT_THAT(Plan("SELECT a, count(*) FROM t GROUP BY ROLLUP (a)"), HasSubstr("AGGREGATE [a] SETS (a), () count(*)"));
  EXPECT_THAT(Plan("SELECT string_agg(a, ',' ORDER BY b DESC) FROM t"), HasSubstr("string_agg ORDER BY desc("));
}

TEST_F(BinderTest, Windows) {
  EXPECT_THAT(Plan("SELECT sum(a) OVER (PARTITION BY c ORDER BY b DESC) FROM t"),
              HasSubstr("  WINDOW sum(a) [PARTITION BY c] [ORDER BY b DESC]\n    SCAN t"));
  // One node for orders that begin alike, one for each other order; equal calls are one.
  EXPECT_THAT(Plan("SELECT rank() OVER (ORDER BY a), rank() OVER (ORDER BY a, b), rank() OVER (ORDER BY a) FROM t"),
              HasSubstr("  WINDOW rank() ORDER BY a, rank() [ORDER BY a, b]\n    SCAN t"));
  EXPECT_THAT(Plan("SELECT rank() OVER (ORDER BY a), rank() OVER (ORDER BY b) FROM t"),
              HasSubstr("  WINDOW rank() [ORDER BY b]\n    WINDOW rank() [ORDER BY a]\n      SCAN t"));
  EXPECT_THAT(Plan("SELECT sum(sum(a)) OVER (ORDER BY c) FROM t GROUP BY c"),
              HasSubstr("  WINDOW sum(sum(a)) [ORDER BY c]\n    AGGREGATE [c] sum(a)"));
  EXPECT_THAT(Plan("SELECT a FROM t QUALIFY row_number() OVER w = 1 WINDOW w AS (ORDER BY b)"), HasSubstr("42601"));
  EXPECT_THAT(Plan("SELECT a FROM t WINDOW w AS (ORDER BY b) QUALIFY row_number() OVER w = 1"),
              HasSubstr("  FILTER (row_number() OVER w = 1)\n    WINDOW row_number() [ORDER BY b]"));
  EXPECT_THAT(Plan("SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN 2 PRECEDING AND ? FOLLOWING) FROM t"),
              HasSubstr("WINDOW sum(a) ROWS BETWEEN 2 PRECEDING AND $1 FOLLOWING [ORDER BY b]"));
  EXPECT_THAT(Plan("SELECT a FROM t WHERE rank() OVER () = 1"), StartsWith("42P20@22: OVER is not allowed in WHERE"));
  EXPECT_THAT(Plan("SELECT sum(rank() OVER ()) FROM t"), StartsWith("42P20@11"));
  EXPECT_THAT(Plan("SELECT sum(a) OVER (ORDER BY b RANGE 1 PRECEDING) FROM t"), StartsWith("0A000@37"));
  EXPECT_THAT(Plan("SELECT sum(a) OVER w FROM t"), StartsWith("42704@19"));
}

TEST_F(BinderTest, OrderAndLimit) {
  EXPECT_EQ(
      Plan("SELECT a FROM t ORDER BY b DESC, 1 LIMIT 3 OFFSET 1"),
      "PROJECT a\n  LIMIT 3 OFFSET 1\n    SORT order DESC, a\n      PROJECT a, b AS order\n        SCAN t [a, b, c, "
      "d, e]\n");
  EXPECT_THAT(Plan("SELECT a AS b FROM t ORDER BY b"), HasSubstr("SORT b\n  PROJECT a AS b"));
  EXPECT_THAT(Plan("SELECT a FROM t ORDER BY a NULLS FIRST"), HasSubstr("SORT a NULLS FIRST"));
  EXPECT_THAT(Plan("SELECT DISTINCT a FROM t ORDER BY a"), HasSubstr("SORT a\n  DISTINCT [a]\n    PROJECT a"));
  EXPECT_THAT(Plan("SELECT DISTINCT a FROM t ORDER BY b"), StartsWith("42P10@"));
  EXPECT_THAT(Plan("SELECT a FROM t LIMIT 10 PERCENT"), StartsWith("0A000@"));
  EXPECT_THAT(Plan("SELECT a FROM t ORDER BY 2"), StartsWith("42P10@25"));
  EXPECT_THAT(Plan("SELECT a FROM t LIMIT a"), StartsWith("42703@"));
  EXPECT_THAT(Plan("SELECT sum(a) AS s FROM t GROUP BY c ORDER BY s + 1"), HasSubstr("(sum(a) + 1) AS order"));
}

TEST_F(BinderTest, SetOperations) {
  EXPECT_EQ(
      Plan("SELECT a FROM t UNION ALL SELECT x FROM u"),
      "UNION ALL\n  PROJECT CAST(a AS DOUBLE) AS a\n    PROJECT a\n      SCAN t [a, b, c, d, e]\n  PROJECT x\n    "
      "SCAN u [a, x, y]\n");
  EXPECT_THAT(Plan("SELECT 1 UNION SELECT 2 ORDER BY 1"), StartsWith("SORT 1\n  UNION\n"));
  EXPECT_THAT(Plan("VALUES (1, 'a'), (2.5, NULL)"), HasSubstr("VALUES 2 rows (1.0, 'a') (2.5, NULL)"));
  EXPECT_THAT(Plan("SELECT a, b FROM t EXCEPT SELECT a FROM u"), StartsWith("42601@"));
  EXPECT_THAT(Plan("SELECT e FROM t INTERSECT SELECT a FROM u"), StartsWith("42804@"));
  EXPECT_THAT(Plan("VALUES (1), (2, 3)"), StartsWith("42601@12"));
}

TEST_F(BinderTest, CommonTableExpressions) {
  EXPECT_THAT(Plan("WITH k AS (SELECT a FROM t) SELECT * FROM k"), Not(HasSubstr("MATERIALIZE")));
  EXPECT_THAT(Plan("WITH k(n) AS (SELECT a FROM t) SELECT n FROM k, k AS l WHERE k.n = l.n"), StartsWith("42702"));
  EXPECT_THAT(Plan("WITH k(n) AS (SELECT a FROM t) SELECT k.n FROM k, k AS l WHERE k.n = l.n"),
              StartsWith("MATERIALIZE #0"));
  EXPECT_THAT(Plan("WITH k AS (SELECT 1), l AS (SELECT * FROM k), m AS (SELECT * FROM k) SELECT * FROM l, m, l AS n"),
              StartsWith("MATERIALIZE #1"));
  EXPECT_THAT(Plan("WITH k AS (SELECT z FROM t) SELECT 1"), StartsWith("42703@18"));
  EXPECT_THAT(Plan("WITH RECURSIVE k AS (SELECT 1 UNION ALL SELECT * FROM k) SELECT * FROM k"),
              HasSubstr("RECURSIVE UNION ALL #0"));
  EXPECT_THAT(Plan("WITH RECURSIVE k AS (SELECT * FROM k) SELECT * FROM k"), StartsWith("42P19@"));
}

TEST_F(BinderTest, ViewsAreBoundInPlace) {
  EXPECT_THAT(Plan("SELECT q FROM v WHERE p = 3"), HasSubstr("FILTER (p = 3)\n    PROJECT a AS p, (b + 1) AS q"));
  harness_.Create("CREATE TABLE gone(a INTEGER); CREATE VIEW w AS SELECT a FROM gone");
  TableSchema other;
  other.name = "gone";
  other.columns.push_back({FieldId(1), "b", TypeId::kInteger, false, std::nullopt});
  harness_.catalog.Add(std::move(other));
  EXPECT_EQ(Plan("SELECT * FROM w"), "42703@14: in view \"w\": there is no column \"a\"");
}

TEST_F(BinderTest, ParametersTakeTheirTypeFromContext) {
  auto bound = harness_.Bind("SELECT ? FROM t WHERE b = ? AND c LIKE ? LIMIT ?");
  ASSERT_TRUE(bound.ok()) << bound.status().ToString();
  const std::vector<LogicalType> expected{TypeId::kNull, TypeId::kBigInt, TypeId::kVarchar, TypeId::kBigInt};
  EXPECT_EQ(std::get<BoundQuery>(*bound).plan.parameter_types, expected);
  harness_.options.parameter_types = {TypeId::kDouble, TypeId::kDouble};
  EXPECT_THAT(Plan("SELECT ? FROM t WHERE a = ?"), HasSubstr("(CAST(a AS DOUBLE) = $2)"));
}

TEST_F(BinderTest, SqliteDialect) {
  harness_.options.dialect = Dialect::kSqlite;
  harness_.Create("CREATE TABLE s(i INTEGER)");
  EXPECT_EQ(harness_.catalog.FindTable("S")->columns[0].type, LogicalType(TypeId::kBigInt));
  EXPECT_THAT(Plan("SELECT i FROM s ORDER BY i, i DESC"), HasSubstr("SORT i NULLS FIRST"));
  EXPECT_THAT(Plan("SELECT i FROM s WHERE i IN ()"), HasSubstr("FILTER FALSE"));
}

}  // namespace
}  // namespace llkv
