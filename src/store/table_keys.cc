// The primary key of a ColumnTable: its index over hot and cold rows, and uniqueness.
#include <algorithm>
#include <cstring>
#include <queue>
#include <utility>

#include "base/error.h"
#include "pager/pager.h"
#include "store/column_table.h"
#include "store/key_encoding.h"
#include "store/table_changes.h"

namespace llkv {

bool ColumnTable::EncodeHotKey(const HotRowGroup& group, uint32_t slot, std::string* key) const {
  key->clear();
  const uint32_t index = HotRowGroup::BlockOf(slot);
  const HotBlock& block = group.block(index);
  const uint32_t place = slot - HotRowGroup::BlockStart(index);
  for (const uint32_t ordinal : layout_.primary_key) {
    const HotBlock::Column& column = block.column(ordinal);
    if (column.valid[place] == 0) return false;
    const PhysicalType type = types_[ordinal].physical();
    AppendKeyPart(type, column.values + static_cast<size_t>(place) * static_cast<size_t>(PhysicalWidth(type)), key);
  }
  return true;
}

arrow::Status ColumnTable::IndexNewRow(const HotRowGroup& group, uint32_t slot, UniqueCheck check,
                                       TableChanges& changes) {
  if (!EncodeHotKey(group, slot, &key_)) return arrow::Status::OK();
  arrow::Status is_free = CheckKeyIsFree(key_);
  if (!is_free.ok()) {
    if (check == UniqueCheck::kImmediate || GetSqlState(is_free) != sqlstate::kUniqueViolation) return is_free;
    changes.AddDeferredKey(key_);
  }
  return hot_index_->Insert(key_, RowId(group.first_row().value + slot));
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
  return entry->cold->deletes()->Find(*slot) == 0 ? RowFate::kAlive : RowFate::kGone;
}

arrow::Result<bool> ColumnTable::IsColdRowAlive(const TableState& state, RowId row, CommitTs at) {
  const GroupEntry* entry = state.FindActive(row);
  if (entry == nullptr || entry->cold == nullptr) return false;
  ARROW_ASSIGN_OR_RAISE(const std::optional<uint32_t> slot, FindSlot(*entry, row));
  if (!slot) return false;
  const VersionStamp deleted_by = entry->cold->deletes()->Find(*slot);
  return deleted_by == 0 || deleted_by > at.value;
}

arrow::Status ColumnTable::CountLiveInRuns(const TableState& state, std::string_view key, uint32_t* num_live) const {
  std::vector<RowId> rows;
  for (const IndexRunEntry& run : state.runs) {
    if (key < run.reader->descriptor().min_key || key > run.reader->descriptor().max_key) continue;
    ARROW_RETURN_NOT_OK(run.reader->Lookup(key, &rows));
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  for (const RowId row : rows) {
    ARROW_ASSIGN_OR_RAISE(const RowFate fate, FateOf(state, row));
    *num_live += fate == RowFate::kAlive ? 1 : 0;
  }
  return arrow::Status::OK();
}

arrow::Status ColumnTable::DuplicateKey(std::string_view key) const {
  std::string columns;
  std::vector<LogicalType> types;
  for (const uint32_t ordinal : layout_.primary_key) {
    columns += (columns.empty() ? "" : ", ") + layout_.columns[ordinal].name;
    types.push_back(types_[ordinal]);
  }
  return SqlError(sqlstate::kUniqueViolation, "duplicate key value violates unique constraint \"" +
                                                  layout_.primary_key_name + "\": key (" + columns + ")=(" +
                                                  KeyToString(types, key) + ") already exists");
}

arrow::Status ColumnTable::CheckKeyIsFree(std::string_view key) {
  const TableStatePtr now = state();
  for (auto index = now->hot_indexes.rbegin(); index != now->hot_indexes.rend(); ++index) {
    if (!index->validity.IsActive()) break;
    for (const ArtIndex::Entry* entry = index->index->Find(key); entry != nullptr; entry = entry->older) {
      ARROW_ASSIGN_OR_RAISE(const RowFate fate, FateOf(*now, entry->row));
      if (fate == RowFate::kNever) continue;
      if (fate == RowFate::kAlive) return DuplicateKey(key);
      // The newest version of this key in this index is gone, and it could be added only when the older ones were. A
      // bulk load may have added the key since: the runs know.
      break;
    }
  }
  uint32_t num_live = 0;
  if (!now->runs.empty()) ARROW_RETURN_NOT_OK(CountLiveInRuns(*now, key, &num_live));
  return num_live == 0 ? arrow::Status::OK() : DuplicateKey(key);
}

arrow::Status ColumnTable::CheckKeyIsUnique(std::string_view key) {
  const TableStatePtr now = state();
  uint32_t num_live = 0;
  for (const HotIndexEntry& index : now->hot_indexes) {
    if (!index.validity.IsActive()) continue;
    for (const ArtIndex::Entry* entry = index.index->Find(key); entry != nullptr; entry = entry->older) {
      ARROW_ASSIGN_OR_RAISE(const RowFate fate, FateOf(*now, entry->row));
      num_live += fate == RowFate::kAlive ? 1 : 0;
    }
  }
  ARROW_RETURN_NOT_OK(CountLiveInRuns(*now, key, &num_live));
  return num_live <= 1 ? arrow::Status::OK() : DuplicateKey(key);
}

arrow::Result<std::optional<RowId>> ColumnTable::LookupEncodedKey(const TableState& state, const Snapshot& snapshot,
                                                                  std::string_view key) const {
  // The newest index first: most snapshots are new.
  for (auto index = state.hot_indexes.rbegin(); index != state.hot_indexes.rend(); ++index) {
    if (snapshot.ts.value >= index->validity.to) break;
    for (const ArtIndex::Entry* entry = index->index->Find(key); entry != nullptr; entry = entry->older) {
      ARROW_ASSIGN_OR_RAISE(const RowPlace place, FindVisible(state, snapshot, entry->row));
      if (place.entry != nullptr) return entry->row;
    }
  }
  std::vector<RowId> rows;
  for (const std::vector<IndexRunEntry>* runs : {&state.runs, &state.retired_runs}) {
    for (const IndexRunEntry& run : *runs) {
      const IndexRunDescriptor& descriptor = run.reader->descriptor();
      if (!run.validity.Contains(snapshot.ts) || key < descriptor.min_key || key > descriptor.max_key) continue;
      rows.clear();
      ARROW_RETURN_NOT_OK(run.reader->Lookup(key, &rows));
      for (const RowId row : rows) {
        ARROW_ASSIGN_OR_RAISE(const RowPlace place, FindVisible(state, snapshot, row));
        if (place.entry != nullptr) return row;
      }
    }
  }
  return std::nullopt;
}

arrow::Result<std::optional<RowId>> ColumnTable::LookupKey(const Snapshot& snapshot, std::span<const Value> key) {
  if (layout_.primary_key.empty() || key.size() != layout_.primary_key.size()) {
    return SqlError(sqlstate::kInvalidColumnReference, "no primary key has these columns");
  }
  std::string encoded;
  for (size_t i = 0; i < key.size(); ++i) {
    if (key[i].is_null()) return std::nullopt;
    AppendKeyPart(types_[layout_.primary_key[i]], key[i], &encoded);
  }
  return LookupEncodedKey(*state(), snapshot, encoded);
}

arrow::Status ColumnTable::CheckAgainstRun(IndexRunReader& run, const TableState& state, const SortedKeys& keys) const {
  struct Merge {
    const ColumnTable* table;
    const TableState* state;
    const SortedKeys* keys;
    size_t next = 0;
    arrow::Status status;
  } merge{this, &state, &keys, 0, arrow::Status::OK()};
  const auto visit = [](void* context, std::string_view key, RowId row) {
    auto* merge = static_cast<Merge*>(context);
    while (merge->next < merge->keys->size() && merge->keys->key(merge->next) < key) ++merge->next;
    if (merge->next == merge->keys->size()) return false;
    if (merge->keys->key(merge->next) != key) return true;
    const arrow::Result<RowFate> fate = FateOf(*merge->state, row);
    merge->status = fate.status();
    if (fate.ok() && *fate == RowFate::kAlive) merge->status = merge->table->DuplicateKey(key);
    return merge->status.ok();
  };
  ARROW_RETURN_NOT_OK(run.Scan(keys.key(0), keys.key(keys.size() - 1), visit, &merge));
  return merge.status;
}

arrow::Result<std::optional<IndexRunDescriptor>> ColumnTable::BuildBulkRun(std::vector<SortedKeys> keys,
                                                                           std::vector<StagedBlob>* staged) {
  const TableStatePtr now = state();
  struct Head {
    const SortedKeys* keys;
    size_t next;
  };
  const auto later = [](const Head& a, const Head& b) {
    const int order = a.keys->key(a.next).compare(b.keys->key(b.next));
    return order != 0 ? order > 0 : a.keys->row(a.next) > b.keys->row(b.next);
  };
  std::priority_queue<Head, std::vector<Head>, decltype(later)> heads(later);
  for (const SortedKeys& one : keys) {
    if (one.size() == 0) continue;
    for (const IndexRunEntry& run : now->runs) {
      const IndexRunDescriptor& descriptor = run.reader->descriptor();
      if (one.key(one.size() - 1) < descriptor.min_key || one.key(0) > descriptor.max_key) continue;
      ARROW_RETURN_NOT_OK(CheckAgainstRun(*run.reader, *now, one));
    }
    heads.push({&one, 0});
  }
  IndexRunWriter writer(context_.pager, context_.pool);
  std::string_view last;
  bool is_first = true;
  while (!heads.empty()) {
    Head head = heads.top();
    heads.pop();
    const std::string_view key = head.keys->key(head.next);
    if (!is_first && key == last) return DuplicateKey(key);
    for (const HotIndexEntry& hot : now->hot_indexes) {
      if (!hot.validity.IsActive() || hot.index->num_entries() == 0) continue;
      for (const ArtIndex::Entry* entry = hot.index->Find(key); entry != nullptr; entry = entry->older) {
        ARROW_ASSIGN_OR_RAISE(const RowFate fate, FateOf(*now, entry->row));
        if (fate == RowFate::kAlive) return DuplicateKey(key);
      }
    }
    ARROW_RETURN_NOT_OK(writer.Add(key, head.keys->row(head.next)));
    last = key;
    is_first = false;
    if (++head.next < head.keys->size()) heads.push(head);
  }
  return writer.Finish(staged);
}

}  // namespace llkv
