// See scheduler.h. One lock for all: a slice takes milliseconds, so the lock is taken some thousand times a second.
//
// Shares: each queue has a virtual time, the time its slices took divided by its weight; a worker serves the queue that
// has the least. A queue that becomes active starts at the scheduler's virtual time, so that waiting earns no credit.
#include "runtime/scheduler.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace llkv {

/// Guarded by SchedulerCore::mutex, except what is const.
struct QueueState {
  QueueState(uint32_t workers, uint32_t w) : max_workers(workers), weight(std::max(1U, w)) {}

  const uint32_t max_workers;
  const uint32_t weight;
  std::deque<Task*> runnable;
  std::vector<Task*> blocked;
  ConditionVariable changed;
  uint64_t epoch = 0;
  uint64_t virtual_time_ns = 0;
  uint32_t num_pending = 0;
  uint32_t num_running = 0;  // on any thread
  uint32_t num_workers = 0;  // of those, on workers
  bool is_cancelling = false;
};

class SchedulerCore {
 public:
  explicit SchedulerCore(uint32_t num_workers) : num_workers_(num_workers) {}
  ~SchedulerCore() { SetNumWorkers(0); }

  void SetNumWorkers(uint32_t num_workers) {
    // One change at a time: a worker that ends by its index must not see the number grow again before it was joined.
    MutexLock resize_lock(resize_mutex_);
    std::vector<std::thread> ending;
    {
      MutexLock lock(mutex_);
      num_workers_ = num_workers;
      while (threads_.size() > num_workers) {
        ending.push_back(std::move(threads_.back()));
        threads_.pop_back();
      }
      if (!threads_.empty()) StartWorkers();
    }
    work_.NotifyAll();
    for (std::thread& thread : ending) thread.join();
  }

  uint32_t num_workers() const {
    MutexLock lock(mutex_);
    return num_workers_;
  }
  uint64_t num_tasks_run() const { return num_tasks_run_.load(std::memory_order_relaxed); }

  void AddQueue(QueueState* queue) {
    MutexLock lock(mutex_);
    queues_.push_back(queue);
  }

  void RemoveQueue(QueueState* queue) {
    Cancel(queue);
    MutexLock lock(mutex_);
    std::erase(queues_, queue);
  }

  void Submit(QueueState* queue, Task* task) {
    {
      MutexLock lock(mutex_);
      queue->num_pending++;
      Enqueue(queue, task);
      StartWorkers();
    }
    work_.NotifyOne();
  }

  void Wake(QueueState* queue, Task* task) {
    {
      MutexLock lock(mutex_);
      if (task->scheduler_state == Task::State::kRunning) {
        task->scheduler_state = Task::State::kRunningWoken;
        return;
      }
      if (task->scheduler_state != Task::State::kBlocked) return;
      std::erase(queue->blocked, task);
      Enqueue(queue, task);
    }
    work_.NotifyOne();
  }

  bool RunOne(QueueState* queue) {
    MutexLock lock(mutex_);
    if (queue->runnable.empty()) return false;
    RunSlice(queue, false);
    return true;
  }

  uint64_t epoch(QueueState* queue) const {
    MutexLock lock(mutex_);
    return queue->epoch;
  }

  void WaitForChange(QueueState* queue, uint64_t seen) {
    MutexLock lock(mutex_);
    while (queue->epoch == seen) queue->changed.Wait(mutex_);
  }

  void Notify(QueueState* queue) {
    MutexLock lock(mutex_);
    Changed(queue);
  }

  void Cancel(QueueState* queue) {
    MutexLock lock(mutex_);
    queue->is_cancelling = true;
    for (Task* task : queue->runnable) task->scheduler_state = Task::State::kIdle;
    for (Task* task : queue->blocked) task->scheduler_state = Task::State::kIdle;
    queue->runnable.clear();
    queue->blocked.clear();
    while (queue->num_running > 0) queue->changed.Wait(mutex_);
    queue->num_pending = 0;
    queue->is_cancelling = false;
  }

  uint32_t num_pending(QueueState* queue) const {
    MutexLock lock(mutex_);
    return queue->num_pending;
  }

 private:
  void WorkerLoop(uint32_t index) {
    MutexLock lock(mutex_);
    while (index < num_workers_) {
      QueueState* queue = PickQueue();
      if (queue == nullptr) {
        work_.Wait(mutex_);
      } else {
        RunSlice(queue, true);
      }
    }
  }

  void StartWorkers() LLKV_REQUIRES(mutex_) {
    while (threads_.size() < num_workers_) {
      threads_.emplace_back([this, index = static_cast<uint32_t>(threads_.size())] { WorkerLoop(index); });
    }
  }

