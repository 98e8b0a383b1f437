// Recovery of a ColumnTable: the sections of log records, applied as the commits that wrote them published them. Any
// bytes may come: what does not fit the table is XX001.
#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"
#include "store/column_table.h"
#include "store/index_keys.h"
#include "store/redo.h"

namespace llkv {

namespace {
arrow::Status DoesNotFit(const TableLayout& layout) {
  return Corrupted("the log has changes that do not fit table " + std::to_string(layout.id.value));
}
}  // namespace

arrow::Status ColumnTable::ReplayInsert(std::span<const uint8_t> payload, CommitTs ts, uint64_t* num_rows) {
  MutexLock lock(write_mutex_);
  if (decoder_ == nullptr) decoder_ = std::make_unique<RowDecoder>(types_, context_.pool);
  std::string key;
  return decoder_->Decode(payload, [&](RowId first_row, const Batch& batch) LLKV_NO_THREAD_SAFETY_ANALYSIS {
    const uint64_t page = first_row.value / kRowPageRows;
    const uint64_t place = first_row.value % kRowPageRows;
    if (place + batch.num_rows > kRowPageRows || page >= (uint64_t{1} << 46)) return DoesNotFit(layout_);
    const TableStatePtr now = state();
    const GroupEntry* entry = now->FindActive(first_row);
    if (entry == nullptr) {
      const bool is_taken = std::any_of(now->groups.begin(), now->groups.end(), [page](const GroupEntry& group) {
        return group.first_row / kRowPageRows <= page && page <= (group.end_row - 1) / kRowPageRows;
      });
      if (is_taken) return DoesNotFit(layout_);
      if (page >= next_row_page_.load()) next_row_page_.store(page + 1);
      AddHotGroup(RowId(page * kRowPageRows));
    } else if (entry->hot == nullptr || entry->hot != hot_ || place < hot_->num_rows()) {
      return DoesNotFit(layout_);
    }
    ARROW_RETURN_NOT_OK(hot_->SkipTo(static_cast<uint32_t>(place)));
    for (uint32_t from = 0; from < batch.num_rows;) {
      const uint32_t slot = hot_->num_rows();
      ARROW_ASSIGN_OR_RAISE(const uint32_t count, hot_->Write(batch, from, batch.num_rows - from, ts.value));
      for (const TableIndex& index : now->indexes) {
        if (index.is_dropped()) continue;
        for (uint32_t i = 0; i < count; ++i) {
          EncodeHotKey(*index.layout, *hot_, slot + i, &key);
          ARROW_RETURN_NOT_OK(index.active().Insert(key, RowId(hot_->first_row().value + slot + i)));
        }
      }
      hot_->Publish(count);
      from += count;
    }
    AddLiveRows(batch.num_rows);
    *num_rows += batch.num_rows;
    SetChanged();
    return arrow::Status::OK();
  });
}

arrow::Status ColumnTable::ReplayDelete(std::span<const uint8_t> payload, CommitTs ts, uint64_t* num_rows) {
  MutexLock lock(write_mutex_);
  const TableStatePtr now = state();
  SetChanged();
  return DecodeRowIds(payload, [&](RowId row) {
    const GroupEntry* entry = now->FindActive(row);
    if (entry == nullptr) return DoesNotFit(layout_);
    ++*num_rows;
    // Nothing of a row group is read before somebody wants its rows: a log of small updates all over a table names
    // most.
    if (entry->cold != nullptr && entry->cold->DeleteOnceLoaded(row, ts)) {
      AddLiveRows(-1);
      return arrow::Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(const std::optional<uint32_t> slot, FindSlot(*entry, row));
    if (!slot) return DoesNotFit(layout_);
    std::atomic<VersionStamp>* stamp =
        entry->hot != nullptr ? &entry->hot->deleted_by(*slot) : entry->cold->FindOrAddDelete(*slot);
    if (stamp == nullptr || stamp->load() != 0) return DoesNotFit(layout_);
    stamp->store(ts.value);
    if (entry->hot != nullptr) entry->hot->SetNeedsRowChecks(*slot);
    AddLiveRows(-1);
    return arrow::Status::OK();
  });
}

arrow::Status ColumnTable::ReplayAttach(std::span<const uint8_t> payload, CommitTs ts) {
  MutexLock lock(write_mutex_);
  ARROW_ASSIGN_OR_RAISE(const AttachedRowGroups attached, DecodeAttached(payload));
  for (const std::shared_ptr<const RowGroupDescriptor>& descriptor : attached.row_groups) {
    GroupEntry entry;
    entry.first_row = descriptor->first_row_id.value;
    entry.end_row = descriptor->last_row_id.value + 1;
    const uint64_t page = entry.first_row / kRowPageRows;
    if (state()->FindActive(RowId(entry.first_row)) != nullptr || entry.end_row > (page + 1) * kRowPageRows) {
      return DoesNotFit(layout_);
    }
    entry.cold =
        std::make_shared<ColdRowGroup>(layout_, descriptor, RowBitmap(), ts.value, context_.pager, context_.pool);
    AddLiveRows(entry.cold->num_rows());
    if (page >= next_row_page_.load()) next_row_page_.store(page + 1);
    UpdateState([&entry](TableState& state) { state.Add(std::move(entry)); });
  }
  for (const AttachedRowGroups::IndexRuns& runs : attached.runs) {
    if (state()->FindIndex(runs.index) == nullptr) return DoesNotFit(layout_);
    UpdateState([&](TableState& state) {
      for (const IndexRunDescriptor& run : runs.runs) {
        state.FindIndex(runs.index)
            ->runs.push_back({Validity{}, std::make_shared<IndexRunReader>(run, context_.pager)});
      }
    });
  }
  SetChanged();
  return arrow::Status::OK();
}

arrow::Status ColumnTable::ReplayCreateIndex(std::span<const uint8_t> payload, CommitTs ts, IndexId* id) {
  ByteReader in(payload);
  IndexLayout index = DecodeIndexLayout(layout_.columns.size(), in);
  ARROW_RETURN_NOT_OK(in.Check("a log record's index"));
  ARROW_ASSIGN_OR_RAISE(const std::vector<IndexRunDescriptor> runs, DecodeIndexRuns(in));
  ARROW_RETURN_NOT_OK(in.Finish("a log record's index"));
  if (state()->FindIndex(index.id) != nullptr) return DoesNotFit(layout_);
  *id = index.id;
  SetChanged();
  AddIndex(std::make_shared<const IndexLayout>(std::move(index)), runs, ts.value);
  return arrow::Status::OK();
}

arrow::Status ColumnTable::ReplayDropIndex(std::span<const uint8_t> payload, CommitTs ts) {
  ByteReader in(payload);
  const IndexId id(in.Varint());
  ARROW_RETURN_NOT_OK(in.Finish("a log record's index"));
  const TableStatePtr now = state();
  const TableIndex* index = id.value == 0 ? nullptr : now->FindIndex(id);
  if (index == nullptr || index->is_dropped()) return DoesNotFit(layout_);
  SetIndexStamps(id, std::nullopt, ts.value);
  SetChanged();
  return arrow::Status::OK();
}

}  // namespace llkv
