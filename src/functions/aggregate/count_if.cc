// count_if: how many rows a condition is TRUE for.
#include "functions/aggregate_support.h"

namespace llkv {

namespace {

struct CountState {
  int64_t count = 0;
};

class Feeder {
 public:
  Feeder(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args) : values_(*args[0]), valid_(*args[0]) {}
  arrow::Status operator()(uint32_t row, uint8_t* state) {
    StateAt<CountState>(state)->count += valid_[row] && values_[row] != 0 ? 1 : 0;
    return arrow::Status::OK();
  }

 private:
  Input<uint8_t> values_;
  InputValidity valid_;
};

arrow::Status Combine(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* sources,
                      uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    StateAt<CountState>(targets[i])->count += StateAt<CountState>(sources[i])->count;
  }
  return arrow::Status::OK();
}

arrow::Status Finalize(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* states, uint32_t count,
                       ScratchVector& out) {
  out.ResetFlat(TypeId::kBigInt);
  for (uint32_t i = 0; i < count; ++i) out.data<int64_t>()[i] = StateAt<CountState>(states[i])->count;
  return arrow::Status::OK();
}

arrow::Result<BoundAggregate> Bind(const AggregateFunction& self, const BindInput& input) {
  const bool fits = input.argument_types.size() == 1 &&
                    (input.argument_types[0].id() == TypeId::kBoolean || input.argument_types[0].id() == TypeId::kNull);
  if (!fits) return NoOverload(self.name, input.argument_types);
  BoundAggregate bound = MakeAggregate(self, {TypeId::kBoolean}, TypeId::kBigInt);
  SetKernels<CountState, Feeder>(bound, Combine, Finalize);
  return bound;
}

}  // namespace

void RegisterCountIf(FunctionRegistry& registry) {
  registry.Add(AggregateFunction{
      "count_if", {"countif"}, "Number of rows for which the condition is TRUE.", "count_if(a > 1)", Bind});
}

}  // namespace llkv
