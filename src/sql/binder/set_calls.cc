// See set_calls.h.
#include "sql/binder/set_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "expr/program.h"
#include "plan/plan_visitor.h"
#include "sql/binder/typing.h"
#include "sql/binder/unnest.h"

namespace llkv {
namespace {

arrow::Result<const TableFunction*> FindTableFunction(const BindState& state, const AstFunction& call) {
  const AstName& name = call.name.name();
  const TableFunction* function = state.functions.FindTable(name.key);
  if (function == nullptr) {
    return SqlError(sqlstate::kUndefinedFunction, fmt::format("there is no table function \"{}\"", name.text),
                    call.position);
  }
  for (const AstName& argument : call.argument_names) {
    if (!argument.empty()) return Refuse("named arguments", argument.range.position);
  }
  return function;
}

/// A function of constants: a source of its own, which may be read in parts.
arrow::Result<LogicalPlanPtr> MakeConstantFunction(BindState& state, const TableFunction& function,
                                                   const std::vector<BoundExprPtr>& arguments,
                                                   const AstFunction& call) {
  std::vector<Value> values;
  for (size_t i = 0; i < arguments.size(); ++i) {
    auto value = EvaluateConstant(*arguments[i]);
    if (!value.ok()) return WithPosition(value.status(), call.arguments[i]->position);
    values.push_back(std::move(value).ValueUnsafe());
  }
  auto bound = function.bind(function, values);
  if (!bound.ok()) return WithPosition(bound.status(), call.position);
  auto plan = std::make_unique<LogicalTableFunction>();
  plan->function_name = function.name;
  plan->function = std::move(bound).ValueUnsafe();
  for (uint32_t i = 0; i < plan->function->column_types.size(); ++i) {
    plan->column_indexes.push_back(i);
    plan->output.push_back({state.NewColumn(), plan->function->column_types[i], plan->function->column_names[i]});
  }
  return plan;
}

/// unnest(a, b) is the lists side by side.
std::vector<std::vector<BoundExprPtr>> SplitArguments(const TableFunction& function,
                                                      std::vector<BoundExprPtr> arguments) {
  std::vector<std::vector<BoundExprPtr>> split;
  if (function.name != "unnest" || arguments.size() < 2) {
    split.push_back(std::move(arguments));
    return split;
  }
  for (BoundExprPtr& argument : arguments) split.emplace_back().push_back(std::move(argument));
  return split;
}

}  // namespace

bool SetCallState::IsReadBy(const BoundExpr& expr) const {
  bool reads = false;
  VisitExpr(expr, [&](const BoundExpr& part) {
    reads = reads || (part.IsColumn() && std::any_of(outputs.begin(), outputs.end(), [&](const OutputColumn& output) {
                        return output.id == part.column;
                      }));
  });
  return reads;
}

arrow::Result<SetCall> MakeSetCall(BindState& state, const TableFunction& function, std::vector<BoundExprPtr> arguments,
                                   bool in_select_list, int64_t position) {
  std::vector<Value> types;
  for (const BoundExprPtr& argument : arguments) types.push_back(Value::Null(argument->type));
  auto bound = function.bind(function, types);
  if (!bound.ok()) return WithPosition(bound.status(), position);
  SetCall call;
  call.function_name = function.name;
  call.function = std::dynamic_pointer_cast<const RowsFunction>(*bound);
  if (call.function == nullptr) {
    return Refuse(fmt::format("{} of arguments that are no constants", function.name), position);
  }
  if (in_select_list && !call.function->in_select_list) {
    return Refuse(fmt::format("{} anywhere but in FROM", function.name), position);
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(call.arguments.emplace_back(),
                          CastTo(state, std::move(arguments[i]), call.function->argument_types[i]));
  }
  return call;
}

LogicalPlanPtr MakeProjectSet(std::vector<SetCall> calls, std::vector<OutputColumn> outputs, LogicalPlanPtr plan) {
  auto set = std::make_unique<LogicalProjectSet>();
  for (const OutputColumn& column : plan->output) {
    set->passed.push_back(BoundExpr::Column(column.id, column.type, column.name));
  }
  set->with_ordinality = outputs.size() > calls.size();
  set->output = plan->output;
  set->output.insert(set->output.end(), outputs.begin(), outputs.end());
  set->calls = std::move(calls);
  set->children.push_back(std::move(plan));
  return set;
}

LogicalPlanPtr ApplySetCalls(SetCallState sets, LogicalPlanPtr plan) {
  // Those without others' results first; each later step may read what the steps before it gave.
  std::unordered_map<ColumnId, size_t> step_of;
  std::vector<std::vector<size_t>> steps;
  for (size_t i = 0; i < sets.calls.size(); ++i) {
    size_t step = 0;
    for (const BoundExprPtr& argument : sets.calls[i].arguments) {
      VisitExpr(*argument, [&](const BoundExpr& part) {
        const auto found = part.IsColumn() ? step_of.find(part.column) : step_of.end();
        if (found != step_of.end()) step = std::max(step, found->second + 1);
      });
    }
    step_of.emplace(sets.outputs[i].id, step);
    if (steps.size() <= step) steps.resize(step + 1);
    steps[step].push_back(i);
  }
  for (const std::vector<size_t>& step : steps) {
    std::vector<SetCall> calls;
    std::vector<OutputColumn> outputs;
    for (const size_t i : step) {
      calls.push_back(std::move(sets.calls[i]));
      outputs.push_back(sets.outputs[i]);
    }
    plan = MakeProjectSet(std::move(calls), std::move(outputs), std::move(plan));
  }
  return plan;
}

arrow::Result<LogicalPlanPtr> BindTableFunction(BindState& state, const AstTableFunction& item,
                                                const QueryEnvironment& environment) {
  const auto& call = item.call->As<AstFunction>();
  ARROW_ASSIGN_OR_RAISE(const TableFunction* function, FindTableFunction(state, call));
  std::vector<PendingSubquery> pending;
  ExprContext context;
  context.clause = "arguments of a table function";
  context.scope = environment.lateral != nullptr ? environment.lateral : environment.outer;
  context.ctes = environment.ctes;
  context.subqueries = &pending;
  std::vector<BoundExprPtr> arguments;
  bool is_constant = !item.with_ordinality;
  for (const AstExprPtr& argument : call.arguments) {
    ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), ExprBinder(state, context).Bind(*argument));
    is_constant = is_constant && arguments.back()->IsFoldable();
  }
  std::vector<std::vector<BoundExprPtr>> split = SplitArguments(*function, std::move(arguments));
  if (is_constant && split.size() == 1) return MakeConstantFunction(state, *function, split[0], call);
  std::vector<SetCall> calls;
  std::vector<OutputColumn> outputs;
  for (std::vector<BoundExprPtr>& one : split) {
    ARROW_ASSIGN_OR_RAISE(SetCall made,
                          MakeSetCall(state, *function, std::move(one), /*in_select_list=*/false, call.position));
    outputs.push_back({state.NewColumn(), made.function->column_types[0], made.function->column_names[0]});
    calls.push_back(std::move(made));
  }
  if (item.with_ordinality) outputs.push_back({state.NewColumn(), TypeId::kBigInt, "ordinality"});
  LogicalPlanPtr plan = MakeSingleRow();
  std::vector<BoundExprPtr*> slots;
  for (SetCall& made : calls) {
    for (BoundExprPtr& argument : made.arguments) slots.push_back(&argument);
  }
  ARROW_RETURN_NOT_OK(AttachSubqueries(state, std::move(pending), plan, slots));
  plan = MakeProjectSet(std::move(calls), outputs, std::move(plan));
  // What the subqueries gave is for the arguments alone.
  plan->As<LogicalProjectSet>().passed.clear();
  plan->output = std::move(outputs);
  return plan;
}

}  // namespace llkv
