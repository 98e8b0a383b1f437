// Pruning: what bounds and NULL counts say about a predicate.
#include <algorithm>

#include "store/column/chunk_predicate.h"

namespace llkv {
namespace {

struct KnownBounds {
  const Value& min;
  const Value& max;
  /// All values are the same, and known.
  bool is_single;
};

PredicateOutcome Either(bool none, bool all) {
  if (none) return PredicateOutcome::kNone;
  return all ? PredicateOutcome::kAll : PredicateOutcome::kSome;
}

/// Of the values that are not NULL.
PredicateOutcome CompareBounds(PredicateOp op, const Value& value, const KnownBounds& bounds) {
  const int min = CompareValues(bounds.min, value);
  const int max = CompareValues(bounds.max, value);
  const bool is_outside = min > 0 || max < 0;
  const bool is_the_value = bounds.is_single && min == 0;
  switch (op) {
    case PredicateOp::kEqual:
      return Either(is_outside, is_the_value);
    case PredicateOp::kNotEqual:
      return Either(is_the_value, is_outside);
    case PredicateOp::kLess:
      return Either(min >= 0, max < 0);
    case PredicateOp::kLessEqual:
      return Either(min > 0, max <= 0);
    case PredicateOp::kGreater:
      return Either(max <= 0, min > 0);
    case PredicateOp::kGreaterEqual:
      return Either(max < 0, min >= 0);
    default:
      return PredicateOutcome::kSome;
  }
}

PredicateOutcome CompareWithAny(const std::vector<Value>& values, const KnownBounds& bounds) {
  bool none = true;
  for (const Value& value : values) {
    if (value.is_null()) continue;
    const PredicateOutcome outcome = CompareBounds(PredicateOp::kEqual, value, bounds);
    if (outcome == PredicateOutcome::kAll) return outcome;
    none &= outcome == PredicateOutcome::kNone;
  }
  return none ? PredicateOutcome::kNone : PredicateOutcome::kSome;
}

bool IsNullComparison(const ScanPredicate& predicate) {
  return std::all_of(predicate.values.begin(), predicate.values.end(), [](const Value& v) { return v.is_null(); });
}

}  // namespace

PredicateOutcome PruneByStatistics(const ScanPredicate& predicate, const ChunkDescriptor& chunk) {
  const ChunkStatistics& statistics = chunk.statistics;
  const bool all_null = statistics.num_nulls == chunk.num_rows;
  const bool no_null = statistics.num_nulls == 0;
  if (chunk.num_rows == 0) return PredicateOutcome::kNone;
  if (predicate.op == PredicateOp::kIsNull) return Either(no_null, all_null);
  if (predicate.op == PredicateOp::kIsNotNull) return Either(all_null, no_null);
  if (all_null || IsNullComparison(predicate)) return PredicateOutcome::kNone;
  for (const Value& value : predicate.values) {
    if (!value.is_null() && value.type() != chunk.type) return PredicateOutcome::kSome;
  }
  if (statistics.min.is_null() || statistics.max.is_null()) return PredicateOutcome::kSome;
  const KnownBounds bounds{
      statistics.min, statistics.max,
      statistics.min_is_exact && statistics.max_is_exact && CompareValues(statistics.min, statistics.max) == 0};
  const PredicateOutcome outcome = predicate.op == PredicateOp::kIn
                                       ? CompareWithAny(predicate.values, bounds)
                                       : CompareBounds(predicate.op, predicate.values[0], bounds);
  if (outcome == PredicateOutcome::kAll && !no_null) return PredicateOutcome::kSome;
  return outcome;
}

}  // namespace llkv
