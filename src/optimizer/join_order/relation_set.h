// Sets of the relations of one block of joins, as bits.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace llkv {

/// Bit i stands for the block's relation i.
using RelationSet = uint64_t;

constexpr size_t kMaxBlockRelations = 64;

constexpr RelationSet RelationAt(size_t index) { return RelationSet{1} << index; }

/// The number of the first relation of a set that is not empty.
inline size_t FirstRelation(RelationSet set) { return static_cast<size_t>(std::countr_zero(set)); }

/// The first relation of a set that is not empty, as a set.
constexpr RelationSet LowestOf(RelationSet set) { return set & (~set + 1); }

constexpr bool IsWithin(RelationSet part, RelationSet whole) { return (part & ~whole) == 0; }

/// All relations up to and including the first one of `set`.
constexpr RelationSet UpToLowest(RelationSet set) { return LowestOf(set) | (LowestOf(set) - 1); }

/// Calls `f` with the number of each relation, in ascending order.
template <typename F>
void ForEachRelation(RelationSet set, F&& f) {
  for (; set != 0; set &= set - 1) f(FirstRelation(set));
}

}  // namespace llkv
