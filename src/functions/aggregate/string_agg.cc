// string_agg, group_concat and listagg: text put together, with a separator before each value but the first.
#include "functions/aggregate_support.h"
#include "functions/text_buffer.h"

namespace llkv {

namespace {

// The text has the first separator too, as combining needs it where it is not the first any more.
struct AggState {
  TextBuffer text;
  uint32_t first_separator = 0;
  uint32_t seen = 0;
};

class Feeder {
 public:
  Feeder(KernelContext& context, const void* /*bound*/, KernelArgs args)
      : context_(context), values_(*args[0]), valid_(*args[0]) {
    if (args.size() < 2) return;
    separators_.emplace(*args[1]);
    has_separator_.emplace(*args[1]);
  }
  arrow::Status operator()(uint32_t row, uint8_t* raw) {
    if (!valid_[row]) return arrow::Status::OK();
    auto* state = StateAt<AggState>(raw);
    std::string_view separator = ",";
    if (separators_.has_value()) separator = (*has_separator_)[row] ? (*separators_)[row].view() : std::string_view();
    if (state->seen == 0) state->first_separator = static_cast<uint32_t>(separator.size());
    state->seen = 1;
    ARROW_RETURN_NOT_OK(state->text.Append(context_, separator));
    return state->text.Append(context_, values_[row].view());
  }

 private:
  KernelContext& context_;
  Input<StringRef> values_;
  InputValidity valid_;
  std::optional<Input<StringRef>> separators_;
  std::optional<InputValidity> has_separator_;
};

arrow::Status Combine(KernelContext& context, const void* /*bound*/, const uint8_t* const* sources,
                      uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    auto* target = StateAt<AggState>(targets[i]);
    const auto* source = StateAt<AggState>(sources[i]);
    if (source->seen == 0) continue;
    if (target->seen == 0) target->first_separator = source->first_separator;
    target->seen = 1;
    ARROW_RETURN_NOT_OK(target->text.Append(context, source->text.view()));
  }
  return arrow::Status::OK();
}

arrow::Status Finalize(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* states, uint32_t count,
                       ScratchVector& out) {
  out.ResetFlat(TypeId::kVarchar);
  for (uint32_t i = 0; i < count; ++i) {
    const auto* state = StateAt<AggState>(states[i]);
    StringRef& text = out.data<StringRef>()[i];
    text = StringRef();
    if (state->seen == 0) {
      SetNullRow(i, out);
    } else if (state->text.size > state->first_separator) {
      text = StringRef(state->text.view().substr(state->first_separator));
    }
  }
  return arrow::Status::OK();
}

arrow::Result<BoundAggregate> Bind(const AggregateFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, 2));
  BoundAggregate bound =
      MakeAggregate(self, std::vector<LogicalType>(input.argument_types.size(), TypeId::kVarchar), TypeId::kVarchar);
  bound.order_matters = true;
  bound.states_are_lists = true;
  SetKernels<AggState, Feeder>(bound, Combine, Finalize);
  return bound;
}

}  // namespace

void RegisterStringAgg(FunctionRegistry& registry) {
  registry.Add(AggregateFunction{"string_agg",
                                 {"group_concat", "listagg"},
                                 "Values as text, with the separator (a comma where none is given) between them.",
                                 "string_agg(a, ', ' ORDER BY a)",
                                 Bind});
}

}  // namespace llkv
