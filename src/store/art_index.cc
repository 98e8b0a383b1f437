// See art_index.h.
#include "store/art_index.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <vector>

#include "base/error.h"

namespace llkv {

namespace {
enum class NodeKind : uint8_t { k4, k16, k48, k256 };
}  // namespace

/// What all inner nodes begin with. Kind and prefix never change once a reader can see the node; the prefix points into
/// the key of some leaf below.
struct ArtIndex::Node {
  NodeKind kind = NodeKind::k4;
  uint32_t prefix_size = 0;
  const uint8_t* prefix = nullptr;
  /// Children so far. In list nodes, keys and children below it are readable.
  std::atomic<uint32_t> count{0};
};

/// 4 or 16 children in the order of their insertion.
template <int kCapacity>
struct ArtIndex::ListNode : Node {
  ListNode() { kind = kCapacity == 4 ? NodeKind::k4 : NodeKind::k16; }
  std::array<uint8_t, kCapacity> keys{};
  std::array<std::atomic<Ref>, kCapacity> children{};
};

/// 48 children; slot_of[byte] is one more than a child's index, or 0.
struct ArtIndex::Node48 : Node {
  Node48() { kind = NodeKind::k48; }
  std::array<std::atomic<uint8_t>, 256> slot_of{};
  std::array<std::atomic<Ref>, 48> children{};
};

struct ArtIndex::Node256 : Node {
  Node256() { kind = NodeKind::k256; }
  std::array<std::atomic<Ref>, 256> children{};
};

/// The key's bytes follow.
struct ArtIndex::Leaf {
  std::atomic<const Entry*> newest{nullptr};
  Entry first{};
  uint32_t key_size = 0;

  uint8_t* key() { return reinterpret_cast<uint8_t*>(this + 1); }
  const uint8_t* key() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  bool HasKey(std::string_view other) const {
    return key_size == other.size() && std::memcmp(key(), other.data(), key_size) == 0;
  }
};

namespace {

constexpr bool IsLeaf(uintptr_t ref) { return (ref & 1) != 0; }

uint32_t CommonSize(const uint8_t* a, const uint8_t* b, uint32_t size) {
  uint32_t i = 0;
  while (i < size && a[i] == b[i]) ++i;
  return i;
}

}  // namespace

const std::atomic<ArtIndex::Ref>* ArtIndex::FindChild(const Node* node, uint8_t byte) {
  const auto find_in_list = [byte](const auto* list) -> const std::atomic<Ref>* {
    const uint32_t count = list->count.load(std::memory_order_acquire);
    for (uint32_t i = 0; i < count; ++i) {
      if (list->keys[i] == byte) return &list->children[i];
    }
    return nullptr;
  };
  switch (node->kind) {
    case NodeKind::k4:
      return find_in_list(static_cast<const ListNode<4>*>(node));
    case NodeKind::k16:
      return find_in_list(static_cast<const ListNode<16>*>(node));
    case NodeKind::k48: {
      const auto* node48 = static_cast<const Node48*>(node);
      const uint8_t slot = node48->slot_of[byte].load(std::memory_order_acquire);
      return slot == 0 ? nullptr : &node48->children[slot - 1];
    }
    case NodeKind::k256: {
      const std::atomic<Ref>* child = &static_cast<const Node256*>(node)->children[byte];
      return child->load(std::memory_order_acquire) == 0 ? nullptr : child;
    }
  }
  return nullptr;
}

const ArtIndex::Entry* ArtIndex::Find(std::string_view key) const {
  const auto* bytes = reinterpret_cast<const uint8_t*>(key.data());
  Ref ref = root_.load(std::memory_order_acquire);
  size_t depth = 0;
  while (ref != 0) {
    if (IsLeaf(ref)) {
      const auto* leaf = reinterpret_cast<const Leaf*>(ref & ~Ref{1});
      return leaf->HasKey(key) ? leaf->newest.load(std::memory_order_acquire) : nullptr;
    }
    const auto* node = reinterpret_cast<const Node*>(ref);
    if (key.size() <= depth + node->prefix_size) return nullptr;
    if (std::memcmp(node->prefix, bytes + depth, node->prefix_size) != 0) return nullptr;
    depth += node->prefix_size;
    const std::atomic<Ref>* child = FindChild(node, bytes[depth]);
    if (child == nullptr) return nullptr;
    ref = child->load(std::memory_order_acquire);
    ++depth;
  }
  return nullptr;
}

template <typename T>
arrow::Result<T*> ArtIndex::New() {
  ARROW_ASSIGN_OR_RAISE(uint8_t * memory, arena_.Allocate(sizeof(T)));
  return new (memory) T();
}

arrow::Result<ArtIndex::Leaf*> ArtIndex::NewLeaf(std::string_view key, RowId row) {
  ARROW_ASSIGN_OR_RAISE(uint8_t * memory, arena_.Allocate(sizeof(Leaf) + key.size()));
  auto* leaf = new (memory) Leaf();
  leaf->first = {row, nullptr};
  leaf->newest.store(&leaf->first, std::memory_order_relaxed);
  leaf->key_size = static_cast<uint32_t>(key.size());
  std::memcpy(leaf->key(), key.data(), key.size());
  return leaf;
}

template <int kCapacity>
bool ArtIndex::TryAddToList(Node* node, uint8_t byte, Ref child) {
  auto* list = static_cast<ListNode<kCapacity>*>(node);
  const uint32_t count = list->count.load(std::memory_order_relaxed);
  if (count == kCapacity) return false;
  list->keys[count] = byte;
  list->children[count].store(child, std::memory_order_relaxed);
  list->count.store(count + 1, std::memory_order_release);
  return true;
}

void ArtIndex::PutChild(Node* node, uint8_t byte, Ref child) {
  switch (node->kind) {
    case NodeKind::k4:
      TryAddToList<4>(node, byte, child);
      return;
    case NodeKind::k16:
      TryAddToList<16>(node, byte, child);
      return;
    case NodeKind::k48: {
      auto* node48 = static_cast<Node48*>(node);
      const uint32_t count = node->count.load(std::memory_order_relaxed);
      node48->children[count].store(child, std::memory_order_relaxed);
      node48->slot_of[byte].store(static_cast<uint8_t>(count + 1), std::memory_order_release);
      node->count.store(count + 1, std::memory_order_release);
      return;
    }
    case NodeKind::k256:
      static_cast<Node256*>(node)->children[byte].store(child, std::memory_order_release);
      node->count.fetch_add(1, std::memory_order_relaxed);
      return;
  }
}

template <int kCapacity, typename Target>
arrow::Result<Target*> ArtIndex::GrowList(const Node* node) {
  const auto* list = static_cast<const ListNode<kCapacity>*>(node);
  ARROW_ASSIGN_OR_RAISE(Target * grown, New<Target>());
  grown->prefix = node->prefix;
  grown->prefix_size = node->prefix_size;
  const uint32_t count = list->count.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < count; ++i) {
    PutChild(grown, list->keys[i], list->children[i].load(std::memory_order_relaxed));
  }
  return grown;
}

