// QueryExecution: one statement's plan, made executable once and run any number of times. What the engine holds for a
// query or a prepared statement; the entry to this layer.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "exec/exec_context.h"
#include "plan/logical_plan.h"
#include "plan/plan_report.h"
#include "types/value.h"
#include "vector/vector.h"

namespace llkv {

/// See the file's comment. Used by one thread at a time; the query's other threads come from the context's scheduler
/// and work only while results are awaited or their bounded queue has room.
class QueryExecution {
 public:
  /// Plans the operators; nothing is opened or read. `plan` is shared and never changed. Errors: 0A000 for what cannot
  /// run yet.
  static arrow::Result<std::unique_ptr<QueryExecution>> Make(std::shared_ptr<const LogicalPlan> plan);
  /// Stops the query and waits for its threads.
  ~QueryExecution();
  QueryExecution(const QueryExecution&) = delete;
  QueryExecution& operator=(const QueryExecution&) = delete;

  /// Begins an execution; one that runs is stopped first. `parameters` has a value of the plan's type for each
  /// parameter. Copies both; what they point to outlives the execution. Repeated, it allocates nothing for a point
  /// lookup.
  arrow::Status Start(const ExecContext& context, std::span<const Value> parameters);

  /// The next rows, at most kMaxBatchRows; a batch without selected rows ends the result. Valid until the next call or
  /// Stop. The statement's changes are made when the first batch is given (for changes that is their number of rows).
  /// Errors end the execution: the first error of any thread; 57014 when stopped from outside; 53200.
  arrow::Result<Batch> NextBatch();
  /// The same as Arrow data that owns its memory, of any size up to about 131,072 rows; null at the end.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> NextRecordBatch();
  /// Reads all rows and drops them; gives how many there were.
  arrow::Result<uint64_t> Drain();
  /// Ends the execution: stops its threads, releases batches, states and files. Done by the destructor too.
  void Stop();

  const std::vector<OutputColumn>& output() const;
  /// The Arrow schema of NextRecordBatch's batches: the context's arrow_output decides, portable before Start.
  const std::shared_ptr<arrow::Schema>& schema() const;
  /// What was measured (ExecContext::measure_time), by node of the plan. After the end, before Stop.
  PlanMeasures Measures() const;

 private:
  class Impl;
  explicit QueryExecution(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace llkv
