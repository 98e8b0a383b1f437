// Expression programs: bound expressions compiled once a query into a flat list of typed kernel calls over registers
// (Vectors).
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "expr/bound_expr.h"
#include "functions/function_registry.h"
#include "vector/scratch.h"
#include "vector/vector.h"

namespace llkv {

/// Where each column of the input batches stands: ColumnId to index in Batch::columns.
using ColumnLayout = std::unordered_map<ColumnId, uint32_t>;

/// Several expressions over one input layout, compiled together (common subexpressions are computed once). Immutable,
/// shared by threads; each thread runs it through its own ProgramState.
class Program {
 public:
  /// `parameters` has the value of every kParameter. Errors: XX000 where a column is not in `layout`.
  static arrow::Result<std::shared_ptr<const Program>> Compile(std::span<const BoundExpr* const> exprs,
                                                               const ColumnLayout& layout,
                                                               std::span<const Value> parameters);
  ~Program();
  uint32_t num_outputs() const;

  struct Impl;
  /// For ProgramState.
  const Impl& impl() const { return *impl_; }

 private:
  explicit Program(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// One thread's registers and scratch for a Program. Allocates on construction and on first use of a register only.
class ProgramState {
 public:
  static arrow::Result<std::unique_ptr<ProgramState>> Make(std::shared_ptr<const Program> program,
                                                           KernelContext context);
  ~ProgramState();

  /// Computes all outputs for the batch's selected rows. outputs()[i] is valid until the next call; positions are the
  /// batch's. Outputs that are plain columns are the batch's own Vectors, uncopied.
  arrow::Status Evaluate(const Batch& batch);
  std::span<const Vector> outputs() const;

  /// Runs output 0, a BOOLEAN, as a filter: writes the rows of batch.selection where it is TRUE to `rows` (room for
  /// kMaxBatchRows), ascending, and returns the narrowed selection (dense where all rows of a dense selection pass).
  /// Terms of an AND narrow one after another.
  arrow::Result<Selection> Filter(const Batch& batch, uint16_t* rows);

 private:
  struct Impl;
  explicit ProgramState(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The value of a foldable expression. Errors: what its evaluation gives.
arrow::Result<Value> EvaluateConstant(const BoundExpr& expr, std::span<const Value> parameters = {},
                                      const TimeZone* zone = nullptr);

}  // namespace llkv
