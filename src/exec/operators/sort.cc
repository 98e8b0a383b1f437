// The sink and the source of a sort. With a limit, the sink drops rows that cannot be among the first ones: a lane
// sorts what it has whenever that is twice what is wanted, and the last wanted row's key is the bar for all further
// rows of all lanes, and for the scan that the key comes from.
#include "exec/operators/sort.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "exec/operators/sort_shared.h"

namespace llkv {
namespace {

struct SinkState : LaneState {
  SinkState(const SortShared& shared, const KernelContext& kernel)
      : lane(std::make_unique<SortLane>(shared.layout().width(), kernel.pool)),
        flattener(kernel.pool),
        key_flattener(kernel.pool) {}
  std::unique_ptr<SortLane> lane;
  ExprSetState exprs;
  ColumnFlattener flattener;
  ColumnFlattener key_flattener;
  std::vector<Vector> columns;
  uint64_t bar_version = 0;
  uint64_t bar[SortKeyEncoder::kMaxWords] = {};
  uint64_t words[kMaxBatchRows * SortKeyEncoder::kMaxWords];
  uint16_t kept[kMaxBatchRows];
  uint16_t nulls[kMaxBatchRows];
  uint8_t* rows[kMaxBatchRows];
};

class SortSink : public Sink {
 public:
  explicit SortSink(std::shared_ptr<SortShared> shared) : shared_(std::move(shared)) {}

  arrow::Status Open(QueryContext& query) override { return shared_->Open(query); }
  void Close() override { shared_->Release(); }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<SinkState>(*shared_, lane.kernel);
    ARROW_RETURN_NOT_OK(state->exprs.Prepare(shared_->key_exprs(), lane.kernel));
    return state;
  }

  arrow::Result<SinkResult> Consume(LaneContext& lane, const Batch& batch, LaneState& lane_state) override {
    if (shared_->max_rows() == 0) return SinkResult::kFinished;
    auto& state = static_cast<SinkState&>(lane_state);
    ARROW_RETURN_NOT_OK(state.exprs.program().Evaluate(batch));
    ARROW_ASSIGN_OR_RAISE(
        const auto keys, state.key_flattener.Flatten(state.exprs.program().outputs(), batch.selection, batch.num_rows));
    Selection selection = batch.selection;
    if (shared_->nulls_apart() && keys[0].validity != nullptr) {
      const Selection nulls = Split(keys[0], state, &selection);
      ARROW_RETURN_NOT_OK(Append(state, batch, keys, nulls, 1));
    }
    ARROW_RETURN_NOT_OK(Append(state, batch, keys, selection, 0));
    if (shared_->max_rows().has_value()) ARROW_RETURN_NOT_OK(MaybePrune(state, *lane.query));
    return SinkResult::kNeedInput;
  }

  arrow::Status Combine(LaneContext& lane, LaneState& lane_state) override {
    auto& state = static_cast<SinkState&>(lane_state);
    return shared_->AddLane(std::move(state.lane), *lane.query);
  }
  arrow::Result<uint32_t> PrepareFinalize(QueryContext& query) override { return shared_->PrepareFinalize(query); }
  arrow::Status FinalizePart(LaneContext& lane, uint32_t part) override {
    return shared_->FinalizePart(*lane.query, part);
  }

 private:
  /// Takes the rows whose first key is NULL out of *selection.
  static Selection Split(const Vector& key, SinkState& state, Selection* selection) {
    uint32_t num_kept = 0;
    uint32_t num_nulls = 0;
    ForEachRow(*selection, [&](uint32_t row) {
      state.kept[num_kept] = state.nulls[num_nulls] = static_cast<uint16_t>(row);
      const bool valid = key.IsValid(row);
      num_kept += valid ? 1U : 0U;
      num_nulls += valid ? 0U : 1U;
    });
    *selection = {state.kept, num_kept};
    return {state.nulls, num_nulls};
  }

