// Records of a sqllogictest file. Here apart from the runner, so that it is tested without running anything. Knows
// SQLite's format, and of DuckDB's: connection names, and an expected message below an error.
#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace llkv::slt {

enum class RecordKind { kStatement, kQuery, kHashThreshold, kHalt };
enum class Expectation { kOk, kError, kMaybe };
enum class SortMode { kNone, kRows, kValues };

/// `skipif X` or `onlyif X`.
struct Condition {
  bool only = false;
  /// Lower case.
  std::string name;
};

struct Record {
  RecordKind kind = RecordKind::kStatement;
  /// One-based, of the line that names the record's kind.
  int line = 0;
  std::vector<Condition> conditions;
  std::string sql;
  /// Of the session; empty is the file's own.
  std::string connection;

  // kStatement.
  Expectation expectation = Expectation::kOk;

  // kQuery.
  /// One letter a column: I, R or T.
  std::string types;
  SortMode sort = SortMode::kNone;
  std::string label;
  /// A line with ---- was there.
  bool has_expected = false;

  /// Lines below ----: values of a query, or the text of an error.
  std::vector<std::string> expected;

  // kHashThreshold.
  int64_t threshold = 0;
};

/// How the file's words are read.
struct FileFormat {
  /// The word behind a query's types that is no sort mode names a connection, not a label.
  bool connections = false;
  /// A line that begins with # below ---- is part of the result.
  bool comments_in_results = false;
};

/// Parses a whole file; line ends may be LF or CR LF. Error: a line that begins no record, as "line 12: …".
arrow::Result<std::vector<Record>> ParseFile(std::string_view text, const FileFormat& format);

}  // namespace llkv::slt
