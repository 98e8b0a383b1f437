// KeyDirectory: descent, path copying, storing.
#include "pager/file/key_directory.h"

#include <arrow/result.h>

#include <bit>
#include <string>
#include <utility>

#include "base/error.h"
#include "pager/file/directory_node.h"

namespace llkv::file {

namespace {

unsigned SlotOf(uint64_t key, unsigned level) {
  return static_cast<unsigned>((key >> (level * kDirectoryBits)) % kDirectoryFanout);
}

/// The first key of the node of that level around `key`.
uint64_t FirstKey(uint64_t key, unsigned level) {
  const unsigned shift = (level + 1) * kDirectoryBits;
  return shift >= 64 ? 0 : key >> shift << shift;
}

/// Whether a tree of `height` levels has a place for the key.
bool Covers(unsigned height, uint64_t key) {
  const unsigned shift = height * kDirectoryBits;
  return shift >= 64 || (key >> shift) == 0;
}

arrow::Result<DirectoryNode*> Child(const DirectoryNode& node, unsigned slot, uint64_t key, NodeSource& source) {
  return node.children[node.Rank(slot)].Load(source, FirstKey(key, node.level - 1), node.level - 1);
}

arrow::Status Visit(const DirectoryNode& node, uint64_t first_key, NodeSource& source,
                    const std::function<void(uint64_t, Extent)>& visit) {
  size_t rank = 0;
  for (unsigned slot = 0; slot < kDirectoryFanout; ++slot) {
    if (!node.has(slot)) continue;
    const uint64_t key = first_key + (uint64_t{slot} << (node.level * kDirectoryBits));
    if (node.level == 0) {
      visit(key, node.blobs[rank]);
    } else {
      ARROW_ASSIGN_OR_RAISE(const DirectoryNode* child, node.children[rank].Load(source, key, node.level - 1));
      ARROW_RETURN_NOT_OK(Visit(*child, key, source, visit));
    }
    ++rank;
  }
  return arrow::Status::OK();
}

void CheckBelow(const DirectoryNode& node, uint64_t first_key, NodeSource& source,
                const KeyDirectory::CheckVisitor& visitor) {
  if (node.stored.offset != 0) visitor.node(first_key, node.level, node.stored);
  size_t rank = 0;
  for (unsigned slot = 0; slot < kDirectoryFanout; ++slot) {
    if (!node.has(slot)) continue;
    const uint64_t key = first_key + (uint64_t{slot} << (node.level * kDirectoryBits));
    if (node.level == 0) {
      visitor.blob(key, node.blobs[rank]);
    } else {
      const arrow::Result<DirectoryNode*> child = node.children[rank].Load(source, key, node.level - 1);
      if (child.ok()) {
        CheckBelow(**child, key, source, visitor);
      } else {
        visitor.damaged(node.children[rank].place(), child.status());
      }
    }
    ++rank;
  }
}

arrow::Status StoreNode(const DirectoryNode& node, uint64_t first_key, NodeSink& sink) {
  if (node.stored.offset != 0) return arrow::Status::OK();
  size_t rank = 0;
  for (unsigned slot = 0; node.level > 0 && slot < kDirectoryFanout; ++slot) {
    if (!node.has(slot)) continue;
    const uint64_t key = first_key + (uint64_t{slot} << (node.level * kDirectoryBits));
    const DirectoryNode* child = node.children[rank++].loaded();
    if (child != nullptr) ARROW_RETURN_NOT_OK(StoreNode(*child, key, sink));
  }
  ARROW_ASSIGN_OR_RAISE(node.stored, sink.WriteNode(node.Encode(), first_key, node.level));
  return arrow::Status::OK();
}

/// What of the older node the newer one (of the same level and keys, or null) does not use.
arrow::Status Replaced(const DirectoryNode& older, const DirectoryNode* newer, uint64_t first_key, NodeSource& source,
                       const std::function<void(Extent)>& visit) {
  if (newer != nullptr && newer->stored == older.stored) return arrow::Status::OK();
  visit(older.stored);
  size_t rank = 0;
  for (unsigned slot = 0; older.level > 0 && slot < kDirectoryFanout; ++slot) {
    if (!older.has(slot)) continue;
    const ChildSlot& old_child = older.children[rank++];
    const bool kept = newer != nullptr && newer->has(slot);
    const ChildSlot* new_child = kept ? &newer->children[newer->Rank(slot)] : nullptr;
    if (new_child != nullptr && new_child->place() == old_child.place()) continue;
    if (older.level == 1) {
      visit(old_child.place());
      continue;
    }
    const uint64_t key = first_key + (uint64_t{slot} << (older.level * kDirectoryBits));
    ARROW_ASSIGN_OR_RAISE(const DirectoryNode* old_node, old_child.Load(source, key, older.level - 1));
    const DirectoryNode* new_node = nullptr;
    if (new_child != nullptr) {
      ARROW_ASSIGN_OR_RAISE(new_node, new_child->Load(source, key, older.level - 1));
    }
    ARROW_RETURN_NOT_OK(Replaced(*old_node, new_node, key, source, visit));
  }
  return arrow::Status::OK();
}

/// Takes over what is known about `older`'s nodes and blobs that `newer` (of the same level and keys) has too.
arrow::Status Learn(DirectoryNode& newer, const DirectoryNode& older, uint64_t first_key, NodeSource& source) {
  if (newer.level == 0) {
    for (size_t word = 0; word < newer.verified.size(); ++word) {
      uint64_t known = older.verified[word].load(std::memory_order_acquire) & newer.bits[word] & older.bits[word];
      for (uint64_t rest = known; rest != 0; rest &= rest - 1) {
        const auto slot = static_cast<unsigned>(word * 64 + static_cast<size_t>(std::countr_zero(rest)));
        if (newer.blobs[newer.Rank(slot)] != older.blobs[older.Rank(slot)]) known &= ~(uint64_t{1} << (slot % 64));
      }
      newer.verified[word].fetch_or(known, std::memory_order_release);
    }
    return arrow::Status::OK();
  }
  for (unsigned slot = 0; slot < kDirectoryFanout; ++slot) {
    if (!newer.has(slot) || !older.has(slot)) continue;
    const ChildSlot& old_child = older.children[older.Rank(slot)];
    DirectoryNode* old_node = old_child.loaded();
    if (old_node == nullptr) continue;
    ChildSlot& new_child = newer.children[newer.Rank(slot)];
    if (old_child.place() == new_child.place()) {
      new_child = old_child;
      continue;
    }
    const uint64_t key = first_key + (uint64_t{slot} << (newer.level * kDirectoryBits));
    ARROW_ASSIGN_OR_RAISE(DirectoryNode * new_node, new_child.Load(source, key, newer.level - 1));
    ARROW_RETURN_NOT_OK(Learn(*new_node, *old_node, key, source));
  }
  return arrow::Status::OK();
}

/// The node that this edit may change in the place of `node`.
NodeRef Editable(DirectoryNode& node, uint64_t edit) {
  if (node.edit == edit) {
    node.Acquire();
    return NodeRef(&node);
  }
  return NodeRef(new DirectoryNode(node, edit));
}

/// Inserts below `node`, which this edit made. False where the key is there.
arrow::Result<bool> InsertBelow(DirectoryNode& node, uint64_t key, Extent place, uint64_t edit, NodeSource& source) {
  const unsigned slot = SlotOf(key, node.level);
  const auto rank = static_cast<std::ptrdiff_t>(node.Rank(slot));
  if (node.level == 0) {
    if (node.has(slot)) return false;
    node.blobs.insert(node.blobs.begin() + rank, place);
    node.Set(slot);
    node.verified[slot / 64].fetch_and(~(uint64_t{1} << (slot % 64)), std::memory_order_relaxed);
    return true;
  }
  if (!node.has(slot)) {
    NodeRef fresh(new DirectoryNode(node.level - 1, edit));
    ARROW_RETURN_NOT_OK(InsertBelow(*fresh.get(), key, place, edit, source).status());
    node.children.insert(node.children.begin() + rank, ChildSlot(std::move(fresh)));
    node.Set(slot);
    return true;
  }
  ARROW_ASSIGN_OR_RAISE(DirectoryNode * child, Child(node, slot, key, source));
  NodeRef changed = Editable(*child, edit);
  ARROW_ASSIGN_OR_RAISE(const bool inserted, InsertBelow(*changed.get(), key, place, edit, source));
  if (changed.get() != child) node.children[static_cast<size_t>(rank)] = ChildSlot(std::move(changed));
  return inserted;
}

/// Moves the blob of a key below `node`, which this edit made.
arrow::Result<std::optional<Extent>> MoveBelow(DirectoryNode& node, uint64_t key, Extent place, uint64_t edit,
                                               NodeSource& source) {
  const unsigned slot = SlotOf(key, node.level);
  if (!node.has(slot)) return std::nullopt;
  const size_t rank = node.Rank(slot);
  if (node.level == 0) {
    const Extent old = std::exchange(node.blobs[rank], place);
    node.verified[slot / 64].fetch_and(~(uint64_t{1} << (slot % 64)), std::memory_order_relaxed);
    return old;
  }
  ARROW_ASSIGN_OR_RAISE(DirectoryNode * child, Child(node, slot, key, source));
  NodeRef changed = Editable(*child, edit);
  ARROW_ASSIGN_OR_RAISE(const std::optional<Extent> old, MoveBelow(*changed.get(), key, place, edit, source));
  if (changed.get() != child) node.children[rank] = ChildSlot(std::move(changed));
  return old;
}

/// Copies the path below `node`, which this edit made, down to that level.
arrow::Status RenewBelow(DirectoryNode& node, uint64_t first_key, unsigned level, uint64_t edit, NodeSource& source) {
  if (node.level == level) return arrow::Status::OK();
  const unsigned slot = SlotOf(first_key, node.level);
  ARROW_ASSIGN_OR_RAISE(DirectoryNode * child, Child(node, slot, first_key, source));
  NodeRef changed = Editable(*child, edit);
  ARROW_RETURN_NOT_OK(RenewBelow(*changed.get(), first_key, level, edit, source));
  if (changed.get() != child) node.children[node.Rank(slot)] = ChildSlot(std::move(changed));
  return arrow::Status::OK();
}

void ForgetBelow(const DirectoryNode& node, const std::function<bool(Extent)>& is_written) {
  // Children are stored before their parents.
  if (node.stored.offset != 0) {
    if (!is_written(node.stored)) return;
    node.stored = {};
  }
  for (const ChildSlot& child : node.children) {
    if (const DirectoryNode* loaded = child.loaded()) ForgetBelow(*loaded, is_written);
  }
}

/// Erases below `node`, which this edit made. A node that becomes empty leaves its parent.
arrow::Result<std::optional<Extent>> EraseBelow(DirectoryNode& node, uint64_t key, uint64_t edit, NodeSource& source) {
  const unsigned slot = SlotOf(key, node.level);
  if (!node.has(slot)) return std::nullopt;
  const auto rank = static_cast<std::ptrdiff_t>(node.Rank(slot));
  if (node.level == 0) {
    const Extent place = node.blobs[static_cast<size_t>(rank)];
    node.blobs.erase(node.blobs.begin() + rank);
    node.Reset(slot);
    return place;
  }
  ARROW_ASSIGN_OR_RAISE(DirectoryNode * child, Child(node, slot, key, source));
  NodeRef changed = Editable(*child, edit);
  ARROW_ASSIGN_OR_RAISE(const std::optional<Extent> place, EraseBelow(*changed.get(), key, edit, source));
  if (changed->empty()) {
    node.children.erase(node.children.begin() + rank);
    node.Reset(slot);
  } else if (changed.get() != child) {
    node.children[static_cast<size_t>(rank)] = ChildSlot(std::move(changed));
  }
  return place;
}

}  // namespace

arrow::Result<KeyDirectory> KeyDirectory::Load(NodeSource& source, Extent root, uint64_t height, uint64_t num_keys) {
  KeyDirectory directory;
  if (root.offset == 0) return directory;
  if (height == 0 || height > kMaxDirectoryHeight) {
    return Corrupted("a key directory of " + std::to_string(height) + " levels");
  }
  directory.height_ = static_cast<unsigned>(height);
  directory.num_keys_ = num_keys;
  ARROW_ASSIGN_OR_RAISE(const auto bytes, source.ReadNode(root, 0, directory.height_ - 1));
  ARROW_ASSIGN_OR_RAISE(directory.root_, DirectoryNode::Decode(bytes, root, directory.height_ - 1));
  return directory;
}

void KeyDirectory::Check(NodeSource& source, const CheckVisitor& visitor) const {
  if (root_) CheckBelow(*root_.get(), 0, source, visitor);
}

arrow::Result<std::optional<FoundBlob>> KeyDirectory::Find(uint64_t key, NodeSource& source) const {
  if (!root_ || !Covers(height_, key)) return std::nullopt;
  DirectoryNode* node = root_.get();
  while (true) {
    const unsigned slot = SlotOf(key, node->level);
    if (!node->has(slot)) return std::nullopt;
    if (node->level == 0) {
      return FoundBlob{node->blobs[node->Rank(slot)], &node->verified[slot / 64], uint64_t{1} << (slot % 64)};
    }
    ARROW_ASSIGN_OR_RAISE(node, Child(*node, slot, key, source));
  }
}

arrow::Status KeyDirectory::ForEach(NodeSource& source, const std::function<void(uint64_t, Extent)>& visit) const {
  if (!root_) return arrow::Status::OK();
  return Visit(*root_.get(), 0, source, visit);
}

arrow::Result<Extent> KeyDirectory::Store(NodeSink& sink) const {
  if (!root_) return Extent{};
  ARROW_RETURN_NOT_OK(StoreNode(*root_.get(), 0, sink));
  return root_->stored;
}

arrow::Status KeyDirectory::ForEachReplaced(const KeyDirectory& newer, NodeSource& source,
                                            const std::function<void(Extent)>& visit) const {
  if (!root_) return arrow::Status::OK();
  const DirectoryNode* node = newer.root_.get();
  // A taller tree has the old root's keys below its first children.
  while (node != nullptr && node->level > root_->level) {
    if (!node->has(0)) {
      node = nullptr;
    } else {
      ARROW_ASSIGN_OR_RAISE(node, Child(*node, 0, 0, source));
    }
  }
  if (node != nullptr && node->level < root_->level) node = nullptr;
  return Replaced(*root_.get(), node, 0, source, visit);
}

arrow::Status KeyDirectory::LearnFrom(const KeyDirectory& older, NodeSource& source) {
  if (!root_ || !older.root_ || height_ != older.height_) return arrow::Status::OK();
  if (root_->stored == older.root_->stored) {
    root_ = older.root_;
    return arrow::Status::OK();
  }
  return Learn(*root_.get(), *older.root_.get(), 0, source);
}

arrow::Result<bool> KeyDirectory::Insert(uint64_t key, Extent place, uint64_t edit, NodeSource& source) {
  if (!root_) {
    unsigned height = 1;
    while (!Covers(height, key)) ++height;
    root_ = NodeRef(new DirectoryNode(height - 1, edit));
    height_ = height;
  }
  while (!Covers(height_, key)) {
    NodeRef taller(new DirectoryNode(height_, edit));
    taller->children.emplace_back(root_);
    taller->Set(0);
    root_ = std::move(taller);
    ++height_;
  }
  root_ = Editable(*root_.get(), edit);
  ARROW_ASSIGN_OR_RAISE(const bool inserted, InsertBelow(*root_.get(), key, place, edit, source));
  if (inserted) ++num_keys_;
  return inserted;
}

arrow::Result<std::optional<Extent>> KeyDirectory::Move(uint64_t key, Extent place, uint64_t edit, NodeSource& source) {
  if (!root_ || !Covers(height_, key)) return std::nullopt;
  root_ = Editable(*root_.get(), edit);
  return MoveBelow(*root_.get(), key, place, edit, source);
}

arrow::Result<bool> KeyDirectory::Renew(Extent place, uint64_t first_key, unsigned level, uint64_t edit,
                                        NodeSource& source) {
  if (!root_ || level >= height_ || !Covers(height_, first_key) || FirstKey(first_key, level) != first_key)
    return false;
  Extent found = root_->stored;
  const DirectoryNode* node = root_.get();
  while (node->level > level) {
    const unsigned slot = SlotOf(first_key, node->level);
    if (!node->has(slot)) return false;
    const ChildSlot& child = node->children[node->Rank(slot)];
    found = child.place();
    if (node->level == level + 1) break;
    ARROW_ASSIGN_OR_RAISE(node, child.Load(source, FirstKey(first_key, node->level - 1), node->level - 1));
  }
  if (!(found == place)) return false;
  root_ = Editable(*root_.get(), edit);
  ARROW_RETURN_NOT_OK(RenewBelow(*root_.get(), first_key, level, edit, source));
  return true;
}

void KeyDirectory::ForgetStored(const std::function<bool(Extent)>& is_written) const {
  if (root_) ForgetBelow(*root_.get(), is_written);
}

arrow::Result<std::optional<Extent>> KeyDirectory::Erase(uint64_t key, uint64_t edit, NodeSource& source) {
  if (!root_ || !Covers(height_, key)) return std::nullopt;
  root_ = Editable(*root_.get(), edit);
  ARROW_ASSIGN_OR_RAISE(const std::optional<Extent> place, EraseBelow(*root_.get(), key, edit, source));
  if (place) --num_keys_;
  if (root_->empty()) {
    root_ = NodeRef();
    height_ = 0;
  }
  return place;
}

}  // namespace llkv::file
