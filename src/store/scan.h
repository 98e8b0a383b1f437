// Scans of a table: what is asked for as plain data, the dispenser of morsels that threads share, and the cursor that
// each thread reads its morsels with. Independent of how a table stores its rows.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/index_id.h"
#include "txn/version_stamp.h"
#include "types/value.h"
#include "vector/vector.h"

namespace llkv {

enum class PredicateOp : uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIsNull,
  kIsNotNull,
  kIn,
};

/// column op value. A row passes where that is true, not where it is NULL.
struct ScanPredicate {
  /// In the table's columns, whether or not the scan gives that column.
  uint32_t column = 0;
  PredicateOp op = PredicateOp::kEqual;
  /// Of exactly the column's type (DECIMAL: unscaled at the column's scale). One for comparisons, any number for kIn
  /// (NULLs in it match nothing), none for kIsNull and kIsNotNull. A comparison with NULL passes no row.
  std::vector<Value> values;
};

/// A filter that only the program knows, such as a join's build side: rows that it rejects need not be given.
class ScanFilter {
 public:
  virtual ~ScanFilter() = default;
  /// Clears the bits (bit i % 64 of word i / 64 is row i) of rows that are surely not needed. Any thread.
  virtual void Apply(const Vector& column, uint32_t num_rows, uint64_t* mask) const = 0;
  /// False where surely no row is needed whose value is NULL or from `min` to `max`. Any thread.
  virtual bool MayPass(const Value& min, const Value& max) const = 0;
};

struct RuntimeFilter {
  uint32_t column = 0;
  std::shared_ptr<const ScanFilter> filter;
};

class ScanBound;

/// Rows beyond a bound that moves (scan_bound.h) need not be given.
struct BoundedColumn {
  uint32_t column = 0;
  std::shared_ptr<const ScanBound> bound;
};

/// Which rows are wanted first.
struct ScanOrder {
  uint32_t column = 0;
  bool descending = false;
  bool nulls_first = false;
};

struct ScanRequest {
  /// Ordinals in the table's columns; batch column i is columns[i]. May be empty (count(*)).
  std::vector<uint32_t> columns;
  /// Adds the rows' ids as a last, flat UBIGINT column.
  bool with_row_ids = false;
  /// All must hold; the scan applies each exactly.
  std::vector<ScanPredicate> predicates;
  std::vector<RuntimeFilter> runtime_filters;
  std::vector<BoundedColumn> bounds;
  /// A hint: row groups are read in the order of the best that they can have, as far as that is known, rather than in
  /// that of row ids.
  std::optional<ScanOrder> order;
  /// The index to find rows by, or 0: the keys to look at are those that the predicates on its first columns leave
  /// (equality, IN, IS NULL, and behind those a range). A hint: where there is no such index any more, or it would give
  /// more than a few per cent of the rows, the scan reads all row groups.
  IndexId index;
  Snapshot snapshot;
  /// Rows of a batch at most; 1 to kMaxBatchRows.
  uint32_t batch_rows = kMaxBatchRows;
};

/// What a scan did so far, over all its cursors. Read by any thread at any time.
struct ScanCounters {
  std::atomic<uint64_t> row_groups_scanned{0};
  std::atomic<uint64_t> row_groups_skipped{0};
  std::atomic<uint64_t> chunks_opened{0};
  /// Rows whose visibility and predicates were looked at.
  std::atomic<uint64_t> rows_scanned{0};
  std::atomic<uint64_t> rows_passed{0};
  /// Bytes of the chunks (their encoded size) of row groups scanned and skipped, of the columns that the scan needs.
  std::atomic<uint64_t> bytes_read{0};
  std::atomic<uint64_t> bytes_skipped{0};
};

/// One thread's place in a scan, with its scratch memory. Made by TableScan::MakeCursor; not used after its TableScan.
class ScanCursor {
 public:
  virtual ~ScanCursor() = default;

  /// Gives the next batch of the current morsel: at least one selected row and at most batch_rows rows; false where the
  /// morsel is done.
  ///
  /// Vectors are views of stored chunks in whatever form those have (flat, narrow, dictionary, constant, offsets), or
  /// decoded for the selected rows, with ranges where they are known; the selection has the rows that are visible and
  /// pass. All of it is valid until the next call, the bytes of strings too.
  virtual arrow::Result<bool> Next(Batch* batch) = 0;
};

/// One scan: dispenses morsels to any number of cursors. Keeps what it reads alive. Any thread.
class TableScan {
 public:
  virtual ~TableScan() = default;

  /// A cursor with scratch memory from `pool` (53200 where there is none left).
  virtual arrow::Result<std::unique_ptr<ScanCursor>> MakeCursor(arrow::MemoryPool* pool) = 0;
  /// Moves a cursor of this scan to the next morsel that nobody has taken (at most about 32,768 rows, in ascending
  /// order of row ids over the calls unless the request has another order); false where there is none left.
  virtual arrow::Result<bool> NextMorsel(ScanCursor& cursor) = 0;

  /// Rows in row groups that are not skipped, before predicates: an upper bound that does not change, for progress and
  /// for choosing the number of threads.
  virtual uint64_t num_rows_estimate() const = 0;
  /// Upper bound of how often NextMorsel gives true.
  virtual uint64_t num_morsels_estimate() const = 0;
  /// Whether it looks rows up by an index instead of scanning.
  virtual bool uses_index() const = 0;
  virtual const ScanCounters& counters() const = 0;
};

}  // namespace llkv
