// The seam through which every byte reaches a disk: FileSystem and File. Storage code takes a FileSystem*, so that
// tests put a simulated disk under it. It knows nothing of pagers or formats.
//
// Errors of all calls: 53100 where there is no room (ENOSPC, EDQUOT, EFBIG), 58P01 where a file or folder is missing,
// 58030 for the rest; the message names the operation, the path and the system's reason. Interrupted calls are repeated
// and short transfers continued inside. All calls are safe from any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace llkv {

/// How a file is opened.
struct OpenOptions {
  /// Without it, every writing call fails.
  bool write = true;
  /// Makes the file where it is missing.
  bool create = false;
  /// Empties the file.
  bool truncate = false;
};

enum class LockKind { kShared, kExclusive };

/// Bytes [begin, end) of a file.
struct FileRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};

/// A read-only view of a file over an address range that was reserved ahead, so that it grows in place.
///
/// Bytes written through File::Write are visible in it at once. It stays readable after its File is closed, and unmaps
/// when destroyed.
class FileMapping {
 public:
  virtual ~FileMapping() = default;

  /// The first byte; never moves.
  virtual const uint8_t* data() const = 0;
  /// The number of bytes reserved.
  virtual uint64_t capacity() const = 0;
  /// Makes [0, size) readable. The file must be at least that long for as long as the bytes are touched; smaller sizes
  /// than before do nothing. 58030 where `size` is above capacity().
  virtual arrow::Status Extend(uint64_t size) = 0;
  /// Hints that a range inside the extended part is read soon.
  virtual void WillNeed(uint64_t offset, uint64_t length) = 0;
  /// Hints whether single places are read: then a page that is touched is read alone, else with those around it. Of the
  /// extended part.
  virtual void SetReadAhead(bool reads_ahead) = 0;
};

/// An open file. Closing it (the destructor) releases its locks.
class File {
 public:
  virtual ~File() = default;

  virtual const std::string& path() const = 0;

  /// Reads until `out` is full or the file ends; gives the number of bytes read.
  virtual arrow::Result<size_t> Read(uint64_t offset, std::span<uint8_t> out) = 0;
  /// Writes all of `data` at `offset`. After a failure any part of it may have been written.
  virtual arrow::Status Write(uint64_t offset, std::span<const uint8_t> data) = 0;
  /// Writes the pieces one after the other from `offset` on, in one call of the system where it takes them.
  virtual arrow::Status WriteGather(uint64_t offset, std::span<const std::span<const uint8_t>> pieces) = 0;
  /// Returns when all that was written is on stable storage, with the file's size. After a failure, what was written
  /// since the last success may be lost although a later call succeeds.
  virtual arrow::Status Sync() = 0;
  virtual arrow::Status Truncate(uint64_t size) = 0;
  /// Gives [offset, offset + length) room on the disk and extends the file over it; new bytes read as zeros.
  virtual arrow::Status Allocate(uint64_t offset, uint64_t length) = 0;
  /// Gives the room of a range back where the filesystem can; it then reads as zeros. False where it cannot.
  virtual arrow::Result<bool> PunchHole(uint64_t offset, uint64_t length) = 0;
  virtual arrow::Result<uint64_t> Size() = 0;
  /// The first range from `offset` on that may hold other bytes than zeros; empty, at the file's end, where there is
  /// none. All between `offset` and it reads as zeros, so that it need not be read. What is there may be more than what
  /// was written: to the end of the file where the filesystem does not know.
  virtual arrow::Result<FileRange> FindData(uint64_t offset) = 0;
  /// Whether the file is on another machine's disk, where locks and mappings cannot be relied upon.
  virtual arrow::Result<bool> IsRemote() = 0;
  /// Reserves `capacity` bytes of addresses for a mapping of this file; nothing is readable before Extend.
  virtual arrow::Result<std::unique_ptr<FileMapping>> Map(uint64_t capacity) = 0;

  /// Tries to lock a byte range for this open file (an "open file description" lock: two opens conflict within one
  /// process too). False where somebody else holds a conflicting lock.
  virtual arrow::Result<bool> TryLock(uint64_t offset, uint64_t length, LockKind kind) = 0;
  virtual arrow::Status Unlock(uint64_t offset, uint64_t length) = 0;
  /// Whether another open, of this process or another, holds a lock on any byte of a range. Takes none.
  virtual arrow::Result<bool> IsLocked(uint64_t offset, uint64_t length) = 0;
};

/// Files, folders and the clock.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// The operating system's. Lives for ever.
  static FileSystem* Default();

  virtual arrow::Result<std::unique_ptr<File>> Open(const std::string& path, const OpenOptions& options) = 0;
  virtual arrow::Result<bool> Exists(const std::string& path) = 0;
  /// The file that a symbolic link leads to, so that one file has one name to lock by; `path` itself for all else.
  virtual arrow::Result<std::string> Resolve(const std::string& path) = 0;
  /// 58P01 where there is no such file.
  virtual arrow::Status Unlink(const std::string& path) = 0;
  /// Replaces `to` where it exists, atomically.
  virtual arrow::Status Rename(const std::string& from, const std::string& to) = 0;
  /// Makes the names in the folder that holds `path` durable.
  virtual arrow::Status SyncDirectoryOf(const std::string& path) = 0;
  /// Microseconds since 1970-01-01 00:00 UTC.
  virtual int64_t NowMicros() = 0;
  /// Nanoseconds of a clock that never goes back.
  virtual int64_t MonotonicNanos() = 0;
};

}  // namespace llkv
