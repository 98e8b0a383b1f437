// Sorting and merging of sort entries: num_words key words and the row's address, side by side in one array of words.
// Stable. Knows rows only through TieOrder.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/stop_token.h"
#include "vector/row_layout.h"
#include "vector/sort_key.h"

namespace llkv {

/// What decides where words tie: stored columns, in order. Immutable; shared by threads.
class TieOrder {
 public:
  struct Column {
    size_t stored;  // column of the layout
    SortKeyColumn order;
  };
  TieOrder(const RowLayout* layout, std::vector<Column> columns) : layout_(layout), columns_(std::move(columns)) {}

  bool empty() const { return columns_.empty(); }
  int Compare(const uint8_t* a, const uint8_t* b) const {
    for (const Column& column : columns_) {
      const int result = CompareStoredColumn(*layout_, column.stored, column.order, a, b);
      if (result != 0) return result;
    }
    return 0;
  }

 private:
  const RowLayout* layout_;
  std::vector<Column> columns_;
};

/// A run of entries of num_words + 1 words each.
struct SortRun {
  uint64_t* entries = nullptr;
  int64_t size = 0;
};

/// Sorts a run, with `scratch` of the same size; stable. 57014 once `stop` says so.
/// Source: most-significant-digit radix sort on the bits that differ, with ping-pong buffers.
arrow::Status SortEntries(SortRun run, uint64_t* scratch, uint32_t num_words, const TieOrder& ties,
                          const StopToken& stop);

/// The first entry of a sorted run that is not less than `entry`.
int64_t LowerBoundEntry(const SortRun& run, const uint64_t* entry, uint32_t num_words, const TieOrder& ties);

/// Merges sorted runs; writes only the rows' addresses. Among equal entries those of earlier runs come first.
arrow::Status MergeEntries(std::span<const SortRun> runs, uint32_t num_words, const TieOrder& ties,
                           const StopToken& stop, uint8_t** rows);

}  // namespace llkv
