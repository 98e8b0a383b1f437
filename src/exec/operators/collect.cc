// See collect.h.
#include "exec/operators/collect.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <optional>

#include "exec/batch_cutter.h"
#include "plan/logical_plan.h"

namespace llkv {

namespace {

constexpr uint64_t kChunksPerMorsel = 16;
constexpr uint32_t kRowNumber = LogicalMaterializedScan::kRowNumber;

struct ScanState : LaneState {
  size_t chunk = 0;
  size_t end = 0;
  std::vector<Vector> columns;
  std::optional<ScratchVector> numbers;  // where they are asked for
  BatchCutter cutter;
};

class CollectedScan : public Source {
 public:
  CollectedScan(std::shared_ptr<const CollectedRows> rows, std::vector<uint32_t> columns)
      : rows_(std::move(rows)),
        columns_(std::move(columns)),
        gives_numbers_(std::find(columns_.begin(), columns_.end(), kRowNumber) != columns_.end()) {}

  arrow::Status Open(QueryContext&) override {
    next_.store(0, std::memory_order_relaxed);
    first_rows_.clear();
    if (!gives_numbers_) return arrow::Status::OK();
    int64_t first = 0;
    for (size_t i = 0; i < rows_->rows->num_chunks(); ++i) {
      first_rows_.push_back(first);
      first += rows_->rows->chunk(i).num_rows;
    }
    return arrow::Status::OK();
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<ScanState>();
    if (gives_numbers_) {
      ARROW_ASSIGN_OR_RAISE(state->numbers, ScratchVector::Make(TypeId::kBigInt, lane.query->pool));
    }
    state->columns.resize(columns_.size());
    return state;
  }

  arrow::Result<uint64_t> NextMorsel(LaneContext&, LaneState& lane_state) override {
    auto& state = static_cast<ScanState&>(lane_state);
    const uint64_t morsel = next_.fetch_add(1, std::memory_order_relaxed);
    if (morsel >= num_morsels()) return kNoMorsel;
    state.chunk = morsel * kChunksPerMorsel;
    state.end = std::min<size_t>(state.chunk + kChunksPerMorsel, rows_->rows->num_chunks());
    return morsel;
  }

  arrow::Result<SourceResult> GetBatch(LaneContext& lane, LaneState& lane_state, Batch* batch) override {
    auto& state = static_cast<ScanState&>(lane_state);
    if (state.cutter.Next(lane.query->exec->batch_rows, batch)) return SourceResult::kHaveBatch;
    if (state.chunk == state.end) return SourceResult::kMorselDone;
    const Batch chunk = rows_->rows->chunk(state.chunk);
    if (gives_numbers_) {
      state.numbers->ResetFlat(TypeId::kBigInt);
      std::iota(state.numbers->data<int64_t>(), state.numbers->data<int64_t>() + chunk.num_rows,
                first_rows_[state.chunk]);
    }
    ++state.chunk;
    for (size_t i = 0; i < columns_.size(); ++i) {
      state.columns[i] = columns_[i] == kRowNumber ? state.numbers->vector() : chunk.columns[columns_[i]];
    }
    state.cutter.Start(Batch{state.columns, chunk.num_rows, chunk.selection});
    state.cutter.Next(lane.query->exec->batch_rows, batch);
    return SourceResult::kHaveBatch;
  }

  uint64_t num_morsels() const override {
    return (rows_->rows->num_chunks() + kChunksPerMorsel - 1) / kChunksPerMorsel;
  }
  uint64_t num_rows_estimate() const override { return rows_->rows->num_rows(); }

 private:
  std::shared_ptr<const CollectedRows> rows_;
  const std::vector<uint32_t> columns_;
  const bool gives_numbers_;
  std::vector<int64_t> first_rows_;  // of each chunk
  std::atomic<uint64_t> next_{0};
};

}  // namespace

struct CollectSink::State : LaneState {
  std::vector<Segment> segments;
  uint64_t last_morsel = 0;  // of the last segment
  uint64_t morsel_rows = 0;  // of the morsel at hand
};

arrow::Status CollectSink::Open(QueryContext& query) {
  MutexLock lock(mutex_);
  segments_.clear();
  done_.clear();
  prefix_rows_ = 0;
  next_morsel_ = 0;
  rows_->rows.emplace(types_, query.pool);
  return arrow::Status::OK();
}

void CollectSink::Close() {
  MutexLock lock(mutex_);
  segments_.clear();
  rows_->rows.reset();
}

arrow::Result<std::unique_ptr<LaneState>> CollectSink::MakeState(LaneContext&) { return std::make_unique<State>(); }

arrow::Result<SinkResult> CollectSink::Consume(LaneContext& lane, const Batch& batch, LaneState& lane_state) {
  auto& state = static_cast<State&>(lane_state);
  if (state.segments.empty() || (lane.morsel != state.last_morsel && lane.morsel != state.last_morsel + 1)) {
    state.segments.push_back({lane.morsel, BatchCollection(types_, lane.query->pool)});
  }
  state.last_morsel = lane.morsel;
  ARROW_RETURN_NOT_OK(state.segments.back().rows.Append(batch));
  state.morsel_rows += batch.num_selected();
  if (max_rows_ == ~uint64_t{0}) return SinkResult::kNeedInput;
  MutexLock lock(mutex_);
  const bool is_enough = lane.morsel == next_morsel_ && prefix_rows_ + state.morsel_rows >= max_rows_;
  return is_enough || prefix_rows_ >= max_rows_ ? SinkResult::kFinished : SinkResult::kNeedInput;
}

arrow::Status CollectSink::EndMorsel(LaneContext& lane, LaneState& lane_state) {
  auto& state = static_cast<State&>(lane_state);
  const uint64_t num_rows = std::exchange(state.morsel_rows, 0);
  // A morsel without rows does not end a run of consecutive ones.
  if (!state.segments.empty() && lane.morsel == state.last_morsel + 1) state.last_morsel = lane.morsel;
  if (max_rows_ == ~uint64_t{0}) return arrow::Status::OK();
  MutexLock lock(mutex_);
  done_[lane.morsel] = num_rows;
  for (auto first = done_.begin(); first != done_.end() && first->first == next_morsel_; first = done_.begin()) {
    prefix_rows_ += first->second;
    next_morsel_++;
    done_.erase(first);
  }
  return arrow::Status::OK();
}

arrow::Status CollectSink::Combine(LaneContext&, LaneState& lane_state) {
  auto& state = static_cast<State&>(lane_state);
  MutexLock lock(mutex_);
  for (Segment& segment : state.segments) segments_.push_back(std::move(segment));
  state.segments.clear();
  return arrow::Status::OK();
}

arrow::Status CollectSink::Finalize(QueryContext&) {
  MutexLock lock(mutex_);
  std::sort(segments_.begin(), segments_.end(), [](const Segment& a, const Segment& b) { return a.morsel < b.morsel; });
  for (Segment& segment : segments_) rows_->rows->Absorb(std::move(segment.rows));
  segments_.clear();
  return arrow::Status::OK();
}

std::unique_ptr<Source> MakeCollectedScan(std::shared_ptr<const CollectedRows> rows, std::vector<uint32_t> columns) {
  return std::make_unique<CollectedScan>(std::move(rows), std::move(columns));
}

}  // namespace llkv
