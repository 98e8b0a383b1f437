// The primary keys of a cold row group's rows, for building index runs.
#pragma once

#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include "store/cold_rows.h"
#include "store/sorted_keys.h"
#include "store/table_store.h"

namespace llkv {

/// Adds the key of every row, in the order of the rows; rows with a NULL in their key have none.
arrow::Status CollectKeys(const TableLayout& layout, ColdRowGroup& group, arrow::MemoryPool* pool, SortedKeys* keys);

}  // namespace llkv
