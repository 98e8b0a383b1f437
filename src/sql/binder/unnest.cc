// Chooses the form in which a subquery joins the outer query's plan.
#include "sql/binder/unnest.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "plan/plan_visitor.h"
#include "sql/binder/query_binder.h"
#include "sql/binder/typing.h"
#include "sql/binder/unnest_pullup.h"
#include "sql/binder/unnest_pushdown.h"
#include "sql/binder/unnest_sets.h"

namespace llkv {
namespace {

/// A projection that can be looked through: a use of a common table expression has no child yet.
bool IsProject(const LogicalPlan& plan) { return plan.kind == PlanKind::kProject && !plan.children.empty(); }

/// Does the plan give exactly one row, whatever the data?
bool GivesOneRow(const LogicalPlan& plan) {
  const LogicalPlan* node = &plan;
  while (IsProject(*node) || node->kind == PlanKind::kSort) node = node->children[0].get();
  if (node->kind == PlanKind::kAggregate) {
    const auto& aggregate = node->As<LogicalAggregate>();
    return aggregate.groups.empty() && !aggregate.aggregates.empty();
  }
  return node->kind == PlanKind::kValues && node->As<LogicalValues>().rows.size() == 1;
}

/// Gives the plan's first column the id `result`.
LogicalPlanPtr NameResult(BindState& state, LogicalPlanPtr plan, ColumnId result) {
  if (plan->output[0].id == result) return plan;
  if (plan->kind != PlanKind::kProject) {
    std::vector<BoundExprPtr> exprs;
    exprs.push_back(ColumnOf(plan->output[0]));
    std::vector<std::string> names{plan->output[0].name};
    plan = MakeProject(state, std::move(plan), std::move(exprs), std::move(names));
  }
  plan->output[0].id = result;
  return plan;
}

/// Adds the columns that make a term not TRUE when they are NULL.
void CollectStrict(const BoundExpr& expr, ColumnSet& strict) {
  if (expr.kind == ExprKind::kColumn) strict.insert(expr.column);
  if (expr.kind != ExprKind::kFunction || expr.function.null_rule != NullRule::kPropagate) return;
  for (const BoundExprPtr& child : expr.children) CollectStrict(*child, strict);
}

/// Replaces the outputs of a projection or a DISTINCT by the expressions that they stand for.
void Substitute(BoundExprPtr& expr, const std::vector<OutputColumn>& outputs, const std::vector<BoundExprPtr>& by) {
  expr = ReplaceColumns(std::move(expr), [&](const BoundExpr& column) -> BoundExprPtr {
    for (size_t i = 0; i < by.size(); ++i) {
      if (outputs[i].id == column.column) return by[i]->Clone();
    }
    return nullptr;
  });
}

bool KeepsARow(const LogicalLimit& limit) {
  return limit.offset == nullptr && limit.limit != nullptr && limit.limit->IsConstant() &&
         (limit.limit->value.is_null() || limit.limit->value.integer() > 0);
}

void ReplaceByChild(LogicalPlanPtr& plan) {
  LogicalPlanPtr child = std::move(plan->children[0]);
  plan = std::move(child);
}

/// The columns of `outer` that a plan reads without making them. It may read columns of queries further out as well:
/// those stay as they are, until the plan that it becomes part of is itself joined to theirs.
ColumnSet ReadsOf(const LogicalPlan& plan, const LogicalPlan& outer) {
  const ColumnSet free = FreeColumns(plan);
  ColumnSet read;
  for (const OutputColumn& column : outer.output) {
    if (free.contains(column.id)) read.insert(column.id);
  }
  return read;
}

/// What a subquery gives: columns `outputs`, computed as `values` over the rows of `plan`.
struct SubqueryRows {
  explicit SubqueryRows(LogicalPlanPtr subquery) : plan(std::move(subquery)), outputs(plan->output) {
    for (const OutputColumn& column : outputs) values.push_back(ColumnOf(column));
    while (CanStrip()) {
      if (plan->kind == PlanKind::kProject) {
        for (BoundExprPtr& value : values) Substitute(value, plan->output, plan->As<LogicalProject>().exprs);
      }
      ReplaceByChild(plan);
    }
  }

