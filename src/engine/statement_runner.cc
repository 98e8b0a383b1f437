// Binding, optimizing and running queries; settings and transactions. CREATE and DROP are in ddl/.
#include "engine/statement_runner.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <limits>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/error.h"
#include "engine/show_storage.h"
#include "expr/program.h"
#include "optimizer/optimizer.h"
#include "plan/logical_plan.h"

namespace llkv {

StatementResult Done(std::string tag) {
  StatementResult result;
  result.tag = std::move(tag);
  return result;
}

namespace {

std::string TagOf(QueryEffect effect) {
  switch (effect) {
    case QueryEffect::kRows:
      return "SELECT";
    case QueryEffect::kInsert:
      return "INSERT";
    case QueryEffect::kUpdate:
      return "UPDATE";
    case QueryEffect::kDelete:
      return "DELETE";
    case QueryEffect::kCopyFrom:
    case QueryEffect::kCopyTo:
      return "COPY";
  }
  return "";
}

StatementResult Tagged(std::string tag) {
  StatementResult result;
  result.tag = std::move(tag);
  return result;
}

/// For statements that work on the file itself, outside of transactions.
arrow::Status CheckMayMaintain(const std::string& statement, bool is_autocommit, Storage& storage) {
  if (!is_autocommit) {
    return SqlError(sqlstate::kActiveTransaction, statement + " cannot run inside a transaction");
  }
  if (storage.txns().is_read_only()) {
    return SqlError(sqlstate::kReadOnlyTransaction, "the database was opened read-only");
  }
  return arrow::Status::OK();
}

std::vector<std::string> SplitLines(const std::string& text) {
  std::vector<std::string> lines;
  size_t start = 0;
  while (start < text.size()) {
    size_t end = text.find('\n', start);
    if (end == std::string::npos) end = text.size();
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

template <typename T>
bool IsIn(int128_t number) {
  return number >= std::numeric_limits<T>::min() && number <= std::numeric_limits<T>::max();
}

/// Whether an integer surely is a value of the type, so that no cast needs to run; false for other types.
bool FitsInteger(int128_t number, LogicalType type) {
  switch (type.id()) {
    case TypeId::kTinyInt:
      return IsIn<int8_t>(number);
    case TypeId::kSmallInt:
      return IsIn<int16_t>(number);
    case TypeId::kInteger:
      return IsIn<int32_t>(number);
    case TypeId::kBigInt:
      return IsIn<int64_t>(number);
    default:
      return false;
  }
}

arrow::Status NoRows() { return SqlError(sqlstate::kInvalidParameter, "the statement gives no rows"); }

bool GivesRows(const BoundStatement& bound) {
  if (const auto* query = std::get_if<BoundQuery>(&bound)) return query->effect == QueryEffect::kRows;
  return std::holds_alternative<BoundPragma>(bound) || std::holds_alternative<BoundExplain>(bound) ||
         std::holds_alternative<BoundShowSetting>(bound);
}

/// Reads all rows now: what a transaction that has written sees may not outlive it.
arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Materialize(
    const std::shared_ptr<arrow::RecordBatchReader>& reader) {
  ARROW_ASSIGN_OR_RAISE(auto batches, reader->ToRecordBatches());
  return arrow::RecordBatchReader::Make(std::move(batches), reader->schema());
}

}  // namespace

StatementResult TextResult(std::string tag, const std::string& column, const std::vector<std::string>& lines) {
  arrow::StringBuilder builder;
  auto appended = builder.AppendValues(lines);
  auto array = builder.Finish();
  StatementResult result = Tagged(std::move(tag));
  if (!appended.ok() || !array.ok()) return result;
  auto schema = arrow::schema({arrow::field(column, arrow::utf8())});
  auto batch = arrow::RecordBatch::Make(schema, (*array)->length(), {*array});
  result.reader = arrow::RecordBatchReader::Make({batch}, schema).ValueOr(nullptr);
  return result;
}

arrow::Result<std::vector<Value>> ConvertParameters(const BoundStatementPlan& plan, std::span<const Value> values,
                                                    const FunctionRegistry& functions, Dialect dialect,
                                                    const TimeZone& zone) {
  const size_t count = plan.parameter_types.size();
  if (values.size() < count) {
    return SqlError(sqlstate::kUndefinedParameter, "the statement has " + std::to_string(count) +
                                                       " parameters, and parameter " +
                                                       std::to_string(values.size() + 1) + " has no value");
  }
  std::vector<Value> converted;
  converted.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const LogicalType wanted = plan.parameter_types[i];
    const Value& value = values[i];
    if (value.type() == wanted || wanted.id() == TypeId::kNull) {
      converted.push_back(value);
    } else if (value.is_null()) {
      converted.push_back(Value::Null(wanted));
    } else if (value.type().IsInteger() && FitsInteger(value.integer(), wanted)) {
      converted.push_back(Value::Integer(wanted, value.integer()));
    } else {
      ARROW_ASSIGN_OR_RAISE(BoundScalar cast, functions.BindCast(value.type(), wanted, /*safe=*/false, dialect));
      std::vector<BoundExprPtr> children;
      children.push_back(BoundExpr::Constant(value));
      const BoundExprPtr expr = BoundExpr::Function(std::move(cast), std::move(children));
      ARROW_ASSIGN_OR_RAISE(Value result, EvaluateConstant(*expr, {}, &zone));
      converted.push_back(std::move(result));
    }
  }
  return converted;
}

arrow::Result<BoundStatement> StatementRunner::Bind(const CatalogSnapshotPtr& catalog, const FileSchemaProvider* files,
                                                    std::vector<LogicalType> types) const {
  const SnapshotBinderCatalog names(catalog);
  BinderOptions options;
  options.dialect = session_.settings().dialect;
  options.zone = session_.settings().zone;
  options.parameter_types = std::move(types);
  options.files = files;
  return Binder(names, session_.database()->functions(), std::move(options)).Bind(statement_);
}

arrow::Status StatementRunner::OptimizePlan(BoundStatementPlan& plan, const CatalogSnapshotPtr& catalog) const {
  if (!session_.settings().optimizer) return arrow::Status::OK();
  const CatalogStatistics statistics(&session_.database()->catalog(), catalog, &session_.database()->samples());
  OptimizerOptions options;
  options.statistics = &statistics;
  return Optimize(plan, options);
}

arrow::Result<StatementResult> StatementRunner::Run(std::span<const Value> parameters,
                                                    std::shared_ptr<arrow::RecordBatchReader> stream) {
  environment_ = session_.MakeEnvironment();
  environment_->files.SetStream(std::move(stream));
  if (statement_.kind == AstStatementKind::kTransaction) {
    if (rows_only_) return NoRows();
    // No transaction of its own around these.
    ARROW_ASSIGN_OR_RAISE(BoundStatement bound, Bind(std::make_shared<CatalogSnapshot>(), nullptr, {}));
    if (auto* transaction = std::get_if<BoundTransaction>(&bound)) return RunTransaction(*transaction);
    return InternalError("a transaction statement was bound to something else");
  }
  StatementScope scope(session_);
  ARROW_RETURN_NOT_OK(scope.Begin());
  const CatalogSnapshotPtr catalog = session_.database()->catalog().GetSnapshot(scope.transaction());
  std::vector<LogicalType> types;
  for (const Value& value : parameters) types.push_back(value.type());
  ARROW_ASSIGN_OR_RAISE(BoundStatement bound, Bind(catalog, &environment_->files, std::move(types)));
  if (rows_only_ && !GivesRows(bound)) return NoRows();
  return Dispatch(bound, scope, catalog, parameters);
}

arrow::Result<StatementResult> StatementRunner::Dispatch(BoundStatement& bound, StatementScope& scope,
                                                         const CatalogSnapshotPtr& catalog,
                                                         std::span<const Value> parameters) {
  if (auto* query = std::get_if<BoundQuery>(&bound)) return RunQuery(*query, scope, catalog, parameters);
  if (auto* explain = std::get_if<BoundExplain>(&bound)) return RunExplain(*explain, scope, catalog, parameters);
  if (auto* create = std::get_if<BoundCreateTable>(&bound)) return RunCreateTable(*create, scope, catalog);
  if (auto* create = std::get_if<BoundCreateView>(&bound)) return RunCreateView(*create, scope, catalog);
  if (auto* create = std::get_if<BoundCreateIndex>(&bound)) return RunCreateIndex(*create, scope, catalog);
  if (auto* create = std::get_if<BoundCreateTrigger>(&bound)) return RunCreateTrigger(*create, scope, catalog);
  if (auto* reindex = std::get_if<BoundReindex>(&bound)) return RunReindex(*reindex, scope, catalog);
  if (auto* create = std::get_if<BoundCreateType>(&bound)) return RunCreateType(*create, scope, catalog);
  if (auto* drop = std::get_if<BoundDrop>(&bound)) return RunDrop(*drop, scope, catalog);
  if (auto* set = std::get_if<BoundSet>(&bound)) return RunSet(*set);
  if (auto* show = std::get_if<BoundShowSetting>(&bound)) {
    if (show->name == kShowStorage) return ShowStorage(session_.database()->storage(), *catalog);
    auto value = ShowSetting(show->name, session_.CurrentSettings());
    if (!value.ok()) return WithPosition(value.status(), show->position);
    return TextResult("SHOW", show->name, {*value});
  }
  if (auto* pragma = std::get_if<BoundPragma>(&bound)) return RunPragma(*pragma, scope, catalog);
  if (std::holds_alternative<BoundCheckpoint>(bound)) {
    Storage& storage = session_.database()->storage();
    ARROW_RETURN_NOT_OK(CheckMayMaintain("CHECKPOINT", scope.is_autocommit(), storage));
    ARROW_RETURN_NOT_OK(storage.Checkpoint(&session_.stop()));
    return Tagged("CHECKPOINT");
  }
  if (std::holds_alternative<BoundVacuum>(bound)) {
    Storage& storage = session_.database()->storage();
    ARROW_RETURN_NOT_OK(CheckMayMaintain("VACUUM", scope.is_autocommit(), storage));
    ARROW_RETURN_NOT_OK(storage.Vacuum(&session_.stop()));
    return Tagged("VACUUM");
  }
  return InternalError("a statement of an unknown kind");
}

arrow::Result<StatementResult> StatementRunner::RunQuery(BoundQuery& query, StatementScope& scope,
                                                         const CatalogSnapshotPtr& catalog,
                                                         std::span<const Value> parameters) {
  StatementResult result = Tagged(TagOf(query.effect));
  if (query.effect != QueryEffect::kRows) {
    ARROW_ASSIGN_OR_RAISE(result.rows_changed, RunChange(query.plan, scope.transaction(), catalog, parameters));
    ARROW_RETURN_NOT_OK(scope.Commit());
    return result;
  }
  ARROW_ASSIGN_OR_RAISE(const std::vector<Value> values,
                        ConvertParameters(query.plan, parameters, session_.database()->functions(),
                                          session_.settings().dialect, session_.settings().zone));
  ARROW_RETURN_NOT_OK(OptimizePlan(query.plan, catalog));
  ARROW_ASSIGN_OR_RAISE(auto execution,
                        QueryExecution::Make(std::shared_ptr<const LogicalPlan>(std::move(query.plan.root))));
  ExecContext context = session_.MakeExecContext(*environment_, scope.transaction(), /*writes=*/false);
  context.arrow_output = session_.settings().arrow_output;
  ARROW_RETURN_NOT_OK(execution->Start(context, values));
  result.reader = std::make_shared<QueryReader>(environment_, std::move(execution));
  if (scope.transaction().is_writing()) {
    ARROW_ASSIGN_OR_RAISE(result.reader, Materialize(result.reader));
  }
  ARROW_RETURN_NOT_OK(scope.Commit());
  return result;
}

arrow::Result<int64_t> StatementRunner::RunChange(BoundStatementPlan& plan, Transaction& transaction,
                                                  const CatalogSnapshotPtr& catalog,
                                                  std::span<const Value> parameters) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<Value> values,
                        ConvertParameters(plan, parameters, session_.database()->functions(),
                                          session_.settings().dialect, session_.settings().zone));
  ARROW_RETURN_NOT_OK(OptimizePlan(plan, catalog));
  ARROW_ASSIGN_OR_RAISE(auto execution, QueryExecution::Make(std::shared_ptr<const LogicalPlan>(std::move(plan.root))));
  const ExecContext context = session_.MakeExecContext(*environment_, transaction, /*writes=*/true);
  ARROW_RETURN_NOT_OK(execution->Start(context, values));
  ARROW_ASSIGN_OR_RAISE(const Batch batch, execution->NextBatch());
  if (batch.num_selected() != 1 || batch.columns.size() != 1) return InternalError("a change gave no number of rows");
  return static_cast<int64_t>(GetValue(batch.columns[0], batch.selection[0]).integer());
}

