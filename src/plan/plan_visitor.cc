// Walks over logical plans.
#include "plan/plan_visitor.h"

#include <algorithm>
#include <utility>

namespace llkv {
namespace {

/// Calls `f` on the slots of a node that hold expressions, absent ones too. The one place that lists them all.
template <typename Node, typename F>
void ForEachSlot(Node& node, const F& f) {
  const auto each = [&](auto& exprs) {
    for (auto& expr : exprs) f(expr);
  };
  const auto constraints = [&](auto& list) {
    for (auto& constraint : list) f(constraint.expr);
  };
  switch (node.kind) {
    case PlanKind::kScan: {
      auto& scan = node.template As<LogicalScan>();
      for (auto& predicate : scan.predicates) each(predicate.values);
      each(scan.key_lookup);
      break;
    }
    case PlanKind::kValues:
      for (auto& row : node.template As<LogicalValues>().rows) each(row);
      break;
    case PlanKind::kFilter:
      each(node.template As<LogicalFilter>().terms);
      break;
    case PlanKind::kProject:
      each(node.template As<LogicalProject>().exprs);
      break;
    case PlanKind::kProjectSet: {
      auto& set = node.template As<LogicalProjectSet>();
      each(set.passed);
      for (auto& call : set.calls) each(call.arguments);
      break;
    }
    case PlanKind::kJoin:
      each(node.template As<LogicalJoin>().terms);
      break;
    case PlanKind::kAggregate: {
      auto& aggregate = node.template As<LogicalAggregate>();
      each(aggregate.groups);
      for (auto& call : aggregate.aggregates) {
        each(call.arguments);
        f(call.filter);
      }
      break;
    }
    case PlanKind::kWindow: {
      auto& window = node.template As<LogicalWindow>();
      each(window.partition_by);
      for (auto& key : window.order_by) f(key.expr);
      for (auto& call : window.calls) {
        each(call.arguments);
        f(call.filter);
        f(call.frame.start.offset);
        f(call.frame.end.offset);
      }
      break;
    }
    case PlanKind::kSort: {
      auto& sort = node.template As<LogicalSort>();
      for (auto& key : sort.keys) f(key.expr);
      f(sort.limit);
      f(sort.offset);
      break;
    }
    case PlanKind::kLimit:
      f(node.template As<LogicalLimit>().limit);
      f(node.template As<LogicalLimit>().offset);
      break;
    case PlanKind::kFetch:
      f(node.template As<LogicalFetch>().row_id);
      break;
    case PlanKind::kInsert:
      constraints(node.template As<LogicalInsert>().constraints);
      break;
    case PlanKind::kUpdate:
      constraints(node.template As<LogicalUpdate>().constraints);
      break;
    case PlanKind::kTableFunction:
    case PlanKind::kSetOperation:
    case PlanKind::kRecursive:
    case PlanKind::kMaterialize:
    case PlanKind::kMaterializedScan:
    case PlanKind::kDelete:
    case PlanKind::kFileScan:
    case PlanKind::kCopyTo:
      break;
  }
}

template <typename Node, typename F>
void Visit(Node& plan, const F& f) {
  std::vector<Node*> stack{&plan};
  while (!stack.empty()) {
    Node* node = stack.back();
    stack.pop_back();
    f(*node);
    for (size_t i = node->children.size(); i > 0; --i) {
      if (node->children[i - 1] != nullptr) stack.push_back(node->children[i - 1].get());
    }
  }
}

void RenameIn(BoundExpr& expr, const std::unordered_map<ColumnId, ColumnId>& names) {
  if (expr.kind == ExprKind::kColumn) {
    const auto it = names.find(expr.column);
    if (it != names.end()) expr.column = it->second;
  }
  for (auto& child : expr.children) RenameIn(*child, names);
}

}  // namespace

void ForEachExpr(LogicalPlan& node, const std::function<void(BoundExprPtr&)>& f) {
  ForEachSlot(node, [&](BoundExprPtr& expr) {
    if (expr != nullptr) f(expr);
  });
}

void ForEachExpr(const LogicalPlan& node, const std::function<void(const BoundExpr&)>& f) {
  ForEachSlot(node, [&](const BoundExprPtr& expr) {
    if (expr != nullptr) f(*expr);
  });
}

void VisitPlan(LogicalPlan& plan, const std::function<void(LogicalPlan&)>& f) { Visit(plan, f); }

void VisitPlan(const LogicalPlan& plan, const std::function<void(const LogicalPlan&)>& f) { Visit(plan, f); }

std::unordered_set<ColumnId> FreeColumns(const LogicalPlan& plan) {
  std::unordered_set<ColumnId> used;
  std::unordered_set<ColumnId> made;
  Visit(plan, [&](const LogicalPlan& node) {
    for (const OutputColumn& column : node.output) made.insert(column.id);
    ForEachExpr(node, [&](const BoundExpr& expr) { CollectColumns(expr, used); });
  });
  std::erase_if(used, [&](ColumnId id) { return made.contains(id); });
  return used;
}

bool ReadsAny(const BoundExpr& expr, const std::unordered_set<ColumnId>& columns) {
  bool reads = false;
  VisitExpr(expr, [&](const BoundExpr& part) { reads = reads || (part.IsColumn() && columns.contains(part.column)); });
  return reads;
}

bool ReadsOnly(const BoundExpr& expr, const std::unordered_set<ColumnId>& columns) {
  bool reads_only = true;
  VisitExpr(expr, [&](const BoundExpr& part) {
    reads_only = reads_only && (!part.IsColumn() || columns.contains(part.column));
  });
  return reads_only;
}

bool ReadsAnyOf(const LogicalPlan& plan, const std::unordered_set<ColumnId>& columns) {
  bool reads = false;
  Visit(plan, [&](const LogicalPlan& node) {
    ForEachExpr(node, [&](const BoundExpr& expr) { reads = reads || ReadsAny(expr, columns); });
  });
  return reads;
}

std::unordered_map<ColumnId, ColumnId> RenameColumns(LogicalPlan& plan, uint64_t& next_column_id) {
  std::unordered_map<ColumnId, ColumnId> names;
  Visit(plan, [&](LogicalPlan& node) {
    for (OutputColumn& column : node.output) {
      const auto [it, added] = names.try_emplace(column.id, ColumnId(next_column_id));
      if (added) ++next_column_id;
      column.id = it->second;
    }
  });
  Visit(plan, [&](LogicalPlan& node) { ForEachExpr(node, [&](BoundExprPtr& expr) { RenameIn(*expr, names); }); });
  return names;
}

void ReplaceColumnsInPlan(LogicalPlan& plan, const std::function<BoundExprPtr(const BoundExpr&)>& replacement) {
  Visit(plan, [&](LogicalPlan& node) {
    ForEachExpr(node, [&](BoundExprPtr& expr) { expr = ReplaceColumns(std::move(expr), replacement); });
  });
}

}  // namespace llkv
