// The physical planner: from a logical plan to pipelines of sources, operators and sinks.
#pragma once

#include <arrow/result.h>

#include "exec/pipeline.h"
#include "plan/logical_plan.h"

namespace llkv {

/// Plans the operators. `plan` outlives the result. Errors: 0A000 for what cannot run yet.
arrow::Result<PhysicalPlan> MakePhysicalPlan(const LogicalPlan& plan);

}  // namespace llkv
