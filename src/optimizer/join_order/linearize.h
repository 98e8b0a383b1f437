// Join order for large blocks: a good order of the relations in a line, then dynamic programming over the line's
// intervals (Neumann and Radke 2018, "Adaptive Optimization of Very Large Join Queries").
#pragma once

#include <vector>

#include "optimizer/join_order/join_graph.h"
#include "optimizer/join_order/plan_table.h"

namespace llkv {

/// The relations in the order of the best left-deep tree without cross products over a spanning tree of the most
/// selective edges (IKKBZ: Ibaraki and Kameda 1984; Krishnamurthy, Boral and Zaniolo 1986). A join that is no inner one
/// counts with the rows that it keeps.
std::vector<size_t> LinearOrder(const JoinGraph& graph);

/// Considers all joins of neighbouring intervals of `order`. There may be no plan for the whole afterwards.
void ConsiderIntervals(const std::vector<size_t>& order, PlanTable& table);

}  // namespace llkv
