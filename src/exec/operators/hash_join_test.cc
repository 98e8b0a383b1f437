// ctest-labels: threads
// Hash and nested-loop joins of every type against a naive evaluation: NULLs, duplicates, further predicates, empty
// sides, batch sizes, threads.
#include "exec/operators/hash_join.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "exec/expr_set.h"
#include "exec/operators/nested_loop_join.h"
#include "exec/testing/operator_harness.h"

namespace llkv {
namespace {

const std::vector<LogicalType> kTypes = {TypeId::kBigInt, TypeId::kInteger, TypeId::kVarchar, TypeId::kHugeInt,
                                         TypeId::kDouble};
const std::vector<JoinType> kJoinTypes = {
    JoinType::kInner, JoinType::kLeft, JoinType::kRight,  JoinType::kFull,      JoinType::kSemi,
    JoinType::kAnti,  JoinType::kMark, JoinType::kSingle, JoinType::kRightSemi, JoinType::kRightAnti};

/// left column op right column, of one type.
struct Term {
  std::string op;
  size_t left;
  size_t right;
};

struct JoinCase {
  JoinType type = JoinType::kInner;
  bool null_aware = false;
  std::vector<Term> terms;
};

std::optional<bool> Evaluate(const Term& term, const TestRow& left, const TestRow& right) {
  const Value& a = left[term.left];
  const Value& b = right[term.right];
  if (term.op == "is_not_distinct_from") {
    return a.is_null() || b.is_null() ? a.is_null() == b.is_null() : CompareValues(a, b) == 0;
  }
  if (a.is_null() || b.is_null()) return std::nullopt;
  const int order = CompareValues(a, b);
  return term.op == "=" ? order == 0 : (term.op == "<" ? order < 0 : order != 0);
}

bool AllTrue(const JoinCase& c, size_t first, const TestRow& left, const TestRow& right) {
  return std::all_of(c.terms.begin() + static_cast<int64_t>(first), c.terms.end(),
                     [&](const Term& term) { return Evaluate(term, left, right) == true; });
}

TestRow Concat(const TestRow& a, const TestRow& b) {
  TestRow row = a;
  row.insert(row.end(), b.begin(), b.end());
  return row;
}

TestRow Nulls(const TestTable& table) {
  TestRow row;
  for (const OutputColumn& column : table.columns) row.push_back(Value::Null(column.type));
  return row;
}

/// IN's answer for one left row: TRUE, FALSE or unknown.
std::optional<bool> IsIn(const JoinCase& c, const TestRow& left, const TestTable& right) {
  std::optional<bool> result = false;
  for (const TestRow& row : right.rows) {
    if (!AllTrue(c, 1, left, row)) continue;
    const std::optional<bool> equal = Evaluate(c.terms[0], left, row);
    if (equal == true) return true;
    if (!equal.has_value()) result = std::nullopt;
  }
  return result;
}

/// Nothing where the join is an error.
std::optional<std::vector<TestRow>> Naive(const JoinCase& c, const TestTable& left, const TestTable& right) {
  std::vector<TestRow> result;
  std::vector<bool> right_matched(right.rows.size());
  for (const TestRow& row : left.rows) {
    size_t matches = 0;
    for (size_t r = 0; r < right.rows.size(); ++r) {
      if (!AllTrue(c, 0, row, right.rows[r])) continue;
      ++matches;
      right_matched[r] = true;
      if (GivesPairs(c.type)) {
        result.push_back(Concat(row, right.rows[r]));
      }
    }
    std::optional<bool> found = matches > 0;
    if (c.null_aware) found = IsIn(c, row, right);
    switch (c.type) {
      case JoinType::kSingle:
        if (matches > 1) return std::nullopt;
        [[fallthrough]];
      case JoinType::kLeft:
      case JoinType::kFull:
        if (matches == 0) result.push_back(Concat(row, Nulls(right)));
        break;
      case JoinType::kSemi:
        if (found == true) result.push_back(row);
        break;
      case JoinType::kAnti:
        if (found == false) result.push_back(row);
        break;
      case JoinType::kMark:
        result.push_back(Concat(row, {found.has_value() ? Value::Boolean(*found) : Value::Null(TypeId::kBoolean)}));
        break;
      default:
        break;
    }
  }
  for (size_t r = 0; r < right.rows.size(); ++r) {
    const bool keeps = c.type == JoinType::kRight || c.type == JoinType::kFull;
    if (keeps && !right_matched[r]) result.push_back(Concat(Nulls(left), right.rows[r]));
    if (c.type == JoinType::kRightSemi && right_matched[r]) result.push_back(right.rows[r]);
    if (c.type == JoinType::kRightAnti && !right_matched[r]) result.push_back(right.rows[r]);
  }
  return result;
}

std::unique_ptr<LogicalJoin> MakeNode(const JoinCase& c, const TestTable& left, const TestTable& right) {
  auto node = std::make_unique<LogicalJoin>();
  node->type = c.type;
  node->null_aware = c.null_aware;
  node->children.push_back(MakeTestInput(left));
  node->children.push_back(MakeTestInput(right));
  for (const Term& term : c.terms) {
    node->terms.push_back(CallOf(term.op, ColumnOf(left, term.left), ColumnOf(right, term.right)));
  }
  if (!GivesRightOnly(c.type)) node->output = left.columns;
  if (c.type == JoinType::kMark) {
    node->output.push_back({ColumnId(9999), TypeId::kBoolean, "mark"});
  } else if (GivesPairs(c.type) || GivesRightOnly(c.type)) {
    node->output.insert(node->output.end(), right.columns.begin(), right.columns.end());
  }
  return node;
}

void Check(const JoinCase& c, const TestTable& left, const TestTable& right, bool hash, uint32_t batch_rows,
           uint32_t num_lanes) {
  const auto node = MakeNode(c, left, right);
  const ColumnLayout left_layout = MakeLayout(left.columns);
  const ColumnLayout right_layout = MakeLayout(right.columns);
  if (hash && !CanHashJoin(*node, left_layout, right_layout)) return;
  JoinOperators join =
      hash ? MakeHashJoin(*node, left_layout, right_layout) : MakeNestedLoopJoin(*node, left_layout, right_layout);
  OperatorHarness harness(batch_rows, num_lanes);
  for (int run = 0; run < 2; ++run) {
    const arrow::Status built = harness.RunTable(right, *join.build);
    ASSERT_TRUE(built.ok()) << built.ToString();
    const std::unique_ptr<Source> source = harness.MakeSource(left);
    auto rows = harness.Collect(*source, {join.probe.get()});
    const auto expected = Naive(c, left, right);
    if (!expected.has_value()) {
      ASSERT_FALSE(rows.ok());
      ASSERT_EQ(GetSqlState(rows.status()), sqlstate::kCardinalityViolation);
      continue;
    }
    ASSERT_TRUE(rows.ok()) << rows.status().ToString();
    if (join.unmatched != nullptr) {
      const auto unmatched = harness.Collect(*join.unmatched).ValueOrDie();
      rows->insert(rows->end(), unmatched.begin(), unmatched.end());
    }
    ASSERT_EQ(SortedRows(*rows), SortedRows(*expected));
    join.build->Close();
  }
}

struct Tables {
  TestTable left;
  TestTable right;
};

Tables MakeTables(std::mt19937_64& rng, uint64_t seed) {
  std::vector<LogicalType> types;
  for (size_t k = 0; k < 3; ++k) types.push_back(kTypes[rng() % kTypes.size()]);
  const int64_t domain = seed % 3 == 0 ? 3 : (seed % 3 == 1 ? 30 : 1000);
  Tables tables;
  tables.left = MakeRandomTable(types, 1, seed % 11 == 0 ? 0 : rng() % 200, domain, rng);
  tables.right = MakeRandomTable(types, 100, seed % 7 == 0 ? 0 : rng() % 150, domain, rng);
  return tables;
}

std::vector<Term> MakeTerms(std::mt19937_64& rng) {
  std::vector<Term> terms;
  const uint64_t num_keys = rng() % 3;
  for (size_t k = 0; k < num_keys; ++k) terms.push_back({rng() % 5 == 0 ? "is_not_distinct_from" : "=", k, k});
  if (rng() % 2 == 0) terms.push_back({rng() % 2 == 0 ? "<" : "<>", 2, 2});
  return terms;
}

void CheckSeed(uint64_t seed, JoinType type) {
  std::mt19937_64 rng(seed * 31 + static_cast<uint64_t>(type));
  const Tables tables = MakeTables(rng, seed);
  JoinCase c{type, false, MakeTerms(rng)};
  if ((type == JoinType::kAnti || type == JoinType::kMark) && seed % 2 == 0) {
    c.null_aware = true;
    c.terms.insert(c.terms.begin(), Term{"=", 2, 2});
    if (seed % 4 == 0) c.terms.resize(1);
  }
  const uint32_t batch_rows = std::vector<uint32_t>{1, 7, 2048}[rng() % 3];
  const uint32_t num_lanes = rng() % 3 == 0 ? 3 : 1;
  Check(c, tables.left, tables.right, true, batch_rows, num_lanes);
  Check(c, tables.left, tables.right, false, batch_rows, num_lanes);
}

TEST(JoinTest, RandomJoinsMatchANaiveEvaluation) {
  for (const JoinType type : kJoinTypes) {
    for (uint64_t seed = 0; seed < 60; ++seed) {
      SCOPED_TRACE("type " + std::to_string(static_cast<int>(type)) + " seed " + std::to_string(seed));
      ASSERT_NO_FATAL_FAILURE(CheckSeed(seed, type));
    }
  }
}

TEST(JoinTest, NotInKnowsEmptySidesAndNulls) {
  const LogicalType type = TypeId::kInteger;
  const auto table = [&](uint64_t id, const std::vector<std::optional<int>>& values) {
    TestTable result;
    result.columns.push_back({ColumnId(id), type, "c"});
    for (const auto& v : values) result.rows.push_back({v.has_value() ? Value::Integer(type, *v) : Value::Null(type)});
    return result;
  };
  const TestTable left = table(1, {1, 2, std::nullopt});
  const auto anti = [&](const TestTable& right, bool hash) {
    const JoinCase c{JoinType::kAnti, true, {{"=", 0, 0}}};
    const auto node = MakeNode(c, left, right);
    JoinOperators join = hash ? MakeHashJoin(*node, MakeLayout(left.columns), MakeLayout(right.columns))
                              : MakeNestedLoopJoin(*node, MakeLayout(left.columns), MakeLayout(right.columns));
    OperatorHarness harness(2048, 1);
    EXPECT_TRUE(harness.RunTable(right, *join.build).ok());
    const std::unique_ptr<Source> source = harness.MakeSource(left);
    return SortedRows(harness.Collect(*source, {join.probe.get()}).ValueOrDie());
  };
  using Strings = std::vector<std::string>;
  for (const bool hash : {true, false}) {
    EXPECT_EQ(anti(table(2, {}), hash), (Strings{"1|", "2|", "NULL|"}));
    EXPECT_EQ(anti(table(2, {2}), hash), (Strings{"1|"}));
    EXPECT_EQ(anti(table(2, {2, std::nullopt}), hash), Strings{});
    EXPECT_EQ(anti(table(2, {std::nullopt}), hash), Strings{});
  }
}

// Keys that lie close together and have one row each are found without hashing.
TEST(JoinTest, DenseKeysMatchANaiveEvaluation) {
  std::mt19937_64 rng(7);
  const std::vector<std::vector<LogicalType>> kinds = {
      {TypeId::kBigInt, TypeId::kInteger, TypeId::kInteger},
      {TypeId::kInteger, TypeId::kVarchar, TypeId::kVarchar},
      {TypeId::kBigInt, TypeId::kHugeInt, TypeId::kDouble},
      // So few columns, without text, are kept by themselves.
      {TypeId::kBigInt, TypeId::kHugeInt},
      {TypeId::kInteger, TypeId::kDouble},
      {TypeId::kBigInt, TypeId::kInteger},
      {TypeId::kInteger},
  };
  for (const JoinType type : kJoinTypes) {
    for (size_t k = 0; k < 4 * kinds.size(); ++k) {
      SCOPED_TRACE("type " + std::to_string(static_cast<int>(type)) + " case " + std::to_string(k));
      const auto& types = kinds[k % kinds.size()];
      TestTable left = MakeRandomTable(types, 1, 300, 120, rng);
      TestTable right = MakeRandomTable(types, 100, 120, 120, rng);
      // Each key once, in any order, with gaps; NULLs stay. INTEGER keys are packed without their sign.
      std::vector<int64_t> keys;
      for (int64_t key = types[0] == LogicalType(TypeId::kBigInt) ? -90 : 0; keys.size() < right.rows.size(); ++key) {
        if (rng() % 3 != 0) keys.push_back(key);
      }
      std::shuffle(keys.begin(), keys.end(), rng);
      for (size_t i = 0; i < right.rows.size(); ++i) {
        if (!right.rows[i][0].is_null()) right.rows[i][0] = Value::Integer(types[0], keys[i]);
      }
      JoinCase c{type, false, {{"=", 0, 0}}};
      if (k >= 2 * kinds.size()) c.terms.push_back({"<", types.size() - 1, types.size() - 1});
      ASSERT_NO_FATAL_FAILURE(Check(c, left, right, true, k % 2 == 0 ? 2048 : 7, k % 2 == 0 ? 1 : 3));
    }
  }
}

class LargeBuildTest : public ::testing::TestWithParam<int64_t> {};

TEST_P(LargeBuildTest, UsesAllPartitions) {
  std::mt19937_64 rng(11);
  const std::vector<LogicalType> types = {TypeId::kBigInt, TypeId::kVarchar};
  TestTable right = MakeRandomTable(types, 100, 130'000, 1'000'000'000, rng);
  TestTable left;
  left.columns = MakeRandomTable(types, 1, 0, 1, rng).columns;
  std::vector<std::string> expected;
  for (size_t i = 0; i < right.rows.size(); ++i) {
    right.rows[i][0] = Value::BigInt(static_cast<int64_t>(i) * GetParam());
    if (i % 13 != 0) continue;
    left.rows.push_back({right.rows[i][0], Value::Varchar("left")});
    expected.push_back(RowToString(left.rows.back()) + RowToString(right.rows[i]));
  }
  std::sort(expected.begin(), expected.end());
  const JoinCase c{JoinType::kInner, false, {{"=", 0, 0}}};
  const auto node = MakeNode(c, left, right);
  JoinOperators join = MakeHashJoin(*node, MakeLayout(left.columns), MakeLayout(right.columns));
  OperatorHarness harness(2048, 3);
  ASSERT_TRUE(harness.RunTable(right, *join.build).ok());
  const std::unique_ptr<Source> source = harness.MakeSource(left);
  ASSERT_EQ(SortedRows(harness.Collect(*source, {join.probe.get()}).ValueOrDie()), expected);
}

// Keys side by side, and keys far apart.
INSTANTIATE_TEST_SUITE_P(Distances, LargeBuildTest, ::testing::Values(1, 1'000'003));

}  // namespace
}  // namespace llkv
