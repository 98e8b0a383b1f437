// random, random_normal, setseed: splitmix64 over the session's seed.
#include <bit>
#include <cmath>
#include <numbers>

#include "functions/binding.h"
#include "functions/kernel.h"

namespace llkv {

namespace {

class Generator {
 public:
  explicit Generator(KernelContext& context)
      : own_state_(static_cast<uint64_t>(context.statement_time_us)),
        state_(context.random_state != nullptr ? context.random_state : &own_state_) {}

  uint64_t Next() {
    uint64_t x = *state_ += 0x9E3779B97F4A7C15U;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
  }
  /// In [0, 1).
  double NextDouble() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  /// In [0, most], each as likely.
  uint64_t NextUpTo(uint64_t most) {
    if (most == UINT64_MAX) return Next();
    const uint64_t count = most + 1;
    const uint64_t unfair = (0 - count) % count;
    for (;;) {
      const uint128_t product = static_cast<uint128_t>(Next()) * count;
      if (static_cast<uint64_t>(product) >= unfair) return static_cast<uint64_t>(product >> 64);
    }
  }

 private:
  uint64_t own_state_;
  uint64_t* state_;
};

arrow::Status RandomKernel(KernelContext& context, const void* /*state*/, KernelArgs /*args*/,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  Generator generator(context);
  ForEachRow(selection, [&](uint32_t row) { out.data<double>()[row] = generator.NextDouble(); });
  return arrow::Status::OK();
}

template <typename T>
arrow::Status RangeKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                          uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<T> low(*args[0]);
  const Input<T> high(*args[1]);
  Generator generator(context);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    if (low[row] > high[row]) {
      return SqlError(sqlstate::kInvalidParameter, "the lower bound must be less than or equal to the upper bound");
    }
    const auto base = static_cast<uint64_t>(low[row]);
    const uint64_t offset = generator.NextUpTo(static_cast<uint64_t>(high[row]) - base);
    out.data<T>()[row] = static_cast<T>(base + offset);
    return arrow::Status::OK();
  });
}

// Box and Muller.
arrow::Status NormalKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, ScratchVector& out) {
  Generator generator(context);
  ForEachRow(selection, [&](uint32_t row) {
    const double mean = !args.empty() ? Input<double>(*args[0])[row] : 0;
    const double deviation = args.size() > 1 ? Input<double>(*args[1])[row] : 1;
    const double radius = std::sqrt(-2 * std::log(1 - generator.NextDouble()));
    out.data<double>()[row] = mean + deviation * radius * std::cos(2 * std::numbers::pi * generator.NextDouble());
  });
  return arrow::Status::OK();
}

// Also for the statements to come.
arrow::Status SetSeedKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<double> seed(*args[0]);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    if (!(seed[row] >= -1 && seed[row] <= 1)) {
      return SqlError(sqlstate::kInvalidParameter, "a seed is between -1 and 1");
    }
    // Never 0, which is no seed: no number between -1 and 1 has this exponent.
    constexpr uint64_t kSalt = 0x7FF3A5C91B2D4E68U;
    const uint64_t state = std::bit_cast<uint64_t>(seed[row] == 0 ? 0.0 : seed[row]) ^ kSalt;
    if (context.random_state != nullptr) *context.random_state = state;
    if (context.session_seed != nullptr) context.session_seed->store(state, std::memory_order_relaxed);
    out.data<StringRef>()[row] = StringRef();
    return arrow::Status::OK();
  });
}

arrow::Result<BoundScalar> Volatile(arrow::Result<BoundScalar> bound) {
  if (bound.ok()) bound->volatility = Volatility::kVolatile;
  return bound;
}

arrow::Result<BoundScalar> BindRandom(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{}, TypeId::kDouble, RandomKernel},
      {{TypeId::kInteger, TypeId::kInteger}, TypeId::kInteger, RangeKernel<int32_t>, true},
      {{TypeId::kBigInt, TypeId::kBigInt}, TypeId::kBigInt, RangeKernel<int64_t>, true}};
  return Volatile(BindOverloads(self, input, overloads));
}

arrow::Result<BoundScalar> BindNormal(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{}, TypeId::kDouble, NormalKernel},
                                                  {{TypeId::kDouble}, TypeId::kDouble, NormalKernel},
                                                  {{TypeId::kDouble, TypeId::kDouble}, TypeId::kDouble, NormalKernel}};
  return Volatile(BindOverloads(self, input, overloads));
}

arrow::Result<BoundScalar> BindSetSeed(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{TypeId::kDouble}, TypeId::kVarchar, SetSeedKernel, true}};
  return Volatile(BindOverloads(self, input, overloads));
}

}  // namespace

void RegisterRandom(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"random",
                              {},
                              "At least 0 and less than 1, another one each row; or an integer between two.",
                              "random(1, 10)",
                              BindRandom});
  registry.Add(ScalarFunction{"random_normal",
                              {},
                              "Normally distributed around a mean (0), with a deviation (1).",
                              "random_normal(0, 1)",
                              BindNormal});
  registry.Add(
      ScalarFunction{"setseed", {}, "Seeds random for the session; between -1 and 1.", "setseed(0.5)", BindSetSeed});
}

}  // namespace llkv
