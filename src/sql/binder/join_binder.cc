// Joins of FROM.
#include "sql/binder/join_binder.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "plan/plan_visitor.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/pair_join.h"
#include "sql/binder/typing.h"
#include "sql/binder/unnest.h"

namespace llkv {
namespace {

/// One column of USING: where it stands in each scope's columns.
struct UsingPair {
  uint32_t left;
  uint32_t right;
};

arrow::Result<JoinType> PlanJoinType(const AstJoin& join) {
  switch (join.type) {
    case AstJoinType::kInner:
    case AstJoinType::kCross:
      return JoinType::kInner;
    case AstJoinType::kLeft:
      return JoinType::kLeft;
    case AstJoinType::kRight:
      return JoinType::kRight;
    case AstJoinType::kFull:
      return JoinType::kFull;
    case AstJoinType::kSemi:
      return JoinType::kSemi;
    case AstJoinType::kAnti:
      return JoinType::kAnti;
    case AstJoinType::kPositional:
      return Refuse("POSITIONAL JOIN", join.position);
    case AstJoinType::kAsof:
    case AstJoinType::kAsofLeft:
      return Refuse("ASOF JOIN", join.position);
  }
  return InternalError("unknown join");
}

arrow::Result<uint32_t> FindUsing(const Scope& scope, const AstName& name, const char* side) {
  ARROW_ASSIGN_OR_RAISE(const ResolvedColumn found, ResolveInScope(scope, name));
  if (found.column == nullptr) {
    std::vector<std::string> candidates;
    for (uint32_t index : scope.visible) candidates.push_back(scope.columns[index].name);
    return SqlError(sqlstate::kUndefinedColumn,
                    fmt::format("column \"{}\" of USING is not in the {} table", name.text, side), name.range.position,
                    NearestNameHint(name.text, candidates));
  }
  return static_cast<uint32_t>(found.column - scope.columns.data());
}

arrow::Result<std::vector<UsingPair>> UsingPairs(const AstJoin& join, const Scope& left, const Scope& right) {
  std::vector<UsingPair> pairs;
  const auto add = [&](const AstName& name) -> arrow::Status {
    UsingPair pair;
    ARROW_ASSIGN_OR_RAISE(pair.left, FindUsing(left, name, "left"));
    ARROW_ASSIGN_OR_RAISE(pair.right, FindUsing(right, name, "right"));
    pairs.push_back(pair);
    return arrow::Status::OK();
  };
  for (const AstName& name : join.using_columns) ARROW_RETURN_NOT_OK(add(name));
  if (!join.natural) return pairs;
  for (uint32_t index : left.visible) {
    AstName name;
    name.text = name.key = left.columns[index].name;
    name.range.position = join.position;
    const bool shared = std::any_of(right.visible.begin(), right.visible.end(),
                                    [&](uint32_t other) { return SameName(right.columns[other].name, name.text); });
    if (shared) ARROW_RETURN_NOT_OK(add(name));
  }
  return pairs;
}

BoundExprPtr ColumnOf(const ScopeColumn& column, int64_t position) {
  return BoundExpr::Column(column.id, column.type, column.name, position);
}

/// A FULL JOIN's merged columns are the first of both sides that is not NULL: a projection gives them, and all others
/// under fresh ids.
arrow::Status ProjectMerged(BindState& state, BoundFrom& from, const std::vector<UsingPair>& pairs,
                            uint32_t num_left_columns, int64_t position) {
  std::vector<BoundExprPtr> exprs;
  std::vector<std::string> names;
  for (const ScopeColumn& column : from.scope.columns) {
    exprs.push_back(ColumnOf(column, position));
    names.push_back(column.name);
  }
  for (const UsingPair& pair : pairs) {
    std::vector<BoundExprPtr> sides;
    sides.push_back(ColumnOf(from.scope.columns[pair.left], position));
    sides.push_back(ColumnOf(from.scope.columns[num_left_columns + pair.right], position));
    BoundExprPtr* slots[] = {&sides[0], &sides[1]};
    ARROW_RETURN_NOT_OK(Unify(state, slots, "USING"));
    names.push_back(from.scope.columns[pair.left].name);
    ARROW_ASSIGN_OR_RAISE(exprs.emplace_back(), MakeFunction(state, "coalesce", std::move(sides), position));
  }
  from.plan = MakeProject(state, std::move(from.plan), std::move(exprs), std::move(names));
  const std::vector<OutputColumn>& output = from.plan->output;
  for (size_t i = 0; i < from.scope.columns.size(); ++i) from.scope.columns[i].id = output[i].id;
  for (size_t i = from.scope.columns.size(); i < output.size(); ++i) {
    from.scope.columns.push_back({output[i].name, output[i].id, output[i].type, -1});
  }
  return arrow::Status::OK();
}

/// What * sees after USING: the merged columns, then the rest of both sides.
void MergeVisible(Scope& scope, const std::vector<UsingPair>& pairs, uint32_t num_left_columns, JoinType type) {
  const auto num_columns = static_cast<uint32_t>(scope.columns.size());
  std::vector<uint32_t> visible;
  std::vector<uint32_t> hidden;
  for (size_t i = 0; i < pairs.size(); ++i) {
    hidden.push_back(pairs[i].left);
    hidden.push_back(num_left_columns + pairs[i].right);
    if (type == JoinType::kFull) {
      visible.push_back(num_columns - static_cast<uint32_t>(pairs.size() - i));
    } else {
      visible.push_back(type == JoinType::kRight ? hidden.back() : pairs[i].left);
    }
  }
  for (uint32_t index : scope.visible) {
    if (std::find(hidden.begin(), hidden.end(), index) == hidden.end()) visible.push_back(index);
  }
  scope.visible = std::move(visible);
}

/// Whether everything that the subquery reads from outside is among `plan`'s columns (nothing at all counts).
bool ReadsOnlyFrom(const PendingSubquery& pending, const LogicalPlan& plan) {
  std::unordered_set<ColumnId> read = FreeColumns(*pending.plan);
  for (const BoundExprPtr& term : pending.terms) CollectColumns(*term, read);
  for (const OutputColumn& column : pending.plan->output) read.erase(column.id);
  for (const OutputColumn& column : plan.output) read.erase(column.id);
  return read.empty();
}

/// Whether each subquery reads from one side only.
bool CanAttachToSides(const std::vector<PendingSubquery>& pending, const LogicalJoin& join) {
  return std::all_of(pending.begin(), pending.end(), [&join](const PendingSubquery& one) {
    return ReadsOnlyFrom(one, *join.children[0]) || ReadsOnlyFrom(one, *join.children[1]);
  });
}

/// Subqueries in the condition of an outer, semi or anti join: each is joined to the side that it reads from, before
/// the join decides which rows match; every row of that side stays.
arrow::Status AttachToSides(BindState& state, std::vector<PendingSubquery> pending, LogicalJoin& join,
                            BoundExprPtr& condition) {
  std::vector<PendingSubquery> of_side[2];
  for (PendingSubquery& one : pending) {
    const size_t side = ReadsOnlyFrom(one, *join.children[1]) ? 1 : 0;
    of_side[side].push_back(std::move(one));
  }
  for (size_t side = 0; side < 2; ++side) {
    if (of_side[side].empty()) continue;
    BoundExprPtr* slots[] = {&condition};
    ARROW_RETURN_NOT_OK(AttachSubqueries(state, std::move(of_side[side]), join.children[side], slots));
  }
  SetJoinOutput(join);
  return arrow::Status::OK();
}

/// The condition of ON, and the subqueries in it.
arrow::Result<BoundExprPtr> BindCondition(BindState& state, const AstJoin& ast, const QueryEnvironment& environment,
                                          const Scope& scope, std::vector<PendingSubquery>* pending) {
  ExprContext context;
  context.clause = "JOIN … ON";
  context.scope = &scope;
  context.ctes = environment.ctes;
  context.subqueries = pending;
  return ExprBinder(state, context).BindCondition(*ast.condition);
}

/// Keeps the rows of an inner join that meet a condition with subqueries.
arrow::Status FilterMatches(BindState& state, std::vector<PendingSubquery> pending, BoundExprPtr condition,
                            LogicalPlanPtr& plan) {
  BoundExprPtr* slots[] = {&condition};
  ARROW_RETURN_NOT_OK(AttachSubqueries(state, std::move(pending), plan, slots));
  plan = MakeFilter(std::move(plan), SplitConjuncts(std::move(condition)));
  return arrow::Status::OK();
}

arrow::Status BindOn(BindState& state, const AstJoin& ast, const QueryEnvironment& environment, const Scope& scope,
                     LogicalPlanPtr& plan) {
  auto& join = plan->As<LogicalJoin>();
  std::vector<PendingSubquery> pending;
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr condition, BindCondition(state, ast, environment, scope, &pending));
  if (!pending.empty() && join.type == JoinType::kInner) {
    return FilterMatches(state, std::move(pending), std::move(condition), plan);
  }
  if (!pending.empty() && !CanAttachToSides(pending, join)) {
    const auto match = [&](LogicalPlanPtr left, LogicalPlanPtr right) -> arrow::Result<LogicalPlanPtr> {
      LogicalPlanPtr matches = MakeJoin(JoinType::kInner, std::move(left), std::move(right), {});
      ARROW_RETURN_NOT_OK(FilterMatches(state, std::move(pending), std::move(condition), matches));
      return matches;
    };
    return JoinByPairs(state, join.type, std::move(join.children[0]), std::move(join.children[1]), match, ast.position)
        .Value(&plan);
  }
  if (!pending.empty()) ARROW_RETURN_NOT_OK(AttachToSides(state, std::move(pending), join, condition));
  join.terms = SplitConjuncts(std::move(condition));
  return arrow::Status::OK();
}

/// A join whose right side reads columns of its left side.
arrow::Status BindLateralJoin(BindState& state, const AstJoin& ast, const QueryEnvironment& environment,
                              const Scope& scope, JoinType type, std::vector<BoundExprPtr> terms, LogicalPlanPtr right,
                              LogicalPlanPtr& plan) {
  std::vector<PendingSubquery> pending;
  BoundExprPtr condition;
  if (ast.condition != nullptr) {
    ARROW_ASSIGN_OR_RAISE(condition, BindCondition(state, ast, environment, scope, &pending));
  }
  if (!pending.empty() && (type == JoinType::kLeft || type == JoinType::kSemi || type == JoinType::kAnti)) {
    const auto match = [&](LogicalPlanPtr outer, LogicalPlanPtr inner) -> arrow::Result<LogicalPlanPtr> {
      ARROW_RETURN_NOT_OK(
          JoinLateral(state, JoinType::kInner, std::move(inner), std::move(terms), ast.position, outer));
      ARROW_RETURN_NOT_OK(FilterMatches(state, std::move(pending), std::move(condition), outer));
      return outer;
    };
    return JoinByPairs(state, type, std::move(plan), std::move(right), match, ast.position).Value(&plan);
  }
  if (condition != nullptr && pending.empty()) {
    for (BoundExprPtr& term : SplitConjuncts(std::move(condition))) terms.push_back(std::move(term));
  }
  ARROW_RETURN_NOT_OK(JoinLateral(state, type, std::move(right), std::move(terms), ast.position, plan));
  if (pending.empty()) return arrow::Status::OK();
  return FilterMatches(state, std::move(pending), std::move(condition), plan);
}

}  // namespace

