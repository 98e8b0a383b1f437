// The binder's entry: dispatches on the kind of statement.
#include "sql/binder/binder.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/error.h"
#include "sql/binder/bind_state.h"
#include "sql/binder/query_binder.h"
#include "sql/binder/statement_binders.h"

namespace llkv {
namespace {

arrow::Result<BoundStatement> BindStatement(BindState& state, const AstStatement& statement);

/// The value of an option that is on or off; on where none is given.
arrow::Result<bool> BindFlag(const BindState& state, const AstOption& option) {
  if (option.values.empty()) return true;
  if (option.values.size() == 1) {
    ARROW_ASSIGN_OR_RAISE(const Value value, OptionValue(state, *option.values[0]));
    const std::string text = value.ToString();
    if (SameName(text, "on") || SameName(text, "true") || text == "1") return true;
    if (SameName(text, "off") || SameName(text, "false") || text == "0") return false;
  }
  return SqlError(sqlstate::kInvalidParameter, fmt::format("{} is on or off", option.name), option.range.position);
}

arrow::Result<BoundStatement> BindExplain(BindState& state, const AstExplain& explain) {
  const int64_t position = explain.range.position;
  if (explain.query_plan) return Refuse("EXPLAIN QUERY PLAN", position);
  if (explain.format == AstExplainFormat::kOther) return Refuse("EXPLAIN's formats other than text and JSON", position);
  bool costs = true;
  for (const AstOption& option : explain.options) {
    if ((option.name == "analyze" && option.values.empty()) || option.name == "format") continue;
    if (option.name != "costs" || explain.analyze) {
      return Refuse(fmt::format("EXPLAIN's option {}", option.name), option.range.position);
    }
    ARROW_ASSIGN_OR_RAISE(costs, BindFlag(state, option));
  }
  ARROW_ASSIGN_OR_RAISE(BoundStatement inner, BindStatement(state, *explain.statement));
  auto* query = std::get_if<BoundQuery>(&inner);
  if (query == nullptr) {
    return Refuse("EXPLAIN of a statement without a plan", explain.statement->range.position);
  }
  return BoundExplain{explain.analyze, costs, explain.format == AstExplainFormat::kJson, std::move(*query)};
}

template <typename T>
arrow::Result<BoundStatement> AsStatement(arrow::Result<T> result) {
  if (!result.ok()) return result.status();
  return BoundStatement(std::move(result).ValueUnsafe());
}

arrow::Result<BoundStatement> BindStatement(BindState& state, const AstStatement& statement) {
  switch (statement.kind) {
    case AstStatementKind::kQuery: {
      BoundQuery query;
      ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr root, BindQuery(state, *statement.As<AstQueryStatement>().query, {}));
      query.plan = FinishPlan(state, std::move(root));
      query.used = std::move(state.used);
      return query;
    }
    case AstStatementKind::kInsert:
      return AsStatement(BindInsert(state, statement.As<AstInsert>()));
    case AstStatementKind::kUpdate:
      return AsStatement(BindUpdate(state, statement.As<AstUpdate>()));
    case AstStatementKind::kDelete:
      return AsStatement(BindDelete(state, statement.As<AstDelete>()));
    case AstStatementKind::kTruncate:
      return AsStatement(BindTruncate(state, statement.As<AstTruncate>()));
    case AstStatementKind::kCopy:
      return AsStatement(BindCopy(state, statement.As<AstCopy>()));
    case AstStatementKind::kCreateTable:
      return AsStatement(BindCreateTable(state, statement.As<AstCreateTable>()));
    case AstStatementKind::kCreateView:
      return AsStatement(BindCreateView(state, statement.As<AstCreateView>()));
    case AstStatementKind::kCreateIndex:
      return AsStatement(BindCreateIndex(state, statement.As<AstCreateIndex>()));
    case AstStatementKind::kCreateTrigger:
      return AsStatement(BindCreateTrigger(state, statement.As<AstCreateTrigger>()));
    case AstStatementKind::kReindex:
      return AsStatement(BindReindex(statement.As<AstReindex>()));
    case AstStatementKind::kCreateType:
      return AsStatement(BindCreateType(state, statement.As<AstCreateType>()));
    case AstStatementKind::kDrop:
      return AsStatement(BindDrop(statement.As<AstDrop>()));
    case AstStatementKind::kShow:
      return BindShow(state, statement.As<AstShow>());
    case AstStatementKind::kExplain:
      return BindExplain(state, statement.As<AstExplain>());
    default:
      return BindUtility(state, statement);
  }
}

}  // namespace

BoundStatementPlan FinishPlan(BindState& state, LogicalPlanPtr root) {
  BoundStatementPlan plan;
  plan.root = std::move(root);
  plan.parameter_types = state.parameter_types;
  plan.next_column_id = state.next_column_id;
  return plan;
}

arrow::Result<BoundStatement> Binder::Bind(const AstStatement& statement) const {
  const auto bind = [&](bool marks_rows, bool* wants_marked_rows) {
    BindState state(catalog_, functions_, options_);
    state.parameter_types.resize(static_cast<size_t>(statement.num_parameters));
    state.marks_rows = marks_rows;
    arrow::Result<BoundStatement> result = BindStatement(state, statement);
    *wants_marked_rows = state.wants_marked_rows;
    return result;
  };
  bool again = false;
  arrow::Result<BoundStatement> result = bind(/*marks_rows=*/false, &again);
  if (again) result = bind(/*marks_rows=*/true, &again);
  ARROW_ASSIGN_OR_RAISE(BoundStatement bound, std::move(result));
  // Parameters whose type only the value tells, in places that leave them untyped.
  const auto finish = [&](BoundStatementPlan& plan) {
    plan.parameter_names = statement.parameter_names;
    for (size_t i = 0; i < plan.parameter_types.size() && i < options_.parameter_types.size(); ++i) {
      if (plan.parameter_types[i].id() == TypeId::kNull) plan.parameter_types[i] = options_.parameter_types[i];
    }
  };
  if (auto* query = std::get_if<BoundQuery>(&bound)) finish(query->plan);
  if (auto* explain = std::get_if<BoundExplain>(&bound)) finish(explain->query.plan);
  return bound;
}

}  // namespace llkv
