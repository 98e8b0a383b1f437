// See physical_planner.h. Builds each pipeline backwards from where its rows go: Build gives a pipeline the source and
// operators that produce a node's output, and finishes the pipelines that it depends on first.
#include "exec/physical_planner.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "exec/expr_set.h"
#include "exec/filter_targets.h"
#include "exec/operators/aggregate.h"
#include "exec/operators/changes.h"
#include "exec/operators/collect.h"
#include "exec/operators/fetch.h"
#include "exec/operators/file_scan.h"
#include "exec/operators/filter.h"
#include "exec/operators/hash_join.h"
#include "exec/operators/limit.h"
#include "exec/operators/nested_loop_join.h"
#include "exec/operators/project.h"
#include "exec/operators/project_set.h"
#include "exec/operators/recursive.h"
#include "exec/operators/row_constraints.h"
#include "exec/operators/set_operation.h"
#include "exec/operators/sort.h"
#include "exec/operators/table_function.h"
#include "exec/operators/table_scan.h"
#include "exec/operators/union_all.h"
#include "exec/operators/values.h"
#include "exec/operators/window.h"
#include "exec/operators/window_groups.h"
#include "plan/plan_visitor.h"
#include "store/scan_bound.h"

namespace llkv {

namespace {

/// A LIMIT up to here is read by many lanes and kept; a larger one streams through one lane.
constexpr int64_t kMaxCollectedLimit = 100'000;

std::vector<LogicalType> TypesOf(const std::vector<OutputColumn>& columns) {
  std::vector<LogicalType> types;
  for (const OutputColumn& column : columns) types.push_back(column.type);
  return types;
}

std::vector<uint32_t> AllColumns(size_t count) {
  std::vector<uint32_t> columns(count);
  for (size_t i = 0; i < count; ++i) columns[i] = static_cast<uint32_t>(i);
  return columns;
}

/// The value of a bound that is known now, or -1.
int64_t ConstantBound(const BoundExpr* expr) {
  if (expr == nullptr) return 0;
  if (!expr->IsConstant() || expr->value.is_null() || expr->value.integer() > kMaxCollectedLimit) return -1;
  return static_cast<int64_t>(expr->value.integer());
}

/// Every row that is read is a row of the result.
bool GivesEachRow(const LogicalPlan& node) {
  switch (node.kind) {
    case PlanKind::kProject:
    case PlanKind::kProjectSet:
      return GivesEachRow(*node.children[0]);
    case PlanKind::kScan:
      return node.As<LogicalScan>().predicates.empty();
    case PlanKind::kFilter:
    case PlanKind::kJoin:
      return false;
    default:
      return true;
  }
}

/// Whether the rows of `plan` are the same each time that they are computed, and computing them costs less than keeping
/// them.
bool CanReadTwice(const LogicalPlan& plan) {
  bool is_volatile = false;
  ForEachExpr(plan, [&](const BoundExpr& expr) { is_volatile |= expr.IsVolatile(); });
  if (is_volatile) return false;
  switch (plan.kind) {
    case PlanKind::kScan:
      return plan.As<LogicalScan>().predicates.empty();
    case PlanKind::kMaterializedScan:
      return true;
    case PlanKind::kProject:
      return CanReadTwice(*plan.children[0]);
    case PlanKind::kWindow:
      return IsOverWholePartitions(plan.As<LogicalWindow>());
    default:
      return false;
  }
}

/// The scans whose rows come to `plan`'s output one by one: what is above knows of some when others are read.
void AddStreamedScans(const LogicalPlan& plan, std::vector<const LogicalScan*>& scans) {
  switch (plan.kind) {
    case PlanKind::kScan:
      scans.push_back(&plan.As<LogicalScan>());
      return;
    case PlanKind::kFilter:
    case PlanKind::kProject:
    case PlanKind::kProjectSet:
      return AddStreamedScans(*plan.children[0], scans);
    case PlanKind::kJoin:
      if (!MarksRight(plan.As<LogicalJoin>().type)) AddStreamedScans(*plan.children[0], scans);
      return;
    case PlanKind::kMaterialize:
      return AddStreamedScans(*plan.children[1], scans);
    case PlanKind::kSetOperation: {
      const auto& set = plan.As<LogicalSetOperation>();
      if (set.op != LogicalSetOperation::Op::kUnion || !set.all) return;
      for (const LogicalPlanPtr& child : plan.children) AddStreamedScans(*child, scans);
      return;
    }
    default:
      return;
  }
}

class Planner {
 public:
  arrow::Result<PhysicalPlan> Plan(const LogicalPlan& root) {
    const LogicalPlan* top = &root;
    if (root.kind == PlanKind::kLimit && root.children.size() == 1) {
      const auto& limit = root.As<LogicalLimit>();
      plan_.limit = limit.limit.get();
      plan_.offset = limit.offset.get();
      top = root.children[0].get();
      plan_.is_limit_near = GivesEachRow(*top);
    }
    auto last = std::make_unique<Pipeline>();
    ARROW_RETURN_NOT_OK(Build(*top, *last));
    plan_.output = root.output;
    plan_.pipelines.push_back(std::move(last));
    return std::move(plan_);
  }

