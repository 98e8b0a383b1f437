// See query_execution.h. Pipelines run one after the other, each in as many lanes as its work is worth; the last one is
// driven by the reader itself (one lane) or fills the result queue (several).
#include "exec/query_execution.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "exec/batch_cutter.h"
#include "exec/operators/limit.h"
#include "exec/physical_planner.h"
#include "exec/pipeline_run.h"
#include "exec/query_measures.h"
#include "exec/result_queue.h"
#include "runtime/memory_pool.h"
#include "runtime/scheduler.h"
#include "runtime/spill_space.h"
#include "runtime/stop_token.h"
#include "types/logical_type.h"
#include "vector/arrow_bridge.h"

namespace llkv {

namespace {

constexpr int64_t kFirstResultRows = 2048;
constexpr int64_t kMaxResultRows = 65'536;
constexpr int64_t kMaxTextBytes = int64_t{64} << 20;

enum class Stage : uint8_t {
  kIdle,      // nothing runs
  kStarted,   // no pipeline ran yet
  kDirect,    // the reader drives the last pipeline
  kParallel,  // the last pipeline fills the result queue
  kEnded,     // all rows were given
};

}  // namespace

class QueryExecution::Impl : public SubPlanRunner {
 public:
  explicit Impl(std::shared_ptr<const LogicalPlan> plan) : logical_(std::move(plan)), errors_(&stop_) {}
  ~Impl() override { Stop(); }

  arrow::Status Plan();
  arrow::Status Start(const ExecContext& context, std::span<const Value> parameters);
  arrow::Result<Batch> NextBatch();
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> NextRecordBatch();
  arrow::Result<uint64_t> Drain();
  void Stop();
  PlanMeasures Measures() const {
    if (stage_ != Stage::kIdle && !runs_.empty()) runs_.back()->FlushStats();
    return measures_.Collect(AllPipelines(), query_);
  }
  arrow::Status RunSubPlan(size_t index) override;

  const std::vector<OutputColumn>& output() const { return plan_.output; }
  const std::shared_ptr<arrow::Schema>& schema() const {
    return exec_.arrow_output == ArrowOutput::kNative ? native_schema_ : schema_;
  }

 private:
  std::shared_ptr<arrow::Schema> MakeSchema(ArrowOutput output) const;
  arrow::Status RunPipelines();
  arrow::Status RunToEnd(PipelineRun& run);
  template <typename F>
  void ForEachRun(F&& f);
  arrow::Status OpenLast();
  uint32_t ChooseLastLanes() const;
  TaskQueue* queue();
  /// The next rows as the last pipeline gives them, the limit applied; no rows at the end.
  arrow::Result<Batch> NextDirect();
  /// 58030 where what the rows were computed from may be wrong.
  arrow::Status CheckSpilled() const;
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> NextParallel();
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> PopParallel();
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> BuildDirect();
  arrow::Result<Batch> ReadQueued();
  Batch CutDirect(const Batch& batch);
  /// Ends the execution and gives the error to report for `status`.
  arrow::Status Fail(const arrow::Status& status);
  std::vector<const Pipeline*> AllPipelines() const;

  std::shared_ptr<const LogicalPlan> logical_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::Schema> native_schema_;  // made when it is first asked for
  std::vector<std::string> names_;
  std::vector<LogicalType> types_;

  ExecContext exec_;
  std::vector<Value> parameters_;
  StopToken stop_;
  ErrorHolder errors_;
  arrow::MemoryPool* pool_parent_ = nullptr;
  std::unique_ptr<AccountingPool> pool_;
  std::vector<std::unique_ptr<AccountingPool>> former_pools_;
  QueryMeasures measures_;
  QueryContext query_;

  PhysicalPlan plan_;
  Scheduler* scheduler_ = nullptr;
  uint32_t max_workers_ = 0;
  std::unique_ptr<TaskQueue> queue_;
  std::unique_ptr<ResultQueue> results_;
  std::vector<std::unique_ptr<PipelineRun>> runs_;
  /// Of plan_.sub_plans.
  std::vector<std::vector<std::unique_ptr<PipelineRun>>> sub_runs_;

