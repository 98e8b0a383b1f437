// approx_count_distinct: HyperLogLog with 1,024 registers (Flajolet and others 2007), linear counting for few values.
// Off by some 3 %.
#include <bit>
#include <cmath>

#include "base/hash.h"
#include "functions/aggregate_support.h"
#include "vector/row_layout_types.h"

namespace llkv {

namespace {

constexpr uint32_t kBits = 10;
constexpr uint32_t kNumRegisters = 1U << kBits;

// In the arena once there is a value.
struct Sketch {
  uint8_t* registers = nullptr;

  arrow::Status Prepare(KernelContext& context) {
    if (registers != nullptr) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(char* memory, context.arena->Allocate(kNumRegisters));
    registers = reinterpret_cast<uint8_t*>(memory);
    std::memset(registers, 0, kNumRegisters);
    return arrow::Status::OK();
  }
  void Add(uint64_t hash) {
    const uint64_t rest = (hash << kBits) | (uint64_t{1} << (kBits - 1));
    const auto rank = static_cast<uint8_t>(std::countl_zero(rest) + 1);
    uint8_t& place = registers[hash >> (64 - kBits)];
    place = std::max(place, rank);
  }
  int64_t Estimate() const {
    if (registers == nullptr) return 0;
    double sum = 0;
    uint32_t num_empty = 0;
    for (uint32_t i = 0; i < kNumRegisters; ++i) {
      sum += std::ldexp(1.0, -registers[i]);
      num_empty += registers[i] == 0 ? 1 : 0;
    }
    constexpr double kSize = kNumRegisters;
    const double estimate = 0.7213 / (1 + 1.079 / kSize) * kSize * kSize / sum;
    if (estimate <= 2.5 * kSize && num_empty > 0) return std::llround(kSize * std::log(kSize / num_empty));
    return std::llround(estimate);
  }
};

template <typename T>
uint64_t HashOf(const T& value) {
  if constexpr (std::is_same_v<T, StringRef>) {
    return HashBytes(value.data, value.size);
  } else if constexpr (std::is_same_v<T, Interval>) {
    return HashOf<int128_t>(IntervalLength(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    const double plain = std::isnan(value) ? std::nan("") : static_cast<double>(value) + 0.0;
    return HashInt64(std::bit_cast<uint64_t>(plain));
  } else if constexpr (sizeof(T) == 16) {
    return HashInt64(static_cast<uint64_t>(value) ^ HashInt64(static_cast<uint64_t>(value >> 64)));
  } else {
    return HashInt64(static_cast<uint64_t>(value));
  }
}

template <typename T>
class Feeder {
 public:
  Feeder(KernelContext& context, const void* /*bound*/, KernelArgs args)
      : context_(context), values_(*args[0]), valid_(*args[0]) {}
  arrow::Status operator()(uint32_t row, uint8_t* raw) {
    if (!valid_[row]) return arrow::Status::OK();
    auto* state = StateAt<Sketch>(raw);
    ARROW_RETURN_NOT_OK(state->Prepare(context_));
    state->Add(HashOf<T>(values_[row]));
    return arrow::Status::OK();
  }

 private:
  KernelContext& context_;
  Input<T> values_;
  InputValidity valid_;
};

arrow::Status Combine(KernelContext& context, const void* /*bound*/, const uint8_t* const* sources,
                      uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const auto* source = StateAt<Sketch>(sources[i]);
    if (source->registers == nullptr) continue;
    auto* target = StateAt<Sketch>(targets[i]);
    ARROW_RETURN_NOT_OK(target->Prepare(context));
    for (uint32_t k = 0; k < kNumRegisters; ++k) {
      target->registers[k] = std::max(target->registers[k], source->registers[k]);
    }
  }
  return arrow::Status::OK();
}

arrow::Status Finalize(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* states, uint32_t count,
                       ScratchVector& out) {
  out.ResetFlat(TypeId::kBigInt);
  for (uint32_t i = 0; i < count; ++i) out.data<int64_t>()[i] = StateAt<Sketch>(states[i])->Estimate();
  return arrow::Status::OK();
}

arrow::Result<BoundAggregate> Bind(const AggregateFunction& self, const BindInput& input) {
  if (input.argument_types.size() != 1) return NoOverload(self.name, input.argument_types);
  LogicalType type = input.argument_types[0];
  if (type.id() == TypeId::kNull) type = TypeId::kInteger;
  BoundAggregate bound = MakeAggregate(self, {type}, TypeId::kBigInt, sizeof(Sketch));
  bound.distinct_is_noop = true;
  bound.initialize = InitializeState<Sketch>;
  VisitRowType(type.physical(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    bound.update = FeedRows<Feeder<T>>;
    bound.update_single = FeedSingle<Feeder<T>>;
  });
  bound.combine = Combine;
  bound.finalize = Finalize;
  return bound;
}

}  // namespace

void RegisterApproxCountDistinct(FunctionRegistry& registry) {
  registry.Add(AggregateFunction{"approx_count_distinct",
                                 {},
                                 "About how many different values there are, off by some 3 %.",
                                 "approx_count_distinct(a)",
                                 Bind});
}

}  // namespace llkv
