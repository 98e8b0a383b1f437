// See table_checkpoint.h.
#include "store/table_checkpoint.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "pager/pager.h"
#include "store/column/descriptor_page.h"
#include "store/column_reader.h"

namespace llkv {

namespace {

/// Cold rows that one checkpoint of a table reads to write them anew; the next one goes on.
constexpr uint64_t kMaxColdRows = uint64_t{8} * kMaxRowGroupRows;
/// Neighbours are merged where none is more than this times smaller than the other.
constexpr uint64_t kMaxMergeRatio = 8;

std::vector<ColumnSpec> Specs(const TableLayout& layout) {
  std::vector<ColumnSpec> specs;
  for (const TableLayout::Column& column : layout.columns) specs.push_back({column.field, column.type});
  return specs;
}

uint64_t NumAlive(const ColdRowGroup& group) { return group.num_rows() - group.num_deleted(); }

/// The rows that are deleted as of `at`.
RowBitmap DeletedRows(const ColdRowGroup& group, CommitTs at) {
  Snapshot snapshot;
  snapshot.ts = at;
  RowBitmap bitmap;
  group.deletes()->GetDeleted(snapshot, &bitmap);
  return bitmap;
}

}  // namespace

TableCheckpoint::TableCheckpoint(std::shared_ptr<ColumnTable> table, CommitTs at, WriteBatch* batch)
    : table_(std::move(table)),
      at_(at),
      batch_(batch),
      sealed_(table_->Seal(at)),
      old_(sealed_.state.get()),
      writer_(Specs(table_->layout()), table_->context().pool),
      indexes_(*table_, *old_, at_, batch_) {}

TableCheckpoint::~TableCheckpoint() {
  if (!is_applied_) table_->SetChanged();
}

arrow::Status TableCheckpoint::Prepare() {
  ARROW_RETURN_NOT_OK(ChooseSources());
  ARROW_RETURN_NOT_OK(RewriteSources());
  ARROW_RETURN_NOT_OK(indexes_.Write());
  retired_blobs_.insert(retired_blobs_.end(), indexes_.retired_blobs().begin(), indexes_.retired_blobs().end());
  ARROW_RETURN_NOT_OK(WriteDeletes());
  ARROW_RETURN_NOT_OK(WritePages());
  return WriteMetadata();
}

/// Hot row groups; cold ones that are mostly deleted; small cold neighbours; and small cold ones at the end, as long as
/// together with what follows they make a row group that is at least twice as large: so each row is rewritten a few
/// times at most.
arrow::Status TableCheckpoint::ChooseSources() {
  const std::vector<GroupEntry>& groups = old_->groups;
  is_source_.assign(groups.size(), false);
  oldest_row_.assign(groups.size(), at_.value);
  std::vector<uint64_t> num_alive(groups.size());
  uint64_t num_rows_after = 0;
  bool is_tail = true;
  for (size_t i = groups.size(); i-- > 0;) {
    if (groups[i].hot != nullptr) {
      is_source_[i] = true;
      num_alive[i] = groups[i].hot->num_rows();
      num_rows_after += num_alive[i];
      continue;
    }
    num_alive[i] = NumAlive(*groups[i].cold);
    is_tail = is_tail && num_rows_after > 0 && num_alive[i] <= num_rows_after &&
              num_alive[i] + num_rows_after <= kMaxRowGroupRows;
    is_source_[i] = is_tail || num_alive[i] < groups[i].cold->num_rows() / 2;
    if (is_tail) num_rows_after += num_alive[i];
  }
  ChooseNeighbours(num_alive);
  uint64_t num_cold_rows = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (!is_source_[i] || groups[i].cold == nullptr) continue;
    num_cold_rows += groups[i].cold->num_rows();
    if (num_cold_rows <= kMaxColdRows) continue;
    is_source_[i] = false;
    has_more_ = true;
  }
  return arrow::Status::OK();
}

/// Cold row groups side by side that together fill at most half of one.
void TableCheckpoint::ChooseNeighbours(const std::vector<uint64_t>& num_alive) {
  for (size_t i = 0; i + 1 < num_alive.size(); ++i) {
    if (old_->groups[i].cold == nullptr || old_->groups[i + 1].cold == nullptr) continue;
    const uint64_t smaller = std::min(num_alive[i], num_alive[i + 1]);
    const uint64_t larger = std::max(num_alive[i], num_alive[i + 1]);
    if (smaller + larger > kMaxRowGroupRows / 2 || smaller * kMaxMergeRatio < larger) continue;
    is_source_[i] = is_source_[i + 1] = true;
  }
}

