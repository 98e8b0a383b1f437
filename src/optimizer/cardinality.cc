// The usual textbook rules: uniform values, independent terms, containment of join keys (Selinger et al. 1979).
#include "optimizer/cardinality.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "optimizer/terms.h"

namespace llkv {

namespace {

/// Rows of an aggregation of `rows` rows, whose group expressions have so many values each.
double NumGroups(const LogicalAggregate& aggregate, double rows, const std::vector<double>& distinct) {
  if (aggregate.grouping_sets.empty()) {
    double groups = 1;
    for (const double number : distinct) groups *= number;
    return std::max(1.0, std::min(rows, groups));
  }
  double total = 0;
  for (const std::vector<uint32_t>& set : aggregate.grouping_sets) {
    double groups = 1;
    for (const uint32_t group : set) groups *= distinct[group];
    total += std::max(1.0, std::min(rows, groups));
  }
  return total;
}

constexpr double kUnknownTableRows = 1000;
constexpr double kRangeSelectivity = 0.3;
constexpr double kLikeSelectivity = 0.1;
constexpr double kOtherSelectivity = 0.25;
constexpr double kEqualSelectivity = 0.05;
constexpr double kNullShare = 0.02;
constexpr double kUnknownDomainPower = 0.8;

bool AsNumber(const Value& value, double* number) {
  const bool is_text = value.type().physical() == PhysicalType::kString;
  if (value.is_null() || is_text || value.type().id() == TypeId::kInterval) return false;
  *number = value.type().IsFloating() ? value.floating() : static_cast<double>(value.integer());
  return true;
}

double EqualSelectivity(const ColumnBelief& belief) {
  return belief.num_distinct > 0 ? 1.0 / belief.num_distinct : kEqualSelectivity;
}

/// The share of values of a normal distribution that lie so.
double NormalSelectivity(const ColumnBelief& belief, bool below, double bound) {
  constexpr double kLeast = 1e-5;
  const double distance = (bound - belief.mean) / std::max(belief.deviation, 1e-9);
  const double share = 0.5 * std::erfc((below ? -distance : distance) / std::sqrt(2.0));
  return std::clamp(share, kLeast, 1.0);
}

/// Ten to the scale: by how much a DECIMAL is greater inside.
double ScaleFactor(LogicalType type) { return type.IsDecimal() ? std::pow(10.0, type.scale()) : 1.0; }

/// What an aggregate gives for groups of about so many rows: values are taken as uniform within their range, and the
/// groups' sizes as those of rows that fall into groups by chance.
std::optional<ColumnBelief> BeliefOfAggregate(const AggregateCall& call, const ColumnBelief* argument, double rows) {
  ColumnBelief belief;
  if (call.distinct || call.filter != nullptr) return std::nullopt;
  if (call.function.name == "count") {
    belief.mean = rows;
    belief.deviation = std::sqrt(rows);
    return belief;
  }
  if (argument == nullptr || !argument->has_range || call.arguments.size() != 1) return std::nullopt;
  const double factor = ScaleFactor(call.function.return_type) / ScaleFactor(call.arguments[0]->type);
  const double mean = (argument->min + argument->max) / 2 * factor;
  const double width = (argument->max - argument->min) * factor;
  const double variance = width * width / 12;
  if (call.function.name == "sum") {
    belief.mean = rows * mean;
    belief.deviation = std::sqrt(rows * (variance + mean * mean));
  } else if (call.function.name == "avg") {
    belief.mean = mean;
    belief.deviation = std::sqrt(variance / rows);
  } else {
    return std::nullopt;
  }
  return belief;
}

double RangeSelectivity(const ColumnBelief& belief, bool below, double bound) {
  if (belief.deviation >= 0) return NormalSelectivity(belief, below, bound);
  if (!belief.has_range) return kRangeSelectivity;
  const double width = belief.max - belief.min;
  if (width <= 0) return below ? (bound >= belief.min ? 1.0 : 0.0) : (bound <= belief.max ? 1.0 : 0.0);
  const double share = std::clamp((bound - belief.min) / width, 0.0, 1.0);
  return below ? share : 1.0 - share;
}

/// The share of rows, where so many of a sample pass and `guess` is what is believed without it. Few rows that pass say
/// no more than about how many there are.
double WithSample(double guess, const SampleCount& count) {
  constexpr double kEnough = 8;
  const double share = count.num_passed / count.num_rows;
  if (count.num_passed >= kEnough) return share;
  const double spread = 2 * std::sqrt(count.num_passed);
  const double least = std::max(0.0, count.num_passed - spread) / count.num_rows;
  const double most = (count.num_passed + spread + 1.5) / count.num_rows;
  return guess >= least && guess <= most ? guess : std::min(std::max(share, 0.5 / count.num_rows), most);
}

}  // namespace

double ClampRows(double rows) { return std::min(std::max(1.0, rows), kMaxRows); }

double JoinedRows(JoinType type, double left, double right, double selectivity) {
  const double inner = left * right * selectivity;
  // A left row has a match with the chance of one for each right row that would match it.
  const double matched = left * std::min(1.0, right * selectivity);
  switch (type) {
    case JoinType::kInner:
      return inner;
    case JoinType::kLeft:
      return std::max(left, inner);
    case JoinType::kRight:
      return std::max(right, inner);
    case JoinType::kFull:
      return std::max(left + right, inner);
    case JoinType::kSemi:
      return std::max(1.0, matched);
    case JoinType::kAnti:
      return std::max(1.0, left - std::min(matched, left * 0.9));
    case JoinType::kMark:
    case JoinType::kSingle:
      return left;
    case JoinType::kRightSemi:
      return JoinedRows(JoinType::kSemi, right, left, selectivity);
    case JoinType::kRightAnti:
      return JoinedRows(JoinType::kAnti, right, left, selectivity);
  }
  return inner;
}

const ColumnBelief* CardinalityEstimator::Find(const BoundExpr& expr) const {
  if (!expr.IsColumn()) return nullptr;
  const auto found = beliefs_.find(expr.column);
  return found == beliefs_.end() ? nullptr : &found->second;
}

double CardinalityEstimator::PredicateSelectivity(const PushedPredicate& predicate, const ColumnBelief& belief) const {
  using Op = PushedPredicate::Op;
  double bound = 0;
  const bool known =
      !predicate.values.empty() && predicate.values[0]->IsConstant() && AsNumber(predicate.values[0]->value, &bound);
  switch (predicate.op) {
    case Op::kEqual:
      return EqualSelectivity(belief);
    case Op::kNotEqual:
      return 1.0 - EqualSelectivity(belief);
    case Op::kLess:
    case Op::kLessEqual:
      return known ? RangeSelectivity(belief, true, bound) : kRangeSelectivity;
    case Op::kGreater:
    case Op::kGreaterEqual:
      return known ? RangeSelectivity(belief, false, bound) : kRangeSelectivity;
    case Op::kIsNull:
      return belief.null_share >= 0 ? belief.null_share : kNullShare;
    case Op::kIsNotNull:
      return 1 - (belief.null_share >= 0 ? belief.null_share : kNullShare);
    case Op::kIn:
      return std::min(1.0, EqualSelectivity(belief) * static_cast<double>(predicate.values.size()));
  }
  return kOtherSelectivity;
}

double CardinalityEstimator::FilterSelectivity(const BoundExpr& term) const {
  if (term.kind == ExprKind::kConjunction) {
    double all = 1.0;
    double none = 1.0;
    for (const auto& child : term.children) {
      const double selectivity = FilterSelectivity(*child);
      all *= selectivity;
      none *= 1.0 - selectivity;
    }
    return term.is_and ? all : 1.0 - none;
  }
  if (const auto op = ComparisonOf(term); op.has_value()) {
    const ColumnBelief* left = Find(*term.children[0]);
    const ColumnBelief* right = Find(*term.children[1]);
    if (left != nullptr && right != nullptr) return JoinSelectivity(term);
    const ColumnBelief* column = left != nullptr ? left : right;
    double bound = 0;
    const BoundExpr& other = *term.children[left != nullptr ? 1 : 0];
    const bool known = other.IsConstant() && AsNumber(other.value, &bound);
    if (*op == ComparisonOp::kEqual) return column != nullptr ? EqualSelectivity(*column) : kEqualSelectivity;
    if (*op == ComparisonOp::kNotEqual) return 0.9;
    const ComparisonOp asked = left != nullptr ? *op : Flip(*op);
    const bool below = asked == ComparisonOp::kLess || asked == ComparisonOp::kLessEqual;
    return column != nullptr && known ? RangeSelectivity(*column, below, bound) : kRangeSelectivity;
  }
  if (term.kind == ExprKind::kIn) {
    const ColumnBelief* column = Find(*term.children[0]);
    const double one = column != nullptr ? EqualSelectivity(*column) : kEqualSelectivity;
    return std::min(1.0, one * static_cast<double>(term.children.size() - 1));
  }
  if (term.kind == ExprKind::kFunction && !term.children.empty()) {
    if (term.function.name == "not") return 1.0 - FilterSelectivity(*term.children[0]);
    if (term.function.name == "like") return kLikeSelectivity;
  }
  return kOtherSelectivity;
}

double CardinalityEstimator::JoinSelectivity(const BoundExpr& term) const {
  const auto op = ComparisonOf(term);
  if (!op.has_value()) return term.kind == ExprKind::kConjunction ? FilterSelectivity(term) : kOtherSelectivity;
  if (*op != ComparisonOp::kEqual) return kRangeSelectivity;
  const ColumnBelief* left = Find(*term.children[0]);
  const ColumnBelief* right = Find(*term.children[1]);
  const double distinct = std::max(left != nullptr ? left->domain : 0, right != nullptr ? right->domain : 0);
  return distinct > 0 ? 1.0 / distinct : 0.01;
}

double CardinalityEstimator::JoinSelectivity(const std::vector<const BoundExpr*>& terms, double left_rows,
                                             double right_rows,
                                             const std::unordered_set<ColumnId>& left_columns) const {
  struct Key {
    size_t num_terms = 0;
    double single = 1;
    double left_distinct = 1;
    double right_distinct = 1;
    double left_rows;
    double right_rows;
  };
  std::map<std::pair<uint32_t, uint32_t>, Key> keys;
  double selectivity = 1;
  for (const BoundExpr* term : terms) {
    const double single = JoinSelectivity(*term);
    if (ComparisonOf(*term) != ComparisonOp::kEqual) {
      selectivity *= single;
      continue;
    }
    const bool flipped = !ReadsAny(*term->children[0], left_columns);
    const ColumnBelief* left = Find(*term->children[flipped ? 1 : 0]);
    const ColumnBelief* right = Find(*term->children[flipped ? 0 : 1]);
    const std::pair<uint32_t, uint32_t> sources = {left != nullptr ? left->source : 0,
                                                   right != nullptr ? right->source : 0};
    Key& key = keys.try_emplace(sources, Key{0, 1, 1, 1, left_rows, right_rows}).first->second;
    ++key.num_terms;
    key.single = single;
    key.left_distinct *= left != nullptr && left->domain > 0 ? left->domain : std::sqrt(left_rows);
    key.right_distinct *= right != nullptr && right->domain > 0 ? right->domain : std::sqrt(right_rows);
    if (left != nullptr && left->table_rows > 0) key.left_rows = left->table_rows;
    if (right != nullptr && right->table_rows > 0) key.right_rows = right->table_rows;
  }
  for (const auto& [sources, key] : keys) {
    // One side's key is taken to be contained in the other's: the one with fewer different values decides.
    const double distinct =
        std::min(std::min(key.left_distinct, key.left_rows), std::min(key.right_distinct, key.right_rows));
    selectivity *= key.num_terms == 1 ? key.single : 1.0 / std::max(1.0, distinct);
  }
  return selectivity;
}

double CardinalityEstimator::EstimateScan(LogicalScan& scan) {
  const TableEstimate* table = context_.FindEstimate(scan.table);
  const double rows = table != nullptr ? table->num_rows : kUnknownTableRows;
  std::unordered_map<uint32_t, ColumnBelief> by_ordinal;
  ++num_sources_;
  if (table != nullptr) {
    for (uint32_t i = 0; i < table->columns.size(); ++i) {
      ColumnBelief belief;
      belief.num_distinct = table->columns[i].num_distinct;
      // Rows that are not stored yet have no statistics; most columns that are joined by have many values.
      belief.domain = belief.num_distinct > 0 ? belief.num_distinct : std::pow(rows, kUnknownDomainPower);
      belief.table_rows = rows;
      belief.source = num_sources_;
      if (rows > 0) belief.null_share = std::clamp(table->columns[i].num_nulls / rows, 0.0, 1.0);
      belief.has_range = AsNumber(table->columns[i].min, &belief.min) && AsNumber(table->columns[i].max, &belief.max);
      by_ordinal[i] = belief;
    }
  }
  for (size_t i = 0; i < scan.column_ordinals.size(); ++i) {
    beliefs_[scan.output[i].id] = by_ordinal[scan.column_ordinals[i]];
  }
  double selectivity = 1.0;
  std::unordered_map<uint32_t, std::pair<double, double>> ranges;  // a column's lower and upper part overlap
  for (const PushedPredicate& predicate : scan.predicates) {
    using Op = PushedPredicate::Op;
    const ColumnBelief& belief = by_ordinal[predicate.column_ordinal];
    const double share = PredicateSelectivity(predicate, belief);
    const bool below = predicate.op == Op::kLess || predicate.op == Op::kLessEqual;
    const bool above = predicate.op == Op::kGreater || predicate.op == Op::kGreaterEqual;
    if (below || above) {
      auto& range = ranges.emplace(predicate.column_ordinal, std::make_pair(1.0, 1.0)).first->second;
      (below ? range.first : range.second) = std::min(below ? range.first : range.second, share);
    } else {
      selectivity *= share;
    }
  }
  for (const auto& [ordinal, range] : ranges) {
    const double both = range.first + range.second - 1.0;
    selectivity *=
        range.first < 1.0 && range.second < 1.0 ? std::max(both, 0.005) : std::min(range.first, range.second);
  }
  if (!scan.key_lookup.empty()) return std::min(rows, 1.0);
  if (const auto count = context_.CountInSample(scan, {})) selectivity = WithSample(selectivity, *count);
  return std::max(1.0, rows * selectivity);
}

double CardinalityEstimator::EstimateFilter(LogicalFilter& filter, double rows) {
  double selectivity = 1;
  for (const BoundExprPtr& term : filter.terms) selectivity *= FilterSelectivity(*term);
  if (filter.children[0]->kind == PlanKind::kScan) {
    const auto& scan = filter.children[0]->As<LogicalScan>();
    const TableEstimate* table = context_.FindEstimate(scan.table);
    const auto count = context_.CountInSample(scan, filter.terms);
    // The sample's share is one of the whole table.
    if (count && table != nullptr && table->num_rows > 0) {
      return std::max(1.0, table->num_rows * WithSample(selectivity * rows / table->num_rows, *count));
    }
  }
  return std::max(1.0, rows * selectivity);
}

double CardinalityEstimator::EstimateJoin(LogicalJoin& join) {
  const double left = Estimate(*join.children[0]);
  const double right = Estimate(*join.children[1]);
  std::vector<const BoundExpr*> terms;
  for (const auto& term : join.terms) terms.push_back(term.get());
  const double selectivity = JoinSelectivity(terms, left, right, OutputIds(*join.children[0]));
  return JoinedRows(join.type, left, right, selectivity);
}

void CardinalityEstimator::RememberDefinition(const LogicalMaterialize& node) {
  auto definition = std::make_shared<DefinitionEstimate>();
  definition->num_rows = node.children[0]->estimated_rows;
  for (const OutputColumn& column : node.children[0]->output) {
    const auto found = beliefs_.find(column.id);
    definition->columns.push_back(found == beliefs_.end() ? std::nullopt : std::optional(found->second));
  }
  context_.definitions[node.id] = std::move(definition);
}

double CardinalityEstimator::EstimateMaterializedScan(const LogicalMaterializedScan& scan) {
  const auto found = context_.definitions.find(scan.id);
  if (found == context_.definitions.end()) return kUnknownTableRows;
  const DefinitionEstimate& definition = *found->second;
  ++num_sources_;
  for (size_t i = 0; i < scan.column_indexes.size(); ++i) {
    const uint32_t index = scan.column_indexes[i];
    if (index < definition.columns.size() && definition.columns[index].has_value()) {
      ColumnBelief& belief = beliefs_[scan.output[i].id] = *definition.columns[index];
      belief.source = num_sources_;
    }
  }
  return definition.num_rows;
}

double CardinalityEstimator::EstimateAggregate(const LogicalAggregate& aggregate, double rows) {
  if (aggregate.groups.empty()) return 1;
  std::vector<double> distinct;
  for (size_t i = 0; i < aggregate.groups.size(); ++i) {
    const ColumnBelief* belief = Find(*aggregate.groups[i]);
    distinct.push_back(belief != nullptr && belief->num_distinct > 0 ? belief->num_distinct : std::sqrt(rows));
    if (belief != nullptr) {
      const ColumnBelief copy = *belief;
      beliefs_[aggregate.output[i].id] = copy;
    }
  }
  const double num_groups = NumGroups(aggregate, rows, distinct);
  for (size_t i = 0; i < aggregate.aggregates.size(); ++i) {
    const AggregateCall& call = aggregate.aggregates[i];
    const ColumnBelief* argument = call.arguments.empty() ? nullptr : Find(*call.arguments[0]);
    const auto belief = BeliefOfAggregate(call, argument, std::max(1.0, rows / num_groups));
    if (belief.has_value()) beliefs_[aggregate.output[aggregate.groups.size() + i].id] = *belief;
  }
  return num_groups;
}

double CardinalityEstimator::EstimateProjectSet(const LogicalProjectSet& set, double rows) {
  for (size_t i = 0; i < set.passed.size(); ++i) {
    if (const ColumnBelief* belief = Find(*set.passed[i])) {
      const ColumnBelief copy = *belief;
      beliefs_[set.output[i].id] = copy;
    }
  }
  double most = set.is_outer ? 1 : 0;
  for (const SetCall& call : set.calls) most = std::max(most, call.function->estimated_rows_each());
  return rows * most;
}

void CardinalityEstimator::CapDistinct(const LogicalPlan& plan, double rows) {
  for (const OutputColumn& column : plan.output) {
    const auto found = beliefs_.find(column.id);
    if (found != beliefs_.end() && found->second.num_distinct > rows) found->second.num_distinct = std::max(1.0, rows);
  }
}

double CardinalityEstimator::Estimate(LogicalPlan& plan) {
  double rows = 1;
  if (plan.kind == PlanKind::kJoin) {
    rows = EstimateJoin(plan.As<LogicalJoin>());
  } else {
    for (size_t i = 0; i < plan.children.size(); ++i) {
      rows = Estimate(*plan.children[i]);
      if (plan.kind == PlanKind::kMaterialize && i == 0) RememberDefinition(plan.As<LogicalMaterialize>());
    }
  }
  switch (plan.kind) {
    case PlanKind::kScan:
      rows = EstimateScan(plan.As<LogicalScan>());
      break;
    case PlanKind::kValues:
      rows = static_cast<double>(plan.As<LogicalValues>().rows.size());
      break;
    case PlanKind::kTableFunction:
      rows = plan.As<LogicalTableFunction>().function->estimated_rows();
      break;
    case PlanKind::kFileScan:
      rows = 1e6;
      break;
    case PlanKind::kMaterializedScan:
      rows = EstimateMaterializedScan(plan.As<LogicalMaterializedScan>());
      break;
    case PlanKind::kFilter:
      rows = EstimateFilter(plan.As<LogicalFilter>(), rows);
      break;
    case PlanKind::kProject: {
      const auto& project = plan.As<LogicalProject>();
      for (size_t i = 0; i < project.exprs.size(); ++i) {
        if (const ColumnBelief* belief = Find(*project.exprs[i])) {
          const ColumnBelief copy = *belief;
          beliefs_[plan.output[i].id] = copy;
        }
      }
      break;
    }
    case PlanKind::kProjectSet:
      rows = EstimateProjectSet(plan.As<LogicalProjectSet>(), rows);
      break;
    case PlanKind::kAggregate:
      rows = EstimateAggregate(plan.As<LogicalAggregate>(), rows);
      break;
    case PlanKind::kSort:
    case PlanKind::kLimit: {
      const BoundExprPtr& limit =
          plan.kind == PlanKind::kSort ? plan.As<LogicalSort>().limit : plan.As<LogicalLimit>().limit;
      double most = 0;
      if (limit != nullptr && limit->IsConstant() && AsNumber(limit->value, &most)) rows = std::min(rows, most);
      break;
    }
    case PlanKind::kSetOperation: {
      const auto& set = plan.As<LogicalSetOperation>();
      rows = plan.children[0]->estimated_rows;
      if (set.op == LogicalSetOperation::Op::kUnion) rows += plan.children[1]->estimated_rows;
      break;
    }
    case PlanKind::kRecursive:
      // Some steps.
      rows = 10 * plan.children[0]->estimated_rows;
      break;
    case PlanKind::kInsert:
    case PlanKind::kUpdate:
    case PlanKind::kDelete:
    case PlanKind::kCopyTo:
      rows = 1;
      break;
    default:
      break;
  }
  plan.estimated_rows = rows;
  CapDistinct(plan, rows);
  return rows;
}

void EstimateRows(LogicalPlan& root, RuleContext& context) { CardinalityEstimator(context).Estimate(root); }

}  // namespace llkv
