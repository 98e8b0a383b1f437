// Row constraints: NOT NULL and CHECK as conditions that every row to be written must meet.
#pragma once

#include <memory>
#include <vector>

#include "exec/operator.h"
#include "expr/program.h"
#include "plan/logical_plan.h"

namespace llkv {

/// Lets rows pass unchanged, or fails with the constraint's error. `constraints` belong to the logical plan.
std::unique_ptr<Operator> MakeRowConstraints(const std::vector<RowConstraint>& constraints, const ColumnLayout& input);

}  // namespace llkv
