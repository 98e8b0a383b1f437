// The keys of a ColumnTable's rows in its indexes: looking them up over hot and cold rows, and uniqueness. Making and
// dropping indexes is in table_indexes.cc.
#include <algorithm>
#include <queue>
#include <utility>

#include "base/error.h"
#include "pager/pager.h"
#include "store/column_table.h"
#include "store/flat_value.h"
#include "store/index_keys.h"
#include "store/key_encoding.h"
#include "store/table_changes.h"

namespace llkv {

arrow::Status ColumnTable::IndexNewRow(const TableState& state, const HotRowGroup& group, uint32_t slot,
                                       UniqueCheck check, const Snapshot& snapshot, TableChanges& changes,
                                       bool* is_indexed) {
  keys_.resize(state.indexes.size());
  for (size_t i = 0; i < keys_.size(); ++i) {
    const TableIndex& index = state.indexes[i];
    if (!index.IsKeptBy(snapshot)) continue;
    const bool has_null = !EncodeHotKey(*index.layout, group, slot, &keys_[i]);
    if (!index.layout->is_unique || has_null) continue;
    arrow::Status is_free = CheckKeyIsFree(state, index, keys_[i]);
    if (is_free.ok()) continue;
    if (check == UniqueCheck::kImmediate || GetSqlState(is_free) != sqlstate::kUniqueViolation) return is_free;
    changes.AddDeferredKey(index.layout->id, keys_[i]);
  }
  const RowId row(group.first_row().value + slot);
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (!state.indexes[i].IsKeptBy(snapshot)) continue;
    ARROW_RETURN_NOT_OK(state.indexes[i].active().Insert(keys_[i], row));
    *is_indexed = true;
  }
  return arrow::Status::OK();
}

arrow::Result<ColumnTable::RowFate> ColumnTable::FateOf(const TableState& state, RowId row) {
  const GroupEntry* entry = state.FindActive(row);
  if (entry == nullptr) return RowFate::kGone;
  if (entry->hot != nullptr) {
    // Not FindSlot: the row may be one of the batch that is being written.
    const auto slot = static_cast<uint32_t>(row.value - entry->first_row);
    if (entry->hot->created_by(slot).load(std::memory_order_acquire) == kAbortedStamp) return RowFate::kNever;
    return entry->hot->deleted_by(slot).load(std::memory_order_acquire) == 0 ? RowFate::kAlive : RowFate::kGone;
  }
  ARROW_ASSIGN_OR_RAISE(const std::optional<uint32_t> slot, FindSlot(*entry, row));
  if (!slot) return RowFate::kGone;
  return entry->cold->DeletedBy(*slot) == 0 ? RowFate::kAlive : RowFate::kGone;
}

arrow::Result<bool> ColumnTable::IsRowAlive(const TableState& state, RowId row, CommitTs at) {
  const GroupEntry* entry = state.FindActive(row);
  if (entry == nullptr) return false;
  ARROW_ASSIGN_OR_RAISE(const std::optional<uint32_t> slot, FindSlot(*entry, row));
  if (!slot) return false;
  VersionStamp deleted_by = 0;
  if (entry->hot == nullptr) {
    deleted_by = entry->cold->DeletedBy(*slot);
  } else {
    if (entry->hot->created_by(*slot).load(std::memory_order_acquire) == kAbortedStamp) return false;
    deleted_by = entry->hot->deleted_by(*slot).load(std::memory_order_acquire);
  }
  return deleted_by == 0 || deleted_by > at.value;
}

arrow::Status ColumnTable::CountLiveInRuns(const TableState& state, const TableIndex& index, std::string_view key,
                                           std::vector<RowId> rows, uint32_t* num_live) {
  const auto visit = [](void* context, std::string_view, RowId row) {
    static_cast<std::vector<RowId>*>(context)->push_back(row);
    return true;
  };
  // The key is mostly a new one.
  for (const IndexRunEntry& run : index.runs) ARROW_RETURN_NOT_OK(run.reader->LookupEach(key, true, visit, &rows));
  if (rows.empty()) return arrow::Status::OK();
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  for (const RowId row : rows) {
    ARROW_ASSIGN_OR_RAISE(const RowFate fate, FateOf(state, row));
    *num_live += fate == RowFate::kAlive ? 1 : 0;
  }
  return arrow::Status::OK();
}

