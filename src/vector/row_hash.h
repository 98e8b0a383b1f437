// Hashes of rows, a column at a time: what hash joins, grouping and set operations find rows by. In memory only; the
// values may change between versions.
#pragma once

#include <cstdint>
#include <span>

#include "base/hash.h"
#include "vector/row_layout.h"
#include "vector/vector.h"

namespace llkv {

/// The hash of a NULL.
inline constexpr uint64_t kNullHash = 0xA5B85C5E198ED849ULL;

/// Writes the hash of the i-th selected row over all `columns` (flat) to hashes[i]. Equal values (0.0 and -0.0, all
/// NaN, intervals of one length) have equal hashes; NULLs hash alike.
void HashRows(std::span<const Vector> columns, const Selection& selection, uint64_t* hashes);

/// The same hash, of the first `num_columns` columns of a row in storage.
uint64_t HashStoredRow(const RowLayout& layout, size_t num_columns, const uint8_t* row);

}  // namespace llkv
