// first and last: the value of the first or last row, NULL where that row has NULL.
#include "functions/stored_value.h"

namespace llkv {

namespace {

template <bool is_first>
class Feeder {
 public:
  Feeder(KernelContext& context, const void* /*bound*/, KernelArgs args) : context_(context), values_(*args[0]) {}
  arrow::Status operator()(uint32_t row, uint8_t* raw) {
    auto* state = StateAt<StoredValue>(raw);
    if (is_first && state->kind != StoredValue::kNothing) return arrow::Status::OK();
    return state->Set(context_, values_, row);
  }

 private:
  KernelContext& context_;
  const Vector& values_;
};

template <bool is_first>
arrow::Status Combine(KernelContext& context, const void* bound, const uint8_t* const* sources, uint8_t* const* targets,
                      uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    auto* target = StateAt<StoredValue>(targets[i]);
    const auto* source = StateAt<StoredValue>(sources[i]);
    if (source->kind == StoredValue::kNothing || (is_first && target->kind != StoredValue::kNothing)) continue;
    ARROW_RETURN_NOT_OK(target->CopyFrom(context, *static_cast<const LogicalType*>(bound), *source));
  }
  return arrow::Status::OK();
}

arrow::Status Finalize(KernelContext& /*context*/, const void* bound, const uint8_t* const* states, uint32_t count,
                       ScratchVector& out) {
  out.ResetFlat(*static_cast<const LogicalType*>(bound));
  for (uint32_t i = 0; i < count; ++i) StateAt<StoredValue>(states[i])->Load(i, out);
  return arrow::Status::OK();
}

template <bool is_first>
arrow::Result<BoundAggregate> Bind(const AggregateFunction& self, const BindInput& input) {
  if (input.argument_types.size() != 1) return NoOverload(self.name, input.argument_types);
  LogicalType type = input.argument_types[0];
  if (type.id() == TypeId::kNull) type = TypeId::kInteger;
  BoundAggregate bound = MakeAggregate(self, {type}, type);
  bound.order_matters = true;
  bound.distinct_is_noop = false;
  bound.state = std::make_shared<const LogicalType>(type);
  SetKernels<StoredValue, Feeder<is_first>>(bound, Combine<is_first>, Finalize);
  return bound;
}

}  // namespace

void RegisterFirstLast(FunctionRegistry& registry) {
  registry.Add(AggregateFunction{
      "first", {"arbitrary"}, "Value of the first row, NULLs included.", "first(a ORDER BY b)", Bind<true>});
  registry.Add(
      AggregateFunction{"last", {}, "Value of the last row, NULLs included.", "last(a ORDER BY b)", Bind<false>});
}

}  // namespace llkv