arrow::Status ColumnTable::DuplicateKey(const IndexLayout& index, std::string_view key) const {
  std::string columns;
  for (const IndexPart& part : index.parts) {
    columns += (columns.empty() ? "" : ", ") + layout_.columns[part.column].name;
  }
  return SqlError(sqlstate::kUniqueViolation,
                  "duplicate key value violates unique constraint \"" + index.name + "\": key (" + columns + ")=(" +
                      KeyToString(PartTypes(index, types_), index.parts, key) + ") already exists");
}

arrow::Status ColumnTable::CheckAgainstHot(const TableState& state, const TableIndex& index,
                                           std::string_view key) const {
  for (auto part = index.hot.rbegin(); part != index.hot.rend(); ++part) {
    if (!part->validity.IsActive()) break;
    for (const ArtIndex::Entry* entry = part->index->Find(key); entry != nullptr; entry = entry->older) {
      ARROW_ASSIGN_OR_RAISE(const RowFate fate, FateOf(state, entry->row));
      if (fate == RowFate::kNever) continue;
      if (fate == RowFate::kAlive) return DuplicateKey(*index.layout, key);
      // The newest version of this key in this part is gone, and it could be added only when the older ones were. A
      // bulk load may have added the key since: the runs know.
      break;
    }
  }
  return arrow::Status::OK();
}

arrow::Status ColumnTable::CheckKeyIsFree(const TableState& state, const TableIndex& index,
                                          std::string_view key) const {
  ARROW_RETURN_NOT_OK(CheckAgainstHot(state, index, key));
  uint32_t num_live = 0;
  if (!index.runs.empty()) ARROW_RETURN_NOT_OK(CountLiveInRuns(state, index, key, {}, &num_live));
  return num_live == 0 ? arrow::Status::OK() : DuplicateKey(*index.layout, key);
}

arrow::Status ColumnTable::CheckKeyIsUnique(IndexId id, std::string_view key) {
  const TableStatePtr now = state();
  const TableIndex* index = now->FindIndex(id);
  if (index == nullptr) return arrow::Status::OK();
  uint32_t num_live = 0;
  std::vector<RowId> rows;
  for (const HotIndexEntry& part : index->hot) {
    if (!part.validity.IsActive()) continue;
    for (const ArtIndex::Entry* entry = part.index->Find(key); entry != nullptr; entry = entry->older) {
      rows.push_back(entry->row);
    }
  }
  ARROW_RETURN_NOT_OK(CountLiveInRuns(*now, *index, key, std::move(rows), &num_live));
  return num_live <= 1 ? arrow::Status::OK() : DuplicateKey(*index->layout, key);
}

namespace {

/// Whether more than one run may have a key, by its bounds.
bool HaveSeveralRuns(const TableIndex& index, const Snapshot& snapshot, std::string_view key) {
  size_t num_candidates = 0;
  for (const std::vector<IndexRunEntry>* runs : {&index.runs, &index.retired_runs}) {
    for (const IndexRunEntry& run : *runs) num_candidates += run.IsFor(snapshot) && run.reader->IsInRange(key) ? 1 : 0;
  }
  return num_candidates > 1;
}

}  // namespace

arrow::Result<std::optional<RowId>> ColumnTable::LookupEncodedKey(const TableState& state, const TableIndex& index,
                                                                  const Snapshot& snapshot,
                                                                  std::string_view key) const {
  // The newest part first: most snapshots are new.
  for (auto part = index.hot.rbegin(); part != index.hot.rend(); ++part) {
    if (snapshot.ts.value >= part->validity.to) break;
    for (const ArtIndex::Entry* entry = part->index->Find(key); entry != nullptr; entry = entry->older) {
      ARROW_ASSIGN_OR_RAISE(const RowPlace place, FindVisible(state, snapshot, entry->row));
      if (place.entry != nullptr) return entry->row;
    }
  }
  struct Search {
    const ColumnTable* table;
    const TableState* state;
    const Snapshot* snapshot;
    std::optional<RowId> found;
    arrow::Status status;
  } search{this, &state, &snapshot, std::nullopt, arrow::Status::OK()};
  const auto visit = [](void* context, std::string_view, RowId row) {
    auto* search = static_cast<Search*>(context);
    const arrow::Result<RowPlace> place = search->table->FindVisible(*search->state, *search->snapshot, row);
    search->status = place.status();
    if (place.ok() && place->entry != nullptr) search->found = row;
    return place.ok() && place->entry == nullptr;
  };
  // A key that is looked up is mostly there: where one run alone can have it, its filter saves nothing.
  const bool use_filters = index.runs.size() + index.retired_runs.size() > 1 && HaveSeveralRuns(index, snapshot, key);
  for (const std::vector<IndexRunEntry>* runs : {&index.runs, &index.retired_runs}) {
    for (const IndexRunEntry& run : *runs) {
      if (!run.IsFor(snapshot)) continue;
      ARROW_RETURN_NOT_OK(run.reader->LookupEach(key, use_filters, visit, &search));
      ARROW_RETURN_NOT_OK(search.status);
      if (search.found) return search.found;
    }
  }
  return std::nullopt;
}

