// Dates, times and intervals of their parts: make_date, make_time, make_timestamp, make_timestamptz, make_interval; and
// of counts since 1970: epoch_ms and its kin.
#include <cmath>

#include "functions/binding.h"
#include "functions/kernel.h"
#include "functions/zone_argument.h"
#include "types/calendar.h"

namespace llkv {

namespace {

constexpr TypeId kBigInt = TypeId::kBigInt;
constexpr TypeId kDouble = TypeId::kDouble;
constexpr TypeId kInstant = TypeId::kTimestampTz;

arrow::Status Overflow(LogicalType type) {
  return SqlError(sqlstate::kDatetimeOverflow, "the result is out of range for " + type.ToString());
}

// Days of a year (negative ones are BC, there is no year 0), month and day.
arrow::Result<int64_t> DaysOf(int64_t year, int64_t month, int64_t day) {
  const int64_t y = year < 0 ? year + 1 : year;
  if (year == 0 || y < -5000000 || y > 5000000 || month < 1 || month > 12 || day < 1 ||
      day > DaysInMonth(y, static_cast<int>(month))) {
    return SqlError(sqlstate::kDatetimeOverflow, "there is no such date");
  }
  return DaysFromCivil(y, static_cast<int>(month), static_cast<int>(day));
}

arrow::Result<int64_t> MicrosOf(int64_t hour, int64_t minute, double second) {
  const double micros = std::nearbyint(second * 1e6);
  if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || !(micros >= 0 && micros <= kMicrosPerMinute)) {
    return SqlError(sqlstate::kDatetimeOverflow, "there is no such time of day");
  }
  const int64_t time = hour * kMicrosPerHour + minute * kMicrosPerMinute + static_cast<int64_t>(micros);
  if (time > kMicrosPerDay) return SqlError(sqlstate::kDatetimeOverflow, "there is no such time of day");
  return time;
}

arrow::Status MakeDateKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int64_t> year(*args[0]);
  const Input<int64_t> month(*args[1]);
  const Input<int64_t> day(*args[2]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const int64_t days, DaysOf(year[row], month[row], day[row]));
    out.data<int32_t>()[row] = static_cast<int32_t>(days);
    return arrow::Status::OK();
  });
}

arrow::Status MakeTimeKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int64_t> hour(*args[0]);
  const Input<int64_t> minute(*args[1]);
  const Input<double> second(*args[2]);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    return MicrosOf(hour[row], minute[row], second[row]).Value(&out.data<int64_t>()[row]);
  });
}

// Six arguments as a local time in microseconds.
class LocalParts {
 public:
  explicit LocalParts(KernelArgs args)
      : year_(*args[0]), month_(*args[1]), day_(*args[2]), hour_(*args[3]), minute_(*args[4]), second_(*args[5]) {}

  arrow::Result<int64_t> At(uint32_t row, LogicalType type) const {
    ARROW_ASSIGN_OR_RAISE(const int64_t days, DaysOf(year_[row], month_[row], day_[row]));
    ARROW_ASSIGN_OR_RAISE(const int64_t time, MicrosOf(hour_[row], minute_[row], second_[row]));
    int64_t micros = 0;
    if (__builtin_mul_overflow(days, kMicrosPerDay, &micros) || __builtin_add_overflow(micros, time, &micros)) {
      return Overflow(type);
    }
    return micros;
  }

 private:
  Input<int64_t> year_;
  Input<int64_t> month_;
  Input<int64_t> day_;
  Input<int64_t> hour_;
  Input<int64_t> minute_;
  Input<double> second_;
};

arrow::Status MakeTimestampKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                                  const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const LocalParts parts(args);
  return ForEachRowChecked(
      selection, [&](uint32_t row) { return parts.At(row, out.vector().type).Value(&out.data<int64_t>()[row]); });
}

