// Record after record: conditions, connections, expected against actual.
#include "slt/slt_runner.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>
#include <utility>

#include "llkv/error.h"
#include "slt/slt_value.h"

namespace llkv::slt {

namespace {

constexpr int64_t kMaxFailures = 100;
constexpr size_t kMaxFailuresKept = 5;
constexpr size_t kMaxLinesShown = 12;

bool Meets(SltEngine engine, const std::string& name) {
  switch (engine) {
    case SltEngine::kSqlite:
      return name == "sqlite";
    case SltEngine::kDuckdb:
      return name == "duckdb";
    case SltEngine::kLlkv:
      return name == "llkv" || name == "sqlite" || name == "duckdb";
  }
  return false;
}

std::string Shown(const std::vector<std::string>& lines) {
  std::string out;
  for (size_t i = 0; i < lines.size() && i < kMaxLinesShown; ++i) out += (i > 0 ? "\n    " : "") + lines[i];
  if (lines.size() > kMaxLinesShown) out += "\n    ... " + std::to_string(lines.size()) + " lines";
  return lines.empty() ? "(nothing)" : out;
}

std::string Difference(const std::string& expected, const std::string& actual) {
  return "expected:\n    " + expected + "\n  actual:\n    " + actual;
}

/// A message below an error: `<REGEX>:…` matches the whole message, else a part of it.
bool MessageMatches(const std::string& expected, const std::string& message) {
  constexpr std::string_view kRegex = "<REGEX>:";
  if (!expected.starts_with(kRegex)) return message.find(expected) != std::string::npos;
  // std::regex throws on what it cannot read.
  try {
    std::string pattern = expected.substr(kRegex.size());
    for (size_t at = 0; (at = pattern.find('.', at)) != std::string::npos; at += 1) {
      if (at > 0 && pattern[at - 1] == '\\') continue;
      pattern.replace(at, 1, "[\\s\\S]");
      at += 5;
    }
    return std::regex_match(message, std::regex(pattern));
  } catch (const std::regex_error&) {
    return false;
  }
}

/// The folder that files call {TEST_DIR}: fresh for each file, made when first named, removed at its end.
class TestFolder {
 public:
  TestFolder() = default;
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  /// `text` with the folder's path for its names.
  std::string Replace(std::string text) {
    for (const std::string_view name : {"{TEST_DIR}", "{TEMP_DIR}", "__TEST_DIR__"}) {
      for (size_t at = 0; (at = text.find(name, at)) != std::string::npos; at += Path().size()) {
        text.replace(at, name.size(), Path());
      }
    }
    return text;
  }

 private:
  const std::string& Path() {
    if (!path_.empty()) return path_;
    std::error_code ignored;
    path_ = (std::filesystem::temp_directory_path(ignored) / "llkv-slt-XXXXXX").string();
    // Where it cannot be made, statements fail on the path, which the test shows.
    if (mkdtemp(path_.data()) == nullptr) path_ += "-missing";
    return path_;
  }

  std::string path_;
};

class Runner {
 public:
  Runner(SltEngine engine, SltDatabase* database, FileReport* report)
      : engine_(engine), database_(database), report_(report) {}

  void Run(const std::vector<Record>& records);

 private:
  Record WithFolder(Record record);
  bool ShouldRun(const Record& record) const;
  void Fail(const Record& record, std::string message);
  arrow::Result<SltConnection*> ConnectionOf(const Record& record);
  void RunStatement(const Record& record);
  void RunQuery(const Record& record);
  void CompareQuery(const Record& record, const SltResult& result);
  std::vector<std::string> ExpectedValues(const Record& record, size_t num_rows) const;
  bool IsRowWise(const Record& record, size_t num_rows) const;
  void CompareLabel(const Record& record, const std::vector<std::string>& values);