 private:
  static void SetSource(Pipeline& pipeline, std::unique_ptr<Source> source, const LogicalPlan& node,
                        const char* title) {
    pipeline.source = std::move(source);
    pipeline.stats.push_back(std::make_unique<OperatorStats>(title, &node));
  }
  static void Add(Pipeline& pipeline, std::unique_ptr<Operator> added, const LogicalPlan& node, const char* title) {
    pipeline.operators.push_back(std::move(added));
    pipeline.stats.push_back(std::make_unique<OperatorStats>(title, &node));
  }
  /// Ends a pipeline: those built later may depend on it.
  void Finish(std::unique_ptr<Pipeline> pipeline, std::unique_ptr<Sink> sink, const LogicalPlan& node,
              const char* title) {
    pipeline->sink = std::move(sink);
    pipeline->stats.push_back(std::make_unique<OperatorStats>(title, &node));
    plan_.pipelines.push_back(std::move(pipeline));
  }
  /// A pipeline of its own that gives the rows of `node`.
  arrow::Result<std::unique_ptr<Pipeline>> BuildApart(const LogicalPlan& node) {
    const bool varies = std::exchange(varies_, false);
    auto pipeline = std::make_unique<Pipeline>();
    ARROW_RETURN_NOT_OK(Build(node, *pipeline));
    pipeline->varies = varies_;
    varies_ |= varies;
    return pipeline;
  }
  /// Builds and ends a pipeline whose sink's content is read any number of times. Of a recursion's step, where nothing
  /// of it varies it runs once, with all that it needs.
  arrow::Result<bool> BuildKept(const LogicalPlan& input, std::unique_ptr<Sink> sink, const LogicalPlan& node,
                                const char* title) {
    const size_t first = plan_.pipelines.size();
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Pipeline> pipeline, BuildApart(input));
    return FinishKept(first, std::move(pipeline), std::move(sink), node, title);
  }
  /// Ends it so; the pipelines from number `first` on are those that it needs.
  bool FinishKept(size_t first, std::unique_ptr<Pipeline> pipeline, std::unique_ptr<Sink> sink, const LogicalPlan& node,
                  const char* title) {
    const bool varies = pipeline->varies;
    Finish(std::move(pipeline), std::move(sink), node, title);
    if (around_ == nullptr || varies) return varies;
    const auto begin = plan_.pipelines.begin() + static_cast<std::ptrdiff_t>(first);
    std::move(begin, plan_.pipelines.end(), std::back_inserter(*around_));
    plan_.pipelines.erase(begin, plan_.pipelines.end());
    return false;
  }