arrow::Status TableCheckpoint::RewriteSources() {
  for (size_t i = 0; i < old_->groups.size(); ++i) {
    const GroupEntry& entry = old_->groups[i];
    if (!is_source_[i]) {
      // Row ids of one row group have no other group's between them.
      ARROW_RETURN_NOT_OK(Seal());
      groups_.push_back(entry);
    } else if (entry.hot != nullptr) {
      ARROW_RETURN_NOT_OK(AddHotRows(i));
    } else {
      ARROW_RETURN_NOT_OK(AddColdRows(entry));
      // Read by snapshots that see its rows.
      const uint64_t from = std::max(entry.validity.from, entry.cold->created_by().load());
      retired_blobs_.push_back({from, BlobKeys(*entry.cold->descriptor())});
      if (entry.cold->stored().deletes.value != 0) batch_->Free(entry.cold->stored().deletes);
    }
  }
  return Seal();
}

arrow::Status TableCheckpoint::AddHotRows(size_t source) {
  const GroupEntry& entry = old_->groups[source];
  const HotRowGroup& hot = *entry.hot;
  const auto num_columns = static_cast<uint32_t>(table_->types().size());
  std::vector<Vector> columns(num_columns);
  std::vector<ColumnScratch> scratch;
  for (uint32_t i = 0; i < num_columns; ++i) scratch.emplace_back(table_->context().pool);
  std::vector<uint16_t> rows;
  std::vector<RowId> row_ids;
  for (uint32_t first = 0; first < hot.num_rows();) {
    const uint32_t end = std::min(hot.num_rows(), HotRowGroup::BlockStart(HotRowGroup::BlockOf(first) + 1));
    rows.clear();
    row_ids.clear();
    for (uint32_t slot = first; slot < end; ++slot) {
      const VersionStamp created_by = hot.created_by(slot).load(std::memory_order_acquire);
      const VersionStamp deleted_by = hot.deleted_by(slot).load(std::memory_order_acquire);
      if (created_by == kAbortedStamp) continue;
      oldest_row_[source] = std::min(oldest_row_[source], created_by);
      // A later delete is carried over at the end.
      if (deleted_by != 0 && deleted_by <= at_.value) continue;
      rows.push_back(static_cast<uint16_t>(slot - first));
      row_ids.push_back(RowId(entry.first_row + slot));
      indexes_.AddRow(hot, slot, row_ids.back());
    }
    for (uint32_t i = 0; i < num_columns; ++i) {
      ARROW_ASSIGN_OR_RAISE(columns[i], GetColumn(entry, i, table_->types()[i], first, end - first,
                                                  Selection::All(end - first), scratch[i]));
    }
    ARROW_RETURN_NOT_OK(AddRows(columns, end - first, rows, row_ids));
    first = end;
  }
  return arrow::Status::OK();
}

arrow::Status TableCheckpoint::AddColdRows(const GroupEntry& entry) {
  ARROW_RETURN_NOT_OK(entry.cold->Load());
  const auto num_columns = static_cast<uint32_t>(table_->types().size());
  const RowBitmap deleted = DeletedRows(*entry.cold, at_);
  std::vector<Vector> columns(num_columns);
  std::vector<ColumnScratch> scratch;
  for (uint32_t i = 0; i < num_columns; ++i) scratch.emplace_back(table_->context().pool);
  std::vector<uint16_t> rows;
  std::vector<RowId> all_ids(kMaxBatchRows);
  std::vector<RowId> row_ids;
  for (uint32_t first = 0; first < entry.cold->num_rows(); first += kMaxBatchRows) {
    const uint32_t count = std::min(kMaxBatchRows, entry.cold->num_rows() - first);
    ARROW_RETURN_NOT_OK(entry.cold->reader().GetRowIds(first, {all_ids.data(), count}));
    rows.clear();
    row_ids.clear();
    for (uint32_t i = 0; i < count; ++i) {
      if (((deleted[(first + i) / 64] >> ((first + i) % 64)) & 1) != 0) continue;
      rows.push_back(static_cast<uint16_t>(i));
      row_ids.push_back(all_ids[i]);
    }
    for (uint32_t i = 0; i < num_columns; ++i) {
      ARROW_ASSIGN_OR_RAISE(columns[i],
                            GetColumn(entry, i, table_->types()[i], first, count, Selection::All(count), scratch[i]));
    }
    ARROW_RETURN_NOT_OK(AddRows(columns, count, rows, row_ids));
  }
  return arrow::Status::OK();
}

