// Pushes the domain of outer values down through a subquery's operators.
#include "sql/binder/unnest_pushdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "plan/materialize.h"
#include "plan/plan_visitor.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/order_binder.h"
#include "sql/binder/query_binder.h"
#include "sql/binder/typing.h"
#include "sql/binder/unnest_pullup.h"
#include "sql/binder/unnest_sets.h"

namespace llkv {
namespace {

const OutputColumn* FindOutput(const LogicalPlan& plan, ColumnId id) {
  for (const OutputColumn& column : plan.output) {
    if (column.id == id) return &column;
  }
  return nullptr;
}

void Append(std::vector<OutputColumn>& to, const std::vector<OutputColumn>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

void ReplaceOuter(BoundExprPtr& expr, const std::unordered_map<ColumnId, ColumnId>& columns) {
  expr = ReplaceColumns(std::move(expr), [&](const BoundExpr& column) -> BoundExprPtr {
    const auto it = columns.find(column.column);
    if (it == columns.end()) return nullptr;
    return BoundExpr::Column(it->second, column.type, column.name, column.position);
  });
}

std::optional<Value> ValueOverNoRows(const AggregateCall& call) {
  const std::string& name = call.function.name;
  if (name.starts_with("count") || name == "regr_count" || name == "approx_count_distinct") {
    return ConvertExactly(Value::BigInt(0), call.function.return_type);
  }
  if (name == "total") return ConvertExactly(Value::BigInt(0), call.function.return_type);
  return std::nullopt;
}

arrow::Result<BoundExprPtr> WithDefault(BindState& state, BoundExprPtr column, const AggregateCall& call) {
  auto value = ValueOverNoRows(call);
  if (!value.has_value()) return column;
  std::vector<BoundExprPtr> arguments;
  arguments.push_back(std::move(column));
  arguments.push_back(BoundExpr::Constant(std::move(*value)));
  return MakeFunction(state, "coalesce", std::move(arguments), -1);
}

OuterDomain::OuterDomain(BindState& state, LogicalPlanPtr& plan, const std::unordered_set<ColumnId>& free,
                         const LogicalPlan& subquery, int64_t position)
    : state_(state), id_(state.next_materialize_id++), position_(position) {
  auto scan = ReadMaterialized(id_, plan->output);
  for (uint32_t i = 0; i < plan->output.size(); ++i) {
    if (!free.contains(plan->output[i].id)) continue;
    outer_.push_back(plan->output[i]);
    outer_ids_.insert(plan->output[i].id);
    ordinals_.push_back(i);
  }
  if (ReadsOnlyInSets(subquery, outer_ids_)) {
    set_columns_ = std::exchange(outer_, {{state.NewColumn(), TypeId::kBigInt, "row number"}});
    set_ordinals_ = std::exchange(ordinals_, {LogicalMaterializedScan::kRowNumber});
    set_ids_ = std::exchange(outer_ids_, {outer_[0].id});
    scan->column_indexes.push_back(ordinals_[0]);
    scan->output.push_back(outer_[0]);
  }
  RenameColumns(*plan, state.next_column_id);
  definition_ = std::move(plan);
  plan = std::move(scan);
}

LogicalPlanPtr OuterDomain::Finish(LogicalPlanPtr body) {
  return MakeMaterialize(id_, std::move(definition_), std::move(body));
}

PushedPlan OuterDomain::Copy() {
  PushedPlan copy;
  auto scan = std::make_unique<LogicalMaterializedScan>();
  scan->id = id_;
  scan->column_indexes = ordinals_;
  auto distinct = std::make_unique<LogicalAggregate>();
  for (const OutputColumn& outer : outer_) {
    scan->output.push_back({state_.NewColumn(), outer.type, outer.name});
    distinct->groups.push_back(ColumnOf(scan->output.back()));
    distinct->output.push_back({state_.NewColumn(), outer.type, outer.name});
    copy.columns.emplace(outer.id, distinct->output.back().id);
  }
  distinct->children.push_back(std::move(scan));
  copy.plan = std::move(distinct);
  return copy;
}

bool OuterDomain::Depends(const LogicalPlan& plan) const {
  if (ReadsAnyOf(plan, outer_ids_) || ReadsAnyOf(plan, set_ids_)) return true;
  bool depends = false;
  VisitPlan(plan, [&](const LogicalPlan& node) {
    depends = depends || (node.kind == PlanKind::kMaterializedScan &&
                          pushed_definitions_.contains(node.As<LogicalMaterializedScan>().id));
  });
  return depends;
}

arrow::Result<PushedPlan> OuterDomain::Cross(LogicalPlanPtr plan) {
  PushedPlan copy = Copy();
  copy.plan = MakeJoin(JoinType::kInner, std::move(copy.plan), std::move(plan), {});
  return copy;
}

arrow::Result<PushedPlan> OuterDomain::Push(LogicalPlanPtr plan) {
  if (!Depends(*plan)) return Cross(std::move(plan));
  if (is_numbered() && IsSetChain(*plan, set_ids_)) return PushSets(std::move(plan));
  switch (plan->kind) {
    case PlanKind::kFilter: {
      ARROW_ASSIGN_OR_RAISE(PushedPlan pushed, Push(std::move(plan->children[0])));
      for (BoundExprPtr& term : plan->As<LogicalFilter>().terms) ReplaceOuter(term, pushed.columns);
      plan->output = pushed.plan->output;
      plan->children[0] = std::move(pushed.plan);
      pushed.plan = std::move(plan);
      return pushed;
    }
    case PlanKind::kProject:
      return PushProject(std::move(plan));
    case PlanKind::kProjectSet:
      return PushProjectSet(std::move(plan));
    case PlanKind::kAggregate:
      return PushAggregate(std::move(plan));
    case PlanKind::kWindow:
      return PushWindow(std::move(plan));
    case PlanKind::kJoin:
      return PushJoin(std::move(plan));
    case PlanKind::kSetOperation:
      return PushSetOperation(std::move(plan));
    case PlanKind::kSort: {
      const auto& sort = plan->As<LogicalSort>();
      if (sort.limit != nullptr || sort.offset != nullptr) break;
      return Push(std::move(plan->children[0]));
    }
    case PlanKind::kValues:
      return PushValues(std::move(plan));
    case PlanKind::kRecursive:
      return PushRecursive(std::move(plan));
    case PlanKind::kMaterialize:
      return PushMaterialize(std::move(plan));
    case PlanKind::kMaterializedScan:
      return PushMaterializedScan(std::move(plan));
    case PlanKind::kLimit:
      return PushLimit(std::move(plan));
    default:
      break;
  }
  return Refuse(fmt::format("a correlated subquery of this shape ({})", PlanNodeTitle(*plan)), position_);
}

// The chain beside the outer rows, each under its number.
PushedPlan OuterDomain::PushSets(LogicalPlanPtr chain) {
  auto scan = std::make_unique<LogicalMaterializedScan>();
  scan->id = id_;
  scan->column_indexes = set_ordinals_;
  std::unordered_map<ColumnId, ColumnId> columns;
  std::unordered_set<ColumnId> free;
  for (const OutputColumn& column : set_columns_) {
    scan->output.push_back({state_.NewColumn(), column.type, column.name});
    columns.emplace(column.id, scan->output.back().id);
    free.insert(scan->output.back().id);
  }
  scan->column_indexes.push_back(LogicalMaterializedScan::kRowNumber);
  scan->output.push_back({state_.NewColumn(), outer_[0].type, outer_[0].name});
  PushedPlan pushed;
  pushed.columns.emplace(outer_[0].id, scan->output.back().id);
  VisitPlan(*chain,
            [&](LogicalPlan& node) { ForEachExpr(node, [&](BoundExprPtr& expr) { ReplaceOuter(expr, columns); }); });
  pushed.plan = GraftSets(std::move(chain), free, std::move(scan));
  return pushed;
}

arrow::Result<PushedPlan> OuterDomain::PushProject(LogicalPlanPtr plan) {
  auto& project = plan->As<LogicalProject>();
  ARROW_ASSIGN_OR_RAISE(PushedPlan pushed, Push(std::move(plan->children[0])));
  for (BoundExprPtr& expr : project.exprs) ReplaceOuter(expr, pushed.columns);
  for (const OutputColumn& outer : outer_) {
    ColumnId& column = pushed.columns.at(outer.id);
    project.exprs.push_back(BoundExpr::Column(column, outer.type, outer.name));
    column = state_.NewColumn();
    plan->output.push_back({column, outer.type, outer.name});
  }
  plan->children[0] = std::move(pushed.plan);
  pushed.plan = std::move(plan);
  return pushed;
}

arrow::Result<PushedPlan> OuterDomain::PushProjectSet(LogicalPlanPtr plan) {
  auto& set = plan->As<LogicalProjectSet>();
  ARROW_ASSIGN_OR_RAISE(PushedPlan pushed, Push(std::move(plan->children[0])));
  ForEachExpr(*plan, [&](BoundExprPtr& expr) { ReplaceOuter(expr, pushed.columns); });
  for (const OutputColumn& outer : outer_) {
    const OutputColumn* column = FindOutput(*pushed.plan, pushed.columns.at(outer.id));
    if (column == nullptr) return InternalError("a pushed plan lacks an outer column");
    set.passed.insert(set.passed.begin(), ColumnOf(*column));
    plan->output.insert(plan->output.begin(), *column);
  }
  plan->children[0] = std::move(pushed.plan);
  pushed.plan = std::move(plan);
  return pushed;
}

arrow::Result<PushedPlan> OuterDomain::PushAggregate(LogicalPlanPtr plan) {
  auto& aggregate = plan->As<LogicalAggregate>();
  const auto& sets = aggregate.grouping_sets;
  if (std::any_of(sets.begin(), sets.end(), [](const auto& set) { return set.empty(); })) {
    return Push(SplitEmptySets(std::move(plan)));
  }
  const bool scalar = aggregate.groups.empty();
  for (std::vector<uint32_t>& set : aggregate.grouping_sets) {
    for (size_t i = 0; i < outer_.size(); ++i) set.push_back(static_cast<uint32_t>(aggregate.groups.size() + i));
  }
  const auto old_groups = static_cast<std::ptrdiff_t>(aggregate.groups.size());
  ARROW_ASSIGN_OR_RAISE(PushedPlan pushed, Push(std::move(plan->children[0])));
  ForEachExpr(*plan, [&](BoundExprPtr& expr) { ReplaceOuter(expr, pushed.columns); });
  std::vector<OutputColumn> domain;
  for (const OutputColumn& outer : outer_) {
    ColumnId& column = pushed.columns.at(outer.id);
    aggregate.groups.push_back(BoundExpr::Column(column, outer.type, outer.name));
    column = state_.NewColumn();
    domain.push_back({column, outer.type, outer.name});
  }
  plan->output.insert(plan->output.begin() + old_groups, domain.begin(), domain.end());
  plan->children[0] = std::move(pushed.plan);
  if (scalar) return CompleteAggregate(std::move(plan), std::move(pushed.columns));
  pushed.plan = std::move(plan);
  return pushed;
}

namespace {

AggregateCall CloneCall(const AggregateCall& call) {
  AggregateCall clone;
  clone.function = call.function;
  clone.distinct = call.distinct;
  for (const BoundExprPtr& argument : call.arguments) clone.arguments.push_back(argument->Clone());
  if (call.filter != nullptr) clone.filter = call.filter->Clone();
  return clone;
}

}  // namespace

// An aggregation with grouping sets of no columns, whose row is there for every outer value, also where no row belongs
// to it: each such set as an aggregation of its own without groups, beside the one of the other sets.
LogicalPlanPtr OuterDomain::SplitEmptySets(LogicalPlanPtr plan) {
  auto& aggregate = plan->As<LogicalAggregate>();
  const std::vector<OutputColumn> outputs = plan->output;
  const size_t num_empty = std::erase_if(aggregate.grouping_sets, [](const auto& set) { return set.empty(); });
  const uint32_t id = state_.next_materialize_id++;
  LogicalPlanPtr definition = std::move(plan->children[0]);
  // The definition under names of its own, for an aggregation that reads it.
  const auto read = [&](LogicalAggregate& reader) {
    std::unordered_map<ColumnId, ColumnId> names;
    auto scan = ReadMaterialized(id, definition->output);
    for (OutputColumn& column : scan->output) {
      names.emplace(column.id, state_.NewColumn());
      column.id = names.at(column.id);
    }
    ForEachExpr(reader, [&](BoundExprPtr& expr) { ReplaceOuter(expr, names); });
    reader.children.clear();
    reader.children.push_back(std::move(scan));
  };
  auto all = std::make_unique<LogicalSetOperation>();
  all->all = true;
  all->output = outputs;
  for (size_t i = 0; i < num_empty; ++i) {
    auto scalar = std::make_unique<LogicalAggregate>();
    std::vector<BoundExprPtr> exprs;
    std::vector<std::string> names;
    for (const BoundExprPtr& group : aggregate.groups) exprs.push_back(BoundExpr::Constant(Value::Null(group->type)));
    for (const AggregateCall& call : aggregate.aggregates) {
      scalar->aggregates.push_back(CloneCall(call));
      scalar->output.push_back({state_.NewColumn(), call.function.return_type, call.function.name});
      exprs.push_back(ColumnOf(scalar->output.back()));
    }
    const int64_t missing = (int64_t{1} << aggregate.groups.size()) - 1;
    exprs.push_back(BoundExpr::Constant(Value::BigInt(missing)));
    for (const OutputColumn& column : outputs) names.push_back(column.name);
    read(*scalar);
    all->children.push_back(MakeProject(state_, std::move(scalar), std::move(exprs), std::move(names)));
  }
  if (!aggregate.grouping_sets.empty()) {
    read(aggregate);
    for (OutputColumn& column : plan->output) column.id = state_.NewColumn();
    all->children.push_back(std::move(plan));
  }
  LogicalPlanPtr body = std::move(all);
  if (body->children.size() == 1) {
    LogicalPlanPtr only = std::move(body->children[0]);
    only->output = outputs;
    body = std::move(only);
  }
  return MakeMaterialize(id, std::move(definition), std::move(body));
}

// Each outer value has partitions of its own.
arrow::Result<PushedPlan> OuterDomain::PushWindow(LogicalPlanPtr plan) {
  auto& window = plan->As<LogicalWindow>();
  ARROW_ASSIGN_OR_RAISE(PushedPlan pushed, Push(std::move(plan->children[0])));
  ForEachExpr(*plan, [&](BoundExprPtr& expr) { ReplaceOuter(expr, pushed.columns); });
  for (const OutputColumn& outer : outer_) {
    window.partition_by.push_back(BoundExpr::Column(pushed.columns.at(outer.id), outer.type, outer.name));
  }
  const auto num_calls = static_cast<std::ptrdiff_t>(window.calls.size());
  std::vector<OutputColumn> output = pushed.plan->output;
  output.insert(output.end(), plan->output.end() - num_calls, plan->output.end());
  plan->output = std::move(output);
  plan->children[0] = std::move(pushed.plan);
  pushed.plan = std::move(plan);
  return pushed;
}

// The first rows of each outer value, by their numbers in the order below.
arrow::Result<PushedPlan> OuterDomain::PushLimit(LogicalPlanPtr plan) {
  auto& limit = plan->As<LogicalLimit>();
  LogicalPlanPtr child = std::move(plan->children[0]);
  std::vector<SortKey> order;
  if (child->kind == PlanKind::kSort && child->As<LogicalSort>().limit == nullptr) {
    order = std::move(child->As<LogicalSort>().keys);
    LogicalPlanPtr sorted = std::move(child->children[0]);
    child = std::move(sorted);
  }
  ARROW_ASSIGN_OR_RAISE(PushedPlan pushed, Push(std::move(child)));
  for (SortKey& key : order) ReplaceOuter(key.expr, pushed.columns);
  std::vector<BoundExprPtr> partition_by;
  for (const OutputColumn& outer : outer_) {
    partition_by.push_back(BoundExpr::Column(pushed.columns.at(outer.id), outer.type, outer.name));
  }
  LogicalPlanPtr numbered =
      RankRows(state_, std::move(partition_by), std::move(order), {WindowKind::kRowNumber}, std::move(pushed.plan));
  const OutputColumn number = numbered->output.back();
  if (plan->children.size() > 1) {
    // Bounds with subqueries, which see no columns of queries around: one row for all.
    limit.limit = ColumnOf(plan->children[1]->output[0]);
    limit.offset = ColumnOf(plan->children[1]->output[1]);
    numbered = MakeJoin(JoinType::kInner, std::move(numbered), std::move(plan->children[1]), {});
  }
  std::vector<BoundExprPtr> terms;
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr place, BehindOffset(state_, ColumnOf(number), limit.offset.get()));
  if (!IsNoBound(limit.offset.get())) {
    ARROW_ASSIGN_OR_RAISE(terms.emplace_back(),
                          MakeComparison(state_, ">", place->Clone(), BoundExpr::Constant(Value::BigInt(0)), -1));
  }
  if (!IsNoBound(limit.limit.get())) {
    ARROW_ASSIGN_OR_RAISE(terms.emplace_back(), WithinLimit(state_, std::move(place), *limit.limit));
  }
  pushed.plan = terms.empty() ? std::move(numbered) : MakeFilter(std::move(numbered), std::move(terms));
  return pushed;
}

// Without GROUP BY there is one row for every outer value, also for those that no row belongs to.
arrow::Result<PushedPlan> OuterDomain::CompleteAggregate(LogicalPlanPtr plan,
                                                         std::unordered_map<ColumnId, ColumnId> columns) {
  auto& aggregate = plan->As<LogicalAggregate>();
  PushedPlan grouped;
  grouped.columns = std::move(columns);
  PushedPlan copy = Copy();
  auto join = std::make_unique<LogicalJoin>();
  join->type = JoinType::kLeft;
  ARROW_RETURN_NOT_OK(AddMatch(copy, grouped, join->terms));
  // The aggregates' columns keep their ids above the projection, so get new ones below it.
  std::vector<OutputColumn> outputs(plan->output.begin() + static_cast<std::ptrdiff_t>(outer_.size()),
                                    plan->output.end());
  auto project = std::make_unique<LogicalProject>();
  for (size_t i = 0; i < outputs.size(); ++i) {
    OutputColumn& inner = plan->output[outer_.size() + i];
    inner.id = state_.NewColumn();
    ARROW_ASSIGN_OR_RAISE(project->exprs.emplace_back(), WithDefault(state_, ColumnOf(inner), aggregate.aggregates[i]));
    project->output.push_back(outputs[i]);
  }
  PushedPlan result;
  for (const OutputColumn& outer : outer_) {
    project->exprs.push_back(BoundExpr::Column(copy.columns.at(outer.id), outer.type, outer.name));
    project->output.push_back({state_.NewColumn(), outer.type, outer.name});
    result.columns.emplace(outer.id, project->output.back().id);
  }
  join->output = copy.plan->output;
  Append(join->output, plan->output);
  join->children.push_back(std::move(copy.plan));
  join->children.push_back(std::move(plan));
  project->children.push_back(std::move(join));
  result.plan = std::move(project);
  return result;
}

arrow::Status OuterDomain::AddMatch(const PushedPlan& left, const PushedPlan& right,
                                    std::vector<BoundExprPtr>& terms) const {
  for (const OutputColumn& outer : outer_) {
    ARROW_ASSIGN_OR_RAISE(terms.emplace_back(),
                          MakeComparison(state_, "is_not_distinct_from",
                                         BoundExpr::Column(left.columns.at(outer.id), outer.type, outer.name),
                                         BoundExpr::Column(right.columns.at(outer.id), outer.type, outer.name), -1));
  }
  return arrow::Status::OK();
}

arrow::Result<std::vector<BoundExprPtr>> OuterDomain::MatchTerms(const PushedPlan& pushed,
                                                                 const std::unordered_set<ColumnId>& strict) const {
  std::vector<BoundExprPtr> terms;
  for (const OutputColumn& outer : outer_) {
    const char* op = is_numbered() || strict.contains(outer.id) ? "=" : "is_not_distinct_from";
    const OutputColumn* inner = FindOutput(*pushed.plan, pushed.columns.at(outer.id));
    if (inner == nullptr) return InternalError("a pushed plan lacks an outer column");
    ARROW_ASSIGN_OR_RAISE(terms.emplace_back(), MakeComparison(state_, op, ColumnOf(outer), ColumnOf(*inner), -1));
  }
  return terms;
}

arrow::Result<PushedPlan> OuterDomain::PushJoin(LogicalPlanPtr plan) {
  auto& join = plan->As<LogicalJoin>();
  if (join.type == JoinType::kFull) return PushFullJoin(std::move(plan));
  // The side whose rows all stay must be there for each outer value; of an inner join, one of them.
  const bool keeps_right = join.type == JoinType::kRight;
  const bool keeps_left = !keeps_right && join.type != JoinType::kInner;
  // Only by terms: then the join takes these.
  if (!keeps_right && CanPullUp(*plan->children[1], outer_ids_)) PullUp(plan->children[1], outer_ids_, join.terms);
  const bool right = keeps_right || Depends(*plan->children[1]);
  const bool left = keeps_left || !right || Depends(*plan->children[0]);
  PushedPlan pushed_left;
  PushedPlan pushed_right;
  if (left) {
    ARROW_ASSIGN_OR_RAISE(pushed_left, Push(std::move(plan->children[0])));
    plan->children[0] = std::move(pushed_left.plan);
  }
  if (right) {
    ARROW_ASSIGN_OR_RAISE(pushed_right, Push(std::move(plan->children[1])));
    plan->children[1] = std::move(pushed_right.plan);
  }
  PushedPlan result;
  result.columns = left && !keeps_right ? pushed_left.columns : pushed_right.columns;
  for (BoundExprPtr& term : join.terms) ReplaceOuter(term, result.columns);
  if (left && right) ARROW_RETURN_NOT_OK(AddMatch(pushed_left, pushed_right, join.terms));
  const OutputColumn mark = plan->output.empty() ? OutputColumn{} : plan->output.back();
  plan->output = plan->children[0]->output;
  if (join.type == JoinType::kMark) {
    plan->output.push_back(mark);
  } else if (join.type != JoinType::kSemi && join.type != JoinType::kAnti) {
    Append(plan->output, plan->children[1]->output);
  }
  result.plan = std::move(plan);
  return result;
}

// Rows without a partner are of the outer values of the side that they are from.
arrow::Result<PushedPlan> OuterDomain::PushFullJoin(LogicalPlanPtr plan) {
  auto& join = plan->As<LogicalJoin>();
  const std::vector<OutputColumn> outputs = plan->output;
  ARROW_ASSIGN_OR_RAISE(PushedPlan left, Push(std::move(plan->children[0])));
  ARROW_ASSIGN_OR_RAISE(PushedPlan right, Push(std::move(plan->children[1])));
  for (BoundExprPtr& term : join.terms) ReplaceOuter(term, left.columns);
  ARROW_RETURN_NOT_OK(AddMatch(left, right, join.terms));
  plan->output = left.plan->output;
  Append(plan->output, right.plan->output);
  plan->children[0] = std::move(left.plan);
  plan->children[1] = std::move(right.plan);
  auto project = std::make_unique<LogicalProject>();
  for (const OutputColumn& column : outputs) project->exprs.push_back(ColumnOf(column));
  project->output = outputs;
  PushedPlan result;
  for (const OutputColumn& outer : outer_) {
    std::vector<BoundExprPtr> sides;
    sides.push_back(BoundExpr::Column(left.columns.at(outer.id), outer.type, outer.name));
    sides.push_back(BoundExpr::Column(right.columns.at(outer.id), outer.type, outer.name));
    ARROW_ASSIGN_OR_RAISE(project->exprs.emplace_back(), MakeFunction(state_, "coalesce", std::move(sides), -1));
    project->output.push_back({state_.NewColumn(), outer.type, outer.name});
    result.columns.emplace(outer.id, project->output.back().id);
  }
  // The columns keep their ids above the projection, so get new ones below it.
  const std::unordered_map<ColumnId, ColumnId> names = RenameColumns(*plan, state_.next_column_id);
  for (BoundExprPtr& expr : project->exprs) ReplaceOuter(expr, names);
  project->children.push_back(std::move(plan));
  result.plan = std::move(project);
  return result;
}

/// The plan with `columns` of it, then the outer ones, under new ids.
LogicalPlanPtr OuterDomain::WithDomainLast(std::span<const OutputColumn> columns, PushedPlan pushed) {
  std::vector<BoundExprPtr> exprs;
  std::vector<std::string> names;
  for (const OutputColumn& column : columns) {
    exprs.push_back(ColumnOf(column));
    names.push_back(column.name);
  }
  for (const OutputColumn& outer : outer_) {
    exprs.push_back(BoundExpr::Column(pushed.columns.at(outer.id), outer.type, outer.name));
    names.push_back(outer.name);
  }
  return MakeProject(state_, std::move(pushed.plan), std::move(exprs), std::move(names));
}

// Each row is a projection over the outer values.
arrow::Result<PushedPlan> OuterDomain::PushValues(LogicalPlanPtr plan) {
  auto& values = plan->As<LogicalValues>();
  auto all = std::make_unique<LogicalSetOperation>();
  all->all = true;
  for (std::vector<BoundExprPtr>& row : values.rows) {
    PushedPlan copy = Copy();
    std::vector<std::string> names;
    for (const OutputColumn& column : plan->output) names.push_back(column.name);
    for (BoundExprPtr& expr : row) ReplaceOuter(expr, copy.columns);
    for (const OutputColumn& outer : outer_) {
      row.push_back(BoundExpr::Column(copy.columns.at(outer.id), outer.type, outer.name));
      names.push_back(outer.name);
    }
    all->children.push_back(MakeProject(state_, std::move(copy.plan), std::move(row), std::move(names)));
  }
  PushedPlan result;
  all->output = plan->output;
  for (const OutputColumn& outer : outer_) {
    all->output.push_back({state_.NewColumn(), outer.type, outer.name});
    result.columns.emplace(outer.id, all->output.back().id);
  }
  if (all->children.size() == 1) {
    all->children[0]->output = std::move(all->output);
    result.plan = std::move(all->children[0]);
  } else {
    result.plan = std::move(all);
  }
  return result;
}

// Each outer value has a recursion of its own.
arrow::Result<PushedPlan> OuterDomain::PushRecursive(LogicalPlanPtr plan) {
  const auto num_columns = static_cast<uint32_t>(plan->output.size());
  for (size_t i = 0; i < plan->children.size(); ++i) {
    const std::vector<OutputColumn> columns = plan->children[i]->output;
    ARROW_ASSIGN_OR_RAISE(PushedPlan pushed, Push(std::move(plan->children[i])));
    plan->children[i] = WithDomainLast(columns, std::move(pushed));
    pushed_definitions_.emplace(plan->As<LogicalRecursive>().id, num_columns);
  }
  PushedPlan result;
  for (const OutputColumn& outer : outer_) {
    plan->output.push_back({state_.NewColumn(), outer.type, outer.name});
    result.columns.emplace(outer.id, plan->output.back().id);
  }
  result.plan = std::move(plan);
  return result;
}

// A definition of the subquery's own: where it reads the outer columns, so do all that scan it.
arrow::Result<PushedPlan> OuterDomain::PushMaterialize(LogicalPlanPtr plan) {
  LogicalPlanPtr& definition = plan->children[0];
  if (Depends(*definition)) {
    const std::vector<OutputColumn> columns = definition->output;
    ARROW_ASSIGN_OR_RAISE(PushedPlan pushed, Push(std::move(definition)));
    definition = WithDomainLast(columns, std::move(pushed));
    pushed_definitions_.emplace(plan->As<LogicalMaterialize>().id, static_cast<uint32_t>(columns.size()));
  }
  ARROW_ASSIGN_OR_RAISE(PushedPlan pushed, Push(std::move(plan->children[1])));
  plan->output = pushed.plan->output;
  plan->children[1] = std::move(pushed.plan);
  pushed.plan = std::move(plan);
  return pushed;
}

arrow::Result<PushedPlan> OuterDomain::PushMaterializedScan(LogicalPlanPtr plan) {
  auto& scan = plan->As<LogicalMaterializedScan>();
  const uint32_t first = pushed_definitions_.at(scan.id);
  PushedPlan result;
  for (uint32_t i = 0; i < outer_.size(); ++i) {
    scan.column_indexes.push_back(first + i);
    scan.output.push_back({state_.NewColumn(), outer_[i].type, outer_[i].name});
    result.columns.emplace(outer_[i].id, scan.output.back().id);
  }
  result.plan = std::move(plan);
  return result;
}

arrow::Result<PushedPlan> OuterDomain::PushSetOperation(LogicalPlanPtr plan) {
  for (LogicalPlanPtr& child : plan->children) {
    const std::vector<OutputColumn> own = child->output;
    ARROW_ASSIGN_OR_RAISE(PushedPlan pushed, Push(std::move(child)));
    child = WithDomainLast(own, std::move(pushed));
  }
  PushedPlan result;
  for (const OutputColumn& outer : outer_) {
    plan->output.push_back({state_.NewColumn(), outer.type, outer.name});
    result.columns.emplace(outer.id, plan->output.back().id);
  }
  result.plan = std::move(plan);
  return result;
}

}  // namespace llkv