  arrow::Status Append(SinkState& state, const Batch& batch, std::span<const Vector> keys, Selection selection,
                       size_t which) {
    if (selection.count == 0) return arrow::Status::OK();
    const SortKeyEncoder& encoder = shared_->encoder();
    const uint32_t num_words = encoder.num_words();
    encoder.Encode(keys, selection, num_words, state.words);
    if (shared_->bar_version() != state.bar_version) state.bar_version = shared_->CopyBar(state.bar);
    if (state.bar_version != 0) selection = DropBeyondBar(state, selection, num_words);
    if (selection.count == 0) return arrow::Status::OK();

    state.columns.clear();
    for (const uint32_t column : shared_->input_columns()) state.columns.push_back(batch.columns[column]);
    for (const size_t key : shared_->stored_keys()) state.columns.push_back(keys[key]);
    ARROW_ASSIGN_OR_RAISE(const auto flat, state.flattener.Flatten(state.columns, selection, batch.num_rows));
    ARROW_RETURN_NOT_OK(state.lane->rows.Append(shared_->layout(), flat, selection, state.rows));
    PoolArray<uint64_t>& run = state.lane->runs[which];
    const int64_t first = run.size();
    ARROW_RETURN_NOT_OK(run.Resize(first + static_cast<int64_t>(selection.count) * (num_words + 1)));
    uint64_t* entry = run.data() + first;
    for (uint32_t i = 0; i < selection.count; ++i) {
      std::copy_n(state.words + static_cast<size_t>(i) * num_words, num_words, entry);
      entry[num_words] = reinterpret_cast<uint64_t>(state.rows[i]);
      entry += num_words + 1;
    }
    return arrow::Status::OK();
  }

  /// Keeps rows, with their words, that may be among the first ones.
  Selection DropBeyondBar(SinkState& state, const Selection& selection, uint32_t num_words) const {
    const bool keep_ties = !shared_->ties().empty();
    uint32_t count = 0;
    for (uint32_t i = 0; i < selection.count; ++i) {
      const uint64_t* words = state.words + static_cast<size_t>(i) * num_words;
      bool keep = words[0] < state.bar[0];
      if (words[0] == state.bar[0]) {
        uint32_t w = 1;
        while (w < num_words && words[w] == state.bar[w]) ++w;
        keep = w == num_words ? keep_ties : words[w] < state.bar[w];
      }
      if (!keep) continue;
      const uint32_t row = selection[i];
      std::copy_n(words, num_words, state.words + static_cast<size_t>(count) * num_words);
      state.kept[count++] = static_cast<uint16_t>(row);
    }
    return {state.kept, count};
  }

  arrow::Status MaybePrune(SinkState& state, const QueryContext& query) const {
    const int64_t wanted = *shared_->max_rows();
    const int64_t entry_words = shared_->entry_words();
    PoolArray<uint64_t>& run = state.lane->runs[0];
    const int64_t size = run.size() / entry_words;
    if (size < std::max(2 * wanted, wanted + int64_t{kMaxBatchRows})) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(shared_->SortLaneRuns(*state.lane, query));
    ARROW_RETURN_NOT_OK(run.Resize(wanted * entry_words));
    shared_->SetBar(run.data() + (wanted - 1) * entry_words);

    const RowLayout& layout = shared_->layout();
    RowStorage kept(layout.width(), query.pool);
    for (int64_t i = 0; i < wanted; ++i) {
      uint64_t& address = run[i * entry_words + entry_words - 1];
      const auto* row = reinterpret_cast<const uint8_t*>(address);
      char* heap = nullptr;
      ARROW_ASSIGN_OR_RAISE(uint8_t * copy, kept.AllocateRow(layout.HeapSize(row), &heap));
      CopyRow(layout, row, copy, heap);
      address = reinterpret_cast<uint64_t>(copy);
    }
    state.lane->rows = std::move(kept);
    return arrow::Status::OK();
  }

