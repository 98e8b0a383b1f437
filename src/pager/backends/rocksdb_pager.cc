// RocksdbPager: the pager behind "rocksdb:PATH", over a RocksDB database in the folder PATH (docs/formats/rocksdb.md).
// A commit is one RocksDB write batch; a full commit waits for a sync of RocksDB's own log, which concurrent ones
// share. RocksDB does its I/O itself, so the seam of src/os carries only the lock file.
#include "pager/pager.h"
#include "pager/registry.h"

#ifdef LLKV_HAVE_ROCKSDB

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/mutex.h"
#include "os/fork_guard.h"
#include "pager/backends/rocksdb_format.h"

namespace llkv {

using namespace rocksdb_format;  // NOLINT: the stored forms are this file's own.

namespace {

/// RocksDB counts a value's bytes in 32 bits.
constexpr uint64_t kMaxBlobBytes = std::numeric_limits<uint32_t>::max() - 64;

arrow::Status FromRocksdb(const rocksdb::Status& status, const std::string& path) {
  if (status.ok()) return arrow::Status::OK();
  std::string message = "'" + path + "': RocksDB: " + status.ToString();
  if (status.IsNoSpace()) return SqlError(sqlstate::kDiskFull, std::move(message));
  if (status.IsCorruption()) return Corrupted(std::move(message));
  return SqlError(sqlstate::kIoError, std::move(message));
}

/// The RocksDB database, and the pins in it, which may outlive the pager but not keep the database open.
struct Store {
  std::string path;
  Mutex mutex;
  std::unique_ptr<rocksdb::DB> db;
  std::set<const rocksdb::Snapshot*> pins LLKV_GUARDED_BY(mutex);
  bool closed LLKV_GUARDED_BY(mutex) = false;
  // Keys of living StagedBlobs.
  std::unordered_map<uint64_t, BlobRecord> staged LLKV_GUARDED_BY(mutex);

  void Unpin(const rocksdb::Snapshot* pin) LLKV_EXCLUDES(mutex) {
    MutexLock lock(mutex);
    if (pins.erase(pin) != 0) db->ReleaseSnapshot(pin);
  }
};

class RocksdbSnapshot : public PagerSnapshot {
 public:
  RocksdbSnapshot(std::shared_ptr<Store> store, const rocksdb::Snapshot* pin, uint64_t lsn, uint64_t root_version,
                  std::shared_ptr<arrow::Buffer> root)
      : store_(std::move(store)), pin_(pin), lsn_(lsn), root_version_(root_version), root_(std::move(root)) {}
  ~RocksdbSnapshot() override { store_->Unpin(pin_); }

  Lsn lsn() const override { return Lsn(lsn_); }
  const std::shared_ptr<arrow::Buffer>& root() const override { return root_; }
  uint64_t root_version() const override { return root_version_; }
  const rocksdb::Snapshot* pin() const { return pin_; }

 private:
  const std::shared_ptr<Store> store_;
  const rocksdb::Snapshot* const pin_;
  const uint64_t lsn_;
  const uint64_t root_version_;
  const std::shared_ptr<arrow::Buffer> root_;
};

class StagedValue : public StagedBlob::Impl {
 public:
  StagedValue(std::shared_ptr<Store> owner, uint64_t key, BlobRecord record)
      : owner(std::move(owner)), key(key), record(record) {}
  ~StagedValue() override {
    MutexLock lock(owner->mutex);
    owner->staged.erase(key);
    // What is left of a closed one goes at the next opening.
    if (committed || owner->closed) return;
    rocksdb::WriteBatch batch;
    batch.Delete(Key('b', key).slice());
    batch.Delete(Key('s', key).slice());
    static_cast<void>(owner->db->Write({}, &batch));
  }
  const std::shared_ptr<Store> owner;
  const uint64_t key;
  const BlobRecord record;
  bool committed = false;
};

/// Appends the pieces to one aligned buffer.
arrow::Result<std::shared_ptr<arrow::Buffer>> CopyAligned(std::span<const Bytes> pieces) {
  size_t size = 0;
  for (const Bytes piece : pieces) size += piece.size();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> whole, arrow::AllocateBuffer(static_cast<int64_t>(size)));
  uint8_t* out = whole->mutable_data();
  for (const Bytes piece : pieces) {
    if (!piece.empty()) std::memcpy(out, piece.data(), piece.size());
    out += piece.size();
  }
  return whole;
}

std::vector<Bytes> PiecesOf(std::span<const std::shared_ptr<arrow::Buffer>> buffers) {
  std::vector<Bytes> pieces;
  for (const auto& buffer : buffers) pieces.emplace_back(buffer->data(), static_cast<size_t>(buffer->size()));
  return pieces;
}

/// The lock file beside the folder, as for a database file: one writer or many readers. Null where a reader finds none
/// and cannot make one.
arrow::Result<std::unique_ptr<File>> TakeLock(FileSystem& file_system, const std::string& path, bool read_only) {
  const std::string lock_path = path + "-lock";
  auto opened = file_system.Open(lock_path, {.write = true, .create = true, .truncate = false});
  if (!opened.ok() && read_only) {
    ARROW_ASSIGN_OR_RAISE(const bool exists, file_system.Exists(lock_path));
    if (!exists) return nullptr;
    opened = file_system.Open(lock_path, {.write = false, .create = false, .truncate = false});
  }
  ARROW_RETURN_NOT_OK(opened.status());
  ARROW_ASSIGN_OR_RAISE(const bool locked,
                        (*opened)->TryLock(0, 1, read_only ? LockKind::kShared : LockKind::kExclusive));
  if (!locked) {
    return SqlError(sqlstate::kObjectInUse, "the database '" + path + "' is in use" +
                                                (read_only ? " by a writer" : "") +
                                                ", in this process or another (its lock file is '" + lock_path + "')");
  }
  return std::move(*opened);
}

class RocksdbPager : public Pager {
 public:
  static arrow::Result<std::unique_ptr<Pager>> Open(const std::string& name, const PagerOptions& options);
  RocksdbPager(const PagerOptions& options, std::shared_ptr<Store> store, std::unique_ptr<File> lock_file,
               std::unique_ptr<ForkGuard> fork_guard)
      : options_(options),
        store_(std::move(store)),
        lock_file_(std::move(lock_file)),
        fork_guard_(std::move(fork_guard)) {}
  ~RocksdbPager() override { static_cast<void>(Close()); }

