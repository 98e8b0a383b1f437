// Functions over windows: rows are sorted by partition and order, then each partition is computed as it is read. Those
// that need no order are window_groups.h's.
#pragma once

#include <memory>

#include "exec/operator.h"
#include "expr/program.h"
#include "plan/logical_plan.h"

namespace llkv {

/// `arguments` and then `sink` end the input's pipeline; the source begins the next one, which depends on it. The
/// source's columns are node.output, and each of its morsels has whole partitions.
struct WindowOperators {
  std::unique_ptr<Operator> arguments;
  std::unique_ptr<Sink> sink;
  std::unique_ptr<Source> source;
  /// Rows are numbered in the order of the input, which must come in one lane.
  bool needs_input_order = false;
};

/// `node` outlives what is made. `input` is the layout of the batches that `arguments` gets.
WindowOperators MakeWindow(const LogicalWindow& node, const ColumnLayout& input);

}  // namespace llkv
