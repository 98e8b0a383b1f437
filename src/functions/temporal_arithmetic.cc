// + - * where dates, times or intervals take part.
#include "functions/temporal_arithmetic.h"

#include <cmath>

#include "types/calendar.h"
#include "types/time_tz.h"
#include "types/time_zone.h"

namespace llkv {

namespace {

arrow::Status Overflow(LogicalType type) {
  return SqlError(sqlstate::kDatetimeOverflow, "the result is out of range for " + type.ToString());
}

// out[row] = f(a, b, &result); false is an overflow.
template <typename A, typename B, typename O, typename F>
arrow::Status CheckedMap(KernelArgs args, const Selection& selection, ScratchVector& out, F&& f) {
  const Input<A> a(*args[0]);
  const Input<B> b(*args[1]);
  O* result = out.data<O>();
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint32_t row = selection[i];
    if (!f(a[row], b[row], &result[row])) return Overflow(out.vector().type);
  }
  return arrow::Status::OK();
}

template <int sign>
arrow::Status DateInteger(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                          const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  return CheckedMap<int32_t, int64_t, int32_t>(args, selection, out, [](int32_t a, int64_t b, int32_t* result) {
    return sign > 0 ? !__builtin_add_overflow(a, b, result) : !__builtin_sub_overflow(a, b, result);
  });
}

arrow::Status DateDate(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                       uint32_t /*num_rows*/, ScratchVector& out) {
  MapBinary<int32_t, int32_t, int64_t>(args, selection, out, [](int32_t a, int32_t b) { return int64_t{a} - b; });
  return arrow::Status::OK();
}

template <int sign>
arrow::Status DateInterval(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  return CheckedMap<int32_t, Interval, int64_t>(
      args, selection, out, [](int32_t days, const Interval& interval, int64_t* result) {
        int64_t micros = 0;
        if (__builtin_mul_overflow(int64_t{days}, kMicrosPerDay, &micros)) return false;
        const std::optional<int64_t> moved = AddInterval(micros, interval, sign);
        *result = moved.value_or(0);
        return moved.has_value();
      });
}

template <int sign>
arrow::Status TimestampInterval(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                                const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  return CheckedMap<int64_t, Interval, int64_t>(
      args, selection, out, [](int64_t micros, const Interval& interval, int64_t* result) {
        const std::optional<int64_t> moved = AddInterval(micros, interval, sign);
        *result = moved.value_or(0);
        return moved.has_value();
      });
}

template <int sign>
arrow::Status InstantInterval(KernelContext& context, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const TimeZone& zone = context.time_zone();
  return CheckedMap<int64_t, Interval, int64_t>(args, selection, out,
                                                [&](int64_t utc, const Interval& interval, int64_t* result) {
                                                  return MoveInstant(zone, utc, interval, sign, result);
                                                });
}

// As PostgreSQL: whole days and the rest as time.
arrow::Status TimestampTimestamp(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                                 const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  return CheckedMap<int64_t, int64_t, Interval>(args, selection, out, [](int64_t a, int64_t b, Interval* result) {
    int64_t micros = 0;
    if (__builtin_sub_overflow(a, b, &micros)) return false;
    *result = {0, static_cast<int32_t>(micros / kMicrosPerDay), micros % kMicrosPerDay * 1000};
    return true;
  });
}

template <int sign>
arrow::Status TimeInterval(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapBinary<int64_t, Interval, int64_t>(args, selection, out, [](int64_t micros, const Interval& interval) {
    const int64_t moved = micros + sign * (interval.nanos / 1000 % kMicrosPerDay);
    return moved - FloorDivide(moved, kMicrosPerDay) * kMicrosPerDay;
  });
  return arrow::Status::OK();
}

template <int sign>
arrow::Status TimeTzInterval(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapBinary<int64_t, Interval, int64_t>(args, selection, out, [](int64_t held, const Interval& interval) {
    const TimeTz time = TimeTzOf(held);
    const int64_t moved = time.micros + sign * (interval.nanos / 1000 % kMicrosPerDay);
    return HoldTimeTz({moved - FloorDivide(moved, kMicrosPerDay) * kMicrosPerDay, time.offset_seconds});
  });
  return arrow::Status::OK();
}

arrow::Status TimeTime(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                       uint32_t /*num_rows*/, ScratchVector& out) {
  MapBinary<int64_t, int64_t, Interval>(args, selection, out, [](int64_t a, int64_t b) {
    return Interval{0, 0, (a - b) * 1000};
  });
  return arrow::Status::OK();
}

arrow::Status DateTime(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                       uint32_t /*num_rows*/, ScratchVector& out) {
  return CheckedMap<int32_t, int64_t, int64_t>(args, selection, out, [](int32_t days, int64_t time, int64_t* result) {
    return !__builtin_mul_overflow(int64_t{days}, kMicrosPerDay, result) &&
           !__builtin_add_overflow(*result, time, result);
  });
}

arrow::Status DateTimeTz(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  return CheckedMap<int32_t, int64_t, int64_t>(args, selection, out, [](int32_t days, int64_t held, int64_t* result) {
    const TimeTz time = TimeTzOf(held);
    return !__builtin_mul_overflow(int64_t{days}, kMicrosPerDay, result) &&
           !__builtin_add_overflow(*result, time.micros - time.offset_seconds * kMicrosPerSecond, result);
  });
}

bool CombineIntervals(const Interval& a, const Interval& b, int sign, Interval* result) {
  if (sign > 0) {
    return !__builtin_add_overflow(a.months, b.months, &result->months) &&
           !__builtin_add_overflow(a.days, b.days, &result->days) &&
           !__builtin_add_overflow(a.nanos, b.nanos, &result->nanos);
  }
  return !__builtin_sub_overflow(a.months, b.months, &result->months) &&
         !__builtin_sub_overflow(a.days, b.days, &result->days) &&
         !__builtin_sub_overflow(a.nanos, b.nanos, &result->nanos);
}

template <int sign>
arrow::Status IntervalInterval(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                               const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  return CheckedMap<Interval, Interval, Interval>(
      args, selection, out,
      [](const Interval& a, const Interval& b, Interval* result) { return CombineIntervals(a, b, sign, result); });
}

// To whole microseconds, as seconds.
double RoundSeconds(double value) { return std::rint(value * 1e6) / 1e6; }

// Fractions of months spill into days of a 30-day month, those of days into time, as PostgreSQL has it.
template <bool divide>
bool ScaleInterval(const Interval& value, double factor, Interval* result) {
  const auto scale = [&](double part) { return divide ? part / factor : part * factor; };
  constexpr double kSecondsPerDay = 86400;
  const double months = scale(value.months);
  const double days = scale(value.days);
  if (!(std::fabs(months) < 0x1p31) || !(std::fabs(days) < 0x1p31)) return false;
  const double whole_months = std::trunc(months);
  double whole_days = std::trunc(days);
  const double days_of_months = RoundSeconds((months - whole_months) * 30);
  double seconds = RoundSeconds((days - whole_days + days_of_months - std::trunc(days_of_months)) * kSecondsPerDay);
  if (std::fabs(seconds) >= kSecondsPerDay) {
    whole_days += std::trunc(seconds / kSecondsPerDay);
    seconds = std::fmod(seconds, kSecondsPerDay);
  }
  whole_days += std::trunc(days_of_months);
  const double micros = std::rint(scale(static_cast<double>(value.nanos / 1000)) + seconds * 1e6);
  if (!(std::fabs(whole_days) < 0x1p31) || !(std::fabs(micros) * 1000 < 0x1p63)) return false;
  *result = {static_cast<int32_t>(whole_months), static_cast<int32_t>(whole_days), static_cast<int64_t>(micros) * 1000};
  return true;
}

arrow::Status IntervalTimesDouble(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                                  const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  return CheckedMap<Interval, double, Interval>(args, selection, out, ScaleInterval<false>);
}

arrow::Status DoubleTimesInterval(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                                  const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  return CheckedMap<double, Interval, Interval>(args, selection, out,
                                                [](double factor, const Interval& value, Interval* result) {
                                                  return ScaleInterval<false>(value, factor, result);
                                                });
}

arrow::Status IntervalByDouble(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                               const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<Interval> intervals(*args[0]);
  const Input<double> divisors(*args[1]);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    if (divisors[row] == 0) return DivisionByZero();
    const bool fits = ScaleInterval<true>(intervals[row], divisors[row], &out.data<Interval>()[row]);
    return fits ? arrow::Status::OK() : Overflow(TypeId::kInterval);
  });
}

