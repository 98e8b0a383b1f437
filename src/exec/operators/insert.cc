// INSERT, CREATE TABLE AS and COPY FROM: see changes.h.
#include <utility>

#include "base/error.h"
#include "exec/operators/changes.h"
#include "store/table_store.h"

namespace llkv {

namespace {

struct InsertState : LaneState {
  bool Reset() override { return true; }
};

class Insert : public Sink {
 public:
  Insert(const LogicalInsert& node, std::shared_ptr<RowCount> count) : node_(node), count_(std::move(count)) {}

  arrow::Status Open(QueryContext& query) override {
    transaction_ = query.exec->transaction;
    if (transaction_ == nullptr) return InternalError("a change without a transaction");
    count_->rows.store(0, std::memory_order_relaxed);
    ARROW_ASSIGN_OR_RAISE(store_, query.exec->stores->FindStore(node_.table));
    if (node_.bulk) {
      ARROW_ASSIGN_OR_RAISE(bulk_, store_->MakeBulkWriter(*transaction_, query.pool));
    }
    return arrow::Status::OK();
  }

  void Close() override {
    bulk_.reset();
    store_.reset();
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext&) override { return std::make_unique<InsertState>(); }

  arrow::Result<SinkResult> Consume(LaneContext&, const Batch& batch, LaneState&) override {
    ARROW_RETURN_NOT_OK(bulk_ != nullptr ? bulk_->Append(batch) : store_->Append(*transaction_, batch));
    count_->rows.fetch_add(batch.num_selected(), std::memory_order_relaxed);
    return SinkResult::kNeedInput;
  }

  arrow::Status Finalize(QueryContext&) override { return bulk_ != nullptr ? bulk_->Finish() : arrow::Status::OK(); }

  /// A transaction's changes come from one thread, and rows keep their order.
  bool is_parallel() const override { return false; }

 private:
  const LogicalInsert& node_;
  std::shared_ptr<RowCount> count_;
  Transaction* transaction_ = nullptr;
  std::shared_ptr<TableStore> store_;
  std::unique_ptr<BulkWriter> bulk_;
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