arrow::Status TableCheckpoint::AddRows(const std::vector<Vector>& columns, uint32_t num_rows,
                                       const std::vector<uint16_t>& rows, const std::vector<RowId>& row_ids) {
  for (size_t done = 0; done < rows.size();) {
    if (writer_.room() == 0) ARROW_RETURN_NOT_OK(Seal());
    const size_t count = std::min<size_t>(rows.size() - done, writer_.room());
    Batch batch;
    batch.columns = columns;
    batch.num_rows = num_rows;
    batch.selection = Selection{rows.data() + done, static_cast<uint32_t>(count)};
    ARROW_RETURN_NOT_OK(writer_.Append(batch, {row_ids.data() + done, count}));
    done += count;
  }
  return arrow::Status::OK();
}

arrow::Status TableCheckpoint::Seal() {
  if (writer_.num_rows() == 0) return arrow::Status::OK();
  const TableContext& context = table_->context();
  ARROW_ASSIGN_OR_RAISE(EncodedRowGroup encoded, writer_.Finish());
  std::vector<StagedBlob> staged;
  ARROW_ASSIGN_OR_RAISE(RowGroupDescriptor descriptor, StageRowGroup(std::move(encoded), *context.pager, &staged));
  for (StagedBlob& blob : staged) batch_->PutStaged(std::move(blob));
  GroupEntry entry;
  entry.first_row = descriptor.first_row_id.value;
  entry.end_row = descriptor.last_row_id.value + 1;
  entry.validity.from = at_.value;
  entry.cold = std::make_shared<ColdRowGroup>(table_->layout(),
                                              std::make_shared<const RowGroupDescriptor>(std::move(descriptor)),
                                              RowBitmap(), 0, context.pager, context.pool);
  // Reads the row ids where they are stored, so that carrying deletes over reads nothing.
  ARROW_RETURN_NOT_OK(entry.cold->FindRow(RowId(entry.first_row)).status());
  added_.push_back(entry);
  groups_.push_back(std::move(entry));
  return arrow::Status::OK();
}

arrow::Status TableCheckpoint::WriteDeletes() {
  for (const GroupEntry& entry : groups_) {
    ColdRowGroup::Stored stored = entry.cold->stored();
    if (!entry.cold->HasStamps()) {
      if (stored.deletes.value != 0) {
        metadata_.deletes.push_back({RowId(entry.first_row), stored.deletes, stored.num_deleted});
      }
      continue;
    }
    ARROW_RETURN_NOT_OK(entry.cold->Load());
    const RowBitmap bitmap = DeletedRows(*entry.cold, at_);
    const uint32_t num_deleted = CountRows(bitmap);
    if (num_deleted != stored.num_deleted) {
      if (stored.deletes.value != 0) batch_->Free(stored.deletes);
      ByteWriter bytes;
      EncodeDeletes(bitmap, entry.cold->num_rows(), bytes);
      ARROW_ASSIGN_OR_RAISE(stored.deletes, Put(bytes));
      stored.num_deleted = num_deleted;
    }
    deletes_.push_back({entry.cold, stored});
    if (num_deleted > 0) metadata_.deletes.push_back({RowId(entry.first_row), stored.deletes, num_deleted});
  }
  return arrow::Status::OK();
}

