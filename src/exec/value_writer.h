// WriteValue: single Values into flat columns, for the few sources that make rows one by one.
#pragma once

#include <arrow/status.h>

#include <cstdint>

#include "types/value.h"
#include "vector/scratch.h"

namespace llkv {

/// Sets row `row` of a flat vector (ResetFlat was called for it) to `value`, which is NULL or of the vector's type.
/// String bytes stay in `value`, which outlives the vector.
void WriteValue(const Value& value, uint32_t row, ScratchVector& out);

/// The same, with string bytes copied into `arena`.
arrow::Status WriteValueCopy(const Value& value, uint32_t row, ScratchVector& out, StringArena& arena);

}  // namespace llkv
