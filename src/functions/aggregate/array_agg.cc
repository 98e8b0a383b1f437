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

arrow::Status AppendParts(KernelContext& context, std::string_view parts, ListState* state) {
  constexpr char kEnd = static_cast<char>(NestedMark::kEnd);
  if (state->bytes.size > 0) --state->bytes.size;
  ARROW_RETURN_NOT_OK(state->bytes.Append(context, parts));
  return state->bytes.Append(context, std::string_view(&kEnd, 1));
}

class Feeder {
 public:
  Feeder(KernelContext& context, const void* /*bound*/, KernelArgs args) : context_(context), writer_(*args[0]) {}
  arrow::Status operator()(uint32_t row, uint8_t* state) {
    part_.clear();
    writer_.Append(row, &part_);
    return AppendParts(context_, part_, StateAt<ListState>(state));
  }

 private:
  KernelContext& context_;
  PartWriter writer_;
  std::string part_;
};

arrow::Status Combine(KernelContext& context, const void* /*bound*/, const uint8_t* const* sources,
                      uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const std::string_view source = StateAt<ListState>(sources[i])->bytes.view();
    if (source.empty()) continue;
    ARROW_RETURN_NOT_OK(AppendParts(context, source.substr(0, source.size() - 1), StateAt<ListState>(targets[i])));
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
  return bound;
}

}  // namespace

void RegisterArrayAgg(FunctionRegistry& registry) {
  registry.Add(AggregateFunction{
      "array_agg", {"list"}, "LIST of all values, NULLs included; NULL for none.", "array_agg(a ORDER BY b)", Bind});
}

}  // namespace llkv
