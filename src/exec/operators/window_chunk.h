// WindowChunk: some whole partitions of the sorted rows, as one lane computes them, with where partitions and groups of
// peers begin. WindowCursor: the partition and the peers of one row after the other.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "exec/operators/sort_shared.h"
#include "exec/operators/window_frames.h"
#include "exec/operators/window_plan.h"
#include "vector/row_storage.h"

namespace llkv {

/// Rows are numbered from 0 in each chunk.
class WindowChunk {
 public:
  WindowChunk(const WindowPlan* plan, const SortShared* sorted, const QueryContext* query);

  /// Takes the partitions that begin in [begin, end) of the sorted rows; maybe none. Errors: 53200, 57014.
  arrow::Status Load(int64_t begin, int64_t end);
  void Clear();

  int64_t size() const { return rows_.size(); }
  uint8_t* const* rows() const { return rows_.data(); }
  const RowLayout& layout() const { return sorted_->layout(); }
  const WindowPlan& plan() const { return *plan_; }
  const QueryContext& query() const { return *query_; }

  int64_t num_partitions() const { return starts_.empty() ? 0 : starts_.size() - 1; }
  RowRange partition(int64_t p) const { return {starts_[p], starts_[p + 1]}; }
  /// The first row behind `row` that is no peer of it by the plan's order `order`, or size().
  int64_t PeersEnd(uint32_t order, int64_t row) const;

 private:
  uint8_t* RowAt(int64_t i) const {
    const SortedRows& first = sorted_->piece(0);
    const SortedRows& piece = i < first.size ? first : sorted_->piece(1);
    const int64_t place = i < first.size ? i : i - first.size;
    return reinterpret_cast<uint8_t*>(piece.words[place * piece.stride]);
  }
  bool SamePartition(const uint8_t* a, const uint8_t* b) const {
    return partition_order_.empty() || partition_order_.Compare(a, b) == 0;
  }
  arrow::Status MarkPeers();

  const WindowPlan* plan_;
  const SortShared* sorted_;
  const QueryContext* query_;
  TieOrder partition_order_;
  PoolArray<uint8_t*> rows_;
  PoolArray<int64_t> starts_;  // of partitions, and the end of the last one
  /// A bit a row for each order: no peer of the row before.
  std::vector<PoolArray<uint64_t>> peer_starts_;
};

/// Goes through a chunk's rows in ascending order, each one.
class WindowCursor {
 public:
  WindowCursor(const WindowChunk* chunk, uint32_t order, bool needs_peers)
      : chunk_(chunk), order_(order), needs_peers_(needs_peers) {}

  void Reset() {
    partition_number_ = -1;
    partition_ = peers_ = RowRange{};
    peers_number_ = 0;
  }
  void Move(int64_t row) {
    if (row >= partition_.end) {
      partition_ = chunk_->partition(++partition_number_);
      peers_number_ = 0;
    }
    if (needs_peers_ && row >= peers_.end) {
      peers_ = {row, chunk_->PeersEnd(order_, row)};
      ++peers_number_;
    }
  }
  const RowRange& partition() const { return partition_; }
  int64_t partition_number() const { return partition_number_; }
  const RowRange& peers() const { return peers_; }
  /// Of the group of peers in the partition, from 1.
  int64_t peers_number() const { return peers_number_; }

 private:
  const WindowChunk* chunk_;
  uint32_t order_;
  bool needs_peers_;
  int64_t partition_number_ = -1;
  RowRange partition_;
  RowRange peers_;
  int64_t peers_number_ = 0;
};

/// What computes one call over a chunk. One lane's.
class WindowEvaluator {
 public:
  virtual ~WindowEvaluator() = default;
  /// The chunk has other rows now. Errors: 53200, 57014, the function's own.
  virtual arrow::Status Load() = 0;
  /// Results of rows [begin, begin + count), at most kMaxBatchRows, which follow those of the last call, into `out`.
  /// Strings point to rows, or into the kernel's arena.
  virtual arrow::Status Evaluate(int64_t begin, uint32_t count, KernelContext& kernel, ScratchVector& out) = 0;
};

/// For each kind of call. `chunk` and `slot` outlive it.
std::unique_ptr<WindowEvaluator> MakeRankingEvaluator(const WindowChunk* chunk, const WindowSlot* slot);
arrow::Result<std::unique_ptr<WindowEvaluator>> MakeValueEvaluator(const WindowChunk* chunk, const WindowSlot* slot);
arrow::Result<std::unique_ptr<WindowEvaluator>> MakeAggregateEvaluator(const WindowChunk* chunk, const WindowSlot* slot,
                                                                       const KernelContext& kernel);
/// Of aggregates that need their rows in order, or whose states are lists.
arrow::Result<std::unique_ptr<WindowEvaluator>> MakeFrameFeedEvaluator(const WindowChunk* chunk, const WindowSlot* slot,
                                                                       const KernelContext& kernel);

}  // namespace llkv
