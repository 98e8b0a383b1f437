// Casts among DATE, TIME, TIMESTAMP and INTERVAL.
#include "functions/cast/cast.h"
#include "types/calendar.h"

namespace llkv {

namespace {

arrow::Status Overflow(LogicalType type) {
  return SqlError(sqlstate::kDatetimeOverflow, "the result is out of range for " + type.ToString());
}

arrow::Status DateToTimestamp(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                              const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const auto& state = *static_cast<const CastState*>(raw_state);
  const auto convert = [](int32_t days, int64_t* micros) {
    return !__builtin_mul_overflow(int64_t{days}, kMicrosPerDay, micros);
  };
  return CastLoop<int32_t, int64_t>(state, args, selection, num_rows, out, convert,
                                    [&](int32_t) { return Overflow(state.to); });
}

arrow::Status TimestampToDate(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<int64_t, int32_t>(args, selection, out,
                             [](int64_t micros) { return static_cast<int32_t>(FloorDivide(micros, kMicrosPerDay)); });
  return arrow::Status::OK();
}

arrow::Status TimestampToTime(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<int64_t, int64_t>(
      args, selection, out, [](int64_t micros) { return micros - FloorDivide(micros, kMicrosPerDay) * kMicrosPerDay; });
  return arrow::Status::OK();
}

arrow::Status TimeToInterval(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<int64_t, Interval>(args, selection, out, [](int64_t micros) { return Interval{0, 0, micros * 1000}; });
  return arrow::Status::OK();
}

// The time of day that the interval's time part leaves, as PostgreSQL has it.
arrow::Status IntervalToTime(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<Interval, int64_t>(args, selection, out, [](const Interval& value) {
    const int64_t micros = FloorDivide(value.nanos, 1000);
    return micros - FloorDivide(micros, kMicrosPerDay) * kMicrosPerDay;
  });
  return arrow::Status::OK();
}

}  // namespace

CastChoice ChooseTemporalCast(LogicalType from, LogicalType to) {
  if (from.id() == TypeId::kDate && to.id() == TypeId::kTimestamp) return {DateToTimestamp, true, kFormsFlat, false};
  if (from.id() == TypeId::kTimestamp && to.id() == TypeId::kDate) return {TimestampToDate, false, kFormsFlat, false};
  if (from.id() == TypeId::kTimestamp && to.id() == TypeId::kTime) return {TimestampToTime, false, kFormsFlat, false};
  if (from.id() == TypeId::kTime && to.id() == TypeId::kInterval) return {TimeToInterval, false, kFormsFlat, false};
  if (from.id() == TypeId::kInterval && to.id() == TypeId::kTime) return {IntervalToTime, false, kFormsFlat, false};
  return {};
}

}  // namespace llkv