arrow::Result<std::optional<RowId>> ColumnTable::LookupKey(const Snapshot& snapshot, std::span<const Value> key,
                                                           IndexId id) {
  const TableStatePtr now = state();
  const TableIndex* index = now->FindIndex(id, snapshot);
  if (index == nullptr || !index->layout->is_unique || key.size() != index->layout->parts.size()) {
    return SqlError(sqlstate::kInvalidColumnReference, "no unique key has these columns");
  }
  std::string encoded;
  for (size_t i = 0; i < key.size(); ++i) {
    if (key[i].is_null()) return std::nullopt;
    const IndexPart& part = index->layout->parts[i];
    const FlatValue flat(types_[part.column], key[i]);
    AppendIndexPart(part, types_[part.column], flat.data(), &encoded);
  }
  return LookupEncodedKey(*now, *index, snapshot, encoded);
}

arrow::Result<bool> ColumnTable::CollectIndexRows(const TableIndex& index, const Snapshot& snapshot,
                                                  std::span<const KeyRange> ranges, size_t limit,
                                                  std::vector<RowId>* rows) const {
  struct Collector {
    std::vector<RowId>* rows;
    size_t limit;
    bool Add(RowId row) {
      if (rows->size() > limit) return false;
      rows->push_back(row);
      return true;
    }
  } collector{rows, rows->size() + limit};
  const auto visit_hot = [](void* context, std::string_view, const ArtIndex::Entry* newest) {
    for (const ArtIndex::Entry* entry = newest; entry != nullptr; entry = entry->older) {
      if (!static_cast<Collector*>(context)->Add(entry->row)) return false;
    }
    return true;
  };
  const auto visit_cold = [](void* context, std::string_view, RowId row) {
    return static_cast<Collector*>(context)->Add(row);
  };
  for (const KeyRange& range : ranges) {
    for (auto part = index.hot.rbegin(); part != index.hot.rend(); ++part) {
      if (snapshot.ts.value >= part->validity.to) break;
      part->index->Scan(range.first, range.end, visit_hot, &collector);
    }
    for (const std::vector<IndexRunEntry>* runs : {&index.runs, &index.retired_runs}) {
      for (const IndexRunEntry& run : *runs) {
        if (!run.IsFor(snapshot)) continue;
        ARROW_RETURN_NOT_OK(run.reader->Scan(range.first, range.end, visit_cold, &collector));
      }
    }
    if (rows->size() > collector.limit) return false;
  }
  std::sort(rows->begin(), rows->end());
  rows->erase(std::unique(rows->begin(), rows->end()), rows->end());
  return true;
}

arrow::Result<std::optional<double>> ColumnTable::EstimateIndexRows(IndexId id,
                                                                    const std::vector<ScanPredicate>& predicates) {
  const TableStatePtr now = state();
  const TableIndex* index = id.value == 0 ? nullptr : now->FindIndex(id);
  if (index == nullptr) return std::nullopt;
  const std::optional<std::vector<KeyRange>> ranges = MakeKeyRanges(*index->layout, types_, predicates);
  if (!ranges) return std::nullopt;
  constexpr uint64_t kMaxCounted = 20000;
  uint64_t num_hot = 0;
  uint64_t num_cold = 0;
  const auto count = [](void* context, std::string_view, const ArtIndex::Entry* newest) {
    auto& num_entries = *static_cast<uint64_t*>(context);
    for (const ArtIndex::Entry* entry = newest; entry != nullptr; entry = entry->older) ++num_entries;
    return num_entries < kMaxCounted;
  };
  for (const KeyRange& range : *ranges) {
    for (const HotIndexEntry& part : index->hot) {
      if (!part.validity.IsActive() || num_hot >= kMaxCounted) continue;
      part.index->Scan(range.first, range.end, count, &num_hot);
    }
    for (const IndexRunEntry& run : index->runs) {
      if (run.created_by != 0) continue;
      ARROW_ASSIGN_OR_RAISE(const uint64_t entries, run.reader->EstimateRange(range.first, range.end));
      num_cold += entries;
    }
  }
  // Where counting was given up, it may be all of them.
  if (num_hot >= kMaxCounted) {
    for (const HotIndexEntry& part : index->hot) num_hot += part.index->num_entries();
  }
  return static_cast<double>(num_hot + num_cold);
}

