// SimDisk: visible bytes live in a memfd, so that mappings work; durable bytes and the list of changes since the last
// sync live beside it.
#include "os/testing/sim_disk.h"

#include <arrow/result.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <utility>

#include "base/error.h"
#include "os/posix_error.h"

namespace llkv {

namespace {

/// One change of a file: bytes at an offset, a growth (no bytes, `size` at least), or a truncation.
struct Change {
  enum class Kind { kWrite, kGrow, kTruncate, kPunch };
  Kind kind = Kind::kWrite;
  uint64_t offset = 0;
  uint64_t size = 0;
  std::vector<uint8_t> bytes;
};

void ApplyChange(const Change& change, std::vector<uint8_t>* bytes) {
  switch (change.kind) {
    case Change::Kind::kWrite:
      bytes->resize(std::max<size_t>(bytes->size(), change.offset + change.bytes.size()));
      std::copy(change.bytes.begin(), change.bytes.end(), bytes->begin() + static_cast<std::ptrdiff_t>(change.offset));
      return;
    case Change::Kind::kGrow:
      bytes->resize(std::max<size_t>(bytes->size(), change.offset + change.size));
      return;
    case Change::Kind::kTruncate:
      bytes->resize(change.size);
      return;
    case Change::Kind::kPunch:
      for (uint64_t i = change.offset; i < std::min<uint64_t>(bytes->size(), change.offset + change.size); ++i) {
        (*bytes)[i] = 0;
      }
      return;
  }
}

[[noreturn]] void Abandon(const char* what) {
  std::perror(what);
  std::abort();
}

/// A memfd that closes itself.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("sim", MFD_CLOEXEC)) {
    if (fd_ < 0) Abandon("memfd_create");
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int fd() const { return fd_; }
  uint64_t size() const { return size_; }
  void Resize(uint64_t size) {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) Abandon("ftruncate");
    size_ = size;
  }
  void Write(uint64_t offset, std::span<const uint8_t> bytes) {
    if (bytes.empty()) return;
    if (::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset)) != static_cast<ssize_t>(bytes.size())) {
      Abandon("pwrite");
    }
    size_ = std::max(size_, offset + bytes.size());
  }
  size_t Read(uint64_t offset, std::span<uint8_t> out) const {
    if (out.empty() || offset >= size_) return 0;
    const ssize_t got = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0) Abandon("pread");
    return static_cast<size_t>(got);
  }
  FileRange FindData(uint64_t offset) const {
    const off_t begin = offset < size_ ? ::lseek(fd_, static_cast<off_t>(offset), SEEK_DATA) : -1;
    if (begin < 0) return {size_, size_};
    const off_t end = ::lseek(fd_, begin, SEEK_HOLE);
    return {static_cast<uint64_t>(begin), end < 0 ? size_ : static_cast<uint64_t>(end)};
  }
  std::vector<uint8_t> All() const {
    std::vector<uint8_t> bytes(size_);
    Read(0, bytes);
    return bytes;
  }

 private:
  int fd_;
  uint64_t size_ = 0;
};

class SimMapping : public FileMapping {
 public:
  SimMapping(std::shared_ptr<MemoryFile> memory, uint8_t* data, uint64_t capacity)
      : memory_(std::move(memory)), data_(data), capacity_(capacity) {}
  ~SimMapping() override { ::munmap(data_, capacity_); }
  const uint8_t* data() const override { return data_; }
  uint64_t capacity() const override { return capacity_; }
  arrow::Status Extend(uint64_t size) override {
    if (size <= capacity_) return arrow::Status::OK();
    return SqlError(sqlstate::kIoError, "the simulated file outgrows its mapping");
  }
  void WillNeed(uint64_t, uint64_t) override {}
  void SetReadAhead(bool) override {}

 private:
  std::shared_ptr<MemoryFile> memory_;
  uint8_t* data_;
  uint64_t capacity_;
};

struct Lock {
  const void* owner;
  uint64_t begin;
  uint64_t end;
  LockKind kind;
};

}  // namespace

struct SimDisk::Inode {
  std::shared_ptr<MemoryFile> visible = std::make_shared<MemoryFile>();
  std::vector<uint8_t> durable;
  std::vector<Change> pending;
  std::vector<Lock> locks;

