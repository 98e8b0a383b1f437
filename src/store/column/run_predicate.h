// RunPredicate: a predicate on a run-end chunk, evaluated once a run and then spread over the rows.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <vector>

#include "store/column/chunk_predicate.h"

namespace llkv {

/// Immutable; any thread. The chunk must outlive it.
class RunPredicate {
 public:
  /// `chunk` is a run-end chunk. Errors: those of VectorPredicate::Prepare. Counts each run in `counters`.
  static arrow::Result<RunPredicate> Prepare(const ScanPredicate& predicate, const ColumnChunk& chunk,
                                             PredicateCounters* counters = nullptr);

  /// kNone where no run passes, kAll where all do.
  PredicateOutcome outcome() const { return outcome_; }
  /// Clears the bits of rows [first_row, first_row + num_rows) of the chunk that do not pass; bit 0 is first_row.
  void Evaluate(uint32_t first_row, uint32_t num_rows, uint64_t* mask) const;

 private:
  const ColumnChunk* chunk_ = nullptr;
  PredicateOutcome outcome_ = PredicateOutcome::kSome;
  /// A bit a run.
  std::vector<uint64_t> passes_;
};

}  // namespace llkv