  LogicalPlanPtr plan;
  std::vector<OutputColumn> outputs;
  std::vector<BoundExprPtr> values;

 private:
  bool CanStrip() const {
    if (plan->kind == PlanKind::kSort) {
      return plan->As<LogicalSort>().limit == nullptr && plan->As<LogicalSort>().offset == nullptr;
    }
    if (!IsProject(*plan)) return false;
    // What differs from call to call is computed once a row.
    const auto& exprs = plan->As<LogicalProject>().exprs;
    return std::none_of(exprs.begin(), exprs.end(), [](const BoundExprPtr& expr) { return expr->IsVolatile(); });
  }
};

LogicalPlanPtr MakeProject(std::vector<BoundExprPtr> exprs, std::vector<OutputColumn> outputs, LogicalPlanPtr plan) {
  auto project = std::make_unique<LogicalProject>();
  project->exprs = std::move(exprs);
  project->output = std::move(outputs);
  project->children.push_back(std::move(plan));
  return project;
}

/// What a join with a subquery whose values are computed above it gives: the columns of `left`, then the values.
LogicalPlanPtr ProjectJoined(BindState& state, JoinType type, LogicalPlanPtr left, SubqueryRows rows,
                             std::vector<BoundExprPtr> terms) {
  std::vector<OutputColumn> outputs = left->output;
  std::vector<BoundExprPtr> exprs;
  for (const OutputColumn& column : outputs) exprs.push_back(ColumnOf(column));
  std::move(rows.values.begin(), rows.values.end(), std::back_inserter(exprs));
  outputs.insert(outputs.end(), rows.outputs.begin(), rows.outputs.end());
  // The columns keep their ids above the projection, so get new ones below it.
  const std::unordered_map<ColumnId, ColumnId> names = RenameColumns(*left, state.next_column_id);
  for (BoundExprPtr& expr : exprs) ReplaceOuter(expr, names);
  for (BoundExprPtr& term : terms) ReplaceOuter(term, names);
  LogicalPlanPtr join = MakeJoin(type, std::move(left), std::move(rows.plan), std::move(terms));
  return MakeProject(std::move(exprs), std::move(outputs), std::move(join));
}

/// Joins a subquery of which only terms and values depend on `left`, and computes the values above the join: only for
/// the rows that the subquery's own conditions, now the join's, let through. Left and single joins give NULL where no
/// row came through, whatever the value reads.
arrow::Status ProjectAbove(BindState& state, JoinType type, SubqueryRows rows, std::vector<BoundExprPtr> terms,
                           const ColumnSet& free, int64_t position, LogicalPlanPtr& left) {
  for (BoundExprPtr& term : terms) Substitute(term, rows.outputs, rows.values);
  PullUp(rows.plan, free, terms);
  if (type != JoinType::kInner) {
    std::vector<OutputColumn> columns = rows.plan->output;
    std::vector<BoundExprPtr> exprs;
    for (const OutputColumn& column : columns) exprs.push_back(ColumnOf(column));
    exprs.push_back(BoundExpr::Constant(Value::Boolean(true)));
    columns.push_back({ColumnId(), TypeId::kBoolean, "matched"});
    for (OutputColumn& column : columns) column.id = state.NewColumn();
    const OutputColumn matched = columns.back();
    std::vector<BoundExprPtr> renamed;
    for (size_t i = 0; i < rows.plan->output.size(); ++i) renamed.push_back(ColumnOf(columns[i]));
    for (BoundExprPtr& term : terms) Substitute(term, rows.plan->output, renamed);
    for (BoundExprPtr& value : rows.values) {
      Substitute(value, rows.plan->output, renamed);
      if (value->IsColumn() && !free.contains(value->column)) continue;
      std::vector<BoundExprPtr> children;
      children.push_back(ColumnOf(matched));
      const LogicalType value_type = value->type;
      children.push_back(std::move(value));
      children.push_back(BoundExpr::Constant(Value::Null(value_type)));
      ARROW_ASSIGN_OR_RAISE(value, MakeCase(state, std::move(children), position));
    }
    rows.plan = MakeProject(std::move(exprs), std::move(columns), std::move(rows.plan));
  }
  left = ProjectJoined(state, type, std::move(left), std::move(rows), std::move(terms));
  return arrow::Status::OK();
}

bool AnyCanFail(const std::vector<BoundExprPtr>& exprs) {
  return std::any_of(exprs.begin(), exprs.end(), [](const BoundExprPtr& expr) { return expr->CanFail(); });
}

bool IsTrue(const BoundExpr& term) { return term.IsConstant() && !term.value.is_null() && term.value.boolean(); }

/// A join with a chain of table functions as these functions over `left`; false where the join is another one.
bool JoinSets(JoinType type, SubqueryRows& rows, std::vector<BoundExprPtr>& terms, const ColumnSet& free,
              LogicalPlanPtr& left) {
  if (!IsSetChain(*rows.plan, free)) return false;
  ColumnSet given;
  for (const OutputColumn& column : rows.plan->output) given.insert(column.id);
  const bool is_plain = std::all_of(rows.values.begin(), rows.values.end(), [&](const BoundExprPtr& value) {
    return value->IsColumn() && given.contains(value->column);
  });
  const bool is_outer = type == JoinType::kLeft && is_plain &&
                        std::all_of(terms.begin(), terms.end(), [](const auto& term) { return IsTrue(*term); }) &&
                        MakeOuterSets(*rows.plan, free);
  if (type != JoinType::kInner && !is_outer) return false;
  std::vector<OutputColumn> outputs = left->output;
  std::vector<BoundExprPtr> exprs;
  for (const OutputColumn& column : outputs) exprs.push_back(ColumnOf(column));
  left = GraftSets(std::move(rows.plan), free, std::move(left));
  for (BoundExprPtr& term : terms) Substitute(term, rows.outputs, rows.values);
  if (!is_outer && !terms.empty()) {
    left = MakeFilter(std::move(left), std::move(terms));
  }
  std::move(rows.values.begin(), rows.values.end(), std::back_inserter(exprs));
  outputs.insert(outputs.end(), rows.outputs.begin(), rows.outputs.end());
  left = MakeProject(std::move(exprs), std::move(outputs), std::move(left));
  return true;
}

/// Joins a subquery that reads the columns `free` of `left` to it, by `terms` and by what it reads: JoinType kInner,
/// kLeft or kSingle.
arrow::Status JoinRows(BindState& state, JoinType type, SubqueryRows rows, std::vector<BoundExprPtr> terms,
                       const ColumnSet& free, int64_t position, LogicalPlanPtr& left) {
  if (JoinSets(type, rows, terms, free, left)) return arrow::Status::OK();
  if (CanPullUp(*rows.plan, free) && (AnyReads(rows.values, free) || AnyCanFail(rows.values))) {
    return ProjectAbove(state, type, std::move(rows), std::move(terms), free, position, left);
  }
  if (CanPullUp(*rows.plan, free)) {
    std::vector<BoundExprPtr> pulled;
    PullUp(rows.plan, free, pulled);
    // What the terms read of the rows becomes part of the projection.
    const std::vector<OutputColumn> columns = rows.plan->output;
    std::vector<OutputColumn> read;
    std::vector<BoundExprPtr> by;
    for (const OutputColumn& column : columns) {
      if (!AnyReads(pulled, {column.id})) continue;
      read.push_back(column);
      rows.values.push_back(ColumnOf(column));
      rows.outputs.push_back({state.NewColumn(), column.type, column.name});
      by.push_back(ColumnOf(rows.outputs.back()));
    }
    for (BoundExprPtr& term : pulled) Substitute(term, read, by);
    std::move(pulled.begin(), pulled.end(), std::back_inserter(terms));
    LogicalPlanPtr project = MakeProject(std::move(rows.values), std::move(rows.outputs), std::move(rows.plan));
    left = MakeJoin(type, std::move(left), std::move(project), std::move(terms));
    return arrow::Status::OK();
  }
  LogicalPlanPtr project = MakeProject(std::move(rows.values), std::move(rows.outputs), std::move(rows.plan));
  OuterDomain domain(state, left, free, *project, position);
  ARROW_ASSIGN_OR_RAISE(PushedPlan pushed, domain.Push(std::move(project)));
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> match, domain.MatchTerms(pushed, {}));
  std::move(terms.begin(), terms.end(), std::back_inserter(match));
  left = domain.Finish(MakeJoin(type, std::move(left), std::move(pushed.plan), std::move(match)));
  return arrow::Status::OK();
}

/// One subquery that reads columns of the outer plan, on its way into it.
class Unnester {
 public:
  Unnester(BindState& state, PendingSubquery& pending, LogicalPlanPtr& plan)
      : state_(state), pending_(pending), plan_(plan), inner_(pending.plan), free_(ReadsOf(*pending.plan, *plan)) {}

