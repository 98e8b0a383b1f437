// JoinBuildLane: what one lane of a hash join's build gathers for the tables that are made of all lanes' rows.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "vector/row_storage.h"

namespace llkv {

/// One right row. `key` is the packed key, or the keys' hash where they are not packed.
struct JoinEntry {
  uint64_t key;
  uint8_t* row;
};

struct JoinBuildLane {
  static constexpr uint32_t kNumPartitions = 64;
  static uint32_t Partition(uint64_t hash) { return static_cast<uint32_t>(hash >> 58); }

  JoinBuildLane(uint32_t row_width, arrow::MemoryPool* pool) : rows(row_width, pool) {
    entries.reserve(kNumPartitions);
    for (uint32_t p = 0; p < kNumPartitions; ++p) entries.emplace_back(pool);
  }
  RowStorage rows;
  std::vector<PoolArray<JoinEntry>> entries;  // by partition
  /// Bounds of packed keys.
  int64_t min_key = std::numeric_limits<int64_t>::max();
  int64_t max_key = std::numeric_limits<int64_t>::min();
  bool has_null_key = false;
  bool has_rows = false;
};

}  // namespace llkv
