// See window_feed.h.
#include "exec/operators/window_feed.h"

#include <cstring>

#include "exec/operators/aggregate_layout.h"

namespace llkv {

arrow::Result<std::unique_ptr<WindowFeeder>> WindowFeeder::Make(const WindowChunk* chunk, const WindowSlot* slot) {
  std::unique_ptr<WindowFeeder> feeder(new WindowFeeder(chunk, slot));
  const BoundAggregate& function = slot->call->aggregate;
  feeder->initial_.resize((function.state_size + 7) / 8 * 8);
  function.initialize(function.state.get(), feeder->initial_.data());
  arrow::MemoryPool* pool = chunk->query().pool;
  for (const uint32_t column : slot->arguments) {
    ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(chunk->layout().types()[column], pool));
    feeder->scratch_.push_back(std::move(scratch));
  }
  for (const ScratchVector& scratch : feeder->scratch_) feeder->arguments_.push_back(&scratch.vector());
  if (slot->filter != WindowSlot::kNone) {
    ARROW_ASSIGN_OR_RAISE(feeder->filter_, ScratchVector::Make(TypeId::kBoolean, pool));
    ARROW_ASSIGN_OR_RAISE(feeder->filter_scratch_, ScratchVector::Make(TypeId::kBoolean, pool));
  }
  return feeder;
}

void WindowFeeder::Initialize(uint8_t* states, int64_t count) const {
  for (int64_t i = 0; i < count; ++i) std::memcpy(states + i * state_size(), initial_.data(), initial_.size());
}

void WindowFeeder::Read(int64_t begin, uint32_t count) {
  uint8_t* const* rows = chunk_->rows() + begin;
  for (uint32_t i = 0; i < count; ++i) __builtin_prefetch(rows[i]);
  for (size_t i = 0; i < scratch_.size(); ++i) {
    GatherColumn(chunk_->layout(), slot_->arguments[i], rows, count, nullptr, count, scratch_[i]);
  }
  count_ = count;
  selection_ = Selection::All(count);
  if (!filter_.has_value()) return;
  GatherColumn(chunk_->layout(), slot_->filter, rows, count, nullptr, count, *filter_);
  selection_ = SelectTrue(filter_->vector(), selection_, count, *filter_scratch_, selected_);
}

arrow::Status WindowFeeder::Feed(KernelContext& kernel, uint8_t* const* states) {
  if (selection_.count == 0) return arrow::Status::OK();
  return function().update(kernel, function().state.get(), arguments_, selection_, count_, states);
}

arrow::Status WindowFeeder::FeedAll(KernelContext& kernel, uint8_t* state) {
  if (selection_.count == 0) return arrow::Status::OK();
  return function().update_single(kernel, function().state.get(), arguments_, selection_, count_, state);
}

arrow::Result<std::unique_ptr<StateResults>> StateResults::Make(const BoundAggregate* function,
                                                                arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(function->return_type, pool));
  return std::unique_ptr<StateResults>(new StateResults(function, std::move(scratch)));
}

arrow::Status StateResults::Finalize(KernelContext& kernel, const uint8_t* const* states, uint32_t count,
                                     ScratchVector& out) {
  uint32_t num_unique = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (num_unique == 0 || unique_[num_unique - 1] != states[i]) unique_[num_unique++] = states[i];
    places_[i] = static_cast<uint16_t>(num_unique - 1);
  }
  out.ResetFlat(function_->return_type);
  if (num_unique == count) return function_->finalize(kernel, function_->state.get(), states, count, out);
  scratch_.ResetFlat(function_->return_type);
  ARROW_RETURN_NOT_OK(function_->finalize(kernel, function_->state.get(), unique_, num_unique, scratch_));
  TakeColumn(scratch_.vector(), places_, count, out);
  return arrow::Status::OK();
}

}  // namespace llkv
