// KeyDirectory: a persistent (copy-on-write) radix tree from keys to the places of blobs. A version never changes once
// made, so that snapshots keep theirs; nodes that are on disk are loaded when first touched.
//
// A node covers 128 keys or 128 child nodes and holds those present, packed. It knows nothing of commits or segments.
#pragma once

#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "pager/file/file_bytes.h"
#include "pager/file/format.h"

namespace llkv::file {

inline constexpr unsigned kDirectoryBits = 7;
inline constexpr uint64_t kDirectoryFanout = uint64_t{1} << kDirectoryBits;
inline constexpr unsigned kMaxDirectoryHeight = 10;

class DirectoryNode;

/// A counted reference to a node; null for none.
class NodeRef {
 public:
  NodeRef() = default;
  /// Takes over one count.
  explicit NodeRef(DirectoryNode* node) : node_(node) {}
  NodeRef(const NodeRef& other);
  NodeRef(NodeRef&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  NodeRef& operator=(NodeRef other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~NodeRef();

  DirectoryNode* get() const { return node_; }
  DirectoryNode* operator->() const { return node_; }
  explicit operator bool() const { return node_ != nullptr; }

 private:
  DirectoryNode* node_ = nullptr;
};

/// Reads a stored node's bytes, verified. `first_key` and `level` (0 for leaves) are what the entry must say.
class NodeSource {
 public:
  virtual ~NodeSource() = default;
  virtual arrow::Result<FileBytes> ReadNode(Extent place, uint64_t first_key, unsigned level) = 0;
};

/// Writes a node's bytes and says where.
class NodeSink {
 public:
  virtual ~NodeSink() = default;
  virtual arrow::Result<Extent> WriteNode(std::span<const uint8_t> bytes, uint64_t first_key, unsigned level) = 0;
};

/// Where a blob is, and the bit that remembers that its checksum was verified. Points into the directory version.
struct FoundBlob {
  Extent place;
  std::atomic<uint64_t>* verified_word = nullptr;
  uint64_t verified_mask = 0;

  bool verified() const { return (verified_word->load(std::memory_order_acquire) & verified_mask) != 0; }
  void SetVerified() const { verified_word->fetch_or(verified_mask, std::memory_order_release); }
};

/// One version. Copies share nodes. Const calls are safe from any thread.
class KeyDirectory {
 public:
  KeyDirectory() = default;
  /// The version whose root node is at `root`; offset 0 for an empty one.
  static arrow::Result<KeyDirectory> Load(NodeSource& source, Extent root, uint64_t height, uint64_t num_keys);

  uint64_t num_keys() const { return num_keys_; }
  uint64_t height() const { return height_; }

  arrow::Result<std::optional<FoundBlob>> Find(uint64_t key, NodeSource& source) const;
  /// Calls `visit` for each key, ascending.
  arrow::Status ForEach(NodeSource& source, const std::function<void(uint64_t key, Extent place)>& visit) const;

  /// Reads every node and blob place below the root, for checking: stored nodes anew, though they are in memory.
  struct CheckVisitor {
    std::function<void(uint64_t first_key, unsigned level, Extent place)> node;
    std::function<void(uint64_t key, Extent place)> blob;
    /// What is below the place cannot be read.
    std::function<void(Extent place, const arrow::Status& damage)> damaged;
  };
  void Check(NodeSource& source, const CheckVisitor& visitor) const;

  /// Writes the nodes that are not stored yet; gives the root's place. One call at a time over all versions.
  arrow::Result<Extent> Store(NodeSink& sink) const;
  /// Calls `visit` for the place of each stored node of this version that `newer` does not use. Between two stored
  /// versions only, and under the same rule as Store.
  arrow::Status ForEachReplaced(const KeyDirectory& newer, NodeSource& source,
                                const std::function<void(Extent place)>& visit) const;

  /// Takes over from an older version what this process learned about what both have: loaded nodes, and which blobs are
  /// verified. Before this one is published.
  arrow::Status LearnFrom(const KeyDirectory& older, NodeSource& source);

  /// Changes this object into a newer version; its copies stay as they are. `edit` is the same for changes that are
  /// published together, and no other's. False where the key has a blob.
  arrow::Result<bool> Insert(uint64_t key, Extent place, uint64_t edit, NodeSource& source);
  /// As Insert, for a blob that has a place: the old one, or nothing where the key has none.
  arrow::Result<std::optional<Extent>> Move(uint64_t key, Extent place, uint64_t edit, NodeSource& source);
  /// Makes the node at `place`, of that level and first key, be written anew by the next Store; false where this
  /// version does not use it. Under the same rule as Store.
  arrow::Result<bool> Renew(Extent place, uint64_t first_key, unsigned level, uint64_t edit, NodeSource& source);
  /// Takes back what a Store wrote whose checkpoint failed: the nodes at places for which `is_written` says so are not
  /// stored. Under the same rule as Store.
  void ForgetStored(const std::function<bool(Extent place)>& is_written) const;
  /// As Insert. The blob's place, or nothing where the key has none.
  arrow::Result<std::optional<Extent>> Erase(uint64_t key, uint64_t edit, NodeSource& source);

 private:
  NodeRef root_;
  // Levels of nodes: keys are below 128 to the power of it.
  unsigned height_ = 0;
  uint64_t num_keys_ = 0;
};

}  // namespace llkv::file
