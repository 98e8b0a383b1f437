// ScanBound: a bound of a column that moves while scans run, such as the last of the rows that ORDER BY … LIMIT wants
// so far. Whoever finds it sets it; scans on any thread leave out rows, and row groups, beyond it.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "store/scan.h"

namespace llkv {

/// See the file's comment. Any thread.
class ScanBound {
 public:
  /// Whether rows that have NULL lie within each bound.
  explicit ScanBound(bool passes_nulls) : passes_nulls_(passes_nulls) {}

  bool passes_nulls() const { return passes_nulls_; }

  /// Before each execution: nothing lies beyond the bound.
  void Reset() LLKV_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    bound_.reset();
    version_.store(0, std::memory_order_release);
  }

  /// Rows of which `column op value` is not true lie beyond the bound from now on. `op` is one of the four
  /// inequalities; the value is of the column's type, not NULL.
  void Set(PredicateOp op, Value value) LLKV_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    bound_.emplace(op, std::move(value));
    version_.fetch_add(1, std::memory_order_release);
  }

  /// Another one for each bound; 0 while there is none.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

  /// The bound as a predicate on a column, and its version.
  std::optional<std::pair<ScanPredicate, uint64_t>> Get(uint32_t column) const LLKV_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!bound_.has_value()) return std::nullopt;
    return std::pair{ScanPredicate{column, bound_->first, {bound_->second}}, version_.load(std::memory_order_relaxed)};
  }

 private:
  const bool passes_nulls_;
  mutable Mutex mutex_;
  std::optional<std::pair<PredicateOp, Value>> bound_ LLKV_GUARDED_BY(mutex_);
  std::atomic<uint64_t> version_{0};
};

}  // namespace llkv
