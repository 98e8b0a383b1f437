// FilePager: which commits readers in other processes may see: those that were acknowledged, so that no reader sees
// what a failed sync takes back.
#include <algorithm>

#include "pager/file/file_pager.h"

namespace llkv::file {

uint64_t FilePager::AcknowledgedLsn() const {
  const uint64_t written = written_lsn_.load(std::memory_order_acquire);
  const uint64_t durable = syncs_.durable_lsn();
  const auto first = std::find_if(pending_.begin(), pending_.end(),
                                  [&](const PendingCommit& pending) { return pending.lsn > durable; });
  return first == pending_.end() ? written : std::min(written, first->lsn - 1);
}

void FilePager::ShowToReaders(uint64_t lsn) {
  MutexLock lock(slots_mutex_);
  if (slots_ == nullptr || (shown_lsn_ && lsn <= *shown_lsn_)) return;
  // Where it cannot be written, readers stay at an older commit until a later one can.
  if (slots_->WriteVisible(file_id_hash_, lsn).ok()) shown_lsn_ = lsn;
}

}  // namespace llkv::file
