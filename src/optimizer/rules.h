// The rules, in the order in which Optimize runs them. Each rewrites the whole plan below `root` and keeps its rows and
// the columns that parents read; each is a file of rules/ with its tests.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "optimizer/optimizer.h"
#include "plan/logical_plan.h"

namespace llkv {

struct DefinitionEstimate;

/// What the rules share while one statement is optimized.
struct RuleContext {
  const OptimizerOptions* options = nullptr;
  uint64_t* next_column_id = nullptr;
  std::unordered_map<TableId, std::shared_ptr<const TableEstimate>> estimates;
  /// Whether estimates decide anything much, so that samples are worth their time: there is a join.
  bool uses_samples = false;
  /// Counts in samples, by scan and number of terms above it.
  std::map<std::pair<const LogicalScan*, size_t>, std::optional<SampleCount>> sample_counts;
  /// Of what LogicalMaterialize nodes define, by id (cardinality.h).
  std::unordered_map<uint32_t, std::shared_ptr<const DefinitionEstimate>> definitions;

  /// Null where nothing is known. Asks the provider once a table.
  const TableEstimate* FindEstimate(TableId table);
  /// Counts a sample's rows that pass the scan's predicates and a filter's terms right above it; nothing where they
  /// cannot be tried out. Asks the provider once a scan and filter.
  std::optional<SampleCount> CountInSample(const LogicalScan& scan, const std::vector<BoundExprPtr>& terms);
};

/// Replaces subexpressions without columns by their values, where evaluating them does not fail; drops what TRUE and
/// FALSE decide.
void FoldConstants(LogicalPlan& root);

/// `CAST(column AS wider) op constant` becomes `column op' constant'`, where that is the same for every value.
void SimplifyComparisons(LogicalPlan& root);

/// `(a AND b) OR (a AND c)` becomes `a AND (b OR c)`; what every branch says of one side of a join is added as a term
/// of that side.
void FactorDisjunctions(LogicalPlan& root);

/// Removes projections that only give columns other names.
LogicalPlanPtr RemoveRenames(LogicalPlanPtr root);

/// Makes inner joins of outer joins where the rows that they add are dropped above.
void SimplifyOuterJoins(LogicalPlan& root);

/// Moves terms of filters and joins as far down as they can be evaluated, and makes joins of filtered cross joins.
LogicalPlanPtr PushFilters(LogicalPlanPtr root);

/// Terms that a scan can apply itself become its PushedPredicates.
void PushScanPredicates(LogicalPlan& root);

/// Scans whose predicates leave few keys of an index get it; a unique key that equalities fix becomes the key_lookup.
void ChooseIndexes(LogicalPlan& root, RuleContext& context);

/// Drops columns that nobody reads.
void PruneColumns(LogicalPlan& root);

/// Makes an anti join of a filtered left join that keeps only the rows without a match.
LogicalPlanPtr MakeAntiJoins(LogicalPlanPtr root);

/// Subplans that compute the same rows, by joins or aggregation, become one that is kept.
LogicalPlanPtr ShareSubplans(LogicalPlanPtr root, RuleContext& context);

/// Orders joins by estimated cardinalities, smaller side on the right.
LogicalPlanPtr OrderJoins(LogicalPlanPtr root, RuleContext& context);

/// LIMIT above ORDER BY (projections may stand between) becomes the sort's own limit.
LogicalPlanPtr MakeTopN(LogicalPlanPtr root);

/// Sets estimated_rows everywhere.
void EstimateRows(LogicalPlan& root, RuleContext& context);

/// Where ORDER BY … LIMIT or OFFSET leaves few of many rows: columns that are read above it only are fetched there, by
/// the rows' ids. Needs estimates.
LogicalPlanPtr MaterializeLate(LogicalPlanPtr root, RuleContext& context);

// Shared by rules:

/// Recomputes the output of `node` from its children's where it is theirs (filter, sort, limit, window, join,
/// fetch, materialize).
void RefreshOutput(LogicalPlan& node);

/// `plan` with exactly the output columns `wanted`, in that order: itself, or under a projection.
LogicalPlanPtr WithOutput(LogicalPlanPtr plan, const std::vector<OutputColumn>& wanted);

/// Whether `node` reads its child number `child` by place, so that the order of its columns matters.
bool ReadsByPlace(const LogicalPlan& node, size_t child);

/// Whether all columns that `expr` reads are among `plan`'s output.
bool IsCoveredBy(const BoundExpr& expr, const LogicalPlan& plan);

}  // namespace llkv
