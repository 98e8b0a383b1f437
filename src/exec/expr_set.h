// ExprSet: bound expressions of one operator with the Program compiled from them, kept up to date when a prepared
// statement's parameters change.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "exec/operator.h"
#include "expr/bound_expr.h"
#include "expr/program.h"

namespace llkv {

/// Expressions over one input layout. The operator's Open calls Bind (once, on one thread), its lanes' states hold an
/// ExprSetState and call Prepare before their first batch.
class ExprSet {
 public:
  /// `exprs` belong to the logical plan and outlive it.
  ExprSet(std::vector<const BoundExpr*> exprs, ColumnLayout layout);

  /// Compiles where that was not done yet, or where parameters changed that the expressions read.
  arrow::Status Bind(const QueryContext& query);
  const std::shared_ptr<const Program>& program() const { return program_; }
  /// Whether a state depends on the statement's clock or seed, and is made anew for each execution.
  bool is_per_statement() const { return is_per_statement_; }
  size_t size() const { return exprs_.size(); }
  const std::vector<const BoundExpr*>& exprs() const { return exprs_; }

 private:
  std::vector<const BoundExpr*> exprs_;
  ColumnLayout layout_;
  bool reads_parameters_ = false;
  bool is_per_statement_ = false;
  uint64_t parameter_version_ = 0;
  std::shared_ptr<const Program> program_;
};

/// A lane's registers for an ExprSet.
class ExprSetState {
 public:
  /// Makes the registers for the set's current program; cheap where they are there.
  arrow::Status Prepare(const ExprSet& set, const KernelContext& kernel);
  ProgramState& program() { return *state_; }

 private:
  std::shared_ptr<const Program> program_;
  int64_t statement_time_us_ = 0;
  std::unique_ptr<ProgramState> state_;
};

/// The value of an expression without columns (LIMIT, key lookups), parameters given.
arrow::Result<Value> EvaluateScalar(const BoundExpr& expr, const QueryContext& query);

/// The layout of an operator's output: ColumnId to place.
ColumnLayout MakeLayout(const std::vector<OutputColumn>& columns);

}  // namespace llkv
