// ColdRowGroup: a stored row group together with what a table adds to it: who created it, and which rows are deleted.
// A table that is opened knows of its row groups how many rows they have and where; their descriptors, page by page,
// and deletion vectors are read when somebody needs them.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "store/column/row_group_reader.h"
#include "store/delete_set.h"
#include "store/table_metadata.h"
#include "store/table_store.h"
#include "txn/version_stamp.h"

namespace llkv {

class Pager;

/// A descriptor page that is read at its first use. Any thread.
class LazyDescriptorPage {
 public:
  /// `pager` outlives it. The groups are what the table's metadata says of the page's row groups, in its order.
  LazyDescriptorPage(PhysicalKey key, std::vector<TableMetadata::Group> groups, Pager* pager)
      : key_(key), groups_(std::move(groups)), pager_(pager) {}

  const TableMetadata::Group& group(size_t index) const { return groups_[index]; }
  /// XX001 where the page is damaged or says something else than the metadata.
  arrow::Result<std::shared_ptr<const RowGroupDescriptor>> Get(size_t index);

 private:
  arrow::Status Read() LLKV_REQUIRES(mutex_);

  const PhysicalKey key_;
  const std::vector<TableMetadata::Group> groups_;
  Pager* const pager_;
  Mutex mutex_;
  std::vector<std::shared_ptr<const RowGroupDescriptor>> descriptors_ LLKV_GUARDED_BY(mutex_);
};

/// Any thread may read; deletes come from one writer at a time.
class alignas(64) ColdRowGroup {
 public:
  /// A column that the row group was written without: all its rows are NULL there.
  static constexpr size_t kNoColumn = ~size_t{0};

  /// One that is loaded.
  ColdRowGroup(const TableLayout& layout, std::shared_ptr<const RowGroupDescriptor> descriptor, RowBitmap gone,
               VersionStamp created_by, Pager* pager, arrow::MemoryPool* pool);
  /// Where the last checkpoint stored it (0: nowhere yet) and its deletion vector, and how many rows that has.
  struct Stored {
    PhysicalKey page;
    PhysicalKey deletes;
    uint32_t num_deleted = 0;
  };
  /// The one at `index` of a page, to be loaded.
  ColdRowGroup(const TableLayout& layout, std::shared_ptr<LazyDescriptorPage> page, size_t index, const Stored& stored,
               Pager* pager, arrow::MemoryPool* pool);

  /// Makes descriptor, reader and deletes known: an atomic load once they are. XX001 where they are damaged.
  arrow::Status Load() { return is_loaded_.load(std::memory_order_acquire) ? arrow::Status::OK() : LoadNow(); }
  bool is_loaded() const { return is_loaded_.load(std::memory_order_acquire); }
  /// Whether it came with a table that was opened: then the table's summary counts it.
  bool is_summarized() const { return page_ != nullptr; }
  /// Notes that a replayed commit deleted a row, which Load will look for: XX001 there where it cannot be. False, and
  /// nothing noted, where it is loaded.
  bool DeleteOnceLoaded(RowId row, CommitTs ts);
  uint32_t num_rows() const { return num_rows_; }
  /// Rows that are deleted for some snapshot at least; known without Load.
  uint32_t num_deleted() const;
  /// Whether it has deletes that its stored deletion vector may not have; known without Load.
  bool HasStamps() const;

  // After Load:

  const std::shared_ptr<const RowGroupDescriptor>& descriptor() const { return descriptor_; }
  RowGroupReader& reader() { return *reader_; }
  /// The place of a row, or nothing where the row group does not have it.
  arrow::Result<std::optional<uint32_t>> FindRow(RowId row) {
    if (!row_ids_are_dense_) return reader_->FindRow(row);
    if (row < first_row_ || row > last_row_) return std::nullopt;
    return std::optional<uint32_t>(static_cast<uint32_t>(row.value - first_row_.value));
  }
  /// The place of a table's column in descriptor()->columns, or kNoColumn.
  size_t ColumnIndex(uint32_t ordinal) const { return column_index_[ordinal]; }
  std::atomic<VersionStamp>& created_by() { return created_by_; }

  /// The deletes; what a snapshot taken before the call sees is in them.
  std::shared_ptr<DeleteSet> deletes() const;
  /// The stamp of a row's delete: 0 where it is not deleted. Takes no lock where no row is.
  VersionStamp DeletedBy(uint32_t slot) const {
    return has_deletes_.load(std::memory_order_acquire) ? deletes()->Find(slot) : 0;
  }
  /// Writer: where to put the stamp of a row; it is 0 at first. Null where the row is gone for everyone.
  std::atomic<VersionStamp>* FindOrAddDelete(uint32_t slot) {
    has_deletes_.store(true, std::memory_order_release);
    return deletes()->FindOrAdd(slot);
  }
  /// Makes deletes up to `settled`, which every snapshot that reads this row group sees, a plain bitmap. While no stamp
  /// is in flight.
  void FoldDeletes(CommitTs settled);

  /// Whether a snapshot sees a row, given by its place.
  bool SeesRow(const Snapshot& snapshot, uint32_t slot) const {
    return snapshot.SeesRow(created_by_.load(std::memory_order_acquire), DeletedBy(slot));
  }

  /// Used by checkpoints only.
  Stored& stored() { return stored_; }

 private:
  arrow::Status LoadNow();
  arrow::Status ApplyNotedDeletes(DeleteSet* deletes) LLKV_REQUIRES(mutex_);
  void SetDescriptor(std::shared_ptr<const RowGroupDescriptor> descriptor);

  // What finding a row reads, in one cache line. Written before is_loaded_, and not after; has_deletes_ may become
  // true.
  RowId first_row_;
  RowId last_row_;
  std::atomic<VersionStamp> created_by_;
  const uint32_t num_rows_;
  bool row_ids_are_dense_ = false;
  std::atomic<bool> is_loaded_{false};
  std::atomic<bool> has_deletes_{false};
  std::optional<RowGroupReader> reader_;

  Pager* const pager_;
  arrow::MemoryPool* const pool_;
  const std::shared_ptr<LazyDescriptorPage> page_;
  const size_t index_in_page_ = 0;
  /// Of the table's columns.
  std::vector<FieldId> fields_;
  // Written before is_loaded_, and not after.
  std::shared_ptr<const RowGroupDescriptor> descriptor_;
  std::vector<size_t> column_index_;
  mutable Mutex mutex_;
  /// Null before Load.
  std::shared_ptr<DeleteSet> deletes_ LLKV_GUARDED_BY(mutex_);
  struct NotedDelete {
    RowId row;
    CommitTs ts;
  };
  /// Empty after Load.
  std::vector<NotedDelete> noted_deletes_ LLKV_GUARDED_BY(mutex_);
  Stored stored_;
};

}  // namespace llkv