  std::shared_ptr<SortShared> shared_;
};

struct SourceState : LaneState {
  int64_t next = 0;
  int64_t end = 0;
  std::vector<ScratchVector> columns;
  std::vector<Vector> output;
  uint8_t* rows[kMaxBatchRows];
};

class SortSource : public Source {
 public:
  explicit SortSource(std::shared_ptr<SortShared> shared) : shared_(std::move(shared)) {}

  arrow::Status Open(QueryContext&) override {
    next_morsel_.store(0);
    begin_ = std::min(shared_->offset(), shared_->num_rows());
    end_ = std::min(shared_->max_rows().value_or(shared_->num_rows()), shared_->num_rows());
    return arrow::Status::OK();
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<SourceState>();
    for (size_t c = 0; c < shared_->input_columns().size(); ++c) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector column, ScratchVector::Make(shared_->layout().types()[c], lane.query->pool));
      state->columns.push_back(std::move(column));
    }
    state->output.resize(state->columns.size());
    return state;
  }

  arrow::Result<uint64_t> NextMorsel(LaneContext&, LaneState& lane_state) override {
    auto& state = static_cast<SourceState&>(lane_state);
    const uint64_t morsel = next_morsel_.fetch_add(1);
    if (morsel >= num_morsels()) return kNoMorsel;
    state.next = begin_ + static_cast<int64_t>(morsel) * kMorselRows;
    state.end = std::min(end_, state.next + kMorselRows);
    return morsel;
  }

  arrow::Result<SourceResult> GetBatch(LaneContext& lane, LaneState& lane_state, Batch* batch) override {
    auto& state = static_cast<SourceState&>(lane_state);
    const auto count = static_cast<uint32_t>(std::min<int64_t>(state.end - state.next, lane.query->exec->batch_rows));
    if (count == 0) return SourceResult::kMorselDone;
    for (uint32_t i = 0; i < count; ++i) {
      state.rows[i] = RowAt(state.next + i);
      __builtin_prefetch(state.rows[i]);
    }
    state.next += count;
    for (size_t c = 0; c < state.columns.size(); ++c) {
      GatherColumn(shared_->layout(), c, state.rows, count, nullptr, count, state.columns[c]);
      state.output[c] = state.columns[c].vector();
    }
    *batch = Batch{state.output, count, Selection::All(count)};
    return SourceResult::kHaveBatch;
  }

  uint64_t num_morsels() const override {
    return end_ <= begin_ ? 0 : static_cast<uint64_t>((end_ - begin_ + kMorselRows - 1) / kMorselRows);
  }
  uint64_t num_rows_estimate() const override { return static_cast<uint64_t>(std::max<int64_t>(0, end_ - begin_)); }

 private:
  static constexpr int64_t kMorselRows = 16 * int64_t{kMaxBatchRows};

  uint8_t* RowAt(int64_t i) const {
    const SortedRows& first = shared_->piece(0);
    const SortedRows& piece = i < first.size ? first : shared_->piece(1);
    const int64_t place = i < first.size ? i : i - first.size;
    return reinterpret_cast<uint8_t*>(piece.words[place * piece.stride]);
  }

  std::shared_ptr<SortShared> shared_;
  std::atomic<uint64_t> next_morsel_{0};
  int64_t begin_ = 0;
  int64_t end_ = 0;
};

}  // namespace

bool SupportsSortBound(LogicalType type) { return SortShared::SupportsBound(type); }

std::unique_ptr<Sink> MakeSortSink(std::shared_ptr<SortShared> shared) {
  return std::make_unique<SortSink>(std::move(shared));
}

SortOperators MakeSort(const LogicalSort& node, const ColumnLayout& input, std::shared_ptr<ScanBound> bound) {
  auto shared = std::make_shared<SortShared>(node, input);
  shared->set_bound(std::move(bound));
  return {MakeSortSink(shared), std::make_unique<SortSource>(shared)};
}

}  // namespace llkv
