// Transactions and statement scopes.
#include "engine/session_core.h"

#include <chrono>
#include <utility>

#include "base/error.h"

namespace llkv {

SessionCore::SessionCore(std::shared_ptr<Database> database)
    : database_(std::move(database)),
      settings_(database_->default_settings()),
      stop_(std::make_shared<StopToken>()),
      progress_(std::make_shared<Progress>()),
      random_seed_(static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count())) {
  database_->AddUser();
}

SessionCore::~SessionCore() {
  if (transaction_ != nullptr) database_->storage().txns().Rollback(*transaction_);
  transaction_.reset();
  ended_.reset();
  database_->RemoveUser();
}

ParserOptions SessionCore::parser_options() const {
  ParserOptions options;
  options.dialect = settings_.dialect == Dialect::kSqlite ? SqlDialect::kSqlite : SqlDialect::kPostgres;
  return options;
}

arrow::Status SessionCore::BeginTransaction(bool read_only) {
  ARROW_RETURN_NOT_OK(database_->CheckOpen());
  if (transaction_ != nullptr) return SqlError(sqlstate::kActiveTransaction, "a transaction is open already");
  ARROW_RETURN_NOT_OK(database_->CatchUp());
  transaction_ = database_->storage().txns().Begin(read_only);
  return arrow::Status::OK();
}

arrow::Status SessionCore::CommitTransaction() {
  if (transaction_ == nullptr) return SqlError(sqlstate::kNoActiveTransaction, "no transaction is open");
  const std::unique_ptr<Transaction> transaction = std::move(transaction_);
  return database_->storage().Commit(*transaction, settings_.synchronous);
}

arrow::Status SessionCore::RollbackTransaction() {
  if (transaction_ == nullptr) return SqlError(sqlstate::kNoActiveTransaction, "no transaction is open");
  database_->storage().txns().Rollback(*transaction_);
  transaction_.reset();
  return arrow::Status::OK();
}

std::shared_ptr<QueryEnvironment> SessionCore::MakeEnvironment() const {
  auto environment = std::make_shared<QueryEnvironment>(database_, stop_, progress_);
  environment->seed = seed_;
  return environment;
}

std::unique_ptr<Transaction> SessionCore::BeginOwn() {
  return database_->storage().txns().Begin(std::move(ended_), /*is_read_only=*/false);
}

ExecContext SessionCore::MakeExecContext(QueryEnvironment& environment, Transaction& transaction, bool writes) const {
  ExecContext context;
  context.stores = &environment.stores;
  context.files = &environment.files;
  context.snapshot = transaction.snapshot();
  context.pin = transaction.pin();
  context.transaction = writes ? &transaction : nullptr;
  context.pool = database_->pool().get();
  context.spill = &database_->pool()->spill();
  context.scheduler = settings_.threads > 1 ? &database_->scheduler() : nullptr;
  context.stop = environment.stop.get();
  context.progress = environment.progress.get();
  context.num_threads = settings_.threads;
  context.batch_rows = settings_.batch_rows;
  context.dialect = settings_.dialect;
  context.zone = settings_.zone;
  context.statement_time_us = database_->file_system()->NowMicros();
  context.session_seed = seed_.get();
  const bool is_set = seed_->load(std::memory_order_relaxed) != 0;
  // From a seed that was set, statements go on the same way each time.
  context.random_seed = is_set ? seed_->fetch_add(1, std::memory_order_relaxed)
                               : random_seed_ + static_cast<uint64_t>(context.statement_time_us);
  return context;
}

Settings SessionCore::CurrentSettings() const {
  Settings current = settings_;
  // Of the whole engine.
  const SpillingPool& pool = *database_->pool();
  current.memory_limit_bytes = pool.limit_bytes();
  current.temp_directory = pool.spill().folder();
  current.max_temp_directory_bytes = pool.spill().max_bytes();
  return current;
}

arrow::Status SessionCore::ChangeSettings(const Settings& changed) {
  SpillingPool& pool = *database_->pool();
  ARROW_RETURN_NOT_OK(pool.spill().Configure(changed.temp_directory, changed.max_temp_directory_bytes));
  if (changed.memory_limit_bytes != pool.limit_bytes()) pool.set_limit_bytes(changed.memory_limit_bytes);
  settings_ = changed;
  database_->EnsureThreads(settings_.threads);
  return arrow::Status::OK();
}

arrow::Status StatementScope::Begin() {
  ARROW_RETURN_NOT_OK(session_.database()->CheckOpen());
  session_.stop().Reset();
  session_.progress().Reset();
  if (session_.transaction() == nullptr) {
    ARROW_RETURN_NOT_OK(session_.database()->CatchUp());
    own_ = session_.BeginOwn();
    transaction_ = own_.get();
  } else {
    transaction_ = session_.transaction();
  }
  transaction_->set_stop_token(&session_.stop());
  arrow::Status begun = transaction_->BeginStatement();
  done_ = !begun.ok();
  return begun;
}

StatementScope::~StatementScope() {
  if (own_ != nullptr) {
    // Does nothing where Commit has finished it.
    session_.database()->storage().txns().Rollback(*own_);
    session_.KeepEnded(std::move(own_));
  } else if (transaction_ != nullptr && !done_) {
    transaction_->UndoStatement();
  }
}

arrow::Status StatementScope::Commit() {
  ARROW_RETURN_NOT_OK(transaction_->EndStatement());
  if (own_ != nullptr) {
    if (own_->is_writing()) return session_.database()->storage().Commit(*own_, session_.settings().synchronous);
    return arrow::Status::OK();
  }
  done_ = true;
  return arrow::Status::OK();
}

}  // namespace llkv
