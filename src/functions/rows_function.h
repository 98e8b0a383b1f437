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
#include "functions/nested_support.h"

namespace llkv {

/// A walk over rows of input and, of each, the rows that a table function gives for it.
struct RowsWalk {
  std::span<const Vector* const> args;  // as TableFunctionCursor::Start takes them
  Selection selection;                  // the rows of input, in the order in which they come
  bool keep_empty = false;              // an input row that gives none gives one NULL
  uint16_t* sources = nullptr;          // of each row of output its input row is noted here; may be null

  // The place.
  uint32_t next = 0;    // the input row at hand, in the selection
  bool in_row = false;  // some of its rows have been given
};

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
  /// Start and Next over the rows of a walk, from its place on: writes rows 0 … of `out`, at most `max_rows`, and fewer
  /// only at the walk's end.
  virtual arrow::Result<uint32_t> Fill(KernelContext& context, RowsWalk& walk, uint32_t max_rows, ScratchVector& out);
};

/// Makes row `row` of `out`, flat, NULL.
inline void StoreNullRow(uint32_t row, ScratchVector& out) {
  if (out.vector().validity == nullptr) out.UseValidity();
  StoreNull(row, out.validity(), out);
}

/// TableFunctionCursor::Fill by `start(row)`, a Status, and `next(max_rows, first)`, a Result<uint32_t>, which a cursor
/// gives so that they are compiled into the loop.
template <typename Start, typename Next>
arrow::Result<uint32_t> FillRows(RowsWalk& walk, uint32_t max_rows, ScratchVector& out, const Start& start,
                                 const Next& next) {
  uint32_t count = 0;
  while (count < max_rows && walk.next < walk.selection.count) {
    const uint32_t row = walk.selection[walk.next];
    const bool is_first = !walk.in_row;
    if (is_first) ARROW_RETURN_NOT_OK(start(row));
    ARROW_ASSIGN_OR_RAISE(uint32_t added, next(max_rows - count, count));
    walk.in_row = added == max_rows - count;
    if (added == 0 && is_first && walk.keep_empty) {
      StoreNullRow(count, out);
      added = 1;
    }
    if (walk.sources != nullptr) {
      for (uint32_t i = 0; i < added; ++i) walk.sources[count + i] = static_cast<uint16_t>(row);
    }
    count += added;
    if (!walk.in_row) ++walk.next;
  }
  return count;
}

inline arrow::Result<uint32_t> TableFunctionCursor::Fill(KernelContext& context, RowsWalk& walk, uint32_t max_rows,
                                                         ScratchVector& out) {
  return FillRows(
      walk, max_rows, out, [&](uint32_t row) { return Start(walk.args, row); },
      [&](uint32_t rows, uint32_t first) { return Next(context, rows, first, out); });
}

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
