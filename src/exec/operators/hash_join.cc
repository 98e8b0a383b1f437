// The build sink of a hash join.
#include "exec/operators/hash_join.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "exec/operators/hash_join_plan.h"
#include "exec/operators/hash_join_probe.h"
#include "exec/operators/hash_join_table.h"
#include "exec/operators/hash_join_unmatched.h"
#include "vector/row_hash.h"

namespace llkv {
namespace {

struct BuildState : LaneState {
  BuildState(const HashJoinPlan& plan, const KernelContext& kernel)
      : lane(std::make_unique<JoinBuildLane>(plan.layout().width(), kernel.pool)),
        key_flattener(kernel.pool),
        flattener(kernel.pool) {}
  std::unique_ptr<JoinBuildLane> lane;
  /// One a key that has a filter.
  std::vector<std::unique_ptr<JoinFilterKeys>> filter_keys;
  ExprSetState keys;
  ColumnFlattener key_flattener;
  ColumnFlattener flattener;
  std::vector<Vector> columns;
  uint16_t valid[kMaxBatchRows];
  uint16_t invalid[kMaxBatchRows];
  uint8_t* rows[kMaxBatchRows];
  uint64_t hashes[kMaxBatchRows];
  uint64_t words[GroupKeys::kMaxWords * kMaxBatchRows];
};

class HashJoinBuild : public Sink {
 public:
  HashJoinBuild(std::shared_ptr<HashJoinPlan> plan, std::shared_ptr<HashJoinTable> table,
                std::vector<std::shared_ptr<JoinFilter>> filters)
      : plan_(std::move(plan)), table_(std::move(table)), filters_(std::move(filters)) {
    filters_.resize(plan_->null_safe().size());
  }

  arrow::Status Open(QueryContext& query) override {
    Clear();
    return plan_->Bind(query);
  }
  void Close() override { Clear(); }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<BuildState>(*plan_, lane.kernel);
    ARROW_RETURN_NOT_OK(state->keys.Prepare(plan_->right_keys(), lane.kernel));
    for (const auto& filter : filters_) {
      state->filter_keys.push_back(filter != nullptr ? std::make_unique<JoinFilterKeys>(lane.query->pool) : nullptr);
    }
    return state;
  }

  arrow::Result<SinkResult> Consume(LaneContext&, const Batch& batch, LaneState& lane_state) override {
    auto& state = static_cast<BuildState&>(lane_state);
    state.lane->has_rows = true;
    ARROW_RETURN_NOT_OK(state.keys.program().Evaluate(batch));
    ARROW_ASSIGN_OR_RAISE(const auto keys,
                          state.key_flattener.Flatten(state.keys.program().outputs(), batch.selection, batch.num_rows));
    Selection valid = batch.selection;
    const Selection invalid = SplitOffNulls(keys, state, &valid);
    if (invalid.count > 0) {
      state.lane->has_null_key = true;
      if (MarksRight(plan_->type())) ARROW_RETURN_NOT_OK(Store(batch, keys, invalid, state));
    }
    if (valid.count == 0) return SinkResult::kNeedInput;
    for (size_t k = 0; k < filters_.size(); ++k) {
      if (filters_[k] != nullptr) ARROW_RETURN_NOT_OK(state.filter_keys[k]->Add(keys[k], valid));
    }
    ARROW_RETURN_NOT_OK(Store(batch, keys, valid, state));
    const uint64_t* key_words = state.hashes;
    if (plan_->is_packed()) {
      plan_->packing().Pack(keys, valid, state.words);
      for (uint32_t i = 0; i < valid.count; ++i) state.hashes[i] = HashInt64(state.words[i]);
      key_words = state.words;
      int64_t min_key = state.lane->min_key;
      int64_t max_key = state.lane->max_key;
      for (uint32_t i = 0; i < valid.count; ++i) {
        min_key = std::min(min_key, static_cast<int64_t>(state.words[i]));
        max_key = std::max(max_key, static_cast<int64_t>(state.words[i]));
      }
      state.lane->min_key = min_key;
      state.lane->max_key = max_key;
    } else {
      HashRows(keys, valid, state.hashes);
    }
    for (uint32_t i = 0; i < valid.count; ++i) {
      PoolArray<JoinEntry>& entries = state.lane->entries[JoinBuildLane::Partition(state.hashes[i])];
      ARROW_RETURN_NOT_OK(entries.Append({key_words[i], state.rows[i]}));
    }
    return SinkResult::kNeedInput;
  }

