// Session: statements, transactions and settings of one user of a database.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "llkv/error.h"
#include "llkv/prepared_statement.h"

namespace llkv {

/// What one statement gave.
struct StatementResult {
  /// What kind it was: "SELECT", "INSERT", "CREATE TABLE", ….
  std::string tag;
  /// The rows, where the statement gives rows (SELECT, VALUES, SHOW, EXPLAIN, …), else null. Streams: see
  /// Session::Query.
  std::shared_ptr<arrow::RecordBatchReader> reader;
  /// Rows that INSERT, UPDATE, DELETE and COPY changed or wrote; -1 for other statements.
  int64_t rows_changed = -1;
};

/// How far a running statement is.
struct QueryProgress {
  uint64_t rows_done = 0;
  /// An estimate; 0 where there is none.
  uint64_t rows_estimated = 0;
};

/// One user's connection. Used by one thread at a time; Interrupt and GetProgress are safe from any thread.
///
/// Outside BEGIN … COMMIT each statement is its own transaction. A failed statement leaves no trace and, inside a
/// transaction, leaves the transaction open as it was before the statement. Destroying a session rolls its open
/// transaction back.
class Session {
 public:
  struct Impl;
  /// For the library itself.
  explicit Session(std::shared_ptr<Impl> impl);
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  /// Runs all statements of `sql`, in order, and gives their results with all rows already read into memory.
  ///
  /// Stops at the first failure; what ran before it stays. Errors carry SQLSTATE and position in `sql` (see error.h).
  arrow::Result<std::vector<StatementResult>> ExecuteAll(std::string_view sql);

  /// ExecuteAll without the results.
  arrow::Status Execute(std::string_view sql);

  /// Called after each statement of a script. `text` is the statement; the position in a failed `status` counts from
  /// the start of the whole script. `result` is meaningful where the status is OK; its reader must be read (or dropped)
  /// before returning, and a failure while reading is the callback's to report. Answers whether to go on.
  using StatementCallback =
      std::function<bool(std::string_view text, const arrow::Status& status, StatementResult& result)>;

  /// Runs the statements of a script one by one; goes on behind a failed one where the callback says so.
  void ExecuteScript(std::string_view sql, const StatementCallback& callback);

  /// Runs one statement that gives rows and streams them.
  ///
  /// The reader owns its snapshot, plan and buffers: it stays valid past COMMIT, DROP, the session's and the engine's
  /// end. Its schema is of the setting `arrow_output` when it is made: by default the types that every reader of Arrow
  /// knows. Batches have at most a few thousand rows. Its ReadNext runs the query itself; dropping it stops the query.
  /// Errors: 42601 where `sql` is not exactly one statement, 22023 where it gives no rows.
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Query(std::string_view sql);

  /// Plans one statement for repeated execution with parameters (`?`, `?N`, `$N`, `:name`). It must not outlive the
  /// session.
  arrow::Result<PreparedStatement> Prepare(std::string_view sql);

  /// Loads all batches of `reader` into a table, in the session's transaction or one of its own, without parsing:
  /// columns are matched by place and converted to the table's types. Gives the number of rows. All or nothing.
  arrow::Result<int64_t> Append(std::string_view table, const std::shared_ptr<arrow::RecordBatchReader>& reader);

  /// Stops the running statement soon, with 57014; without one, does nothing. Any thread, signal handlers included.
  void Interrupt();

  /// Any thread.
  QueryProgress GetProgress() const;

  /// Between BEGIN and COMMIT or ROLLBACK.
  bool in_transaction() const;

  /// The setting `timezone`.
  std::string time_zone() const;

 private:
  std::shared_ptr<Impl> impl_;
};

/// Renders an error for people: message, the line of `sql` with its number, a caret below the place, and the hint.
std::string FormatError(std::string_view sql, const arrow::Status& status);

/// Whether a script's last statement is finished by a semicolon, with no string, comment or bracket open: what a prompt
/// asks before it runs it.
bool IsCompleteScript(std::string_view sql);

/// The same rows to be shown: TIMESTAMPTZ columns are labelled with a zone in place of UTC (the values are instants and
/// stay as they are), BIT columns become text.
std::shared_ptr<arrow::RecordBatchReader> ForDisplay(std::shared_ptr<arrow::RecordBatchReader> reader,
                                                     const std::string& time_zone);

/// Appends the text of one value of a result's column, as a cast to VARCHAR gives it; nothing for NULL. Timestamps with
/// a zone are shown in the zone of the column's type.
void AppendValueText(const arrow::Array& column, int64_t row, std::string* out);

}  // namespace llkv
