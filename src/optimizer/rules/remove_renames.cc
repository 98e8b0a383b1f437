// Derived tables, views and common table expressions come as projections that only give columns other names. Without
// them the joins on both sides form one block, and terms find their scans.
#include <unordered_map>
#include <utility>

#include "optimizer/rules.h"
#include "plan/plan_visitor.h"

namespace llkv {

namespace {

class Remover {
 public:
  LogicalPlanPtr Run(LogicalPlanPtr root) {
    const std::vector<OutputColumn> wanted = root->output;
    return Restore(Remove(std::move(root), /*is_top=*/true), wanted);
  }

 private:
  /// The topmost projection makes the names of the result; it stays.
  LogicalPlanPtr Remove(LogicalPlanPtr plan, bool is_top) {
    const bool passes_on =
        plan->kind == PlanKind::kLimit || plan->kind == PlanKind::kSort || plan->kind == PlanKind::kMaterialize;
    RemoveBelow(*plan, is_top && passes_on);
    if (plan->kind != PlanKind::kProject || is_top) return plan;
    const auto& exprs = plan->As<LogicalProject>().exprs;
    if (exprs.empty()) return plan;
    for (const BoundExprPtr& expr : exprs) {
      if (!expr->IsColumn()) return plan;
    }
    for (size_t i = 0; i < exprs.size(); ++i) {
      if (exprs[i]->column != plan->output[i].id) source_of_[plan->output[i].id] = {exprs[i]->column, exprs[i]->name};
    }
    return std::move(plan->children[0]);
  }

  void RemoveBelow(LogicalPlan& plan, bool is_top) {
    bool reads_by_place = false;
    for (size_t i = 0; i < plan.children.size(); ++i) {
      std::vector<OutputColumn> wanted;
      const bool by_place = ReadsByPlace(plan, i);
      if (by_place) wanted = plan.children[i]->output;
      plan.children[i] = Remove(std::move(plan.children[i]), is_top);
      if (!by_place) continue;
      plan.children[i] = Restore(std::move(plan.children[i]), wanted);
      reads_by_place = true;
    }
    if (source_of_.empty()) return;
    // What reads by place got the columns that its expressions name.
    if (!reads_by_place) ForEachExpr(plan, [this](BoundExprPtr& expr) { Replace(*expr); });
    RefreshOutput(plan);
    if (plan.kind != PlanKind::kProject && plan.kind != PlanKind::kProjectSet) return;
    // A column that it gives on under its own name is the source from here on too.
    for (OutputColumn& column : plan.output) {
      const auto found = source_of_.find(column.id);
      if (found != source_of_.end()) column.id = found->second.id;
    }
  }

  void Replace(BoundExpr& expr) const {
    for (BoundExprPtr& child : expr.children) Replace(*child);
    if (!expr.IsColumn()) return;
    const auto found = source_of_.find(expr.column);
    if (found == source_of_.end()) return;
    expr.column = found->second.id;
    expr.name = found->second.name;
  }

  /// `plan` with the columns that it had before.
  LogicalPlanPtr Restore(LogicalPlanPtr plan, const std::vector<OutputColumn>& wanted) const {
    bool same = plan->output.size() == wanted.size();
    for (size_t i = 0; same && i < wanted.size(); ++i) same = plan->output[i].id == wanted[i].id;
    if (same) return plan;
    auto project = std::make_unique<LogicalProject>();
    project->output = wanted;
    for (const OutputColumn& column : wanted) {
      project->exprs.push_back(BoundExpr::Column(column.id, column.type, column.name));
      Replace(*project->exprs.back());
    }
    project->children.push_back(std::move(plan));
    return project;
  }

  struct Source {
    ColumnId id;
    std::string name;
  };

  /// What is read in place of a column; sources are final, as projections are removed from below.
  std::unordered_map<ColumnId, Source> source_of_;
};

}  // namespace

LogicalPlanPtr RemoveRenames(LogicalPlanPtr root) {
  // Point statements have one projection over a scan.
  if (root->kind == PlanKind::kProject && root->children[0]->children.empty()) return root;
  return Remover().Run(std::move(root));
}

}  // namespace llkv
