// Set operations: all rows of both sides go into one group table, whose states count the rows of each side; the source
// gives each row as often as the operation says.
#include "exec/operators/set_operation.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "exec/operators/aggregate_rows.h"

namespace llkv {
namespace {

/// How often a row came from each side.
struct SideCounts {
  int64_t rows[2] = {0, 0};
};

class SetShared {
 public:
  SetShared(const LogicalSetOperation& node, std::vector<LogicalType> types)
      : op_(node.op), all_(node.all), keys_(std::move(types), sizeof(SideCounts)) {}

  const GroupKeys& keys() const { return keys_; }

  std::unique_ptr<GroupCollector> MakeCollector(arrow::MemoryPool* pool) const {
    static constexpr uint8_t kZeros[sizeof(SideCounts)] = {};
    return std::make_unique<GroupCollector>(&keys_, nullptr, kZeros, pool);
  }

  /// Forgets what an execution left.
  void Reset() {
    lanes_.clear();
    is_partitioned_ = false;
  }

  arrow::Status AddLane(std::unique_ptr<GroupCollector> lane) LLKV_EXCLUDES(mutex_) {
    if (lane->is_partitioned() || lane->table().num_groups() > GroupCollector::kSmallGroups) {
      ARROW_RETURN_NOT_OK(lane->Overflow());
    }
    MutexLock lock(mutex_);
    lanes_.push_back(std::move(lane));
    return arrow::Status::OK();
  }

  /// After the lanes of all sides.
  arrow::Status Settle() {
    for (const auto& lane : lanes_) is_partitioned_ |= lane->is_partitioned();
    if (!is_partitioned_) return arrow::Status::OK();
    for (const auto& lane : lanes_) ARROW_RETURN_NOT_OK(lane->Overflow());
    return arrow::Status::OK();
  }
  bool is_partitioned() const { return is_partitioned_; }
  uint64_t num_rows_estimate() const {
    uint64_t rows = 0;
    for (const auto& lane : lanes_) {
      rows += static_cast<uint64_t>(lane->table().num_groups());
      for (uint32_t p = 0; p < kNumGroupPartitions; ++p) {
        const RowStorage* storage = lane->partitions().partition(p);
        rows += storage == nullptr ? 0 : static_cast<uint64_t>(storage->num_rows());
      }
    }
    return rows;
  }

  /// Merges all rows, or those of one partition, into an empty table.
  arrow::Status Merge(uint32_t partition, GroupTable& table) const {
    for (const auto& lane : lanes_) {
      uint8_t* rows[kMaxBatchRows];
      if (!is_partitioned_) {
        GroupTable::Cursor cursor(lane->table());
        while (const uint32_t count = lane->table().NextGroups(cursor, kMaxBatchRows, rows)) {
          ARROW_RETURN_NOT_OK(MergeSome(rows, count, lane->table().null_group(), table));
        }
        continue;
      }
      const PartitionedRows& parts = lane->partitions();
      if (parts.partition(partition) == nullptr) continue;
      const uint8_t* const* null_begin = parts.null_rows().begin();
      const uint8_t* const* null_end = parts.null_rows().end();
      RowCursor cursor(*parts.partition(partition));
      while (const uint32_t count = cursor.Next(kMaxBatchRows, rows)) {
        // Rows whose NULL key is held apart are few: they are merged one by one.
        uint32_t num_others = 0;
        for (uint32_t i = 0; i < count; ++i) {
          if (partition == 0 && std::find(null_begin, null_end, rows[i]) != null_end) {
            ARROW_RETURN_NOT_OK(MergeSome(&rows[i], 1, rows[i], table));
          } else {
            rows[num_others++] = rows[i];
          }
        }
        ARROW_RETURN_NOT_OK(MergeSome(rows, num_others, nullptr, table));
      }
    }
    return arrow::Status::OK();
  }