  void Perform(Change change) {
    switch (change.kind) {
      case Change::Kind::kWrite:
        visible->Write(change.offset, change.bytes);
        break;
      case Change::Kind::kGrow:
        if (change.offset + change.size > visible->size()) visible->Resize(change.offset + change.size);
        break;
      case Change::Kind::kTruncate:
        visible->Resize(change.size);
        break;
      case Change::Kind::kPunch: {
        const uint64_t end = std::min(visible->size(), change.offset + change.size);
        if (change.offset < end) visible->Write(change.offset, std::vector<uint8_t>(end - change.offset, 0));
        break;
      }
    }
    pending.push_back(std::move(change));
  }

  void MakeDurable() {
    for (const Change& change : pending) ApplyChange(change, &durable);
    pending.clear();
  }

  /// What is there after a loss of power.
  std::shared_ptr<Inode> AfterPowerLoss(std::mt19937_64& random) const {
    auto after = std::make_shared<Inode>();
    after->durable = durable;
    std::vector<Change> changes = pending;
    // Crashes differ in how much of the cache had been written back, and in which order.
    const uint64_t kept_percent = std::array<uint64_t, 4>{0, 50, 90, 100}[random() % 4];
    if (random() % 2 == 0) std::shuffle(changes.begin(), changes.end(), random);
    for (Change& change : changes) {
      if (random() % 100 >= kept_percent) continue;
      const bool torn = change.kind == Change::Kind::kWrite && !change.bytes.empty() && random() % 2 == 0;
      if (torn && random() % 2 == 0) {
        change.bytes.resize(random() % change.bytes.size());
      } else if (torn) {
        const uint64_t begin = random() % change.bytes.size();
        change.bytes.erase(change.bytes.begin(), change.bytes.begin() + static_cast<std::ptrdiff_t>(begin));
        change.offset += begin;
      }
      ApplyChange(change, &after->durable);
    }
    after->Reload();
    return after;
  }

  void Reload() {
    visible = std::make_shared<MemoryFile>();
    visible->Resize(durable.size());
    visible->Write(0, durable);
  }
};

class SimDisk::SimFile : public File {
 public:
  SimFile(SimDisk& disk, std::string path, std::shared_ptr<Inode> inode, uint64_t epoch, bool write)
      : disk_(disk), path_(std::move(path)), inode_(std::move(inode)), epoch_(epoch), write_(write) {}
  ~SimFile() override {
    MutexLock lock(disk_.mutex_);
    std::erase_if(inode_->locks, [&](const Lock& l) { return l.owner == this; });
  }

  const std::string& path() const override { return path_; }

  arrow::Result<size_t> Read(uint64_t offset, std::span<uint8_t> out) override {
    MutexLock lock(disk_.mutex_);
    ARROW_RETURN_NOT_OK(CheckAlive("read"));
    ++disk_.num_reads_;
    if (disk_.num_reads_ == disk_.fail_read_at_) return PosixError("read", path_, EIO);
    const size_t got = inode_->visible->Read(offset, out);
    if (disk_.num_reads_ == disk_.spoil_read_at_ && got > 0) out[got / 2] ^= 0x10;
    return got;
  }

  arrow::Status Write(uint64_t offset, std::span<const uint8_t> data) override {
    return WriteGather(offset, std::span<const std::span<const uint8_t>>(&data, 1));
  }

  arrow::Status WriteGather(uint64_t offset, std::span<const std::span<const uint8_t>> pieces) override {
    Change change;
    change.offset = offset;
    for (const auto& piece : pieces) change.bytes.insert(change.bytes.end(), piece.begin(), piece.end());
    MutexLock lock(disk_.mutex_);
    return Transfer("write", std::move(change));
  }

  arrow::Status Sync() override {
    std::function<void()> on_sync;
    {
      MutexLock lock(disk_.mutex_);
      on_sync = disk_.on_sync_;
    }
    if (on_sync) on_sync();
    MutexLock lock(disk_.mutex_);
    bool cut = false;
    ARROW_RETURN_NOT_OK(disk_.Count(epoch_, "sync", path_, &cut));
    if (cut) return PosixError("sync", path_, EIO);
    ++disk_.num_syncs_;
    if (disk_.num_syncs_ == disk_.fail_sync_at_) {
      inode_->pending.clear();
      return PosixError("sync", path_, EIO);
    }
    inode_->MakeDurable();
    return arrow::Status::OK();
  }

