// Runs the records of one file against a database and compares. Knows no engine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "slt/slt_connection.h"
#include "slt/slt_parser.h"

namespace llkv::slt {

/// Whose files they are: which names conditions meet, how values are rendered, what an error in mid-run means.
enum class SltEngine {
  /// Meets `sqlite`. Values by letter; an error while a query runs ends its result.
  kSqlite,
  /// Meets `duckdb`. Values by their own type.
  kDuckdb,
  /// Meets `llkv`, `sqlite` and `duckdb`. Values by letter; an error is an error.
  kLlkv,
};

struct Failure {
  int line = 0;
  std::string sql;
  /// What happened, with what was expected where it is a difference; may have several lines.
  std::string message;
};

struct FileReport {
  std::string path;
  int64_t num_statements = 0;
  int64_t num_queries = 0;
  int64_t num_skipped_records = 0;
  int64_t num_values = 0;
  int64_t num_failures = 0;
  /// The first ones.
  std::vector<Failure> failures;
  double seconds = 0;

  bool failed() const { return num_failures > 0; }
  /// No record ran.
  bool skipped() const { return !failed() && num_statements + num_queries == 0; }
};

/// Runs all records of a file's text. Goes on behind a failed record, up to a hundred of them.
FileReport RunText(std::string_view text, SltEngine engine, SltDatabase* database);

}  // namespace llkv::slt