  arrow::Result<PhysicalKey> Allocate(uint64_t count) override {
    ARROW_RETURN_NOT_OK(CheckWritable());
    return PhysicalKey(next_key_.fetch_add(count, std::memory_order_relaxed));
  }

  using Pager::Get;
  arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> Get(std::span<const PhysicalKey> keys,
                                                                 const PagerSnapshot* snapshot) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> GetRange(PhysicalKey key, uint64_t offset, uint64_t length,
                                                         const PagerSnapshot* snapshot) override;
  void Prefetch(std::span<const PhysicalKey>, const PagerSnapshot*) override {}
  arrow::Result<std::vector<PhysicalKey>> Keys(const PagerSnapshot* snapshot) override;
  arrow::Result<StagedBlob> Stage(PhysicalKey key, std::span<const std::shared_ptr<arrow::Buffer>> pieces) override;
  arrow::Result<CommitTicket> Submit(WriteBatch& batch, const CommitOptions& options) override;
  arrow::Status WaitDurable(const CommitTicket& ticket) override;
  arrow::Status ReadLog(Lsn after, const LogVisitor& visit) override;
  arrow::Result<std::shared_ptr<const PagerSnapshot>> Pin() override;
  PagerStats stats() const override;
  arrow::Status CheckIntegrity(const IntegrityVisitor& visit) override;
  arrow::Status Close() override;

 private:
  /// A batch as RocksDB takes it, and what it changes of the counters.
  struct Prepared {
    rocksdb::WriteBatch batch;
    Counters counters;
    std::shared_ptr<arrow::Buffer> root;
  };

  arrow::Status LoadCounters();
  arrow::Status DropStagedLeftovers();
  arrow::Status CheckUsable() const;
  arrow::Status CheckWritable() const;
  arrow::Status BadKey(PhysicalKey key, const char* what) const;
  rocksdb::ReadOptions ReadAt(const PagerSnapshot* snapshot) const;
  arrow::Result<std::optional<BlobRecord>> FindRecord(uint64_t key, const rocksdb::ReadOptions& at);
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadBlob(uint64_t key, const PagerSnapshot* snapshot);
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadBytes(uint64_t key, const BlobRecord& record,
                                                          const rocksdb::ReadOptions& at);
  arrow::Result<Prepared> Prepare(const WriteBatch& batch, const CommitOptions& options) LLKV_REQUIRES(commit_mutex_);
  arrow::Status AddPuts(const WriteBatch& batch, Prepared* prepared) LLKV_REQUIRES(commit_mutex_);
  arrow::Status AddFrees(const WriteBatch& batch, Prepared* prepared) LLKV_REQUIRES(commit_mutex_);
  void AddLog(const WriteBatch& batch, Prepared* prepared) LLKV_REQUIRES(commit_mutex_);
  arrow::Status Write(rocksdb::WriteBatch* batch);
  arrow::Status SyncUpTo(uint64_t lsn);
  std::shared_ptr<const RocksdbSnapshot> PinLocked() LLKV_REQUIRES(commit_mutex_);
  arrow::Status FailUnsynced(const arrow::Status& cause) LLKV_EXCLUDES(commit_mutex_);

  const PagerOptions options_;
  const std::shared_ptr<Store> store_;
  std::unique_ptr<File> lock_file_;
  const std::unique_ptr<ForkGuard> fork_guard_;
  std::atomic<bool> closed_{false};
  std::atomic<uint64_t> next_key_{1};

