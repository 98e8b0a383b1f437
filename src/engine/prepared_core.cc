// Planning once, then start, fetch, step.
#include "engine/prepared_core.h"

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <utility>
#include <variant>

#include "base/error.h"
#include "engine/show_storage.h"
#include "sql/parser/parser.h"
#include "types/text_format.h"
#include "vector/arrow_bridge.h"

namespace llkv {

PreparedCore::PreparedCore(std::shared_ptr<SessionCore> session, std::string sql, AstStatementPtr statement)
    : session_(std::move(session)),
      sql_(std::move(sql)),
      statement_(std::move(statement)),
      environment_(session_->MakeEnvironment()),
      schema_(arrow::schema(arrow::FieldVector{})) {}

PreparedCore::~PreparedCore() {
  ReleaseCommand();
  // The execution points into the environment.
  execution_.reset();
}

arrow::Result<std::unique_ptr<PreparedCore>> PreparedCore::Make(std::shared_ptr<SessionCore> session,
                                                                std::string_view sql) {
  std::string text(sql);
  ARROW_ASSIGN_OR_RAISE(AstStatementPtr statement, ParseStatement(text, session->parser_options()));
  std::unique_ptr<PreparedCore> prepared(new PreparedCore(std::move(session), std::move(text), std::move(statement)));
  StatementScope scope(*prepared->session_);
  ARROW_RETURN_NOT_OK(scope.Begin());
  const CatalogSnapshotPtr catalog = prepared->session_->database()->catalog().GetSnapshot(scope.transaction());
  ARROW_RETURN_NOT_OK(prepared->Plan(catalog));
  ARROW_RETURN_NOT_OK(scope.Commit());
  return prepared;
}

std::string PreparedCore::ValueText(const Value& value) const {
  if (value.is_null() || !value.type().IsZoned()) return value.ToString();
  char text[kMaxTextBytes];
  return {text, FormatTimestampTz(static_cast<int64_t>(value.integer()), session_->settings().zone, text)};
}

int PreparedCore::ParameterIndex(std::string_view name) const {
  for (size_t i = 0; i < plan_.parameter_names.size(); ++i) {
    if (plan_.parameter_names[i] == name) return static_cast<int>(i) + 1;
  }
  return 0;
}

arrow::Status PreparedCore::SetParameter(int index, Value value) {
  if (index < 1 || index > num_parameters()) {
    return SqlError(sqlstate::kInvalidParameter, "there is no parameter " + std::to_string(index) +
                                                     ": the statement has " + std::to_string(num_parameters()));
  }
  if (running_) Reset();
  values_[static_cast<size_t>(index) - 1] = std::move(value);
  bound_[static_cast<size_t>(index) - 1] = true;
  return arrow::Status::OK();
}

std::vector<LogicalType> PreparedCore::ValueTypes() const {
  std::vector<LogicalType> types;
  types.reserve(values_.size());
  for (const Value& value : values_) types.push_back(value.type());
  return types;
}

arrow::Status PreparedCore::CheckAllBound() const {
  for (size_t i = 0; i < bound_.size(); ++i) {
    if (!bound_[i]) {
      return SqlError(sqlstate::kUndefinedParameter, "parameter " + std::to_string(i + 1) + " has no value");
    }
  }
  return arrow::Status::OK();
}

arrow::Status PreparedCore::Plan(const CatalogSnapshotPtr& catalog) {
  execution_.reset();
  row_insert_.reset();
  row_lookup_.reset();
  StatementRunner runner(*session_, *statement_);
  ARROW_ASSIGN_OR_RAISE(BoundStatement bound, runner.Bind(catalog, &environment_->files, ValueTypes()));
  catalog_version_ = catalog->version();
  dialect_ = session_->settings().dialect;
  zone_ = session_->settings().zone;
  optimizer_ = session_->settings().optimizer;
  planned_types_ = ValueTypes();
  auto* query = std::get_if<BoundQuery>(&bound);
  is_query_ = query != nullptr;
  if (!is_query_) return LearnOther(bound);
  effect_ = query->effect;
  gives_rows_ = effect_ == QueryEffect::kRows;
  cacheable_ = query->cacheable;
  plan_ = std::move(query->plan);
  SetParameterTypes(plan_.parameter_types);
  ARROW_RETURN_NOT_OK(runner.OptimizePlan(plan_, catalog));
  return MakeExecutable(std::move(plan_.root));
}

arrow::Status PreparedCore::MakeExecutable(std::shared_ptr<const LogicalPlan> plan) {
  if (effect_ != QueryEffect::kRows) {
    ARROW_ASSIGN_OR_RAISE(row_insert_, RowInsert::Make(plan, session_->database()->pool().get()));
    if (row_insert_ != nullptr) return arrow::Status::OK();
    return QueryExecution::Make(std::move(plan)).Value(&execution_);
  }
  arrow::FieldVector fields;
  for (const OutputColumn& column : plan->output) fields.push_back(ToArrowField(column.name, column.type));
  schema_ = arrow::schema(std::move(fields));
  ARROW_RETURN_NOT_OK(SetColumns(plan->output));
  row_lookup_ = RowLookup::Make(plan);
  if (row_lookup_ != nullptr) return arrow::Status::OK();
  return QueryExecution::Make(std::move(plan)).Value(&execution_);
}

void PreparedCore::SetParameterTypes(const std::vector<LogicalType>& types) {
  if (values_.size() == types.size()) return;
  values_.assign(types.size(), Value());
  bound_.assign(types.size(), false);
  planned_types_ = ValueTypes();
}

arrow::Status PreparedCore::SetColumns(const std::vector<OutputColumn>& columns) {
  scratch_.clear();
  for (const OutputColumn& column : columns) {
    ARROW_ASSIGN_OR_RAISE(auto scratch, ScratchVector::Make(column.type, arrow::default_memory_pool()));
    scratch_.push_back(std::move(scratch));
  }
  columns_.assign(columns.size(), nullptr);
  texts_.resize(columns.size());
  return arrow::Status::OK();
}

arrow::Status PreparedCore::LearnOther(const BoundStatement& bound) {
  std::string column;
  if (const auto* explain = std::get_if<BoundExplain>(&bound)) {
    SetParameterTypes(explain->query.plan.parameter_types);
    plan_.parameter_names = explain->query.plan.parameter_names;
    column = kPlanColumn;
  } else if (const auto* show = std::get_if<BoundShowSetting>(&bound)) {
    if (show->name == kShowStorage) return LearnShowStorage();
    column = show->name;
  }
  gives_rows_ = !column.empty();
  if (!gives_rows_) return arrow::Status::OK();
  schema_ = arrow::schema({arrow::field(column, arrow::utf8())});
  return SetColumns({{ColumnId(), TypeId::kVarchar, column}});
}

arrow::Status PreparedCore::LearnShowStorage() {
  gives_rows_ = true;
  schema_ = ShowStorageSchema();
  std::vector<OutputColumn> columns;
  for (const auto& field : schema_->fields()) {
    columns.push_back({ColumnId(), columns.empty() ? TypeId::kVarchar : TypeId::kBigInt, field->name()});
  }
  return SetColumns(columns);
}

bool PreparedCore::NeedsPlan(const CatalogSnapshot& catalog) const {
  const bool is_planned = execution_ != nullptr || row_insert_ != nullptr || row_lookup_ != nullptr;
  if (!is_planned || !cacheable_ || catalog.version() != catalog_version_ || dialect_ != session_->settings().dialect ||
      !(zone_ == session_->settings().zone) || optimizer_ != session_->settings().optimizer) {
    return true;
  }
  // Parameters whose type the text leaves open take it from their values.
  for (size_t i = 0; i < values_.size(); ++i) {
    if (values_[i].type() != planned_types_[i] && values_[i].type() != plan_.parameter_types[i] &&
        (planned_types_[i].id() == TypeId::kNull || plan_.parameter_types[i] == planned_types_[i])) {
      return true;
    }
  }
  return false;
}

arrow::Status PreparedCore::Start() {
  rows_changed_ = 0;
  ARROW_RETURN_NOT_OK(CheckAllBound());
  if (!is_query_) return RunOther();
  StatementScope scope(*session_);
  ARROW_RETURN_NOT_OK(scope.Begin());
  Transaction& transaction = scope.transaction();
  const CatalogSnapshotPtr catalog = session_->database()->catalog().GetSnapshot(transaction);
  if (NeedsPlan(*catalog)) ARROW_RETURN_NOT_OK(Plan(catalog));

  bool convert = false;
  for (size_t i = 0; i < values_.size(); ++i) convert = convert || values_[i].type() != plan_.parameter_types[i];
  batch_ = Batch{};
  next_ = 0;
  if (convert) {
    ARROW_ASSIGN_OR_RAISE(const std::vector<Value> converted,
                          ConvertParameters(plan_, values_, session_->database()->functions(), dialect_, zone_));
    return Run(scope, converted);
  }
  return Run(scope, values_);
}

arrow::Status PreparedCore::Run(StatementScope& scope, const std::vector<Value>& parameters) {
  Transaction& transaction = scope.transaction();
  if (row_insert_ != nullptr) {
    ARROW_RETURN_NOT_OK(row_insert_->Run(environment_->stores, transaction, parameters));
    rows_changed_ = 1;
    return scope.Commit();
  }
  if (row_lookup_ != nullptr) {
    pin_ = transaction.pin();
    ARROW_ASSIGN_OR_RAISE(batch_, row_lookup_->Read(environment_->stores, transaction.snapshot(), parameters,
                                                    session_->database()->pool().get()));
    FlattenBatch();
  } else {
    const bool writes = effect_ != QueryEffect::kRows;
    ARROW_RETURN_NOT_OK(execution_->Start(session_->MakeExecContext(*environment_, transaction, writes), parameters));
    if (writes) {
      ARROW_ASSIGN_OR_RAISE(const Batch batch, execution_->NextBatch());
      if (batch.num_selected() != 1) return InternalError("a change gave no number of rows");
      rows_changed_ = static_cast<int64_t>(GetValue(batch.columns[0], batch.selection[0]).integer());
      execution_->Stop();
      return scope.Commit();
    }
  }
  in_writing_transaction_ = transaction.is_writing();
  cursor_transaction_ = transaction.id();
  if (in_writing_transaction_ && !scope.is_autocommit()) {
    held_command_ = transaction.command();
    transaction.HoldCommand(*held_command_);
  }
  running_ = true;
  return scope.Commit();
}

arrow::Status PreparedCore::RunOther() {
  StatementRunner runner(*session_, *statement_);
  ARROW_ASSIGN_OR_RAISE(StatementResult result, runner.Run(values_));
  rows_changed_ = result.rows_changed < 0 ? 0 : result.rows_changed;
  other_rows_ = std::move(result.reader);
  in_writing_transaction_ = false;
  batch_ = Batch{};
  next_ = 0;
  running_ = other_rows_ != nullptr;
  return arrow::Status::OK();
}

arrow::Result<Batch> PreparedCore::NextOtherBatch() {
  while (true) {
    if (other_batch_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(const Batch batch, other_batch_->Next());
      if (batch.num_selected() > 0) return batch;
    }
    std::shared_ptr<arrow::RecordBatch> rows;
    ARROW_RETURN_NOT_OK(other_rows_->ReadNext(&rows));
    if (rows == nullptr) return Batch{};
    ARROW_ASSIGN_OR_RAISE(other_batch_, ArrowBatchReader::Make(std::move(rows), arrow::default_memory_pool()));
  }
}

arrow::Result<bool> PreparedCore::NextBatch() {
  if (in_writing_transaction_ &&
      (session_->transaction() == nullptr || session_->transaction()->id() != cursor_transaction_)) {
    return SqlError(sqlstate::kInvalidCursorState, "the transaction that the rows belong to has ended");
  }
  // A looked-up row is the only one.
  if (other_rows_ == nullptr && execution_ == nullptr) return false;
  ARROW_ASSIGN_OR_RAISE(batch_, other_rows_ != nullptr ? NextOtherBatch() : execution_->NextBatch());
  next_ = 0;
  FlattenBatch();
  return batch_.num_selected() > 0;
}

void PreparedCore::FlattenBatch() {
  if (batch_.num_selected() == 0) return;
  for (size_t i = 0; i < columns_.size(); ++i) {
    columns_[i] = &Flatten(batch_.columns[i], batch_.selection, batch_.num_rows, scratch_[i]);
  }
}

arrow::Result<bool> PreparedCore::NextRow() {
  if (next_ >= batch_.num_selected()) {
    ARROW_ASSIGN_OR_RAISE(const bool more, NextBatch());
    if (!more) return false;
  }
  row_ = batch_.selection[next_++];
  has_row_ = true;
  return true;
}

arrow::Result<bool> PreparedCore::Step() {
  if (!running_) {
    const arrow::Status started = Start();
    if (!started.ok()) {
      Reset();
      return started;
    }
    if (!running_) return false;
  }
  arrow::Result<bool> row = NextRow();
  if (!row.ok() || !*row) Reset();
  return row;
}

void PreparedCore::ReleaseCommand() {
  if (!held_command_) return;
  Transaction* transaction = session_->transaction();
  if (transaction != nullptr && transaction->id() == cursor_transaction_) transaction->ReleaseCommand(*held_command_);
  held_command_.reset();
}

void PreparedCore::Reset() {
  ReleaseCommand();
  if (execution_ != nullptr) execution_->Stop();
  running_ = false;
  has_row_ = false;
  batch_ = Batch{};
  next_ = 0;
  if (row_lookup_ != nullptr) row_lookup_->Release();
  pin_.reset();
  other_batch_.reset();
  other_rows_.reset();
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> PreparedCore::Query() {
  ARROW_RETURN_NOT_OK(CheckAllBound());
  StatementRunner runner(*session_, *statement_, /*rows_only=*/true);
  ARROW_ASSIGN_OR_RAISE(StatementResult result, runner.Run(values_));
  return result.reader;
}

arrow::Result<int64_t> PreparedCore::ExecuteBatch(const arrow::RecordBatch& parameters) {
  if (parameters.num_columns() != num_parameters()) {
    return SqlError(sqlstate::kInvalidParameter, "the statement has " + std::to_string(num_parameters()) +
                                                     " parameters, and the batch " +
                                                     std::to_string(parameters.num_columns()) + " columns");
  }
  if (!is_query_) return NotSupported("only queries and changes of rows run for a batch of parameters");
  auto rows = arrow::RecordBatch::Make(parameters.schema(), parameters.num_rows(), parameters.columns());
  ARROW_ASSIGN_OR_RAISE(auto reader, ArrowBatchReader::Make(rows, arrow::default_memory_pool()));
  const bool own = !session_->in_transaction();
  if (own) ARROW_RETURN_NOT_OK(session_->BeginTransaction(/*read_only=*/false));
  const uint32_t first_command = session_->transaction()->command() + 1;
  if (!own) session_->transaction()->HoldCommand(first_command);
  int64_t total = 0;
  const auto run_all = [&]() -> arrow::Status {
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const Batch batch, reader->Next());
      if (batch.num_selected() == 0) return arrow::Status::OK();
      for (uint32_t i = 0; i < batch.num_selected(); ++i) {
        for (int column = 0; column < num_parameters(); ++column) {
          const Vector& vector = batch.columns[static_cast<size_t>(column)];
          ARROW_RETURN_NOT_OK(SetParameter(column + 1, GetValue(vector, batch.selection[i])));
        }
        while (true) {
          ARROW_ASSIGN_OR_RAISE(const bool row, Step());
          if (!row) break;
        }
        total += rows_changed_;
      }
    }
  };
  const arrow::Status done = run_all();
  if (own) {
    ARROW_RETURN_NOT_OK(done.ok() ? session_->CommitTransaction() : session_->RollbackTransaction());
  } else {
    if (!done.ok()) session_->transaction()->UndoFrom(first_command);
    session_->transaction()->ReleaseCommand(first_command);
  }
  ARROW_RETURN_NOT_OK(done);
  return total;
}

}  // namespace llkv
