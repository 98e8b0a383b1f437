// Scheduler: worker threads that run the tasks of queries in fair shares. Here because a query's caller must take part,
// blocked tasks must leave their thread, and shares must be fair between queries. Knows no pipelines and no SQL.
#pragma once

#include <cstdint>
#include <memory>

namespace llkv {

enum class TaskResult : uint8_t {
  kAgain,    // there is more to do: to be run again, after others of the same queue
  kBlocked,  // to be run again after Wake
  kDone,
};

/// Work that is done in slices of a few milliseconds. On one thread at a time; not always the same one.
class Task {
 public:
  /// Where a task stands. The scheduler's, under its lock; nobody else looks.
  enum class State : uint8_t { kIdle, kQueued, kRunning, kRunningWoken, kBlocked };

  virtual ~Task() = default;
  /// Does one slice. Errors are the task's own business.
  virtual TaskResult Run() = 0;

  State scheduler_state = State::kIdle;
};

class SchedulerCore;
struct QueueState;

/// The workers of a process or an engine. Threads start when a first task is submitted.
class Scheduler {
 public:
  explicit Scheduler(uint32_t num_workers);
  /// No queue may be left.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Changes the number of workers; those too many end after their current slice, and this waits for them. Not from
  /// within a task.
  void SetNumWorkers(uint32_t num_workers);
  uint32_t num_workers() const;
  /// Slices that were run so far, on workers and callers: a query that never touches the scheduler leaves it as it is.
  uint64_t num_tasks_run() const;

  /// For TaskQueue.
  SchedulerCore& core() { return *core_; }

 private:
  std::unique_ptr<SchedulerCore> core_;
};

/// The tasks of one query. Queues share the workers in proportion to their weight, by the time their tasks have taken.
///
/// The thread that waits for the query takes part by RunOne. All methods: any thread, while the queue lives.
class TaskQueue {
 public:
  /// `scheduler` outlives it. At most `max_workers` workers run its tasks at once (callers of RunOne beside them).
  TaskQueue(Scheduler* scheduler, uint32_t max_workers, uint32_t weight = 1);
  /// Cancels.
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  /// Makes a new (or finished) task runnable. The task lives until it is done or the queue was cancelled.
  void Submit(Task* task);
  /// Makes a blocked task runnable; a running one will run once more instead of blocking. Does nothing otherwise.
  void Wake(Task* task);
  /// Runs one slice of a runnable task on this thread; false where none is runnable.
  bool RunOne();

  /// A number that changes whenever a task becomes runnable, blocks or is done, and with Notify.
  uint64_t epoch() const;
  /// Waits until epoch() differs from `seen`. Read the epoch, look at what is waited for, then wait.
  void WaitForChange(uint64_t seen);
  void Notify();

  /// Forgets all tasks that don't run and waits for those that do; they may be submitted again afterwards.
  void Cancel();
  /// Tasks submitted and not done.
  uint32_t num_pending() const;

 private:
  SchedulerCore* core_;
  std::unique_ptr<QueueState> state_;
};

}  // namespace llkv