  // Covers each commit with its publication, so that a pin has both or neither.
  mutable Mutex commit_mutex_;
  Counters counters_ LLKV_GUARDED_BY(commit_mutex_);
  std::shared_ptr<arrow::Buffer> root_ LLKV_GUARDED_BY(commit_mutex_);
  /// Why no commit is accepted any more; OK while they are.
  arrow::Status refusal_ LLKV_GUARDED_BY(commit_mutex_);
  /// A full commit that nobody has been told is durable, and what was there before it.
  struct Unsynced {
    uint64_t lsn = 0;
    std::shared_ptr<const RocksdbSnapshot> before;
    Counters counters_before;
  };
  std::vector<Unsynced> unsynced_ LLKV_GUARDED_BY(commit_mutex_);
  /// Set once, after a failed sync: what reads without a snapshot see.
  std::atomic<const rocksdb::Snapshot*> read_at_{nullptr};
  std::shared_ptr<const RocksdbSnapshot> read_at_owner_ LLKV_GUARDED_BY(commit_mutex_);
  std::atomic<uint64_t> written_lsn_{0};

  Mutex sync_mutex_;
  ConditionVariable synced_;
  bool syncing_ LLKV_GUARDED_BY(sync_mutex_) = false;
  arrow::Status sync_failure_ LLKV_GUARDED_BY(sync_mutex_);
  std::atomic<uint64_t> durable_lsn_{0};