  arrow::Status Build(const LogicalPlan& node, Pipeline& pipeline);
  arrow::Status BuildJoin(const LogicalJoin& node, Pipeline& pipeline);
  std::shared_ptr<ScanBound> AddBound(const LogicalSort& node);
  std::vector<std::shared_ptr<JoinFilter>> AddFilters(const LogicalJoin& node, const ColumnLayout& left,
                                                      const ColumnLayout& right);
  arrow::Status BuildAggregate(const LogicalAggregate& node, Pipeline& pipeline);
  arrow::Status BuildWindow(const LogicalWindow& node, Pipeline& pipeline);
  struct WholeWindow;
  arrow::Status BuildWholeWindow(const LogicalWindow& node, Pipeline& pipeline);
  arrow::Status BuildWholeWindowInput(const LogicalWindow& node, const WholeWindow& window, Pipeline& pipeline);
  arrow::Status BuildSort(const LogicalSort& node, Pipeline& pipeline);
  arrow::Status BuildLimit(const LogicalLimit& node, Pipeline& pipeline);
  arrow::Status BuildSetOperation(const LogicalSetOperation& node, Pipeline& pipeline);
  arrow::Status BuildRecursive(const LogicalRecursive& node, Pipeline& pipeline);
  arrow::Status BuildMaterialize(const LogicalMaterialize& node, Pipeline& pipeline);
  arrow::Status BuildMaterializedScan(const LogicalMaterializedScan& node, Pipeline& pipeline);
  arrow::Status BuildChange(const LogicalPlan& node, Pipeline& pipeline);
  void BuildUnion(std::vector<std::unique_ptr<Pipeline>> parts, const LogicalPlan& node, Pipeline& pipeline);

  /// A window over whole partitions.
  struct WholeWindow {
    std::shared_ptr<WindowGroups> groups;
    /// Of the input, where it is kept; else null.
    std::shared_ptr<CollectedRows> rows;
    bool varies = false;
  };

