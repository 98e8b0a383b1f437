// min, max and any_value, of every type.
#include "functions/aggregate_support.h"
#include "functions/compare_loops.h"

namespace llkv {

namespace {

enum class Choice : uint8_t { kMin, kMax, kFirst };

struct MinMaxState {
  LogicalType type;
};

// A plain value, aligned to 8 bytes only.
template <typename T>
struct ValueState {
  uint8_t bytes[sizeof(T)] = {};
  uint8_t seen = 0;

  T Get() const {
    T value;
    std::memcpy(&value, bytes, sizeof(T));
    return value;
  }
  void Set(const T& value) { std::memcpy(bytes, &value, sizeof(T)); }
};

// A string's copy in the arena, and the room it has there.
struct TextState {
  char* data = nullptr;
  uint32_t size = 0;
  uint32_t capacity = 0;
  uint8_t seen = 0;
};

/// The text; an empty one may have no memory.
StringRef TextOf(const TextState& state) { return state.size == 0 ? StringRef() : StringRef(state.data, state.size); }

template <Choice choice, typename T>
bool Improves(const T& candidate, const T& current) {
  if constexpr (choice == Choice::kMin) return CompareScalars<CompareOp::kLess, T>(candidate, current);
  if constexpr (choice == Choice::kMax) return CompareScalars<CompareOp::kGreater, T>(candidate, current);
  return false;
}

template <Choice choice, typename T>
struct ExtremeLoop {
  static LLKV_INLINE T Run(const T* data, uint32_t count) {
    T best = data[0];
    for (uint32_t i = 1; i < count; ++i) {
      if constexpr (choice == Choice::kMin) best = data[i] < best ? data[i] : best;
      if constexpr (choice == Choice::kMax) best = data[i] > best ? data[i] : best;
    }
    return best;
  }
};

template <Choice choice, typename T>
void Offer(ValueState<T>* state, const T& value) {
  if (state->seen != 0 && !Improves<choice, T>(value, state->Get())) return;
  state->Set(value);
  state->seen = 1;
}

template <Choice choice, typename T>
arrow::Status ValueUpdate(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args,
                          const Selection& selection, uint32_t /*num_rows*/, uint8_t* const* states) {
  uint16_t room[kMaxBatchRows];
  const Input<T> values(*args[0]);
  ForEachRow(ValidRows(*args[0], selection, room),
             [&](uint32_t row) { Offer<choice, T>(StateAt<ValueState<T>>(states[row]), values[row]); });
  return arrow::Status::OK();
}

template <Choice choice, typename T>
arrow::Status ValueUpdateSingle(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args,
                                const Selection& selection, uint32_t /*num_rows*/, uint8_t* raw) {
  auto* state = StateAt<ValueState<T>>(raw);
  if (choice == Choice::kFirst && state->seen != 0) return arrow::Status::OK();
  uint16_t room[kMaxBatchRows];
  const Input<T> values(*args[0]);
  const Selection rows = ValidRows(*args[0], selection, room);
  if (rows.count == 0) return arrow::Status::OK();
  if (values.is_constant() || choice == Choice::kFirst) {
    Offer<choice, T>(state, values[rows[0]]);
    return arrow::Status::OK();
  }
  if constexpr (std::is_integral_v<T>) {
    if (rows.IsDense()) {
      Offer<choice, T>(state, Dispatch<ExtremeLoop<choice, T>>(values.data(), rows.count));
      return arrow::Status::OK();
    }
  }
  T best = values[rows[0]];
  ForEachRow(rows, [&](uint32_t row) { best = Improves<choice, T>(values[row], best) ? values[row] : best; });
  Offer<choice, T>(state, best);
  return arrow::Status::OK();
}

template <Choice choice, typename T>
arrow::Status ValueCombine(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* sources,
                           uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const auto* source = StateAt<ValueState<T>>(sources[i]);
    if (source->seen != 0) Offer<choice, T>(StateAt<ValueState<T>>(targets[i]), source->Get());
  }
  return arrow::Status::OK();
}

template <typename T>
arrow::Status ValueFinalize(KernelContext& /*context*/, const void* bound, const uint8_t* const* states, uint32_t count,
                            ScratchVector& out) {
  out.ResetFlat(static_cast<const MinMaxState*>(bound)->type);
  for (uint32_t i = 0; i < count; ++i) {
    const auto* state = StateAt<ValueState<T>>(states[i]);
    out.data<T>()[i] = state->Get();
    if (state->seen != 0) continue;
    if (out.vector().validity == nullptr) out.UseValidity();
    ClearBit(out.validity(), i);
  }
  return arrow::Status::OK();
}

// T: StringRef, or AnyRef for values of ANY.
template <Choice choice, typename T>
arrow::Status OfferText(KernelContext& context, TextState* state, const StringRef& value) {
  if (state->seen != 0 && !Improves<choice, T>(T{value}, T{TextOf(*state)})) {
    return arrow::Status::OK();
  }
  if (value.size > state->capacity) {
    // Twice the room, so that a column that keeps improving does not fill the arena.
    const uint32_t capacity = std::max<uint32_t>(16, value.size > UINT32_MAX / 2 ? value.size : value.size * 2);
    ARROW_ASSIGN_OR_RAISE(state->data, context.arena->Allocate(capacity));
    state->capacity = capacity;
  }
  if (value.size > 0) std::memmove(state->data, value.data, value.size);
  state->size = value.size;
  state->seen = 1;
  return arrow::Status::OK();
}

template <Choice choice, typename T>
arrow::Status TextUpdate(KernelContext& context, const void* /*bound*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, uint8_t* const* states) {
  uint16_t room[kMaxBatchRows];
  const Input<StringRef> values(*args[0]);
  return ForEachRowChecked(ValidRows(*args[0], selection, room), [&](uint32_t row) {
    return OfferText<choice, T>(context, StateAt<TextState>(states[row]), values[row]);
  });
}

template <Choice choice, typename T>
arrow::Status TextUpdateSingle(KernelContext& context, const void* /*bound*/, KernelArgs args,
                               const Selection& selection, uint32_t /*num_rows*/, uint8_t* raw) {
  uint16_t room[kMaxBatchRows];
  const Input<StringRef> values(*args[0]);
  const Selection rows = ValidRows(*args[0], selection, room);
  if (rows.count == 0) return arrow::Status::OK();
  StringRef best = values[rows[0]];
  ForEachRow(rows, [&](uint32_t row) { best = Improves<choice, T>(T{values[row]}, T{best}) ? values[row] : best; });
  return OfferText<choice, T>(context, StateAt<TextState>(raw), best);
}

template <Choice choice, typename T>
arrow::Status TextCombine(KernelContext& context, const void* /*bound*/, const uint8_t* const* sources,
                          uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const auto* source = StateAt<TextState>(sources[i]);
    if (source->seen == 0) continue;
    ARROW_RETURN_NOT_OK((OfferText<choice, T>(context, StateAt<TextState>(targets[i]), TextOf(*source))));
  }
  return arrow::Status::OK();
}

