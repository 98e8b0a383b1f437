// sum and avg of intervals; what binds sum and avg by type asks here.
#pragma once

#include "functions/binding.h"

namespace llkv {

/// Months, days and time summed apart; `average`: that divided as interval / number is. Error 22008 where a part of the
/// sum does not fit.
BoundAggregate BindIntervalSum(const AggregateFunction& self, bool average);

}  // namespace llkv