/// Keeps the pages whose row groups are all still there, and writes the row groups of the others and the new ones into
/// new pages. A page that is not full is written anew too where there are new row groups.
arrow::Status TableCheckpoint::WritePages() {
  std::map<PhysicalKey, uint32_t> num_kept;
  for (const GroupEntry& entry : groups_) ++num_kept[entry.cold->stored().page];
  std::map<PhysicalKey, uint32_t> num_stored;
  for (const GroupEntry& entry : old_->groups) {
    if (entry.cold != nullptr) ++num_stored[entry.cold->stored().page];
  }
  const bool has_new = num_kept.contains(PhysicalKey());
  const auto is_kept = [&](PhysicalKey page) {
    if (page.value == 0 || num_kept[page] != num_stored[page]) return false;
    return !has_new || num_kept[page] >= kMaxRowGroupsPerPage / 2;
  };
  std::set<PhysicalKey> kept;
  std::vector<std::shared_ptr<ColdRowGroup>> loose;
  for (const GroupEntry& entry : groups_) {
    const PhysicalKey page = entry.cold->stored().page;
    if (is_kept(page)) {
      kept.insert(page);
    } else {
      loose.push_back(entry.cold);
    }
  }
  for (const TableMetadata::Page& page : table_->stored().pages) {
    if (kept.contains(page.key)) {
      metadata_.pages.push_back(page);
    } else {
      batch_->Free(page.key);
    }
  }
  for (size_t first = 0; first < loose.size(); first += kMaxRowGroupsPerPage) {
    const size_t end = std::min<size_t>(loose.size(), first + kMaxRowGroupsPerPage);
    std::vector<RowGroupDescriptor> descriptors;
    TableMetadata::Page page;
    for (size_t i = first; i < end; ++i) {
      // Whoever else has it finds it loaded: its page is freed.
      ARROW_RETURN_NOT_OK(loose[i]->Load());
      descriptors.push_back(*loose[i]->descriptor());
      page.groups.push_back({descriptors.back().first_row_id, descriptors.back().last_row_id, loose[i]->num_rows()});
    }
    ARROW_ASSIGN_OR_RAISE(auto bytes, SerializeDescriptorPage(descriptors, table_->context().pool));
    ARROW_ASSIGN_OR_RAISE(page.key, table_->context().pager->Allocate(1));
    batch_->Put(page.key, std::move(bytes));
    for (size_t i = first; i < end; ++i) new_pages_.emplace_back(loose[i], page.key);
    metadata_.pages.push_back(std::move(page));
  }
  return arrow::Status::OK();
}

arrow::Status TableCheckpoint::WriteMetadata() {
  metadata_.layout = table_->layout();
  metadata_.next_row_page = sealed_.next_row_page;
  metadata_.num_live_rows = sealed_.num_live_rows;
  for (size_t i = 0; i < old_->groups.size(); ++i) {
    if (!is_source_[i] || old_->groups[i].cold == nullptr) continue;
    // The summary that the table came with has what is rewritten here: only all descriptors tell what is left.
    for (const GroupEntry& entry : groups_) ARROW_RETURN_NOT_OK(entry.cold->Load());
    break;
  }
  metadata_.summary = table_->Summarize(groups_);
  indexes_.FillMetadata(&metadata_);
  ByteWriter bytes;
  EncodeTableMetadata(metadata_, bytes);
  ARROW_ASSIGN_OR_RAISE(metadata_.key, Put(bytes));
  if (table_->stored().key.value != 0) batch_->Free(table_->stored().key);
  return arrow::Status::OK();
}

arrow::Result<PhysicalKey> TableCheckpoint::Put(const ByteWriter& bytes) {
  ARROW_ASSIGN_OR_RAISE(const PhysicalKey key, table_->context().pager->Allocate(1));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(static_cast<int64_t>(bytes.size()), table_->context().pool));
  std::copy(bytes.bytes().begin(), bytes.bytes().end(), buffer->mutable_data());
  batch_->Put(key, std::move(buffer));
  return key;
}

arrow::Status TableCheckpoint::CarryDelete(RowId row, VersionStamp stamp) {
  const auto entry = std::upper_bound(added_.begin(), added_.end(), row.value,
                                      [](uint64_t value, const GroupEntry& other) { return value < other.first_row; });
  if (entry == added_.begin()) return InternalError("a checkpoint lost a row");
  ColdRowGroup& group = *std::prev(entry)->cold;
  ARROW_ASSIGN_OR_RAISE(const std::optional<uint32_t> slot, group.FindRow(row));
  if (!slot) return InternalError("a checkpoint lost a row");
  group.FindOrAddDelete(*slot)->store(stamp, std::memory_order_relaxed);
  return arrow::Status::OK();
}

