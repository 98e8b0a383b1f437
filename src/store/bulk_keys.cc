// See bulk_keys.h.
#include "store/bulk_keys.h"

#include <arrow/result.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "pager/pager.h"

namespace llkv {

arrow::Status BulkKeys::Add(IndexId index, SortedKeys keys) {
  if (keys.size() == 0) return arrow::Status::OK();
  std::vector<std::unique_ptr<const SortedKeys>> taken;
  IndexId of = index;
  {
    MutexLock lock(mutex_);
    Keys& all = keys_[index];
    all.num_bytes += keys.size_bytes();
    num_bytes_ += keys.size_bytes();
    all.sorted.push_back(std::make_unique<const SortedKeys>(std::move(keys)));
    if (num_bytes_ < max_bytes_) return arrow::Status::OK();
    // The index with the most goes: small ones stay whole.
    const auto largest = std::max_element(keys_.begin(), keys_.end(), [](const auto& a, const auto& b) {
      return a.second.num_bytes < b.second.num_bytes;
    });
    of = largest->first;
    taken = std::exchange(largest->second.sorted, {});
    num_bytes_ -= std::exchange(largest->second.num_bytes, 0);
  }
  // Outside of the lock: other threads go on adding.
  ARROW_ASSIGN_OR_RAISE(Spilled spilled, Spill(taken));
  MutexLock lock(mutex_);
  keys_[of].spilled.push_back(std::move(spilled));
  return arrow::Status::OK();
}

arrow::Result<BulkKeys::Spilled> BulkKeys::Spill(const std::vector<std::unique_ptr<const SortedKeys>>& keys) const {
  IndexMerge merge;
  for (const auto& each : keys) merge.AddKeys(each.get());
  Spilled spilled;
  ARROW_ASSIGN_OR_RAISE(const std::optional<IndexRunDescriptor> run, merge.WriteRun(pager_, pool_, &spilled.blobs));
  // Never empty: nothing is added without pairs.
  spilled.run = std::make_unique<IndexRunReader>(*run, pager_);
  return spilled;
}

std::vector<IndexId> BulkKeys::Indexes() const {
  MutexLock lock(mutex_);
  std::vector<IndexId> indexes;
  for (const auto& [index, keys] : keys_) indexes.push_back(index);
  return indexes;
}

arrow::Status BulkKeys::AddTo(IndexId index, IndexMerge* merge) const {
  MutexLock lock(mutex_);
  const auto found = keys_.find(index);
  if (found == keys_.end()) return arrow::Status::OK();
  for (const auto& keys : found->second.sorted) merge->AddKeys(keys.get());
  for (const Spilled& spilled : found->second.spilled) ARROW_RETURN_NOT_OK(merge->AddRun(spilled.run.get()));
  return arrow::Status::OK();
}

void BulkKeys::Clear() {
  MutexLock lock(mutex_);
  keys_.clear();
  num_bytes_ = 0;
}

}  // namespace llkv
