// LiveStates: which states of a database (by the commit that made them) some snapshot, reader or commit still holds.
// What only older states reach may go.
#pragma once

#include <cstdint>
#include <limits>
#include <map>

#include "base/mutex.h"

namespace llkv::file {

/// Safe from any thread.
class LiveStates {
 public:
  void Add(uint64_t lsn) {
    MutexLock lock(mutex_);
    ++counts_[lsn];
  }
  void Remove(uint64_t lsn) {
    MutexLock lock(mutex_);
    const auto found = counts_.find(lsn);
    if (--found->second == 0) counts_.erase(found);
  }
  /// The oldest one; the greatest number where there is none.
  uint64_t Oldest() const {
    MutexLock lock(mutex_);
    return counts_.empty() ? std::numeric_limits<uint64_t>::max() : counts_.begin()->first;
  }

 private:
  mutable Mutex mutex_;
  std::map<uint64_t, uint64_t> counts_ LLKV_GUARDED_BY(mutex_);
};

}  // namespace llkv::file
