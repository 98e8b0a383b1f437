// See union_all.h. A lane of the union has a lane of each part, which it drives: a morsel of the union is a morsel of a
// part.
#include "exec/operators/union_all.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/mutex.h"
#include "exec/lane.h"

namespace llkv {

namespace {

struct Part {
  std::unique_ptr<Pipeline> pipeline;
  std::atomic<bool> finished{false};
};

struct UnionState : LaneState {
  ~UnionState() override {
    for (std::unique_ptr<Lane>& lane : lanes) {
      if (lane != nullptr) lane->End();
    }
  }
  size_t part = 0;
  std::vector<std::unique_ptr<Lane>> lanes;
};

class UnionAll : public Source {
 public:
  explicit UnionAll(std::vector<std::unique_ptr<Pipeline>> parts) {
    for (std::unique_ptr<Pipeline>& pipeline : parts) {
      parts_.push_back(std::make_unique<Part>());
      parts_.back()->pipeline = std::move(pipeline);
    }
  }

  arrow::Status Open(QueryContext& query) override {
    for (const std::unique_ptr<Part>& part : parts_) {
      part->finished.store(false, std::memory_order_relaxed);
      ARROW_RETURN_NOT_OK(part->pipeline->Open(query));
    }
    MutexLock lock(mutex_);
    next_part_ = 0;
    next_morsel_ = 0;
    return arrow::Status::OK();
  }

  void Close() override {
    for (const std::unique_ptr<Part>& part : parts_) {
      for (const std::unique_ptr<Operator>& each : part->pipeline->operators) each->Close();
      part->pipeline->source->Close();
    }
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext&) override {
    auto state = std::make_unique<UnionState>();
    state->lanes.resize(parts_.size());
    return state;
  }

  arrow::Result<uint64_t> NextMorsel(LaneContext& lane, LaneState& lane_state) override {
    auto& state = static_cast<UnionState&>(lane_state);
    MutexLock lock(mutex_);
    for (; next_part_ < parts_.size(); ++next_part_) {
      state.part = next_part_;
      ARROW_ASSIGN_OR_RAISE(Lane * inner, LaneOf(lane, state));
      ARROW_ASSIGN_OR_RAISE(const bool found, inner->TakeMorsel());
      if (found) return next_morsel_++;
    }
    return kNoMorsel;
  }

  arrow::Result<SourceResult> GetBatch(LaneContext&, LaneState& lane_state, Batch* batch) override {
    auto& state = static_cast<UnionState&>(lane_state);
    ARROW_ASSIGN_OR_RAISE(const LaneResult result, state.lanes[state.part]->Advance(batch));
    switch (result) {
      case LaneResult::kBatch:
        return SourceResult::kHaveBatch;
      case LaneResult::kBlocked:
        return SourceResult::kBlocked;
      case LaneResult::kMorselDone:
      case LaneResult::kDone:
        break;
    }
    return SourceResult::kMorselDone;
  }

  uint64_t num_morsels() const override {
    uint64_t sum = 0;
    for (const std::unique_ptr<Part>& part : parts_) sum += part->pipeline->source->num_morsels();
    return sum;
  }
  uint64_t num_rows_estimate() const override {
    uint64_t sum = 0;
    for (const std::unique_ptr<Part>& part : parts_) sum += part->pipeline->source->num_rows_estimate();
    return sum;
  }

 private:
  arrow::Result<Lane*> LaneOf(LaneContext& outer, UnionState& state) {
    std::unique_ptr<Lane>& lane = state.lanes[state.part];
    if (lane == nullptr) {
      Part& part = *parts_[state.part];
      lane = std::make_unique<Lane>(part.pipeline.get(), outer.lane, &part.finished, /*is_nested=*/true);
      ARROW_RETURN_NOT_OK(lane->Open(outer.query, outer.waker, nullptr));
    }
    return lane.get();
  }

  std::vector<std::unique_ptr<Part>> parts_;
  Mutex mutex_;
  size_t next_part_ LLKV_GUARDED_BY(mutex_) = 0;
  uint64_t next_morsel_ LLKV_GUARDED_BY(mutex_) = 0;
};

}  // namespace

std::unique_ptr<Source> MakeUnionAll(std::vector<std::unique_ptr<Pipeline>> parts) {
  return std::make_unique<UnionAll>(std::move(parts));
}

}  // namespace llkv
