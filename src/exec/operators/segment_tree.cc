// See segment_tree.h.
#include "exec/operators/segment_tree.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace llkv {
namespace {

/// States that are made between two looks at the stop token: each may touch a fresh page.
constexpr int64_t kPollNodes = 4096;

}  // namespace

SegmentTree::SegmentTree(const BoundAggregate* function, arrow::MemoryPool* pool)
    : function_(function),
      pool_(pool),
      state_size_((static_cast<int64_t>(function->state_size) + 7) / 8 * 8),
      initial_(static_cast<size_t>(state_size_)) {
  function->initialize(function->state.get(), initial_.data());
}

arrow::Status SegmentTree::Reset(int64_t num_leaves, const StopToken& stop) {
  num_pairs_ = 0;
  size_t level = 0;
  for (int64_t nodes = num_leaves;; nodes = (nodes + kFanout - 1) / kFanout, ++level) {
    if (level == levels_.size()) levels_.emplace_back(pool_);
    ARROW_RETURN_NOT_OK(levels_[level].Resize(nodes * state_size_));
    for (int64_t i = 0; i < nodes; ++i) {
      if (i % kPollNodes == 0) ARROW_RETURN_NOT_OK(stop.Check());
      std::memcpy(levels_[level].data() + i * state_size_, initial_.data(), initial_.size());
    }
    if (nodes <= kFanout) break;
  }
  levels_.erase(levels_.begin() + static_cast<std::ptrdiff_t>(level) + 1, levels_.end());
  return arrow::Status::OK();
}

arrow::Status SegmentTree::Build(KernelContext& kernel, const StopToken& stop) {
  for (size_t level = 0; level + 1 < levels_.size(); ++level) {
    const int64_t nodes = levels_[level].size() / state_size_;
    for (int64_t i = 0; i < nodes; ++i) {
      if (num_pairs_ == kMaxBatchRows) ARROW_RETURN_NOT_OK(stop.Check());
      ARROW_RETURN_NOT_OK(
          Add(kernel, levels_[level].data() + i * state_size_, levels_[level + 1].data() + i / kFanout * state_size_));
    }
    ARROW_RETURN_NOT_OK(Flush(kernel));
  }
  return arrow::Status::OK();
}

arrow::Status SegmentTree::Query(KernelContext& kernel, int64_t begin, int64_t end, uint8_t* target) {
  for (size_t level = 0; begin < end; ++level) {
    const uint8_t* nodes = levels_[level].data();
    const int64_t parent_begin = (begin + kFanout - 1) / kFanout;
    const int64_t parent_end = end / kFanout;
    const bool is_last = parent_begin >= parent_end || level + 1 == levels_.size();
    const int64_t left_end = is_last ? end : parent_begin * kFanout;
    for (int64_t i = begin; i < left_end; ++i) ARROW_RETURN_NOT_OK(Add(kernel, nodes + i * state_size_, target));
    if (is_last) break;
    for (int64_t i = parent_end * kFanout; i < end; ++i) {
      ARROW_RETURN_NOT_OK(Add(kernel, nodes + i * state_size_, target));
    }
    begin = parent_begin;
    end = parent_end;
  }
  return arrow::Status::OK();
}

arrow::Status SegmentTree::Flush(KernelContext& kernel) {
  if (num_pairs_ == 0) return arrow::Status::OK();
  const uint32_t count = std::exchange(num_pairs_, 0);
  return function_->combine(kernel, function_->state.get(), sources_, targets_, count);
}

}  // namespace llkv