  PhysicalPlan plan_;
  /// Where the pipelines go that the step being built needs only once; null outside of steps.
  std::vector<std::unique_ptr<Pipeline>>* around_ = nullptr;
  /// Whether what was built since BuildApart began differs from run to run of the step.
  bool varies_ = false;
  /// Ids of materialized rows that do.
  std::unordered_set<uint32_t> varying_;
  std::unordered_map<uint32_t, std::shared_ptr<CollectedRows>> materialized_;
  /// Those that were built: they may be read again.
  std::unordered_map<const LogicalWindow*, WholeWindow> windows_;
  /// Of scans, which may be built twice.
  std::unordered_map<const LogicalScan*, ScanHints> scan_hints_;
};

arrow::Status Planner::Build(const LogicalPlan& node, Pipeline& pipeline) {
  switch (node.kind) {
    case PlanKind::kScan: {
      const auto& scan = node.As<LogicalScan>();
      const bool is_lookup = !scan.key_lookup.empty();
      // A join's filter, or a bound, is another one each time.
      varies_ |= around_ != nullptr && scan_hints_[&scan].leaves_out();
      SetSource(pipeline, is_lookup ? MakeKeyLookup(scan) : MakeTableScan(scan, scan_hints_[&scan]), node,
                is_lookup ? "lookup" : "scan");
      return arrow::Status::OK();
    }
    case PlanKind::kValues:
      SetSource(pipeline, MakeValues(node.As<LogicalValues>()), node, "values");
      return arrow::Status::OK();
    case PlanKind::kTableFunction:
      SetSource(pipeline, MakeTableFunctionScan(node.As<LogicalTableFunction>()), node, "function");
      return arrow::Status::OK();
    case PlanKind::kFileScan:
      SetSource(pipeline, MakeFileScan(node.As<LogicalFileScan>()), node, "file");
      return arrow::Status::OK();
    case PlanKind::kFilter:
      ARROW_RETURN_NOT_OK(Build(*node.children[0], pipeline));
      Add(pipeline, MakeFilter(node.As<LogicalFilter>().terms, MakeLayout(node.children[0]->output)), node, "filter");
      return arrow::Status::OK();
    case PlanKind::kProject: {
      ARROW_RETURN_NOT_OK(Build(*node.children[0], pipeline));
      std::vector<const BoundExpr*> exprs;
      for (const BoundExprPtr& expr : node.As<LogicalProject>().exprs) exprs.push_back(expr.get());
      Add(pipeline, MakeProject(std::move(exprs), MakeLayout(node.children[0]->output)), node, "project");
      return arrow::Status::OK();
    }
    case PlanKind::kProjectSet:
      ARROW_RETURN_NOT_OK(Build(*node.children[0], pipeline));
      Add(pipeline, MakeProjectSet(node.As<LogicalProjectSet>(), MakeLayout(node.children[0]->output)), node, "rows");
      return arrow::Status::OK();
    case PlanKind::kFetch:
      ARROW_RETURN_NOT_OK(Build(*node.children[0], pipeline));
      Add(pipeline, MakeFetch(node.As<LogicalFetch>(), MakeLayout(node.children[0]->output)), node, "fetch");
      return arrow::Status::OK();
    case PlanKind::kJoin:
      return BuildJoin(node.As<LogicalJoin>(), pipeline);
    case PlanKind::kAggregate:
      return BuildAggregate(node.As<LogicalAggregate>(), pipeline);
    case PlanKind::kWindow:
      return BuildWindow(node.As<LogicalWindow>(), pipeline);
    case PlanKind::kSort:
      return BuildSort(node.As<LogicalSort>(), pipeline);
    case PlanKind::kLimit:
      return BuildLimit(node.As<LogicalLimit>(), pipeline);
    case PlanKind::kSetOperation:
      return BuildSetOperation(node.As<LogicalSetOperation>(), pipeline);
    case PlanKind::kRecursive:
      return BuildRecursive(node.As<LogicalRecursive>(), pipeline);
    case PlanKind::kMaterialize:
      return BuildMaterialize(node.As<LogicalMaterialize>(), pipeline);
    case PlanKind::kMaterializedScan:
      return BuildMaterializedScan(node.As<LogicalMaterializedScan>(), pipeline);
    case PlanKind::kInsert:
    case PlanKind::kUpdate:
    case PlanKind::kDelete:
    case PlanKind::kCopyTo:
      return BuildChange(node, pipeline);
  }
  return InternalError("an unknown plan node");
}

void Planner::BuildUnion(std::vector<std::unique_ptr<Pipeline>> parts, const LogicalPlan& node, Pipeline& pipeline) {
  for (const std::unique_ptr<Pipeline>& part : parts) {
    pipeline.is_sequential |= part->is_sequential;
    plan_.nested.push_back(part.get());
  }
  SetSource(pipeline, MakeUnionAll(std::move(parts)), node, "union");
}

/// Lets the scans that a join's keys come from leave out rows without a partner. They are built after the join's build.
std::vector<std::shared_ptr<JoinFilter>> Planner::AddFilters(const LogicalJoin& node, const ColumnLayout& left,
                                                             const ColumnLayout& right) {
  std::vector<std::shared_ptr<JoinFilter>> filters;
  // Left rows without a partner are not given.
  if (!DropsUnmatchedLeft(node.type)) return filters;
  const double num_keys = node.children[1]->estimated_rows;
  for (const JoinKey& key : FindJoinKeys(node, left, right)) {
    std::shared_ptr<JoinFilter>& filter = filters.emplace_back();
    if (!key.left->IsColumn() || key.null_safe || !JoinFilter::Supports(key.left->type)) continue;
    for (const FilterTarget& target : FindFilterTargets(*node.children[0], key.left->column)) {
      if (num_keys >= 0 && num_keys > target.scan->estimated_rows) continue;
      if (filter == nullptr) filter = std::make_shared<JoinFilter>();
      filter->ExpectRows(target.scan->estimated_rows);
      scan_hints_[target.scan].filters.push_back({target.column, filter});
    }
  }
  return filters;
}

arrow::Status Planner::BuildJoin(const LogicalJoin& node, Pipeline& pipeline) {
  const ColumnLayout left = MakeLayout(node.children[0]->output);
  const ColumnLayout right = MakeLayout(node.children[1]->output);
  JoinOperators join = CanHashJoin(node, left, right) ? MakeHashJoin(node, left, right, AddFilters(node, left, right))
                                                      : MakeNestedLoopJoin(node, left, right);
  // A right or full join marks the rows that it finds: those of each run apart.
  if (join.unmatched == nullptr) {
    ARROW_RETURN_NOT_OK(BuildKept(*node.children[1], std::move(join.build), node, "build").status());
  } else {
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Pipeline> build, BuildApart(*node.children[1]));
    Finish(std::move(build), std::move(join.build), node, "build");
  }
  if (join.unmatched == nullptr) {
    ARROW_RETURN_NOT_OK(Build(*node.children[0], pipeline));
    Add(pipeline, std::move(join.probe), node, "probe");
    return arrow::Status::OK();
  }
  // Which right rows have no match is known once all left rows were seen: what the probe gives waits until then.
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Pipeline> probe, BuildApart(*node.children[0]));
  Add(*probe, std::move(join.probe), node, "probe");
  auto rows = std::make_shared<CollectedRows>();
  Finish(std::move(probe), std::make_unique<CollectSink>(TypesOf(node.output), rows), node, "matches");
  if (GivesRightOnly(node.type)) {
    SetSource(pipeline, std::move(join.unmatched), node, node.type == JoinType::kRightSemi ? "matched" : "unmatched");
    return arrow::Status::OK();
  }
  std::vector<std::unique_ptr<Pipeline>> parts;
  parts.push_back(std::make_unique<Pipeline>());
  SetSource(*parts.back(), MakeCollectedScan(rows, AllColumns(node.output.size())), node, "matched");
  parts.push_back(std::make_unique<Pipeline>());
  SetSource(*parts.back(), std::move(join.unmatched), node, "unmatched");
  BuildUnion(std::move(parts), node, pipeline);
  return arrow::Status::OK();
}

