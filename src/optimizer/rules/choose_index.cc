// Which index a scan finds its rows by: the one whose keys its predicates leave fewest of, where that is a few per cent
// of the table at most.
#include <algorithm>
#include <optional>
#include <utility>

#include "optimizer/rules.h"

namespace llkv {

namespace {

using Op = PushedPredicate::Op;

/// What an index does for a scan.
struct Choice {
  const IndexEstimate* index = nullptr;
  std::vector<uint32_t> predicates;
  double entries = 0;
  /// Equality fixes all columns of a unique key.
  bool is_lookup = false;
};

bool IsRange(Op op) { return op == Op::kLess || op == Op::kLessEqual || op == Op::kGreater || op == Op::kGreaterEqual; }

/// The predicate that fixes a column: equality, else the shortest IN, else IS NULL.
std::optional<uint32_t> FixingPredicate(const LogicalScan& scan, uint32_t column) {
  std::optional<uint32_t> best;
  for (uint32_t i = 0; i < scan.predicates.size(); ++i) {
    const PushedPredicate& predicate = scan.predicates[i];
    if (predicate.column_ordinal != column) continue;
    if (predicate.op == Op::kEqual) return i;
    if (predicate.op != Op::kIn && predicate.op != Op::kIsNull) continue;
    if (!best || predicate.values.size() < scan.predicates[*best].values.size()) best = i;
  }
  return best;
}

/// The share of rows that predicates on one column leave, where their values are not known.
double GuessShare(const LogicalScan& scan, const std::vector<uint32_t>& predicates, const TableEstimate& table) {
  double share = 1;
  uint32_t num_ranges = 0;
  for (const uint32_t i : predicates) {
    const PushedPredicate& predicate = scan.predicates[i];
    if (IsRange(predicate.op)) {
      ++num_ranges;
      continue;
    }
    const double distinct =
        predicate.column_ordinal < table.columns.size() ? table.columns[predicate.column_ordinal].num_distinct : 0;
    const double one = distinct > 0 ? 1 / distinct : 0.02;
    share *= predicate.op == Op::kIn ? std::min(1.0, one * static_cast<double>(predicate.values.size())) : one;
  }
  // A range with both ends is mostly a narrow one; the scan itself sees what it turns out to be.
  if (num_ranges == 1) share *= 0.3;
  if (num_ranges > 1) share *= 0.01;
  return share;
}

Choice Judge(const LogicalScan& scan, const IndexEstimate& index, const TableEstimate& table, RuleContext& context) {
  Choice choice;
  size_t num_equal = 0;
  for (const uint32_t column : index.columns) {
    const auto fixing = FixingPredicate(scan, column);
    if (fixing) {
      choice.predicates.push_back(*fixing);
      num_equal += scan.predicates[*fixing].op == Op::kEqual ? 1 : 0;
      continue;
    }
    for (uint32_t i = 0; i < scan.predicates.size(); ++i) {
      const PushedPredicate& predicate = scan.predicates[i];
      if (predicate.column_ordinal == column && IsRange(predicate.op)) choice.predicates.push_back(i);
    }
    break;
  }
  if (choice.predicates.empty()) return choice;
  choice.index = &index;
  choice.is_lookup = index.is_unique && num_equal == index.columns.size();
  if (choice.is_lookup) {
    choice.entries = index.is_primary ? 0 : 1;
    return choice;
  }
  std::vector<const PushedPredicate*> predicates;
  bool is_known = true;
  for (const uint32_t i : choice.predicates) {
    predicates.push_back(&scan.predicates[i]);
    for (const BoundExprPtr& value : scan.predicates[i].values) is_known = is_known && value->IsConstant();
  }
  choice.entries = -1;
  if (is_known && context.options->statistics != nullptr) {
    choice.entries = context.options->statistics->CountIndexEntries(scan.table, index.id, predicates);
  }
  if (choice.entries < 0) choice.entries = table.num_rows * GuessShare(scan, choice.predicates, table);
  return choice;
}

void Choose(LogicalScan& scan, RuleContext& context) {
  if (scan.predicates.empty() || !scan.may_use_indexes) return;
  const TableEstimate* table = context.FindEstimate(scan.table);
  if (table == nullptr) return;
  Choice best;
  const bool is_asked_for = scan.only_index.value != 0;
  for (const IndexEstimate& index : table->indexes) {
    if (is_asked_for && index.id != scan.only_index) continue;
    Choice choice = Judge(scan, index, *table, context);
    if (choice.index != nullptr && (best.index == nullptr || choice.entries < best.entries)) best = std::move(choice);
  }
  if (best.index == nullptr) return;
  // A row found by an index costs some dozens that are scanned; in a small table neither costs anything to speak of.
  const double limit = std::max(table->num_rows / 32, std::min(table->num_rows / 4, 64.0));
  if (!best.is_lookup && !is_asked_for && best.entries > limit) return;
  scan.index = best.index->id;
  scan.index_name = best.index->name;
  scan.index_is_primary = best.index->is_primary;
  scan.index_predicates = std::move(best.predicates);
  if (!best.is_lookup) return;
  for (const uint32_t i : scan.index_predicates) {
    scan.key_lookup.push_back(scan.predicates[i].values[0]->Clone());
  }
}

}  // namespace

void ChooseIndexes(LogicalPlan& root, RuleContext& context) {
  if (root.kind == PlanKind::kScan) Choose(root.As<LogicalScan>(), context);
  for (LogicalPlanPtr& child : root.children) ChooseIndexes(*child, context);
}

}  // namespace llkv
