// Plans as text: what EXPLAIN shows and what tests compare.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "plan/logical_plan.h"

namespace llkv {
namespace {

std::string Join(const std::vector<BoundExprPtr>& exprs, const char* separator = ", ") {
  std::string text;
  for (const auto& expr : exprs) {
    if (!text.empty()) text += separator;
    text += expr->ToString();
  }
  return text;
}

std::string Names(const std::vector<OutputColumn>& columns) {
  std::string text;
  for (const auto& column : columns) {
    if (!text.empty()) text += ", ";
    text += column.name;
  }
  return text;
}

const char* JoinName(JoinType type) {
  switch (type) {
    case JoinType::kInner:
      return "INNER";
    case JoinType::kLeft:
      return "LEFT";
    case JoinType::kRight:
      return "RIGHT";
    case JoinType::kFull:
      return "FULL";
    case JoinType::kSemi:
      return "SEMI";
    case JoinType::kAnti:
      return "ANTI";
    case JoinType::kMark:
      return "MARK";
    case JoinType::kSingle:
      return "SINGLE";
    case JoinType::kRightSemi:
      return "RIGHT SEMI";
    case JoinType::kRightAnti:
      return "RIGHT ANTI";
  }
  return "";
}

/// An equality of an expression over one side with one over the other.
bool IsHashTerm(const LogicalJoin& join, const BoundExpr& term) {
  if (term.kind != ExprKind::kFunction || term.children.size() != 2) return false;
  if (term.function.name != "=" && term.function.name != "is_not_distinct_from") return false;
  std::unordered_set<ColumnId> left;
  for (const auto& column : join.children[0]->output) left.insert(column.id);
  int sides[2];
  for (size_t i = 0; i < 2; ++i) {
    std::unordered_set<ColumnId> columns;
    CollectColumns(*term.children[i], columns);
    size_t from_left = 0;
    for (ColumnId id : columns) from_left += left.contains(id) ? 1 : 0;
    if (columns.empty() || (from_left != 0 && from_left != columns.size())) return false;
    sides[i] = from_left == 0 ? 1 : 0;
  }
  return sides[0] != sides[1];
}

std::string JoinTitle(const LogicalJoin& join) {
  if (join.terms.empty() && join.type == JoinType::kInner) return "CROSS_JOIN";
  bool hash = false;
  for (const auto& term : join.terms) hash = hash || IsHashTerm(join, *term);
  return fmt::format("{} {}{}", hash ? "HASH_JOIN" : "LOOP_JOIN", JoinName(join.type),
                     join.null_aware ? " NULL_AWARE" : "");
}

std::string SetTitle(const LogicalSetOperation& node) {
  const char* name = node.op == LogicalSetOperation::Op::kUnion       ? "UNION"
                     : node.op == LogicalSetOperation::Op::kIntersect ? "INTERSECT"
                                                                      : "EXCEPT";
  return node.all ? fmt::format("{} ALL", name) : name;
}

const char* PredicateOp(PushedPredicate::Op op) {
  switch (op) {
    case PushedPredicate::Op::kEqual:
      return "=";
    case PushedPredicate::Op::kNotEqual:
      return "<>";
    case PushedPredicate::Op::kLess:
      return "<";
    case PushedPredicate::Op::kLessEqual:
      return "<=";
    case PushedPredicate::Op::kGreater:
      return ">";
    case PushedPredicate::Op::kGreaterEqual:
      return ">=";
    case PushedPredicate::Op::kIsNull:
      return "IS NULL";
    case PushedPredicate::Op::kIsNotNull:
      return "IS NOT NULL";
    case PushedPredicate::Op::kIn:
      return "IN";
  }
  return "";
}

std::string PredicateText(const PushedPredicate& predicate) {
  std::string text = fmt::format("{} {}", predicate.column_name, PredicateOp(predicate.op));
  if (predicate.op == PushedPredicate::Op::kIn) return fmt::format("{} ({})", text, Join(predicate.values));
  if (!predicate.values.empty()) text += " " + predicate.values[0]->ToString();
  return text;
}

bool IsPrimaryKeyLookup(const LogicalScan& scan) { return !scan.key_lookup.empty() && scan.index_is_primary; }

std::string ScanDetail(const LogicalScan& scan) {
  std::string text = fmt::format("{} [{}]", scan.table_name, Names(scan.output));
  const bool shows_index = scan.index.value != 0 && !IsPrimaryKeyLookup(scan);
  std::string condition;
  for (uint32_t i = 0; i < scan.predicates.size(); ++i) {
    const std::string predicate = PredicateText(scan.predicates[i]);
    const auto& bounding = scan.index_predicates;
    if (shows_index && std::find(bounding.begin(), bounding.end(), i) != bounding.end()) {
      condition += (condition.empty() ? "" : " AND ") + predicate;
    } else {
      text += fmt::format(" {{{}}}", predicate);
    }
  }
  if (shows_index) return fmt::format("{} ({}) {}", scan.index_name, condition, text);
  if (!scan.key_lookup.empty()) text += fmt::format(" key ({})", Join(scan.key_lookup));
  return text;
}

std::string AggregateDetail(const LogicalAggregate& node) {
  std::string calls;
  for (const auto& call : node.aggregates) {
    if (!calls.empty()) calls += ", ";
    const std::string arguments = call.arguments.empty() ? "*" : Join(call.arguments);
    calls += fmt::format("{}({}{})", call.function.name, call.distinct ? "DISTINCT " : "", arguments);
    if (call.filter != nullptr) calls += fmt::format(" FILTER ({})", call.filter->ToString());
  }
  std::string text = node.groups.empty() ? std::string() : fmt::format("[{}]", Join(node.groups));
  for (size_t i = 0; i < node.grouping_sets.size(); ++i) {
    text += i == 0 ? " SETS (" : ", (";
    for (const uint32_t group : node.grouping_sets[i]) {
      if (group != node.grouping_sets[i].front()) text += ", ";
      text += node.groups[group]->ToString();
    }
    text += ")";
  }
  if (!text.empty() && !calls.empty()) text += " ";
  return text + calls;
}

std::string LimitDetail(const BoundExprPtr& limit, const BoundExprPtr& offset) {
  std::string text;
  if (limit != nullptr) text += " LIMIT " + limit->ToString();
  if (offset != nullptr) text += " OFFSET " + offset->ToString();
  return text;
}

std::string SortKeysText(const std::vector<SortKey>& keys, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    const SortKey& key = keys[i];
    if (!text.empty()) text += ", ";
    text += key.expr->ToString();
    if (key.descending) text += " DESC";
    if (key.nulls_first != key.descending) text += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  }
  return text;
}

std::string SortDetail(const LogicalSort& sort) {
  return SortKeysText(sort.keys, sort.keys.size()) + LimitDetail(sort.limit, sort.offset);
}

std::string FrameBoundText(const FrameBound& bound) {
  switch (bound.kind) {
    case FrameBound::Kind::kUnboundedPreceding:
      return "UNBOUNDED PRECEDING";
    case FrameBound::Kind::kPreceding:
      return bound.offset->ToString() + " PRECEDING";
    case FrameBound::Kind::kCurrentRow:
      return "CURRENT ROW";
    case FrameBound::Kind::kFollowing:
      return bound.offset->ToString() + " FOLLOWING";
    case FrameBound::Kind::kUnboundedFollowing:
      return "UNBOUNDED FOLLOWING";
  }
  return {};
}

/// The frame, where the function looks at it and it is not the default one.
std::string FrameText(const WindowCall& call) {
  const bool has_frame = call.kind == WindowKind::kAggregate || call.kind == WindowKind::kFirstValue ||
                         call.kind == WindowKind::kLastValue || call.kind == WindowKind::kNthValue;
  const WindowFrame& frame = call.frame;
  const bool is_default = frame.is_range && frame.start.kind == FrameBound::Kind::kUnboundedPreceding &&
                          frame.end.kind == FrameBound::Kind::kCurrentRow;
  if (!has_frame || is_default) return {};
  return fmt::format(" {} BETWEEN {} AND {}", frame.is_range ? "RANGE" : "ROWS", FrameBoundText(frame.start),
                     FrameBoundText(frame.end));
}

std::string WindowDetail(const LogicalWindow& node) {
  std::string text;
  for (const WindowCall& call : node.calls) {
    if (!text.empty()) text += ", ";
    const bool star = call.kind == WindowKind::kAggregate && call.arguments.empty();
    text +=
        fmt::format("{}({}){}", call.name, star ? "*" : Join(call.arguments), call.ignore_nulls ? " IGNORE NULLS" : "");
    if (call.filter != nullptr) text += fmt::format(" FILTER ({})", call.filter->ToString());
    if (call.num_order_keys < node.order_by.size()) {
      text += call.num_order_keys == 0 ? " UNORDERED" : " ORDER BY " + SortKeysText(node.order_by, call.num_order_keys);
    }
    text += FrameText(call);
  }
  if (!node.partition_by.empty()) text += " [PARTITION BY " + Join(node.partition_by) + "]";
  if (!node.order_by.empty()) text += " [ORDER BY " + SortKeysText(node.order_by, node.order_by.size()) + "]";
  return text;
}

std::string ProjectDetail(const LogicalProject& node) {
  std::string text;
  for (size_t i = 0; i < node.exprs.size(); ++i) {
    if (!text.empty()) text += ", ";
    const std::string expr = node.exprs[i]->ToString();
    text += expr;
    if (i < node.output.size() && node.output[i].name != expr) text += " AS " + node.output[i].name;
  }
  return text;
}

std::string ProjectSetDetail(const LogicalProjectSet& node) {
  std::string text = node.passed.empty() ? std::string() : fmt::format("[{}]", Join(node.passed));
  for (const SetCall& call : node.calls) {
    if (!text.empty()) text += &call == &node.calls.front() ? " " : ", ";
    text += fmt::format("{}({})", call.function_name, Join(call.arguments));
  }
  return node.with_ordinality ? text + " WITH ORDINALITY" : text;
}

std::string ConstraintDetail(const std::string& table, const std::vector<RowConstraint>& constraints) {
  std::string text = table;
  for (const auto& constraint : constraints) {
    text += fmt::format(" {{{}{}}}", constraint.expr->ToString(), constraint.is_not_null ? " IS NOT NULL" : "");
  }
  return text;
}

std::string ValuesDetail(const LogicalValues& node) {
  constexpr size_t kRowsShown = 3;
  std::string text = fmt::format("{} row{}", node.rows.size(), node.rows.size() == 1 ? "" : "s");
  if (node.output.empty()) return text;
  for (size_t i = 0; i < node.rows.size() && i < kRowsShown; ++i) text += fmt::format(" ({})", Join(node.rows[i]));
  if (node.rows.size() > kRowsShown) text += " …";
  return text;
}

}  // namespace

