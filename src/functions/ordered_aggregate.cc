// See ordered_aggregate.h. A row lies in the arena as the key's bytes, by which rows are compared, and the arguments'
// parts (types/nested_value.h). Finalizing sorts a state's rows and feeds them to the function's own state.
#include "functions/ordered_aggregate.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "functions/aggregate_support.h"
#include "functions/nested_support.h"
#include "functions/value_list.h"
#include "runtime/stoppable_sort.h"

namespace llkv {
namespace {

struct OrderedInfo {
  BoundAggregate function;
  std::vector<AggregateOrder> order;
};

struct Row {
  uint64_t prefix = 0;  // of the key, as a number
  const char* data = nullptr;
  uint32_t key_size = 0;
  uint32_t size = 0;
  int64_t place = 0;  // among those that came before it

  bool operator<(const Row& other) const {
    if (prefix != other.prefix) return prefix < other.prefix;
    const int order = std::memcmp(data, other.data, std::min(key_size, other.key_size));
    if (order != 0) return order < 0;
    if (key_size != other.key_size) return key_size < other.key_size;
    return place < other.place;
  }
};

struct OrderedState {
  ValueList<Row> rows;
};

// Keys compare as their bytes do: a mark, before 01 for NULLS FIRST and behind it else, and the body, inverted for
// DESC.
void AppendKey(const PartWriter& writer, const AggregateOrder& order, uint32_t row, std::string* out) {
  if (writer.IsNull(row)) {
    out->push_back(order.nulls_first ? 0 : 2);
    return;
  }
  out->push_back(1);
  const size_t begin = out->size();
  writer.AppendBody(row, out);
  if (!order.descending) return;
  for (size_t i = begin; i < out->size(); ++i) (*out)[i] = static_cast<char>(~(*out)[i]);
}

class Feeder {
 public:
  Feeder(KernelContext& context, const void* bound, KernelArgs args)
      : context_(context), info_(*static_cast<const OrderedInfo*>(bound)) {
    for (const Vector* arg : args) writers_.emplace_back(*arg);
  }

  arrow::Status operator()(uint32_t row, uint8_t* raw) {
    const size_t num_arguments = info_.function.argument_types.size();
    bytes_.clear();
    for (size_t i = 0; i < info_.order.size(); ++i) {
      AppendKey(writers_[num_arguments + i], info_.order[i], row, &bytes_);
    }
    Row entry;
    entry.key_size = static_cast<uint32_t>(bytes_.size());
    for (size_t i = 0; i < num_arguments; ++i) writers_[i].Append(row, &bytes_);
    if (bytes_.size() > INT32_MAX) {
      return SqlError(sqlstate::kInvalidParameter, "a row of an ordered aggregate takes more than 2 GiB");
    }
    ARROW_ASSIGN_OR_RAISE(const StringRef copy, context_.arena->Copy(bytes_));
    entry.data = copy.data;
    entry.size = copy.size;
    char prefix[8] = {};
    std::memcpy(prefix, copy.data, std::min<size_t>(sizeof(prefix), entry.key_size));
    std::memcpy(&entry.prefix, prefix, sizeof(prefix));
    entry.prefix = __builtin_bswap64(entry.prefix);
    auto* state = StateAt<OrderedState>(raw);
    entry.place = state->rows.size();
    return state->rows.Append(context_, entry);
  }

