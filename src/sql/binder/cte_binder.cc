// WITH: each definition is bound once; it is inlined where it is used once, and computed once where it is used several
// times.
#include "sql/binder/cte_binder.h"

#include <fmt/format.h>

#include <deque>
#include <utility>

#include "base/error.h"
#include "plan/materialize.h"
#include "plan/plan_visitor.h"
#include "sql/binder/order_binder.h"
#include "types/coercion.h"

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

/// Gives the first columns the names that the WITH clause has for them.
arrow::Status NameColumns(const AstCommonTable& ast, LogicalPlan& plan) {
  if (ast.columns.size() > plan.output.size()) {
    return SqlError(sqlstate::kInvalidColumnReference,
                    fmt::format("\"{}\" has {} columns, but {} names are given", ast.name.text, plan.output.size(),
                                ast.columns.size()),
                    ast.columns[plan.output.size()].range.position);
  }
  for (size_t i = 0; i < ast.columns.size(); ++i) plan.output[i].name = ast.columns[i].text;
  return arrow::Status::OK();
}

/// Is the definition in its own sight, and the union that a recursion must be?
const AstSetOperation* RecursiveUnion(const CteDefinition& definition) {
  const CteFrame& frame = *definition.environment;
  if (frame.size == 0 || (*frame.definitions)[frame.size - 1].get() != &definition) return nullptr;
  const AstQueryBody& body = *definition.ast->query->body;
  if (!body.Is<AstSetOperation>()) return nullptr;
  const auto& operation = body.As<AstSetOperation>();
  return operation.op == AstSetOperator::kUnion && operation.inputs.size() > 1 ? &operation : nullptr;
}

/// The step's columns as the first rows have them.
arrow::Result<LogicalPlanPtr> MatchStep(BindState& state, const LogicalPlan& first, LogicalPlanPtr step,
                                        int64_t position) {
  if (step->output.size() != first.output.size()) {
    return SqlError(sqlstate::kSyntaxError,
                    fmt::format("the queries of a recursion must have equally many columns: {} and {}",
                                first.output.size(), step->output.size()),
                    position);
  }
  std::vector<LogicalType> types;
  for (size_t i = 0; i < first.output.size(); ++i) {
    const LogicalType type = first.output[i].type;
    const LogicalType other = step->output[i].type;
    const auto common = other.id() == TypeId::kNull ? std::optional<LogicalType>(type) : CommonType(type, other);
    if (common != type && !state.sqlite()) {
      return SqlError(sqlstate::kDatatypeMismatch,
                      fmt::format("column {} of the recursion is of type {} in its first rows and of type {} in the "
                                  "others",
                                  i + 1, type.ToString(), other.ToString()),
                      position, "cast the first query's column to the type of all");
    }
    if (state.sqlite() && common != type && other.id() != TypeId::kNull && DynamicType(type, other) != type) {
      return Refuse(
          fmt::format("a recursion whose column {} is of type {} in its first rows and of type {} in the others", i + 1,
                      type.ToString(), other.ToString()),
          position);
    }
    types.push_back(type);
  }
  return CastColumns(state, std::move(step), types);
}

