// RowInsert: INSERT of one row of constants and parameters, without pipelines. For prepared statements: programs that
// write row by row run one statement a row.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "exec/exec_context.h"
#include "plan/logical_plan.h"
#include "types/value.h"
#include "vector/scratch.h"

namespace llkv {

/// See the file's comment. One thread at a time.
class RowInsert {
 public:
  /// Null where `plan` is anything else: other expressions, several rows, CHECK constraints.
  static arrow::Result<std::unique_ptr<RowInsert>> Make(std::shared_ptr<const LogicalPlan> plan,
                                                        arrow::MemoryPool* pool);

  /// Inserts the row. `parameters` has a value of the plan's type for each parameter. Repeated, it allocates nothing of
  /// its own. Errors: 23502 and 23505 for constraints, those of TableStore::Append.
  arrow::Status Run(StoreResolver& stores, Transaction& transaction, std::span<const Value> parameters);

 private:
  explicit RowInsert(std::shared_ptr<const LogicalPlan> plan);

  const std::shared_ptr<const LogicalPlan> plan_;
  const LogicalInsert& insert_;
  const LogicalValues& values_;
  /// Which column each NOT NULL is about.
  std::vector<std::pair<size_t, const RowConstraint*>> not_null_;
  std::vector<ScratchVector> scratch_;
  std::vector<Vector> columns_;
};

}  // namespace llkv
