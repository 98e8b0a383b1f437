// See expr_set.h.
#include "exec/expr_set.h"

#include <utility>

namespace llkv {

ExprSet::ExprSet(std::vector<const BoundExpr*> exprs, ColumnLayout layout)
    : exprs_(std::move(exprs)), layout_(std::move(layout)) {
  for (const BoundExpr* expr : exprs_) {
    VisitExpr(*expr, [this](const BoundExpr& node) {
      reads_parameters_ |= node.kind == ExprKind::kParameter;
      is_per_statement_ |= node.kind == ExprKind::kFunction && node.function.volatility != Volatility::kImmutable;
    });
  }
}

arrow::Status ExprSet::Bind(const QueryContext& query) {
  if (program_ != nullptr && (!reads_parameters_ || parameter_version_ == query.parameter_version)) {
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(program_, Program::Compile(exprs_, layout_, query.parameters));
  parameter_version_ = query.parameter_version;
  return arrow::Status::OK();
}

arrow::Status ExprSetState::Prepare(const ExprSet& set, const KernelContext& kernel) {
  if (state_ != nullptr && program_ == set.program() &&
      (!set.is_per_statement() || statement_time_us_ == kernel.statement_time_us)) {
    return arrow::Status::OK();
  }
  program_ = set.program();
  statement_time_us_ = kernel.statement_time_us;
  ARROW_ASSIGN_OR_RAISE(state_, ProgramState::Make(program_, kernel));
  return arrow::Status::OK();
}

arrow::Result<Value> EvaluateScalar(const BoundExpr& expr, const QueryContext& query) {
  if (expr.kind == ExprKind::kConstant) return expr.value;
  if (expr.kind == ExprKind::kParameter && expr.parameter_index < query.parameters.size()) {
    return query.parameters[expr.parameter_index];
  }
  return EvaluateConstant(expr, query.parameters, &query.exec->zone);
}

ColumnLayout MakeLayout(const std::vector<OutputColumn>& columns) {
  ColumnLayout layout;
  for (uint32_t i = 0; i < columns.size(); ++i) layout.emplace(columns[i].id, i);
  return layout;
}

}  // namespace llkv
