// Maintenance: a database's one background thread: checkpoints, compaction and giving room back, in the bounded steps
// of Storage::Maintain. It starts when a commit first asks for it, so a database that is only read, or that stays
// small, has none. It knows no SQL and takes no part in transactions.
#pragma once

#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "base/mutex.h"
#include "os/fork_guard.h"
#include "runtime/stop_token.h"
#include "store/storage.h"

namespace llkv {

/// See the file's comment. Any thread. Does nothing in a forked child, where its thread is not.
class Maintenance {
 public:
  /// `storage` outlives it.
  static arrow::Result<std::unique_ptr<Maintenance>> Make(Storage* storage);
  /// As Stop.
  ~Maintenance();
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

  /// Has the thread look for work, and starts it where there is none yet. Does not wait.
  void Wake();
  /// Ends the thread: what it was waiting for is given up, a step that is writing is brought to its end. It does not
  /// start again.
  void Stop();
  /// Returns when the thread has nothing to do. For tests.
  void WaitIdle();

  /// What the last step failed of (53100 on a full disk, say); OK since one succeeded. A failed step is tried again
  /// when a commit next asks for one.
  arrow::Status last_error() const;
  uint64_t num_steps() const { return num_steps_.load(std::memory_order_relaxed); }
  /// Whether this is a child that was forked after Make.
  bool forked() const { return fork_guard_->forked(); }

 private:
  Maintenance(Storage* storage, std::unique_ptr<ForkGuard> fork_guard)
      : storage_(storage), fork_guard_(std::move(fork_guard)) {}
  void Run();
  /// Steps until there is nothing left to do, or one fails.
  void Work();

  Storage* const storage_;
  const std::unique_ptr<ForkGuard> fork_guard_;
  StopToken stop_;
  /// A wake-up that the thread has not seen yet: commits look here first.
  std::atomic<bool> is_woken_{false};
  std::atomic<uint64_t> num_steps_{0};

  mutable Mutex mutex_;
  std::unique_ptr<ConditionVariable> changed_ = std::make_unique<ConditionVariable>();
  bool is_working_ LLKV_GUARDED_BY(mutex_) = false;
  bool is_ended_ LLKV_GUARDED_BY(mutex_) = false;
  arrow::Status last_error_ LLKV_GUARDED_BY(mutex_);
  std::thread thread_ LLKV_GUARDED_BY(mutex_);
};

}  // namespace llkv
