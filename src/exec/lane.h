// Lane: one thread's way through a pipeline: its states and the place where it stopped. Here because pipelines are
// resumable at every operator; knows no threads and no scheduler.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "exec/operator.h"
#include "exec/pipeline.h"
#include "vector/scratch.h"

namespace llkv {

enum class LaneResult : uint8_t {
  kBatch,       // rows for the sink
  kMorselDone,  // the morsel was read to its end and all its rows were given
  kBlocked,     // the waker will be called
  kDone,        // nothing is left
};

/// Drives a source and operators in one lane. One thread at a time.
class Lane {
 public:
  /// `pipeline` outlives it. `finished` is set once no lane needs to read on.
  /// A nested lane is part of another one's source: its rows are no progress of their own.
  Lane(Pipeline* pipeline, uint32_t lane, std::atomic<bool>* finished, bool is_nested = false);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  /// Begins an execution: makes the states that the last one did not leave. The objects of the pipeline are open.
  /// `sink` may be null.
  arrow::Status Open(QueryContext* query, Waker* waker, Sink* sink);
  /// Goes on until one of the results. Batches are valid until the next call.
  arrow::Result<LaneResult> Advance(Batch* batch);
  /// For nested lanes, between morsels: takes the source's next morsel, whose end Advance will report; false at the
  /// end.
  arrow::Result<bool> TakeMorsel();
  /// Adds what was counted to the pipeline's stats and begins to count anew.
  void FlushStats();
  /// Ends an execution: counts are flushed, states reset or dropped.
  void End();

  LaneContext& sink_context() { return contexts_.back(); }
  LaneState& sink_state() { return *sink_state_; }
  /// Number of the morsel that the last batch was of.
  uint64_t morsel() const { return contexts_.back().morsel; }
  void CountSink(const Batch& batch, uint64_t nanos);

 private:
  struct Counters {
    uint64_t rows = 0;
    uint64_t batches = 0;
    uint64_t nanos = 0;
  };

  void DropAll();
  arrow::Status OpenStates(Sink* sink);
  void ReportProgress();
  /// Reads the source; sets depth_ to 0 where it gave a batch.
  arrow::Result<LaneResult> ReadSource();
  /// Runs operator depth_ once. kBatch: go on.
  arrow::Result<LaneResult> RunOperator();
  /// The last operator with more output for its input at hand, or -1.
  int DeepestPending() const;

  Pipeline* pipeline_;
  std::atomic<bool>* finished_;
  const uint32_t lane_;
  const bool is_nested_;
  QueryContext* query_ = nullptr;
  arrow::MemoryPool* arena_pool_ = nullptr;
  std::vector<std::unique_ptr<StringArena>> arenas_;  // of the source and each operator, and of the sink
  std::vector<LaneContext> contexts_;
  uint64_t random_state_ = 0;
  std::unique_ptr<LaneState> source_state_;
  std::vector<std::unique_ptr<LaneState>> states_;
  std::unique_ptr<LaneState> sink_state_;
  std::vector<Batch> inputs_;  // of each operator, and the output of the last
  std::vector<bool> pending_;  // operator i has more output for inputs_[i]
  std::vector<bool> blocked_;  // operator i is to be called again with the same input
  int depth_ = -1;             // the operator to call next; -1: the source
  bool in_morsel_ = false;
  bool drained_ = false;        // no more input from the source
  uint64_t reported_rows_ = 0;  // rows of the source that Progress knows
  std::vector<Counters> counters_;
};

}  // namespace llkv
