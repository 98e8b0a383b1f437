// PreparedCore: a statement that is planned once and run many times through a row cursor on memory that it reuses.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/session_core.h"
#include "engine/statement_runner.h"
#include "exec/query_execution.h"
#include "exec/row_insert.h"
#include "exec/row_lookup.h"
#include "sql/binder/bound_statement.h"
#include "sql/parser/ast.h"
#include "txn/txn.h"
#include "vector/arrow_bridge.h"
#include "vector/scratch.h"

namespace llkv {

/// See the file's comment. The session's thread only.
class PreparedCore {
 public:
  static arrow::Result<std::unique_ptr<PreparedCore>> Make(std::shared_ptr<SessionCore> session, std::string_view sql);
  ~PreparedCore();
  PreparedCore(const PreparedCore&) = delete;
  PreparedCore& operator=(const PreparedCore&) = delete;

  int num_parameters() const { return static_cast<int>(values_.size()); }
  int ParameterIndex(std::string_view name) const;
  /// `index` from 1.
  arrow::Status SetParameter(int index, Value value);

  arrow::Result<bool> Step();
  void Reset();
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Query();
  arrow::Result<int64_t> ExecuteBatch(const arrow::RecordBatch& parameters);

  int64_t rows_changed() const { return rows_changed_; }
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  int num_columns() const { return static_cast<int>(columns_.size()); }
  /// Whether there is a current row: Step gave true, and nothing has ended the execution since.
  bool has_row() const { return has_row_; }
  /// The current row is row `row()` of these flat vectors.
  const Vector& column(int index) const { return *columns_[static_cast<size_t>(index)]; }
  uint32_t row() const { return row_; }
  /// A value as text, in the session's time zone.
  std::string ValueText(const Value& value) const;
  /// Room for the text of column `index`, reused.
  std::string& text(int index) { return texts_[static_cast<size_t>(index)]; }

 private:
  PreparedCore(std::shared_ptr<SessionCore> session, std::string sql, AstStatementPtr statement);
  /// Binds with the types of the values that are there, and learns parameters and columns.
  arrow::Status Plan(const CatalogSnapshotPtr& catalog);
  bool NeedsPlan(const CatalogSnapshot& catalog) const;
  /// Makes `plan` executable: one of row_insert_, row_lookup_ and execution_.
  arrow::Status MakeExecutable(std::shared_ptr<const LogicalPlan> plan);
  arrow::Status Start();
  /// Runs the statement up to its first row, or to its end where it is a change.
  arrow::Status Run(StatementScope& scope, const std::vector<Value>& parameters);
  arrow::Status RunOther();
  /// The cursor's snapshot is not used any more.
  void ReleaseCommand();
  arrow::Result<bool> NextRow();
  /// Fetches the cursor's next batch; false where there is none.
  arrow::Result<bool> NextBatch();
  arrow::Result<Batch> NextOtherBatch();
  /// Points columns_ at batch_.
  void FlattenBatch();
  /// Makes room for parameters of these types, and for rows of these columns.
  void SetParameterTypes(const std::vector<LogicalType>& types);
  arrow::Status SetColumns(const std::vector<OutputColumn>& columns);
  arrow::Status LearnOther(const BoundStatement& bound);
  arrow::Status LearnShowStorage();
  std::vector<LogicalType> ValueTypes() const;
  arrow::Status CheckAllBound() const;

  std::shared_ptr<SessionCore> session_;
  std::string sql_;
  AstStatementPtr statement_;
  std::shared_ptr<QueryEnvironment> environment_;

  // What the last planning found.
  bool is_query_ = false;  // SELECT and changes of rows: one plan; else the statement is run by StatementRunner
  bool gives_rows_ = false;
  QueryEffect effect_ = QueryEffect::kRows;
  bool cacheable_ = true;
  uint64_t catalog_version_ = 0;
  Dialect dialect_ = Dialect::kDefault;
  TimeZone zone_;
  bool optimizer_ = true;
  std::vector<LogicalType> planned_types_;
  BoundStatementPlan plan_;  // its root has moved into execution_
  std::unique_ptr<QueryExecution> execution_;
  std::unique_ptr<RowInsert> row_insert_;
  std::unique_ptr<RowLookup> row_lookup_;
  std::shared_ptr<arrow::Schema> schema_;

  std::vector<Value> values_;
  std::vector<bool> bound_;

  // The cursor.
  bool running_ = false;
  bool has_row_ = false;
  bool in_writing_transaction_ = false;
  TxnId cursor_transaction_;
  /// Of that transaction, as long as the cursor is at its snapshot.
  std::optional<uint32_t> held_command_;
  // The rows of a statement that is no query.
  std::shared_ptr<arrow::RecordBatchReader> other_rows_;
  std::unique_ptr<ArrowBatchReader> other_batch_;
  /// Keeps the row of row_lookup_.
  std::shared_ptr<const SnapshotPin> pin_;
  Batch batch_;
  uint32_t next_ = 0;
  uint32_t row_ = 0;
  int64_t rows_changed_ = 0;
  std::vector<ScratchVector> scratch_;
  std::vector<const Vector*> columns_;
  std::vector<std::string> texts_;
};

}  // namespace llkv
