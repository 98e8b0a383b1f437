// ResultQueue: where the lanes of a query's last pipeline put its rows and its reader takes them, in the order of
// morsels. Bounded, so that a slow reader pauses the query.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "exec/operator.h"
#include "plan/logical_plan.h"

namespace llkv {

class TaskQueue;

/// A sink whose rows come out as record batches. The reader is one thread.
///
/// Lanes ahead of the morsel that is being read wait once the queue is full; the lane of that morsel waits only for its
/// own few batches, so it always goes on as the reader reads.
class ResultQueue : public Sink {
 public:
  /// Record batches come from `result_pool`, which outlives them.
  ResultQueue(const std::vector<OutputColumn>& columns, arrow::MemoryPool* result_pool);
  ~ResultQueue() override;

  /// Begins an execution whose reader waits at `queue`.
  void Begin(TaskQueue* queue, uint32_t num_lanes, ArrowOutput output);
  /// Takes the next rows; null where there are none yet.
  std::shared_ptr<arrow::RecordBatch> TryPop();
  /// All lanes are done, maybe early: what is there can be popped to its end.
  void EndOfLanes();
  void Clear();

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override;
  arrow::Result<SinkResult> Consume(LaneContext& lane, const Batch& batch, LaneState& state) override;
  arrow::Status EndMorsel(LaneContext& lane, LaneState& state) override;
  arrow::Status Combine(LaneContext& lane, LaneState& state) override;

 private:
  struct State;
  struct Morsel {
    std::deque<std::shared_ptr<arrow::RecordBatch>> batches;
    bool is_done = false;
  };

  Morsel& MorselAt(uint64_t number) LLKV_REQUIRES(mutex_);
  /// Whether a lane at this morsel may add rows, or a batch of them.
  bool HasRoom(uint64_t number, bool adds_batch) LLKV_REQUIRES(mutex_);
  void Push(uint64_t number, std::shared_ptr<arrow::RecordBatch> batch) LLKV_REQUIRES(mutex_);
  /// Moves on past morsels that are read.
  void Advance() LLKV_REQUIRES(mutex_);
  std::vector<Waker*> TakeWaiting() LLKV_REQUIRES(mutex_);

  std::vector<std::string> names_;
  std::vector<LogicalType> types_;
  arrow::MemoryPool* result_pool_;
  TaskQueue* queue_ = nullptr;
  ArrowOutput output_ = ArrowOutput::kPortable;
  mutable Mutex mutex_;
  std::deque<Morsel> morsels_ LLKV_GUARDED_BY(mutex_);  // the first is number head_
  uint64_t head_ LLKV_GUARDED_BY(mutex_) = 0;
  size_t num_queued_ LLKV_GUARDED_BY(mutex_) = 0;
  size_t max_queued_ LLKV_GUARDED_BY(mutex_) = 0;
  std::vector<Waker*> waiting_ LLKV_GUARDED_BY(mutex_);
};

}  // namespace llkv