arrow::Status Planner::BuildAggregate(const LogicalAggregate& node, Pipeline& pipeline) {
  AggregateOperators aggregate = MakeAggregate(node, MakeLayout(node.children[0]->output));
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Pipeline> input, BuildApart(*node.children[0]));
  Finish(std::move(input), std::move(aggregate.sink), node, "input");
  SetSource(pipeline, std::move(aggregate.source), node, "groups");
  return arrow::Status::OK();
}

arrow::Status Planner::BuildWholeWindowInput(const LogicalWindow& node, const WholeWindow& window, Pipeline& pipeline) {
  const LogicalPlan& input = *node.children[0];
  if (window.rows == nullptr) return Build(input, pipeline);
  varies_ |= window.varies;
  SetSource(pipeline, MakeCollectedScan(window.rows, AllColumns(input.output.size())), node, "input");
  pipeline.stats.back()->repeats_rows = true;
  return arrow::Status::OK();
}

/// The input is read twice: for the partitions' results, and to give these to the rows.
arrow::Status Planner::BuildWholeWindow(const LogicalWindow& node, Pipeline& pipeline) {
  const LogicalPlan& input = *node.children[0];
  const ColumnLayout layout = MakeLayout(input.output);
  const auto [found, is_new] = windows_.try_emplace(&node);
  WholeWindow& window = found->second;
  if (is_new) {
    window.groups = std::make_shared<WindowGroups>(node, layout);
    if (!CanReadTwice(input)) {
      window.rows = std::make_shared<CollectedRows>();
      auto sink = std::make_unique<CollectSink>(TypesOf(input.output), window.rows);
      ARROW_ASSIGN_OR_RAISE(window.varies, BuildKept(input, std::move(sink), node, "rows"));
    }
    const bool varies = std::exchange(varies_, false);
    const size_t first = plan_.pipelines.size();
    auto groups = std::make_unique<Pipeline>();
    ARROW_RETURN_NOT_OK(BuildWholeWindowInput(node, window, *groups));
    for (const auto& stats : groups->stats) stats->repeats_rows = true;
    groups->varies = std::exchange(varies_, varies);
    varies_ |= groups->varies;
    window.varies = FinishKept(first, std::move(groups), MakeWindowGroupsSink(window.groups), node, "partitions");
  }
  varies_ |= window.varies;
  ARROW_RETURN_NOT_OK(BuildWholeWindowInput(node, window, pipeline));
  Add(pipeline, MakeWindowLookup(window.groups, layout), node, "lookup");
  return arrow::Status::OK();
}