  arrow::Status Scalar(BoundExprPtr& replacement);
  /// kSemi, kAnti or kMark.
  arrow::Status Exists(JoinType type);

 private:
  bool InlineSingleRow(BoundExprPtr& replacement);
  bool FindAggregate(std::vector<BoundExprPtr>& result);
  arrow::Status Aggregate(std::vector<BoundExprPtr> result, BoundExprPtr& replacement);
  bool GroupByCorrelation(LogicalAggregate& aggregate, std::vector<BoundExprPtr>& terms);
  arrow::Status Single();

  BindState& state_;
  PendingSubquery& pending_;
  LogicalPlanPtr& plan_;
  LogicalPlanPtr& inner_;
  const ColumnSet free_;
};

// (SELECT outer.a + 1): the expression itself.
bool Unnester::InlineSingleRow(BoundExprPtr& replacement) {
  if (!IsProject(*inner_)) return false;
  const LogicalPlan& child = *inner_->children[0];
  if (child.kind != PlanKind::kValues || !child.output.empty() || child.As<LogicalValues>().rows.size() != 1) {
    return false;
  }
  replacement = std::move(inner_->As<LogicalProject>().exprs[0]);
  return true;
}

// Strips what stands above an aggregation without groups: result[0] becomes the value, the rest conditions of HAVING.
bool Unnester::FindAggregate(std::vector<BoundExprPtr>& result) {
  const LogicalPlan* node = inner_.get();
  while (IsProject(*node) || node->kind == PlanKind::kFilter || node->kind == PlanKind::kSort) {
    node = node->children[0].get();
  }
  if (node->kind != PlanKind::kAggregate || !node->As<LogicalAggregate>().groups.empty()) return false;
  result.push_back(ColumnOf(inner_->output[0]));
  while (inner_->kind != PlanKind::kAggregate) {
    if (inner_->kind == PlanKind::kProject) {
      for (BoundExprPtr& expr : result) Substitute(expr, inner_->output, inner_->As<LogicalProject>().exprs);
    } else if (inner_->kind == PlanKind::kFilter) {
      for (BoundExprPtr& term : inner_->As<LogicalFilter>().terms) result.push_back(std::move(term));
    }
    ReplaceByChild(inner_);
  }
  return true;
}

// Where all correlation is by equality: groups the aggregation by the inner sides, and leaves in `terms` what joins it
// with the outer plan. Else changes nothing.
bool Unnester::GroupByCorrelation(LogicalAggregate& aggregate, std::vector<BoundExprPtr>& terms) {
  for (const AggregateCall& call : aggregate.aggregates) {
    if (AnyReads(call.arguments, free_) || (call.filter != nullptr && ReadsAny(*call.filter, free_))) return false;
  }
  for (const BoundExprPtr& term : terms) {
    if (ReadsOnly(*term, free_)) continue;
    if (term->kind != ExprKind::kFunction || term->function.name != "=") return false;
    const bool first = ReadsAny(*term->children[0], free_);
    const bool second = ReadsAny(*term->children[1], free_);
    if (first == second || !ReadsOnly(*term->children[first ? 0 : 1], free_)) return false;
  }
  std::vector<OutputColumn> group_outputs;
  for (BoundExprPtr& term : terms) {
    if (ReadsOnly(*term, free_)) continue;
    BoundExprPtr& inner = term->children[ReadsAny(*term->children[0], free_) ? 1 : 0];
    group_outputs.push_back({state_.NewColumn(), inner->type, inner->ToString()});
    BoundExprPtr column = ColumnOf(group_outputs.back());
    std::swap(column, inner);
    aggregate.groups.push_back(std::move(column));
  }
  aggregate.output.insert(aggregate.output.begin(), group_outputs.begin(), group_outputs.end());
  return true;
}

/// Moves what the calls compute of columns of `free` into a projection below them.
void ComputeArguments(BindState& state, const ColumnSet& free, LogicalAggregate& aggregate) {
  LogicalPlanPtr& child = aggregate.children[0];
  std::vector<OutputColumn> outputs = child->output;
  std::vector<BoundExprPtr> exprs;
  for (const OutputColumn& column : outputs) exprs.push_back(ColumnOf(column));
  ForEachExpr(aggregate, [&](BoundExprPtr& expr) {
    if (!ReadsAny(*expr, free)) return;
    outputs.push_back({state.NewColumn(), expr->type, expr->ToString()});
    exprs.push_back(std::exchange(expr, ColumnOf(outputs.back())));
  });
  if (outputs.size() == child->output.size()) return;
  child = MakeProject(std::move(exprs), std::move(outputs), std::move(child));
}

arrow::Status Unnester::Aggregate(std::vector<BoundExprPtr> result, BoundExprPtr& replacement) {
  auto& aggregate = inner_->As<LogicalAggregate>();
  const std::vector<OutputColumn> outputs = aggregate.output;
  std::vector<BoundExprPtr> defaults;
  for (size_t i = 0; i < outputs.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(defaults.emplace_back(), WithDefault(state_, ColumnOf(outputs[i]), aggregate.aggregates[i]));
  }
  LogicalPlanPtr& child = inner_->children[0];
  std::vector<BoundExprPtr> terms;
  ColumnSet strict;
  bool grouped = false;
  if (CanPullUp(*child, free_)) {
    PullUp(child, free_, terms);
    for (const BoundExprPtr& term : terms) CollectStrict(*term, strict);
    grouped = GroupByCorrelation(aggregate, terms);
  }
  if (grouped) {
    plan_ = MakeJoin(JoinType::kLeft, std::move(plan_), std::move(inner_), std::move(terms));
  } else {
    if (!terms.empty()) child = MakeFilter(std::move(child), std::move(terms));
    if (IsSetChain(*child, free_)) ComputeArguments(state_, free_, aggregate);
    OuterDomain domain(state_, plan_, free_, *inner_, pending_.position);
    ARROW_ASSIGN_OR_RAISE(PushedPlan pushed, domain.Push(std::move(child)));
    ForEachExpr(*inner_, [&](BoundExprPtr& expr) { ReplaceOuter(expr, pushed.columns); });
    std::vector<OutputColumn> group_outputs;
    for (auto& [outer, column] : pushed.columns) {
      const auto found = std::find_if(pushed.plan->output.begin(), pushed.plan->output.end(),
                                      [&, id = column](const OutputColumn& output) { return output.id == id; });
      aggregate.groups.push_back(ColumnOf(*found));
      group_outputs.push_back({state_.NewColumn(), found->type, found->name});
      column = group_outputs.back().id;
    }
    aggregate.output.insert(aggregate.output.begin(), group_outputs.begin(), group_outputs.end());
    child = std::move(pushed.plan);
    pushed.plan = std::move(inner_);
    ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> match, domain.MatchTerms(pushed, strict));
    plan_ = domain.Finish(MakeJoin(JoinType::kLeft, std::move(plan_), std::move(pushed.plan), std::move(match)));
  }
  for (BoundExprPtr& expr : result) Substitute(expr, outputs, defaults);
  replacement = std::move(result[0]);
  if (result.size() == 1) return arrow::Status::OK();
  std::vector<BoundExprPtr> having(std::make_move_iterator(result.begin() + 1), std::make_move_iterator(result.end()));
  std::vector<BoundExprPtr> children;
  children.push_back(BoundExpr::Conjunction(true, std::move(having)));
  children.push_back(std::move(replacement));
  children.push_back(BoundExpr::Constant(Value::Null(pending_.type)));
  return MakeCase(state_, std::move(children), pending_.position).Value(&replacement);
}

