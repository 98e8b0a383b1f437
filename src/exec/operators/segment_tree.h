// SegmentTree: an aggregate's states over ranges of rows, so that any range is few states put together. For frames that
// move over a partition.
//
// Source: Leis et al., "Efficient Processing of Window Functions in Analytical SQL Queries", VLDB 2015.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <vector>

#include "functions/function_registry.h"
#include "runtime/stop_token.h"
#include "vector/row_storage.h"

namespace llkv {

/// Leaves are the states of single rows. One thread at a time.
class SegmentTree {
 public:
  /// Children a node. A query takes up to 2 * (kFanout - 1) states of each level: that is least for a small fanout.
  static constexpr int64_t kFanout = 4;

  SegmentTree(const BoundAggregate* function, arrow::MemoryPool* pool);

  /// Makes a tree of `num_leaves` states without rows. Errors: 53200, 57014.
  arrow::Status Reset(int64_t num_leaves, const StopToken& stop);
  /// For whoever feeds the leaves, before Build.
  uint8_t* leaf(int64_t i) { return levels_[0].data() + i * state_size_; }
  /// Computes the inner nodes. Errors: the function's own, 57014.
  arrow::Status Build(KernelContext& kernel, const StopToken& stop);

  /// Has `target`, a state, absorb the leaves from `begin` to before `end`; it has them after Flush.
  arrow::Status Query(KernelContext& kernel, int64_t begin, int64_t end, uint8_t* target);
  arrow::Status Flush(KernelContext& kernel);

  int64_t state_size() const { return state_size_; }

 private:
  arrow::Status Add(KernelContext& kernel, const uint8_t* source, uint8_t* target) {
    if (num_pairs_ == kMaxBatchRows) ARROW_RETURN_NOT_OK(Flush(kernel));
    sources_[num_pairs_] = source;
    targets_[num_pairs_++] = target;
    return arrow::Status::OK();
  }

  const BoundAggregate* function_;
  arrow::MemoryPool* pool_;
  int64_t state_size_;
  std::vector<uint8_t> initial_;
  std::vector<PoolArray<uint8_t>> levels_;  // leaves first
  uint32_t num_pairs_ = 0;
  const uint8_t* sources_[kMaxBatchRows];
  uint8_t* targets_[kMaxBatchRows];
};

}  // namespace llkv
