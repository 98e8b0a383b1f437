// Making LogicalMaterialize and the scans of what it keeps.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "plan/logical_plan.h"

namespace llkv {

/// `body`, which reads `definition` under the number `id`.
LogicalPlanPtr MakeMaterialize(uint32_t id, LogicalPlanPtr definition, LogicalPlanPtr body);

/// All columns of a definition, in order, as `output`: its types, ids of its own.
std::unique_ptr<LogicalMaterializedScan> ReadMaterialized(uint32_t id, std::vector<OutputColumn> output);

}  // namespace llkv
