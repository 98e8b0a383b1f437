// Functions of whole numbers: gcd, lcm, factorial.
#include "functions/binding.h"
#include "functions/kernel.h"
#include "functions/numeric_binding.h"

namespace llkv {

namespace {

template <typename T>
int128_t Magnitude(T value) {
  const auto wide = static_cast<int128_t>(value);
  return wide < 0 ? -wide : wide;
}

int128_t Gcd(int128_t a, int128_t b) {
  while (b != 0) {
    const int128_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

// Decimals of one scale are as their unscaled values. The least value of a type has no magnitude in it.
template <typename T, bool lcm>
arrow::Status DivisorKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                            const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<T> a(*args[0]);
  const Input<T> b(*args[1]);
  const ValueLimits limits = IntegerLimits(out.vector().type);
  constexpr int128_t kLeast = static_cast<int128_t>(uint128_t{1} << 127);
  T* result = out.data<T>();
  return ForEachRowChecked(selection, [&](uint32_t row) {
    if (static_cast<int128_t>(a[row]) == kLeast || static_cast<int128_t>(b[row]) == kLeast) {
      return OutOfRange(out.vector().type);
    }
    const int128_t x = Magnitude(a[row]);
    const int128_t y = Magnitude(b[row]);
    int128_t value = Gcd(x, y);
    const bool overflow = lcm && value != 0 && __builtin_mul_overflow(x / value, y, &value);
    if (overflow || value > limits.max) return OutOfRange(out.vector().type);
    result[row] = static_cast<T>(value);
    return arrow::Status::OK();
  });
}

template <bool lcm>
arrow::Result<BoundScalar> BindDivisor(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 2));
  ARROW_ASSIGN_OR_RAISE(const NumericPair pair, NumericArguments(self.name, input));
  LogicalType type = pair.left;
  if (type.IsDecimal()) {
    type = DecimalModuloType(pair.left, pair.right);
    if (lcm) type = LogicalType::Decimal(kMaxDecimalDigits, type.scale());
  } else if (!type.IsInteger() || type.id() == TypeId::kUHugeInt) {
    return NoOverload(self.name, input.argument_types);
  }
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types = {type, type};
  bound.return_type = type;
  bound.can_fail = true;
  bound.kernel = type.physical() == PhysicalType::kInt128
                     ? DivisorKernel<int128_t, lcm>
                     : VisitInteger64(type.physical(),
                                      [](auto zero) -> ScalarKernel { return DivisorKernel<decltype(zero), lcm>; });
  return bound;
}

arrow::Status FactorialKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  constexpr int64_t kMost = 33;
  const Input<int64_t> input(*args[0]);
  int128_t* result = out.data<int128_t>();
  return ForEachRowChecked(selection, [&](uint32_t row) {
    if (input[row] < 0) return SqlError(sqlstate::kNumericOutOfRange, "the factorial of a negative number");
    if (input[row] > kMost) return OutOfRange(TypeId::kHugeInt);
    result[row] = 1;
    for (int64_t i = 2; i <= input[row]; ++i) result[row] *= i;
    return arrow::Status::OK();
  });
}

arrow::Result<BoundScalar> BindFactorial(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{TypeId::kBigInt}, TypeId::kHugeInt, FactorialKernel, true}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterDivisors(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"gcd",
                              {"greatest_common_divisor"},
                              "Greatest common divisor; of two zeros, 0.",
                              "gcd(1071, 462)",
                              BindDivisor<false>});
  registry.Add(ScalarFunction{"lcm",
                              {"least_common_multiple"},
                              "Least common multiple; 0 where an argument is.",
                              "lcm(1071, 462)",
                              BindDivisor<true>});
  registry.Add(ScalarFunction{"factorial", {}, "1 * 2 * … * n, up to 33.", "factorial(5)", BindFactorial});
}

}  // namespace llkv
