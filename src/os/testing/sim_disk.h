// SimDisk: a FileSystem in memory that fails on request and can lose power. Bytes become durable by Sync, names by
// SyncDirectoryOf; a crash keeps what was durable and a seeded choice of the rest.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "os/file_system.h"

namespace llkv {

/// What happens to a write that is made to fail.
enum class WriteFault {
  /// Nothing is written: 58030.
  kError,
  /// The first half is written: 58030.
  kShort,
  /// The first half is written: 53100; so do all writes and allocations from then on, until SetFull(false).
  kNoSpace,
};

/// Safe from any thread. Must outlive its files.
class SimDisk : public FileSystem {
 public:
  SimDisk();
  ~SimDisk() override;

  arrow::Result<std::unique_ptr<File>> Open(const std::string& path, const OpenOptions& options) override;
  arrow::Result<bool> Exists(const std::string& path) override;
  arrow::Result<std::string> Resolve(const std::string& path) override;
  arrow::Status Unlink(const std::string& path) override;
  arrow::Status Rename(const std::string& from, const std::string& to) override;
  arrow::Status SyncDirectoryOf(const std::string& path) override;
  int64_t NowMicros() override;
  int64_t MonotonicNanos() override;

  /// Operations that change something, writes (with allocations) and syncs since the disk was made.
  uint64_t num_operations() const;
  uint64_t num_writes() const;
  uint64_t num_syncs() const;
  /// Reads by calls; what is touched of a mapping is not counted.
  uint64_t num_reads() const;

  /// The `n`-th operation from now (1 is the next) is cut off in the middle, and it and all later ones fail.
  void CrashAt(uint64_t n);
  bool crashed() const;
  /// The disk as a machine finds it that starts after losing power now: of what was not durable each piece is kept,
  /// lost, or torn, as `seed` has it. This disk stays as it is.
  std::unique_ptr<SimDisk> AfterPowerLoss(uint64_t seed) const;
  /// The process dies, the machine goes on: every open file is dead, locks are gone, nothing written is lost.
  void KillProcess();

  /// The `n`-th write or allocation from now fails; 0 for none.
  void FailWrite(uint64_t n, WriteFault fault);
  /// While full, each write and allocation fails with 53100.
  void SetFull(bool full);
  /// The `n`-th sync from now fails, and what it should have made durable never becomes so, as on Linux.
  void FailSync(uint64_t n);
  /// The `n`-th read from now fails with 58030; 0 for none.
  void FailRead(uint64_t n);
  /// The `n`-th read from now gives a byte that is not what the file has; 0 for none.
  void SpoilRead(uint64_t n);
  /// Called at the start of each sync, outside of all locks.
  void SetOnSync(std::function<void()> on_sync);

  /// A file's bytes as a process sees them.
  std::string Contents(const std::string& path) const;
  /// Whether a write to [begin, end) is not durable yet.
  bool HasUnsynced(const std::string& path, uint64_t begin, uint64_t end) const;
  /// Replaces them, durably; makes the file where it is missing.
  void SetContents(const std::string& path, const std::string& bytes);

 private:
  struct Inode;
  class SimFile;
  struct NameChange {
    std::string from;
    std::string to;
    std::shared_ptr<Inode> inode;
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;

  /// Counts an operation; a failure where the disk crashed or crashes in it (`*cut` is set for the latter).
  arrow::Status Count(uint64_t epoch, const char* operation, const std::string& path, bool* cut) LLKV_REQUIRES(mutex_);
  arrow::Status ChangeName(const char* operation, NameChange change) LLKV_REQUIRES(mutex_);
  static void Apply(const NameChange& change, Names* names);

  mutable Mutex mutex_;
  Names names_ LLKV_GUARDED_BY(mutex_);
  Names durable_names_ LLKV_GUARDED_BY(mutex_);
  std::vector<NameChange> pending_names_ LLKV_GUARDED_BY(mutex_);
  // Files opened before the process was last killed carry an older one.
  uint64_t epoch_ LLKV_GUARDED_BY(mutex_) = 1;
  uint64_t num_operations_ LLKV_GUARDED_BY(mutex_) = 0;
  uint64_t num_writes_ LLKV_GUARDED_BY(mutex_) = 0;
  uint64_t num_syncs_ LLKV_GUARDED_BY(mutex_) = 0;
  uint64_t crash_at_ LLKV_GUARDED_BY(mutex_) = 0;
  bool crashed_ LLKV_GUARDED_BY(mutex_) = false;
  uint64_t fail_write_at_ LLKV_GUARDED_BY(mutex_) = 0;
  WriteFault write_fault_ LLKV_GUARDED_BY(mutex_) = WriteFault::kError;
  bool full_ LLKV_GUARDED_BY(mutex_) = false;
  uint64_t fail_sync_at_ LLKV_GUARDED_BY(mutex_) = 0;
  uint64_t num_reads_ LLKV_GUARDED_BY(mutex_) = 0;
  uint64_t fail_read_at_ LLKV_GUARDED_BY(mutex_) = 0;
  uint64_t spoil_read_at_ LLKV_GUARDED_BY(mutex_) = 0;
  std::function<void()> on_sync_ LLKV_GUARDED_BY(mutex_);
};

}  // namespace llkv
