// Records of SQLite's format: kinds, conditions, comments, line ends.
#include "slt/slt_parser.h"

#include <gtest/gtest.h>

namespace llkv::slt {
namespace {

std::vector<Record> Parse(std::string_view text, const FileFormat& format = {}) {
  arrow::Result<std::vector<Record>> records = ParseFile(text, format);
  EXPECT_TRUE(records.ok()) << records.status().ToString();
  return records.ok() ? std::move(*records) : std::vector<Record>();
}

TEST(SltParser, ReadsRecordsWithEitherLineEnd) {
  const std::vector<Record> records = Parse(
      "# a comment\r\n\r\nhash-threshold 8\r\n\r\nstatement ok\r\nCREATE TABLE t (a\r\n# inside\r\n INT)\r\n\r\n"
      "query IT rowsort label-1\nSELECT 1, 'x'\n----\n1\nx\n\n\nstatement error\nSELEC\n");
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[0].kind, RecordKind::kHashThreshold);
  EXPECT_EQ(records[0].threshold, 8);
  EXPECT_EQ(records[1].sql, "CREATE TABLE t (a\n INT)");
  EXPECT_EQ(records[1].line, 5);
  EXPECT_EQ(records[2].types, "IT");
  EXPECT_EQ(records[2].sort, SortMode::kRows);
  EXPECT_EQ(records[2].label, "label-1");
  EXPECT_EQ(records[2].expected, (std::vector<std::string>{"1", "x"}));
  EXPECT_EQ(records[3].expectation, Expectation::kError);
}

TEST(SltParser, ConditionsStandBeforeTheirRecord) {
  const std::vector<Record> records =
      Parse("skipif MySQL # not compatible\nonlyif sqlite\nquery I nosort\nSELECT 1\n----\n1\n\nonlyif mssql\nhalt\n");
  ASSERT_EQ(records.size(), 2U);
  ASSERT_EQ(records[0].conditions.size(), 2U);
  EXPECT_FALSE(records[0].conditions[0].only);
  EXPECT_EQ(records[0].conditions[0].name, "mysql");
  EXPECT_TRUE(records[0].conditions[1].only);
  EXPECT_EQ(records[1].kind, RecordKind::kHalt);
}

TEST(SltParser, ExpectedErrorsAndConnections) {
  FileFormat duckdb;
  duckdb.connections = true;
  duckdb.comments_in_results = true;
  const std::vector<Record> records =
      Parse("statement error con1\nSELECT x\n----\nno such\n# kept\n\nquery I con2\nSELECT 1\n----\n1\n", duckdb);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].connection, "con1");
  EXPECT_EQ(records[0].expected, (std::vector<std::string>{"no such", "# kept"}));
  EXPECT_EQ(records[1].connection, "con2");
  EXPECT_EQ(records[1].label, "");
}

TEST(SltParser, EmptyResultsAndEmptyFiles) {
  EXPECT_TRUE(Parse("").empty());
  EXPECT_TRUE(Parse("\r\n# only this\r\n").empty());
  const std::vector<Record> records = Parse("query I\nSELECT 1 WHERE 0\n----\n\nquery I\nSELECT 1\n----");
  ASSERT_EQ(records.size(), 2U);
  EXPECT_TRUE(records[0].has_expected);
  EXPECT_TRUE(records[0].expected.empty());
}

TEST(SltParser, SaysWhatItDoesNotKnow) {
  EXPECT_EQ(ParseFile("\nstatemnt ok\nSELECT 1\n", {}).status().message(),
            "line 2: this begins no record that is known: statemnt ok");
  EXPECT_FALSE(ParseFile("statement\n", {}).ok());
  EXPECT_FALSE(ParseFile("query X\nSELECT 1\n", {}).ok());
  EXPECT_FALSE(ParseFile("hash-threshold x\n", {}).ok());
}

}  // namespace
}  // namespace llkv::slt
