// AT TIME ZONE and AT LOCAL: timezone.
#include "types/time_zone.h"
#include "functions/binding.h"
#include "functions/kernel.h"
#include "functions/zone_argument.h"
#include "types/calendar.h"
#include "types/time_tz.h"

namespace llkv {

namespace {

arrow::Status Overflow(LogicalType type) {
  return SqlError(sqlstate::kDatetimeOverflow, "the result is out of range for " + type.ToString());
}

// change(zone, value, &result) is false for an overflow.
template <typename F>
arrow::Status ChangeZone(KernelArgs args, const Selection& selection, ScratchVector& out, F&& change) {
  ZoneArgument zones(*args[0]);
  const Input<int64_t> values(*args[1]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const TimeZone* zone, zones.At(row));
    const bool fits = change(*zone, values[row], &out.data<int64_t>()[row]);
    return fits ? arrow::Status::OK() : Overflow(out.vector().type);
  });
}

arrow::Status LocalToInstant(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  return ChangeZone(args, selection, out,
                    [](const TimeZone& zone, int64_t local, int64_t* utc) { return zone.UtcMicros(local, utc); });
}

arrow::Status InstantToLocal(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  return ChangeZone(args, selection, out,
                    [](const TimeZone& zone, int64_t utc, int64_t* local) { return zone.LocalMicros(utc, local); });
}

int64_t MoveTimeTz(int64_t held, int32_t offset_seconds) {
  const TimeTz time = TimeTzOf(held);
  const int64_t moved = time.micros + (int64_t{offset_seconds} - time.offset_seconds) * kMicrosPerSecond;
  return HoldTimeTz({moved - FloorDivide(moved, kMicrosPerDay) * kMicrosPerDay, offset_seconds});
}

// A zone's distance from UTC is that of the statement's time.
arrow::Status TimeTzToZone(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, ScratchVector& out) {
  const int64_t now_seconds = FloorDivide(context.statement_time_us, kMicrosPerSecond);
  return ChangeZone(args, selection, out, [&](const TimeZone& zone, int64_t held, int64_t* result) {
    *result = MoveTimeTz(held, zone.OffsetAt(now_seconds));
    return true;
  });
}

// A distance from UTC in place of a zone.
template <int sign>
arrow::Status ShiftByInterval(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<Interval> distance(*args[0]);
  const Input<int64_t> values(*args[1]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const Interval& interval = distance[row];
    if (interval.months != 0 || interval.days != 0) {
      return SqlError(sqlstate::kInvalidParameter, "a distance from UTC has no months and no days");
    }
    const bool overflow =
        __builtin_add_overflow(values[row], sign * (interval.nanos / 1000), &out.data<int64_t>()[row]);
    return overflow ? Overflow(out.vector().type) : arrow::Status::OK();
  });
}

// AT LOCAL: by the session's zone.
arrow::Status LocalToSession(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                             uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int64_t> values(*args[0]);
  const bool to_local = args[0]->type.IsZoned();
  const TimeZone& zone = context.time_zone();
  return ForEachRowChecked(selection, [&](uint32_t row) {
    int64_t* result = &out.data<int64_t>()[row];
    const bool fits = to_local ? zone.LocalMicros(values[row], result) : zone.UtcMicros(values[row], result);
    return fits ? arrow::Status::OK() : Overflow(out.vector().type);
  });
}

arrow::Status TimeTzToSession(KernelContext& context, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const int32_t offset = context.time_zone().OffsetAt(FloorDivide(context.statement_time_us, kMicrosPerSecond));
  MapUnary<int64_t, int64_t>(args, selection, out, [&](int64_t held) { return MoveTimeTz(held, offset); });
  return arrow::Status::OK();
}

arrow::Status TimeTzToDistance(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                               const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<Interval> distances(*args[0]);
  const Input<int64_t> values(*args[1]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const Interval& distance = distances[row];
    const int64_t seconds = distance.nanos / 1000000000;
    if (distance.months != 0 || distance.days != 0 || seconds < -kMaxTimeTzOffset || seconds > kMaxTimeTzOffset) {
      return SqlError(sqlstate::kInvalidParameter, "a distance from UTC has no months and no days");
    }
    out.data<int64_t>()[row] = MoveTimeTz(values[row], static_cast<int32_t>(seconds));
    return arrow::Status::OK();
  });
}

arrow::Result<BoundScalar> BindTimeZone(const ScalarFunction& self, const BindInput& input) {
  constexpr TypeId kText = TypeId::kVarchar;
  constexpr TypeId kTimestamp = TypeId::kTimestamp;
  constexpr TypeId kTimestampTz = TypeId::kTimestampTz;
  static const std::vector<Overload> overloads = {
      {{kText, kTimestamp}, kTimestampTz, LocalToInstant, true},
      {{kText, kTimestampTz}, kTimestamp, InstantToLocal, true},
      {{kText, TypeId::kTimeTz}, TypeId::kTimeTz, TimeTzToZone, true, false, NullRule::kPropagate, Volatility::kStable},
      {{TypeId::kInterval, TypeId::kTimeTz}, TypeId::kTimeTz, TimeTzToDistance, true},
      {{kTimestamp}, kTimestampTz, LocalToSession, true, false, NullRule::kPropagate, Volatility::kStable},
      {{kTimestampTz}, kTimestamp, LocalToSession, true, false, NullRule::kPropagate, Volatility::kStable},
      {{TypeId::kTimeTz}, TypeId::kTimeTz, TimeTzToSession, false, false, NullRule::kPropagate, Volatility::kStable},
      {{TypeId::kInterval, kTimestamp}, kTimestampTz, ShiftByInterval<-1>, true},
      {{TypeId::kInterval, kTimestampTz}, kTimestamp, ShiftByInterval<1>, true},
  };
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterTimeZone(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"timezone",
                              {},
                              "An instant as local time of a zone, or a local time of a zone as an instant.",
                              "t AT TIME ZONE 'Europe/Berlin'",
                              BindTimeZone});
}

}  // namespace llkv