  std::atomic<uint64_t> num_commits_{0};
  std::atomic<uint64_t> num_syncs_{0};
  std::atomic<uint64_t> num_writes_{0};
  std::atomic<uint64_t> bytes_written_{0};
  std::atomic<uint64_t> num_blobs_read_{0};
  std::atomic<uint64_t> bytes_read_{0};
};

arrow::Result<std::unique_ptr<Pager>> RocksdbPager::Open(const std::string& name, const PagerOptions& options) {
  FileSystem& file_system = *options.file_system;
  ARROW_ASSIGN_OR_RAISE(const std::string path, file_system.Resolve(name));
  ARROW_ASSIGN_OR_RAISE(const bool exists, file_system.Exists(path + "/CURRENT"));
  if (!exists && (options.read_only || !options.create_if_missing)) {
    return SqlError(sqlstate::kUndefinedFile, "there is no RocksDB database '" + path + "'");
  }
  ARROW_ASSIGN_OR_RAISE(auto lock_file, TakeLock(file_system, path, options.read_only));
  auto store = std::make_shared<Store>();
  store->path = path;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Options rocksdb_options = MakeOptions(options.read_only);
  const rocksdb::Status status = options.read_only ? rocksdb::DB::OpenForReadOnly(rocksdb_options, path, &opened)
                                                   : rocksdb::DB::Open(rocksdb_options, path, &opened);
  ARROW_RETURN_NOT_OK(FromRocksdb(status, path));
  store->db.reset(opened);
  ARROW_ASSIGN_OR_RAISE(auto fork_guard, ForkGuard::Make());
  auto pager = std::make_unique<RocksdbPager>(options, store, std::move(lock_file), std::move(fork_guard));
  ARROW_RETURN_NOT_OK(pager->LoadCounters());
  if (!options.read_only) ARROW_RETURN_NOT_OK(pager->DropStagedLeftovers());
  return pager;
}

arrow::Status RocksdbPager::LoadCounters() {
  MutexLock lock(commit_mutex_);
  std::string value;
  rocksdb::Status status = store_->db->Get({}, Key('m').slice(), &value);
  if (status.IsNotFound()) {
    const std::unique_ptr<rocksdb::Iterator> any(store_->db->NewIterator({}));
    any->SeekToFirst();
    // A crash may leave staged blobs before the first commit.
    if (any->Valid() && any->key()[0] != 'b' && any->key()[0] != 's') {
      return Corrupted("'" + store_->path + "' is a RocksDB database, but not one of LLKV");
    }
    return FromRocksdb(any->status(), store_->path);
  }
  ARROW_RETURN_NOT_OK(FromRocksdb(status, store_->path));
  if (value.size() != sizeof(Counters)) return Corrupted("'" + store_->path + "': the counters are damaged");
  std::memcpy(&counters_, value.data(), sizeof(counters_));
  if (counters_.version != kFormatVersion) {
    return NotSupported("'" + store_->path + "' has format version " + std::to_string(counters_.version) +
                        "; this program reads version " + std::to_string(kFormatVersion));
  }
  std::string root;
  if (counters_.has_root != 0) {
    ARROW_RETURN_NOT_OK(FromRocksdb(store_->db->Get({}, Key('r').slice(), &root), store_->path));
  }
  const Bytes root_bytes(reinterpret_cast<const uint8_t*>(root.data()), root.size());
  if (ChecksumOf(counters_, root_bytes) != counters_.checksum) {
    return Corrupted("'" + store_->path + "': counters and root do not match their checksum");
  }
  if (counters_.has_root != 0) {
    ARROW_ASSIGN_OR_RAISE(root_, CopyAligned({&root_bytes, 1}));
  }
  next_key_.store(counters_.next_key);
  written_lsn_.store(counters_.lsn);
  durable_lsn_.store(counters_.lsn);
  return arrow::Status::OK();
}

arrow::Status RocksdbPager::DropStagedLeftovers() {
  rocksdb::WriteBatch batch;
  const std::unique_ptr<rocksdb::Iterator> staged(store_->db->NewIterator({}));
  for (staged->Seek(Key('s').slice()); staged->Valid(); staged->Next()) {
    const auto key = Key::NumberOf(staged->key(), 's');
    if (!key) break;
    batch.Delete(Key('b', *key).slice());
    batch.Delete(Key('s', *key).slice());
  }
  ARROW_RETURN_NOT_OK(FromRocksdb(staged->status(), store_->path));
  return batch.Count() == 0 ? arrow::Status::OK() : Write(&batch);
}

arrow::Status RocksdbPager::CheckUsable() const {
  if (closed_.load(std::memory_order_acquire)) {
    return SqlError(sqlstate::kObjectInUse, "the database '" + store_->path + "' is closed");
  }
  if (fork_guard_->forked()) {
    return SqlError(sqlstate::kObjectInUse,
                    "the database '" + store_->path + "' was opened before fork; a child process must open it itself");
  }
  return arrow::Status::OK();
}

arrow::Status RocksdbPager::CheckWritable() const {
  ARROW_RETURN_NOT_OK(CheckUsable());
  if (!options_.read_only) return arrow::Status::OK();
  return SqlError(sqlstate::kReadOnlyTransaction, "the database '" + store_->path + "' was opened read-only");
}

arrow::Status RocksdbPager::BadKey(PhysicalKey key, const char* what) const {
  return SqlError(sqlstate::kInvalidParameter, "key " + std::to_string(key.value) + " " + what);
}

rocksdb::ReadOptions RocksdbPager::ReadAt(const PagerSnapshot* snapshot) const {
  rocksdb::ReadOptions at;
  at.snapshot = snapshot != nullptr ? static_cast<const RocksdbSnapshot*>(snapshot)->pin()
                                    : read_at_.load(std::memory_order_acquire);
  return at;
}

arrow::Result<std::optional<BlobRecord>> RocksdbPager::FindRecord(uint64_t key, const rocksdb::ReadOptions& at) {
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = store_->db->Get(at, store_->db->DefaultColumnFamily(), Key('k', key).slice(), &value);
  if (status.IsNotFound()) return std::nullopt;
  ARROW_RETURN_NOT_OK(FromRocksdb(status, store_->path));
  BlobRecord record;
  if (value.size() != sizeof(record)) {
    return Corrupted("'" + store_->path + "': the record of key " + std::to_string(key) + " is damaged");
  }
  std::memcpy(&record, value.data(), sizeof(record));
  return record;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> RocksdbPager::ReadBytes(uint64_t key, const BlobRecord& record,
                                                                      const rocksdb::ReadOptions& at) {
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = store_->db->Get(at, store_->db->DefaultColumnFamily(), Key('b', key).slice(), &value);
  if (status.IsNotFound()) {
    return Corrupted("'" + store_->path + "': the bytes of key " + std::to_string(key) + " are not there");
  }
  ARROW_RETURN_NOT_OK(FromRocksdb(status, store_->path));
  if (value.size() != record.length || HashBytes(value.data(), value.size()) != record.checksum) {
    return Corrupted("'" + store_->path + "': the blob of key " + std::to_string(key) + " (" +
                     std::to_string(value.size()) + " bytes) does not match its checksum");
  }
  num_blobs_read_.fetch_add(1, std::memory_order_relaxed);
  bytes_read_.fetch_add(value.size(), std::memory_order_relaxed);
  const Bytes bytes = BytesOf(value);
  return CopyAligned({&bytes, 1});
}

arrow::Result<std::shared_ptr<arrow::Buffer>> RocksdbPager::ReadBlob(uint64_t key, const PagerSnapshot* snapshot) {
  const rocksdb::ReadOptions at = ReadAt(snapshot);
  ARROW_ASSIGN_OR_RAISE(auto record, FindRecord(key, at));
  if (!record && snapshot == nullptr) {
    {
      MutexLock lock(store_->mutex);
      const auto staged = store_->staged.find(key);
      if (staged != store_->staged.end()) record = staged->second;
    }
    // It may have been committed between the two looks.
    if (!record) {
      ARROW_ASSIGN_OR_RAISE(record, FindRecord(key, at));
    }
  }
  if (!record) return Corrupted("key " + std::to_string(key) + " has no blob in '" + store_->path + "'");
  return ReadBytes(key, *record, at);
}

arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> RocksdbPager::Get(std::span<const PhysicalKey> keys,
                                                                             const PagerSnapshot* snapshot) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  std::vector<std::shared_ptr<arrow::Buffer>> blobs;
  blobs.reserve(keys.size());
  for (const PhysicalKey key : keys) {
    ARROW_ASSIGN_OR_RAISE(auto blob, ReadBlob(key.value, snapshot));
    blobs.push_back(std::move(blob));
  }
  return blobs;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> RocksdbPager::GetRange(PhysicalKey key, uint64_t offset, uint64_t length,
                                                                     const PagerSnapshot* snapshot) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  ARROW_ASSIGN_OR_RAISE(auto whole, ReadBlob(key.value, snapshot));
  const auto size = static_cast<uint64_t>(whole->size());
  if (offset > size || length > size - offset) {
    return SqlError(sqlstate::kInvalidParameter, std::to_string(length) + " bytes from byte " + std::to_string(offset) +
                                                     " of key " + std::to_string(key.value) + ", which has " +
                                                     std::to_string(size));
  }
  return arrow::SliceBuffer(std::move(whole), static_cast<int64_t>(offset), static_cast<int64_t>(length));
}

arrow::Result<std::vector<PhysicalKey>> RocksdbPager::Keys(const PagerSnapshot* snapshot) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  std::vector<PhysicalKey> keys;
  const std::unique_ptr<rocksdb::Iterator> records(store_->db->NewIterator(ReadAt(snapshot)));
  for (records->Seek(Key('k').slice()); records->Valid(); records->Next()) {
    const auto key = Key::NumberOf(records->key(), 'k');
    if (!key) break;
    keys.emplace_back(*key);
  }
  ARROW_RETURN_NOT_OK(FromRocksdb(records->status(), store_->path));
  return keys;
}

