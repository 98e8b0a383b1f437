// Normalized sort keys: columns of any type, direction and null order encoded so that comparing a few 64-bit words as
// unsigned numbers orders rows. What the words cannot hold (long strings, columns behind a string or beyond the last
// word) is compared from stored rows when the words tie.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "types/logical_type.h"
#include "types/value.h"
#include "vector/row_layout.h"
#include "vector/vector.h"

namespace llkv {

/// One key column's type and order.
struct SortKeyColumn {
  LogicalType type;
  bool descending = false;
  bool nulls_first = false;
};

/// Encodes keys into 1 to kMaxWords words a row. Immutable; shared by threads.
class SortKeyEncoder {
 public:
  static constexpr uint32_t kMaxWords = 4;

  /// With `nulls_apart` the encoding has no room for NULLs of the first column: the caller keeps those rows apart, and
  /// the first column of such rows is encoded as if it were the same value.
  SortKeyEncoder(std::vector<SortKeyColumn> columns, bool nulls_apart);

  /// Would keeping the first column's NULLs apart make keys shorter?
  static bool ShorterWithNullsApart(const std::vector<SortKeyColumn>& columns);

  uint32_t num_words() const { return num_words_; }
  const std::vector<SortKeyColumn>& columns() const { return columns_; }
  /// The first column that ties of the words are not decided for; columns().size() where the words decide all.
  size_t first_tie_column() const { return first_tie_column_; }

  /// Writes the key of the i-th selected row to words[i * stride] and following. `columns` are flat.
  void Encode(std::span<const Vector> columns, const Selection& selection, uint32_t stride, uint64_t* words) const;

  /// Whether keys tell the first column's value: not of text, INTERVAL, ANY and nested types.
  bool CanDecodeFirst() const;
  /// The first column's value in a key that Encode wrote; a NULL Value for NULL, and where keys do not tell.
  Value DecodeFirst(const uint64_t* words) const;

 private:
  struct Slot {
    uint32_t null_byte;  // offset; kNoNullByte for none
    uint32_t offset;
    uint32_t width;  // bytes of value
  };
  static constexpr uint32_t kNoNullByte = 0xFFFFFFFF;

  std::vector<SortKeyColumn> columns_;
  std::vector<Slot> slots_;  // of the columns that have a place in the words
  size_t first_tie_column_ = 0;
  uint32_t num_words_ = 1;
};

/// Compares one stored column of two rows in a key's order: negative, 0, positive.
int CompareStoredColumn(const RowLayout& layout, size_t column, const SortKeyColumn& order, const uint8_t* a,
                        const uint8_t* b);

}  // namespace llkv
