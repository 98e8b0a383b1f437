// Two tasks of the scheduler change one variable without a lock: the build under TSan must report it, or it watches
// nothing.
#include <cstdio>

#include "runtime/scheduler.h"

namespace {

volatile int shared_count = 0;

class RacingTask : public llkv::Task {
 public:
  llkv::TaskResult Run() override {
    for (int i = 0; i < 100000; ++i) shared_count = shared_count + 1;
    return --slices_ > 0 ? llkv::TaskResult::kAgain : llkv::TaskResult::kDone;
  }

 private:
  int slices_ = 200;
};

}  // namespace

int main() {
  llkv::Scheduler scheduler(2);
  llkv::TaskQueue queue(&scheduler, 2);
  RacingTask first;
  RacingTask second;
  queue.Submit(&first);
  queue.Submit(&second);
  while (queue.num_pending() > 0) {
    const uint64_t seen = queue.epoch();
    if (queue.num_pending() > 0 && !queue.RunOne()) queue.WaitForChange(seen);
  }
  std::printf("counted to %d\n", shared_count);
  return 0;
}
