// WITH: each definition is bound once; it is inlined where it is used once, and computed once where it is used several
// times.
#include "sql/binder/cte_binder.h"

#include <fmt/format.h>

#include <deque>
#include <utility>

#include "base/error.h"
#include "plan/plan_visitor.h"

namespace llkv {
namespace {

CteDefinition* Find(const AstName& name, const CteFrame* frame) {
  for (; frame != nullptr; frame = frame->parent) {
    for (size_t i = frame->size; i > 0; --i) {
      CteDefinition* definition = (*frame->definitions)[i - 1].get();
      if (SameName(definition->ast->name.key, name.key)) return definition;
    }
  }
  return nullptr;
}

arrow::Result<LogicalPlanPtr> BindDefinition(BindState& state, const CteDefinition& definition) {
  const AstCommonTable& ast = *definition.ast;
  if (ast.query == nullptr) return Refuse("a statement that changes data in WITH", ast.name.range.position);
  ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr plan, BindQuery(state, *ast.query, {definition.outer, definition.environment}));
  if (ast.columns.size() > plan->output.size()) {
    return SqlError(sqlstate::kInvalidColumnReference,
                    fmt::format("\"{}\" has {} columns, but {} names are given", ast.name.text, plan->output.size(),
                                ast.columns.size()),
                    ast.columns[plan->output.size()].range.position);
  }
  for (size_t i = 0; i < ast.columns.size(); ++i) plan->output[i].name = ast.columns[i].text;
  return plan;
}

arrow::Status EnsureBound(BindState& state, CteDefinition& definition, int64_t position) {
  if (definition.is_bound) {
    // A definition in sight of itself and not finished: it refers to itself.
    if (definition.plan == nullptr) return Refuse("WITH RECURSIVE", position);
    return arrow::Status::OK();
  }
  definition.is_bound = true;
  ARROW_ASSIGN_OR_RAISE(definition.plan, BindDefinition(state, definition));
  definition.columns = definition.plan->output;
  return arrow::Status::OK();
}

std::vector<BoundExprPtr> ColumnsOf(const LogicalPlan& plan) {
  std::vector<BoundExprPtr> exprs;
  for (const OutputColumn& column : plan.output) {
    exprs.push_back(BoundExpr::Column(column.id, column.type, column.name));
  }
  return exprs;
}

/// Completes the uses of a definition; returns `body`, inside a LogicalMaterialize where it is needed.
LogicalPlanPtr Complete(BindState& state, CteDefinition& definition, LogicalPlanPtr body) {
  if (definition.uses.empty()) return body;
  if (definition.uses.size() == 1 && definition.ast->materialized != AstMaterialized::kYes) {
    LogicalProject& use = *definition.uses[0];
    use.exprs = ColumnsOf(*definition.plan);
    use.children.push_back(std::move(definition.plan));
    return body;
  }
  auto materialize = std::make_unique<LogicalMaterialize>();
  materialize->id = state.next_materialize_id++;
  for (LogicalProject* use : definition.uses) {
    auto scan = std::make_unique<LogicalMaterializedScan>();
    scan->id = materialize->id;
    for (uint32_t i = 0; i < definition.columns.size(); ++i) {
      scan->column_indexes.push_back(i);
      scan->output.push_back({state.NewColumn(), definition.columns[i].type, definition.columns[i].name});
    }
    use->exprs = ColumnsOf(*scan);
    use->children.push_back(std::move(scan));
  }
  materialize->output = body->output;
  materialize->children.push_back(std::move(definition.plan));
  materialize->children.push_back(std::move(body));
  return materialize;
}

}  // namespace

arrow::Result<LogicalPlanPtr> BindCommonTable(BindState& state, const AstName& name, const CteFrame* frame) {
  CteDefinition* definition = Find(name, frame);
  if (definition == nullptr) return LogicalPlanPtr();
  if (definition->ast->materialized == AstMaterialized::kNo && definition->is_bound && definition->plan != nullptr) {
    return BindDefinition(state, *definition);
  }
  ARROW_RETURN_NOT_OK(EnsureBound(state, *definition, name.range.position));
  auto use = std::make_unique<LogicalProject>();
  for (const OutputColumn& column : definition->columns) {
    use->output.push_back({state.NewColumn(), column.type, column.name});
  }
  definition->uses.push_back(use.get());
  return use;
}

arrow::Result<LogicalPlanPtr> BindWithCommonTables(
    BindState& state, const std::vector<AstCommonTable>& with, bool recursive, const QueryEnvironment& environment,
    const std::function<arrow::Result<LogicalPlanPtr>(const QueryEnvironment&)>& bind) {
  if (with.empty()) return bind(environment);
  std::vector<std::unique_ptr<CteDefinition>> definitions;
  std::deque<CteFrame> frames;
  for (size_t i = 0; i < with.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (SameName(with[i].name.key, with[j].name.key)) {
        return SqlError(sqlstate::kDuplicateAlias, fmt::format("WITH defines \"{}\" twice", with[i].name.text),
                        with[i].name.range.position);
      }
    }
    frames.push_back({environment.ctes, &definitions, recursive ? i + 1 : i});
    auto definition = std::make_unique<CteDefinition>();
    definition->ast = &with[i];
    definition->environment = &frames.back();
    definition->outer = environment.outer;
    definitions.push_back(std::move(definition));
  }
  const CteFrame all{environment.ctes, &definitions, with.size()};
  ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr plan, bind(QueryEnvironment{environment.outer, &all}));
  for (size_t i = definitions.size(); i > 0; --i) {
    CteDefinition& definition = *definitions[i - 1];
    ARROW_RETURN_NOT_OK(EnsureBound(state, definition, definition.ast->name.range.position));
    plan = Complete(state, definition, std::move(plan));
  }
  return plan;
}

}  // namespace llkv
