// The order of the rules, and what they share.
#include "optimizer/optimizer.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "optimizer/rules.h"
#include "plan/plan_visitor.h"

namespace llkv {

const TableEstimate* RuleContext::FindEstimate(TableId table) {
  const auto found = estimates.find(table);
  if (found != estimates.end()) return found->second.get();
  std::shared_ptr<const TableEstimate> estimate;
  if (options->statistics != nullptr) estimate = options->statistics->Find(table);
  return estimates.emplace(table, std::move(estimate)).first->second.get();
}

namespace {

/// Whether a term's value depends on nothing but columns, and evaluating it does not fail.
bool CanTryOut(const BoundExpr& term) {
  bool is_fixed = !term.CanFail();
  VisitExpr(term, [&is_fixed](const BoundExpr& part) {
    is_fixed = is_fixed && part.kind != ExprKind::kParameter &&
               (part.kind != ExprKind::kFunction || part.function.volatility == Volatility::kImmutable);
  });
  return is_fixed;
}

bool HasJoin(const LogicalPlan& plan) {
  return plan.kind == PlanKind::kJoin ||
         std::any_of(plan.children.begin(), plan.children.end(), [](const auto& child) { return HasJoin(*child); });
}

}  // namespace

std::optional<SampleCount> RuleContext::CountInSample(const LogicalScan& scan, const std::vector<BoundExprPtr>& terms) {
  if (!uses_samples || options->statistics == nullptr || !scan.key_lookup.empty()) return std::nullopt;
  if (scan.predicates.empty() && terms.empty()) return std::nullopt;
  const auto [found, added] = sample_counts.try_emplace({&scan, terms.size()});
  if (!added) return found->second;
  std::vector<const BoundExpr*> tried;
  for (const BoundExprPtr& term : terms) tried.push_back(term.get());
  bool can_try = std::all_of(tried.begin(), tried.end(), [](const BoundExpr* term) { return CanTryOut(*term); });
  for (const PushedPredicate& predicate : scan.predicates) {
    for (const BoundExprPtr& value : predicate.values) can_try = can_try && value->IsConstant();
  }
  if (can_try) found->second = options->statistics->CountInSample(scan, tried);
  return found->second;
}

void RefreshOutput(LogicalPlan& node) {
  switch (node.kind) {
    case PlanKind::kFilter:
    case PlanKind::kSort:
    case PlanKind::kLimit:
      node.output = node.children[0]->output;
      break;
    case PlanKind::kMaterialize:
      node.output = node.children[1]->output;
      break;
    case PlanKind::kWindow: {
      std::vector<OutputColumn> output = node.children[0]->output;
      const auto num_calls = static_cast<std::ptrdiff_t>(node.As<LogicalWindow>().calls.size());
      output.insert(output.end(), node.output.end() - num_calls, node.output.end());
      node.output = std::move(output);
      break;
    }
    case PlanKind::kFetch: {
      const auto num_passed = static_cast<std::ptrdiff_t>(node.As<LogicalFetch>().num_passed());
      std::vector<OutputColumn> fetched(node.output.begin() + num_passed, node.output.end());
      node.output.clear();
      for (const OutputColumn& column : node.children[0]->output) {
        const bool is_fetched = std::any_of(fetched.begin(), fetched.end(),
                                            [&column](const OutputColumn& other) { return other.id == column.id; });
        if (!is_fetched) node.output.push_back(column);
      }
      node.output.insert(node.output.end(), fetched.begin(), fetched.end());
      break;
    }
    case PlanKind::kJoin: {
      auto& join = node.As<LogicalJoin>();
      std::vector<OutputColumn> output;
      if (!GivesRightOnly(join.type)) output = join.children[0]->output;
      if (join.type == JoinType::kMark) {
        output.push_back(join.output.back());
      } else if (GivesPairs(join.type) || GivesRightOnly(join.type)) {
        const auto& right = join.children[1]->output;
        output.insert(output.end(), right.begin(), right.end());
      }
      node.output = std::move(output);
      break;
    }
    default:
      break;
  }
}

LogicalPlanPtr WithOutput(LogicalPlanPtr plan, const std::vector<OutputColumn>& wanted) {
  bool same = plan->output.size() == wanted.size();
  for (size_t i = 0; same && i < wanted.size(); ++i) same = plan->output[i].id == wanted[i].id;
  if (same) return plan;
  auto project = std::make_unique<LogicalProject>();
  project->output = wanted;
  project->estimated_rows = plan->estimated_rows;
  for (const OutputColumn& column : wanted) {
    project->exprs.push_back(BoundExpr::Column(column.id, column.type, column.name));
  }
  project->children.push_back(std::move(plan));
  return project;
}

bool ReadsByPlace(const LogicalPlan& node, size_t child) {
  switch (node.kind) {
    case PlanKind::kSetOperation:
    case PlanKind::kRecursive:
    case PlanKind::kInsert:
    case PlanKind::kUpdate:
    case PlanKind::kDelete:
    case PlanKind::kCopyTo:
      return true;
    case PlanKind::kMaterialize:
      return child == 0;
    case PlanKind::kLimit:
      return child == 1;
    default:
      return false;
  }
}

bool IsCoveredBy(const BoundExpr& expr, const LogicalPlan& plan) {
  std::unordered_set<ColumnId> columns;
  CollectColumns(expr, columns);
  for (const OutputColumn& column : plan.output) columns.erase(column.id);
  return columns.empty();
}

arrow::Status Optimize(BoundStatementPlan& plan, const OptimizerOptions& options) {
  RuleContext context;
  context.options = &options;
  context.next_column_id = &plan.next_column_id;
  const std::vector<OutputColumn> output = plan.root->output;
  FoldConstants(*plan.root);
  SimplifyComparisons(*plan.root);
  FactorDisjunctions(*plan.root);
  plan.root = RemoveRenames(std::move(plan.root));
  const bool has_join = HasJoin(*plan.root);
  context.uses_samples = has_join;
  if (has_join) SimplifyOuterJoins(*plan.root);
  plan.root = PushFilters(std::move(plan.root));
  if (has_join) plan.root = MakeAntiJoins(std::move(plan.root));
  PushScanPredicates(*plan.root);
  ChooseIndexes(*plan.root, context);
  plan.root = ShareSubplans(std::move(plan.root), context);
  if (has_join) plan.root = OrderJoins(std::move(plan.root), context);
  plan.root = MakeTopN(std::move(plan.root));
  plan.root = WithOutput(std::move(plan.root), output);
  PruneColumns(*plan.root);
  EstimateRows(*plan.root, context);
  plan.root = MaterializeLate(std::move(plan.root), context);
  return arrow::Status::OK();
}

}  // namespace llkv
