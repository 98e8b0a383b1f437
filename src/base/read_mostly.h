// ReadMostly: an immutable value that many threads take all the time and that is replaced now and then. A shared
// pointer under one lock would make their cores hand two cache lines around: here each stripe has a lock and a
// reference count of its own.
#pragma once

#include <array>
#include <memory>
#include <utility>

#include "base/mutex.h"
#include "base/stripe.h"

namespace llkv {

/// Any thread may call Load; Store has one caller at a time.
template <typename T>
class ReadMostly {
 public:
  /// The value, null before the first Store. Beside a Store it is the old or the new one, and may be the old one again
  /// after it was the new one.
  std::shared_ptr<const T> Load() const {
    const Copy& copy = copies_[CurrentStripe()];
    MutexLock lock(copy.mutex);
    return copy.value;
  }

  /// Replaces the value: who calls Load after it gets the new one. What drops the last reference to the old one, and
  /// so destroys it, does so outside of the locks.
  void Store(std::shared_ptr<const T> value) {
    for (Copy& copy : copies_) {
      // Points to the value, and counts references to what holds it.
      auto holder = std::make_shared<const std::shared_ptr<const T>>(value);
      const T* pointer = holder->get();
      std::shared_ptr<const T> counted(std::move(holder), pointer);
      MutexLock lock(copy.mutex);
      copy.value.swap(counted);
    }
  }

 private:
  struct alignas(64) Copy {
    mutable Mutex mutex;
    std::shared_ptr<const T> value LLKV_GUARDED_BY(mutex);
  };
  std::array<Copy, kNumStripes> copies_;
};

}  // namespace llkv
