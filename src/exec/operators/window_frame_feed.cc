// Aggregates whose states hold all that they were fed, or that go by the order of rows, over frames: the frame's rows
// are fed in order, only the new ones where a frame goes on from the one before.
#include <cstring>
#include <utility>

#include "exec/operators/window_chunk.h"
#include "exec/operators/window_feed.h"
#include "vector/bitmap.h"

namespace llkv {
namespace {

class FrameFeedEvaluator : public WindowEvaluator {
 public:
  FrameFeedEvaluator(const WindowChunk* chunk, const WindowSlot* slot, const KernelContext& kernel,
                     std::unique_ptr<WindowFeeder> feeder, ScratchVector result)
      : chunk_(chunk),
        slot_(slot),
        cursor_(chunk, slot->order, slot->needs_peers),
        feeder_(std::move(feeder)),
        kernel_(kernel),
        arena_(chunk->query().pool),
        result_(std::move(result)),
        state_(static_cast<size_t>(feeder_->state_size() / 8)) {
    kernel_.arena = &arena_;
  }

  arrow::Status Load() override {
    cursor_.Reset();
    return Restart(0);
  }

  arrow::Status Evaluate(int64_t begin, uint32_t count, KernelContext& kernel, ScratchVector& out) override {
    const LogicalType type = slot_->call->return_type;
    out.ResetFlat(type);
    const bool is_string = type.physical() == PhysicalType::kString;
    const auto width = static_cast<size_t>(PhysicalWidth(type.physical()));
    for (uint32_t i = 0; i < count; ++i) {
      cursor_.Move(begin + i);
      const RowRange frame = FrameOf(slot_->frame, cursor_.partition(), cursor_.peers(), begin + i);
      const bool is_same = i > 0 && frame.begin == fed_.begin && frame.end == fed_.end;
      if (!is_same) {
        ARROW_RETURN_NOT_OK(Feed(frame));
        ARROW_RETURN_NOT_OK(FinalizeOne(kernel, is_string));
      }
      std::memcpy(out.data<uint8_t>() + i * width, result_.data<uint8_t>(), width);
      if (result_.vector().IsValid(0)) continue;
      if (out.vector().validity == nullptr) out.UseValidity();
      ClearBit(out.validity(), i);
    }
    return arrow::Status::OK();
  }

 private:
  uint8_t* state() { return reinterpret_cast<uint8_t*>(state_.data()); }

  arrow::Status Restart(int64_t row) {
    arena_.Reset();
    feeder_->Initialize(state(), 1);
    fed_ = {row, row};
    return arrow::Status::OK();
  }

  arrow::Status Feed(const RowRange& frame) {
    if (frame.begin != fed_.begin || frame.end < fed_.end) ARROW_RETURN_NOT_OK(Restart(frame.begin));
    while (fed_.end < frame.end) {
      ARROW_RETURN_NOT_OK(chunk_->query().stop->Check());
      const auto count = static_cast<uint32_t>(std::min<int64_t>(frame.end - fed_.end, kMaxBatchRows));
      feeder_->Read(fed_.end, count);
      ARROW_RETURN_NOT_OK(feeder_->FeedAll(kernel_, state()));
      fed_.end += count;
    }
    return arrow::Status::OK();
  }

  /// Of the state, into row 0 of result_. The state goes on changing: text is copied.
  arrow::Status FinalizeOne(KernelContext& kernel, bool is_string) {
    const BoundAggregate& function = feeder_->function();
    const uint8_t* const states[] = {state()};
    result_.ResetFlat(function.return_type);
    ARROW_RETURN_NOT_OK(function.finalize(kernel, function.state.get(), states, 1, result_));
    if (!is_string || !result_.vector().IsValid(0)) return arrow::Status::OK();
    auto& text = result_.data<StringRef>()[0];
    return kernel.arena->Copy(text.view()).Value(&text);
  }

  const WindowChunk* chunk_;
  const WindowSlot* slot_;
  WindowCursor cursor_;
  std::unique_ptr<WindowFeeder> feeder_;
  KernelContext kernel_;
  StringArena arena_;
  ScratchVector result_;
  std::vector<uint64_t> state_;
  RowRange fed_;  // rows that the state has
};

}  // namespace

arrow::Result<std::unique_ptr<WindowEvaluator>> MakeFrameFeedEvaluator(const WindowChunk* chunk, const WindowSlot* slot,
                                                                       const KernelContext& kernel) {
  ARROW_ASSIGN_OR_RAISE(auto feeder, WindowFeeder::Make(chunk, slot));
  ARROW_ASSIGN_OR_RAISE(ScratchVector result, ScratchVector::Make(slot->call->return_type, chunk->query().pool));
  return std::make_unique<FrameFeedEvaluator>(chunk, slot, kernel, std::move(feeder), std::move(result));
}

}  // namespace llkv
