// Scripts, errors and their places, nesting.
#include "sql/parser/parser.h"

#include <string>

#include "sql/parser/parser_test_support.h"

namespace llkv {
namespace {

std::string Repeat(std::string_view text, size_t count) {
  std::string out;
  out.reserve(text.size() * count);
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(ParseScript, SplitsAtSemicolons) {
  const std::string sql = ";; SELECT ';' ; -- ;\nSELECT $$;$$;\n/* ; */ VALUES (1)";
  auto script = ParseScript(sql);
  ASSERT_TRUE(script.ok()) << script.status().ToString();
  ASSERT_EQ(script->size(), 3U);
  const AstRange& first = (*script)[0]->range;
  EXPECT_EQ(sql.substr(static_cast<size_t>(first.position), static_cast<size_t>(first.end - first.position)),
            "SELECT ';'");
  const AstRange& last = (*script)[2]->range;
  EXPECT_EQ(sql.substr(static_cast<size_t>(last.position)), "VALUES (1)");
  EXPECT_EQ(last.end, static_cast<int64_t>(sql.size()));
}

TEST(ParseScript, ScriptParserGoesOnBehindAnError) {
  ScriptParser script("SELECT 1; SELEC 2; SELECT 3");
  EXPECT_TRUE(script.Next().ok());
  arrow::Result<AstStatementPtr> failed = script.Next();
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(GetSqlError(failed.status())->position(), 10);
  EXPECT_EQ(GetSqlError(failed.status())->hint(), "Did you mean SELECT instead of \"SELEC\"?");
  arrow::Result<AstStatementPtr> third = script.Next();
  ASSERT_TRUE(third.ok());
  EXPECT_EQ((*third)->range.position, 19);
  EXPECT_EQ(*script.Next(), nullptr);
}

TEST(ParseScript, OneStatement) {
  EXPECT_TRUE(ParseStatement("SELECT 1;  ").ok());
  EXPECT_EQ(ParseStatement("SELECT 1; SELECT 2").status().message(), "there is more than one statement");
  EXPECT_EQ(ParseStatement(" -- nothing").status().message(), "there is no statement");
}

TEST(SplitStatements, SaysWhetherTheInputIsComplete) {
  EXPECT_FALSE(SplitStatements("SELECT 1;").incomplete);
  EXPECT_FALSE(SplitStatements("SELECT 1; -- more\n").incomplete);
  EXPECT_FALSE(SplitStatements("").incomplete);
  EXPECT_TRUE(SplitStatements("SELECT 1").incomplete);
  EXPECT_TRUE(SplitStatements("SELECT 1; SELECT").incomplete);
  EXPECT_TRUE(SplitStatements("SELECT 'abc;").incomplete);
  EXPECT_TRUE(SplitStatements("SELECT 1; /* abc;").incomplete);
  EXPECT_TRUE(SplitStatements("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;").incomplete);
  EXPECT_FALSE(SplitStatements("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END;").incomplete);
  EXPECT_EQ(SplitStatements("SELECT 1; ; SELECT 2").statements.size(), 2U);
}

TEST(ParseErrors, MessagesAndPositions) {
  EXPECT_EQ(
      ErrorOf("SELECT a x FORM t"),
      "42601@11: syntax error at \"FORM\": expected a comma, FROM, WHERE, GROUP BY, ORDER BY, LIMIT or the end of "
      "the statement");
  EXPECT_EQ(ErrorOf("SELECT"), "42601@6: syntax error at the end of the statement: expected an expression");
  EXPECT_EQ(ErrorOf("SELECT (1 + 2"),
            "42601@13: syntax error at the end of the statement: expected an operator or \")\"");
  EXPECT_EQ(ErrorOf("SELECT 'abc"), "42601@7: syntax error at \"'abc\": a string has no closing quote");
  EXPECT_EQ(ErrorOf("SELECT 1abc"), "42601@7: syntax error at \"1abc\": a number is followed by letters");
  EXPECT_EQ(ErrorOf("SELECT 1; FOO"), "42601@10: syntax error at \"FOO\": expected a statement");
  EXPECT_EQ(ErrorOf("SELECT CASE WHEN 1 THEN 2"),
            "42601@25: syntax error at the end of the statement: expected WHEN, ELSE or END");
  EXPECT_EQ(ErrorOf("INSERT t VALUES (1)"), "42601@7: syntax error at \"t\": expected INTO");
  EXPECT_EQ(ErrorOf("SELECT * FROM a JOIN b"),
            "42601@22: syntax error at the end of the statement: expected JOIN, ON or USING");
  EXPECT_EQ(ErrorOf("CREATE TABLE t (a INT,, b INT)"),
            "42601@22: syntax error at \",\": expected a column or a constraint");
  EXPECT_EQ(ErrorOf("SELECT \xC2\xA0 FROM"),
            "42601@14: syntax error at the end of the statement: expected a table or a query in parentheses");
  EXPECT_EQ(ErrorOf("/* open"), "42601@0: syntax error at \"/* open\": a comment has no end");
}

TEST(ParseErrors, HintOfAMisspelledWord) {
  const arrow::Status status = ParseScript("SELECT a FORM t").status();
  ASSERT_NE(GetSqlError(status), nullptr);
  EXPECT_EQ(GetSqlError(status)->position(), 14);
  EXPECT_EQ(GetSqlError(status)->hint(), "Did you mean FROM instead of \"FORM\"?");
}

TEST(FormatErrorWithCaret, PointsAtThePlace) {
  const std::string sql = "SELECT 1;\nSELECT\t'\xC3\xA9\xC3\xA9', x y z\nFROM t";
  const arrow::Status status = ParseScript(sql).status();
  const std::string text = FormatErrorWithCaret(sql, status);
  EXPECT_NE(text.find("\nLINE 2: SELECT\t'\xC3\xA9\xC3\xA9', x y z\n              \t          ^"), std::string::npos)
      << text;
}

TEST(FormatErrorWithCaret, CutsLongLines) {
  const std::string sql = "SELECT " + Repeat("aaaa + ", 100) + ", " + Repeat("bbbb, ", 100);
  const std::string text = FormatErrorWithCaret(sql, ParseScript(sql).status());
  const size_t line = text.find("LINE 1: ...");
  ASSERT_NE(line, std::string::npos) << text;
  const size_t end = text.find('\n', line);
  const size_t caret = text.find('^', end);
  ASSERT_NE(caret, std::string::npos);
  EXPECT_EQ(text[line + (caret - end - 1)], ',') << text;
  EXPECT_LT(text.size(), 500U);
}

TEST(FormatErrorWithCaret, AtTheEndAndWithoutAPosition) {
  const std::string sql = "SELECT (1\n";
  const std::string text = FormatErrorWithCaret(sql, ParseScript(sql).status());
  EXPECT_NE(text.find("LINE 1: SELECT (1\n                 ^"), std::string::npos) << text;
  EXPECT_EQ(FormatErrorWithCaret("x", arrow::Status::Invalid("plain")), "plain");
  EXPECT_EQ(FormatErrorWithCaret("", SqlError("42601", "m", 99)), "m\nLINE 1: \n        ^");
}

TEST(ParseNesting, DeepNestingIsAnError) {
  constexpr size_t kMany = 100000;
  const std::string kCases[] = {
      "SELECT " + Repeat("(", kMany) + "1" + Repeat(")", kMany),
      "SELECT " + Repeat("NOT ", kMany) + "1",
      "SELECT " + Repeat("- ", kMany) + "1",
      "SELECT 1" + Repeat(" + 1", kMany),
      "SELECT a" + Repeat("::int", kMany),
      "SELECT a" + Repeat("[1]", kMany),
      "SELECT " + Repeat("f(", kMany) + "1" + Repeat(")", kMany),
      "SELECT " + Repeat("CASE WHEN ", kMany),
      Repeat("SELECT (", kMany),
      Repeat("(", kMany) + "SELECT 1",
      "SELECT * FROM " + Repeat("(", kMany) + "t",
      "SELECT * FROM " + Repeat("(SELECT * FROM ", kMany) + "t",
      "SELECT * FROM t" + Repeat(" CROSS JOIN t", kMany),
      "SELECT * FROM t" + Repeat(" JOIN t", kMany),
      "SELECT 1" + Repeat(" UNION SELECT 1 UNION ALL SELECT 1", kMany),
      "SELECT " + Repeat("[", kMany),
      "SELECT " + Repeat("{a: ", kMany),
      "SELECT a::" + Repeat("struct(a ", kMany),
      "SELECT 1 GROUP BY " + Repeat("ROLLUP (", kMany),
      Repeat("EXPLAIN ", kMany) + "SELECT 1",
      Repeat("WITH a AS (", kMany),
      "SELECT " + Repeat("a IN (SELECT ", kMany),
      "SELECT " + Repeat("EXISTS (SELECT ", kMany),
      "SELECT " + Repeat("1 BETWEEN ", kMany),
      "SELECT " + Repeat("sum(1) OVER (ORDER BY ", kMany),
  };
  for (const std::string& sql : kCases) {
    EXPECT_EQ(ErrorOf(sql).substr(0, 5), "54001") << sql.substr(0, 60);
  }
}

TEST(ParseNesting, HeightsAddUpAcrossLevels) {
  // Chains inside calls inside chains: no part is too deep alone.
  std::string sql = "1";
  for (int i = 0; i < 20; ++i) sql = "f(" + sql + Repeat(" + 1", 80) + ")";
  EXPECT_EQ(ErrorOf("SELECT " + sql).substr(0, 5), "54001");
}

TEST(ParseNesting, LongListsAreNotDeep) {
  constexpr size_t kMany = 100000;
  const std::string kCases[] = {
      "SELECT 1 WHERE a" + Repeat(" AND a", kMany),
      "SELECT 1 WHERE a = 1" + Repeat(" OR a = 2", kMany),
      "SELECT 1" + Repeat(" UNION ALL SELECT 1", kMany),
      "SELECT 1" + Repeat(" UNION SELECT 1", kMany),
      "SELECT 1" + Repeat(", 1", kMany),
      "VALUES (1)" + Repeat(", (1)", kMany),
      "SELECT a IN (1" + Repeat(", 1", kMany) + ")",
      "SELECT CASE" + Repeat(" WHEN a THEN b", kMany) + " END",
      "SELECT 1 FROM t" + Repeat(", t", kMany),
      Repeat("SELECT 1;", kMany),
  };
  for (const std::string& sql : kCases) {
    auto script = ParseScript(sql);
    ASSERT_TRUE(script.ok()) << sql.substr(0, 40) << script.status().ToString();
    if (script->size() == 1) {
      const std::string printed = ToSql(*(*script)[0]->As<AstQueryStatement>().query);
      EXPECT_EQ(Printed(printed), printed);
    }
  }
}

TEST(ParseNesting, UpToTheLimitParses) {
  EXPECT_EQ(ErrorOf("SELECT " + Repeat("(", 900) + "1" + Repeat(")", 900)), "ok");
  EXPECT_EQ(ErrorOf("SELECT 1" + Repeat(" + 1", 900)), "ok");
  EXPECT_EQ(ErrorOf("SELECT * FROM t" + Repeat(" CROSS JOIN t", 900)), "ok");
}

}  // namespace
}  // namespace llkv
