// ReadCounter: a FileSystem over another one that counts what is read of files, by calls and through mappings, so that
// tests can bound it. It can also keep large files small: zeros take no room.
#pragma once

#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "os/file_system.h"

namespace llkv {

/// Safe from any thread. Must outlive its files; its mappings count as long as they live. What is mapped may only be
/// touched by the program itself: handed to a system call before it was, it fails with EFAULT.
class ReadCounter : public FileSystem {
 public:
  /// `base` outlives it.
  explicit ReadCounter(FileSystem* base) : base_(base) {}

  /// Bytes that File::Read gave.
  uint64_t bytes_read() const { return bytes_read_.load(); }
  /// Bytes of the pages of mappings that were touched, each counted once a mapping.
  uint64_t bytes_touched() const { return bytes_touched_.load(); }
  uint64_t bytes() const { return bytes_read() + bytes_touched(); }
  /// From now on: writes of zeros to where nothing was written leave holes, and allocating only makes the file longer.
  void MakeSparse() { is_sparse_.store(true); }

  arrow::Result<std::unique_ptr<File>> Open(const std::string& path, const OpenOptions& options) override;
  arrow::Result<bool> Exists(const std::string& path) override;
  arrow::Result<std::string> Resolve(const std::string& path) override;
  arrow::Status Unlink(const std::string& path) override;
  arrow::Status Rename(const std::string& from, const std::string& to) override;
  arrow::Status SyncDirectoryOf(const std::string& path) override;
  int64_t NowMicros() override { return base_->NowMicros(); }
  int64_t MonotonicNanos() override { return base_->MonotonicNanos(); }

 private:
  class CountedFile;
  class CountedMapping;

  FileSystem* const base_;
  std::atomic<uint64_t> bytes_read_{0};
  std::atomic<uint64_t> bytes_touched_{0};
  std::atomic<bool> is_sparse_{false};
};

}  // namespace llkv
