// See base_pins.h.
#include "pager/file/base_pins.h"

#include <arrow/status.h>

namespace llkv::file {

void BasePins::Add(uint64_t sequence) {
  MutexLock lock(mutex_);
  ++counts_[sequence];
  Update();
}

void BasePins::Remove(uint64_t sequence) {
  MutexLock lock(mutex_);
  const auto found = counts_.find(sequence);
  if (--found->second == 0) counts_.erase(found);
  Update();
}

void BasePins::Detach() {
  MutexLock lock(mutex_);
  slots_.reset();
}

void BasePins::Update() {
  if (slots_ == nullptr || counts_.empty()) return;
  const uint64_t least = counts_.begin()->first;
  if (least == written_) return;
  if (slots_->WritePin(least).ok()) written_ = least;
}

}  // namespace llkv::file
