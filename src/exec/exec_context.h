// ExecContext: all that a running query takes from outside. The engine fills it; operators read it. Here so that exec
// knows neither the catalog nor any concrete store or file.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "functions/function_registry.h"
#include "plan/logical_plan.h"
#include "txn/version_stamp.h"
#include "types/arrow_output.h"
#include "types/time_zone.h"
#include "types/value.h"

namespace llkv {

class FileReader;
class FileWriter;
struct Progress;
class Scheduler;
class SnapshotPin;
class SpillSpace;
class StopToken;
class TableStore;
class Transaction;

/// Finds the store of a table.
class StoreResolver {
 public:
  virtual ~StoreResolver() = default;
  /// The store outlives the query, also where the table is dropped meanwhile; a table has one for all its life. Error
  /// 42P01 where it is gone.
  virtual arrow::Result<std::shared_ptr<TableStore>> FindStore(TableId table) = 0;
};

/// Opens the files that plans name.
class FileProvider {
 public:
  virtual ~FileProvider() = default;
  virtual arrow::Result<std::shared_ptr<const FileReader>> OpenForReading(const LogicalFileScan& scan) = 0;
  virtual arrow::Result<std::unique_ptr<FileWriter>> OpenForWriting(const LogicalCopyTo& copy,
                                                                    const std::shared_ptr<arrow::Schema>& schema) = 0;
};

/// See the file's comment. What is pointed to outlives the query's last batch.
struct ExecContext {
  StoreResolver* stores = nullptr;
  FileProvider* files = nullptr;
  /// What is read.
  Snapshot snapshot;
  /// Keeps the snapshot's versions until the last batch is released.
  std::shared_ptr<const SnapshotPin> pin;
  /// Where changes go; null for statements that change nothing.
  Transaction* transaction = nullptr;
  arrow::MemoryPool* pool = nullptr;
  /// Where `pool` puts what memory has no room for; may be null. Whether all of it could be written out is asked at the
  /// end.
  SpillSpace* spill = nullptr;
  /// Null: everything runs on the calling thread.
  Scheduler* scheduler = nullptr;
  /// May be null.
  const StopToken* stop = nullptr;
  /// May be null.
  Progress* progress = nullptr;

  /// Threads that may work on this query at once, the caller included.
  uint32_t num_threads = 1;
  /// Rows of a batch at most, 1 to kMaxBatchRows.
  uint32_t batch_rows = kMaxBatchRows;
  /// Pipelines with less work than about this many rows run on the calling thread.
  uint64_t parallel_min_rows = 40'000;
  Dialect dialect = Dialect::kDefault;
  /// Of the record batches that NextRecordBatch gives.
  ArrowOutput arrow_output = ArrowOutput::kPortable;
  int64_t statement_time_us = 0;
  TimeZone zone;
  uint64_t random_seed = 0;
  /// What setseed sets; may be null.
  std::atomic<uint64_t>* session_seed = nullptr;
  /// Measures the time of each operator (EXPLAIN ANALYZE); rows are always counted.
  bool measure_time = false;
};

}  // namespace llkv
