// CSV and Parquet: round trips, header and type detection, and errors that name line and column.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "base/error.h"
#include "formats/csv_records.h"
#include "formats/file_format.h"
#include "types/value.h"

namespace llkv {
namespace {

class Formats : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() / (std::string("llkv_formats_") + info->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  std::string WriteText(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
    return Path(name);
  }
  static std::string ReadText(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  /// All rows with all columns, each of the reader's own type.
  static arrow::Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> ReadAll(const FileReader& reader) {
    std::vector<uint32_t> indexes;
    std::vector<LogicalType> types;
    for (uint32_t i = 0; i < reader.columns().size(); ++i) {
      indexes.push_back(i);
      types.push_back(reader.columns()[i].type);
    }
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    ARROW_ASSIGN_OR_RAISE(auto parts, reader.OpenParts(indexes, types));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto rows, parts->Next());
      if (rows == nullptr) break;
      while (true) {
        ARROW_ASSIGN_OR_RAISE(auto batch, rows->Next());
        if (batch == nullptr) break;
        batches.push_back(batch);
      }
    }
    return batches;
  }

  std::filesystem::path folder_;
};

FileOptions Csv() { return *ParseFileOptions("x.csv", {}); }

TEST_F(Formats, FindsHeaderAndTypes) {
  const std::string path =
      WriteText("a.csv", "id,name,price,day\n1,\"a,b\",1.5,2020-01-02\n2,,2.5,2020-01-03\n3,\"\",,\n");
  auto reader = OpenFileReader(FileSystem::Default(), path, Csv());
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto& columns = (*reader)->columns();
  ASSERT_EQ(columns.size(), 4U);
  EXPECT_EQ(columns[0].name, "id");
  EXPECT_EQ(columns[0].type, LogicalType(TypeId::kBigInt));
  EXPECT_EQ(columns[1].type, LogicalType(TypeId::kVarchar));
  EXPECT_EQ(columns[2].type, LogicalType(TypeId::kDouble));
  EXPECT_EQ(columns[3].type, LogicalType(TypeId::kDate));
  auto batches = ReadAll(**reader);
  ASSERT_TRUE(batches.ok()) << batches.status();
  ASSERT_EQ(batches->size(), 1U);
  const arrow::RecordBatch& batch = *batches->front();
  ASSERT_EQ(batch.num_rows(), 3);
  const auto& names = static_cast<const arrow::StringArray&>(*batch.column(1));
  EXPECT_EQ(names.GetString(0), "a,b");
  EXPECT_TRUE(names.IsNull(1));
  EXPECT_FALSE(names.IsNull(2));
  EXPECT_EQ(names.GetString(2), "");
  EXPECT_TRUE(batch.column(3)->IsNull(2));
}

TEST_F(Formats, BadValueNamesLineAndColumn) {
  const std::string path = WriteText("bad.csv", "a,b\n1,2\n2,x\n");
  const std::vector<ReaderColumn> expected = {{"a", TypeId::kBigInt}, {"b", TypeId::kBigInt}};
  auto reader = OpenFileReader(FileSystem::Default(), path, Csv(), expected);
  ASSERT_TRUE(reader.ok()) << reader.status();
  auto batches = ReadAll(**reader);
  ASSERT_FALSE(batches.ok());
  EXPECT_EQ(GetSqlState(batches.status()), sqlstate::kBadCopyFormat);
  EXPECT_NE(batches.status().message().find("bad.csv:3: column 2 (b): "), std::string::npos) << batches.status();
}

TEST_F(Formats, LineCountsQuotedLineEnds) {
  const std::string path = WriteText("bad.csv", "a,b\n1,\"x\ny\"\n\nz,w\n");
  const std::vector<ReaderColumn> expected = {{"a", TypeId::kBigInt}, {"b", TypeId::kVarchar}};
  auto batches = ReadAll(**OpenFileReader(FileSystem::Default(), path, Csv(), expected));
  ASSERT_FALSE(batches.ok());
  EXPECT_NE(batches.status().message().find("bad.csv:5: column 1 (a): "), std::string::npos) << batches.status();
}

TEST_F(Formats, WrongNumberOfFieldsNamesTheLine) {
  const std::string path = WriteText("bad.csv", "1,2\n3,4\n5\n");
  const std::vector<ReaderColumn> expected = {{"a", TypeId::kBigInt}, {"b", TypeId::kBigInt}};
  auto reader = OpenFileReader(FileSystem::Default(), path, Csv(), expected);
  arrow::Status status = reader.status();
  if (status.ok()) status = ReadAll(**reader).status();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("bad.csv:3: "), std::string::npos) << status;
}

