// What must be below a join for each pair of types, and what null rejection allows.
#include "optimizer/join_order/conflicts.h"

#include <gtest/gtest.h>

namespace llkv {
namespace {

constexpr RelationSet kA = 1;
constexpr RelationSet kB = 2;
constexpr RelationSet kC = 4;

WrittenJoin Join(JoinType type, RelationSet left, RelationSet right, RelationSet reads, RelationSet rejects = 0) {
  return {type, left, right, reads, rejects};
}

/// (a `below` b) `above` c, the upper join reading `reads`: whether it may be made without `without`.
bool MayDoWithout(RelationSet without, JoinType below, JoinType above, RelationSet reads, RelationSet below_rejects = 0,
                  RelationSet above_rejects = 0) {
  const std::vector<WrittenJoin> joins = {Join(below, kA, kB, kA | kB, below_rejects),
                                          Join(above, kA | kB, kC, reads, above_rejects)};
  const JoinEdge edge = MakeEdge(joins, 1, reads);
  return ((edge.left | edge.right) & without) == 0;
}

TEST(ConflictsTest, InnerJoinsAreFree) {
  for (const JoinType above : {JoinType::kInner, JoinType::kLeft, JoinType::kSemi, JoinType::kAnti}) {
    EXPECT_TRUE(MayDoWithout(kA, JoinType::kInner, above, kB | kC));
    EXPECT_TRUE(MayDoWithout(kB, JoinType::kInner, above, kA | kC));
  }
}

TEST(ConflictsTest, FullJoinsKeepWhatIsBelow) {
  EXPECT_FALSE(MayDoWithout(kA, JoinType::kInner, JoinType::kFull, kB | kC));
  EXPECT_FALSE(MayDoWithout(kB, JoinType::kInner, JoinType::kFull, kA | kC));
  EXPECT_FALSE(MayDoWithout(kB, JoinType::kFull, JoinType::kInner, kA | kC));
  EXPECT_FALSE(MayDoWithout(kB, JoinType::kLeft, JoinType::kFull, kA | kC));
  EXPECT_TRUE(MayDoWithout(kB, JoinType::kLeft, JoinType::kFull, kA | kC, kA));
  EXPECT_FALSE(MayDoWithout(kA, JoinType::kFull, JoinType::kFull, kB | kC, kB));
  EXPECT_TRUE(MayDoWithout(kA, JoinType::kFull, JoinType::kFull, kB | kC, kB, kB));
}

TEST(ConflictsTest, WhatReadsTheNullableSideNeedsTheOther) {
  EXPECT_FALSE(MayDoWithout(kA, JoinType::kLeft, JoinType::kInner, kB | kC));
  EXPECT_FALSE(MayDoWithout(kA, JoinType::kLeft, JoinType::kLeft, kB | kC));
  EXPECT_TRUE(MayDoWithout(kA, JoinType::kLeft, JoinType::kLeft, kB | kC, 0, kB));
  EXPECT_TRUE(MayDoWithout(kB, JoinType::kLeft, JoinType::kInner, kA | kC));
  EXPECT_TRUE(MayDoWithout(kB, JoinType::kAnti, JoinType::kLeft, kA | kC));
}

TEST(ConflictsTest, ANullableSideIsNotTakenApart) {
  // a LEFT JOIN (b JOIN c)
  const std::vector<WrittenJoin> inner = {Join(JoinType::kInner, kB, kC, kB | kC),
                                          Join(JoinType::kLeft, kA, kB | kC, kA | kB)};
  EXPECT_EQ(MakeEdge(inner, 1, kA | kB).right, kB | kC);
  // a LEFT JOIN (b LEFT JOIN c), the inner join's term rejecting NULLs of b or not
  for (const RelationSet rejects : {RelationSet{0}, kB}) {
    const std::vector<WrittenJoin> left = {Join(JoinType::kLeft, kB, kC, kB | kC, rejects),
                                           Join(JoinType::kLeft, kA, kB | kC, kA | kB)};
    EXPECT_EQ(MakeEdge(left, 1, kA | kB).right, rejects == 0 ? (kB | kC) : kB);
  }
}

TEST(ConflictsTest, TermsThatReadNothingOfASideNeedItWhole) {
  const WrittenJoin join = Join(JoinType::kLeft, kA | kB, kC, kA);
  EXPECT_EQ(TotalReads(join, kA), kA | kC);
  EXPECT_EQ(TotalReads(join, 0), kA | kB | kC);
}

}  // namespace
}  // namespace llkv
