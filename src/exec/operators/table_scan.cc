// See table_scan.h.
#include "exec/operators/table_scan.h"

#include <utility>

#include "base/mutex.h"
#include "exec/expr_set.h"
#include "store/scan.h"
#include "store/table_store.h"

namespace llkv {

PredicateOp ToPredicateOp(PushedPredicate::Op op) {
  switch (op) {
    case PushedPredicate::Op::kEqual:
      return PredicateOp::kEqual;
    case PushedPredicate::Op::kNotEqual:
      return PredicateOp::kNotEqual;
    case PushedPredicate::Op::kLess:
      return PredicateOp::kLess;
    case PushedPredicate::Op::kLessEqual:
      return PredicateOp::kLessEqual;
    case PushedPredicate::Op::kGreater:
      return PredicateOp::kGreater;
    case PushedPredicate::Op::kGreaterEqual:
      return PredicateOp::kGreaterEqual;
    case PushedPredicate::Op::kIsNull:
      return PredicateOp::kIsNull;
    case PushedPredicate::Op::kIsNotNull:
      return PredicateOp::kIsNotNull;
    case PushedPredicate::Op::kIn:
      return PredicateOp::kIn;
  }
  return PredicateOp::kEqual;
}

namespace {

struct ScanState : LaneState {
  std::unique_ptr<ScanCursor> cursor;
};

class TableScanSource : public Source {
 public:
  TableScanSource(const LogicalScan& node, ScanHints hints) : node_(node), hints_(std::move(hints)) {}

  arrow::Status Open(QueryContext& query) override {
    ScanRequest request;
    request.columns = node_.column_ordinals;
    request.runtime_filters = hints_.filters;
    request.bounds = hints_.bounds;
    request.order = hints_.order;
    request.with_row_ids = node_.with_row_id;
    request.index = node_.index;
    request.snapshot = query.exec->snapshot;
    request.batch_rows = query.exec->batch_rows;
    for (const PushedPredicate& pushed : node_.predicates) {
      ScanPredicate predicate{pushed.column_ordinal, ToPredicateOp(pushed.op), {}};
      for (const BoundExprPtr& value : pushed.values) {
        ARROW_ASSIGN_OR_RAISE(Value evaluated, EvaluateScalar(*value, query));
        predicate.values.push_back(std::move(evaluated));
      }
      request.predicates.push_back(std::move(predicate));
    }
    ARROW_ASSIGN_OR_RAISE(store_, query.exec->stores->FindStore(node_.table));
    ARROW_ASSIGN_OR_RAISE(scan_, store_->OpenScan(std::move(request)));
    MutexLock lock(mutex_);
    next_morsel_ = 0;
    return arrow::Status::OK();
  }

  void Close() override {
    scan_.reset();
    store_.reset();
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<ScanState>();
    ARROW_ASSIGN_OR_RAISE(state->cursor, scan_->MakeCursor(lane.kernel.pool));
    return state;
  }

  arrow::Result<uint64_t> NextMorsel(LaneContext&, LaneState& state) override {
    // The numbers must follow the order in which the scan gives morsels away.
    MutexLock lock(mutex_);
    ARROW_ASSIGN_OR_RAISE(const bool found, scan_->NextMorsel(*static_cast<ScanState&>(state).cursor));
    return found ? next_morsel_++ : kNoMorsel;
  }

  arrow::Result<SourceResult> GetBatch(LaneContext&, LaneState& state, Batch* batch) override {
    ARROW_ASSIGN_OR_RAISE(const bool found, static_cast<ScanState&>(state).cursor->Next(batch));
    return found ? SourceResult::kHaveBatch : SourceResult::kMorselDone;
  }

  std::vector<std::pair<std::string, uint64_t>> counters() const override {
    if (scan_ == nullptr) return {};
    const ScanCounters& counters = scan_->counters();
    return {{"row_groups_scanned", counters.row_groups_scanned.load(std::memory_order_relaxed)},
            {"row_groups_skipped", counters.row_groups_skipped.load(std::memory_order_relaxed)},
            {"bytes_read", counters.bytes_read.load(std::memory_order_relaxed)},
            {"bytes_skipped", counters.bytes_skipped.load(std::memory_order_relaxed)}};
  }

  uint64_t num_morsels() const override { return scan_->num_morsels_estimate(); }
  uint64_t num_rows_estimate() const override { return scan_->num_rows_estimate(); }

 private:
  const LogicalScan& node_;
  const ScanHints hints_;
  std::shared_ptr<TableStore> store_;
  std::unique_ptr<TableScan> scan_;
  Mutex mutex_;
  uint64_t next_morsel_ LLKV_GUARDED_BY(mutex_) = 0;
};

}  // namespace

std::unique_ptr<Source> MakeTableScan(const LogicalScan& node, ScanHints hints) {
  return std::make_unique<TableScanSource>(node, std::move(hints));
}

}  // namespace llkv