arrow::Status Unnester::Scalar(BoundExprPtr& replacement) {
  if (InlineSingleRow(replacement)) return arrow::Status::OK();
  std::vector<BoundExprPtr> result;
  if (FindAggregate(result)) return Aggregate(std::move(result), replacement);
  return Single();
}

// At most one row for each outer row, by a single join.
arrow::Status Unnester::Single() {
  SubqueryRows rows(std::move(inner_));
  rows.outputs[0].id = pending_.result;
  return JoinRows(state_, JoinType::kSingle, std::move(rows), {}, free_, pending_.position, plan_);
}

/// One row for each outer row that has some: of a plan whose only outer column is the row's number.
PushedPlan FirstOfEach(BindState& state, PushedPlan pushed) {
  auto distinct = std::make_unique<LogicalAggregate>();
  for (auto& [outer, column] : pushed.columns) {
    const auto found = std::find_if(pushed.plan->output.begin(), pushed.plan->output.end(),
                                    [&, id = column](const OutputColumn& output) { return output.id == id; });
    distinct->groups.push_back(ColumnOf(*found));
    distinct->output.push_back({state.NewColumn(), found->type, found->name});
    column = distinct->output.back().id;
  }
  distinct->children.push_back(std::move(pushed.plan));
  pushed.plan = std::move(distinct);
  return pushed;
}