  /// How often the operation gives a row.
  int64_t NumCopies(const uint8_t* row) const {
    SideCounts counts;
    std::memcpy(&counts, row + keys_.state_offset(), sizeof(counts));
    const int64_t left = counts.rows[0];
    const int64_t right = counts.rows[1];
    switch (op_) {
      case LogicalSetOperation::Op::kUnion:
        return all_ ? left + right : 1;
      case LogicalSetOperation::Op::kIntersect:
        return all_ ? std::min(left, right) : (left > 0 && right > 0 ? 1 : 0);
      case LogicalSetOperation::Op::kExcept:
        break;
    }
    return all_ ? std::max<int64_t>(0, left - right) : (left > 0 && right == 0 ? 1 : 0);
  }

 private:
  static arrow::Status MergeSome(uint8_t* const* rows, uint32_t count, const uint8_t* null_row, GroupTable& table) {
    const uint8_t* sources[kMaxBatchRows];
    uint8_t* targets[kMaxBatchRows];
    uint32_t num_pairs = 0;
    ARROW_RETURN_NOT_OK(table.MergeRows(rows, count, null_row, /*copy=*/true, sources, targets, &num_pairs));
    for (uint32_t i = 0; i < num_pairs; ++i) {
      SideCounts source;
      SideCounts target;
      std::memcpy(&source, sources[i], sizeof(source));
      std::memcpy(&target, targets[i], sizeof(target));
      for (size_t side = 0; side < 2; ++side) target.rows[side] += source.rows[side];
      std::memcpy(targets[i], &target, sizeof(target));
    }
    return arrow::Status::OK();
  }

  const LogicalSetOperation::Op op_;
  const bool all_;
  const GroupKeys keys_;
  Mutex mutex_;
  std::vector<std::unique_ptr<GroupCollector>> lanes_;  // guarded by mutex_ until all lanes are in
  bool is_partitioned_ = false;
};

struct SinkState : LaneState {
  SinkState(std::unique_ptr<GroupCollector> g, arrow::MemoryPool* pool) : groups(std::move(g)), flattener(pool) {}
  std::unique_ptr<GroupCollector> groups;
  ColumnFlattener flattener;
  std::vector<Vector> columns;
  uint8_t* states[kMaxBatchRows];
};

class SetSink : public Sink {
 public:
  SetSink(std::shared_ptr<SetShared> shared, size_t side, std::vector<uint32_t> columns)
      : shared_(std::move(shared)), side_(side), columns_(std::move(columns)) {}

  void Close() override { shared_->Reset(); }
  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    return std::make_unique<SinkState>(shared_->MakeCollector(lane.query->pool), lane.query->pool);
  }
  arrow::Result<SinkResult> Consume(LaneContext&, const Batch& batch, LaneState& lane_state) override {
    auto& state = static_cast<SinkState&>(lane_state);
    state.columns.clear();
    for (const uint32_t column : columns_) state.columns.push_back(batch.columns[column]);
    bool overflowed = false;
    ARROW_RETURN_NOT_OK(state.groups->MakeRoom(batch.selection.count, &overflowed));
    state.groups->CountRows(batch.selection.count);
    ARROW_ASSIGN_OR_RAISE(const auto flat, state.flattener.Flatten(state.columns, batch.selection, batch.num_rows));
    ARROW_RETURN_NOT_OK(state.groups->Find(flat, batch.selection, state.states));
    ForEachRow(batch.selection, [&](uint32_t row) {
      SideCounts counts;
      std::memcpy(&counts, state.states[row], sizeof(counts));
      ++counts.rows[side_];
      std::memcpy(state.states[row], &counts, sizeof(counts));
    });
    return SinkResult::kNeedInput;
  }
  arrow::Status Combine(LaneContext&, LaneState& lane_state) override {
    return shared_->AddLane(std::move(static_cast<SinkState&>(lane_state).groups));
  }

