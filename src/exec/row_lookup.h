// RowLookup: SELECT of columns of the one row that has a key, without pipelines. For prepared statements: programs that
// read row by row run one statement a row.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <span>
#include <vector>

#include "exec/exec_context.h"
#include "plan/logical_plan.h"
#include "store/table_store.h"
#include "types/value.h"
#include "vector/vector.h"

namespace llkv {

/// See the file's comment. One thread at a time.
class RowLookup {
 public:
  /// Null where `plan` is anything else: expressions, other conditions than on the key, keys that must be computed.
  static std::unique_ptr<RowLookup> Make(std::shared_ptr<const LogicalPlan> plan);

  /// The row's columns; no selected row where there is none. `parameters` has a value of the plan's type for each
  /// parameter. Valid until the next call or Release, while the snapshot is pinned. Repeated, it allocates nothing of
  /// its own. Errors: XX001, 42P01, 53200.
  arrow::Result<Batch> Read(StoreResolver& stores, const Snapshot& snapshot, std::span<const Value> parameters,
                            arrow::MemoryPool* pool);

  /// Lets go of the row: a statement that waits for its next run keeps nothing of the table.
  void Release() {
    if (buffer_ != nullptr) buffer_->Release();
  }

 private:
  RowLookup(std::shared_ptr<const LogicalPlan> plan, const LogicalScan& scan);

  const std::shared_ptr<const LogicalPlan> plan_;
  const LogicalScan& scan_;
  /// Where each column of the output is among the scan's.
  std::vector<size_t> sources_;
  std::vector<Value> key_;
  std::shared_ptr<TableStore> store_;
  std::unique_ptr<GatherBuffer> buffer_;
  std::vector<Vector> columns_;
};

}  // namespace llkv
