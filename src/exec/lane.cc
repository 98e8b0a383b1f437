// See lane.h.
#include "exec/lane.h"

#include <algorithm>

#include "runtime/stop_token.h"

namespace llkv {

namespace {

uint64_t NowNanos() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

}  // namespace

Lane::Lane(Pipeline* pipeline, uint32_t lane, std::atomic<bool>* finished, bool is_nested)
    : pipeline_(pipeline),
      finished_(finished),
      lane_(lane),
      is_nested_(is_nested),
      inputs_(pipeline->operators.size() + 1),
      pending_(pipeline->operators.size()),
      blocked_(pipeline->operators.size()),
      counters_(pipeline->operators.size() + 2) {
  contexts_.resize(pipeline->operators.size() + 2);
}

Lane::~Lane() = default;

void Lane::End() {
  FlushStats();
  if (sink_state_ != nullptr && !sink_state_->Reset()) sink_state_.reset();
  for (std::unique_ptr<LaneState>& state : states_) {
    if (state != nullptr && !state->Reset()) state.reset();
  }
  if (source_state_ != nullptr && !source_state_->Reset()) source_state_.reset();
  for (std::unique_ptr<StringArena>& arena : arenas_) arena->Reset();
}

void Lane::DropAll() {
  sink_state_.reset();
  states_.clear();
  source_state_.reset();
  arenas_.clear();
  arena_pool_ = nullptr;
}

arrow::Status Lane::Open(QueryContext* query, Waker* waker, Sink* sink) {
  query_ = query;
  const size_t num_stages = contexts_.size();
  if (arena_pool_ != query->pool) {
    DropAll();
    arena_pool_ = query->pool;
    for (size_t i = 0; i < num_stages; ++i) arenas_.push_back(std::make_unique<StringArena>(arena_pool_));
  }
  random_state_ = (query->exec->random_seed + lane_ + 1) * 0x9E3779B97F4A7C15u;
  for (size_t i = 0; i < num_stages; ++i) {
    LaneContext& context = contexts_[i];
    arenas_[i]->Reset();
    context.query = &pipeline_->QueryOf(i, *query);
    context.lane = lane_;
    context.morsel = 0;
    context.waker = waker;
    context.kernel.pool = context.query->pool;
    context.kernel.arena = arenas_[i].get();
    context.kernel.statement_time_us = query->exec->statement_time_us;
    context.kernel.zone = &query->exec->zone;
    context.kernel.stop = query->stop;
    arenas_[i]->set_stop(query->stop);
    context.kernel.random_state = &random_state_;
    context.kernel.session_seed = query->exec->session_seed;
  }
  std::fill(pending_.begin(), pending_.end(), false);
  std::fill(blocked_.begin(), blocked_.end(), false);
  std::fill(counters_.begin(), counters_.end(), Counters());
  depth_ = -1;
  in_morsel_ = false;
  drained_ = false;
  reported_rows_ = 0;
  return OpenStates(sink);
}

arrow::Status Lane::OpenStates(Sink* sink) {
  const size_t num_operators = pipeline_->operators.size();
  if (source_state_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(source_state_, pipeline_->source->MakeState(contexts_[0]));
  }
  states_.resize(num_operators);
  for (size_t i = 0; i < num_operators; ++i) {
    if (states_[i] != nullptr) continue;
    ARROW_ASSIGN_OR_RAISE(states_[i], pipeline_->operators[i]->MakeState(contexts_[i + 1]));
  }
  if (sink != nullptr && sink_state_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(sink_state_, sink->MakeState(contexts_.back()));
  }
  return arrow::Status::OK();
}

int Lane::DeepestPending() const {
  for (int i = static_cast<int>(pending_.size()) - 1; i >= 0; --i) {
    if (pending_[static_cast<size_t>(i)]) return i;
  }
  return -1;
}

arrow::Result<bool> Lane::TakeMorsel() {
  if (drained_ || finished_->load(std::memory_order_relaxed)) return false;
  ARROW_ASSIGN_OR_RAISE(const uint64_t morsel, pipeline_->source->NextMorsel(contexts_[0], *source_state_));
  drained_ = morsel == Source::kNoMorsel;
  if (drained_) return false;
  for (LaneContext& each : contexts_) each.morsel = morsel;
  in_morsel_ = true;
  return true;
}

arrow::Result<LaneResult> Lane::ReadSource() {
  if (!in_morsel_) {
    ARROW_ASSIGN_OR_RAISE(const bool found, TakeMorsel());
    if (!found) return LaneResult::kDone;
  } else if (drained_ || finished_->load(std::memory_order_relaxed)) {
    return LaneResult::kDone;
  }
  LaneContext& context = contexts_[0];
  arenas_[0]->Reset();
  const bool measure = query_->exec->measure_time;
  const uint64_t begin = measure ? NowNanos() : 0;
  ARROW_ASSIGN_OR_RAISE(const SourceResult result, pipeline_->source->GetBatch(context, *source_state_, &inputs_[0]));
  if (measure) counters_[0].nanos += NowNanos() - begin;
  switch (result) {
    case SourceResult::kBlocked:
      return LaneResult::kBlocked;
    case SourceResult::kMorselDone:
      in_morsel_ = false;
      ReportProgress();
      return LaneResult::kMorselDone;
    case SourceResult::kHaveBatch:
      break;
  }
  counters_[0].rows += inputs_[0].num_selected();
  counters_[0].batches++;
  depth_ = 0;
  return LaneResult::kBatch;
}

arrow::Result<LaneResult> Lane::RunOperator() {
  const auto index = static_cast<size_t>(depth_);
  LaneContext& context = contexts_[index + 1];
  if (!pending_[index] && !blocked_[index]) arenas_[index + 1]->Reset();
  Batch& output = inputs_[index + 1];
  output = Batch();
  const bool measure = query_->exec->measure_time;
  const uint64_t begin = measure ? NowNanos() : 0;
  ARROW_ASSIGN_OR_RAISE(const OperatorResult result,
                        pipeline_->operators[index]->Execute(context, inputs_[index], *states_[index], &output));
  if (measure) counters_[index + 1].nanos += NowNanos() - begin;
  blocked_[index] = result == OperatorResult::kBlocked;
  if (blocked_[index]) return LaneResult::kBlocked;
  pending_[index] = result == OperatorResult::kHaveMore;
  if (result == OperatorResult::kFinished) {
    // What is above has nothing more to give; what is below still gets this output.
    std::fill(pending_.begin(), pending_.begin() + depth_ + 1, false);
    drained_ = true;
    finished_->store(true, std::memory_order_relaxed);
  }
  if (output.num_selected() == 0) {
    depth_ = DeepestPending();
  } else {
    counters_[index + 1].rows += output.num_selected();
    counters_[index + 1].batches++;
    depth_++;
  }
  return LaneResult::kBatch;
}

arrow::Result<LaneResult> Lane::Advance(Batch* batch) {
  const int num_operators = static_cast<int>(states_.size());
  while (true) {
    if (query_->stop->stop_requested()) return query_->stop->Check();
    if (depth_ == num_operators) {
      *batch = inputs_[static_cast<size_t>(num_operators)];
      depth_ = DeepestPending();
      return LaneResult::kBatch;
    }
    LaneResult result;
    if (depth_ < 0) {
      ARROW_ASSIGN_OR_RAISE(result, ReadSource());
    } else {
      ARROW_ASSIGN_OR_RAISE(result, RunOperator());
    }
    if (result != LaneResult::kBatch) return result;
  }
}

void Lane::ReportProgress() {
  if (is_nested_ || query_->exec->progress == nullptr) return;
  if (counters_[0].rows == reported_rows_) return;
  query_->exec->progress->rows_done.fetch_add(counters_[0].rows - reported_rows_, std::memory_order_relaxed);
  reported_rows_ = counters_[0].rows;
}

void Lane::CountSink(const Batch& batch, uint64_t nanos) {
  Counters& counters = counters_.back();
  counters.rows += batch.num_selected();
  counters.batches++;
  counters.nanos += nanos;
}

void Lane::FlushStats() {
  for (size_t i = 0; i < counters_.size() && i < pipeline_->stats.size(); ++i) {
    OperatorStats& stats = *pipeline_->stats[i];
    // An atomic addition costs as much as a step of a point lookup.
    if (counters_[i].rows > 0) stats.rows.fetch_add(counters_[i].rows, std::memory_order_relaxed);
    if (counters_[i].batches > 0) stats.batches.fetch_add(counters_[i].batches, std::memory_order_relaxed);
    if (counters_[i].nanos > 0) stats.nanos.fetch_add(counters_[i].nanos, std::memory_order_relaxed);
    counters_[i] = Counters();
  }
}

}  // namespace llkv