// a + b with the sides swapped, for interval + date.
template <ScalarKernel kernel>
arrow::Status Swapped(KernelContext& context, const void* state, KernelArgs args, const Selection& selection,
                      uint32_t num_rows, ScratchVector& out) {
  const Vector* const swapped[] = {args[1], args[0]};
  return kernel(context, state, KernelArgs(swapped, 2), selection, num_rows, out);
}

arrow::Status NegateInterval(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<Interval> input(*args[0]);
  Interval* result = out.data<Interval>();
  return ForEachRowChecked(selection, [&](uint32_t row) {
    return CombineIntervals({}, input[row], -1, &result[row]) ? arrow::Status::OK() : Overflow(TypeId::kInterval);
  });
}

std::vector<Overload> AddOverloads() {
  constexpr TypeId kDate = TypeId::kDate;
  constexpr TypeId kTime = TypeId::kTime;
  constexpr TypeId kTimestamp = TypeId::kTimestamp;
  constexpr TypeId kInterval = TypeId::kInterval;
  constexpr TypeId kBigInt = TypeId::kBigInt;
  constexpr TypeId kTimeTz = TypeId::kTimeTz;
  constexpr TypeId kTimestampTz = TypeId::kTimestampTz;
  constexpr NullRule kRule = NullRule::kPropagate;
  return {
      {{kDate, kInterval}, kTimestamp, DateInterval<1>, true},
      {{kDate, kBigInt}, kDate, DateInteger<1>, true},
      {{kDate, kTime}, kTimestamp, DateTime, true},
      {{kTimestamp, kInterval}, kTimestamp, TimestampInterval<1>, true},
      {{kTime, kInterval}, kTime, TimeInterval<1>},
      {{kTimeTz, kInterval}, kTimeTz, TimeTzInterval<1>},
      {{kInterval, kTimeTz}, kTimeTz, Swapped<TimeTzInterval<1>>},
      {{kTimestampTz, kInterval}, kTimestampTz, InstantInterval<1>, true, false, kRule, Volatility::kStable},
      {{kInterval, kTimestampTz}, kTimestampTz, Swapped<InstantInterval<1>>, true, false, kRule, Volatility::kStable},
      {{kInterval, kInterval}, kInterval, IntervalInterval<1>, true},
      {{kInterval, kDate}, kTimestamp, Swapped<DateInterval<1>>, true},
      {{kBigInt, kDate}, kDate, Swapped<DateInteger<1>>, true},
      {{kTime, kDate}, kTimestamp, Swapped<DateTime>, true},
      {{kInterval, kTimestamp}, kTimestamp, Swapped<TimestampInterval<1>>, true},
      {{kInterval, kTime}, kTime, Swapped<TimeInterval<1>>},
      {{kDate, kTimeTz}, kTimestampTz, DateTimeTz, true},
      {{kTimeTz, kDate}, kTimestampTz, Swapped<DateTimeTz>, true},
      {{kInterval},
       kInterval,
       [](KernelContext&, const void*, KernelArgs args, const Selection&, uint32_t, ScratchVector& out) {
         out.vector() = *args[0];
         return arrow::Status::OK();
       }},
  };
}

