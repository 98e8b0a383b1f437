// lag, lead, first_value, last_value and nth_value: which row's value it is, then that value from the row.
#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "exec/operators/window_chunk.h"
#include "vector/bitmap.h"
#include "vector/row_layout_types.h"

namespace llkv {
namespace {

constexpr int64_t kNoRow = -1;

class ValueEvaluator : public WindowEvaluator {
 public:
  ValueEvaluator(const WindowChunk* chunk, const WindowSlot* slot, ScratchVector defaults)
      : chunk_(chunk),
        slot_(slot),
        cursor_(chunk, slot->order, slot->needs_peers),
        defaults_(std::move(defaults)),
        valid_rows_(chunk->query().pool) {}

  arrow::Status Load() override {
    cursor_.Reset();
    valid_rows_.Clear();
    if (!slot_->call->ignore_nulls) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(valid_rows_.Reserve(chunk_->size()));
    for (int64_t row = 0; row < chunk_->size(); ++row) {
      if (row % kPollRows == 0) ARROW_RETURN_NOT_OK(chunk_->query().stop->Check());
      if (!chunk_->layout().IsValid(chunk_->rows()[row], slot_->arguments[0])) continue;
      valid_rows_.UnsafeAppend(row);
    }
    return arrow::Status::OK();
  }

  arrow::Status Evaluate(int64_t begin, uint32_t count, KernelContext&, ScratchVector& out) override {
    uint32_t num_found = 0;
    uint32_t num_missing = 0;
    for (uint32_t i = 0; i < count; ++i) {
      cursor_.Move(begin + i);
      ARROW_ASSIGN_OR_RAISE(const int64_t target, Target(begin + i));
      if (target == kNoRow) {
        missing_[num_missing++] = static_cast<uint16_t>(i);
        continue;
      }
      rows_[num_found] = chunk_->rows()[target];
      __builtin_prefetch(rows_[num_found]);
      positions_[num_found++] = static_cast<uint16_t>(i);
    }
    const bool all = num_found == count;
    GatherColumn(chunk_->layout(), slot_->arguments[0], rows_, num_found, all ? nullptr : positions_, count, out);
    if (all) return arrow::Status::OK();
    if (out.vector().validity == nullptr) out.UseValidity();
    if (slot_->default_column == WindowSlot::kNone) {
      for (uint32_t k = 0; k < num_missing; ++k) ClearBit(out.validity(), missing_[k]);
    } else {
      FillDefaults(begin, num_missing, out);
    }
    return arrow::Status::OK();
  }

 private:
  static constexpr int64_t kPollRows = 4096;

  /// The second argument in `row`; nothing where it is NULL.
  std::optional<int64_t> CountOf(int64_t row) const {
    if (slot_->has_constant_count) {
      return slot_->count_is_null ? std::nullopt : std::optional<int64_t>(slot_->constant_count);
    }
    const uint8_t* bytes = chunk_->rows()[row];
    if (!chunk_->layout().IsValid(bytes, slot_->count_column)) return std::nullopt;
    return LoadFromRow<int64_t>(bytes + chunk_->layout().offset(slot_->count_column));
  }

  arrow::Result<int64_t> Target(int64_t row) const {
    const WindowKind kind = slot_->call->kind;
    if (kind == WindowKind::kLag || kind == WindowKind::kLead) return Neighbour(row, kind == WindowKind::kLag);
    const RowRange frame = FrameOf(slot_->frame, cursor_.partition(), cursor_.peers(), row);
    if (kind == WindowKind::kLastValue) return FromEnd(frame);
    if (kind == WindowKind::kFirstValue) return FromBegin(frame, 0);
    const std::optional<int64_t> nth = CountOf(row);
    if (!nth.has_value()) return kNoRow;
    if (*nth <= 0) {
      return SqlError(sqlstate::kInvalidNthValue, "the second argument of nth_value must be greater than zero",
                      slot_->call->arguments[1]->position);
    }
    return FromBegin(frame, *nth - 1);
  }

  int64_t FromBegin(const RowRange& frame, int64_t skipped) const {
    if (!slot_->call->ignore_nulls) return skipped < frame.end - frame.begin ? frame.begin + skipped : kNoRow;
    const int64_t* first = std::lower_bound(valid_rows_.begin(), valid_rows_.end(), frame.begin);
    if (skipped >= valid_rows_.end() - first || first[skipped] >= frame.end) return kNoRow;
    return first[skipped];
  }

  int64_t FromEnd(const RowRange& frame) const {
    if (!slot_->call->ignore_nulls) return frame.begin < frame.end ? frame.end - 1 : kNoRow;
    const int64_t* behind = std::lower_bound(valid_rows_.begin(), valid_rows_.end(), frame.end);
    if (behind == valid_rows_.begin() || behind[-1] < frame.begin) return kNoRow;
    return behind[-1];
  }

  int64_t Neighbour(int64_t row, bool before) const {
    const std::optional<int64_t> count = CountOf(row);
    if (!count.has_value()) return kNoRow;
    const RowRange& partition = cursor_.partition();
    int64_t distance = std::clamp(*count, -ResolvedFrame::kMaxOffset, ResolvedFrame::kMaxOffset);
    if (before) distance = -distance;
    if (!slot_->call->ignore_nulls || distance == 0) {
      const int64_t target = row + distance;
      return target >= partition.begin && target < partition.end ? target : kNoRow;
    }
    const int64_t* at = std::lower_bound(valid_rows_.begin(), valid_rows_.end(), row);
    if (distance > 0 && at != valid_rows_.end() && *at == row) ++at;
    const int64_t place = (at - valid_rows_.begin()) + (distance > 0 ? distance - 1 : distance);
    if (place < 0 || place >= valid_rows_.size()) return kNoRow;
    const int64_t target = valid_rows_[place];
    return target >= partition.begin && target < partition.end ? target : kNoRow;
  }

  /// Rows without a target take the default that stands in the row itself.
  void FillDefaults(int64_t begin, uint32_t num_missing, ScratchVector& out) {
    for (uint32_t k = 0; k < num_missing; ++k) rows_[k] = chunk_->rows()[begin + missing_[k]];
    GatherColumn(chunk_->layout(), slot_->default_column, rows_, num_missing, nullptr, num_missing, defaults_);
    const auto width = static_cast<size_t>(PhysicalWidth(slot_->call->return_type.physical()));
    for (uint32_t k = 0; k < num_missing; ++k) {
      const uint32_t place = missing_[k];
      std::memcpy(out.data<uint8_t>() + place * width, defaults_.data<uint8_t>() + k * width, width);
      if (!defaults_.vector().IsValid(k)) ClearBit(out.validity(), place);
    }
  }

  const WindowChunk* chunk_;
  const WindowSlot* slot_;
  WindowCursor cursor_;
  ScratchVector defaults_;
  PoolArray<int64_t> valid_rows_;  // for IGNORE NULLS
  uint8_t* rows_[kMaxBatchRows];
  uint16_t positions_[kMaxBatchRows];
  uint16_t missing_[kMaxBatchRows];
};

}  // namespace

arrow::Result<std::unique_ptr<WindowEvaluator>> MakeValueEvaluator(const WindowChunk* chunk, const WindowSlot* slot) {
  ARROW_ASSIGN_OR_RAISE(ScratchVector defaults, ScratchVector::Make(slot->call->return_type, chunk->query().pool));
  return std::make_unique<ValueEvaluator>(chunk, slot, std::move(defaults));
}

}  // namespace llkv