  /// The queue with a runnable task, room for a worker, and the least time; null where there is none.
  QueueState* PickQueue() LLKV_REQUIRES(mutex_) {
    QueueState* best = nullptr;
    for (QueueState* queue : queues_) {
      if (queue->runnable.empty() || queue->num_workers >= queue->max_workers) continue;
      if (best == nullptr || queue->virtual_time_ns < best->virtual_time_ns) best = queue;
    }
    return best;
  }

  /// Runs the queue's first task, without the lock meanwhile.
  void RunSlice(QueueState* queue, bool on_worker) LLKV_REQUIRES(mutex_) {
    Task* task = queue->runnable.front();
    queue->runnable.pop_front();
    task->scheduler_state = Task::State::kRunning;
    queue->num_running++;
    if (on_worker) queue->num_workers++;
    if (on_worker) virtual_time_ns_ = std::max(virtual_time_ns_, queue->virtual_time_ns);
    num_tasks_run_.fetch_add(1, std::memory_order_relaxed);
    mutex_.Unlock();
    const auto begin = std::chrono::steady_clock::now();
    const TaskResult result = task->Run();
    const auto elapsed = std::chrono::steady_clock::now() - begin;
    mutex_.Lock();
    const auto elapsed_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count();
    queue->virtual_time_ns += static_cast<uint64_t>(elapsed_ns) / queue->weight;
    queue->num_running--;
    if (on_worker) queue->num_workers--;
    // A done task may be gone as soon as the lock is released, a cancelled one too.
    const bool woken = task->scheduler_state == Task::State::kRunningWoken;
    if (result == TaskResult::kDone || queue->is_cancelling) {
      task->scheduler_state = Task::State::kIdle;
      queue->num_pending--;
    } else if (result == TaskResult::kBlocked && !woken) {
      task->scheduler_state = Task::State::kBlocked;
      queue->blocked.push_back(task);
    } else {
      Enqueue(queue, task);
      // Another worker may be waiting because this queue had reached its number of workers.
      work_.NotifyOne();
      return;
    }
    Changed(queue);
    if (!queue->runnable.empty()) work_.NotifyOne();
  }

  void Enqueue(QueueState* queue, Task* task) LLKV_REQUIRES(mutex_) {
    if (queue->runnable.empty() && queue->num_running == 0) {
      queue->virtual_time_ns = std::max(queue->virtual_time_ns, virtual_time_ns_);
    }
    task->scheduler_state = Task::State::kQueued;
    queue->runnable.push_back(task);
    Changed(queue);
  }

  void Changed(QueueState* queue) LLKV_REQUIRES(mutex_) {
    queue->epoch++;
    queue->changed.NotifyAll();
  }

  Mutex resize_mutex_;
  mutable Mutex mutex_;
  ConditionVariable work_;
  std::vector<QueueState*> queues_ LLKV_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ LLKV_GUARDED_BY(mutex_);
  uint32_t num_workers_ LLKV_GUARDED_BY(mutex_);
  uint64_t virtual_time_ns_ LLKV_GUARDED_BY(mutex_) = 0;
  std::atomic<uint64_t> num_tasks_run_{0};
};

Scheduler::Scheduler(uint32_t num_workers) : core_(std::make_unique<SchedulerCore>(num_workers)) {}
Scheduler::~Scheduler() = default;
void Scheduler::SetNumWorkers(uint32_t num_workers) { core_->SetNumWorkers(num_workers); }
uint32_t Scheduler::num_workers() const { return core_->num_workers(); }
uint64_t Scheduler::num_tasks_run() const { return core_->num_tasks_run(); }

TaskQueue::TaskQueue(Scheduler* scheduler, uint32_t max_workers, uint32_t weight)
    : core_(&scheduler->core()), state_(std::make_unique<QueueState>(max_workers, weight)) {
  core_->AddQueue(state_.get());
}

TaskQueue::~TaskQueue() { core_->RemoveQueue(state_.get()); }
void TaskQueue::Submit(Task* task) { core_->Submit(state_.get(), task); }
void TaskQueue::Wake(Task* task) { core_->Wake(state_.get(), task); }
bool TaskQueue::RunOne() { return core_->RunOne(state_.get()); }
uint64_t TaskQueue::epoch() const { return core_->epoch(state_.get()); }
void TaskQueue::WaitForChange(uint64_t seen) { core_->WaitForChange(state_.get(), seen); }
void TaskQueue::Notify() { core_->Notify(state_.get()); }
void TaskQueue::Cancel() { core_->Cancel(state_.get()); }
uint32_t TaskQueue::num_pending() const { return core_->num_pending(state_.get()); }

}  // namespace llkv
