// Casts among dates, times, timestamps of all units, with and without a zone, and INTERVAL.
#include "functions/cast/cast.h"
#include "types/calendar.h"
#include "types/time_tz.h"

namespace llkv {

namespace {

const CastState& StateOf(const void* state) { return *static_cast<const CastState*>(state); }

arrow::Status Overflow(LogicalType type) {
  return SqlError(sqlstate::kDatetimeOverflow, "the result is out of range for " + type.ToString());
}

// What a timestamp type counts: this many a day.
int64_t UnitsPerDay(TypeId type) { return kMicrosPerDay / kMicrosPerSecond * UnitsPerSecond(type); }

// From one unit to another: exact, or rounded half away from zero.
bool ChangeUnit(int64_t value, int64_t from_per_day, int64_t to_per_day, int64_t* result) {
  if (to_per_day >= from_per_day) return !__builtin_mul_overflow(value, to_per_day / from_per_day, result);
  *result = RoundDivide(value, from_per_day / to_per_day);
  return true;
}

int64_t TimeOfDay(int64_t value, int64_t units_per_day) {
  const int64_t rest = value % units_per_day;
  return rest < 0 ? rest + units_per_day : rest;
}

arrow::Status DateToTimestamp(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                              const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  const int64_t units = UnitsPerDay(state.to.id());
  const auto convert = [&](int32_t days, int64_t* result) {
    return !__builtin_mul_overflow(int64_t{days}, units, result);
  };
  return CastLoop<int32_t, int64_t>(state, args, selection, num_rows, out, convert,
                                    [&](int32_t) { return Overflow(state.to); });
}

// Seconds may lie beyond the last day that a DATE can be.
arrow::Status TimestampToDate(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                              const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  const int64_t units = UnitsPerDay(state.from.id());
  const auto convert = [&](int64_t value, int32_t* days) {
    const int64_t wide = FloorDivide(value, units);
    *days = static_cast<int32_t>(wide);
    return *days == wide;
  };
  return CastLoop<int64_t, int32_t>(state, args, selection, num_rows, out, convert,
                                    [&](int64_t) { return Overflow(state.to); });
}

arrow::Status TimestampToTime(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const int64_t units = UnitsPerDay(StateOf(raw_state).from.id());
  MapUnary<int64_t, int64_t>(args, selection, out, [&](int64_t value) {
    const int64_t time = TimeOfDay(value, units);
    return units > kMicrosPerDay ? time / (units / kMicrosPerDay) : time * (kMicrosPerDay / units);
  });
  return arrow::Status::OK();
}

arrow::Status TimestampToTimestamp(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                                   const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  const int64_t from = UnitsPerDay(state.from.id());
  const int64_t to = UnitsPerDay(state.to.id());
  const auto convert = [&](int64_t value, int64_t* result) { return ChangeUnit(value, from, to, result); };
  return CastLoop<int64_t, int64_t>(state, args, selection, num_rows, out, convert,
                                    [&](int64_t) { return Overflow(state.to); });
}

// A timestamp without a zone, or a date, is local to the session's zone.
template <typename A>
arrow::Status ToTimestampTz(KernelContext& context, const void* raw_state, KernelArgs args, const Selection& selection,
                            uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  const TimeZone& zone = context.time_zone();
  const int64_t units = state.from.id() == TypeId::kDate ? 1 : UnitsPerDay(state.from.id());
  const auto convert = [&](A value, int64_t* result) {
    int64_t local = 0;
    return ChangeUnit(value, units, kMicrosPerDay, &local) && zone.UtcMicros(local, result);
  };
  return CastLoop<A, int64_t>(state, args, selection, num_rows, out, convert, [&](A) { return Overflow(state.to); });
}

// What an instant is in the session's zone.
arrow::Status FromTimestampTz(KernelContext& context, const void* raw_state, KernelArgs args,
                              const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  const TimeZone& zone = context.time_zone();
  const auto error = [&](int64_t) { return Overflow(state.to); };
  if (state.to.id() == TypeId::kDate) {
    const auto convert = [&](int64_t utc, int32_t* days) {
      int64_t local = 0;
      if (!zone.LocalMicros(utc, &local)) return false;
      *days = static_cast<int32_t>(FloorDivide(local, kMicrosPerDay));
      return true;
    };
    return CastLoop<int64_t, int32_t>(state, args, selection, num_rows, out, convert, error);
  }
  const TypeId to = state.to.id();
  const auto convert = [&](int64_t utc, int64_t* result) {
    int64_t local = 0;
    if (!zone.LocalMicros(utc, &local)) return false;
    const int64_t time = TimeOfDay(local, kMicrosPerDay);
    if (to == TypeId::kTime) {
      *result = time;
    } else if (to == TypeId::kTimeTz) {
      *result = HoldTimeTz({time, zone.OffsetAt(FloorDivide(utc, kMicrosPerSecond))});
    } else {
      return ChangeUnit(local, kMicrosPerDay, UnitsPerDay(to), result);
    }
    return true;
  };
  return CastLoop<int64_t, int64_t>(state, args, selection, num_rows, out, convert, error);
}

// In UTC, as what has no zone.
arrow::Status TimestampToTimeTz(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                                const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<int64_t, int64_t>(args, selection, out, [](int64_t micros) {
    return HoldTimeTz({TimeOfDay(micros, kMicrosPerDay), 0});
  });
  return arrow::Status::OK();
}

arrow::Status TimeToTimeTz(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<int64_t, int64_t>(args, selection, out, [](int64_t micros) { return HoldTimeTz({micros, 0}); });
  return arrow::Status::OK();
}

arrow::Status TimeTzToTime(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<int64_t, int64_t>(args, selection, out, [](int64_t held) { return TimeTzOf(held).micros; });
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

CastChoice ChooseFromTimestamp(LogicalType from, LogicalType to) {
  // A DATE holds the day of every TIMESTAMP of microseconds and nanoseconds.
  const bool far = from.id() == TypeId::kTimestampS || from.id() == TypeId::kTimestampMs;
  if (to.id() == TypeId::kDate) return {TimestampToDate, far, kFormsFlat, false};
  if (to.id() == TypeId::kTime) return {TimestampToTime, false, kFormsFlat, false};
  if (to.id() == TypeId::kTimeTz && from.id() == TypeId::kTimestamp)
    return {TimestampToTimeTz, false, kFormsFlat, false};
  if (to.id() == TypeId::kTimestampTz) return {ToTimestampTz<int64_t>, true, kFormsFlat, false, true};
  if (!to.IsTimestamp()) return {};
  return {TimestampToTimestamp, UnitsPerDay(to.id()) > UnitsPerDay(from.id()), kFormsFlat, false};
}

}  // namespace

CastChoice ChooseTemporalCast(LogicalType from, LogicalType to) {
  if (from.id() == TypeId::kTimestampTz) {
    if (to.id() == TypeId::kInterval) return {};
    return {FromTimestampTz, true, kFormsFlat, false, true};
  }
  if (from.IsTimestamp()) return ChooseFromTimestamp(from, to);
  if (from.id() == TypeId::kDate) {
    if (to.id() == TypeId::kTimestampTz) return {ToTimestampTz<int32_t>, true, kFormsFlat, false, true};
    return to.IsTimestamp() ? CastChoice{DateToTimestamp, true, kFormsFlat, false} : CastChoice{};
  }
  if (from.id() == TypeId::kTime && to.id() == TypeId::kInterval) return {TimeToInterval, false, kFormsFlat, false};
  if (from.id() == TypeId::kTime && to.id() == TypeId::kTimeTz) return {TimeToTimeTz, false, kFormsFlat, false};
  if (from.id() == TypeId::kTimeTz && to.id() == TypeId::kTime) return {TimeTzToTime, false, kFormsFlat, false};
  if (from.id() == TypeId::kInterval && to.id() == TypeId::kTime) return {IntervalToTime, false, kFormsFlat, false};
  return {};
}

}  // namespace llkv
