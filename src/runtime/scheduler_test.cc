// ctest-labels: threads
#include "runtime/scheduler.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

namespace llkv {
namespace {

class FunctionTask : public Task {
 public:
  explicit FunctionTask(std::function<TaskResult()> f) : f_(std::move(f)) {}
  TaskResult Run() override { return f_(); }

 private:
  std::function<TaskResult()> f_;
};

void RunToEnd(TaskQueue& queue) {
  while (true) {
    const uint64_t epoch = queue.epoch();
    if (queue.RunOne()) continue;
    if (queue.num_pending() == 0) return;
    queue.WaitForChange(epoch);
  }
}

TEST(SchedulerTest, RunsTasksOnTheCallerAlone) {
  Scheduler scheduler(0);
  TaskQueue queue(&scheduler, 1);
  int runs = 0;
  FunctionTask task([&] { return ++runs < 3 ? TaskResult::kAgain : TaskResult::kDone; });
  queue.Submit(&task);
  RunToEnd(queue);
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(scheduler.num_tasks_run(), 3U);
}

TEST(SchedulerTest, WorkersRunManyTasks) {
  Scheduler scheduler(3);
  TaskQueue queue(&scheduler, 3);
  std::atomic<int> sum{0};
  std::vector<std::unique_ptr<FunctionTask>> tasks;
  for (int i = 0; i < 200; ++i) {
    auto left = std::make_shared<int>(5);
    tasks.push_back(std::make_unique<FunctionTask>([&sum, left] {
      sum.fetch_add(1);
      return --*left > 0 ? TaskResult::kAgain : TaskResult::kDone;
    }));
    queue.Submit(tasks.back().get());
  }
  RunToEnd(queue);
  EXPECT_EQ(sum.load(), 1000);
}

TEST(SchedulerTest, BlockedTaskLeavesItsThreadUntilWoken) {
  Scheduler scheduler(1);
  TaskQueue queue(&scheduler, 1);
  std::atomic<int> stage{0};
  FunctionTask blocked([&] {
    if (stage.load() == 0) return TaskResult::kBlocked;
    stage.store(2);
    return TaskResult::kDone;
  });
  queue.Submit(&blocked);
  FunctionTask waker([&] {
    stage.store(1);
    queue.Wake(&blocked);
    return TaskResult::kDone;
  });
  queue.Submit(&waker);
  RunToEnd(queue);
  EXPECT_EQ(stage.load(), 2);
}

TEST(SchedulerTest, WakeWhileRunningIsNotLost) {
  Scheduler scheduler(2);
  for (int round = 0; round < 200; ++round) {
    TaskQueue queue(&scheduler, 2);
    std::atomic<bool> ready{false};
    FunctionTask blocked([&] { return ready.load() ? TaskResult::kDone : TaskResult::kBlocked; });
    FunctionTask waker([&] {
      ready.store(true);
      queue.Wake(&blocked);
      return TaskResult::kDone;
    });
    queue.Submit(&blocked);
    queue.Submit(&waker);
    RunToEnd(queue);
  }
}

TEST(SchedulerTest, CancelForgetsWaitingAndAwaitsRunningTasks) {
  Scheduler scheduler(2);
  std::atomic<int> running{0};
  std::atomic<bool> stop{false};
  std::vector<std::unique_ptr<FunctionTask>> tasks;
  {
    TaskQueue queue(&scheduler, 2);
    for (int i = 0; i < 8; ++i) {
      tasks.push_back(std::make_unique<FunctionTask>([&] {
        running.fetch_add(1);
        while (!stop.load()) std::this_thread::yield();
        running.fetch_sub(1);
        return TaskResult::kAgain;
      }));
      queue.Submit(tasks.back().get());
    }
    while (running.load() == 0) std::this_thread::yield();
    stop.store(true);
    queue.Cancel();
    EXPECT_EQ(running.load(), 0);
    EXPECT_EQ(queue.num_pending(), 0U);
    EXPECT_FALSE(queue.RunOne());
  }
}

TEST(SchedulerTest, QueuesShareOneWorkerFairly) {
  Scheduler scheduler(1);
  TaskQueue many(&scheduler, 1);
  TaskQueue one(&scheduler, 1);
  std::atomic<bool> stop{false};
  std::atomic<int> slices_of_many{0};
  std::atomic<int> slices_of_one{0};
  const auto slice = [&](std::atomic<int>& counter) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
    while (std::chrono::steady_clock::now() < end) {
    }
    counter.fetch_add(1);
    return stop.load() ? TaskResult::kDone : TaskResult::kAgain;
  };
  std::vector<std::unique_ptr<FunctionTask>> tasks;
  for (int i = 0; i < 10; ++i) {
    tasks.push_back(std::make_unique<FunctionTask>([&] { return slice(slices_of_many); }));
    many.Submit(tasks.back().get());
  }
  tasks.push_back(std::make_unique<FunctionTask>([&] {
    const TaskResult result = slice(slices_of_one);
    if (slices_of_one.load() < 100) return result;
    stop.store(true);
    return TaskResult::kDone;
  }));
  one.Submit(tasks.back().get());
  while (!stop.load()) std::this_thread::yield();
  // Ten tasks of the other queue got about what this one got, not ten times as much.
  EXPECT_LT(slices_of_many.load(), 400);
  many.Cancel();
}

TEST(SchedulerTest, NumberOfWorkersChangesWhileTasksRun) {
  Scheduler scheduler(1);
  TaskQueue queue(&scheduler, 8);
  std::atomic<bool> stop{false};
  std::vector<std::unique_ptr<FunctionTask>> tasks;
  for (int i = 0; i < 4; ++i) {
    tasks.push_back(
        std::make_unique<FunctionTask>([&] { return stop.load() ? TaskResult::kDone : TaskResult::kAgain; }));
    queue.Submit(tasks.back().get());
  }
  for (uint32_t n : {4U, 0U, 2U, 8U, 1U}) {
    scheduler.SetNumWorkers(n);
    EXPECT_EQ(scheduler.num_workers(), n);
  }
  stop.store(true);
  RunToEnd(queue);
}

}  // namespace
}  // namespace llkv