  SltEngine engine_;
  SltDatabase* database_;
  FileReport* report_;
  /// Outlives the connections, whose files may lie there.
  TestFolder folder_;
  std::map<std::string, std::unique_ptr<SltConnection>> connections_;
  /// The first query's line and hash for each label.
  std::map<std::string, std::pair<int, std::string>> labels_;
};

Record Runner::WithFolder(Record record) {
  if (engine_ == SltEngine::kSqlite) return record;
  record.sql = folder_.Replace(std::move(record.sql));
  for (std::string& line : record.expected) line = folder_.Replace(std::move(line));
  return record;
}

bool Runner::ShouldRun(const Record& record) const {
  return std::all_of(record.conditions.begin(), record.conditions.end(),
                     [&](const Condition& condition) { return Meets(engine_, condition.name) == condition.only; });
}

void Runner::Fail(const Record& record, std::string message) {
  ++report_->num_failures;
  if (report_->failures.size() < kMaxFailuresKept) {
    report_->failures.push_back({record.line, record.sql, std::move(message)});
  }
}

arrow::Result<SltConnection*> Runner::ConnectionOf(const Record& record) {
  std::unique_ptr<SltConnection>& connection = connections_[record.connection];
  if (connection == nullptr) {
    ARROW_ASSIGN_OR_RAISE(connection, database_->Connect());
  }
  return connection.get();
}

void Runner::RunStatement(const Record& record) {
  ++report_->num_statements;
  arrow::Status status = [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(SltConnection * connection, ConnectionOf(record));
    ARROW_ASSIGN_OR_RAISE(SltResult result, connection->Run(record.sql));
    return result.run_error;
  }();
  if (record.expectation == Expectation::kMaybe) return;
  if (record.expectation == Expectation::kOk) {
    if (!status.ok()) Fail(record, std::string(GetSqlState(status)) + ": " + status.message());
    return;
  }
  if (status.ok()) return Fail(record, "expected an error, but it succeeded");
  std::string expected;
  for (const std::string& line : record.expected) expected += (expected.empty() ? "" : "\n") + line;
  const std::string message = std::string(GetSqlState(status)) + ": " + status.message();
  if (!expected.empty() && !MessageMatches(expected, message)) Fail(record, Difference(expected, message));
}

void Runner::RunQuery(const Record& record) {
  ++report_->num_queries;
  arrow::Result<SltResult> result = [&]() -> arrow::Result<SltResult> {
    ARROW_ASSIGN_OR_RAISE(SltConnection * connection, ConnectionOf(record));
    return connection->Run(record.sql);
  }();
  arrow::Status status = result.status();
  if (status.ok() && engine_ != SltEngine::kSqlite) status = result->run_error;
  if (!status.ok()) return Fail(record, std::string(GetSqlState(status)) + ": " + status.message());
  // A result that an error ended before its first row may not know its columns.
  const bool cut = !result->run_error.ok() && result->values.empty();
  if (result->num_columns != record.types.size() && !cut) {
    return Fail(record, "expected " + std::to_string(record.types.size()) + " columns, got " +
                            std::to_string(result->num_columns));
  }
  CompareQuery(record, *result);
}

/// Rows of several values a line, separated by tabs: not in SQLite's files.
bool Runner::IsRowWise(const Record& record, size_t num_rows) const {
  if (engine_ == SltEngine::kSqlite || record.types.size() < 2 || record.expected.empty()) return false;
  const bool tabs = std::all_of(record.expected.begin(), record.expected.end(),
                                [](const std::string& line) { return line.find('\t') != std::string::npos; });
  return tabs || record.expected.size() == num_rows;
}

std::vector<std::string> Runner::ExpectedValues(const Record& record, size_t num_rows) const {
  if (!IsRowWise(record, num_rows)) return record.expected;
  std::vector<std::string> values;
  for (const std::string& line : record.expected) {
    size_t begin = 0;
    while (begin <= line.size()) {
      const size_t end = std::min(line.find('\t', begin), line.size());
      if (end > begin) values.push_back(line.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return values;
}

void Runner::CompareLabel(const Record& record, const std::vector<std::string>& values) {
  if (record.label.empty()) return;
  const auto [entry, first] = labels_.try_emplace(record.label, record.line, HashValues(values));
  if (first || entry->second.second == HashValues(values)) return;
  Fail(record, "expected the values of line " + std::to_string(entry->second.first) + ", which has the same label " +
                   record.label);
}

void Runner::CompareQuery(const Record& record, const SltResult& result) {
  const size_t num_columns = record.types.size();
  std::vector<std::string> actual;
  actual.reserve(result.values.size());
  for (size_t i = 0; i < result.values.size(); ++i) {
    actual.push_back(engine_ == SltEngine::kDuckdb ? RenderByType(result.values[i])
                                                   : RenderByLetter(result.values[i], record.types[i % num_columns]));
  }
  SortValues(record.sort, num_columns, &actual);
  report_->num_values += static_cast<int64_t>(actual.size());
  CompareLabel(record, actual);
  if (!record.has_expected && !record.label.empty()) return;
  constexpr std::string_view kHashWords = " values hashing to ";
  if (record.expected.size() == 1 && record.expected[0].find(kHashWords) != std::string::npos) {
    const std::string hash = std::to_string(actual.size()) + std::string(kHashWords) + HashValues(actual);
    if (hash != record.expected[0]) Fail(record, Difference(record.expected[0], hash + "\n    " + Shown(actual)));
    return;
  }
  std::vector<std::string> expected = ExpectedValues(record, actual.size() / num_columns);
  // A file may list its values in another order than it sorts them: both sides are sorted.
  SortValues(record.sort, num_columns, &expected);
  if (expected != actual) Fail(record, Difference(Shown(expected), Shown(actual)));
}

void Runner::Run(const std::vector<Record>& records) {
  for (const Record& original : records) {
    if (report_->num_failures >= kMaxFailures) return;
    const Record record = WithFolder(original);
    if (!ShouldRun(record)) {
      if (record.kind == RecordKind::kStatement || record.kind == RecordKind::kQuery) ++report_->num_skipped_records;
      continue;
    }
    switch (record.kind) {
      case RecordKind::kStatement:
        RunStatement(record);
        break;
      case RecordKind::kQuery:
        RunQuery(record);
        break;
      case RecordKind::kHalt:
        return;
      case RecordKind::kHashThreshold:
        break;
    }
  }
}

}  // namespace

FileReport RunText(std::string_view text, SltEngine engine, SltDatabase* database) {
  FileReport report;
  FileFormat format;
  format.connections = engine == SltEngine::kDuckdb;
  format.comments_in_results = engine == SltEngine::kDuckdb;
  arrow::Result<std::vector<Record>> records = ParseFile(text, format);
  if (!records.ok()) {
    report.num_failures = 1;
    report.failures.push_back({0, {}, records.status().message()});
    return report;
  }
  Runner(engine, database, &report).Run(*records);
  return report;
}

}  // namespace llkv::slt