arrow::Result<ArtIndex::Node256*> ArtIndex::Grow48(const Node* node) {
  const auto* node48 = static_cast<const Node48*>(node);
  ARROW_ASSIGN_OR_RAISE(Node256 * grown, New<Node256>());
  grown->prefix = node->prefix;
  grown->prefix_size = node->prefix_size;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const uint8_t slot = node48->slot_of[byte].load(std::memory_order_relaxed);
    if (slot == 0) continue;
    PutChild(grown, static_cast<uint8_t>(byte), node48->children[slot - 1].load(std::memory_order_relaxed));
  }
  return grown;
}

arrow::Status ArtIndex::AddChild(std::atomic<Ref>* slot, Node* node, uint8_t byte, Ref child) {
  Node* grown = nullptr;
  switch (node->kind) {
    case NodeKind::k4: {
      if (TryAddToList<4>(node, byte, child)) return arrow::Status::OK();
      ARROW_ASSIGN_OR_RAISE(grown, (GrowList<4, ListNode<16>>(node)));
      break;
    }
    case NodeKind::k16: {
      if (TryAddToList<16>(node, byte, child)) return arrow::Status::OK();
      ARROW_ASSIGN_OR_RAISE(grown, (GrowList<16, Node48>(node)));
      break;
    }
    case NodeKind::k48: {
      if (node->count.load(std::memory_order_relaxed) < 48) {
        PutChild(node, byte, child);
        return arrow::Status::OK();
      }
      ARROW_ASSIGN_OR_RAISE(grown, Grow48(node));
      break;
    }
    case NodeKind::k256:
      PutChild(node, byte, child);
      return arrow::Status::OK();
  }
  PutChild(grown, byte, child);
  slot->store(reinterpret_cast<Ref>(grown), std::memory_order_release);
  return arrow::Status::OK();
}

