// See pair_join.h.
#include "sql/binder/pair_join.h"

#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plan/materialize.h"
#include "plan/plan_visitor.h"
#include "sql/binder/query_binder.h"
#include "sql/binder/typing.h"

namespace llkv {
namespace {

/// What columns are called elsewhere.
using Names = std::unordered_map<ColumnId, ColumnId>;

/// Rows that are computed once and read in several places.
class KeptRows {
 public:
  KeptRows(BindState& state, LogicalPlanPtr plan) : id_(state.next_materialize_id++), columns_(plan->output) {
    RenameColumns(*plan, state.next_column_id);
    definition_ = std::move(plan);
  }

  /// The rows, and behind their columns each row's number. The columns have the ids that the plan gave them, or, where
  /// `names` is not null, others, which it learns.
  LogicalPlanPtr Read(BindState& state, OutputColumn* number, Names* names = nullptr) const {
    auto scan = ReadMaterialized(id_, columns_);
    for (size_t i = 0; i < columns_.size() && names != nullptr; ++i) {
      scan->output[i].id = state.NewColumn();
      names->emplace(columns_[i].id, scan->output[i].id);
    }
    *number = {state.NewColumn(), TypeId::kBigInt, "row number"};
    scan->output.push_back(*number);
    scan->column_indexes.push_back(LogicalMaterializedScan::kRowNumber);
    return scan;
  }

  LogicalPlanPtr Around(LogicalPlanPtr body) { return MakeMaterialize(id_, std::move(definition_), std::move(body)); }

 private:
  const uint32_t id_;
  const std::vector<OutputColumn> columns_;
  LogicalPlanPtr definition_;
};

BoundExprPtr Column(const OutputColumn& column, ColumnId id) { return BoundExpr::Column(id, column.type, column.name); }

/// The pairs with `wanted` alone, all under fresh ids, which `names` learns.
LogicalPlanPtr Choose(BindState& state, LogicalPlanPtr pairs, const std::vector<OutputColumn>& wanted, Names* names) {
  auto project = std::make_unique<LogicalProject>();
  for (const OutputColumn& column : wanted) {
    project->exprs.push_back(Column(column, column.id));
    project->output.push_back({state.NewColumn(), column.type, column.name});
  }
  project->children.push_back(std::move(pairs));
  RenameColumns(*project, state.next_column_id);
  for (size_t i = 0; i < wanted.size(); ++i) names->emplace(wanted[i].id, project->output[i].id);
  return project;
}

arrow::Result<LogicalPlanPtr> JoinByNumber(BindState& state, JoinType type, LogicalPlanPtr left, LogicalPlanPtr right,
                                           const OutputColumn& left_number, const OutputColumn& right_number,
                                           int64_t position) {
  std::vector<BoundExprPtr> terms;
  ARROW_ASSIGN_OR_RAISE(terms.emplace_back(),
                        MakeComparison(state, "=", ColumnOf(left_number), ColumnOf(right_number), position));
  return MakeJoin(type, std::move(left), std::move(right), std::move(terms));
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
  Names names;
  LogicalPlanPtr body = Choose(state, std::move(pairs), wanted, &names);
  OutputColumn number;
  if (kept_left) {
    left_number.id = names.at(left_number.id);
    LogicalPlanPtr rows = kept_left->Read(state, &number, &names);
    const JoinType first = type == JoinType::kFull ? JoinType::kLeft : type;
    ARROW_ASSIGN_OR_RAISE(body,
                          JoinByNumber(state, first, std::move(rows), std::move(body), number, left_number, position));
  }
  if (kept_right) {
    right_number.id = names.at(right_number.id);
    const JoinType last = type == JoinType::kFull ? JoinType::kFull : JoinType::kRight;
    LogicalPlanPtr rows = kept_right->Read(state, &number, &names);
    ARROW_ASSIGN_OR_RAISE(body,
                          JoinByNumber(state, last, std::move(body), std::move(rows), right_number, number, position));
  }
  auto project = std::make_unique<LogicalProject>();
  project->output = left_columns;
  if (GivesPairs(type)) Append(project->output, right_columns);
  for (const OutputColumn& column : project->output) project->exprs.push_back(Column(column, names.at(column.id)));
  project->children.push_back(std::move(body));
  body = std::move(project);
  if (kept_right) body = kept_right->Around(std::move(body));
  if (kept_left) body = kept_left->Around(std::move(body));
  return body;
}

}  // namespace llkv
