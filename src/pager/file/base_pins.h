// BasePins: which checkpoints this process still needs, as one number in its slot of the lock file. Checkpoints are
// held by whatever reads through them (the newest state, snapshots, buffers), each with a BasePin; the slot has the
// least.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>

#include "base/mutex.h"
#include "pager/file/reader_slots.h"

namespace llkv::file {

/// Any thread. Lives as long as a pin of it; the slot is given back with it.
class BasePins {
 public:
  /// `slots` has a slot, or is null: then nothing is pinned.
  explicit BasePins(std::shared_ptr<ReaderSlots> slots) : slots_(std::move(slots)) {}

  void Add(uint64_t sequence);
  void Remove(uint64_t sequence);
  /// Pins nothing any more: nobody writes the file that the checkpoints are of. The slot goes on to another BasePins.
  void Detach();

 private:
  /// Writes the least number where it has changed. Where that fails the slot keeps an older one, which is safe.
  void Update() LLKV_REQUIRES(mutex_);

  Mutex mutex_;
  std::shared_ptr<ReaderSlots> slots_ LLKV_GUARDED_BY(mutex_);
  std::map<uint64_t, uint64_t> counts_ LLKV_GUARDED_BY(mutex_);
  uint64_t written_ LLKV_GUARDED_BY(mutex_) = 0;
};

/// One need of a checkpoint. Any thread may destroy it.
class BasePin {
 public:
  BasePin(std::shared_ptr<BasePins> pins, uint64_t sequence) : pins_(std::move(pins)), sequence_(sequence) {
    pins_->Add(sequence_);
  }
  ~BasePin() { pins_->Remove(sequence_); }
  BasePin(const BasePin&) = delete;
  BasePin& operator=(const BasePin&) = delete;

  /// Needs a newer checkpoint instead.
  void MoveTo(uint64_t sequence) {
    pins_->Add(sequence);
    pins_->Remove(sequence_);
    sequence_ = sequence;
  }

 private:
  const std::shared_ptr<BasePins> pins_;
  uint64_t sequence_;
};

}  // namespace llkv::file
