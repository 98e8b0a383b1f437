// What SQLite's dynamic values ask of the binder: affinities in comparisons, and which functions take ANY. Only for the
// dialect sqlite. Internal to the binder.
#pragma once

#include <arrow/result.h>

#include <string_view>
#include <vector>

#include "sql/binder/bind_state.h"

namespace llkv {

/// Brings both sides of a comparison to one type by SQLite's rules, where one is ANY or they are a number, text or a
/// blob and of different kinds: a column's affinity changes what stands on the other side, then both are ANY. Leaves
/// other sides as they are.
arrow::Status AdaptDynamicComparison(BindState& state, BoundExprPtr& left, BoundExprPtr& right);

/// Casts ANY among the arguments of a scalar function to what the function takes. Error 0A000 where it takes no dynamic
/// values.
arrow::Status AdaptDynamicArguments(BindState& state, std::string_view name, std::vector<BoundExprPtr>& arguments,
                                    int64_t position);

/// Error 0A000 where an aggregate function is given ANY and does not take it.
arrow::Status CheckDynamicAggregate(std::string_view name, const std::vector<BoundExprPtr>& arguments,
                                    int64_t position);

}  // namespace llkv
