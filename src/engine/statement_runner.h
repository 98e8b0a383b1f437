// StatementRunner: binds and runs one statement in a session, whatever kind it is.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/session_core.h"
#include "llkv/session.h"
#include "sql/binder/bound_statement.h"
#include "store/index_layout.h"

namespace llkv {

/// The result of a statement that gives nothing but its tag.
StatementResult Done(std::string tag);

/// See the file's comment. Made for one statement.
class StatementRunner {
 public:
  /// With `rows_only`, a statement that gives no rows is error 22023 and does nothing.
  StatementRunner(SessionCore& session, const AstStatement& statement, bool rows_only = false)
      : session_(session), statement_(statement), rows_only_(rows_only) {}

  /// Runs it: changes are made (and, outside BEGIN … COMMIT, committed) when this returns; rows stream from the
  /// result's reader. Parameters in the text take `parameters`, 42P02 where there are too few. `stream` stands in for
  /// the file that COPY FROM names, where it is not null.
  arrow::Result<StatementResult> Run(std::span<const Value> parameters = {},
                                     std::shared_ptr<arrow::RecordBatchReader> stream = nullptr);

  /// Binds without running, in the scope of a statement that has begun. Types of parameters that the context leaves
  /// open come from `types`.
  arrow::Result<BoundStatement> Bind(const CatalogSnapshotPtr& catalog, const FileSchemaProvider* files,
                                     std::vector<LogicalType> types) const;

  /// Optimizes a bound plan, where the session's settings say so.
  arrow::Status OptimizePlan(BoundStatementPlan& plan, const CatalogSnapshotPtr& catalog) const;

 private:
  arrow::Result<StatementResult> Dispatch(BoundStatement& bound, StatementScope& scope,
                                          const CatalogSnapshotPtr& catalog, std::span<const Value> parameters);
  arrow::Result<StatementResult> RunQuery(BoundQuery& query, StatementScope& scope, const CatalogSnapshotPtr& catalog,
                                          std::span<const Value> parameters);
  arrow::Result<StatementResult> RunExplain(BoundExplain& explain, StatementScope& scope,
                                            const CatalogSnapshotPtr& catalog, std::span<const Value> parameters);
  arrow::Result<StatementResult> RunCreateTable(BoundCreateTable& create, StatementScope& scope,
                                                const CatalogSnapshotPtr& catalog);
  arrow::Result<StatementResult> RunCreateView(BoundCreateView& create, StatementScope& scope,
                                               const CatalogSnapshotPtr& catalog);
  arrow::Result<StatementResult> RunCreateIndex(BoundCreateIndex& create, StatementScope& scope,
                                                const CatalogSnapshotPtr& catalog);
  arrow::Result<StatementResult> RunDropIndex(const BoundDrop& drop, StatementScope& scope);
  arrow::Result<StatementResult> RunCreateTrigger(BoundCreateTrigger& create, StatementScope& scope,
                                                  const CatalogSnapshotPtr& catalog);
  arrow::Result<StatementResult> RunDropTrigger(const BoundDrop& drop, StatementScope& scope);
  arrow::Result<StatementResult> RunReindex(const BoundReindex& reindex, StatementScope& scope,
                                            const CatalogSnapshotPtr& catalog);
  /// Builds an index of a table in the store, in as many threads as the session may use.
  arrow::Status BuildIndex(TableId table, IndexLayout layout, Transaction& transaction);
  arrow::Status RebuildIndexes(const TableSchema& table, std::string_view only, Transaction& transaction);
  arrow::Result<StatementResult> RunCreateType(BoundCreateType& create, StatementScope& scope,
                                               const CatalogSnapshotPtr& catalog);
  arrow::Result<StatementResult> RunDrop(const BoundDrop& drop, StatementScope& scope,
                                         const CatalogSnapshotPtr& catalog);
  arrow::Result<StatementResult> RunSet(const BoundSet& set);
  /// PRAGMA integrity_check; others are 0A000.
  arrow::Result<StatementResult> RunPragma(const BoundPragma& pragma, StatementScope& scope,
                                           const CatalogSnapshotPtr& catalog);
  arrow::Result<StatementResult> RunTransaction(const BoundTransaction& transaction);
  /// Runs a plan that changes rows to its end and gives their number.
  arrow::Result<int64_t> RunChange(BoundStatementPlan& plan, Transaction& transaction,
                                   const CatalogSnapshotPtr& catalog, std::span<const Value> parameters);

  SessionCore& session_;
  const AstStatement& statement_;
  bool rows_only_;
  std::shared_ptr<QueryEnvironment> environment_;
};

/// The column of EXPLAIN's result.
inline constexpr const char* kPlanColumn = "plan";

/// A result of one text column with these lines.
StatementResult TextResult(std::string tag, const std::string& column, const std::vector<std::string>& lines);

/// The values as the plan's parameter types; 42P02 where there are too few, 22003, 22P02 and the like where one does
/// not convert.
arrow::Result<std::vector<Value>> ConvertParameters(const BoundStatementPlan& plan, std::span<const Value> values,
                                                    const FunctionRegistry& functions, Dialect dialect,
                                                    const TimeZone& zone);

}  // namespace llkv
