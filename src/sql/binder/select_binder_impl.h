// The state of one SELECT block while it is bound, which select_binder.cc and its parts share. Internal to them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/binder/expr_binder.h"
#include "sql/binder/grouping_sets.h"
#include "sql/binder/select_binder.h"
#include "sql/binder/set_calls.h"

namespace llkv {

struct SelectItem {
  /// Null for a column of *.
  const AstExpr* ast = nullptr;
  BoundExprPtr expr;
  std::string name;
};

/// A key of ORDER BY: an item of the projection, hidden ones included.
struct OrderKey {
  const AstOrderItem* ast = nullptr;
  size_t item = 0;
};

class SelectBinder {
 public:
  SelectBinder(BindState& state, const AstSelect& select, const AstQuery& query, const QueryEnvironment& environment)
      : state_(state), select_(select), query_(query), environment_(environment) {}

  arrow::Result<LogicalPlanPtr> Bind();

 private:
  ExprContext Context(std::string_view clause, std::vector<PendingSubquery>* pending, AggregateState* aggregates,
                      bool aliases) const;
  /// Of the clauses that may look through windows.
  ExprContext WindowContext(std::string_view clause, std::vector<PendingSubquery>* pending, bool aliases);
  arrow::Status ExpandItems();
  arrow::Status ExpandStar(const AstStar& star);
  arrow::Status BindItems();
  arrow::Status BindGroups();
  arrow::Status AddGroup(const AstExpr& expr, GroupSet* set);
  arrow::Result<GroupSets> BindGroupingElement(const AstGroupingElement& element);
  arrow::Status GroupByAll();
  arrow::Status BindOrder();
  arrow::Status BindDistinctOn();
  std::vector<SortKey> OrderKeys() const;
  arrow::Result<size_t> OrderItem(const AstExpr& expr);
  arrow::Status CheckWindows();
  arrow::Status BindQualify();
  arrow::Status Aggregate();
  arrow::Status ReadGroupsInWindows();
  arrow::Status AddWindows();
  arrow::Status AddItems();
  arrow::Status ReadGroups(BoundExprPtr& expr);
  void ReadGroupsInConjunction(BoundExpr& expr);
  void ReadWholeGroups(BoundExprPtr& expr);
  arrow::Status ReadGroups(std::vector<PendingSubquery>& pending);
  arrow::Result<BoundExprPtr> GroupingNumber(const GroupingCall& call);
  void Project();
  void Distinct();
  arrow::Status DistinctOn();
  void Filter(BoundExprPtr condition);

  BindState& state_;
  const AstSelect& select_;
  const AstQuery& query_;
  const QueryEnvironment& environment_;
  Scope scope_;
  LogicalPlanPtr plan_;
  std::vector<SelectItem> items_;
  size_t num_visible_ = 0;
  std::vector<SelectAlias> aliases_;
  AggregateState aggregates_;
  WindowState windows_;
  SetCallState sets_;
  std::vector<BoundExprPtr> groups_;
  std::vector<const AstExpr*> group_asts_;
  /// Empty without GROUPING SETS and its kin.
  GroupSets grouping_sets_;
  /// Tells with them which groups a row lacks.
  OutputColumn missing_groups_;
  std::vector<SubqueryGroup> subquery_groups_;
  std::vector<OutputColumn> group_outputs_;
  BoundExprPtr having_;
  std::vector<PendingSubquery> having_pending_;
  BoundExprPtr qualify_;
  std::vector<PendingSubquery> qualify_pending_;
  std::vector<PendingSubquery> item_pending_;
  std::vector<OrderKey> order_;
  /// The items that DISTINCT ON names.
  std::vector<size_t> distinct_on_;
};

}  // namespace llkv
