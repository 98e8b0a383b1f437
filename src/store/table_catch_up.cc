// A ColumnTable that goes over to what another process's checkpoint stored, as if it had made that checkpoint itself.
#include <algorithm>
#include <utility>

#include "store/column/row_group_writer.h"
#include "store/column_table.h"

namespace llkv {

namespace {

/// The stored row group of `old` that has the same blobs and the same deletes as `entry`, so that its opened chunks are
/// of use; null where there is none.
const GroupEntry* FindSame(const TableState& old, const GroupEntry& entry) {
  if (entry.cold == nullptr) return nullptr;
  const GroupEntry* same = old.FindActive(RowId(entry.first_row));
  if (same == nullptr || same->cold == nullptr || same->first_row != entry.first_row) return nullptr;
  const ColdRowGroup::Stored& before = same->cold->stored();
  const ColdRowGroup::Stored& after = entry.cold->stored();
  const auto has_stamps = [](const ColdRowGroup& group) {
    return group.is_loaded() && group.deletes()->num_entries() != 0;
  };
  if (has_stamps(*same->cold) || has_stamps(*entry.cold)) return nullptr;
  // Pages are never changed, so neither are their row groups.
  if (before.page.value != 0 && before.page == after.page) return before.deletes == after.deletes ? same : nullptr;
  if (same->cold->num_deleted() != entry.cold->num_deleted()) return nullptr;
  // One that cannot be read is found out by whoever needs it.
  if (!same->cold->Load().ok() || !entry.cold->Load().ok()) return nullptr;
  return BlobKeys(*same->cold->descriptor()) == BlobKeys(*entry.cold->descriptor()) ? same : nullptr;
}

/// Adds the parts of `old` to `next`, for snapshots before `at`.
void Retire(const TableState& old, CommitTs at, TableState* next) {
  next->retired_groups = old.retired_groups;
  next->retired_runs = old.retired_runs;
  std::vector<HotIndexEntry> hot_indexes = old.hot_indexes;
  for (const GroupEntry& entry : old.groups) {
    const GroupEntry* kept = next->FindActive(RowId(entry.first_row));
    if (kept != nullptr && kept->cold != nullptr && kept->cold == entry.cold) continue;
    next->retired_groups.push_back(entry);
    next->retired_groups.back().validity.to = at.value;
  }
  for (const IndexRunEntry& run : old.runs) {
    next->retired_runs.push_back(run);
    next->retired_runs.back().validity.to = at.value;
  }
  for (HotIndexEntry& entry : hot_indexes) entry.validity.to = std::min(entry.validity.to, at.value);
  next->hot_indexes.insert(next->hot_indexes.begin(), hot_indexes.begin(), hot_indexes.end());
}

}  // namespace

void ColumnTable::TakeOver(ColumnTable& newer, CommitTs at) LLKV_NO_THREAD_SAFETY_ANALYSIS {
  MutexLock lock(write_mutex_);
  const TableStatePtr old = state();
  TableState next = *newer.state();
  for (GroupEntry& entry : next.groups) {
    if (const GroupEntry* same = FindSame(*old, entry)) {
      entry = *same;
    } else {
      entry.validity.from = at.value;
    }
  }
  Retire(*old, at, &next);
  stored_ = newer.stored_;
  {
    MutexLock summary_lock(summary_mutex_);
    summary_ = newer.summary_;
  }
  next_row_page_.store(newer.next_row_page_.load());
  live_rows_.store(newer.live_rows_.load());
  is_changed_.store(newer.is_changed_.load());
  hot_ = std::move(newer.hot_);
  hot_index_ = next.hot_indexes.back().index;
  UpdateState([&next](TableState& target) { target = std::move(next); });
}

}  // namespace llkv
