// FilePager: opening, closing and reading.
#include "pager/file/file_pager.h"

#include <arrow/buffer.h>

#include <string>
#include <utility>

#include "base/error.h"
#include "pager/file/reader_pager.h"

namespace llkv::file {

namespace {

class FileSnapshot : public PagerSnapshot {
 public:
  explicit FileSnapshot(FileVersion version) : version_(std::move(version)) {}

  Lsn lsn() const override { return Lsn(version_.lsn); }
  const std::shared_ptr<arrow::Buffer>& root() const override { return version_.state->root; }
  uint64_t root_version() const override { return version_.state->root_version; }
  const std::shared_ptr<const FileState>& state() const { return version_.state; }

 private:
  FileVersion version_;
};

/// Makes the database where there is none.
arrow::Status CreateWhereMissing(FileSystem& file_system, const std::string& path, const PagerOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const bool exists, file_system.Exists(path));
  if (exists) {
    ARROW_ASSIGN_OR_RAISE(const auto file,
                          file_system.Open(path, {.write = false, .create = false, .truncate = false}));
    ARROW_ASSIGN_OR_RAISE(const uint64_t size, file->Size());
    if (size > 0) return arrow::Status::OK();
  }
  if (!options.create_if_missing) {
    return SqlError(sqlstate::kUndefinedFile, "there is no database '" + path + "'");
  }
  return CreateDatabaseFile(file_system, path, options);
}

}  // namespace

StagedPlaces::Added StagedPlaces::Add(uint64_t key, Extent place) {
  MutexLock lock(mutex_);
  while (phase_ == Phase::kClosed) changed_.Wait(mutex_);
  if (phase_ == Phase::kRetired) return Added::kRetired;
  return places_.emplace(key, Staged{place, false}).second ? Added::kYes : Added::kIsThere;
}

bool StagedPlaces::Close() {
  MutexLock lock(mutex_);
  if (!places_.empty()) return false;
  phase_ = Phase::kClosed;
  return true;
}

void StagedPlaces::Reopen() {
  MutexLock lock(mutex_);
  phase_ = Phase::kOpen;
  changed_.NotifyAll();
}

void StagedPlaces::Retire() {
  MutexLock lock(mutex_);
  phase_ = Phase::kRetired;
  changed_.NotifyAll();
}

arrow::Result<std::shared_ptr<arrow::Buffer>> StagedPlaces::Read(uint64_t key, const StorageFile& file) {
  MutexLock lock(mutex_);
  const auto found = places_.find(key);
  if (found == places_.end()) return nullptr;
  // Copied, or counted, before the blob can be dropped.
  ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadEntry(file, EntryType::kBlob, key, found->second.place, false));
  found->second.read = true;
  return BufferOf(file, bytes);
}

bool StagedPlaces::Remove(uint64_t key) {
  MutexLock lock(mutex_);
  const auto found = places_.find(key);
  const bool unread = found == places_.end() || !found->second.read;
  if (found != places_.end()) places_.erase(found);
  return unread;
}

std::shared_ptr<FileState> FileState::Next(uint64_t made_by) const {
  auto next = std::make_shared<FileState>(core, made_by);
  next->directory = directory;
  next->root = root;
  next->root_version = root_version;
  next->live_bytes = live_bytes;
  return next;
}

arrow::Result<std::unique_ptr<Pager>> FilePager::Open(const std::string& name, const PagerOptions& options,
                                                      const FilePagerTestHooks& hooks) {
  FileSystem& file_system = *options.file_system;
  ARROW_ASSIGN_OR_RAISE(const std::string path, file_system.Resolve(name));
  if (options.read_only) return ReaderPager::Open(path, options, hooks);
  if (!options.create_if_missing) {
    // No lock file appears beside a database that does not exist.
    ARROW_ASSIGN_OR_RAISE(const bool exists, file_system.Exists(path));
    if (!exists) return SqlError(sqlstate::kUndefinedFile, "there is no database '" + path + "'");
  }
  ARROW_ASSIGN_OR_RAISE(auto slots, ReaderSlots::OpenForWriting(file_system, path));
  ARROW_RETURN_NOT_OK(RemoveUnfinishedVacuum(file_system, path));
  ARROW_RETURN_NOT_OK(CreateWhereMissing(file_system, path, options));
  ARROW_ASSIGN_OR_RAISE(auto opened, file_system.Open(path, {.write = true}));
  ARROW_ASSIGN_OR_RAISE(auto file, StorageFile::Make(std::move(opened), options.address_space_bytes, options.io));
  const auto core = std::make_shared<FileCore>(std::move(file), options);
  // Opening looks at few places that lie far apart.
  core->file->SetReadAhead(false);
  ARROW_ASSIGN_OR_RAISE(Recovered recovered, Recover(*core->file, core->space, core->nodes, hooks));
  if ((recovered.header.flags & kHeaderNameUnsynced) != 0) ARROW_RETURN_NOT_OK(file_system.SyncDirectoryOf(path));
  recovered.header.flags = 0;
  ARROW_RETURN_NOT_OK(PrepareForWriting(*core->file, core->space, recovered));
  ARROW_ASSIGN_OR_RAISE(auto fork_guard, ForkGuard::Make());
  const uint64_t lsn = recovered.lsn;
  auto pager =
      std::make_unique<FilePager>(options, hooks, std::move(slots), std::move(fork_guard), core, std::move(recovered));
  pager->ShowToReaders(lsn);
  core->file->SetReadAhead(true);
  return pager;
}

