// INSERT, CREATE TABLE AS and COPY FROM: see changes.h.
#include <utility>

#include "base/error.h"
#include "base/mutex.h"
#include "exec/operators/changes.h"
#include "store/table_store.h"

namespace llkv {

namespace {

struct InsertState : LaneState {
  /// The lane's row groups, where rows are written as cold ones. Ends with the execution.
  std::unique_ptr<BulkWriter> bulk;
  bool Reset() override {
    bulk.reset();
    return true;
  }
};

/// Whether somebody asked for an order of the rows: then they are stored in it.
bool IsOrdered(const LogicalPlan& plan) {
  switch (plan.kind) {
    case PlanKind::kSort:
    case PlanKind::kLimit:
      return true;
    case PlanKind::kProject:
    case PlanKind::kFilter:
      return IsOrdered(*plan.children[0]);
    default:
      return false;
  }
}

class Insert : public Sink {
 public:
  Insert(const LogicalInsert& node, std::shared_ptr<RowCount> count)
      : node_(node),
        count_(std::move(count)),
        is_bulk_(node.bulk ||
                 (!node.children.empty() && node.children[0]->estimated_rows >= static_cast<double>(kMinBulkRows))),
        is_ordered_(!node.children.empty() && IsOrdered(*node.children[0])) {}

  arrow::Status Open(QueryContext& query) override {
    transaction_ = query.exec->transaction;
    if (transaction_ == nullptr) return InternalError("a change without a transaction");
    count_->rows.store(0, std::memory_order_relaxed);
    ARROW_ASSIGN_OR_RAISE(store_, query.exec->stores->FindStore(node_.table));
    if (!is_bulk_) return arrow::Status::OK();
    // The first writer makes the table take part in the transaction, which may wait for the writer's turn.
    MutexLock lock(mutex_);
    return store_->MakeBulkWriter(*transaction_, query.pool).Value(&spare_);
  }

  void Close() override {
    MutexLock lock(mutex_);
    spare_.reset();
    store_.reset();
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext&) override { return std::make_unique<InsertState>(); }

  arrow::Result<SinkResult> Consume(LaneContext& lane, const Batch& batch, LaneState& lane_state) override {
    auto& state = static_cast<InsertState&>(lane_state);
    // Where more rows come than were expected, there is one lane.
    if (!is_bulk_ && count_->rows.load(std::memory_order_relaxed) < kMinBulkRows) {
      ARROW_RETURN_NOT_OK(store_->Append(*transaction_, batch));
    } else {
      if (state.bulk == nullptr) {
        ARROW_ASSIGN_OR_RAISE(state.bulk, TakeWriter(*lane.query));
      }
      ARROW_RETURN_NOT_OK(state.bulk->Append(batch));
    }
    count_->rows.fetch_add(batch.num_selected(), std::memory_order_relaxed);
    return SinkResult::kNeedInput;
  }

  arrow::Status Combine(LaneContext&, LaneState& lane_state) override {
    auto& state = static_cast<InsertState&>(lane_state);
    if (state.bulk == nullptr) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(state.bulk->Finish());
    state.bulk.reset();
    return arrow::Status::OK();
  }

  /// Row groups are written side by side; hot rows come from one thread.
  bool is_parallel() const override { return is_bulk_ && !is_ordered_; }

 private:
  arrow::Result<std::unique_ptr<BulkWriter>> TakeWriter(const QueryContext& query) {
    // A transaction's calls come from one thread at a time.
    MutexLock lock(mutex_);
    if (spare_ != nullptr) return std::move(spare_);
    return store_->MakeBulkWriter(*transaction_, query.pool);
  }

  const LogicalInsert& node_;
  std::shared_ptr<RowCount> count_;
  const bool is_bulk_;
  const bool is_ordered_;
  Transaction* transaction_ = nullptr;
  std::shared_ptr<TableStore> store_;
  Mutex mutex_;
  /// For the first lane that has rows.
  std::unique_ptr<BulkWriter> spare_ LLKV_GUARDED_BY(mutex_);
};

struct CountState : LaneState {
  int64_t rows = 0;
  Vector column;
  bool is_read = false;
  bool Reset() override {
    is_read = false;
    return true;
  }
};

class RowCountSource : public Source {
 public:
  explicit RowCountSource(std::shared_ptr<const RowCount> count) : count_(std::move(count)) {}

  arrow::Status Open(QueryContext&) override {
    is_taken_.store(false, std::memory_order_relaxed);
    return arrow::Status::OK();
  }
  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext&) override { return std::make_unique<CountState>(); }
  arrow::Result<uint64_t> NextMorsel(LaneContext&, LaneState&) override {
    return is_taken_.exchange(true, std::memory_order_relaxed) ? kNoMorsel : 0;
  }
  arrow::Result<SourceResult> GetBatch(LaneContext&, LaneState& lane_state, Batch* batch) override {
    auto& state = static_cast<CountState&>(lane_state);
    if (std::exchange(state.is_read, true)) return SourceResult::kMorselDone;
    state.rows = count_->rows.load(std::memory_order_relaxed);
    state.column.type = TypeId::kBigInt;
    state.column.form = VectorForm::kConstant;
    state.column.data = &state.rows;
    *batch = Batch{std::span<const Vector>(&state.column, 1), 1, Selection::All(1)};
    return SourceResult::kHaveBatch;
  }
  uint64_t num_morsels() const override { return 1; }
  uint64_t num_rows_estimate() const override { return 1; }

 private:
  std::shared_ptr<const RowCount> count_;
  std::atomic<bool> is_taken_{false};
};

}  // namespace

std::unique_ptr<Sink> MakeInsert(const LogicalInsert& node, std::shared_ptr<RowCount> count) {
  return std::make_unique<Insert>(node, std::move(count));
}

std::unique_ptr<Source> MakeRowCount(std::shared_ptr<const RowCount> count) {
  return std::make_unique<RowCountSource>(std::move(count));
}

}  // namespace llkv
