// Aggregates over frames: once a partition where all its rows are the frame, running where frames begin with the
// partition, by a segment tree otherwise.
#include <cstring>
#include <utility>

#include "exec/operators/segment_tree.h"
#include "exec/operators/window_chunk.h"
#include "exec/operators/window_feed.h"
#include "vector/bitmap.h"

namespace llkv {
namespace {

using Kind = FrameBound::Kind;

/// What each way has.
class AggregateEvaluator : public WindowEvaluator {
 public:
  AggregateEvaluator(const WindowChunk* chunk, const WindowSlot* slot, const KernelContext& kernel,
                     std::unique_ptr<WindowFeeder> feeder, std::unique_ptr<StateResults> results)
      : chunk_(chunk),
        slot_(slot),
        cursor_(chunk, slot->order, slot->needs_peers),
        feeder_(std::move(feeder)),
        results_(std::move(results)),
        kernel_(kernel) {}

 protected:
  arrow::Status CheckStop() const { return chunk_->query().stop->Check(); }
  arrow::MemoryPool* pool() const { return chunk_->query().pool; }

  const WindowChunk* chunk_;
  const WindowSlot* slot_;
  WindowCursor cursor_;
  std::unique_ptr<WindowFeeder> feeder_;
  std::unique_ptr<StateResults> results_;
  KernelContext kernel_;  // for states that stay; each way gives it an arena
  uint8_t* states_[kMaxBatchRows];
  const uint8_t* results_of_[kMaxBatchRows];
};

/// The frame is the partition.
class WholeEvaluator : public AggregateEvaluator {
 public:
  template <typename... Args>
  explicit WholeEvaluator(Args&&... args)
      : AggregateEvaluator(std::forward<Args>(args)...), arena_(pool()), partitions_(pool()) {
    kernel_.arena = &arena_;
  }

  arrow::Status Load() override {
    cursor_.Reset();
    arena_.Reset();
    ARROW_RETURN_NOT_OK(partitions_.Resize(chunk_->num_partitions() * feeder_->state_size()));
    feeder_->Initialize(partitions_.data(), chunk_->num_partitions());
    int64_t partition = 0;
    for (int64_t row = 0; row < chunk_->size();) {
      ARROW_RETURN_NOT_OK(CheckStop());
      ARROW_RETURN_NOT_OK(IsLong(partition, row) ? FeedLong(&partition, &row) : FeedShort(&partition, &row));
    }
    return arrow::Status::OK();
  }

  arrow::Status Evaluate(int64_t begin, uint32_t count, KernelContext& kernel, ScratchVector& out) override {
    for (uint32_t i = 0; i < count; ++i) {
      cursor_.Move(begin + i);
      results_of_[i] = StateOf(cursor_.partition_number());
    }
    return results_->Finalize(kernel, results_of_, count, out);
  }

 private:
  /// Rows of one partition that are worth a call of their own.
  static constexpr int64_t kLongRows = 256;

  uint8_t* StateOf(int64_t partition) { return partitions_.data() + partition * feeder_->state_size(); }
  bool IsLong(int64_t partition, int64_t row) const { return chunk_->partition(partition).end - row >= kLongRows; }

  arrow::Status FeedLong(int64_t* partition, int64_t* row) {
    const int64_t end = chunk_->partition(*partition).end;
    const auto count = static_cast<uint32_t>(std::min<int64_t>(end - *row, kMaxBatchRows));
    feeder_->Read(*row, count);
    ARROW_RETURN_NOT_OK(feeder_->FeedAll(kernel_, StateOf(*partition)));
    *row += count;
    if (*row == end) ++*partition;
    return arrow::Status::OK();
  }

  arrow::Status FeedShort(int64_t* partition, int64_t* row) {
    uint32_t count = 0;
    while (count < kMaxBatchRows && *row + count < chunk_->size()) {
      states_[count] = StateOf(*partition);
      ++count;
      if (*row + count < chunk_->partition(*partition).end) continue;
      ++*partition;
      if (*row + count < chunk_->size() && IsLong(*partition, *row + count)) break;
    }
    feeder_->Read(*row, count);
    *row += count;
    return feeder_->Feed(kernel_, states_);
  }

