// Subqueries as joins: every form, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/binder/testing/fake_catalog.h"

namespace llkv {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class UnnestTest : public testing::Test {
 protected:
  void SetUp() override {
    harness_.Create("CREATE TABLE t(a INTEGER, b INTEGER, c INTEGER); CREATE TABLE u(a INTEGER, x INTEGER, y INTEGER)");
  }
  std::string Plan(const std::string& sql) { return harness_.Plan(sql); }

  BinderHarness harness_;
};

TEST_F(UnnestTest, UncorrelatedScalar) {
  EXPECT_EQ(Plan("SELECT a FROM t WHERE b > (SELECT max(x) FROM u)"),
            "PROJECT a\n  FILTER (b > subquery)\n    CROSS_JOIN\n      SCAN t [a, b, c]\n      PROJECT max(x)\n        "
            "AGGREGATE max(x)\n          SCAN u [a, x, y]\n");
  EXPECT_THAT(Plan("SELECT (SELECT x FROM u) FROM t"), HasSubstr("LOOP_JOIN SINGLE"));
  EXPECT_THAT(Plan("SELECT (SELECT a, x FROM u) FROM t"), StartsWith("42601@"));
  EXPECT_THAT(Plan("SELECT count(*) FROM t GROUP BY c HAVING count(*) > (SELECT min(x) FROM u)"),
              HasSubstr("FILTER (count(*) > CAST(subquery AS BIGINT))\n    CROSS_JOIN\n      AGGREGATE [c]"));
}

TEST_F(UnnestTest, InAndExistsInWhere) {
  EXPECT_THAT(Plan("SELECT a FROM t WHERE a IN (SELECT x FROM u)"), HasSubstr("HASH_JOIN SEMI (a = x)"));
  EXPECT_THAT(Plan("SELECT a FROM t WHERE a NOT IN (SELECT x FROM u)"), HasSubstr("HASH_JOIN ANTI NULL_AWARE (a = x)"));
  EXPECT_THAT(Plan("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u)"), HasSubstr("LOOP_JOIN SEMI\n"));
  EXPECT_THAT(Plan("SELECT a FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND x < b)"),
              HasSubstr("HASH_JOIN ANTI (a = t.a) AND (x < t.b)"));
  EXPECT_THAT(Plan("SELECT a FROM t WHERE (a, b) IN (SELECT a, x FROM u)"),
              HasSubstr("HASH_JOIN SEMI (a = a) AND (b = x)"));
  // TRUE, NULL or FALSE by two tests.
  EXPECT_THAT(Plan("SELECT a FROM t WHERE (a, b) NOT IN (SELECT a, x FROM u)"),
              HasSubstr("HASH_JOIN MARK (a = a) AND (b = x)"));
  EXPECT_THAT(Plan("SELECT a FROM t WHERE a IN (SELECT x FROM u WHERE u.y > t.b)"),
              HasSubstr("HASH_JOIN SEMI (a = x) AND (y > t.b)"));
}

TEST_F(UnnestTest, InAndExistsElsewhere) {
  EXPECT_THAT(Plan("SELECT a IN (SELECT x FROM u) FROM t"), HasSubstr("HASH_JOIN MARK NULL_AWARE (a = x)"));
  EXPECT_THAT(Plan("SELECT a FROM t WHERE b = 1 OR EXISTS (SELECT 1 FROM u WHERE x < b)"),
              HasSubstr("LOOP_JOIN MARK (x < t.b)"));
  EXPECT_THAT(Plan("SELECT CASE WHEN EXISTS (SELECT 1 FROM u WHERE u.a = t.a LIMIT 1) THEN 1 END FROM t"),
              HasSubstr("HASH_JOIN MARK (a = t.a)"));
}

TEST_F(UnnestTest, ScalarAggregateByEquality) {
  EXPECT_EQ(Plan("SELECT (SELECT count(*) FROM u WHERE u.a = t.a AND x > 2) FROM t"),
            "PROJECT coalesce(count(*), 0) AS (SELECT count(*) FROM u WHERE u.a = t.a AND x > 2)\n  HASH_JOIN LEFT (a "
            "= t.a)\n    SCAN t [a, b, c]\n    AGGREGATE [a] count(*)\n      FILTER (x > 2)\n        SCAN u [a, x, "
            "y]\n");
  // A comparison drops rows without a match, so the join is an inner one.
  EXPECT_THAT(Plan("SELECT a FROM t WHERE b < (SELECT sum(x) FROM u WHERE u.a = t.a)"),
              HasSubstr("HASH_JOIN INNER (a = t.a)"));
  // A count does not.
  EXPECT_THAT(Plan("SELECT a FROM t WHERE b = (SELECT count(*) FROM u WHERE u.a = t.a)"),
              HasSubstr("HASH_JOIN LEFT (a = t.a)"));
  EXPECT_THAT(Plan("SELECT (SELECT sum(x) FROM u WHERE u.a = t.a HAVING count(*) > 1) FROM t"),
              HasSubstr("CASE WHEN (coalesce(count(*), 0) > 1) THEN sum(x) ELSE NULL END"));
}

TEST_F(UnnestTest, ScalarAggregateByAnyPredicate) {
  EXPECT_EQ(
      Plan("SELECT (SELECT count(*) FROM u WHERE x < t.b) FROM t"),
      "PROJECT coalesce(count(*), 0) AS (SELECT count(*) FROM u WHERE x < t.b)\n  MATERIALIZE #0\n    SCAN t [a, b, "
      "c]\n    HASH_JOIN LEFT (b = b)\n      MATERIALIZED_SCAN #0 [a, b, c]\n      AGGREGATE [b] count(*)\n        "
      "FILTER (x < t.b)\n          CROSS_JOIN\n            DISTINCT [b]\n              MATERIALIZED_SCAN #0 [b]\n    "
      "        SCAN u [a, x, y]\n");
  // The predicate may hold for NULL: rows match by IS NOT DISTINCT FROM.
  EXPECT_THAT(Plan("SELECT (SELECT count(*) FROM u WHERE x IS NOT DISTINCT FROM t.b) FROM t"),
              HasSubstr("LEFT is_not_distinct_from(b, b)"));
  EXPECT_THAT(Plan("SELECT (SELECT sum(x + t.b) FROM u WHERE u.a = t.a) FROM t"), HasSubstr("MATERIALIZE #0"));
}

TEST_F(UnnestTest, GeneralForms) {
  EXPECT_EQ(Plan("SELECT (SELECT t.a + 1) FROM t"), "PROJECT (t.a + 1) AS (SELECT t.a + 1)\n  SCAN t [a, b, c]\n");
  EXPECT_THAT(Plan("SELECT (SELECT x FROM u WHERE u.a = t.a) FROM t"), HasSubstr("HASH_JOIN SINGLE (a = t.a)"));
  for (const char* sql : {
           "SELECT (SELECT sum(x) FROM u WHERE u.a = t.a GROUP BY y) FROM t",
           "SELECT (SELECT max(s) FROM (SELECT sum(x) AS s FROM u WHERE u.a < t.a GROUP BY y) AS k) FROM t",
           "SELECT (SELECT max(s) FROM (SELECT sum(x) AS s FROM u WHERE u.a < t.a) AS k) FROM t",
           "SELECT a FROM t WHERE EXISTS (SELECT y FROM u WHERE u.a < t.a GROUP BY y HAVING count(*) > t.b)",
           "SELECT a FROM t WHERE a IN (SELECT x FROM u WHERE u.a = t.a UNION ALL SELECT y FROM u WHERE u.a > t.b)",
           "SELECT a FROM t WHERE a NOT IN (SELECT count(*) FROM u WHERE u.a = t.a)",
           "SELECT (SELECT count(*) FROM u LEFT JOIN u AS w ON u.x = w.x AND w.y = t.b) FROM t",
           "SELECT (SELECT count(DISTINCT x) FROM u JOIN t AS w ON w.a = u.a WHERE u.y < t.c OR w.b > t.b) FROM t",
           "SELECT c, (SELECT count(*) FROM u WHERE x < t.c) FROM t GROUP BY c",
           "SELECT c FROM t GROUP BY c HAVING (SELECT count(*) FROM u WHERE x < t.c) > 2",
           "SELECT sum((SELECT count(*) FROM u WHERE x < t.c)) FROM t",
           "SELECT a FROM t ORDER BY (SELECT count(*) FROM u WHERE x < t.a)",
           "SELECT a FROM t WHERE b > ALL (SELECT x FROM u)",
           "SELECT a FROM t WHERE b <> ANY (SELECT x FROM u)",
           "WITH k AS (SELECT * FROM u) SELECT (SELECT count(*) FROM k WHERE k.x < t.a), (SELECT max(x) FROM k) FROM t",
           "WITH k AS (SELECT * FROM u) SELECT (SELECT t.b + k.x FROM k), a IN (SELECT t.b FROM k) FROM t",
           "WITH k AS (SELECT x FROM u) SELECT (SELECT * FROM k), EXISTS (FROM k) FROM t",
           "SELECT (SELECT count(*) FROM u WHERE u.a = t.a AND x > (SELECT y FROM u AS w WHERE w.x = u.y)) FROM t",
           "SELECT DISTINCT a FROM t WHERE a = (SELECT DISTINCT x FROM u WHERE u.a = t.a)",
       }) {
    const std::string plan = Plan(sql);
    EXPECT_THAT(plan, Not(HasSubstr("@"))) << sql << "\n" << plan;
    EXPECT_THAT(plan, Not(HasSubstr("WRONG"))) << sql << "\n" << plan;
  }
}

TEST_F(UnnestTest, DeepCorrelationBecomesJoinsOfEachLevel) {
  EXPECT_THAT(
      Plan("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE EXISTS (SELECT 1 FROM u AS w WHERE w.a = t.a))"),
      HasSubstr("HASH_JOIN SEMI is_not_distinct_from(a, a)"));
  EXPECT_THAT(Plan("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND EXISTS (SELECT 1 FROM u AS w "
                   "WHERE w.x = u.x))"),
              HasSubstr("HASH_JOIN SEMI (a = t.a)"));
}

TEST_F(UnnestTest, LateralItemsAreJoins) {
  EXPECT_THAT(Plan("SELECT a, z.x FROM t, LATERAL (SELECT x FROM u WHERE u.a = t.a) z"),
              HasSubstr("HASH_JOIN INNER (a = t.a)"));
  EXPECT_THAT(Plan("SELECT a, z.x FROM t LEFT JOIN LATERAL (SELECT x FROM u WHERE u.a = t.a) z ON TRUE"),
              HasSubstr("HASH_JOIN LEFT"));
  // Nothing but expressions: no join is left.
  EXPECT_THAT(Plan("SELECT a, z.x FROM t, LATERAL (SELECT a + b AS x) z"), Not(HasSubstr("HASH_JOIN")));
}

TEST_F(UnnestTest, LimitsCountRowsOfEachOuterValue) {
  EXPECT_THAT(Plan("SELECT (SELECT x FROM u WHERE u.a = t.a ORDER BY x LIMIT 1) FROM t"),
              HasSubstr("FILTER (row_number <= 1)\n          WINDOW row_number() [PARTITION BY a] [ORDER BY x]"));
}

TEST_F(UnnestTest, WhatHasNoForm) {
  EXPECT_THAT(Plan("SELECT a, (SELECT count(*) FROM u WHERE x < t.b) FROM t GROUP BY a"), StartsWith("42803@"));
}

TEST_F(UnnestTest, ConditionsOfOuterJoinsReadBothSides) {
  const std::string condition = "1 = (SELECT max(v.x) FROM u AS v WHERE v.a = t.a AND v.y = u.y)";
  EXPECT_THAT(Plan("SELECT 1 FROM t LEFT JOIN u ON " + condition),
              AllOf(HasSubstr("HASH_JOIN LEFT (row number = row number)"), HasSubstr("FILTER (1 = max(x))")));
  EXPECT_THAT(Plan("SELECT 1 FROM t RIGHT JOIN u ON " + condition),
              HasSubstr("HASH_JOIN RIGHT (row number = row number)"));
  EXPECT_THAT(Plan("SELECT 1 FROM t FULL JOIN u ON " + condition),
              AllOf(HasSubstr("HASH_JOIN FULL (row number = row number)"),
                    HasSubstr("HASH_JOIN LEFT (row number = row number)")));
}

TEST_F(UnnestTest, AggregatesOfOuterColumnsAreTheOuterQuerys) {
  EXPECT_THAT(Plan("SELECT b, (SELECT count(*) FROM u WHERE u.x < sum(t.a)) FROM t GROUP BY b"),
              HasSubstr("    AGGREGATE [b] sum(t.a)\n      SCAN t"));
  EXPECT_THAT(Plan("SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.x < sum(t.a))"), StartsWith("42803@"));
}

TEST_F(UnnestTest, TermsThatCanFailKeepTheirPlace) {
  EXPECT_EQ(Plan("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a) AND c > 1 AND 10 / b > 1")
                .find("PROJECT a\n  FILTER"),
            0u);
}

}  // namespace
}  // namespace llkv
