// The keys of rows in an index, taken from hot rows and from cold row groups. What keys look like is key_encoding.h's.
#pragma once

#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "store/cold_rows.h"
#include "store/hot_rows.h"
#include "store/index_layout.h"
#include "store/sorted_keys.h"

namespace llkv {

/// The types of an index's parts.
std::vector<LogicalType> PartTypes(const IndexLayout& index, const std::vector<LogicalType>& columns);

/// The key of a hot row; false where a part of it is NULL, so that the row is no duplicate of any.
bool EncodeHotKey(const IndexLayout& index, const HotRowGroup& group, uint32_t slot, std::string* key);

/// Adds the key of every row of a cold row group but those that are in `left_out` (empty: none).
arrow::Status CollectKeys(const IndexLayout& index, const std::vector<LogicalType>& columns, ColdRowGroup& group,
                          const RowBitmap& left_out, arrow::MemoryPool* pool, SortedKeys* keys);

}  // namespace llkv