std::vector<Overload> SubtractOverloads() {
  constexpr TypeId kDate = TypeId::kDate;
  constexpr TypeId kTime = TypeId::kTime;
  constexpr TypeId kTimestamp = TypeId::kTimestamp;
  constexpr TypeId kInterval = TypeId::kInterval;
  constexpr TypeId kTimeTz = TypeId::kTimeTz;
  constexpr TypeId kTimestampTz = TypeId::kTimestampTz;
  return {
      {{kTimestampTz, kTimestampTz}, kInterval, TimestampTimestamp, true},
      {{kTimestampTz, kInterval},
       kTimestampTz,
       InstantInterval<-1>,
       true,
       false,
       NullRule::kPropagate,
       Volatility::kStable},
      {{kTimeTz, kInterval}, kTimeTz, TimeTzInterval<-1>},
      {{kDate, kDate}, TypeId::kBigInt, DateDate},
      {{kDate, kInterval}, kTimestamp, DateInterval<-1>, true},
      {{kDate, TypeId::kBigInt}, kDate, DateInteger<-1>, true},
      {{kTimestamp, kTimestamp}, kInterval, TimestampTimestamp, true},
      {{kTimestamp, kInterval}, kTimestamp, TimestampInterval<-1>, true},
      {{kTime, kInterval}, kTime, TimeInterval<-1>},
      {{kTime, kTime}, kInterval, TimeTime},
      {{kInterval, kInterval}, kInterval, IntervalInterval<-1>, true},
      {{kInterval}, kInterval, NegateInterval, true},
  };
}

}  // namespace

bool MoveInstant(const TimeZone& zone, int64_t utc_micros, const Interval& interval, int sign, int64_t* result) {
  if (interval.months != 0 || interval.days != 0) {
    int64_t local = 0;
    if (!zone.LocalMicros(utc_micros, &local)) return false;
    const std::optional<int64_t> moved = AddInterval(local, {interval.months, interval.days, 0}, sign);
    if (!moved || !zone.UtcMicros(*moved, &utc_micros)) return false;
  }
  return !__builtin_add_overflow(utc_micros, sign * (interval.nanos / 1000), result);
}

bool HasTemporalArgument(const BindInput& input) {
  for (const LogicalType type : input.argument_types) {
    if (type.IsTemporal()) return true;
  }
  return false;
}

arrow::Result<BoundScalar> BindTemporalArithmetic(const ScalarFunction& self, const BindInput& input, ArithmeticOp op) {
  static const std::vector<Overload> add = AddOverloads();
  static const std::vector<Overload> subtract = SubtractOverloads();
  static const std::vector<Overload> multiply = {
      {{TypeId::kInterval, TypeId::kDouble}, TypeId::kInterval, IntervalTimesDouble, true},
      {{TypeId::kDouble, TypeId::kInterval}, TypeId::kInterval, DoubleTimesInterval, true},
  };
  switch (op) {
    case ArithmeticOp::kAdd:
      return BindOverloads(self, input, add);
    case ArithmeticOp::kSubtract:
      return BindOverloads(self, input, subtract);
    default:
      return BindOverloads(self, input, multiply);
  }
}

bool DivideInterval(const Interval& value, double divisor, Interval* result) {
  return ScaleInterval<true>(value, divisor, result);
}

arrow::Result<BoundScalar> BindIntervalDivision(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kInterval, TypeId::kDouble}, TypeId::kInterval, IntervalByDouble, true}};
  return BindOverloads(self, input, overloads);
}

}  // namespace llkv
