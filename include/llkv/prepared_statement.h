// PreparedStatement: a planned statement with parameters, and its row cursor, which reuses its memory.
//
//   ARROW_ASSIGN_OR_RAISE(auto find, session.Prepare("SELECT name FROM t WHERE id = ?"));
//   ARROW_RETURN_NOT_OK(find.Bind(1, int64_t{42}));
//   while (true) {
//     ARROW_ASSIGN_OR_RAISE(bool row, find.Step());
//     if (!row) break;
//     std::string_view name = find.Get<std::string_view>(0);
//   }
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "llkv/error.h"

namespace llkv {

/// One statement, planned once and run many times. Used by the session's thread only.
///
/// Two ways to run it: Step row by row (point work: no Arrow objects, no allocation once warm), or Query for Arrow
/// batches. It plans itself anew where the schema has changed.
class PreparedStatement {
 public:
  struct Impl;
  /// For the library itself.
  explicit PreparedStatement(std::unique_ptr<Impl> impl);
  PreparedStatement(PreparedStatement&&) noexcept;
  PreparedStatement& operator=(PreparedStatement&&) noexcept;
  ~PreparedStatement();

  int num_parameters() const;
  /// The 1-based index of `:name`, `$name` or `@name` (without the sign); 0 where there is none.
  int ParameterIndex(std::string_view name) const;

  /// Sets parameter `index`, from 1. Values keep until bound anew; unbound ones are error 42P02 at execution. Resets
  /// the cursor. Text and bytes are copied. Error 22023 for an index that is not there.
  arrow::Status Bind(int index, bool value);
  arrow::Status Bind(int index, int32_t value) { return Bind(index, static_cast<int64_t>(value)); }
  arrow::Status Bind(int index, int64_t value);
  arrow::Status Bind(int index, double value);
  arrow::Status Bind(int index, std::string_view text);
  arrow::Status Bind(int index, const char* text) { return Bind(index, std::string_view(text)); }
  arrow::Status BindBlob(int index, std::string_view bytes);
  arrow::Status BindNull(int index);

  /// Moves to the next row; the first call runs the statement. False at the end, and at once for statements without
  /// rows. After false or an error the next call runs it anew.
  arrow::Result<bool> Step();
  /// Ends the current execution; bound values keep.
  void Reset();

  /// The current row's column `column`, from 0, converted as CAST would where T is another kind of type: bool, int32_t,
  /// int64_t, double, std::string_view (text as a cast to VARCHAR gives; valid until the next call of Step, Reset or
  /// Get of this column). NULL gives 0 or an empty view. Out of range: 0.
  template <typename T>
  T Get(int column) const;
  bool IsNull(int column) const;

  /// Columns of the rows; 0 for a statement without rows.
  int num_columns() const;
  std::string_view column_name(int column) const;
  /// The Arrow schema of the rows, in portable types (the setting `arrow_output`): Query's reader says its own.
  const std::shared_ptr<arrow::Schema>& schema() const;

  /// Rows that the last execution inserted, updated or deleted.
  int64_t rows_changed() const;

  /// Runs it with the bound values and streams Arrow batches; see Session::Query.
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Query();
  /// Runs it once for each row of `parameters` (column i is parameter i + 1) and gives the number of rows changed in
  /// all. All or nothing.
  arrow::Result<int64_t> ExecuteBatch(const arrow::RecordBatch& parameters);

 private:
  std::unique_ptr<Impl> impl_;
};

template <>
bool PreparedStatement::Get<bool>(int column) const;
template <>
int32_t PreparedStatement::Get<int32_t>(int column) const;
template <>
int64_t PreparedStatement::Get<int64_t>(int column) const;
template <>
double PreparedStatement::Get<double>(int column) const;
template <>
std::string_view PreparedStatement::Get<std::string_view>(int column) const;

}  // namespace llkv
