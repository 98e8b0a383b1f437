// QueryReader: a running query as an arrow::RecordBatchReader that owns all it needs.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <memory>

#include "engine/adapters.h"
#include "engine/database.h"
#include "exec/query_execution.h"
#include "runtime/memory_pool.h"
#include "runtime/stop_token.h"

namespace llkv {

/// What a running query points to: its memory, its stores and files, how it is stopped and watched. Outlives its
/// QueryExecution.
struct QueryEnvironment {
  QueryEnvironment(std::shared_ptr<Database> owner, std::shared_ptr<StopToken> session_stop,
                   std::shared_ptr<Progress> session_progress);
  ~QueryEnvironment();
  QueryEnvironment(const QueryEnvironment&) = delete;
  QueryEnvironment& operator=(const QueryEnvironment&) = delete;

  std::shared_ptr<Database> database;
  std::shared_ptr<StopToken> stop;
  std::shared_ptr<Progress> progress;
  /// The session's; see KernelContext::session_seed.
  std::shared_ptr<std::atomic<uint64_t>> seed;
  CatalogStores stores;
  EngineFiles files;
};

/// See the file's comment. Used by one thread at a time. Its batches own their memory, past the reader's end;
/// at its end (all rows read, a failure, Close) it lets go of its snapshot.
class QueryReader : public arrow::RecordBatchReader {
 public:
  /// `execution` has been started.
  QueryReader(std::shared_ptr<QueryEnvironment> environment, std::unique_ptr<QueryExecution> execution)
      : environment_(std::move(environment)), execution_(std::move(execution)), schema_(execution_->schema()) {}
  ~QueryReader() override;
  QueryReader(const QueryReader&) = delete;
  QueryReader& operator=(const QueryReader&) = delete;

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override;
  arrow::Status Close() override;

 private:
  /// Stops the query and lets go of its snapshot; what was given already stays valid.
  void Release();

  // Both are null once the reader is at its end.
  std::shared_ptr<QueryEnvironment> environment_;
  std::unique_ptr<QueryExecution> execution_;
  std::shared_ptr<arrow::Schema> schema_;
};

/// The batch with buffers that keep `owner` alive: the memory pool that they go back to.
std::shared_ptr<arrow::RecordBatch> KeepingAlive(const arrow::RecordBatch& batch, std::shared_ptr<const void> owner);

}  // namespace llkv