arrow::Status RocksdbPager::Write(rocksdb::WriteBatch* batch) {
  num_writes_.fetch_add(1, std::memory_order_relaxed);
  bytes_written_.fetch_add(batch->GetDataSize(), std::memory_order_relaxed);
  rocksdb::Status status = store_->db->Write({}, batch);
  // After a full disk RocksDB refuses all writes until it is told that there may be room again.
  if (!status.ok() && store_->db->Resume().ok()) status = store_->db->Write({}, batch);
  return FromRocksdb(status, store_->path);
}

arrow::Result<StagedBlob> RocksdbPager::Stage(PhysicalKey key, std::span<const std::shared_ptr<arrow::Buffer>> pieces) {
  ARROW_RETURN_NOT_OK(CheckWritable());
  if (key.value == 0 || key.value >= next_key_.load(std::memory_order_relaxed)) {
    return BadKey(key, "was never allocated");
  }
  ARROW_ASSIGN_OR_RAISE(const auto bytes, CopyAligned(PiecesOf(pieces)));
  const auto size = static_cast<uint64_t>(bytes->size());
  if (size > kMaxBlobBytes) return BadKey(key, "gets more bytes than RocksDB takes in a value");
  const BlobRecord record{size, HashBytes(bytes->data(), size)};
  ARROW_ASSIGN_OR_RAISE(const auto existing, FindRecord(key.value, {}));
  {
    MutexLock lock(store_->mutex);
    if (existing || !store_->staged.emplace(key.value, record).second) return BadKey(key, "has a blob already");
  }
  // From here on dropping it takes the bytes away again, also after a failure.
  auto staged = std::make_unique<StagedValue>(store_, key.value, record);
  rocksdb::WriteBatch batch;
  batch.Put(Key('s', key.value).slice(), rocksdb::Slice());
  batch.Put(Key('b', key.value).slice(), SliceOf({bytes->data(), size}));
  ARROW_RETURN_NOT_OK(Write(&batch));
  return StagedBlob(key, size, std::move(staged));
}

arrow::Status RocksdbPager::AddPuts(const WriteBatch& batch, Prepared* prepared) {
  std::unordered_set<uint64_t> put;
  const auto add = [&](PhysicalKey key, const BlobRecord& record) -> arrow::Status {
    if (key.value == 0 || key.value >= next_key_.load(std::memory_order_relaxed)) {
      return BadKey(key, "was never allocated");
    }
    ARROW_ASSIGN_OR_RAISE(const auto existing, FindRecord(key.value, {}));
    if (existing || !put.insert(key.value).second) return BadKey(key, "has a blob already");
    prepared->batch.Put(Key('k', key.value).slice(), SliceOf(RawBytes(record)));
    ++prepared->counters.num_keys;
    prepared->counters.live_bytes += record.length;
    return arrow::Status::OK();
  };
  for (const WriteBatch::PutEntry& entry : batch.puts()) {
    const std::vector<Bytes> pieces = PiecesOf(entry.pieces);
    std::vector<rocksdb::Slice> parts;
    BlobRecord record{0, HashPieces(pieces)};
    for (const Bytes piece : pieces) {
      parts.push_back(SliceOf(piece));
      record.length += piece.size();
    }
    if (record.length > kMaxBlobBytes) return BadKey(entry.key, "gets more bytes than RocksDB takes in a value");
    ARROW_RETURN_NOT_OK(add(entry.key, record));
    const Key key('b', entry.key.value);
    const rocksdb::Slice key_part = key.slice();
    prepared->batch.Put(rocksdb::SliceParts(&key_part, 1),
                        rocksdb::SliceParts(parts.data(), static_cast<int>(parts.size())));
  }
  for (const StagedBlob& staged : batch.staged()) {
    const auto* value = dynamic_cast<const StagedValue*>(staged.impl());
    if (value == nullptr || value->owner != store_) {
      return SqlError(sqlstate::kInvalidParameter, "a blob staged in another pager");
    }
    ARROW_RETURN_NOT_OK(add(staged.key(), value->record));
    prepared->batch.Delete(Key('s', value->key).slice());
  }
  return arrow::Status::OK();
}