std::string PlanNodeDetail(const LogicalPlan& plan) {
  switch (plan.kind) {
    case PlanKind::kScan:
      return ScanDetail(plan.As<LogicalScan>());
    case PlanKind::kValues:
      return ValuesDetail(plan.As<LogicalValues>());
    case PlanKind::kTableFunction:
      return fmt::format("{} [{}]", plan.As<LogicalTableFunction>().function_name, Names(plan.output));
    case PlanKind::kFilter:
      return Join(plan.As<LogicalFilter>().terms, " AND ");
    case PlanKind::kProject:
      return ProjectDetail(plan.As<LogicalProject>());
    case PlanKind::kProjectSet:
      return ProjectSetDetail(plan.As<LogicalProjectSet>());
    case PlanKind::kJoin:
      return Join(plan.As<LogicalJoin>().terms, " AND ");
    case PlanKind::kAggregate:
      return AggregateDetail(plan.As<LogicalAggregate>());
    case PlanKind::kWindow:
      return WindowDetail(plan.As<LogicalWindow>());
    case PlanKind::kSort:
      return SortDetail(plan.As<LogicalSort>());
    case PlanKind::kLimit: {
      const auto& limit = plan.As<LogicalLimit>();
      if (limit.children.size() > 1) return "(subquery)";
      std::string text = limit.limit == nullptr ? std::string("ALL") : limit.limit->ToString();
      if (limit.offset != nullptr) text += " OFFSET " + limit.offset->ToString();
      return text;
    }
    case PlanKind::kRecursive:
      return fmt::format("#{} [{}]", plan.As<LogicalRecursive>().id, Names(plan.output));
    case PlanKind::kMaterialize:
      return fmt::format("#{}", plan.As<LogicalMaterialize>().id);
    case PlanKind::kMaterializedScan:
      return fmt::format("#{} [{}]", plan.As<LogicalMaterializedScan>().id, Names(plan.output));
    case PlanKind::kInsert:
      return ConstraintDetail(plan.As<LogicalInsert>().table_name, plan.As<LogicalInsert>().constraints);
    case PlanKind::kUpdate:
      return ConstraintDetail(plan.As<LogicalUpdate>().table_name, plan.As<LogicalUpdate>().constraints);
    case PlanKind::kDelete:
      return plan.As<LogicalDelete>().table_name;
    case PlanKind::kFileScan:
      return fmt::format("{} [{}]", plan.As<LogicalFileScan>().path, Names(plan.output));
    case PlanKind::kCopyTo:
      return plan.As<LogicalCopyTo>().path;
    case PlanKind::kFetch: {
      const auto& fetch = plan.As<LogicalFetch>();
      const auto first = plan.output.begin() + static_cast<std::ptrdiff_t>(fetch.num_passed());
      return fmt::format("{} [{}]", fetch.table_name, Names({first, plan.output.end()}));
    }
    case PlanKind::kSetOperation:
      return {};
  }
  return {};
}