  arrow::Status Truncate(uint64_t size) override {
    MutexLock lock(disk_.mutex_);
    bool cut = false;
    ARROW_RETURN_NOT_OK(CheckWritable("truncate"));
    ARROW_RETURN_NOT_OK(disk_.Count(epoch_, "truncate", path_, &cut));
    inode_->Perform({Change::Kind::kTruncate, 0, size, {}});
    if (cut) return PosixError("truncate", path_, EIO);
    return arrow::Status::OK();
  }

  arrow::Status Allocate(uint64_t offset, uint64_t length) override {
    MutexLock lock(disk_.mutex_);
    return Transfer("allocate", {Change::Kind::kGrow, offset, length, {}});
  }

  arrow::Result<bool> PunchHole(uint64_t offset, uint64_t length) override {
    MutexLock lock(disk_.mutex_);
    bool cut = false;
    ARROW_RETURN_NOT_OK(CheckWritable("punch"));
    ARROW_RETURN_NOT_OK(disk_.Count(epoch_, "punch", path_, &cut));
    inode_->Perform({Change::Kind::kPunch, offset, length, {}});
    if (cut) return PosixError("punch", path_, EIO);
    return true;
  }

  arrow::Result<uint64_t> Size() override {
    MutexLock lock(disk_.mutex_);
    ARROW_RETURN_NOT_OK(CheckAlive("stat"));
    return inode_->visible->size();
  }

  arrow::Result<FileRange> FindData(uint64_t offset) override {
    MutexLock lock(disk_.mutex_);
    ARROW_RETURN_NOT_OK(CheckAlive("find the data of"));
    ++disk_.num_reads_;
    if (disk_.num_reads_ == disk_.fail_read_at_) return PosixError("find the data of", path_, EIO);
    return inode_->visible->FindData(offset);
  }

  arrow::Result<bool> IsRemote() override { return false; }

  arrow::Result<std::unique_ptr<FileMapping>> Map(uint64_t capacity) override {
    MutexLock lock(disk_.mutex_);
    ARROW_RETURN_NOT_OK(CheckAlive("map"));
    void* place = ::mmap(nullptr, capacity, PROT_READ, MAP_SHARED | MAP_NORESERVE, inode_->visible->fd(), 0);
    if (place == MAP_FAILED) return PosixError("map", path_, errno);
    return std::make_unique<SimMapping>(inode_->visible, static_cast<uint8_t*>(place), capacity);
  }

  arrow::Result<bool> TryLock(uint64_t offset, uint64_t length, LockKind kind) override {
    MutexLock lock(disk_.mutex_);
    ARROW_RETURN_NOT_OK(CheckAlive("lock"));
    for (const Lock& held : inode_->locks) {
      const bool apart = held.end <= offset || offset + length <= held.begin;
      const bool both_shared = held.kind == LockKind::kShared && kind == LockKind::kShared;
      if (held.owner != this && !apart && !both_shared) return false;
    }
    inode_->locks.push_back({this, offset, offset + length, kind});
    return true;
  }

  arrow::Status Unlock(uint64_t offset, uint64_t length) override {
    MutexLock lock(disk_.mutex_);
    ARROW_RETURN_NOT_OK(CheckAlive("unlock"));
    std::erase_if(inode_->locks, [&](const Lock& held) {
      return held.owner == this && held.begin == offset && held.end == offset + length;
    });
    return arrow::Status::OK();
  }

  arrow::Result<bool> IsLocked(uint64_t offset, uint64_t length) override {
    MutexLock lock(disk_.mutex_);
    ARROW_RETURN_NOT_OK(CheckAlive("ask for the locks of"));
    return std::any_of(inode_->locks.begin(), inode_->locks.end(), [&](const Lock& held) {
      return held.owner != this && offset < held.end && held.begin < offset + length;
    });
  }