arrow::Status RocksdbPager::AddFrees(const WriteBatch& batch, Prepared* prepared) {
  std::unordered_set<uint64_t> freed;
  for (const PhysicalKey key : batch.frees()) {
    ARROW_ASSIGN_OR_RAISE(const auto existing, FindRecord(key.value, {}));
    if (!existing || !freed.insert(key.value).second) return BadKey(key, "has no blob to free");
    prepared->batch.Delete(Key('k', key.value).slice());
    prepared->batch.Delete(Key('b', key.value).slice());
    --prepared->counters.num_keys;
    prepared->counters.live_bytes -= existing->length;
  }
  return arrow::Status::OK();
}

void RocksdbPager::AddLog(const WriteBatch& batch, Prepared* prepared) {
  Counters& counters = prepared->counters;
  const uint64_t truncate = std::min(batch.truncate_log().value, counters_.lsn);
  if (truncate > counters.truncated_lsn) {
    const std::unique_ptr<rocksdb::Iterator> records(store_->db->NewIterator({}));
    for (records->Seek(Key('l', counters.truncated_lsn + 1).slice()); records->Valid(); records->Next()) {
      const auto lsn = Key::NumberOf(records->key(), 'l');
      if (!lsn || *lsn > truncate) break;
      prepared->batch.Delete(records->key());
      counters.log_bytes -= std::min<uint64_t>(counters.log_bytes, records->value().size());
    }
    counters.truncated_lsn = truncate;
  }
  if (!batch.has_log()) return;
  // A checksum before the record: it is the only copy of what it says.
  const uint64_t checksum = HashBytes(batch.log().data(), batch.log().size());
  const Key key('l', counters.lsn);
  const rocksdb::Slice key_part = key.slice();
  const rocksdb::Slice parts[] = {SliceOf(RawBytes(checksum)), SliceOf(batch.log())};
  prepared->batch.Put(rocksdb::SliceParts(&key_part, 1), rocksdb::SliceParts(parts, 2));
  counters.log_bytes += sizeof(checksum) + batch.log().size();
}

arrow::Result<RocksdbPager::Prepared> RocksdbPager::Prepare(const WriteBatch& batch, const CommitOptions& options) {
  ARROW_RETURN_NOT_OK(refusal_);
  if (options.expected_root_version && *options.expected_root_version != counters_.root_version) {
    return SqlError(sqlstate::kSerializationFailure, "the root of '" + store_->path + "' is at version " +
                                                         std::to_string(counters_.root_version) + ", not " +
                                                         std::to_string(*options.expected_root_version));
  }
  Prepared prepared;
  prepared.counters = counters_;
  prepared.root = root_;
  ++prepared.counters.lsn;
  prepared.counters.next_key = next_key_.load(std::memory_order_relaxed);
  ARROW_RETURN_NOT_OK(AddFrees(batch, &prepared));
  ARROW_RETURN_NOT_OK(AddPuts(batch, &prepared));
  AddLog(batch, &prepared);
  if (batch.root() != nullptr) {
    prepared.root = batch.root();
    prepared.counters.has_root = 1;
    ++prepared.counters.root_version;
    prepared.batch.Put(Key('r').slice(), SliceOf({batch.root()->data(), static_cast<size_t>(batch.root()->size())}));
  }
  const Bytes root =
      prepared.root == nullptr ? Bytes() : Bytes(prepared.root->data(), static_cast<size_t>(prepared.root->size()));
  prepared.counters.checksum = ChecksumOf(prepared.counters, root);
  prepared.batch.Put(Key('m').slice(), SliceOf(RawBytes(prepared.counters)));
  return prepared;
}

