// See index_range.h.
#include "store/index_range.h"

#include <algorithm>
#include <utility>

#include "store/flat_value.h"
#include "store/key_encoding.h"

namespace llkv {

namespace {

/// IN lists of several parts multiply; beyond this the later ones are left to the scan's predicates.
constexpr size_t kMaxRanges = 4096;

std::string EncodePart(const IndexPart& part, LogicalType type, const Value& value) {
  std::string key;
  const FlatValue flat(type, value);
  AppendIndexPart(part, type, flat.data(), &key);
  return key;
}

std::string NullPart(const IndexPart& part) {
  std::string key;
  AppendNullMarker(part, &key);
  return key;
}

/// The encoded values that the first predicate of the kind that fixes a part allows, ascending; nothing where there is
/// no such predicate.
std::optional<std::vector<std::string>> FixedParts(const IndexPart& part, LogicalType type,
                                                   const std::vector<ScanPredicate>& predicates) {
  std::optional<std::vector<std::string>> best;
  for (const ScanPredicate& predicate : predicates) {
    if (predicate.column != part.column) continue;
    std::vector<std::string> parts;
    if (predicate.op == PredicateOp::kIsNull) {
      parts.push_back(NullPart(part));
    } else if (predicate.op == PredicateOp::kEqual || predicate.op == PredicateOp::kIn) {
      for (const Value& value : predicate.values) {
        if (!value.is_null()) parts.push_back(EncodePart(part, type, value));
      }
      std::sort(parts.begin(), parts.end());
      parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
    } else {
      continue;
    }
    if (!best || parts.size() < best->size()) best = std::move(parts);
  }
  return best;
}

/// The keys of a part that its comparisons leave; nothing where there are none.
std::optional<KeyRange> RangeOfPart(const IndexPart& part, LogicalType type,
                                    const std::vector<ScanPredicate>& predicates) {
  std::string marker;
  AppendValueMarker(&marker);
  KeyRange range{marker, PrefixEnd(marker)};
  bool is_bounded = false;
  for (const ScanPredicate& predicate : predicates) {
    const bool is_below = predicate.op == PredicateOp::kLess || predicate.op == PredicateOp::kLessEqual;
    const bool is_above = predicate.op == PredicateOp::kGreater || predicate.op == PredicateOp::kGreaterEqual;
    if (predicate.column != part.column || (!is_below && !is_above)) continue;
    is_bounded = true;
    if (predicate.values.size() != 1 || predicate.values[0].is_null()) return KeyRange{};
    std::string value = EncodePart(part, type, predicate.values[0]);
    const bool is_strict = predicate.op == PredicateOp::kLess || predicate.op == PredicateOp::kGreater;
    if (is_below != part.descending) {
      range.end = std::min(range.end, is_strict ? value : PrefixEnd(value));
    } else {
      range.first = std::max(range.first, is_strict ? PrefixEnd(value) : value);
    }
  }
  return is_bounded ? std::optional(std::move(range)) : std::nullopt;
}

}  // namespace

std::optional<std::vector<KeyRange>> MakeKeyRanges(const IndexLayout& index, const std::vector<LogicalType>& columns,
                                                   const std::vector<ScanPredicate>& predicates) {
  std::vector<std::string> prefixes = {""};
  bool is_bounded = false;
  for (const IndexPart& part : index.parts) {
    const LogicalType type = columns[part.column];
    const std::optional<std::vector<std::string>> fixed = FixedParts(part, type, predicates);
    if (fixed && (!is_bounded || prefixes.size() * fixed->size() <= kMaxRanges)) {
      std::vector<std::string> longer;
      for (const std::string& prefix : prefixes) {
        for (const std::string& value : *fixed) longer.push_back(prefix + value);
      }
      prefixes = std::move(longer);
      is_bounded = true;
      continue;
    }
    const std::optional<KeyRange> range = RangeOfPart(part, type, predicates);
    if (!range) break;
    std::vector<KeyRange> ranges;
    if (range->first >= range->end) return ranges;
    for (const std::string& prefix : prefixes) ranges.push_back({prefix + range->first, prefix + range->end});
    return ranges;
  }
  if (!is_bounded) return std::nullopt;
  std::vector<KeyRange> ranges;
  for (std::string& prefix : prefixes) {
    std::string end = PrefixEnd(prefix);
    ranges.push_back({std::move(prefix), std::move(end)});
  }
  return ranges;
}

}  // namespace llkv
