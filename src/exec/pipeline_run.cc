// See pipeline_run.h.
#include "exec/pipeline_run.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error.h"

namespace llkv {

namespace {

constexpr std::chrono::milliseconds kSlice{4};

/// Takes parts of a sink's finalization until none is left.
class FinalizeTask : public Task {
 public:
  FinalizeTask(Sink* sink, LaneContext* context, std::atomic<uint32_t>* next, uint32_t num_parts, ErrorHolder* errors)
      : sink_(sink), context_(context), next_(next), num_parts_(num_parts), errors_(errors) {}

  TaskResult Run() override {
    const uint32_t part = next_->fetch_add(1, std::memory_order_relaxed);
    if (part >= num_parts_ || context_->query->stop->stop_requested()) return TaskResult::kDone;
    arrow::Status status = sink_->FinalizePart(*context_, part);
    if (status.ok()) return TaskResult::kAgain;
    errors_->Fail(std::move(status));
    return TaskResult::kDone;
  }

 private:
  Sink* sink_;
  LaneContext* context_;
  std::atomic<uint32_t>* next_;
  const uint32_t num_parts_;
  ErrorHolder* errors_;
};

/// Runs the queue's tasks on this thread, and waits for those on others, until all are done.
void RunUntilDone(TaskQueue* queue) {
  while (true) {
    const uint64_t epoch = queue->epoch();
    if (queue->RunOne()) continue;
    if (queue->num_pending() == 0) return;
    queue->WaitForChange(epoch);
  }
}

}  // namespace

void ErrorHolder::Fail(arrow::Status status) {
  {
    MutexLock lock(mutex_);
    if (status_.ok()) status_ = std::move(status);
  }
  has_error_.store(true, std::memory_order_release);
  stop_->RequestStop();
}

arrow::Status ErrorHolder::status() const {
  MutexLock lock(mutex_);
  return status_;
}

void ErrorHolder::Clear() {
  if (!has_error()) return;
  MutexLock lock(mutex_);
  status_ = arrow::Status::OK();
  has_error_.store(false, std::memory_order_release);
}

LaneTask::LaneTask(PipelineRun* run, uint32_t lane) : run_(run), lane_(run->pipeline(), lane, run->finished()) {}

void LaneTask::Wake() {
  if (run_->queue() != nullptr) run_->queue()->Wake(this);
}

TaskResult LaneTask::Run() {
  arrow::Result<TaskResult> result = RunSlice();
  if (!result.ok()) run_->errors()->Fail(result.status());
  if (result.ok() && *result != TaskResult::kDone) return *result;
  run_->LaneDone();
  return TaskResult::kDone;
}

arrow::Result<SinkResult> LaneTask::Consume() {
  Sink* sink = run_->sink();
  const bool measure = run_->query()->exec->measure_time;
  const auto begin = measure ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point();
  lane_.sink_context().kernel.arena->Reset();
  ARROW_ASSIGN_OR_RAISE(const SinkResult result, sink->Consume(lane_.sink_context(), batch_, lane_.sink_state()));
  has_batch_ = result == SinkResult::kBlocked;
  if (!has_batch_) {
    const auto elapsed = measure ? std::chrono::steady_clock::now() - begin : std::chrono::nanoseconds(0);
    lane_.CountSink(batch_, static_cast<uint64_t>(std::chrono::nanoseconds(elapsed).count()));
  }
  if (result == SinkResult::kFinished) run_->finished()->store(true, std::memory_order_relaxed);
  return result;
}

arrow::Result<TaskResult> LaneTask::RunSlice() {
  if (!is_open_) {
    ARROW_RETURN_NOT_OK(lane_.Open(run_->query(), this, run_->sink()));
    is_open_ = true;
  }
  Sink* sink = run_->sink();
  // On the calling thread nobody else waits for a turn.
  const bool is_sliced = run_->queue() != nullptr;
  const auto end = is_sliced ? std::chrono::steady_clock::now() + kSlice : std::chrono::steady_clock::time_point::max();
  while (true) {
    LaneResult result = LaneResult::kBatch;
    if (!has_batch_) {
      ARROW_ASSIGN_OR_RAISE(result, lane_.Advance(&batch_));
    }
    switch (result) {
      case LaneResult::kBatch: {
        ARROW_ASSIGN_OR_RAISE(const SinkResult taken, Consume());
        if (taken == SinkResult::kBlocked) return TaskResult::kBlocked;
        break;
      }
      case LaneResult::kMorselDone:
        ARROW_RETURN_NOT_OK(sink->EndMorsel(lane_.sink_context(), lane_.sink_state()));
        break;
      case LaneResult::kBlocked:
        return TaskResult::kBlocked;
      case LaneResult::kDone:
        ARROW_RETURN_NOT_OK(sink->Combine(lane_.sink_context(), lane_.sink_state()));
        return TaskResult::kDone;
    }
    if (is_sliced && std::chrono::steady_clock::now() >= end) return TaskResult::kAgain;
  }
}

LaneTask& PipelineRun::task(uint32_t lane) {
  while (tasks_.size() <= lane) {
    tasks_.push_back(std::make_unique<LaneTask>(this, static_cast<uint32_t>(tasks_.size())));
  }
  return *tasks_[lane];
}

arrow::Status Pipeline::Open(QueryContext& query) const {
  ARROW_RETURN_NOT_OK(source->Open(QueryOf(0, query)));
  for (size_t i = 0; i < operators.size(); ++i) ARROW_RETURN_NOT_OK(operators[i]->Open(QueryOf(i + 1, query)));
  return arrow::Status::OK();
}

QueryContext& PipelineRun::SinkQuery() { return pipeline_->QueryOf(pipeline_->operators.size() + 1, *query_); }

arrow::Status PipelineRun::Open(QueryContext* query, ErrorHolder* errors) {
  query_ = query;
  errors_ = errors;
  queue_ = nullptr;
  sink_ = pipeline_->sink.get();
  finished_.store(false, std::memory_order_relaxed);
  is_open_ = true;
  ARROW_RETURN_NOT_OK(pipeline_->Open(*query));
  if (pipeline_->sink != nullptr) ARROW_RETURN_NOT_OK(pipeline_->sink->Open(SinkQuery()));
  if (Progress* progress = query->exec->progress; progress != nullptr) {
    progress->rows_total.fetch_add(pipeline_->source->num_rows_estimate(), std::memory_order_relaxed);
  }
  return arrow::Status::OK();
}

uint32_t PipelineRun::ChooseLanes() const {
  const ExecContext& exec = *query_->exec;
  if (exec.scheduler == nullptr || query_->max_lanes <= 1 || pipeline_->is_sequential) return 1;
  if (pipeline_->sink != nullptr && !pipeline_->sink->is_parallel()) return 1;
  const uint64_t num_morsels = pipeline_->source->num_morsels();
  if (num_morsels <= 1) return 1;
  double work = static_cast<double>(pipeline_->source->num_rows_estimate());
  double work_per_row = 1;
  for (const std::unique_ptr<Operator>& each : pipeline_->operators) {
    work_per_row = std::max(work_per_row, each->work_per_row());
  }
  work *= work_per_row;
  if (work < static_cast<double>(exec.parallel_min_rows)) return 1;
  return static_cast<uint32_t>(std::min<uint64_t>(query_->max_lanes, num_morsels));
}

void PipelineRun::Launch(uint32_t num_lanes, TaskQueue* queue, Sink* sink) {
  sink_ = sink;
  SubmitLanes(num_lanes, queue);
}

void PipelineRun::SubmitLanes(uint32_t num_lanes, TaskQueue* queue) {
  num_lanes_ = num_lanes;
  queue_ = queue;
  lanes_left_.store(num_lanes, std::memory_order_release);
  // All tasks are there before the first runs: a sink may look at them.
  for (uint32_t i = 0; i < num_lanes; ++i) task(i).Begin();
  for (uint32_t i = 0; i < num_lanes; ++i) queue->Submit(tasks_[i].get());
}

arrow::Status PipelineRun::RunToEnd(uint32_t num_lanes, TaskQueue* queue) {
  if (num_lanes > 1) {
    SubmitLanes(num_lanes, queue);
    RunUntilDone(queue);
  } else {
    num_lanes_ = 1;
    lanes_left_.store(1, std::memory_order_relaxed);
    LaneTask& only = task(0);
    only.Begin();
    TaskResult result = TaskResult::kAgain;
    while (result == TaskResult::kAgain) result = only.Run();
    if (result == TaskResult::kBlocked) return InternalError("a pipeline blocked on the calling thread");
  }
  ARROW_RETURN_NOT_OK(errors_->status());
  return Finalize();
}

arrow::Status PipelineRun::Finalize() {
  ARROW_ASSIGN_OR_RAISE(const uint32_t num_parts, sink_->PrepareFinalize(SinkQuery()));
  if (num_lanes_ > 1 && num_parts > 1) {
    std::atomic<uint32_t> next{0};
    std::vector<std::unique_ptr<FinalizeTask>> tasks;
    for (uint32_t i = 0; i < std::min(num_lanes_, num_parts); ++i) {
      tasks.push_back(
          std::make_unique<FinalizeTask>(sink_, &tasks_[i]->lane().sink_context(), &next, num_parts, errors_));
    }
    for (const std::unique_ptr<FinalizeTask>& each : tasks) queue_->Submit(each.get());
    RunUntilDone(queue_);
    ARROW_RETURN_NOT_OK(errors_->status());
    ARROW_RETURN_NOT_OK(query_->stop->Check());
  } else {
    for (uint32_t part = 0; part < num_parts; ++part) {
      ARROW_RETURN_NOT_OK(query_->stop->Check());
      ARROW_RETURN_NOT_OK(sink_->FinalizePart(tasks_[0]->lane().sink_context(), part));
    }
  }
  ARROW_RETURN_NOT_OK(sink_->Finalize(SinkQuery()));
  // What the lanes held is handed over: their memory need not wait for the query's end.
  for (uint32_t i = 0; i < num_lanes_; ++i) tasks_[i]->lane().End();
  return arrow::Status::OK();
}

arrow::Result<Lane*> PipelineRun::OpenDirect() {
  num_lanes_ = 1;
  LaneTask& only = task(0);
  ARROW_RETURN_NOT_OK(only.lane().Open(query_, nullptr, nullptr));
  return &only.lane();
}

void PipelineRun::FlushStats() {
  for (const std::unique_ptr<LaneTask>& each : tasks_) each->lane().FlushStats();
}

void PipelineRun::End() {
  if (!is_open_) return;
  is_open_ = false;
  for (const std::unique_ptr<LaneTask>& each : tasks_) each->lane().End();
  if (pipeline_->sink != nullptr) pipeline_->sink->Close();
  for (const std::unique_ptr<Operator>& each : pipeline_->operators) each->Close();
  pipeline_->source->Close();
}

}  // namespace llkv