FilePager::FilePager(const PagerOptions& options, const FilePagerTestHooks& hooks, std::unique_ptr<ReaderSlots> slots,
                     std::unique_ptr<ForkGuard> fork_guard, std::shared_ptr<FileCore> core, Recovered recovered)
    : options_(options),
      hooks_(hooks),
      slots_(std::move(slots)),
      file_id_hash_(FileIdHash(recovered.header)),
      fork_guard_(std::move(fork_guard)),
      path_(core->file->path()),
      warnings_(std::move(recovered.warnings)),
      replayed_bytes_(recovered.replayed_log_bytes + recovered.replayed_blob_bytes),
      core_(std::move(core)),
      syncs_(
          core_->file, [this] { return written_lsn_.load(std::memory_order_acquire); },
          [this](const arrow::Status& cause) { return FailUnsynced(cause); }),
      next_key_(recovered.next_key),
      log_(recovered.log),
      log_buffer_offset_(recovered.log.offset),
      truncated_lsn_(recovered.truncated_lsn),
      written_lsn_(recovered.lsn),
      header_(recovered.header),
      checkpoint_directory_(std::move(recovered.checkpoint_directory)),
      checkpoint_lsn_(recovered.checkpoint_lsn),
      log_bytes_since_checkpoint_(recovered.replayed_log_bytes) {
  const auto state = std::make_shared<FileState>(core_, recovered.lsn);
  state->directory = std::move(recovered.directory);
  state->root = std::move(recovered.root);
  state->root_version = recovered.root_version;
  state->live_bytes = recovered.live_bytes;
  Publish({state, recovered.lsn});
  if (recovered.lsn > recovered.truncated_lsn) {
    first_record_lsn_ = recovered.truncated_lsn + 1;
    last_record_lsn_ = recovered.lsn;
  }
  core_->space.SetOldestPin([this] { return OldestForeignPin(); });
  syncs_.set_durable_lsn(recovered.checkpoint_lsn);
  syncs_.SetBeforeFirst(
      [unsynced = std::move(recovered.unsynced)](StorageFile& file) { return WriteAgain(file, unsynced); });
  syncs_.set_skip(hooks.skip_syncs);
  core_->space.set_reuse_at_once(hooks.reuse_at_once);
}

FilePager::~FilePager() { static_cast<void>(Close()); }

arrow::Status FilePager::CheckUsable() const {
  if (closed_.load(std::memory_order_acquire)) {
    return SqlError(sqlstate::kObjectInUse, "the database '" + path_ + "' is closed");
  }
  if (fork_guard_->forked()) {
    return SqlError(sqlstate::kObjectInUse,
                    "the database '" + path_ + "' was opened before fork; a child process must open it itself");
  }
  return arrow::Status::OK();
}

FileVersion FilePager::Newest() const {
  MutexLock lock(newest_mutex_);
  return newest_;
}

void FilePager::Publish(FileVersion version) {
  MutexLock lock(newest_mutex_);
  std::swap(newest_, version);
}

std::shared_ptr<const FileState> FilePager::StateOf(const PagerSnapshot* snapshot) const {
  if (snapshot != nullptr) return static_cast<const FileSnapshot*>(snapshot)->state();
  MutexLock lock(newest_mutex_);
  return newest_.state;
}

std::shared_ptr<FileCore> FilePager::NewestCore() const {
  MutexLock lock(newest_mutex_);
  return core_;
}

