// What the scan of a ColumnTable and its cursors share, and the cursor: visibility, predicates, filters and bounds on
// encoded values, a batch at a time. Must not know how morsels are made and given away.
#pragma once

#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <deque>
#include <memory>
#include <vector>

#include "store/column/chunk_predicate.h"
#include "store/column_table.h"
#include "store/scan.h"

namespace llkv {

/// A row group that a scan reads, with the rows that it had when the scan began.
struct ScanUnit {
  GroupEntry entry;
  uint32_t num_rows = 0;
  /// Of a scan by index: the places of the rows to look at, ascending.
  std::vector<uint32_t> slots;
};

/// Rows [first, end) of a unit; in a scan by index, of its slots.
struct Morsel {
  const ScanUnit* unit = nullptr;
  uint32_t first = 0;
  uint32_t end = 0;
};

/// What all cursors of a scan share.
struct ScanPlan {
  ScanRequest request;
  /// Keeps the row groups alive.
  TableStatePtr state;
  /// Each column that is needed, once; the places in it of predicates', filters' and output columns.
  std::vector<uint32_t> columns;
  std::vector<LogicalType> types;
  std::vector<size_t> predicate_places;
  std::vector<size_t> filter_places;
  std::vector<size_t> bound_places;
  std::vector<size_t> output_places;
  std::deque<ScanUnit> units;
  std::vector<Morsel> morsels;
  uint64_t num_rows = 0;
  bool uses_index = false;
  ScanCounters counters;
};

/// What statistics say about a predicate on a row group.
PredicateOutcome OutcomeFor(const ScanPredicate& predicate, const GroupEntry& entry);

/// Whether the rows of a row group can be held against a bound: NULLs that pass it are not looked for.
bool IsBoundUsable(const ScanPlan& plan, size_t bound, const GroupEntry& entry);

/// A cursor that is moved from morsel to morsel.
class MorselCursor : public ScanCursor {
 public:
  virtual arrow::Status Start(const Morsel& morsel) = 0;
};

/// `plan` outlives it.
std::unique_ptr<MorselCursor> MakeMorselCursor(ScanPlan* plan, arrow::MemoryPool* pool);

}  // namespace llkv