  arrow::Status Combine(LaneContext&, LaneState& lane_state) override {
    auto& state = static_cast<BuildState&>(lane_state);
    table_->AddLane(std::move(state.lane));
    MutexLock lock(mutex_);
    filter_lanes_.push_back(std::move(state.filter_keys));
    return arrow::Status::OK();
  }
  arrow::Result<uint32_t> PrepareFinalize(QueryContext& query) override {
    return table_->PrepareFinalize(query.pool, *query.stop);
  }
  arrow::Status FinalizePart(LaneContext&, uint32_t part) override {
    table_->FinalizePart(part);
    return arrow::Status::OK();
  }
  arrow::Status Finalize(QueryContext& query) override {
    MutexLock lock(mutex_);
    for (size_t k = 0; k < filters_.size(); ++k) {
      if (filters_[k] == nullptr) continue;
      std::vector<const JoinFilterKeys*> lanes;
      for (const auto& lane : filter_lanes_) lanes.push_back(lane[k].get());
      ARROW_RETURN_NOT_OK(filters_[k]->Build(lanes, query.pool));
    }
    filter_lanes_.clear();
    return arrow::Status::OK();
  }

 private:
  void Clear() {
    table_->Reset();
    for (const auto& filter : filters_) {
      if (filter != nullptr) filter->Reset();
    }
    MutexLock lock(mutex_);
    filter_lanes_.clear();
  }

  /// Takes the rows whose keys can match nothing out of *valid.
  Selection SplitOffNulls(std::span<const Vector> keys, BuildState& state, Selection* valid) const {
    bool has_nulls = false;
    for (size_t k = 0; k < keys.size(); ++k) has_nulls |= keys[k].validity != nullptr && !plan_->null_safe()[k];
    if (!has_nulls) return {};
    uint32_t num_valid = 0;
    uint32_t num_invalid = 0;
    ForEachRow(*valid, [&](uint32_t row) {
      bool is_valid = true;
      for (size_t k = 0; k < keys.size(); ++k) is_valid &= plan_->null_safe()[k] || keys[k].IsValid(row);
      state.valid[num_valid] = state.invalid[num_invalid] = static_cast<uint16_t>(row);
      num_valid += is_valid ? 1U : 0U;
      num_invalid += is_valid ? 0U : 1U;
    });
    *valid = {state.valid, num_valid};
    return {state.invalid, num_invalid};
  }

  arrow::Status Store(const Batch& batch, std::span<const Vector> keys, const Selection& selection,
                      BuildState& state) const {
    const RowLayout& layout = plan_->layout();
    if (layout.num_columns() == 0 && !MarksRight(plan_->type())) {
      std::fill_n(state.rows, selection.count, nullptr);
      return arrow::Status::OK();
    }
    state.columns.clear();
    if (!plan_->is_packed()) state.columns.assign(keys.begin(), keys.end());
    for (const uint32_t column : plan_->columns().stored) state.columns.push_back(batch.columns[column]);
    ARROW_ASSIGN_OR_RAISE(const auto flat, state.flattener.Flatten(state.columns, selection, batch.num_rows));
    ARROW_RETURN_NOT_OK(state.lane->rows.Append(layout, flat, selection, state.rows));
    if (MarksRight(plan_->type())) {
      for (uint32_t i = 0; i < selection.count; ++i) state.rows[i][0] = 0;
    }
    return arrow::Status::OK();
  }

  std::shared_ptr<HashJoinPlan> plan_;
  std::shared_ptr<HashJoinTable> table_;
  std::vector<std::shared_ptr<JoinFilter>> filters_;
  Mutex mutex_;
  std::vector<std::vector<std::unique_ptr<JoinFilterKeys>>> filter_lanes_ LLKV_GUARDED_BY(mutex_);
};

}  // namespace

bool CanHashJoin(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right) {
  return !FindJoinKeys(node, left, right).empty();
}

std::vector<JoinKey> FindJoinKeys(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right) {
  return HashJoinPlan::Keys(node, left, right);
}

JoinOperators MakeHashJoin(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right,
                           std::vector<std::shared_ptr<JoinFilter>> filters) {
  auto plan = std::make_shared<HashJoinPlan>(node, left, right);
  auto table = std::make_shared<HashJoinTable>(plan->is_packed(), plan->wants(), &plan->layout());
  JoinOperators operators;
  operators.build = std::make_unique<HashJoinBuild>(plan, table, std::move(filters));
  operators.probe = MakeHashJoinProbe(plan, table);
  if (MarksRight(node.type)) {
    JoinRightRows rows{node.type == JoinType::kRightSemi, &plan->columns(), &plan->layout(), plan->num_stored_keys(),
                       [table = table.get()] {
                         std::vector<const RowStorage*> storages;
                         for (const auto& lane : table->lanes()) storages.push_back(&lane->rows);
                         return storages;
                       }};
    operators.unmatched =
        MakeUnmatchedSource(std::move(rows), std::make_shared<std::pair<decltype(plan), decltype(table)>>(plan, table));
  }
  return operators;
}

}  // namespace llkv
