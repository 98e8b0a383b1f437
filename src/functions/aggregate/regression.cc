// Covariance, correlation and linear regression of pairs (y, x). A pair with a NULL does not count.
#include <cmath>

#include "functions/aggregate_support.h"

namespace llkv {

namespace {

struct Pairs {
  int64_t count = 0;
  double mean_x = 0;
  double mean_y = 0;
  double xx = 0;  // sums of products of distances from the means
  double yy = 0;
  double xy = 0;

  void Add(double y, double x) {
    ++count;
    const auto n = static_cast<double>(count);
    const double dx = x - mean_x;
    const double dy = y - mean_y;
    mean_x += dx / n;
    mean_y += dy / n;
    xx += dx * (x - mean_x);
    yy += dy * (y - mean_y);
    xy += dx * (y - mean_y);
  }
  void Add(const Pairs& other) {
    if (other.count == 0) return;
    const auto a = static_cast<double>(count);
    const auto b = static_cast<double>(other.count);
    const double dx = other.mean_x - mean_x;
    const double dy = other.mean_y - mean_y;
    const double weight = a * b / (a + b);
    mean_x += dx * b / (a + b);
    mean_y += dy * b / (a + b);
    xx += other.xx + dx * dx * weight;
    yy += other.yy + dy * dy * weight;
    xy += other.xy + dx * dy * weight;
    count += other.count;
  }
};

class Feeder {
 public:
  Feeder(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args)
      : y_(*args[0]), x_(*args[1]), has_y_(*args[0]), has_x_(*args[1]) {}
  arrow::Status operator()(uint32_t row, uint8_t* state) {
    if (has_y_[row] && has_x_[row]) StateAt<Pairs>(state)->Add(y_[row], x_[row]);
    return arrow::Status::OK();
  }

 private:
  Input<double> y_;
  Input<double> x_;
  InputValidity has_y_;
  InputValidity has_x_;
};

arrow::Status Combine(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* sources,
                      uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) StateAt<Pairs>(targets[i])->Add(*StateAt<Pairs>(sources[i]));
  return arrow::Status::OK();
}

// The results; false is NULL.

bool CovarPop(const Pairs& pairs, double* result) {
  *result = pairs.count > 0 ? pairs.xy / static_cast<double>(pairs.count) : 0;
  return pairs.count > 0;
}

bool CovarSamp(const Pairs& pairs, double* result) {
  *result = pairs.count > 1 ? pairs.xy / static_cast<double>(pairs.count - 1) : 0;
  return pairs.count > 1;
}

bool Corr(const Pairs& pairs, double* result) {
  if (pairs.count == 0 || pairs.xx == 0 || pairs.yy == 0) return false;
  const double value = pairs.xy / std::sqrt(pairs.xx) / std::sqrt(pairs.yy);
  // Rounding may leave the range that it can have.
  *result = value > 1 ? 1 : (value < -1 ? -1 : value);
  return true;
}

bool Slope(const Pairs& pairs, double* result) {
  if (pairs.count == 0 || pairs.xx == 0) return false;
  *result = pairs.xy / pairs.xx;
  return true;
}

bool Intercept(const Pairs& pairs, double* result) {
  if (!Slope(pairs, result)) return false;
  *result = pairs.mean_y - *result * pairs.mean_x;
  return true;
}

bool R2(const Pairs& pairs, double* result) {
  if (pairs.count == 0 || pairs.xx == 0) return false;
  *result = pairs.yy == 0 ? 1 : pairs.xy / pairs.xx * (pairs.xy / pairs.yy);
  return true;
}

template <double Pairs::*member>
bool Member(const Pairs& pairs, double* result) {
  *result = pairs.*member;
  return pairs.count > 0;
}

template <bool (*value)(const Pairs&, double*)>
arrow::Status Finalize(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* states, uint32_t count,
                       ScratchVector& out) {
  out.ResetFlat(TypeId::kDouble);
  for (uint32_t i = 0; i < count; ++i) {
    double result = 0;
    const bool is_known = value(*StateAt<Pairs>(states[i]), &result);
    out.data<double>()[i] = result;
    if (!is_known) SetNullRow(i, out);
  }
  return arrow::Status::OK();
}

arrow::Status FinalizeCount(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* states,
                            uint32_t count, ScratchVector& out) {
  out.ResetFlat(TypeId::kBigInt);
  for (uint32_t i = 0; i < count; ++i) out.data<int64_t>()[i] = StateAt<Pairs>(states[i])->count;
  return arrow::Status::OK();
}

arrow::Result<BoundAggregate> BindPairs(const AggregateFunction& self, const BindInput& input,
                                        decltype(BoundAggregate::finalize) finalize) {
  bool fits = input.argument_types.size() == 2;
  for (const LogicalType type : input.argument_types) fits &= type.IsNumeric() || type.id() == TypeId::kNull;
  if (!fits) return NoOverload(self.name, input.argument_types);
  BoundAggregate bound = MakeAggregate(self, {TypeId::kDouble, TypeId::kDouble}, TypeId::kDouble);
  SetKernels<Pairs, Feeder>(bound, Combine, finalize);
  return bound;
}

template <bool (*value)(const Pairs&, double*)>
arrow::Result<BoundAggregate> Bind(const AggregateFunction& self, const BindInput& input) {
  return BindPairs(self, input, Finalize<value>);
}

arrow::Result<BoundAggregate> BindCount(const AggregateFunction& self, const BindInput& input) {
  ARROW_ASSIGN_OR_RAISE(BoundAggregate bound, BindPairs(self, input, FinalizeCount));
  bound.return_type = TypeId::kBigInt;
  return bound;
}

}  // namespace

void RegisterRegression(FunctionRegistry& registry) {
  const auto add = [&](const char* name, const char* description, auto bind) {
    registry.Add(AggregateFunction{name, {}, description, std::string(name) + "(y, x)", bind});
  };
  add("covar_pop", "Covariance of a population.", Bind<CovarPop>);
  add("covar_samp", "Covariance of a sample; NULL for fewer than two pairs.", Bind<CovarSamp>);
  add("corr", "Coefficient of correlation; NULL where y or x does not vary.", Bind<Corr>);
  add("regr_slope", "Slope of the line of least squares; NULL where x does not vary.", Bind<Slope>);
  add("regr_intercept", "Where the line of least squares has x = 0.", Bind<Intercept>);
  add("regr_r2", "Square of the coefficient of correlation; 1 where only y does not vary.", Bind<R2>);
  add("regr_count", "Number of pairs without NULL.", BindCount);
  add("regr_avgx", "Mean of x over the pairs.", Bind<Member<&Pairs::mean_x>>);
  add("regr_avgy", "Mean of y over the pairs.", Bind<Member<&Pairs::mean_y>>);
  add("regr_sxx", "Sum of squared distances of x from its mean.", Bind<Member<&Pairs::xx>>);
  add("regr_syy", "Sum of squared distances of y from its mean.", Bind<Member<&Pairs::yy>>);
  add("regr_sxy", "Sum of products of the distances from the means.", Bind<Member<&Pairs::xy>>);
}

}  // namespace llkv
