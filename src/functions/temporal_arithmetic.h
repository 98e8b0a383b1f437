// + and - where dates, times or intervals take part; the operators' binding asks here first.
#pragma once

#include "functions/arithmetic_loops.h"
#include "functions/binding.h"
#include "types/time_zone.h"
#include "types/value.h"

namespace llkv {

/// Is any argument temporal?
bool HasTemporalArgument(const BindInput& input);

/// An instant moved by an interval (`sign` 1 or -1): months and days are those of the zone's local time, the rest
/// passes as time does. False where the result does not fit.
bool MoveInstant(const TimeZone& zone, int64_t utc_micros, const Interval& interval, int sign, int64_t* result);

/// date ± integer, date ± interval, date - date, timestamp ± interval, timestamp - timestamp, time ± interval, interval
/// ± interval, interval * number, - interval. Error 42883.
arrow::Result<BoundScalar> BindTemporalArithmetic(const ScalarFunction& self, const BindInput& input, ArithmeticOp op);
/// An interval divided by a number that is not 0: fractions of months spill into days of a 30-day month, those of days
/// into time. False where the result does not fit.
bool DivideInterval(const Interval& value, double divisor, Interval* result);
/// interval / number. Error 42883.
arrow::Result<BoundScalar> BindIntervalDivision(const ScalarFunction& self, const BindInput& input);

}  // namespace llkv
