// See following_pager.h.
#include "store/following_pager.h"

#include <utility>

namespace llkv {

void FollowingPager::Keep(std::shared_ptr<const PagerSnapshot> commit, CommitTs until) {
  MutexLock lock(mutex_);
  if (!kept_.empty() && kept_.back().commit == commit) return;
  kept_.push_back({std::move(commit), until});
}

bool FollowingPager::DropUnneeded(const std::function<bool(CommitTs until)>& is_needed) {
  MutexLock lock(mutex_);
  std::erase_if(kept_, [&](const Kept& kept) { return !is_needed(kept.until); });
  return !kept_.empty();
}

std::vector<std::shared_ptr<const PagerSnapshot>> FollowingPager::NewestFirst() {
  std::vector<std::shared_ptr<const PagerSnapshot>> commits;
  MutexLock lock(mutex_);
  for (auto it = kept_.rbegin(); it != kept_.rend(); ++it) commits.push_back(it->commit);
  return commits;
}

arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> FollowingPager::Get(std::span<const PhysicalKey> keys,
                                                                               const PagerSnapshot* snapshot) {
  auto blobs = pager_->Get(keys, snapshot);
  if (blobs.ok() || snapshot != nullptr) return blobs;
  const auto kept = NewestFirst();
  if (kept.empty()) return blobs;
  std::vector<std::shared_ptr<arrow::Buffer>> found;
  for (const PhysicalKey key : keys) {
    auto blob = pager_->Get({&key, 1}, nullptr);
    for (size_t i = 0; !blob.ok() && i < kept.size(); ++i) blob = pager_->Get({&key, 1}, kept[i].get());
    if (!blob.ok()) return blobs;
    found.push_back(std::move(blob->front()));
  }
  return found;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> FollowingPager::GetRange(PhysicalKey key, uint64_t offset,
                                                                       uint64_t length, const PagerSnapshot* snapshot) {
  auto range = pager_->GetRange(key, offset, length, snapshot);
  if (range.ok() || snapshot != nullptr) return range;
  for (const auto& commit : NewestFirst()) {
    auto found = pager_->GetRange(key, offset, length, commit.get());
    if (found.ok()) return found;
  }
  return range;
}

arrow::Status FollowingPager::Close() {
  {
    MutexLock lock(mutex_);
    kept_.clear();
  }
  return pager_->Close();
}

}  // namespace llkv
