// Expressions: precedence in both dialects, each form, round trips through the printer.
#include <string>
#include <utility>
#include <vector>

#include "sql/parser/parser_test_support.h"

namespace llkv {
namespace {

TEST(ParseExpr, PrecedenceOfPostgres) {
  const std::pair<const char*, const char*> kCases[] = {
      {"1 + 2 * 3", "1 + (2 * 3)"},
      {"1 - 2 - 3", "(1 - 2) - 3"},
      {"a OR b AND NOT c", "a OR (b AND (NOT c))"},
      {"NOT a = b", "NOT (a = b)"},
      {"NOT a IS NULL", "NOT (a IS NULL)"},
      {"a = b IS NULL", "(a = b) IS NULL"},
      {"a + 1 BETWEEN b AND c + 2 AND d", "((a + 1) BETWEEN b AND (c + 2)) AND d"},
      {"a || b + c", "a || (b + c)"},
      {"-a ^ 2", "(-a) ^ 2"},
      {"-a::int", "-CAST(a AS int)"},
      {"2 * -3", "2 * (-3)"},
      {"a < b = c", "(a < b) = c"},
      {"a IN (1, 2) AND b", "(a IN (1, 2)) AND b"},
      {"a LIKE b || 'x' ESCAPE '!'", "a LIKE (b || 'x') ESCAPE '!'"},
      {"a AND b AND c AND d", "a AND b AND c AND d"},
      {"a AND (b AND c)", "a AND (b AND c)"},
      {"a OR b OR c", "a OR b OR c"},
      {"a & b | c << 1", "((a & b) | c) << 1"},
      {"a -> 'b' ->> 'c'", "(a -> 'b') ->> 'c'"},
      {"a ISNULL AND b NOTNULL", "(a IS NULL) AND (b IS NOT NULL)"},
      {"a NOT NULL", "a IS NOT NULL"},
      {"a IS NOT DISTINCT FROM b", "a IS NOT DISTINCT FROM b"},
      {"a COLLATE nocase = b", "(a COLLATE nocase) = b"},
      {"x AT TIME ZONE 'UTC' + y", "(x AT TIME ZONE 'UTC') + y"},
      {"a ~~ b", "a LIKE b"},
      {"a !~~* b", "a NOT ILIKE b"},
      {"a % b // c", "(a % b) // c"},
  };
  for (const auto& [sql, expected] : kCases) EXPECT_EQ(Understood(sql), expected) << sql;
}

TEST(ParseExpr, PrecedenceOfSqlite) {
  const std::pair<const char*, const char*> kCases[] = {
      {"a || b + c", "(a || b) + c"},
      {"a = b < c", "a = (b < c)"},
      {"a IS b", "a IS NOT DISTINCT FROM b"},
      {"a IS NOT b", "a IS DISTINCT FROM b"},
      {"a = b IS NULL", "(a = b) IS NULL"},
      {"- a IS NULL", "(-a) IS NULL"},
      {"NOT a NOT IN (1)", "NOT (a NOT IN (1))"},
      {"a IN ()", "a IN ()"},
      {"a & b < c", "(a & b) < c"},
      {"a < b IN (c)", "(a < b) IN (c)"},
  };
  for (const auto& [sql, expected] : kCases) EXPECT_EQ(Understood(sql, SqliteOptions()), expected) << sql;
}

TEST(ParseExpr, SpecialForms) {
  const std::pair<const char*, const char*> kCases[] = {
      {"EXTRACT(year FROM d)", "extract('year', d)"},
      {"extract('year', d)", "extract('year', d)"},
      {"(a, b) OVERLAPS (c, d) AND e", "overlaps(a, b, c, d) AND e"},
      {"t AT LOCAL", "timezone(t)"},
      {"SUBSTRING(x FROM 2 FOR 3)", "substring(x, 2, 3)"},
      {"SUBSTRING(x FOR 3)", "substring(x, 1, 3)"},
      {"POSITION('a' IN b)", "strpos(b, 'a')"},
      {"TRIM(LEADING 'x' FROM y)", "ltrim(y, 'x')"},
      {"TRIM(BOTH FROM y)", "trim(y)"},
      {"TRIM(y)", "trim(y)"},
      {"OVERLAY(x PLACING y FROM 1 FOR 2)", "overlay(x, y, 1, 2)"},
      {"CASE a WHEN 1 THEN 2 ELSE 3 END", "CASE a WHEN 1 THEN 2 ELSE 3 END"},
      {"CASE WHEN a THEN b END", "CASE WHEN a THEN b END"},
      {"CAST(a AS decimal(12, 2))", "CAST(a AS decimal(12, 2))"},
      {"TRY_CAST(a AS varchar[])", "TRY_CAST(a AS varchar[])"},
      {"a::timestamp with time zone", "CAST(a AS timestamp with time zone)"},
      {"DATE '1995-01-01'", "date '1995-01-01'"},
      {"TIMESTAMP '1995-01-01 00:00:00'", "timestamp '1995-01-01 00:00:00'"},
      {"DECIMAL(4, 2) '1.5'", "decimal(4, 2) '1.5'"},
      {"INTERVAL '90' day", "INTERVAL '90' day"},
      {"INTERVAL 3 MONTHS", "INTERVAL 3 month"},
      {"INTERVAL '1 year'", "INTERVAL '1 year'"},
      {"INTERVAL (x + 1) HOURS", "INTERVAL (x + 1) hour"},
      {"count(*)", "count(*)"},
      {"count(DISTINCT a) FILTER (WHERE b > 0)", "count(DISTINCT a) FILTER (WHERE b > 0)"},
      {"string_agg(a, ',' ORDER BY b DESC NULLS LAST)", "string_agg(a, ',' ORDER BY b DESC NULLS LAST)"},
      {"sum(x) OVER (PARTITION BY a ORDER BY b ROWS 2 PRECEDING)",
       "sum(x) OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)"},
      {"rank() OVER w", "rank() OVER w"},
      {"percentile_cont(0.5) WITHIN GROUP (ORDER BY x)", "percentile_cont(0.5) WITHIN GROUP (ORDER BY x)"},
      {"EXISTS (SELECT 1)", "EXISTS (SELECT 1)"},
      {"a = ANY (SELECT b FROM t)", "a = ANY (SELECT b FROM t)"},
      {"a <> ALL (SELECT b FROM t)", "a <> ALL (SELECT b FROM t)"},
      {"(SELECT 1) + 2", "(SELECT 1) + 2"},
      {"((SELECT 1) UNION SELECT 2)", "(SELECT 1 UNION SELECT 2)"},
      {"(1, 2) = (3, 4)", "ROW(1, 2) = ROW(3, 4)"},
      {"[1, 2][1]", "ARRAY[1, 2][1]"},
      {"{'a': 1}", "{'a': 1}"},
      {"x'00fF'", "x'00FF'"},
      {"E'a\\n\\'b'", "'a\n''b'"},
      {"$$it's$$", "'it''s'"},
      {"a IN t", "a IN (SELECT * FROM t)"},
      {"left('abc', 2)", "left('abc', 2)"},
      {"current_date", "current_date"},
      {"1_000_000", "1000000"},
      {".5 + 1. + 1e3", "(.5 + 1.) + 1e3"},
      {"? + ?2 + :a + $b", "((? + $2) + $a) + $b"},
      {"@a$b + -@c$", "@a$b + (-@c$)"},
      {"\"Select\".\"a b\"", "\"Select\".\"a b\""},
      {"- -1", "-(-1)"},
      {"a.b.c", "a.b.c"},
      {"a NOT BETWEEN SYMMETRIC 1 AND 2", "a NOT BETWEEN SYMMETRIC 1 AND 2"},
      {"a SIMILAR TO 'x'", "a SIMILAR TO 'x'"},
      {"year + month + date", "(year + month) + date"},
  };
  for (const auto& [sql, expected] : kCases) EXPECT_EQ(Understood(sql), expected) << sql;
}

TEST(ParseExpr, PrintedTextParsesToTheSameTree) {
  const char* kCases[] = {"1 - (2 - 3)",
                          "(a OR b) AND c",
                          "-(-(1))",
                          "~(~a)",
                          "(a = b) = c",
                          "(a || b) + c",
                          "a || (b || c)",
                          "(NOT a) IS NULL",
                          "NOT (NOT a)",
                          "(a + b)::int",
                          "(a COLLATE b) || c",
                          "(- a) [1]",
                          "(a IS NULL) = b",
                          "(a ^ b) ^ c",
                          "a ^ (b ^ c)",
                          "(a BETWEEN 1 AND 2) BETWEEN 3 AND 4",
                          "a IN ((SELECT 1), 2)"};
  for (const ParserOptions& options : {ParserOptions{}, SqliteOptions()}) {
    for (const char* sql : kCases) {
      arrow::Result<AstExprPtr> expr = ParseExpression(sql, options);
      if (!expr.ok()) continue;
      const std::string printed = ToSql(**expr);
      EXPECT_EQ(Understood(printed, options), ToSql(**expr, AstParentheses::kAll)) << printed;
    }
  }
}

TEST(ParseExpr, RangesAndPositions) {
  const std::string sql = "SELECT  a + b * cc FROM t";
  auto statement = ParseAs<AstQueryStatement>(sql);
  ASSERT_NE(statement, nullptr);
  const AstExpr& sum = *statement->query->body->As<AstSelect>().items[0].expr;
  EXPECT_EQ(sum.range.position, 8);
  EXPECT_EQ(sum.range.end, 18);
  EXPECT_EQ(sum.position, 10);
  const AstExpr& product = *sum.As<AstBinary>().right;
  EXPECT_EQ(sql.substr(12, 6), "b * cc");
  EXPECT_EQ(product.range.position, 12);
  EXPECT_EQ(product.range.end, 18);
}

TEST(ParseExpr, ParametersAreNumberedAsInSqlite) {
  auto statement = ParseAs<AstQueryStatement>("SELECT ?, ?4, ?, :x, @x, $y");
  ASSERT_NE(statement, nullptr);
  const auto& items = statement->query->body->As<AstSelect>().items;
  std::vector<int> indexes;
  for (const AstSelectItem& item : items) indexes.push_back(item.expr->As<AstParameter>().index);
  EXPECT_EQ(indexes, (std::vector<int>{1, 4, 5, 6, 6, 7}));
  EXPECT_EQ(statement->num_parameters, 7);
  EXPECT_EQ(statement->parameter_names[5], "x");
  EXPECT_EQ(statement->parameter_names[6], "y");
}

TEST(ParseExpr, NamesKeepTheirSpelling) {
  auto statement = ParseAs<AstQueryStatement>("SELECT FooBar AS Baz, \"FooBar\"");
  ASSERT_NE(statement, nullptr);
  const auto& items = statement->query->body->As<AstSelect>().items;
  EXPECT_EQ(items[0].expr->As<AstColumnRef>().parts[0].text, "FooBar");
  EXPECT_EQ(items[0].expr->As<AstColumnRef>().parts[0].key, "foobar");
  EXPECT_EQ(items[0].alias.text, "Baz");
  EXPECT_EQ(items[1].expr->As<AstColumnRef>().parts[0].key, "FooBar");
  EXPECT_TRUE(items[1].expr->As<AstColumnRef>().parts[0].quoted);
}

TEST(ParseExpr, SqliteQuoting) { EXPECT_EQ(Understood("`a b` + [c d]", SqliteOptions()), "\"a b\" + \"c d\""); }

TEST(ParseType, Names) {
  for (const char* sql : {"integer", "decimal(12, 2)", "double precision", "character varying(10)", "varchar[]",
                          "integer[3][]", "timestamp(3) with time zone", "struct(a integer, b text[])",
                          "map(text, integer)", "main.mood", "\"a b\"", "\xC3\xA9t\xC3\xA9(3)"}) {
    arrow::Result<AstTypeName> type = ParseTypeName(sql);
    ASSERT_TRUE(type.ok()) << sql << type.status().ToString();
    EXPECT_EQ(ToSql(*type), sql);
  }
  EXPECT_EQ(ParseTypeName("UNSIGNED BIG INT", SqliteOptions())->name, "unsigned big int");
  EXPECT_FALSE(ParseTypeName("integer,").ok());
}

}  // namespace
}  // namespace llkv
