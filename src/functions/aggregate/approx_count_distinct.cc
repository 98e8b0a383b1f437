// approx_count_distinct: HyperLogLog with 1,024 registers (Flajolet and others 2007), linear counting for few values.
// Off by some 3 %.
#include <bit>
#include <cmath>

#include "base/hyper_log_log.h"
#include "functions/aggregate_support.h"
#include "vector/row_hash.h"
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
    return registers == nullptr ? 0 : std::llround(EstimateDistinct({registers, kNumRegisters}));
  }
};

template <typename T>
class Feeder {
 public:
  Feeder(KernelContext& context, const void* /*bound*/, KernelArgs args)
      : context_(context), values_(*args[0]), valid_(*args[0]) {}
  arrow::Status operator()(uint32_t row, uint8_t* raw) {
    if (!valid_[row]) return arrow::Status::OK();
    auto* state = StateAt<Sketch>(raw);
    ARROW_RETURN_NOT_OK(state->Prepare(context_));
    state->Add(HashValue<T>(values_[row]));
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
  BoundAggregate bound = MakeAggregate(self, {type}, TypeId::kBigInt);
  bound.distinct_is_noop = true;
  VisitRowType(type.physical(),
               [&](auto tag) { SetKernels<Sketch, Feeder<typename decltype(tag)::Type>>(bound, Combine, Finalize); });
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
