// See cold_rows.h.
#include "store/cold_rows.h"

#include <utility>

namespace llkv {

ColdRowGroup::ColdRowGroup(const TableLayout& layout, std::shared_ptr<const RowGroupDescriptor> descriptor,
                           RowBitmap gone, VersionStamp created_by, Pager* pager, arrow::MemoryPool* pool)
    : descriptor_(std::move(descriptor)),
      reader_(descriptor_, pager, pool),
      created_by_(created_by),
      deletes_(std::make_shared<DeleteSet>(descriptor_->num_rows, std::move(gone))) {
  for (const TableLayout::Column& column : layout.columns) {
    const ChunkDescriptor* chunk = descriptor_->Find(column.field);
    column_index_.push_back(chunk == nullptr ? kNoColumn : static_cast<size_t>(chunk - descriptor_->columns.data()));
  }
}

std::shared_ptr<DeleteSet> ColdRowGroup::deletes() const {
  MutexLock lock(mutex_);
  return deletes_;
}

void ColdRowGroup::FoldDeletes(RowBitmap gone) {
  auto folded = std::make_shared<DeleteSet>(num_rows(), std::move(gone));
  MutexLock lock(mutex_);
  deletes_ = std::move(folded);
}

}  // namespace llkv
