// LIMIT and OFFSET in the middle of a plan. (At its top the reader counts: see PhysicalPlan.)
#pragma once

#include <memory>
#include <vector>

#include "exec/operator.h"
#include "exec/operators/collect.h"
#include "plan/logical_plan.h"

namespace llkv {

/// For pipelines of one lane: lets pass what is behind the offset and within the limit. `node` outlives it. `bounds`:
/// the row of the node's second child; null where it has none.
std::unique_ptr<Operator> MakeLimit(const LogicalLimit& node, std::shared_ptr<const CollectedRows> bounds);

/// For pipelines of many lanes: keeps the first limit + offset rows; MakeLimit stands behind the scan of them.
std::unique_ptr<Sink> MakeLimitCollect(const LogicalLimit& node, std::shared_ptr<CollectedRows> rows);

/// The value of a LIMIT or OFFSET: `none` where it is absent or NULL. Error 22023 where it is negative.
arrow::Result<uint64_t> EvaluateRowBound(const BoundExpr* expr, const QueryContext& query, uint64_t none);

inline constexpr uint64_t kNoRowBound = ~uint64_t{0};

}  // namespace llkv
