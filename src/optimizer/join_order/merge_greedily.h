// Join order without looking ahead: always the two parts next whose join has the fewest rows (Fegaras 1998, "GOO").
#pragma once

#include "optimizer/join_order/plan_table.h"

namespace llkv {

/// Considers the joins that it takes. There may be no plan for the whole afterwards, where a join that must come early
/// was left too late.
void MergeGreedily(PlanTable& table);

}  // namespace llkv