  Stage stage_ = Stage::kIdle;
  Lane* direct_ = nullptr;
  uint64_t offset_left_ = 0;
  uint64_t limit_left_ = kNoRowBound;
  BatchCutter cutter_;
  std::unique_ptr<RecordBatchBuilder> builder_;
  std::unique_ptr<ArrowBatchReader> queued_;
  int64_t result_rows_ = kFirstResultRows;
  /// SpillSpace::total_bytes at the start.
  int64_t spilled_before_ = 0;
};

arrow::Status QueryExecution::Impl::Plan() {
  ARROW_ASSIGN_OR_RAISE(plan_, MakePhysicalPlan(*logical_));
  for (const OutputColumn& column : plan_.output) {
    names_.push_back(column.name);
    types_.push_back(column.type);
  }
  schema_ = MakeSchema(ArrowOutput::kPortable);
  for (const std::unique_ptr<Pipeline>& pipeline : plan_.pipelines) {
    runs_.push_back(std::make_unique<PipelineRun>(pipeline.get()));
  }
  for (const auto& pipelines : plan_.sub_plans) {
    auto& runs = sub_runs_.emplace_back();
    for (const std::unique_ptr<Pipeline>& pipeline : pipelines) {
      runs.push_back(std::make_unique<PipelineRun>(pipeline.get()));
    }
  }
  return arrow::Status::OK();
}

std::shared_ptr<arrow::Schema> QueryExecution::Impl::MakeSchema(ArrowOutput output) const {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (size_t i = 0; i < types_.size(); ++i) fields.push_back(ToArrowField(names_[i], types_[i], output));
  return arrow::schema(std::move(fields));
}

arrow::Status QueryExecution::Impl::Start(const ExecContext& context, std::span<const Value> parameters) {
  Stop();
  exec_ = context;
  exec_.batch_rows = std::clamp(exec_.batch_rows, 1U, kMaxBatchRows);
  if (exec_.arrow_output == ArrowOutput::kNative && native_schema_ == nullptr) {
    native_schema_ = MakeSchema(ArrowOutput::kNative);
  }
  parameters_.assign(parameters.begin(), parameters.end());
  if (pool_ == nullptr || pool_parent_ != exec_.pool) {
    // What came from the old pool goes first.
    ForEachRun([](PipelineRun& run) { run.Forget(); });
    builder_.reset();
    results_.reset();
    // Operators may still hold what they made in the last execution: its pool stays.
    if (pool_ != nullptr) former_pools_.push_back(std::move(pool_));
    pool_parent_ = exec_.pool;
    pool_ = std::make_unique<AccountingPool>(exec_.pool, "query");
  }
  stop_.SetParent(exec_.stop);
  stop_.Reset();
  errors_.Clear();
  query_.exec = &exec_;
  query_.parameters = parameters_;
  query_.parameter_version++;
  query_.stop = &stop_;
  query_.pool = pool_.get();
  query_.sub_plans = this;
  query_.max_lanes = exec_.scheduler == nullptr ? 1 : std::max(1U, exec_.num_threads);
  if (exec_.measure_time) measures_.Begin(AllPipelines(), query_);
  ARROW_ASSIGN_OR_RAISE(offset_left_, EvaluateRowBound(plan_.offset, query_, 0));
  ARROW_ASSIGN_OR_RAISE(limit_left_, EvaluateRowBound(plan_.limit, query_, kNoRowBound));
  result_rows_ = kFirstResultRows;
  spilled_before_ = exec_.spill == nullptr ? 0 : exec_.spill->total_bytes();
  if (exec_.progress != nullptr) {
    exec_.progress->pipelines_total.fetch_add(plan_.pipelines.size(), std::memory_order_relaxed);
  }
  stage_ = Stage::kStarted;
  return arrow::Status::OK();
}

TaskQueue* QueryExecution::Impl::queue() {
  if (queue_ == nullptr || scheduler_ != exec_.scheduler || max_workers_ != exec_.num_threads - 1) {
    queue_.reset();
    scheduler_ = exec_.scheduler;
    max_workers_ = exec_.num_threads - 1;
    queue_ = std::make_unique<TaskQueue>(scheduler_, max_workers_);
  }
  return queue_.get();
}

template <typename F>
void QueryExecution::Impl::ForEachRun(F&& f) {
  for (const std::unique_ptr<PipelineRun>& run : runs_) f(*run);
  for (const auto& runs : sub_runs_) {
    for (const std::unique_ptr<PipelineRun>& run : runs) f(*run);
  }
}

arrow::Status QueryExecution::Impl::RunToEnd(PipelineRun& run) {
  ARROW_RETURN_NOT_OK(stop_.Check());
  ARROW_RETURN_NOT_OK(run.Open(&query_, &errors_));
  const uint32_t num_lanes = run.ChooseLanes();
  return run.RunToEnd(num_lanes, num_lanes > 1 ? queue() : nullptr);
}

arrow::Status QueryExecution::Impl::RunSubPlan(size_t index) {
  for (const std::unique_ptr<PipelineRun>& run : sub_runs_[index]) run->End();
  for (const std::unique_ptr<PipelineRun>& run : sub_runs_[index]) ARROW_RETURN_NOT_OK(RunToEnd(*run));
  return arrow::Status::OK();
}

arrow::Status QueryExecution::Impl::RunPipelines() {
  for (size_t i = 0; i + 1 < runs_.size(); ++i) {
    ARROW_RETURN_NOT_OK(RunToEnd(*runs_[i]));
    if (exec_.progress != nullptr) exec_.progress->pipelines_done.fetch_add(1, std::memory_order_relaxed);
  }
  return OpenLast();
}

uint32_t QueryExecution::Impl::ChooseLastLanes() const {
  const uint64_t wanted = limit_left_ == kNoRowBound ? kNoRowBound : limit_left_ + offset_left_;
  if (plan_.is_limit_near && wanted <= exec_.parallel_min_rows) return 1;
  return runs_.back()->ChooseLanes();
}

arrow::Status QueryExecution::Impl::OpenLast() {
  PipelineRun& last = *runs_.back();
  ARROW_RETURN_NOT_OK(last.Open(&query_, &errors_));
  const uint32_t num_lanes = ChooseLastLanes();
  if (num_lanes <= 1) {
    ARROW_ASSIGN_OR_RAISE(direct_, last.OpenDirect());
    stage_ = Stage::kDirect;
    return arrow::Status::OK();
  }
  if (results_ == nullptr) results_ = std::make_unique<ResultQueue>(plan_.output, exec_.pool);
  results_->Begin(queue(), num_lanes, exec_.arrow_output);
  stage_ = Stage::kParallel;
  last.Launch(num_lanes, queue(), results_.get());
  return arrow::Status::OK();
}

Batch QueryExecution::Impl::CutDirect(const Batch& batch) {
  const uint32_t count = batch.selection.count;
  if (offset_left_ == 0 && count <= limit_left_) {
    if (limit_left_ != kNoRowBound) limit_left_ -= count;
    return batch;
  }
  const auto skip = static_cast<uint32_t>(std::min<uint64_t>(offset_left_, count));
  const auto keep = static_cast<uint32_t>(std::min<uint64_t>(limit_left_, count - skip));
  offset_left_ -= skip;
  if (limit_left_ != kNoRowBound) limit_left_ -= keep;
  return cutter_.Slice(batch, skip, keep);
}

arrow::Status QueryExecution::Impl::CheckSpilled() const {
  if (exec_.spill == nullptr || exec_.spill->total_bytes() == spilled_before_) return arrow::Status::OK();
  return exec_.spill->CheckWritten();
}

arrow::Result<Batch> QueryExecution::Impl::NextDirect() {
  while (limit_left_ > 0) {
    Batch batch;
    ARROW_ASSIGN_OR_RAISE(const LaneResult result, direct_->Advance(&batch));
    if (result == LaneResult::kDone) break;
    if (result == LaneResult::kBlocked) return InternalError("a pipeline blocked on the calling thread");
    if (result == LaneResult::kMorselDone) continue;
    batch = CutDirect(batch);
    if (batch.num_selected() > 0) return batch;
  }
  direct_->FlushStats();
  stage_ = Stage::kEnded;
  ARROW_RETURN_NOT_OK(CheckSpilled());
  return Batch();
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> QueryExecution::Impl::PopParallel() {
  PipelineRun& last = *runs_.back();
  while (true) {
    const uint64_t epoch = queue_->epoch();
    if (errors_.has_error()) return errors_.status();
    ARROW_RETURN_NOT_OK(stop_.Check());
    const bool is_done = last.lanes_done();
    if (is_done) results_->EndOfLanes();
    std::shared_ptr<arrow::RecordBatch> batch = results_->TryPop();
    if (batch != nullptr) return batch;
    if (is_done) {
      // The last lane may have failed after the first look.
      if (errors_.has_error()) return errors_.status();
      return nullptr;
    }
    if (!queue_->RunOne()) queue_->WaitForChange(epoch);
  }
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> QueryExecution::Impl::NextParallel() {
  while (limit_left_ > 0) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> batch, PopParallel());
    if (batch == nullptr) break;
    const auto count = static_cast<uint64_t>(batch->num_rows());
    const uint64_t skip = std::min(offset_left_, count);
    const uint64_t keep = std::min(limit_left_, count - skip);
    offset_left_ -= skip;
    if (limit_left_ != kNoRowBound) limit_left_ -= keep;
    if (keep == 0) continue;
    if (keep == count) return batch;
    return batch->Slice(static_cast<int64_t>(skip), static_cast<int64_t>(keep));
  }
  stage_ = Stage::kEnded;
  stop_.RequestStop();
  queue_->Cancel();
  ARROW_RETURN_NOT_OK(CheckSpilled());
  return nullptr;
}

arrow::Status QueryExecution::Impl::Fail(const arrow::Status& status) {
  // A thread that was told to stop reports that; what made it stop counts.
  const arrow::Status first = errors_.status();
  arrow::Status reported = first.ok() ? status : first;
  Stop();
  return reported;
}

arrow::Result<Batch> QueryExecution::Impl::ReadQueued() {
  while (true) {
    if (queued_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(const Batch batch, queued_->Next());
      if (batch.num_selected() > 0) return batch;
      queued_.reset();
    }
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> rows, NextParallel());
    if (rows == nullptr) return Batch();
    ARROW_ASSIGN_OR_RAISE(queued_, ArrowBatchReader::Make(std::move(rows), query_.pool, types_));
  }
}

