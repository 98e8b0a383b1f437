// Right rows by their marks, a morsel a page.
#include "exec/operators/hash_join_unmatched.h"

#include <atomic>
#include <utility>

namespace llkv {
namespace {

struct UnmatchedState : LaneState {
  size_t lane = 0;
  size_t page = 0;
  uint32_t row = 0;
  std::vector<ScratchVector> right;
  std::vector<Vector> output;
  const uint8_t* rows[kMaxBatchRows];
};

class UnmatchedSource : public Source {
 public:
  UnmatchedSource(JoinRightRows rows, std::shared_ptr<const void> owner)
      : rows_(std::move(rows)), owner_(std::move(owner)) {}

  arrow::Status Open(QueryContext&) override {
    next_morsel_.store(0);
    storages_ = rows_.storages();
    return arrow::Status::OK();
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<UnmatchedState>();
    for (const LogicalType type : rows_.columns->stored_types) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector column, ScratchVector::Make(type, lane.query->pool));
      state->right.push_back(std::move(column));
    }
    state->output.resize(rows_.columns->outputs.size());
    return state;
  }

  arrow::Result<uint64_t> NextMorsel(LaneContext&, LaneState& lane_state) override {
    auto& state = static_cast<UnmatchedState&>(lane_state);
    const uint64_t morsel = next_morsel_.fetch_add(1);
    uint64_t page = morsel;
    for (size_t lane = 0; lane < storages_.size(); ++lane) {
      const size_t num_pages = storages_[lane]->pages().size();
      if (page < num_pages) {
        state.lane = lane;
        state.page = page;
        state.row = 0;
        return morsel;
      }
      page -= num_pages;
    }
    return kNoMorsel;
  }

  arrow::Result<SourceResult> GetBatch(LaneContext& lane, LaneState& lane_state, Batch* batch) override {
    auto& state = static_cast<UnmatchedState&>(lane_state);
    const RowStorage& storage = *storages_[state.lane];
    const RowStorage::Page& page = storage.pages()[state.page];
    uint32_t count = 0;
    for (; state.row < page.num_rows && count < lane.query->exec->batch_rows; ++state.row) {
      const uint8_t* row = page.data + static_cast<int64_t>(state.row) * storage.row_width();
      state.rows[count] = row;
      count += (row[0] != 0) == rows_.gives_matched ? 1U : 0U;
    }
    if (count == 0) return SourceResult::kMorselDone;
    for (size_t c = 0; c < state.right.size(); ++c) {
      GatherColumn(*rows_.layout, rows_.first_stored + c, state.rows, count, nullptr, count, state.right[c]);
    }
    for (size_t i = 0; i < state.output.size(); ++i) {
      const JoinColumns::Output& column = rows_.columns->outputs[i];
      state.output[i] =
          column.from == JoinColumns::From::kRight ? state.right[column.index].vector() : MakeNullVector(column.type);
    }
    *batch = Batch{state.output, count, Selection::All(count)};
    return SourceResult::kHaveBatch;
  }

  uint64_t num_morsels() const override {
    uint64_t pages = 0;
    for (const RowStorage* storage : storages_) pages += storage->pages().size();
    return pages;
  }
  uint64_t num_rows_estimate() const override {
    uint64_t rows = 0;
    for (const RowStorage* storage : storages_) rows += static_cast<uint64_t>(storage->num_rows());
    return rows;
  }

 private:
  const JoinRightRows rows_;
  std::shared_ptr<const void> owner_;
  std::vector<const RowStorage*> storages_;
  std::atomic<uint64_t> next_morsel_{0};
};

}  // namespace

std::unique_ptr<Source> MakeUnmatchedSource(JoinRightRows rows, std::shared_ptr<const void> owner) {
  return std::make_unique<UnmatchedSource>(std::move(rows), std::move(owner));
}

}  // namespace llkv
