// Taking apart and putting together. A right join is taken for a left one; which side is built is decided at the end.
#include "optimizer/join_order/join_block.h"

#include <algorithm>
#include <map>
#include <utility>

#include "optimizer/terms.h"

namespace llkv {

namespace {

bool HasFixedTerm(const LogicalJoin& join) {
  return std::any_of(join.terms.begin(), join.terms.end(),
                     [](const BoundExprPtr& term) { return term->CanFail() || term->IsVolatile(); });
}

/// Whether `plan` is a join of a block. Where only inner joins are above it in the block (`may_lift`), its terms that
/// must not be evaluated on more rows can go to the block's top.
bool IsOrdered(const LogicalPlan& plan, bool may_lift) {
  if (plan.kind != PlanKind::kJoin) return false;
  const auto& join = plan.As<LogicalJoin>();
  if (join.type == JoinType::kMark || join.type == JoinType::kSingle) return false;
  return (join.type == JoinType::kInner && may_lift) || !HasFixedTerm(join);
}

bool MayLiftBelow(const LogicalPlan& plan, bool may_lift) {
  return may_lift && plan.As<LogicalJoin>().type == JoinType::kInner;
}

size_t CountRelations(const LogicalPlan& plan, bool may_lift) {
  if (!IsOrdered(plan, may_lift)) return 1;
  const bool below = MayLiftBelow(plan, may_lift);
  return CountRelations(*plan.children[0], below) + CountRelations(*plan.children[1], below);
}

/// Which relations are joined, directly or by way of others.
class ConnectedRelations {
 public:
  void Unite(RelationSet set) {
    set = Around(set);
    std::erase_if(parts_, [set](RelationSet part) { return (part & set) != 0; });
    parts_.push_back(set);
  }
  /// `set` and all that is connected to it.
  RelationSet Around(RelationSet set) const {
    RelationSet all = set;
    for (const RelationSet part : parts_) {
      if ((part & set) != 0) all |= part;
    }
    return all;
  }

