// See maintenance.h.
#include "engine/background/maintenance.h"

#include <arrow/result.h>

#include <string>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace llkv {

arrow::Result<std::unique_ptr<Maintenance>> Maintenance::Make(Storage* storage) {
  ARROW_ASSIGN_OR_RAISE(auto fork_guard, ForkGuard::Make());
  return std::unique_ptr<Maintenance>(new Maintenance(storage, std::move(fork_guard)));
}

Maintenance::~Maintenance() {
  Stop();
  if (!forked()) return;
  // In a forked child the thread is not here: its object must not be destroyed as a running one, and destroying what it
  // waited on would wait for it.
  static_cast<void>(std::make_unique<std::thread>(std::move(thread_)).release());
  static_cast<void>(changed_.release());
}

void Maintenance::Wake() {
  if (forked() || is_woken_.exchange(true)) return;
  MutexLock lock(mutex_);
  if (is_ended_) return;
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { Run(); });
    } catch (const std::system_error& error) {
      // Commits make the checkpoints themselves once the log is long enough.
      last_error_ = SqlError(sqlstate::kOutOfMemory, std::string("no thread could be started: ") + error.what());
      is_woken_.store(false);
      return;
    }
  }
  changed_->NotifyAll();
}

void Maintenance::Stop() {
  if (forked()) return;
  std::thread thread;
  {
    MutexLock lock(mutex_);
    is_ended_ = true;
    stop_.RequestStop();
    thread = std::move(thread_);
  }
  changed_->NotifyAll();
  if (thread.joinable()) thread.join();
}

void Maintenance::WaitIdle() {
  MutexLock lock(mutex_);
  while (!is_ended_ && (is_working_ || is_woken_.load())) changed_->Wait(mutex_);
}

arrow::Status Maintenance::last_error() const {
  MutexLock lock(mutex_);
  return last_error_;
}

void Maintenance::Run() {
  while (true) {
    {
      MutexLock lock(mutex_);
      is_working_ = false;
      changed_->NotifyAll();
      while (!is_ended_ && !is_woken_.load()) changed_->Wait(mutex_);
      if (is_ended_) return;
      is_working_ = true;
      is_woken_.store(false);
    }
    Work();
  }
}

void Maintenance::Work() {
  bool has_more = true;
  while (has_more && !stop_.stop_requested()) {
    const arrow::Result<bool> step = storage_->Maintain(&stop_);
    num_steps_.fetch_add(1, std::memory_order_relaxed);
    has_more = step.ok() && *step;
    if (GetSqlState(step.status()) == sqlstate::kQueryCanceled) return;
    MutexLock lock(mutex_);
    last_error_ = step.status();
  }
}

}  // namespace llkv