 private:
  arrow::Status CheckAlive(const char* operation) const LLKV_REQUIRES(disk_.mutex_) {
    if (epoch_ == disk_.epoch_ && !disk_.crashed_) return arrow::Status::OK();
    return PosixError(operation, path_, EIO);
  }
  arrow::Status CheckWritable(const char* operation) const {
    return write_ ? arrow::Status::OK() : PosixError(operation, path_, EBADF);
  }

  /// A write or an allocation, with the faults that these can have.
  arrow::Status Transfer(const char* operation, Change change) LLKV_REQUIRES(disk_.mutex_) {
    bool cut = false;
    ARROW_RETURN_NOT_OK(CheckWritable(operation));
    ARROW_RETURN_NOT_OK(disk_.Count(epoch_, operation, path_, &cut));
    ++disk_.num_writes_;
    const bool fails = disk_.num_writes_ == disk_.fail_write_at_;
    if (fails && disk_.write_fault_ == WriteFault::kNoSpace) disk_.full_ = true;
    if (disk_.full_ || cut || (fails && disk_.write_fault_ == WriteFault::kShort)) {
      change.bytes.resize(change.bytes.size() / 2);
      if (!change.bytes.empty()) inode_->Perform(std::move(change));
      return PosixError(operation, path_, disk_.full_ && !cut ? ENOSPC : EIO);
    }
    if (fails) return PosixError(operation, path_, EIO);
    inode_->Perform(std::move(change));
    return arrow::Status::OK();
  }

  SimDisk& disk_;
  const std::string path_;
  const std::shared_ptr<Inode> inode_;
  const uint64_t epoch_;
  const bool write_;
};

SimDisk::SimDisk() = default;
SimDisk::~SimDisk() = default;

arrow::Status SimDisk::Count(uint64_t epoch, const char* operation, const std::string& path, bool* cut) {
  if (epoch != epoch_ || crashed_) return PosixError(operation, path, EIO);
  ++num_operations_;
  if (num_operations_ == crash_at_) crashed_ = *cut = true;
  return arrow::Status::OK();
}

void SimDisk::Apply(const NameChange& change, Names* names) {
  if (!change.from.empty()) names->erase(change.from);
  if (!change.to.empty()) (*names)[change.to] = change.inode;
}

arrow::Status SimDisk::ChangeName(const char* operation, NameChange change) {
  bool cut = false;
  const std::string path = change.from.empty() ? change.to : change.from;
  ARROW_RETURN_NOT_OK(Count(epoch_, operation, path, &cut));
  Apply(change, &names_);
  pending_names_.push_back(std::move(change));
  if (cut) return PosixError(operation, path, EIO);
  return arrow::Status::OK();
}

arrow::Result<std::unique_ptr<File>> SimDisk::Open(const std::string& path, const OpenOptions& options) {
  MutexLock lock(mutex_);
  if (crashed_) return PosixError("open", path, EIO);
  auto found = names_.find(path);
  if (found == names_.end()) {
    if (!options.create) return PosixError("open", path, ENOENT);
    ARROW_RETURN_NOT_OK(ChangeName("create", {"", path, std::make_shared<Inode>()}));
    found = names_.find(path);
  } else if (options.truncate) {
    found->second->Perform({Change::Kind::kTruncate, 0, 0, {}});
  }
  return std::make_unique<SimFile>(*this, path, found->second, epoch_, options.write);
}

arrow::Result<bool> SimDisk::Exists(const std::string& path) {
  MutexLock lock(mutex_);
  if (crashed_) return PosixError("stat", path, EIO);
  return names_.contains(path);
}

arrow::Result<std::string> SimDisk::Resolve(const std::string& path) { return path; }

arrow::Status SimDisk::Unlink(const std::string& path) {
  MutexLock lock(mutex_);
  if (!names_.contains(path)) return PosixError("unlink", path, ENOENT);
  return ChangeName("unlink", {path, "", nullptr});
}

arrow::Status SimDisk::Rename(const std::string& from, const std::string& to) {
  MutexLock lock(mutex_);
  const auto found = names_.find(from);
  if (found == names_.end()) return PosixError("rename", from, ENOENT);
  return ChangeName("rename", {from, to, found->second});
}

