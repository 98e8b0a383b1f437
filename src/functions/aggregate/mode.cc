// mode: the most frequent value. A state counts each different value in a hash table of its own.
//
// Arguments: value [, descending], which is what WITHIN GROUP (ORDER BY x DESC) becomes.
#include "functions/aggregate_support.h"
#include "functions/compare_loops.h"
#include "vector/row_hash.h"
#include "vector/row_layout_types.h"

namespace llkv {

namespace {

template <typename T>
struct Slot {
  T value;
  uint64_t count;  // 0: free
};

// Open addressing over slots in the arena, at most half of them taken.
template <typename T>
struct ModeState {
  Slot<T>* slots = nullptr;
  uint32_t num_slots = 0;  // 0, or a power of two
  uint32_t num_values = 0;
  uint8_t is_descending = 0;

  Slot<T>* SlotOf(uint64_t hash) const { return slots + (hash & (num_slots - 1)); }
};

constexpr uint32_t kFirstSlots = 8;
/// Smaller tables stay in the cache.
constexpr uint32_t kSmallSlots = 1024;
/// Some milliseconds' work.
constexpr uint32_t kPollEach = 1 << 16;

template <typename T>
constexpr uint32_t MaxSlots() {
  return static_cast<uint32_t>((uint64_t{1} << 31) / sizeof(Slot<T>));
}

/// The slot of `value`: the one that has it, or the free one that it belongs into.
template <typename T>
Slot<T>* FindSlot(ModeState<T>& state, const T& value, uint64_t hash) {
  uint64_t place = hash & (state.num_slots - 1);
  while (state.slots[place].count != 0 && !ValuesEqual(state.slots[place].value, value)) {
    place = (place + 1) & (state.num_slots - 1);
  }
  return state.slots + place;
}

template <typename T>
arrow::Status AllocateSlots(KernelContext& context, uint32_t num_slots, ModeState<T>* state) {
  constexpr size_t kAlignment = alignof(Slot<T>);
  ARROW_ASSIGN_OR_RAISE(char* memory,
                        context.arena->Allocate(static_cast<uint32_t>(num_slots * sizeof(Slot<T>) + kAlignment)));
  const uintptr_t aligned = (reinterpret_cast<uintptr_t>(memory) + kAlignment - 1) / kAlignment * kAlignment;
  state->slots = reinterpret_cast<Slot<T>*>(aligned);
  state->num_slots = num_slots;
  for (uint32_t first = 0; first < num_slots; first += kPollEach) {
    ARROW_RETURN_NOT_OK(context.CheckStop());
    const uint32_t count = std::min<uint32_t>(num_slots - first, kPollEach);
    std::memset(static_cast<void*>(state->slots + first), 0, count * sizeof(Slot<T>));
  }
  return arrow::Status::OK();
}

template <typename T>
arrow::Status Grow(KernelContext& context, ModeState<T>* state) {
  if (state->num_slots == MaxSlots<T>()) {
    return SqlError(sqlstate::kInvalidParameter, "mode of too many different values");
  }
  const Slot<T>* old = state->slots;
  const uint32_t num_old = state->num_slots;
  ARROW_RETURN_NOT_OK(AllocateSlots(context, std::max(kFirstSlots, num_old * 2), state));
  for (const Slot<T>* slot = old; slot != old + num_old; ++slot) {
    if ((slot - old) % kPollEach == 0) ARROW_RETURN_NOT_OK(context.CheckStop());
    if (slot->count != 0) *FindSlot(*state, slot->value, HashValue(slot->value)) = *slot;
  }
  return arrow::Status::OK();
}

/// Counts `value` so many times more; `hash` is its.
template <typename T>
arrow::Status AddValue(KernelContext& context, const T& value, uint64_t hash, uint64_t count, ModeState<T>* state) {
  if (state->num_values >= state->num_slots / 2) ARROW_RETURN_NOT_OK(Grow(context, state));
  Slot<T>* slot = FindSlot(*state, value, hash);
  if (slot->count == 0) {
    slot->value = value;
    if constexpr (std::is_same_v<T, StringRef>) {
      ARROW_ASSIGN_OR_RAISE(slot->value, context.arena->Copy(value.view()));
    }
    ++state->num_values;
  }
  slot->count += count;
  return arrow::Status::OK();
}

/// Counts the selected rows; state_of(row) is where.
template <typename T, typename F>
arrow::Status CountRows(KernelContext& context, KernelArgs args, const Selection& selection, F&& state_of) {
  uint16_t room[kMaxBatchRows];
  const Selection valid = ValidRows(*args[0], selection, room);
  if (valid.count == 0) return arrow::Status::OK();
  const Input<T> values(*args[0]);
  uint64_t hashes[kMaxBatchRows];
  uint32_t count = 0;
  ForEachRow(valid, [&](uint32_t row) {
    hashes[count] = HashValue(values[row]);
    const ModeState<T>* state = state_of(row);
    if (state->num_slots > kSmallSlots) __builtin_prefetch(state->SlotOf(hashes[count]), 1);
    ++count;
  });
  if (args.size() > 1) {
    const Input<uint8_t> descending(*args[1]);
    ForEachRow(valid, [&](uint32_t row) { state_of(row)->is_descending = descending[row]; });
  }
  count = 0;
  return ForEachRowChecked(
      valid, [&](uint32_t row) { return AddValue<T>(context, values[row], hashes[count++], 1, state_of(row)); });
}

template <typename T>
arrow::Status Update(KernelContext& context, const void* /*bound*/, KernelArgs args, const Selection& selection,
                     uint32_t /*num_rows*/, uint8_t* const* states) {
  return CountRows<T>(context, args, selection, [&](uint32_t row) { return StateAt<ModeState<T>>(states[row]); });
}

template <typename T>
arrow::Status UpdateSingle(KernelContext& context, const void* /*bound*/, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, uint8_t* state) {
  return CountRows<T>(context, args, selection, [&](uint32_t) { return StateAt<ModeState<T>>(state); });
}

template <typename T>
arrow::Status Combine(KernelContext& context, const void* /*bound*/, const uint8_t* const* sources,
                      uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    auto* target = StateAt<ModeState<T>>(targets[i]);
    const auto* source = StateAt<ModeState<T>>(sources[i]);
    if (source->num_values == 0) continue;
    target->is_descending = source->is_descending;
    for (const Slot<T>* slot = source->slots; slot != source->slots + source->num_slots; ++slot) {
      if ((slot - source->slots) % kPollEach == 0) ARROW_RETURN_NOT_OK(context.CheckStop());
      if (slot->count == 0) continue;
      ARROW_RETURN_NOT_OK(AddValue<T>(context, slot->value, HashValue(slot->value), slot->count, target));
    }
  }
  return arrow::Status::OK();
}

/// Of several most frequent values the first in the order.
template <typename T>
const T& MostFrequent(const ModeState<T>& state) {
  const Slot<T>* best = nullptr;
  for (const Slot<T>* slot = state.slots; slot != state.slots + state.num_slots; ++slot) {
    if (slot->count == 0) continue;
    if (best != nullptr) {
      if (slot->count < best->count) continue;
      const bool is_less = CompareScalars<CompareOp::kLess, T>(slot->value, best->value);
      if (slot->count == best->count && is_less == (state.is_descending != 0)) continue;
    }
    best = slot;
  }
  return best->value;
}

template <typename T>
arrow::Status Finalize(KernelContext& /*context*/, const void* bound, const uint8_t* const* states, uint32_t count,
                       ScratchVector& out) {
  out.ResetFlat(*static_cast<const LogicalType*>(bound));
  for (uint32_t i = 0; i < count; ++i) {
    const auto* state = StateAt<ModeState<T>>(states[i]);
    if (state->num_values == 0) {
      out.data<T>()[i] = T{};
      SetNullRow(i, out);
    } else {
      out.data<T>()[i] = MostFrequent(*state);
    }
  }
  return arrow::Status::OK();
}

arrow::Result<BoundAggregate> Bind(const AggregateFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, 2));
  LogicalType type = input.argument_types[0];
  if (type.id() == TypeId::kNull) type = TypeId::kInteger;
  std::vector<LogicalType> arguments{type};
  if (input.argument_types.size() > 1) {
    if (input.argument_types[1].id() != TypeId::kBoolean) return NoOverload(self.name, input.argument_types);
    arguments.push_back(TypeId::kBoolean);
  }
  BoundAggregate bound = MakeAggregate(self, std::move(arguments), type);
  bound.states_are_lists = true;
  bound.state = std::make_shared<const LogicalType>(type);
  VisitRowType(type.physical(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    bound.state_size = sizeof(ModeState<T>);
    bound.initialize = InitializeState<ModeState<T>>;
    bound.update = Update<T>;
    bound.update_single = UpdateSingle<T>;
    bound.combine = Combine<T>;
    bound.finalize = Finalize<T>;
  });
  return bound;
}

}  // namespace

void RegisterMode(FunctionRegistry& registry) {
  registry.Add(AggregateFunction{"mode", {}, "The most frequent value; of several the smallest.", "mode(a)", Bind});
}

}  // namespace llkv