arrow::Result<ArtIndex::Node*> ArtIndex::CopyWithPrefix(const Node* node, const uint8_t* prefix, uint32_t prefix_size) {
  Node* copy = nullptr;
  switch (node->kind) {
    case NodeKind::k4: {
      ARROW_ASSIGN_OR_RAISE(copy, (GrowList<4, ListNode<4>>(node)));
      break;
    }
    case NodeKind::k16: {
      ARROW_ASSIGN_OR_RAISE(copy, (GrowList<16, ListNode<16>>(node)));
      break;
    }
    case NodeKind::k48: {
      ARROW_ASSIGN_OR_RAISE(Node48 * copy48, New<Node48>());
      const auto* from = static_cast<const Node48*>(node);
      for (uint32_t byte = 0; byte < 256; ++byte) {
        const uint8_t slot = from->slot_of[byte].load(std::memory_order_relaxed);
        if (slot == 0) continue;
        PutChild(copy48, static_cast<uint8_t>(byte), from->children[slot - 1].load(std::memory_order_relaxed));
      }
      copy = copy48;
      break;
    }
    case NodeKind::k256: {
      ARROW_ASSIGN_OR_RAISE(Node256 * copy256, New<Node256>());
      const auto* from = static_cast<const Node256*>(node);
      for (uint32_t byte = 0; byte < 256; ++byte) {
        const Ref child = from->children[byte].load(std::memory_order_relaxed);
        if (child != 0) PutChild(copy256, static_cast<uint8_t>(byte), child);
      }
      copy = copy256;
      break;
    }
  }
  copy->prefix = prefix;
  copy->prefix_size = prefix_size;
  return copy;
}

/// A key leaves the node's prefix after `matched` bytes: a new node takes the common part, and a copy of the old one
/// what comes after.
arrow::Status ArtIndex::SplitPrefix(std::atomic<Ref>* slot, Node* node, uint32_t matched, uint8_t byte, Ref child) {
  ARROW_ASSIGN_OR_RAISE(ListNode<4> * parent, New<ListNode<4>>());
  parent->prefix = node->prefix;
  parent->prefix_size = matched;
  ARROW_ASSIGN_OR_RAISE(Node * rest, CopyWithPrefix(node, node->prefix + matched + 1, node->prefix_size - matched - 1));
  PutChild(parent, node->prefix[matched], reinterpret_cast<Ref>(rest));
  PutChild(parent, byte, child);
  slot->store(reinterpret_cast<Ref>(parent), std::memory_order_release);
  return arrow::Status::OK();
}

/// Two keys share a leaf's place: a new node with their common bytes leads to both.
arrow::Status ArtIndex::SplitLeaf(std::atomic<Ref>* slot, Leaf* old_leaf, std::string_view key, uint32_t depth,
                                  RowId row) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(key.data());
  const uint32_t shorter = std::min(old_leaf->key_size, static_cast<uint32_t>(key.size()));
  const uint32_t common = CommonSize(old_leaf->key() + depth, bytes + depth, shorter - depth);
  if (depth + common == shorter) return InternalError("an index key is a prefix of another");
  ARROW_ASSIGN_OR_RAISE(ListNode<4> * parent, New<ListNode<4>>());
  ARROW_ASSIGN_OR_RAISE(Leaf * leaf, NewLeaf(key, row));
  parent->prefix = leaf->key() + depth;
  parent->prefix_size = common;
  PutChild(parent, old_leaf->key()[depth + common], reinterpret_cast<Ref>(old_leaf) | 1);
  PutChild(parent, bytes[depth + common], reinterpret_cast<Ref>(leaf) | 1);
  slot->store(reinterpret_cast<Ref>(parent), std::memory_order_release);
  return arrow::Status::OK();
}

arrow::Status ArtIndex::Insert(std::string_view key, RowId row) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(key.data());
  std::atomic<Ref>* slot = &root_;
  uint32_t depth = 0;
  while (true) {
    const Ref ref = slot->load(std::memory_order_relaxed);
    if (ref == 0) {  // Only the root.
      ARROW_ASSIGN_OR_RAISE(Leaf * leaf, NewLeaf(key, row));
      slot->store(reinterpret_cast<Ref>(leaf) | 1, std::memory_order_release);
      break;
    }
    if (IsLeaf(ref)) {
      auto* leaf = reinterpret_cast<Leaf*>(ref & ~Ref{1});
      if (!leaf->HasKey(key)) {
        ARROW_RETURN_NOT_OK(SplitLeaf(slot, leaf, key, depth, row));
        break;
      }
      ARROW_ASSIGN_OR_RAISE(uint8_t * memory, arena_.Allocate(sizeof(Entry)));
      leaf->newest.store(new (memory) Entry{row, leaf->newest.load(std::memory_order_relaxed)},
                         std::memory_order_release);
      break;
    }
    auto* node = reinterpret_cast<Node*>(ref);
    const auto left = static_cast<uint32_t>(key.size()) - depth;
    const uint32_t matched = CommonSize(node->prefix, bytes + depth, std::min(node->prefix_size, left));
    if (matched == left) return InternalError("an index key is a prefix of another");
    const std::atomic<Ref>* child = nullptr;
    if (matched == node->prefix_size) child = FindChild(node, bytes[depth + matched]);
    if (child == nullptr) {
      ARROW_ASSIGN_OR_RAISE(Leaf * leaf, NewLeaf(key, row));
      const Ref leaf_ref = reinterpret_cast<Ref>(leaf) | 1;
      const uint8_t byte = bytes[depth + matched];
      if (matched == node->prefix_size) {
        ARROW_RETURN_NOT_OK(AddChild(slot, node, byte, leaf_ref));
      } else {
        ARROW_RETURN_NOT_OK(SplitPrefix(slot, node, matched, byte, leaf_ref));
      }
      break;
    }
    depth += matched + 1;
    slot = const_cast<std::atomic<Ref>*>(child);
  }
  num_entries_.fetch_add(1, std::memory_order_relaxed);
  return arrow::Status::OK();
}

