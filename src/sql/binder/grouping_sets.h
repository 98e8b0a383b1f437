// GROUP BY's grouping sets: ROLLUP, CUBE and GROUPING SETS as lists of sets, and GROUPING(...) as bits. Internal to the
// binder.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <span>
#include <vector>

#include "sql/binder/bind_state.h"

namespace llkv {

/// Places in the list of group expressions, ascending, each once.
using GroupSet = std::vector<uint32_t>;
using GroupSets = std::vector<GroupSet>;

/// What bits of a 64-bit mask can stand for.
inline constexpr size_t kMaxSetGroups = 63;

/// ROLLUP (items): all of them, all but the last, …, none.
GroupSets RollupSets(const GroupSets& items);
/// CUBE (items): every choice of them. Error 54001 for too many.
arrow::Result<GroupSets> CubeSets(const GroupSets& items, int64_t position);
/// GROUP BY a, b: each set of `a` together with each of `b`. Error 54001 for too many.
arrow::Result<GroupSets> CrossSets(const GroupSets& a, const GroupSets& b, int64_t position);
/// Appends. Error 54001 for too many.
arrow::Status AddSets(GroupSets more, int64_t position, GroupSets* sets);
/// GROUP BY DISTINCT: each set once.
void DropEqualSets(GroupSets* sets);

/// GROUPING(groups): a number with a bit for each group, the last one's lowest, set where `missing` (a BIGINT with bit
/// i for group i) has the group's.
arrow::Result<BoundExprPtr> MakeGroupingNumber(BindState& state, const BoundExpr& missing,
                                               std::span<const uint32_t> groups, int64_t position);

}  // namespace llkv
