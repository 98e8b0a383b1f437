// ColdRowGroup: a stored row group together with what a table adds to it: who created it, and which rows are deleted.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "store/column/row_group_reader.h"
#include "store/delete_set.h"
#include "store/table_store.h"
#include "txn/version_stamp.h"

namespace llkv {

class Pager;

/// Any thread may read; deletes come from one writer at a time.
class ColdRowGroup {
 public:
  /// A column that the row group was written without: all its rows are NULL there.
  static constexpr size_t kNoColumn = ~size_t{0};

  ColdRowGroup(const TableLayout& layout, std::shared_ptr<const RowGroupDescriptor> descriptor, RowBitmap gone,
               VersionStamp created_by, Pager* pager, arrow::MemoryPool* pool);

  const std::shared_ptr<const RowGroupDescriptor>& descriptor() const { return descriptor_; }
  RowGroupReader& reader() { return reader_; }
  uint32_t num_rows() const { return descriptor_->num_rows; }
  /// The place of a table's column in descriptor()->columns, or kNoColumn.
  size_t ColumnIndex(uint32_t ordinal) const { return column_index_[ordinal]; }
  std::atomic<VersionStamp>& created_by() { return created_by_; }

  /// The deletes; what a snapshot taken before the call sees is in them.
  std::shared_ptr<DeleteSet> deletes() const;
  /// Makes deletes up to `settled`, which every snapshot that reads this row group sees, a plain bitmap. While no stamp
  /// is in flight.
  void FoldDeletes(CommitTs settled);

  /// Whether a snapshot sees a row, given by its place.
  bool SeesRow(const Snapshot& snapshot, uint32_t slot) const {
    return snapshot.SeesRow(created_by_.load(std::memory_order_acquire), deletes()->Find(slot));
  }

  /// Where the last checkpoint stored it (0: nowhere yet) and its deletion vector, and how many rows that has. Used by
  /// checkpoints only.
  struct Stored {
    PhysicalKey page;
    PhysicalKey deletes;
    uint32_t num_deleted = 0;
  };
  Stored& stored() { return stored_; }

 private:
  std::shared_ptr<const RowGroupDescriptor> descriptor_;
  std::vector<size_t> column_index_;
  RowGroupReader reader_;
  std::atomic<VersionStamp> created_by_;
  mutable Mutex mutex_;
  std::shared_ptr<DeleteSet> deletes_ LLKV_GUARDED_BY(mutex_);
  Stored stored_;
};

}  // namespace llkv
