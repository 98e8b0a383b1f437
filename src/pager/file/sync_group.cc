// Leader and followers of fdatasync.
#include "pager/file/sync_group.h"

#include <algorithm>
#include <utility>

namespace llkv::file {

void SyncGroup::Step() {
  if (running_) {
    changed_.Wait(mutex_);
    return;
  }
  running_ = true;
  const uint64_t number = started_.load(std::memory_order_relaxed) + 1;
  started_.store(number, std::memory_order_release);
  const std::shared_ptr<StorageFile> file = file_;
  const auto before_first = std::exchange(before_first_, nullptr);
  mutex_.Unlock();
  // What is written from here on may miss this sync.
  const uint64_t written = written_();
  arrow::Status status;
  if (!skip_ && before_first) status = before_first(*file);
  if (!skip_ && status.ok()) status = file->Sync();
  if (!status.ok()) status = on_failure_(status);
  mutex_.Lock();
  running_ = false;
  if (status.ok()) {
    completed_.store(number, std::memory_order_release);
    durable_lsn_.store(std::max(durable_lsn(), written), std::memory_order_release);
  } else {
    failure_ = status;
  }
  changed_.NotifyAll();
}

void SyncGroup::SetBeforeFirst(std::function<arrow::Status(StorageFile&)> write) {
  MutexLock lock(mutex_);
  before_first_ = std::move(write);
}

void SyncGroup::SetFile(std::shared_ptr<StorageFile> file, uint64_t durable_lsn) {
  MutexLock lock(mutex_);
  file_ = std::move(file);
  before_first_ = nullptr;
  durable_lsn_.store(std::max(this->durable_lsn(), durable_lsn), std::memory_order_release);
  changed_.NotifyAll();
}

arrow::Status SyncGroup::WaitFor(uint64_t lsn) {
  if (durable_lsn() >= lsn) return arrow::Status::OK();
  MutexLock lock(mutex_);
  while (durable_lsn() < lsn) {
    if (!failure_.ok()) return failure_;
    Step();
  }
  return arrow::Status::OK();
}

arrow::Status SyncGroup::WaitForAll() {
  MutexLock lock(mutex_);
  const uint64_t needed = started_.load(std::memory_order_relaxed) + 1;
  while (completed_.load(std::memory_order_relaxed) < needed) {
    if (!failure_.ok()) return failure_;
    Step();
  }
  return arrow::Status::OK();
}

}  // namespace llkv::file
