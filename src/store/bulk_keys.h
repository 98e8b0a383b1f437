// BulkKeys: the keys that one statement's bulk rows have in the table's indexes, in bounded memory: where they are
// many, those that came first wait as sorted runs in the pager until the statement ends and all are merged.
#pragma once

#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "pager/write_batch.h"
#include "store/column/index_run.h"
#include "store/index_layout.h"
#include "store/index_merge.h"
#include "store/sorted_keys.h"

namespace llkv {

/// Any thread; reading once all has been added.
class BulkKeys {
 public:
  /// `pager` and `pool` outlive it. Keys of about `max_bytes` stay in memory.
  BulkKeys(Pager* pager, arrow::MemoryPool* pool, uint64_t max_bytes)
      : pager_(pager), pool_(pool), max_bytes_(max_bytes) {}

  /// Adds the sorted keys of some rows. 53100 and 58030 where a run cannot be written.
  arrow::Status Add(IndexId index, SortedKeys keys);
  std::vector<IndexId> Indexes() const;
  /// Makes all keys of an index sources of `merge`, which this outlives.
  arrow::Status AddTo(IndexId index, IndexMerge* merge) const;
  void Clear();

 private:
  struct Spilled {
    std::unique_ptr<IndexRunReader> run;
    std::vector<StagedBlob> blobs;
  };
  struct Keys {
    std::vector<std::unique_ptr<const SortedKeys>> sorted;
    uint64_t num_bytes = 0;
    std::vector<Spilled> spilled;
  };
  arrow::Result<Spilled> Spill(const std::vector<std::unique_ptr<const SortedKeys>>& keys) const;

  Pager* const pager_;
  arrow::MemoryPool* const pool_;
  const uint64_t max_bytes_;
  mutable Mutex mutex_;
  uint64_t num_bytes_ LLKV_GUARDED_BY(mutex_) = 0;
  std::map<IndexId, Keys> keys_ LLKV_GUARDED_BY(mutex_);
};

}  // namespace llkv