 private:
  KernelContext& context_;
  const OrderedInfo& info_;
  std::vector<PartWriter> writers_;
  std::string bytes_;
};

arrow::Status Combine(KernelContext& context, const void* /*bound*/, const uint8_t* const* sources,
                      uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    ARROW_RETURN_NOT_OK(
        StateAt<OrderedState>(targets[i])->rows.AppendAll(context, StateAt<OrderedState>(sources[i])->rows));
  }
  return arrow::Status::OK();
}

// Feeds sorted rows to a function, a batch at a time.
class RowFeeder {
 public:
  static arrow::Result<RowFeeder> Make(KernelContext& context, const BoundAggregate* function) {
    RowFeeder feeder(context, function);
    for (const LogicalType type : function->argument_types) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector column, ScratchVector::Make(type, context.pool));
      feeder.columns_.push_back(std::move(column));
    }
    return feeder;
  }

  arrow::Status Feed(const Row* rows, uint32_t count, uint8_t* state) {
    arguments_.clear();
    for (size_t c = 0; c < columns_.size(); ++c) {
      columns_[c].ResetFlat(function_->argument_types[c]);
      columns_[c].UseValidity();
      arguments_.push_back(&columns_[c].vector());
    }
    for (uint32_t i = 0; i < count; ++i) {
      NestedReader in(std::string_view(rows[i].data + rows[i].key_size, rows[i].size - rows[i].key_size));
      for (size_t c = 0; c < columns_.size(); ++c) {
        if (in.IsValue()) {
          ARROW_RETURN_NOT_OK(LoadBody(function_->argument_types[c], in, i, context_.arena, columns_[c]));
        } else {
          StoreNull(i, columns_[c].validity(), columns_[c]);
        }
      }
    }
    return function_->update_single(context_, function_->state.get(), arguments_, Selection::All(count), count, state);
  }

 private:
  RowFeeder(KernelContext& context, const BoundAggregate* function) : context_(context), function_(function) {}

  KernelContext& context_;
  const BoundAggregate* function_;
  std::vector<ScratchVector> columns_;
  std::vector<const Vector*> arguments_;
};

arrow::Status Finalize(KernelContext& context, const void* bound, const uint8_t* const* states, uint32_t count,
                       ScratchVector& out) {
  const BoundAggregate& function = static_cast<const OrderedInfo*>(bound)->function;
  const int64_t state_size = (static_cast<int64_t>(function.state_size) + 7) / 8 * 8;
  PoolArray<uint8_t> inner(context.pool);
  ARROW_RETURN_NOT_OK(inner.Resize(state_size * count));
  PoolArray<Row> rows(context.pool);
  PoolArray<Row> scratch(context.pool);
  ARROW_ASSIGN_OR_RAISE(RowFeeder feeder, RowFeeder::Make(context, &function));
  const uint8_t* inner_states[kMaxBatchRows];
  for (uint32_t i = 0; i < count; ++i) {
    uint8_t* state = inner.data() + i * state_size;
    inner_states[i] = state;
    function.initialize(function.state.get(), state);
    ARROW_RETURN_NOT_OK(StateAt<OrderedState>(states[i])->rows.CopyTo(rows));
    ARROW_RETURN_NOT_OK(scratch.Resize(rows.size()));
    ARROW_RETURN_NOT_OK(SortUntilStopped(rows.data(), rows.size(), scratch.data(), context.stop));
    for (int64_t begin = 0; begin < rows.size(); begin += kMaxBatchRows) {
      const auto size = static_cast<uint32_t>(std::min<int64_t>(rows.size() - begin, kMaxBatchRows));
      ARROW_RETURN_NOT_OK(context.CheckStop());
      ARROW_RETURN_NOT_OK(feeder.Feed(rows.data() + begin, size, state));
    }
  }
  return function.finalize(context, function.state.get(), inner_states, count, out);
}

}  // namespace

BoundAggregate MakeOrderedAggregate(BoundAggregate function, std::vector<AggregateOrder> order) {
  BoundAggregate ordered;
  ordered.name = function.name;
  ordered.argument_types = function.argument_types;
  for (const AggregateOrder& key : order) {
    ordered.name += &key == &order.front() ? " ORDER BY" : ",";
    ordered.name += key.descending ? " desc" : " asc";
    if (key.nulls_first != key.descending) ordered.name += key.nulls_first ? " nulls first" : " nulls last";
    ordered.argument_types.push_back(key.type);
  }
  ordered.return_type = function.return_type;
  ordered.states_are_lists = true;
  SetKernels<OrderedState, Feeder>(ordered, Combine, Finalize);
  ordered.state = std::make_shared<const OrderedInfo>(OrderedInfo{std::move(function), std::move(order)});
  return ordered;
}

}  // namespace llkv
