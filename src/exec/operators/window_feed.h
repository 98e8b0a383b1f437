// What evaluators of aggregates share: arguments read from rows and fed to states, and results of states.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "exec/operators/window_chunk.h"
#include "vector/scratch.h"

namespace llkv {

/// Feeds a chunk's rows to states of one call's aggregate. One lane's.
class WindowFeeder {
 public:
  static arrow::Result<std::unique_ptr<WindowFeeder>> Make(const WindowChunk* chunk, const WindowSlot* slot);

  /// Reads the arguments of rows [begin, begin + count), at most kMaxBatchRows.
  void Read(int64_t begin, uint32_t count);
  /// Row i of those into states[i].
  arrow::Status Feed(KernelContext& kernel, uint8_t* const* states);
  /// All of them into one state.
  arrow::Status FeedAll(KernelContext& kernel, uint8_t* state);

  const BoundAggregate& function() const { return slot_->call->aggregate; }
  int64_t state_size() const { return static_cast<int64_t>(initial_.size()); }
  const uint8_t* initial_state() const { return initial_.data(); }
  /// Makes `count` states without rows of `states`.
  void Initialize(uint8_t* states, int64_t count) const;

 private:
  WindowFeeder(const WindowChunk* chunk, const WindowSlot* slot) : chunk_(chunk), slot_(slot) {}

  const WindowChunk* chunk_;
  const WindowSlot* slot_;
  std::vector<uint8_t> initial_;
  std::vector<ScratchVector> scratch_;
  std::vector<const Vector*> arguments_;
  std::optional<ScratchVector> filter_;
  std::optional<ScratchVector> filter_scratch_;
  uint32_t count_ = 0;
  Selection selection_;
  uint16_t selected_[kMaxBatchRows];
};

/// Results of states, computed once for neighbours that share one. One lane's.
class StateResults {
 public:
  static arrow::Result<std::unique_ptr<StateResults>> Make(const BoundAggregate* function, arrow::MemoryPool* pool);

  /// out's row i is the result of states[i].
  arrow::Status Finalize(KernelContext& kernel, const uint8_t* const* states, uint32_t count, ScratchVector& out);

 private:
  StateResults(const BoundAggregate* function, ScratchVector scratch)
      : function_(function), scratch_(std::move(scratch)) {}

  const BoundAggregate* function_;
  ScratchVector scratch_;
  const uint8_t* unique_[kMaxBatchRows];
  uint16_t places_[kMaxBatchRows];
};

}  // namespace llkv
