// Predicates on stored columns: pruning by statistics before a chunk is touched, then exact evaluation on the encoded
// form. A predicate is translated once for a chunk (constants into the narrow type, a dictionary to a set of codes) and
// applied to batch after batch.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "store/column/chunk_descriptor.h"
#include "store/column/column_chunk.h"
#include "store/scan.h"
#include "vector/vector.h"

namespace llkv {

enum class PredicateOutcome : uint8_t {
  kNone,  // no row passes
  kSome,  // unknown without looking at rows
  kAll,   // every row passes
};

/// What a chunk's statistics alone say about a predicate on it.
PredicateOutcome PruneByStatistics(const ScanPredicate& predicate, const ChunkDescriptor& chunk);

/// What evaluation has cost, for tests and EXPLAIN. Any thread.
struct PredicateCounters {
  /// Entries of dictionaries that predicates were applied to.
  std::atomic<uint64_t> dictionary_entries{0};
  /// Runs that predicates were applied to.
  std::atomic<uint64_t> runs{0};
  /// Predicates translated for a chunk.
  std::atomic<uint64_t> predicates_prepared{0};
};

class RunPredicate;

/// One predicate, translated for Vectors of one shape: the batches of one chunk, or flat Vectors of a type (hot rows).
/// Immutable; any thread.
class VectorPredicate {
 public:
  /// `shape` gives type, form, storage and base; a dictionary or a constant is evaluated here, and later Vectors must
  /// have the same one. Forms: all but kRunEnd (0A000). 22023 where the predicate's values are not of the type.
  static arrow::Result<VectorPredicate> Prepare(const ScanPredicate& predicate, const Vector& shape,
                                                PredicateCounters* counters = nullptr);
  /// One that no row passes.
  VectorPredicate() = default;

  PredicateOutcome outcome() const;
  /// Relative cost of a row, for ordering a conjunction.
  uint32_t cost() const { return cost_; }
  /// Clears the bits of rows that do not pass. The mask has a bit for each of `num_rows` rows of `vector`.
  void Evaluate(const Vector& vector, uint32_t num_rows, uint64_t* mask) const;

 private:
  enum class Kind : uint8_t {
    kNone,
    kAll,      // NULLs too
    kNotNull,  // all but NULLs
    kIsNull,
    kRange,      // integers and codes: value - low_ <= span_, unsigned
    kWide,       // 128-bit integers in [wide_low_, wide_high_]
    kFloat,      // in [float_low_, float_high_], or NaN
    kLookup,     // one and two byte integers and codes: a bit each in table_
    kSet,        // integers in the sorted set_
    kString,     // op_ text_
    kStringSet,  // in the sorted texts_
    kInterval,   // op_ interval_nanos_
    kAnyOf,      // parts_
  };

  arrow::Status PrepareComparison(const ScanPredicate& predicate, const Vector& shape);
  arrow::Status PrepareIn(const ScanPredicate& predicate, const Vector& shape);
  arrow::Status PrepareDictionary(const ScanPredicate& predicate, const Vector& shape, PredicateCounters* counters);
  arrow::Status PrepareConstant(const ScanPredicate& predicate, const Vector& shape);
  void PrepareIntegers(PredicateOp op, int128_t value, const Vector& shape);
  void PrepareFloats(PredicateOp op, double value, const Vector& shape);
  void SetRange(int128_t low, int128_t high, int128_t type_min, int128_t type_max);
  void SetCodes(const std::vector<uint64_t>& matching, uint32_t num_entries);
  void EvaluateStored(const Vector& vector, uint32_t num_rows, uint64_t* mask) const;
  void EvaluateWide(const Vector& vector, uint32_t num_rows, uint64_t* mask) const;
  void EvaluateStrings(const Vector& vector, uint32_t num_rows, uint64_t* mask) const;
  void EvaluateAnyOf(const Vector& vector, uint32_t num_rows, uint64_t* mask) const;

  Kind kind_ = Kind::kNone;
  PredicateOp op_ = PredicateOp::kEqual;
  bool negate_ = false;
  bool with_nan_ = false;
  /// Bytes of a stored integer or code.
  uint8_t width_ = 0;
  uint32_t cost_ = 0;
  uint64_t low_ = 0;
  uint64_t span_ = 0;
  int128_t wide_low_ = 0;
  int128_t wide_high_ = 0;
  double float_low_ = 0;
  double float_high_ = 0;
  std::string text_;
  std::vector<std::string> texts_;
  std::vector<uint64_t> table_;
  std::vector<uint64_t> set_;
  std::vector<VectorPredicate> parts_;
};

/// One predicate on one chunk, however that is encoded. Prepared by one thread, then read by any.
class ChunkPredicate {
 public:
  /// Errors: those of VectorPredicate::Prepare. The chunk must outlive this.
  static arrow::Result<ChunkPredicate> Prepare(const ScanPredicate& predicate, const ColumnChunk& chunk,
                                               PredicateCounters* counters = nullptr);
  ChunkPredicate(ChunkPredicate&&) noexcept;
  ChunkPredicate& operator=(ChunkPredicate&&) noexcept;
  ~ChunkPredicate();

  PredicateOutcome outcome() const;
  /// Relative cost of a row, for ordering a conjunction.
  uint32_t cost() const;
  /// Whether Evaluate needs no rows: it knows the chunk's runs.
  bool is_on_runs() const { return runs_ != nullptr; }
  /// Clears bits of rows that surely do not pass, as far as that is known without decoding them.
  void Prefilter(uint32_t first_row, uint32_t num_rows, uint64_t* mask) const;
  /// Clears the bits of rows [first_row, first_row + num_rows) that do not pass; bit 0 is first_row. `vector` has these
  /// rows; it is not looked at where is_on_runs.
  void Evaluate(uint32_t first_row, const Vector& vector, uint32_t num_rows, uint64_t* mask) const;

 private:
  ChunkPredicate();
  VectorPredicate values_;
  std::unique_ptr<const RunPredicate> runs_;
  uint32_t decoding_cost_ = 0;
  /// Compressed text whose prefixes tell of most rows whether they pass; null: they do not.
  const ColumnChunk* text_ = nullptr;
  uint64_t lowest_prefix_ = 0;
  uint64_t highest_prefix_ = 0;
};

/// A conjunction on the chunks of one row group. Prepared by one thread, then read by any.
class ChunkPredicates {
 public:
  /// Adds a predicate on a chunk, which must outlive this. Statistics are asked first: a chunk that passes or fails
  /// whole costs nothing later.
  arrow::Status Add(const ScanPredicate& predicate, const ColumnChunk* chunk, PredicateCounters* counters = nullptr);

  /// kNone: no row of the row group passes, and later Adds do nothing. kAll: every row passes.
  PredicateOutcome outcome() const;

  /// The rows of [first_row, first_row + num_rows) that are in `input` and pass, relative to first_row, which is a
  /// multiple of 64; num_rows <= kMaxBatchRows. The result is dense where all rows pass, else it lies in `rows`, which
  /// has room for kMaxBatchRows + kRowsSlack numbers and may be input.rows. `scratch` is for chunks that are decoded.
  arrow::Result<Selection> Evaluate(uint32_t first_row, uint32_t num_rows, const Selection& input,
                                    ColumnScratch& scratch, uint16_t* rows) const;

 private:
  struct Part {
    const ColumnChunk* chunk;
    ChunkPredicate predicate;
  };
  bool is_none_ = false;
  /// Cheapest first.
  std::vector<Part> parts_;
};

}  // namespace llkv
