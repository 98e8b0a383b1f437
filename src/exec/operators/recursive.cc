// See recursive.h.
#include "exec/operators/recursive.h"

#include <array>
#include <optional>
#include <utility>

#include "exec/batch_cutter.h"
#include "exec/operators/aggregate_table.h"
#include "vector/row_layout.h"

namespace llkv {
namespace {

std::vector<LogicalType> TypesOf(const std::vector<OutputColumn>& columns) {
  std::vector<LogicalType> types;
  for (const OutputColumn& column : columns) types.push_back(column.type);
  return types;
}

/// All rows that were given, for UNION.
class SeenRows {
 public:
  SeenRows(const GroupKeys* keys, arrow::MemoryPool* pool) : table_(keys, kNotSeen, pool), flattener_(pool) {}

  /// The rows of `batch`, which is dense, that were not seen before, now seen.
  arrow::Result<Selection> TakeNew(const Batch& batch) {
    ARROW_RETURN_NOT_OK(table_.Reserve(batch.num_rows));
    const Selection all = Selection::All(batch.num_rows);
    ARROW_ASSIGN_OR_RAISE(const auto flat, flattener_.Flatten(batch.columns, all, batch.num_rows));
    ARROW_RETURN_NOT_OK(table_.FindOrInsert(flat, all, states_.data()));
    uint32_t count = 0;
    for (uint32_t row = 0; row < batch.num_rows; ++row) {
      rows_[count] = static_cast<uint16_t>(row);
      count += *states_[row] == 0 ? 1U : 0U;
      *states_[row] = 1;
    }
    return Selection{rows_.data(), count};
  }

  static constexpr uint32_t kStateSize = 8;

 private:
  static constexpr std::array<uint8_t, kStateSize> kNotSeen = {};
  GroupTable table_;
  ColumnFlattener flattener_;
  std::array<uint8_t*, kMaxBatchRows> states_;
  std::array<uint16_t, kMaxBatchRows> rows_;
};

struct RecursiveState : LaneState {
  BatchCutter cutter;
};

class RecursiveSource : public Source {
 public:
  RecursiveSource(const LogicalRecursive& node, RecursiveRows rows, size_t sub_plan)
      : types_(TypesOf(node.output)),
        keys_(types_, SeenRows::kStateSize),
        all_(node.all),
        rows_(std::move(rows)),
        sub_plan_(sub_plan) {}

  arrow::Status Open(QueryContext& query) override {
    query_ = &query;
    next_morsel_ = 0;
    chunk_ = 0;
    seen_.reset();
    if (!all_) seen_ = std::make_unique<SeenRows>(&keys_, query.pool);
    rows_.working->rows.emplace(types_, query.pool);
    return arrow::Status::OK();
  }
  void Close() override {
    seen_.reset();
    rows_.working->rows.reset();
  }
  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext&) override {
    return std::make_unique<RecursiveState>();
  }

  arrow::Result<uint64_t> NextMorsel(LaneContext& lane, LaneState&) override {
    if (next_morsel_ > 0) {
      if (rows_.working->rows->num_rows() == 0) return kNoMorsel;
      ARROW_RETURN_NOT_OK(lane.CheckStop());
      ARROW_RETURN_NOT_OK(query_->sub_plans->RunSubPlan(sub_plan_));
    }
    ARROW_RETURN_NOT_OK(TakeOver(next_morsel_ == 0 ? *rows_.first : *rows_.added));
    chunk_ = 0;
    if (rows_.working->rows->num_rows() == 0) return kNoMorsel;
    return next_morsel_++;
  }

  arrow::Result<SourceResult> GetBatch(LaneContext& lane, LaneState& lane_state, Batch* batch) override {
    auto& state = static_cast<RecursiveState&>(lane_state);
    if (state.cutter.Next(lane.query->exec->batch_rows, batch)) return SourceResult::kHaveBatch;
    if (chunk_ == rows_.working->rows->num_chunks()) return SourceResult::kMorselDone;
    state.cutter.Start(rows_.working->rows->chunk(chunk_++));
    state.cutter.Next(lane.query->exec->batch_rows, batch);
    return SourceResult::kHaveBatch;
  }

  uint64_t num_morsels() const override { return 1; }
  uint64_t num_rows_estimate() const override { return rows_.first->rows ? rows_.first->rows->num_rows() : 0; }

 private:
  /// Makes the rows that came in `from`, or those of them that are new, what came last.
  arrow::Status TakeOver(CollectedRows& from) {
    BatchCollection came = std::move(*from.rows);
    from.rows.emplace(types_, query_->pool);
    if (all_) {
      *rows_.working->rows = std::move(came);
      return arrow::Status::OK();
    }
    BatchCollection fresh(types_, query_->pool);
    for (size_t i = 0; i < came.num_chunks(); ++i) {
      Batch batch = came.chunk(i);
      ARROW_ASSIGN_OR_RAISE(batch.selection, seen_->TakeNew(batch));
      if (batch.selection.count > 0) ARROW_RETURN_NOT_OK(fresh.Append(batch));
    }
    *rows_.working->rows = std::move(fresh);
    return arrow::Status::OK();
  }

  const std::vector<LogicalType> types_;
  const GroupKeys keys_;
  const bool all_;
  const RecursiveRows rows_;
  const size_t sub_plan_;
  QueryContext* query_ = nullptr;
  uint64_t next_morsel_ = 0;
  size_t chunk_ = 0;
  std::unique_ptr<SeenRows> seen_;
};

}  // namespace

std::unique_ptr<Source> MakeRecursive(const LogicalRecursive& node, RecursiveRows rows, size_t sub_plan) {
  return std::make_unique<RecursiveSource>(node, std::move(rows), sub_plan);
}

}  // namespace llkv
