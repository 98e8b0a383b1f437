// HashJoinProbe: the operator that looks up left rows. Each input batch is looked up once; then rounds give at most one
// further match of each left row, so that left columns pass uncopied, or, where left rows have many matches, full
// batches of pairs with copied left values.
#pragma once

#include <memory>

#include "exec/operator.h"
#include "exec/operators/hash_join_plan.h"
#include "exec/operators/hash_join_table.h"

namespace llkv {

/// `plan` and `table` are shared with the build, which has ended before Open.
std::unique_ptr<Operator> MakeHashJoinProbe(std::shared_ptr<HashJoinPlan> plan, std::shared_ptr<HashJoinTable> table);

}  // namespace llkv
