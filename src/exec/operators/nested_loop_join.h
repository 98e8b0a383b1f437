// Blockwise nested-loop join: joins of every type on any predicate, or none.
#pragma once

#include "exec/operators/hash_join.h"

namespace llkv {

/// As MakeHashJoin, for all joins: compares each left row with blocks of right rows.
JoinOperators MakeNestedLoopJoin(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right);

}  // namespace llkv
