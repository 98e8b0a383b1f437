// Descriptors of chunks and row groups: all that is known of stored columns without touching their bytes, as plain
// data. docs/formats/chunks.md has the layout that they describe. Knows no tables, no transactions and no deletes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "store/column/distinct_sketch.h"
#include "types/logical_type.h"
#include "types/value.h"

namespace llkv {

/// The most rows of one row group.
inline constexpr uint32_t kMaxRowGroupRows = 131072;

/// How a chunk's values are stored. The numbers reach disk: never renumber.
enum class ChunkEncoding : uint8_t {
  kFlat = 0,        // values of the physical type; strings as utf8: int32 offsets and bytes
  kConstant = 1,    // every row has ChunkDescriptor::constant, which may be NULL; there is no blob
  kDictionary = 2,  // codes of `storage` (kUInt8, kUInt16) into dictionary_size different values, none NULL
  kNarrow = 3,      // kUInt8, kUInt16 or kUInt32 above `base`; or kInt64 with base 0, of a 128-bit type
  kRunEnd = 4,      // integers without NULLs: dictionary_size runs of equal values, flat or as kNarrow has them
  kText = 5,        // strings as codes of symbols (text_symbols.h), in blocks of kTextBlockRows
  kDecimal = 6,     // DOUBLE: integers as kNarrow has them, divided by 10^scale
  kNested = 7,      // LIST, ARRAY, STRUCT, MAP, UNION: an Arrow array with children, found through the blob's message
};

/// The rows of one block of compressed text.
inline constexpr uint32_t kTextBlockRows = 2048;
/// The most bytes of codes in one block.
inline constexpr uint64_t kMaxTextBlockBytes = uint64_t{1} << 26;
/// The largest power of ten of kDecimal: a double holds all of these exactly.
inline constexpr uint32_t kMaxDecimalScale = 22;

/// A buffer's place in its chunk's blob, in bytes. Offsets are multiples of 64; length 0 means absent.
struct BufferRange {
  uint64_t offset = 0;
  uint64_t length = 0;
  bool operator==(const BufferRange&) const = default;
};

/// Index into ChunkDescriptor::buffers.
enum ChunkBuffer : uint8_t {
  kValidityBuffer = 0,
  kDataBuffer = 1,            // values, narrow integers, codes, run values; int32 offsets of a flat string chunk; sizes
                              // of compressed strings
  kBytesBuffer = 2,           // flat strings: the bytes
  kDictionaryDataBuffer = 3,  // dictionary values; int32 offsets of string entries and text blocks; int32 run ends
  kDictionaryBytesBuffer = 4,  // string entries: the bytes; kText: the table of symbols, then each block's codes
};
inline constexpr int kNumChunkBuffers = 5;

/// What a scan and the optimizer know of a chunk's values.
struct ChunkStatistics {
  uint32_t num_nulls = 0;
  /// Bounds of the non-NULL values, by CompareValues; a NULL Value where nothing is known (all NULL, INTERVAL, text
  /// without an upper bound). A long string's are cut to kMaxBoundBytes: then min is lower, or max greater, than every
  /// value.
  Value min;
  Value max;
  /// Whether the bound is a value of the chunk, not only a bound.
  bool min_is_exact = false;
  bool max_is_exact = false;
  DistinctSketch sketch;

  static constexpr size_t kMaxBoundBytes = 32;
};

/// One column of one row group.
struct ChunkDescriptor {
  FieldId field;
  LogicalType type;
  ChunkEncoding encoding = ChunkEncoding::kConstant;
  /// Of the data buffer's integers where kDictionary, kNarrow, kRunEnd or kDecimal; of the sizes (kUInt8, kUInt16,
  /// kUInt32) where kText; else type.physical().
  PhysicalType storage = PhysicalType::kInt64;
  uint32_t num_rows = 0;
  /// kDictionary: entries; kRunEnd: runs; kText: one more than blocks.
  uint32_t dictionary_size = 0;
  int64_t base = 0;
  /// kDecimal only.
  uint32_t scale = 0;
  /// The blob; none (0) where kConstant.
  PhysicalKey key;
  uint64_t size_bytes = 0;
  std::array<BufferRange, kNumChunkBuffers> buffers{};
  /// Every row's value where kConstant.
  Value constant;
  ChunkStatistics statistics;

  bool has_nulls() const { return statistics.num_nulls != 0; }
  /// Whether reading makes values, instead of giving a view of what is stored.
  bool is_decoded() const {
    return encoding == ChunkEncoding::kRunEnd || encoding == ChunkEncoding::kText ||
           encoding == ChunkEncoding::kDecimal;
  }
};

/// Rows that are stored together: each chunk has the same rows in the same order.
struct RowGroupDescriptor {
  uint32_t num_rows = 0;
  /// The ids of the rows: first_row_id + position where row_ids_are_dense, else `row_ids` holds them, strictly
  /// ascending, as a UBIGINT chunk.
  RowId first_row_id;
  RowId last_row_id;
  bool row_ids_are_dense = true;
  ChunkDescriptor row_ids;
  std::vector<ChunkDescriptor> columns;

  /// The chunk of a field, or null where the row group was written without it.
  const ChunkDescriptor* Find(FieldId field) const {
    for (const ChunkDescriptor& column : columns) {
      if (column.field == field) return &column;
    }
    return nullptr;
  }
};

}  // namespace llkv
