// GroupKeys: how the key columns of a grouping lie in a group's row. Fixed-width keys of up to 32 bytes are packed into
// words, so that finding a group compares numbers; all others stand as columns of a RowLayout behind their hash.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/hash.h"
#include "vector/row_layout.h"
#include "vector/scratch.h"

namespace llkv {

/// A group's row: packed words, or hash and columns; then `state_size` bytes of the owner's. Immutable; shared by
/// threads.
class GroupKeys {
 public:
  static constexpr uint32_t kMaxWords = 4;

  GroupKeys(std::vector<LogicalType> types, uint32_t state_size);

  size_t num_columns() const { return types_.size(); }
  const std::vector<LogicalType>& types() const { return types_; }
  /// Number of words, 0 where keys are not packed.
  uint32_t num_words() const { return num_words_; }
  /// A packed key of one 64-bit column has no bit for NULL: such rows are the caller's to tell apart.
  bool null_apart() const { return null_apart_; }
  /// For keys that are not packed.
  const RowLayout& layout() const { return layout_; }
  uint32_t row_width() const { return row_width_; }
  uint32_t state_offset() const { return state_offset_; }
  uint32_t state_size() const { return state_size_; }

  /// Packs the i-th selected row of flat columns into words[w * kMaxBatchRows + i].
  void Pack(std::span<const Vector> columns, const Selection& selection, uint64_t* words) const;
  /// The hash of the i-th selected row of flat columns, as HashOfRow gives it once stored; 0 for a NULL key held apart.
  void HashColumns(std::span<const Vector> columns, const Selection& selection, uint64_t* hashes) const;
  /// Key column `column` of `count` group rows, as a flat Vector. `is_null_group` marks, where null_apart(), the row
  /// whose key is NULL (null pointer: none is).
  void GatherKey(size_t column, const uint8_t* const* rows, uint32_t count, const uint8_t* null_group,
                 ScratchVector& out) const;
  /// The hash that a row in storage was found by.
  uint64_t HashOfRow(const uint8_t* row) const;

 private:
  struct Place {
    uint32_t word = 0;
    uint32_t shift = 0;  // in bits
    uint32_t bytes = 0;
  };
  bool TryPack();

  std::vector<LogicalType> types_;
  RowLayout layout_;
  std::vector<Place> places_;
  Place nulls_;  // one bit a column
  uint32_t num_words_ = 0;
  bool null_apart_ = false;
  uint32_t row_width_ = 0;
  uint32_t state_offset_ = 0;
  uint32_t state_size_ = 0;
};

/// The hash of a packed key.
template <uint32_t kWords>
uint64_t HashWords(const uint64_t* words, size_t stride) {
  uint64_t hash = HashInt64(words[0]);
  for (uint32_t w = 1; w < kWords; ++w) hash = HashInt64(hash ^ (words[w * stride] * 0x9E3779B97F4A7C15ULL));
  return hash;
}

/// Whether a row has the packed key of `words`.
template <uint32_t kWords>
bool SameWords(const uint8_t* row, const uint64_t* words, size_t stride) {
  uint64_t differ = 0;
  for (uint32_t w = 0; w < kWords; ++w) {
    uint64_t word;
    std::memcpy(&word, row + w * 8, sizeof(word));
    differ |= word ^ words[w * stride];
  }
  return differ == 0;
}

}  // namespace llkv