arrow::Status Planner::BuildWindow(const LogicalWindow& node, Pipeline& pipeline) {
  if (IsOverWholePartitions(node)) return BuildWholeWindow(node, pipeline);
  WindowOperators window = MakeWindow(node, MakeLayout(node.children[0]->output));
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Pipeline> input, BuildApart(*node.children[0]));
  input->is_sequential |= window.needs_input_order;
  Add(*input, std::move(window.arguments), node, "arguments");
  Finish(std::move(input), std::move(window.sink), node, "input");
  SetSource(pipeline, std::move(window.source), node, "rows");
  return arrow::Status::OK();
}

/// Lets the scans that a top-N's first key comes from, row by row, leave out rows behind those that it has, and a
/// single one begin where the best are.
std::shared_ptr<ScanBound> Planner::AddBound(const LogicalSort& node) {
  if (node.limit == nullptr || node.keys.empty()) return nullptr;
  const SortKey& key = node.keys[0];
  if (!key.expr->IsColumn() || !SupportsSortBound(key.expr->type)) return nullptr;
  std::shared_ptr<ScanBound> bound;
  std::vector<const LogicalScan*> streamed;
  AddStreamedScans(*node.children[0], streamed);
  for (const FilterTarget& target : FindFilterTargets(*node.children[0], key.expr->column)) {
    if (std::find(streamed.begin(), streamed.end(), target.scan) == streamed.end()) continue;
    if (bound == nullptr) bound = std::make_shared<ScanBound>(key.nulls_first);
    ScanHints& hints = scan_hints_[target.scan];
    hints.bounds.push_back({target.column, bound});
    if (streamed.size() == 1) hints.order = ScanOrder{target.column, key.descending, key.nulls_first};
  }
  return bound;
}

arrow::Status Planner::BuildSort(const LogicalSort& node, Pipeline& pipeline) {
  SortOperators sort = MakeSort(node, MakeLayout(node.children[0]->output), AddBound(node));
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Pipeline> input, BuildApart(*node.children[0]));
  Finish(std::move(input), std::move(sort.sink), node, "input");
  SetSource(pipeline, std::move(sort.source), node, "sorted");
  return arrow::Status::OK();
}

arrow::Status Planner::BuildLimit(const LogicalLimit& node, Pipeline& pipeline) {
  if (node.children.size() > 1) {
    auto bounds = std::make_shared<CollectedRows>();
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Pipeline> input, BuildApart(*node.children[1]));
    Finish(std::move(input), std::make_unique<CollectSink>(TypesOf(node.children[1]->output), bounds), node, "bounds");
    ARROW_RETURN_NOT_OK(Build(*node.children[0], pipeline));
    pipeline.is_sequential = true;
    Add(pipeline, MakeLimit(node, std::move(bounds)), node, "limit");
    return arrow::Status::OK();
  }
  const bool is_small =
      node.limit != nullptr && ConstantBound(node.limit.get()) >= 0 && ConstantBound(node.offset.get()) >= 0;
  if (!is_small) {
    ARROW_RETURN_NOT_OK(Build(*node.children[0], pipeline));
    pipeline.is_sequential = true;
    Add(pipeline, MakeLimit(node, nullptr), node, "limit");
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Pipeline> input, BuildApart(*node.children[0]));
  input->is_sequential |= GivesEachRow(*node.children[0]);
  auto rows = std::make_shared<CollectedRows>();
  Finish(std::move(input), MakeLimitCollect(node, rows), node, "input");
  SetSource(pipeline, MakeCollectedScan(rows, AllColumns(node.output.size())), node, "rows");
  pipeline.is_sequential = true;
  Add(pipeline, MakeLimit(node, nullptr), node, "limit");
  return arrow::Status::OK();
}

arrow::Status Planner::BuildSetOperation(const LogicalSetOperation& node, Pipeline& pipeline) {
  std::vector<std::unique_ptr<Pipeline>> inputs;
  std::vector<ColumnLayout> layouts;
  for (const LogicalPlanPtr& child : node.children) {
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Pipeline> input, BuildApart(*child));
    inputs.push_back(std::move(input));
    layouts.push_back(MakeLayout(child->output));
  }
  if (node.op == LogicalSetOperation::Op::kUnion && node.all) {
    BuildUnion(std::move(inputs), node, pipeline);
    return arrow::Status::OK();
  }
  SetOperationOperators operators = MakeSetOperation(node, layouts);
  for (size_t i = 0; i < inputs.size(); ++i) {
    Finish(std::move(inputs[i]), std::move(operators.sinks[i]), node, "input");
  }
  SetSource(pipeline, std::move(operators.source), node, "rows");
  return arrow::Status::OK();
}

