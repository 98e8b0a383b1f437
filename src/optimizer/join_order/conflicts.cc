// The tables of associativity and asscommutativity of the paper, and the rules where they say no.
#include "optimizer/join_order/conflicts.h"

namespace llkv {

namespace {

/// Whether `join` rejects NULLs of all that is in `side`.
bool Rejects(const WrittenJoin& join, RelationSet side) { return (join.rejects_nulls_of & side) != 0; }

/// (e1 a e2) b e3 = e1 a (e2 b e3), b reading e2 and e3. `middle` is e2.
bool IsAssociative(const WrittenJoin& a, const WrittenJoin& b, RelationSet middle) {
  switch (a.type) {
    case JoinType::kInner:
      return b.type != JoinType::kFull;
    case JoinType::kLeft:
      return b.type == JoinType::kLeft && Rejects(b, middle);
    case JoinType::kFull:
      if (b.type == JoinType::kLeft) return Rejects(b, middle);
      return b.type == JoinType::kFull && Rejects(a, middle) && Rejects(b, middle);
    default:
      return false;
  }
}

/// (e1 a e2) b e3 = (e1 b e3) a e2, b reading e1 and e3. `first` is e1.
bool IsLeftAsscommutative(const WrittenJoin& a, const WrittenJoin& b, RelationSet first) {
  if (a.type == JoinType::kFull) {
    if (b.type == JoinType::kLeft) return Rejects(b, first);
    return b.type == JoinType::kFull && Rejects(a, first) && Rejects(b, first);
  }
  if (b.type != JoinType::kFull) return true;
  return a.type == JoinType::kLeft && Rejects(a, first);
}

/// e1 b (e2 a e3) = e2 a (e1 b e3), b reading e1 and e3. `last` is e3.
bool IsRightAsscommutative(const WrittenJoin& a, const WrittenJoin& b, RelationSet last) {
  if (a.type == JoinType::kInner) return b.type == JoinType::kInner;
  return a.type == JoinType::kFull && b.type == JoinType::kFull && Rejects(a, last) && Rejects(b, last);
}

/// `from` below needs what `join` reads of `to` below, all of it where it reads nothing there.
ConflictRule Needs(const WrittenJoin& join, RelationSet from, RelationSet to) {
  const RelationSet read = to & join.reads;
  return {from, read != 0 ? read : to};
}

/// The rules for `above` that a join somewhere below it makes.
void AddRules(const WrittenJoin& above, const WrittenJoin& below, std::vector<ConflictRule>& rules) {
  if (IsWithin(below.all(), above.left)) {
    if (!IsAssociative(below, above, below.right)) rules.push_back(Needs(below, below.right, below.left));
    if (!IsLeftAsscommutative(below, above, below.left)) rules.push_back(Needs(below, below.left, below.right));
  } else if (IsWithin(below.all(), above.right)) {
    if (!IsAssociative(above, below, below.left)) rules.push_back(Needs(below, below.left, below.right));
    if (!IsRightAsscommutative(below, above, below.right)) rules.push_back(Needs(below, below.right, below.left));
  }
}

/// Rules that always hold, or become part of what must be below, are not kept.
RelationSet Absorb(std::vector<ConflictRule>& rules, RelationSet needed) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const ConflictRule& rule : rules) {
      if ((rule.any & needed) == 0 || IsWithin(rule.all, needed)) continue;
      needed |= rule.all;
      changed = true;
    }
  }
  std::erase_if(rules, [needed](const ConflictRule& rule) { return IsWithin(rule.all, needed); });
  return needed;
}

}  // namespace

RelationSet TotalReads(const WrittenJoin& join, RelationSet reads) {
  if ((reads & join.left) == 0) reads |= join.left;
  if ((reads & join.right) == 0) reads |= join.right;
  return reads;
}

JoinEdge MakeEdge(const std::vector<WrittenJoin>& joins, size_t index, RelationSet reads) {
  const WrittenJoin& join = joins[index];
  JoinEdge edge;
  edge.type = join.type;
  edge.reads = TotalReads(join, reads);
  for (const WrittenJoin& other : joins) {
    if (&other != &join) AddRules(join, other, edge.rules);
  }
  const RelationSet needed = Absorb(edge.rules, edge.reads);
  edge.left = needed & join.left;
  edge.right = needed & join.right;
  return edge;
}

}  // namespace llkv
