// Which reorderings of inner, outer, semi and anti joins keep the rows: the joins of a block, as they are written,
// become edges of a join graph with what must be below them (Moerkotte, Fender and Eich 2013, "On the Correct and
// Complete Enumeration of the Core Search Space", approach CD-C). Must not know expressions: what terms read and which
// NULLs they reject come as sets of relations.
#pragma once

#include <vector>

#include "optimizer/join_order/join_graph.h"

namespace llkv {

/// A join of the block as it is written. Right joins are left joins with their sides exchanged.
struct WrittenJoin {
  JoinType type = JoinType::kInner;  // kInner, kLeft, kFull, kSemi, kAnti
  /// All relations below its sides.
  RelationSet left = 0;
  RelationSet right = 0;
  /// What its terms read.
  RelationSet reads = 0;
  /// Relations such that the terms are not TRUE where all columns of one of them are NULL.
  RelationSet rejects_nulls_of = 0;

  RelationSet all() const { return left | right; }
};

/// What terms of `join` that read `reads` have to have below them at least: where they read nothing of a side, that
/// whole side.
RelationSet TotalReads(const WrittenJoin& join, RelationSet reads);

/// The edge for terms of joins[index] that read `reads`, with its sides and rules. Selectivity and key are the
/// caller's.
JoinEdge MakeEdge(const std::vector<WrittenJoin>& joins, size_t index, RelationSet reads);

}  // namespace llkv
