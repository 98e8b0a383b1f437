// date_diff and date_sub: how many fields lie between two times; monthname and dayname.
#include "functions/binding.h"
#include "functions/date_fields.h"
#include "functions/kernel.h"
#include "types/calendar.h"
#include "types/date_names.h"
#include "types/time_zone.h"

namespace llkv {

namespace {

constexpr TypeId kText = TypeId::kVarchar;
constexpr TypeId kBigInt = TypeId::kBigInt;

struct DiffState {
  DateField field;
  bool complete;  // count whole fields, not boundaries
};

// Months of a field; 0 for those that are a fixed time.
int64_t MonthsOf(DateField field) {
  switch (field) {
    case DateField::kMonth:
      return 1;
    case DateField::kQuarter:
      return 3;
    case DateField::kYear:
      return 12;
    case DateField::kDecade:
      return 120;
    case DateField::kCentury:
      return 1200;
    case DateField::kMillennium:
      return 12000;
    default:
      return 0;
  }
}

// Microseconds of a field; 0 for those that are none.
int64_t MicrosOf(DateField field) {
  switch (field) {
    case DateField::kMicrosecond:
      return 1;
    case DateField::kMillisecond:
      return 1000;
    case DateField::kSecond:
    case DateField::kEpoch:
      return kMicrosPerSecond;
    case DateField::kMinute:
      return kMicrosPerMinute;
    case DateField::kHour:
      return kMicrosPerHour;
    case DateField::kDay:
    case DateField::kDayOfWeek:
    case DateField::kIsoDayOfWeek:
    case DateField::kDayOfYear:
    case DateField::kJulian:
      return kMicrosPerDay;
    case DateField::kWeek:
      return 7 * kMicrosPerDay;
    default:
      return 0;
  }
}

// Of a time's month since year 0, in groups of `length` months.
int64_t MonthGroup(int64_t micros, int64_t length) {
  const CivilDate date = CivilFromDays(FloorDivide(micros, kMicrosPerDay));
  return FloorDivide(date.year * 12 + date.month - 1, length);
}

// Boundaries of the field between two times.
int64_t CountBoundaries(DateField field, int64_t from, int64_t to) {
  if (field == DateField::kIsoYear) {
    return IsoYear(FloorDivide(to, kMicrosPerDay)) - IsoYear(FloorDivide(from, kMicrosPerDay));
  }
  if (const int64_t months = MonthsOf(field); months != 0) return MonthGroup(to, months) - MonthGroup(from, months);
  const int64_t micros = MicrosOf(field);
  // 1970-01-01 was a Thursday; weeks begin on Mondays.
  const int64_t shift = field == DateField::kWeek ? 3 : 0;
  const auto group = [&](int64_t value) {
    return shift == 0 ? FloorDivide(value, micros) : FloorDivide(FloorDivide(value, kMicrosPerDay) + shift, 7);
  };
  return group(to) - group(from);
}

int64_t CountMonths(int64_t from, int64_t to) {
  if (from > to) return -CountMonths(to, from);
  const int64_t months = MonthGroup(to, 1) - MonthGroup(from, 1);
  const int64_t days = AddMonths(FloorDivide(from, kMicrosPerDay), months);
  const int64_t time = from - FloorDivide(from, kMicrosPerDay) * kMicrosPerDay;
  return static_cast<int128_t>(days) * kMicrosPerDay + time > to ? months - 1 : months;
}

// Complete fields between two times, cut towards zero.
bool CountComplete(DateField field, int64_t from, int64_t to, int64_t* count) {
  if (field == DateField::kIsoYear) field = DateField::kYear;
  if (const int64_t months = MonthsOf(field); months != 0) {
    *count = CountMonths(from, to) / months;
    return true;
  }
  int64_t distance = 0;
  if (__builtin_sub_overflow(to, from, &distance)) return false;
  *count = distance / MicrosOf(field);
  return true;
}

template <bool zoned>
arrow::Status DiffKernel(KernelContext& context, const void* raw_state, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const auto& state = *static_cast<const DiffState*>(raw_state);
  const TimeZone& zone = context.time_zone();
  const Input<int64_t> from(*args[1]);
  const Input<int64_t> to(*args[2]);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    int64_t a = from[row];
    int64_t b = to[row];
    bool fits = !zoned || MicrosOf(state.field) % kMicrosPerDay != 0 ||
                (zone.LocalMicros(from[row], &a) && zone.LocalMicros(to[row], &b));
    int64_t& result = out.data<int64_t>()[row];
    if (state.complete) {
      fits = fits && CountComplete(state.field, a, b, &result);
    } else {
      result = CountBoundaries(state.field, a, b);
    }
    return fits ? arrow::Status::OK() : SqlError(sqlstate::kDatetimeOverflow, "the times are too far apart");
  });
}

