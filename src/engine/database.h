// Database: what the sessions of one open database share. Lives until the last session, reader and SqlEngine let go of
// it.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/mutex.h"
#include "catalog/catalog.h"
#include "engine/background/maintenance.h"
#include "engine/settings.h"
#include "engine/table_samples.h"
#include "functions/function_registry.h"
#include "llkv/engine.h"
#include "os/file_system.h"
#include "pager/pager.h"
#include "runtime/scheduler.h"
#include "runtime/spilling_pool.h"
#include "store/storage.h"

namespace llkv {

/// See the file's comment. Any thread.
class Database {
 public:
  /// See SqlEngine::Open.
  static arrow::Result<std::shared_ptr<Database>> Open(std::string_view uri, const EngineOptions& options);
  static arrow::Result<std::shared_ptr<Database>> Make(std::shared_ptr<Pager> pager, const EngineOptions& options);
  ~Database();

  /// See SqlEngine::Close. 55006 while sessions or readers live.
  arrow::Status Close();
  /// 55006 once closed.
  arrow::Status CheckOpen() const;

  /// Takes over what another process has committed, where the database was opened read-only: before a statement's
  /// snapshot is taken.
  arrow::Status CatchUp() { return is_read_only_ ? catalog_->CatchUp() : arrow::Status::OK(); }

  /// Sessions and readers count themselves, so that Close knows of them.
  void AddUser() { num_users_.fetch_add(1); }
  void RemoveUser() { num_users_.fetch_sub(1); }

  Storage& storage() { return *storage_; }
  Catalog& catalog() { return *catalog_; }
  TableSamples& samples() { return *samples_; }
  const FunctionRegistry& functions() const { return *functions_; }
  Scheduler& scheduler() { return *scheduler_; }
  FileSystem* file_system() const { return file_system_; }
  /// What SQL may name files of; null for none.
  FileSystem* external_files() const { return has_external_files_ ? file_system_ : nullptr; }
  /// What new sessions start with.
  const Settings& default_settings() const { return default_settings_; }
  /// The pool of all queries together; its limit is memory_limit, behind which lies a file in temp_directory. Shared:
  /// results keep it alive.
  const std::shared_ptr<SpillingPool>& pool() const { return pool_; }
  /// Makes sure that a query can have `num_threads` threads, its caller's included.
  void EnsureThreads(uint32_t num_threads);

 private:
  Database() = default;

  FileSystem* file_system_ = FileSystem::Default();
  bool is_read_only_ = false;
  bool has_external_files_ = true;
  std::shared_ptr<SpillingPool> pool_;
  std::shared_ptr<const FunctionRegistry> functions_;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<Storage> storage_;
  /// Null where nothing runs in the background.
  std::unique_ptr<Maintenance> maintenance_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<TableSamples> samples_;
  Settings default_settings_;
  std::atomic<int64_t> num_users_{0};
  std::atomic<bool> closed_{false};
  Mutex threads_mutex_;
};

}  // namespace llkv
