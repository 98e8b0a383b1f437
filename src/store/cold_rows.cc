// See cold_rows.h.
#include "store/cold_rows.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "pager/pager.h"
#include "store/column/descriptor_page.h"

namespace llkv {

arrow::Status LazyDescriptorPage::Read() {
  ARROW_ASSIGN_OR_RAISE(const auto bytes, pager_->Get(key_));
  ARROW_ASSIGN_OR_RAISE(std::vector<RowGroupDescriptor> descriptors, ParseDescriptorPage(bytes));
  const bool is_expected = std::equal(descriptors.begin(), descriptors.end(), groups_.begin(), groups_.end(),
                                      [](const RowGroupDescriptor& descriptor, const TableMetadata::Group& group) {
                                        return descriptor.first_row_id == group.first_row &&
                                               descriptor.last_row_id == group.last_row &&
                                               descriptor.num_rows == group.num_rows;
                                      });
  if (!is_expected) return Corrupted("a descriptor page has other row groups than its table says");
  for (RowGroupDescriptor& descriptor : descriptors) {
    descriptors_.push_back(std::make_shared<const RowGroupDescriptor>(std::move(descriptor)));
  }
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<const RowGroupDescriptor>> LazyDescriptorPage::Get(size_t index) {
  MutexLock lock(mutex_);
  if (descriptors_.empty()) ARROW_RETURN_NOT_OK(Read());
  return descriptors_[index];
}

ColdRowGroup::ColdRowGroup(const TableLayout& layout, std::shared_ptr<const RowGroupDescriptor> descriptor,
                           RowBitmap gone, VersionStamp created_by, Pager* pager, arrow::MemoryPool* pool)
    : created_by_(created_by),
      num_rows_(descriptor->num_rows),
      pager_(pager),
      pool_(pool),
      deletes_(std::make_shared<DeleteSet>(descriptor->num_rows, std::move(gone))) {
  for (const TableLayout::Column& column : layout.columns) fields_.push_back(column.field);
  SetDescriptor(std::move(descriptor));
  has_deletes_.store(!deletes_->empty(), std::memory_order_relaxed);
  is_loaded_.store(true, std::memory_order_release);
}

ColdRowGroup::ColdRowGroup(const TableLayout& layout, std::shared_ptr<LazyDescriptorPage> page, size_t index,
                           const Stored& stored, Pager* pager, arrow::MemoryPool* pool)
    : created_by_(0),
      num_rows_(page->group(index).num_rows),
      pager_(pager),
      pool_(pool),
      page_(std::move(page)),
      index_in_page_(index),
      stored_(stored) {
  for (const TableLayout::Column& column : layout.columns) fields_.push_back(column.field);
}

void ColdRowGroup::SetDescriptor(std::shared_ptr<const RowGroupDescriptor> descriptor) {
  descriptor_ = std::move(descriptor);
  first_row_ = descriptor_->first_row_id;
  last_row_ = descriptor_->last_row_id;
  row_ids_are_dense_ = descriptor_->row_ids_are_dense && descriptor_->num_rows != 0;
  reader_.emplace(descriptor_, pager_, pool_);
  column_index_.clear();
  for (const FieldId field : fields_) {
    const ChunkDescriptor* chunk = descriptor_->Find(field);
    column_index_.push_back(chunk == nullptr ? kNoColumn : static_cast<size_t>(chunk - descriptor_->columns.data()));
  }
}

bool ColdRowGroup::DeleteOnceLoaded(RowId row, CommitTs ts) {
  MutexLock lock(mutex_);
  if (is_loaded()) return false;
  noted_deletes_.push_back({row, ts});
  return true;
}

arrow::Status ColdRowGroup::ApplyNotedDeletes(DeleteSet* deletes) {
  for (const NotedDelete& noted : noted_deletes_) {
    ARROW_ASSIGN_OR_RAISE(const std::optional<uint32_t> slot, reader_->FindRow(noted.row));
    std::atomic<VersionStamp>* stamp = slot ? deletes->FindOrAdd(*slot) : nullptr;
    if (stamp == nullptr || stamp->load(std::memory_order_relaxed) != 0) {
      return Corrupted("the log deletes row " + std::to_string(noted.row.value) + ", which is not there");
    }
    stamp->store(noted.ts.value, std::memory_order_relaxed);
  }
  noted_deletes_ = {};
  return arrow::Status::OK();
}

arrow::Status ColdRowGroup::LoadNow() {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const RowGroupDescriptor> descriptor, page_->Get(index_in_page_));
  MutexLock lock(mutex_);
  if (is_loaded_.load(std::memory_order_relaxed)) return arrow::Status::OK();
  RowBitmap gone;
  if (stored_.deletes.value != 0) {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, pager_->Get(stored_.deletes));
    ARROW_ASSIGN_OR_RAISE(gone, DecodeDeletes({bytes->data(), static_cast<size_t>(bytes->size())}, num_rows_));
  }
  auto deletes = std::make_shared<DeleteSet>(num_rows_, std::move(gone));
  if (deletes->num_gone() != stored_.num_deleted) {
    return Corrupted("a deletion vector has another number of rows than its table says");
  }
  SetDescriptor(std::move(descriptor));
  ARROW_RETURN_NOT_OK(ApplyNotedDeletes(deletes.get()));
  has_deletes_.store(!deletes->empty(), std::memory_order_relaxed);
  deletes_ = std::move(deletes);
  is_loaded_.store(true, std::memory_order_release);
  return arrow::Status::OK();
}

uint32_t ColdRowGroup::num_deleted() const {
  MutexLock lock(mutex_);
  if (deletes_ == nullptr) {
    return std::min(stored_.num_deleted + static_cast<uint32_t>(noted_deletes_.size()), num_rows_);
  }
  return std::min(deletes_->num_gone() + deletes_->num_entries(), num_rows_);
}

bool ColdRowGroup::HasStamps() const {
  MutexLock lock(mutex_);
  return deletes_ != nullptr ? deletes_->num_entries() != 0 : !noted_deletes_.empty();
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
