// + and - where dates, times or intervals take part; the operators' binding asks here first.
#pragma once

#include "functions/arithmetic_loops.h"
#include "functions/binding.h"

namespace llkv {

/// Is any argument temporal?
bool HasTemporalArgument(const BindInput& input);

/// date ± integer, date ± interval, date - date, timestamp ± interval, timestamp - timestamp, time ± interval, interval
/// ± interval, interval * number, - interval. Error 42883.
arrow::Result<BoundScalar> BindTemporalArithmetic(const ScalarFunction& self, const BindInput& input, ArithmeticOp op);

}  // namespace llkv
