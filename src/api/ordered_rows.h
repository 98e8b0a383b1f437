// OrderedRows: the rows of several tables in the order of one column, a bounded piece at a time. It uses what row
// groups know of their values: those whose bounds do not overlap are read one after the other, those that do are sorted
// together, through the pager where they are many. It fetches nothing but the column and the rows' names.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "api/column_store_core.h"
#include "api/sorted_run.h"
#include "store/sorted_keys.h"

namespace llkv {

/// One of the tables. They are at most kMaxSegments.
struct OrderedSource {
  std::shared_ptr<TableStore> table;
  /// Has the same type in all of them. Rows that have NULL there are left out.
  uint32_t column = kRowIdOrdinal;
  /// All must hold.
  std::vector<ScanPredicate> predicates = {};
};

/// How a row is named in the answer.
enum class RowName : uint8_t {
  kPlace,  ///< RowPlace::packed, with the source's place for the segment
  kRowId,  ///< the first column, the row id
};

/// Neighbouring rows of the order.
struct OrderedPiece {
  SortedKeys rows;
  /// Where all rows of the piece come from one source and are stored in the order: that source.
  std::optional<size_t> in_order;
  /// Whether the rows are stored in the order, all in one source: also where they are only a part of what a scan of the
  /// source would give.
  bool is_stored_in_order = false;
  /// What makes a scan of that source give the piece's rows: the source's predicates and the bounds.
  std::vector<ScanPredicate> predicates;
  /// How many rows were looked at for them, about.
  uint64_t num_scanned = 0;
  uint64_t key_bytes = 0;
};

/// One thread.
class OrderedRows {
 public:
  /// Keys of about `max_key_bytes` are sorted in memory.
  OrderedRows(std::vector<OrderedSource> sources, Snapshot snapshot, RowName name, uint64_t max_key_bytes,
              StoreScanCounters* counters);

  /// Begins anew, with the rows whose value is between bounds, both included; nothing: no bound. `descending` turns
  /// the order of pieces round, not that of the rows in them.
  arrow::Status Start(const std::optional<Value>& min, const std::optional<Value>& max, bool descending);
  /// The next piece, perhaps without rows; false at the end.
  arrow::Result<bool> Next(OrderedPiece* piece);

 private:
  /// Values from min to max, of row groups that no row group outside overlaps. NULL Values: no bound.
  struct Cluster {
    Value min;
    Value max;
    std::vector<size_t> sources;
  };
  void AddGroup(size_t source, const GroupEntry& entry);
  void AddRange(size_t source, Value min, Value max);
  void MergeOverlaps();
  arrow::Status Collect(size_t source, OrderedPiece* piece, bool* is_in_order);
  /// Moves the piece's rows to run_.
  arrow::Status Spill(OrderedPiece* piece);
  arrow::Result<bool> NextOfRun(OrderedPiece* piece);

  const std::vector<OrderedSource> sources_;
  const Snapshot snapshot_;
  const RowName name_;
  const uint64_t max_key_bytes_;
  StoreScanCounters* const counters_;
  LogicalType type_;
  std::vector<Cluster> clusters_;
  size_t next_ = 0;
  bool descending_ = false;
  /// The rows of the last cluster, where they are too many for memory.
  std::unique_ptr<SortedRun> run_;
  bool is_run_in_order_ = false;
};

/// Calls f for each row group that a snapshot reads of a table.
arrow::Status ForEachGroup(const TableStore& table, const Snapshot& snapshot,
                           const std::function<arrow::Status(const GroupEntry&)>& f);
/// Bounds of a column's values in a hot row group, deleted rows included; NULL Values where it has none.
void HotBounds(const HotRowGroup& group, uint32_t column, Value* min, Value* max);

}  // namespace llkv