arrow::Result<CommitTicket> RocksdbPager::Submit(WriteBatch& batch, const CommitOptions& options) {
  ARROW_RETURN_NOT_OK(CheckWritable());
  const Durability durability = options.durability.value_or(options_.durability);
  uint64_t lsn = 0;
  {
    MutexLock lock(commit_mutex_);
    ARROW_ASSIGN_OR_RAISE(Prepared prepared, Prepare(batch, options));
    lsn = prepared.counters.lsn;
    std::shared_ptr<const RocksdbSnapshot> before;
    if (durability == Durability::kFull) before = PinLocked();
    ARROW_RETURN_NOT_OK(Write(&prepared.batch));
    if (before != nullptr) {
      const uint64_t durable = durable_lsn_.load(std::memory_order_acquire);
      std::erase_if(unsynced_, [&](const Unsynced& commit) { return commit.lsn <= durable; });
      unsynced_.push_back({lsn, std::move(before), counters_});
    }
    counters_ = prepared.counters;
    root_ = std::move(prepared.root);
    written_lsn_.store(lsn, std::memory_order_release);
  }
  for (const StagedBlob& staged : batch.staged()) static_cast<StagedValue*>(staged.impl())->committed = true;
  num_commits_.fetch_add(1, std::memory_order_relaxed);
  batch.Clear();
  return CommitTicket{Lsn(lsn), durability};
}

arrow::Status RocksdbPager::FailUnsynced(const arrow::Status& cause) {
  MutexLock lock(commit_mutex_);
  const uint64_t durable = durable_lsn_.load(std::memory_order_acquire);
  refusal_ = SqlError(sqlstate::kIoError, "'" + store_->path + "': a sync failed (" + cause.message() +
                                              "); what was not durable before it may be lost, and nothing is "
                                              "committed any more until the database is closed and opened again");
  const auto first =
      std::find_if(unsynced_.begin(), unsynced_.end(), [&](const Unsynced& commit) { return commit.lsn > durable; });
  if (first == unsynced_.end()) return refusal_;
  counters_ = first->counters_before;
  root_ = first->before->root();
  read_at_owner_ = first->before;
  read_at_.store(first->before->pin(), std::memory_order_release);
  unsynced_.clear();
  return refusal_;
}

arrow::Status RocksdbPager::SyncUpTo(uint64_t lsn) {
  if (durable_lsn_.load(std::memory_order_acquire) >= lsn) return arrow::Status::OK();
  MutexLock lock(sync_mutex_);
  while (durable_lsn_.load(std::memory_order_acquire) < lsn) {
    if (!sync_failure_.ok()) return sync_failure_;
    if (syncing_) {
      synced_.Wait(sync_mutex_);
      continue;
    }
    syncing_ = true;
    sync_mutex_.Unlock();
    const uint64_t written = written_lsn_.load(std::memory_order_acquire);
    arrow::Status status = FromRocksdb(store_->db->SyncWAL(), store_->path);
    num_syncs_.fetch_add(1, std::memory_order_relaxed);
    if (!status.ok()) status = FailUnsynced(status);
    sync_mutex_.Lock();
    syncing_ = false;
    if (status.ok()) {
      durable_lsn_.store(written, std::memory_order_release);
    } else {
      sync_failure_ = status;
    }
    synced_.NotifyAll();
  }
  return arrow::Status::OK();
}

arrow::Status RocksdbPager::WaitDurable(const CommitTicket& ticket) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  return ticket.durability == Durability::kFull ? SyncUpTo(ticket.lsn.value) : arrow::Status::OK();
}

arrow::Status RocksdbPager::ReadLog(Lsn after, const LogVisitor& visit) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  std::shared_ptr<const RocksdbSnapshot> newest;
  uint64_t from = after.value;
  {
    MutexLock lock(commit_mutex_);
    newest = PinLocked();
    from = std::max(from, counters_.truncated_lsn);
  }
  if (from >= newest->lsn().value) return arrow::Status::OK();
  const std::unique_ptr<rocksdb::Iterator> records(store_->db->NewIterator(ReadAt(newest.get())));
  for (records->Seek(Key('l', from + 1).slice()); records->Valid(); records->Next()) {
    const auto lsn = Key::NumberOf(records->key(), 'l');
    if (!lsn) break;
    const Bytes value = BytesOf(records->value());
    uint64_t checksum = 0;
    if (value.size() >= sizeof(checksum)) std::memcpy(&checksum, value.data(), sizeof(checksum));
    if (value.size() < sizeof(checksum) ||
        HashBytes(value.data() + sizeof(checksum), value.size() - sizeof(checksum)) != checksum) {
      return Corrupted("'" + store_->path + "': the log record of commit " + std::to_string(*lsn) + " is damaged");
    }
    ARROW_RETURN_NOT_OK(visit(Lsn(*lsn), value.subspan(sizeof(checksum))));
  }
  return FromRocksdb(records->status(), store_->path);
}

std::shared_ptr<const RocksdbSnapshot> RocksdbPager::PinLocked() {
  MutexLock lock(store_->mutex);
  const rocksdb::Snapshot* pin = store_->db->GetSnapshot();
  // A database that is open for reading only does not change, and RocksDB gives no snapshot of it.
  if (pin != nullptr) store_->pins.insert(pin);
  return std::make_shared<RocksdbSnapshot>(store_, pin, counters_.lsn, counters_.root_version, root_);
}

arrow::Result<std::shared_ptr<const PagerSnapshot>> RocksdbPager::Pin() {
  ARROW_RETURN_NOT_OK(CheckUsable());
  MutexLock lock(commit_mutex_);
  if (read_at_owner_ != nullptr) return read_at_owner_;
  return PinLocked();
}