arrow::Result<Batch> QueryExecution::Impl::NextBatch() {
  if (stage_ == Stage::kStarted) {
    if (arrow::Status status = RunPipelines(); !status.ok()) return Fail(status);
  }
  if (stage_ != Stage::kDirect && stage_ != Stage::kParallel) return Batch();
  arrow::Result<Batch> batch = stage_ == Stage::kDirect ? NextDirect() : ReadQueued();
  if (!batch.ok()) return Fail(batch.status());
  return batch;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> QueryExecution::Impl::BuildDirect() {
  if (builder_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(builder_, RecordBatchBuilder::Make(names_, types_, exec_.pool, exec_.arrow_output));
  }
  while (stage_ == Stage::kDirect) {
    ARROW_ASSIGN_OR_RAISE(const Batch batch, NextDirect());
    if (batch.num_selected() == 0) break;
    ARROW_RETURN_NOT_OK(builder_->Append(batch));
    if (builder_->num_rows() >= result_rows_ || builder_->largest_text_bytes() > kMaxTextBytes) break;
  }
  result_rows_ = std::min(result_rows_ * 2, kMaxResultRows);
  if (builder_->num_rows() == 0) return nullptr;
  return builder_->Finish();
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> QueryExecution::Impl::NextRecordBatch() {
  if (stage_ == Stage::kStarted) {
    if (arrow::Status status = RunPipelines(); !status.ok()) return Fail(status);
  }
  if (stage_ != Stage::kDirect && stage_ != Stage::kParallel) return nullptr;
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> batch = stage_ == Stage::kDirect ? BuildDirect() : NextParallel();
  if (!batch.ok()) return Fail(batch.status());
  return batch;
}

arrow::Result<uint64_t> QueryExecution::Impl::Drain() {
  uint64_t num_rows = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const Batch batch, NextBatch());
    if (batch.num_selected() == 0) return num_rows;
    num_rows += batch.num_selected();
  }
}

