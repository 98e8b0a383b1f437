// ColumnReader: Vectors over any rows of a row group, hot or cold, as views of what is stored. Rows need not begin
// where a bitmap's byte does; a validity bitmap that has to be shifted, or that hot rows do not keep, and what has to
// be decoded, goes into scratch.
#pragma once

#include <arrow/result.h>

#include <cstdint>

#include "store/column/column_scratch.h"
#include "store/table_state.h"
#include "vector/vector.h"

namespace llkv {

/// Rows [first, first + count) of a table's column; hot rows of one block only. The Vector points into the row group
/// and into `scratch`. Only selected rows need be right. Opens the chunk of a cold row group where it is not yet.
arrow::Result<Vector> GetColumn(const GroupEntry& entry, uint32_t ordinal, LogicalType type, uint32_t first,
                                uint32_t count, const Selection& selection, ColumnScratch& scratch);

}  // namespace llkv
