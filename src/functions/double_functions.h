// Functions of one DOUBLE that give a DOUBLE, with the errors of what they are not defined for.
#pragma once

#include <cmath>

#include "functions/binding.h"
#include "functions/kernel.h"

namespace llkv {

/// What is wrong with an argument.
struct MathError {
  std::string_view sqlstate;
  const char* message;
};

/// Gives the result, or answers with what is wrong; null where nothing is.
using DoubleFunction = const MathError* (*)(double x, double* result);

inline constexpr MathError kInputOutOfRange{sqlstate::kNumericOutOfRange, "the argument is out of range"};

/// Where not `may_be_infinite`, an infinite result of a finite argument is 22003.
template <DoubleFunction f, bool may_be_infinite = false>
arrow::Status DoubleKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<double> input(*args[0]);
  double* result = out.data<double>();
  return ForEachRowChecked(selection, [&](uint32_t row) {
    const MathError* wrong = f(input[row], &result[row]);
    if (wrong != nullptr) return SqlError(wrong->sqlstate, wrong->message);
    const bool overflow = !may_be_infinite && std::isinf(result[row]) && std::isfinite(input[row]);
    return overflow ? OutOfRange(TypeId::kDouble) : arrow::Status::OK();
  });
}

/// A function that is defined everywhere.
template <double (*f)(double)>
const MathError* Total(double x, double* result) {
  *result = f(x);
  return nullptr;
}

template <DoubleFunction f, bool may_be_infinite = false>
arrow::Result<BoundScalar> BindDouble(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kDouble}, TypeId::kDouble, DoubleKernel<f, may_be_infinite>, true}};
  return BindOverloads(self, input, overloads);
}

}  // namespace llkv
