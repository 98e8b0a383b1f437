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

void ColdRowGroup::FoldDeletes(CommitTs settled) {
  const std::shared_ptr<DeleteSet> old = deletes();
  RowBitmap gone = old->gone();
  if (gone.empty()) gone.resize((num_rows() + 63) / 64);
  bool any = false;
  old->ForEachStamp([&](uint32_t slot, VersionStamp stamp) {
    if (stamp > settled.value) return;
    gone[slot / 64] |= uint64_t{1} << (slot % 64);
    any = true;
  });
  if (!any) return;
  auto folded = std::make_shared<DeleteSet>(num_rows(), std::move(gone));
  old->ForEachStamp([&](uint32_t slot, VersionStamp stamp) {
    if (stamp > settled.value) folded->FindOrAdd(slot)->store(stamp, std::memory_order_relaxed);
  });
  MutexLock lock(mutex_);
  deletes_ = std::move(folded);
}

}  // namespace llkv
