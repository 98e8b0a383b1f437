// InterruptedFiles: a FileSystem over another one that calls a function before one operation, so that a test can let
// something happen between any two operations of what it tests.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "os/file_system.h"

namespace llkv {

/// For one thread. Must outlive its files.
class InterruptedFiles : public FileSystem {
 public:
  /// `base` outlives it.
  explicit InterruptedFiles(FileSystem* base) : base_(base) {}

  /// `what` is called before the `n`-th operation on a file or name from now (1 is the next one). What a mapping is
  /// read for is no operation.
  void CallBefore(uint64_t n, std::function<void()> what) {
    left_ = n;
    what_ = std::move(what);
  }
  /// Whether it has been called.
  bool has_called() const { return left_ == 0; }

  arrow::Result<std::unique_ptr<File>> Open(const std::string& path, const OpenOptions& options) override;
  arrow::Result<bool> Exists(const std::string& path) override;
  arrow::Result<std::string> Resolve(const std::string& path) override;
  arrow::Status Unlink(const std::string& path) override;
  arrow::Status Rename(const std::string& from, const std::string& to) override;
  arrow::Status SyncDirectoryOf(const std::string& path) override;
  int64_t NowMicros() override { return base_->NowMicros(); }
  int64_t MonotonicNanos() override { return base_->MonotonicNanos(); }

 private:
  class InterruptedFile;

  void Count() {
    if (left_ > 0 && --left_ == 0) what_();
  }

  FileSystem* const base_;
  uint64_t left_ = 0;
  std::function<void()> what_;
};

}  // namespace llkv
