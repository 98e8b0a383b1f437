// array_agg and list: a LIST of all values, NULLs included.
#include <string>

#include "functions/aggregate_support.h"
#include "functions/nested_support.h"
#include "functions/text_buffer.h"
#include "types/type_info.h"

namespace llkv {

namespace {

// The value so far, with its end.
struct ListState {
  TextBuffer bytes;
};

/// Appends parts, the last of which an end mark follows.
arrow::Status AppendEnded(KernelContext& context, std::string_view parts, ListState* state) {
  if (state->bytes.size > 0) --state->bytes.size;
  return state->bytes.Append(context, parts);
}

class Feeder {
 public:
  Feeder(KernelContext& context, const void* /*bound*/, KernelArgs args) : context_(context), writer_(*args[0]) {}
  arrow::Status operator()(uint32_t row, uint8_t* state) {
    part_.clear();
    writer_.Append(row, &part_);
    AppendNestedMark(NestedMark::kEnd, &part_);
    return AppendEnded(context_, part_, StateAt<ListState>(state));
  }

 private:
  KernelContext& context_;
  PartWriter writer_;
  std::string part_;
};

arrow::Status UpdateSingle(KernelContext& context, const void* /*bound*/, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, uint8_t* state) {
  const PartWriter writer(*args[0]);
  std::string parts;
  ForEachRow(selection, [&](uint32_t row) { writer.Append(row, &parts); });
  AppendNestedMark(NestedMark::kEnd, &parts);
  return AppendEnded(context, parts, StateAt<ListState>(state));
}

/// Writes numbers of one physical type where they stay.
template <typename T>
class NumberWriter {
 public:
  explicit NumberWriter(KernelArgs args) : values_(*args[0]), valid_(*args[0]) {}

  /// The selected rows behind what the state has. Errors: 22023, 53200.
  arrow::Status Write(KernelContext& context, const Selection& selection, ListState* state) const {
    TextBuffer& bytes = state->bytes;
    ARROW_RETURN_NOT_OK(bytes.Reserve(context, uint64_t{selection.count} * (1 + sizeof(T)) + 1));
    char* out = bytes.data + bytes.size - (bytes.size > 0 ? 1 : 0);
    ForEachRow(selection, [&](uint32_t row) {
      if (valid_[row]) {
        *out = static_cast<char>(NestedMark::kValue);
        StoreNestedNumber(values_[row], out + 1);
        out += 1 + sizeof(T);
      } else {
        *out++ = static_cast<char>(NestedMark::kNull);
      }
    });
    *out++ = static_cast<char>(NestedMark::kEnd);
    bytes.size = static_cast<uint32_t>(out - bytes.data);
    return arrow::Status::OK();
  }

 private:
  Input<T> values_;
  InputValidity valid_;
};

template <typename T>
arrow::Status UpdateNumbers(KernelContext& context, const void* /*bound*/, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, uint8_t* const* states) {
  const NumberWriter<T> writer(args);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    const auto position = static_cast<uint16_t>(row);
    return writer.Write(context, Selection{&position, 1}, StateAt<ListState>(states[row]));
  });
}

template <typename T>
arrow::Status UpdateSingleNumbers(KernelContext& context, const void* /*bound*/, KernelArgs args,
                                  const Selection& selection, uint32_t /*num_rows*/, uint8_t* state) {
  return NumberWriter<T>(args).Write(context, selection, StateAt<ListState>(state));
}

arrow::Status Combine(KernelContext& context, const void* /*bound*/, const uint8_t* const* sources,
                      uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const std::string_view source = StateAt<ListState>(sources[i])->bytes.view();
    if (source.empty()) continue;
    ARROW_RETURN_NOT_OK(AppendEnded(context, source, StateAt<ListState>(targets[i])));
  }
  return arrow::Status::OK();
}

arrow::Status Finalize(KernelContext& /*context*/, const void* bound, const uint8_t* const* states, uint32_t count,
                       ScratchVector& out) {
  out.ResetFlat(*static_cast<const LogicalType*>(bound));
  for (uint32_t i = 0; i < count; ++i) {
    const auto* state = StateAt<ListState>(states[i]);
    out.data<StringRef>()[i] = state->bytes.ref();
    if (state->bytes.size == 0) SetNullRow(i, out);
  }
  return arrow::Status::OK();
}

arrow::Result<BoundAggregate> Bind(const AggregateFunction& self, const BindInput& input) {
  if (input.argument_types.size() != 1) return NoOverload(self.name, input.argument_types);
  LogicalType type = input.argument_types[0];
  if (type.id() == TypeId::kNull) type = TypeId::kInteger;
  ARROW_ASSIGN_OR_RAISE(const LogicalType list, MakeListType(type));
  BoundAggregate bound = MakeAggregate(self, {type}, list);
  bound.order_matters = true;
  bound.states_are_lists = true;
  bound.state = std::make_shared<const LogicalType>(list);
  SetKernels<ListState, Feeder>(bound, Combine, Finalize);
  bound.update_single = UpdateSingle;
  if (type.physical() == PhysicalType::kString || type.physical() == PhysicalType::kInterval) return bound;
  VisitNestedNumber(type.physical(), [&](auto zero) {
    bound.update = UpdateNumbers<decltype(zero)>;
    bound.update_single = UpdateSingleNumbers<decltype(zero)>;
  });
  return bound;
}

}  // namespace

void RegisterArrayAgg(FunctionRegistry& registry) {
  registry.Add(AggregateFunction{
      "array_agg", {"list"}, "LIST of all values, NULLs included; NULL for none.", "array_agg(a ORDER BY b)", Bind});
}

}  // namespace llkv