arrow::Status ColumnTable::CheckAgainstRun(const IndexLayout& index, IndexRunReader& run, const TableState& state,
                                           const SortedKeys& keys) const {
  struct Merge {
    const ColumnTable* table;
    const IndexLayout* index;
    std::vector<LogicalType> types;
    const TableState* state;
    const SortedKeys* keys;
    size_t next = 0;
    arrow::Status status;
  } merge{this, &index, PartTypes(index, types_), &state, &keys, 0, arrow::Status::OK()};
  const auto visit = [](void* context, std::string_view key, RowId row) {
    auto* merge = static_cast<Merge*>(context);
    while (merge->next < merge->keys->size() && merge->keys->key(merge->next) < key) ++merge->next;
    if (merge->next == merge->keys->size()) return false;
    if (merge->keys->key(merge->next) != key || KeyHasNull(merge->types, merge->index->parts, key)) return true;
    const arrow::Result<RowFate> fate = FateOf(*merge->state, row);
    merge->status = fate.status();
    if (fate.ok() && *fate == RowFate::kAlive) merge->status = merge->table->DuplicateKey(*merge->index, key);
    return merge->status.ok();
  };
  ARROW_RETURN_NOT_OK(run.Scan(keys.key(0), std::nullopt, visit, &merge));
  return merge.status;
}

/// Compares with what the table's runs have, where a key must be the only one.
arrow::Status ColumnTable::CheckAgainstRuns(const TableIndex& index, const TableState& state,
                                            const SortedKeys& keys) const {
  if (keys.size() == 0) return arrow::Status::OK();
  for (const IndexRunEntry& run : index.runs) {
    const IndexRunDescriptor& descriptor = run.reader->descriptor();
    if (keys.key(keys.size() - 1) < descriptor.min_key || keys.key(0) > descriptor.max_key) continue;
    ARROW_RETURN_NOT_OK(CheckAgainstRun(*index.layout, *run.reader, state, keys));
  }
  return arrow::Status::OK();
}

arrow::Result<std::optional<IndexRunDescriptor>> ColumnTable::BuildBulkRun(IndexId id, IndexMerge& keys,
                                                                           std::vector<StagedBlob>* staged) {
  const TableStatePtr now = state();
  const TableIndex* index = now->FindIndex(id);
  if (index == nullptr) return std::nullopt;
  const IndexLayout& layout = *index->layout;
  const std::vector<LogicalType> types = PartTypes(layout, types_);
  IndexRunWriter writer(context_.pager, context_.pool);
  // Keys that were not compared with the runs yet: some at a time, so that few are in memory.
  constexpr size_t kMaxUnchecked = 65536;
  SortedKeys unchecked;
  std::string last;
  bool is_first = true;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool has_pair, keys.Next());
    if (!has_pair) break;
    if (layout.is_unique && !KeyHasNull(types, layout.parts, keys.key())) {
      if (!is_first && keys.key() == last) return DuplicateKey(layout, keys.key());
      ARROW_RETURN_NOT_OK(CheckAgainstHot(*now, *index, keys.key()));
      last = keys.key();
      is_first = false;
      if (!index->runs.empty()) unchecked.Add(keys.key(), keys.row());
    }
    ARROW_RETURN_NOT_OK(writer.Add(keys.key(), keys.row()));
    if (unchecked.size() < kMaxUnchecked) continue;
    ARROW_RETURN_NOT_OK(CheckAgainstRuns(*index, *now, unchecked));
    unchecked = SortedKeys();
  }
  ARROW_RETURN_NOT_OK(CheckAgainstRuns(*index, *now, unchecked));
  return writer.Finish(staged);
}

}  // namespace llkv