/// first UNION [ALL] step, where the step may refer to the definition: to the rows that came last.
arrow::Result<LogicalPlanPtr> BindRecursion(BindState& state, const AstSetOperation& operation,
                                            CteDefinition& definition, const QueryEnvironment& environment) {
  std::vector<LogicalPlanPtr> inputs;
  for (size_t i = 0; i + 1 < operation.inputs.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(inputs.emplace_back(), BindQueryBody(state, *operation.inputs[i], environment));
  }
  LogicalPlanPtr first;
  if (inputs.size() == 1) {
    first = std::move(inputs[0]);
  } else {
    ARROW_ASSIGN_OR_RAISE(first, CombineInputs(state, operation, std::move(inputs)));
  }
  ARROW_RETURN_NOT_OK(NameColumns(*definition.ast, *first));
  definition.columns = first->output;
  definition.recursion = state.next_materialize_id++;
  auto bound = BindQueryBody(state, *operation.inputs.back(), environment);
  const uint32_t id = *std::exchange(definition.recursion, std::nullopt);
  ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr step, std::move(bound));
  if (definition.num_own_uses == 0) {
    std::vector<LogicalPlanPtr> both;
    both.push_back(std::move(first));
    both.push_back(std::move(step));
    return CombineInputs(state, operation, std::move(both));
  }
  ARROW_ASSIGN_OR_RAISE(step, MatchStep(state, *first, std::move(step), operation.position));
  auto recursive = std::make_unique<LogicalRecursive>();
  recursive->id = id;
  recursive->all = operation.all;
  for (const OutputColumn& column : definition.columns) {
    recursive->output.push_back({state.NewColumn(), column.type, column.name});
  }
  recursive->children.push_back(std::move(first));
  recursive->children.push_back(std::move(step));
  return recursive;
}

arrow::Result<LogicalPlanPtr> BindDefinition(BindState& state, CteDefinition& definition) {
  const AstCommonTable& ast = *definition.ast;
  if (ast.query == nullptr) return Refuse("a statement that changes data in WITH", ast.name.range.position);
  const AstQuery& query = *ast.query;
  const QueryEnvironment environment{definition.outer, definition.environment};
  LogicalPlanPtr plan;
  const AstSetOperation* operation = RecursiveUnion(definition);
  if (operation == nullptr) {
    ARROW_ASSIGN_OR_RAISE(plan, BindQuery(state, query, environment));
  } else {
    const auto bind = [&](const QueryEnvironment& inner) -> arrow::Result<LogicalPlanPtr> {
      ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr rows, BindRecursion(state, *operation, definition, inner));
      if (definition.num_own_uses == 0) return BindOrderAndLimit(state, query, inner, std::move(rows));
      if (!query.order_by.empty() || query.order_by_all) {
        return Refuse("ORDER BY of a recursion",
                      query.order_by.empty() ? operation->position : query.order_by[0].expr->position);
      }
      return ApplyLimit(state, query, inner, std::move(rows));
    };
    ARROW_ASSIGN_OR_RAISE(plan, BindWithCommonTables(state, query.with, query.recursive, environment, bind));
  }
  ARROW_RETURN_NOT_OK(NameColumns(ast, *plan));
  return plan;
}

arrow::Status EnsureBound(BindState& state, CteDefinition& definition, int64_t position) {
  if (definition.is_bound) {
    // A definition in sight of itself and not finished: it refers to itself.
    if (definition.plan == nullptr) {
      return SqlError(
          sqlstate::kInvalidRecursion,
          fmt::format("\"{}\" refers to itself outside of the last query of a UNION", definition.ast->name.text),
          position, "write a query for the first rows UNION ALL one that refers to them");
    }
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
  const uint32_t id = state.next_materialize_id++;
  for (LogicalProject* use : definition.uses) {
    std::vector<OutputColumn> columns;
    for (const auto& column : definition.columns) columns.push_back({state.NewColumn(), column.type, column.name});
    auto scan = ReadMaterialized(id, std::move(columns));
    use->exprs = ColumnsOf(*scan);
    use->children.push_back(std::move(scan));
  }
  return MakeMaterialize(id, std::move(definition.plan), std::move(body));
}

}  // namespace

arrow::Result<LogicalPlanPtr> BindCommonTable(BindState& state, const AstName& name, const CteFrame* frame) {
  CteDefinition* definition = Find(name, frame);
  if (definition == nullptr) return LogicalPlanPtr();
  if (definition->recursion) {
    ++definition->num_own_uses;
    auto scan = std::make_unique<LogicalMaterializedScan>();
    scan->id = *definition->recursion;
    for (uint32_t i = 0; i < definition->columns.size(); ++i) {
      scan->column_indexes.push_back(i);
      scan->output.push_back({state.NewColumn(), definition->columns[i].type, definition->columns[i].name});
    }
    return scan;
  }
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
