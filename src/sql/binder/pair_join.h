// Outer, semi and anti joins whose condition cannot be evaluated within the join, because subqueries in it read both
// sides: what matches is found by an inner join and a filter first.
#pragma once

#include <arrow/result.h>

#include <functional>

#include "plan/logical_plan.h"
#include "sql/binder/bind_state.h"

namespace llkv {

/// Gives the pairs of rows that match: an inner join of the two plans, filtered, with the columns of both.
using MatchRows = std::function<arrow::Result<LogicalPlanPtr>(LogicalPlanPtr left, LogicalPlanPtr right)>;

/// A join of `type` (any but kInner, kMark and kSingle) by what `match` gives. Rows of a side that stay without a match
/// are kept, each with a number, and joined with the pairs by it. Output: the columns of `left`, then, but for kSemi
/// and kAnti, those of `right`, under their ids. A `right` that reads columns of `left` (LATERAL) is possible where its
/// rows need not stay.
arrow::Result<LogicalPlanPtr> JoinByPairs(BindState& state, JoinType type, LogicalPlanPtr left, LogicalPlanPtr right,
                                          const MatchRows& match, int64_t position);

}  // namespace llkv
