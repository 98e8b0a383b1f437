// See unnest_sets.h.
#include "sql/binder/unnest_sets.h"

#include <algorithm>
#include <utility>

#include "plan/plan_visitor.h"
#include "sql/binder/query_binder.h"

namespace llkv {
namespace {

bool IsLink(const LogicalPlan& plan) {
  return plan.kind == PlanKind::kProjectSet || plan.kind == PlanKind::kFilter ||
         (plan.kind == PlanKind::kProject && !plan.children.empty());
}

bool CallsRead(const LogicalPlan& plan, const ColumnSet& free) {
  if (plan.kind != PlanKind::kProjectSet) return false;
  const auto& calls = plan.As<LogicalProjectSet>().calls;
  return std::any_of(calls.begin(), calls.end(), [&](const SetCall& call) { return AnyReads(call.arguments, free); });
}

}  // namespace

bool IsSingleRow(const LogicalPlan& plan) {
  return plan.kind == PlanKind::kValues && plan.output.empty() && plan.As<LogicalValues>().rows.size() == 1;
}

bool IsSetChain(const LogicalPlan& plan, const ColumnSet& free) {
  bool calls_read = false;
  const LogicalPlan* node = &plan;
  while (IsLink(*node) && ReadsAnyOf(*node, free)) {
    calls_read = calls_read || CallsRead(*node, free);
    node = node->children[0].get();
  }
  return calls_read && !ReadsAnyOf(*node, free);
}

bool ReadsOnlyInSets(const LogicalPlan& plan, const ColumnSet& free) {
  if (!ReadsAnyOf(plan, free)) return false;
  if (IsSetChain(plan, free)) return true;
  bool reads = false;
  ForEachExpr(plan, [&](const BoundExpr& expr) { reads = reads || ReadsAny(expr, free); });
  if (reads) return false;
  return std::all_of(plan.children.begin(), plan.children.end(), [&](const LogicalPlanPtr& child) {
    return !ReadsAnyOf(*child, free) || ReadsOnlyInSets(*child, free);
  });
}

LogicalPlanPtr GraftSets(LogicalPlanPtr chain, const ColumnSet& free, LogicalPlanPtr outer) {
  if (!ReadsAnyOf(*chain, free)) {
    if (IsSingleRow(*chain)) return outer;
    return MakeJoin(JoinType::kInner, std::move(outer), std::move(chain), {});
  }
  const std::vector<OutputColumn> columns = outer->output;
  chain->children[0] = GraftSets(std::move(chain->children[0]), free, std::move(outer));
  const auto add = [&](std::vector<BoundExprPtr>& exprs) {
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto place = static_cast<std::ptrdiff_t>(i);
      exprs.insert(exprs.begin() + place, BoundExpr::Column(columns[i].id, columns[i].type, columns[i].name));
      chain->output.insert(chain->output.begin() + place, columns[i]);
    }
  };
  if (chain->kind == PlanKind::kProject) {
    add(chain->As<LogicalProject>().exprs);
  } else if (chain->kind == PlanKind::kProjectSet) {
    add(chain->As<LogicalProjectSet>().passed);
  } else {
    chain->output = chain->children[0]->output;
  }
  return chain;
}

bool MakeOuterSets(LogicalPlan& chain, const ColumnSet& free) {
  if (!CallsRead(chain, free) || !IsSingleRow(*chain.children[0])) return false;
  chain.As<LogicalProjectSet>().is_outer = true;
  return true;
}

}  // namespace llkv
