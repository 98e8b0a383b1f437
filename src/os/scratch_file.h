// ScratchFile: writable memory whose bytes lie in a temporary file without a name, so that the system can write them
// out and take the room back. Nothing of it survives the process. Knows nothing of what is kept in it.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <string>

namespace llkv {

class ForkGuard;

/// Grows in place over an address range that was reserved. Not for two threads at once, except that all may use the
/// memory. A forked child must not touch it.
class ScratchFile {
 public:
  /// Makes an empty file in `folder`. Reserves `capacity` bytes of addresses or, where the system gives fewer, what it
  /// gives. Errors: 58P01 where there is no such folder, 58030 where no file can be made there.
  static arrow::Result<std::unique_ptr<ScratchFile>> Make(const std::string& folder, uint64_t capacity);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  /// The first byte; never moves.
  uint8_t* data() const { return data_; }
  uint64_t capacity() const { return capacity_; }
  /// Bytes that may be used.
  uint64_t size() const { return size_; }

  /// Makes [0, size) usable, with room on the disk, so that no later use fails for want of it. Errors, which change
  /// nothing: 53100 where there is no room.
  arrow::Status Extend(uint64_t size);
  /// What the disk has left for files of this user; all there could be where the system does not say.
  uint64_t FreeDiskBytes() const;
  /// Gives all room back: size() is 0.
  arrow::Status Clear();
  /// 58030 where bytes could not be written out since the last call, so that what was read may be wrong.
  arrow::Status CheckWritten();

 private:
  ScratchFile(int fd, std::string folder, std::unique_ptr<ForkGuard> guard);

  const int fd_;
  const std::string folder_;
  const std::unique_ptr<ForkGuard> guard_;
  uint8_t* data_ = nullptr;
  uint64_t capacity_ = 0;
  uint64_t mapped_ = 0;
  uint64_t size_ = 0;
};

}  // namespace llkv