arrow::Result<PhysicalKey> FilePager::Allocate(uint64_t count) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  return PhysicalKey(next_key_.fetch_add(count, std::memory_order_relaxed));
}

arrow::Result<std::shared_ptr<arrow::Buffer>> FilePager::ReadFound(const FileState& state, const FoundBlob& found,
                                                                   PhysicalKey key) {
  const StorageFile& file = *state.core->file;
  const bool verify = !found.verified();
  ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadEntry(file, EntryType::kBlob, key.value, found.place, verify));
  if (verify) {
    found.SetVerified();
    num_blobs_verified_.fetch_add(1, std::memory_order_relaxed);
  }
  num_blobs_read_.fetch_add(1, std::memory_order_relaxed);
  bytes_read_.fetch_add(bytes.size(), std::memory_order_relaxed);
  return BufferOf(file, bytes);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> FilePager::ReadBlob(const FileState& state, PhysicalKey key,
                                                                  bool with_staged) {
  FileCore& core = *state.core;
  ARROW_ASSIGN_OR_RAISE(const auto found, state.directory.Find(key.value, core.nodes));
  if (found) return ReadFound(state, *found, key);
  if (with_staged) {
    ARROW_ASSIGN_OR_RAISE(auto staged, core.staged.Read(key.value, *core.file));
    if (staged != nullptr) return staged;
    // It may have been committed between the two looks.
    const auto newest = StateOf(nullptr);
    ARROW_ASSIGN_OR_RAISE(const auto now, newest->directory.Find(key.value, newest->core->nodes));
    if (now) return ReadFound(*newest, *now, key);
  }
  return Corrupted("key " + std::to_string(key.value) + " has no blob in '" + path_ + "'");
}

arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> FilePager::Get(std::span<const PhysicalKey> keys,
                                                                          const PagerSnapshot* snapshot) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  const auto state = StateOf(snapshot);
  std::vector<std::shared_ptr<arrow::Buffer>> blobs;
  blobs.reserve(keys.size());
  for (const PhysicalKey key : keys) {
    ARROW_ASSIGN_OR_RAISE(auto blob, ReadBlob(*state, key, snapshot == nullptr));
    blobs.push_back(std::move(blob));
  }
  return blobs;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> FilePager::GetRange(PhysicalKey key, uint64_t offset, uint64_t length,
                                                                  const PagerSnapshot* snapshot) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  const auto state = StateOf(snapshot);
  ARROW_ASSIGN_OR_RAISE(const auto blob, ReadBlob(*state, key, snapshot == nullptr));
  const auto size = static_cast<uint64_t>(blob->size());
  if (offset > size || length > size - offset) {
    return SqlError(sqlstate::kInvalidParameter, std::to_string(length) + " bytes from byte " + std::to_string(offset) +
                                                     " of key " + std::to_string(key.value) + ", which has " +
                                                     std::to_string(size));
  }
  return arrow::SliceBuffer(blob, static_cast<int64_t>(offset), static_cast<int64_t>(length));
}

void FilePager::Prefetch(std::span<const PhysicalKey> keys, const PagerSnapshot* snapshot) {
  if (!CheckUsable().ok()) return;
  const auto state = StateOf(snapshot);
  for (const PhysicalKey key : keys) {
    FileCore& core = *state->core;
    const auto found = state->directory.Find(key.value, core.nodes);
    if (!found.ok() || !*found) continue;
    const Extent place = (*found)->place;
    core.file->WillNeed(place.offset, place.length);
  }
}

arrow::Result<std::vector<PhysicalKey>> FilePager::Keys(const PagerSnapshot* snapshot) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  const auto state = StateOf(snapshot);
  std::vector<PhysicalKey> keys;
  keys.reserve(state->directory.num_keys());
  ARROW_RETURN_NOT_OK(
      state->directory.ForEach(state->core->nodes, [&](uint64_t key, Extent) { keys.push_back(PhysicalKey(key)); }));
  return keys;
}

arrow::Result<std::shared_ptr<const PagerSnapshot>> FilePager::Pin() {
  ARROW_RETURN_NOT_OK(CheckUsable());
  return std::make_shared<FileSnapshot>(Newest());
}

