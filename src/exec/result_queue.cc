// See result_queue.h.
#include "exec/result_queue.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <utility>

#include "runtime/scheduler.h"
#include "vector/arrow_bridge.h"

namespace llkv {

namespace {

constexpr int64_t kBatchRows = 8192;
constexpr int64_t kMaxTextBytes = int64_t{64} << 20;
constexpr size_t kBatchesPerLane = 4;

}  // namespace

struct ResultQueue::State : LaneState {
  std::unique_ptr<RecordBatchBuilder> builder;
};

ResultQueue::ResultQueue(const std::vector<OutputColumn>& columns, arrow::MemoryPool* result_pool)
    : result_pool_(result_pool) {
  for (const OutputColumn& column : columns) {
    names_.push_back(column.name);
    types_.push_back(column.type);
  }
}

ResultQueue::~ResultQueue() = default;

void ResultQueue::Begin(TaskQueue* queue, uint32_t num_lanes, ArrowOutput output) {
  queue_ = queue;
  output_ = output;
  Clear();
  MutexLock lock(mutex_);
  max_queued_ = kBatchesPerLane * num_lanes;
}

void ResultQueue::Clear() {
  MutexLock lock(mutex_);
  morsels_.clear();
  waiting_.clear();
  head_ = 0;
  num_queued_ = 0;
}

ResultQueue::Morsel& ResultQueue::MorselAt(uint64_t number) {
  while (morsels_.size() <= number - head_) morsels_.emplace_back();
  return morsels_[number - head_];
}

bool ResultQueue::HasRoom(uint64_t number, bool adds_batch) {
  if (number == head_) return !adds_batch || MorselAt(number).batches.size() < kBatchesPerLane;
  return num_queued_ < max_queued_;
}

void ResultQueue::EndOfLanes() {
  MutexLock lock(mutex_);
  for (Morsel& morsel : morsels_) morsel.is_done = true;
}

void ResultQueue::Push(uint64_t number, std::shared_ptr<arrow::RecordBatch> batch) {
  MorselAt(number).batches.push_back(std::move(batch));
  num_queued_++;
}

void ResultQueue::Advance() {
  while (!morsels_.empty() && morsels_.front().is_done && morsels_.front().batches.empty()) {
    morsels_.pop_front();
    head_++;
  }
}

std::vector<Waker*> ResultQueue::TakeWaiting() { return std::exchange(waiting_, {}); }

std::shared_ptr<arrow::RecordBatch> ResultQueue::TryPop() {
  std::shared_ptr<arrow::RecordBatch> batch;
  std::vector<Waker*> waiting;
  {
    MutexLock lock(mutex_);
    Advance();
    if (morsels_.empty() || morsels_.front().batches.empty()) return nullptr;
    batch = std::move(morsels_.front().batches.front());
    morsels_.front().batches.pop_front();
    num_queued_--;
    Advance();
    waiting = TakeWaiting();
  }
  for (Waker* waker : waiting) waker->Wake();
  return batch;
}

arrow::Result<std::unique_ptr<LaneState>> ResultQueue::MakeState(LaneContext&) {
  auto state = std::make_unique<State>();
  ARROW_ASSIGN_OR_RAISE(state->builder, RecordBatchBuilder::Make(names_, types_, result_pool_, output_));
  return state;
}

arrow::Result<SinkResult> ResultQueue::Consume(LaneContext& lane, const Batch& batch, LaneState& lane_state) {
  auto& state = static_cast<State&>(lane_state);
  const bool is_full = state.builder->num_rows() + batch.num_selected() > kBatchRows ||
                       state.builder->largest_text_bytes() > kMaxTextBytes;
  {
    MutexLock lock(mutex_);
    if (!HasRoom(lane.morsel, is_full)) {
      waiting_.push_back(lane.waker);
      return SinkResult::kBlocked;
    }
    if (is_full) {
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> rows, state.builder->Finish());
      Push(lane.morsel, std::move(rows));
    }
  }
  if (is_full) queue_->Notify();
  ARROW_RETURN_NOT_OK(state.builder->Append(batch));
  return SinkResult::kNeedInput;
}

arrow::Status ResultQueue::EndMorsel(LaneContext& lane, LaneState& lane_state) {
  auto& state = static_cast<State&>(lane_state);
  std::shared_ptr<arrow::RecordBatch> rows;
  if (state.builder->num_rows() > 0) {
    ARROW_ASSIGN_OR_RAISE(rows, state.builder->Finish());
  }
  std::vector<Waker*> waiting;
  {
    MutexLock lock(mutex_);
    if (rows != nullptr) Push(lane.morsel, std::move(rows));
    MorselAt(lane.morsel).is_done = true;
    const uint64_t head = head_;
    Advance();
    if (head_ != head) waiting = TakeWaiting();
  }
  for (Waker* waker : waiting) waker->Wake();
  queue_->Notify();
  return arrow::Status::OK();
}

arrow::Status ResultQueue::Combine(LaneContext& lane, LaneState& lane_state) {
  // Where the pipeline finished early, the morsel at hand was not ended.
  auto& state = static_cast<State&>(lane_state);
  if (state.builder->num_rows() == 0) return arrow::Status::OK();
  return EndMorsel(lane, lane_state);
}

}  // namespace llkv