TEST_F(Formats, TrailingDelimiterIsNoColumn) {
  const std::string path = WriteText("r.tbl", "0|AFRICA|x|\n1|AMERICA|y|\n");
  auto options = ParseFileOptions(path, {{"delimiter", Value::Varchar("|")}});
  const std::vector<ReaderColumn> expected = {{"k", TypeId::kBigInt}, {"n", TypeId::kVarchar}, {"c", TypeId::kVarchar}};
  auto batches = ReadAll(**OpenFileReader(FileSystem::Default(), path, *options, expected));
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_EQ(batches->front()->num_rows(), 2);
  EXPECT_EQ(batches->front()->num_columns(), 3);
}

/// 300,000 records with quoted line ends and quotes, and a bad number in record `bad` (none where 0); gives its line.
int64_t WriteLarge(std::ostream& out, int64_t bad) {
  int64_t line = 1;
  int64_t bad_line = 0;
  for (int64_t i = 1; i <= 300000; ++i) {
    if (i == bad) bad_line = line;
    out << (i == bad ? "x" : std::to_string(i))
        << (i % 3 == 0 ? ",\"two\nlines, \"\"quoted\"\" and some more text\"\n" : ",a 5\" disk and more of the text\n");
    line += i % 3 == 0 ? 2 : 1;
  }
  return bad_line;
}

TEST_F(Formats, LargeCsvIsCutAtRecordEnds) {
  const std::vector<ReaderColumn> expected = {{"a", TypeId::kBigInt}, {"b", TypeId::kVarchar}};
  std::ostringstream text;
  WriteLarge(text, 0);
  const std::string path = WriteText("large.csv", text.str());
  auto reader = OpenFileReader(FileSystem::Default(), path, Csv(), expected);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_GE((*reader)->num_parts(), 3U);
  auto batches = ReadAll(**reader);
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_GE(batches->size(), 3U);
  int64_t next = 1;
  for (const auto& batch : *batches) {
    const auto& numbers = static_cast<const arrow::Int64Array&>(*batch->column(0));
    const auto& texts = static_cast<const arrow::StringArray&>(*batch->column(1));
    for (int64_t row = 0; row < batch->num_rows(); ++row, ++next) {
      ASSERT_EQ(numbers.Value(row), next);
      ASSERT_EQ(texts.GetView(row),
                next % 3 == 0 ? "two\nlines, \"quoted\" and some more text" : "a 5\" disk and more of the text");
    }
  }
  EXPECT_EQ(next, 300001);
}

TEST_F(Formats, LinesAreRightBehindTheFirstPart) {
  const std::vector<ReaderColumn> expected = {{"a", TypeId::kBigInt}, {"b", TypeId::kVarchar}};
  for (const int64_t bad : {int64_t{2}, int64_t{150001}, int64_t{299999}, int64_t{300000}}) {
    std::ostringstream text;
    const int64_t line = WriteLarge(text, bad);
    const std::string path = WriteText("bad.csv", text.str());
    auto batches = ReadAll(**OpenFileReader(FileSystem::Default(), path, Csv(), expected));
    ASSERT_FALSE(batches.ok());
    const std::string where = "bad.csv:" + std::to_string(line) + ": column 1 (a): ";
    EXPECT_NE(batches.status().message().find(where), std::string::npos) << where << batches.status();
  }
}

TEST(CsvRecords, EndsAreFound) {
  const CsvRecordCutter plain(',', '"', '"');
  EXPECT_EQ(plain.EndOfRecords(""), 0U);
  EXPECT_EQ(plain.EndOfRecords("a,b"), 0U);
  EXPECT_EQ(plain.EndOfRecords("a,b\nc"), 4U);
  EXPECT_EQ(plain.EndOfRecords("a,\"b\n"), 0U);
  EXPECT_EQ(plain.EndOfRecords("a,\"b\n\"\nc\n\"x"), 9U);
  EXPECT_EQ(plain.EndOfRecords("a,\"b\"\"\n\"\n"), 9U);
  EXPECT_EQ(plain.EndOfRecords("a,b\"c\nd\n"), 8U);
  EXPECT_EQ(plain.LineOfRecord("a 5\" x\n\n\"b\nc\"\nd", 1), 1);
  EXPECT_EQ(plain.LineOfRecord("a 5\" x\n\n\"b\nc\"\nd", 2), 3);
  EXPECT_EQ(plain.LineOfRecord("a 5\" x\n\n\"b\nc\"\nd", 3), 5);
  const CsvRecordCutter escaped(',', '"', '\\');
  EXPECT_EQ(escaped.EndOfRecords("a,\"b\\\"\nc\"\n"), 10U);
  EXPECT_EQ(escaped.EndOfRecords("a,\"b\"\n\"c\\\n"), 6U);
}

