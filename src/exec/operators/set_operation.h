// UNION, INTERSECT and EXCEPT, with and without ALL.
#pragma once

#include <memory>
#include <vector>

#include "exec/operator.h"
#include "expr/program.h"
#include "plan/logical_plan.h"

namespace llkv {

/// sinks[i] ends the pipeline of children[i]; `source` begins a pipeline that depends on all of them. The source's
/// columns are node.output.
struct SetOperationOperators {
  std::vector<std::unique_ptr<Sink>> sinks;
  std::unique_ptr<Source> source;
};

/// `node` outlives what is made. `inputs[i]` is the layout of the batches that sinks[i] gets; the columns of a child
/// are matched by their place in its output. NULLs are equal. UNION ALL is not meant for this: its children's pipelines
/// can feed one sink, without holding rows; here it is right but holds them all.
SetOperationOperators MakeSetOperation(const LogicalSetOperation& node, const std::vector<ColumnLayout>& inputs);

}  // namespace llkv
