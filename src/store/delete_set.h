// DeleteSet: which rows of a cold row group are deleted, and by whom. A bitmap of rows that are gone for everyone (from
// the stored deletion vector), and above it an append-only hash table of slots with version stamps, some 30 bytes a
// delete and nothing where there is none. One writer; readers beside it never wait.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "store/column/chunk_descriptor.h"
#include "txn/version_stamp.h"

namespace llkv {

/// A bit a row, 1 = deleted; empty: none is.
using RowBitmap = std::vector<uint64_t>;

/// How many bits are set.
inline uint32_t CountRows(const RowBitmap& bitmap) {
  uint32_t count = 0;
  for (const uint64_t word : bitmap) count += static_cast<uint32_t>(std::popcount(word));
  return count;
}

class DeleteSet {
 public:
  /// `gone` has a bit for each row of the row group, or is empty.
  DeleteSet(uint32_t num_rows, RowBitmap gone);
  ~DeleteSet();
  DeleteSet(const DeleteSet&) = delete;
  DeleteSet& operator=(const DeleteSet&) = delete;

  bool empty() const { return num_gone_ == 0 && num_entries_.load(std::memory_order_acquire) == 0; }
  uint32_t num_gone() const { return num_gone_; }
  uint32_t num_entries() const { return num_entries_.load(std::memory_order_acquire); }

  /// The stamp of a row: 0 where it is not deleted.
  VersionStamp Find(uint32_t slot) const;
  /// Writer: where to put the stamp of a row; it is 0 at first. Null where the row is gone for everyone.
  std::atomic<VersionStamp>* FindOrAdd(uint32_t slot);
  /// Calls f(slot, stamp) for each stamp that is not 0; rows that are gone for everyone have none.
  template <typename F>
  void ForEachStamp(const F& f) const {
    const uint32_t count = num_entries();
    for (uint32_t i = 0; i < count; ++i) {
      const VersionStamp stamp = entry(i).stamp.load(std::memory_order_acquire);
      if (stamp != 0) f(entry(i).slot, stamp);
    }
  }
  const RowBitmap& gone() const { return gone_; }
  /// Sets the bits of the rows that are deleted as `snapshot` sees it; `bitmap` has room for each row of the row group.
  void GetDeleted(const Snapshot& snapshot, RowBitmap* bitmap) const;
  /// How many rows those are. Not num_gone() + num_entries(): an entry whose delete was undone stays.
  uint32_t CountDeleted(const Snapshot& snapshot) const {
    RowBitmap deleted;
    GetDeleted(snapshot, &deleted);
    return CountRows(deleted);
  }

 private:
  static constexpr uint32_t kFirstChunkEntries = 16;
  static constexpr uint32_t kNumChunks = 14;  // 16 * (2^14 - 1) entries: more than a row group has rows
  struct Entry {
    std::atomic<VersionStamp> stamp{0};
    uint32_t slot = 0;
  };
  /// Where the entries of slots are, by linear probing: one more than an entry's index, or 0. At most half full.
  struct Places {
    explicit Places(uint32_t num_bits) : bits(num_bits), entries(new std::atomic<uint32_t>[size()]()) {}
    uint32_t size() const { return uint32_t{1} << bits; }
    uint32_t First(uint32_t slot) const { return (slot * 2654435769u) >> (32 - bits); }
    uint32_t After(uint32_t place) const { return (place + 1) & (size() - 1); }

    const uint32_t bits;
    const std::unique_ptr<std::atomic<uint32_t>[]> entries;
  };
  static uint32_t ChunkOf(uint32_t index) {
    return static_cast<uint32_t>(std::bit_width(index / kFirstChunkEntries + 1)) - 1;
  }
  static uint32_t ChunkStart(uint32_t chunk) { return kFirstChunkEntries * ((1u << chunk) - 1); }
  Entry& entry(uint32_t index) const {
    const uint32_t chunk = ChunkOf(index);
    return chunks_[chunk].load(std::memory_order_acquire)[index - ChunkStart(chunk)];
  }
  Entry* FindEntry(uint32_t slot) const;
  static void Put(const Places& places, uint32_t slot, uint32_t index);
  /// Writer: makes room for one more entry. Readers may still look into the smaller tables.
  const Places& Grow(uint32_t num_entries);
  bool IsGone(uint32_t slot) const { return !gone_.empty() && ((gone_[slot / 64] >> (slot % 64)) & 1) != 0; }

  const uint32_t num_rows_;
  const RowBitmap gone_;
  uint32_t num_gone_ = 0;
  std::atomic<uint32_t> num_entries_{0};
  /// The last of made_, or null.
  std::atomic<const Places*> places_{nullptr};
  std::vector<std::unique_ptr<const Places>> made_;
  std::array<std::atomic<Entry*>, kNumChunks> chunks_{};
};

}  // namespace llkv
