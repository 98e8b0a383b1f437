// Vector and Batch: the columns that move between operators. Non-owning; no allocation and no reference count a batch.
#pragma once

#include <cstdint>
#include <span>

#include "base/int128.h"
#include "types/logical_type.h"
#include "types/value.h"
#include "vector/string_ref.h"

namespace llkv {

/// The most rows that one Batch holds. An engine option makes batches smaller (1 and 7 in tests), never larger.
inline constexpr uint32_t kMaxBatchRows = 2048;

/// How a Vector's values are laid out.
enum class VectorForm : uint8_t {
  kFlat,        // data: `num_rows` values of the physical type
  kConstant,    // data: one value; validity's bit 0 says whether it is NULL
  kDictionary,  // data: codes of `storage` (kUInt8, kUInt16, kUInt32); dictionary: flat values, dictionary_size of
                // them, none NULL
  kNarrow,      // data: integers of `storage`; value = base + data[i], widened to the physical type
  kRunEnd,      // data: flat run values; run_ends: exclusive end row of each run, relative to the batch's first row +
                // run_offset
  kOffsets,  // strings only, Arrow's utf8 layout: data: int32 offsets (num_rows + 1), dictionary: the bytes they index
};

/// What is known of the values of an integer-like Vector (integers, DECIMAL unscaled, dates, times): all lie in [min,
/// max]. Comes from chunk statistics; kernels choose the narrowest sufficient arithmetic by it.
struct ValueRange {
  bool known = false;
  int128_t min = 0;
  int128_t max = 0;
};

/// One column of a Batch: a type, a form, and spans that somebody else owns for as long as the batch is in use.
///
/// `validity` is an Arrow bitmap (bit i of byte i / 8, 1 = not NULL) whose bit 0 is row 0, or null where no row is
/// NULL. Buffers may be read up to 63 bytes past their last value (kernels load whole SIMD registers); every owner pads
/// so. Values at NULL rows are unspecified but initialized. Narrow with base 0 and storage kInt64 is how a HUGEINT or
/// wide DECIMAL whose values fit 64 bits is passed on.
struct Vector {
  LogicalType type;
  VectorForm form = VectorForm::kFlat;
  PhysicalType storage =
      PhysicalType::kInt64;  // kDictionary: of the codes; kNarrow: of the integers; else type.physical()
  uint32_t dictionary_size = 0;
  uint32_t num_runs = 0;
  const void* data = nullptr;
  const uint8_t* validity = nullptr;
  const void* dictionary = nullptr;
  const int32_t* run_ends = nullptr;
  int64_t run_offset = 0;
  int64_t base = 0;
  /// kDictionary: names the dictionary's content within the query, so that per-entry results are computed once; 0 =
  /// unknown.
  uint64_t dictionary_id = 0;
  ValueRange range;

  bool IsConstantNull() const { return form == VectorForm::kConstant && validity != nullptr && (validity[0] & 1) == 0; }
  /// For kFlat, kNarrow, kDictionary, kOffsets: whether row i is not NULL.
  bool IsValid(uint32_t row) const { return validity == nullptr || ((validity[row >> 3] >> (row & 7)) & 1) != 0; }
  template <typename T>
  const T* values() const {
    return static_cast<const T*>(data);
  }
};

/// Rows of a batch that are still in play: `count` row numbers, ascending, or all of [0, count) where rows is null.
struct Selection {
  const uint16_t* rows = nullptr;
  uint32_t count = 0;

  static Selection All(uint32_t num_rows) { return {nullptr, num_rows}; }
  bool IsDense() const { return rows == nullptr; }
  uint32_t operator[](uint32_t i) const { return rows == nullptr ? i : rows[i]; }
};

/// Up to kMaxBatchRows rows. Vectors have `num_rows` rows by position; `selection` says which of them exist.
struct Batch {
  std::span<const Vector> columns;
  uint32_t num_rows = 0;
  Selection selection;

  uint32_t num_selected() const { return selection.count; }
};

/// Calls f(row) for each selected row, with a tight loop where all are.
template <typename F>
inline void ForEachRow(const Selection& selection, F&& f) {
  if (selection.rows == nullptr) {
    for (uint32_t i = 0; i < selection.count; ++i) f(i);
  } else {
    for (uint32_t i = 0; i < selection.count; ++i) f(static_cast<uint32_t>(selection.rows[i]));
  }
}

}  // namespace llkv
