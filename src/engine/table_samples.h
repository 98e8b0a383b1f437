// Samples of tables, for the optimizer's estimates: some rows from all over a table, kept from statement to statement,
// on which filters are tried out. Only the columns that filters read are kept.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "functions/function_registry.h"
#include "optimizer/optimizer.h"
#include "store/table_store.h"
#include "txn/txn.h"

namespace llkv {

/// One for a database. Any thread.
class TableSamples {
 public:
  TableSamples(TxnManager* txns, const FunctionRegistry* functions, arrow::MemoryPool* pool)
      : txns_(txns), functions_(functions), pool_(pool) {}

  /// As StatisticsProvider's. Nothing for small tables, and for those with very long rows. Reads the columns' chunks
  /// where the sample does not have them or the table has changed much.
  arrow::Result<std::optional<SampleCount>> Count(const std::shared_ptr<TableStore>& store, const LogicalScan& scan,
                                                  const std::vector<const BoundExpr*>& terms) LLKV_EXCLUDES(mutex_);

 private:
  struct Sample {
    std::weak_ptr<TableStore> store;
    /// Of the table, when the rows were chosen.
    double table_rows = 0;
    std::vector<RowId> rows;
    std::unordered_map<uint32_t, std::shared_ptr<arrow::Array>> columns;
  };

  /// The columns' values in the sample's rows.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Columns(const std::shared_ptr<TableStore>& store,
                                                             double table_rows, const std::vector<uint32_t>& ordinals)
      LLKV_EXCLUDES(mutex_);
  arrow::Result<std::shared_ptr<arrow::Array>> Read(TableStore& store, uint32_t ordinal, Sample& sample) const;
  /// A predicate of a scan as a term over column `id`; null where there is no such function.
  BoundExprPtr ToTerm(const PushedPredicate& predicate, ColumnId id, LogicalType type) const;

  TxnManager* const txns_;
  const FunctionRegistry* const functions_;
  arrow::MemoryPool* const pool_;
  Mutex mutex_;
  std::unordered_map<TableId, Sample> samples_ LLKV_GUARDED_BY(mutex_);
};

}  // namespace llkv