  StringArena arena_;
  PoolArray<uint8_t> partitions_;  // a state each
};

/// Frames begin with their partition: the states after each row of a block, in one scan.
class RunningEvaluator : public AggregateEvaluator {
 public:
  template <typename... Args>
  explicit RunningEvaluator(ScratchVector part, Args&&... args)
      : AggregateEvaluator(std::forward<Args>(args)...),
        part_(std::move(part)),
        arenas_{StringArena(pool()), StringArena(pool())},
        block_(pool()),
        carry_(feeder_->initial_state(), feeder_->initial_state() + feeder_->state_size()) {}

  arrow::Status Load() override {
    cursor_.Reset();
    block_begin_ = block_end_ = 0;
    next_partition_ = 0;
    return block_.Resize(int64_t{kMaxBatchRows} * feeder_->state_size());
  }

  arrow::Status Evaluate(int64_t begin, uint32_t count, KernelContext& kernel, ScratchVector& out) override {
    uint32_t done = 0;
    for (uint32_t i = 0; i < count; ++i) {
      cursor_.Move(begin + i);
      const RowRange frame = FrameOf(slot_->frame, cursor_.partition(), cursor_.peers(), begin + i);
      if (frame.begin == frame.end) {
        results_of_[i] = feeder_->initial_state();
        continue;
      }
      if (frame.end > block_end_) {
        // States of the block at hand give their results before the next one takes their place.
        ARROW_RETURN_NOT_OK(Finish(kernel, done, i, count, out));
        done = i;
        while (frame.end > block_end_) ARROW_RETURN_NOT_OK(NextBlock());
      }
      results_of_[i] = StateOf(frame.end - 1 - block_begin_);
    }
    return Finish(kernel, done, count, count, out);
  }

 private:
  uint8_t* StateOf(int64_t i) { return block_.data() + i * feeder_->state_size(); }

  arrow::Status NextBlock() {
    ARROW_RETURN_NOT_OK(CheckStop());
    block_begin_ = block_end_;
    const auto count = static_cast<uint32_t>(std::min<int64_t>(chunk_->size() - block_begin_, kMaxBatchRows));
    block_end_ = block_begin_ + count;
    // The state that goes on from the block before has its strings in the other arena.
    kernel_.arena = &arenas_[arena_ ^= 1];
    kernel_.arena->Reset();
    feeder_->Initialize(block_.data(), count);
    feeder_->Read(block_begin_, count);
    for (uint32_t i = 0; i < count; ++i) states_[i] = StateOf(i);
    ARROW_RETURN_NOT_OK(feeder_->Feed(kernel_, states_));
    uint32_t num_pairs = 0;
    for (uint32_t i = 0; i < count; ++i) {
      if (next_partition_ < chunk_->num_partitions() && chunk_->partition(next_partition_).begin == block_begin_ + i) {
        ++next_partition_;
        continue;
      }
      sources_[num_pairs] = i == 0 ? carry_.data() : StateOf(i - 1);
      states_[num_pairs++] = StateOf(i);
    }
    const BoundAggregate& function = feeder_->function();
    if (num_pairs > 0) {
      ARROW_RETURN_NOT_OK(function.combine(kernel_, function.state.get(), sources_, states_, num_pairs));
    }
    std::memcpy(carry_.data(), StateOf(count - 1), carry_.size());
    return arrow::Status::OK();
  }

  /// Results of rows [from, to) of the batch.
  arrow::Status Finish(KernelContext& kernel, uint32_t from, uint32_t to, uint32_t count, ScratchVector& out) {
    if (from == to) return arrow::Status::OK();
    const bool is_string = slot_->call->return_type.physical() == PhysicalType::kString;
    if (from == 0 && to == count) {
      ARROW_RETURN_NOT_OK(results_->Finalize(kernel, results_of_, count, out));
      return is_string ? KeepStrings(kernel, out, 0, count) : arrow::Status::OK();
    }
    if (from == 0) out.ResetFlat(slot_->call->return_type);
    ARROW_RETURN_NOT_OK(results_->Finalize(kernel, results_of_ + from, to - from, part_));
    const auto width = static_cast<size_t>(PhysicalWidth(slot_->call->return_type.physical()));
    std::memcpy(out.data<uint8_t>() + from * width, part_.data<uint8_t>(), (to - from) * width);
    if (part_.vector().validity != nullptr) {
      if (out.vector().validity == nullptr) out.UseValidity();
      for (uint32_t i = from; i < to; ++i) {
        if (!part_.vector().IsValid(i - from)) ClearBit(out.validity(), i);
      }
    }
    return is_string ? KeepStrings(kernel, out, from, to) : arrow::Status::OK();
  }

