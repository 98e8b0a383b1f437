// Join order. The inner joins of one block are taken apart into relations and terms, and put together again: by dynamic
// programming over connected subsets where there are few relations (Moerkotte and Neumann 2006, over bit sets), else
// greedily by the smallest result. The cost of a plan is the sum of its joins' results and build sides.
#include <algorithm>
#include <bit>
#include <limits>
#include <unordered_map>
#include <utility>

#include "optimizer/cardinality.h"
#include "optimizer/rules.h"
#include "optimizer/terms.h"

namespace llkv {

namespace {

constexpr size_t kMaxDynamicRelations = 12;
constexpr size_t kMaxRelations = 64;
/// Estimates end here, so that costs stay finite and comparable.
constexpr double kMaxRows = 1e30;

using RelationSet = uint64_t;

struct Term {
  BoundExprPtr expr;
  RelationSet relations = 0;
  double selectivity = 1;
  bool used = false;
};

/// One block of inner joins.
struct Block {
  std::vector<LogicalPlanPtr> relations;
  std::vector<Term> terms;
  /// Volatile and failing terms of joins: above all of the block, in their order.
  std::vector<BoundExprPtr> above;
};

struct Candidate {
  double rows = 0;
  double cost = std::numeric_limits<double>::infinity();
  RelationSet left = 0;
  RelationSet right = 0;
};

LogicalPlanPtr Order(LogicalPlanPtr plan, RuleContext& context);

bool IsInnerJoin(const LogicalPlan& plan) {
  return plan.kind == PlanKind::kJoin && plan.As<LogicalJoin>().type == JoinType::kInner;
}

size_t CountRelations(const LogicalPlan& plan) {
  return IsInnerJoin(plan) ? CountRelations(*plan.children[0]) + CountRelations(*plan.children[1]) : 1;
}

void TakeApart(LogicalPlanPtr plan, RuleContext& context, Block& block, std::vector<BoundExprPtr>& terms) {
  if (!IsInnerJoin(*plan)) {
    block.relations.push_back(Order(std::move(plan), context));
    return;
  }
  TakeApart(std::move(plan->children[0]), context, block, terms);
  TakeApart(std::move(plan->children[1]), context, block, terms);
  for (BoundExprPtr& term : plan->As<LogicalJoin>().terms) {
    if (term->CanFail() || term->IsVolatile()) {
      block.above.push_back(std::move(term));
    } else {
      terms.push_back(std::move(term));
    }
  }
}

double ClampRows(double rows) { return std::min(std::max(1.0, rows), kMaxRows); }

/// The rows of the table that a relation scans, where it is nothing but a filtered scan; else `rows`.
double BaseRows(const LogicalPlan& relation, RuleContext& context, double rows) {
  const LogicalPlan* below = &relation;
  while (below->kind == PlanKind::kFilter || below->kind == PlanKind::kProject) below = below->children[0].get();
  if (below->kind != PlanKind::kScan) return rows;
  const TableEstimate* table = context.FindEstimate(below->As<LogicalScan>().table);
  return table != nullptr ? std::max(rows, table->num_rows) : rows;
}

class Orderer {
 public:
  Orderer(Block& block, RuleContext& context) : block_(block), estimator_(context) {
    for (LogicalPlanPtr& relation : block_.relations) {
      rows_.push_back(ClampRows(estimator_.Estimate(*relation)));
      base_rows_.push_back(BaseRows(*relation, context, rows_.back()));
      columns_.push_back(OutputIds(*relation));
    }
  }

  LogicalPlanPtr Run() {
    for (Term& term : block_.terms) term.selectivity = estimator_.JoinSelectivity(*term.expr);
    return block_.relations.size() <= kMaxDynamicRelations ? Dynamic() : Greedy();
  }

 private:
  double JoinedRows(RelationSet left, double left_rows, RelationSet right, double right_rows) const {
    const RelationSet all = left | right;
    // Terms between the same two relations form one key.
    std::unordered_map<RelationSet, std::vector<const Term*>> by_relations;
    for (const Term& term : block_.terms) {
      if ((term.relations & ~all) == 0 && (term.relations & left) != 0 && (term.relations & right) != 0) {
        by_relations[term.relations].push_back(&term);
      }
    }
    double rows = left_rows * right_rows;
    for (const auto& [relations, terms] : by_relations) {
      rows *= terms.size() == 1 ? terms[0]->selectivity : KeySelectivity(relations & left, terms);
    }
    return ClampRows(rows);
  }

