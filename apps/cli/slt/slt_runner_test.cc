// Files against a database that only knows the answers it was given.
#include "slt/slt_runner.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>

#include "llkv/error.h"
#include "slt/slt_files.h"

namespace llkv::slt {
namespace {

Value IntegerValue(int64_t value) { return {ValueKind::kInteger, value, 0, std::to_string(value)}; }

/// Answers "rows C a b …" with those integers in C columns, "bad …" with an error, "late" with one row and then an
/// error.
class FakeConnection : public SltConnection {
 public:
  arrow::Result<SltResult> Run(std::string_view sql) override {
    SltResult result;
    std::vector<std::string> words;
    for (size_t i = 0; i < sql.size();) {
      const size_t end = std::min(sql.find(' ', i), sql.size());
      words.emplace_back(sql.substr(i, end - i));
      i = end + 1;
    }
    if (words[0] == "bad") return SqlError("42703", std::string(sql));
    result.num_columns = 1;
    if (words[0] == "late") {
      result.values.push_back(IntegerValue(1));
      result.run_error = SqlError("22003", "overflow");
    } else if (words[0] == "rows") {
      result.num_columns = static_cast<size_t>(std::atoi(words[1].c_str()));
      for (size_t i = 2; i < words.size(); ++i) result.values.push_back(IntegerValue(std::atoi(words[i].c_str())));
    }
    return result;
  }
};

class FakeDatabase : public SltDatabase {
 public:
  arrow::Result<std::unique_ptr<SltConnection>> Connect() override { return std::make_unique<FakeConnection>(); }
};

FileReport RunRecords(std::string_view text, SltEngine engine = SltEngine::kSqlite) {
  FakeDatabase database;
  return RunText(text, engine, &database);
}

std::string FirstFailure(const FileReport& report) {
  return report.failures.empty() ? "" : std::to_string(report.failures[0].line) + ": " + report.failures[0].message;
}

TEST(SltRunner, NamesAFreshFolder) {
  const FileReport report = RunRecords("statement error\nbad {TEST_DIR}/a\n----\nbad {TEST_DIR}/a\n", SltEngine::kLlkv);
  EXPECT_FALSE(report.failed()) << FirstFailure(report);
  const FileReport plain = RunRecords("statement error\nbad {TEST_DIR}\n----\nbad {TEST\n");
  EXPECT_FALSE(plain.failed()) << FirstFailure(plain);
}

TEST(SltRunner, ComparesValues) {
  EXPECT_EQ(FirstFailure(RunRecords("query II rowsort\nrows 2 9 1 10 2\n----\n10\n2\n9\n1\n")), "");
  EXPECT_EQ(FirstFailure(RunRecords("query I nosort\nrows 1 2 1\n----\n1\n2\n")),
            "1: expected:\n    1\n    2\n  actual:\n    2\n    1");
  EXPECT_EQ(FirstFailure(RunRecords("query I\nrows 2 1 2\n----\n1\n2\n")), "1: expected 1 columns, got 2");
  EXPECT_EQ(FirstFailure(RunRecords("query I\nrows 1\n----\n")), "");
  EXPECT_EQ(FirstFailure(RunRecords("query I\nrows 1 1\n----\n")), "1: expected:\n    (nothing)\n  actual:\n    1");
}

TEST(SltRunner, ComparesHashes) {
  EXPECT_EQ(
      FirstFailure(RunRecords("query I\nrows 1 1 2\n----\n2 values hashing to 6ddb4095eb719e2a9f0a3f95677d24e0\n")),
      "");
  EXPECT_TRUE(RunRecords("query I\nrows 1 1 3\n----\n2 values hashing to 6ddb4095eb719e2a9f0a3f95677d24e0\n").failed());
}

TEST(SltRunner, StatementsAndErrors) {
  EXPECT_FALSE(RunRecords("statement ok\nfine\n\nstatement error\nbad one\n\nstatement maybe\nbad\n").failed());
  EXPECT_EQ(FirstFailure(RunRecords("statement ok\nbad one\n")), "1: 42703: bad one");
  EXPECT_EQ(FirstFailure(RunRecords("statement error\nfine\n")), "1: expected an error, but it succeeded");
  EXPECT_FALSE(RunRecords("statement error\nbad one\n----\nad on\n").failed());
  EXPECT_FALSE(RunRecords("statement error\nbad one\n----\n<REGEX>:42703.*one\n").failed());
  EXPECT_TRUE(RunRecords("statement error\nbad one\n----\nother\n").failed());
  EXPECT_EQ(FirstFailure(RunRecords("query I\nbad\n----\n")), "1: 42703: bad");
}

TEST(SltRunner, AnErrorWhileAQueryRunsEndsItsResultInSqliteOnly) {
  EXPECT_FALSE(RunRecords("query I\nlate\n----\n1\n").failed());
  EXPECT_TRUE(RunRecords("query I\nlate\n----\n1\n", SltEngine::kLlkv).failed());
  EXPECT_FALSE(RunRecords("statement error\nlate\n").failed());
}

TEST(SltRunner, ConditionsAndHalt) {
  const std::string text =
      "onlyif mysql\nstatement ok\nbad\n\nskipif sqlite\nstatement ok\nbad\n\nonlyif sqlite\nstatement ok\nfine\n\n"
      "onlyif mssql\nhalt\n\nstatement ok\nfine\n\nonlyif sqlite\nhalt\n\nstatement ok\nbad\n";
  const FileReport report = RunRecords(text);
  EXPECT_FALSE(report.failed());
  EXPECT_EQ(report.num_statements, 2);
  EXPECT_EQ(report.num_skipped_records, 2);
  EXPECT_FALSE(RunRecords("onlyif duckdb\nstatement ok\nfine\n", SltEngine::kLlkv).skipped());
  EXPECT_TRUE(RunRecords("skipif sqlite\nstatement ok\nfine\n", SltEngine::kLlkv).skipped());
  EXPECT_TRUE(RunRecords("").skipped());
}

TEST(SltRunner, LabelsMeanTheSameValues) {
  EXPECT_FALSE(RunRecords("query I rowsort x\nrows 1 2 1\n\nquery I rowsort x\nrows 1 1 2\n").failed());
  EXPECT_EQ(FirstFailure(RunRecords("query I rowsort x\nrows 1 1\n\nquery I rowsort x\nrows 1 2\n")),
            "4: expected the values of line 1, which has the same label x");
}

TEST(SltRunner, RowsOnALineOutsideSqlite) {
  EXPECT_FALSE(RunRecords("query II\nrows 2 1 2 3 4\n----\n1\t2\n3\t4\n", SltEngine::kDuckdb).failed());
  EXPECT_FALSE(RunRecords("query II\nrows 2 1 2 3 4\n----\n1\t2\n3\t4\n", SltEngine::kLlkv).failed());
  EXPECT_TRUE(RunRecords("query II\nrows 2 1 2 3 4\n----\n1\t2\n3\t4\n", SltEngine::kSqlite).failed());
}

TEST(SltRunner, AFileThatCannotBeReadFails) {
  const FileReport report = RunRecords("nonsense\n");
  EXPECT_TRUE(report.failed());
}

class SltFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / "slt_files_test";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "inner");
  }
  void Write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  int RunAll() {
    return RunSlt({folder_.string()}, {},
                  []() -> arrow::Result<std::unique_ptr<SltDatabase>> { return std::make_unique<FakeDatabase>(); });
  }
  std::filesystem::path folder_;
};

TEST_F(SltFiles, ExitStatus) {
  EXPECT_EQ(RunAll(), 1);
  Write("a.slt", "statement ok\nfine\n");
  Write("inner/b.test", "statement error\nbad\n");
  Write("empty.test", "");
  Write("other.txt", "nonsense\n");
  testing::internal::CaptureStdout();
  EXPECT_EQ(RunAll(), 0);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "2 passed, 0 failed, 1 skipped\n");
  Write("inner/c.test", "statement ok\nbad\n");
  testing::internal::CaptureStdout();
  EXPECT_EQ(RunAll(), 1);
  const std::string output = testing::internal::GetCapturedStdout();
  EXPECT_NE(output.find("c.test:1\n  bad\n  42703: bad\n"), std::string::npos) << output;
  EXPECT_NE(output.find("2 passed, 1 failed, 1 skipped\n"), std::string::npos) << output;
}

}  // namespace
}  // namespace llkv::slt