  /// The next block may reuse where they stand.
  static arrow::Status KeepStrings(KernelContext& kernel, ScratchVector& out, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; ++i) {
      auto& text = out.data<StringRef>()[i];
      if (text.size == 0 || !out.vector().IsValid(i)) continue;
      ARROW_ASSIGN_OR_RAISE(text, kernel.arena->Copy(std::string_view(text.data, text.size)));
    }
    return arrow::Status::OK();
  }

  ScratchVector part_;
  StringArena arenas_[2];
  uint32_t arena_ = 0;
  PoolArray<uint8_t> block_;  // the states after the rows of a block
  std::vector<uint8_t> carry_;
  int64_t block_begin_ = 0;
  int64_t block_end_ = 0;
  int64_t next_partition_ = 0;  // whose begin is next
  const uint8_t* sources_[kMaxBatchRows];
};

/// Any frame.
class TreeEvaluator : public AggregateEvaluator {
 public:
  template <typename... Args>
  explicit TreeEvaluator(Args&&... args)
      : AggregateEvaluator(std::forward<Args>(args)...),
        arena_(pool()),
        tree_(&feeder_->function(), pool()),
        targets_(pool()) {
    kernel_.arena = &arena_;
  }

  arrow::Status Load() override {
    cursor_.Reset();
    arena_.Reset();
    ARROW_RETURN_NOT_OK(targets_.Resize(int64_t{kMaxBatchRows} * feeder_->state_size()));
    ARROW_RETURN_NOT_OK(tree_.Reset(chunk_->size(), *chunk_->query().stop));
    for (int64_t row = 0; row < chunk_->size(); row += kMaxBatchRows) {
      ARROW_RETURN_NOT_OK(CheckStop());
      const auto count = static_cast<uint32_t>(std::min<int64_t>(chunk_->size() - row, kMaxBatchRows));
      feeder_->Read(row, count);
      for (uint32_t i = 0; i < count; ++i) states_[i] = tree_.leaf(row + i);
      ARROW_RETURN_NOT_OK(feeder_->Feed(kernel_, states_));
    }
    return tree_.Build(kernel_, *chunk_->query().stop);
  }

  arrow::Status Evaluate(int64_t begin, uint32_t count, KernelContext& kernel, ScratchVector& out) override {
    feeder_->Initialize(targets_.data(), count);
    for (uint32_t i = 0; i < count; ++i) {
      cursor_.Move(begin + i);
      const RowRange frame = FrameOf(slot_->frame, cursor_.partition(), cursor_.peers(), begin + i);
      uint8_t* target = targets_.data() + i * feeder_->state_size();
      ARROW_RETURN_NOT_OK(tree_.Query(kernel, frame.begin, frame.end, target));
      results_of_[i] = target;
    }
    ARROW_RETURN_NOT_OK(tree_.Flush(kernel));
    return results_->Finalize(kernel, results_of_, count, out);
  }

 private:
  StringArena arena_;
  SegmentTree tree_;
  PoolArray<uint8_t> targets_;  // states of a batch
};

}  // namespace

arrow::Result<std::unique_ptr<WindowEvaluator>> MakeAggregateEvaluator(const WindowChunk* chunk, const WindowSlot* slot,
                                                                       const KernelContext& kernel) {
  const BoundAggregate& function = slot->call->aggregate;
  if (function.order_matters || function.states_are_lists) return MakeFrameFeedEvaluator(chunk, slot, kernel);
  ARROW_ASSIGN_OR_RAISE(auto feeder, WindowFeeder::Make(chunk, slot));
  ARROW_ASSIGN_OR_RAISE(auto results, StateResults::Make(&slot->call->aggregate, chunk->query().pool));
  if (slot->frame.start != Kind::kUnboundedPreceding) {
    return std::make_unique<TreeEvaluator>(chunk, slot, kernel, std::move(feeder), std::move(results));
  }
  if (slot->frame.end == Kind::kUnboundedFollowing) {
    return std::make_unique<WholeEvaluator>(chunk, slot, kernel, std::move(feeder), std::move(results));
  }
  ARROW_ASSIGN_OR_RAISE(ScratchVector part, ScratchVector::Make(slot->call->return_type, chunk->query().pool));
  return std::make_unique<RunningEvaluator>(std::move(part), chunk, slot, kernel, std::move(feeder),
                                            std::move(results));
}

}  // namespace llkv
