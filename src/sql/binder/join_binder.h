// JOIN … ON, USING, NATURAL. Internal to the binder.
#pragma once

#include <arrow/result.h>

#include "sql/binder/query_binder.h"

namespace llkv {

/// The cross product.
LogicalPlanPtr MakeCrossJoin(LogicalPlanPtr left, LogicalPlanPtr right);

/// Joins two bound sides as `join` says. Errors: 42703 and 42702 for USING, 0A000 for POSITIONAL and ASOF joins and for
/// subqueries in the condition of an outer join.
arrow::Result<BoundFrom> BindJoin(BindState& state, const AstJoin& join, const QueryEnvironment& environment,
                                  BoundFrom left, BoundFrom right);

}  // namespace llkv