PagerStats RocksdbPager::stats() const {
  PagerStats stats;
  stats.num_commits = num_commits_.load(std::memory_order_relaxed);
  stats.num_syncs = num_syncs_.load(std::memory_order_relaxed);
  stats.num_writes = num_writes_.load(std::memory_order_relaxed);
  stats.bytes_written = bytes_written_.load(std::memory_order_relaxed);
  stats.num_blobs_read = stats.num_blobs_verified = num_blobs_read_.load(std::memory_order_relaxed);
  stats.bytes_read = bytes_read_.load(std::memory_order_relaxed);
  MutexLock lock(commit_mutex_);
  stats.num_keys = counters_.num_keys;
  stats.live_bytes = counters_.live_bytes;
  stats.log_bytes = counters_.log_bytes;
  stats.size_bytes = stats.space_live_bytes = counters_.live_bytes + counters_.log_bytes;
  stats.last_lsn = Lsn(counters_.lsn);
  stats.durable_lsn = Lsn(durable_lsn_.load(std::memory_order_acquire));
  return stats;
}

arrow::Status RocksdbPager::CheckIntegrity(const IntegrityVisitor& visit) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  const auto report = [&](PhysicalKey key, const std::string& message) { return visit({TableId(), key, 0, message}); };
  // RocksDB's own files first, each against its checksums.
  const arrow::Status files = FromRocksdb(store_->db->VerifyChecksum(), store_->path);
  if (!files.ok()) ARROW_RETURN_NOT_OK(report(PhysicalKey(), files.message()));
  std::shared_ptr<const RocksdbSnapshot> newest;
  Counters counters;
  {
    MutexLock lock(commit_mutex_);
    newest = read_at_owner_ != nullptr ? read_at_owner_ : PinLocked();
    counters = counters_;
  }
  const auto keys = Keys(newest.get());
  if (!keys.ok()) return report(PhysicalKey(), keys.status().message());
  uint64_t live_bytes = 0;
  for (const PhysicalKey key : *keys) {
    ARROW_RETURN_NOT_OK(visit.CheckStop());
    const auto blob = ReadBlob(key.value, newest.get());
    if (blob.ok()) {
      live_bytes += static_cast<uint64_t>((*blob)->size());
    } else {
      ARROW_RETURN_NOT_OK(report(key, blob.status().message()));
    }
  }
  if (keys->size() != counters.num_keys || live_bytes != counters.live_bytes) {
    ARROW_RETURN_NOT_OK(report(PhysicalKey(), "'" + store_->path + "': has " + std::to_string(keys->size()) +
                                                  " blobs of " + std::to_string(live_bytes) + " bytes and counts " +
                                                  std::to_string(counters.num_keys) + " of " +
                                                  std::to_string(counters.live_bytes)));
  }
  const arrow::Status log = ReadLog(Lsn(), [](Lsn, std::span<const uint8_t>) { return arrow::Status::OK(); });
  return log.ok() ? log : report(PhysicalKey(), log.message());
}

arrow::Status RocksdbPager::Close() {
  if (closed_.exchange(true, std::memory_order_acq_rel)) return arrow::Status::OK();
  if (fork_guard_->forked()) {
    // The child has none of RocksDB's threads, which its destructor waits for.
    static_cast<void>(store_->db.release());
    static_cast<void>(lock_file_.release());
    return arrow::Status::OK();
  }
  arrow::Status status;
  if (!options_.read_only) {
    {
      MutexLock lock(commit_mutex_);
      status = refusal_;
    }
    if (status.ok()) status = SyncUpTo(written_lsn_.load());
  }
  MutexLock lock(store_->mutex);
  store_->closed = true;
  for (const rocksdb::Snapshot* pin : store_->pins) store_->db->ReleaseSnapshot(pin);
  store_->pins.clear();
  const arrow::Status closed = FromRocksdb(store_->db->Close(), store_->path);
  store_->db.reset();
  lock_file_.reset();
  return status.ok() ? closed : status;
}

}  // namespace

}  // namespace llkv

#else  // LLKV_HAVE_ROCKSDB

#include "base/error.h"

#endif  // LLKV_HAVE_ROCKSDB

namespace llkv {

void RegisterRocksdbPager(PagerRegistry& registry);

void RegisterRocksdbPager(PagerRegistry& registry) {
#ifdef LLKV_HAVE_ROCKSDB
  registry.Add({"rocksdb", true, true, [](const std::string& path, const PagerOptions& options) {
                  return RocksdbPager::Open(path, options);
                }});
#else
  registry.Add({"rocksdb", true, false, [](const std::string& path, const PagerOptions&) {
                  return arrow::Result<std::unique_ptr<Pager>>(
                      NotSupported("'rocksdb:" + path +
                                   "': this program was built without RocksDB; install Debian's "
                                   "package librocksdb-dev (or RocksDB's headers and library) and build it again"));
                }});
#endif
}

}  // namespace llkv
