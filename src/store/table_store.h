// TableStore: a table's rows, behind one interface for every kind of storage. All layers above read and write tables
// through it; none knows which kind it is. Schema names, NOT NULL and CHECK are not its business; uniqueness is.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "store/index_layout.h"
#include "store/scan.h"
#include "types/logical_type.h"
#include "types/value.h"
#include "vector/vector.h"

namespace llkv {

class StopToken;
class Transaction;

/// What a store knows of a table. The columns are fixed for a table's life.
struct TableLayout {
  struct Column {
    FieldId field;
    LogicalType type;
    /// For messages (23505 shows the key's columns).
    std::string name;
  };
  TableId id;
  std::vector<Column> columns;
  /// The indexes that the table begins with; those that it has at a time are TableStore::Indexes().
  std::vector<IndexLayout> indexes;
};

/// When a duplicate key is found out.
enum class UniqueCheck : uint8_t {
  /// At the row itself: INSERT.
  kImmediate,
  /// At the end of the statement, so that a key may pass from one row to another within it: UPDATE.
  kAtEndOfStatement,
};

/// What the optimizer knows of a column. All are estimates; min and max bound the cold rows, and hot ones may lie
/// outside.
struct ColumnStatistics {
  /// NULL Values where unknown, as in a table without cold rows.
  Value min;
  Value max;
  double num_distinct = 0;
  double num_nulls = 0;
};

struct TableStatistics {
  double num_rows = 0;
  uint64_t size_bytes = 0;
  std::vector<ColumnStatistics> columns;
};

/// Writes many rows as cold row groups, ahead of the commit. One thread each; several may write to one table at once in
/// one statement of one transaction. Rows become visible to the transaction's next statement, and to others at COMMIT.
class BulkWriter {
 public:
  /// Dropping one without Finish drops its rows.
  virtual ~BulkWriter() = default;

  /// Adds the selected rows; columns are the table's, in order, of their types, in any form.
  virtual arrow::Status Append(const Batch& batch) = 0;
  /// Adds rows [offset, offset + length) of a batch whose columns are the table's with the types of ToArrowType.
  virtual arrow::Status Append(const arrow::RecordBatch& batch, int64_t offset, int64_t length) = 0;
  /// Ends the writing. A duplicate key among the rows, or with rows that are there, is 23505 at EndStatement at the
  /// latest.
  virtual arrow::Status Finish() = 0;
  virtual uint64_t num_rows() const = 0;
};

/// Builds an index over the rows that a table has, ahead of the commit that creates it. Parts may run in any threads at
/// once; the others come from the transaction's thread.
class IndexBuild {
 public:
  /// Dropping one without Finish leaves the table without the index.
  virtual ~IndexBuild() = default;

  /// Parts of a phase, each to be run once; phases follow each other.
  virtual uint32_t num_phases() const = 0;
  virtual uint32_t num_parts(uint32_t phase) const = 0;
  virtual arrow::Status RunPart(uint32_t phase, uint32_t part) = 0;
  /// After all parts: the index is the transaction's from its next statement on, and everyone's at COMMIT. 23505 where
  /// two living rows have one key.
  virtual arrow::Status Finish() = 0;
};

/// Rows fetched by id: the batch and the memory under it, reused from call to call. One thread.
class GatherBuffer {
 public:
  virtual ~GatherBuffer() = default;
  /// The result of the last Gather. Valid until the next one or Release, string bytes too.
  virtual const Batch& batch() const = 0;
  /// Lets go of the table's rows, which stay in memory and in the file as long as a result is kept. The buffer's own
  /// memory stays for the next Gather.
  virtual void Release() = 0;
};

/// See the file's comment. Any thread, except that a Transaction's own calls come from one thread at a time.
///
/// Errors of all changes: those of Transaction::BeginWrite; 53200 memory; 40001 where a row was changed by a commit
/// that the snapshot does not see. After a failed change the statement is undone by its caller
/// (Transaction::UndoStatement).
class TableStore {
 public:
  virtual ~TableStore() = default;

  virtual const TableLayout& layout() const = 0;

  /// The indexes that the newest version of the table has, the running transaction's included.
  virtual std::vector<IndexLayoutPtr> Indexes() const = 0;
  /// Begins to build an index in up to `num_lanes` threads at once; nobody writes to the table before Finish.
  /// `stop` may be null.
  virtual arrow::Result<std::unique_ptr<IndexBuild>> BuildIndex(Transaction& txn, IndexLayout layout,
                                                                uint32_t num_lanes, const StopToken* stop) = 0;
  /// Drops an index at COMMIT; changes of the transaction itself no longer keep it. Snapshots from before use it on.
  virtual arrow::Status DropIndex(Transaction& txn, IndexId index) = 0;
  /// About how many entries of an index the predicates leave, as ScanRequest::index would read it; nothing where they
  /// do not bound it or there is no such index. May look at a few chunks of the index.
  virtual arrow::Result<std::optional<double>> EstimateIndexRows(IndexId index,
                                                                 const std::vector<ScanPredicate>& predicates) = 0;

  /// Starts a scan. Keep the snapshot's pin (Transaction::pin()) as long as it. Where equality predicates fix all
  /// columns of the primary key, the index is used; another one where the request names it.
  virtual arrow::Result<std::unique_ptr<TableScan>> OpenScan(ScanRequest request) = 0;

  /// Adds the selected rows of a batch; columns are the table's, in order, of exactly their types, in any form. A
  /// duplicate of a live key (the newest version counts, not the snapshot) is 23505, naming constraint and key; one of
  /// a running transaction 40001.
  virtual arrow::Status Append(Transaction& txn, const Batch& batch, UniqueCheck check = UniqueCheck::kImmediate) = 0;
  /// Deletes rows by id and gives how many this call deleted: one that the transaction deleted already does not count.
  virtual arrow::Result<uint64_t> Delete(Transaction& txn, std::span<const RowId> rows) = 0;
  /// A writer of cold row groups; any thread, after the statement began and took part in this table or not.
  virtual arrow::Result<std::unique_ptr<BulkWriter>> MakeBulkWriter(Transaction& txn, arrow::MemoryPool* pool) = 0;

  /// The row whose key in a unique index (0: the primary key) is `key` (values of the columns' types, in key order), as
  /// `snapshot` sees it; nothing where there is none or the key has a NULL. 42P10 where there is no such index.
  virtual arrow::Result<std::optional<RowId>> LookupKey(const Snapshot& snapshot, std::span<const Value> key,
                                                        IndexId index = {}) = 0;

  /// A buffer for rows of these columns (ordinals).
  virtual arrow::Result<std::unique_ptr<GatherBuffer>> MakeGatherBuffer(std::vector<uint32_t> columns,
                                                                        arrow::MemoryPool* pool) = 0;
  /// Fetches rows (at most kMaxBatchRows) into a buffer of this table: row i of the batch is rows[i], flat. Rows that
  /// the snapshot does not see are left out of the selection.
  virtual arrow::Status Gather(const Snapshot& snapshot, std::span<const RowId> rows, GatherBuffer& buffer) = 0;

  /// Ids among which are about so many of the table's rows, in ascending runs of neighbours spread over a few dozen row
  /// groups: to be gathered by a snapshot, which leaves out what it does not see. No chunk is read. At most
  /// kMaxBatchRows.
  virtual std::vector<RowId> SampleRowIds(uint32_t num_rows, uint32_t run_rows) const = 0;

  /// What is known of the table now; cheap, no chunk is read.
  virtual arrow::Result<TableStatistics> GetStatistics() = 0;
};

}  // namespace llkv
