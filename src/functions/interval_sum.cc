// See interval_sum.h. States are wide, so that only a result can be out of range, not what it is made of.
#include "functions/interval_sum.h"

#include "functions/aggregate_support.h"
#include "functions/temporal_arithmetic.h"

namespace llkv {

namespace {

struct IntervalSumState {
  int64_t months = 0;
  int64_t days = 0;
  PackedInt128 nanos;
  int64_t count = 0;

  void Add(const Interval& value) {
    months += value.months;
    days += value.days;
    nanos.AddUnchecked(value.nanos);
    ++count;
  }
  bool Total(Interval* total) const {
    const int128_t wide_nanos = nanos.Get();
    *total = {static_cast<int32_t>(months), static_cast<int32_t>(days), static_cast<int64_t>(wide_nanos)};
    return total->months == months && total->days == days && total->nanos == wide_nanos;
  }
};

struct IntervalSumBinding {
  bool average = false;
};

class SumFeeder {
 public:
  SumFeeder(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args) : values_(*args[0]), valid_(*args[0]) {}
  arrow::Status operator()(uint32_t row, uint8_t* state) {
    if (valid_[row]) StateAt<IntervalSumState>(state)->Add(values_[row]);
    return arrow::Status::OK();
  }

 private:
  const Input<Interval> values_;
  const InputValidity valid_;
};

arrow::Status Combine(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* sources,
                      uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const auto* source = StateAt<IntervalSumState>(sources[i]);
    auto* target = StateAt<IntervalSumState>(targets[i]);
    target->months += source->months;
    target->days += source->days;
    target->nanos.Add(source->nanos.Get());
    target->count += source->count;
  }
  return arrow::Status::OK();
}

arrow::Status Finalize(KernelContext& /*context*/, const void* bound, const uint8_t* const* states, uint32_t count,
                       ScratchVector& out) {
  const bool average = static_cast<const IntervalSumBinding*>(bound)->average;
  out.ResetFlat(TypeId::kInterval);
  for (uint32_t i = 0; i < count; ++i) {
    const auto* state = StateAt<IntervalSumState>(states[i]);
    Interval& result = out.data<Interval>()[i];
    result = Interval();
    if (state->count == 0) {
      SetNullRow(i, out);
      continue;
    }
    Interval total;
    bool fits = state->Total(&total);
    if (average) {
      fits = fits && DivideInterval(total, static_cast<double>(state->count), &result);
    } else {
      result = total;
    }
    if (!fits) return SqlError(sqlstate::kDatetimeOverflow, "the sum is out of range for INTERVAL");
  }
  return arrow::Status::OK();
}

}  // namespace

BoundAggregate BindIntervalSum(const AggregateFunction& self, bool average) {
  BoundAggregate bound = MakeAggregate(self, {TypeId::kInterval}, TypeId::kInterval);
  SetKernels<IntervalSumState, SumFeeder>(bound, Combine, Finalize);
  bound.state = std::make_shared<const IntervalSumBinding>(IntervalSumBinding{average});
  return bound;
}

}  // namespace llkv
