// Point lookup: see MakeKeyLookup in table_scan.h. Steps around scans altogether: key to row id, row id to row; the
// buffers stay for the next execution.
#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "base/error.h"
#include "exec/expr_set.h"
#include "exec/operators/table_scan.h"
#include "store/table_store.h"

namespace llkv {

namespace {

bool Compare(PushedPredicate::Op op, int order) {
  switch (op) {
    case PushedPredicate::Op::kEqual:
    case PushedPredicate::Op::kIn:
      return order == 0;
    case PushedPredicate::Op::kNotEqual:
      return order != 0;
    case PushedPredicate::Op::kLess:
      return order < 0;
    case PushedPredicate::Op::kLessEqual:
      return order <= 0;
    case PushedPredicate::Op::kGreater:
      return order > 0;
    case PushedPredicate::Op::kGreaterEqual:
      return order >= 0;
    default:
      return false;
  }
}

struct LookupState : LaneState {
  std::shared_ptr<TableStore> store;  // whose buffer it is
  std::unique_ptr<GatherBuffer> buffer;
  std::vector<Vector> columns;
  uint64_t row_id = 0;
  bool is_read = false;

  bool Reset() override {
    is_read = false;
    if (buffer != nullptr) buffer->Release();
    return true;
  }
};

class KeyLookupSource : public Source {
 public:
  explicit KeyLookupSource(const LogicalScan& node) : node_(node) {}

  arrow::Status Open(QueryContext& query) override {
    query_ = &query;
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<TableStore> store, query.exec->stores->FindStore(node_.table));
    if (store != store_) {
      store_ = std::move(store);
      ARROW_RETURN_NOT_OK(ChooseResidualPredicates());
    }
    key_.resize(node_.key_lookup.size());
    for (size_t i = 0; i < key_.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(key_[i], EvaluateScalar(*node_.key_lookup[i], query));
    }
    is_taken_.store(false, std::memory_order_relaxed);
    return arrow::Status::OK();
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext&) override { return std::make_unique<LookupState>(); }

  arrow::Result<uint64_t> NextMorsel(LaneContext&, LaneState&) override {
    return is_taken_.exchange(true, std::memory_order_relaxed) ? kNoMorsel : 0;
  }

  arrow::Result<SourceResult> GetBatch(LaneContext& lane, LaneState& lane_state, Batch* batch) override {
    auto& state = static_cast<LookupState&>(lane_state);
    if (std::exchange(state.is_read, true)) return SourceResult::kMorselDone;
    const Snapshot& snapshot = lane.query->exec->snapshot;
    ARROW_ASSIGN_OR_RAISE(const std::optional<RowId> row, store_->LookupKey(snapshot, key_, node_.index));
    if (!row.has_value()) return SourceResult::kMorselDone;
    if (state.store != store_) {
      ARROW_ASSIGN_OR_RAISE(state.buffer, store_->MakeGatherBuffer(gathered_, lane.kernel.pool));
      state.store = store_;
    }
    ARROW_RETURN_NOT_OK(store_->Gather(snapshot, std::span<const RowId>(&*row, 1), *state.buffer));
    const Batch& found = state.buffer->batch();
    if (found.num_selected() == 0) return SourceResult::kMorselDone;
    ARROW_ASSIGN_OR_RAISE(const bool passes, Passes(found));
    if (!passes) return SourceResult::kMorselDone;
    const size_t num_columns = node_.column_ordinals.size();
    if (!node_.with_row_id) {
      *batch = Batch{found.columns.subspan(0, num_columns), found.num_rows, found.selection};
      return SourceResult::kHaveBatch;
    }
    state.row_id = row->value;
    state.columns.assign(found.columns.begin(), found.columns.begin() + static_cast<std::ptrdiff_t>(num_columns));
    Vector id;
    id.type = TypeId::kUBigInt;
    id.storage = PhysicalType::kUInt64;
    id.form = VectorForm::kConstant;
    id.data = &state.row_id;
    state.columns.push_back(id);
    *batch = Batch{state.columns, found.num_rows, found.selection};
    return SourceResult::kHaveBatch;
  }

  uint64_t num_morsels() const override { return 1; }
  uint64_t num_rows_estimate() const override { return 1; }

 private:
  /// Predicates that the key does not imply, and the columns to fetch for them.
  arrow::Status ChooseResidualPredicates() {
    std::vector<uint32_t> key;
    for (const IndexLayoutPtr& index : store_->Indexes()) {
      if (index->id != node_.index) continue;
      for (const IndexPart& part : index->parts) key.push_back(part.column);
    }
    gathered_ = node_.column_ordinals;
    residual_.clear();
    for (const PushedPredicate& predicate : node_.predicates) {
      const auto part = std::find(key.begin(), key.end(), predicate.column_ordinal);
      if (part != key.end() && predicate.op == PushedPredicate::Op::kEqual &&
          predicate.values[0]->Equals(*node_.key_lookup[static_cast<size_t>(part - key.begin())])) {
        continue;
      }
      auto place = std::find(gathered_.begin(), gathered_.end(), predicate.column_ordinal);
      if (place == gathered_.end()) place = gathered_.insert(gathered_.end(), predicate.column_ordinal);
      residual_.emplace_back(&predicate, static_cast<uint32_t>(place - gathered_.begin()));
    }
    return arrow::Status::OK();
  }

  arrow::Result<bool> Passes(const Batch& found) {
    for (const auto& [predicate, column] : residual_) {
      const Value value = GetValue(found.columns[column], found.selection[0]);
      if (predicate->op == PushedPredicate::Op::kIsNull || predicate->op == PushedPredicate::Op::kIsNotNull) {
        if (value.is_null() != (predicate->op == PushedPredicate::Op::kIsNull)) return false;
        continue;
      }
      if (value.is_null()) return false;
      bool passes = false;
      for (const BoundExprPtr& expr : predicate->values) {
        ARROW_ASSIGN_OR_RAISE(const Value other, EvaluateScalar(*expr, *query_));
        passes |= !other.is_null() && Compare(predicate->op, CompareValues(value, other));
      }
      if (!passes) return false;
    }
    return true;
  }

  const LogicalScan& node_;
  const QueryContext* query_ = nullptr;
  std::shared_ptr<TableStore> store_;
  std::vector<Value> key_;
  std::vector<uint32_t> gathered_;
  std::vector<std::pair<const PushedPredicate*, uint32_t>> residual_;
  std::atomic<bool> is_taken_{false};
};

}  // namespace

std::unique_ptr<Source> MakeKeyLookup(const LogicalScan& node) { return std::make_unique<KeyLookupSource>(node); }

}  // namespace llkv
