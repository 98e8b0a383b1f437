// SyncGroup: the only caller of a file's sync. Threads that wait at the same time share one, led by the first.
#pragma once

#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "base/mutex.h"
#include "pager/file/storage_file.h"

namespace llkv::file {

/// Safe from any thread. Syncs never overlap, so that a failure is never taken by one waiter and missed by another;
/// after the first failure no sync is tried again and all waiters get it.
class SyncGroup {
 public:
  /// `written` gives the last commit whose bytes were handed to the file. `on_failure` runs before waiters learn of
  /// one.
  SyncGroup(std::shared_ptr<StorageFile> file, std::function<uint64_t()> written,
            std::function<arrow::Status(const arrow::Status&)> on_failure)
      : written_(std::move(written)), on_failure_(std::move(on_failure)), file_(std::move(file)) {}

  /// Returns when commit `lsn` is on stable storage.
  arrow::Status WaitFor(uint64_t lsn);
  /// Returns when all that was written before the call is on stable storage.
  arrow::Status WaitForAll();

  /// Goes over to another file, in which all commits up to `durable_lsn` are on stable storage.
  void SetFile(std::shared_ptr<StorageFile> file, uint64_t durable_lsn);

  /// The last commit on stable storage.
  uint64_t durable_lsn() const { return durable_lsn_.load(std::memory_order_acquire); }
  void set_durable_lsn(uint64_t lsn) { durable_lsn_.store(lsn, std::memory_order_release); }
  /// What the file needs to be written before its first sync; a failure is one of that sync. Before the first wait.
  void SetBeforeFirst(std::function<arrow::Status(StorageFile&)> write);
  /// A number for what is written before this call: CoveredSince tells whether a sync has covered it since.
  uint64_t epoch() const { return started_.load(std::memory_order_acquire); }
  bool CoveredSince(uint64_t epoch) const { return completed_.load(std::memory_order_acquire) > epoch; }

  /// Does nothing instead of syncing; for planted faults.
  void set_skip(bool skip) { skip_ = skip; }

 private:
  /// Runs or waits for one sync.
  void Step() LLKV_REQUIRES(mutex_);

  const std::function<uint64_t()> written_;
  const std::function<arrow::Status(const arrow::Status&)> on_failure_;
  bool skip_ = false;
  Mutex mutex_;
  std::shared_ptr<StorageFile> file_ LLKV_GUARDED_BY(mutex_);
  std::function<arrow::Status(StorageFile&)> before_first_ LLKV_GUARDED_BY(mutex_);
  ConditionVariable changed_;
  bool running_ LLKV_GUARDED_BY(mutex_) = false;
  arrow::Status failure_ LLKV_GUARDED_BY(mutex_);
  // Syncs are numbered from 1. Written under mutex_.
  std::atomic<uint64_t> started_{0};
  std::atomic<uint64_t> completed_{0};
  std::atomic<uint64_t> durable_lsn_{0};
};

}  // namespace llkv::file
