#include "store/column/run_predicate.h"

#include <algorithm>

namespace llkv {
namespace {

/// Clears bits [first, end).
void ClearBits(uint64_t* mask, uint32_t first, uint32_t end) {
  while (first < end) {
    const uint32_t word = first / 64;
    const uint32_t stop = std::min(end, (word + 1) * 64);
    const uint64_t ones = stop - first == 64 ? ~uint64_t{0} : (uint64_t{1} << (stop - first)) - 1;
    mask[word] &= ~(ones << (first % 64));
    first = stop;
  }
}

}  // namespace

arrow::Result<RunPredicate> RunPredicate::Prepare(const ScanPredicate& predicate, const ColumnChunk& chunk,
                                                  PredicateCounters* counters) {
  RunPredicate prepared;
  prepared.chunk_ = &chunk;
  const Vector runs = chunk.GetRuns();
  const uint32_t num_runs = chunk.num_runs();
  ARROW_ASSIGN_OR_RAISE(const VectorPredicate on_run, VectorPredicate::Prepare(predicate, runs, counters));
  prepared.passes_.assign((num_runs + 63) / 64, ~uint64_t{0});
  if (num_runs % 64 != 0) prepared.passes_.back() = (uint64_t{1} << (num_runs % 64)) - 1;
  // The kernels take a batch at a time.
  for (uint32_t first = 0; first < num_runs; first += kMaxBatchRows) {
    Vector part = runs;
    part.data =
        static_cast<const uint8_t*>(runs.data) + size_t{first} * static_cast<size_t>(PhysicalWidth(runs.storage));
    on_run.Evaluate(part, std::min(kMaxBatchRows, num_runs - first), prepared.passes_.data() + first / 64);
  }
  if (counters != nullptr) counters->runs.fetch_add(num_runs, std::memory_order_relaxed);
  uint64_t count = 0;
  for (const uint64_t word : prepared.passes_) count += static_cast<uint64_t>(__builtin_popcountll(word));
  if (count == 0) prepared.outcome_ = PredicateOutcome::kNone;
  if (count == num_runs) prepared.outcome_ = PredicateOutcome::kAll;
  return prepared;
}

void RunPredicate::Evaluate(uint32_t first_row, uint32_t num_rows, uint64_t* mask) const {
  if (outcome_ == PredicateOutcome::kAll) return;
  const int32_t* ends = chunk_->run_ends();
  const int32_t* end = ends + chunk_->num_runs();
  const uint32_t last_row = first_row + num_rows;
  uint32_t row = first_row;
  for (const int32_t* run = std::upper_bound(ends, end, static_cast<int32_t>(first_row)); row < last_row; ++run) {
    const uint32_t stop = std::min(static_cast<uint32_t>(*run), last_row);
    const auto index = static_cast<size_t>(run - ends);
    if (((passes_[index / 64] >> (index % 64)) & 1) == 0) ClearBits(mask, row - first_row, stop - first_row);
    row = stop;
  }
}

}  // namespace llkv