arrow::Status Unnester::Exists(JoinType type) {
  std::vector<BoundExprPtr> terms = std::move(pending_.terms);
  const bool in = pending_.kind == PendingSubquery::Kind::kIn;
  bool strip = true;
  while (strip) {
    const LogicalPlan& top = *inner_;
    if (IsProject(top)) {
      for (BoundExprPtr& term : terms) Substitute(term, top.output, top.As<LogicalProject>().exprs);
    } else if (top.kind == PlanKind::kAggregate && !top.As<LogicalAggregate>().groups.empty() &&
               top.As<LogicalAggregate>().grouping_sets.empty() && top.As<LogicalAggregate>().aggregates.empty()) {
      for (BoundExprPtr& term : terms) Substitute(term, top.output, top.As<LogicalAggregate>().groups);
    } else if (top.kind == PlanKind::kSort) {
      strip = top.As<LogicalSort>().limit == nullptr && top.As<LogicalSort>().offset == nullptr;
    } else {
      strip = !in && top.kind == PlanKind::kLimit && KeepsARow(top.As<LogicalLimit>());
    }
    if (strip) ReplaceByChild(inner_);
  }
  const bool null_aware = in && type != JoinType::kSemi;
  // IN's own terms may have taken free columns from the projection: they are join terms in any case.
  if (CanPullUp(*inner_, free_)) {
    PullUp(inner_, free_, terms);
    plan_ = MakeJoin(type, std::move(plan_), std::move(inner_), std::move(terms));
    plan_->As<LogicalJoin>().null_aware = null_aware;
    return arrow::Status::OK();
  }
  OuterDomain domain(state_, plan_, free_, *inner_, pending_.position);
  ARROW_ASSIGN_OR_RAISE(PushedPlan pushed, domain.Push(std::move(inner_)));
  if (domain.is_numbered() && terms.empty()) pushed = FirstOfEach(state_, std::move(pushed));
  ARROW_ASSIGN_OR_RAISE(std::vector<BoundExprPtr> match, domain.MatchTerms(pushed, {}));
  std::move(match.begin(), match.end(), std::back_inserter(terms));
  LogicalPlanPtr join = MakeJoin(type, std::move(plan_), std::move(pushed.plan), std::move(terms));
  join->As<LogicalJoin>().null_aware = null_aware;
  if (type == JoinType::kMark) join->output.push_back({pending_.result, TypeId::kBoolean, "subquery"});
  plan_ = domain.Finish(std::move(join));
  return arrow::Status::OK();
}