template <bool complete>
arrow::Result<BoundScalar> BindDiff(const ScalarFunction& self, const BindInput& input) {
  constexpr TypeId kLocal = TypeId::kTimestamp;
  constexpr TypeId kInstant = TypeId::kTimestampTz;
  static const std::vector<Overload> overloads = {
      {{kText, kLocal, kLocal}, kBigInt, DiffKernel<false>, true},
      {{kText, kInstant, kInstant}, kBigInt, DiffKernel<true>, true, false, NullRule::kPropagate, Volatility::kStable}};
  ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindOverloads(self, input, overloads));
  if (!IsTextLiteral(input, 0) || input.constants[0]->is_null()) {
    return NotSupported("the field of " + self.name + " must be a constant text");
  }
  ARROW_ASSIGN_OR_RAISE(const DateField field, NeedField(input.constants[0]->bytes()));
  if (MonthsOf(field) == 0 && MicrosOf(field) == 0 && field != DateField::kIsoYear) {
    return NotSupported("times are not counted in \"" + input.constants[0]->bytes() + "\"");
  }
  bound.state = std::make_shared<const DiffState>(DiffState{field, complete});
  return bound;
}

std::string_view MonthNameOf(int64_t days) { return kMonthNames[CivilFromDays(days).month - 1]; }
std::string_view DayNameOf(int64_t days) { return kWeekdayNames[DayOfWeek(days)]; }

template <std::string_view (*name)(int64_t)>
arrow::Status NameKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const Vector& input = *args[0];
  if (input.type.id() == TypeId::kDate) {
    MapUnary<int32_t, StringRef>(args, selection, out, [](int32_t days) { return StringRef(name(days)); });
    return arrow::Status::OK();
  }
  const bool zoned = input.type.IsZoned();
  MapUnary<int64_t, StringRef>(args, selection, out, [&](int64_t micros) {
    int64_t local = micros;
    if (zoned && !context.time_zone().LocalMicros(micros, &local)) local = micros;
    return StringRef(name(FloorDivide(local, kMicrosPerDay)));
  });
  return arrow::Status::OK();
}

template <std::string_view (*name)(int64_t)>
arrow::Result<BoundScalar> BindName(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kDate}, kText, NameKernel<name>},
      {{TypeId::kTimestamp}, kText, NameKernel<name>},
      {{TypeId::kTimestampTz}, kText, NameKernel<name>, false, false, NullRule::kPropagate, Volatility::kStable}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterDateDiff(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"date_diff",
                              {"datediff"},
                              "Boundaries of a field from one time to another.",
                              "date_diff('month', a, b)",
                              BindDiff<false>});
  registry.Add(ScalarFunction{
      "date_sub", {"datesub"}, "Complete fields from one time to another.", "date_sub('month', a, b)", BindDiff<true>});
  registry.Add(ScalarFunction{"monthname", {}, "The month's English name.", "monthname(d)", BindName<MonthNameOf>});
  registry.Add(ScalarFunction{"dayname", {}, "The weekday's English name.", "dayname(d)", BindName<DayNameOf>});
}

}  // namespace llkv
