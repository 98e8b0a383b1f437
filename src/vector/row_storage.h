// RowStorage: pages of rows in a RowLayout, from an accounted memory pool; PoolArray: a growable array from such a
// pool. Rows never move while their storage lives, and a page holds everything its rows refer to.
#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "vector/row_layout.h"
#include "vector/vector.h"

namespace llkv {

/// A growable array of plain values, 64-byte aligned, from a memory pool. One thread at a time.
template <typename T>
class PoolArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit PoolArray(arrow::MemoryPool* pool) : pool_(pool) {}
  PoolArray(PoolArray&& other) noexcept
      : pool_(other.pool_),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  PoolArray& operator=(PoolArray&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~PoolArray() { Free(); }

  /// Error 53200 where the memory limit is reached; the content is kept then.
  arrow::Status Reserve(int64_t capacity) {
    if (capacity <= capacity_) return arrow::Status::OK();
    const int64_t wanted = std::max({capacity, capacity_ * 2, int64_t{64} / static_cast<int64_t>(sizeof(T)) + 1});
    uint8_t* memory = reinterpret_cast<uint8_t*>(data_);
    if (memory == nullptr) {
      ARROW_RETURN_NOT_OK(pool_->Allocate(wanted * Width(), &memory));
    } else {
      ARROW_RETURN_NOT_OK(pool_->Reallocate(capacity_ * Width(), wanted * Width(), &memory));
    }
    data_ = reinterpret_cast<T*>(memory);
    capacity_ = wanted;
    return arrow::Status::OK();
  }
  /// Sets the size; new elements are uninitialized.
  arrow::Status Resize(int64_t size) {
    ARROW_RETURN_NOT_OK(Reserve(size));
    size_ = size;
    return arrow::Status::OK();
  }
  arrow::Status Append(T value) {
    if (size_ == capacity_) ARROW_RETURN_NOT_OK(Reserve(size_ + 1));
    data_[size_++] = value;
    return arrow::Status::OK();
  }
  /// Where room was reserved.
  void UnsafeAppend(T value) { data_[size_++] = value; }
  void Clear() { size_ = 0; }
  void Free() {
    if (data_ != nullptr) pool_->Free(reinterpret_cast<uint8_t*>(data_), capacity_ * Width());
    data_ = nullptr;
    size_ = capacity_ = 0;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  int64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](int64_t i) { return data_[i]; }
  const T& operator[](int64_t i) const { return data_[i]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }

 private:
  static constexpr int64_t Width() { return static_cast<int64_t>(sizeof(T)); }

  arrow::MemoryPool* pool_;
  T* data_ = nullptr;
  int64_t size_ = 0;
  int64_t capacity_ = 0;
};

/// Rows of one width in pages: rows from a page's front, their long strings from its back. Appending never moves a row.
/// One thread at a time; reading is free for all once nobody appends.
class RowStorage {
 public:
  /// A page's rows stand in order from `data`.
  struct Page {
    uint8_t* data = nullptr;
    int64_t size_bytes = 0;
    uint32_t num_rows = 0;
    int64_t heap_begin = 0;
  };
  static constexpr int64_t kFirstPageBytes = 4 << 10;
  static constexpr int64_t kMaxPageBytes = 2 << 20;

  RowStorage(uint32_t row_width, arrow::MemoryPool* pool, int64_t max_page_bytes = kMaxPageBytes)
      : pool_(pool), row_width_(row_width), max_page_bytes_(max_page_bytes) {}
  RowStorage(RowStorage&& other) noexcept;
  RowStorage& operator=(RowStorage&& other) noexcept;
  ~RowStorage();

  /// Room for one row and `heap_size` bytes for its strings (null where heap_size is 0). Uninitialized.
  /// Error 53200 where the memory limit is reached.
  arrow::Result<uint8_t*> AllocateRow(uint32_t heap_size, char** heap) {
    if (room_bytes_ < static_cast<int64_t>(row_width_) + heap_size) ARROW_RETURN_NOT_OK(AddPage(heap_size));
    room_bytes_ -= static_cast<int64_t>(row_width_) + heap_size;
    Page& page = pages_.back();
    uint8_t* row = page.data + static_cast<int64_t>(page.num_rows) * row_width_;
    ++page.num_rows;
    page.heap_begin -= heap_size;
    if (heap != nullptr) *heap = reinterpret_cast<char*>(page.data + page.heap_begin);
    ++num_rows_;
    return row;
  }
  /// As AllocateRow without strings, but null where the page is full.
  uint8_t* TryAllocateRow() {
    if (room_bytes_ < static_cast<int64_t>(row_width_)) return nullptr;
    room_bytes_ -= row_width_;
    ++num_rows_;
    Page& page = pages_.back();
    return page.data + static_cast<int64_t>(page.num_rows++) * row_width_;
  }
  /// Room for `count` rows; row i needs heap_sizes[i] bytes for strings (heap_sizes and heaps are null where none do).
  arrow::Status Allocate(uint32_t count, const uint32_t* heap_sizes, uint8_t** rows, char** heaps);

  /// Appends the selected rows of flat columns; rows[i] is where the i-th went. Header and trailer are uninitialized.
  arrow::Status Append(const RowLayout& layout, std::span<const Vector> columns, const Selection& selection,
                       uint8_t** rows);

  /// Takes over the other's pages, behind this one's.
  void Absorb(RowStorage&& other);
  /// Forgets all rows but keeps the pages for reuse.
  void Reset();

  int64_t num_rows() const { return num_rows_; }
  int64_t size_bytes() const { return size_bytes_; }
  const std::vector<Page>& pages() const { return pages_; }
  uint32_t row_width() const { return row_width_; }

 private:
  arrow::Status AddPage(uint32_t heap_size);

  arrow::MemoryPool* pool_;
  uint32_t row_width_;
  int64_t max_page_bytes_;
  int64_t num_rows_ = 0;
  int64_t size_bytes_ = 0;
  int64_t room_bytes_ = 0;   // left in the last page
  std::vector<Page> pages_;  // the last one is appended to
  std::vector<Page> spare_;  // emptied by Reset
};

/// Walks all rows of a storage in order, some at a time.
class RowCursor {
 public:
  explicit RowCursor(const RowStorage& storage) : storage_(&storage) {}
  /// Up to `max` next rows; 0 at the end.
  uint32_t Next(uint32_t max, uint8_t** rows);

 private:
  const RowStorage* storage_;
  size_t page_ = 0;
  uint32_t row_ = 0;
};

}  // namespace llkv