arrow::Status AttachScalar(BindState& state, PendingSubquery& pending, LogicalPlanPtr& plan,
                           BoundExprPtr& replacement) {
  if (!ReadsOf(*pending.plan, *plan).empty()) return Unnester(state, pending, plan).Scalar(replacement);
  const JoinType type = GivesOneRow(*pending.plan) ? JoinType::kInner : JoinType::kSingle;
  LogicalPlanPtr right = NameResult(state, std::move(pending.plan), pending.result);
  plan = MakeJoin(type, std::move(plan), std::move(right), {});
  return arrow::Status::OK();
}

LogicalPlanPtr FirstRow(LogicalPlanPtr plan) {
  auto limit = std::make_unique<LogicalLimit>();
  limit->limit = BoundExpr::Constant(Value::BigInt(1));
  limit->output = plan->output;
  limit->children.push_back(std::move(plan));
  return limit;
}

/// EXISTS and IN as a join of `type`: kMark, kSemi, kAnti.
arrow::Status AttachTest(BindState& state, PendingSubquery& pending, JoinType type, LogicalPlanPtr& plan) {
  const bool in = pending.kind == PendingSubquery::Kind::kIn;
  if (!ReadsOf(*pending.plan, *plan).empty()) {
    ARROW_RETURN_NOT_OK(Unnester(state, pending, plan).Exists(type));
  } else {
    // A subquery that reads queries further out will be computed for all their rows at once.
    const bool takes_first = !in && !pending.correlated;
    LogicalPlanPtr right = takes_first ? FirstRow(std::move(pending.plan)) : std::move(pending.plan);
    plan = MakeJoin(type, std::move(plan), std::move(right), std::move(pending.terms));
    plan->As<LogicalJoin>().null_aware = in && type != JoinType::kSemi;
  }
  if (type == JoinType::kMark && plan->kind == PlanKind::kJoin) {
    plan->output.push_back({pending.result, TypeId::kBoolean, "subquery"});
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Status AttachSubqueries(BindState& state, std::vector<PendingSubquery> pending, LogicalPlanPtr& plan,
                               std::span<BoundExprPtr* const> exprs) {
  for (size_t i = 0; i < pending.size(); ++i) {
    BoundExprPtr replacement;
    if (pending[i].kind == PendingSubquery::Kind::kScalar) {
      ARROW_RETURN_NOT_OK(AttachScalar(state, pending[i], plan, replacement));
    } else {
      ARROW_RETURN_NOT_OK(AttachTest(state, pending[i], JoinType::kMark, plan));
    }
    if (replacement == nullptr) continue;
    const auto replace = [&](const BoundExpr& column) -> BoundExprPtr {
      return column.column == pending[i].result ? replacement->Clone() : nullptr;
    };
    for (BoundExprPtr* expr : exprs) *expr = ReplaceColumns(std::move(*expr), replace);
    for (size_t j = i + 1; j < pending.size(); ++j) {
      for (BoundExprPtr& term : pending[j].terms) term = ReplaceColumns(std::move(term), replace);
      if (pending[j].correlated) ReplaceColumnsInPlan(*pending[j].plan, replace);
    }
  }
  return arrow::Status::OK();
}

arrow::Status AttachAsFilter(BindState& state, PendingSubquery pending, bool negated, LogicalPlanPtr& plan) {
  return AttachTest(state, pending, negated ? JoinType::kAnti : JoinType::kSemi, plan);
}

bool ReadsColumnsOf(const LogicalPlan& plan, const LogicalPlan& outer) { return !ReadsOf(plan, outer).empty(); }

arrow::Status JoinLateral(BindState& state, JoinType type, LogicalPlanPtr right, std::vector<BoundExprPtr> terms,
                          int64_t position, LogicalPlanPtr& left) {
  const ColumnSet free = ReadsOf(*right, *left);
  if (free.empty()) {
    left = MakeJoin(type, std::move(left), std::move(right), std::move(terms));
    return arrow::Status::OK();
  }
  if (type == JoinType::kRight || type == JoinType::kFull) {
    return SqlError(sqlstate::kInvalidColumnReference,
                    "the right side of a RIGHT or FULL join cannot refer to its left side", position);
  }
  return JoinRows(state, type, SubqueryRows(std::move(right)), std::move(terms), free, position, left);
}

void NarrowOuterJoin(const BoundExpr& term, LogicalPlan& plan) {
  if (plan.kind != PlanKind::kJoin || plan.As<LogicalJoin>().type != JoinType::kLeft) return;
  ColumnSet strict;
  CollectStrict(term, strict);
  const std::vector<OutputColumn>& right = plan.children[1]->output;
  const bool rejects =
      std::any_of(right.begin(), right.end(), [&](const OutputColumn& column) { return strict.contains(column.id); });
  if (rejects) plan.As<LogicalJoin>().type = JoinType::kInner;
}

}  // namespace llkv
