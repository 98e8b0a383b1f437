// Whether two subplans compute the same rows, whatever their columns are called.
#pragma once

#include <cstdint>

#include "plan/logical_plan.h"

namespace llkv {

/// True where `a` and `b` give the same columns, by place, in every execution. False where that is not certain: also
/// for plans that read what differs from run to run, row ids, or another subplan's rows.
bool ComputeTheSame(const LogicalPlan& a, const LogicalPlan& b);

/// Equal for plans that compute the same.
uint64_t ShapeHash(const LogicalPlan& plan);

}  // namespace llkv
