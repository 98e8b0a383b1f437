// What time it is: of the statement (now and its kin) and of the wall (clock_timestamp, timeofday).
#include <fmt/format.h>

#include <chrono>

#include "functions/binding.h"
#include "functions/kernel.h"
#include "types/calendar.h"
#include "types/date_names.h"
#include "types/time_tz.h"
#include "types/time_zone.h"

namespace llkv {

namespace {

enum class Clock : uint8_t { kInstant, kLocal, kDate, kTime, kTimeTz };

// Rounded to so many digits of a second where an argument says so.
arrow::Result<int64_t> StatementTime(const KernelContext& context, KernelArgs args) {
  if (args.empty()) return context.statement_time_us;
  const int64_t digits = Input<int64_t>(*args[0])[0];
  if (digits < 0 || digits > 6) {
    return SqlError(sqlstate::kInvalidParameter, "a time has 0 to 6 digits after the point");
  }
  int64_t unit = 1;
  for (int64_t i = digits; i < 6; ++i) unit *= 10;
  return RoundDivide(context.statement_time_us, unit) * unit;
}

// The statement's time, as the session's zone has it.
template <typename T, Clock clock>
arrow::Status ClockKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                          uint32_t /*num_rows*/, ScratchVector& out) {
  if (selection.count == 0) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const int64_t now, StatementTime(context, args));
  const int64_t offset = context.time_zone().OffsetAt(FloorDivide(now, kMicrosPerSecond));
  const int64_t local = now + offset * kMicrosPerSecond;
  const int64_t days = FloorDivide(local, kMicrosPerDay);
  int64_t value = now;
  if (clock == Clock::kLocal) value = local;
  if (clock == Clock::kDate) value = days;
  if (clock == Clock::kTime) value = local - days * kMicrosPerDay;
  if (clock == Clock::kTimeTz) value = HoldTimeTz({local - days * kMicrosPerDay, static_cast<int32_t>(offset)});
  ForEachRow(selection, [&](uint32_t row) { out.data<T>()[row] = static_cast<T>(value); });
  return arrow::Status::OK();
}

template <TypeId type, typename T, Clock clock>
arrow::Result<BoundScalar> BindClock(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{}, type, ClockKernel<T, clock>, false, false, NullRule::kPropagate, Volatility::kStable}};
  return BindOverloads(self, input, overloads);
}

// The same with a precision: current_timestamp(0).
template <TypeId type, Clock clock>
arrow::Result<BoundScalar> BindPreciseClock(const ScalarFunction& self, const BindInput& input) {
  constexpr NullRule kRule = NullRule::kPropagate;
  static const std::vector<Overload> overloads = {
      {{}, type, ClockKernel<int64_t, clock>, false, false, kRule, Volatility::kStable},
      {{TypeId::kBigInt}, type, ClockKernel<int64_t, clock>, true, false, kRule, Volatility::kStable}};
  if (input.argument_types.size() == 1 && (input.constants.empty() || input.constants[0] == nullptr)) {
    return NotSupported("the digits of " + self.name + " must be a constant");
  }
  return BindOverloads(self, input, overloads);
}

int64_t WallMicros() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

arrow::Status WallClockKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs /*args*/,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  ForEachRow(selection, [&](uint32_t row) { out.data<int64_t>()[row] = WallMicros(); });
  return arrow::Status::OK();
}

arrow::Result<BoundScalar> BindWallClock(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{}, TypeId::kTimestampTz, WallClockKernel, false, false, NullRule::kPropagate, Volatility::kVolatile}};
  return BindOverloads(self, input, overloads);
}

// "Mon Feb 14 15:19:35.644805 2022 EST"
arrow::Status TimeOfDayKernel(KernelContext& context, const void* /*state*/, KernelArgs /*args*/,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const TimeZone& zone = context.time_zone();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const int64_t now = WallMicros();
    const int64_t seconds = FloorDivide(now, kMicrosPerSecond);
    const int64_t local = now + zone.OffsetAt(seconds) * kMicrosPerSecond;
    const int64_t days = FloorDivide(local, kMicrosPerDay);
    const int64_t time = local - days * kMicrosPerDay;
    const CivilDate date = CivilFromDays(days);
    const std::string text = fmt::format(
        "{} {} {:02} {:02}:{:02}:{:02}.{:06} {} {}", kWeekdayNames[DayOfWeek(days)].substr(0, 3),
        kMonthNames[date.month - 1].substr(0, 3), date.day, time / kMicrosPerHour, time / kMicrosPerMinute % 60,
        time / kMicrosPerSecond % 60, time % kMicrosPerSecond, date.year, zone.AbbreviationAt(seconds));
    return context.arena->Copy(text).Value(&out.data<StringRef>()[row]);
  });
}

arrow::Result<BoundScalar> BindTimeOfDay(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{}, TypeId::kVarchar, TimeOfDayKernel, false, false, NullRule::kPropagate, Volatility::kVolatile}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterClock(FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* text, const char* example,
                       auto bind) {
    registry.Add(ScalarFunction{name, std::move(aliases), text, example, bind});
  };
  add("now", {"transaction_timestamp", "statement_timestamp", "get_current_timestamp"}, "The statement's time.",
      "now()", BindClock<TypeId::kTimestampTz, int64_t, Clock::kInstant>);
  add("current_timestamp", {}, "The statement's time.", "current_timestamp",
      BindPreciseClock<TypeId::kTimestampTz, Clock::kInstant>);
  add("localtimestamp", {}, "The statement's local time.", "localtimestamp",
      BindPreciseClock<TypeId::kTimestamp, Clock::kLocal>);
  add("current_date", {"today"}, "The statement's date.", "current_date",
      BindClock<TypeId::kDate, int32_t, Clock::kDate>);
  add("current_time", {"get_current_time"}, "The statement's time of day, with its zone.", "current_time",
      BindPreciseClock<TypeId::kTimeTz, Clock::kTimeTz>);
  add("localtime", {}, "The statement's time of day.", "localtime", BindPreciseClock<TypeId::kTime, Clock::kTime>);
  add("clock_timestamp", {}, "The time when it is called.", "clock_timestamp()", BindWallClock);
  add("timeofday", {}, "The time when it is called, as text.", "timeofday()", BindTimeOfDay);
}

}  // namespace llkv
