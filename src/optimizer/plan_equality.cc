// See plan_equality.h. Nodes are compared from the leaves up, and columns of one plan are matched with those of the
// other by their places.
#include "optimizer/plan_equality.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "plan/plan_visitor.h"

namespace llkv {
namespace {

class Comparison {
 public:
  bool Same(const LogicalPlan& a, const LogicalPlan& b) {
    if (a.kind != b.kind || a.children.size() != b.children.size() || a.output.size() != b.output.size()) return false;
    for (size_t i = 0; i < a.children.size(); ++i) {
      if (!Same(*a.children[i], *b.children[i])) return false;
    }
    return SameNode(a, b) && MatchOutput(a, b);
  }

 private:
  bool MatchOutput(const LogicalPlan& a, const LogicalPlan& b) {
    for (size_t i = 0; i < a.output.size(); ++i) {
      if (a.output[i].type != b.output[i].type) return false;
      const auto [found, added] = names_.try_emplace(b.output[i].id, a.output[i].id);
      if (!added && found->second != a.output[i].id) return false;
    }
    return true;
  }

  bool SameExpr(const BoundExprPtr& a, const BoundExprPtr& b) const {
    if (a == nullptr || b == nullptr) return a == b;
    if (a->IsVolatile()) return false;
    const BoundExprPtr renamed = ReplaceColumns(b->Clone(), [this](const BoundExpr& column) -> BoundExprPtr {
      const auto found = names_.find(column.column);
      return found == names_.end() ? nullptr : BoundExpr::Column(found->second, column.type, column.name);
    });
    return a->Equals(*renamed);
  }
  bool SameExprs(const std::vector<BoundExprPtr>& a, const std::vector<BoundExprPtr>& b) const {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [this](const BoundExprPtr& x, const BoundExprPtr& y) { return SameExpr(x, y); });
  }
  static bool SameFunction(const BoundAggregate& a, const BoundAggregate& b) {
    // What was bound follows from the types, but for those that keep all rows: an order, a fraction.
    const bool same_state = a.state == b.state || (!a.states_are_lists && !b.states_are_lists);
    return a.name == b.name && a.argument_types == b.argument_types && a.return_type == b.return_type &&
           a.initialize == b.initialize && a.update == b.update && same_state;
  }
  bool SameCall(const AggregateCall& a, const AggregateCall& b) const {
    return SameFunction(a.function, b.function) && a.distinct == b.distinct && SameExprs(a.arguments, b.arguments) &&
           SameExpr(a.filter, b.filter);
  }
  bool SameKeys(const std::vector<SortKey>& a, const std::vector<SortKey>& b) const {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [this](const SortKey& x, const SortKey& y) {
      return x.descending == y.descending && x.nulls_first == y.nulls_first && SameExpr(x.expr, y.expr);
    });
  }
  bool SameBound(const FrameBound& a, const FrameBound& b) const {
    return a.kind == b.kind && SameExpr(a.offset, b.offset);
  }
  bool SameCall(const WindowCall& a, const WindowCall& b) const {
    return a.name == b.name && a.kind == b.kind && a.return_type == b.return_type &&
           SameFunction(a.aggregate, b.aggregate) && SameExprs(a.arguments, b.arguments) &&
           SameExpr(a.filter, b.filter) && a.ignore_nulls == b.ignore_nulls && a.num_order_keys == b.num_order_keys &&
           a.frame.is_range == b.frame.is_range && SameBound(a.frame.start, b.frame.start) &&
           SameBound(a.frame.end, b.frame.end);
  }
  template <typename Call>
  bool SameCalls(const std::vector<Call>& a, const std::vector<Call>& b) const {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [this](const Call& x, const Call& y) { return SameCall(x, y); });
  }

  bool SameScan(const LogicalScan& a, const LogicalScan& b) const {
    const auto same_predicate = [this](const PushedPredicate& x, const PushedPredicate& y) {
      return x.column_ordinal == y.column_ordinal && x.op == y.op && SameExprs(x.values, y.values);
    };
    return a.table == b.table && a.column_ordinals == b.column_ordinals && !a.with_row_id && !b.with_row_id &&
           std::equal(a.predicates.begin(), a.predicates.end(), b.predicates.begin(), b.predicates.end(),
                      same_predicate);
  }
  static bool SameFile(const LogicalFileScan& a, const LogicalFileScan& b) {
    return a.format == b.format && a.path == b.path && a.options == b.options && a.column_indexes == b.column_indexes;
  }

  bool SameNode(const LogicalPlan& a, const LogicalPlan& b) const {
    switch (a.kind) {
      case PlanKind::kScan:
        return SameScan(a.As<LogicalScan>(), b.As<LogicalScan>());
      case PlanKind::kFileScan:
        return SameFile(a.As<LogicalFileScan>(), b.As<LogicalFileScan>());
      case PlanKind::kFilter:
        return SameExprs(a.As<LogicalFilter>().terms, b.As<LogicalFilter>().terms);
      case PlanKind::kProject:
        return SameExprs(a.As<LogicalProject>().exprs, b.As<LogicalProject>().exprs);
      case PlanKind::kJoin: {
        const auto& x = a.As<LogicalJoin>();
        const auto& y = b.As<LogicalJoin>();
        return x.type == y.type && x.null_aware == y.null_aware && SameExprs(x.terms, y.terms);
      }
      case PlanKind::kAggregate: {
        const auto& x = a.As<LogicalAggregate>();
        const auto& y = b.As<LogicalAggregate>();
        return SameExprs(x.groups, y.groups) && SameCalls(x.aggregates, y.aggregates) &&
               x.grouping_sets == y.grouping_sets;
      }
      case PlanKind::kWindow: {
        const auto& x = a.As<LogicalWindow>();
        const auto& y = b.As<LogicalWindow>();
        return SameExprs(x.partition_by, y.partition_by) && SameKeys(x.order_by, y.order_by) &&
               SameCalls(x.calls, y.calls);
      }
      case PlanKind::kSort: {
        const auto& x = a.As<LogicalSort>();
        const auto& y = b.As<LogicalSort>();
        return SameKeys(x.keys, y.keys) && SameExpr(x.limit, y.limit) && SameExpr(x.offset, y.offset);
      }
      case PlanKind::kSetOperation: {
        const auto& x = a.As<LogicalSetOperation>();
        const auto& y = b.As<LogicalSetOperation>();
        return x.op == y.op && x.all == y.all;
      }
      default:
        return false;
    }
  }

  /// Columns of b, as they are called in a.
  std::unordered_map<ColumnId, ColumnId> names_;
};

}  // namespace

bool ComputeTheSame(const LogicalPlan& a, const LogicalPlan& b) { return Comparison().Same(a, b); }

uint64_t ShapeHash(const LogicalPlan& plan) {
  uint64_t hash = 0;
  VisitPlan(plan, [&hash](const LogicalPlan& node) {
    uint64_t part = static_cast<uint64_t>(node.kind) << 32 | node.output.size() << 8 | node.children.size();
    if (node.kind == PlanKind::kScan) part ^= node.As<LogicalScan>().table.value << 16;
    hash = (hash ^ part) * 0x9E3779B97F4A7C15;
    hash ^= hash >> 29;
  });
  return hash;
}

}  // namespace llkv
