// Single rows of flat vectors: what operators that pair rows make their output of.
#pragma once

#include <cstdint>

#include "vector/scratch.h"
#include "vector/vector.h"

namespace llkv {

/// Row `row` of a flat Vector, as a constant.
Vector ConstantAt(const Vector& flat, uint32_t row);

/// Appends the selected rows of a flat or constant Vector at row `at` of `out`, flat; a row may stand in the selection
/// several times.
void AppendRows(const Vector& vector, const Selection& selection, uint32_t at, ScratchVector& out);

}  // namespace llkv
