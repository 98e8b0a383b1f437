// Opening and closing.
#include "engine/database.h"

#include <arrow/memory_pool.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>

#include "base/error.h"
#include "pager/registry.h"
#include "runtime/huge_page_pool.h"

namespace llkv {

namespace {

constexpr int64_t kCachedBlockBytes = int64_t{256} << 20;

Durability DurabilityOf(Synchronous level) {
  switch (level) {
    case Synchronous::kOff:
      return Durability::kNone;
    case Synchronous::kNormal:
      return Durability::kProcess;
    case Synchronous::kFull:
      return Durability::kFull;
  }
  return Durability::kFull;
}

int64_t MachineMemoryBytes() { return int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGE_SIZE); }

/// The cache of freed blocks that all pools of an engine stand on, and the pool itself, in one object so that one owner
/// keeps both.
struct EnginePool {
  explicit EnginePool(int64_t limit_bytes)
      : blocks(arrow::default_memory_pool()), cache(&blocks, kCachedBlockBytes), pool(&cache, limit_bytes) {}
  HugePagePool blocks;
  BlockCache cache;
  SpillingPool pool;
};

bool IsWritableFolder(const std::string& folder) { return !folder.empty() && ::access(folder.c_str(), W_OK) == 0; }

/// The folder of a database in a file, else the system's.
std::string TempFolderFor(std::string_view uri) {
  const std::string_view scheme = SchemeOf(uri);
  if (scheme.empty() || scheme == "file") {
    const std::filesystem::path path(uri.substr(scheme.empty() ? 0 : scheme.size() + 1));
    const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
    if (IsWritableFolder(folder)) return folder;
  }
  const char* of_user = std::getenv("TMPDIR");
  for (const char* folder : {of_user == nullptr ? "" : of_user, "/var/tmp", "/tmp"}) {
    if (IsWritableFolder(folder)) return folder;
  }
  return "";
}

}  // namespace

arrow::Result<std::shared_ptr<Database>> Database::Open(std::string_view uri, const EngineOptions& options) {
  PagerOptions pager_options;
  pager_options.read_only = options.read_only;
  pager_options.create_if_missing = options.create_if_missing && !options.read_only;
  pager_options.durability = DurabilityOf(options.synchronous);
  pager_options.io = options.io == IoMode::kRead ? FileIo::kRead : FileIo::kMap;
  ARROW_ASSIGN_OR_RAISE(auto pager, OpenPager(uri, pager_options));
  EngineOptions options_of_file = options;
  if (options.temp_directory.empty()) options_of_file.temp_directory = TempFolderFor(uri);
  return Make(std::shared_ptr<Pager>(std::move(pager)), options_of_file);
}

arrow::Result<std::shared_ptr<Database>> Database::Make(std::shared_ptr<Pager> pager, const EngineOptions& options) {
  if (options.batch_rows < 1 || options.batch_rows > kMaxBatchRows) {
    return SqlError(sqlstate::kInvalidParameter, "batch_rows must be from 1 to 2048");
  }
  std::shared_ptr<Database> database(new Database());
  Settings& settings = database->default_settings_;
  settings.threads = options.num_threads > 0 ? static_cast<uint32_t>(options.num_threads)
                                             : std::max(1U, std::thread::hardware_concurrency());
  settings.synchronous = DurabilityOf(options.synchronous);
  settings.memory_limit_bytes =
      options.memory_limit_bytes > 0 ? options.memory_limit_bytes : MachineMemoryBytes() / 5 * 4;
  settings.temp_directory = options.temp_directory.empty() ? TempFolderFor(":memory:") : options.temp_directory;
  settings.max_temp_directory_bytes = SpillSpace::kNoLimit;
  settings.batch_rows = options.batch_rows;
  settings.optimizer = options.optimizer;

  auto pool = std::make_shared<EnginePool>(settings.memory_limit_bytes);
  database->pool_ = std::shared_ptr<SpillingPool>(pool, &pool->pool);
  ARROW_RETURN_NOT_OK(database->pool_->spill().Configure(settings.temp_directory, settings.max_temp_directory_bytes));
  database->functions_ = FunctionRegistry::MakeDefault();
  database->scheduler_ = std::make_unique<Scheduler>(settings.threads - 1);
  database->is_read_only_ = options.read_only;
  database->has_external_files_ = options.external_files;
  StorageOptions storage_options;
  storage_options.read_only = options.read_only;
  storage_options.pool = database->pool_.get();
  ARROW_ASSIGN_OR_RAISE(database->storage_, Storage::Open(std::move(pager), storage_options));
  ARROW_ASSIGN_OR_RAISE(database->catalog_, Catalog::Open(database->storage_.get()));
  database->samples_ =
      std::make_unique<TableSamples>(&database->storage_->txns(), database->functions_.get(), database->pool_.get());
  if (options.background && !options.read_only) {
    ARROW_ASSIGN_OR_RAISE(database->maintenance_, Maintenance::Make(database->storage_.get()));
    database->storage_->SetMaintenance([maintenance = database->maintenance_.get()] { maintenance->Wake(); });
  }
  return database;
}

Database::~Database() {
  if (!closed_.load() && storage_ != nullptr) {
    const arrow::Status closed = Close();
    static_cast<void>(closed);
  }
}

arrow::Status Database::CheckOpen() const {
  if (closed_.load()) return SqlError(sqlstate::kObjectInUse, "the database is closed");
  return arrow::Status::OK();
}

arrow::Status Database::Close() {
  ARROW_RETURN_NOT_OK(CheckOpen());
  const int64_t users = num_users_.load();
  if (users > 0) {
    return SqlError(sqlstate::kObjectInUse,
                    std::to_string(users) + " sessions or readers of the database still live: end them first");
  }
  if (closed_.exchange(true)) return SqlError(sqlstate::kObjectInUse, "the database is closed");
  if (catalog_ == nullptr) return arrow::Status::OK();
  if (maintenance_ != nullptr) {
    if (maintenance_->forked()) return SqlError(sqlstate::kObjectInUse, "the database belongs to the parent process");
    maintenance_->Stop();
  }
  // The last checkpoint is nobody's query: a limit that a session has set must not keep the database from being closed.
  pool_->set_limit_bytes(AccountingPool::kNoLimit);
  return storage_->Close();
}

void Database::EnsureThreads(uint32_t num_threads) {
  MutexLock lock(threads_mutex_);
  if (scheduler_->num_workers() + 1 < num_threads) scheduler_->SetNumWorkers(num_threads - 1);
}

}  // namespace llkv
