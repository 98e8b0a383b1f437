// SortedRun: any number of (key, row) pairs, sorted in bounded memory through the pager, and read a piece at a time
// from either end. Nothing of it outlives it.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "pager/write_batch.h"
#include "store/bulk_keys.h"
#include "store/column/index_run.h"
#include "store/sorted_keys.h"

namespace llkv {

/// One thread.
class SortedRun {
 public:
  /// `pager` and `pool` outlive it.
  SortedRun(Pager* pager, arrow::MemoryPool* pool) : pager_(pager), pool_(pool), parts_(pager, pool, 0) {}

  /// Adds sorted pairs; no two pairs of all are equal. 53100 and 58030 where they cannot be written.
  arrow::Status Add(SortedKeys pairs);
  /// Ends the adding.
  arrow::Status Finish();
  /// The next pairs, ascending among themselves, or from the other end those before the ones that were given last;
  /// false behind the last.
  arrow::Result<bool> Next(bool from_end, SortedKeys* piece);

 private:
  Pager* const pager_;
  arrow::MemoryPool* const pool_;
  BulkKeys parts_;
  std::vector<StagedBlob> blobs_;
  std::unique_ptr<IndexRunReader> run_;
  /// Chunks of the run that were not given yet.
  uint32_t first_chunk_ = 0;
  uint32_t end_chunk_ = 0;
};

}  // namespace llkv
