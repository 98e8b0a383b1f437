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
  if (same->cold->HasStamps() || entry.cold->HasStamps()) return nullptr;
  // Pages are never changed, so neither are their row groups.
  if (before.page.value != 0 && before.page == after.page) return before.deletes == after.deletes ? same : nullptr;
  if (same->cold->num_deleted() != entry.cold->num_deleted()) return nullptr;
  // One that cannot be read is found out by whoever needs it.
  if (!same->cold->Load().ok() || !entry.cold->Load().ok()) return nullptr;
  return BlobKeys(*same->cold->descriptor()) == BlobKeys(*entry.cold->descriptor()) ? same : nullptr;
}

/// Adds the parts of an index's older state, for snapshots before `at`. Runs that are in both stay active.
void RetireIndex(const TableIndex& old, CommitTs at, TableIndex* next) {
  next->retired_runs = old.retired_runs;
  for (const IndexRunEntry& run : old.runs) {
    const auto same = std::find_if(next->runs.begin(), next->runs.end(), [&run](const IndexRunEntry& other) {
      return other.reader->descriptor().root == run.reader->descriptor().root;
    });
    if (same != next->runs.end()) {
      // What was read of it is of use.
      *same = run;
      continue;
    }
    next->retired_runs.push_back(run);
    next->retired_runs.back().validity.to = at.value;
  }
  std::vector<HotIndexEntry> hot = old.hot;
  for (HotIndexEntry& entry : hot) entry.validity.to = std::min(entry.validity.to, at.value);
  next->hot.insert(next->hot.begin(), hot.begin(), hot.end());
}

/// An index that the newer state does not have any more, as snapshots before `at` use it.
TableIndex Unlisted(const TableIndex& old, CommitTs at) {
  TableIndex index;
  index.layout = old.layout;
  index.created_by = old.created_by;
  index.dropped_by = old.is_dropped() ? old.dropped_by : at.value;
  index.is_unlisted = true;
  RetireIndex(old, at, &index);
  return index;
}

void RetireIndexes(const TableState& old, CommitTs at, TableState* next) {
  for (TableIndex& index : next->indexes) {
    const TableIndex* same = old.FindIndex(index.layout->id);
    if (same != nullptr) {
      index.created_by = same->created_by;
      RetireIndex(*same, at, &index);
    } else {
      // Snapshots before the checkpoint find no entries of their rows in it.
      index.created_by = std::max(index.created_by, at.value);
    }
  }
  for (const TableIndex& index : old.indexes) {
    if (next->FindIndex(index.layout->id) == nullptr) next->indexes.push_back(Unlisted(index, at));
  }
}

/// Adds the parts of `old` to `next`, for snapshots before `at`.
void Retire(const TableState& old, CommitTs at, TableState* next) {
  next->retired_groups = old.retired_groups;
  for (const GroupEntry& entry : old.groups) {
    const GroupEntry* kept = next->FindActive(RowId(entry.first_row));
    if (kept != nullptr && kept->cold != nullptr && kept->cold == entry.cold) continue;
    next->retired_groups.push_back(entry);
    next->retired_groups.back().validity.to = at.value;
  }
  RetireIndexes(old, at, next);
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
  UpdateState([&next](TableState& target) { target = std::move(next); });
}

}  // namespace llkv
