// Which keys of an index a scan's predicates leave, as ranges of key bytes. Knows neither rows nor runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/index_layout.h"
#include "store/scan.h"
#include "types/logical_type.h"

namespace llkv {

/// Keys in [first, end), as bytes.
struct KeyRange {
  std::string first;
  std::string end;
  bool operator==(const KeyRange&) const = default;
};

/// The keys that predicates leave: those of equality, IN and IS NULL on the first parts, then of the range that others
/// leave of one more. Ascending and disjoint; none where no row can pass. Nothing where no predicate bounds the first
/// part. Rows behind the keys need not pass; those that do have their keys here.
std::optional<std::vector<KeyRange>> MakeKeyRanges(const IndexLayout& index, const std::vector<LogicalType>& columns,
                                                   const std::vector<ScanPredicate>& predicates);

}  // namespace llkv
