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
  for (auto& chunk : chunks_) delete[] chunk.load(std::memory_order_relaxed);
}

DeleteSet::Entry* DeleteSet::FindEntry(uint32_t slot) const {
  const Places* places = places_.load(std::memory_order_acquire);
  if (places == nullptr) return nullptr;
  for (uint32_t place = places->First(slot);; place = places->After(place)) {
    const uint32_t index = places->entries[place].load(std::memory_order_acquire);
    if (index == 0) return nullptr;
    Entry& found = entry(index - 1);
    if (found.slot == slot) return &found;
  }
}

void DeleteSet::Put(const Places& places, uint32_t slot, uint32_t index) {
  uint32_t place = places.First(slot);
  while (places.entries[place].load(std::memory_order_relaxed) != 0) place = places.After(place);
  places.entries[place].store(index + 1, std::memory_order_release);
}

const DeleteSet::Places& DeleteSet::Grow(uint32_t num_entries) {
  constexpr uint32_t kFirstBits = 5;
  const Places* places = places_.load(std::memory_order_relaxed);
  if (places != nullptr && num_entries < places->size() / 2) return *places;
  auto larger = std::make_unique<const Places>(places == nullptr ? kFirstBits : places->bits + 2);
  for (uint32_t i = 0; i < num_entries; ++i) Put(*larger, entry(i).slot, i);
  places = larger.get();
  made_.push_back(std::move(larger));
  places_.store(places, std::memory_order_release);
  return *places;
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
  const Places& places = Grow(index);
  Entry& added = entry(index);
  added.slot = slot;
  Put(places, slot, index);
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
