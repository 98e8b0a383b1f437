// Variances and standard deviations, by Welford's method; combined by Chan's.
#include <cmath>

#include "functions/aggregate_support.h"

namespace llkv {

namespace {

struct Moments {
  int64_t count = 0;
  double mean = 0;
  double squares = 0;  // the sum of squared distances from the mean

  void Add(double value) {
    ++count;
    const double distance = value - mean;
    mean += distance / static_cast<double>(count);
    squares += distance * (value - mean);
  }
  void Add(const Moments& other) {
    if (other.count == 0) return;
    const auto a = static_cast<double>(count);
    const auto b = static_cast<double>(other.count);
    const double distance = other.mean - mean;
    mean += distance * b / (a + b);
    squares += other.squares + distance * distance * a * b / (a + b);
    count += other.count;
  }
};

class Feeder {
 public:
  Feeder(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args) : values_(*args[0]), valid_(*args[0]) {}
  arrow::Status operator()(uint32_t row, uint8_t* state) {
    if (valid_[row]) StateAt<Moments>(state)->Add(values_[row]);
    return arrow::Status::OK();
  }

 private:
  Input<double> values_;
  InputValidity valid_;
};

arrow::Status Combine(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* sources,
                      uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) StateAt<Moments>(targets[i])->Add(*StateAt<Moments>(sources[i]));
  return arrow::Status::OK();
}

template <bool is_sample, bool is_root>
arrow::Status Finalize(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* states, uint32_t count,
                       ScratchVector& out) {
  out.ResetFlat(TypeId::kDouble);
  for (uint32_t i = 0; i < count; ++i) {
    const auto* state = StateAt<Moments>(states[i]);
    const int64_t divisor = state->count - (is_sample ? 1 : 0);
    const double variance = divisor > 0 ? state->squares / static_cast<double>(divisor) : 0;
    out.data<double>()[i] = is_root ? std::sqrt(variance) : variance;
    if (divisor <= 0) SetNullRow(i, out);
  }
  return arrow::Status::OK();
}

template <bool is_sample, bool is_root>
arrow::Result<BoundAggregate> Bind(const AggregateFunction& self, const BindInput& input) {
  const bool fits = input.argument_types.size() == 1 &&
                    (input.argument_types[0].IsNumeric() || input.argument_types[0].id() == TypeId::kNull);
  if (!fits) return NoOverload(self.name, input.argument_types);
  BoundAggregate bound = MakeAggregate(self, {TypeId::kDouble}, TypeId::kDouble);
  SetKernels<Moments, Feeder>(bound, Combine, Finalize<is_sample, is_root>);
  return bound;
}

}  // namespace

void RegisterVariance(FunctionRegistry& registry) {
  registry.Add(AggregateFunction{"var_samp",
                                 {"variance"},
                                 "Variance of a sample, as DOUBLE; NULL for fewer than two values.",
                                 "var_samp(a)",
                                 Bind<true, false>});
  registry.Add(
      AggregateFunction{"var_pop", {}, "Variance of a population, as DOUBLE.", "var_pop(a)", Bind<false, false>});
  registry.Add(AggregateFunction{"stddev_samp",
                                 {"stddev"},
                                 "Standard deviation of a sample, as DOUBLE; NULL for fewer than two values.",
                                 "stddev_samp(a)",
                                 Bind<true, true>});
  registry.Add(AggregateFunction{
      "stddev_pop", {}, "Standard deviation of a population, as DOUBLE.", "stddev_pop(a)", Bind<false, true>});
}

}  // namespace llkv