void QueryExecution::Impl::Stop() {
  if (stage_ == Stage::kIdle) return;
  stage_ = Stage::kIdle;
  stop_.RequestStop();
  if (queue_ != nullptr) queue_->Cancel();
  ForEachRun([](PipelineRun& run) { run.End(); });
  if (results_ != nullptr) results_->Clear();
  queued_.reset();
  builder_.reset();
  direct_ = nullptr;
  exec_.pin.reset();
}

std::vector<const Pipeline*> QueryExecution::Impl::AllPipelines() const {
  std::vector<const Pipeline*> all = plan_.nested;
  for (const std::unique_ptr<Pipeline>& pipeline : plan_.pipelines) all.push_back(pipeline.get());
  for (const auto& pipelines : plan_.sub_plans) {
    for (const std::unique_ptr<Pipeline>& pipeline : pipelines) all.push_back(pipeline.get());
  }
  return all;
}

QueryExecution::QueryExecution(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
QueryExecution::~QueryExecution() = default;

arrow::Result<std::unique_ptr<QueryExecution>> QueryExecution::Make(std::shared_ptr<const LogicalPlan> plan) {
  auto impl = std::make_unique<Impl>(std::move(plan));
  ARROW_RETURN_NOT_OK(impl->Plan());
  return std::unique_ptr<QueryExecution>(new QueryExecution(std::move(impl)));
}

arrow::Status QueryExecution::Start(const ExecContext& context, std::span<const Value> parameters) {
  return impl_->Start(context, parameters);
}
arrow::Result<Batch> QueryExecution::NextBatch() { return impl_->NextBatch(); }
arrow::Result<std::shared_ptr<arrow::RecordBatch>> QueryExecution::NextRecordBatch() {
  return impl_->NextRecordBatch();
}
arrow::Result<uint64_t> QueryExecution::Drain() { return impl_->Drain(); }
void QueryExecution::Stop() { impl_->Stop(); }
const std::vector<OutputColumn>& QueryExecution::output() const { return impl_->output(); }
const std::shared_ptr<arrow::Schema>& QueryExecution::schema() const { return impl_->schema(); }
PlanMeasures QueryExecution::Measures() const { return impl_->Measures(); }

}  // namespace llkv
