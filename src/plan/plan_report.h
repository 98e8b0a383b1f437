// What EXPLAIN ANALYZE and EXPLAIN (FORMAT JSON) show: a plan with its estimates and, where it ran, what its operators
// did. Knows no operators: exec fills the measures in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plan/logical_plan.h"

namespace llkv {

/// What one operator of a node did, over all lanes.
struct OperatorMeasures {
  /// Such as "build" or "probe".
  std::string name;
  /// Rows that it gave (a sink: that it took).
  uint64_t rows = 0;
  /// In it, without those it feeds, added over all lanes.
  double time_ms = 0;
  /// At most at once, and of that what was ever put into a temporary file.
  int64_t memory_bytes = 0;
  int64_t spilled_bytes = 0;
  /// Others by name, such as "bytes_read".
  std::vector<std::pair<std::string, uint64_t>> counters;
};

struct NodeMeasures {
  /// Of the node's output; nothing where no operator gives it (what ends in a sink).
  std::optional<uint64_t> rows;
  std::vector<OperatorMeasures> operators;
};

struct PlanMeasures {
  std::unordered_map<const LogicalPlan*, NodeMeasures> nodes;
  double time_ms = 0;
  int64_t memory_bytes = 0;
  int64_t spilled_bytes = 0;
};

/// The factor by which an estimate misses: the larger of both over the smaller, at least 1; both count as at least one
/// row.
double QError(double estimated_rows, uint64_t rows);

/// One line a node with its estimate and real rows, one a further line for each of its operators, and at the end what
/// holds for all.
std::string PlanReportText(const LogicalPlan& plan, const PlanMeasures& measures);

/// One JSON object: "plan", a tree of nodes with "node", "detail", "estimated_rows", "children" and, with measures,
/// "rows", "q_error" and "operators"; then "time_ms", "memory_bytes", "spilled_bytes", "max_q_error", "mean_q_error"
/// (geometric). Indented. Estimates are left out without `with_estimates`.
std::string PlanReportJson(const LogicalPlan& plan, const PlanMeasures* measures, bool with_estimates);

}  // namespace llkv