  double KeySelectivity(RelationSet left, const std::vector<const Term*>& terms) const {
    std::vector<const BoundExpr*> exprs;
    std::unordered_set<ColumnId> left_columns;
    double left_rows = 1;
    double right_rows = 1;
    for (const Term* term : terms) exprs.push_back(term->expr.get());
    for (size_t i = 0; i < rows_.size(); ++i) {
      const RelationSet relation = RelationSet{1} << i;
      if ((terms[0]->relations & relation) == 0) continue;
      if ((left & relation) == 0) {
        right_rows *= base_rows_[i];
        continue;
      }
      left_rows *= base_rows_[i];
      left_columns.insert(columns_[i].begin(), columns_[i].end());
    }
    return estimator_.JoinSelectivity(exprs, left_rows, right_rows, left_columns);
  }

  bool AreConnected(RelationSet left, RelationSet right) const {
    for (const Term& term : block_.terms) {
      if ((term.relations & ~(left | right)) == 0 && (term.relations & left) != 0 && (term.relations & right) != 0) {
        return true;
      }
    }
    return false;
  }

  /// Joins two plans; the smaller is the build side.
  LogicalPlanPtr Join(LogicalPlanPtr left, RelationSet left_set, double left_rows, LogicalPlanPtr right,
                      RelationSet right_set, double right_rows) {
    if (left_rows < right_rows) std::swap(left, right);
    auto join = std::make_unique<LogicalJoin>();
    const RelationSet all = left_set | right_set;
    for (Term& term : block_.terms) {
      if (term.used || (term.relations & ~all) != 0) continue;
      term.used = true;
      join->terms.push_back(std::move(term.expr));
    }
    join->children.push_back(std::move(left));
    join->children.push_back(std::move(right));
    RefreshOutput(*join);
    return join;
  }

  LogicalPlanPtr Dynamic() {
    const size_t count = block_.relations.size();
    const RelationSet all = (RelationSet{1} << count) - 1;
    std::vector<Candidate> best(all + 1);
    for (size_t i = 0; i < count; ++i) {
      best[RelationSet{1} << i].rows = rows_[i];
      best[RelationSet{1} << i].cost = 0;
    }
    for (RelationSet set = 1; set <= all; ++set) {
      if (std::popcount(set) < 2) continue;
      Candidate& entry = best[set];
      // Cross products only where nothing connects the set.
      for (const bool connected : {true, false}) {
        for (RelationSet left = (set - 1) & set; left != 0; left = (left - 1) & set) {
          const RelationSet right = set & ~left;
          if (left < right || AreConnected(left, right) != connected) continue;
          Consider(entry, best[left], left, best[right], right);
        }
        if (entry.left != 0) break;
      }
    }
    return Build(best, all);
  }

  void Consider(Candidate& entry, const Candidate& left, RelationSet left_set, const Candidate& right,
                RelationSet right_set) const {
    if (left.cost + right.cost >= entry.cost) return;
    const double rows = entry.left != 0 ? entry.rows : JoinedRows(left_set, left.rows, right_set, right.rows);
    const double cost = left.cost + right.cost + rows + std::min(left.rows, right.rows);
    if (cost >= entry.cost) return;
    entry = Candidate{rows, cost, left_set, right_set};
  }

  LogicalPlanPtr Build(const std::vector<Candidate>& best, RelationSet set) {
    const Candidate& entry = best[set];
    if (entry.left == 0) return std::move(block_.relations[static_cast<size_t>(std::countr_zero(set))]);
    LogicalPlanPtr left = Build(best, entry.left);
    LogicalPlanPtr right = Build(best, entry.right);
    return Join(std::move(left), entry.left, best[entry.left].rows, std::move(right), entry.right,
                best[entry.right].rows);
  }