namespace {

/// A subtree that a scan has not looked at: the bytes above it, and whether they are those of the bounds.
struct Pending {
  uintptr_t ref;
  size_t depth;
  bool is_at_first;
  bool is_at_end;
};

}  // namespace

template <typename F>
void ArtIndex::ForEachChildDescending(const Node* node, F&& f) {
  const auto list = [&f](const auto* from) {
    const uint32_t count = from->count.load(std::memory_order_acquire);
    std::array<uint8_t, 16> order{};
    for (uint32_t i = 0; i < count; ++i) order[i] = static_cast<uint8_t>(i);
    std::sort(order.begin(), order.begin() + count,
              [from](uint8_t a, uint8_t b) { return from->keys[a] > from->keys[b]; });
    for (uint32_t i = 0; i < count; ++i) {
      f(from->keys[order[i]], from->children[order[i]].load(std::memory_order_acquire));
    }
  };
  switch (node->kind) {
    case NodeKind::k4:
      return list(static_cast<const ListNode<4>*>(node));
    case NodeKind::k16:
      return list(static_cast<const ListNode<16>*>(node));
    case NodeKind::k48:
    case NodeKind::k256:
      for (uint32_t byte = 256; byte-- > 0;) {
        const std::atomic<Ref>* child = FindChild(node, static_cast<uint8_t>(byte));
        if (child != nullptr) f(static_cast<uint8_t>(byte), child->load(std::memory_order_acquire));
      }
      return;
  }
}

void ArtIndex::Scan(std::string_view first, std::string_view end, Visitor visit, void* context) const {
  // A stack of its own: the tree is as deep as its keys are long.
  std::vector<Pending> stack;
  const Ref root = root_.load(std::memory_order_acquire);
  if (root != 0) stack.push_back({root, 0, !first.empty(), !end.empty()});
  while (!stack.empty()) {
    Pending at = stack.back();
    stack.pop_back();
    if (IsLeaf(at.ref)) {
      const auto* leaf = reinterpret_cast<const Leaf*>(at.ref & ~Ref{1});
      const std::string_view key(reinterpret_cast<const char*>(leaf->key()), leaf->key_size);
      if (at.is_at_first && key < first) continue;
      if (at.is_at_end && key >= end) return;
      if (!visit(context, key, leaf->newest.load(std::memory_order_acquire))) return;
      continue;
    }
    const auto* node = reinterpret_cast<const Node*>(at.ref);
    const std::string_view prefix(reinterpret_cast<const char*>(node->prefix), node->prefix_size);
    const size_t depth = at.depth + prefix.size();
    if (at.is_at_first) {
      const int order = prefix.compare(0, first.size() - at.depth, first.substr(at.depth, prefix.size()));
      if (order < 0) continue;
      at.is_at_first = order == 0 && depth < first.size();
    }
    if (at.is_at_end) {
      const int order = prefix.compare(0, end.size() - at.depth, end.substr(at.depth, prefix.size()));
      if (order > 0 || (order == 0 && depth >= end.size())) return;
      at.is_at_end = order == 0;
    }
    ForEachChildDescending(node, [&](uint8_t byte, Ref child) {
      const auto bound = [depth](std::string_view key) { return static_cast<uint8_t>(key[depth]); };
      if (at.is_at_first && byte < bound(first)) return;
      if (at.is_at_end && byte > bound(end)) return;
      const bool is_at_first = at.is_at_first && byte == bound(first) && depth + 1 < first.size();
      const bool is_at_end = at.is_at_end && byte == bound(end);
      if (is_at_end && depth + 1 == end.size()) return;
      stack.push_back({child, depth + 1, is_at_first, is_at_end});
    });
  }
}

}  // namespace llkv
