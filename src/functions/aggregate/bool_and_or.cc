// bool_and and bool_or: min and max of BOOLEAN under their own names.
#include "functions/aggregate_support.h"

namespace llkv {

namespace {

struct BoolState {
  uint8_t result = 0;
  uint8_t seen = 0;
};

template <bool is_and>
void Offer(BoolState* state, bool value) {
  if (state->seen == 0) {
    state->result = value ? 1 : 0;
    state->seen = 1;
  } else if (value != is_and) {
    state->result = is_and ? 0 : 1;
  }
}

template <bool is_and>
arrow::Status Update(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args, const Selection& selection,
                     uint32_t /*num_rows*/, uint8_t* const* states) {
  uint16_t room[kMaxBatchRows];
  const Input<uint8_t> values(*args[0]);
  ForEachRow(ValidRows(*args[0], selection, room),
             [&](uint32_t row) { Offer<is_and>(StateAt<BoolState>(states[row]), values[row] != 0); });
  return arrow::Status::OK();
}

template <bool is_and>
arrow::Status UpdateSingle(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, uint8_t* raw) {
  uint16_t room[kMaxBatchRows];
  const Input<uint8_t> values(*args[0]);
  ForEachRow(ValidRows(*args[0], selection, room),
             [&](uint32_t row) { Offer<is_and>(StateAt<BoolState>(raw), values[row] != 0); });
  return arrow::Status::OK();
}

template <bool is_and>
arrow::Status Combine(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* sources,
                      uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const auto* source = StateAt<BoolState>(sources[i]);
    if (source->seen != 0) Offer<is_and>(StateAt<BoolState>(targets[i]), source->result != 0);
  }
  return arrow::Status::OK();
}

arrow::Status Finalize(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* states, uint32_t count,
                       ScratchVector& out) {
  out.ResetFlat(TypeId::kBoolean);
  for (uint32_t i = 0; i < count; ++i) {
    const auto* state = StateAt<BoolState>(states[i]);
    out.data<uint8_t>()[i] = state->result;
    if (state->seen != 0) continue;
    if (out.vector().validity == nullptr) out.UseValidity();
    ClearBit(out.validity(), i);
  }
  return arrow::Status::OK();
}

template <bool is_and>
arrow::Result<BoundAggregate> Bind(const AggregateFunction& self, const BindInput& input) {
  const bool fits = input.argument_types.size() == 1 &&
                    (input.argument_types[0].id() == TypeId::kBoolean || input.argument_types[0].id() == TypeId::kNull);
  if (!fits) return NoOverload(self.name, input.argument_types);
  BoundAggregate bound = MakeAggregate(self, {TypeId::kBoolean}, TypeId::kBoolean, 8);
  bound.distinct_is_noop = true;
  bound.initialize = InitializeState<BoolState>;
  bound.update = Update<is_and>;
  bound.update_single = UpdateSingle<is_and>;
  bound.combine = Combine<is_and>;
  bound.finalize = Finalize;
  return bound;
}

}  // namespace

void RegisterBoolAndOr(FunctionRegistry& registry) {
  registry.Add(AggregateFunction{"bool_and", {"every"}, "TRUE where every value is.", "bool_and(a)", Bind<true>});
  registry.Add(AggregateFunction{"bool_or", {}, "TRUE where any value is.", "bool_or(a)", Bind<false>});
}

}  // namespace llkv