  LogicalPlanPtr Greedy() {
    struct Part {
      LogicalPlanPtr plan;
      RelationSet set;
      double rows;
    };
    std::vector<Part> parts;
    for (size_t i = 0; i < block_.relations.size(); ++i) {
      parts.push_back({std::move(block_.relations[i]), RelationSet{1} << i, rows_[i]});
    }
    while (parts.size() > 1) {
      size_t best_i = 0;
      size_t best_j = 1;
      double best_rows = std::numeric_limits<double>::infinity();
      bool best_connected = false;
      for (size_t i = 0; i < parts.size(); ++i) {
        for (size_t j = i + 1; j < parts.size(); ++j) {
          const bool connected = AreConnected(parts[i].set, parts[j].set);
          const double rows = JoinedRows(parts[i].set, parts[i].rows, parts[j].set, parts[j].rows);
          if ((connected && !best_connected) || (connected == best_connected && rows < best_rows)) {
            best_i = i;
            best_j = j;
            best_rows = rows;
            best_connected = connected;
          }
        }
      }
      Part& a = parts[best_i];
      Part& b = parts[best_j];
      LogicalPlanPtr joined = Join(std::move(a.plan), a.set, a.rows, std::move(b.plan), b.set, b.rows);
      parts[best_i] = Part{std::move(joined), a.set | b.set, best_rows};
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best_j));
    }
    return std::move(parts[0].plan);
  }

  Block& block_;
  CardinalityEstimator estimator_;
  std::vector<double> rows_;
  /// Rows before filters: filters on other columns leave a key's matches as likely as they were.
  std::vector<double> base_rows_;
  std::vector<std::unordered_set<ColumnId>> columns_;
};

/// A filter for terms that must not move into a join.
LogicalPlanPtr Above(LogicalPlanPtr plan, std::vector<BoundExprPtr> terms) {
  if (terms.empty()) return plan;
  auto filter = std::make_unique<LogicalFilter>();
  filter->output = plan->output;
  filter->terms = std::move(terms);
  filter->children.push_back(std::move(plan));
  return filter;
}

LogicalPlanPtr OrderBlock(LogicalPlanPtr plan, RuleContext& context) {
  Block block;
  std::vector<BoundExprPtr> terms;
  TakeApart(std::move(plan), context, block, terms);
  std::unordered_map<ColumnId, size_t> relation_of;
  for (size_t i = 0; i < block.relations.size(); ++i) {
    for (const OutputColumn& column : block.relations[i]->output) relation_of[column.id] = i;
  }
  for (BoundExprPtr& expr : terms) {
    std::unordered_set<ColumnId> columns;
    CollectColumns(*expr, columns);
    RelationSet set = 0;
    for (ColumnId column : columns) {
      const auto found = relation_of.find(column);
      if (found != relation_of.end()) set |= RelationSet{1} << found->second;
    }
    block.terms.push_back({std::move(expr), set});
  }
  LogicalPlanPtr ordered = Orderer(block, context).Run();
  return Above(std::move(ordered), std::move(block.above));
}

/// Semi and mark joins stay as they are written; an outer join's sides may be swapped, so that the smaller one is
/// built.
void SwapOuterSides(LogicalPlan& plan, RuleContext& context) {
  if (plan.kind != PlanKind::kJoin) return;
  auto& join = plan.As<LogicalJoin>();
  if (join.type != JoinType::kLeft && join.type != JoinType::kRight && join.type != JoinType::kFull) return;
  CardinalityEstimator estimator(context);
  if (estimator.Estimate(*join.children[0]) >= estimator.Estimate(*join.children[1])) return;
  std::swap(join.children[0], join.children[1]);
  if (join.type == JoinType::kLeft) {
    join.type = JoinType::kRight;
  } else if (join.type == JoinType::kRight) {
    join.type = JoinType::kLeft;
  }
  RefreshOutput(join);
}

LogicalPlanPtr Order(LogicalPlanPtr plan, RuleContext& context) {
  if (IsInnerJoin(*plan) && CountRelations(*plan) <= kMaxRelations) return OrderBlock(std::move(plan), context);
  for (size_t i = 0; i < plan->children.size(); ++i) {
    const std::vector<OutputColumn> wanted = plan->children[i]->output;
    plan->children[i] = Order(std::move(plan->children[i]), context);
    if (ReadsByPlace(*plan, i)) plan->children[i] = WithOutput(std::move(plan->children[i]), wanted);
  }
  RefreshOutput(*plan);
  SwapOuterSides(*plan, context);
  return plan;
}

}  // namespace

LogicalPlanPtr OrderJoins(LogicalPlanPtr root, RuleContext& context) { return Order(std::move(root), context); }

}  // namespace llkv
