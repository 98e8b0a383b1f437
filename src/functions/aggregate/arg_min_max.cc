// arg_min(a, b) and arg_max(a, b): a of the row with the smallest or greatest b.
#include "functions/compare_loops.h"
#include "functions/stored_value.h"
#include "vector/row_layout_types.h"

namespace llkv {

namespace {

struct ArgState {
  StoredValue key;
  StoredValue value;
};

struct ArgTypes {
  LogicalType value;
  LogicalType key;
};

template <bool is_min, typename T>
bool Improves(const T& candidate, const StoredValue& current) {
  if (current.kind == StoredValue::kNothing) return true;
  return CompareScalars < is_min ? CompareOp::kLess : CompareOp::kGreater, T > (candidate, current.Get<T>());
}

template <bool is_min, typename T>
class Feeder {
 public:
  Feeder(KernelContext& context, const void* /*bound*/, KernelArgs args)
      : context_(context), value_(*args[0]), key_(*args[1]), has_value_(value_), has_key_(key_), keys_(key_) {}
  arrow::Status operator()(uint32_t row, uint8_t* raw) {
    auto* state = StateAt<ArgState>(raw);
    if (!has_value_[row] || !has_key_[row] || !Improves<is_min, T>(keys_[row], state->key)) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(state->key.Set(context_, key_, row));
    return state->value.Set(context_, value_, row);
  }

 private:
  KernelContext& context_;
  const Vector& value_;
  const Vector& key_;
  InputValidity has_value_;
  InputValidity has_key_;
  Input<T> keys_;
};

template <bool is_min, typename T>
arrow::Status Combine(KernelContext& context, const void* bound, const uint8_t* const* sources, uint8_t* const* targets,
                      uint32_t count) {
  const auto& types = *static_cast<const ArgTypes*>(bound);
  for (uint32_t i = 0; i < count; ++i) {
    auto* target = StateAt<ArgState>(targets[i]);
    const auto* source = StateAt<ArgState>(sources[i]);
    if (source->key.kind == StoredValue::kNothing) continue;
    if (!Improves<is_min, T>(source->key.Get<T>(), target->key)) continue;
    ARROW_RETURN_NOT_OK(target->key.CopyFrom(context, types.key, source->key));
    ARROW_RETURN_NOT_OK(target->value.CopyFrom(context, types.value, source->value));
  }
  return arrow::Status::OK();
}

arrow::Status Finalize(KernelContext& /*context*/, const void* bound, const uint8_t* const* states, uint32_t count,
                       ScratchVector& out) {
  out.ResetFlat(static_cast<const ArgTypes*>(bound)->value);
  for (uint32_t i = 0; i < count; ++i) StateAt<ArgState>(states[i])->value.Load(i, out);
  return arrow::Status::OK();
}

template <bool is_min>
arrow::Result<BoundAggregate> Bind(const AggregateFunction& self, const BindInput& input) {
  if (input.argument_types.size() != 2) return NoOverload(self.name, input.argument_types);
  ArgTypes types{input.argument_types[0], input.argument_types[1]};
  if (types.value.id() == TypeId::kNull) types.value = TypeId::kInteger;
  if (types.key.id() == TypeId::kNull) types.key = TypeId::kInteger;
  BoundAggregate bound = MakeAggregate(self, {types.value, types.key}, types.value);
  bound.distinct_is_noop = true;
  bound.order_matters = true;
  bound.state = std::make_shared<const ArgTypes>(types);
  VisitRowType(types.key.physical(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    SetKernels<ArgState, Feeder<is_min, T>>(bound, Combine<is_min, T>, Finalize);
  });
  return bound;
}

}  // namespace

void RegisterArgMinMax(FunctionRegistry& registry) {
  registry.Add(AggregateFunction{"arg_min",
                                 {"min_by", "argmin"},
                                 "a of the row with the smallest b, where neither is NULL.",
                                 "arg_min(a, b)",
                                 Bind<true>});
  registry.Add(AggregateFunction{"arg_max",
                                 {"max_by", "argmax"},
                                 "a of the row with the greatest b, where neither is NULL.",
                                 "arg_max(a, b)",
                                 Bind<false>});
}

}  // namespace llkv
