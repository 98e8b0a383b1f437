// What aggregates are written with: typed states, and loops over states of rows.
#pragma once

#include <cstring>

#include "functions/binding.h"
#include "functions/kernel.h"

namespace llkv {

/// A 128-bit integer in a state, which is 8-byte aligned only.
struct PackedInt128 {
  uint64_t low = 0;
  int64_t high = 0;

  int128_t Get() const {
    return static_cast<int128_t>((static_cast<uint128_t>(static_cast<uint64_t>(high)) << 64) | low);
  }
  void Set(int128_t value) {
    low = static_cast<uint64_t>(value);
    high = static_cast<int64_t>(value >> 64);
  }
  /// False on overflow.
  bool Add(int128_t value) {
    int128_t sum = 0;
    if (__builtin_add_overflow(Get(), value, &sum)) return false;
    Set(sum);
    return true;
  }
  /// For values whose sum cannot reach 128 bits: below 2^64 in magnitude, fewer than 2^63 of them.
  void AddUnchecked(int64_t value) {
    const uint64_t before = low;
    low += static_cast<uint64_t>(value);
    high += (value >> 63) + (low < before ? 1 : 0);
  }
};

template <typename State>
State* StateAt(uint8_t* state) {
  return reinterpret_cast<State*>(state);
}
template <typename State>
const State* StateAt(const uint8_t* state) {
  return reinterpret_cast<const State*>(state);
}

template <typename State>
void InitializeState(const void* /*bound*/, uint8_t* state) {
  new (state) State();
}

/// update and update_single of a Feeder, made of (context, bound, args), whose call (row, state) answers with a Status
/// and sees NULLs.
template <typename Feeder>
arrow::Status FeedRows(KernelContext& context, const void* bound, KernelArgs args, const Selection& selection,
                       uint32_t /*num_rows*/, uint8_t* const* states) {
  Feeder feeder(context, bound, args);
  return ForEachRowChecked(selection, [&](uint32_t row) { return feeder(row, states[row]); });
}
template <typename Feeder>
arrow::Status FeedSingle(KernelContext& context, const void* bound, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, uint8_t* state) {
  Feeder feeder(context, bound, args);
  return ForEachRowChecked(selection, [&](uint32_t row) { return feeder(row, state); });
}

/// Sets the size of states and the kernels of an aggregate whose states are `State`, fed by `Feeder`.
template <typename State, typename Feeder>
void SetKernels(BoundAggregate& bound, decltype(BoundAggregate::combine) combine,
                decltype(BoundAggregate::finalize) finalize) {
  bound.state_size = sizeof(State);
  bound.initialize = InitializeState<State>;
  bound.update = FeedRows<Feeder>;
  bound.update_single = FeedSingle<Feeder>;
  bound.combine = combine;
  bound.finalize = finalize;
}

/// Makes row `row` of a flat result NULL.
inline void SetNullRow(uint32_t row, ScratchVector& out) {
  if (out.vector().validity == nullptr) out.UseValidity();
  ClearBit(out.validity(), row);
}

/// The selected rows where `vector` is not NULL: `selection` itself or rows in `room` (kMaxBatchRows).
Selection ValidRows(const Vector& vector, const Selection& selection, uint16_t* room);

/// An aggregate with the fields that all have; the size of states may come by SetKernels.
BoundAggregate MakeAggregate(const AggregateFunction& self, std::vector<LogicalType> arguments, LogicalType result,
                             uint32_t state_size = 0);

}  // namespace llkv
