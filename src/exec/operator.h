// Source, Operator and Sink: what pipelines are made of. A pipeline pushes batches from its source through operators
// into a sink, in lanes that run side by side.
//
// Lanes: each lane of a pipeline has its own states (source, operators, sink) and is on one thread at a time, though
// not always on the same one. The objects themselves are shared by all lanes: what a lane changes in them must be
// atomic or locked.
//
// Morsels: a source gives its rows in morsels, numbered 0, 1, 2 … without gaps in the order of the rows. A lane takes
// one, gives its batches, takes the next. LaneContext::morsel is the number of the one at hand: sinks that keep the
// order sort by it.
//
// Lifetimes: a batch, with all its vectors and the bytes that its StringRefs point to, is valid until its producer is
// called again: for an Operator's input until it answers other than kHaveMore or kBlocked, for a Sink's until Consume
// answers other than kBlocked. Whoever keeps rows copies them, strings too, into memory of its own. The
// KernelContext::arena of an operator in a lane is its own: it is reset before each new input (a source's before each
// GetBatch), so results of kernels may point into it without more ado, and what an operator computes once for an input
// stays while it answers kHaveMore.
//
// Execution, in this order, each possibly several times over a plan's life (prepared statements):
//   Open of source, operators and sink; for each lane MakeState of each; then batches; for each lane Combine; then
//   PrepareFinalize, FinalizePart for each part (on any threads), Finalize. Only then pipelines that depend on it
//   start.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "exec/exec_context.h"
#include "functions/function_registry.h"
#include "vector/scratch.h"
#include "vector/vector.h"

namespace llkv {

class StopToken;

/// Runs a part of the plan that a source asks for again and again.
class SubPlanRunner {
 public:
  virtual ~SubPlanRunner() = default;
  /// Runs pipelines of PhysicalPlan::sub_plans[index] to their ends, anew each time; what their sinks hold stays until
  /// the next call. On the thread that reads the query's result, which a source in a sequential pipeline is on.
  virtual arrow::Status RunSubPlan(size_t index) = 0;
};

/// One execution of a plan, as its operators see it. Shared by all threads.
struct QueryContext {
  const ExecContext* exec = nullptr;
  std::span<const Value> parameters;
  /// Grows with each Bind: what depends on parameters is computed anew where this changed.
  uint64_t parameter_version = 0;
  /// Stops when the session says so, when another thread met an error, or when the reader is gone. Never null.
  const StopToken* stop = nullptr;
  /// The query's pool. Operators make an AccountingPool of their own over it where they hold much.
  arrow::MemoryPool* pool = nullptr;
  /// No pipeline runs in more lanes.
  uint32_t max_lanes = 1;
  SubPlanRunner* sub_plans = nullptr;
};

/// Makes a lane that answered kBlocked go on. Any thread, at any time until the query ends.
class Waker {
 public:
  virtual ~Waker() = default;
  virtual void Wake() = 0;
};

/// One lane of a running pipeline, as one of its source, operators and sink sees it. Stays where it is as long as the
/// lane's states, which may keep a pointer to it.
struct LaneContext {
  QueryContext* query = nullptr;
  uint32_t lane = 0;  // below query->max_lanes
  uint64_t morsel = 0;
  KernelContext kernel;
  Waker* waker = nullptr;

  /// 57014 once the query is to stop. Poll it at least each 10 ms.
  arrow::Status CheckStop() const;
};

/// A lane's own part of a source, operator or sink.
class LaneState {
 public:
  virtual ~LaneState() = default;
  /// Called at the end of an execution, before Close of its object: releases what belongs to it and makes the state as
  /// good as new for another one of the same plan, keeping its memory; false where it cannot: it is dropped, and
  /// another is made.
  virtual bool Reset() { return false; }
};

enum class SourceResult : uint8_t {
  kHaveBatch,
  kBlocked,     // the waker will be called
  kMorselDone,  // no batch: the morsel is read to its end
};

/// Where a pipeline's rows come from.
class Source {
 public:
  virtual ~Source() = default;
  virtual arrow::Status Open(QueryContext&) { return arrow::Status::OK(); }
  /// The execution has ended, well or not, and its states are gone or reset: releases what belongs to it.
  virtual void Close() {}
  virtual arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) = 0;

