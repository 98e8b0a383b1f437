// See delete_set.h.
#include "store/delete_set.h"

#include <utility>

namespace llkv {

namespace {
/// Stamp of a row that is gone for everyone: no later than any snapshot of a database that has cold rows.
constexpr VersionStamp kGoneStamp = 1;
}  // namespace

DeleteSet::DeleteSet(uint32_t num_rows, RowBitmap gone) : num_rows_(num_rows), gone_(std::move(gone)) {
  num_gone_ = CountRows(gone_);
}

DeleteSet::~DeleteSet() {
  delete[] buckets_.load(std::memory_order_relaxed);
  for (auto& chunk : chunks_) delete[] chunk.load(std::memory_order_relaxed);
}

DeleteSet::Entry* DeleteSet::FindEntry(uint32_t slot) const {
  const std::atomic<uint32_t>* buckets = buckets_.load(std::memory_order_acquire);
  if (buckets == nullptr) return nullptr;
  uint32_t next = buckets[slot % kNumBuckets].load(std::memory_order_acquire);
  while (next != 0) {
    Entry& found = entry(next - 1);
    if (found.slot == slot) return &found;
    next = found.next;
  }
  return nullptr;
}

VersionStamp DeleteSet::Find(uint32_t slot) const {
  if (IsGone(slot)) return kGoneStamp;
  const Entry* found = FindEntry(slot);
  return found == nullptr ? 0 : found->stamp.load(std::memory_order_acquire);
}

std::atomic<VersionStamp>* DeleteSet::FindOrAdd(uint32_t slot) {
  if (IsGone(slot)) return nullptr;
  if (Entry* found = FindEntry(slot)) return &found->stamp;
  const uint32_t index = num_entries_.load(std::memory_order_relaxed);
  const uint32_t chunk = ChunkOf(index);
  if (index == ChunkStart(chunk)) {
    chunks_[chunk].store(new Entry[size_t{kFirstChunkEntries} << chunk], std::memory_order_release);
  }
  if (index == 0) buckets_.store(new std::atomic<uint32_t>[kNumBuckets](), std::memory_order_release);
  Entry& added = entry(index);
  std::atomic<uint32_t>& bucket = buckets_.load(std::memory_order_relaxed)[slot % kNumBuckets];
  added.slot = slot;
  added.next = bucket.load(std::memory_order_relaxed);
  bucket.store(index + 1, std::memory_order_release);
  num_entries_.store(index + 1, std::memory_order_release);
  return &added.stamp;
}

void DeleteSet::GetDeleted(const Snapshot& snapshot, RowBitmap* bitmap) const {
  if (gone_.empty()) {
    bitmap->assign((num_rows_ + 63) / 64, 0);
  } else {
    *bitmap = gone_;
  }
  const uint32_t count = num_entries();
  for (uint32_t i = 0; i < count; ++i) {
    const Entry& deleted = entry(i);
    const VersionStamp stamp = deleted.stamp.load(std::memory_order_acquire);
    if (stamp != 0 && snapshot.Sees(stamp)) (*bitmap)[deleted.slot / 64] |= uint64_t{1} << (deleted.slot % 64);
  }
}

}  // namespace llkv
