// Estimates of row counts, from table statistics and simple assumptions of independence.
#pragma once

#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "optimizer/rules.h"
#include "plan/logical_plan.h"

namespace llkv {

/// What is believed of a column of some operator's output.
struct ColumnBelief {
  double num_distinct = 0;  // 0: not known
  /// The same in the table that it comes from, and that table's rows: filters on other columns leave a key's matches as
  /// likely as they were. 0: not known.
  double domain = 0;
  double table_rows = 0;
  double min = 0;
  double max = 0;
  bool has_range = false;
  /// Negative: not known.
  double null_share = -1;
  /// Of an aggregate's results: about where they lie, and how far apart. Negative deviation: not known.
  double mean = 0;
  double deviation = -1;
  /// Which scan it comes from; 0: not known.
  uint32_t source = 0;
};

/// Estimates end here, so that costs stay finite and comparable.
constexpr double kMaxRows = 1e30;

/// At least one row, at most kMaxRows.
double ClampRows(double rows);

/// The rows of a join of so many left and right rows whose terms let a share of the pairs pass.
double JoinedRows(JoinType type, double left, double right, double selectivity);

/// What is believed of the rows that several places of a plan read: one belief a column, or none.
struct DefinitionEstimate {
  double num_rows = 0;
  std::vector<std::optional<ColumnBelief>> columns;
};

/// Estimates bottom-up. Keeps beliefs about columns by id, for all plans that it saw.
class CardinalityEstimator {
 public:
  explicit CardinalityEstimator(RuleContext& context) : context_(context) {}

  /// Sets estimated_rows of `plan` and of all below it, and returns it.
  double Estimate(LogicalPlan& plan);
  /// Lets all estimates of this statement know what the node's definition, which was estimated, has.
  void RememberDefinition(const LogicalMaterialize& node);

  /// The share of pairs of rows that an inner join's term lets pass.
  double JoinSelectivity(const BoundExpr& term) const;
  /// The same for several terms at once. Equalities between the same two scans count together: their sides are keys of
  /// several columns, which have no more different values than there are rows.
  double JoinSelectivity(const std::vector<const BoundExpr*>& terms, double left_rows, double right_rows,
                         const std::unordered_set<ColumnId>& left_columns) const;
  /// The share of rows that a filter's term lets pass.
  double FilterSelectivity(const BoundExpr& term) const;

 private:
  double EstimateScan(LogicalScan& scan);
  double EstimateFilter(LogicalFilter& filter, double rows);
  double EstimateJoin(LogicalJoin& join);
  double EstimateAggregate(const LogicalAggregate& aggregate, double rows);
  double EstimateMaterializedScan(const LogicalMaterializedScan& scan);
  double EstimateProjectSet(const LogicalProjectSet& set, double rows);
  double PredicateSelectivity(const PushedPredicate& predicate, const ColumnBelief& belief) const;
  const ColumnBelief* Find(const BoundExpr& expr) const;
  void CapDistinct(const LogicalPlan& plan, double rows);

  RuleContext& context_;
  std::unordered_map<ColumnId, ColumnBelief> beliefs_;
  uint32_t num_sources_ = 0;
};

}  // namespace llkv
