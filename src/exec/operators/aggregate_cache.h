// GroupCache: an array in front of a GroupTable for keys of small domains. Dictionary codes and narrow integers of all
// key columns make an index; the group found once for an index is found again by one load, without hashing.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <span>
#include <vector>

#include "vector/row_storage.h"
#include "vector/vector.h"

namespace llkv {

/// One thread at a time.
class GroupCache {
 public:
  static constexpr uint64_t kMaxEntries = 1 << 14;

  explicit GroupCache(arrow::MemoryPool* pool) : entries_(pool) {}

  /// Gets ready for a batch's keys, in whatever forms they come. False where their domain is too large or unknown: the
  /// cache is of no use then. Error 53200.
  arrow::Result<bool> Prepare(std::span<const Vector> keys, const Selection& selection);

  /// Writes states[position] of the selected rows whose index is known; the others' positions go to `missing` (room for
  /// kMaxBatchRows). Returns how many are missing.
  uint32_t Lookup(const Selection& selection, uint8_t** states, uint16_t* missing) const;
  /// Remembers the states of rows that were missing.
  void Remember(const uint16_t* missing, uint32_t count, uint8_t* const* states);
  /// Forgets all states.
  void Clear();

  /// The rows of a batch that belong to one group.
  struct Run {
    uint8_t* state;
    Selection rows;
  };
  static constexpr uint32_t kMaxRuns = 12;
  /// Splits the rows of the batch that Prepare saw by group, so that each aggregate takes a group's rows at once; all
  /// of them have been looked up or remembered. Writes runs and their rows (room for two batches of rows); 0 where the
  /// domain is too large for `num_aggregates` to pay: splitting costs a pass over the batch a code, and saves each
  /// aggregate some.
  uint32_t SplitRows(const Selection& selection, uint32_t num_rows, size_t num_aggregates, Run* runs,
                     uint16_t* rows) const;

 private:
  /// What the codes of one column mean.
  struct Domain {
    VectorForm form = VectorForm::kFlat;
    uint64_t dictionary_id = 0;
    int64_t base = 0;   // the value of code 0
    uint64_t size = 0;  // without NULL
    bool has_nulls = false;
    bool operator==(const Domain&) const = default;
  };
  static bool FindDomain(const Vector& key, Domain* domain);
  void AddCodes(const Vector& key, const Domain& domain, const Selection& selection);

  std::vector<Domain> domains_;
  std::vector<Domain> next_domains_;
  PoolArray<uint8_t*> entries_;
  uint32_t index_[kMaxBatchRows];  // by row position
};

}  // namespace llkv
