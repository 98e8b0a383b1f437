// Where a join can filter what it probes with: the scans below its left side that a key comes from unchanged.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/logical_plan.h"

namespace llkv {

struct FilterTarget {
  const LogicalScan* scan = nullptr;
  /// In the table's columns.
  uint32_t column = 0;
};

/// The scans whose rows can be dropped where `column` of `plan`'s output has a value that nobody above wants: dropping
/// them changes nothing but that such rows are missing from the output.
std::vector<FilterTarget> FindFilterTargets(const LogicalPlan& plan, ColumnId column);

}  // namespace llkv