arrow::Status Planner::BuildMaterialize(const LogicalMaterialize& node, Pipeline& pipeline) {
  const LogicalPlan& definition = *node.children[0];
  auto rows = std::make_shared<CollectedRows>();
  ARROW_ASSIGN_OR_RAISE(
      const bool varies,
      BuildKept(definition, std::make_unique<CollectSink>(TypesOf(definition.output), rows), node, "input"));
  if (varies) varying_.insert(node.id);
  materialized_[node.id] = std::move(rows);
  return Build(*node.children[1], pipeline);
}

arrow::Status Planner::BuildRecursive(const LogicalRecursive& node, Pipeline& pipeline) {
  RecursiveRows rows{std::make_shared<CollectedRows>(), std::make_shared<CollectedRows>(),
                     std::make_shared<CollectedRows>()};
  const std::vector<LogicalType> types = TypesOf(node.output);
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Pipeline> first, BuildApart(*node.children[0]));
  Finish(std::move(first), std::make_unique<CollectSink>(types, rows.first), node, "first");
  materialized_[node.id] = rows.working;
  varying_.insert(node.id);
  const size_t index = plan_.sub_plans.size();
  plan_.sub_plans.emplace_back();
  // The step's pipelines apart, but for those that need to run only once.
  std::vector<std::unique_ptr<Pipeline>> around = std::exchange(plan_.pipelines, {});
  std::vector<std::unique_ptr<Pipeline>>* outer = std::exchange(around_, &around);
  const bool varies = varies_;
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Pipeline> step, BuildApart(*node.children[1]));
  Finish(std::move(step), std::make_unique<CollectSink>(types, rows.added), node, "step");
  around_ = outer;
  plan_.sub_plans[index] = std::exchange(plan_.pipelines, std::move(around));
  // Within another recursion's step, the whole of this one may read what that gave.
  varies_ = varies || around_ != nullptr;
  pipeline.is_sequential = true;
  SetSource(pipeline, MakeRecursive(node, std::move(rows), index), node, "rows");
  return arrow::Status::OK();
}

arrow::Status Planner::BuildMaterializedScan(const LogicalMaterializedScan& node, Pipeline& pipeline) {
  const auto found = materialized_.find(node.id);
  if (found == materialized_.end()) return InternalError("a materialized subplan is read that is not there");
  varies_ |= varying_.contains(node.id);
  SetSource(pipeline, MakeCollectedScan(found->second, node.column_indexes), node, "rows");
  return arrow::Status::OK();
}

arrow::Status Planner::BuildChange(const LogicalPlan& node, Pipeline& pipeline) {
  const LogicalPlan& child = *node.children[0];
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Pipeline> input, BuildApart(child));
  auto count = std::make_shared<RowCount>();
  std::unique_ptr<Sink> sink;
  const std::vector<RowConstraint>* constraints = nullptr;
  switch (node.kind) {
    case PlanKind::kInsert:
      constraints = &node.As<LogicalInsert>().constraints;
      sink = MakeInsert(node.As<LogicalInsert>(), count);
      break;
    case PlanKind::kUpdate:
      constraints = &node.As<LogicalUpdate>().constraints;
      sink = MakeUpdate(node.As<LogicalUpdate>(), count);
      break;
    case PlanKind::kDelete:
      sink = MakeDelete(node.As<LogicalDelete>(), count);
      break;
    default:
      sink = MakeCopyTo(node.As<LogicalCopyTo>(), count);
      break;
  }
  if (constraints != nullptr && !constraints->empty()) {
    Add(*input, MakeRowConstraints(*constraints, MakeLayout(child.output)), node, "constraints");
  }
  Finish(std::move(input), std::move(sink), node, "rows");
  SetSource(pipeline, MakeRowCount(std::move(count)), node, "count");
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<PhysicalPlan> MakePhysicalPlan(const LogicalPlan& plan) { return Planner().Plan(plan); }

}  // namespace llkv
