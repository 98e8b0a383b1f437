// The general method of unnesting: the outer columns that a subquery reads become columns of its own plan. Internal to
// the binder.
#pragma once

#include <arrow/result.h>

#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sql/binder/bind_state.h"

namespace llkv {

/// A subquery's plan with the outer columns as further output columns.
struct PushedPlan {
  LogicalPlanPtr plan;
  /// Outer column to the plan's own.
  std::unordered_map<ColumnId, ColumnId> columns;
};

/// The distinct values of the outer columns that a subquery reads, made from the outer plan, which is computed once and
/// read twice. Where table functions alone read them, the outer rows' numbers stand in their place.
class OuterDomain {
 public:
  /// Takes `plan` over: afterwards `plan` is a scan of the materialized outer plan, with the same columns and maybe
  /// one more. `free` are columns of it, and `subquery` what Push will be given.
  OuterDomain(BindState& state, LogicalPlanPtr& plan, const std::unordered_set<ColumnId>& free,
              const LogicalPlan& subquery, int64_t position);

  /// Whether rows are matched by their numbers.
  bool is_numbered() const { return !set_columns_.empty(); }

  /// `plan` for every combination of the outer columns' values. Errors: 0A000 where something in it cannot be computed
  /// for all at once.
  arrow::Result<PushedPlan> Push(LogicalPlanPtr plan);

  /// Terms that match outer rows with rows of a pushed plan. Columns in `strict` match by =, the rest NULL with NULL
  /// too.
  arrow::Result<std::vector<BoundExprPtr>> MatchTerms(const PushedPlan& pushed,
                                                      const std::unordered_set<ColumnId>& strict) const;

  /// Puts the definition around a finished plan that reads it.
  LogicalPlanPtr Finish(LogicalPlanPtr body);

 private:
  PushedPlan Copy();
  arrow::Result<PushedPlan> Cross(LogicalPlanPtr plan);
  PushedPlan PushSets(LogicalPlanPtr chain);
  arrow::Result<PushedPlan> PushProject(LogicalPlanPtr plan);
  arrow::Result<PushedPlan> PushProjectSet(LogicalPlanPtr plan);
  arrow::Result<PushedPlan> PushAggregate(LogicalPlanPtr plan);
  LogicalPlanPtr SplitEmptySets(LogicalPlanPtr plan);
  arrow::Result<PushedPlan> PushWindow(LogicalPlanPtr plan);
  arrow::Result<PushedPlan> PushLimit(LogicalPlanPtr plan);
  arrow::Result<PushedPlan> CompleteAggregate(LogicalPlanPtr plan, std::unordered_map<ColumnId, ColumnId> columns);
  arrow::Result<PushedPlan> PushJoin(LogicalPlanPtr plan);
  arrow::Result<PushedPlan> PushSetOperation(LogicalPlanPtr plan);
  arrow::Status AddMatch(const PushedPlan& left, const PushedPlan& right, std::vector<BoundExprPtr>& terms) const;
  arrow::Result<PushedPlan> PushFullJoin(LogicalPlanPtr plan);
  arrow::Result<PushedPlan> PushValues(LogicalPlanPtr plan);
  arrow::Result<PushedPlan> PushRecursive(LogicalPlanPtr plan);
  arrow::Result<PushedPlan> PushMaterialize(LogicalPlanPtr plan);
  arrow::Result<PushedPlan> PushMaterializedScan(LogicalPlanPtr plan);
  LogicalPlanPtr WithDomainLast(std::span<const OutputColumn> columns, PushedPlan pushed);
  /// Whether the plan differs by the outer columns' values.
  bool Depends(const LogicalPlan& plan) const;

  BindState& state_;
  LogicalPlanPtr definition_;
  uint32_t id_;
  /// The outer columns, and where they stand in the definition.
  std::vector<OutputColumn> outer_;
  std::vector<uint32_t> ordinals_;
  std::unordered_set<ColumnId> outer_ids_;
  /// Those that table functions read, where rows are numbered: `outer_` is the number alone then.
  std::vector<OutputColumn> set_columns_;
  std::vector<uint32_t> set_ordinals_;
  std::unordered_set<ColumnId> set_ids_;
  /// The definitions of the subquery's own that were pushed into: their last columns are the outer ones. By id, how
  /// many columns come before those.
  std::unordered_map<uint32_t, uint32_t> pushed_definitions_;
  int64_t position_;
};

/// Lets `expr` read the pushed plan's columns in place of the outer ones.
void ReplaceOuter(BoundExprPtr& expr, const std::unordered_map<ColumnId, ColumnId>& columns);

/// What an aggregate gives over no rows: 0 for counts; nothing where that is NULL.
std::optional<Value> ValueOverNoRows(const AggregateCall& call);

/// `column`, or the value over no rows where it is NULL.
arrow::Result<BoundExprPtr> WithDefault(BindState& state, BoundExprPtr column, const AggregateCall& call);

}  // namespace llkv