arrow::Status SimDisk::SyncDirectoryOf(const std::string& path) {
  MutexLock lock(mutex_);
  bool cut = false;
  ARROW_RETURN_NOT_OK(Count(epoch_, "sync the folder of", path, &cut));
  if (cut) return PosixError("sync the folder of", path, EIO);
  durable_names_ = names_;
  pending_names_.clear();
  return arrow::Status::OK();
}

int64_t SimDisk::NowMicros() { return static_cast<int64_t>(num_operations()); }
int64_t SimDisk::MonotonicNanos() { return static_cast<int64_t>(num_operations()); }

uint64_t SimDisk::num_operations() const {
  MutexLock lock(mutex_);
  return num_operations_;
}

uint64_t SimDisk::num_writes() const {
  MutexLock lock(mutex_);
  return num_writes_;
}

uint64_t SimDisk::num_syncs() const {
  MutexLock lock(mutex_);
  return num_syncs_;
}

void SimDisk::CrashAt(uint64_t n) {
  MutexLock lock(mutex_);
  crash_at_ = num_operations_ + n;
}

bool SimDisk::crashed() const {
  MutexLock lock(mutex_);
  return crashed_;
}

std::unique_ptr<SimDisk> SimDisk::AfterPowerLoss(uint64_t seed) const {
  auto after = std::make_unique<SimDisk>();
  MutexLock lock(mutex_);
  std::mt19937_64 random(seed);
  // Names are journaled: some prefix of their changes is kept.
  Names names = durable_names_;
  const size_t kept = pending_names_.empty() ? 0 : random() % (pending_names_.size() + 1);
  for (size_t i = 0; i < kept; ++i) Apply(pending_names_[i], &names);
  for (auto& [name, inode] : names) inode = inode->AfterPowerLoss(random);
  MutexLock lock_after(after->mutex_);
  after->names_ = names;
  after->durable_names_ = std::move(names);
  return after;
}

void SimDisk::KillProcess() {
  MutexLock lock(mutex_);
  for (const auto& [name, inode] : names_) inode->locks.clear();
  ++epoch_;
  crashed_ = false;
  crash_at_ = fail_write_at_ = fail_sync_at_ = fail_read_at_ = spoil_read_at_ = 0;
}

void SimDisk::FailWrite(uint64_t n, WriteFault fault) {
  MutexLock lock(mutex_);
  fail_write_at_ = num_writes_ + n;
  write_fault_ = fault;
}

void SimDisk::SetFull(bool full) {
  MutexLock lock(mutex_);
  full_ = full;
}

void SimDisk::FailSync(uint64_t n) {
  MutexLock lock(mutex_);
  fail_sync_at_ = num_syncs_ + n;
}

uint64_t SimDisk::num_reads() const {
  MutexLock lock(mutex_);
  return num_reads_;
}

void SimDisk::FailRead(uint64_t n) {
  MutexLock lock(mutex_);
  fail_read_at_ = n == 0 ? 0 : num_reads_ + n;
}

void SimDisk::SpoilRead(uint64_t n) {
  MutexLock lock(mutex_);
  spoil_read_at_ = n == 0 ? 0 : num_reads_ + n;
}

void SimDisk::SetOnSync(std::function<void()> on_sync) {
  MutexLock lock(mutex_);
  on_sync_ = std::move(on_sync);
}

std::string SimDisk::Contents(const std::string& path) const {
  MutexLock lock(mutex_);
  const auto found = names_.find(path);
  if (found == names_.end()) return {};
  const std::vector<uint8_t> bytes = found->second->visible->All();
  return std::string(bytes.begin(), bytes.end());
}

bool SimDisk::HasUnsynced(const std::string& path, uint64_t begin, uint64_t end) const {
  MutexLock lock(mutex_);
  const auto found = names_.find(path);
  if (found == names_.end()) return false;
  return std::any_of(found->second->pending.begin(), found->second->pending.end(), [&](const Change& change) {
    return change.kind == Change::Kind::kWrite && change.offset < end && begin < change.offset + change.bytes.size();
  });
}

void SimDisk::SetContents(const std::string& path, const std::string& bytes) {
  MutexLock lock(mutex_);
  auto inode = std::make_shared<Inode>();
  inode->durable.assign(bytes.begin(), bytes.end());
  inode->Reload();
  names_[path] = durable_names_[path] = inode;
}

}  // namespace llkv
