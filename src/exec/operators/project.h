// Project: columns computed from the input's, or only chosen from them.
#pragma once

#include <memory>
#include <vector>

#include "exec/operator.h"
#include "expr/bound_expr.h"
#include "expr/program.h"

namespace llkv {

/// Column i of what goes on is exprs[i], which belong to the logical plan and outlive it.
std::unique_ptr<Operator> MakeProject(std::vector<const BoundExpr*> exprs, const ColumnLayout& input);

/// Chooses columns by place.
std::unique_ptr<Operator> MakeColumnChoice(std::vector<uint32_t> columns);

}  // namespace llkv
