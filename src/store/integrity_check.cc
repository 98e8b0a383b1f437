// See integrity_check.h. Also the part of ColumnStorage that checks all tables and the blobs that belong to none.
#include "store/integrity_check.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "pager/pager.h"
#include "store/column/column_accumulator.h"
#include "store/column/column_scratch.h"
#include "store/column/descriptor_page.h"
#include "store/column/row_group_writer.h"
#include "store/column_storage.h"
#include "store/storage_root.h"
#include "store/table_checkpoint.h"

namespace llkv {

namespace {

/// Sees every commit.
Snapshot Newest() {
  Snapshot newest;
  newest.ts = CommitTs(kInFlightBit - 1);
  return newest;
}

bool SameBound(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() == b.is_null();
  return CompareValues(a, b) == 0;
}

}  // namespace

TableCheck::TableCheck(std::shared_ptr<ColumnTable> table, const IntegrityVisitor& visit)
    : table_(std::move(table)), visit_(visit), state_(table_->state()) {}

void TableCheck::Report(PhysicalKey key, const std::string& what) {
  if (!status_.ok()) return;
  const TableId id = table_->layout().id;
  std::string message = what;
  if (key.value != 0) message += " (key " + std::to_string(key.value) + ")";
  status_ = visit_({id, key, 0, std::move(message)});
}

bool TableCheck::IsStopped() {
  if (status_.ok()) status_ = visit_.CheckStop();
  return !status_.ok();
}

arrow::Status TableCheck::Run() {
  CheckGroups();
  for (const GroupEntry& entry : state_->groups) CheckGroup(entry);
  const int64_t counted = table_->live_rows();
  if (counted != static_cast<int64_t>(num_living_)) {
    Report(table_->stored().key, "counts " + std::to_string(counted) + " rows and has " + std::to_string(num_living_));
  }
  for (const TableIndex& index : state_->indexes) {
    if (!index.is_dropped()) CheckIndex(index);
  }
  return status_;
}

void TableCheck::CheckGroups() {
  uint64_t end = 0;
  for (const GroupEntry& entry : state_->groups) {
    const std::string name = "the row group from row id " + std::to_string(entry.first_row);
    if (entry.first_row < end) Report(PhysicalKey(), name + " overlaps the one before");
    if (entry.end_row <= entry.first_row || entry.end_row > table_->next_row_page() * kRowPageRows) {
      Report(PhysicalKey(), name + " has row ids that were never given out");
    }
    end = entry.end_row;
  }
}

void TableCheck::CheckGroup(const GroupEntry& entry) {
  if (entry.hot != nullptr) {
    for (uint32_t slot = 0; slot < entry.hot->num_rows(); ++slot) {
      num_living_ += entry.hot->created_by(slot).load() != kAbortedStamp && entry.hot->deleted_by(slot).load() == 0;
    }
    return;
  }
  if (IsStopped()) return;
  ColdRowGroup& group = *entry.cold;
  const arrow::Status loaded = group.Load();
  if (!loaded.ok()) {
    return Report(group.stored().page, "row group " + std::to_string(entry.first_row) + ": " + loaded.message());
  }
  const RowGroupDescriptor& descriptor = *group.descriptor();
  const PhysicalKey page = group.stored().page;
  const arrow::Status consistent = CheckDescriptor(descriptor);
  if (!consistent.ok()) return Report(page, consistent.message());
  const uint32_t num_deleted = group.deletes()->CountDeleted(Newest());
  if (num_deleted > group.num_rows()) {
    Report(group.stored().deletes, "more rows are deleted than row group " + std::to_string(entry.first_row) + " has");
  }
  num_living_ += group.num_rows() - std::min(num_deleted, group.num_rows());
  CheckRowIds(entry);
  std::set<FieldId> fields;
  for (size_t i = 0; i < descriptor.columns.size(); ++i) {
    const ChunkDescriptor& chunk = descriptor.columns[i];
    const auto& columns = table_->layout().columns;
    const auto column = std::find_if(columns.begin(), columns.end(),
                                     [&](const TableLayout::Column& other) { return other.field == chunk.field; });
    if (column == columns.end() || column->type != chunk.type || !fields.insert(chunk.field).second) {
      Report(page, "row group " + std::to_string(entry.first_row) + " has a chunk of field " +
                       std::to_string(chunk.field.value) + ", which the table's layout does not have so");
    }
    CheckChunk(group, i);
  }
}

void TableCheck::CheckRowIds(const GroupEntry& entry) {
  ColdRowGroup& group = *entry.cold;
  std::vector<RowId> ids(group.num_rows());
  const arrow::Status read = group.reader().GetRowIds(0, ids);
  if (!read.ok()) return Report(group.descriptor()->row_ids.key, read.message());
  const bool ascending =
      std::adjacent_find(ids.begin(), ids.end(), [](RowId a, RowId b) { return a >= b; }) == ids.end();
  if (!ascending || ids.empty() || ids.front().value != entry.first_row || ids.back().value + 1 != entry.end_row) {
    Report(group.descriptor()->row_ids.key,
           "the row ids of row group " + std::to_string(entry.first_row) + " are not what its descriptor says");
  }
}

void TableCheck::CheckChunk(ColdRowGroup& group, size_t column) {
  const ChunkDescriptor& descriptor = group.descriptor()->columns[column];
  const auto check = [&]() -> arrow::Result<std::string> {
    ARROW_ASSIGN_OR_RAISE(const ColumnChunk* chunk, group.reader().Column(column));
    ColumnAccumulator values(descriptor.field, descriptor.type, table_->context().pool);
    ColumnScratch scratch(table_->context().pool);
    for (uint32_t first = 0; first < chunk->num_rows(); first += kMaxBatchRows) {
      ARROW_RETURN_NOT_OK(visit_.CheckStop());
      const uint32_t count = std::min(kMaxBatchRows, chunk->num_rows() - first);
      ARROW_ASSIGN_OR_RAISE(const Vector vector, chunk->Read(first, count, scratch));
      ARROW_RETURN_NOT_OK(values.Append(vector, Selection::All(count)));
    }
    ARROW_ASSIGN_OR_RAISE(const EncodedChunk encoded, values.Encode());
    const ChunkStatistics& found = encoded.descriptor.statistics;
    const ChunkStatistics& said = descriptor.statistics;
    if (chunk->num_rows() != group.num_rows()) return "its number of rows";
    if (found.num_nulls != said.num_nulls) return "its number of NULLs";
    if (!SameBound(found.min, said.min) || found.min_is_exact != said.min_is_exact) return "its least value";
    if (!SameBound(found.max, said.max) || found.max_is_exact != said.max_is_exact) return "its greatest value";
    return "";
  };
  const arrow::Result<std::string> wrong = check();
  if (IsStopped()) return;
  const std::string name = "the chunk of field " + std::to_string(descriptor.field.value) + " in row group " +
                           std::to_string(group.descriptor()->first_row_id.value);
  if (!wrong.ok()) {
    Report(descriptor.key, name + ": " + wrong.status().message());
  } else if (!wrong->empty()) {
    Report(descriptor.key, name + " is not what its descriptor says: " + *wrong);
  }
}

bool TableCheck::IsAlive(RowId row) {
  const auto fate = ColumnTable::FateOf(*state_, row);
  return fate.ok() && *fate == ColumnTable::RowFate::kAlive;
}

std::vector<TableId> ColumnStorage::TableIds() {
  std::vector<TableId> ids;
  MutexLock lock(mutex_);
  for (const auto& [id, slot] : tables_) {
    if (!slot.dropped_at) ids.push_back(id);
  }
  return ids;
}

arrow::Status ColumnStorage::CheckTables(std::optional<TableId> only, const IntegrityVisitor& visit) {
  for (const TableId id : only ? std::vector<TableId>{*only} : TableIds()) {
    const auto table = FindTable(id);
    if (!table.ok()) {
      ARROW_RETURN_NOT_OK(visit({id, PhysicalKey(), 0, table.status().message()}));
    } else if (*table != nullptr) {
      ARROW_RETURN_NOT_OK(TableCheck(*table, visit).Run());
    }
  }
  return arrow::Status::OK();
}

arrow::Status ColumnStorage::CheckReachable(const IntegrityVisitor& visit) {
  std::map<PhysicalKey, TableId> reachable;
  const auto add = [&](TableId table, std::span<const PhysicalKey> keys) -> arrow::Status {
    for (const PhysicalKey key : keys) {
      const auto [other, fresh] = reachable.emplace(key, table);
      if (fresh) continue;
      ARROW_RETURN_NOT_OK(visit({table, key, 0,
                                 "the blob of key " + std::to_string(key.value) + " belongs also to " +
                                     (other->second.value == 0 ? std::string("the unused blobs")
                                                               : "table " + std::to_string(other->second.value))}));
    }
    return arrow::Status::OK();
  };
  std::vector<std::shared_ptr<ColumnTable>> tables;
  {
    MutexLock lock(mutex_);
    std::set<PhysicalKey> unused;
    for (const UnusedBlobs& one : unused_) unused.insert(one.blobs.begin(), one.blobs.end());
    ARROW_RETURN_NOT_OK(add(TableId(), std::vector<PhysicalKey>(unused.begin(), unused.end())));
    for (const auto& [id, slot] : tables_) {
      // Those of tables that a checkpoint took out of the root are among the unused.
      if (slot.is_unlisted) continue;
      const auto table = Load(id);
      // What a damaged table leads to is unknown; it was reported.
      if (!table.ok()) return arrow::Status::OK();
      tables.push_back(*table);
    }
  }
  for (const auto& table : tables) {
    const auto blobs = TableCheckpoint::AllBlobs(*table);
    if (!blobs.ok()) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(add(table->layout().id, *blobs));
  }
  // The pager has reported a directory that cannot be read.
  const auto keys = pager_->Keys();
  if (!keys.ok()) return arrow::Status::OK();
  const std::set<PhysicalKey> there(keys->begin(), keys->end());
  for (const PhysicalKey key : *keys) {
    if (reachable.contains(key)) continue;
    ARROW_RETURN_NOT_OK(visit({TableId(), key, 0, "nothing leads to the blob of key " + std::to_string(key.value)}));
  }
  for (const auto& [key, table] : reachable) {
    if (there.contains(key)) continue;
    ARROW_RETURN_NOT_OK(
        visit({table, key, 0, "the blob of key " + std::to_string(key.value) + " is needed and not there"}));
  }
  return arrow::Status::OK();
}

arrow::Status ColumnStorage::CheckIntegrity(std::optional<TableId> only, const IntegrityVisitor& visit) {
  const auto check = [&]() -> arrow::Status {
    if (!only) ARROW_RETURN_NOT_OK(pager_->CheckIntegrity(visit));
    ARROW_RETURN_NOT_OK(CheckTables(only, visit));
    return only ? arrow::Status::OK() : CheckReachable(visit);
  };
  const int64_t timeout_ms = txns_.lock_timeout_ms();
  // Neither a checkpoint nor a transaction changes what is compared.
  return RunAlone(Waits{timeout_ms, timeout_ms, timeout_ms, nullptr},
                  [&] { return txns_.RunWithoutWriter(timeout_ms, nullptr, check); });
}

}  // namespace llkv
