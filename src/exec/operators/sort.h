// Sort and top-N: ORDER BY, with or without a limit.
#pragma once

#include <memory>

#include "exec/operator.h"
#include "expr/program.h"
#include "plan/logical_plan.h"

namespace llkv {

class ScanBound;
class SortShared;

/// The sink alone, for operators that read the sorted rows in their own way.
std::unique_ptr<Sink> MakeSortSink(std::shared_ptr<SortShared> shared);

/// The sink ends the input's pipeline; the source begins the next one, which depends on it, and gives the rows in order
/// over its morsels. The source's columns are node.output.
struct SortOperators {
  std::unique_ptr<Sink> sink;
  std::unique_ptr<Source> source;
};

/// `node` outlives what is made. `input` is the layout of the batches that the sink gets. Rows that tie keep the order
/// of the input where the pipeline has one lane. `bound`, which may be null, is told of the first key's bound as soon
/// as there are as many rows as node.limit wants.
SortOperators MakeSort(const LogicalSort& node, const ColumnLayout& input, std::shared_ptr<ScanBound> bound = nullptr);

/// Whether a bound can be told of keys of this type.
bool SupportsSortBound(LogicalType type);

}  // namespace llkv
