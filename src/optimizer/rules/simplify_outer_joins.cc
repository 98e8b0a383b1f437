// Outer joins become inner ones (full ones: left or right ones) where something above drops the rows that they add: a
// filter, or the terms of another join. What is dropped travels from the root towards the joins.
#include <algorithm>
#include <utility>
#include <vector>

#include "optimizer/rules.h"
#include "optimizer/terms.h"

namespace llkv {

namespace {

/// Rows are dropped above in which all of these columns are NULL.
using NullSet = std::unordered_set<ColumnId>;
using NullSets = std::vector<NullSet>;

/// Enough for what people write; leaving some out only misses a chance.
constexpr size_t kMaxSets = 64;

void Append(NullSets& to, NullSets from) {
  for (NullSet& set : from) {
    if (to.size() < kMaxSets) to.push_back(std::move(set));
  }
}

/// The sets of a filter's term.
NullSets DroppedBy(const BoundExpr& term) {
  NullSets sets;
  if (term.kind == ExprKind::kConjunction && term.is_and) {
    for (const BoundExprPtr& child : term.children) Append(sets, DroppedBy(*child));
    return sets;
  }
  if (term.kind == ExprKind::kConjunction) {
    // Every branch must drop the row.
    sets = DroppedBy(*term.children[0]);
    for (size_t i = 1; i < term.children.size(); ++i) {
      NullSets both;
      for (const NullSet& other : DroppedBy(*term.children[i])) {
        for (NullSet set : sets) {
          set.insert(other.begin(), other.end());
          Append(both, {std::move(set)});
        }
      }
      sets = std::move(both);
    }
    return sets;
  }
  NullSet columns;
  CollectColumns(term, columns);
  for (const ColumnId column : columns) {
    if (RejectsNulls(term, {column})) Append(sets, {{column}});
  }
  return sets;
}

NullSets DroppedBy(const std::vector<BoundExprPtr>& terms) {
  NullSets sets;
  for (const BoundExprPtr& term : terms) Append(sets, DroppedBy(*term));
  return sets;
}

NullSets Within(const NullSets& sets, const LogicalPlan& plan) {
  const NullSet columns = OutputIds(plan);
  NullSets within;
  for (const NullSet& set : sets) {
    if (std::all_of(set.begin(), set.end(), [&](ColumnId id) { return columns.contains(id); })) within.push_back(set);
  }
  return within;
}

/// Columns that make the value NULL, each alone.
NullSet NullMakersOf(const BoundExpr& expr) {
  NullSet columns;
  // FALSE AND NULL is not NULL.
  if (expr.kind == ExprKind::kConjunction) return columns;
  CollectColumns(expr, columns);
  std::erase_if(columns, [&expr](ColumnId column) { return !RejectsNulls(expr, {column}); });
  return columns;
}

/// The sets in terms of the columns below, where output[i] is exprs[i]: whatever makes all columns of a set NULL. Those
/// that read another output are left out.
NullSets Below(const NullSets& sets, const std::vector<OutputColumn>& output, const std::vector<BoundExprPtr>& exprs) {
  NullSets below;
  for (const NullSet& set : sets) {
    NullSets made = {{}};
    size_t num_found = 0;
    for (size_t i = 0; i < exprs.size() && !made.empty(); ++i) {
      if (!set.contains(output[i].id)) continue;
      ++num_found;
      NullSets longer;
      for (const ColumnId source : NullMakersOf(*exprs[i])) {
        for (NullSet part : made) {
          part.insert(source);
          Append(longer, {std::move(part)});
        }
      }
      made = std::move(longer);
    }
    if (num_found == set.size()) Append(below, std::move(made));
  }
  return below;
}

/// The sets of a set operation's columns as those of a child.
NullSets InChild(const NullSets& sets, const LogicalPlan& plan, const LogicalPlan& child) {
  NullSets renamed;
  for (const NullSet& set : sets) {
    NullSet& names = renamed.emplace_back();
    for (size_t i = 0; i < plan.output.size(); ++i) {
      if (set.contains(plan.output[i].id)) names.insert(child.output[i].id);
    }
  }
  return renamed;
}

/// The sets of groups that all grouping sets have: else the same row counts in a row that is not dropped.
NullSets OfGroups(const NullSets& sets, const LogicalAggregate& aggregate) {
  NullSets kept;
  for (const NullSet& set : sets) {
    bool is_kept = true;
    for (size_t i = 0; i < aggregate.groups.size(); ++i) {
      is_kept = is_kept && (!set.contains(aggregate.output[i].id) || aggregate.IsInEverySet(i));
    }
    if (is_kept) kept.push_back(set);
  }
  return Below(kept, aggregate.output, aggregate.groups);
}

/// The sets of PARTITION BY columns: what drops one row of a partition drops all.
NullSets OfPartitions(const NullSets& sets, const LogicalWindow& window) {
  NullSets kept;
  for (const NullSet& set : sets) {
    const bool is_kept = std::all_of(set.begin(), set.end(), [&window](ColumnId id) {
      return std::any_of(window.partition_by.begin(), window.partition_by.end(),
                         [id](const BoundExprPtr& key) { return key->IsColumn() && key->column == id; });
    });
    if (is_kept) kept.push_back(set);
  }
  return kept;
}

void Simplify(LogicalPlan& plan, NullSets dropped);

void Strengthen(LogicalJoin& join, bool no_left_nulls, bool no_right_nulls) {
  if (join.type == JoinType::kLeft && no_right_nulls) join.type = JoinType::kInner;
  if (join.type == JoinType::kRight && no_left_nulls) join.type = JoinType::kInner;
  if (join.type != JoinType::kFull) return;
  if (no_left_nulls && no_right_nulls) {
    join.type = JoinType::kInner;
  } else if (no_left_nulls) {
    join.type = JoinType::kLeft;
  } else if (no_right_nulls) {
    join.type = JoinType::kRight;
  }
}

void SimplifyJoin(LogicalJoin& join, const NullSets& dropped) {
  NullSets left = Within(dropped, *join.children[0]);
  NullSets right = Within(dropped, *join.children[1]);
  Strengthen(join, !left.empty(), !right.empty());
  // A side's rows that no pair has are dropped by the join itself, where it does not keep them. The `=` of IN looks at
  // NULLs.
  const JoinType type = join.type;
  const bool drops_left = type == JoinType::kInner || type == JoinType::kRight || type == JoinType::kSemi;
  const bool drops_right = type != JoinType::kRight && type != JoinType::kFull;
  if (!join.null_aware) {
    const NullSets own = DroppedBy(join.terms);
    if (drops_left) Append(left, Within(own, *join.children[0]));
    if (drops_right) Append(right, Within(own, *join.children[1]));
  }
  Simplify(*join.children[0], std::move(left));
  Simplify(*join.children[1], std::move(right));
}

void Simplify(LogicalPlan& plan, NullSets dropped) {
  switch (plan.kind) {
    case PlanKind::kJoin:
      return SimplifyJoin(plan.As<LogicalJoin>(), dropped);
    case PlanKind::kFilter:
      Append(dropped, DroppedBy(plan.As<LogicalFilter>().terms));
      return Simplify(*plan.children[0], std::move(dropped));
    case PlanKind::kProject:
      return Simplify(*plan.children[0], Below(dropped, plan.output, plan.As<LogicalProject>().exprs));
    case PlanKind::kProjectSet: {
      auto& set = plan.As<LogicalProjectSet>();
      // A row that only stands there because there are none for it has NULLs behind the columns that are passed on.
      for (const NullSet& nulls : dropped) {
        const bool is_passed = std::any_of(set.passed.begin(), set.passed.end(),
                                           [&](const BoundExprPtr& expr) { return nulls.contains(expr->column); });
        set.is_outer = set.is_outer && is_passed;
      }
      return Simplify(*plan.children[0], Below(dropped, plan.output, set.passed));
    }
    case PlanKind::kAggregate:
      // Groups come first in the output; a set that reads an aggregate is left out.
      return Simplify(*plan.children[0], OfGroups(dropped, plan.As<LogicalAggregate>()));
    case PlanKind::kWindow:
      return Simplify(*plan.children[0], OfPartitions(dropped, plan.As<LogicalWindow>()));
    case PlanKind::kSetOperation:
      for (LogicalPlanPtr& child : plan.children) Simplify(*child, InChild(dropped, plan, *child));
      return;
    case PlanKind::kSort:
      if (plan.As<LogicalSort>().limit != nullptr || plan.As<LogicalSort>().offset != nullptr) dropped.clear();
      return Simplify(*plan.children[0], std::move(dropped));
    case PlanKind::kMaterialize:
      Simplify(*plan.children[0], {});
      return Simplify(*plan.children[1], std::move(dropped));
    default:
      for (LogicalPlanPtr& child : plan.children) Simplify(*child, {});
  }
}

}  // namespace

void SimplifyOuterJoins(LogicalPlan& root) { Simplify(root, {}); }

}  // namespace llkv
