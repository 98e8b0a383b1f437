// CopyToFlat: rows of a Vector of any form into memory of our own, as hot rows keep them.
#pragma once

#include <arrow/result.h>

#include <cstdint>

#include "vector/scratch.h"
#include "vector/vector.h"

namespace llkv {

/// Where CopyToFlat writes.
struct FlatTarget {
  /// `count` values of the vector's physical type; those of NULL rows become zero.
  void* values = nullptr;
  /// One byte a row, 1 = not NULL.
  uint8_t* valid = nullptr;
};

/// Copies rows selection[from], …, selection[from + count - 1] and says whether one of them is NULL. String bytes are
/// copied into `arena`. 53200 where the memory limit is reached.
arrow::Result<bool> CopyToFlat(const Vector& vector, const Selection& selection, uint32_t from, uint32_t count,
                               const FlatTarget& target, StringArena& arena);

}  // namespace llkv
