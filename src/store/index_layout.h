// IndexLayout: what a store knows of one index of a table: the key's columns and their order, and whether a key may be
// there twice. The primary key, UNIQUE constraints and CREATE INDEX all make such indexes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/index_id.h"

namespace llkv {

/// One column of an index's key.
struct IndexPart {
  /// Ordinal in the table's columns.
  uint32_t column = 0;
  bool descending = false;
  /// Where NULLs stand among the keys, whatever the direction.
  bool nulls_first = false;
  bool operator==(const IndexPart&) const = default;
};

/// Fixed for an index's life.
struct IndexLayout {
  /// Unique in its table. Ids of all but the system's indexes come from Storage::AllocateTableId.
  IndexId id;
  /// For messages: 23505 names it.
  std::string name;
  /// In key order; at least one.
  std::vector<IndexPart> parts;
  /// No two rows have one key, unless a part of it is NULL.
  bool is_unique = false;
  bool is_primary = false;
  bool operator==(const IndexLayout&) const = default;
};

using IndexLayoutPtr = std::shared_ptr<const IndexLayout>;

}  // namespace llkv
