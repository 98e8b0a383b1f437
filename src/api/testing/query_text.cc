// See query_text.h.
#include "api/testing/query_text.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

namespace llkv {

std::unique_ptr<SqlEngine> MakeMemoryEngine(const EngineOptions& options) {
  auto engine = SqlEngine::Open(":memory:", options);
  EXPECT_TRUE(engine.ok()) << engine.status();
  return engine.ok() ? *std::move(engine) : nullptr;
}

std::string ReaderText(arrow::RecordBatchReader& reader) {
  std::string text;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    const arrow::Status read = reader.ReadNext(&batch);
    if (!read.ok()) return "error " + StateOf(read) + ": " + read.message();
    if (batch == nullptr) return text;
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      if (!text.empty()) text.push_back('\n');
      for (int i = 0; i < batch->num_columns(); ++i) {
        if (i > 0) text.push_back('|');
        if (batch->column(i)->IsNull(row)) {
          text += "NULL";
        } else {
          AppendValueText(*batch->column(i), row, &text);
        }
      }
    }
  }
}

std::string QueryText(Session& session, std::string_view sql) {
  auto reader = session.Query(sql);
  if (!reader.ok()) return "error " + StateOf(reader.status()) + ": " + reader.status().message();
  return ReaderText(**reader);
}

std::string StateOf(const arrow::Status& status) {
  if (status.ok()) return "";
  EXPECT_NE(GetSqlError(status), nullptr) << status;
  return std::string(GetSqlState(status));
}

std::string RunSql(Session& session, std::string_view sql) { return StateOf(session.Execute(sql)); }

std::shared_ptr<arrow::RecordBatchReader> StreamOf(const std::shared_ptr<arrow::RecordBatch>& batch) {
  return arrow::RecordBatchReader::Make({batch}, batch->schema()).ValueOrDie();
}

}  // namespace llkv
