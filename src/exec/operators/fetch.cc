// See fetch.h. A batch's rows are fetched in the order of their ids, so that those of one row group come together; the
// columns are given as dictionaries of what was fetched, whose codes put it into the batch's order.
#include "exec/operators/fetch.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "exec/expr_set.h"
#include "store/table_store.h"
#include "vector/row_layout.h"

namespace llkv {
namespace {

struct FetchState : LaneState {
  explicit FetchState(arrow::MemoryPool* pool) : flattener(pool) {}
  ColumnFlattener flattener;
  std::unique_ptr<GatherBuffer> buffer;
  /// The batch's selected rows that have an id, in the order of the ids.
  std::vector<uint16_t> order;
  /// Each once.
  std::vector<RowId> ids;
  uint16_t codes[kMaxBatchRows];
  std::vector<Vector> output;
  /// One bitmap a fetched column.
  std::vector<uint8_t> validity;
};

constexpr size_t kBitmapBytes = kMaxBatchRows / 8;

class Fetch : public Operator {
 public:
  Fetch(const LogicalFetch& node, const ColumnLayout& input)
      : node_(node), row_id_place_(input.at(node.row_id->column)) {
    for (size_t i = 0; i < node.num_passed(); ++i) passed_.push_back(input.at(node.output[i].id));
  }

  arrow::Status Open(QueryContext& query) override {
    ARROW_ASSIGN_OR_RAISE(store_, query.exec->stores->FindStore(node_.table));
    return arrow::Status::OK();
  }
  void Close() override { store_.reset(); }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<FetchState>(lane.query->pool);
    ARROW_ASSIGN_OR_RAISE(state->buffer, store_->MakeGatherBuffer(node_.column_ordinals, lane.query->pool));
    state->output.resize(node_.output.size());
    state->validity.resize(node_.column_ordinals.size() * kBitmapBytes);
    return state;
  }

  arrow::Result<OperatorResult> Execute(LaneContext& lane, const Batch& input, LaneState& lane_state,
                                        Batch* output) override {
    auto& state = static_cast<FetchState&>(lane_state);
    ARROW_RETURN_NOT_OK(lane.CheckStop());
    ARROW_ASSIGN_OR_RAISE(const auto flat, state.flattener.Flatten(input.columns.subspan(row_id_place_, 1),
                                                                   input.selection, input.num_rows));
    OrderRows(flat[0], input, state);
    if (!state.ids.empty()) {
      ARROW_RETURN_NOT_OK(store_->Gather(lane.query->exec->snapshot, state.ids, *state.buffer));
      if (state.buffer->batch().num_selected() != state.ids.size()) {
        return InternalError("a row is gone that its scan gave");
      }
    }
    for (size_t i = 0; i < passed_.size(); ++i) state.output[i] = input.columns[passed_[i]];
    for (size_t i = 0; i < node_.column_ordinals.size(); ++i) {
      state.output[passed_.size() + i] = MakeColumn(i, input, state);
    }
    *output = Batch{state.output, input.num_rows, input.selection};
    return OperatorResult::kNeedInput;
  }

 private:
  /// Fills state.order, ids and codes.
  static void OrderRows(const Vector& row_ids, const Batch& input, FetchState& state) {
    const auto* ids = row_ids.values<uint64_t>();
    state.order.clear();
    ForEachRow(input.selection, [&](uint32_t row) {
      if (row_ids.IsValid(row)) state.order.push_back(static_cast<uint16_t>(row));
    });
    std::sort(state.order.begin(), state.order.end(), [ids](uint16_t a, uint16_t b) { return ids[a] < ids[b]; });
    std::fill_n(state.codes, input.num_rows, uint16_t{0});
    state.ids.clear();
    for (const uint16_t row : state.order) {
      if (state.ids.empty() || state.ids.back() != RowId(ids[row])) state.ids.emplace_back(ids[row]);
      state.codes[row] = static_cast<uint16_t>(state.ids.size() - 1);
    }
  }

  Vector MakeColumn(size_t column, const Batch& input, FetchState& state) const {
    Vector vector;
    vector.type = node_.output[passed_.size() + column].type;
    uint8_t* validity = state.validity.data() + column * kBitmapBytes;
    std::fill_n(validity, kBitmapBytes, uint8_t{0});
    if (state.ids.empty()) {
      // NULL in every row.
      static constexpr uint64_t kNothing[2] = {};
      vector.form = VectorForm::kConstant;
      vector.storage = vector.type.physical();
      vector.data = kNothing;
      vector.validity = validity;
      return vector;
    }
    const Vector& fetched = state.buffer->batch().columns[column];
    vector.form = VectorForm::kDictionary;
    vector.storage = PhysicalType::kUInt16;
    vector.data = state.codes;
    vector.dictionary = fetched.data;
    vector.dictionary_size = static_cast<uint32_t>(state.ids.size());
    if (fetched.validity == nullptr && state.order.size() == input.selection.count) return vector;
    for (const uint16_t row : state.order) {
      if (fetched.IsValid(state.codes[row])) validity[row / 8] |= static_cast<uint8_t>(1U << (row % 8));
    }
    vector.validity = validity;
    return vector;
  }

  const LogicalFetch& node_;
  const size_t row_id_place_;
  std::vector<size_t> passed_;
  std::shared_ptr<TableStore> store_;
};

}  // namespace

std::unique_ptr<Operator> MakeFetch(const LogicalFetch& node, const ColumnLayout& input) {
  return std::make_unique<Fetch>(node, input);
}

}  // namespace llkv
