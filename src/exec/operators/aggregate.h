// Hash aggregation: GROUP BY with aggregates, aggregates without groups, and DISTINCT (groups without aggregates).
#pragma once

#include <memory>

#include "exec/operator.h"
#include "expr/program.h"
#include "plan/logical_plan.h"

namespace llkv {

class AggregateShared;

/// The sink alone, for operators that read the groups in their own way.
std::unique_ptr<Sink> MakeAggregateSink(std::shared_ptr<AggregateShared> shared);

/// The sink ends the input's pipeline; the source begins the next one, which depends on it. The source's columns are
/// node.output.
struct AggregateOperators {
  std::unique_ptr<Sink> sink;
  std::unique_ptr<Source> source;
};

/// `node` outlives what is made. `input` is the layout of the batches that the sink gets.
AggregateOperators MakeAggregate(const LogicalAggregate& node, const ColumnLayout& input);

}  // namespace llkv
