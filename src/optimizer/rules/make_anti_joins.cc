// `a LEFT JOIN b ON … WHERE b.x IS NULL` is an anti join where no pair of rows has NULL in b.x: it then keeps the rows
// without a match, whose columns of b are NULL.
#include <algorithm>
#include <utility>

#include "optimizer/rules.h"
#include "optimizer/terms.h"

namespace llkv {

namespace {

/// Whether the term says that a column is NULL which no pair of the join has NULL.
bool KeepsUnmatched(const BoundExpr& term, const LogicalJoin& join, const LogicalPlan& nullable) {
  if (term.kind != ExprKind::kFunction || term.function.name != "is_null" || !term.children[0]->IsColumn())
    return false;
  const ColumnId column = term.children[0]->column;
  if (!OutputIds(nullable).contains(column)) return false;
  const auto rejects = [column](const BoundExprPtr& pair) { return RejectsNulls(*pair, {column}); };
  if (std::any_of(join.terms.begin(), join.terms.end(), rejects)) return true;
  // Terms of the nullable side alone stand below it.
  if (nullable.kind != PlanKind::kFilter) return false;
  const auto& below = nullable.As<LogicalFilter>().terms;
  return std::any_of(below.begin(), below.end(), rejects);
}

/// The anti join in place of `join`, its outer rows' columns and NULLs for the others.
LogicalPlanPtr ToAntiJoin(LogicalPlanPtr plan) {
  auto& join = plan->As<LogicalJoin>();
  auto project = std::make_unique<LogicalProject>();
  project->output = join.output;
  if (join.type == JoinType::kRight) std::swap(join.children[0], join.children[1]);
  join.type = JoinType::kAnti;
  RefreshOutput(join);
  const std::unordered_set<ColumnId> kept = OutputIds(join);
  for (const OutputColumn& column : project->output) {
    project->exprs.push_back(kept.contains(column.id) ? BoundExpr::Column(column.id, column.type, column.name)
                                                      : BoundExpr::Constant(Value::Null(column.type)));
  }
  project->children.push_back(std::move(plan));
  return project;
}

bool Visit(LogicalPlanPtr& plan) {
  bool changed = false;
  if (plan->kind == PlanKind::kFilter && plan->children[0]->kind == PlanKind::kJoin) {
    auto& terms = plan->As<LogicalFilter>().terms;
    const auto& join = plan->children[0]->As<LogicalJoin>();
    if (join.type == JoinType::kLeft || join.type == JoinType::kRight) {
      const LogicalPlan& nullable = *join.children[join.type == JoinType::kLeft ? 1 : 0];
      const size_t before = terms.size();
      std::erase_if(terms, [&](const BoundExprPtr& term) { return KeepsUnmatched(*term, join, nullable); });
      changed = terms.size() < before;
    }
    if (changed) plan->children[0] = ToAntiJoin(std::move(plan->children[0]));
    if (terms.empty()) {
      LogicalPlanPtr child = std::move(plan->children[0]);
      plan = std::move(child);
    }
  }
  for (LogicalPlanPtr& child : plan->children) changed = Visit(child) || changed;
  return changed;
}

}  // namespace

LogicalPlanPtr MakeAntiJoins(LogicalPlanPtr root) {
  if (!Visit(root)) return root;
  // Mostly nobody reads the NULLs.
  PruneColumns(*root);
  return RemoveRenames(std::move(root));
}

}  // namespace llkv
