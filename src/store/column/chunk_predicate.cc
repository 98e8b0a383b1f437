#include "store/column/chunk_predicate.h"

#include <algorithm>

#include "store/column/predicate_kernels.h"
#include "store/column/run_predicate.h"
#include "store/column/text_symbols.h"

namespace llkv {
namespace {

/// What decoding a value costs beside a comparison of it.
constexpr uint32_t kTextDecodingCost = 400;
constexpr uint32_t kNumberDecodingCost = 16;

/// The prefixes that a passing text may have; false where it may have any.
bool FindPrefixes(const ScanPredicate& predicate, uint64_t* lowest, uint64_t* highest) {
  *lowest = 0;
  *highest = ~uint64_t{0};
  bool any = false;
  uint64_t least = ~uint64_t{0};
  uint64_t greatest = 0;
  for (const Value& value : predicate.values) {
    if (value.is_null()) continue;
    const uint64_t prefix = TextPrefix(value.bytes());
    least = std::min(least, prefix);
    greatest = std::max(greatest, prefix);
    any = true;
  }
  if (!any) return false;
  switch (predicate.op) {
    case PredicateOp::kEqual:
    case PredicateOp::kIn:
      *lowest = least;
      *highest = greatest;
      return true;
    case PredicateOp::kLess:
    case PredicateOp::kLessEqual:
      *highest = greatest;
      return true;
    case PredicateOp::kGreater:
    case PredicateOp::kGreaterEqual:
      *lowest = least;
      return true;
    default:
      return false;
  }
}

}  // namespace

ChunkPredicate::ChunkPredicate() = default;
ChunkPredicate::ChunkPredicate(ChunkPredicate&&) noexcept = default;
ChunkPredicate& ChunkPredicate::operator=(ChunkPredicate&&) noexcept = default;
ChunkPredicate::~ChunkPredicate() = default;

arrow::Result<ChunkPredicate> ChunkPredicate::Prepare(const ScanPredicate& predicate, const ColumnChunk& chunk,
                                                      PredicateCounters* counters) {
  ChunkPredicate prepared;
  if (chunk.descriptor().encoding == ChunkEncoding::kRunEnd) {
    ARROW_ASSIGN_OR_RAISE(RunPredicate runs, RunPredicate::Prepare(predicate, chunk, counters));
    prepared.runs_ = std::make_unique<const RunPredicate>(std::move(runs));
  } else {
    ARROW_ASSIGN_OR_RAISE(prepared.values_, VectorPredicate::Prepare(predicate, chunk.GetVector(0), counters));
  }
  if (chunk.is_decoded()) {
    prepared.decoding_cost_ =
        chunk.descriptor().encoding == ChunkEncoding::kText ? kTextDecodingCost : kNumberDecodingCost;
  }
  if (chunk.descriptor().encoding == ChunkEncoding::kText && prepared.outcome() == PredicateOutcome::kSome &&
      FindPrefixes(predicate, &prepared.lowest_prefix_, &prepared.highest_prefix_)) {
    prepared.text_ = &chunk;
  }
  return prepared;
}

void ChunkPredicate::Prefilter(uint32_t first_row, uint32_t num_rows, uint64_t* mask) const {
  if (text_ != nullptr) text_->MaskTextPrefixes(first_row, num_rows, lowest_prefix_, highest_prefix_, mask);
}

PredicateOutcome ChunkPredicate::outcome() const { return runs_ != nullptr ? runs_->outcome() : values_.outcome(); }

uint32_t ChunkPredicate::cost() const { return runs_ != nullptr ? 1 : values_.cost() + decoding_cost_; }

void ChunkPredicate::Evaluate(uint32_t first_row, const Vector& vector, uint32_t num_rows, uint64_t* mask) const {
  if (runs_ != nullptr) {
    runs_->Evaluate(first_row, num_rows, mask);
  } else {
    values_.Evaluate(vector, num_rows, mask);
  }
}

arrow::Status ChunkPredicates::Add(const ScanPredicate& predicate, const ColumnChunk* chunk,
                                   PredicateCounters* counters) {
  if (is_none_) return arrow::Status::OK();
  PredicateOutcome outcome = PruneByStatistics(predicate, chunk->descriptor());
  if (outcome == PredicateOutcome::kSome) {
    ARROW_ASSIGN_OR_RAISE(ChunkPredicate prepared, ChunkPredicate::Prepare(predicate, *chunk, counters));
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

arrow::Result<Selection> ChunkPredicates::Evaluate(uint32_t first_row, uint32_t num_rows, const Selection& input,
                                                   ColumnScratch& scratch, uint16_t* rows) const {
  if (is_none_ || input.count == 0) return Selection{rows, 0};
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
    part.predicate.Prefilter(first_row, num_rows, mask);
    Vector vector;
    if (!part.predicate.is_on_runs()) {
      ARROW_ASSIGN_OR_RAISE(vector, part.chunk->Read(first_row, num_rows, scratch));
    }
    part.predicate.Evaluate(first_row, vector, num_rows, mask);
    any = 0;
    for (uint32_t word = 0; word < num_words; ++word) any |= mask[word];
    if (any == 0) return Selection{rows, 0};
  }
  const uint32_t count = MaskToRows(mask, num_rows, rows);
  if (input.IsDense() && count == input.count) return input;
  return Selection{rows, count};
}

}  // namespace llkv
