// Disjunctions: what all branches share is said once, so that equalities in it can become join keys; and what every
// branch says of some columns alone is said besides, so that it can be pushed to where those columns come from.
#include <utility>

#include "optimizer/rules.h"
#include "optimizer/terms.h"
#include "plan/plan_visitor.h"

namespace llkv {

namespace {

std::vector<BoundExprPtr> CloneTerms(const BoundExpr& expr) { return SplitConjuncts(expr.Clone()); }

bool Contains(const std::vector<BoundExprPtr>& terms, const BoundExpr& wanted) {
  for (const BoundExprPtr& term : terms) {
    if (term->Equals(wanted)) return true;
  }
  return false;
}

/// Whether a part of the term may be said again elsewhere: it must not fail there (its guard may be in the branch), and
/// must have the same value both times.
bool CanRepeat(const BoundExpr& expr) { return !expr.CanFail() && !expr.IsVolatile(); }

/// (a AND b) OR (a AND c) as a, (b OR c). Gives nothing where nothing is shared.
std::vector<BoundExprPtr> Factor(const BoundExpr& disjunction) {
  if (!CanRepeat(disjunction)) return {};
  std::vector<std::vector<BoundExprPtr>> branches;
  for (const BoundExprPtr& branch : disjunction.children) branches.push_back(CloneTerms(*branch));
  std::vector<BoundExprPtr> shared;
  for (const BoundExprPtr& term : branches[0]) {
    bool everywhere = true;
    for (size_t i = 1; i < branches.size(); ++i) everywhere = everywhere && Contains(branches[i], *term);
    if (everywhere) shared.push_back(term->Clone());
  }
  if (shared.empty()) return {};
  std::vector<BoundExprPtr> rest;
  for (auto& branch : branches) {
    std::vector<BoundExprPtr> kept;
    for (BoundExprPtr& term : branch) {
      if (!Contains(shared, *term)) kept.push_back(std::move(term));
    }
    // A branch that is nothing but what is shared makes the rest TRUE.
    if (kept.empty()) return shared;
    rest.push_back(BoundExpr::Conjunction(/*is_and=*/true, std::move(kept)));
  }
  shared.push_back(BoundExpr::Conjunction(/*is_and=*/false, std::move(rest)));
  return shared;
}

/// For each relation below a join of several: the OR of what the branches say of it alone, where all say something.
std::vector<BoundExprPtr> Implied(const BoundExpr& disjunction,
                                  const std::vector<std::unordered_set<ColumnId>>& sides) {
  std::vector<BoundExprPtr> implied;
  if (!CanRepeat(disjunction)) return implied;
  for (const auto& side : sides) {
    if (ReadsOnly(disjunction, side)) continue;
    std::vector<BoundExprPtr> branches;
    for (const BoundExprPtr& branch : disjunction.children) {
      std::vector<BoundExprPtr> terms;
      for (BoundExprPtr& term : CloneTerms(*branch)) {
        std::unordered_set<ColumnId> read;
        CollectColumns(*term, read);
        if (!read.empty() && ReadsOnly(*term, side)) terms.push_back(std::move(term));
      }
      if (terms.empty()) break;
      branches.push_back(BoundExpr::Conjunction(/*is_and=*/true, std::move(terms)));
    }
    if (branches.size() == disjunction.children.size()) {
      implied.push_back(BoundExpr::Conjunction(/*is_and=*/false, std::move(branches)));
    }
  }
  return implied;
}

/// The column sets of the relations that inner joins below `node` connect.
void CollectSides(const LogicalPlan& node, std::vector<std::unordered_set<ColumnId>>& sides) {
  const bool inner = node.kind == PlanKind::kJoin && node.As<LogicalJoin>().type == JoinType::kInner;
  if (inner || node.kind == PlanKind::kFilter) {
    for (const LogicalPlanPtr& child : node.children) CollectSides(*child, sides);
    return;
  }
  sides.push_back(OutputIds(node));
}

void Rewrite(std::vector<BoundExprPtr>& terms, const std::vector<std::unordered_set<ColumnId>>& sides) {
  std::vector<BoundExprPtr> result;
  for (BoundExprPtr& term : terms) {
    if (term->kind != ExprKind::kConjunction || term->is_and) {
      result.push_back(std::move(term));
      continue;
    }
    std::vector<BoundExprPtr> factored = Factor(*term);
    if (factored.empty()) factored.push_back(std::move(term));
    for (BoundExprPtr& part : factored) {
      if (sides.size() > 1 && part->kind == ExprKind::kConjunction && !part->is_and) {
        for (BoundExprPtr& more : Implied(*part, sides)) result.push_back(std::move(more));
      }
      result.push_back(std::move(part));
    }
  }
  terms = std::move(result);
}

}  // namespace

void FactorDisjunctions(LogicalPlan& root) {
  VisitPlan(root, [](LogicalPlan& node) {
    if (node.kind == PlanKind::kFilter) {
      std::vector<std::unordered_set<ColumnId>> sides;
      CollectSides(*node.children[0], sides);
      Rewrite(node.As<LogicalFilter>().terms, sides);
    } else if (node.kind == PlanKind::kJoin && node.As<LogicalJoin>().type == JoinType::kInner) {
      std::vector<std::unordered_set<ColumnId>> sides;
      CollectSides(node, sides);
      Rewrite(node.As<LogicalJoin>().terms, sides);
    }
  });
}

}  // namespace llkv
