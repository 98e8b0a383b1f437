// A block of joins taken apart into relations and terms, and put together in an order that was found for it. A block
// ends at what is no join, and at joins that must stay where they are: mark and single joins, and those with terms that
// can fail or are volatile.
#pragma once

#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "optimizer/cardinality.h"
#include "optimizer/join_order/conflicts.h"
#include "optimizer/join_order/plan_table.h"
#include "plan/logical_plan.h"

namespace llkv {

/// Whether `plan` is a join that can be the top of a block with at most kMaxBlockRelations relations.
bool IsJoinBlock(const LogicalPlan& plan);

class JoinBlock {
 public:
  /// Takes `plan`, for which IsJoinBlock holds, apart. `order_below` orders what is below a relation's top. Takes the
  /// first of `filter`, the terms of a filter above the block, that become keys of a join.
  JoinBlock(LogicalPlanPtr plan, const std::function<LogicalPlanPtr(LogicalPlanPtr)>& order_below,
            std::vector<BoundExprPtr>& filter);

  /// The block's graph, with estimates. Cross products are among its edges where nothing else joins their sides, or
  /// (`all_products`) wherever they are written.
  JoinGraph MakeGraph(RuleContext& context, bool all_products);

  /// Considers the joins as they are written: with all_products the table then has a plan for the whole.
  void ConsiderWritten(PlanTable& table) const;

  /// Puts the block together by the table's plan for the whole. Once, after MakeGraph.
  LogicalPlanPtr Build(const PlanTable& table);

 private:
  struct Term {
    BoundExprPtr expr;
    size_t join;
    RelationSet reads;
  };

  RelationSet TakeApart(LogicalPlanPtr plan, bool may_lift, const std::function<LogicalPlanPtr(LogicalPlanPtr)>& order);
  RelationSet AddRelation(LogicalPlanPtr plan);
  void AddTerms(LogicalJoin& join, WrittenJoin& written);
  void AddFallibleKeys(std::vector<BoundExprPtr>& terms);
  std::optional<size_t> JoinBetween(RelationSet a, RelationSet b) const;
  RelationSet ReadsOf(const BoundExpr& expr) const;
  /// Whether it compares values of some relations with values of others for equality.
  bool IsKey(const BoundExpr& term) const;
  void AddEdges(size_t join, const CardinalityEstimator& estimator, std::vector<JoinEdge>& edges) const;
  void AddProducts(bool all, std::vector<JoinEdge>& edges) const;
  void Estimate(const std::vector<const Term*>& terms, const CardinalityEstimator& estimator, JoinEdge& edge) const;
  LogicalPlanPtr BuildSet(const PlanTable& table, RelationSet set);
  LogicalPlanPtr MakeJoin(const PlanTable& table, const SubPlan& plan, LogicalPlanPtr left, LogicalPlanPtr right);

  std::vector<LogicalPlanPtr> relations_;
  std::unordered_map<ColumnId, size_t> relation_of_;
  /// Inputs before their joins.
  std::vector<WrittenJoin> joins_;
  std::vector<bool> null_aware_;
  /// Whether only inner joins are above it in the block.
  std::vector<bool> is_lifted_;
  std::vector<Term> terms_;
  /// Failing and volatile terms of inner joins, in their order: above all of the block.
  std::vector<BoundExprPtr> above_;
  std::vector<double> rows_;
  /// Of the last graph's edges, the joins that they come from.
  std::vector<size_t> join_of_edge_;
};

}  // namespace llkv
