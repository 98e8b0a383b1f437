// bit_and, bit_or and bit_xor of integers.
#include "functions/aggregate_support.h"
#include "vector/row_layout_types.h"

namespace llkv {

namespace {

enum class BitOp : uint8_t { kAnd, kOr, kXor };

struct BitState {
  PackedInt128 bits;
  uint64_t seen = 0;
};

template <BitOp op>
void Offer(BitState* state, int128_t value) {
  if (state->seen != 0) {
    const int128_t bits = state->bits.Get();
    if constexpr (op == BitOp::kAnd) value = bits & value;
    if constexpr (op == BitOp::kOr) value = bits | value;
    if constexpr (op == BitOp::kXor) value = bits ^ value;
  }
  state->bits.Set(value);
  state->seen = 1;
}

template <BitOp op, typename T>
class Feeder {
 public:
  Feeder(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args) : values_(*args[0]), valid_(*args[0]) {}
  arrow::Status operator()(uint32_t row, uint8_t* state) {
    if (valid_[row]) Offer<op>(StateAt<BitState>(state), static_cast<int128_t>(values_[row]));
    return arrow::Status::OK();
  }

 private:
  Input<T> values_;
  InputValidity valid_;
};

template <BitOp op>
arrow::Status Combine(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* sources,
                      uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const auto* source = StateAt<BitState>(sources[i]);
    if (source->seen != 0) Offer<op>(StateAt<BitState>(targets[i]), source->bits.Get());
  }
  return arrow::Status::OK();
}

template <typename T>
arrow::Status Finalize(KernelContext& /*context*/, const void* bound, const uint8_t* const* states, uint32_t count,
                       ScratchVector& out) {
  out.ResetFlat(*static_cast<const LogicalType*>(bound));
  for (uint32_t i = 0; i < count; ++i) {
    const auto* state = StateAt<BitState>(states[i]);
    out.data<T>()[i] = static_cast<T>(state->bits.Get());
    if (state->seen == 0) SetNullRow(i, out);
  }
  return arrow::Status::OK();
}

template <BitOp op>
arrow::Result<BoundAggregate> Bind(const AggregateFunction& self, const BindInput& input) {
  if (input.argument_types.size() != 1) return NoOverload(self.name, input.argument_types);
  LogicalType type = input.argument_types[0];
  if (type.id() == TypeId::kNull) type = TypeId::kInteger;
  if (!type.IsInteger()) return NoOverload(self.name, input.argument_types);
  BoundAggregate bound = MakeAggregate(self, {type}, type);
  bound.distinct_is_noop = op != BitOp::kXor;
  bound.state = std::make_shared<const LogicalType>(type);
  VisitIntegerType(type.physical(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    SetKernels<BitState, Feeder<op, T>>(bound, Combine<op>, Finalize<T>);
  });
  return bound;
}

}  // namespace

void RegisterBitAndOrXor(FunctionRegistry& registry) {
  registry.Add(AggregateFunction{"bit_and", {}, "AND of all bits of integers.", "bit_and(a)", Bind<BitOp::kAnd>});
  registry.Add(AggregateFunction{"bit_or", {}, "OR of all bits of integers.", "bit_or(a)", Bind<BitOp::kOr>});
  registry.Add(
      AggregateFunction{"bit_xor", {}, "Exclusive OR of all bits of integers.", "bit_xor(a)", Bind<BitOp::kXor>});
}

}  // namespace llkv
