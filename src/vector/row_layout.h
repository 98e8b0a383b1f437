// RowLayout: how joins, aggregations and sorts hold rows that outlive a batch, and the kernels that move values between
// Vectors and such rows. Rows contain no absolute address, so a page of them can move; where pages come from is
// row_storage.h's business.
#pragma once

#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "types/logical_type.h"
#include "vector/scratch.h"
#include "vector/vector.h"

namespace llkv {

/// A string inside a row, 16 bytes: up to 12 bytes of text stand in the row itself; longer text has its first four
/// bytes here and all of them in the same page, at a distance from this slot.
struct RowString {
  static constexpr uint32_t kMaxInline = 12;
  uint32_t size;
  char bytes[12];  // inline text, zero-padded; else 4 bytes prefix and the int64 distance

  StringRef Get() const {
    if (size <= kMaxInline) return StringRef(bytes, size);
    int64_t distance;
    std::memcpy(&distance, bytes + 4, sizeof(distance));
    return StringRef(reinterpret_cast<const char*>(this) + distance, size);
  }
  /// Stores `text`; where it is long, its bytes go to `heap`, and the result is the heap's next free byte.
  char* Set(StringRef text, char* heap) {
    size = text.size;
    if (size <= kMaxInline) {
      std::memset(bytes, 0, sizeof(bytes));
      std::memcpy(bytes, text.data, size);
      return heap;
    }
    std::memcpy(bytes, text.prefix, 4);
    const int64_t distance = heap - reinterpret_cast<const char*>(this);
    std::memcpy(bytes + 4, &distance, sizeof(distance));
    std::memcpy(heap, text.data, size);
    return heap + size;
  }
  static uint32_t HeapSize(uint32_t text_size) { return text_size <= kMaxInline ? 0 : text_size; }
};
static_assert(sizeof(RowString) == 16 && alignof(RowString) == 4);

/// Offsets of a row's parts: a header of the owner's, columns by falling width, validity bits, a trailer of the owner's
/// (aggregate states) on an 8-byte boundary. Rows are `width()` bytes, a multiple of 8.
///
/// Immutable after Make; shared by threads.
class RowLayout {
 public:
  static RowLayout Make(std::vector<LogicalType> types, uint32_t header_size = 0, uint32_t trailer_size = 0);

  size_t num_columns() const { return types_.size(); }
  const std::vector<LogicalType>& types() const { return types_; }
  uint32_t offset(size_t column) const { return offsets_[column]; }
  uint32_t validity_offset() const { return validity_offset_; }
  uint32_t trailer_offset() const { return trailer_offset_; }
  uint32_t width() const { return width_; }
  bool has_strings() const { return !string_columns_.empty(); }
  const std::vector<uint32_t>& string_columns() const { return string_columns_; }

  bool IsValid(const uint8_t* row, size_t column) const {
    return ((row[validity_offset_ + (column >> 3)] >> (column & 7)) & 1) != 0;
  }
  /// Bytes outside the fixed part that the row's strings take.
  uint32_t HeapSize(const uint8_t* row) const;

 private:
  std::vector<LogicalType> types_;
  std::vector<uint32_t> offsets_;
  std::vector<uint32_t> string_columns_;
  uint32_t validity_offset_ = 0;
  uint32_t trailer_offset_ = 0;
  uint32_t width_ = 0;
};

/// Makes the columns of a batch flat, into scratch of its own that is allocated when first needed.
class ColumnFlattener {
 public:
  explicit ColumnFlattener(arrow::MemoryPool* pool) : pool_(pool) {}

  /// Flat columns with the values of `columns` at the selected rows. Valid until the next call.
  arrow::Result<std::span<const Vector>> Flatten(std::span<const Vector> columns, const Selection& selection,
                                                 uint32_t num_rows);

 private:
  arrow::MemoryPool* pool_;
  std::vector<std::unique_ptr<ScratchVector>> scratch_;
  std::vector<Vector> flat_;
};

/// Adds to heap_sizes[i] what the i-th selected row's strings need outside the row. `columns` are flat.
void AddHeapSizes(const RowLayout& layout, std::span<const Vector> columns, const Selection& selection,
                  uint32_t* heap_sizes);

/// Writes all columns and validity bits of the i-th selected row to rows[i]; long strings to heaps[i] (unused, may be
/// null, where the layout has no strings). `columns` are flat; header and trailer stay as they are.
void ScatterRows(const RowLayout& layout, std::span<const Vector> columns, const Selection& selection,
                 uint8_t* const* rows, char* const* heaps);

/// Reads one column of `count` rows into `out`, flat with validity: value i at position positions[i], or i where
/// positions is null. Strings point into the rows' pages. `num_positions` is the number of positions that `out` has;
/// with positions, those not named are unspecified but initialized, and valid.
void GatherColumn(const RowLayout& layout, size_t column, const uint8_t* const* rows, uint32_t count,
                  const uint16_t* positions, uint32_t num_positions, ScratchVector& out);

/// Copies values of a flat Vector: out's row i is the input's row rows[i]. Strings stay where they are.
void TakeColumn(const Vector& flat, const uint16_t* rows, uint32_t count, ScratchVector& out);

/// Compares one column: keeps those of the `count` lanes whose row rows[lane] has the value of `flat` at row
/// vector_rows[lane] (lane where vector_rows is null), moves the others to `failed` (room for `count` more at
/// *num_failed), and returns how many were kept. NULLs are equal to each other. NaN equals NaN, 0.0 equals -0.0.
uint32_t MatchColumn(const RowLayout& layout, size_t column, const Vector& flat, const uint16_t* vector_rows,
                     const uint8_t* const* rows, uint16_t* lanes, uint32_t count, uint16_t* failed,
                     uint32_t* num_failed);

/// Are the first `num_columns` columns of two rows of one layout equal (NULLs equal, as MatchColumn)?
bool RowsEqual(const RowLayout& layout, size_t num_columns, const uint8_t* a, const uint8_t* b);

/// Copies a whole row; its long strings go to `heap` (layout.HeapSize(source) bytes).
void CopyRow(const RowLayout& layout, const uint8_t* source, uint8_t* target, char* heap);

}  // namespace llkv