std::shared_ptr<arrow::RecordBatch> SampleBatch() {
  arrow::Int64Builder ints;
  arrow::StringBuilder texts;
  EXPECT_TRUE(ints.AppendValues({1, 2}).ok());
  EXPECT_TRUE(ints.AppendNull().ok());
  EXPECT_TRUE(texts.Append("a\"b").ok());
  EXPECT_TRUE(texts.AppendNull().ok());
  EXPECT_TRUE(texts.Append("").ok());
  auto schema = arrow::schema({arrow::field("i", arrow::int64()), arrow::field("s", arrow::utf8())});
  return arrow::RecordBatch::Make(schema, 3, {*ints.Finish(), *texts.Finish()});
}

TEST_F(Formats, RoundTrips) {
  for (const std::string name : {"t.csv", "t.parquet"}) {
    const auto batch = SampleBatch();
    const FileOptions options = *ParseFileOptions(name, {});
    auto writer = OpenFileWriter(FileSystem::Default(), Path(name), options, batch->schema());
    ASSERT_TRUE(writer.ok()) << writer.status();
    ASSERT_TRUE((*writer)->Write(*batch).ok());
    EXPECT_FALSE(std::filesystem::exists(Path(name)));
    ASSERT_TRUE((*writer)->Close().ok());
    auto batches = ReadAll(**OpenFileReader(FileSystem::Default(), Path(name), options));
    ASSERT_TRUE(batches.ok()) << batches.status();
    ASSERT_EQ(batches->size(), 1U);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(batches->front()->column(i)->Equals(*batch->column(i))) << name;
  }
}

TEST_F(Formats, UnfinishedFileLeavesNothing) {
  for (const std::string name : {"t.csv", "t.parquet"}) {
    const auto batch = SampleBatch();
    {
      auto writer = OpenFileWriter(FileSystem::Default(), Path(name), *ParseFileOptions(name, {}), batch->schema());
      ASSERT_TRUE((*writer)->Write(*batch).ok());
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder_));
  }
}

TEST_F(Formats, IntervalsAreTextInCsvAndRefusedInParquet) {
  arrow::MonthDayNanoIntervalBuilder builder;
  ASSERT_TRUE(builder.Append({14, 3, 1000000000}).ok());
  auto schema = arrow::schema({arrow::field("v", arrow::month_day_nano_interval())});
  const auto batch = arrow::RecordBatch::Make(schema, 1, {*builder.Finish()});
  auto writer = OpenFileWriter(FileSystem::Default(), Path("v.csv"), Csv(), schema);
  ASSERT_TRUE((*writer)->Write(*batch).ok());
  ASSERT_TRUE((*writer)->Close().ok());
  auto batches = ReadAll(**OpenFileReader(FileSystem::Default(), Path("v.csv"), Csv(), {{"v", TypeId::kInterval}}));
  ASSERT_TRUE(batches.ok()) << batches.status() << ReadText(Path("v.csv"));
  EXPECT_TRUE(batches->front()->column(0)->Equals(*batch->column(0)));
  auto refused = OpenFileWriter(FileSystem::Default(), Path("v.parquet"), *ParseFileOptions("v.parquet", {}), schema);
  EXPECT_EQ(GetSqlState(refused.status()), sqlstate::kFeatureNotSupported);
}

TEST_F(Formats, MissingAndForeignFiles) {
  EXPECT_EQ(GetSqlState(OpenFileReader(FileSystem::Default(), Path("none.csv"), Csv()).status()),
            sqlstate::kUndefinedFile);
  const std::string path = WriteText("x.parquet", "this is no parquet file at all");
  EXPECT_EQ(GetSqlState(OpenFileReader(FileSystem::Default(), path, *ParseFileOptions(path, {})).status()),
            sqlstate::kBadCopyFormat);
}

TEST_F(Formats, OptionsAreChecked) {
  EXPECT_EQ(GetSqlState(ParseFileOptions("a.csv", {{"colour", Value::Varchar("red")}}).status()),
            sqlstate::kFeatureNotSupported);
  EXPECT_EQ(GetSqlState(ParseFileOptions("a.parquet", {{"header", Value::Boolean(true)}}).status()),
            sqlstate::kFeatureNotSupported);
  EXPECT_EQ(GetSqlState(ParseFileOptions("a.csv", {{"delimiter", Value::Varchar("::")}}).status()),
            sqlstate::kInvalidParameter);
}

}  // namespace
}  // namespace llkv
