// TableState: the row groups and index parts that a column table consists of at one moment, as an immutable value. A
// change makes a new one; scans keep theirs.
//
// A checkpoint at a timestamp replaces hot row groups by cold ones that hold only rows that were alive then. Snapshots
// from before it need the old ones, so these stay as "retired" as long as such a snapshot lives: a snapshot at S uses
// the active groups with valid_from <= S and the retired ones with valid_from <= S < valid_to, where valid_from of a
// retired one is at least the commit of its oldest row. So an old snapshot keeps the row groups of the first checkpoint
// after it and none of later ones, however many follow. Active row groups have disjoint ranges of row ids; so have
// retired ones of one checkpoint.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "store/art_index.h"
#include "store/cold_rows.h"
#include "store/column/index_run.h"
#include "store/hot_rows.h"
#include "store/index_layout.h"
#include "txn/version_stamp.h"

namespace llkv {

/// Ids of rows are given out in pages: a row group that is being filled has one of its own.
inline constexpr uint64_t kRowPageRows = kMaxRowGroupRows;

/// Snapshots at ts with from <= ts < to.
struct Validity {
  uint64_t from = 0;
  uint64_t to = std::numeric_limits<uint64_t>::max();
  bool Contains(CommitTs ts) const { return from <= ts.value && ts.value < to; }
  bool IsActive() const { return to == std::numeric_limits<uint64_t>::max(); }
};

/// A hot or a cold row group (the other is null).
struct GroupEntry {
  uint64_t first_row = 0;
  /// Exclusive.
  uint64_t end_row = 0;
  Validity validity;
  std::shared_ptr<HotRowGroup> hot;
  std::shared_ptr<ColdRowGroup> cold;

  bool HasRow(RowId row) const { return first_row <= row.value && row.value < end_row; }
};

struct IndexRunEntry {
  Validity validity;
  std::shared_ptr<IndexRunReader> reader;
  /// Of a running transaction's own run, whose blobs go with it: nobody else reads it. 0 once it has committed.
  VersionStamp created_by = 0;

  bool IsFor(const Snapshot& snapshot) const {
    return created_by == 0 ? validity.Contains(snapshot.ts) : snapshot.Sees(created_by);
  }
};

struct HotIndexEntry {
  Validity validity;
  std::shared_ptr<ArtIndex> index;
};

/// An index's parts: over hot rows in memory, over cold ones in runs. Its entries are hints (INV-STORE-12).
struct TableIndex {
  IndexLayoutPtr layout;
  /// Retired ones, then those of the rows that a checkpoint is making cold, then the one that new rows go to; `to`
  /// ascends. `from` is for retiring only: who looks up asks all that are active.
  std::vector<HotIndexEntry> hot;
  std::vector<IndexRunEntry> runs;
  std::vector<IndexRunEntry> retired_runs;
  /// As of a row: older snapshots may see rows that have no entry. 0: it is as old as the table.
  VersionStamp created_by = 0;
  /// Dropped by a commit or by a running transaction, or 0. Transactions that do not see that go on using it.
  VersionStamp dropped_by = 0;
  /// A checkpoint has taken it out of the stored table.
  bool is_unlisted = false;

  bool is_dropped() const { return dropped_by != 0; }
  /// Whether all rows that a snapshot may see are in it.
  bool IsFor(const Snapshot& snapshot) const { return snapshot.SeesRow(created_by, dropped_by); }
  /// Whether a transaction enters its rows: not where it knows that the index is gone.
  bool IsKeptBy(const Snapshot& snapshot) const { return dropped_by == 0 || !snapshot.Sees(dropped_by); }
  ArtIndex& active() const { return *hot.back().index; }
};

struct TableState {
  /// Grows with each change.
  uint64_t version = 0;
  /// By first_row.
  std::vector<GroupEntry> groups;
  std::vector<GroupEntry> retired_groups;
  std::vector<TableIndex> indexes;

  /// An index by its id, dropped or not; 0 is the primary key's. Null where there is none.
  const TableIndex* FindIndex(IndexId id) const {
    for (const TableIndex& index : indexes) {
      if (id.value != 0 ? index.layout->id == id : index.layout->is_primary && !index.is_dropped()) return &index;
    }
    return nullptr;
  }
  /// The same of the indexes that a snapshot may use.
  const TableIndex* FindIndex(IndexId id, const Snapshot& snapshot) const {
    for (const TableIndex& index : indexes) {
      const bool is_meant = id.value != 0 ? index.layout->id == id : index.layout->is_primary;
      if (is_meant && index.IsFor(snapshot)) return &index;
    }
    return nullptr;
  }
  TableIndex* FindIndex(IndexId id) { return const_cast<TableIndex*>(std::as_const(*this).FindIndex(id)); }
  /// The active row group with a row, or null.
  const GroupEntry* FindActive(RowId row) const {
    if (groups.empty() || row.value < groups.front().first_row) return nullptr;
    // Row groups are mostly full, one behind the other.
    const uint64_t guess = (row.value - groups.front().first_row) / kRowPageRows;
    if (guess < groups.size() && groups[guess].HasRow(row)) return &groups[guess];
    auto it = std::upper_bound(groups.begin(), groups.end(), row.value,
                               [](uint64_t value, const GroupEntry& entry) { return value < entry.first_row; });
    --it;
    return it->HasRow(row) ? &*it : nullptr;
  }
  /// The row group in which a snapshot looks for a row, or null.
  const GroupEntry* Find(RowId row, CommitTs ts) const {
    const GroupEntry* active = FindActive(row);
    if (active != nullptr && active->validity.Contains(ts)) return active;
    for (const GroupEntry& retired : retired_groups) {
      if (retired.HasRow(row) && retired.validity.Contains(ts)) return &retired;
    }
    return nullptr;
  }
  /// Drops what is retired and needed(from, to) says that no snapshot at from <= S < to lives.
  template <typename F>
  void PruneRetired(const F& needed) {
    const auto is_dropped = [&needed](const auto& entry) {
      return !entry.validity.IsActive() && !needed(entry.validity.from, entry.validity.to);
    };
    std::erase_if(retired_groups, is_dropped);
    for (TableIndex& index : indexes) {
      std::erase_if(index.retired_runs, is_dropped);
      std::erase_if(index.hot, is_dropped);
    }
    std::erase_if(indexes, [&needed](const TableIndex& index) {
      return index.is_unlisted && !needed(index.created_by, index.dropped_by);
    });
  }
  bool HasRetired() const {
    return !retired_groups.empty() || std::any_of(indexes.begin(), indexes.end(), [](const TableIndex& index) {
      return index.is_unlisted || !index.retired_runs.empty() || !index.hot.front().validity.IsActive();
    });
  }
  void Add(GroupEntry entry) {
    const auto place =
        std::upper_bound(groups.begin(), groups.end(), entry.first_row,
                         [](uint64_t value, const GroupEntry& other) { return value < other.first_row; });
    groups.insert(place, std::move(entry));
  }
};

using TableStatePtr = std::shared_ptr<const TableState>;

}  // namespace llkv
