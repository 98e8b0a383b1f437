// What tests of the public API ask of a session, in one line: rows as text, errors as SQLSTATE.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/testing/status_asserts.h"
#include "llkv/engine.h"

namespace llkv {

/// An engine in memory; the test fails where it cannot be made.
std::unique_ptr<SqlEngine> MakeMemoryEngine(const EngineOptions& options = {});

/// All rows of a statement: columns separated by '|', rows by '\n', NULL as "NULL"; "error SQLSTATE: message" where it
/// fails.
std::string QueryText(Session& session, std::string_view sql);

/// The same of a reader.
std::string ReaderText(arrow::RecordBatchReader& reader);

/// "" for success, else the SQLSTATE. The test fails where a failure has no SqlErrorDetail.
std::string StateOf(const arrow::Status& status);

/// StateOf(session.Execute(sql)).
std::string RunSql(Session& session, std::string_view sql);

/// A table's rows as an Arrow stream of one batch.
std::shared_ptr<arrow::RecordBatchReader> StreamOf(const std::shared_ptr<arrow::RecordBatch>& batch);

}  // namespace llkv