 private:
  std::vector<RelationSet> parts_;
};

/// Whether a call can fail only where its result lies out of its type's range.
bool FailsOutOfRange(const BoundExpr& call) {
  const std::string& name = call.function.name;
  if (name == "+" || name == "-" || name == "*") return true;
  if (name == "cast") return call.type.IsNumeric() && call.children[0]->type.IsNumeric();
  if (name != "/" && name != "%") return false;
  const BoundExpr& divisor = *call.children[1];
  return divisor.IsConstant() && !divisor.value.is_null() && divisor.type.IsInteger() && divisor.value.integer() != 0;
}

/// Whether that holds of all in `term` that can fail.
bool FailsOutOfRangeAlone(const BoundExpr& term) {
  bool alone = true;
  VisitExpr(term, [&](const BoundExpr& part) {
    if (part.kind == ExprKind::kFunction && part.function.can_fail) alone = alone && FailsOutOfRange(part);
  });
  return alone;
}

/// A filter for terms that must not move into a join.
LogicalPlanPtr Above(LogicalPlanPtr plan, std::vector<BoundExprPtr> terms) {
  if (terms.empty()) return plan;
  auto filter = std::make_unique<LogicalFilter>();
  filter->output = plan->output;
  filter->terms = std::move(terms);
  filter->children.push_back(std::move(plan));
  return filter;
}

}  // namespace

bool IsJoinBlock(const LogicalPlan& plan) {
  return IsOrdered(plan, true) && CountRelations(plan, true) <= kMaxBlockRelations;
}

JoinBlock::JoinBlock(LogicalPlanPtr plan, const std::function<LogicalPlanPtr(LogicalPlanPtr)>& order_below,
                     std::vector<BoundExprPtr>& filter) {
  TakeApart(std::move(plan), true, order_below);
  AddFallibleKeys(above_);
  if (above_.empty()) AddFallibleKeys(filter);
}

RelationSet JoinBlock::AddRelation(LogicalPlanPtr plan) {
  const size_t index = relations_.size();
  for (const OutputColumn& column : plan->output) relation_of_[column.id] = index;
  relations_.push_back(std::move(plan));
  return RelationAt(index);
}

RelationSet JoinBlock::TakeApart(LogicalPlanPtr plan, bool may_lift,
                                 const std::function<LogicalPlanPtr(LogicalPlanPtr)>& order) {
  if (!IsOrdered(*plan, may_lift)) return AddRelation(order(std::move(plan)));
  auto& join = plan->As<LogicalJoin>();
  const bool below = MayLiftBelow(*plan, may_lift);
  WrittenJoin written;
  written.type = join.type;
  written.left = TakeApart(std::move(plan->children[0]), below, order);
  written.right = TakeApart(std::move(plan->children[1]), below, order);
  if (join.type == JoinType::kRight) {
    written.type = JoinType::kLeft;
    std::swap(written.left, written.right);
  }
  AddTerms(join, written);
  joins_.push_back(written);
  null_aware_.push_back(join.null_aware);
  is_lifted_.push_back(may_lift);
  return written.all();
}

std::optional<size_t> JoinBlock::JoinBetween(RelationSet a, RelationSet b) const {
  for (size_t i = 0; i < joins_.size(); ++i) {
    const WrittenJoin& join = joins_[i];
    const bool is_between =
        (IsWithin(a, join.left) && IsWithin(b, join.right)) || (IsWithin(b, join.left) && IsWithin(a, join.right));
    if (is_between && join.type == JoinType::kInner && is_lifted_[i]) return i;
  }
  return std::nullopt;
}

// Without them there would be a cross product, and the term would be evaluated on all its rows: as a key it is
// evaluated on all rows of both sides, each with all that it is joined to, which is the same but where one side has
// none. Sides that only terms without a key join would be a product too: there it is evaluated on all rows of what keys
// join each side to. Beside other keys (a.g = b.g AND a.n = b.n + 1) it becomes a key where it fails for values out of
// range alone; else it stays above. Terms behind one that stays stay too.
void JoinBlock::AddFallibleKeys(std::vector<BoundExprPtr>& terms) {
  if (terms.empty()) return;
  ConnectedRelations connected;
  ConnectedRelations by_keys;
  for (const Term& term : terms_) {
    connected.Unite(term.reads);
    if (IsKey(*term.expr)) by_keys.Unite(term.reads);
  }
  for (const WrittenJoin& join : joins_) {
    if (join.type == JoinType::kInner) continue;
    connected.Unite(join.all());
    by_keys.Unite(join.all());
  }
  size_t num_taken = 0;
  for (; num_taken < terms.size(); ++num_taken) {
    const BoundExpr& term = *terms[num_taken];
    if (term.IsVolatile() || !IsKey(term)) break;
    const RelationSet left = ReadsOf(*term.children[0]);
    const RelationSet right = ReadsOf(*term.children[1]);
    RelationSet all_left = connected.Around(left);
    RelationSet all_right = connected.Around(right);
    if ((all_left & all_right) != 0) {
      all_left = by_keys.Around(left);
      all_right = by_keys.Around(right);
    }
    const bool beside_keys = (all_left & all_right) != 0;
    if (beside_keys && !FailsOutOfRangeAlone(term)) break;
    const std::optional<size_t> join = beside_keys ? JoinBetween(left, right) : JoinBetween(all_left, all_right);
    if (!join) break;
    const RelationSet reads = (all_left | all_right) & joins_[*join].all();
    connected.Unite(reads);
    by_keys.Unite(reads);
    terms_.push_back({std::move(terms[num_taken]), *join, reads});
  }
  terms.erase(terms.begin(), terms.begin() + static_cast<std::ptrdiff_t>(num_taken));
}

bool JoinBlock::IsKey(const BoundExpr& term) const {
  if (ComparisonOf(term) != ComparisonOp::kEqual) return false;
  const RelationSet left = ReadsOf(*term.children[0]);
  const RelationSet right = ReadsOf(*term.children[1]);
  return left != 0 && right != 0 && (left & right) == 0;
}

RelationSet JoinBlock::ReadsOf(const BoundExpr& expr) const {
  RelationSet reads = 0;
  VisitExpr(expr, [&](const BoundExpr& part) {
    if (!part.IsColumn()) return;
    const auto found = relation_of_.find(part.column);
    if (found != relation_of_.end()) reads |= RelationAt(found->second);
  });
  return reads;
}

void JoinBlock::AddTerms(LogicalJoin& join, WrittenJoin& written) {
  for (BoundExprPtr& term : join.terms) {
    if (term->CanFail() || term->IsVolatile()) {
      above_.push_back(std::move(term));
      continue;
    }
    const RelationSet reads = ReadsOf(*term);
    if (written.type == JoinType::kLeft || written.type == JoinType::kFull) {
      ForEachRelation(reads, [&](size_t i) {
        if (RejectsNulls(*term, OutputIds(*relations_[i]))) written.rejects_nulls_of |= RelationAt(i);
      });
    }
    written.reads |= reads;
    terms_.push_back({std::move(term), joins_.size(), reads});
  }
  written.reads = TotalReads(written, written.reads);
}

void JoinBlock::Estimate(const std::vector<const Term*>& terms, const CardinalityEstimator& estimator,
                         JoinEdge& edge) const {
  std::vector<const BoundExpr*> exprs;
  for (const Term* term : terms) {
    exprs.push_back(term->expr.get());
    edge.has_key =
        edge.has_key || (ComparisonOf(*term->expr) == ComparisonOp::kEqual && std::popcount(term->reads) > 1);
  }
  if (terms.empty()) return;
  if (terms.size() == 1) {
    edge.selectivity = estimator.JoinSelectivity(*exprs[0]);
    return;
  }
  double left_rows = 1;
  double right_rows = 1;
  std::unordered_set<ColumnId> left_columns;
  const RelationSet left = joins_[terms[0]->join].left;
  ForEachRelation(edge.reads, [&](size_t i) {
    const bool is_left = (RelationAt(i) & left) != 0;
    double& side = is_left ? left_rows : right_rows;
    side = ClampRows(side * rows_[i]);
    if (!is_left) return;
    for (const OutputColumn& column : relations_[i]->output) left_columns.insert(column.id);
  });
  edge.selectivity = estimator.JoinSelectivity(exprs, left_rows, right_rows, left_columns);
}

void JoinBlock::AddEdges(size_t join, const CardinalityEstimator& estimator, std::vector<JoinEdge>& edges) const {
  // Terms that read the same relations form one key; the terms of a join that is no inner one stay together.
  const bool is_inner = joins_[join].type == JoinType::kInner;
  std::map<RelationSet, std::vector<const Term*>> groups;
  for (const Term& term : terms_) {
    if (term.join == join) groups[is_inner ? TotalReads(joins_[join], term.reads) : 0].push_back(&term);
  }
  if (groups.empty() && !is_inner) groups[0];
  for (const auto& [reads, terms] : groups) {
    JoinEdge edge = MakeEdge(joins_, join, is_inner ? reads : joins_[join].reads);
    Estimate(terms, estimator, edge);
    edges.push_back(std::move(edge));
  }
}

void JoinBlock::AddProducts(bool all, std::vector<JoinEdge>& edges) const {
  ConnectedRelations connected;
  for (const JoinEdge& edge : edges) connected.Unite(edge.reads);
  for (size_t i = 0; i < joins_.size(); ++i) {
    const WrittenJoin& join = joins_[i];
    const bool has_term = std::any_of(terms_.begin(), terms_.end(), [i](const Term& term) { return term.join == i; });
    if (join.type != JoinType::kInner || has_term) continue;
    RelationSet left = LowestOf(join.left);
    const RelationSet right = LowestOf(join.right);
    const bool is_joined = (connected.Around(left) & right) != 0;
    if (is_joined && !all) continue;
    connected.Unite(left | right);
    JoinEdge edge = MakeEdge(joins_, i, left | right);
    edge.is_product = true;
    edges.push_back(std::move(edge));
  }
}

JoinGraph JoinBlock::MakeGraph(RuleContext& context, bool all_products) {
  CardinalityEstimator estimator(context);
  rows_.clear();
  for (const LogicalPlanPtr& relation : relations_) rows_.push_back(ClampRows(estimator.Estimate(*relation)));
  std::vector<JoinEdge> edges;
  join_of_edge_.clear();
  for (size_t i = 0; i < joins_.size(); ++i) {
    AddEdges(i, estimator, edges);
    join_of_edge_.resize(edges.size(), i);
  }
  AddProducts(all_products, edges);
  return JoinGraph(rows_, std::move(edges));
}

void JoinBlock::ConsiderWritten(PlanTable& table) const {
  for (const WrittenJoin& join : joins_) table.Consider(join.left, join.right);
}

namespace {

/// A semi or anti join that builds what it gives reads all of the other side first, and keeps its rows whole.
constexpr double kSwappedSemiCost = 2;

bool IsLeftBuilt(JoinType type, double left_rows, double right_rows) {
  const bool is_semi = type == JoinType::kSemi || type == JoinType::kAnti;
  return left_rows * (is_semi ? kSwappedSemiCost : 1) < right_rows;
}

/// What a join is once its sides are swapped.
JoinType Mirrored(JoinType type) {
  switch (type) {
    case JoinType::kLeft:
      return JoinType::kRight;
    case JoinType::kSemi:
      return JoinType::kRightSemi;
    case JoinType::kAnti:
      return JoinType::kRightAnti;
    default:
      return type;
  }
}

}  // namespace

LogicalPlanPtr JoinBlock::MakeJoin(const PlanTable& table, const SubPlan& plan, LogicalPlanPtr left,
                                   LogicalPlanPtr right) {
  auto join = std::make_unique<LogicalJoin>();
  join->type = plan.step.type;
  const bool is_inner = plan.step.edge == JoinStep::kInnerJoin;
  const size_t from = is_inner ? 0 : join_of_edge_[plan.step.edge];
  for (Term& term : terms_) {
    if (term.expr == nullptr) continue;
    const WrittenJoin& written = joins_[term.join];
    const bool fits =
        is_inner ? written.type == JoinType::kInner && IsWithin(TotalReads(written, term.reads), plan.left | plan.right)
                 : term.join == from;
    if (fits) join->terms.push_back(std::move(term.expr));
  }
  if (!is_inner) join->null_aware = null_aware_[from];
  // The smaller side is the build side. IN's rules for NULL want the list of IN built.
  if (!join->null_aware && IsLeftBuilt(join->type, table.Find(plan.left)->rows, table.Find(plan.right)->rows)) {
    std::swap(left, right);
    join->type = Mirrored(join->type);
  }
  join->children.push_back(std::move(left));
  join->children.push_back(std::move(right));
  RefreshOutput(*join);
  return join;
}

LogicalPlanPtr JoinBlock::BuildSet(const PlanTable& table, RelationSet set) {
  const SubPlan& plan = *table.Find(set);
  if (plan.left == 0) return std::move(relations_[FirstRelation(set)]);
  LogicalPlanPtr left = BuildSet(table, plan.left);
  LogicalPlanPtr right = BuildSet(table, plan.right);
  return MakeJoin(table, plan, std::move(left), std::move(right));
}

LogicalPlanPtr JoinBlock::Build(const PlanTable& table) {
  return Above(BuildSet(table, table.graph().all()), std::move(above_));
}

}  // namespace llkv