// In the session's zone, or in that of the seventh argument.
arrow::Status MakeInstantKernel(KernelContext& context, const void* /*state*/, KernelArgs args,
                                const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const LocalParts parts(args);
  ZoneArgument zones(*args.back());
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const int64_t local, parts.At(row, out.vector().type));
    const TimeZone* zone = &context.time_zone();
    if (args.size() == 7) {
      ARROW_ASSIGN_OR_RAISE(zone, zones.At(row));
    }
    return zone->UtcMicros(local, &out.data<int64_t>()[row]) ? arrow::Status::OK() : Overflow(out.vector().type);
  });
}

arrow::Result<BoundScalar> BindMakeDate(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{kBigInt, kBigInt, kBigInt}, TypeId::kDate, MakeDateKernel, true}};
  return BindOverloads(self, input, overloads);
}

arrow::Result<BoundScalar> BindMakeTime(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{kBigInt, kBigInt, kDouble}, TypeId::kTime, MakeTimeKernel, true}};
  return BindOverloads(self, input, overloads);
}

// ---- make_interval -------------------------------------------------------------------------------------------------

constexpr size_t kIntervalParts = 7;

// Years, months, weeks, days, hours, minutes and seconds; those that are not given are 0.
bool IntervalOf(const int64_t (&parts)[kIntervalParts - 1], double seconds, Interval* result) {
  const int128_t months = static_cast<int128_t>(parts[0]) * 12 + parts[1];
  const int128_t days = static_cast<int128_t>(parts[2]) * 7 + parts[3];
  const double micros = std::nearbyint(seconds * 1e6);
  if (!(std::fabs(micros) < 0x1p62)) return false;
  const int128_t time = static_cast<int128_t>(parts[4]) * kMicrosPerHour +
                        static_cast<int128_t>(parts[5]) * kMicrosPerMinute + static_cast<int64_t>(micros);
  const int128_t nanos = time * 1000;
  *result = {static_cast<int32_t>(months), static_cast<int32_t>(days), static_cast<int64_t>(nanos)};
  return result->months == months && result->days == days && result->nanos == nanos;
}

arrow::Status MakeIntervalKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                                 const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  return ForEachRowChecked(selection, [&](uint32_t row) {
    int64_t parts[kIntervalParts - 1] = {};
    for (size_t i = 0; i < args.size() && i < kIntervalParts - 1; ++i) parts[i] = Input<int64_t>(*args[i])[row];
    const double seconds = args.size() == kIntervalParts ? Input<double>(*args.back())[row] : 0;
    return IntervalOf(parts, seconds, &out.data<Interval>()[row]) ? arrow::Status::OK() : Overflow(TypeId::kInterval);
  });
}

std::vector<Overload> MakeIntervalOverloads() {
  std::vector<Overload> overloads;
  for (size_t count = 0; count <= kIntervalParts; ++count) {
    std::vector<LogicalType> types(count, kBigInt);
    if (count == kIntervalParts) types.back() = kDouble;
    overloads.push_back({std::move(types), TypeId::kInterval, MakeIntervalKernel, true});
  }
  return overloads;
}

arrow::Result<BoundScalar> BindMakeInterval(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = MakeIntervalOverloads();
  return BindOverloads(self, input, overloads);
}

// ---- counts since 1970 ---------------------------------------------------------------------------------------------

// A count is what a timestamp of the same unit holds.
arrow::Status CountKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                          const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<int64_t, int64_t>(args, selection, out, [](int64_t value) { return value; });
  return arrow::Status::OK();
}

arrow::Result<BoundScalar> BindMakeTimestamp(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{kBigInt, kBigInt, kBigInt, kBigInt, kBigInt, kDouble}, TypeId::kTimestamp, MakeTimestampKernel, true},
      {{kBigInt}, TypeId::kTimestamp, CountKernel}};
  return BindOverloads(self, input, overloads);
}

arrow::Result<BoundScalar> BindMakeInstant(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{kBigInt, kBigInt, kBigInt, kBigInt, kBigInt, kDouble},
       kInstant,
       MakeInstantKernel,
       true,
       false,
       NullRule::kPropagate,
       Volatility::kStable},
      {{kBigInt, kBigInt, kBigInt, kBigInt, kBigInt, kDouble, TypeId::kVarchar}, kInstant, MakeInstantKernel, true},
      {{kBigInt}, kInstant, CountKernel}};
  return BindOverloads(self, input, overloads);
}

