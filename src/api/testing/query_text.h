// What tests of the public API ask of a session, in one line: rows as text, errors as SQLSTATE.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "llkv/engine.h"

#define ASSERT_OK(expression)                          \
  do {                                                 \
    const ::arrow::Status status_of_it = (expression); \
    ASSERT_TRUE(status_of_it.ok()) << status_of_it;    \
  } while (false)

#define LLKV_TEST_JOIN_NOW(a, b) a##b
#define LLKV_TEST_JOIN(a, b) LLKV_TEST_JOIN_NOW(a, b)
#define LLKV_TEST_ASSIGN(target, result, expression) \
  auto result = (expression);                        \
  ASSERT_TRUE(result.ok()) << result.status();       \
  target = *std::move(result)

/// `target` (a declaration or a variable) takes the value of an arrow::Result; the test ends where it failed.
#define ASSERT_OK_AND_ASSIGN(target, expression) \
  LLKV_TEST_ASSIGN(target, LLKV_TEST_JOIN(result_of_line_, __LINE__), expression)

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
