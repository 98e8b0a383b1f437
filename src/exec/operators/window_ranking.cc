// row_number, rank, dense_rank, percent_rank, cume_dist and ntile: from a row's place alone.
#include <utility>

#include "exec/operators/window_chunk.h"
#include "vector/bitmap.h"
#include "vector/row_layout_types.h"

namespace llkv {
namespace {

class RankingEvaluator : public WindowEvaluator {
 public:
  RankingEvaluator(const WindowChunk* chunk, const WindowSlot* slot)
      : chunk_(chunk), slot_(slot), cursor_(chunk, slot->order, slot->needs_peers) {}

  arrow::Status Load() override {
    cursor_.Reset();
    return arrow::Status::OK();
  }

  arrow::Status Evaluate(int64_t begin, uint32_t count, KernelContext&, ScratchVector& out) override {
    out.ResetFlat(slot_->call->return_type);
    if (slot_->call->kind == WindowKind::kNtile) return Ntile(begin, count, out);
    const bool is_share = slot_->call->return_type.id() == TypeId::kDouble;
    for (uint32_t i = 0; i < count; ++i) {
      cursor_.Move(begin + i);
      if (is_share) {
        out.data<double>()[i] = Share();
      } else {
        out.data<int64_t>()[i] = Number(begin + i);
      }
    }
    return arrow::Status::OK();
  }

 private:
  int64_t Number(int64_t row) const {
    switch (slot_->call->kind) {
      case WindowKind::kRank:
        return cursor_.peers().begin - cursor_.partition().begin + 1;
      case WindowKind::kDenseRank:
        return cursor_.peers_number();
      default:
        return row - cursor_.partition().begin + 1;
    }
  }

  double Share() const {
    const RowRange& partition = cursor_.partition();
    const auto size = static_cast<double>(partition.end - partition.begin);
    if (slot_->call->kind == WindowKind::kCumeDist) {
      return static_cast<double>(cursor_.peers().end - partition.begin) / size;
    }
    return size > 1 ? static_cast<double>(cursor_.peers().begin - partition.begin) / (size - 1) : 0;
  }

  /// The number of parts, from the partition's first row.
  std::pair<bool, int64_t> NumParts() const {
    if (slot_->has_constant_count) return {!slot_->count_is_null, slot_->constant_count};
    const uint8_t* row = chunk_->rows()[cursor_.partition().begin];
    return {chunk_->layout().IsValid(row, slot_->count_column),
            LoadFromRow<int64_t>(row + chunk_->layout().offset(slot_->count_column))};
  }

  arrow::Status Ntile(int64_t begin, uint32_t count, ScratchVector& out) {
    for (uint32_t i = 0; i < count; ++i) {
      cursor_.Move(begin + i);
      const RowRange& partition = cursor_.partition();
      const auto [valid, parts] = NumParts();
      if (!valid) {
        if (out.vector().validity == nullptr) out.UseValidity();
        ClearBit(out.validity(), i);
        out.data<int64_t>()[i] = 0;
        continue;
      }
      if (parts <= 0) {
        return SqlError(sqlstate::kInvalidNtile, "the argument of ntile must be greater than zero",
                        slot_->call->arguments[0]->position);
      }
      const int64_t size = partition.end - partition.begin;
      const int64_t place = begin + i - partition.begin;
      const int64_t small = size / parts;
      const int64_t in_large = size % parts * (small + 1);
      out.data<int64_t>()[i] = 1 + (place < in_large ? place / (small + 1) : size % parts + (place - in_large) / small);
    }
    return arrow::Status::OK();
  }

  const WindowChunk* chunk_;
  const WindowSlot* slot_;
  WindowCursor cursor_;
};

}  // namespace

std::unique_ptr<WindowEvaluator> MakeRankingEvaluator(const WindowChunk* chunk, const WindowSlot* slot) {
  return std::make_unique<RankingEvaluator>(chunk, slot);
}

}  // namespace llkv