 private:
  std::shared_ptr<SetShared> shared_;
  const size_t side_;
  const std::vector<uint32_t> columns_;
};

struct SourceState : LaneState {
  uint32_t morsel = 0;
  std::unique_ptr<GroupTable> table;
  std::optional<GroupTable::Cursor> cursor;
  uint8_t* row = nullptr;  // with copies left
  int64_t num_copies = 0;
  std::vector<ScratchVector> columns;
  std::vector<Vector> output;
  uint8_t* rows[kMaxBatchRows];
};

class SetSource : public Source {
 public:
  explicit SetSource(std::shared_ptr<SetShared> shared) : shared_(std::move(shared)) {}

  arrow::Status Open(QueryContext&) override {
    next_morsel_.store(0);
    return shared_->Settle();
  }
  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<SourceState>();
    for (const LogicalType type : shared_->keys().types()) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector column, ScratchVector::Make(type, lane.query->pool));
      state->columns.push_back(std::move(column));
    }
    state->output.resize(state->columns.size());
    return state;
  }
  arrow::Result<uint64_t> NextMorsel(LaneContext&, LaneState& lane_state) override {
    auto& state = static_cast<SourceState&>(lane_state);
    const uint64_t morsel = next_morsel_.fetch_add(1);
    state.morsel = static_cast<uint32_t>(morsel);
    state.cursor.reset();
    state.num_copies = 0;
    return morsel < num_morsels() ? morsel : kNoMorsel;
  }
  arrow::Result<SourceResult> GetBatch(LaneContext& lane, LaneState& lane_state, Batch* batch) override {
    auto& state = static_cast<SourceState&>(lane_state);
    if (!state.cursor.has_value()) {
      ARROW_RETURN_NOT_OK(lane.CheckStop());
      state.table = std::make_unique<GroupTable>(&shared_->keys(), std::span<const uint8_t>(), lane.query->pool);
      ARROW_RETURN_NOT_OK(shared_->Merge(state.morsel, *state.table));
      state.cursor.emplace(*state.table);
    }
    const uint32_t batch_rows = lane.query->exec->batch_rows;
    uint32_t count = 0;
    while (count < batch_rows) {
      if (state.num_copies == 0) {
        if (state.table->NextGroups(*state.cursor, 1, &state.row) == 0) break;
        state.num_copies = shared_->NumCopies(state.row);
        continue;
      }
      state.rows[count++] = state.row;
      --state.num_copies;
    }
    if (count == 0) return SourceResult::kMorselDone;
    for (size_t c = 0; c < state.columns.size(); ++c) {
      shared_->keys().GatherKey(c, state.rows, count, state.table->null_group(), state.columns[c]);
      state.output[c] = state.columns[c].vector();
    }
    *batch = Batch{state.output, count, Selection::All(count)};
    return SourceResult::kHaveBatch;
  }
  uint64_t num_morsels() const override { return shared_->is_partitioned() ? kNumGroupPartitions : 1; }
  uint64_t num_rows_estimate() const override { return shared_->num_rows_estimate(); }

 private:
  std::shared_ptr<SetShared> shared_;
  std::atomic<uint64_t> next_morsel_{0};
};

}  // namespace

SetOperationOperators MakeSetOperation(const LogicalSetOperation& node, const std::vector<ColumnLayout>& inputs) {
  std::vector<LogicalType> types;
  for (const OutputColumn& column : node.output) types.push_back(column.type);
  auto shared = std::make_shared<SetShared>(node, std::move(types));
  SetOperationOperators operators;
  for (size_t side = 0; side < inputs.size(); ++side) {
    std::vector<uint32_t> columns;
    for (const OutputColumn& column : node.children[side]->output) columns.push_back(inputs[side].at(column.id));
    operators.sinks.push_back(std::make_unique<SetSink>(shared, side, std::move(columns)));
  }
  operators.source = std::make_unique<SetSource>(shared);
  return operators;
}

}  // namespace llkv
