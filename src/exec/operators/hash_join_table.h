// HashJoinTable: the right side's rows, and an unchained directory over them: one array of entries ordered by bucket,
// and for each bucket where its entries end, with a 16-bit Bloom filter in the same word.
// Source: Birler, Schmidt, Fent, Neumann, "Simple, Efficient, and Robust Hash Tables for Join Processing", DaMoN 2024.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/hash.h"
#include "base/mutex.h"
#include "exec/operators/dense_join_table.h"
#include "exec/operators/join_build_lane.h"
#include "vector/row_storage.h"

namespace llkv {

/// Filled by the build's lanes, then read by the probe's.
class HashJoinTable {
 public:
  /// `wants` is what is needed of a match. `layout`, that of the rows, outlives it.
  HashJoinTable(bool is_packed, DenseJoinTable::Wants wants, const RowLayout* layout)
      : is_packed_(is_packed), wants_(wants), layout_(layout) {}

  void Reset();
  void AddLane(std::unique_ptr<JoinBuildLane> lane) LLKV_EXCLUDES(mutex_);
  /// Number of parts for FinalizePart. Errors: 53200, 57014.
  arrow::Result<uint32_t> PrepareFinalize(arrow::MemoryPool* pool, const StopToken& stop);
  void FinalizePart(uint32_t part);

  /// Not null where it takes this table's place.
  const DenseJoinTable* dense() const { return is_dense_ ? &dense_ : nullptr; }

  /// Did the right side have any row, any row with a NULL key?
  bool has_rows() const { return has_rows_; }
  bool has_null_key() const { return has_null_key_; }
  const std::vector<std::unique_ptr<JoinBuildLane>>& lanes() const { return lanes_; }
  int64_t num_entries() const { return num_entries_; }

  void Prefetch(uint64_t hash) const { __builtin_prefetch(directory_ + (hash >> shift_)); }
  /// The entries that may have this hash: [*begin, *end); false where there are none.
  bool Find(uint64_t hash, const JoinEntry** begin, const JoinEntry** end) const {
    const uint64_t* bucket = directory_ + (hash >> shift_);
    const uint64_t tags = TagBits(hash);
    if ((bucket[1] & tags) != tags) return false;
    *begin = entries_ + (bucket[0] >> 16);
    *end = entries_ + (bucket[1] >> 16);
    return true;
  }

 private:
  static uint64_t TagBits(uint64_t hash) {
    return (uint64_t{1} << (hash & 15)) | (uint64_t{1} << ((hash >> 4) & 15)) | (uint64_t{1} << ((hash >> 8) & 15));
  }
  uint64_t HashOf(const JoinEntry& entry) const { return is_packed_ ? HashInt64(entry.key) : entry.key; }
  void FinalizePartition(uint32_t partition);
  void FillBuckets(uint32_t partition);

  const bool is_packed_;
  const DenseJoinTable::Wants wants_;
  const RowLayout* layout_;
  DenseJoinTable dense_;
  bool is_dense_ = false;
  Mutex mutex_;
  std::vector<std::unique_ptr<JoinBuildLane>> lanes_;  // guarded by mutex_ until all lanes are in
  bool has_rows_ = false;
  bool has_null_key_ = false;
  int64_t num_entries_ = 0;
  int64_t partition_begin_[JoinBuildLane::kNumPartitions + 1] = {};
  std::unique_ptr<PoolArray<uint64_t>> directory_memory_;
  std::unique_ptr<PoolArray<JoinEntry>> entry_memory_;
  uint64_t* directory_ = nullptr;
  JoinEntry* entries_ = nullptr;
  uint32_t bucket_bits_ = 0;
  uint32_t shift_ = 63;
};

}  // namespace llkv