arrow::Result<BoundFrom> BindJoin(BindState& state, const AstJoin& ast, const QueryEnvironment& environment,
                                  BoundFrom left, BoundFrom right) {
  ARROW_ASSIGN_OR_RAISE(const JoinType type, PlanJoinType(ast));
  ARROW_ASSIGN_OR_RAISE(const std::vector<UsingPair> pairs, UsingPairs(ast, left.scope, right.scope));
  if (type != JoinType::kInner && ast.condition == nullptr && ast.using_columns.empty() && !ast.natural) {
    return SqlError(sqlstate::kSyntaxError, "this join needs ON or USING", ast.position);
  }
  const bool left_only = type == JoinType::kSemi || type == JoinType::kAnti;
  const auto num_left_columns = static_cast<uint32_t>(left.scope.columns.size());
  BoundFrom result;
  Scope both = left.scope;
  both.Append(std::move(right.scope));
  both.parent = environment.outer;
  std::vector<BoundExprPtr> terms;
  for (const UsingPair& pair : pairs) {
    ARROW_ASSIGN_OR_RAISE(
        terms.emplace_back(),
        MakeComparison(state, "=", ColumnOf(both.columns[pair.left], ast.position),
                       ColumnOf(both.columns[num_left_columns + pair.right], ast.position), ast.position));
  }
  if (ReadsColumnsOf(*right.plan, *left.plan)) {
    result.plan = std::move(left.plan);
    ARROW_RETURN_NOT_OK(
        BindLateralJoin(state, ast, environment, both, type, std::move(terms), std::move(right.plan), result.plan));
  } else {
    result.plan = MakeJoin(type, std::move(left.plan), std::move(right.plan), std::move(terms));
    if (ast.condition != nullptr) ARROW_RETURN_NOT_OK(BindOn(state, ast, environment, both, result.plan));
  }
  if (left_only) {
    result.scope = std::move(left.scope);
    return result;
  }
  both.parent = nullptr;
  result.scope = std::move(both);
  if (pairs.empty()) return result;
  if (type == JoinType::kFull) {
    ARROW_RETURN_NOT_OK(ProjectMerged(state, result, pairs, num_left_columns, ast.position));
  }
  MergeVisible(result.scope, pairs, num_left_columns, type);
  return result;
}

}  // namespace llkv
