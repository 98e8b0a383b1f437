// ArtIndex: an adaptive radix tree from memcomparable keys to row ids, the index over hot rows. Several rows may have
// one key: they are versions of it. Entries are never removed; the index goes when its hot rows have become cold, and
// whoever looks up judges each row by its stamps.
// Source: Leis, Kemper, Neumann: "The Adaptive Radix Tree" (2013); readers beside one writer as in "The ART of
// Practical Synchronization" (2016), with replaced nodes kept until the index goes.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/ids.h"
#include "store/bump_arena.h"

namespace llkv {

/// One thread inserts at a time; any number of threads look up beside it and never wait.
///
/// No key may be a proper prefix of another (key_encoding.h makes such keys).
class ArtIndex {
 public:
  /// A row with a key, and the ones inserted before it.
  struct Entry {
    RowId row;
    const Entry* older;
  };

  explicit ArtIndex(arrow::MemoryPool* pool) : arena_(pool) {}
  ArtIndex(const ArtIndex&) = delete;
  ArtIndex& operator=(const ArtIndex&) = delete;

  /// Adds a row. 53200 where the memory limit is reached; then nothing was added.
  arrow::Status Insert(std::string_view key, RowId row);
  /// The newest row of a key, or null. Valid as long as the index.
  const Entry* Find(std::string_view key) const;

  /// Calls visit(key, newest entry) for each key in [first, end), in order, until it returns false. An empty `end` is
  /// no bound.
  using Visitor = bool (*)(void* context, std::string_view key, const Entry* newest);
  void Scan(std::string_view first, std::string_view end, Visitor visit, void* context) const;

  uint64_t num_entries() const { return num_entries_.load(std::memory_order_relaxed); }
  int64_t size_bytes() const { return arena_.size_bytes(); }

 private:
  struct Node;
  struct Leaf;
  template <int kCapacity>
  struct ListNode;
  struct Node48;
  struct Node256;
  /// A Node, or a Leaf with the lowest bit set; 0 is nothing.
  using Ref = uintptr_t;

  static const std::atomic<Ref>* FindChild(const Node* node, uint8_t byte);
  /// Calls f(byte, child) for the greatest byte first.
  template <typename F>
  static void ForEachChildDescending(const Node* node, F&& f);
  template <typename T>
  arrow::Result<T*> New();
  arrow::Result<Leaf*> NewLeaf(std::string_view key, RowId row);
  arrow::Status AddChild(std::atomic<Ref>* slot, Node* node, uint8_t byte, Ref child);
  template <int kCapacity>
  static bool TryAddToList(Node* node, uint8_t byte, Ref child);
  template <int kCapacity, typename Target>
  arrow::Result<Target*> GrowList(const Node* node);
  arrow::Result<Node256*> Grow48(const Node* node);
  static void PutChild(Node* node, uint8_t byte, Ref child);
  arrow::Result<Node*> CopyWithPrefix(const Node* node, const uint8_t* prefix, uint32_t prefix_size);
  arrow::Status SplitPrefix(std::atomic<Ref>* slot, Node* node, uint32_t matched, uint8_t byte, Ref child);
  arrow::Status SplitLeaf(std::atomic<Ref>* slot, Leaf* old_leaf, std::string_view key, uint32_t depth, RowId row);

  BumpArena arena_;
  std::atomic<Ref> root_{0};
  std::atomic<uint64_t> num_entries_{0};
};

}  // namespace llkv
