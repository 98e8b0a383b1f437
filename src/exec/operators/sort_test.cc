// ctest-labels: threads
// Sort and top-N against std::stable_sort of Values: random keys, directions, NULL orders, limits, threads.
#include "exec/operators/sort.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "exec/expr_set.h"
#include "exec/testing/operator_harness.h"

namespace llkv {
namespace {

const std::vector<LogicalType> kTypes = {TypeId::kBigInt, TypeId::kInteger, TypeId::kVarchar, TypeId::kBoolean,
                                         TypeId::kDouble, TypeId::kHugeInt, TypeId::kDate};

int CompareKeys(const TestRow& a, const TestRow& b, const std::vector<size_t>& columns, const LogicalSort& node) {
  for (size_t k = 0; k < columns.size(); ++k) {
    const Value& x = a[columns[k]];
    const Value& y = b[columns[k]];
    int result = 0;
    if (x.is_null() || y.is_null()) {
      if (x.is_null() != y.is_null()) result = x.is_null() == node.keys[k].nulls_first ? -1 : 1;
    } else {
      result = CompareValues(x, y);
      if (node.keys[k].descending) result = -result;
    }
    if (result != 0) return result;
  }
  return 0;
}

void Check(const TestTable& table, const std::vector<size_t>& keys, const LogicalSort& node, uint32_t batch_rows,
           uint32_t num_lanes, size_t offset, size_t limit) {
  std::vector<TestRow> expected = table.rows;
  std::stable_sort(expected.begin(), expected.end(),
                   [&](const TestRow& a, const TestRow& b) { return CompareKeys(a, b, keys, node) < 0; });
  expected.erase(expected.begin(), expected.begin() + static_cast<int64_t>(std::min(offset, expected.size())));
  if (expected.size() > limit) expected.resize(limit);
  SortOperators operators = MakeSort(node, MakeLayout(table.columns));
  OperatorHarness harness(batch_rows, num_lanes);
  for (int run = 0; run < 2; ++run) {
    const arrow::Status status = harness.RunTable(table, *operators.sink);
    ASSERT_TRUE(status.ok()) << status.ToString();
    const auto rows = harness.Collect(*operators.source);
    ASSERT_TRUE(rows.ok()) << rows.status().ToString();
    if (num_lanes == 1) {
      ASSERT_EQ(RowsToStrings(*rows), RowsToStrings(expected));
      continue;
    }
    // Rows that tie may come in any order: their keys are compared.
    ASSERT_EQ(rows->size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(CompareKeys((*rows)[i], expected[i], keys, node), 0);
    if (limit >= table.rows.size() && offset == 0) {
      ASSERT_EQ(SortedRows(*rows), SortedRows(expected));
    }
  }
}

TEST(SortTest, RandomTablesMatchAStableSort) {
  for (uint64_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 rng(seed);
    std::vector<LogicalType> types;
    for (uint64_t c = 2 + rng() % 4; c > 0; --c) types.push_back(kTypes[rng() % kTypes.size()]);
    const size_t num_rows = seed % 9 == 0 ? 0 : rng() % 4000;
    const TestTable table = MakeRandomTable(types, 1, num_rows, rng() % 2 == 0 ? 4 : 5000, rng);
    LogicalSort node;
    node.children.push_back(MakeTestInput(table));
    node.output = table.columns;
    std::vector<size_t> keys;
    for (size_t k = 0; k < 1 + seed % 3; ++k) {
      keys.push_back(rng() % types.size());
      node.keys.push_back({ColumnOf(table, keys.back()), rng() % 2 == 0, rng() % 2 == 0});
    }
    size_t offset = 0;
    size_t limit = table.rows.size();
    if (seed % 2 == 0) {
      limit = seed % 8 == 0 ? 0 : rng() % 60;
      node.limit = ConstantOf(Value::BigInt(static_cast<int64_t>(limit)));
      if (seed % 4 == 0) {
        offset = rng() % 20;
        node.offset = ConstantOf(Value::BigInt(static_cast<int64_t>(offset)));
      }
    }
    Check(table, keys, node, std::vector<uint32_t>{1, 7, 2048}[seed % 3], rng() % 2 == 0 ? 1 : 3, offset, limit);
  }
}

TEST(SortTest, LargeRunsAreMergedInParts) {
  std::mt19937_64 rng(5);
  const TestTable table = MakeRandomTable({TypeId::kBigInt, TypeId::kVarchar}, 1, 150'000, 1'000'000, rng);
  for (const size_t key : {size_t{0}, size_t{1}}) {
    LogicalSort node;
    node.children.push_back(MakeTestInput(table));
    node.output = table.columns;
    node.keys.push_back({ColumnOf(table, key), key == 1, false});
    OperatorHarness harness(2048, 3);
    SortOperators operators = MakeSort(node, MakeLayout(table.columns));
    ASSERT_TRUE(harness.RunTable(table, *operators.sink).ok());
    const auto rows = harness.Collect(*operators.source).ValueOrDie();
    ASSERT_EQ(rows.size(), table.rows.size());
    for (size_t i = 1; i < rows.size(); ++i) ASSERT_LE(CompareKeys(rows[i - 1], rows[i], {key}, node), 0) << i;
  }
}

TEST(SortTest, NegativeLimitIsAnError) {
  std::mt19937_64 rng(1);
  const TestTable table = MakeRandomTable({TypeId::kBigInt}, 1, 3, 5, rng);
  LogicalSort node;
  node.children.push_back(MakeTestInput(table));
  node.output = table.columns;
  node.keys.push_back({ColumnOf(table, 0), false, false});
  node.limit = ConstantOf(Value::BigInt(-1));
  OperatorHarness harness(2048, 1);
  SortOperators operators = MakeSort(node, MakeLayout(table.columns));
  const arrow::Status status = harness.RunTable(table, *operators.sink);
  ASSERT_FALSE(status.ok());
  ASSERT_EQ(GetSqlState(status), sqlstate::kInvalidParameter);
}

}  // namespace
}  // namespace llkv
