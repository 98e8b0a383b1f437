// JOIN … ON, USING, NATURAL. Internal to the binder.
#pragma once

#include <arrow/result.h>

#include "sql/binder/query_binder.h"

namespace llkv {

/// Joins two bound sides as `join` says; the right one may read columns of the left one (LATERAL). Errors: 42703 and
/// 42702 for USING, 0A000 for POSITIONAL and ASOF joins.
arrow::Result<BoundFrom> BindJoin(BindState& state, const AstJoin& join, const QueryEnvironment& environment,
                                  BoundFrom left, BoundFrom right);

}  // namespace llkv
