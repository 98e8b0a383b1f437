// DirectoryNode: one node of a KeyDirectory, in memory and as stored bytes.
#pragma once

#include <arrow/result.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "pager/file/format.h"
#include "pager/file/key_directory.h"

namespace llkv::file {

/// A child of an inner node: a node in memory, or a place on disk that is loaded at first use.
class ChildSlot {
 public:
  explicit ChildSlot(Extent place) : place_(place) {}
  explicit ChildSlot(NodeRef node);
  ChildSlot(const ChildSlot& other);
  ChildSlot& operator=(ChildSlot other) noexcept;
  ~ChildSlot();

  /// Null where it is not loaded. Valid as long as this slot.
  DirectoryNode* loaded() const { return node_.load(std::memory_order_acquire); }
  arrow::Result<DirectoryNode*> Load(NodeSource& source, uint64_t first_key, unsigned level) const;
  /// Where the child is stored; under the rule of KeyDirectory::Store.
  Extent place() const;

 private:
  // Owns one count. Set once by whoever loads first.
  mutable std::atomic<DirectoryNode*> node_{nullptr};
  Extent place_;
};

/// Changed only by the edit that made it, before others see it; `stored` and the verified bits excepted.
class DirectoryNode {
 public:
  DirectoryNode(unsigned level, uint64_t edit) : level(level), edit(edit) {}
  DirectoryNode(const DirectoryNode& other, uint64_t edit);

  /// Which of the 128 keys or children are there: bit i of word i / 64.
  bool has(unsigned slot) const { return ((bits[slot / 64] >> (slot % 64)) & 1) != 0; }
  /// The place of a slot in the packed vector.
  size_t Rank(unsigned slot) const {
    const uint64_t below = (uint64_t{1} << (slot % 64)) - 1;
    size_t rank = static_cast<size_t>(std::popcount(bits[slot / 64] & below));
    if (slot >= 64) rank += static_cast<size_t>(std::popcount(bits[0]));
    return rank;
  }
  void Set(unsigned slot) { bits[slot / 64] |= uint64_t{1} << (slot % 64); }
  void Reset(unsigned slot) { bits[slot / 64] &= ~(uint64_t{1} << (slot % 64)); }
  bool empty() const { return bits[0] == 0 && bits[1] == 0; }

  std::vector<uint8_t> Encode() const;
  /// XX001 where the bytes are no node of that level.
  static arrow::Result<NodeRef> Decode(std::span<const uint8_t> bytes, Extent place, unsigned level);

  const unsigned level;
  const uint64_t edit;
  std::array<uint64_t, 2> bits = {};
  /// Leaves: places of blobs.
  std::vector<Extent> blobs;
  /// Leaves: blobs verified in this process, by slot.
  mutable std::array<std::atomic<uint64_t>, 2> verified = {};
  /// Inner nodes.
  std::vector<ChildSlot> children;
  /// Where this node is stored; offset 0 while it is not.
  mutable Extent stored;

  void Acquire() { references_.fetch_add(1, std::memory_order_relaxed); }
  void Release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  std::atomic<uint32_t> references_{1};
};

}  // namespace llkv::file
