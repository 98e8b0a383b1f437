// RowStorage: page bookkeeping. Pages double from 4 KiB so that small queries stay small.
#include "vector/row_storage.h"

namespace llkv {

RowStorage::RowStorage(RowStorage&& other) noexcept
    : pool_(other.pool_),
      row_width_(other.row_width_),
      max_page_bytes_(other.max_page_bytes_),
      num_rows_(std::exchange(other.num_rows_, 0)),
      size_bytes_(std::exchange(other.size_bytes_, 0)),
      room_bytes_(std::exchange(other.room_bytes_, 0)),
      pages_(std::exchange(other.pages_, {})),
      spare_(std::exchange(other.spare_, {})) {}

RowStorage& RowStorage::operator=(RowStorage&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(row_width_, other.row_width_);
  std::swap(max_page_bytes_, other.max_page_bytes_);
  std::swap(num_rows_, other.num_rows_);
  std::swap(size_bytes_, other.size_bytes_);
  std::swap(room_bytes_, other.room_bytes_);
  std::swap(pages_, other.pages_);
  std::swap(spare_, other.spare_);
  return *this;
}

RowStorage::~RowStorage() {
  for (const Page& page : pages_) pool_->Free(page.data, page.size_bytes);
  for (const Page& page : spare_) pool_->Free(page.data, page.size_bytes);
}

arrow::Status RowStorage::AddPage(uint32_t heap_size) {
  const int64_t needed = static_cast<int64_t>(row_width_) + heap_size;
  Page page;
  while (!spare_.empty() && page.data == nullptr) {
    page = spare_.back();
    spare_.pop_back();
    if (page.size_bytes >= needed) break;
    pool_->Free(page.data, page.size_bytes);
    size_bytes_ -= page.size_bytes;
    page = Page{};
  }
  if (page.data == nullptr) {
    const int64_t grown = std::clamp(size_bytes_, std::min(kFirstPageBytes, max_page_bytes_), max_page_bytes_);
    page.size_bytes = (std::max(grown, needed) + 63) / 64 * 64;
    ARROW_RETURN_NOT_OK(pool_->Allocate(page.size_bytes, &page.data));
    size_bytes_ += page.size_bytes;
  }
  page.num_rows = 0;
  page.heap_begin = page.size_bytes;
  pages_.push_back(page);
  room_bytes_ = page.size_bytes;
  return arrow::Status::OK();
}

arrow::Status RowStorage::Allocate(uint32_t count, const uint32_t* heap_sizes, uint8_t** rows, char** heaps) {
  if (heap_sizes != nullptr) {
    for (uint32_t i = 0; i < count; ++i) {
      ARROW_ASSIGN_OR_RAISE(rows[i], AllocateRow(heap_sizes[i], &heaps[i]));
    }
    return arrow::Status::OK();
  }
  for (uint32_t done = 0; done < count;) {
    if (room_bytes_ < row_width_) ARROW_RETURN_NOT_OK(AddPage(0));
    Page& page = pages_.back();
    const auto n = static_cast<uint32_t>(std::min<int64_t>(count - done, room_bytes_ / row_width_));
    uint8_t* row = page.data + static_cast<int64_t>(page.num_rows) * row_width_;
    for (uint32_t i = 0; i < n; ++i) rows[done + i] = row + static_cast<int64_t>(i) * row_width_;
    page.num_rows += n;
    room_bytes_ -= static_cast<int64_t>(n) * row_width_;
    num_rows_ += n;
    done += n;
  }
  return arrow::Status::OK();
}

arrow::Status RowStorage::Append(const RowLayout& layout, std::span<const Vector> columns, const Selection& selection,
                                 uint8_t** rows) {
  if (!layout.has_strings()) {
    ARROW_RETURN_NOT_OK(Allocate(selection.count, nullptr, rows, nullptr));
    ScatterRows(layout, columns, selection, rows, nullptr);
    return arrow::Status::OK();
  }
  uint32_t heap_sizes[kMaxBatchRows];
  char* heaps[kMaxBatchRows];
  std::fill_n(heap_sizes, selection.count, 0U);
  AddHeapSizes(layout, columns, selection, heap_sizes);
  ARROW_RETURN_NOT_OK(Allocate(selection.count, heap_sizes, rows, heaps));
  ScatterRows(layout, columns, selection, rows, heaps);
  return arrow::Status::OK();
}

void RowStorage::Absorb(RowStorage&& other) {
  num_rows_ += std::exchange(other.num_rows_, 0);
  size_bytes_ += std::exchange(other.size_bytes_, 0);
  if (!other.pages_.empty()) room_bytes_ = other.room_bytes_;
  other.room_bytes_ = 0;
  pages_.insert(pages_.end(), other.pages_.begin(), other.pages_.end());
  spare_.insert(spare_.end(), other.spare_.begin(), other.spare_.end());
  other.pages_.clear();
  other.spare_.clear();
}

void RowStorage::Reset() {
  spare_.insert(spare_.end(), pages_.rbegin(), pages_.rend());
  pages_.clear();
  num_rows_ = 0;
  room_bytes_ = 0;
}

uint32_t RowCursor::Next(uint32_t max, uint8_t** rows) {
  uint32_t count = 0;
  while (count < max && page_ < storage_->pages().size()) {
    const RowStorage::Page& page = storage_->pages()[page_];
    const uint32_t n = std::min(max - count, page.num_rows - row_);
    for (uint32_t i = 0; i < n; ++i) {
      rows[count + i] = page.data + static_cast<int64_t>(row_ + i) * storage_->row_width();
    }
    count += n;
    row_ += n;
    if (row_ == page.num_rows) {
      ++page_;
      row_ = 0;
    }
  }
  return count;
}

}  // namespace llkv
