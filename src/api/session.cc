// Session in terms of SessionCore and StatementRunner.
#include "llkv/session.h"

#include <arrow/record_batch.h>

#include <utility>

#include "api/impl.h"
#include "base/error.h"
#include "engine/error_detail.h"
#include "engine/statement_runner.h"
#include "sql/parser/parser.h"

namespace llkv {

namespace {

/// `name` as a quoted identifier.
std::string QuotedName(std::string_view name) {
  std::string quoted = "\"";
  for (char c : name) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

/// As it leaves the API: with a detail, its position counted from the start of the whole text.
arrow::Status Shifted(const arrow::Status& failure, int64_t by) {
  arrow::Status status = WithDetail(failure);
  const SqlErrorDetail* detail = GetSqlError(status);
  if (detail == nullptr || detail->position() == SqlErrorDetail::kNoPosition || by == 0) return status;
  return SqlError(detail->sqlstate(), status.message(), detail->position() + by, detail->hint());
}

}  // namespace

Session::Session(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

void Session::ExecuteScript(std::string_view sql, const StatementCallback& callback) {
  SessionCore& core = *impl_->core;
  // The dialect may change in between, and the rest is then read by another parser.
  size_t base = 0;
  while (base < sql.size()) {
    const std::string_view rest = sql.substr(base);
    const SqlDialect dialect = core.parser_options().dialect;
    ScriptParser parser(rest, core.parser_options());
    bool restart = false;
    while (!restart) {
      const int64_t begin = parser.offset();
      auto statement = parser.Next();
      const auto text = rest.substr(static_cast<size_t>(begin), static_cast<size_t>(parser.offset() - begin));
      StatementResult result;
      if (!statement.ok()) {
        if (!callback(text, Shifted(statement.status(), static_cast<int64_t>(base)), result)) return;
        // What cannot be read on is not tried for ever.
        if (parser.offset() == begin) return;
        continue;
      }
      if (*statement == nullptr) return;
      auto outcome = StatementRunner(core, **statement).Run();
      arrow::Status status = outcome.status();
      if (status.ok()) result = *std::move(outcome);
      const bool go_on = callback(text, Shifted(status, static_cast<int64_t>(base)), result);
      if (!go_on) return;
      restart = core.parser_options().dialect != dialect;
    }
    base += static_cast<size_t>(parser.offset());
  }
}

arrow::Result<std::vector<StatementResult>> Session::ExecuteAll(std::string_view sql) {
  std::vector<StatementResult> results;
  arrow::Status failure;
  ExecuteScript(sql, [&](std::string_view text, const arrow::Status& status, StatementResult& result) {
    static_cast<void>(text);
    failure = status;
    if (failure.ok() && result.reader != nullptr) {
      auto batches = result.reader->ToRecordBatches();
      if (batches.ok()) {
        auto reader = arrow::RecordBatchReader::Make(*std::move(batches), result.reader->schema());
        failure = reader.status();
        if (reader.ok()) result.reader = *std::move(reader);
      } else {
        failure = WithDetail(batches.status());
      }
    }
    if (failure.ok()) results.push_back(std::move(result));
    return failure.ok();
  });
  ARROW_RETURN_NOT_OK(failure);
  return results;
}

arrow::Status Session::Execute(std::string_view sql) { return ExecuteAll(sql).status(); }

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Session::Query(std::string_view sql) {
  ARROW_ASSIGN_OR_RAISE(auto statement, ParseStatement(sql, impl_->core->parser_options()));
  auto result = StatementRunner(*impl_->core, *statement, /*rows_only=*/true).Run();
  if (!result.ok()) return WithDetail(result.status());
  return result->reader;
}

arrow::Result<PreparedStatement> Session::Prepare(std::string_view sql) {
  auto core = PreparedCore::Make(impl_->core, sql);
  if (!core.ok()) return WithDetail(core.status());
  return PreparedStatement(std::make_unique<PreparedStatement::Impl>(PreparedStatement::Impl{*std::move(core)}));
}

arrow::Result<int64_t> Session::Append(std::string_view table,
                                       const std::shared_ptr<arrow::RecordBatchReader>& reader) {
  // COPY's plan, with the stream in place of the file: constraints and conversions are the same.
  const std::string sql = "COPY " + QuotedName(table) + " FROM 'stream' (FORMAT parquet)";
  ARROW_ASSIGN_OR_RAISE(auto statement, ParseStatement(sql));
  auto outcome = StatementRunner(*impl_->core, *statement).Run({}, reader);
  if (!outcome.ok()) {
    // The positions are those of a text that the caller never saw.
    const SqlErrorDetail* detail = GetSqlError(outcome.status());
    return SqlError(GetSqlState(outcome.status()), outcome.status().message(), SqlErrorDetail::kNoPosition,
                    detail != nullptr ? detail->hint() : std::string());
  }
  return outcome->rows_changed;
}

void Session::Interrupt() { impl_->core->stop().RequestStop(); }

QueryProgress Session::GetProgress() const {
  const Progress& progress = impl_->core->progress();
  return {progress.rows_done.load(std::memory_order_relaxed), progress.rows_total.load(std::memory_order_relaxed)};
}

std::string Session::time_zone() const { return impl_->core->settings().zone.name(); }
bool Session::in_transaction() const { return impl_->core->in_transaction(); }

std::string FormatError(std::string_view sql, const arrow::Status& status) { return FormatErrorWithCaret(sql, status); }

bool IsCompleteScript(std::string_view sql) { return !SplitStatements(sql).incomplete; }

}  // namespace llkv
