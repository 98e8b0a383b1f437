#include "store/column/chunk_predicate.h"

#include <algorithm>

#include "store/column/predicate_kernels.h"

namespace llkv {

arrow::Status ChunkPredicates::Add(const ScanPredicate& predicate, const ColumnChunk* chunk,
                                   PredicateCounters* counters) {
  if (is_none_) return arrow::Status::OK();
  PredicateOutcome outcome = PruneByStatistics(predicate, chunk->descriptor());
  if (outcome == PredicateOutcome::kSome) {
    ARROW_ASSIGN_OR_RAISE(VectorPredicate prepared, VectorPredicate::Prepare(predicate, chunk->GetVector(0), counters));
    outcome = prepared.outcome();
    if (outcome == PredicateOutcome::kSome) {
      const auto place = std::upper_bound(parts_.begin(), parts_.end(), prepared.cost(),
                                          [](uint32_t cost, const Part& part) { return cost < part.predicate.cost(); });
      parts_.insert(place, Part{chunk, std::move(prepared)});
    }
  }
  if (outcome == PredicateOutcome::kNone) {
    is_none_ = true;
    parts_.clear();
  }
  return arrow::Status::OK();
}

PredicateOutcome ChunkPredicates::outcome() const {
  if (is_none_) return PredicateOutcome::kNone;
  return parts_.empty() ? PredicateOutcome::kAll : PredicateOutcome::kSome;
}

Selection ChunkPredicates::Evaluate(uint32_t first_row, uint32_t num_rows, const Selection& input,
                                    uint16_t* rows) const {
  if (is_none_ || input.count == 0) return {rows, 0};
  if (parts_.empty()) return input;
  uint64_t mask[kMaxBatchRows / 64];
  const uint32_t num_words = (num_rows + 63) / 64;
  if (input.IsDense()) {
    // A dense input may be shorter than the batch.
    for (uint32_t word = 0; word < num_words; ++word) {
      const uint32_t start = word * 64;
      const uint32_t left = input.count > start ? input.count - start : 0;
      mask[word] = left >= 64 ? ~uint64_t{0} : (uint64_t{1} << left) - 1;
    }
  } else {
    std::fill(mask, mask + num_words, 0);
    for (uint32_t i = 0; i < input.count; ++i) mask[input.rows[i] / 64] |= uint64_t{1} << (input.rows[i] % 64);
  }
  uint64_t any = 0;
  for (const Part& part : parts_) {
    part.predicate.Evaluate(part.chunk->GetVector(first_row), num_rows, mask);
    any = 0;
    for (uint32_t word = 0; word < num_words; ++word) any |= mask[word];
    if (any == 0) return {rows, 0};
  }
  const uint32_t count = MaskToRows(mask, num_rows, rows);
  if (input.IsDense() && count == input.count) return input;
  return {rows, count};
}

}  // namespace llkv
