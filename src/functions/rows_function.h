// Table functions whose arguments differ from row to row: what a bound table function may be beside its rows for
// constant arguments. Knows no plans.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "functions/function_registry.h"

namespace llkv {

/// A place in the rows that a table function gives for the arguments of one input row. One thread at a time.
class TableFunctionCursor {
 public:
  virtual ~TableFunctionCursor() = default;
  /// Begins the rows of input row `row`. `args` are flat or constant and of the function's argument_types; what they
  /// point to stays until the last Next of that row.
  virtual arrow::Status Start(std::span<const Vector* const> args, uint32_t row) = 0;
  /// Writes the next rows to rows `first` … of `out`, which is flat: at most `max_rows`, and fewer only where they are
  /// the last ones. NULLs by StoreNull. What strings point to and is not in `args` goes to context.arena.
  virtual arrow::Result<uint32_t> Next(KernelContext& context, uint32_t max_rows, uint32_t first,
                                       ScratchVector& out) = 0;
};

/// A table function of one column that also gives the rows of other arguments than those it is bound to, of the same
/// types. TableFunction::bind makes one of typed NULLs.
class RowsFunction : public BoundTableFunction {
 public:
  virtual std::unique_ptr<TableFunctionCursor> MakeCursor() const = 0;
  /// Rows for one input row, as a guess.
  virtual double estimated_rows_each() const = 0;
  std::vector<LogicalType> argument_types;  // the arguments are cast to these
  /// May stand in a select list too, where it gives rows.
  bool in_select_list = false;
};

}  // namespace llkv
