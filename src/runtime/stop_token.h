// StopToken: how a query is told to stop, from any thread, and Progress, what others may read of it meanwhile.
#pragma once

#include <arrow/status.h>

#include <atomic>
#include <cstdint>

#include "base/error.h"

namespace llkv {

/// A flag that long loops poll at least each 10 ms. May have a parent (a session's token over a query's), whose request
/// counts too. Any thread.
class StopToken {
 public:
  /// `parent` may be null and outlives this token.
  explicit StopToken(const StopToken* parent = nullptr) : parent_(parent) {}
  StopToken(const StopToken&) = delete;
  StopToken& operator=(const StopToken&) = delete;

  /// Gives it another parent, or none. Not while another thread uses it.
  void SetParent(const StopToken* parent) { parent_ = parent; }
  void RequestStop() { stop_.store(true, std::memory_order_relaxed); }
  /// Clears its own request; the parent's stays. Not while something polls it that should have stopped.
  void Reset() { stop_.store(false, std::memory_order_relaxed); }
  bool stop_requested() const {
    return stop_.load(std::memory_order_relaxed) || (parent_ != nullptr && parent_->stop_requested());
  }
  /// 57014 once a stop was requested.
  arrow::Status Check() const {
    if (!stop_requested()) [[likely]] {
      return arrow::Status::OK();
    }
    return SqlError(sqlstate::kQueryCanceled, "the statement was interrupted");
  }

 private:
  const StopToken* parent_;
  std::atomic<bool> stop_{false};
};

/// How far a statement has come. Written by its threads, read by any at any time; figures of different moments may mix.
struct Progress {
  /// Rows that its sources have given, and how many they will give (an estimate; 0: not known).
  std::atomic<uint64_t> rows_done{0};
  std::atomic<uint64_t> rows_total{0};
  std::atomic<uint64_t> pipelines_done{0};
  std::atomic<uint64_t> pipelines_total{0};

  void Reset() {
    rows_done.store(0, std::memory_order_relaxed);
    rows_total.store(0, std::memory_order_relaxed);
    pipelines_done.store(0, std::memory_order_relaxed);
    pipelines_total.store(0, std::memory_order_relaxed);
  }
};

}  // namespace llkv