template <TypeId type>
arrow::Result<BoundScalar> BindMakeUnits(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{kBigInt}, type, CountKernel}};
  return BindOverloads(self, input, overloads);
}

// A time as a count of 10^-digits seconds since 1970, cut; and a count of milliseconds as a TIMESTAMP.
template <int digits>
arrow::Status EpochKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                          const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int64_t> values(*args[0]);
  const int64_t units = UnitsPerSecond(args[0]->type.id());
  constexpr int64_t kWanted = digits == 3 ? 1000 : digits == 6 ? kMicrosPerSecond : 1000000000;
  return ForEachRowChecked(selection, [&](uint32_t row) {
    int64_t& result = out.data<int64_t>()[row];
    if (units >= kWanted) {
      result = FloorDivide(values[row], units / kWanted);
      return arrow::Status::OK();
    }
    const bool overflow = __builtin_mul_overflow(values[row], kWanted / units, &result);
    return overflow ? OutOfRange(kBigInt) : arrow::Status::OK();
  });
}

arrow::Status MillisKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int64_t> values(*args[0]);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    const bool overflow = __builtin_mul_overflow(values[row], int64_t{1000}, &out.data<int64_t>()[row]);
    return overflow ? Overflow(TypeId::kTimestamp) : arrow::Status::OK();
  });
}

template <int digits>
arrow::Result<BoundScalar> BindEpoch(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{TypeId::kTimestamp}, kBigInt, EpochKernel<digits>, true},
                                                  {{kInstant}, kBigInt, EpochKernel<digits>, true},
                                                  {{TypeId::kTimestampNs}, kBigInt, EpochKernel<digits>, true},
                                                  {{kBigInt}, TypeId::kTimestamp, MillisKernel, true}};
  const std::span<const Overload> all(overloads);
  return BindOverloads(self, input, digits == 3 ? all : all.first(3));
}

}  // namespace

void RegisterMakeTime(FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* text, const char* example,
                       auto bind) {
    registry.Add(ScalarFunction{name, std::move(aliases), text, example, bind});
  };
  add("make_date", {}, "A date of year, month and day.", "make_date(1992, 1, 2)", BindMakeDate);
  add("make_time", {}, "A time of day of hour, minute and seconds.", "make_time(8, 15, 23.5)", BindMakeTime);
  add("make_timestamp", {}, "A timestamp of its six parts, or of microseconds since 1970.",
      "make_timestamp(2013, 7, 15, 8, 15, 23.5)", BindMakeTimestamp);
  add("make_timestamptz", {}, "An instant of the six parts of local time, in a zone where one is given.",
      "make_timestamptz(2013, 7, 15, 8, 15, 23.5, 'Europe/Berlin')", BindMakeInstant);
  add("make_interval", {}, "An interval of years, months, weeks, days, hours, minutes and seconds.",
      "make_interval(days => 10)", BindMakeInterval);
  add("make_timestamp_ms", {}, "A TIMESTAMP_MS of milliseconds since 1970.", "make_timestamp_ms(0)",
      BindMakeUnits<TypeId::kTimestampMs>);
  add("make_timestamp_ns", {}, "A TIMESTAMP_NS of nanoseconds since 1970.", "make_timestamp_ns(0)",
      BindMakeUnits<TypeId::kTimestampNs>);
  add("epoch_ms", {}, "Milliseconds since 1970 of a time, or the TIMESTAMP that so many are.", "epoch_ms(t)",
      BindEpoch<3>);
  add("epoch_us", {}, "Microseconds since 1970.", "epoch_us(t)", BindEpoch<6>);
  add("epoch_ns", {}, "Nanoseconds since 1970.", "epoch_ns(t)", BindEpoch<9>);
}

}  // namespace llkv
