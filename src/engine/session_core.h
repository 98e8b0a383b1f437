// SessionCore: one session's state: settings, the open transaction, the stop flag; and the scope in which each
// statement runs.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/database.h"
#include "engine/query_reader.h"
#include "engine/settings.h"
#include "runtime/stop_token.h"
#include "sql/binder/binder.h"
#include "sql/parser/ast.h"
#include "sql/parser/parser.h"
#include "txn/txn.h"

namespace llkv {

/// See the file's comment. One thread at a time, but for stop() and progress(), which any thread may use.
class SessionCore {
 public:
  explicit SessionCore(std::shared_ptr<Database> database);
  /// Rolls the open transaction back.
  ~SessionCore();
  SessionCore(const SessionCore&) = delete;
  SessionCore& operator=(const SessionCore&) = delete;

  const std::shared_ptr<Database>& database() const { return database_; }
  const Settings& settings() const { return settings_; }
  /// The same, with what other sessions have set for the whole engine meanwhile.
  Settings CurrentSettings() const;
  ParserOptions parser_options() const;
  StopToken& stop() { return *stop_; }
  Progress& progress() const { return *progress_; }
  bool in_transaction() const { return transaction_ != nullptr; }

  /// BEGIN (25001 inside a transaction), COMMIT and ROLLBACK (25P01 outside). After COMMIT, failed or not, the
  /// transaction is over.
  arrow::Status BeginTransaction(bool read_only);
  arrow::Status CommitTransaction();
  arrow::Status RollbackTransaction();

  /// The open transaction, or null. For StatementScope.
  Transaction* transaction() const { return transaction_.get(); }
  /// Begins a transaction for one statement. What has ended of one comes back by KeepEnded, for the next.
  std::unique_ptr<Transaction> BeginOwn();
  void KeepEnded(std::unique_ptr<Transaction> ended) { ended_ = std::move(ended); }

  /// What a query of this session runs in. New for each; readers keep it.
  std::shared_ptr<QueryEnvironment> MakeEnvironment() const;
  /// The context of a query; the environment outlives it.
  ExecContext MakeExecContext(QueryEnvironment& environment, Transaction& transaction, bool writes) const;
  /// Takes changed settings; of those that belong to the whole engine, the ones that differ. Error
  /// 55006 where what the engine holds now does not let one change.
  arrow::Status ChangeSettings(const Settings& changed);

 private:
  std::shared_ptr<Database> database_;
  Settings settings_;
  std::shared_ptr<StopToken> stop_;
  std::shared_ptr<Progress> progress_;
  std::unique_ptr<Transaction> transaction_;
  std::unique_ptr<Transaction> ended_;
  uint64_t random_seed_;
  /// 0 until setseed.
  std::shared_ptr<std::atomic<uint64_t>> seed_ = std::make_shared<std::atomic<uint64_t>>(0);
};

/// One statement's transaction: the session's, or one of its own. What was not committed when it ends is undone.
class StatementScope {
 public:
  explicit StatementScope(SessionCore& session) : session_(session) {}
  /// Starts the statement: first of all, once.
  arrow::Status Begin();
  ~StatementScope();
  StatementScope(const StatementScope&) = delete;
  StatementScope& operator=(const StatementScope&) = delete;

  Transaction& transaction() const { return *transaction_; }
  bool is_autocommit() const { return own_ != nullptr; }
  /// Ends a statement that succeeded: deferred checks, then, where the transaction is its own, the commit.
  arrow::Status Commit();

 private:
  SessionCore& session_;
  std::unique_ptr<Transaction> own_;
  Transaction* transaction_ = nullptr;
  bool done_ = false;
};

}  // namespace llkv
