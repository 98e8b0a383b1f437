// DirectoryNode: reference counts, lazy loading, and its bytes: level, presence bits, then the present places.
#include "pager/file/directory_node.h"

#include <cstring>
#include <memory>
#include <string>

#include "base/error.h"

namespace llkv::file {

namespace {

struct NodeFixed {
  uint64_t level = 0;
  uint64_t bits[2] = {};
};

}  // namespace

NodeRef::NodeRef(const NodeRef& other) : node_(other.node_) {
  if (node_ != nullptr) node_->Acquire();
}

NodeRef::~NodeRef() {
  if (node_ != nullptr) node_->Release();
}

ChildSlot::ChildSlot(NodeRef node) : node_(node.get()) { node->Acquire(); }

ChildSlot::ChildSlot(const ChildSlot& other) : node_(other.loaded()), place_(other.place_) {
  if (DirectoryNode* node = loaded()) node->Acquire();
}

ChildSlot& ChildSlot::operator=(ChildSlot other) noexcept {
  other.node_.store(node_.exchange(other.node_.load(std::memory_order_relaxed), std::memory_order_acq_rel),
                    std::memory_order_relaxed);
  std::swap(place_, other.place_);
  return *this;
}

ChildSlot::~ChildSlot() {
  if (DirectoryNode* node = loaded()) node->Release();
}

arrow::Result<DirectoryNode*> ChildSlot::Load(NodeSource& source, uint64_t first_key, unsigned level) const {
  if (DirectoryNode* node = loaded()) return node;
  ARROW_ASSIGN_OR_RAISE(const auto bytes, source.ReadNode(place_, first_key, level));
  ARROW_ASSIGN_OR_RAISE(NodeRef fresh, DirectoryNode::Decode(bytes, place_, level));
  DirectoryNode* expected = nullptr;
  if (!node_.compare_exchange_strong(expected, fresh.get(), std::memory_order_acq_rel)) return expected;
  fresh->Acquire();
  return fresh.get();
}

Extent ChildSlot::place() const {
  const DirectoryNode* node = loaded();
  return node != nullptr ? node->stored : place_;
}

DirectoryNode::DirectoryNode(const DirectoryNode& other, uint64_t edit)
    : level(other.level), edit(edit), bits(other.bits), blobs(other.blobs), children(other.children) {
  for (size_t i = 0; i < verified.size(); ++i) {
    verified[i].store(other.verified[i].load(std::memory_order_acquire), std::memory_order_relaxed);
  }
}

std::vector<uint8_t> DirectoryNode::Encode() const {
  const NodeFixed fixed = {level, {bits[0], bits[1]}};
  std::vector<Extent> places = blobs;
  for (const ChildSlot& child : children) places.push_back(child.place());
  std::vector<uint8_t> bytes(sizeof(fixed) + places.size() * sizeof(Extent));
  std::memcpy(bytes.data(), &fixed, sizeof(fixed));
  if (!places.empty()) std::memcpy(bytes.data() + sizeof(fixed), places.data(), places.size() * sizeof(Extent));
  return bytes;
}

arrow::Result<NodeRef> DirectoryNode::Decode(std::span<const uint8_t> bytes, Extent place, unsigned level) {
  NodeFixed fixed;
  const auto damaged = [&] {
    return Corrupted("the directory node at byte " + std::to_string(place.offset) + " contradicts itself");
  };
  if (bytes.size() < sizeof(fixed)) return damaged();
  std::memcpy(&fixed, bytes.data(), sizeof(fixed));
  const size_t count =
      static_cast<size_t>(std::popcount(fixed.bits[0])) + static_cast<size_t>(std::popcount(fixed.bits[1]));
  if (fixed.level != level || bytes.size() != sizeof(fixed) + count * sizeof(Extent)) return damaged();
  NodeRef node(new DirectoryNode(level, 0));
  node->bits = {fixed.bits[0], fixed.bits[1]};
  std::vector<Extent> places(count);
  if (count > 0) std::memcpy(places.data(), bytes.data() + sizeof(fixed), count * sizeof(Extent));
  if (level == 0) {
    node->blobs = std::move(places);
  } else {
    node->children.reserve(count);
    for (const Extent& child : places) node->children.emplace_back(child);
  }
  node->stored = place;
  return node;
}

}  // namespace llkv::file
