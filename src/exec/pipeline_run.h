// PipelineRun: one execution of one pipeline, in one lane on the calling thread or in several through the scheduler.
// Here so that QueryExecution need not know how lanes become tasks.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "exec/lane.h"
#include "exec/operator.h"
#include "exec/pipeline.h"
#include "runtime/scheduler.h"
#include "runtime/stop_token.h"

namespace llkv {

/// The first error of a query's threads; stops them all. Any thread.
class ErrorHolder {
 public:
  explicit ErrorHolder(StopToken* stop) : stop_(stop) {}
  void Fail(arrow::Status status);
  /// The first failure, or OK.
  arrow::Status status() const;
  bool has_error() const { return has_error_.load(std::memory_order_acquire); }
  void Clear();

 private:
  StopToken* stop_;
  std::atomic<bool> has_error_{false};
  mutable Mutex mutex_;
  arrow::Status status_ LLKV_GUARDED_BY(mutex_);
};

class PipelineRun;

/// A lane as a task: slices of a few milliseconds.
class LaneTask : public Task, public Waker {
 public:
  LaneTask(PipelineRun* run, uint32_t lane);
  TaskResult Run() override;
  void Wake() override;
  Lane& lane() { return lane_; }
  void Begin() {
    is_open_ = false;
    has_batch_ = false;
  }

 private:
  arrow::Result<TaskResult> RunSlice();
  /// Gives batch_ to the sink.
  arrow::Result<SinkResult> Consume();

  PipelineRun* run_;
  Lane lane_;
  bool is_open_ = false;
  bool has_batch_ = false;  // batch_ was blocked at the sink
  Batch batch_;
};

/// See the file's comment.
class PipelineRun {
 public:
  explicit PipelineRun(Pipeline* pipeline) : pipeline_(pipeline), sink_(pipeline->sink.get()) {}
  ~PipelineRun() { End(); }

  /// Opens source, operators and sink.
  arrow::Status Open(QueryContext* query, ErrorHolder* errors);
  /// How many lanes are worth while, from what the opened source says.
  uint32_t ChooseLanes() const;

  /// Runs it to its end with its sink: lanes, Combine, finalization. `queue` may be null for one lane.
  arrow::Status RunToEnd(uint32_t num_lanes, TaskQueue* queue);

  /// Submits lanes that run on their own, into a sink that the pipeline has not (the result queue), which is open.
  void Launch(uint32_t num_lanes, TaskQueue* queue, Sink* sink);
  bool lanes_done() const { return lanes_left_.load(std::memory_order_acquire) == 0; }

  /// For a pipeline without a sink: the lane that the reader drives.
  arrow::Result<Lane*> OpenDirect();

  /// Adds what lanes counted to the pipeline's stats. No task may run.
  void FlushStats();
  /// Ends the execution: states are reset, objects closed. No task may run.
  void End();
  /// Drops all states, with the memory that they kept. After End.
  void Forget() { tasks_.clear(); }

  // For LaneTask:
  Sink* sink() { return sink_; }
  Pipeline* pipeline() { return pipeline_; }
  QueryContext* query() { return query_; }
  ErrorHolder* errors() { return errors_; }
  TaskQueue* queue() { return queue_; }
  std::atomic<bool>* finished() { return &finished_; }
  void LaneDone() { lanes_left_.fetch_sub(1, std::memory_order_acq_rel); }

 private:
  QueryContext& SinkQuery();
  void SubmitLanes(uint32_t num_lanes, TaskQueue* queue);
  arrow::Status Finalize();
  LaneTask& task(uint32_t lane);

  Pipeline* pipeline_;
  Sink* sink_;
  QueryContext* query_ = nullptr;
  ErrorHolder* errors_ = nullptr;
  TaskQueue* queue_ = nullptr;
  std::atomic<bool> finished_{false};
  std::atomic<uint32_t> lanes_left_{0};
  uint32_t num_lanes_ = 0;
  bool is_open_ = false;
  std::vector<std::unique_ptr<LaneTask>> tasks_;
};

}  // namespace llkv