std::string PlanNodeTitle(const LogicalPlan& plan) {
  switch (plan.kind) {
    case PlanKind::kScan:
      if (IsPrimaryKeyLookup(plan.As<LogicalScan>())) return "KEY_LOOKUP";
      return plan.As<LogicalScan>().index.value == 0 ? "SCAN" : "INDEX SCAN";
    case PlanKind::kValues:
      return "VALUES";
    case PlanKind::kTableFunction:
      return "TABLE_FUNCTION";
    case PlanKind::kFilter:
      return "FILTER";
    case PlanKind::kProject:
      return "PROJECT";
    case PlanKind::kProjectSet:
      return plan.As<LogicalProjectSet>().is_outer ? "PROJECT_SET LEFT" : "PROJECT_SET";
    case PlanKind::kJoin:
      return JoinTitle(plan.As<LogicalJoin>());
    case PlanKind::kAggregate:
      return plan.As<LogicalAggregate>().aggregates.empty() ? "DISTINCT" : "AGGREGATE";
    case PlanKind::kWindow:
      return "WINDOW";
    case PlanKind::kSort: {
      const auto& sort = plan.As<LogicalSort>();
      return sort.limit != nullptr || sort.offset != nullptr ? "TOP_N" : "SORT";
    }
    case PlanKind::kLimit:
      return "LIMIT";
    case PlanKind::kSetOperation:
      return SetTitle(plan.As<LogicalSetOperation>());
    case PlanKind::kRecursive:
      return plan.As<LogicalRecursive>().all ? "RECURSIVE UNION ALL" : "RECURSIVE UNION";
    case PlanKind::kMaterialize:
      return "MATERIALIZE";
    case PlanKind::kMaterializedScan:
      return "MATERIALIZED_SCAN";
    case PlanKind::kFetch:
      return "FETCH";
    case PlanKind::kInsert:
      return plan.As<LogicalInsert>().bulk ? "INSERT BULK" : "INSERT";
    case PlanKind::kUpdate:
      return "UPDATE";
    case PlanKind::kDelete:
      return "DELETE";
    case PlanKind::kFileScan:
      return plan.As<LogicalFileScan>().format == LogicalFileScan::Format::kCsv ? "CSV_SCAN" : "PARQUET_SCAN";
    case PlanKind::kCopyTo:
      return plan.As<LogicalCopyTo>().format == LogicalFileScan::Format::kCsv ? "COPY_TO CSV" : "COPY_TO PARQUET";
  }
  return {};
}

std::string PlanToString(const LogicalPlan& plan, bool with_estimates) {
  std::string text;
  std::vector<std::pair<const LogicalPlan*, size_t>> stack{{&plan, 0}};
  while (!stack.empty()) {
    const auto [node, depth] = stack.back();
    stack.pop_back();
    text.append(depth * 2, ' ');
    text += PlanNodeTitle(*node);
    const std::string detail = PlanNodeDetail(*node);
    if (!detail.empty()) text += " " + detail;
    if (with_estimates && node->estimated_rows >= 0) text += fmt::format(" (~{:.0f} rows)", node->estimated_rows);
    text += "\n";
    for (size_t i = node->children.size(); i > 0; --i) stack.emplace_back(node->children[i - 1].get(), depth + 1);
  }
  return text;
}

}  // namespace llkv
