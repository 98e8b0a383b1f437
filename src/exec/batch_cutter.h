// BatchCutter: a batch in pieces of fewer rows, by selections over the same vectors.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "vector/vector.h"

namespace llkv {

/// Sources that get batches from elsewhere keep to ExecContext::batch_rows by it; LIMIT and OFFSET cut by Slice.
class BatchCutter {
 public:
  void Start(const Batch& batch) {
    batch_ = batch;
    next_ = 0;
  }

  /// The next piece of at most `max_rows` rows; false where none is left. Valid until the next call.
  bool Next(uint32_t max_rows, Batch* piece) {
    const uint32_t left = batch_.selection.count - next_;
    if (left == 0) return false;
    const uint32_t count = std::min(left, max_rows);
    *piece = Slice(batch_, next_, count);
    next_ += count;
    return true;
  }

  /// Selected rows [offset, offset + count) of `batch`. Valid until the next call.
  Batch Slice(const Batch& batch, uint32_t offset, uint32_t count) {
    Batch piece = batch;
    piece.selection.count = count;
    if (batch.selection.rows != nullptr) {
      piece.selection.rows += offset;
    } else if (offset > 0) {
      rows_.resize(std::max<size_t>(rows_.size(), count));
      std::iota(rows_.begin(), rows_.begin() + count, static_cast<uint16_t>(offset));
      piece.selection.rows = rows_.data();
    } else {
      piece.num_rows = count;
    }
    return piece;
  }

  void Clear() { Start(Batch()); }

 private:
  Batch batch_;
  uint32_t next_ = 0;
  std::vector<uint16_t> rows_;
};

}  // namespace llkv