arrow::Status FilePager::ReadLog(Lsn after, const LogVisitor& visit) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  uint64_t from = after.value;
  uint64_t last = 0;
  LogPosition start;
  std::shared_ptr<FileCore> core;
  {
    MutexLock lock(commit_mutex_);
    ARROW_RETURN_NOT_OK(FlushLog());
    core = core_;
    from = std::max(from, truncated_lsn_);
    last = Newest().lsn;
    // From here on the segments that hold commits after `from` stay as they are.
    core->space.AddLogReader();
    start.segment = core->space.FindLog(from);
  }
  start.offset = start.segment.offset;
  start.next_lsn = start.segment.since;
  const auto read = [&]() -> arrow::Status {
    if (last <= from) return arrow::Status::OK();
    LogCursor cursor(*core->file, start, false);
    while (cursor.position().next_lsn <= last) {
      ARROW_ASSIGN_OR_RAISE(const auto entry, cursor.Next());
      if (!entry) {
        return Corrupted("'" + path_ + "': the log record of commit " + std::to_string(cursor.position().next_lsn) +
                         " at byte " + std::to_string(cursor.position().offset) + " is damaged");
      }
      if (entry->lsn <= from || (entry->commit.fixed.flags & kCommitHasLog) == 0) continue;
      ARROW_RETURN_NOT_OK(visit(Lsn(entry->lsn), entry->commit.log));
    }
    return arrow::Status::OK();
  };
  arrow::Status status = read();
  core->space.RemoveLogReader();
  return status;
}

PagerStats FilePager::stats() const {
  PagerStats stats;
  const FileVersion newest = Newest();
  const auto core = NewestCore();
  const StorageFile& file = *core->file;
  stats.num_commits = num_commits_.load(std::memory_order_relaxed);
  stats.num_syncs = file.num_syncs();
  stats.num_writes = file.num_writes();
  stats.bytes_written = file.bytes_written();
  stats.num_blobs_read = num_blobs_read_.load(std::memory_order_relaxed);
  stats.bytes_read = bytes_read_.load(std::memory_order_relaxed);
  stats.num_blobs_verified = num_blobs_verified_.load(std::memory_order_relaxed);
  stats.num_checkpoints = num_checkpoints_.load(std::memory_order_relaxed);
  if (newest.state != nullptr) {
    stats.num_keys = newest.state->directory.num_keys();
    stats.live_bytes = newest.state->live_bytes;
  }
  const SpaceUse use = core->space.Use();
  stats.num_segments = use.num_segments;
  stats.log_bytes = use.log;
  stats.space_live_bytes = use.live;
  stats.dead_bytes = use.dead;
  stats.space_pinned_bytes = use.pinned;
  stats.space_free_bytes = use.free;
  stats.num_blobs_moved = num_blobs_moved_.load(std::memory_order_relaxed);
  stats.num_blobs_damaged = num_blobs_damaged_.load(std::memory_order_relaxed);
  stats.size_bytes = file.size();
  stats.last_lsn = Lsn(newest.lsn);
  stats.durable_lsn = Lsn(syncs_.durable_lsn());
  return stats;
}

uint64_t FilePager::log_bytes() const { return NewestCore()->space.log_bytes(); }

arrow::Status FilePager::Close() {
  if (closed_.load(std::memory_order_acquire)) return arrow::Status::OK();
  arrow::Status status;
  // A forked child owns nothing here: neither the lock nor the log's end.
  if (!fork_guard_->forked()) {
    MutexLock checkpoint_lock(checkpoint_mutex_);
    {
      MutexLock lock(commit_mutex_);
      status = refusal_;
    }
    if (status.ok() && Newest().lsn != checkpoint_lsn_) status = Checkpoint();
    if (GetSqlState(status) == sqlstate::kDiskFull) {
      // The log holds all that the checkpoint would have.
      MutexLock lock(commit_mutex_);
      status = FlushLog();
    }
    if (status.ok() && syncs_.durable_lsn() < Newest().lsn) status = syncs_.WaitForAll();
    if (status.ok()) ShowToReaders(Newest().lsn);
  }
  closed_.store(true, std::memory_order_release);
  NewestCore()->space.SetOldestPin(nullptr);
  {
    MutexLock lock(slots_mutex_);
    slots_.reset();
  }
  Publish({});
  return status;
}

}  // namespace llkv::file

namespace llkv {

arrow::Result<std::unique_ptr<Pager>> OpenFilePager(const std::string& path, const PagerOptions& options,
                                                    const FilePagerTestHooks& hooks) {
  return file::FilePager::Open(path, options, hooks);
}

}  // namespace llkv