  /// Takes the next morsel: its number (0, 1, 2 … over all lanes), or kNoMorsel at the end, as often as it is asked.
  virtual arrow::Result<uint64_t> NextMorsel(LaneContext& lane, LaneState& state) = 0;
  /// Gives the next batch of the lane's morsel, with at least one selected row.
  virtual arrow::Result<SourceResult> GetBatch(LaneContext& lane, LaneState& state, Batch* batch) = 0;

  /// Figures of its own by name, for EXPLAIN ANALYZE; before Close.
  virtual std::vector<std::pair<std::string, uint64_t>> counters() const { return {}; }

  /// After Open: upper bounds or guesses, for choosing the number of lanes.
  virtual uint64_t num_morsels() const = 0;
  virtual uint64_t num_rows_estimate() const = 0;

  static constexpr uint64_t kNoMorsel = ~uint64_t{0};
};

enum class OperatorResult : uint8_t {
  kNeedInput,  // done with the input; `output` (maybe without rows) is passed on
  kHaveMore,   // `output` (maybe without rows) is passed on, then Execute is called again with the same input
  kBlocked,    // no output; the waker will be called, then Execute again with the same input
  kFinished,   // `output` is passed on; no lane of the pipeline needs to read on
};

/// Turns batches into batches, without keeping rows beyond the input at hand.
class Operator {
 public:
  virtual ~Operator() = default;
  virtual arrow::Status Open(QueryContext&) { return arrow::Status::OK(); }
  /// The execution has ended, well or not, and its states are gone or reset: releases what belongs to it.
  virtual void Close() {}
  virtual arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) = 0;

  /// `output` comes empty (no columns, no rows). Where it gives rows it sets all of it; it may point to columns of the
  /// input. At most kMaxBatchRows rows each.
  virtual arrow::Result<OperatorResult> Execute(LaneContext& lane, const Batch& input, LaneState& state,
                                                Batch* output) = 0;

  /// After Open: about how many times a plain filter's work it does a row (a nested-loop join: the inner rows), for
  /// choosing the number of lanes.
  virtual double work_per_row() const { return 1; }
};

enum class SinkResult : uint8_t {
  kNeedInput,
  kBlocked,   // the batch was not taken; the waker will be called, then Consume again with the same batch
  kFinished,  // taken, and no lane of the pipeline needs to read on
};

/// Where a pipeline's rows go.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual arrow::Status Open(QueryContext&) { return arrow::Status::OK(); }
  /// The execution has ended, well or not, and its states are gone or reset: releases what belongs to it.
  virtual void Close() {}
  virtual arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) = 0;

  /// Batches have at least one selected row.
  virtual arrow::Result<SinkResult> Consume(LaneContext& lane, const Batch& batch, LaneState& state) = 0;
  /// lane.morsel is read to its end and all its rows were consumed; also for morsels without rows. Not called for what
  /// is left after kFinished.
  virtual arrow::Status EndMorsel(LaneContext&, LaneState&) { return arrow::Status::OK(); }
  /// Hands over what the lane gathered, once a lane, on any threads at the same time.
  virtual arrow::Status Combine(LaneContext&, LaneState&) { return arrow::Status::OK(); }
  /// After all Combine, once: how many parts of work there are to do side by side (0: none).
  virtual arrow::Result<uint32_t> PrepareFinalize(QueryContext&) { return 0; }
  /// One part, on any thread.
  virtual arrow::Status FinalizePart(LaneContext&, uint32_t /*part*/) { return arrow::Status::OK(); }
  /// After all parts, once.
  virtual arrow::Status Finalize(QueryContext&) { return arrow::Status::OK(); }

  /// False where only one lane may feed it, in the order of morsels.
  virtual bool is_parallel() const { return true; }
};

}  // namespace llkv