arrow::Status TextFinalize(KernelContext& /*context*/, const void* bound, const uint8_t* const* states, uint32_t count,
                           ScratchVector& out) {
  out.ResetFlat(static_cast<const MinMaxState*>(bound)->type);
  for (uint32_t i = 0; i < count; ++i) {
    const auto* state = StateAt<TextState>(states[i]);
    out.data<StringRef>()[i] = TextOf(*state);
    if (state->seen != 0) continue;
    if (out.vector().validity == nullptr) out.UseValidity();
    ClearBit(out.validity(), i);
  }
  return arrow::Status::OK();
}

template <Choice choice, typename T>
void UseTextKernels(BoundAggregate& bound) {
  bound.state_size = sizeof(TextState);
  bound.initialize = InitializeState<TextState>;
  bound.update = TextUpdate<choice, T>;
  bound.update_single = TextUpdateSingle<choice, T>;
  bound.combine = TextCombine<choice, T>;
  bound.finalize = TextFinalize;
}

template <Choice choice, typename T>
void UseValueKernels(BoundAggregate& bound) {
  bound.state_size = (static_cast<uint32_t>(sizeof(ValueState<T>)) + 7) / 8 * 8;
  bound.initialize = InitializeState<ValueState<T>>;
  bound.update = ValueUpdate<choice, T>;
  bound.update_single = ValueUpdateSingle<choice, T>;
  bound.combine = ValueCombine<choice, T>;
  bound.finalize = ValueFinalize<T>;
}

template <Choice choice>
arrow::Result<BoundAggregate> BindMinMax(const AggregateFunction& self, const BindInput& input) {
  if (input.argument_types.size() != 1) return NoOverload(self.name, input.argument_types);
  LogicalType type = input.argument_types[0];
  if (type.id() == TypeId::kNull) type = TypeId::kInteger;
  BoundAggregate bound = MakeAggregate(self, {type}, type, 0);
  bound.distinct_is_noop = true;
  bound.order_matters = choice == Choice::kFirst;
  bound.state = std::make_shared<const MinMaxState>(MinMaxState{type});
  switch (type.physical()) {
    case PhysicalType::kString:
      if (type.IsAny()) {
        UseTextKernels<choice, AnyRef>(bound);
      } else {
        UseTextKernels<choice, StringRef>(bound);
      }
      break;
    case PhysicalType::kInterval:
      UseValueKernels<choice, Interval>(bound);
      break;
    case PhysicalType::kInt128:
      UseValueKernels<choice, int128_t>(bound);
      break;
    case PhysicalType::kFloat:
      UseValueKernels<choice, float>(bound);
      break;
    case PhysicalType::kDouble:
      UseValueKernels<choice, double>(bound);
      break;
    default:
      VisitInteger64(type.physical(), [&](auto zero) { UseValueKernels<choice, decltype(zero)>(bound); });
  }
  return bound;
}

}  // namespace

void RegisterMinMax(FunctionRegistry& registry) {
  registry.Add(AggregateFunction{"min", {}, "Least value; NULLs do not count.", "min(a)", BindMinMax<Choice::kMin>});
  registry.Add(AggregateFunction{"max", {}, "Greatest value; NULLs do not count.", "max(a)", BindMinMax<Choice::kMax>});
  registry.Add(
      AggregateFunction{"any_value", {}, "Some value that is not NULL.", "any_value(a)", BindMinMax<Choice::kFirst>});
}

}  // namespace llkv
