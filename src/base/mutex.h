// Mutex, MutexLock and ConditionVariable with clang's thread-safety annotations.
// Source: the macro set of clang's "Thread Safety Analysis" documentation.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define LLKV_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define LLKV_THREAD_ANNOTATION(x)
#endif
#define LLKV_CAPABILITY(x) LLKV_THREAD_ANNOTATION(capability(x))
#define LLKV_SCOPED_CAPABILITY LLKV_THREAD_ANNOTATION(scoped_lockable)
#define LLKV_GUARDED_BY(x) LLKV_THREAD_ANNOTATION(guarded_by(x))
#define LLKV_PT_GUARDED_BY(x) LLKV_THREAD_ANNOTATION(pt_guarded_by(x))
#define LLKV_REQUIRES(...) LLKV_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define LLKV_ACQUIRE(...) LLKV_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define LLKV_TRY_ACQUIRE(...) LLKV_THREAD_ANNOTATION(try_acquire_capability(__VA_ARGS__))
#define LLKV_RELEASE(...) LLKV_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define LLKV_EXCLUDES(...) LLKV_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define LLKV_NO_THREAD_SAFETY_ANALYSIS LLKV_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace llkv {

/// std::mutex that clang's analysis can follow.
class LLKV_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() LLKV_ACQUIRE() { mutex_.lock(); }
  void Unlock() LLKV_RELEASE() { mutex_.unlock(); }
  bool TryLock() LLKV_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

  /// For ConditionVariable only.
  std::mutex& native() { return mutex_; }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex for a scope.
class LLKV_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) LLKV_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() LLKV_RELEASE() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// A condition variable over Mutex. The caller holds the mutex and loops over its predicate.
class ConditionVariable {
 public:
  void Wait(Mutex& mutex) LLKV_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.native(), std::adopt_lock);
    cv_.wait(lock);
    lock.release();
  }
  /// False where the time ran out first.
  bool WaitFor(Mutex& mutex, std::chrono::nanoseconds timeout) LLKV_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.native(), std::adopt_lock);
    const bool signalled = cv_.wait_for(lock, timeout) == std::cv_status::no_timeout;
    lock.release();
    return signalled;
  }
  void NotifyOne() { cv_.notify_one(); }
  void NotifyAll() { cv_.notify_all(); }

 private:
  std::condition_variable cv_;
};

}  // namespace llkv