arrow::Status TableCheckpoint::CarryDeletes() {
  std::vector<std::pair<uint32_t, VersionStamp>> carried;
  std::vector<RowId> row_id(1);
  for (size_t i = 0; i < old_->groups.size(); ++i) {
    if (!is_source_[i]) continue;
    const GroupEntry& entry = old_->groups[i];
    carried.clear();
    if (entry.hot != nullptr) {
      for (uint32_t slot = 0; slot < entry.hot->num_rows(); ++slot) {
        const VersionStamp stamp = entry.hot->deleted_by(slot).load(std::memory_order_acquire);
        if (stamp > at_.value && entry.hot->created_by(slot).load() != kAbortedStamp) carried.emplace_back(slot, stamp);
      }
    } else {
      // Loaded, since its rows were read.
      entry.cold->deletes()->ForEachStamp([&](uint32_t slot, VersionStamp stamp) {
        if (stamp > at_.value) carried.emplace_back(slot, stamp);
      });
    }
    for (const auto& [slot, stamp] : carried) {
      row_id[0] = RowId(entry.first_row + slot);
      if (entry.cold != nullptr) ARROW_RETURN_NOT_OK(entry.cold->reader().GetRowIds(slot, row_id));
      ARROW_RETURN_NOT_OK(CarryDelete(row_id[0], stamp));
    }
  }
  return arrow::Status::OK();
}

/// Takes what this checkpoint replaces out of the active parts, and keeps it for older snapshots.
void TableCheckpoint::Retire(TableState& state) const {
  std::set<const void*> sources;
  for (size_t i = 0; i < old_->groups.size(); ++i) {
    if (!is_source_[i]) continue;
    GroupEntry retired = old_->groups[i];
    sources.insert(retired.hot != nullptr ? static_cast<const void*>(retired.hot.get()) : retired.cold.get());
    const uint64_t oldest = retired.hot != nullptr ? oldest_row_[i] : retired.cold->created_by().load();
    retired.validity.from = std::max(retired.validity.from, oldest);
    retired.validity.to = at_.value;
    state.retired_groups.push_back(std::move(retired));
  }
  std::erase_if(state.groups, [&sources](const GroupEntry& entry) {
    return sources.contains(entry.hot != nullptr ? static_cast<const void*>(entry.hot.get()) : entry.cold.get());
  });
}

/// Deletes that are stored, and that all snapshots see but for those that read an older form of the row group, need no
/// stamp.
void TableCheckpoint::FoldDeletes() {
  const TxnManager& txns = *table_->context().txns;
  for (const GroupEntry& entry : groups_) {
    if (!entry.cold->HasStamps()) continue;
    const CommitTs from(std::max(entry.validity.from, entry.cold->created_by().load()));
    entry.cold->FoldDeletes(std::min(txns.OldestSnapshotFrom(from).value_or(at_), at_));
  }
}

void TableCheckpoint::Apply() {
  for (const auto& [group, page] : new_pages_) group->stored().page = page;
  for (const NewDeletes& deletes : deletes_) {
    const PhysicalKey page = deletes.group->stored().page;
    deletes.group->stored() = deletes.stored;
    deletes.group->stored().page = page;
  }
  FoldDeletes();
  table_->UpdateState([this](TableState& state) {
    Retire(state);
    for (const GroupEntry& entry : added_) state.Add(entry);
    indexes_.Apply(state);
    const TxnManager& txns = *table_->context().txns;
    state.PruneRetired([&txns](uint64_t from, uint64_t to) { return txns.HasSnapshotIn(from, to); });
  });
  table_->stored() = metadata_;
  if (has_more_) table_->SetChanged();
  is_applied_ = true;
}

arrow::Result<std::vector<PhysicalKey>> TableCheckpoint::AllBlobs(ColumnTable& table) {
  std::vector<PhysicalKey> blobs;
  for (const TableMetadata::Page& page : table.stored().pages) blobs.push_back(page.key);
  for (const TableMetadata::Deletes& deletes : table.stored().deletes) blobs.push_back(deletes.key);
  if (table.stored().key.value != 0) blobs.push_back(table.stored().key);
  const TableStatePtr state = table.state();
  for (const GroupEntry& entry : state->groups) {
    if (entry.cold == nullptr) continue;
    ARROW_RETURN_NOT_OK(entry.cold->Load());
    for (const PhysicalKey key : BlobKeys(*entry.cold->descriptor())) blobs.push_back(key);
  }
  for (const TableIndex& index : state->indexes) {
    if (index.is_unlisted) continue;
    for (const IndexRunEntry& run : index.runs) {
      ARROW_ASSIGN_OR_RAISE(const std::vector<PhysicalKey> keys, run.reader->BlobKeys());
      blobs.insert(blobs.end(), keys.begin(), keys.end());
    }
  }
  return blobs;
}

}  // namespace llkv