arrow::Result<StatementResult> StatementRunner::RunExplain(BoundExplain& explain, StatementScope& scope,
                                                           const CatalogSnapshotPtr& catalog,
                                                           std::span<const Value> parameters) {
  BoundStatementPlan& plan = explain.query.plan;
  if (!explain.analyze) {
    ARROW_RETURN_NOT_OK(OptimizePlan(plan, catalog));
    return TextResult("EXPLAIN", kPlanColumn,
                      explain.json ? std::vector<std::string>{PlanReportJson(*plan.root, nullptr, explain.costs)}
                                   : SplitLines(PlanToString(*plan.root, explain.costs)));
  }
  ARROW_ASSIGN_OR_RAISE(const std::vector<Value> values,
                        ConvertParameters(plan, parameters, session_.database()->functions(),
                                          session_.settings().dialect, session_.settings().zone));
  ARROW_RETURN_NOT_OK(OptimizePlan(plan, catalog));
  const std::shared_ptr<const LogicalPlan> root(std::move(plan.root));
  ARROW_ASSIGN_OR_RAISE(auto execution, QueryExecution::Make(root));
  const bool writes = explain.query.effect != QueryEffect::kRows && explain.query.effect != QueryEffect::kCopyTo;
  ExecContext context = session_.MakeExecContext(*environment_, scope.transaction(), writes);
  context.measure_time = true;
  ARROW_RETURN_NOT_OK(execution->Start(context, values));
  ARROW_RETURN_NOT_OK(execution->Drain().status());
  const PlanMeasures measures = execution->Measures();
  ARROW_RETURN_NOT_OK(scope.Commit());
  return TextResult("EXPLAIN", kPlanColumn,
                    explain.json ? std::vector<std::string>{PlanReportJson(*root, &measures, true)}
                                 : SplitLines(PlanReportText(*root, measures)));
}

arrow::Result<StatementResult> StatementRunner::RunSet(const BoundSet& set) {
  Settings changed = session_.CurrentSettings();
  arrow::Status status = set.reset ? ResetSetting(set.name, session_.database()->default_settings(), changed)
                                   : SetSetting(set.name, set.value, changed);
  if (status.ok()) status = session_.ChangeSettings(changed);
  if (!status.ok()) return WithPosition(status, set.name_position);
  return Tagged(set.reset ? "RESET" : "SET");
}

arrow::Result<StatementResult> StatementRunner::RunTransaction(const BoundTransaction& transaction) {
  arrow::Status status;
  std::string tag;
  switch (transaction.action) {
    case BoundTransaction::Action::kBegin:
      tag = "BEGIN";
      status = session_.BeginTransaction(transaction.read_only);
      break;
    case BoundTransaction::Action::kCommit:
      tag = "COMMIT";
      status = session_.CommitTransaction();
      break;
    case BoundTransaction::Action::kRollback:
      tag = "ROLLBACK";
      status = session_.RollbackTransaction();
      break;
  }
  if (!status.ok()) return WithPosition(status, transaction.position);
  return Tagged(std::move(tag));
}

}  // namespace llkv
