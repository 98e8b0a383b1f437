// product: as DOUBLE.
#include "functions/aggregate_support.h"

namespace llkv {

namespace {

struct ProductState {
  double product = 1;
  int64_t count = 0;
};

class Feeder {
 public:
  Feeder(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args) : values_(*args[0]), valid_(*args[0]) {}
  arrow::Status operator()(uint32_t row, uint8_t* raw) {
    if (!valid_[row]) return arrow::Status::OK();
    auto* state = StateAt<ProductState>(raw);
    state->product *= values_[row];
    ++state->count;
    return arrow::Status::OK();
  }

 private:
  Input<double> values_;
  InputValidity valid_;
};

arrow::Status Combine(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* sources,
                      uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    StateAt<ProductState>(targets[i])->product *= StateAt<ProductState>(sources[i])->product;
    StateAt<ProductState>(targets[i])->count += StateAt<ProductState>(sources[i])->count;
  }
  return arrow::Status::OK();
}

arrow::Status Finalize(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* states, uint32_t count,
                       ScratchVector& out) {
  out.ResetFlat(TypeId::kDouble);
  for (uint32_t i = 0; i < count; ++i) {
    out.data<double>()[i] = StateAt<ProductState>(states[i])->product;
    if (StateAt<ProductState>(states[i])->count == 0) SetNullRow(i, out);
  }
  return arrow::Status::OK();
}

arrow::Result<BoundAggregate> Bind(const AggregateFunction& self, const BindInput& input) {
  const bool fits = input.argument_types.size() == 1 &&
                    (input.argument_types[0].IsNumeric() || input.argument_types[0].id() == TypeId::kNull);
  if (!fits) return NoOverload(self.name, input.argument_types);
  BoundAggregate bound = MakeAggregate(self, {TypeId::kDouble}, TypeId::kDouble);
  SetKernels<ProductState, Feeder>(bound, Combine, Finalize);
  return bound;
}

}  // namespace

void RegisterProduct(FunctionRegistry& registry) {
  registry.Add(AggregateFunction{"product", {}, "Product, as DOUBLE.", "product(a)", Bind});
}

}  // namespace llkv
