// Filter push-down. Terms travel from the root towards the scans as a list; what cannot go further stays in a filter.
// Terms that can fail, and volatile ones, never move: they are evaluated on exactly the rows that reach them in the
// bound plan, after the terms before them.
#include <unordered_map>
#include <utility>

#include "optimizer/rules.h"
#include "optimizer/terms.h"

namespace llkv {

namespace {

using Terms = std::vector<BoundExprPtr>;

LogicalPlanPtr Push(LogicalPlanPtr plan, Terms terms);

bool CanMove(const BoundExpr& term) { return !term.CanFail() && !term.IsVolatile(); }

void Append(Terms& to, Terms from) {
  for (BoundExprPtr& term : from) to.push_back(std::move(term));
}

/// Takes out of `terms` what `wanted` accepts and may move.
template <typename F>
Terms TakeIf(Terms& terms, F&& wanted) {
  Terms taken;
  Terms kept;
  for (BoundExprPtr& term : terms) {
    const bool take = CanMove(*term) && wanted(*term);
    (take ? taken : kept).push_back(std::move(term));
  }
  terms = std::move(kept);
  return taken;
}

LogicalPlanPtr WithFilter(LogicalPlanPtr plan, Terms terms) {
  if (terms.empty()) return plan;
  auto filter = std::make_unique<LogicalFilter>();
  filter->output = plan->output;
  filter->terms = std::move(terms);
  filter->children.push_back(std::move(plan));
  return filter;
}

/// Columns as the expressions that give them.
using Definitions = std::unordered_map<ColumnId, const BoundExpr*>;

Terms Substitute(Terms terms, const Definitions& definitions) {
  for (BoundExprPtr& term : terms) {
    term = ReplaceColumns(std::move(term), [&definitions](const BoundExpr& column) -> BoundExprPtr {
      const auto found = definitions.find(column.column);
      return found == definitions.end() ? nullptr : found->second->Clone();
    });
  }
  return terms;
}

/// Terms whose columns are all defined by expressions that may be computed again further down.
Terms TakeDefined(Terms& terms, const Definitions& definitions) {
  return TakeIf(terms, [&definitions](const BoundExpr& term) {
    std::unordered_set<ColumnId> columns;
    CollectColumns(term, columns);
    for (ColumnId column : columns) {
      const auto found = definitions.find(column);
      if (found == definitions.end() || found->second->CanFail() || found->second->IsVolatile()) return false;
    }
    return true;
  });
}

LogicalPlanPtr PushThroughProject(LogicalPlanPtr plan, Terms terms) {
  auto& project = plan->As<LogicalProject>();
  Definitions definitions;
  for (size_t i = 0; i < project.exprs.size(); ++i) definitions[project.output[i].id] = project.exprs[i].get();
  Terms below = Substitute(TakeDefined(terms, definitions), definitions);
  plan->children[0] = Push(std::move(plan->children[0]), std::move(below));
  return WithFilter(std::move(plan), std::move(terms));
}

/// A term over columns that are passed on keeps or drops all that came of a row.
LogicalPlanPtr PushThroughProjectSet(LogicalPlanPtr plan, Terms terms) {
  auto& set = plan->As<LogicalProjectSet>();
  Definitions definitions;
  for (size_t i = 0; i < set.passed.size(); ++i) definitions[plan->output[i].id] = set.passed[i].get();
  Terms below = Substitute(TakeDefined(terms, definitions), definitions);
  plan->children[0] = Push(std::move(plan->children[0]), std::move(below));
  return WithFilter(std::move(plan), std::move(terms));
}

LogicalPlanPtr PushThroughAggregate(LogicalPlanPtr plan, Terms terms) {
  auto& aggregate = plan->As<LogicalAggregate>();
  Terms below;
  if (!aggregate.groups.empty()) {
    Definitions definitions;
    for (size_t i = 0; i < aggregate.groups.size(); ++i) {
      // A filter below must not take rows from a set that lacks its column.
      if (aggregate.IsInEverySet(i)) definitions[aggregate.output[i].id] = aggregate.groups[i].get();
    }
    // A set of no columns gives its row whatever a term without columns says.
    if (!definitions.empty()) below = Substitute(TakeDefined(terms, definitions), definitions);
  }
  plan->children[0] = Push(std::move(plan->children[0]), std::move(below));
  return WithFilter(std::move(plan), std::move(terms));
}

/// A term over PARTITION BY columns keeps or drops whole partitions.
LogicalPlanPtr PushThroughWindow(LogicalPlanPtr plan, Terms terms) {
  std::unordered_set<ColumnId> partition;
  for (const BoundExprPtr& expr : plan->As<LogicalWindow>().partition_by) {
    if (expr->IsColumn()) partition.insert(expr->column);
  }
  Terms below =
      TakeIf(terms, [&partition](const BoundExpr& term) { return ReadsOnly(term, partition) && !ReadsOnly(term, {}); });
  plan->children[0] = Push(std::move(plan->children[0]), std::move(below));
  RefreshOutput(*plan);
  return WithFilter(std::move(plan), std::move(terms));
}

LogicalPlanPtr PushThroughSetOperation(LogicalPlanPtr plan, Terms terms) {
  std::unordered_set<ColumnId> ids = OutputIds(*plan);
  const Terms below = TakeIf(terms, [&ids](const BoundExpr& term) { return ReadsOnly(term, ids); });
  for (LogicalPlanPtr& child : plan->children) {
    std::vector<OutputColumn> wanted = child->output;
    std::vector<BoundExprPtr> columns;
    Definitions definitions;
    for (size_t i = 0; i < wanted.size(); ++i) {
      columns.push_back(BoundExpr::Column(wanted[i].id, wanted[i].type, wanted[i].name));
    }
    for (size_t i = 0; i < wanted.size(); ++i) definitions[plan->output[i].id] = columns[i].get();
    Terms copies;
    for (const BoundExprPtr& term : below) copies.push_back(term->Clone());
    child = WithOutput(Push(std::move(child), Substitute(std::move(copies), definitions)), wanted);
  }
  return WithFilter(std::move(plan), std::move(terms));
}

/// The join's own terms may go to a side whose rows they only filter.
void PushOwnTerms(LogicalJoin& join, Terms& left, Terms& right, const std::unordered_set<ColumnId>& left_ids,
                  const std::unordered_set<ColumnId>& right_ids) {
  const JoinType type = join.type;
  const bool to_left = type == JoinType::kInner || type == JoinType::kSemi || type == JoinType::kRight;
  const bool to_right = type != JoinType::kRight && type != JoinType::kFull;
  Terms first;
  if (join.null_aware && !join.terms.empty()) {
    // The `=` of IN stays where it is.
    first.push_back(std::move(join.terms.front()));
    join.terms.erase(join.terms.begin());
  }
  if (to_right) {
    Append(right, TakeIf(join.terms, [&](const BoundExpr& term) { return ReadsOnly(term, right_ids); }));
  }
  if (to_left) {
    Append(left, TakeIf(join.terms, [&](const BoundExpr& term) { return ReadsOnly(term, left_ids); }));
  }
  Append(first, std::move(join.terms));
  join.terms = std::move(first);
}

LogicalPlanPtr PushThroughJoin(LogicalPlanPtr plan, Terms terms) {
  auto& join = plan->As<LogicalJoin>();
  const std::unordered_set<ColumnId> left_ids = OutputIds(*join.children[0]);
  const std::unordered_set<ColumnId> right_ids = OutputIds(*join.children[1]);
  Terms left;
  Terms right;
  const JoinType type = join.type;
  if (type != JoinType::kRight && type != JoinType::kFull) {
    left = TakeIf(terms, [&](const BoundExpr& term) { return ReadsOnly(term, left_ids); });
  }
  if (type == JoinType::kInner || type == JoinType::kRight) {
    right = TakeIf(terms, [&](const BoundExpr& term) { return ReadsOnly(term, right_ids); });
  }
  if (type == JoinType::kInner) {
    Append(join.terms, TakeIf(terms, [&](const BoundExpr& term) {
             for (ColumnId id : left_ids) {
               if (ReadsAny(term, {id})) return ReadsAny(term, right_ids);
             }
             return false;
           }));
  }
  PushOwnTerms(join, left, right, left_ids, right_ids);
  join.children[0] = Push(std::move(join.children[0]), std::move(left));
  join.children[1] = Push(std::move(join.children[1]), std::move(right));
  RefreshOutput(join);
  return WithFilter(std::move(plan), std::move(terms));
}

LogicalPlanPtr PushIntoChildren(LogicalPlanPtr plan, Terms terms) {
  for (size_t i = 0; i < plan->children.size(); ++i) {
    const std::vector<OutputColumn> wanted = plan->children[i]->output;
    plan->children[i] = Push(std::move(plan->children[i]), {});
    if (ReadsByPlace(*plan, i)) plan->children[i] = WithOutput(std::move(plan->children[i]), wanted);
  }
  return WithFilter(std::move(plan), std::move(terms));
}

LogicalPlanPtr Push(LogicalPlanPtr plan, Terms terms) {
  switch (plan->kind) {
    case PlanKind::kFilter: {
      // Its terms come before those from above.
      Terms all = std::move(plan->As<LogicalFilter>().terms);
      Append(all, std::move(terms));
      LogicalPlanPtr child = std::move(plan->children[0]);
      return Push(std::move(child), std::move(all));
    }
    case PlanKind::kProject:
      return PushThroughProject(std::move(plan), std::move(terms));
    case PlanKind::kProjectSet:
      return PushThroughProjectSet(std::move(plan), std::move(terms));
    case PlanKind::kAggregate:
      return PushThroughAggregate(std::move(plan), std::move(terms));
    case PlanKind::kWindow:
      return PushThroughWindow(std::move(plan), std::move(terms));
    case PlanKind::kSetOperation:
      return PushThroughSetOperation(std::move(plan), std::move(terms));
    case PlanKind::kJoin:
      return PushThroughJoin(std::move(plan), std::move(terms));
    case PlanKind::kSort: {
      if (plan->As<LogicalSort>().limit != nullptr || plan->As<LogicalSort>().offset != nullptr) {
        return PushIntoChildren(std::move(plan), std::move(terms));
      }
      Terms below = TakeIf(terms, [](const BoundExpr&) { return true; });
      plan->children[0] = Push(std::move(plan->children[0]), std::move(below));
      RefreshOutput(*plan);
      return WithFilter(std::move(plan), std::move(terms));
    }
    case PlanKind::kMaterialize: {
      const std::vector<OutputColumn> wanted = plan->children[0]->output;
      plan->children[0] = WithOutput(Push(std::move(plan->children[0]), {}), wanted);
      Terms below = TakeIf(terms, [](const BoundExpr&) { return true; });
      plan->children[1] = Push(std::move(plan->children[1]), std::move(below));
      RefreshOutput(*plan);
      return WithFilter(std::move(plan), std::move(terms));
    }
    default: {
      LogicalPlanPtr pushed = PushIntoChildren(std::move(plan), std::move(terms));
      RefreshOutput(pushed->kind == PlanKind::kFilter ? *pushed->children[0] : *pushed);
      return pushed;
    }
  }
}

}  // namespace

LogicalPlanPtr PushFilters(LogicalPlanPtr root) { return Push(std::move(root), {}); }

}  // namespace llkv
