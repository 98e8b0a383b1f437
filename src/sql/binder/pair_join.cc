// See pair_join.h.
#include "sql/binder/pair_join.h"

#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plan/plan_visitor.h"
#include "sql/binder/typing.h"

namespace llkv {
namespace {

/// Rows that are computed once and read in several places.
class KeptRows {
 public:
  KeptRows(BindState& state, LogicalPlanPtr plan) : id_(state.next_materialize_id++), columns_(plan->output) {
    RenameColumns(*plan, state.next_column_id);
    definition_ = std::move(plan);
  }

  /// The rows, their columns under the ids that the plan gave them, and behind those each row's number.
  LogicalPlanPtr Read(BindState& state, OutputColumn* number) const {
    auto scan = std::make_unique<LogicalMaterializedScan>();
    scan->id = id_;
    scan->output = columns_;
    for (uint32_t i = 0; i < columns_.size(); ++i) scan->column_indexes.push_back(i);
    *number = {state.NewColumn(), TypeId::kBigInt, "row number"};
    scan->output.push_back(*number);
    scan->column_indexes.push_back(LogicalMaterializedScan::kRowNumber);
    return scan;
  }

  LogicalPlanPtr Around(LogicalPlanPtr body) {
    auto node = std::make_unique<LogicalMaterialize>();
    node->id = id_;
    node->output = body->output;
    node->children.push_back(std::move(definition_));
    node->children.push_back(std::move(body));
    return node;
  }

 private:
  const uint32_t id_;
  const std::vector<OutputColumn> columns_;
  LogicalPlanPtr definition_;
};

BoundExprPtr Column(const OutputColumn& column, ColumnId id) { return BoundExpr::Column(id, column.type, column.name); }

/// Where each column comes from: `sources[i]` is the id of columns[i] in `plan`.
LogicalPlanPtr Choose(LogicalPlanPtr plan, std::vector<OutputColumn> columns, const std::vector<ColumnId>& sources) {
  auto project = std::make_unique<LogicalProject>();
  for (size_t i = 0; i < columns.size(); ++i) project->exprs.push_back(Column(columns[i], sources[i]));
  project->output = std::move(columns);
  project->children.push_back(std::move(plan));
  return project;
}

arrow::Result<LogicalPlanPtr> JoinByNumber(BindState& state, JoinType type, LogicalPlanPtr left, LogicalPlanPtr right,
                                           const OutputColumn& left_number, const OutputColumn& right_number,
                                           int64_t position) {
  auto join = std::make_unique<LogicalJoin>();
  join->type = type;
  ARROW_ASSIGN_OR_RAISE(BoundExprPtr term, MakeComparison(state, "=", Column(left_number, left_number.id),
                                                          Column(right_number, right_number.id), position));
  join->terms.push_back(std::move(term));
  join->output = left->output;
  if (GivesPairs(type)) join->output.insert(join->output.end(), right->output.begin(), right->output.end());
  join->children.push_back(std::move(left));
  join->children.push_back(std::move(right));
  return join;
}

void Append(std::vector<OutputColumn>& columns, const std::vector<OutputColumn>& more) {
  columns.insert(columns.end(), more.begin(), more.end());
}

}  // namespace

arrow::Result<LogicalPlanPtr> JoinByPairs(BindState& state, JoinType type, LogicalPlanPtr left, LogicalPlanPtr right,
                                          const MatchRows& match, int64_t position) {
  const std::vector<OutputColumn> left_columns = left->output;
  const std::vector<OutputColumn> right_columns = right->output;
  std::optional<KeptRows> kept_left;
  std::optional<KeptRows> kept_right;
  // What the pairs are needed for: the numbers of rows that stay, and the columns of a side whose rows do not.
  std::vector<OutputColumn> wanted;
  OutputColumn left_number;
  OutputColumn right_number;
  if (type != JoinType::kRight) {
    kept_left.emplace(state, std::move(left));
    left = kept_left->Read(state, &left_number);
    wanted.push_back(left_number);
  } else {
    Append(wanted, left_columns);
  }
  if (type == JoinType::kRight || type == JoinType::kFull) {
    kept_right.emplace(state, std::move(right));
    right = kept_right->Read(state, &right_number);
    wanted.push_back(right_number);
  } else if (type == JoinType::kLeft) {
    Append(wanted, right_columns);
  }
  ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr pairs, match(std::move(left), std::move(right)));
  std::vector<ColumnId> ids;
  for (const OutputColumn& column : wanted) ids.push_back(column.id);
  pairs = Choose(std::move(pairs), std::move(wanted), ids);
  const std::unordered_map<ColumnId, ColumnId> names = RenameColumns(*pairs, state.next_column_id);
  if (kept_left) left_number.id = names.at(left_number.id);
  if (kept_right) right_number.id = names.at(right_number.id);

  LogicalPlanPtr body = std::move(pairs);
  OutputColumn number;
  if (kept_left) {
    LogicalPlanPtr rows = kept_left->Read(state, &number);
    const JoinType first = type == JoinType::kFull ? JoinType::kLeft : type;
    ARROW_ASSIGN_OR_RAISE(body,
                          JoinByNumber(state, first, std::move(rows), std::move(body), number, left_number, position));
  }
  if (kept_right) {
    LogicalPlanPtr rows = kept_right->Read(state, &number);
    ARROW_ASSIGN_OR_RAISE(body,
                          JoinByNumber(state, type, std::move(body), std::move(rows), right_number, number, position));
  }
  std::vector<OutputColumn> output = left_columns;
  std::vector<ColumnId> sources;
  for (const OutputColumn& column : left_columns) sources.push_back(kept_left ? column.id : names.at(column.id));
  if (GivesPairs(type)) {
    Append(output, right_columns);
    for (const OutputColumn& column : right_columns) sources.push_back(kept_right ? column.id : names.at(column.id));
  }
  body = Choose(std::move(body), std::move(output), sources);
  if (kept_right) body = kept_right->Around(std::move(body));
  if (kept_left) body = kept_left->Around(std::move(body));
  return body;
}

}  // namespace llkv
